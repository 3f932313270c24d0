# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Operating system images as declared state: after a new path the metadata is read again, and the content is refreshed.

In this order: Put the new path, ReloadImageProperties, Get, compare with the source; only if the site still shows the old
metadata, Put what was just read and Get again; then RefreshPkgSource (behaviour 88, 99).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .._cim.instance import Instance
from .._cim.types import STRING, UINT32
from .._provider.errors import NotConverged, ProviderError
from .._provider.site import Site
from .._wsman.errors import OutcomeUnknown
from . import report
from .boot_wim import read_metadata
from .converge import Converge, Identity, Patience
from .distribution import Watch
from .operation import Fence, Operation, Phase, Rules, Target
from .perform import Performance
from .plan import BY_THE_SITE, Plan, Wish
from .refresh import NO_SOURCE, Refresh
from .refresh import Wish as RefreshWish
from .resource import Resource
from .selection import Asked, find
from .state import failed_with
from .state import result_of as state_result
from .trail import REFRESHED, Message, can_mark, newest, read_trail, refresh_follows, refresh_is_pending
from .wim import same_metadata, told_images

METADATA, PATH, FLAG, VERSION = "ImageProperty", "PkgSourcePath", "PkgSourceFlag", "ImageOSVersion"
UNDER_WAY = (1, 2)  # ActionInProgress: update, add
NOTHING, PENDING, UNKNOWN = "none", "refresh", "unknown"
WHEN = ("auto", "always", "never")


@dataclass(frozen=True)
class ContentRules:
    """When to read metadata again and to refresh (`WHEN`), and how the refresh is carried out."""

    reload: str
    refresh: str
    rules: Rules


