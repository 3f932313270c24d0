# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options and result of `cm_offline_servicing`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._provider.errors import Impossible, OperationFailed
from .options import SCHEDULES, demand_seconds
from .servicing import SETTINGS, Job, titles_of
from .servicing_plan import Wish
from .servicing_task import ServicingTask

if TYPE_CHECKING:
    from .module import Task

SERVICING_SPEC: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "default": "present", "choices": ["present", "cancelled"]},
    "images": {"type": "list", "elements": "str", "default": []},
    "updates": {"type": "list", "elements": "str", "default": []},
    "applicable_updates": {"type": "bool", "default": False},
    "schedule": dict(SCHEDULES.spec),
    "description": {"type": "str"},
    "update_distribution_points": {"type": "bool"},
    "continue_on_error": {"type": "bool"},
    "remove_superseded_updates": {"type": "bool"},
    "wait": {"type": "bool"},
    "wait_timeout": {"type": "float", "default": 14400.0},
    "wait_interval": {"type": "float", "default": 30.0},
    "grace": {"type": "float", "default": 60.0},
}
SERVICING_RULES: dict[str, Any] = {"required_if": [("state", "present", ("images",))]}
_NEEDED = "Give updates, or applicable_updates: true"


def work(task: Task) -> dict[str, Any]:
    """What `cm_offline_servicing` does."""
    params = task.params
    demand_seconds(params, "wait_timeout", "wait_interval", "grace")
    wish = Wish(
        name=params["name"],
        images=tuple(params["images"]),
        updates=tuple(params["updates"]),
        applicable=params["applicable_updates"],
        schedule=None if params["schedule"] is None else tuple(params["schedule"]),
        settings={name: params[name] for name in SETTINGS if params[name] is not None},
    ).checked()
    if params["state"] == "cancelled":
        return _cancelled(task, ServicingTask(task.site, wish, params["grace"], task.warn))
    if not wish.images:
        raise Impossible("images is empty", hint="Name the images to be serviced, by their package ids")
    if not (wish.updates or wish.applicable):
        raise Impossible("There are no updates to be installed", hint=_NEEDED)
    return _present(task, ServicingTask(task.site, wish, params["grace"], task.warn))


def _present(task: Task, servicing: ServicingTask) -> dict[str, Any]:
    params = task.params
    plan = servicing.make_plan()
    result: dict[str, Any] = {"changed": plan.changed, "action": plan.action}
    job = plan.job
    if not task.check_mode:
        job = servicing.carry_out()
        wait = servicing.wish.schedule is None if params["wait"] is None else params["wait"]
        try:
            if wait and job is not None:
                job = servicing.wait(job, params["wait_timeout"], params["wait_interval"])
        except OperationFailed as failure:
            result.update(failed=True, msg=str(failure), error=failure.as_result())
            job = servicing.newest(job)
    return {
        **result,
        **_told(servicing, [] if job is None else [job]),
        "schedule_id": None if job is None else job.schedule_id,
        "diff": {"before": dict(plan.before), "after": dict(plan.after)},
    }


def _cancelled(task: Task, servicing: ServicingTask) -> dict[str, Any]:
    jobs = servicing.plan_cancel()
    after = jobs if task.check_mode else servicing.cancel(jobs)
    return {
        "changed": bool(jobs),
        "action": "cancel" if jobs else "none",
        **_told(servicing, after),
        "schedule_id": jobs[0].schedule_id if jobs else None,
        "diff": {
            "before": {"state": {str(each.schedule_id): "present" for each in jobs}} if jobs else {},
            "after": {"state": {str(each.schedule_id): "cancelled" for each in jobs}} if jobs else {},
        },
    }


def _told(servicing: ServicingTask, jobs: list[Job]) -> dict[str, Any]:
    states = servicing.servicing.update_states({image for each in jobs for image in each.images})
    return {
        "jobs": [each.in_words(titles_of(states)) for each in jobs],
        "requests": servicing.site.requests,
        "site_code": servicing.site.code,
    }
