# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The refresh of packages: what is to be done for each one, decided before anything is sent; then carried out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Callable

from .._cim import wql
from .._cim.types import STRING, UINT32
from .._provider.clock import Clock
from .._provider.errors import Impossible, Interrupted, ProviderError
from .._provider.site import Site, open_owner, providers
from .build import NO_STATUS, read_status
from .distribution import Watch
from .need import need, zone_of
from .operation import Earlier, Fence, Operation, Phase, Rules, Target
from .perform import Performance
from .resource import Resource
from .selection import BASE_CLASS, Asked, PackageState, find, slices

NO_SOURCE = 1  # PkgSourceFlag STORAGE_NO_SOURCE
DELETING = 3  # ActionInProgress DELETE
CENTRAL = 4  # SMS_Site.Type

_SITE_COLUMNS = {"ReportingSiteCode": STRING, "SiteCode": STRING, "TimeZoneInfo": STRING, "Type": UINT32}
_SIZE_COLUMNS = {"PackageID": STRING, "SourceSize": UINT32, "Targeted": UINT32}


@dataclass(frozen=True)
class Wish:
    """What the task asks for, besides how to carry it out."""

    asked: Asked
    newer_than: datetime | None = None
    max_age: float | None = None
    owner_mismatch: str | None = None
    ignore_unrefreshable: bool = False
    resume: Mapping[str, Earlier] = field(default_factory=dict)