class ImageState(Converge):
    """One operating system image of one task."""

    def __init__(
        self,
        resource: Resource,
        site: Site,
        identity: Identity,
        wish: Wish,
        patience: Patience,
        warn: Callable[[str], None],
        *,
        operation: Operation,
        resources: Sequence[Resource],
        content: ContentRules,
    ) -> None:
        super().__init__(resource, site, identity, wish, patience, warn)
        self.content = content
        self.pending = NOTHING
        self.source_path = ""  # as it was found
        self.target: Target | None = None
        self._operation = operation
        self._resources = resources
        self._old_metadata = ""
        self._joins = False

    # -- planning --------------------------------------------------------------------------------------------------

    def plan(self) -> Plan:
        """Find, read and compare; then what has to follow. Raises Impossible, ProviderError."""
        super().plan()
        if self.found is not None:
            self.source_path = self.found.value(PATH, STRING) or ""
        if self.found is not None and self.wish.present:
            self._plan_content(self.found)
        return self.current

    def _plan_content(self, found: Instance) -> None:
        trail = self._trail()
        self._old_metadata = _metadata(found)
        new_path = PATH in self.current.writes
        unfinished = self.pending == PENDING
        reload = self.content.reload != "never" and (new_path or unfinished)
        if self.content.reload == "always" and not reload:
            reload = self._source_differs(found)
        if reload:
            before = found.value(VERSION, STRING) or ""
            self.current = self.current.then("reload", {"os_version": before}, {"os_version": BY_THE_SITE})
        due = new_path or FLAG in self.current.writes or unfinished or reload
        wanted = self.content.refresh == "always" or (self.content.refresh == "auto" and due)
        if wanted and self._has_source(found):
            version = found.value("SourceVersion", UINT32) or 0
            self.current = self.current.then(
                "refresh", {"source_version": version}, {"source_version": f"at least {version + 1}"}
            )
        if self.current.changed:
            self._demand_ours()
        self._joins = self.content.refresh != "never" and _is_under_way(found, trail)

    def _trail(self) -> list[Message]:
        """The audit messages of the object, and by them whether an earlier run left something undone."""
        try:
            trail = read_trail(self.site, self._id())
        except ProviderError as refused:
            self.pending = UNKNOWN
            self.say(
                f"Whether an earlier run died before the refresh of {self._label()} cannot be told, because the audit messages cannot be read: {refused}"
            )
            return []
        left = refresh_is_pending(trail, can_mark(self.site))
        self.pending = {True: PENDING, False: NOTHING, None: UNKNOWN}[left]
        if left is None:
            self.say(
                f"Whether an earlier run died before the refresh of {self._label()} cannot be told, because audit_name is none, "
                "or the host takes or the site tells no name; refresh: always makes sure"
            )
        return trail

    def _source_differs(self, found: Instance) -> bool:
        """Whether the source says something else of itself than the site. Where it cannot be read, it may."""
        source = self._source_metadata(found)
        return source is None or not same_metadata(source, _metadata(found))

    def _source_metadata(self, found: Instance) -> str | None:
        path = found.value(PATH, STRING) or ""
        try:
            return read_metadata(self.site, self.resource.wmi_class, path)
        except ProviderError as refused:
            self.say(f"The source {path} cannot be compared with what the site shows of it: {refused}")
            return None

    def _has_source(self, found: Instance) -> bool:
        written = self.current.writes.get(FLAG)
        flag = written[1] if written else found.value(FLAG, UINT32)
        return bool(flag != NO_SOURCE)

    # -- writing ---------------------------------------------------------------------------------------------------

    def _send(self, read: Instance) -> None:
        """The Put; if a refresh has to follow, its audit message says so, for the run that may have to finish this one."""
        if "refresh" not in self.current.steps:
            super()._send(read)
            return
        with refresh_follows(self.site):
            super()._send(read)

    def _go_on(self) -> None:
        steps = self.current.steps
        if "reload" in steps:
            self._reload()
        if "refresh" in steps:
            self._refresh()
        elif self.content.rules.wait and self._has_to_wait():
            self._join()
        if self.target is not None and self.current.action != "delete":
            self.found = self._get(self._id())

    def _has_to_wait(self) -> bool:
        """Whether the site has content under way that this task, or a run that is gone, has brought about."""
        if "distribution_points" in self.current.steps and self.content.rules.until_distributed:
            return True
        return self.content.refresh != "never" and (self._joins or self.current.action == "create")

    def _reload(self) -> None:
        """Have the metadata read again. Raises NotConverged if the site goes on to show the old one, OutcomeUnknown if an answer was lost."""
        package_id = self._id()
        lost: OutcomeUnknown | None = None
        try:
            self.site.call(self.resource.wmi_class, "ReloadImageProperties", {"PackageID": package_id})
        except OutcomeUnknown as unknown:  # what the site shows now decides
            lost = unknown
        now = self._get(package_id)
        source = self._source_metadata(now)
        if self._shows_old(now, source):
            lost = self._commit(now) or lost
            now = self._get(package_id)
            if lost is not None and self._shows_old(now, source):
                raise self._unseen("The reload of the metadata", lost)
            if source is not None and not same_metadata(source, _metadata(now)):
                raise NotConverged(
                    f"The site still shows the old metadata of {self._label()}, although it was reloaded and saved",
                    where=self.site.where,
                    hint="Look into SMSProv.log on the provider host for more; reload: never leaves the metadata as it is",
                )
        self.found = now

    def _shows_old(self, now: Instance, source: str | None) -> bool:
        if source is not None:
            return not same_metadata(source, _metadata(now))
        return same_metadata(self._old_metadata, _metadata(now))

    def _commit(self, read: Instance) -> OutcomeUnknown | None:
        """Put the object as it was just read, which saves the metadata (behaviour 88). A lost answer is returned."""

        def send(as_read: Instance) -> None:
            with refresh_follows(self.site):
                self.site.put(as_read, {})

        try:
            self._write_when_free(read, send, lambda: self._get(self._id()))
        except OutcomeUnknown as lost:
            return lost
        return None

    # -- the content -----------------------------------------------------------------------------------------------

    def _refresh(self) -> None:
        """One RefreshPkgSource, followed to its end; the outcome is in `target`."""
        task = Refresh(
            self._operation,
            self._resources,
            self.site,
            RefreshWish(Asked(package_ids=(self._id(),))),
            self.content.rules,
            self._clock,
            self.say,
        )
        task.plan()
        task.perform()
        self.target = task.targets[0]

    def _join(self) -> None:
        """Wait for what the site does with the content by itself, or by the call of a run that is gone. Sends nothing."""
        package = find(self.site, Asked(package_ids=(self._id(),)), self._resources)[0]
        target = Target(package, self.resource, self.site, Watch(), reason="the site takes the content")
        target.joined = True
        target.fence = Fence.of(package)
        target.enter(Phase.JOINING, self._clock.now())
        Performance(self._operation, [target], self.content.rules, self._clock, self.say).run()
        self.target = target

    @property
    def failure(self) -> str:
        """Why the content did not come to its end; empty if it did, or if nobody waited."""
        target = self.target
        return target.reason if target is not None and target.status in ("failed", "not_attempted") else ""

    def _assigned(self) -> dict[str, Any]:
        after = super()._assigned()
        if after.get("os_version") == BY_THE_SITE and self.found is not None:
            after["os_version"] = self.found.value(VERSION, STRING) or ""
        target = self.target
        if "source_version" in after and target is not None and target.status == "refreshed":
            after["source_version"] = target.package.source_version
        return after


def _metadata(found: Instance) -> str:
    return found.value(METADATA, STRING) or ""


def _is_under_way(found: Instance, trail: Sequence[Message]) -> bool:
    """Whether the site works on the content: it is new, or a refresh is the last that was asked for."""
    action = found.value("ActionInProgress", UINT32)
    if action not in UNDER_WAY:
        return False
    return action == UNDER_WAY[1] or bool(trail and trail[0] is newest(trail, REFRESHED))


def result_of(task: ImageState, carried_out: bool) -> dict[str, Any]:
    """What the module returns. With `failed` and `msg` when the content did not come to its end."""
    result = state_result(task, carried_out)
    result.update(
        steps=list(task.current.steps),
        pending=task.pending,
        images=told_images(task.site, task.found, METADATA) if result["object"] else [],
        source_left_at=task.source_path if task.current.action == "delete" else None,
        refresh=report.package_row(task.target, False) if task.target is not None else None,
        requests=task.site.requests,
    )
    if task.failure:
        label = task.target.package.label if task.target else ""
        result.update(failed_with(task, f"{label}: {task.failure}", result["refresh"]))
    return result
