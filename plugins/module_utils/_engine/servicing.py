# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Offline servicing as the site has it: jobs, their images and updates, how far they are, and which updates an image needs.

Classes and numbers are those of behaviour 100 and 101. Reading only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .._cim import wql
from .._cim.types import BOOLEAN, DATETIME, SINT32, STRING, Codec
from .._provider.errors import meaning
from .._provider.namespace import Namespace
from .._wsman.errors import BadValue
from .need import site_text
from .schedule_string import decoded
from .selection import slices

if TYPE_CHECKING:
    from .._cim.instance import Instance
    from .._provider.site import Site
    from .module import Task

SCHEDULE, IMAGE, UPDATE, PROGRESS = (
    "SMS_ImageServicingSchedule",
    "SMS_ImageServicingScheduledImage",
    "SMS_ImageServicingScheduledUpdate",
    "SMS_ImageServicingProgress",
)
INSTALL, CANCEL = 1, 2
WAITING, SCHEDULED, RUNNING, SUCCEEDED, FAILED = 0, 1, 2, 3, 4
STATES = {WAITING: "none", SCHEDULED: "scheduled", RUNNING: "running", SUCCEEDED: "succeeded", FAILED: "failed"}
ACTIONS = {0: "none", INSTALL: "install", CANCEL: "cancel"}
RUNS = {1: "running", 2: "succeeded", 3: "failed"}
UPDATE_STATES = {
    0: "unknown",
    1: "not_required",
    2: "installed",
    3: "applicable",
    4: "check_not_supported",
    5: "installed_check_not_supported",
}
APPLICABLE = 3
# Ids in one query.
MOST_IDS = 400
# Options and the properties of a job that they set.
SETTINGS: Mapping[str, tuple[str, Codec]] = {
    "description": ("Description", STRING),
    "update_distribution_points": ("UpdateDP", BOOLEAN),
    "continue_on_error": ("ContinueOnError", BOOLEAN),
    "remove_superseded_updates": ("RemoveSupersededUpdates", BOOLEAN),
}
_RUN_COLUMNS: Mapping[str, Codec] = {
    "ImagePackageID": STRING,
    "ScheduleID": SINT32,
    "FailedUpdateID": SINT32,
    "RunDateTime": DATETIME,
    "Status": SINT32,
    "Win32ErrorCode": SINT32,
}
_STATUS_COLUMNS: Mapping[str, Codec] = {
    "ImageIndex": SINT32,
    "ImagePackageID": STRING,
    "UpdateID": SINT32,
    "AppliedDateTime": DATETIME,
    "UpdateInstallationStatus": SINT32,
    "UpdateStatus": SINT32,
    "UpdateTitle": STRING,
}

INFO_SPEC: dict[str, Any] = {
    "schedule_ids": {"type": "list", "elements": "int"},
    "names": {"type": "list", "elements": "str"},
    "images": {"type": "list", "elements": "str"},
    "updates_of": {"type": "list", "elements": "str", "default": []},
}


@dataclass(frozen=True)
class Run:
    """How a job fares, or fared, with one image."""

    package_id: str
    status: int
    began: str = ""
    failed_update: int = 0
    error: int = 0

    def in_words(self, titles: Mapping[int, str]) -> dict[str, Any]:
        """What a playbook sees."""
        failed = self.status == 3
        return {
            "package_id": self.package_id,
            "status": RUNS.get(self.status, self.status or None),
            "began": self.began or None,
            "failed_update": self.failed_update if self.failed_update else None,
            "failed_update_title": titles.get(self.failed_update, "") if self.failed_update else None,
            "error_code": self.error if failed or self.error else None,
            "error": error_text(self.error) if failed or self.error else None,
        }


@dataclass(frozen=True)
class Job:
    """One job, as it was read."""

    schedule_id: int
    name: str
    state: int
    action: int
    schedule: str
    settings: Mapping[str, Any]
    last_run: str
    images: frozenset[str] = frozenset()
    updates: frozenset[int] = frozenset()
    runs: tuple[Run, ...] = ()

    @property
    def ended(self) -> bool:
        """Whether its last run has ended."""
        return self.state in (SUCCEEDED, FAILED)

    @property
    def cancelled(self) -> bool:
        """Whether it will not run any more because somebody called it off, or never asked for it."""
        # ASSUMED: a job of offline servicing that has no state, and no Action 1, will not run.
        return self.action == CANCEL or (self.state == WAITING and self.action != INSTALL)

    @property
    def recurs(self) -> bool:
        """Whether it runs more than once."""
        return any(each["recurs"] != "never" for each in decoded(self.schedule) or ())

    @property
    def live(self) -> bool:
        """Whether it runs, or is still to run."""
        return not self.cancelled and (self.recurs or not self.ended)

    def in_words(self, titles: Mapping[int, str]) -> dict[str, Any]:
        """What a playbook sees."""
        known = {each.package_id: each for each in self.runs}
        return {
            "schedule_id": self.schedule_id,
            "name": self.name,
            "state": STATES.get(self.state, self.state),
            "action": ACTIONS.get(self.action, self.action),
            "schedule": decoded(self.schedule),
            "schedule_string": self.schedule,
            **self.settings,
            "last_run": self.last_run or None,
            "images": [known.get(each, Run(each, 0)).in_words(titles) for each in sorted(self.images)],
            "updates": [{"update_id": each, "title": titles.get(each, "")} for each in sorted(self.updates)],
        }


@dataclass(frozen=True)
class UpdateStatus:
    """Whether one image of a file needs an update."""

    package_id: str
    index: int
    update_id: int
    title: str
    status: int
    error: int
    applied: str

    def in_words(self) -> dict[str, Any]:
        """What a playbook sees."""
        return {
            "package_id": self.package_id,
            "index": self.index,
            "update_id": self.update_id,
            "title": self.title,
            "status": UPDATE_STATES.get(self.status, self.status),
            "error_code": self.error,
            "applied": self.applied or None,
        }


