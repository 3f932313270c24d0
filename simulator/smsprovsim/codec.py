# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CIM values, instances and rows to and from XML (wire T-01 to T-17, G-01, E-13; peers V-01 to V-04)."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from lxml import etree

from . import names
from .model import CimClass, CimDateTime, Embedded, Instance, Parameter, Property, Row
from .soap import attribute, escape, safe
from .wsmanfault import WSManFault

Lookup = Callable[[str], CimClass | None]

_DMTF_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)\.(\d{6})(?:([+-])(\d{3}|\*{3})|\*{3,4})")
_DMTF_INTERVAL = re.compile(r"(\d{8})(\d\d)(\d\d)(\d\d)\.(\d{6}):000")
_XS_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)?")
_XS_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.(\d{1,6}))?S)?)?")

_RANGES = {
    "uint8": (0, 2**8 - 1), "uint16": (0, 2**16 - 1), "uint32": (0, 2**32 - 1), "uint64": (0, 2**64 - 1), "char16": (0, 2**16 - 1),
    "sint8": (-(2**7), 2**7 - 1), "sint16": (-(2**15), 2**15 - 1), "sint32": (-(2**31), 2**31 - 1), "sint64": (-(2**63), 2**63 - 1),
}  # fmt: skip

# xsi:type of scalars for MI clients (wire T-01).
_XSI_TYPES = {
    "string": "cimString", "boolean": "cimBoolean", "datetime": "cimDateTime", "char16": "cimChar16", "real32": "cimFloat",
    "real64": "cimDouble", "uint8": "cimUnsignedByte", "uint16": "cimUnsignedShort", "uint32": "cimUnsignedInt",
    "uint64": "cimUnsignedLong", "sint8": "cimByte", "sint16": "cimShort", "sint32": "cimInt", "sint64": "cimLong",
}  # fmt: skip


@dataclass(frozen=True)
class Style:
    """How the request speaks, and hence the answer: URI style and namespace spelling, MI options."""

    dmtf: bool
    namespace: str
    typed: bool = False  # xsi:type on scalars
    precise: bool = False  # msftwinrm:UsePreciseArrays

    def class_uri(self, class_name: str) -> str:
        """The URI of a class, which is also the namespace of its instances."""
        if self.dmtf:
            return names.DMTF_PREFIX + class_name
        return f"{names.WMI_PREFIX}{self.namespace}/{class_name}"


