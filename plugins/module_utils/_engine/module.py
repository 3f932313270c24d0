# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The only place that knows AnsibleModule: options in, results and readable failures out."""

from __future__ import annotations

import json
import os
import re
import signal
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Callable, NoReturn

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.errors import AnsibleFallbackNotFound

from .._provider.errors import Impossible, Interrupted
from .._provider.site import Site, Written, open_site
from .._wsman.errors import ConfigMgrError, ListBroken
from . import report
from .connection import OPTIONS, means_from
from .distribution import Wanted
from .operation import Earlier, Operation, Rules
from .options import bare_list, demand_seconds
from .resource import Property, Resource
from .selection import Asked, checked_ids

LONGEST_WAITS = {"source_version": 900.0, "distributed": 4 * 3600.0}
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


def selection_spec(resources: Sequence[Resource]) -> dict[str, Any]:
    """The options that say which packages."""
    kinds = [item.option for item in resources]
    return {
        "package_ids": {"type": "list", "elements": "str", "aliases": ["package_id"]},
        "names": {"type": "list", "elements": "str", "aliases": ["name"]},
        "type": {"type": "list", "elements": "str", "choices": kinds},
        "select": {
            "type": "dict",
            "options": {
                "type": {"type": "list", "elements": "str", "choices": kinds},
                "name": {"type": "str"},
                "manufacturer": {"type": "str"},
                "source_path_prefix": {"type": "str"},
                "folder": {"type": "str"},
            },
        },
    }


def refresh_spec(resources: Sequence[Resource]) -> dict[str, Any]:
    """The argument_spec of a refresh."""
    spec = connection_spec()
    spec.update(selection_spec(resources))
    spec.update(
        max_packages={"type": "int", "default": 50},
        ignore_unrefreshable={"type": "bool", "default": False},
        source_modified={"type": "str"},
        max_age={"type": "float"},
        when_busy={"type": "str", "default": "wait", "choices": ["wait", "join", "skip", "fail"]},
        owner_mismatch={"type": "str", "choices": ["fail", "follow", "send"]},
        sessions={"type": "int", "default": 1, "choices": [1, 2, 3, 4]},
        in_flight={"type": "int", "default": 3},
        pause={"type": "float", "default": 0.0},
        max_failed={"type": "str", "default": "10%"},
        build_timeout={"type": "float", "default": 3600.0},
        grace={"type": "float", "default": 60.0},
        wait={"type": "bool", "default": True},
        wait_for={"type": "str", "default": "source_version", "choices": list(LONGEST_WAITS)},
        wait_timeout={"type": "float"},
        wait_interval={"type": "float", "default": 10.0},
        required_distribution_points={"type": "list", "elements": "str", "default": []},
        ignored_distribution_points={"type": "list", "elements": "str", "default": []},
        min_success_percent={"type": "float", "default": 100.0},
        retrying_longer_than={"type": "float", "default": 3600.0},
        verbose_results={"type": "bool", "default": False},
        resume={
            "type": "list",
            "elements": "dict",
            "options": {
                "package_id": {"type": "str", "required": True},
                "sent": {"type": "bool", "required": True},
                "version_before": {"type": "int"},
                "last_refresh_before": {"type": "str", "default": ""},
                "context_id": {"type": "str"},
                "answer_lost": {"type": "bool", "default": False},
            },
        },
    )
    return spec


def run_refresh(operation: Operation, resources: Sequence[Resource]) -> None:
    """The whole module `cm_package_refresh`."""
    module = AnsibleModule(
        argument_spec=refresh_spec(resources),
        mutually_exclusive=[("package_ids", "names", "select")],
        required_one_of=[("package_ids", "names", "select", "resume")],
        supports_check_mode=True,
    )
    _guarded(module, lambda: _refresh(module, operation, resources))


