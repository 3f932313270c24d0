# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The schedules by which the site looks at the sources of packages: SMS_PackageBaseclass.RefreshSchedule (behaviour 47, 48)."""

from __future__ import annotations

from datetime import timedelta, timezone
from functools import partial

from ..recurrence import next_time
from ..world import ACTION_DELETE, Event, Package, World
from .distribution import Distribution

STORAGE_DIRECT = 2


class RefreshSchedules:
    """Has each package refreshed when its schedule comes round and its source has changed."""

    def __init__(self, world: World, distribution: Distribution) -> None:
        self._world = world
        self._distribution = distribution
        self._armed: dict[str, Event] = {}

    def arm(self, package: Package) -> None:
        """Wait for the next moment of the schedule that the package has now."""
        world, values = self._world, package.record.values
        waiting = self._armed.pop(package.package_id, None)
        if waiting is not None:
            waiting.call_off()
        tokens = values.get("RefreshSchedule")
        if not tokens or values.get("PkgSourceFlag") != STORAGE_DIRECT:
            return
        begin = world.start.replace(tzinfo=None)
        due = next_time(tokens, begin + timedelta(seconds=world.now), world.sites[package.owner].utc_offset)
        if due is not None:
            moment = (due.replace(tzinfo=timezone.utc) - world.start).total_seconds()
            self._armed[package.package_id] = world.at(moment, partial(self._due, package))

    def _due(self, package: Package) -> None:
        world = self._world
        if world.package(package.package_id) is not package or package.action == ACTION_DELETE:
            return
        self.arm(package)
        # ASSUMED: a boot image is taken as it lies there by its schedule, and is not built.
        if world.changes_at_source(package) != package.seen_changes:
            self._distribution.of(package).refresh(package)
