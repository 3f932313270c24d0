# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module that declares an operating system image: its options beside those of every state module, and its work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Callable

from .._provider.site import Site
from .distribution import Wanted
from .image_state import WHEN, ContentRules, ImageState, result_of
from .module import Task, run_task
from .operation import LONGEST_WAITS, Operation, Rules
from .options import demand_seconds
from .resource import Resource
from .state import make_converge, state_spec


def image_spec(resource: Resource) -> dict[str, Any]:
    """The argument_spec beside the connection options."""
    return {
        **state_spec(resource),
        "reload": {"type": "str", "default": "auto", "choices": list(WHEN)},
        "refresh": {"type": "str", "default": "auto", "choices": list(WHEN)},
        "wait": {"type": "bool", "default": True},
        "wait_for": {"type": "str", "default": "source_version", "choices": list(LONGEST_WAITS)},
        "wait_timeout": {"type": "float"},
        "wait_interval": {"type": "float", "default": 10.0},
    }


def make_image(
    resource: Resource,
    operation: Operation,
    resources: Sequence[Resource],
    params: Mapping[str, Any],
    open_session: Callable[[], Site],
    warn: Callable[[str], None],
) -> ImageState:
    """The task that module options ask for. Raises Impossible before a session is opened."""
    demand_seconds(params, "wait_timeout", "wait_interval")
    timeout = params["wait_timeout"]
    rules = Rules(
        wanted=Wanted(),
        wait=params["wait"],
        wait_for=params["wait_for"],
        wait_timeout=LONGEST_WAITS[params["wait_for"]] if timeout is None else timeout,
        wait_interval=params["wait_interval"],
        grace=params["grace"],
    )
    content = ContentRules(params["reload"], params["refresh"], rules)
    make = partial(ImageState, operation=operation, resources=resources, content=content)
    return make_converge(resource, params, open_session, warn, make)


def image_work(
    task: Task, resource: Resource, operation: Operation, resources: Sequence[Resource]
) -> Mapping[str, Any]:
    """What `cm_image_package` does."""
    image = make_image(resource, operation, resources, task.params, lambda: task.site, task.warn)
    image.plan()
    if not task.check_mode:
        image.carry_out()
    return result_of(image, not task.check_mode)


def run_image_package(resource: Resource, operation: Operation, resources: Sequence[Resource]) -> None:
    """The whole module `cm_image_package`."""
    work = partial(image_work, resource=resource, operation=operation, resources=resources)
    run_task(image_spec(resource), work, required_one_of=[("package_id", "name")])
