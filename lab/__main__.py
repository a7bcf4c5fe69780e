"""`python -m lab up|down|status|logs|env|doctor|build|start|stop [--name NAME] [PART ...]`"""
from __future__ import annotations

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - whoever starts it with an older one is told so
    sys.exit(f"lab: Python is {sys.version.split()[0]}, the lab needs 3.11 or newer: run it with `python3.11 -m lab`.")

from lab.cli import main

sys.exit(main())
