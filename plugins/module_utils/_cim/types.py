# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One codec per CIM type: to XML and from it. Types come from declarations, never from guessing (wire section 9)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Callable
from xml.etree.ElementTree import Element, SubElement

from .._wsman import markup, names
from .._wsman.errors import BadValue

_NIL = names.NIL
_CIM_DATETIME = f"{{{names.CIM}}}Datetime"
_CIM_DMTF = f"{{{names.CIM}}}CIM_DateTime"
_CIM_INTERVAL = f"{{{names.CIM}}}Interval"
TIME_FORMS = ("Datetime", "Date", "Time", "CIM_DateTime", "Interval")

_XS_DATETIME = re.compile(
    r"(-?\d{4,})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:\d\d)?\Z", re.ASCII
)
# Nearly every date; the others mean the same by more ways.
_USUAL_DATETIME = re.compile(r"(\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):\d\d:[0-5]\d)(Z?)\Z", re.ASCII)
_XS_TIME = re.compile(r"(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)?\Z", re.ASCII)
_DMTF_DATETIME = re.compile(
    r"(\d{4}|\*{4})([\d*]{2})([\d*]{2})([\d*]{2})([\d*]{2})([\d*]{2})\.([\d*]{6})([+-])(\d{3}|\*{3})\Z", re.ASCII
)
_DMTF_INTERVAL = re.compile(r"\d{8}[\d*]{6}\.[\d*]{6}:000\Z", re.ASCII)
# Stands for a year that is left open; the calendar of Windows begins with it.
_NO_YEAR = 1601
_XS_DURATION = re.compile(r"-?P(?=.)(\d+Y)?(\d+M)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?\Z", re.ASCII)


@dataclass(frozen=True)
class CimTime:
    """A date as WMI holds it: wall clock, and minutes east of Greenwich, or None where the zone is unknown (`+***`)."""

    wall: datetime
    offset: int | None = None

    @property
    def text(self) -> str:
        """ISO 8601, without a zone if it is unknown."""
        return self.wall.isoformat() + _zone(self.offset)

    @property
    def dmtf(self) -> str:
        """The form WMI and WQL use: 20240502101112.000000+120."""
        zone = "+***" if self.offset is None else f"{'-' if self.offset < 0 else '+'}{abs(self.offset):03d}"
        return f"{self.wall:%Y%m%d%H%M%S.%f}{zone}".rjust(25, "0")

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class CimInterval:
    """A length of time, in the text form it came in: xs:duration (P1DT2H) or DMTF (00000001020000.000000:000)."""

    text: str

    def __str__(self) -> str:
        return self.text


def _zone(offset: int | None) -> str:
    if offset is None:
        return ""
    if offset == 0:
        return "Z"
    return f"{'-' if offset < 0 else '+'}{abs(offset) // 60:02d}:{abs(offset) % 60:02d}"


def is_nil(element: Element) -> bool:
    """Whether the element says null (wire T-02)."""
    said = element.get(_NIL)
    return said is not None and said.strip().lower() in ("true", "1")


class Codec:
    """Reads a property from its elements and writes it as elements. Frozen; compare with `is`."""

    is_array = False
    is_scalar = True  # its values are Python's own: text, numbers, true and false

    def __init__(self, name: str, parse: Callable[[str], Any], render: Callable[[Any, str], str]) -> None:
        self.name = name
        self._parse = parse
        self._render = render

    def __repr__(self) -> str:
        return self.name

    def read_one(self, element: Element) -> Any:
        """The value of one element, None for null. Raises BadValue."""
        if element.get(_NIL) is not None and is_nil(element):
            return None
        text = (element.text or "").strip()
        if not text:
            return None
        try:
            return self._parse(text)
        except (ValueError, OverflowError):  # a year beyond all calendars overflows
            raise BadValue(
                f"The provider host sent {text[:60]!r} for {markup.local(element.tag)}, which is not a {self.name}",
                hint="Please report this with the class and property.",
            ) from None

    def read(self, elements: Sequence[Element]) -> Any:
        """The value of a property's elements, None if there are none or they say null."""
        return self.read_one(elements[0]) if elements else None

    def text(self, value: Any, label: str = "value") -> str:
        """The value as XML text. Raises BadValue."""
        return self._render(value, label)

    def write(self, parent: Element, tag: str, value: Any) -> None:
        """Append the property to `parent`; None is written as null."""
        if value is None:
            SubElement(parent, tag, {names.NIL: "true"})
        else:
            self.fill(SubElement(parent, tag), value)

    def fill(self, element: Element, value: Any) -> None:
        """Put a value that is not None into an empty element."""
        element.text = self.text(value, markup.local(element.tag))


