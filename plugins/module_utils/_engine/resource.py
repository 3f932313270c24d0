# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a declaration is made of: the properties of a class and what the field calls them. No behaviour here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .._cim.types import Codec
from .options import Kind


@dataclass(frozen=True)
class Property:
    """One WMI property of a resource: its name in the field's words, its WMI name and its CIM type.

    `names` gives words for numbers, `bits` words for the bits of a flags property. `lazy` properties come with a Get
    only, never with a query (behaviour 11). `no_date` marks dates whose years before 1990 mean "never" (behaviour 22).
    `kind` is how a playbook declares it; without one the property is only reported. `create_only` properties cannot be
    changed later, `needed_to_create` ones have to be given for a new object. `with_build` ones take effect in a boot
    image that is built anew (behaviour 86).
    """

    option: str
    wmi: str
    codec: Codec
    lazy: bool = False
    names: Mapping[Any, str] = field(default_factory=dict)
    bits: Mapping[int, str] = field(default_factory=dict)
    no_date: bool = False
    kind: Kind | None = None
    create_only: bool = False
    needed_to_create: bool = False
    with_build: bool = False


@dataclass(frozen=True)
class Flag:
    """One bit of PkgFlags that has a name of its own in the console, and in a playbook."""

    option: str
    bit: int


@dataclass(frozen=True)
class Resource:
    """A class of the SMS Provider that holds one kind of content.

    `option` is the word for it in a playbook, `folder_type` the object type of its console folders (behaviour 111).
    `needs_source`: PkgSourceFlag says whether there is anything to refresh (behaviour 62).
    `builds_in_call`: RefreshPkgSource does minutes of work before it answers (behaviour 82).
    `refreshable` is False where the inherited method has nothing to do; `why_not` says why.
    `flags` are the bits that a playbook may set by name; `born_with` is what a new object gets beside what was asked for.
    """

    label: str
    option: str
    wmi_class: str
    package_type: int
    properties: tuple[Property, ...]
    folder_type: int | None = None
    needs_source: bool = True
    builds_in_call: bool = False
    refreshable: bool = True
    why_not: str = ""
    flags: tuple[Flag, ...] = ()
    born_with: Mapping[str, tuple[Codec, Any]] = field(default_factory=dict)

    def property_named(self, wmi_name: str) -> Property | None:
        """The declared property of this WMI name, in any case."""
        wanted = wmi_name.lower()
        return next((item for item in self.properties if item.wmi.lower() == wanted), None)

    @property
    def declarable(self) -> tuple[Property, ...]:
        """The properties that a playbook may declare."""
        return tuple(item for item in self.properties if item.kind is not None)
