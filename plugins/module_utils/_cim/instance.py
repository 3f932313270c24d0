# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CIM objects read from a WS-Management body, and written back without loss."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from xml.etree.ElementTree import Element

from .._wsman import markup, names
from .types import Codec, Properties

_WITHOUT_ZONE = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)\.0{6}[+-]\*{3}\Z")
Changes = Mapping[str, "tuple[Codec, Any]"]


@dataclass(frozen=True)
class ObjectPath:
    """Where an object is: namespace (with forward slashes), class, and its keys as (name, value) pairs."""

    namespace: str
    class_name: str
    keys: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        keys = ",".join(f'{name}="{value}"' for name, value in self.keys)
        return f"{self.class_name}.{keys}" if keys else self.class_name


class Instance(Properties):
    """An object as the site sent it. It keeps the element it was read from, so that what nobody declared goes back unchanged.

    `path` is None for rows of a query. `partial`: only some properties were read, so it cannot be written as a whole.
    """

    def __init__(
        self, element: Element, namespace: str, path: ObjectPath | None = None, *, partial: bool = False
    ) -> None:
        super().__init__(element)
        self.namespace = namespace
        self.path = path
        self.partial = partial
        # Set by who reads objects to write them back: what the site was at when this was read.
        self.stamp: tuple[int, int] | None = None
        # The class that answers may be a subclass of the one asked for (wire G-02).
        self.class_name = path.class_name if partial and path else markup.local(element.tag)

    def __repr__(self) -> str:
        return f"Instance({self.path or self.class_name})"

    def changed(self, values: Changes) -> bytes:
        """The body of a Put: everything as it was read, these properties replaced (wire P-03, P-08). Raises BadValue."""
        root = deepcopy(self.element)
        root.tail = None
        for each in [each for each in root if each.tag == f"{{{names.CIM}}}Location"]:
            root.remove(each)
        uri = markup.namespace(root.tag)
        for name, (codec, value) in values.items():
            old = [each for each in root if markup.local(each.tag) == name]
            tag = old[0].tag if old else f"{{{uri}}}{name}"
            place = list(root).index(old[0]) if old else _place(root, name)
            for each in old:
                root.remove(each)
            holder = Element(root.tag)
            codec.write(holder, tag, value)
            for offset, each in enumerate(holder):
                root.insert(place + offset, each)
        return markup.serialise(root)


def _place(root: Element, name: str) -> int:
    """Where an absent property belongs: answers are in alphabetical order without regard to case (wire G-02)."""
    return sum(1 for each in root if markup.local(each.tag).lower() < name.lower())


def new_instance(class_uri: str, class_name: str, values: Changes) -> bytes:
    """The body of a Create: the given properties, those with None left out (wire C-02)."""
    return _body(class_uri, class_name, values)


def method_input(class_uri: str, method: str, arguments: Changes) -> bytes:
    """The body of an Invoke: METHOD_INPUT, an argument of None left out (wire I-02, I-05)."""
    name = f"{method}_INPUT"
    return _body(class_uri, name, arguments) if arguments else _empty_body(class_uri, name)


def property_alone(class_uri: str, name: str, codec: Codec, value: Any) -> bytes:
    """One property as the body of a fragment Put has it; None and an empty list are written as null (wire G-08, P-09)."""
    holder = Element("holder")
    codec.write(holder, f"{{{class_uri}}}{name}", value)
    return b"".join(markup.serialise(each) for each in holder)


def with_plain_dates(body: bytes) -> bytes:
    """A body whose dates without a zone are xs:dateTime, also without one; as it is where it has none of them (wire T-09)."""
    if b"CIM_DateTime" not in body:
        return body
    root, found = markup.parse(body), False
    for each in root.iter(f"{{{names.CIM}}}CIM_DateTime"):
        match = _WITHOUT_ZONE.match(each.text or "")
        if match is not None:
            year, month, day, hour, minute, second = match.groups()
            each.tag, each.text = f"{{{names.CIM}}}Datetime", f"{year}-{month}-{day}T{hour}:{minute}:{second}"
            found = True
    return markup.serialise(root) if found else body


@lru_cache(maxsize=16)
def _empty_body(uri: str, name: str) -> bytes:
    """The same for every package of a class."""
    return _body(uri, name, {})


def _body(uri: str, name: str, values: Changes) -> bytes:
    root = Element(f"{{{uri}}}{name}")
    for each, (codec, value) in values.items():
        if value is not None:
            codec.write(root, f"{{{uri}}}{each}", value)
    return markup.serialise(root)


class RowReader:
    """Reads rows of one query: each a dictionary that has every declared name, whether a projection or a typed object (wire E-13).

    Most rows have the same elements in the same order as the row before, so what they are is found out once.
    """

    def __init__(self, codecs: Mapping[str, Codec]) -> None:
        self._codecs = dict(codecs)
        self._empty: dict[str, Any] = dict.fromkeys(codecs)
        self._simple = not any(codec.is_array for codec in codecs.values())
        self._tags: list[str] = []
        self._plan = self._planned([])

    def __call__(self, element: Element) -> dict[str, Any]:
        tags = [each.tag for each in element]
        if tags != self._tags:
            self._tags, self._plan = tags, self._planned(tags)
        if self._plan is None:
            return self._one_by_one(element)
        row = self._empty.copy()
        for (name, read), each in zip(self._plan, element):
            row[name] = read(each)
        return row

    def _planned(self, tags: list[str]) -> list[tuple[str, Callable[[Element], Any]]] | None:
        """Name and codec of each element; None for arrays, repeated elements, and those that nobody asked for."""
        found = [markup.local(tag) for tag in tags]
        if not self._simple or len(set(found)) < len(found) or not self._codecs.keys() >= set(found):
            return None
        return [(name, self._codecs[name].read_one) for name in found]

    def _one_by_one(self, element: Element) -> dict[str, Any]:
        row: dict[str, Any] = {name: [] if codec.is_array else None for name, codec in self._codecs.items()}
        for each in element:
            name = markup.local(each.tag)
            codec = self._codecs.get(name)
            if codec is None:
                continue
            if codec.is_array:
                row[name] += codec.read_one(each)
            elif row[name] is None:
                row[name] = codec.read_one(each)
        return row
