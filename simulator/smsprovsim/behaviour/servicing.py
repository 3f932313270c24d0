# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Offline servicing: updates are put into images by jobs, one image after the other (behaviour 100, 101, 127)."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from .. import interval_strings, recurrence
from ..images import Edition, Wim
from ..model import Value
from ..repository import Record, StoredTable, provider_error
from ..world import Event, Package, World
from . import paths
from .servicing_rows import ServicingRows

if TYPE_CHECKING:
    from .distribution import Distribution
    from .image_writes import ImageWrites

SCHEDULE, IMAGE, UPDATE = (
    "SMS_ImageServicingSchedule",
    "SMS_ImageServicingScheduledImage",
    "SMS_ImageServicingScheduledUpdate",
)
SCAN = "SMS_ImageServicingScanRequest"
WRITABLE = frozenset({SCHEDULE, IMAGE, UPDATE, SCAN})
SERVICED = ("SMS_ImagePackage", "SMS_OperatingSystemInstallPackage", "SMS_VhdPackage")

NO_ACTION, INSTALL, CANCEL = 0, 1, 2
NONE, SCHEDULED, RUNNING, SUCCEEDED, FAILED = 0, 1, 2, 3, 4
RUN_GOES_ON, RUN_SUCCEEDED, RUN_FAILED = 1, 2, 3

_BAD_PROPERTY = 1078462229
_BAD_PARAMETER = 1078462208
# ASSUMED: Win32ErrorCode of a cancelled run, and of an update or an image that is not there; the reference has the column only.
_CANCELLED, _NO_UPDATE, _NO_IMAGE = 1223, 1168, 1168
# ASSUMED: an offline servicing manager that nobody wakes looks once an hour.
_LOOKS_EVERY = 3600.0
_WAKES = 5.0
_MOUNTING = 900.0  # behaviour 127: tens of minutes to hours
_PER_UPDATE = 300.0
_SAVING = 600.0


@dataclass(frozen=True)
class Update:
    """A software update. `error`: with which code its installation fails; `not_for`: beginnings of versions."""

    identity: int
    title: str
    error: int = 0
    not_for: tuple[str, ...] = ()

    def fits(self, edition: Edition) -> bool:
        """Whether the image needs it."""
        return not edition.os_version.startswith(self.not_for) if self.not_for else True


@dataclass
class Run:
    """A job at work on one image: its updates, those that are in, and the first that failed."""

    schedule: Record
    package: Package
    began: float
    left: deque[int]
    done: list[int] = field(default_factory=list)
    failed: int = 0
    error: int = 0
    event: Event | None = None


