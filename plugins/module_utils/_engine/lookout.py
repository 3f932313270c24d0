# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking at packages that are under way: few queries for all of them together, and what is seen goes into the targets.

It never changes anything at the site, and decides nothing but what a look alone can settle: a package is gone, a source
cannot be read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Callable

from .._cim import wql
from .._cim.types import DATETIME, STRING, UINT32, UINT64, Codec
from .._provider.clock import Clock
from .._provider.errors import ProviderError
from .._provider.site import Site
from .distribution import POINT_COLUMNS, Point, judge
from .operation import Phase, Rules, Target
from .selection import BASE_CLASS, MOVING_COLUMNS, slices

# The distribution manager could not read the source (reference: status_messages.yml).
SOURCE_MESSAGES = {2306: "the source folder does not exist", 2307: "the source folder is not accessible"}
_MESSAGE_COLUMNS = {
    "PackageID": STRING,
    "ID": UINT64,
    "LastStatusID": UINT64,
    "MessageID": UINT32,
    "LastUpdateDate": DATETIME,
}
_TARGETED_COLUMNS = {"PackageID": STRING, "Targeted": UINT32}


class Lookout:
    """What one task sees of its packages."""

    def __init__(self, rules: Rules, clock: Clock, warn: Callable[[str], None]) -> None:
        self.rules = rules
        self.clock = clock
        self.warn = warn
        self._messages_readable = True

    def before(self, site: Site, targets: Sequence[Target]) -> None:
        """Before the first call: the messages about sources that stand there already, and the states of the points."""
        for target, row in self._messages(site, targets):
            if not target.resumed:  # what stands there may be about the very call that is taken up
                target.old_messages |= {_message_key(row)}
        if self.rules.until_distributed:
            for target, row in self._rows(site, targets, "SMS_PackageStatusDistPointsSummarizer", POINT_COLUMNS):
                point = Point.from_row(row)
                target.watch.before[point.server, point.site_code] = point

    def look(self, site: Site, targets: Sequence[Target], number: int) -> None:
        """Look number `number`: at most three queries for all packages of one site together."""
        moving = [
            target for target in targets if target.phase is not Phase.DISTRIBUTING and target.phase is not Phase.WAITING
        ]
        moving += self._candidates(targets)
        if moving:
            seen = dict(self._rows(site, moving, BASE_CLASS, MOVING_COLUMNS))
            for target in moving:
                if target in seen:
                    target.package = target.package.moved(seen[target])
                    target.looked = number
                else:
                    target.end("failed", "it is gone: deleted, or no longer visible to " + site.user)
        distributing = [target for target in targets if target.phase is Phase.DISTRIBUTING]
        versioning = [target for target in targets if self._reads_source(target)]
        if distributing:
            points: dict[Target, list[Point]] = {target: [] for target in distributing}
            for target, row in self._rows(site, distributing, "SMS_PackageStatusDistPointsSummarizer", POINT_COLUMNS):
                points[target].append(Point.from_row(row))
            if not versioning or number % 2 == 0 or any(target.targeted is None for target in distributing):
                for target, row in self._rows(site, distributing, "SMS_PackageStatusRootSummarizer", _TARGETED_COLUMNS):
                    target.targeted = row["Targeted"] or 0
                for target in distributing:
                    target.targeted = target.targeted or 0
                for target in versioning:
                    if target.phase is Phase.WAITING:
                        target.looked = -1  # its messages come with the next round, and it is not sent before
                versioning = []
            now = self.clock.now()
            for target in distributing:
                target.verdict = judge(
                    points[target], target.goal or 0, target.targeted or 0, self.rules.wanted, target.watch, now
                )
        if versioning:
            for target, row in self._messages(site, versioning):
                if target.phase is Phase.WAITING:  # about the action that is waited for, not about ours
                    target.old_messages |= {_message_key(row)}
                elif target.open and self._is_about_this(target, row):
                    what = SOURCE_MESSAGES.get(row["MessageID"], "the source cannot be read")
                    target.end("failed", f"{what}: {target.package.source_path} (status message {row['MessageID']})")

    def _reads_source(self, target: Target) -> bool:
        """Whether the site reads its source now, so that messages about sources matter."""
        if target.phase is Phase.WAITING:
            return self.rules.wait and target.waited_for_action
        return target.phase is Phase.VERSIONING or (self.rules.wait and target.phase is Phase.JOINING)

    @staticmethod
    def _is_about_this(target: Target, row: Mapping[str, Any]) -> bool:
        """A message is about this call if it is new; for a call of an earlier run, if it stands when all is over without effect."""
        if target.resumed:
            over = target.package.action == 0 and not target.resource.builds_in_call
            return over and target.fence is not None and not target.fence.effect(target.package)
        return _message_key(row) not in target.old_messages

    def _messages(self, site: Site, targets: Sequence[Target]) -> list[tuple[Target, dict[str, Any]]]:
        """What the distribution manager said of sources. An account that may not read it can refresh all the same."""
        if not self._messages_readable:
            return []
        wanted = wql.in_list("MessageID", sorted(SOURCE_MESSAGES))
        try:
            return list(self._rows(site, targets, "SMS_DistributionDPStatus", _MESSAGE_COLUMNS, wanted))
        except ProviderError as refused:
            self._messages_readable = False
            self.warn(f"A source that cannot be read would only show by a time-out: {refused}")
            return []

    @staticmethod
    def _rows(
        site: Site, targets: Sequence[Target], class_name: str, columns: Mapping[str, Codec], *more: wql.Condition
    ) -> Iterator[tuple[Target, dict[str, Any]]]:
        by_id = {target.package.package_id: target for target in targets}
        for part in slices(list(by_id)):
            for row in site.list_of(class_name, columns, wql.and_(wql.in_list("PackageID", part), *more)):
                target = by_id.get((row["PackageID"] or "").upper())
                if target is not None:
                    yield target, row

    def _candidates(self, targets: Sequence[Target]) -> list[Target]:
        """The waiting packages that may go next, and those whose running action is waited for."""
        waiting = [target for target in targets if target.phase is Phase.WAITING]
        busy = [target for target in waiting if target.waited_for_action]
        free = [target for target in waiting if not target.waited_for_action]
        return busy + free[: self.rules.in_flight]


def _message_key(row: Mapping[str, Any]) -> tuple[str, str]:
    date = row["LastUpdateDate"]
    return str(row["ID"]), f"{row['LastStatusID']} {date.text if date else ''} {row['MessageID']}"
