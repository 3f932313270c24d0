# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of any class: from WMI to what JSON takes, and back, by the types that the site itself declares (peers V-07)."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from .._cim.types import (
    BOOLEAN,
    DATETIME,
    EMBEDDED,
    SINT64,
    STRING,
    UINT64,
    CimInterval,
    CimTime,
    Codec,
    Embedded,
    Properties,
    array_of,
)
from .._provider.errors import Impossible
from .._provider.schema import DESCRIBED, ClassSchema, Member, PropertySchema, Schemas, class_of_object
from .._wsman.errors import BadValue
from .._wsman.names import TYPE
from .need import site_text

# The key under which an embedded object names its class.
CLASS = "__CLASS"
# A date, perhaps a time to the minute, and the rest: seconds and offset.
_ISO = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(.*))?\Z", re.ASCII)
_OF_WMI = re.compile(r"[\d*]{14}\.|-?P", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d+\Z", re.ASCII)
_WORDS = {"true": True, "yes": True, "false": False, "no": False}
_INTEGERS = ("uint8", "uint16", "uint32", "uint64", "sint8", "sint16", "sint32", "sint64", "char16")


def near(name: str, known: Iterable[str]) -> str:
    """A sentence with the names that look like it, or with some of those there are."""
    lower = {each.lower(): each for each in known}
    found = difflib.get_close_matches(name.lower(), lower, 3, 0.6)
    if found:
        return f"Near it: {', '.join(lower[each] for each in found)}"
    return f"Known: {', '.join(sorted(lower.values(), key=str.lower))}" if lower else "It has none"


class Reader:
    """Values as JSON takes them. Where the site declares no type, they stay text, and their names are noted in `untyped`."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self._noted: dict[str, None] = {}
        self._last: ClassSchema | None = None
        self._by_name: dict[str, PropertySchema] = {}

    @property
    def untyped(self) -> list[str]:
        """Properties whose values are as they came: text, and a list only where there were several."""
        return list(self._noted)

    def every(self, found: Properties, schema: ClassSchema) -> dict[str, Any]:
        """All properties of an object: those the site declares, and whatever else it sent."""
        known = {each.name.lower() for each in schema.properties}
        more = (name for name in found.names() if name.lower() not in known)
        return self.some(found, schema, [*(each.name for each in schema.properties), *more])

    def some(self, found: Properties, schema: ClassSchema, names: Sequence[str]) -> dict[str, Any]:
        """These properties of an object; null, or an empty list, where it has none."""
        sent = {name.lower(): name for name in found.names()}
        table = self._table(schema)
        declared = {name: table.get(name.lower()) for name in names}
        if None in declared.values() or any(TYPE in each.attrib for each in found.element):
            shown = class_of_object(found.element)
            declared = {name: _by_form(each, shown.property_named(name)) for name, each in declared.items()}
        return {name: self.one(found, sent.get(name.lower(), name), declared[name]) for name in names}

    def _table(self, schema: ClassSchema) -> dict[str, PropertySchema]:
        """The properties of a class by name, made once: rows are many."""
        if schema is not self._last:
            self._last, self._by_name = schema, {each.name.lower(): each for each in schema.properties}
        return self._by_name

    def one(self, found: Properties, name: str, declared: Member | None) -> Any:
        """One property by its declaration, if there is one that tells the type and the value keeps to it."""
        codec = declared.codec if declared is not None else None
        if codec is not None:
            try:
                return self.plain(found.value(name, codec))
            except BadValue:  # the host says one thing and sends another, such as a date of zeros
                pass
        value = found.guess(name)
        if value is not None:
            self._noted.setdefault(name)
        return value

    def plain(self, value: Any) -> Any:
        """A value without our own types."""
        if isinstance(value, CimTime):
            return site_text(value)
        if isinstance(value, CimInterval):
            return str(value)
        if isinstance(value, Embedded):
            return {CLASS: value.class_name, **self.every(value, self._schemas.of(value.class_name))}
        if isinstance(value, list):
            return [self.plain(each) for each in value]
        if isinstance(value, float) and not math.isfinite(value):  # JSON has no number for it
            return str(value)
        return value


def _by_form(declared: PropertySchema | None, shown: PropertySchema | None) -> PropertySchema | None:
    """What the form of a value leaves no doubt of. Without qualifiers an object is declared as text (wire M-04)."""
    if declared is None or shown is None or declared.type != "string" or not shown.type.startswith("object"):
        return declared or shown
    return replace(shown, array=declared.array)


class Writer:
    """Values from a playbook as WMI takes them, checked against the site's declarations. Raises Impossible, BadValue."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas

    def value(self, declared: Member, asked: Any, label: str) -> tuple[Codec, Any]:
        """The codec and the value for a property or parameter. `label` names it in messages."""
        if not declared.type:
            return self._by_itself(asked, label)
        if declared.type == "string" and not declared.qualifiers and _is_object(asked):  # wire M-04
            declared = replace(declared, type="object")
        codec = declared.codec
        if codec is None:
            raise Impossible(f"{label} is of the type {declared.type}, which cannot be given here")
        if not declared.array:
            return codec, self._single(declared, asked, label)
        if not isinstance(asked, (list, tuple)):
            raise Impossible(f"{label} takes a list, not {asked!r}")
        single = replace(declared, array=False)
        return codec, [self._single(single, each, f"{label}, entry {number}") for number, each in enumerate(asked, 1)]

    def _single(self, declared: Member, asked: Any, label: str) -> Any:
        kind, _colon, class_name = declared.type.partition(":")
        if kind == "object" and asked is not None:
            return self._object(asked, class_name, label)
        return converted(declared, asked, label)

    def _object(self, asked: Any, class_name: str, label: str) -> Embedded:
        if not isinstance(asked, Mapping):
            raise Impossible(f"{label} takes a dictionary of properties, not {asked!r}")
        name = str(asked.get(CLASS) or class_name)
        if not name:
            raise Impossible(
                f"{label} does not say of which class it is", hint=f"Give the name of the class as {CLASS}"
            )
        schema = self._schemas.of(name)
        values = {}
        for each, value in asked.items():
            if each == CLASS or value is None:
                continue
            declared = schema.property_named(each)
            if declared is None and schema.source == DESCRIBED:
                known = [item.name for item in schema.properties]
                raise Impossible(f"{label}: {schema.name} has no property {each}", hint=near(each, known))
            told = declared or Member(each)
            values[told.name] = self.value(told, value, f"{label}, {told.name}")
        return Embedded.of(schema.name, values)

    def _by_itself(self, asked: Any, label: str) -> tuple[Codec, Any]:
        """Without a declaration: on the wire all but objects are text, so what it looks like is enough."""
        if isinstance(asked, bool):
            return BOOLEAN, asked
        if isinstance(asked, int):
            return (SINT64, asked) if -(2**63) <= asked < 2**63 else (UINT64, asked)
        if isinstance(asked, Mapping):
            return EMBEDDED, self._object(asked, "", label)
        if isinstance(asked, (list, tuple)):
            found = [self._by_itself(each, label) for each in asked]
            if len({codec for codec, _value in found}) != 1:
                raise Impossible(f"{label} takes a list of values of one kind, not {asked!r}")
            return array_of(found[0][0]), [value for _codec, value in found]
        if not isinstance(asked, (str, float)):
            raise Impossible(f"{label} is null", hint="Leave it out instead")
        return STRING, str(asked)


def _is_object(asked: Any) -> bool:
    """Whether it can be nothing but an object, or a list of some."""
    found = asked if isinstance(asked, (list, tuple)) and asked else [asked]
    return all(isinstance(each, Mapping) and CLASS in each for each in found)


def converted(declared: Member, asked: Any, label: str) -> Any:
    """A single value as the codec of its type takes it, in its range; as it is where no type is known. Raises Impossible, BadValue."""
    if asked is None:
        raise Impossible(f"{label} is null", hint="Leave it out instead")
    if declared.codec is None:
        return asked
    value = _converted(declared.type, asked, label)
    declared.codec.text(value, label)
    return value


def _converted(kind: str, asked: Any, label: str) -> Any:
    """What text says, if it is text and a number, a truth or a date is meant."""
    if isinstance(asked, (Mapping, list, tuple)):
        raise Impossible(f"{label} takes one value ({kind}), not {asked!r}")
    if kind == "string":
        if not isinstance(asked, str):
            raise Impossible(f"{label} takes text, not {asked!r}", hint="Put it in quotes if it is meant as text")
        return asked
    if kind == "boolean":
        found = _WORDS.get(asked.strip().lower()) if isinstance(asked, str) else asked
        if not isinstance(found, bool):
            raise Impossible(f"{label} takes true or false, not {asked!r}")
        return found
    if kind in _INTEGERS:
        return int(asked) if isinstance(asked, str) and _WHOLE.match(asked.strip()) else asked
    if kind in ("real32", "real64"):
        try:
            return float(asked) if isinstance(asked, str) else asked
        except ValueError:
            return asked
    return moment(asked, label)


def moment(asked: Any, label: str) -> Any:
    """A date from ISO 8601, with or without an offset, or from the form of WMI; intervals too. Raises Impossible."""
    text = asked.strip() if isinstance(asked, str) else ""
    match = _ISO.match(text)
    if match and match[2]:
        day, clock, rest = match.groups()
        seconds = "" if rest.startswith(":") else ":00"  # which people leave out
        text = f"{day}T{clock}{seconds}{rest}"
    try:
        if not match and not _OF_WMI.match(text):
            raise ValueError(text)
        return DATETIME._parse(text)
    except (ValueError, OverflowError):
        raise Impossible(
            f"{label} takes a date, not {asked!r}",
            hint="Write it like 2026-11-20T22:00:00, or 20261120220000.000000+***",
        ) from None
