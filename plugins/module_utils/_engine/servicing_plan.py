# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be done so that images are serviced offline: find the job of that name and those contents, or make one."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Callable

from .._cim import wql
from .._cim.types import STRING, UINT32, Codec, is_plain_number
from .._provider.errors import Impossible, NotFound
from . import schedule
from .schedule_string import decoded
from .selection import BASE_CLASS, checked_ids, slices
from .servicing import (
    APPLICABLE,
    RUNNING,
    SCHEDULE,
    SETTINGS,
    SUCCEEDED,
    WAITING,
    Job,
    Servicing,
    UpdateStatus,
    titles_of,
)

if TYPE_CHECKING:
    from .._provider.site import Site

# PackageTypes that the manager takes: operating system images and upgrade packages.
SERVICED = (257, 259)
# UpdateID is a sint32: what is larger can only be text.
LARGEST_ID = 2**31 - 1


@dataclass(frozen=True)
class Wish:
    """What the playbook asks for. `schedule` None is now; `settings` has only what was given."""

    name: str
    images: tuple[str, ...] = ()
    updates: tuple[str, ...] = ()
    applicable: bool = False
    schedule: tuple[Mapping[str, Any], ...] | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    def checked(self) -> Wish:
        """The same with checked values. Raises Impossible before any session is opened."""
        if not self.name.strip():
            raise Impossible("name is empty", hint="It is by its name that a later run finds the job")
        wanted = replace(self, images=checked_ids(self.images))
        if self.schedule is not None:
            if not self.schedule:
                raise Impossible("schedule is empty", hint="Leave it out to service the images now")
            wanted = replace(wanted, schedule=tuple(schedule.normal(self.schedule, "schedule")))
        return wanted


@dataclass(frozen=True)
class Plan:
    """What is to be done. `action` is none, wake, complete, change, create or cancel."""

    action: str
    job: Job | None = None
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        """Whether anything is written. To wake the manager for a job that is there is not a change."""
        return self.action not in ("none", "wake")


