"""`python -m lab.load --url URL --rate 50 --seconds 60 [--no-reuse] [--path /bid] [--report FILE]`"""
from __future__ import annotations

import sys

from lab.load.cli import main

sys.exit(main())
