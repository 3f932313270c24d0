# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The distribution manager of a site: takes sources, raises versions, serves distribution points (behaviour 55 to 80).

A package walks from idle over queued and reading to sending, and back. Reading takes the source; sending serves the
targets that wait in `Package.queued`. Three packages are worked on at a time, each with five deliveries (behaviour 60).
"""

from __future__ import annotations

from collections import deque
from functools import partial

from ..world import (
    ACTION_ADD,
    ACTION_DELETE,
    ACTION_NONE,
    ACTION_UPDATE,
    ERROR,
    FAILED,
    IN_PROGRESS,
    INFORMATION,
    INSTALL_FAILED,
    INSTALL_PENDING,
    INSTALL_RETRYING,
    INSTALLED,
    NO_SOURCE,
    REMOVAL_PENDING,
    SUCCEEDED,
    TARGET_ADDED,
    TARGET_DELETED,
    TARGET_QUIET,
    TARGET_UPDATED,
    DistributionPoint,
    Package,
    Target,
    World,
)
from .references import References

PACKAGES_AT_A_TIME = 3
DELIVERIES_AT_A_TIME = 5

# Seconds. 200 MB took about 22 seconds from the notification to the new version (behaviour 56, 123).
_TAKE_NOTICE = 2.0
_KB_PER_SECOND = 10_240
_STORE = 2.0
_BEGIN_SENDING = 3.0
_SITE_HOP = 300.0  # behaviour 77
_PULL_DELAY = 60.0
_REMOVAL = 30.0
_REPLICATION = 60.0
_NOTE = 3.0  # a change that needs no reading


def reading_seconds(package: Package) -> float:
    """How long the site reads the source."""
    if package.read_seconds is not None:
        return package.read_seconds
    return _TAKE_NOTICE + package.size_kb / _KB_PER_SECOND


class DistributionManager:
    """The distribution manager of one site."""

    def __init__(self, world: World, site_code: str) -> None:
        self._world = world
        self._references = References(world)
        self.site_code = site_code
        self._waiting: deque[Package] = deque()
        self._active: set[Package] = set()
        self.most_packages = 0
        self.most_deliveries = 0

    # --- asking for work ---

    def refresh(self, package: Package, *, raises: bool = True, action: int = ACTION_UPDATE) -> None:
        """Ask for the source to be taken (again); with `raises` as a new version."""
        package.action = action
        policy = self._world.switches["busy_refresh"]  # ASSUMED: busy_refresh
        if package.phase == "reading" and policy == "coalesce":
            return
        each = policy == "each"
        package.raises = package.raises or raises
        if package.phase == "idle":
            package.runs_wanted = 1
            package.phase = "queued"
            self._waiting.append(package)
            self._begin_waiting()
        elif package.phase in ("queued", "reading"):
            package.runs_wanted = package.runs_wanted + 1 if each else 1
        else:
            # What is being sent is out of date: the package keeps its place and its source is read at once.
            package.runs_wanted = package.runs_wanted + 1 if each else 1
            for target in list(package.sending):
                target.delivery += 1
                package.queued.appendleft(target)
            package.sending.clear()
            if package in self._active:
                self._read(package)
            else:
                package.phase = "queued"
                self._waiting.append(package)
                self._begin_waiting()

    def is_reading(self, package: Package, seconds: float) -> None:
        """Set the stage: the package was taken before the scenario begins, takes no place, and is read for `seconds`."""
        package.action = ACTION_UPDATE
        package.phase = "reading"
        self._world.after(seconds, partial(self._have_read, package, True))

    def note(self, package: Package) -> None:
        """Take notice of a change that needs no reading: ActionInProgress 1 for a moment (behaviour 44)."""
        if package.action == ACTION_DELETE:
            return
        package.action = ACTION_UPDATE

        def taken() -> None:
            # A reading that is under way or to come ends the action itself.
            if package.phase != "reading" and not package.runs_wanted and package.action == ACTION_UPDATE:
                package.action = ACTION_NONE

        self._world.after(_NOTE, taken)

    def add(self, package: Package, point: DistributionPoint) -> Target:
        """Target the package at a distribution point and send it there (behaviour 64)."""
        world = self._world
        target = Target(package, point, row_at=world.now + point.row_delay, summarized=world.now, status=TARGET_ADDED)
        target.message = world.message(2398, INFORMATION, IN_PROGRESS, package.package_id, point.nal_path)
        package.targets[point.key] = target
        self.send(package, [target])
        return target

    def resend(self, target: Target) -> None:
        """Send all files again; the version stays (behaviour 66, 67)."""
        target.status = TARGET_UPDATED
        self._expect(target)
        self.send(target.package, [target])

    def send(self, package: Package, targets: list[Target]) -> None:
        """Queue deliveries. What has no source has nothing to deliver (behaviour 62)."""
        if not package.has_source:
            return
        for target in targets:
            if target not in package.queued and target not in package.sending:
                package.queued.append(target)
        if package.phase == "idle":
            package.phase = "queued"
            self._waiting.append(package)
            self._begin_waiting()
        elif package.phase == "sending":
            self._send(package)

    def remove(self, target: Target) -> None:
        """Take the content off a distribution point; the row goes when it is gone (behaviour 70)."""
        package = target.package
        target.delivery += 1
        target.status = TARGET_DELETED
        target.state = REMOVAL_PENDING
        target.summarized = self._world.now
        if target in package.queued:
            package.queued.remove(target)
        package.sending.discard(target)

        def gone() -> None:
            if package.targets.get(target.point.key) is target:
                del package.targets[target.point.key]
                self._world.status_message(2331, INFORMATION, self.site_code)
            if package.action == ACTION_DELETE and not package.targets:
                self.forget(package)

        self._world.after(_REMOVAL, gone)
        if package.phase == "sending":
            self._send(package)

    def cancel(self, target: Target) -> None:
        """Cancel a delivery under way (behaviour 69)."""
        package = target.package
        if target not in package.queued and target not in package.sending:
            return
        if target in package.queued:
            package.queued.remove(target)
        package.sending.discard(target)
        target.delivery += 1
        self._fail(target, 2318)
        if package.phase == "sending":
            self._send(package)

    def delete(self, package: Package) -> None:
        """Remove the package and its content from everywhere (behaviour 113)."""
        package.action = ACTION_DELETE
        package.runs_wanted = 0
        for target in list(package.targets.values()):
            self.remove(target)
        if not package.targets:
            self._world.after(_REMOVAL, partial(self.forget, package))

    def forget(self, package: Package) -> None:
        """Drop the package for good."""
        world = self._world
        if world.packages.get(package.package_id.lower()) is not package:
            return
        del world.packages[package.package_id.lower()]
        world.repository.stored(package.class_name).remove(package.record)
        self._references.forget(package.package_id)
        if package in self._waiting:
            self._waiting.remove(package)
        self._leave(package)

    # --- the package thread ---

    def _begin_waiting(self) -> None:
        while self._waiting and len(self._active) < PACKAGES_AT_A_TIME:
            package = self._waiting.popleft()
            self._active.add(package)
            self.most_packages = max(self.most_packages, len(self._active))
            if package.runs_wanted:
                self._read(package)
            else:
                package.phase = "sending"
                self._send(package)

    def _leave(self, package: Package) -> None:
        package.phase = "idle"
        self._active.discard(package)
        self._begin_waiting()

    def _read(self, package: Package) -> None:
        package.phase = "reading"
        package.runs_wanted -= 1
        raises, package.raises = package.raises, package.raises and package.runs_wanted > 0
        # ASSUMED: action_in_progress
        if self._world.switches["action_in_progress"] == "until_taken" and package.action != ACTION_DELETE:
            package.action = ACTION_NONE
        self._world.after(reading_seconds(package), partial(self._have_read, package, raises))

    def _have_read(self, package: Package, raises: bool) -> None:
        world = self._world
        if package.phase != "reading" or package.action == ACTION_DELETE:
            self._leave(package)
            return
        package.read_seconds = None
        package.seen_changes = world.changes_at_source(package)
        source = world.source(package)
        if source.problem:
            self._cannot_read(package, source.problem)
            return
        values = package.record.values
        package.distributed = package.built
        # ASSUMED: unchanged_source
        if raises and not (world.switches["unchanged_source"] == "stays" and not source.changed):
            values["SourceVersion"] = package.version + 1
            values["SourceDate"] = world.package_date(package)
        world.after(_STORE, partial(self._stored, package))

    def _cannot_read(self, package: Package, problem: int) -> None:
        world = self._world
        path = str(package.record.values.get("PkgSourcePath") or "")
        message = world.message(problem, ERROR, self._failed_state(), path, package.package_id)
        package.message = message
        for target in package.targets.values():
            target.message = world.message(problem, ERROR, self._failed_state(), path, package.package_id)
        world.status_message(problem, ERROR, self.site_code)
        self._continue(package)

    def _stored(self, package: Package) -> None:
        world = self._world
        if package.action == ACTION_DELETE:
            self._leave(package)
            return
        values = package.record.values
        values["StoredPkgVersion"] = package.version
        values["LastRefreshTime"] = world.package_date(package)
        package.message = None
        world.status_message(2376, INFORMATION, self.site_code)
        for target in package.targets.values():
            if target.status != TARGET_DELETED:
                # Whatever waited already is sent once, at the new version.
                if target not in package.queued:
                    package.queued.append(target)
                target.attempts = 0
        self._continue(package)

    def _continue(self, package: Package) -> None:
        """Read again if that was asked for meanwhile, else send what waits."""
        if package.runs_wanted:
            self._read(package)
            return
        if package.action in (ACTION_UPDATE, ACTION_ADD):
            package.action = ACTION_NONE
        package.phase = "sending"
        if not package.record.values.get("StoredPkgVersion"):
            package.queued.clear()  # nothing was ever stored, so there is nothing to send
        # ASSUMED: package_thread
        if self._world.switches["package_thread"] == "until_stored":
            self._active.discard(package)
            self._begin_waiting()
        if package.queued:
            self._world.after(_BEGIN_SENDING, partial(self._begin_sending, package))
        else:
            self._send(package)

    def _begin_sending(self, package: Package) -> None:
        if package.phase == "sending":
            for target in package.queued:
                self._expect(target)
            self._send(package)

    # --- deliveries ---

    def _expect(self, target: Target) -> None:
        target.state = INSTALL_PENDING
        target.summarized = self._world.now

    def _send(self, package: Package) -> None:
        world = self._world
        while package.queued and len(package.sending) < DELIVERIES_AT_A_TIME:
            target = package.queued.popleft()
            point = target.point
            package.sending.add(target)
            self.most_deliveries = max(self.most_deliveries, len(package.sending))
            target.delivery += 1
            target.status = TARGET_QUIET
            if target.state != INSTALL_RETRYING:
                self._expect(target)
            number = 2357 if point.pull_from else 2342
            target.message = world.message(number, INFORMATION, IN_PROGRESS, package.package_id, point.nal_path)
            seconds = 5.0 + package.size_kb / 1024 / point.speed
            seconds += _PULL_DELAY if point.pull_from else 0.0
            seconds += _SITE_HOP if point.site_code != self.site_code else 0.0
            world.after(seconds, partial(self._delivered, target, target.delivery, package.version))
        if not package.queued and not package.sending:
            self._leave(package)

    def _delivered(self, target: Target, delivery: int, version: int) -> None:
        package = target.package
        if target.delivery != delivery or target not in package.sending:
            return
        world, point = self._world, target.point
        package.sending.discard(target)
        target.attempts += 1
        if point.pull_from and not self._pull_source_has(target, version):
            self._retry(target, 8212)
        elif point.failing_attempts is None or target.attempts <= point.failing_attempts:
            if target.attempts >= point.attempts:
                self._fail(target, point.failure)
            else:
                self._retry(target, 2304)
        else:
            target.state = INSTALLED
            target.version = version
            target.attempts = 0
            target.last_copied = target.summarized = world.now
            number = 8210 if point.pull_from else 2330
            target.message = world.message(number, INFORMATION, SUCCEEDED, package.package_id, point.nal_path)
        if package.phase == "sending":
            self._send(package)

    def _pull_source_has(self, target: Target, version: int) -> bool:
        source = target.package.targets.get(target.point.pull_from)
        return source is not None and source.version >= version

    def _retry(self, target: Target, number: int) -> None:
        world, package = self._world, target.package
        target.state = INSTALL_RETRYING
        target.summarized = world.now
        target.message = world.message(number, INFORMATION, IN_PROGRESS, package.package_id, target.point.nal_path)
        delivery = target.delivery

        def again() -> None:
            if target.delivery == delivery and target.state == INSTALL_RETRYING:
                self.send(package, [target])

        world.after(_PULL_DELAY if number == 8212 else target.point.retry_interval, again)

    def _fail(self, target: Target, number: int) -> None:
        world = self._world
        target.state = INSTALL_FAILED
        target.attempts = 0
        target.summarized = world.now
        target.message = world.message(
            number, ERROR, self._failed_state(), target.package.package_id, target.point.nal_path
        )
        world.status_message(number, ERROR, self.site_code)

    def _failed_state(self) -> int:
        return FAILED if self._world.switches["message_state_error"] == "3" else 4  # ASSUMED: message_state_error


class Distribution:
    """The distribution managers of all sites."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.managers = {code: DistributionManager(world, code) for code in world.sites}

    def of(self, package: Package) -> DistributionManager:
        """The one of the owning site."""
        return self.managers[package.owner]

    def refresh(self, package: Package, site_code: str) -> None:
        """RefreshPkgSource as asked at `site_code` (behaviour 55, 61, 62, 109)."""
        world = self._world
        if package.record.values.get("PkgSourceFlag") == NO_SOURCE or package.action == ACTION_DELETE:
            return
        if package.owner == site_code:
            self.of(package).refresh(package)
        elif world.is_above(site_code, package.owner) and world.switches["central_refresh"] == "owner_acts":
            # ASSUMED: central_refresh. The owner hears of it by replication.
            package.action = ACTION_UPDATE

            def heard() -> None:
                if world.package(package.package_id) is package and package.action != ACTION_DELETE:
                    self.of(package).refresh(package)

            world.after(_REPLICATION, heard)
        elif world.switches["foreign_refresh"] == "marked":  # ASSUMED: foreign_refresh
            self.of(package).note(package)