class Servicing:
    """Reads jobs and update states of one site."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.namespace = Namespace(site)

    def jobs(self, ids: Iterable[int] | None = None, names: Iterable[str] | None = None) -> list[Job]:
        """The jobs of these ids or names, or all of them, the newest first, with images, updates and progress."""
        return self._completed(self.heads(ids, names))

    def heads(self, ids: Iterable[int] | None = None, names: Iterable[str] | None = None) -> list[Job]:
        """The same with nothing but what the jobs tell themselves, in one request."""
        where = None
        if ids is not None:
            where = wql.in_list("ScheduleID", sorted(set(ids)))
        elif names is not None:
            where = wql.in_list("Name", list(dict.fromkeys(names)))
        # All columns: RemoveSupersededUpdates is not on every version (behaviour 122).
        found = [_job(each) for each in self.namespace.all_of(wql.select(("*",), SCHEDULE, where))]
        return sorted(found, key=lambda each: each.schedule_id, reverse=True)

    def _completed(self, jobs: Sequence[Job]) -> list[Job]:
        images: dict[int, set[str]] = {}
        updates: dict[int, set[int]] = {}
        runs: dict[int, list[Run]] = {}
        for part in _parts([each.schedule_id for each in jobs]):
            where = wql.in_list("ScheduleID", part)
            for row in self.site.list_of(IMAGE, {"ImagePackageID": STRING, "ScheduleID": SINT32}, where):
                images.setdefault(row["ScheduleID"], set()).add((row["ImagePackageID"] or "").upper())
            for row in self.site.list_of(UPDATE, {"ScheduleID": SINT32, "UpdateID": SINT32}, where):
                updates.setdefault(row["ScheduleID"], set()).add(row["UpdateID"])
            for row in self.site.list_of(PROGRESS, _RUN_COLUMNS, where):
                runs.setdefault(row["ScheduleID"], []).append(_run(row))
        return [
            replace(
                each,
                images=frozenset(images.get(each.schedule_id, ())),
                updates=frozenset(updates.get(each.schedule_id, ())),
                runs=tuple(sorted(runs.get(each.schedule_id, ()), key=lambda run: run.package_id)),
            )
            for each in jobs
        ]

    def update_states(self, package_ids: Iterable[str]) -> list[UpdateStatus]:
        """What the site knows of updates for these images, from its last scan or run."""
        found = []
        for part in slices(tuple(sorted(set(package_ids)))):
            where = wql.in_list("ImagePackageID", part)
            for row in self.site.list_of("SMS_ImageUpdateStatus", _STATUS_COLUMNS, where):
                found.append(
                    UpdateStatus(
                        package_id=(row["ImagePackageID"] or "").upper(),
                        index=row["ImageIndex"] or 0,
                        update_id=row["UpdateID"],
                        title=row["UpdateTitle"] or "",
                        status=row["UpdateStatus"] or 0,
                        error=row["UpdateInstallationStatus"] or 0,
                        applied=site_text(row["AppliedDateTime"]),
                    )
                )
        return sorted(found, key=lambda each: (each.package_id, each.index, each.update_id))


def titles_of(states: Iterable[UpdateStatus]) -> dict[int, str]:
    """Titles of updates by id, as far as the site tells them."""
    return {each.update_id: each.title for each in states if each.title}


def error_text(code: int) -> str:
    """A code as the log has it, and what kind it is."""
    number = code & 0xFFFFFFFF
    told = meaning(number) if code else ""
    return f"0x{number:08X} ({told})" if told else f"0x{number:08X}"


def work(task: Task) -> dict[str, Any]:
    """What `cm_offline_servicing_info` does."""
    params = task.params
    servicing = Servicing(task.site)
    wanted = {each.strip().upper() for each in params["images"] or ()}
    jobs = servicing.jobs(params["schedule_ids"] or None, params["names"] or None)
    if params["images"] is not None:
        jobs = [each for each in jobs if wanted & each.images]
    states = servicing.update_states(each.strip().upper() for each in params["updates_of"])
    titles = titles_of([*states, *servicing.update_states({image for each in jobs for image in each.images})])
    return {
        "changed": False,
        "jobs": [each.in_words(titles) for each in jobs],
        "updates": [each.in_words() for each in states],
        "requests": task.site.requests,
        "site_code": task.site.code,
    }


def _job(found: Instance) -> Job:
    settings = {}
    for option, (name, codec) in SETTINGS.items():
        settings[option] = found.value(name, codec) if name in found.names() else None
    return Job(
        schedule_id=found.value("ScheduleID", SINT32) or 0,
        name=found.value("Name", STRING) or "",
        state=found.value("State", SINT32) or 0,
        action=found.value("Action", SINT32) or 0,
        schedule=found.value("Schedule", STRING) or "",
        settings=settings,
        last_run=_date(found, "LastRunDateTime"),
    )


def _date(found: Instance, name: str) -> str:
    try:
        return site_text(found.value(name, DATETIME))
    except BadValue:  # a date of zeros
        return ""


def _run(row: Mapping[str, Any]) -> Run:
    return Run(
        package_id=(row["ImagePackageID"] or "").upper(),
        status=row["Status"] or 0,
        began=site_text(row["RunDateTime"]),
        failed_update=row["FailedUpdateID"] or 0,
        error=row["Win32ErrorCode"] or 0,
    )


def _parts(values: Sequence[int]) -> Iterator[Sequence[int]]:
    """`values` in pieces that fit into one query each."""
    for at in range(0, len(values), MOST_IDS):
        yield values[at : at + MOST_IDS]