class BadValue(Exception):
    """Something in a body does not fit the class: `kind` is ``name``, ``type``, ``namespace`` or ``schema``."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


# Datetimes


@lru_cache(maxsize=8192)
def xs_time(text: str, without_zone: str) -> tuple[str, str]:
    """Element name and text for a DMTF datetime or interval. ASSUMED: datetime_without_zone"""
    match = _DMTF_TIME.fullmatch(text)
    if match is None:
        interval = _DMTF_INTERVAL.fullmatch(text)
        if interval is None:
            return "CIM_DateTime", text  # wildcards have no xs form (wire T-08)
        days, hours, minutes, seconds, micro = interval.groups()
        fraction = f".{micro}".rstrip("0").rstrip(".")
        return "Interval", f"P{int(days)}DT{int(hours)}H{int(minutes)}M{int(seconds)}{fraction}S"
    year, month, day, hour, minute, second, micro, sign, offset = match.groups()
    if offset is None or "*" in offset:
        if without_zone == "dmtf":
            return "CIM_DateTime", text
        zone = "Z" if without_zone == "z" else ""
    else:
        zone = "Z" if int(offset) == 0 else f"{sign}{int(offset) // 60:02}:{int(offset) % 60:02}"
    fraction = f".{micro}".rstrip("0").rstrip(".")
    return "Datetime", f"{year}-{month}-{day}T{hour}:{minute}:{second}{fraction}{zone}"


def dmtf_time(text: str) -> str:
    """DMTF text of an xs:dateTime; raises `BadValue`. Without a zone it becomes ``+***``."""
    match = _XS_TIME.fullmatch(text)
    if match is None:
        raise BadValue("type", f"{text!r} is no xs:dateTime")
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    if not (1 <= int(month) <= 12 and 1 <= int(day) <= 31 and int(hour) < 24 and int(minute) < 60 and int(second) < 60):
        raise BadValue("type", f"{text!r} is no time that exists")
    if zone is None:
        offset = "+***"
    elif zone == "Z":
        offset = "+000"
    else:
        offset = f"{zone[0]}{int(zone[1:3]) * 60 + int(zone[4:]):03}"
    return f"{year}{month}{day}{hour}{minute}{second}.{(fraction or '')[:6].ljust(6, '0')}{offset}"


def dmtf_interval(text: str) -> str:
    """DMTF text of an xs:duration; raises `BadValue`."""
    match = _XS_DURATION.fullmatch(text)
    if match is None or not any(match.groups()):
        raise BadValue("type", f"{text!r} is no xs:duration")
    days, hours, minutes, seconds = (int(each or 0) for each in match.groups()[:4])
    total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    minutes, seconds = divmod(total, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return f"{days:08}{hours:02}{minutes:02}{seconds:02}.{(match.group(5) or '').ljust(6, '0')}:000"


# Writing


def alphabetical(declared: Iterable[Any]) -> list[Any]:
    """Properties or parameters in order of their names, without regard to case (wire G-02)."""
    return sorted(declared, key=lambda each: str(each.name).casefold())


class Writer:
    """Writes values in one style. Plans for classes and projections are kept, since most answers are long lists."""

    def __init__(self, style: Style, switches: Mapping[str, str], lookup: Lookup) -> None:
        self._style = style
        self._switches = switches
        self._lookup = lookup
        self._without_zone = switches["datetime_without_zone"]
        self._nil_arrays = switches["null_array"] == "nil"
        self._orders: dict[str, list[Property]] = {}
        self._columns: tuple[tuple[Property, ...], list[Property]] = ((), [])

    def _order(self, cim_class: CimClass) -> list[Property]:
        known = self._orders.get(cim_class.name)
        if known is None:
            known = self._orders[cim_class.name] = alphabetical(cim_class.properties.values())
        return known

    def instance(self, instance: Instance) -> str:
        """An object as one element named after its class (wire G-01)."""
        cim_class = instance.cim_class
        name = cim_class.name
        parts = [
            f'<p:{name} xmlns:xsi="{names.XSI}" xmlns:p="{attribute(self._style.class_uri(name))}" xmlns:cim="{names.CIM}"'
            f' xsi:type="p:{name}_Type">'
        ]
        for each in self._order(cim_class):
            self._element(parts, "p:", "cim:", each, instance.values.get(each.name))
        parts.append(f"</p:{name}>")
        return "".join(parts)

    def row(self, row: Row) -> str:
        """A projected row: children in no namespace (wire E-13)."""
        parts = [f'<w:XmlFragment xmlns:xsi="{names.XSI}" xmlns:w="{names.WSMAN}">']
        if row.columns is not self._columns[0]:
            self._columns = (row.columns, alphabetical(row.columns))
        for each in self._columns[1]:
            self._element(parts, "", "", each, row.values.get(each.name))
        parts.append("</w:XmlFragment>")
        return "".join(parts)

    def output(
        self,
        method: str,
        class_name: str,
        outputs: Mapping[str, Any],
        declared: Iterable[Parameter],
        return_value: int | None,
    ) -> str:
        """METHOD_OUTPUT (wire I-03)."""
        # ASSUMED: output_type
        typed = f' xsi:type="p:{method}_OUTPUT_Type"' if self._switches["output_type"] == "present" else ""
        parts = [
            f'<p:{method}_OUTPUT xmlns:xsi="{names.XSI}" xmlns:p="{attribute(self._style.class_uri(class_name))}"'
            f' xmlns:cim="{names.CIM}"{typed}>'
        ]
        for each in alphabetical(declared):
            self._element(parts, "p:", "cim:", each, outputs.get(each.name))
        if return_value is not None:
            self._element(parts, "p:", "cim:", Parameter("ReturnValue", "uint32"), return_value & 0xFFFFFFFF)
        parts.append(f"</p:{method}_OUTPUT>")
        return "".join(parts)

    def fragment(self, class_name: str, declared: Property, values: list[Any]) -> str:
        """The elements of one property, for a fragment Get (wire G-08)."""
        parts = [
            f'<w:XmlFragment xmlns:xsi="{names.XSI}" xmlns:p="{attribute(self._style.class_uri(class_name))}" xmlns:cim="{names.CIM}">'
        ]
        for value in values:
            self._one(parts, "p:", "cim:", declared, value)
        parts.append("</w:XmlFragment>")
        return "".join(parts)

    def reference(self, instance: Instance) -> str:
        """The content of an endpoint reference (wire E-11, C-03, C-04)."""
        selectors = "".join(
            f'<w:Selector Name="{attribute(key)}">{safe(key_text(instance.values.get(key)), self._switches)}</w:Selector>'
            for key in instance.cim_class.keys
        )
        if self._style.dmtf:
            selectors += f'<w:Selector Name="__cimnamespace">{escape(self._style.namespace)}</w:Selector>'
        return (
            f"<a:Address>{names.ANONYMOUS}</a:Address><a:ReferenceParameters>"
            f"<w:ResourceURI>{escape(self._style.class_uri(instance.cim_class.name))}</w:ResourceURI>"
            f"<w:SelectorSet>{selectors}</w:SelectorSet></a:ReferenceParameters>"
        )

    def _element(self, parts: list[str], prefix: str, cim: str, declared: Property | Parameter, value: Any) -> None:
        if not declared.array:
            self._one(parts, prefix, cim, declared, value)
            return
        if value is None or value == []:
            # ASSUMED: null_array. An empty array cannot be told from a null one without the MI option (wire T-07).
            if value is None and self._style.precise:
                parts.append(f'<{prefix}{declared.name} xsi:nil="true" m:IsNullArray="true"/>')
            elif value is None and self._nil_arrays:
                parts.append(f'<{prefix}{declared.name} xsi:nil="true"/>')
            return
        for each in value:
            self._one(parts, prefix, cim, declared, each)

    def _one(self, parts: list[str], prefix: str, cim: str, declared: Property | Parameter, value: Any) -> None:
        tag = prefix + declared.name
        typed = ""
        if self._style.typed and declared.type in _XSI_TYPES and prefix:
            typed = f' xsi:type="cim:{_XSI_TYPES[declared.type]}"'
        if value is None:
            parts.append(f'<{tag} xsi:nil="true"{typed}/>')
        elif isinstance(value, str):
            text = safe(value, self._switches)
            parts.append(f"<{tag}{typed}>{text}</{tag}>")
        elif isinstance(value, bool):
            parts.append(f"<{tag}{typed}>{'true' if value else 'false'}</{tag}>")
        elif isinstance(value, int):
            parts.append(f"<{tag}{typed}>{value}</{tag}>")
        elif isinstance(value, CimDateTime):
            child, text = xs_time(value.text, self._without_zone)
            parts.append(f"<{tag}{typed}><{cim}{child}>{text}</{cim}{child}></{tag}>")
        elif isinstance(value, Embedded):
            self._embedded(parts, tag, value)
        elif isinstance(value, float):
            parts.append(f"<{tag}{typed}>{_real(value)}</{tag}>")
        else:
            raise TypeError(f"{declared.name} is a {type(value).__name__}, which is no CIM value")

    def _embedded(self, parts: list[str], tag: str, value: Embedded) -> None:
        """An embedded instance: the property element itself, of the real class by xsi:type (wire T-13, peers V-02)."""
        cim_class = self._lookup(value.class_name)
        if cim_class is None:
            raise TypeError(f"embedded class {value.class_name} is not in the schema")
        name = cim_class.name
        parts.append(
            f'<{tag} xmlns:e="{attribute(self._style.class_uri(name))}" xmlns:xsi="{names.XSI}" xmlns:cim="{names.CIM}" xsi:type="e:{name}_Type">'
        )
        wrapped = self._switches["embedded_wrapper"] == "present"  # ASSUMED: embedded_wrapper
        if wrapped:
            parts.append(f"<e:{name}>")
        for each in self._order(cim_class):
            self._element(parts, "e:", "cim:", each, value.values.get(each.name))
        if wrapped:
            parts.append(f"</e:{name}>")
        parts.append(f"</{tag}>")


def _real(value: float) -> str:
    if math.isinf(value):
        return "INF" if value > 0 else "-INF"
    return "NaN" if math.isnan(value) else repr(value)


def key_text(value: Any) -> str:
    """A key value as selectors carry it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, CimDateTime):
        return value.text
    return "" if value is None else str(value)


