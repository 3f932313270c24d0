# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a request addresses: action and resource URI to verb, namespace, class, method and key (wire U-01 to U-12, H-11)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from . import names
from .codec import BadValue, Style, check_key
from .model import CimClass
from .soap import Envelope
from .wsmanfault import WSManFault

_VERBS = {
    each.casefold(): each.rpartition("/")[2]
    for each in (names.GET, names.PUT, names.CREATE, names.DELETE, names.ENUMERATE, names.PULL, names.RELEASE)
}
_CIM_NAMESPACE = "__cimnamespace"


@dataclass(frozen=True)
class Target:
    """The thing addressed. `kind` is ``class``, ``all`` (every class of a namespace), ``cim_xml`` (class metadata) or
    ``config`` (WinRM's own settings).
    """

    kind: str
    namespace: str  # lower case
    class_name: str
    style: Style
    keys: tuple[tuple[str, str], ...]  # selectors without __cimnamespace


@dataclass
class Options:
    """The OptionSet, sorted (wire H-11, H-12)."""

    context: dict[str, Any] = field(default_factory=dict)
    plain: dict[str, str] = field(default_factory=dict)
    modified: list[str] | None = None  # __MIInstanceModifiedPropertiesList
    mi_client: bool = False


def read_verb(envelope: Envelope) -> tuple[str, str]:
    """Verb and method of the Action; raises `WSManFault` for one that belongs to no verb (wire I-01, I-08)."""
    action = envelope.action
    verb = _VERBS.get(action.casefold())
    if verb:
        return verb, ""
    prefix = envelope.resource_uri + "/"
    if (
        action.casefold().startswith(prefix.casefold())
        and len(action) > len(prefix)
        and "/" not in action[len(prefix) :]
    ):
        return "Invoke", action[len(prefix) :]
    raise WSManFault(2150858753)


def read_options(envelope: Envelope) -> Options:
    """Context values, and what the CIM cmdlets' client says about itself."""
    options = Options()
    for name, value, kind in envelope.options:
        prefix, _unused, rest = name.partition(":")
        if rest.casefold() == "__miinstancemodifiedpropertieslist":
            options.modified = [*(options.modified or []), value]
            options.mi_client = True
        elif "__MI_" in name or "MI_OPERATIONOPTIONS" in name:
            options.mi_client = True
        elif prefix.casefold() == "wmi":
            options.context[rest] = _typed(value, kind)
        elif prefix.casefold() == "wmiarray":
            options.context.setdefault(rest, []).append(_typed(value, kind))
        else:
            options.plain[name.casefold()] = value.strip().casefold()
    return options


def _typed(value: str, kind: str) -> Any:
    if kind == "boolean":
        return value.strip().lower() in ("true", "1")
    if kind in ("int", "unsignedInt", "long", "unsignedLong", "short", "unsignedShort", "byte", "unsignedByte"):
        try:
            return int(value)
        except ValueError:
            raise WSManFault(2150858809, f"{value!r} is no {kind}.") from None
    return value


def read_target(envelope: Envelope, options: Options, switches: Mapping[str, str]) -> Target:
    """What the resource URI and the selectors address; raises `WSManFault`."""
    uri = envelope.resource_uri
    keys = tuple((name, value) for name, value in envelope.selectors if name.casefold() != _CIM_NAMESPACE)
    selected = next((value for name, value in envelope.selectors if name.casefold() == _CIM_NAMESPACE), None)
    precise = options.plain.get("msftwinrm:useprecisearrays") == "true"
    low = uri.casefold()
    if low.startswith(names.WMI_PREFIX.casefold()):
        if switches["microsoft_uri"] == "refused":  # ASSUMED: microsoft_uri, microsoft_uri_code
            raise WSManFault(int(switches["microsoft_uri_code"]))
        namespace, _unused, class_name = uri[len(names.WMI_PREFIX) :].rpartition("/")
        if not namespace or not class_name:
            raise WSManFault(2150858754)
        if selected is not None and _normal(selected) != _normal(namespace):
            raise WSManFault(2150859067)
        style = Style(False, _spelled(namespace, switches), precise=precise)
        return Target("all" if class_name == "*" else "class", _normal(namespace), class_name, style, keys)
    namespace = (selected or "root/cimv2").replace("\\", "/").strip("/")
    if low == names.CONFIG:
        return Target("config", "", "", Style(False, ""), keys)
    style = Style(True, _spelled(namespace, switches), typed=options.mi_client, precise=precise)
    if low == names.DMTF_ALL.casefold():
        return Target("all", _normal(namespace), "*", style, keys)
    if low == names.CIM_XML.casefold():
        return Target(
            "cim_xml", _normal(namespace), next((v for k, v in keys if k.casefold() == "classname"), ""), style, keys
        )
    if low.startswith(names.DMTF_PREFIX.casefold()):
        class_name = uri[len(names.DMTF_PREFIX) :]
        if class_name and "/" not in class_name and class_name != "*":
            return Target("class", _normal(namespace), class_name, style, keys)
    raise WSManFault(2150858754)


def _spelled(namespace: str, switches: Mapping[str, str]) -> str:
    return (
        namespace if switches["response_namespace_case"] == "request" else namespace.lower()
    )  # ASSUMED: response_namespace_case


def _normal(namespace: str) -> str:
    return namespace.replace("\\", "/").strip("/").lower()


def read_keys(target: Target, cim_class: CimClass) -> dict[str, str]:
    """The selectors as keys of the class, in its spelling; raises `WSManFault` (wire U-08)."""
    declared = {key.casefold(): cim_class.properties[key] for key in cim_class.keys}
    keys: dict[str, str] = {}
    for name, value in target.keys:
        known = declared.get(name.casefold())
        if known is None:
            raise WSManFault(2150858843, f"{name} is no key of {cim_class.name}.")
        try:
            check_key(value, known)
        except BadValue as error:
            raise WSManFault(2150858844, str(error)) from None
        keys[known.name] = value
    if declared and not keys:
        raise WSManFault(2150859002, f"{cim_class.name} is no singleton, and no key is given.")
    missing = [known.name for name, known in declared.items() if known.name not in keys]
    if missing:
        raise WSManFault(2150858842, f"The key {', '.join(missing)} of {cim_class.name} is missing.")
    return keys


def key_of_journal(keys: tuple[tuple[str, str], ...]) -> str | dict[str, str]:
    """One key as its value, several as a dictionary, none as an empty text."""
    if len(keys) == 1:
        return keys[0][1]
    return dict(keys) if keys else ""