class Refresh:
    """One task: its packages as targets, the sessions it opened, and what it warns of."""

    def __init__(
        self,
        operation: Operation,
        resources: Sequence[Resource],
        site: Site,
        wish: Wish,
        rules: Rules,
        clock: Clock,
        warn: Callable[[str], None],
    ) -> None:
        self.operation = operation
        self.site = site
        self.wish = wish
        self.rules = rules
        self.targets: list[Target] = []
        self._resources = {item.package_type: item for item in resources}
        self._all_resources = resources
        self._clock = clock
        self._warn = warn
        self._owners: dict[str, Site] = {}
        self._only_look = False
        self._sites: dict[str, Mapping[str, object]] | None = None

    @property
    def requests(self) -> int:
        """WS-Management requests of all sessions."""
        return self.site.requests + sum(owner.requests for owner in self._owners.values())

    def close(self) -> None:
        """End all sessions."""
        for owner in self._owners.values():
            owner.close()
        self.site.close()

    # -- planning --------------------------------------------------------------------------------------------------

    def plan(self, only_look: bool = False) -> None:
        """Find the packages and decide about each one. Raises Impossible with every problem; nothing was sent then.

        `only_look`: no method is called at all, not even one that reads, as check mode wants it.
        """
        self._only_look = only_look
        packages = find(self.site, self.wish.asked, self._all_resources)
        problems: list[str] = []
        mismatch = self._mismatch(packages)
        for package in packages:
            self.targets.append(self._target(package, mismatch, problems))
        self._follow_owners(mismatch, problems)
        if problems:
            raise Impossible("; ".join(problems), where=self.site.where, hint="Nothing was sent")
        now = self._clock.now()
        newer_than = self._newer_than()
        zone = zone_of(self._site_text("TimeZoneInfo")) if newer_than else (0, 0)
        for target in self.targets:
            if target.open:
                self._decide(target, newer_than, zone, now)

    def _target(self, package: PackageState, mismatch: str, problems: list[str]) -> Target:
        resource = self._resources.get(package.package_type) or _unknown(package.package_type)
        target = Target(package, resource, self.site, Watch())
        cannot = _unrefreshable(package, resource)
        if cannot and self.wish.ignore_unrefreshable:
            target.end("skipped", cannot)
        elif cannot:
            problems.append(f"{resource.label} {package.label}: {cannot} (or set ignore_unrefreshable)")
        elif package.action == DELETING:
            problems.append(f"{resource.label} {package.label} is being deleted")
        elif package.action and self.rules.when_busy == "fail" and not self._sent_earlier(package):
            problems.append(f"{resource.label} {package.label}: an action is running on it, and when_busy is fail")
        elif self._foreign(package) and mismatch == "fail":
            problems.append(self._foreign_text(package))
        return target

    def _sent_earlier(self, package: PackageState) -> bool:
        """Whether what runs on it may be our own, from an earlier run."""
        earlier = self.wish.resume.get(package.package_id)
        return earlier is not None and earlier.sent

    def _foreign(self, package: PackageState) -> bool:
        return bool(package.source_site) and package.source_site != self.site.code

    def _mismatch(self, packages: Sequence[PackageState]) -> str:
        """What to do with packages of other sites: as asked; else send at a central site whose child owns them (behaviour 109)."""
        if self.wish.owner_mismatch:
            return self.wish.owner_mismatch
        owners = {package.source_site for package in packages if self._foreign(package)}
        if not owners:
            return "fail"
        sites = self._site_rows()
        central = sites.get(self.site.code, {}).get("Type") == CENTRAL
        children = all(
            str(sites.get(owner, {}).get("ReportingSiteCode") or "").upper() == self.site.code for owner in owners
        )
        return "send" if central and children else "fail"

    def _foreign_text(self, package: PackageState) -> str:
        try:
            hosts = sorted({item.machine for item in providers(self.site) if item.site_code == package.source_site})
        except ProviderError:
            hosts = []
        at = f" (SMS Provider: {', '.join(hosts)})" if hosts else ""
        return (
            f"{package.label} is owned by site {package.source_site}{at}, and a refresh at site {self.site.code} would never raise its version; "
            "connect to the owning site, or set owner_mismatch to follow"
        )

    def _follow_owners(self, mismatch: str, problems: list[str]) -> None:
        """For `follow`: a session at each owning site, and a fresh look at its packages there."""
        if mismatch != "follow" or problems:
            return
        for code in sorted(
            {target.package.source_site for target in self.targets if target.open and self._foreign(target.package)}
        ):
            owner = open_owner(self.site, code)
            self._owners[code] = owner
            mine = [target for target in self.targets if target.open and target.package.source_site == code]
            found = find(
                owner, Asked(package_ids=tuple(target.package.package_id for target in mine)), self._all_resources
            )
            for target, package in zip(mine, found):
                target.site = owner
                target.package = package

    def _decide(self, target: Target, newer_than: datetime | None, zone: tuple[int, int], now: float) -> None:
        earlier = self.wish.resume.get(target.package.package_id)
        if earlier and earlier.sent:
            target.earlier = earlier
            if self._take_up(target, earlier, now):
                return
        elif earlier:
            target.earlier = earlier
            target.reason = "the earlier run did not send it"
            return
        decision = need(target.package, newer_than, zone)
        if not decision.needed:
            target.end("skipped", decision.reason)
        elif not target.reason:
            target.reason = decision.reason

    def _take_up(self, target: Target, earlier: Earlier, now: float) -> bool:
        """Go on where an earlier run left off; False if it has to be sent again, because nothing ever came of it."""
        package = target.package
        before = package.source_version if earlier.version_before is None else earlier.version_before
        fence = Fence(before, earlier.last_refresh_before, 0)
        effect = fence.effect(package)
        building = not effect and target.resource.builds_in_call and bool(earlier.context_id)
        if building and earlier.answer_lost and not self._only_look:
            building = read_status(target.site, target.resource.wmi_class, earlier.context_id or "").status != NO_STATUS
        if earlier.answer_lost and not effect and not building:
            target.reason = "the earlier run sent it, its answer was lost, and the site shows no effect of it"
            return False
        target.fence = fence
        target.sent = target.resumed = True
        target.proven = not earlier.answer_lost or bool(effect)
        target.context_id = earlier.context_id
        target.reason = f"sent by the earlier run ({effect or 'accepted then'}), so it is not sent again"
        if building:
            target.enter(Phase.BUILDING, now)
        elif self.rules.wait:
            target.enter(Phase.VERSIONING, now)
        else:
            target.end("joined", target.reason)
        return True

    def _newer_than(self) -> datetime | None:
        limits = [self.wish.newer_than] if self.wish.newer_than else []
        if self.wish.max_age is not None:
            limits.append(self._clock.utc() - timedelta(seconds=self.wish.max_age))
        return max(limits) if limits else None

    def _site_rows(self) -> dict[str, Mapping[str, object]]:
        if self._sites is None:
            self._sites = {str(row["SiteCode"]).upper(): row for row in self.site.list_of("SMS_Site", _SITE_COLUMNS)}
        return self._sites

    def _site_text(self, column: str) -> str:
        return str(self._site_rows().get(self.site.code, {}).get(column) or "")

    # -- carrying out ----------------------------------------------------------------------------------------------

    def allow_failures(self, limit: tuple[float, bool]) -> None:
        """Set the stop rule: a count of packages, or a percentage of those of the task."""
        number, percentage = limit
        allowed = number * len(self.targets) / 100.0 if percentage else number
        self.rules = replace(self.rules, max_failed=allowed)

    def perform(self) -> None:
        """Send and watch. Every outcome is in the targets."""
        performance = Performance(self.operation, self.targets, self.rules, self._clock, self._warn)
        try:
            performance.run()
        except Interrupted as stop:  # it came when the run was as good as over
            performance.end_all(str(stop), stop)

    def predict(self) -> dict[str, tuple[int, int]]:
        """For check mode: what each package that would be sent moves, as points and kilobytes. One query a site."""
        moves: dict[str, tuple[int, int]] = {}
        for site in (self.site, *self._owners.values()):
            waiting = [target for target in self.targets if target.phase is Phase.WAITING and target.site is site]
            for part in slices([target.package.package_id for target in waiting]):
                where = wql.in_list("PackageID", part)
                for row in site.list_of("SMS_PackageStatusRootSummarizer", _SIZE_COLUMNS, where):
                    moves[str(row["PackageID"]).upper()] = (row["Targeted"] or 0, row["SourceSize"] or 0)
        return moves


def _unknown(package_type: int) -> Resource:
    """Stands for a class without a declaration."""
    why = f"its PackageType {package_type} is of a class that this collection does not know"
    return Resource("package", "", BASE_CLASS, package_type, (), refreshable=False, why_not=why)


def _unrefreshable(package: PackageState, resource: Resource) -> str:
    """Why this package has nothing to refresh; empty if it has."""
    if not resource.refreshable:
        return resource.why_not
    if resource.needs_source and package.source_flag == NO_SOURCE:
        return "it has no source (PkgSourceFlag is STORAGE_NO_SOURCE), so there is nothing to refresh"
    return ""
