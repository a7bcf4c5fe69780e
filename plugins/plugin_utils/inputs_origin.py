# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a value was written: Ansible knows file and line of most values, and says so only in its own errors."""

from __future__ import annotations

import os
from typing import Any

try:
    from ansible._internal._datatag._tags import Origin
except ImportError:  # not a public interface: without it messages name no place
    Origin = None


def origin(value: Any) -> str:
    """``inventories/lab/group_vars/all/canary_shift.yml:3``, relative to the working directory where it lies below it;
    ``<CLI option '-e'>`` for what was typed; empty where it is not known, as for truth values."""
    tag = Origin.get_tag(value) if Origin is not None else None
    if tag is None:
        return ""
    if not tag.path:
        return str(tag.description or "")
    path = os.path.realpath(tag.path)
    here = os.path.realpath(os.getcwd())
    if path.startswith(here + os.sep):
        path = os.path.relpath(path, here)
    return f"{path}:{tag.line_num}" if tag.line_num else path