class _Array(Codec):
    """Repeated elements. Absent, null and empty are one: the empty list (wire T-07, peers V-01)."""

    is_array = True
    is_scalar = False

    def __init__(self, item: Codec) -> None:
        super().__init__(f"array of {item.name}", item._parse, item._render)
        self.item = item

    def read_one(self, element: Element) -> Any:
        return self.read((element,))

    def read(self, elements: Sequence[Element]) -> list[Any]:
        return [value for each in elements if (value := self.item.read_one(each)) is not None]

    def text(self, value: Any, label: str = "value") -> str:
        raise BadValue(f"{label} is an array, which has no single text")

    def write(self, parent: Element, tag: str, value: Any) -> None:
        if value is not None and (isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable)):
            raise BadValue(f"{markup.local(tag)} takes a list, not {value!r}")
        values = list(value) if value is not None else []
        if not values:  # an array cannot be cleared by leaving it out (wire P-09)
            SubElement(parent, tag, {names.NIL: "true"})
        for each in values:
            if each is None:
                raise BadValue(f"{markup.local(tag)} takes no empty entries")
            self.item.write(parent, tag, each)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Array) and other.item == self.item

    def __hash__(self) -> int:
        return hash(("array", self.item))


def array_of(item: Codec) -> Codec:
    """The codec of an array of `item`."""
    return _Array(item)


def _render_string(value: Any, label: str) -> str:
    if not isinstance(value, str):
        raise BadValue(f"{label} takes text, not {value!r}")
    return markup.check_text(value, label)


def _parse_boolean(text: str) -> bool:
    known = {"true": True, "false": False, "1": True, "0": False}
    if text.lower() not in known:
        raise ValueError(text)
    return known[text.lower()]


def _render_boolean(value: Any, label: str) -> str:
    if not isinstance(value, bool):
        raise BadValue(f"{label} takes true or false, not {value!r}")
    return "true" if value else "false"


def is_plain_number(text: str) -> bool:
    """Whether a text is a whole number without a sign, short enough for a CIM type. `int` takes less than `isdigit` says, and not any length."""
    return len(text) <= _MOST_DIGITS and text.isascii() and text.isdigit()


_MOST_DIGITS = len(str(2**64))
_DECIMAL = re.compile(r"[+-]?\d+\Z", re.ASCII)


def _integer(name: str, low: int, high: int) -> Codec:
    def parse(text: str) -> int:
        if not is_plain_number(text) and not _DECIMAL.match(text):
            raise ValueError(text)
        number = int(text)
        if not low <= number <= high:
            raise ValueError(text)
        return number

    def render(value: Any, label: str) -> str:
        if isinstance(value, bool) or not isinstance(value, int):
            raise BadValue(f"{label} takes a whole number, not {value!r}")
        if not low <= value <= high:
            raise BadValue(f"{label} takes {low} to {high} ({name}), not {value}")
        return str(value)

    return Codec(name, parse, render)


def _render_real(value: Any, label: str) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BadValue(f"{label} takes a number, not {value!r}")
    number = float(value)
    if math.isnan(number):
        return "NaN"
    if number in (float("inf"), float("-inf")):
        return "INF" if number > 0 else "-INF"
    return repr(number)


