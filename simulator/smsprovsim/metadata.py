# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Class metadata as CIM-XML in no namespace (wire M-01 to M-03, peers V-07)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from .model import CimClass, Method, Parameter, Property, WmiError
from .operation import Operation
from .soap import attribute, escape
from .wsmanfault import WSManFault


def class_document(operation: Operation) -> str:
    """CLASS of the class that the selector ClassName names."""
    if [name.casefold() for name, _unused in operation.target.keys] != ["classname"]:
        raise WSManFault(2150858842, "The selectors are __cimnamespace and ClassName.")
    cim_class = operation.cim_class()
    operation.executed = True
    return _describe(operation, cim_class)


def class_list(operation: Operation) -> Iterator[str]:
    """CLASS of each class of the namespace, for Enumerate with an empty ClassName."""
    operation.require_namespace()
    every: Callable[[str], Iterable[CimClass]] | None = getattr(operation.site, "cim_classes", None)
    if every is None:
        raise WmiError(0x8004100C, "The classes of the namespace cannot be listed.")
    for cim_class in sorted(every(operation.target.namespace), key=lambda each: each.name.casefold()):
        yield _describe(operation, cim_class)


def _asked(operation: Operation, option: str) -> bool:
    return operation.options.plain.get(option.casefold()) == "true"


def _describe(operation: Operation, cim_class: CimClass) -> str:
    inherited = _asked(operation, "IncludeInheritedElements")
    # ASSUMED: class_qualifiers
    qualifiers = _asked(operation, "IncludeQualifiers") and operation.switches["class_qualifiers"] == "present"
    line = _ancestors(operation, cim_class)
    parts = [f'<CLASS NAME="{attribute(cim_class.name)}"']
    if cim_class.superclass:
        parts.append(f' SUPERCLASS="{attribute(cim_class.superclass)}"')
    parts.append(">")
    if qualifiers and cim_class.abstract:
        parts.append(_flag("Abstract"))
    for name in sorted(cim_class.properties, key=str.casefold):
        origin = _origin(line, "properties", name)
        if inherited or origin is cim_class:
            parts.append(_property(cim_class.properties[name], origin, cim_class, qualifiers))
    for name, method in cim_class.methods.items():  # in order of declaration, as captured
        origin = _origin(line, "methods", name)
        if inherited or origin is cim_class:
            parts.append(_method(method, origin, qualifiers))
    parts.append("</CLASS>")
    return "".join(parts)


def _ancestors(operation: Operation, cim_class: CimClass) -> list[CimClass]:
    line = [cim_class]
    while line[-1].superclass:
        above = operation.lookup(line[-1].superclass)
        if above is None:
            break
        line.append(above)
    return line


def _origin(line: list[CimClass], kind: str, name: str) -> CimClass:
    """The uppermost ancestor that has this member, the class itself if none above does."""
    return next((each for each in reversed(line) if name in getattr(each, kind)), line[0])


def _member(origin: CimClass, cim_class: CimClass) -> str:
    return f' CLASSORIGIN="{attribute(origin.name)}"' + ("" if origin is cim_class else ' PROPAGATED="true"')


def _kind(declared: Property | Parameter) -> tuple[str, str]:
    """TYPE of a declaration, and the class it embeds. WMI's object properties appear as strings with a qualifier."""
    if declared.type.startswith("object"):
        return "string", declared.type.partition(":")[2]
    return declared.type, ""


def _flag(name: str) -> str:
    return f'<QUALIFIER NAME="{name}" TYPE="boolean"><VALUE>true</VALUE></QUALIFIER>'


def _text(name: str, value: str) -> str:
    return f'<QUALIFIER NAME="{name}" TYPE="string"><VALUE>{escape(value)}</VALUE></QUALIFIER>'


def _property(declared: Property, origin: CimClass, cim_class: CimClass, qualifiers: bool) -> str:
    tag = "PROPERTY.ARRAY" if declared.array else "PROPERTY"
    kind, embedded = _kind(declared)
    inner = ""
    if qualifiers:
        inner += _flag("key") if declared.key else ""
        inner += _flag("lazy") if declared.lazy else ""
        inner += _flag("read")
        inner += "" if declared.read_only else _flag("write")
        inner += _text("EmbeddedInstance", embedded) if embedded else ""
    return f'<{tag} NAME="{attribute(declared.name)}"{_member(origin, cim_class)} TYPE="{kind}">{inner}</{tag}>'


def _method(method: Method, origin: CimClass, qualifiers: bool) -> str:
    """Captured methods have an origin, and no PROPAGATED even where they are inherited."""
    inner = _flag("static") if qualifiers and method.static else ""
    directions: dict[str, list[str]] = {}
    declared: dict[str, Any] = {}
    for direction, parameters in (("in", method.inputs), ("out", method.outputs)):
        for each in parameters:
            declared[each.name] = each
            directions.setdefault(each.name, []).append(direction)
    for name, each in declared.items():
        tag = "PARAMETER.ARRAY" if each.array else "PARAMETER"
        kind, embedded = _kind(each)
        marks = ""
        if qualifiers:
            marks = "".join(_flag(direction) for direction in directions[name])
            marks += _flag("optional") if each.optional else ""
            marks += _text("EmbeddedInstance", embedded) if embedded else ""
        inner += f'<{tag} NAME="{attribute(name)}" TYPE="{kind}">{marks}</{tag}>'
    return (
        f'<METHOD NAME="{attribute(method.name)}" TYPE="uint32" CLASSORIGIN="{attribute(origin.name)}">{inner}</METHOD>'
    )