class OfflineServicing:
    """The offline servicing managers of all sites, as one; jobs wait for each other."""

    def __init__(self, world: World, distribution: Distribution, images: ImageWrites) -> None:
        self._world = world
        self._distribution = distribution
        self._images = images
        self.updates: dict[int, Update] = {}
        self._next_id = 16777217
        self._queue: deque[tuple[Record, Package]] = deque()
        self._failed: set[int] = set()  # jobs of which an image failed
        self._armed: dict[int, Event] = {}  # what waits for the time of a job
        self.running: Run | None = None
        self.rows = ServicingRows(world, self.updates)
        for class_name in WRITABLE:
            world.repository.stored(class_name)

    def _table(self, class_name: str) -> StoredTable:
        return self._world.repository.stored(class_name)

    # --- objects ---

    def create(self, class_name: str, values: dict[str, Value]) -> Record:
        """Store a job, or what belongs to one. Raises `WmiError`."""
        if class_name == SCHEDULE:
            return self._create_schedule(values)
        if "ScheduleID" in self._world.repository.classes[class_name.lower()].properties:
            self._schedule(values.get("ScheduleID"), class_name)
        if "ImagePackageID" in values:
            self._image(values["ImagePackageID"], class_name)
        record = self._table(class_name).add(values)
        if class_name == SCAN:
            self._world.after(_MOUNTING, lambda: self._scanned(record))
        return record

    def _create_schedule(self, values: dict[str, Value]) -> Record:
        if values.get("ScheduleID"):
            raise provider_error(_BAD_PARAMETER, "ScheduleID is given by the site", "PutInstance", SCHEDULE)
        self._check_schedule(values)
        definition = self._world.repository.classes[SCHEDULE.lower()]
        stored = {**definition.defaults, **values, "ScheduleID": self._next_id, "State": NONE, "LastRunDateTime": None}
        self._next_id += 1
        record = self._table(SCHEDULE).add(stored)
        self._world.count("ServicingSchedule", str(stored["ScheduleID"]))
        self._world.after(_LOOKS_EVERY, self._look)
        return record

    @staticmethod
    def _check_schedule(values: Mapping[str, Value]) -> None:
        text = values.get("Schedule")
        try:
            if text:
                interval_strings.decode(str(text))
        except ValueError as error:
            raise provider_error(_BAD_PROPERTY, f"Schedule: {error}", "PutInstance", SCHEDULE) from error
        if values.get("Action") not in (None, NO_ACTION, INSTALL, CANCEL):
            raise provider_error(_BAD_PROPERTY, "Action is 0, 1 or 2", "PutInstance", SCHEDULE)

    def _schedule(self, identity: Value, class_name: str) -> Record:
        record = self._table(SCHEDULE).find(identity)
        if record is None:
            raise provider_error(_BAD_PARAMETER, f"There is no schedule {identity}", "PutInstance", class_name)
        return record

    def _image(self, package_id: Value, class_name: str) -> Package:
        package = self._world.package(package_id)
        if package is None or package.class_name not in SERVICED:
            raise provider_error(_BAD_PARAMETER, f"{package_id} is no image", "PutInstance", class_name)
        return package

    def put(self, record: Record, values: Mapping[str, Value]) -> None:
        """Change a job. State and LastRunDateTime belong to the manager. Raises `WmiError`."""
        if record.definition.name != SCHEDULE:
            record.values.update({name: value for name, value in values.items() if name == "LastRunDateTime"})
            if record.definition.name == SCAN:
                self._world.after(_MOUNTING, lambda: self._scanned(record))
            return
        self._check_schedule(values)
        # ASSUMED: what a client writes into State and LastRunDateTime is not taken.
        kept = ("ScheduleID", "State", "LastRunDateTime")
        record.values.update({name: value for name, value in values.items() if name not in kept})
        self._world.count("ServicingSchedule", str(record.values["ScheduleID"]))
        if record.values.get("Action") == CANCEL:
            self._cancel(record)
        elif record.values.get("Action") == INSTALL and record.values["State"] != RUNNING:
            self._disarm(record)
            record.values["State"] = NONE
            self._world.after(_LOOKS_EVERY, self._look)

    def delete(self, record: Record) -> None:
        """Remove a job with its images and updates, or one of those."""
        if record.definition.name == SCHEDULE:
            self._cancel(record)
            for class_name in (IMAGE, UPDATE):
                for each in self._of(class_name, record):
                    self._table(class_name).remove(each)
        self._table(record.definition.name).remove(record)

    def _of(self, class_name: str, schedule: Record) -> list[Record]:
        identity = schedule.values["ScheduleID"]
        return [each for each in self._table(class_name).records.values() if each.values["ScheduleID"] == identity]

    # --- the manager ---

    def wake(self) -> None:
        """RunOfflineServicingManager: look at the jobs as soon as possible."""
        self._world.after(_WAKES, self._look)

    def _look(self) -> None:
        for record in list(self._table(SCHEDULE).records.values()):
            if record.values["State"] == NONE and record.values.get("Action") == INSTALL:
                record.values["State"] = SCHEDULED
                # ASSUMED: a job that is not to recur, and whose time is over, begins at once; so does one without a schedule.
                due = self._next_time(record, recurring=False)
                self._arm(record, self._world.now if due is None else due)

    def _next_time(self, record: Record, *, recurring: bool) -> float | None:
        """When the schedule of the job comes round again; with `recurring` only what comes more than once counts."""
        world, text = self._world, record.values.get("Schedule")
        tokens = interval_strings.decode(str(text)) if text else []
        begin = world.start.replace(tzinfo=None)
        now = begin + timedelta(seconds=world.now)
        offset = next(iter(world.sites.values())).utc_offset
        due = recurrence.next_time([each for each in tokens if not recurring or recurrence.recurs(each)], now, offset)
        return None if due is None else (due - begin).total_seconds()

    def _arm(self, record: Record, due: float) -> None:
        moment = max(self._world.now + _WAKES, due)
        self._armed[record.values["ScheduleID"]] = self._world.at(moment, partial(self._begin, record))

    def _disarm(self, record: Record) -> None:
        waiting = self._armed.pop(record.values["ScheduleID"], None)
        if waiting is not None:
            waiting.call_off()

    def _begin(self, record: Record) -> None:
        if self._table(SCHEDULE).find(record.values["ScheduleID"]) is not record:
            return
        images = [self._world.package(each.values["ImagePackageID"]) for each in self._of(IMAGE, record)]
        record.values.update(State=RUNNING, LastRunDateTime=self._world.date())
        self._failed.discard(record.values["ScheduleID"])
        self._queue.extend((record, package) for package in images if package is not None)
        if not any(package is not None for package in images):
            self._ended(record, SUCCEEDED)
        self._next()

    def _ended(self, record: Record, state: int) -> None:
        """A job has gone through its images; one that recurs waits for its next time."""
        due = self._next_time(record, recurring=True)
        if due is None or record.values.get("Action") == CANCEL:
            # ASSUMED: Action 2 stays on a recurring job that was called off; any other that ended has Action 0.
            record.values.update(State=state, Action=NO_ACTION if due is None else CANCEL)
            return
        # ASSUMED: recurring_state
        waits = self._world.switches["recurring_state"] == "scheduled"
        record.values.update(State=SCHEDULED if waits else state, Action=INSTALL)
        self._arm(record, due)

    def _next(self) -> None:
        if self.running is None and self._queue:
            record, package = self._queue.popleft()
            wanted = sorted(int(each.values["UpdateID"]) for each in self._of(UPDATE, record))
            run = Run(record, package, self._world.now, deque(wanted))
            self.running = run
            self.rows.progress(run.schedule, package, run.began, RUN_GOES_ON)
            problem = paths.problem(self._path(package), self._world, "computer")
            run.error = problem
            run.event = self._world.after(_WAKES if problem else _MOUNTING, lambda: self._step(run))

    @staticmethod
    def _path(package: Package) -> str:
        return str(package.record.values.get("PkgSourcePath") or "")

    def _wim(self, package: Package) -> Wim:
        return paths.wim(self._path(package), self._world, self._world.sites[package.owner], boot=False)

    def _step(self, run: Run) -> None:
        """Install the next update, or save the image when none is left."""
        world = self._world
        goes_on = not run.error or (bool(run.schedule.values.get("ContinueOnError")) and run.failed)
        if not goes_on:
            self._over(run)
        elif run.left:
            run.event = world.after(_PER_UPDATE, lambda: self._install(run, run.left.popleft()))
        else:
            run.event = world.after(_SAVING, lambda: self._saved(run))

    def _install(self, run: Run, identity: int) -> None:
        update = self.updates.get(identity)
        error = _NO_UPDATE if update is None else update.error
        if error:
            if not run.failed:
                run.failed, run.error = identity, error
        elif identity not in frozenset[int]().union(*(each.updates for each in self._wim(run.package).editions)):
            run.done.append(identity)
        self.rows.installed(run.package, identity, error, None if error else self._world.date())
        self._step(run)

    def _saved(self, run: Run) -> None:
        """The new file takes the place of the old one, and with UpdateDP the distribution points get it (behaviour 101)."""
        world, package = self._world, run.package
        if world.package(package.package_id) is not package:
            run.error = _NO_IMAGE
            self._over(run)
            return
        path, wim = self._path(package).lower(), self._wim(package)
        if run.done:
            editions = tuple(
                replace(
                    each,
                    os_version=_patched(each.os_version, len(run.done)),
                    updates=each.updates.union(run.done),
                )
                for each in wim.editions
            )
            world.wims[path] = replace(wim, editions=editions)
            world.note_change(path)
            # ASSUMED: the manager has the metadata read again.
            self._images.take_metadata(package, world.wims[path])
        world.count("ImageServiced", package.package_id)
        if run.schedule.values.get("UpdateDP"):
            self._distribution.refresh(package, package.owner)
        if run.failed and world.switches["continued_run"] == "succeeds":  # ASSUMED: continued_run
            run.error = 0
        self._over(run)

    def _over(self, run: Run) -> None:
        world, values = self._world, run.schedule.values
        status = RUN_FAILED if run.error else RUN_SUCCEEDED
        self.rows.progress(run.schedule, run.package, run.began, status, run.failed, run.error)
        self.rows.history(run.schedule, run.package, run.began, status, run.failed)
        identity = values["ScheduleID"]
        if run.error:
            self._failed.add(identity)
        if not any(record is run.schedule for record, _unused in self._queue):
            self._ended(run.schedule, FAILED if identity in self._failed else SUCCEEDED)
            world.count("ServicingRun", str(identity))
        self.running = None
        self._next()

    def _cancel(self, record: Record) -> None:
        self._queue = deque(each for each in self._queue if each[0] is not record)
        self._disarm(record)
        run = self.running
        if run is not None and run.schedule is record:
            if run.event is not None:
                run.event.call_off()
            run.error = _CANCELLED
            self._over(run)
        elif record.values["State"] == SCHEDULED:
            # ASSUMED: a job that is cancelled before it began has no state any more.
            record.values.update(State=NONE, Action=NO_ACTION)
        elif record.values["State"] == RUNNING:
            record.values.update(State=FAILED, Action=NO_ACTION)

    def snapshot(self) -> dict[str, Value]:
        """State by ScheduleID."""
        return {str(each.values["ScheduleID"]): each.values["State"] for each in self._table(SCHEDULE).records.values()}

    # --- scans ---

    def _scanned(self, record: Record) -> None:
        package = self._world.package(record.values["ImagePackageID"])
        record.values.update(Status=1 if package is not None else 2, LastRunDateTime=self._world.date())
        if package is not None:
            self.rows.scanned(package, self._wim(package).editions)


def _patched(version: str, times: int) -> str:
    head, _unused, last = version.rpartition(".")
    return f"{head}.{int(last) + 100 * times}"
