# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tools and libraries that the inventory asks for, in at least these versions, compared number by number."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
from collections.abc import Mapping

from ansible_collections.releng.runbooks.plugins.module_utils.checks.context import Context
from ansible_collections.releng.runbooks.plugins.module_utils.checks.finding import Finding, did_you_mean, refuse
from ansible_collections.releng.runbooks.plugins.module_utils.errors import RunbookError

NAME = "tools"
VARIABLE = "precheck_tools"
TIMEOUT = 15.0  # seconds for a program to say its version

LIBRARIES = {
    "ansible": "ansible-core", "jmespath": "jmespath", "kubernetes": "kubernetes", "requests": "requests",
    "sqlalchemy": "SQLAlchemy",
}
PROGRAMS = {
    "aws": ["aws", "--version"], "docker": ["docker", "--version"], "git": ["git", "--version"],
    "kubectl": ["kubectl", "version", "--client"], "terraform": ["terraform", "version"],
}
KNOWN = tuple(sorted({"helm", "python", *LIBRARIES, *PROGRAMS}))

Parts = tuple[int, ...]


def check_tools(c: Context) -> list[Finding]:
    """Every tool is there and new enough: 1.28 is newer than 1.9."""
    wanted = c.get(VARIABLE, {})
    if not isinstance(wanted, Mapping):
        return [c.wrong(NAME, VARIABLE, wanted, 'a mapping of tools to versions, such as {"helm": "3.14.0"}')]
    return [found for tool, minimum in wanted.items() if (found := _checked(c, str(tool), minimum))]


def _checked(c: Context, tool: str, minimum: object) -> Finding | None:
    variable = f"{VARIABLE}.{tool}"
    if tool not in KNOWN:
        return c.wrong(NAME, VARIABLE, tool, ", ".join(KNOWN), hint=did_you_mean(tool, KNOWN))
    if not isinstance(minimum, str) or parts(minimum) is None:
        return c.wrong(NAME, variable, minimum, "a version as text, such as '3.14.0'", "Quote it.")
    try:
        found = _version(c, tool)
    except (RunbookError, OSError, subprocess.TimeoutExpired) as error:
        return refuse(NAME, f"{variable} asks for {minimum}, but {tool} cannot be asked: {_why(tool, error)}.",
                      f"Install {tool} {minimum} or newer where ansible-playbook runs.", variable=variable)
    if not enough(found, parts(minimum) or ()):
        return refuse(
            NAME, f"{tool} is {'.'.join(map(str, found))}; {variable} asks for {minimum} or newer.",
            f"Install {tool} {minimum} or newer where ansible-playbook runs.", variable=variable,
            value=".".join(map(str, found)), allowed=f">= {minimum}",
        )
    return None


def parts(text: str) -> Parts | None:
    """``(1, 28, 3)`` of ``v1.28.3-rc1``; None without a number."""
    match = re.search(r"(?<![\w.])v?(\d+(?:\.\d+)*)", text)
    return tuple(map(int, match[1].split("."))) if match else None


def enough(found: Parts, minimum: Parts) -> bool:
    """Part by part, what is not said being 0: 24.0 is enough for 24.0.0."""
    length = max(len(found), len(minimum))
    return found + (0,) * (length - len(found)) >= minimum + (0,) * (length - len(minimum))


def _version(c: Context, tool: str) -> Parts:
    if tool == "helm":
        return c.helm.version()
    if tool == "python":
        return sys.version_info[:3]
    if tool in LIBRARIES:
        try:
            said = importlib.metadata.version(LIBRARIES[tool])
        except importlib.metadata.PackageNotFoundError:
            raise FileNotFoundError(f"{LIBRARIES[tool]} is not installed for {sys.executable}") from None
    else:
        done = subprocess.run(
            PROGRAMS[tool], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=TIMEOUT, check=False, text=True, errors="replace",
        )  # fmt: skip
        said = done.stdout.replace("/", " ")  # aws-cli/2.15.0
    found = parts(said)
    if found is None:
        raise OSError(f"it says no version: {said.strip()[:80]!r}")
    return found


def _why(tool: str, error: Exception) -> str:
    if isinstance(error, FileNotFoundError) and error.filename:
        return f"there is no program {tool}"
    if isinstance(error, subprocess.TimeoutExpired):
        return f"no answer in {TIMEOUT:g} s"
    return str(error.message if isinstance(error, RunbookError) else error).rstrip(".")
