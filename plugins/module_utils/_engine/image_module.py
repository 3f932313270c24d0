# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module that declares an operating system image: its options beside those of every state module, and its work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Callable

from .._provider.site import Site
from .image_state import WHEN, ContentRules, ImageState, result_of
from .module import Task, run_task
from .operation import Operation
from .resource import Resource
from .state import WAIT_SPEC, make_converge, state_spec, wait_rules


def image_spec(resource: Resource) -> dict[str, Any]:
    """The argument_spec beside the connection options."""
    return {
        **state_spec(resource),
        "reload": {"type": "str", "default": "auto", "choices": list(WHEN)},
        "refresh": {"type": "str", "default": "auto", "choices": list(WHEN)},
        **WAIT_SPEC,
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
    content = ContentRules(params["reload"], params["refresh"], wait_rules(params))
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