def _parse_time(text: str) -> Any:
    match = _USUAL_DATETIME.match(text)
    if match:
        return CimTime(datetime.fromisoformat(match.group(1)), 0 if match.group(2) else None)
    match = _XS_DATETIME.match(text)
    if match is None and _XS_TIME.match(text):
        match = _XS_DATETIME.match(f"{_NO_YEAR}-01-01T{text}")
    if match:
        year, month, day, hour, minute, second, fraction, zone = match.groups()
        micro = int(((fraction or "") + "000000")[:6])
        midnight_after = hour == "24"  # xs:dateTime allows it for the end of a day
        wall = datetime(
            int(year),
            int(month),
            int(day),
            0 if midnight_after else int(hour or 0),
            int(minute or 0),
            min(int(second or 0), 59),
            micro,
        )
        return CimTime(wall + timedelta(days=1) if midnight_after else wall, _offset(zone))
    match = _DMTF_DATETIME.match(text)
    if match:
        year, month, day, hour, minute, second, fraction, sign, minutes = match.groups()
        # A wildcard leaves that field open; the earliest moment it covers stands for it.
        wall = datetime(
            _or(year, _NO_YEAR),
            _or(month, 1),
            _or(day, 1),
            _or(hour, 0),
            _or(minute, 0),
            _or(second, 0),
            _or(fraction, 0),
        )
        return CimTime(wall, None if "*" in minutes else int(sign + minutes))
    if _DMTF_INTERVAL.match(text) or _XS_DURATION.match(text):
        return CimInterval(text)
    raise ValueError(text)


def _or(field: str, default: int) -> int:
    return default if "*" in field else int(field)


def _offset(zone: str | None) -> int | None:
    if zone is None:
        return None
    if zone == "Z":
        return 0
    minutes = int(zone[1:3]) * 60 + int(zone[4:6])
    return -minutes if zone[0] == "-" else minutes


def _render_time(value: Any, label: str) -> str:
    if isinstance(value, CimInterval):
        return value.text
    if isinstance(value, CimTime):
        return value.dmtf if value.offset is None else value.text
    raise BadValue(f"{label} takes a date, not {value!r}")


class _Text(Codec):
    """Any text. Nearly everything that is read is some, so it takes the short way."""

    def read_one(self, element: Element) -> Any:
        if element.get(_NIL) is not None and is_nil(element):
            return None
        return element.text or ""


class _DateTime(Codec):
    """A date or an interval, which on the wire is a child element named after its form, or bare text (wire T-08, peers V-04)."""

    is_scalar = False

    def read_one(self, element: Element) -> Any:
        return super().read_one(element[0] if len(element) else element)

    def fill(self, element: Element, value: Any) -> None:
        text = self.text(value, markup.local(element.tag))
        if isinstance(value, CimInterval):
            tag = _CIM_DMTF if _DMTF_INTERVAL.match(text) else _CIM_INTERVAL
        else:  # xs:dateTime cannot say "zone unknown" (wire T-09)
            tag = _CIM_DMTF if value.offset is None else _CIM_DATETIME
        SubElement(element, tag).text = text


class Properties:
    """The properties of one object, over the element they were read from. Undeclared ones stay as they came."""

    def __init__(self, element: Element) -> None:
        self.element = element
        self._by_name: dict[str, list[Element]] = {}
        for each in element:
            name = markup.local(each.tag)
            if each.tag != f"{{{names.CIM}}}Location":  # only in old examples (wire G-03)
                self._by_name.setdefault(name, []).append(each)

    def names(self) -> tuple[str, ...]:
        """The properties the answer holds, in its order. A null array is not among them (wire T-07)."""
        return tuple(self._by_name)

    def value(self, name: str, codec: Codec) -> Any:
        """A property as its declaration reads it, None if it is null or absent."""
        return codec.read(self._by_name.get(name, ()))

    def guess(self, name: str) -> Any:
        """An undeclared property as it stands there: text, a list where it is repeated, a dictionary for an object."""
        elements = self._by_name.get(name, [])
        if len(elements) > 1:
            return [_guess(each) for each in elements]
        return _guess(elements[0]) if elements else None


def _guess(element: Element) -> Any:
    if is_nil(element):
        return None
    if len(element) == 0:
        return element.text or ""
    if len(element) == 1 and markup.local(element[0].tag) in TIME_FORMS:
        return element[0].text or ""
    inside = Embedded(element)
    return {"__CLASS": inside.class_name, **{name: inside.guess(name) for name in inside.names()}}