def _refresh(module: AnsibleModule, operation: Operation, resources: Sequence[Resource]) -> None:
    from .refresh import Refresh, Wish

    params = module.params
    resume = {item.package_id: item for item in _resume(params["resume"] or [])}
    wish = Wish(
        asked=_asked(params, resources, resume),
        newer_than=_moment(params["source_modified"]),
        max_age=_not_negative(params, "max_age"),
        owner_mismatch=params["owner_mismatch"],
        ignore_unrefreshable=params["ignore_unrefreshable"],
        resume=resume,
    )
    rules = _rules(params)
    limit = _failure_limit(params["max_failed"])
    means = means_from(params, module.warn)
    _stop_on_terminate()
    site = open_site(means, params["site_code"])
    task = Refresh(operation, resources, site, wish, rules, means.clock, module.warn)
    try:
        task.plan(only_look=module.check_mode)
        if wish.asked.selection is not None and not task.targets:
            module.warn(f"The selection matches no package that {site.user} can see at {site.where}")
        if module.check_mode:
            moves = task.predict()
            rows = [report.predicted_row(target, moves, rules.when_busy) for target in task.targets]
        else:
            task.allow_failures(limit)
            task.perform()
            signal.signal(signal.SIGTERM, signal.SIG_IGN)  # what is left is to tell what came of it
            rows = [report.package_row(target, params["verbose_results"]) for target in task.targets]
    finally:
        task.close()
    result: dict[str, Any] = {
        "changed": any(target.changed for target in task.targets),
        "packages": rows,
        "summary": report.summary(rows),
        "evidence": report.evidence(task.targets),
        "resume": [] if module.check_mode else report.resume_items(task.targets),
        "requests": task.requests,
        "site_code": site.code,
        "diff": report.diff(rows),
    }
    if module.check_mode:
        result["changed"] = any(row["status"] == "refreshed" for row in rows)
    counts = result["summary"]
    if counts["failed"] or counts["not_attempted"]:
        module.fail_json(msg=report.failure_text(rows, result["resume"]), **result)
    module.exit_json(**result)


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
        self._means = means_from(params, warn)
        self._site: Site | None = None

    @property
    def site(self) -> Site:
        """The session. Raises what `open_site` raises."""
        if self._site is None:
            self._site = open_site(self._means, self.params["site_code"])
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

    def close(self) -> None:
        """End the session, if there is one."""
        if self._site is not None:
            self._site.close()


def run_resource(resource: Resource) -> None:
    """The whole module that declares one object of a class."""
    from .state import state_spec

    module = _Module(
        argument_spec={**connection_spec(), **state_spec(resource)},
        required_one_of=[("package_id", "name")],
        supports_check_mode=True,
    )
    _guarded(module, lambda: _resource(module, resource))


def _resource(module: AnsibleModule, resource: Resource) -> None:
    from .converge import Converge
    from .state import make_converge, result_of

    means = means_from(module.params)
    _stop_on_terminate()
    task = make_converge(
        resource, module.params, lambda: open_site(means, module.params["site_code"]), module.warn, Converge
    )
    try:
        task.plan()
        if not module.check_mode:
            task.carry_out()
    except (ConfigMgrError, Interrupted) as error:
        module.fail_json(**failure_of(error, task.site.written))
    finally:
        task.site.close()
    module.exit_json(**result_of(task, carried_out=not module.check_mode))


def info_spec(resources: Sequence[Resource]) -> dict[str, Any]:
    """The argument_spec of reading packages."""
    spec = connection_spec()
    spec.update(selection_spec(resources))
    spec.update(
        properties={"type": "list", "elements": "str", "default": []},
        limit={"type": "int"},
        dest={"type": "path"},
    )
    return spec


def run_package_info(resources: Sequence[Resource], base: Sequence[Property]) -> None:
    """The whole module `cm_package_info`."""
    module = AnsibleModule(
        argument_spec=info_spec(resources),
        mutually_exclusive=[("package_ids", "names", "select")],
        supports_check_mode=True,
    )
    _guarded(module, lambda: _package_info(module, resources, base))


def _package_info(module: AnsibleModule, resources: Sequence[Resource], base: Sequence[Property]) -> None:
    from .info import PackageReader, Reading

    params = module.params
    reading = Reading(
        package_ids=checked_ids(params["package_ids"] or ()),
        names=tuple(params["names"] or ()),
        package_types=_types(params["type"], resources),
        selection=params["select"],
        properties=tuple(params["properties"]),
        limit=params["limit"],
    )
    if reading.limit is not None and reading.limit < 1:
        raise Impossible(f"limit {reading.limit} is less than 1")
    means = means_from(params, module.warn)
    site = open_site(means, params["site_code"])
    try:
        reader = PackageReader(site, reading, resources, base)
        if params["dest"] and not module.check_mode:
            result: dict[str, Any] = {
                "count": _write_lines(module, params["dest"], reader.iterate),
                "dest": params["dest"],
            }
        elif params["dest"]:
            result = {"count": _complete(lambda: sum(1 for _item in reader.iterate())), "dest": params["dest"]}
        else:
            packages = _complete(lambda: list(reader.iterate()))
            result = {"count": len(packages), "packages": packages}
    finally:
        site.close()
    module.exit_json(changed=False, requests=site.requests, site_code=site.code, **result)


def run_site_info() -> None:
    """The whole module `cm_site_info`."""
    module = AnsibleModule(argument_spec=connection_spec(), supports_check_mode=True)
    _guarded(module, lambda: _site_info(module))


def _site_info(module: AnsibleModule) -> None:
    from .site_info import SiteReader

    site = open_site(means_from(module.params, module.warn), module.params["site_code"])
    try:
        result = SiteReader(site).read()
    finally:
        site.close()
    for note in result["notes"]:
        module.warn(f"{site.where}: {note}")
    module.exit_json(changed=False, requests=site.requests, site_code=site.code, **result)


def connection_check_spec() -> dict[str, Any]:
    """The argument_spec of checking the connection."""
    spec = connection_spec()
    spec.update(
        share_path={"type": "str"},
        try_all={"type": "bool", "default": False},
        fail={"type": "bool", "default": True},
        report={"type": "path"},
        report_site_names={"type": "bool", "default": False},
    )
    return spec


