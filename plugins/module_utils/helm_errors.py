# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What helm says when it fails, as the error that it means, without secrets."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ansible_collections.releng.runbooks.plugins.module_utils.errors import (
    Conflict,
    Denied,
    NotFound,
    RunbookError,
    Unreachable,
)
from ansible_collections.releng.runbooks.plugins.module_utils.journal.scrub import scrub

MAX_TEXT = 800

# Seen from Helm 3.22 and 4.3; client-go's words for the network, the API server's for rights.
_NO_ANSWER = re.compile(
    r"cluster (?:is )?(?:unreachable|not reachable)|connection refused|i/o timeout|TLS handshake timeout|no such host"
    r"|no route to host|context deadline exceeded|connection reset by peer|unexpected EOF|etcdserver: "
    r"|ServiceUnavailable|too many requests"
)
_DENIED = re.compile(r"is forbidden: User|\bforbidden: User|\bUnauthorized\b|must be logged in to the server")
_BUSY = "another operation (install/upgrade/rollback) is in progress"
_NO_RELEASE = re.compile(r"release: not found")


def explain(doing: str, said: str, secrets: Sequence[str] = (), release: str = "") -> RunbookError:
    """The error that ``said`` (helm's standard error) means. ``doing``: ``render chart x of shop/shop``."""
    reason = last_words(said, secrets)
    text = f"Could not {doing}: {reason}"
    if _BUSY in said:
        return Conflict(f"{text}.")
    if _NO_RELEASE.search(said):
        return NotFound(f"{text}.", release=release)
    if _DENIED.search(said):
        return Denied(f"{text}.")
    if _NO_ANSWER.search(said):
        return Unreachable(f"{text}.")
    return RunbookError(f"{text}.")


def last_words(said: str, secrets: Sequence[str] = ()) -> str:
    """From helm's last ``Error:`` on, else its last line; in one line, at most 800 characters, without secrets."""
    clean = str(scrub(said, secrets)).strip()
    _before, sign, after = clean.rpartition("Error: ")
    words = after if sign else clean.rpartition("\n")[2]
    words = re.sub(r"\s*\n\s*", " ", words).strip().rstrip(".")
    return (words if len(words) <= MAX_TEXT else f"{words[: MAX_TEXT - 1]}…") or "helm says nothing"


def lint_errors(said: str, secrets: Sequence[str] = ()) -> list[str]:
    """``templates/deployment.yaml: ...`` for each ``[ERROR]`` of `helm lint`, with the lines that belong to it."""
    found: list[list[str]] = []
    inside = False
    for line in str(scrub(said, secrets)).splitlines():
        if line.startswith("[ERROR]"):
            found.append([line.removeprefix("[ERROR]").strip()])
            inside = True
        elif line.startswith(("[", "==>", "Error:")) or not line.strip():
            inside = False
        elif inside:
            found[-1].append(line.strip())
    return [" ".join(lines)[:MAX_TEXT] for lines in found]
