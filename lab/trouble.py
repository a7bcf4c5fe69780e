"""What the lab says when it cannot go on."""
from __future__ import annotations


class Trouble(Exception):
    """One sentence with the remedy in it, for the person who typed the command."""


class NotAllowed(Trouble):
    """The machine lacks something that the lab needs; nothing was built or changed (exit code 2)."""