class Planner:
    """Decides by reading what there is to do for one job."""

    def __init__(self, site: Site, wish: Wish, warn: Callable[[str], None]) -> None:
        self.site = site
        self.servicing = Servicing(site)
        self.wish = wish
        self.plan = Plan("none")
        self._warn = warn
        self._types: dict[str, int] = {}
        self._states: list[UpdateStatus] = []
        self._updates: frozenset[int] = frozenset()
        self._server = ""

    @property
    def titles(self) -> dict[int, str]:
        """Titles of updates, as far as the site tells them."""
        return titles_of(self._states)

    # -- what to do --------------------------------------------------------------------------------------------

    def make_plan(self) -> Plan:
        """Decide by reading. Raises Impossible, NotFound, ProviderError."""
        self._types = self._image_types()
        self._states = self.servicing.update_states(self.wish.images)
        self._updates = self._wanted_updates()
        self._demand_settings()
        self._server = self._site_server()
        self.plan = self._plan_for(self.servicing.jobs(names=(self.wish.name,)))
        return self.plan

    def _plan_for(self, jobs: list[Job]) -> Plan:
        for job in jobs:
            if job.live and self.wish.applicable and job.images == frozenset(self.wish.images) and job.state == RUNNING:
                return Plan("none", job)  # what it has installed is not applicable any more
            if job.live and self._within(job):
                return self._plan_to_adopt(job)
        if not self._updates:  # nothing is applicable
            return Plan("none")
        for job in jobs:
            if job.live:
                raise Impossible(
                    f"The job {job.schedule_id} named {job.name!r} is there, for {_contents(job)}",
                    where=self.site.where,
                    hint="Cancel it first, or give the new one another name",
                )
        last = next((job for job in jobs if job.ended and self._same(job)), None)
        if last is not None and last.state == SUCCEEDED and self._same_schedule(last):
            if any(each.status == APPLICABLE and each.update_id in self._updates for each in self._states):
                self._warn(
                    f"The site still calls updates applicable that job {last.schedule_id} ({last.name!r}) has installed on {last.last_run}; "
                    "give the job another name to install them again"
                )
            return Plan("none", last)
        return Plan("create", None, {}, self._wanted(None))

    def _plan_to_adopt(self, job: Job) -> Plan:
        """A job that runs or is still to run: what it lacks, if anything."""
        differs = self._differences(job)
        incomplete = not self._same(job)
        if (differs or incomplete) and job.state == RUNNING:
            raise Impossible(
                f"The job {job.schedule_id} named {job.name!r} is at work, and cannot be changed",
                where=self.site.where,
                hint="Wait for its end, or cancel it",
            )
        if differs:
            return Plan("change", job, self._shown(job), self._wanted(job))
        if incomplete:  # a task that was killed between two writes left it so
            return Plan("complete", job, self._shown(job), self._wanted(job))
        return Plan("wake" if job.state == WAITING else "none", job)

    def plan_cancel(self) -> list[Job]:
        """The jobs of this name, and of these images if any are given, that run or are still to run."""
        jobs = [each for each in self.servicing.jobs(names=(self.wish.name,)) if each.live]
        wanted = frozenset(self.wish.images)
        return [each for each in jobs if not wanted or each.images & wanted]

    def _within(self, job: Job) -> bool:
        return job.images <= frozenset(self.wish.images) and job.updates <= self._updates

    def _same(self, job: Job) -> bool:
        return job.images == frozenset(self.wish.images) and job.updates == self._updates

    def _same_schedule(self, job: Job) -> bool:
        if self.wish.schedule is None:
            return True
        return schedule.same(self.wish.schedule, decoded(job.schedule) or ())

    def _differences(self, job: Job) -> dict[str, Any]:
        """Settings of the job that are not as asked for, and what is to be written."""
        wanted = {
            name: value for name, value in self.wish.settings.items() if (job.settings[name] or "") != (value or "")
        }
        if not self._same_schedule(job):
            wanted["schedule"] = self.wish.schedule
        return wanted

    def _shown(self, job: Job) -> dict[str, Any]:
        """A job as the diff has it."""
        return {
            "name": job.name,
            **{name: job.settings[name] for name in self.wish.settings},
            "schedule": decoded(job.schedule),
            "images": sorted(job.images),
            "updates": sorted(job.updates),
        }

    def _wanted(self, job: Job | None) -> dict[str, Any]:
        """The same as it is asked for."""
        now = decoded(job.schedule) if job is not None else "now"
        return {
            "name": self.wish.name,
            **self.wish.settings,
            "schedule": now if self.wish.schedule is None else list(self.wish.schedule),
            "images": sorted(self.wish.images),
            "updates": sorted(self._updates),
        }

    # -- what is asked for -------------------------------------------------------------------------------------

    def _image_types(self) -> dict[str, int]:
        """The PackageType of each image. Raises NotFound, Impossible."""
        columns: Mapping[str, Codec] = {
            "PackageID": STRING,
            "Name": STRING,
            "PackageType": UINT32,
            "SourceSite": STRING,
        }
        rows = [
            row
            for part in slices(self.wish.images)
            for row in self.site.list_of(BASE_CLASS, columns, wql.in_list("PackageID", part))
        ]
        found = {(row["PackageID"] or "").upper(): row for row in rows}
        missing = [each for each in self.wish.images if each not in found]
        if missing:
            raise NotFound(
                f"No package {', '.join(missing)} at {self.site.where}, or outside the scopes of {self.site.user}",
                hint="Check the id in the console, and the security scopes of the account",
            )
        for each, row in found.items():
            if row["PackageType"] not in SERVICED:
                raise Impossible(
                    f"{each} ({row['Name']!r}) is neither an operating system image nor an upgrade package",
                    where=self.site.where,
                    hint="Only these are serviced offline; a boot image is rebuilt",
                )
            if (row["SourceSite"] or "").upper() not in ("", self.site.code):
                raise Impossible(
                    f"{each} ({row['Name']!r}) belongs to site {row['SourceSite']}",
                    where=self.site.where,
                    hint="Run the task against a provider of that site",
                )
        return {each: row["PackageType"] for each, row in found.items()}

    def _wanted_updates(self) -> frozenset[int]:
        """The CI_IDs. Raises Impossible for text that is in no title, or in several."""
        found = set()
        titles = self.titles
        for text in self.wish.updates:
            if is_plain_number(text.strip()) and int(text) <= LARGEST_ID:
                found.add(int(text))
                if int(text) not in {each.update_id for each in self._states}:
                    self._warn(
                        f"{self.site.where} does not list update {text} for these images; it may not have been looked for yet"
                    )
                continue
            hits = sorted(number for number, title in titles.items() if text.strip().lower() in title.lower())
            if len(hits) != 1:
                near = difflib.get_close_matches(text, titles.values(), 3, 0.3)
                told = [f"{number} ({titles[number]!r})" for number in hits] or [repr(each) for each in near]
                raise Impossible(
                    f"{len(hits)} updates for these images have {text!r} in their title",
                    where=self.site.where,
                    hint=f"Near it: {', '.join(told)}" if told else "Give the CI_ID of the update",
                )
            found.add(hits[0])
        if self.wish.applicable:
            found |= {each.update_id for each in self._states if each.status == APPLICABLE}
        return frozenset(found)

    def _demand_settings(self) -> None:
        """Raise Impossible for a setting that this version lacks (behaviour 122)."""
        described = self.servicing.namespace.schemas.of(SCHEDULE)
        for name in self.wish.settings:
            wmi = SETTINGS[name][0]
            if described.source == "described" and described.property_named(wmi) is None:
                raise Impossible(
                    f"This version of the site has no {wmi}, so {name} cannot be set",
                    where=self.site.where,
                    hint="Update the site, or leave the option out",
                )

    def _site_server(self) -> str:
        """The name of the site server, which the manager wants to be told. Raises Impossible."""
        columns: Mapping[str, Codec] = {"SiteCode": STRING, "ServerName": STRING}
        rows = self.site.list_of("SMS_Site", columns, wql.equals("SiteCode", self.site.code))
        if not rows or not rows[0]["ServerName"]:
            raise Impossible(
                f"SMS_Site does not name the server of site {self.site.code}",
                where=self.site.where,
                hint=f"{self.site.user} needs the right to read the site",
            )
        return str(rows[0]["ServerName"])


def _contents(job: Job) -> str:
    images = ", ".join(sorted(job.images)) or "no image"
    updates = ", ".join(str(each) for each in sorted(job.updates)) or "no update"
    return f"{images} with {updates}"
