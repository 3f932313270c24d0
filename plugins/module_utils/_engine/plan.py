# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be written so that an object is as it is declared: one plan for `changed`, the diff, check mode and the write. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .._cim.instance import Changes, Instance
from .._cim.types import UINT32
from .._provider.errors import Impossible
from .resource import Flag, Property, Resource
from .words import in_words

FLAGS = "PkgFlags"
SCHEDULE, SOURCE_FLAG = "RefreshSchedule", "PkgSourceFlag"
DIRECT = 2  # STORAGE_DIRECT
ALL_BITS = 0xFFFFFFFF
# Stands in a prediction for what only the site can know.
BY_THE_SITE = "(assigned by the site)"


@dataclass(frozen=True)
class Wish:
    """The declared state: values in words by option, bits of PkgFlags to be on and off, places to be distributed to."""

    present: bool
    values: Mapping[str, Any] = field(default_factory=dict)
    bits_on: int = 0
    bits_off: int = 0
    points: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """What to do (`none`, `create`, `update`, `delete`), what to write, what follows, and the diff in option names.

    `steps` come after the write, or without one: `distribution_points`, `reload`, `refresh`.
    """

    action: str
    writes: Changes = field(default_factory=dict)
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    steps: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether anything has to be done."""
        return self.action != "none" or bool(self.steps)

    def then(self, step: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Plan:
        """The plan with one more step, and what it changes; an empty step only adds to the diff."""
        steps = (*self.steps, step) if step else self.steps
        return replace(self, before={**self.before, **before}, after={**self.after, **after}, steps=steps)


def make_wish(resource: Resource, params: Mapping[str, Any]) -> Wish:
    """The declared state from module options; one that is not given is not managed. Raises Impossible before anything is sent."""
    values = {
        item.option: item.kind.check(params[item.option], item.option)
        for item in resource.declarable
        if item.kind is not None and params[item.option] is not None
    }
    raw = params.get("pkg_flags") or {}
    on, off = _bits(raw.get("add"), "add"), _bits(raw.get("remove"), "remove")
    for flag in resource.flags:
        if params[flag.option] is not None:
            on |= flag.bit if params[flag.option] else 0
            off |= 0 if params[flag.option] else flag.bit
    if on & off:
        raise Impossible(
            f"PkgFlags: 0x{on & off:08X} is asked to be on and off at once",
            hint="Leave it out of pkg_flags, or of the option that names it",
        )
    places = [tuple(params.get(each) or ()) for each in ("distribution_points", "distribution_point_groups")]
    return Wish(params["state"] == "present", values, on, off, *places)


def _bits(asked: Iterable[Any] | None, which: str) -> int:
    bits = 0
    for each in asked or ():
        try:
            number = int(str(each).strip(), 0)
        except ValueError:
            number = 0
        if not 0 < number <= ALL_BITS:
            raise Impossible(f"pkg_flags.{which}: {each!r} is not a set of bits", hint="Write it like 0x00000010")
        bits |= number
    return bits


def settle(resource: Resource, wish: Wish, found: Instance | None) -> Wish:
    """The declared state as it is with this object: additions and removals become whole values. Raises Impossible."""
    values = dict(wish.values)
    for item in _declared(resource, wish):
        if item.kind is not None:
            present = in_words(item, found.value(item.wmi, item.codec)) if found is not None else None
            values[item.option] = item.kind.settled(values[item.option], present)
    return replace(wish, values=values)


def make_plan(resource: Resource, wish: Wish, found: Instance | None) -> Plan:
    """Compare the declared state with what was read by Get. Raises Impossible for what cannot come about."""
    if not wish.present:
        if found is None:
            return Plan("none")
        return Plan("delete", before={"state": "present", **_names(resource, found)}, after={"state": "absent"})
    plan = _creation(resource, wish) if found is None else _change(resource, wish, found)
    _demand_source(resource, plan.writes, found)
    return plan


def _demand_source(resource: Resource, writes: Changes, found: Instance | None) -> None:
    """A site refuses or ignores a schedule for content that it does not take from a source (behaviour 47). Raises Impossible."""
    if not writes.get(SCHEDULE, (None, None))[1]:
        return
    kept = found.value(SOURCE_FLAG, UINT32) if found is not None else None
    flag = writes[SOURCE_FLAG][1] if SOURCE_FLAG in writes else kept
    item = resource.property_named(SOURCE_FLAG)
    if flag not in (None, DIRECT) and item is not None:
        raise Impossible(
            f"refresh_schedule needs {item.option} {in_words(item, DIRECT)}, and it is {in_words(item, flag)}",
            hint="Set it, or leave refresh_schedule out: without a source there is nothing to look at",
        )


def _names(resource: Resource, found: Instance) -> dict[str, Any]:
    """What a person knows an object by."""
    return {
        item.option: in_words(item, found.value(item.wmi, item.codec))
        for item in resource.properties
        if item.wmi in ("PackageID", "Name")
    }


def _creation(resource: Resource, wish: Wish) -> Plan:
    missing = [
        item.option for item in resource.declarable if item.needed_to_create and not wish.values.get(item.option)
    ]
    if missing:
        raise Impossible(
            f"There is no {resource.label} {wish.values.get('name')!r} yet, and it cannot be created without {' and '.join(missing)}",
            hint="Give it too, or correct the name",
        )
    writes = {**resource.born_with, **_stored(resource, wish.values)}
    flags = writes.get(FLAGS, (UINT32, 0))[1]
    if wish.bits_on or wish.bits_off or flags:
        writes[FLAGS] = (UINT32, flags & ~wish.bits_off | wish.bits_on)
    after = {"state": "present", "package_id": BY_THE_SITE, **wish.values, **_flags_in_words(resource, wish, None)[1]}
    return Plan("create", writes, {"state": "absent"}, after)


def _change(resource: Resource, wish: Wish, found: Instance) -> Plan:
    before: dict[str, Any] = {"state": "present", **_names(resource, found)}
    after: dict[str, Any] = dict(before)
    different: dict[str, Any] = {}
    for item in _declared(resource, wish):
        wanted, present = wish.values[item.option], in_words(item, found.value(item.wmi, item.codec))
        before[item.option] = present
        if item.kind is not None and item.kind.same(wanted, present):
            after[item.option] = present
            continue
        if item.create_only:
            raise Impossible(
                f"{item.option} of {resource.label} {before['package_id']} is {present!r} and cannot be changed to {wanted!r}",
                hint="It is set when the object is created; create another one",
            )
        after[item.option] = different[item.option] = wanted
    writes = _stored(resource, different)
    flags = found.value(FLAGS, UINT32) or 0
    target = flags & ~wish.bits_off | wish.bits_on
    flags_before, flags_after = _flags_in_words(resource, wish, flags)
    before.update(flags_before)
    after.update(flags_after)
    if target != flags:
        writes[FLAGS] = (UINT32, target)
    return Plan("update" if writes else "none", writes, before, after)


def _declared(resource: Resource, wish: Wish) -> list[Property]:
    return [item for item in resource.declarable if item.option in wish.values]


def _stored(resource: Resource, values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        item.wmi: (item.codec, item.kind.stored(values[item.option]))
        for item in resource.declarable
        if item.kind is not None and item.option in values
    }


def _flags_in_words(resource: Resource, wish: Wish, flags: int | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """The bits that were asked for, before and after; those without a name as one number of bits that are on."""
    asked = wish.bits_on | wish.bits_off
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    for flag in resource.flags:
        if asked & flag.bit:
            before[flag.option] = bool((flags or 0) & flag.bit)
            after[flag.option] = bool(wish.bits_on & flag.bit)
    rest = asked & ~sum(flag.bit for flag in resource.flags)
    if rest:
        before["pkg_flags"] = f"0x{(flags or 0) & rest:08X}"
        after["pkg_flags"] = f"0x{wish.bits_on & rest:08X}"
    return before, after


def unmet(resource: Resource, plan: Plan, wish: Wish, stored: Instance) -> dict[str, tuple[Any, Any]]:
    """What reads back otherwise than it was written: option to (wanted, found). Only what this plan wrote counts."""
    missed: dict[str, tuple[Any, Any]] = {}
    for item in _declared(resource, wish):
        if item.wmi not in plan.writes or item.kind is None:
            continue
        present = in_words(item, stored.value(item.wmi, item.codec))
        if not item.kind.same(wish.values[item.option], present):
            missed[item.option] = (wish.values[item.option], present)
    if FLAGS in plan.writes:
        flags = stored.value(FLAGS, UINT32) or 0
        if flags & wish.bits_off or ~flags & wish.bits_on:
            before, after = _flags_in_words(resource, wish, flags)
            missed.update({name: (after[name], before[name]) for name in after if before[name] != after[name]})
    return missed


__all__ = ["BY_THE_SITE", "Flag", "Plan", "Wish", "make_plan", "make_wish", "settle", "unmet"]
