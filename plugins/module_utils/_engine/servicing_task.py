# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Have images serviced offline: make the job or change it, run it now, wait for it, or call it off.

Order of writes as the SDK and the console have it (behaviour 100): the job with Action 1, its images, its updates, then
RunOfflineServicingManager. Each is sent once at most; what was lost is settled by reading.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Callable

from .._cim.types import SINT32, STRING, UINT32, Codec
from .._provider.errors import NotConverged, NotFound, OperationFailed
from .._wsman.errors import OutcomeUnknown
from . import schedule
from .schedule_string import decoded, encoded
from .servicing import (
    CANCEL,
    FAILED,
    IMAGE,
    INSTALL,
    SCHEDULE,
    SCHEDULED,
    SETTINGS,
    UPDATE,
    WAITING,
    Job,
    error_text,
)
from .servicing_plan import Planner, Wish

if TYPE_CHECKING:
    from .._provider.site import Site

LOOK_INTERVAL = 2.0
RUN_FAILED = 3  # Status of SMS_ImageServicingProgress
LOG = "Look into OfflineServicingMgr.log and dism.log on the site server for more"


class ServicingTask(Planner):
    """One job, from its plan to its end. `grace`: seconds in which the effect of a lost write has to show."""

    def __init__(self, site: Site, wish: Wish, grace: float, warn: Callable[[str], None]) -> None:
        super().__init__(site, wish, warn)
        self._grace = grace

    # -- what is done ------------------------------------------------------------------------------------------

    def carry_out(self) -> Job | None:
        """Do what the plan says; the job. Raises OutcomeUnknown, NotConverged, ProviderError."""
        job = self.plan.job
        if self.plan.action == "create":
            job = self._create()
        elif self.plan.action == "change" and job is not None:
            self._put(job, {**self._differences(job), "action": INSTALL})
        if job is None or self.plan.action == "none":
            return job
        if self.plan.action != "wake":
            self._add_rows(job)
        self._run(job)
        return self._again(job)

    def _values(self, wanted: Mapping[str, Any]) -> dict[str, tuple[Codec, Any]]:
        values: dict[str, tuple[Codec, Any]] = {}
        for name, value in wanted.items():
            if name == "schedule":
                values["Schedule"] = (STRING, encoded(value))
            elif name == "action":
                values["Action"] = (SINT32, value)
            else:
                wmi, codec = SETTINGS[name]
                values[wmi] = (codec, value)
        return dict(sorted(values.items()))

    def _create(self) -> Job:
        before = {each.schedule_id for each in self.servicing.jobs(names=(self.wish.name,))}
        wanted = {"action": INSTALL, "schedule": self.wish.schedule or (self._now(),), **self.wish.settings}
        values = {"Name": (STRING, self.wish.name), **self._values(wanted)}
        try:
            keys = self.servicing.namespace.create(SCHEDULE, dict(sorted(values.items())))
            number = int(keys.get("ScheduleID", "0"))
        except OutcomeUnknown as lost:
            return self._adopted(before, lost)
        if not number:
            return self._adopted(before, None)
        found = self.servicing.jobs(ids=(number,))
        if not found:
            raise NotConverged(
                f"The site took the job {number} and does not show it",
                where=self.site.where,
                hint=f"Run the task again. {LOG}",
            )
        self._demand(found[0], wanted)
        return found[0]

    def _now(self) -> dict[str, Any]:
        """A schedule that is due: a minute that has begun, in UTC (behaviour 21)."""
        moment = self.site.means.clock.utc().replace(second=0, microsecond=0, tzinfo=None)
        return {"recurs": "never", "start": (moment - timedelta(minutes=1)).isoformat(), "utc": True}

    def _adopted(self, before: set[int], lost: OutcomeUnknown | None) -> Job:
        """The new job, found by its name, which no other had before."""
        for _look in self._looks():
            new = [each for each in self.servicing.jobs(names=(self.wish.name,)) if each.schedule_id not in before]
            if len(new) == 1:
                if lost is not None:
                    self._warn(
                        f"The answer to the creation was lost, and it was not sent again; it took effect: job {new[0].schedule_id}"
                    )
                return new[0]
        raise OutcomeUnknown(
            f"The job {self.wish.name!r} was sent once, and no single new one was seen within {self._grace:g} s",
            where=self.site.where,
            hint="Run the task again: it reads first, and sends only what is still missing",
        )

    def _put(self, job: Job, wanted: Mapping[str, Any]) -> None:
        """Change a job, as it is read now. Raises NotConverged, OutcomeUnknown."""
        # ASSUMED: a job of offline servicing that waits takes another schedule and other settings by a Put, with Action 1.
        instance = self.site.get_by(SCHEDULE, {"ScheduleID": str(job.schedule_id)})
        try:
            self.site.put(instance, self._values(wanted))
        except OutcomeUnknown as lost:
            for _look in self._looks():
                if not self._missed(self._again(job), wanted):
                    self._warn("The answer to the change was lost, and it was not sent again; it took effect")
                    return
            raise OutcomeUnknown(
                f"The change of job {job.schedule_id} was sent once and its answer was lost; no effect was seen within {self._grace:g} s",
                where=self.site.where,
                hint="Run the task again: it reads first",
            ) from lost
        self._demand(self._again(job), wanted)

    def _missed(self, job: Job, wanted: Mapping[str, Any]) -> dict[str, Any]:
        missed: dict[str, Any] = {}
        for name, value in wanted.items():
            if name == "action":  # the manager takes it back when it has begun, or ended
                continue
            found = decoded(job.schedule) if name == "schedule" else job.settings[name]
            good = schedule.same(value, found or ()) if name == "schedule" else (found or "") == (value or "")
            if not good:
                missed[name] = found
        return missed

    def _demand(self, job: Job, wanted: Mapping[str, Any]) -> None:
        missed = self._missed(job, wanted)
        if missed:
            told = "; ".join(f"{name} is {found!r}" for name, found in missed.items())
            raise NotConverged(
                f"The site took job {job.schedule_id} and kept other values: {told}", where=self.site.where, hint=LOG
            )

    def _add_rows(self, job: Job) -> None:
        """The images and updates that the job still lacks."""
        for package_id in sorted(frozenset(self.wish.images) - job.images):
            self._add(IMAGE, job, {"ImagePackageID": (STRING, package_id)})
        for number in sorted(self._updates - job.updates):
            self._add(UPDATE, job, {"UpdateID": (SINT32, number)})

    def _add(self, class_name: str, job: Job, values: dict[str, tuple[Codec, Any]]) -> None:
        row = dict(sorted({**values, "ScheduleID": (SINT32, job.schedule_id)}.items()))
        try:
            self.servicing.namespace.create(class_name, row)
        except OutcomeUnknown:
            wanted = next(iter(values.values()))[1]
            for _look in self._looks():
                now = self._again(job)
                if wanted in now.images or wanted in now.updates:
                    return
            raise

    def _run(self, job: Job) -> None:
        """Wake the manager (behaviour 100)."""
        # ASSUMED: the manager is woken once for each image, since the method takes one; it works through all jobs anyway.
        described = self.servicing.namespace.schemas.of("SMS_ImagePackage").method_named("RunOfflineServicingManager")
        names = {each.name for each in described.parameters} if described is not None else {"PackageType"}
        for package_id in self.wish.images:
            arguments: dict[str, tuple[Codec, Any]] = {
                "SiteCode": (STRING, self.site.code),
                "ServerName": (STRING, self._server),
                "PackageID": (STRING, package_id),
            }
            if "PackageType" in names:  # absent in older schemas
                arguments["PackageType"] = (UINT32, self._types[package_id])
            try:
                self.site.call("SMS_ImagePackage", "RunOfflineServicingManager", None, arguments)
            except OutcomeUnknown:
                self._warn(
                    f"The answer to RunOfflineServicingManager for {package_id} was lost, and it was not sent again; "
                    f"job {job.schedule_id} runs at the latest when the manager looks for itself"
                )

    def cancel(self, jobs: list[Job]) -> list[Job]:
        """Call jobs off with Action 2; what they are then. Raises NotConverged where one goes on."""
        after = []
        for job in jobs:
            instance = self.site.get_by(SCHEDULE, {"ScheduleID": str(job.schedule_id)})
            lost = None
            try:
                self.site.put(instance, {"Action": (SINT32, CANCEL)})
            except OutcomeUnknown as problem:
                lost = problem
            after.append(self._called_off(job, lost))
        return after

    def _called_off(self, job: Job, lost: OutcomeUnknown | None) -> Job:
        for _look in self._looks():
            now = self._again(job)
            if now.cancelled or now.ended:
                if lost is not None:
                    self._warn("The answer to the change was lost, and it was not sent again; it took effect")
                return now
        if lost is not None:
            raise lost
        raise NotConverged(
            f"Job {job.schedule_id} was called off and goes on",
            where=self.site.where,
            hint=f"Look at it in the console. {LOG}",
        )

    # -- waiting -----------------------------------------------------------------------------------------------

    def wait(self, job: Job, timeout: float, interval: float) -> Job:
        """The job at its end. Raises OperationFailed when it failed, was called off, or takes longer than `timeout` seconds."""
        clock, before = self.site.means.clock, job
        deadline = clock.now() + timeout
        while not (job.ended or job.cancelled or _came_round(before, job)):
            if clock.now() >= deadline:
                raise OperationFailed(
                    f"Job {job.schedule_id} named {job.name!r} has not ended within {timeout:g} s",
                    where=self.site.where,
                    hint="It goes on at the site. Run the task again to wait for it, or set wait_timeout higher",
                )
            clock.sleep(interval)
            job = self._seen(job, self.servicing.heads(ids=(job.schedule_id,)))
        job = self._again(job)
        if job.cancelled and not job.ended:
            raise OperationFailed(
                f"Job {job.schedule_id} named {job.name!r} was called off",
                where=self.site.where,
                hint="Run the task again to begin anew",
            )
        if job.state == FAILED or (_came_round(before, job) and any(run.status == RUN_FAILED for run in job.runs)):
            raise OperationFailed(self.failure(job), where=self.site.where, hint=LOG)
        for run in job.runs:
            if run.failed_update:
                title = self.titles.get(run.failed_update, "")
                self._warn(
                    f"Job {job.schedule_id} succeeded without update {run.failed_update} ({title!r}) in {run.package_id}: {error_text(run.error)}"
                )
        return job

    def failure(self, job: Job) -> str:
        """What failed: each image, the update it failed at, and the code."""
        told = []
        for run in job.runs:
            if run.status != RUN_FAILED:
                continue
            at = (
                f" at update {run.failed_update} ({self.titles.get(run.failed_update, '')!r})"
                if run.failed_update
                else ""
            )
            told.append(f"{run.package_id}{at} with {error_text(run.error)}")
        return f"Offline servicing failed in job {job.schedule_id}: {'; '.join(told) or 'the site does not say of which image'}"

    def newest(self, job: Job | None) -> Job | None:
        """The job as it is now, as far as it is there."""
        found = self.servicing.jobs(ids=(job.schedule_id,)) if job is not None else []
        return found[0] if found else job

    def _again(self, job: Job) -> Job:
        return self._seen(job, self.servicing.jobs(ids=(job.schedule_id,)))

    def _seen(self, job: Job, found: list[Job]) -> Job:
        """The job as it is now. Raises NotFound."""
        if not found:
            raise NotFound(
                f"Job {job.schedule_id} named {job.name!r} is gone from {self.site.where}",
                hint="Somebody deleted it. Run the task again",
            )
        return found[0]

    def _looks(self) -> Iterator[None]:
        """Looks until the grace is over, the first one at once."""
        clock = self.site.means.clock
        deadline = clock.now() + self._grace
        while True:
            yield
            if clock.now() >= deadline:
                return
            clock.sleep(LOOK_INTERVAL)


def _came_round(before: Job, now: Job) -> bool:
    """Whether a recurring job has run since, and waits for its next time: some sites may not show its outcome as its state."""
    return now.recurs and now.state in (WAITING, SCHEDULED) and bool(now.last_run) and now.last_run != before.last_run
