# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Boot images as declared state: what components and drivers are meant, when an image has to be built, and the build itself.

Settings take effect with one RefreshPkgSource at the end (behaviour 86). A run that died before it leaves a mark, by which
the next one finishes its work (`boot_marks`).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any, Callable

from .._cim import wql
from .._cim.instance import Instance
from .._cim.types import BOOLEAN, STRING, UINT32
from .._provider.errors import Impossible, NotFound, OperationFailed, ProviderError
from .._provider.site import Site
from .._wsman.errors import ConfigMgrError, OutcomeUnknown
from . import boot_staleness
from .boot_build import Build
from .boot_marks import Mark, read_mark
from .boot_staleness import Staleness, Versions
from .boot_wishes import Wishes
from .boot_write import Follower, LongWrite
from .build import COMPLETE, ERROR, context_for
from .converge import DELETING, Converge, Identity, Patience
from .operation import Operation, Rules
from .plan import Plan, Wish
from .resource import Resource
from .trail import can_mark, read_trail, refresh_follows, refresh_is_pending

UNDER_WAY = (1, 2)  # ActionInProgress: update, add
NOTHING, PENDING, UNKNOWN = "none", "build", "unknown"
_STATE = {"ActionInProgress": UINT32, "PackageID": STRING, "SourceVersion": UINT32}


@dataclass(frozen=True)
class BootRules:
    """How boot images are built, beside what they should be."""

    build: Rules
    rebuild: str = "auto"
    reload_winpe: bool = False
    on_build_failure: str = "restore"
    driver_check: str = "fail"
    language: int | None = None
    architecture: str = ""


@dataclass(frozen=True)
class Need:
    """Whether the image has to be built: why, and whether its Windows PE has to be loaded anew before."""

    reason: str = ""
    reload: bool = False
    stale: bool = False
    pending: bool = False

    @property
    def due(self) -> bool:
        """Whether a build follows."""
        return bool(self.reason)


