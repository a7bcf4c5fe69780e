# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all doors (action plugins of this collection) share: arguments, masking, environment, errors, refusals."""

from __future__ import annotations

import dataclasses
import os
import re
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, ClassVar

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.errors import AnsibleValidationError, UnsupportedError
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.releng.runbooks.plugins.module_utils.errors import RunbookError
from ansible_collections.releng.runbooks.plugins.plugin_utils.process import run_id, who

LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")


@dataclasses.dataclass(frozen=True)
class Call:
    """One call of a door.

    ``run`` is the id that all targets of this ansible-playbook process share; ``say`` prints one live line.
    """

    target: str
    check_mode: bool
    diff: bool
    run: str
    by: str
    say: Callable[[str], None]
    task_vars: dict[str, Any]
    template: Callable[[dict[str, Any], Any], Any]


class Door(ActionBase):
    """Base of every door: a subclass has a ``SPEC`` and a ``work``.

    A door runs in-process on the control node, where journal, clients and their imports are. A task that asks for
    another host, become or async is refused by name rather than done in a place that it did not mean.

    Every failure is a failed task with one sentence, so that ``rescue`` always runs.
    """

    SPEC: ClassVar[dict[str, Any]] = {}

    _supports_check_mode = True
    _supports_async = True  # so that a refusal is ours and names the door
    _requires_connection = False

    def work(self, params: dict[str, Any], call: Call) -> dict[str, Any]:
        raise NotImplementedError

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        task_vars = task_vars or {}
        elsewhere = self._elsewhere()
        if elsewhere:
            return {"failed": True, "changed": False, "msg": f"{self._name()} runs on the control node: {elsewhere}."}
        validated = ArgumentSpecValidator(self.SPEC).validate(self._task.args)
        secrets = validated._no_log_values
        if validated.error_messages:
            errors = "; ".join(map(_told, validated.errors))
            result = {"failed": True, "changed": False, "msg": f"{self._name()}: {errors}."}
        else:
            self._apply_environment()
            result = self._guarded(validated.validated_parameters, task_vars, secrets)
        return self._masked(result, secrets)

    def _guarded(
        self, params: dict[str, Any], task_vars: dict[str, Any], secrets: Collection[str]
    ) -> dict[str, Any]:
        try:
            # What cannot be masked is a defect, too, and no reason to leave without a result.
            worked: dict[str, Any] = remove_values(self.work(params, self._call(task_vars, secrets)), secrets)
            return {"changed": False, **worked}
        except RunbookError as error:
            return {"changed": False, "failed": True, "msg": str(error), **_facts(error)}
        except Exception as error:  # a defect of ours must still reach the rescue
            # Its place is shown with ANSIBLE_DISPLAY_TRACEBACK=error.
            text = f"{self._name()}: unexpected {type(error).__name__}: {error}"
            return {"changed": False, "failed": True, "msg": text, "exception": traceback.format_exc()}

    def _masked(self, result: dict[str, Any], secrets: Collection[str]) -> dict[str, Any]:
        """``result`` without secrets. Under ``no_log`` Ansible hides it, but prints its message and warnings."""
        result = remove_values(result, secrets)
        if self._task.no_log:
            printed = {key: result[key] for key in ("msg", "warnings", "exception") if key in result}
            result.update(remove_values(printed, set(_texts(self._task.args))))
        return result

    def _call(self, task_vars: dict[str, Any], secrets: Collection[str]) -> Call:
        target = str(task_vars.get("inventory_hostname", ""))
        display = Display()
        silent = bool(self._task.no_log)

        def say(line: str) -> None:
            if not silent:
                display.display(remove_values(f"[{target}] {line}", secrets))

        return Call(
            target=target,
            check_mode=bool(self._task.check_mode),
            diff=bool(self._task.diff),
            run=run_id(),
            by=who(task_vars),
            say=say,
            task_vars=task_vars,
            template=self._template,
        )

    def _template(self, variables: dict[str, Any], value: Any) -> Any:
        """``value`` templated with ``variables`` on top of this task's own."""
        return self._templar.copy_with_new_env(available_variables=variables).template(value)

    def _elsewhere(self) -> str:
        """What in the task asks for another place or user than the control node's, or an empty string."""
        delegate = str(self._task.delegate_to or "")
        if delegate and delegate not in LOCAL_HOSTS:
            return f"delegate_to: {delegate} is not possible"
        if self._connection.transport != "local":
            return f"the target needs ansible_connection: local, it has {self._connection.transport}"
        if self._connection.become is not None:
            return "become is not possible"
        if self._task.async_val:
            return "async is not possible"
        return ""

    def _apply_environment(self) -> None:
        """The task's ``environment``, for libraries and child processes; this process serves one task only."""
        wanted: dict[str, str] = {}
        self._compute_environment_string(wanted)
        os.environ.update({str(key): str(value) for key, value in wanted.items()})

    def _name(self) -> str:
        return str(self._task.resolved_action or self._task.action)


def _told(error: AnsibleValidationError) -> str:
    """One thing that is wrong with the arguments, as a part of a sentence."""
    text = re.sub(r"\.? and we were unable to convert to (\w+): .*", r", which is no \1", str(error.msg)).rstrip(".")
    if isinstance(error, UnsupportedError):
        text = f"unknown arguments: {text.replace('. Supported parameters include: ', '; there are ')}"
    return text


def _texts(value: Any) -> Iterator[str]:
    """Every text in ``value``."""
    if isinstance(value, str) and value:
        yield value
    elif isinstance(value, Mapping | list | tuple):
        for one in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(one)


def _facts(error: RunbookError) -> dict[str, Any]:
    return {"facts": error.facts} if error.facts else {}
