# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a class of the site is: properties, keys, methods, as the host describes it (wire M-01, M-02; peers V-07).

Where the host does not describe it, one object of the class is read instead, which shows names and little more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from .._cim import types
from .._cim.session import WmiSession
from .._cim.types import Codec, array_of
from .._wsman import markup, names, verbs
from .._wsman.errors import ListBroken, WSManFault
from .errors import INVALID_CLASS, INVALID_NAMESPACE
from .site import Site

DESCRIBED, READ, UNKNOWN = "described", "read", "unknown"

_CODECS: Mapping[str, Codec] = {
    "string": types.STRING,
    "boolean": types.BOOLEAN,
    "uint8": types.UINT8,
    "uint16": types.UINT16,
    "uint32": types.UINT32,
    "uint64": types.UINT64,
    "sint8": types.SINT8,
    "sint16": types.SINT16,
    "sint32": types.SINT32,
    "sint64": types.SINT64,
    "char16": types.UINT16,
    "real32": types.REAL64,
    "real64": types.REAL64,
    "datetime": types.DATETIME,
    "object": types.EMBEDDED,
}
_PROPERTY_TAGS = ("PROPERTY", "PROPERTY.ARRAY", "PROPERTY.REFERENCE")
_PARAMETER_TAGS = ("PARAMETER", "PARAMETER.ARRAY", "PARAMETER.REFERENCE", "PARAMETER.REFARRAY")


@dataclass(frozen=True)
class Member:
    """A property or a parameter. `type` is a CIM type, `reference`, `object` or `object:CLASS`; empty where nothing tells it."""

    name: str
    type: str = ""
    array: bool = False
    qualifiers: Mapping[str, str] = field(default_factory=dict)

    @property
    def codec(self) -> Codec | None:
        """What reads and writes a value; None where the type is not known or cannot be carried."""
        single = _CODECS.get(self.type.partition(":")[0])
        return array_of(single) if single is not None and self.array else single

    def marked(self, qualifier: str) -> bool:
        """Whether it has this qualifier, and set."""
        return self.qualifiers.get(qualifier.lower(), "false").lower() != "false"


@dataclass(frozen=True)
class PropertySchema(Member):
    """A property. `origin` is the class that declares it. What qualifiers tell is None where none came."""

    origin: str = ""
    key: bool | None = None
    lazy: bool | None = None
    read_only: bool | None = None


@dataclass(frozen=True)
class ParameterSchema(Member):
    """A parameter. `into` and `out` are None where no qualifier tells the direction (wire M-02)."""

    into: bool | None = None
    out: bool | None = None
    optional: bool | None = None


@dataclass(frozen=True)
class MethodSchema:
    """A method. `static` is None where no qualifiers came."""

    name: str
    returns: str = ""
    static: bool | None = None
    parameters: tuple[ParameterSchema, ...] = ()

    def inputs(self) -> tuple[ParameterSchema, ...]:
        """What may be sent: all but those known to come out only."""
        return tuple(each for each in self.parameters if each.into or not each.out)

    def outputs(self) -> tuple[ParameterSchema, ...]:
        """What may come back: all but those known to go in only. Without ReturnValue."""
        return tuple(each for each in self.parameters if each.out or not each.into)