# Reading


class Reader:
    """Reads bodies against declarations; raises `BadValue`. Names are compared with case (wire U-11, K-08)."""

    def __init__(self, style: Style, switches: Mapping[str, str], lookup: Lookup) -> None:
        self._style = style
        self._switches = switches
        self._lookup = lookup

    def values(
        self, element: Any, class_name: str, declared: Mapping[str, Property | Parameter], *, depth: int = 0
    ) -> dict[str, Any]:
        """The children of `element` by name; arrays as lists, null as None."""
        if depth > 8:
            raise WSManFault(2150859008)
        if (element.text or "").strip():
            raise BadValue("schema", f"{etree.QName(element).localname} holds text between its elements")
        uri = self._style.class_uri(class_name).casefold()
        found: dict[str, list[Any]] = {}
        for child in element:
            name = etree.QName(child)
            if name.namespace == names.CIM and name.localname == "Location":
                continue  # old form, ignored (wire G-03)
            if (name.namespace or "").casefold() != uri:
                raise BadValue(
                    "namespace", f"{name.localname} is in namespace {name.namespace!r}, not in that of {class_name}"
                )
            if name.localname not in declared:
                raise BadValue("name", f"{class_name} has no {name.localname}")
            found.setdefault(name.localname, []).append(child)
        values: dict[str, Any] = {}
        for local, children in found.items():
            each = declared[local]
            read = [self.value(child, each, depth=depth) for child in children]
            if each.array:
                values[local] = None if read == [None] else read
            elif len(read) > 1:
                raise BadValue("type", f"{local} is no array, and is given {len(read)} times")
            else:
                values[local] = read[0]
        return values

    def value(self, element: Any, declared: Property | Parameter, *, depth: int = 0) -> Any:
        """One value of the declared type."""
        if (element.get(f"{{{names.XSI}}}nil") or "").strip() in ("true", "1"):
            if len(element) or (element.text or "").strip():
                raise BadValue("type", f"{declared.name} is nil and has a value")
            return None
        kind = declared.type
        if kind.startswith("object"):
            return self._embedded(element, declared, depth)
        if kind == "datetime":
            return self._datetime(element, declared)
        if len(element):
            raise BadValue("type", f"{declared.name} is a {kind} and holds elements")
        text = element.text or ""
        return text if kind == "string" else _parse(text.strip(), declared)

    def _datetime(self, element: Any, declared: Property | Parameter) -> CimDateTime:
        if len(element) == 1 and not (element.text or "").strip():
            child = etree.QName(element[0])
            text = (element[0].text or "").strip()
            if child.namespace == names.CIM and child.localname == "Datetime":
                return CimDateTime(dmtf_time(text))
            if child.namespace == names.CIM and child.localname == "Interval":
                return CimDateTime(dmtf_interval(text))
            if child.namespace == names.CIM and child.localname == "CIM_DateTime" and len(text) == 25 and self._dmtf():
                return CimDateTime(text)
        elif not len(element) and self._switches["datetime_bare_text"] == "accepted":  # ASSUMED: datetime_bare_text
            return CimDateTime(dmtf_time((element.text or "").strip()))
        raise BadValue(
            "type", f"{declared.name} is a datetime and holds no cim:Datetime, cim:Interval or cim:CIM_DateTime"
        )

    def _dmtf(self) -> bool:
        """Whether a date may come in DMTF form; a host takes the form it sends. ASSUMED: datetime_dmtf"""
        return self._switches["datetime_dmtf"] == "accepted" or self._switches["datetime_without_zone"] == "dmtf"

    def _embedded(self, element: Any, declared: Property | Parameter, depth: int) -> Embedded:
        base = declared.type.partition(":")[2]
        name = self._real_class(element, declared, base)
        cim_class = self._lookup(name)
        if cim_class is None or cim_class.name != name:
            raise BadValue("type", f"{declared.name} is of class {name}, which does not exist")
        if base and not self._derives(cim_class, base):
            raise BadValue("type", f"{declared.name} is of class {name}, which is no {base}")
        if cim_class.abstract:
            raise BadValue("type", f"{declared.name} is of class {name}, which is abstract")
        # ASSUMED: embedded_wrapper. A host takes the form it sends.
        wrapper = f"{{{self._style.class_uri(name)}}}{name}"
        if self._switches["embedded_wrapper"] == "present" and len(element) == 1 and element[0].tag == wrapper:
            element = element[0]
        return Embedded(cim_class.name, self.values(element, cim_class.name, cim_class.properties, depth=depth + 1))

    def _real_class(self, element: Any, declared: Property | Parameter, base: str) -> str:
        typed = (element.get(f"{{{names.XSI}}}type") or "").strip()
        if not typed:
            if self._switches["embedded_without_type"] == "declared" and base:  # ASSUMED: embedded_without_type
                return base
            raise BadValue("type", f"{declared.name} is an embedded object and has no xsi:type")
        prefix, _unused, local = typed.rpartition(":")
        uri = element.nsmap.get(prefix or None)
        name = local.removesuffix("_Type")
        if uri is None or name == local or uri.casefold() != self._style.class_uri(name).casefold():
            raise BadValue("type", f"{declared.name} has xsi:type {typed!r}, which names no class")
        return name

    def _derives(self, cim_class: CimClass, base: str) -> bool:
        each: CimClass | None = cim_class
        while each is not None:
            if each.name.casefold() == base.casefold():
                return True
            each = self._lookup(each.superclass) if each.superclass else None
        return False


def _parse(text: str, declared: Property | Parameter) -> Any:
    kind = declared.type
    if kind == "boolean":
        if text in ("true", "1"):
            return True
        if text in ("false", "0"):
            return False
    elif kind in _RANGES:
        low, high = _RANGES[kind]
        if re.fullmatch(r"-?\d{1,20}", text) and low <= int(text) <= high:
            return int(text)
    elif kind in ("real32", "real64"):
        try:
            return float(text.replace("INF", "inf"))
        except ValueError:
            pass
    raise BadValue("type", f"{declared.name} is a {kind}, which {text!r} is not")


def check_key(text: str, declared: Property) -> None:
    """Raise `BadValue` if a selector's text cannot be a value of the key's type."""
    if declared.type not in ("string", "datetime"):
        _parse(text.strip().lower() if declared.type == "boolean" else text.strip(), declared)