class Embedded(Properties):
    """An object inside a property, such as a schedule token: its real class, and its properties (wire T-13, peers V-02)."""

    def __init__(self, element: Element) -> None:
        typed = names.TYPE in element.attrib
        # Readers take a wrapping element named after the class as well.
        if not typed and len(element) == 1 and (names.TYPE in element[0].attrib or len(element[0])):
            element = element[0]
            typed = names.TYPE in element.attrib
        kind = element.get(names.TYPE, "") if typed else element.tag
        self.class_name = markup.local(kind).rpartition(":")[2]
        if self.class_name.endswith("_Type"):
            self.class_name = self.class_name[: -len("_Type")]
        # What goes back: with the wrapping element, if it came with one and a type (wire Q-03).
        self._form = element
        if len(element) == 1 and len(element[0]) and markup.local(element[0].tag) == self.class_name:
            element = element[0]
        super().__init__(element)

    @classmethod
    def of(cls, class_name: str, values: Mapping[str, tuple[Codec, Any]]) -> Embedded:
        """A new object to be written. Properties left out are not sent."""
        element = Element(class_name, {names.TYPE: f"{class_name}_Type"})
        for name, (codec, value) in values.items():
            codec.write(element, name, value)
        return cls(element)

    def fill(self, element: Element) -> None:
        """Write it into a property element; one that was read goes back as it came."""
        own = markup.namespace(self._form.get(names.TYPE, "")) or next(self._namespaces(), "")
        # The class's own URI stands beside that of the object around it (wire T-13).
        uri = own or f"{markup.namespace(element.tag).rpartition('/')[0]}/{self.class_name}"
        element.set(names.TYPE, f"{{{uri}}}{self.class_name}_Type")
        _copy_children(self._form, element, "" if own else uri)

    def _namespaces(self) -> Iterator[str]:
        return (uri for uri in (markup.namespace(each.tag) for each in self.element) if uri)

    def _canonical(self) -> Any:
        return (
            self.class_name,
            tuple((name, tuple(map(_canonical, each))) for name, each in sorted(self._by_name.items())),
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Embedded) and other._canonical() == self._canonical()

    def __hash__(self) -> int:
        return hash(self._canonical())

    def __repr__(self) -> str:
        return f"Embedded({self.class_name}, {', '.join(f'{name}={self.guess(name)!r}' for name in self.names())})"


def _canonical(element: Element) -> Any:
    if names.TYPE in element.attrib and len(element):
        return Embedded(element)._canonical()
    below = tuple(_canonical(each) for each in element)
    return (markup.local(element.tag), is_nil(element), below or (element.text or ""))


def _copy_children(source: Element, target: Element, uri: str) -> None:
    """Copy what is below `source`; with `uri`, names without a namespace get that one."""
    for each in source:
        tag = each.tag if not uri or each.tag.startswith("{") else f"{{{uri}}}{each.tag}"
        copied = SubElement(target, tag, dict(each.attrib))
        copied.text = each.text
        if uri and names.TYPE in each.attrib and not markup.namespace(each.attrib[names.TYPE]):
            Embedded(each).fill(copied)
        else:
            _copy_children(each, copied, uri)


class _EmbeddedCodec(Codec):
    is_scalar = False

    def read_one(self, element: Element) -> Any:
        if is_nil(element) or (len(element) == 0 and names.TYPE not in element.attrib):
            return None
        return Embedded(element)

    def text(self, value: Any, label: str = "value") -> str:
        raise BadValue(f"{label} is an object, which has no single text")

    def fill(self, element: Element, value: Any) -> None:
        if not isinstance(value, Embedded):
            raise BadValue(f"{markup.local(element.tag)} takes an object, not {value!r}")
        value.fill(element)


STRING = _Text("string", str, _render_string)
BOOLEAN = Codec("boolean", _parse_boolean, _render_boolean)
UINT8 = _integer("uint8", 0, 2**8 - 1)
UINT16 = _integer("uint16", 0, 2**16 - 1)
UINT32 = _integer("uint32", 0, 2**32 - 1)
UINT64 = _integer("uint64", 0, 2**64 - 1)
SINT8 = _integer("sint8", -(2**7), 2**7 - 1)
SINT16 = _integer("sint16", -(2**15), 2**15 - 1)
SINT32 = _integer("sint32", -(2**31), 2**31 - 1)
SINT64 = _integer("sint64", -(2**63), 2**63 - 1)
REAL64 = Codec("real64", lambda text: float(text.replace("INF", "inf")), _render_real)
DATETIME = _DateTime("datetime", _parse_time, _render_time)
EMBEDDED = _EmbeddedCodec("object", str, _render_string)
