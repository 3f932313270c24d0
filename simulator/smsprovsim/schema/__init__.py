# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The classes of the SMS Provider, read from the text files of this folder.

A file holds classes, one member a line, inherited members left out:

    class NAME [: SUPERCLASS] [in NAMESPACE] [abstract] [embedded]
      NAME TYPE[[]] [key] [read] [lazy] [live|sdk] [LOW..HIGH] [= DEFAULT AS JSON]
      method NAME(PARAMETER TYPE[[]][?], ...) [-> (PARAMETER TYPE[[]], ...)] [live]
      static NAME(...)

TYPE is a CIM type or ``object:CLASS``; ``?`` marks an optional parameter. ``live`` marks a member known only from the
schema of a real 2002 site, ``sdk`` one known only from the documentation.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..model import CimDateTime, Method, Parameter, Property

_CLASS = re.compile(r"class (\w+)(?: : (\w+))?(?: in (\S+))?((?: abstract| embedded)*)$")
_METHOD = re.compile(r"(method|static) (\w+)\((.*?)\)(?: -> \((.*?)\))?( live)?$")


@dataclass(frozen=True)
class ClassDefinition:
    """A class with everything it inherits. `namespace` is empty for classes of the site namespaces."""

    name: str
    superclass: str | None
    namespace: str
    abstract: bool
    embedded: bool
    properties: dict[str, Property]
    methods: dict[str, Method]
    defaults: dict[str, Any]
    ranges: dict[str, tuple[int, int]]
    spelling: dict[str, str]  # lower-case property name -> exact spelling
    lineage: tuple[str, ...]  # lower-case names: the class itself first, then its superclasses

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of the key properties."""
        return tuple(p.name for p in self.properties.values() if p.key)


def _typed(text: str) -> tuple[str, bool]:
    return (text[:-2], True) if text.endswith("[]") else (text, False)


def _parameters(text: str | None) -> tuple[Parameter, ...]:
    found = []
    for part in (text or "").split(", "):
        if part:
            name, type_text = part.split(" ")
            cim_type, array = _typed(type_text.rstrip("?"))
            found.append(Parameter(name, cim_type, array, type_text.endswith("?")))
    return tuple(found)


@dataclass
class _Draft:
    name: str
    superclass: str | None
    namespace: str
    flags: str
    lines: list[str]


def _drafts() -> dict[str, _Draft]:
    drafts: dict[str, _Draft] = {}
    current: _Draft | None = None
    for file in sorted(Path(__file__).parent.glob("*.txt")):
        for raw in file.read_text("utf-8").splitlines():
            if not raw or raw.startswith("#"):
                continue
            if raw.startswith("  ") and current is not None:
                current.lines.append(raw.strip())
                continue
            match = _CLASS.match(raw)
            if match is None:
                raise ValueError(f"{file.name}: cannot read {raw!r}")
            current = _Draft(match[1], match[2], match[3] or "", match[4], [])
            drafts[match[1].lower()] = current
    return drafts


def _define(draft: _Draft, parent: ClassDefinition | None, members: str) -> ClassDefinition:
    properties = dict(parent.properties) if parent else {}
    methods = dict(parent.methods) if parent else {}
    defaults = dict(parent.defaults) if parent else {}
    ranges = dict(parent.ranges) if parent else {}
    left_out = {"sdk": "live", "2002": "sdk", "all": ""}[members]
    for line in draft.lines:
        match = _METHOD.match(line)
        if match is not None:
            if not (match[5] and left_out == "live"):
                methods[match[2]] = Method(match[2], match[1] == "static", _parameters(match[3]), _parameters(match[4]))
            continue
        declared, _unused, default = line.partition(" = ")
        name, type_text, *words = declared.split(" ")
        if left_out in words:
            continue
        cim_type, array = _typed(type_text)
        properties[name] = Property(name, cim_type, array, "key" in words, "lazy" in words, "read" in words)
        for word in words:
            if ".." in word:
                low, high = word.split("..")
                ranges[name] = (int(low), int(high))
        if default:
            value = json.loads(default)
            defaults[name] = CimDateTime(value) if cim_type == "datetime" else value
    return ClassDefinition(
        name=draft.name,
        superclass=draft.superclass,
        namespace=draft.namespace,
        abstract="abstract" in draft.flags,
        embedded="embedded" in draft.flags,
        properties=properties,
        methods=methods,
        defaults=defaults,
        ranges=ranges,
        spelling={name.lower(): name for name in properties},
        lineage=(draft.name.lower(), *(parent.lineage if parent else ())),
    )


@lru_cache(maxsize=3)
def read_classes(members: str = "all") -> dict[str, ClassDefinition]:
    """All classes by lower-case name. `members`: all, ``2002`` (as on a live 2002 site) or ``sdk`` (as documented)."""
    drafts = _drafts()
    classes: dict[str, ClassDefinition] = {}

    def define(name: str) -> ClassDefinition:
        if name not in classes:
            draft = drafts[name]
            parent = define(draft.superclass.lower()) if draft.superclass else None
            classes[name] = _define(draft, parent, members)
        return classes[name]

    for name in drafts:
        define(name)
    return classes