@dataclass(frozen=True)
class ClassSchema:
    """A class, inherited members included. Names are looked up without case.

    `source`: `described` by the host, `read` off one object (types mostly unknown), `unknown` where it has neither.
    `qualified`: qualifiers came, so keys and directions are known.
    """

    name: str
    source: str = DESCRIBED
    superclass: str = ""
    abstract: bool | None = None
    qualified: bool = False
    properties: tuple[PropertySchema, ...] = ()
    methods: tuple[MethodSchema, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of the key properties; empty where nothing tells them."""
        return tuple(each.name for each in self.properties if each.key)

    def property_named(self, name: str) -> PropertySchema | None:
        """The property of this name."""
        return next((each for each in self.properties if each.name.lower() == name.lower()), None)

    def method_named(self, name: str) -> MethodSchema | None:
        """The method of this name."""
        return next((each for each in self.methods if each.name.lower() == name.lower()), None)


class Schemas:
    """The classes of one namespace, each asked for once. Raises what reading raises, but never for a class that is refused."""

    def __init__(self, session: WmiSession) -> None:
        self._session = session
        self._known: dict[str, ClassSchema] = {}

    def of(self, class_name: str) -> ClassSchema:
        """The class of this name; one of `source` unknown if the host has none or shows none."""
        key = class_name.lower()
        if key not in self._known:
            self._known[key] = self._described(class_name) or self._read(class_name)
        return self._known[key]

    def _described(self, class_name: str) -> ClassSchema | None:
        try:
            answer = verbs.get_class(self._session.link, self._session.namespace, class_name)
        except WSManFault as fault:
            if fault.codes & {INVALID_CLASS, INVALID_NAMESPACE}:
                return ClassSchema(class_name, source=UNKNOWN)
            return None
        return class_from(answer)

    def _read(self, class_name: str) -> ClassSchema:
        try:
            element = self._session.first_object(class_name)
        except (WSManFault, ListBroken):
            element = None
        return ClassSchema(class_name, source=UNKNOWN) if element is None else class_of_object(element)


def schemas_of(site: Site, namespace: str | None = None) -> Schemas:
    """The classes of the site's namespace, or of another one on the same host."""
    session = site._session
    return Schemas(session if namespace is None else session.with_namespace(namespace))


def class_from(answer: Element) -> ClassSchema | None:
    """A class from the CIM-XML of an answer; None if it holds none. Takes any namespace, and what is around the class."""
    found = next((each for each in answer.iter() if markup.local(each.tag) == "CLASS" and each.get("NAME")), None)
    if found is None:
        return None
    qualified = any(markup.local(each.tag) == "QUALIFIER" for each in found.iter())
    own = _qualifiers(found)
    return ClassSchema(
        name=found.get("NAME", ""),
        superclass=found.get("SUPERCLASS", ""),
        abstract=_flag(own, "abstract") if qualified else None,
        qualified=qualified,
        properties=tuple(_property(each, qualified) for each in _named(found, _PROPERTY_TAGS)),
        methods=tuple(_method(each, qualified) for each in _named(found, ("METHOD",))),
    )


def _named(element: Element, tags: tuple[str, ...]) -> Iterator[Element]:
    return (each for each in element if markup.local(each.tag).upper() in tags and each.get("NAME"))


def _qualifiers(element: Element) -> dict[str, str]:
    """Names in lower case and values; several values are joined, none counts as true."""
    found = {}
    for each in _named(element, ("QUALIFIER",)):
        values = [(below.text or "").strip() for below in each.iter() if markup.local(below.tag) == "VALUE"]
        found[each.get("NAME", "").lower()] = ", ".join(values) if values else "true"
    return found


def _flag(qualifiers: Mapping[str, str], name: str) -> bool:
    return qualifiers.get(name, "false").lower() != "false"


def _type(element: Element, qualifiers: Mapping[str, str]) -> str:
    """The CIM type. An object comes as text with a qualifier that names its class (wire M-04, T-17)."""
    tag = markup.local(element.tag).upper()
    if "REF" in tag.partition(".")[2] and tag.partition(".")[2] != "ARRAY":
        return "reference"
    spelled = qualifiers.get("cimtype", "")
    named = qualifiers.get("embeddedinstance") or element.get("EmbeddedObject") or element.get("EMBEDDEDOBJECT", "")
    if spelled.lower().startswith("object"):
        named = spelled.partition(":")[2] or named or "object"
    if named or _flag(qualifiers, "embeddedobject"):
        return "object" if not named or named.lower() in ("object", "instance") else f"object:{named}"
    return element.get("TYPE", "").lower()


def _array(element: Element) -> bool:
    return markup.local(element.tag).upper().endswith("ARRAY")


def _property(element: Element, qualified: bool) -> PropertySchema:
    own = _qualifiers(element)
    # What is neither marked as read-only nor as writable is left open: classes mark either, or nothing.
    read_only = False if _flag(own, "write") else True if _flag(own, "read") else None
    return PropertySchema(
        name=element.get("NAME", ""),
        type=_type(element, own),
        array=_array(element),
        qualifiers=own,
        origin=element.get("CLASSORIGIN", ""),
        key=_flag(own, "key") if qualified else None,
        lazy=_flag(own, "lazy") if qualified else None,
        read_only=read_only if qualified else None,
    )


def _method(element: Element, qualified: bool) -> MethodSchema:
    own = _qualifiers(element)
    return MethodSchema(
        name=element.get("NAME", ""),
        returns=element.get("TYPE", "").lower(),
        static=_flag(own, "static") if qualified else None,
        parameters=tuple(_parameter(each, qualified) for each in _named(element, _PARAMETER_TAGS)),
    )


def _parameter(element: Element, qualified: bool) -> ParameterSchema:
    own = _qualifiers(element)
    told = qualified and ("in" in own or "out" in own)
    return ParameterSchema(
        name=element.get("NAME", ""),
        type=_type(element, own),
        array=_array(element),
        qualifiers=own,
        into=_flag(own, "in") if told else None,
        out=_flag(own, "out") if told else None,
        optional=_flag(own, "optional") if qualified else None,
    )


def class_of_object(element: Element) -> ClassSchema:
    """What one object shows of its class: names, and a type where its form leaves no doubt. A null array shows nothing."""
    seen: dict[str, list[Element]] = {}
    for each in element:
        if each.tag != f"{{{names.CIM}}}Location":  # wire G-03
            seen.setdefault(markup.local(each.tag), []).append(each)
    found = tuple(PropertySchema(name, _form(items[0]), len(items) > 1) for name, items in seen.items())
    return ClassSchema(markup.local(element.tag), source=READ, properties=found)


def _form(element: Element) -> str:
    if names.TYPE in element.attrib and len(element):
        return f"object:{types.Embedded(element).class_name}"
    if len(element) == 1 and markup.local(element[0].tag) in types.TIME_FORMS:
        return "datetime"
    return ""