class BootImage(Converge):
    """One boot image of one task."""

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
        rules: BootRules,
    ) -> None:
        super().__init__(resource, site, identity, wish, patience, warn)
        self.rules = rules
        self.need = Need()
        self.staleness: Staleness | None = None
        self.pending = NOTHING
        self.build = Build(self, operation)
        self.follower = Follower(
            site,
            resource.wmi_class,
            site.means.clock,
            rules.build.wait_interval,
            rules.build.build_timeout,
            self.say,
            lambda culprit: self.wishes.at_fault(culprit, self.found, self.wish.values.get("drivers")),
        )
        self._asked = wish
        self._put: tuple[Instance, dict[str, Any]] | None = None  # what settings were put over, and which
        self._versions: Versions | None = None
        self.wishes = Wishes(
            resource, site, wish.values, rules.architecture, rules.language, rules.driver_check, self.say
        )

    # -- planning --------------------------------------------------------------------------------------------------

    def plan(self) -> Plan:
        """Find, resolve, compare, and decide about the build. Raises Impossible, ProviderError."""
        super().plan()
        self.need = Need()
        if self.current.action == "create":
            self._demand_no_copy()
            self.current = self._with_context(self.creation_context)
        elif self.found is not None and self._asked.present:
            self._plan_build(self.found)
        self._put_in_words()
        return self.current

    def _resolved(self) -> Wish:
        if not self._asked.present:
            return replace(self._asked, values={})
        self.wishes.demand_architecture(self.found, self._label())
        return replace(self._asked, values=self.wishes.resolved(self.found))

    # -- deciding about the build ----------------------------------------------------------------------------------

    @property
    def creation_context(self) -> str:
        """The ContextID of a creation: the same for the same name, so that a rerun sees one that goes on."""
        return context_for(self.site, f"new/{self._asked.values.get('name') or self._name}")

    @property
    def mark(self) -> Mark | None:
        """What our last Put left on the image."""
        if self.found is None:
            return None
        return read_mark(self.found.value("ContextID", STRING), self.site.code, self._id())

    def _pending_by_trail(self) -> bool | None:
        """Whether a build is owed, where the image has no mark of ours: by the audit messages. None: they do not tell."""
        try:
            owed = refresh_is_pending(read_trail(self.site, self._id()), can_mark(self.site))
        except ProviderError as refused:
            self.say(
                f"Whether an earlier run died before the build of {self._label()} cannot be told, because the audit messages cannot be read: {refused}"
            )
            return None
        if owed is None:
            self.say(
                f"Whether an earlier run died before the build of {self._label()} cannot be told, because audit_name is none, "
                "or the host takes or the site tells no name; rebuild: always makes sure"
            )
        return owed

    @property
    def _unfinished(self) -> bool:
        """Whether an earlier run left a build undone."""
        return self.pending == PENDING

    @property
    def source_version(self) -> int:
        """The source version as it was read."""
        return (self.found.value("SourceVersion", UINT32) if self.found is not None else None) or 0

    def measure(self, found: Instance) -> Staleness:
        """How old the image is; the site's versions are read once."""
        if self._versions is None:
            self._versions = boot_staleness.read_versions(self.site)
        return boot_staleness.measure(found, self._versions)

    def _plan_build(self, found: Instance) -> None:
        if "ImagePath" in self.current.writes and found.value("DefaultImage", BOOLEAN):
            raise Impossible(
                f"{self._label()} was made by the site, and its image_path cannot be changed",
                hint="Create a boot image of your own from the other WIM",
            )
        mark = self.mark
        owed = mark.pending(self.source_version) if mark else self._pending_by_trail()
        self.pending = {True: PENDING, False: NOTHING, None: UNKNOWN}[owed]
        self.staleness = self.measure(found)
        settings = [
            item.option for item in self.resource.properties if item.with_build and item.wmi in self.current.writes
        ]
        self.need = self._decide(settings, mark)
        if self.need.due:
            self._demand_ours()
        if self.current.action == "update" or self.need.stale:
            due = bool(settings) or self._unfinished or self.need.stale
            pair = self._pair if self.need.stale else mark.pair if mark else 0
            wanted = Mark(self.source_version, due, pair)
            if self.current.changed or wanted != mark:
                self.current = self._with_context(wanted.as_context(self.site.code, self._id()))

    @property
    def _pair(self) -> int:
        """Stands for the versions that a build is measured by."""
        site = self.staleness.site if self.staleness else Versions()
        return (site if self.rules.reload_winpe else replace(site, kit="")).pair

    def _decide(self, settings: list[str], mark: Mark | None) -> Need:
        why = ""
        if settings:
            why = f"{', '.join(sorted(settings))} changed"
        elif self._unfinished:
            why = "an earlier run changed settings and did not build"
        if self.rules.rebuild == "never":
            if why:
                self.say(f"{self._label()}: {why}; this is in no image until it is built, and rebuild is never")
            return Need(pending=self._unfinished)
        stale = self._stale(mark, bool(why)) if self.rules.rebuild == "if_stale" else []
        if self.rules.rebuild == "always" and not why:
            why = "asked for"
        reason = "; ".join([why, *stale] if why else stale)
        return Need(reason, self._reload_due(), bool(stale), self._unfinished)

    def _reload_due(self) -> bool:
        return (
            self.rules.rebuild == "if_stale"
            and self.rules.reload_winpe
            and self.staleness is not None
            and bool(self.staleness.winpe)
        )

    def _stale(self, mark: Mark | None, built_anyway: bool) -> list[str]:
        """Why the image is too old, as far as this run may act on it. Raises Impossible where a build did not help."""
        age = self.staleness
        if age is None:
            return []
        if age.winpe and not self.rules.reload_winpe:
            self.say(
                f"{self._label()}: its Windows PE {age.image_winpe} is older than that of the deployment kit {age.site.kit}, and stays so; "
                "set reload_winpe to reload it with the current Windows PE version"
            )
            age = replace(age, winpe=None)
        if age.reasons and mark and mark.pair == self._pair and not self._unfinished:
            if built_anyway:
                return []
            raise Impossible(
                f"{self._label()} was built for these versions already, and is not built again: {'; '.join(age.reasons)}",
                hint="Look into SMSProv.log on the provider host; rebuild: always builds it once more",
            )
        if age.winpe and self.found is not None and not boot_staleness.from_kit(self.found):
            raise Impossible(
                f"{self._label()} was not made from the deployment kit, as its image_path tells, so its Windows PE is not reloaded",
                hint="The reload would overwrite the WIM there; make a new one, and give its path as image_path",
            )
        return age.reasons

    def _demand_no_copy(self) -> None:
        """The site makes the copy of a new image, and where it lies (behaviour 81). Raises Impossible."""
        given = [name for name in ("source_flag", "source_path") if name in self._asked.values]
        if given:
            raise Impossible(
                f"{' and '.join(given)} cannot be given for a new boot image",
                hint="The site makes the copy that it distributes, beside image_path; it can be changed later, to follow a file that was moved",
            )

    def _with_context(self, context: str) -> Plan:
        return replace(
            self.current,
            action=self.current.action if self.current.changed else "update",
            writes={**self.current.writes, "ContextID": (STRING, context)},
        )

    def _put_in_words(self) -> None:
        """Names for components and drivers in the diff, and whether a build is due."""
        before, after = (
            self.wishes.in_words(dict(side), self.found) for side in (self.current.before, self.current.after)
        )
        if self.need.due:
            before["build"], after["build"] = "due", "done" if self.rules.build.wait else "begun"
        self.current = replace(self.current, before=before, after=after)

    def users(self) -> list[str]:
        """The task sequences that use the image. One request each."""
        return self._task_sequences() if self._id() else []

    def _demand_deletable(self) -> None:
        if self.found is not None and self.found.value("DefaultImage", BOOLEAN):
            raise Impossible(
                f"{self._label()} was made by the site and was not deleted",
                hint="Default boot images belong to the site; delete the ones that you made",
            )
        super()._demand_deletable()

    # -- writing ---------------------------------------------------------------------------------------------------

    @property
    def changed(self) -> bool:
        """Whether anything has to be done, a build included."""
        return self.current.changed or self.need.due

    def carry_out(self) -> Plan:
        """Write, and build where that is due. A build that failed is in `build.failure`."""
        if self.current.action == "create":
            self._await_creation()
        if self.need.due:
            if self.current.action == "update":
                self._calm()
            if self.need.reload and not {"OptionalComponents", "ReferencedDrivers"}.isdisjoint(self.current.writes):
                self._reload_first()
        try:
            super().carry_out()
            if self.need.due and self.found is not None:
                self.build.run(self._put is not None)
        except OperationFailed as failed:  # the Put itself built, and could not
            if self._put is None:
                raise
            self.build.failure, self.build.broke = str(failed), True
        if self.build.broke and self._put is not None and self.rules.on_build_failure == "restore":
            self.build.restore(*self._put)
        return self.current

    def _reload_first(self) -> None:
        """Components and drivers fit into the Windows PE of the installed kit only (behaviour 90), so they come after the reload.

        The mark comes before it, so that a run that dies in between is finished by the next one.
        """

        def send(read: Instance) -> None:
            self.send_long(read, {"ContextID": self.current.writes["ContextID"]}, owes=True)

        def planned_anew() -> Instance | None:
            self.plan()
            return self.found if self.need.reload else None

        try:
            marked = self._write_when_free(self.found, send, planned_anew)
        finally:
            self._lock.give_back()
        if marked:
            self.build.reload()
            self.plan()  # nothing that was read before a method is ever put after it

    def _await_creation(self) -> None:
        """A creation that a killed run began may go on at the host: let it end, and look again (behaviour 82)."""
        status = self.follower.end_of(self.creation_context)
        if status.status in (COMPLETE, ERROR):
            self.follower.forget(self.creation_context, status)
            self.plan()

    def _calm(self) -> None:
        """Let a build or an action under way end before settings change, so that it cannot pass for the build of these."""
        context = context_for(self.site, self._id())
        ended = self.follower.end_of(context)
        self.follower.forget(context, ended)
        if self.await_idle():
            self.plan()

    def await_idle(self) -> bool:
        """Wait until no action is under way; whether there was one. Raises OperationFailed."""
        found = self.found
        if found is None or found.value("ActionInProgress", UINT32) not in UNDER_WAY:
            return False
        began = self._clock.now()
        while True:
            rows = self.site.list_of(self.resource.wmi_class, _STATE, wql.equals("PackageID", self._id()))
            if not rows or rows[0]["ActionInProgress"] not in UNDER_WAY:
                return True
            if self._clock.now() - began > self.rules.build.wait_timeout:
                raise OperationFailed(
                    f"{self._label()} is being updated (ActionInProgress {rows[0]['ActionInProgress']}) for more than {self.rules.build.wait_timeout:g} s",
                    where=self.site.where,
                    hint="Look into distmgr.log on the site server; nothing was sent",
                )
            self._clock.sleep(self.rules.build.wait_interval)

    def _send(self, read: Instance) -> None:
        self._put = read, dict(self.current.writes)
        try:
            self.send_long(read, self.current.writes, owes=self.need.due or self._unfinished)
        except OutcomeUnknown as lost:
            self._be_patient(lost)
            raise

    def _be_patient(self, lost: OutcomeUnknown) -> None:
        """A host that ended the wait for an answer may build on for long, and not every site tells how far it is."""
        if lost.timed_out_at_server:
            self._patience = replace(self._patience, grace=max(self._patience.grace, self.rules.build.build_timeout))

    def send_long(self, read: Instance, writes: Mapping[str, Any], *, owes: bool) -> None:
        """A Put that may build the image inside the call (behaviour 82), followed by the ContextID that it writes.

        `owes`: a build has to follow it.
        """
        context = str(writes["ContextID"][1])
        with refresh_follows(self.site) if owes else nullcontext():
            write = LongWrite(self.site, lambda site: site.put(read, writes), f"change {self.object_id}")
            self.follower.see_through(write, context)

    @property
    def object_id(self) -> str:
        """The PackageID."""
        return self._id()

    @property
    def object_label(self) -> str:
        """The image, for messages."""
        return self._label()

    def _send_new(self) -> str:
        context, writes = self.creation_context, self.current.writes
        write = LongWrite(self.site, lambda site: site.create(self.resource.wmi_class, writes), "create")
        try:
            return str(self.follower.see_through(write, context) or "")
        except OutcomeUnknown as lost:
            self._be_patient(lost)
            raise
        except (OperationFailed, ProviderError):
            try:
                self._clear_away(context)
            except ConfigMgrError as problem:
                self.say(
                    f"What the failed creation of {self._name!r} may have left could not be cleared away: {problem}"
                )
            raise

    def _clear_away(self, context: str) -> None:
        """A creation whose build failed may leave an object; with `restore` it goes again."""
        rows = [row for row in self._rows_of_name() if row["ActionInProgress"] != DELETING]
        for row in rows:
            try:
                left = self.site.get(self.resource.wmi_class, row["PackageID"])
            except NotFound:
                continue
            if (left.value("ContextID", STRING) or "").upper() != context:
                continue
            if self.rules.on_build_failure == "restore":
                self.site.delete(self.resource.wmi_class, row["PackageID"])
            else:
                self.say(
                    f"Boot image {row['PackageID']} was left behind, as on_build_failure is keep; it was never built"
                )
