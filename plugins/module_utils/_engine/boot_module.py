# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module that declares a boot image: its options beside those of every state module, and its work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Callable

from .._provider.errors import Impossible
from .._provider.site import Site
from . import state
from .boot_state import BootImage, BootRules
from .boot_write import LOGS
from .module import Task, run_task
from .operation import Operation
from .options import demand_seconds
from .resource import Resource
from .state import WAIT_SPEC, make_converge, state_spec, wait_rules

ARCHITECTURES = ("x86", "x64", "arm64")
REBUILD = ("auto", "always", "never", "if_stale")


def boot_spec(resource: Resource) -> dict[str, Any]:
    """The argument_spec beside the connection options."""
    return {
        **state_spec(resource),
        "architecture": {"type": "str", "choices": list(ARCHITECTURES)},
        "component_language": {"type": "int"},
        "driver_check": {"type": "str", "default": "fail", "choices": ["fail", "warn"]},
        "rebuild": {"type": "str", "default": "auto", "choices": list(REBUILD)},
        "reload_winpe": {"type": "bool", "default": False},
        "on_build_failure": {"type": "str", "default": "restore", "choices": ["restore", "keep"]},
        "list_used_by": {"type": "bool", "default": False},
        "build_timeout": {"type": "float", "default": 3600.0},
        **WAIT_SPEC,
    }


def make_boot_image(
    resource: Resource,
    operation: Operation,
    params: Mapping[str, Any],
    open_session: Callable[[], Site],
    warn: Callable[[str], None],
) -> BootImage:
    """The task that module options ask for. Raises Impossible before a session is opened."""
    demand_seconds(params, "build_timeout")
    if params["reload_winpe"] and params["rebuild"] != "if_stale":
        raise Impossible(
            "reload_winpe is set, and rebuild is not if_stale",
            hint="Windows PE is reloaded only where it is older than the deployment kit; set rebuild to if_stale",
        )
    rules = BootRules(
        build=replace(wait_rules(params), build_timeout=params["build_timeout"]),
        rebuild=params["rebuild"],
        reload_winpe=params["reload_winpe"],
        on_build_failure=params["on_build_failure"],
        driver_check=params["driver_check"],
        language=params["component_language"],
        architecture=params["architecture"] or "",
    )
    make = partial(BootImage, operation=operation, rules=rules)
    return make_converge(resource, params, open_session, warn, make)


def result_of(task: BootImage, carried_out: bool, used_by: bool) -> dict[str, Any]:
    """What the module returns, beside what every state module does."""
    result = state.result_of(task, carried_out)
    found, build = task.found, task.build
    row = build.row or {}
    result["changed"] = (task.current.changed if build.broke else task.changed) and not build.restored
    result["build"] = {
        "due": task.need.due,
        "reason": task.need.reason,
        "status": row.get("status"),
        "source_version": row.get("source_version"),
        "reloaded_winpe": build.reloaded,
        "restored": build.restored,
        "percent": (row.get("build") or {}).get("percent", task.follower.percent),
        "progress": [*task.follower.progress, *(row.get("build") or {}).get("progress", [])],
        "details": row,
    }
    result["pending"] = task.pending
    result["staleness"] = task.staleness.as_result() if task.staleness else None
    if found is not None and result["object"]:
        result["object"].update(task.wishes.contents(found))
    if used_by:
        result["used_by"] = task.users()
    if build.failure:
        result.update(state.failed_with(task, build.failure, row, LOGS if build.broke else ""))
    return result


def boot_work(task: Task, resource: Resource, operation: Operation) -> Mapping[str, Any]:
    """What `cm_boot_image` does."""
    image = make_boot_image(resource, operation, task.params, lambda: task.site, task.warn)
    image.plan()
    if not task.check_mode:
        image.carry_out()
    return result_of(image, not task.check_mode, task.params["list_used_by"])


def run_boot_image(resource: Resource, operation: Operation) -> None:
    """The whole module `cm_boot_image`."""
    work = partial(boot_work, resource=resource, operation=operation)
    run_task(boot_spec(resource), work, required_one_of=[("package_id", "name")])
