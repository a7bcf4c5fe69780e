"""A door that gives away all that it was given, in each of the ways that a door has."""
from __future__ import annotations

from pathlib import PurePath
from typing import Any, ClassVar

from ansible_collections.releng.runbooks.plugins.module_utils.errors import Refused
from ansible_collections.releng.runbooks.plugins.plugin_utils.door import Call, Door


class ActionModule(Door):
    SPEC: ClassVar[dict[str, Any]] = {
        "how": {"type": "str", "choices": ["returns", "says", "refuses", "breaks", "is no JSON"], "required": True},
        "token": {"type": "str", "no_log": True},
        "headers": {"type": "dict", "no_log": True},
        "inside": {"type": "dict", "options": {"keys": {"type": "list", "elements": "str", "no_log": True}}},
        "share": {"type": "int"},
    }

    def work(self, params: dict[str, Any], call: Call) -> dict[str, Any]:
        how = params.pop("how")
        if how == "says":
            call.say(f"given {params}")
        if how == "refuses":
            raise Refused(f"The token {params['token']} is not accepted.", remedy=f"Try {params['headers']}.", **params)
        if how == "breaks":
            raise ValueError(f"given {params}")
        if how == "is no JSON":
            return {"place": PurePath(str(params))}
        told = str(params)
        return {**params, "told": f"given {told}", "diff": {"before": told, "after": ""}, "warnings": [told]}
