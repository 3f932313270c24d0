# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options and the result of a module that declares one object, made from its declaration."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from typing import Any, Callable, TypeVar

from .._provider.errors import Impossible, OperationFailed
from .._provider.locks import CONTEXT, MACHINE
from .._provider.site import Site
from .converge import Converge, Identity, Patience
from .deletion import USES
from .distribution import Wanted
from .edit_locks import TAKEOVERS, new_context
from .operation import LONGEST_WAITS, Rules
from .options import demand_seconds
from .plan import make_wish
from .resource import Resource
from .selection import checked_ids

Task = TypeVar("Task", bound=Converge)


def state_spec(resource: Resource) -> dict[str, Any]:
    """The argument_spec beside the connection options."""
    spec: dict[str, Any] = {
        "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
        "package_id": {"type": "str"},
        "pkg_flags": {
            "type": "dict",
            "options": {name: {"type": "list", "elements": "str"} for name in ("add", "remove")},
        },
        "distribution_points": {"type": "list", "elements": "str"},
        "distribution_point_groups": {"type": "list", "elements": "str"},
        "force": {"type": "list", "elements": "str", "choices": list(USES), "default": []},
        "lock_takeover": {"type": "str", "choices": list(TAKEOVERS)},
        "lock_wait": {"type": "float", "default": 0.0},
        "grace": {"type": "float", "default": 60.0},
    }
    spec.update({item.option: dict(item.kind.spec) for item in resource.declarable if item.kind is not None})
    spec.update({flag.option: {"type": "bool"} for flag in resource.flags})
    return spec


# How long a state module waits for the site to have done its part.
WAIT_SPEC: dict[str, Any] = {
    "wait": {"type": "bool", "default": True},
    "wait_for": {"type": "str", "default": "source_version", "choices": list(LONGEST_WAITS)},
    "wait_timeout": {"type": "float"},
    "wait_interval": {"type": "float", "default": 10.0},
}


def wait_rules(params: Mapping[str, Any]) -> Rules:
    """How to wait, from module options. Raises Impossible for what is no time."""
    demand_seconds(params, "wait_interval", "wait_timeout")
    timeout = params["wait_timeout"]
    return Rules(
        wanted=Wanted(),
        wait=params["wait"],
        wait_for=params["wait_for"],
        wait_timeout=LONGEST_WAITS[params["wait_for"]] if timeout is None else timeout,
        wait_interval=params["wait_interval"],
        grace=params["grace"],
    )


def make_converge(
    resource: Resource,
    params: Mapping[str, Any],
    open_session: Callable[[], Site],
    warn: Callable[[str], None],
    make: Callable[..., Task],
) -> Task:
    """The task that module options ask for, a `Converge` or what is made of it. Raises Impossible before a session is opened."""
    identity = Identity(params["package_id"] or "", params["name"] or "")
    if not identity.package_id and not identity.name:
        raise Impossible("Neither package_id nor name has a value", hint="Give one of them")
    checked_ids([identity.package_id] if identity.package_id else [])
    wish = make_wish(resource, params)
    demand_seconds(params, "lock_wait", "grace")
    patience = Patience(
        lock_wait=params["lock_wait"],
        grace=params["grace"],
        lock_takeover=params["lock_takeover"],
        force=frozenset(params["force"]),
    )
    site = open_session()
    context = site.means.context  # one lock context a task; a holder has a machine, too (behaviour 37)
    context.add({CONTEXT: new_context(os.environ), MACHINE: context.value(MACHINE) or platform.node()})
    return make(resource, site, identity, wish, patience, warn)


def failed_with(task: Converge, failure: str, row: Mapping[str, Any] | None, hint: str = "") -> dict[str, Any]:
    """The failure of an operation on the object, with what the row of the operation knows of its error."""
    failed = OperationFailed(failure, where=task.site.where, hint=hint)
    known = {name: value for name, value in ((row or {}).get("error") or {}).items() if name not in ("message", "what")}
    return {"failed": True, "msg": str(failed), "error": {**failed.as_result(), **known}}


def result_of(task: Converge, carried_out: bool) -> dict[str, Any]:
    """What the module returns: the object as it reads, and the diff of the plan."""
    plan = task.current
    return {
        "changed": plan.changed,
        "action": plan.action,
        "package_id": task.object_id or None,
        "deleting": task.deleting,
        "object": task.stored() if carried_out or not plan.changed else {},
        "diff": {"before": dict(plan.before), "after": dict(plan.after)},
        "requests": task.site.requests,
        "site_code": task.site.code,
    }
