# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Third-party libraries: found when they are needed, missing with one sentence that says how to get them."""

from __future__ import annotations

import importlib
import sys

from ansible_collections.releng.runbooks.plugins.module_utils.errors import MissingLibrary

# Import name -> requirement as in requirements.txt (a test compares the two).
REQUIREMENTS = {
    "jmespath": "jmespath>=1.0.1",
    "kubernetes": "kubernetes>=31.0.0",
    "requests": "requests>=2.31.0",
    "sqlalchemy": "SQLAlchemy>=2.0.30",
    "yaml": "PyYAML>=6.0.1",
}


def require(*names: str) -> None:
    """Raise :class:`MissingLibrary` unless every one of ``names`` (import names) can be imported."""
    missing = [name for name in names if not _importable(name)]
    if missing:
        wanted = " ".join(f"'{REQUIREMENTS[name]}'" for name in missing)
        raise MissingLibrary(
            f"Python library {', '.join(missing)} is missing for {sys.executable}.",
            remedy=f"Install it: {sys.executable} -m pip install {wanted}",
        )


def _importable(name: str) -> bool:
    try:
        importlib.import_module(name)
    except ImportError:
        return False
    return True
