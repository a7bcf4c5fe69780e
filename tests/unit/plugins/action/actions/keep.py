"""Writes a text into a file, where a module would start an interpreter."""
from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        Path(self._task.args["path"]).write_text(self._task.args["content"])
        return {"changed": True}
