# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one family of errors that our code raises, and that doors turn into a failed task.

Every error is one sentence for a person, a remedy (the next command or what to change) and a few facts
for programs. Neither ever holds a secret: whoever raises is responsible for that.
"""

from __future__ import annotations

from typing import Any


class RunbookError(Exception):
    """Something went wrong that a person has to know about.

    :param message: one sentence, naming what was being done and to what
    :param remedy: the next command, or what to change; empty where nothing helps
    :param facts: small values that a program may want (status, holder, ...), never secret
    """

    def __init__(self, message: str, remedy: str = "", **facts: Any) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.facts = facts

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip() if self.remedy else self.message


class Refused(RunbookError):
    """Input that a person can get wrong; nothing has been changed."""


class Overtaken(RunbookError):
    """Somebody else holds the target with a newer token: whoever gets this must not write any more."""


class Unreachable(RunbookError):
    """No answer, or an answer that says "later" (429, 5xx): the state of the other side is unknown."""


class NotFound(RunbookError):
    """What was asked for does not exist."""


class Conflict(RunbookError):
    """It exists already, or somebody changed it in between: read again, then decide."""


class Denied(RunbookError):
    """Not logged in, or not allowed to."""


class TimedOut(RunbookError):
    """It did not happen in the time that was given."""


class MissingLibrary(RunbookError):
    """A Python library is missing for the interpreter that runs this code."""
