# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The only place that knows AnsibleModule: options in, results and readable failures out."""

from __future__ import annotations

import json
import os
import signal
import tempfile
import traceback
from collections.abc import Mapping
from typing import Any, Callable, NoReturn

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.errors import AnsibleFallbackNotFound

from .._provider.errors import Impossible, Interrupted
from .._provider.site import Site, Written, open_site
from .._wsman.errors import ConfigMgrError, ListBroken
from .connection import OPTIONS, means_from
from .options import bare_list
from .resource import Resource

REPORT_AT = "https://github.com/ansible-collections/configmgr.content/issues"
LIST_ATTEMPTS = 3


def filled_variable(name: str) -> str:
    """The value of an environment variable; an empty one counts as unset, as AWX renders a field left out."""
    value = os.environ.get(name, "")
    if not value:
        raise AnsibleFallbackNotFound
    return value


def connection_spec() -> dict[str, Any]:
    """The argument_spec of the connection options."""
    spec: dict[str, Any] = {}
    for option in OPTIONS:
        entry: dict[str, Any] = {"type": option.type, "fallback": (filled_variable, [option.variable])}
        if option.default is not None:
            entry["default"] = option.default
        if option.choices:
            entry["choices"] = list(option.choices)
        if option.required:
            entry["required"] = True
        if option.no_log:
            entry["no_log"] = True
        spec[option.name] = entry
    return spec


def run_task(spec: Mapping[str, Any], work: Callable[[Task], Mapping[str, Any]], **rules: Any) -> None:
    """A whole module that does one piece of work at one site. A result with `msg` and without success is a failure.

    `rules` are those of AnsibleModule. The work gets a session, which is closed when it has ended.
    """
    module = _Module(argument_spec={**connection_spec(), **spec}, supports_check_mode=True, **rules)

    def carry_out() -> None:
        _stop_on_terminate()
        task = Task(module.params, module.check_mode, module.warn, module)
        try:
            result = dict(work(task))
        except (ConfigMgrError, Interrupted) as error:
            module.fail_json(**failure_of(error, task.written))
        finally:
            task.close()
        if result.pop("failed", False):
            module.fail_json(**result)
        module.exit_json(**result)

    _guarded(module, carry_out)


class Task:
    """What a module's work gets: its options, whether to look only, and a session that is opened when it is asked for."""

    def __init__(
        self,
        params: dict[str, Any],
        check_mode: bool,
        warn: Callable[[str], None],
        module: AnsibleModule | None = None,
    ) -> None:
        self.params = params
        self.check_mode = check_mode
        self.warn = warn
        self._module = module
        self.means = means_from(params, warn)
        self._site: Site | None = None

    @property
    def site(self) -> Site:
        """The session. Raises what `open_site` raises."""
        if self._site is None:
            self._site = open_site(self.means, self.params["site_code"])
        return self._site

    @property
    def written(self) -> Written:
        """What it wrote so far."""
        return Written() if self._site is None else self._site.written

    def complete(self, read: Callable[[], Any]) -> Any:
        """What reads a list to its end, carried out again if the list breaks off (wire E-18)."""
        return _complete(read)

    def write_lines(self, dest: str, iterate: Callable[[], Any]) -> int:
        """Write one JSON object a line, a whole file or none; their number. In check mode they are counted only."""
        if self.check_mode or self._module is None:
            return int(_complete(lambda: sum(1 for _item in iterate())))
        return _write_lines(self._module, dest, iterate)

    def finish(self) -> None:
        """What is left is to tell what came of it: nobody stops the task any more."""
        signal.signal(signal.SIGTERM, signal.SIG_IGN)

    def close(self) -> None:
        """End the session, if there is one."""
        if self._site is not None:
            self._site.close()


def run_resource(resource: Resource) -> None:
    """The whole module that declares one object of a class."""
    from .converge import Converge
    from .state import make_converge, result_of, state_spec

    def work(task: Task) -> Mapping[str, Any]:
        declared = make_converge(resource, task.params, lambda: task.site, task.warn, Converge)
        declared.plan()
        if not task.check_mode:
            declared.carry_out()
        return result_of(declared, not task.check_mode)

    run_task(state_spec(resource), work, required_one_of=[("package_id", "name")])


def _write_lines(module: AnsibleModule, dest: str, iterate: Callable[[], Any]) -> int:
    """Write one JSON object a line; the file appears whole or not at all."""
    folder = os.path.dirname(os.path.abspath(dest))
    if not os.path.isdir(folder):
        raise Impossible(f"The folder of dest does not exist: {folder}", hint="Create it first")
    number, path = tempfile.mkstemp(dir=module.tmpdir)
    os.close(number)

    def write() -> int:
        count = 0
        with open(path, "w", encoding="utf-8") as lines:
            for item in iterate():
                lines.write(json.dumps(item, ensure_ascii=False) + "\n")
                count += 1
        return count

    try:
        count: int = _complete(write)
        module.atomic_move(path, dest)
    finally:
        if os.path.exists(path):
            os.unlink(path)
    return count


def _complete(read: Callable[[], Any]) -> Any:
    """Read a list to its end; one that broke off is read again from the start, never taken for whole (wire E-18)."""
    for _attempt in range(LIST_ATTEMPTS - 1):
        try:
            return read()
        except ListBroken:
            continue
    return read()


# -- failures ------------------------------------------------------------------------------------------------------


class _Module(AnsibleModule):  # type: ignore[misc]  # ansible-core has no types
    """AnsibleModule with words of ours for a list where `add` or `remove` should be."""

    def fail_json(self, msg: str, **result: Any) -> None:
        """As in AnsibleModule."""
        problem = bare_list(self.argument_spec, self.params)
        if problem is not None:
            msg, result = str(problem), {**result, "error": problem.as_result()}
        super().fail_json(msg=msg, **result)


def _stop_on_terminate() -> None:
    """A task that is told to stop ends with its result, so that a rerun can go on."""

    def stop(_number: int, _frame: Any) -> NoReturn:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second one would cut the ending short
        raise Interrupted("the task was told to stop (SIGTERM)")

    signal.signal(signal.SIGTERM, stop)


def failure_of(error: ConfigMgrError | Interrupted, written: Written) -> dict[str, Any]:
    """How a task fails that may have written something before: nobody may take it for one that did nothing."""
    done, lost = (list(dict.fromkeys(each)) for each in (written.done, written.lost))
    told, message = error.as_result(), str(error)
    if done:
        message += f" Carried out before it failed: {', '.join(done)}."
        told["carried_out"] = done
    if lost:
        message += f" Perhaps carried out, as its answer was lost: {', '.join(lost)}."
        told["perhaps_carried_out"] = lost
    return {"msg": message, "error": told, "changed": bool(done)}


def _guarded(module: AnsibleModule, work: Callable[[], None]) -> None:
    """Every error we know becomes a message; any other is a defect of ours, and says so."""
    try:
        work()
    except (ConfigMgrError, Interrupted) as error:
        module.fail_json(msg=str(error), error=error.as_result())
    except Exception as defect:
        text = f"This is a defect in configmgr.content ({type(defect).__name__}: {defect}). Please report it at {REPORT_AT} with the output of -vvv"
        module.fail_json(msg=text, exception=traceback.format_exc())
