# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module that refreshes packages: its options, what they mean, and its work."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from .._provider.errors import Impossible
from . import report
from .distribution import Wanted
from .module import Task, connection_spec, run_task
from .operation import LONGEST_WAITS, Earlier, Operation, Rules
from .options import demand_seconds
from .refresh import Refresh, Wish
from .resource import Resource
from .selection import Asked, checked_ids, selection_spec, types_named


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
    run_task(
        refresh_spec(resources),
        lambda task: refresh_work(task, operation, resources),
        mutually_exclusive=[("package_ids", "names", "select")],
        required_one_of=[("package_ids", "names", "select", "resume")],
    )


def refresh_work(task: Task, operation: Operation, resources: Sequence[Resource]) -> Mapping[str, Any]:
    """What `cm_package_refresh` does."""
    params = task.params
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
    site = task.site
    refresh = Refresh(operation, resources, site, wish, rules, task.means.clock, task.warn)
    try:
        refresh.plan(only_look=task.check_mode)
        if wish.asked.selection is not None and not refresh.targets:
            task.warn(f"The selection matches no package that {site.user} can see at {site.where}")
        if task.check_mode:
            moves = refresh.predict()
            rows = [report.predicted_row(target, moves, rules.when_busy) for target in refresh.targets]
        else:
            refresh.allow_failures(limit)
            refresh.perform()
            task.finish()
            rows = [report.package_row(target, params["verbose_results"]) for target in refresh.targets]
    finally:
        refresh.close()
    result: dict[str, Any] = {
        "changed": any(target.changed for target in refresh.targets),
        "packages": rows,
        "summary": report.summary(rows),
        "evidence": report.evidence(refresh.targets),
        "resume": [] if task.check_mode else report.resume_items(refresh.targets),
        "requests": refresh.requests,
        "site_code": site.code,
        "diff": report.diff(rows),
    }
    if task.check_mode:
        result["changed"] = any(row["status"] == "refreshed" for row in rows)
    counts = result["summary"]
    if counts["failed"] or counts["not_attempted"]:
        result.update(failed=True, msg=report.failure_text(rows, result["resume"]))
    return result


# -- options to values --------------------------------------------------------------------------------------------------


def _asked(params: dict[str, Any], resources: Sequence[Resource], resume: dict[str, Earlier]) -> Asked:
    package_ids = checked_ids(params["package_ids"] or ())
    names = tuple(name for name in params["names"] or () if name)
    if params["names"] is not None and not names:
        raise Impossible("names is empty", hint="Name at least one package")
    if not package_ids and not names and params["select"] is None:
        package_ids = tuple(resume)
    if not package_ids and not names and params["select"] is None:
        raise Impossible("package_ids is empty", hint="Name at least one package")
    return Asked(package_ids, names, types_named(params["type"], resources), params["select"], params["max_packages"])


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