def run_connection_check() -> None:
    """The whole module `cm_connection_check`."""
    module = AnsibleModule(argument_spec=connection_check_spec(), supports_check_mode=True)
    _guarded(module, lambda: _connection_check(module))


def _connection_check(module: AnsibleModule) -> None:
    from . import check
    from .check_share import checked_path
    from .check_steps import STEPS

    params = module.params
    visit = check.Visit(
        means=means_from(params, module.warn),
        site_code=params["site_code"],
        share_path=checked_path(params["share_path"]),
        try_all=params["try_all"],
        report=None if module.check_mode else params["report"],
        report_site_names=params["report_site_names"],
    )
    try:
        looked = check.run(STEPS, visit)
        result = check.result(visit, looked)
    finally:
        visit.close()
    if params["fail"] and not result["ok"]:
        module.fail_json(msg=check.message(looked), changed=False, **result)
    module.exit_json(changed=False, **result)


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


# -- options to values ---------------------------------------------------------------------------------------------


def _asked(params: dict[str, Any], resources: Sequence[Resource], resume: dict[str, Earlier]) -> Asked:
    package_ids = checked_ids(params["package_ids"] or ())
    names = tuple(name for name in params["names"] or () if name)
    if params["names"] is not None and not names:
        raise Impossible("names is empty", hint="Name at least one package")
    if not package_ids and not names and params["select"] is None:
        package_ids = tuple(resume)
    if not package_ids and not names and params["select"] is None:
        raise Impossible("package_ids is empty", hint="Name at least one package")
    return Asked(package_ids, names, _types(params["type"], resources), params["select"], params["max_packages"])


def _types(options: Sequence[str] | None, resources: Sequence[Resource]) -> tuple[int, ...]:
    return tuple(item.package_type for item in resources if item.option in (options or ()))


def _resume(items: Sequence[dict[str, Any]]) -> list[Earlier]:
    checked_ids([item["package_id"] for item in items])
    return [
        Earlier(
            package_id=item["package_id"].strip().upper(),
            sent=item["sent"],
            version_before=item["version_before"],
            last_refresh_before=item["last_refresh_before"] or "",
            context_id=item["context_id"],
            answer_lost=item["answer_lost"],
        )
        for item in items
    ]


def _rules(params: dict[str, Any]) -> Rules:
    for name in ("wait_interval", "wait_timeout", "grace", "build_timeout", "pause", "retrying_longer_than"):
        _not_negative(params, name)
    if params["in_flight"] < 1:
        raise Impossible(f"in_flight {params['in_flight']} is less than 1")
    if not 0 <= params["min_success_percent"] <= 100:
        raise Impossible(f"min_success_percent {params['min_success_percent']:g} is not between 0 and 100")
    timeout = params["wait_timeout"]
    required, ignored = _lower(params["required_distribution_points"]), _lower(params["ignored_distribution_points"])
    if required & ignored:
        raise Impossible(
            f"Both required and ignored: {', '.join(sorted(required & ignored))}", hint="Leave it out of one"
        )
    return Rules(
        wanted=Wanted(
            required=required,
            ignored=ignored,
            min_percent=params["min_success_percent"],
            retrying_longer_than=params["retrying_longer_than"],
        ),
        wait=params["wait"],
        wait_for=params["wait_for"],
        wait_timeout=LONGEST_WAITS[params["wait_for"]] if timeout is None else timeout,
        wait_interval=params["wait_interval"],
        grace=params["grace"],
        build_timeout=params["build_timeout"],
        when_busy=params["when_busy"],
        in_flight=params["in_flight"],
        pause=params["pause"],
        sessions=params["sessions"],
    )


def _lower(names: Sequence[str]) -> frozenset[str]:
    return frozenset(name.strip().lower() for name in names)


def _not_negative(params: dict[str, Any], name: str) -> float | None:
    value: float | None = params[name]
    if value is not None and value < 0:
        raise Impossible(f"{name} {value:g} is negative")
    demand_seconds(params, name)
    return value


def _moment(text: str | None) -> datetime | None:
    """A point in time from ISO 8601 with an offset."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(re.sub(r"[Zz]$", "+00:00", text.strip()))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Impossible(
            f"source_modified {text!r} is not a time with an offset", hint="Write it like 2026-11-20T18:00:00+01:00"
        )
    return moment


def _failure_limit(text: str) -> tuple[float, bool]:
    """A count, or a share of the packages: the number and whether it is a percentage."""
    match = re.match(r"^\s*(\d+(?:\.\d+)?)\s*(%?)\s*$", text)
    if not match or (match.group(2) and float(match.group(1)) > 100):
        raise Impossible(f"max_failed {text!r} is neither a count nor a percentage", hint="Write it like 5 or 10%")
    return float(match.group(1)), bool(match.group(2))


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
