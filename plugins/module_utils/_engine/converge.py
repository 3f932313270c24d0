# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring one object to its declared state: find, read, plan, write at most once, read back.

A write whose answer was lost is settled by reading, never by sending it again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Callable

from .._cim import wql
from .._cim.instance import Instance
from .._cim.types import STRING, UINT32
from .._provider.errors import ChangedMeanwhile, Impossible, Locked, NotConverged, NotFound, ProviderError
from .._provider.site import Site
from .._wsman.errors import ConfigMgrError, OutcomeUnknown
from .deletion import demand_deletable, task_sequences
from .edit_locks import LOOK_INTERVAL, EditLock
from .plan import BY_THE_SITE, Plan, Wish, make_plan, settle, unmet
from .resource import Property, Resource
from .selection import checked_ids
from .targets import Targets, add_targets, find_targets
from .trail import MODIFIED, newest, read_trail
from .words import in_words

DELETING = 3  # ActionInProgress (behaviour 113)
VERSION_OF_OBJECT = "SedoObjectVersion"
# Texts that only the schema of a live site has; older sites lack some.
NEWER = frozenset(
    ["InputLocale", "ISVString", "PreDownloadRule", "BaseBoardProductID"]
    + ["DriverManufacturer", "DriverModel", "DriverOSVersion", "DriverPkgVersion"]
)
_IDENTITY = {"PackageID": STRING, "Name": STRING, "ActionInProgress": UINT32}
_KIND = {"PackageID": STRING, "PackageType": UINT32}


@dataclass(frozen=True)
class Identity:
    """Which object: by PackageID, or by its name where that is the only one of its class."""

    package_id: str = ""
    name: str = ""


@dataclass(frozen=True)
class Patience:
    """How long to wait for a lock, and for traces of a write whose answer was lost (seconds); what else may be done.

    `lock_takeover`: whose locks may be taken (`edit_locks.TAKEOVERS`). `force`: uses that keep no object from being
    deleted (`deletion.USES`).
    """

    lock_wait: float = 0.0
    grace: float = 60.0
    lock_takeover: str | None = None
    force: frozenset[str] = frozenset()


