# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a rollout is where it is, from what the cluster itself says; pure, decided from plain objects.

Four kinds. **terminal**: waiting longer cannot help (the image does not exist, the configuration is wrong, it always
crashes). **waiting**: somebody else is at work or at fault (scheduler, registry, webhook, quota), time may help.
**progress**: nothing is wrong yet. **ready**.

A crash loop is terminal at the third crash of one container with the same exit code, about 12 s after its start: the
kubelet restarts once at once, then after 10 s. Two crashes are not enough however fast: a dependency that is one
second late (name service, sidecar, database) kills twice in the first two seconds too. Crashes of several pods are
not added up for the same reason.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from typing import Any

TERMINAL = "terminal"
WAITING = "waiting"
PROGRESS = "progress"
READY = "ready"

_RANK = (TERMINAL, WAITING, PROGRESS)


@dataclasses.dataclass(frozen=True)
class Cause:
    """``kind`` as above, ``reason`` one word, ``text`` one sentence. ``pod`` and ``container``: whose log tells more."""

    kind: str
    reason: str
    text: str
    pod: str = ""
    container: str = ""