class Converge:
    """One object of one task. `plan` reads only; `carry_out` writes what the plan says."""

    def __init__(
        self,
        resource: Resource,
        site: Site,
        identity: Identity,
        wish: Wish,
        patience: Patience,
        warn: Callable[[str], None],
    ) -> None:
        self.resource = resource
        self.site = site
        self.wish = wish
        self._declared = wish
        self.deleting = False
        self.package_id = checked_ids([identity.package_id])[0] if identity.package_id else ""
        self._name = identity.name
        self._by_name = not identity.package_id
        self._patience = patience
        self._clock = site.means.clock
        self._warn = warn
        self._told: set[str] = set()
        self.found: Instance | None = None
        self.current = Plan("none")
        self._targets = Targets()
        self._lock = EditLock(site, resource.wmi_class, patience.lock_wait, patience.lock_takeover, self.say)

    def say(self, text: str) -> None:
        """A warning, once a task."""
        if text not in self._told:
            self._told.add(text)
            self._warn(text)

    # -- reading -----------------------------------------------------------------------------------------------

    def plan(self) -> Plan:
        """Find and read the object, and compare. Raises Impossible, ProviderError."""
        self.found = self._read()
        if self.found is None and self.package_id and not self.deleting:
            self._demand_kind()
        if self.found is None and self.package_id and self.wish.present:
            raise Impossible(
                f"There is no {self.resource.label} {self.package_id} at {self.site.where}, or it is outside the scopes of {self.site.user}",
                hint="A PackageID is given by the site: to create one, leave package_id out and give a name",
            )
        self.wish = self._of_this_name(settle(self.resource, self._resolved(), self.found))
        self.current = make_plan(self.resource, self.wish, self.found)
        self._demand_properties()
        if self.wish.present:
            self._plan_targets()
        if self.current.changed:
            self._demand_ours()
        if self.current.action == "delete":
            self._demand_deletable()
        return self.current

    def _of_this_name(self, wish: Wish) -> Wish:
        """What was found by its name has that name: a site compares without case, and nobody asked to rename it."""
        if self.found is None or not self._by_name or "name" not in wish.values:
            return wish
        return replace(wish, values={**wish.values, "name": self.found.value("Name", STRING) or ""})

    def _demand_properties(self) -> None:
        """A property that this version of the site lacks cannot be set (behaviour 122). Null arrays are absent, too (wire T-07)."""
        found = self.found
        if found is None:
            self._demand_newer_properties()
            return
        if found.partial:
            return
        for item in self.resource.declarable:
            if item.wmi in self.current.writes and item.wmi not in found.names() and not item.codec.is_array:
                raise self._lacking(item)

    def _demand_newer_properties(self) -> None:
        """The same where no object shows it: an old site refuses a query for it. Raises Impossible."""
        for item in self.resource.declarable:
            if item.wmi not in NEWER or item.wmi not in self.current.writes:
                continue
            try:
                columns = {"PackageID": STRING, item.wmi: STRING}
                self.site.list_of(self.resource.wmi_class, columns, wql.equals("PackageID", "none"))
            except ProviderError as refused:
                raise self._lacking(item) from refused

    def _lacking(self, item: Property) -> Impossible:
        return Impossible(
            f"{item.option} cannot be set: this version of the site has no {item.wmi} in {self.resource.wmi_class}",
            where=self.site.where,
            hint="Update the site, or leave it out",
        )

    def _demand_kind(self) -> None:
        """An id that an object of another class has is not one that is absent. Raises Impossible."""
        kinds = self.resource.property_named("PackageType")
        try:
            rows = self.site.list_of("SMS_PackageBaseclass", _KIND, wql.equals("PackageID", self.package_id))
        except ProviderError:
            return
        if kinds is None or not rows or rows[0]["PackageType"] in (None, self.resource.package_type):
            return
        raise Impossible(
            f"{self.package_id} is of the kind {in_words(kinds, rows[0]['PackageType'])}, and not {self.resource.option}",
            where=self.site.where,
            hint="Correct the id, or take the module for that kind",
        )

    def _demand_deletable(self) -> None:
        """Raise Impossible for what must not be deleted."""
        if self.found is not None:
            demand_deletable(self.site, self.found, self._label(), self._patience.force)

    def _task_sequences(self) -> list[str]:
        """The task sequences that use the object."""
        return task_sequences(self.site, self._id())

    def _plan_targets(self) -> None:
        """The distribution points and groups that are asked for and missing."""
        if not self.wish.points and not self.wish.groups:
            return
        package_id = self._id() if self.found is not None else ""
        self._targets = find_targets(self.site, self.wish.points, self.wish.groups, package_id)
        step = "" if self._targets.complete else "distribution_points"
        self.current = self.current.then(step, *self._targets.in_words())

    def _resolved(self) -> Wish:
        """The declared state in the words of the plan; for resources that have to ask the site what is meant."""
        return self._declared

    def _read(self) -> Instance | None:
        """The object as Get gives it, lazy properties included; None if it is absent or being deleted (behaviour 117)."""
        package_id = self.package_id or self._id_by_name()
        if not package_id:
            return None
        try:
            found = self._get(package_id)
        except NotFound:
            return None
        if found.value("ActionInProgress", UINT32) == DELETING:
            self.deleting = True
            return None
        return found

    def _id_by_name(self) -> str:
        rows = self._rows_of_name()
        here = [row for row in rows if row["ActionInProgress"] != DELETING]
        self.deleting = len(here) < len(rows)
        if len(here) > 1:
            raise Impossible(
                f"{len(here)} objects of {self.resource.wmi_class} are named {self._name!r}: {_ids(here)}",
                where=self.site.where,
                hint="Names are not unique at a site; say which one with package_id",
            )
        return (here[0]["PackageID"] or "").upper() if here else ""

    def _rows_of_name(self) -> list[dict[str, Any]]:
        return self.site.list_of(self.resource.wmi_class, _IDENTITY, wql.equals("Name", self._name))

    def _demand_ours(self) -> None:
        """Only the owning site changes an object (behaviour 107)."""
        owner = (self.found.value("SourceSite", STRING) or "") if self.found is not None else ""
        if owner and owner.upper() != self.site.code:
            raise Impossible(
                f"{self._label()} belongs to site {owner} and cannot be changed at {self.site.where}",
                hint=f"Run the task against a provider of site {owner}",
            )

    def _get(self, package_id: str) -> Instance:
        """One object. What is too large for one message is read property by property, and cannot be written then."""
        declared = {item.wmi: item.codec for item in self.resource.properties}
        return self.site.get(self.resource.wmi_class, package_id, declared)

    @property
    def object_id(self) -> str:
        """Its PackageID, empty as long as there is none."""
        return self._id()

    def _id(self) -> str:
        if self.found is None:
            return self.package_id
        return (self.found.value("PackageID", STRING) or self.package_id).upper()

    def _label(self) -> str:
        name = self.found.value("Name", STRING) if self.found is not None else self._name
        return " ".join(part for part in (self.resource.label, self._id(), f'("{name}")') if part)

    # -- writing -----------------------------------------------------------------------------------------------

    def carry_out(self) -> Plan:
        """Do what the plan says. The plan comes back with what the site assigned in place of the marks.

        Raises Locked, ChangedMeanwhile, NotConverged, ProviderError, OutcomeUnknown when no trace of a write is found.
        """
        try:
            if self.current.action == "create":
                self._create()
            elif self.current.action == "update":
                self._update()
            elif self.current.action == "delete":
                self._delete()
            if "distribution_points" in self.current.steps:
                self._distribute()
            self._go_on()
        finally:
            self._lock.give_back()
        self.current = replace(self.current, after=self._assigned())
        return self.current

    def _go_on(self) -> None:
        """What a class does after the write, still under its lock; nothing here."""

    def _assigned(self) -> dict[str, Any]:
        """The state after, with what the site assigned in place of the marks."""
        known = {"package_id": self.package_id}
        return {
            name: known.get(name, value) if value == BY_THE_SITE else value
            for name, value in self.current.after.items()
        }

    def _distribute(self) -> None:
        for method in add_targets(self.site, self.resource.wmi_class, self._id(), self._targets, self._looks):
            self.say(f"The answer to {method} was lost, and it was not sent again; it took effect")

    def _create(self) -> None:
        before = {row["PackageID"] for row in self._rows_of_name()}
        try:
            self.package_id = self._send_new()
        except OutcomeUnknown as lost:
            self._adopt(before, lost)
        if not self.package_id:
            self._adopt(before, None)
        self._read_back()
        rows = [row for row in self._rows_of_name() if row["ActionInProgress"] != DELETING]
        if len(rows) > 1:
            self.say(
                f"There are now {len(rows)} objects of {self.resource.wmi_class} named {self._name!r}: {_ids(rows)}; "
                "somebody created one at the same moment"
            )

    def _adopt(self, before: set[Any], lost: OutcomeUnknown | None) -> None:
        """Find the new object by its name, which was not there before; a lost answer leaves nothing else."""
        for _look in self._looks():
            new = [row for row in self._rows_of_name() if row["PackageID"] not in before]
            if len(new) == 1:
                self.package_id = (new[0]["PackageID"] or "").upper()
                if lost is not None:
                    self.say(
                        f"The answer to the creation was lost, and it was not sent again; it took effect: {self.package_id}"
                    )
                return
            if new:
                raise Impossible(
                    f"Several objects named {self._name!r} appeared at once: {_ids(new)}",
                    where=self.site.where,
                    hint="One of them is ours; look at them in the console and delete the others",
                )
        if lost is not None:
            raise self._unseen("The creation", lost)
        raise NotConverged(
            f"The site took the creation of {self._name!r} and does not show it",
            where=self.site.where,
            hint="Run the task again; it looks for the name first",
        )

    def _update(self) -> None:
        def planned_anew() -> Instance | None:  # the holder may have changed it
            self.plan()
            return self.found if self.current.action == "update" else None

        try:
            self._write_when_free(self.found, self._send, planned_anew)
        except OutcomeUnknown as lost:
            if self.found is None:
                raise
            self._settle(self.found, lost)
            return
        if self.current.action == "update":
            self._read_back()
        elif self.current.action == "create":  # whoever had it open has deleted it
            self._create()

    def _write_when_free(
        self, read: Instance | None, send: Callable[[Instance], None], again: Callable[[], Instance | None]
    ) -> bool:
        """Send a write of what was read; while somebody has the object open, wait, and read it `again`.

        False if there is nothing to be written then. Raises Locked, ChangedMeanwhile, ProviderError, OutcomeUnknown.
        """
        self._lock.begin()
        while read is not None:
            try:
                with self._lock.writing(self._id()):
                    send(read)
                return True
            except Locked as locked:
                self._lock.give_way(locked, self._id(), self._label())
                read = again()
            except ProviderError as refused:
                self._blame_an_edit(read, refused)
                raise
        return False

    def _send(self, read: Instance) -> None:
        """The Put. Raises what `Site.put` raises."""
        self.site.put(read, self.current.writes)

    def _send_new(self) -> str:
        """The Create; the PackageID, as far as the answer tells it."""
        return self.site.create(self.resource.wmi_class, self.current.writes)

    def _settle(self, read: Instance, lost: OutcomeUnknown) -> None:
        """Whether a Put whose answer was lost took effect: by reading, for `grace` seconds."""
        for _look in self._looks():
            now = self._read()
            if now is None:
                raise lost
            if not unmet(self.resource, self.current, self.wish, now):
                self.found = now
                self.say("The answer to the change was lost, and it was not sent again; it took effect")
                return
            if _version(now) != _version(read):
                raise ChangedMeanwhile(
                    f"The answer to the change of {self._label()} was lost, and somebody else changed it since",
                    where=self.site.where,
                    hint="Run the task again; it plans anew",
                ) from lost
        raise self._unseen("The change", lost)

    def _unseen(self, what: str, lost: OutcomeUnknown) -> OutcomeUnknown:
        """The error of a write that left no trace."""
        error = OutcomeUnknown(
            f"{what} of {self._label()} was sent once and its answer was lost; no effect was seen within {self._patience.grace:g} s",
            where=self.site.where,
            hint=f"Run the task again: it reads first, and sends only what is still missing. What happened: {lost.what}",
        )
        error.__cause__ = lost
        return error

    def _blame_an_edit(self, read: Instance, refused: ProviderError) -> None:
        """A Put that was refused because the object is not what was read any more (behaviour 33): say what changed."""
        try:
            now = self._get(self._id())
        except ConfigMgrError:
            return
        if _version(now) == _version(read):
            return
        raise ChangedMeanwhile(
            f"{self._label()} was changed by {self._who()} between reading and writing: {_differences(self.resource, read, now)}",
            where=self.site.where,
            hint="Nothing was written. Run the task again; it plans anew",
        ) from refused

    def _who(self) -> str:
        """Who changed it last, as far as the site tells."""
        try:
            last = newest(read_trail(self.site, self._id()), MODIFIED)
        except ConfigMgrError:
            last = None
        return str(last) if last is not None else "somebody else"

    def _read_back(self) -> None:
        """What was written has to read back (behaviour 40: what a site does with values it does not like is not told)."""
        stored = self._get(self._id() if self.found is not None else self.package_id)
        self.found = stored
        self.package_id = self._id()
        missed = unmet(self.resource, self.current, self.wish, stored)
        if missed:
            told = "; ".join(f"{name} is {found!r}, not {wanted!r}" for name, (wanted, found) in missed.items())
            raise NotConverged(
                f"The site took the change of {self._label()} and kept other values: {told}",
                where=self.site.where,
                hint="Look into SMSProv.log on the provider host for more",
            )

    def _delete(self) -> None:
        self._lock.begin()
        while self.current.action == "delete":
            package_id = self._id()
            try:
                with self._lock.writing(package_id):
                    self.site.delete(self.resource.wmi_class, package_id)
            except Locked as locked:
                self._lock.give_way(locked, package_id, self._label())
                self.plan()  # something may use it by now
                continue
            except NotFound:
                if self._is_deleting(package_id) is False:  # it is there all the same
                    raise
                self.say(f"{self._label()} was gone already when it was to be deleted")
            except OutcomeUnknown as lost:
                self._await_deletion(package_id, lost)
            self.package_id = package_id
            self.deleting = self._is_deleting(package_id) is not None
            self.found = None
            return

    def _await_deletion(self, package_id: str, lost: OutcomeUnknown) -> None:
        for _look in self._looks():
            if self._is_deleting(package_id) in (None, True):
                self.say("The answer to the deletion was lost, and it was not sent again; it took effect")
                return
        raise self._unseen("The deletion", lost)

    def _is_deleting(self, package_id: str) -> bool | None:
        """True while its content is being removed, None once it is gone, False if nothing was deleted."""
        rows = self.site.list_of(self.resource.wmi_class, _IDENTITY, wql.equals("PackageID", package_id))
        return rows[0]["ActionInProgress"] == DELETING if rows else None

    def _looks(self) -> Any:
        """Looks until the grace is over, the first one at once."""
        deadline = self._clock.now() + self._patience.grace
        while True:
            yield
            if self._clock.now() >= deadline:
                return
            self._clock.sleep(LOOK_INTERVAL)

    def stored(self) -> dict[str, Any]:
        """The object as it is now, in option names and words; empty where it is absent."""
        if self.found is None:
            return {}
        shown = set(self.found.names())
        return {
            item.option: in_words(item, self.found.value(item.wmi, item.codec))
            for item in self.resource.properties
            if item.wmi in shown or item.codec.is_array  # a null array is not in the answer (wire T-07)
        }


def _ids(rows: list[dict[str, Any]]) -> str:
    return ", ".join(sorted(row["PackageID"] or "?" for row in rows))


def _version(instance: Instance) -> str:
    return instance.value(VERSION_OF_OBJECT, STRING) or ""


def _differences(resource: Resource, read: Instance, now: Instance) -> str:
    """Which properties differ, in option names; SedoObjectVersion differs anyway."""
    found = []
    for item in resource.properties:
        if item.wmi == VERSION_OF_OBJECT:
            continue
        before, after = (in_words(item, each.value(item.wmi, item.codec)) for each in (read, now))
        if before != after:
            found.append(f"{item.option} is now {after!r}, was {before!r}")
    return "; ".join(found) or "no property that is declared here differs"
