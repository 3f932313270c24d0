# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which packages are meant: by id, by name, or by a selection; found in one query whatever their class.

Through SMS_PackageBaseclass, whose query answers with every kind of package (behaviour 14, 15). Its rows carry no class
name (wire E-13), so the class comes from PackageType.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._cim import wql
from .._cim.types import DATETIME, STRING, UINT32, CimTime, Codec
from .._provider.errors import Impossible, NotFound
from .._provider.site import Site
from .resource import Resource

BASE_CLASS = "SMS_PackageBaseclass"
PACKAGE_ID = re.compile(r"^[A-Z0-9]{3}[0-9A-F]{5}$")

# What a refresh has to know of a package. One row is about 600 characters on the wire.
STATE_COLUMNS: Mapping[str, Codec] = {
    "ActionInProgress": UINT32,
    "LastRefreshTime": DATETIME,
    "Name": STRING,
    "PackageID": STRING,
    "PackageType": UINT32,
    "PkgSourceFlag": UINT32,
    "PkgSourcePath": STRING,
    "SourceSite": STRING,
    "SourceVersion": UINT32,
    "StoredPkgVersion": UINT32,
}
# What changes while it runs.
MOVING_COLUMNS: Mapping[str, Codec] = {
    "ActionInProgress": UINT32,
    "LastRefreshTime": DATETIME,
    "PackageID": STRING,
    "SourceVersion": UINT32,
    "StoredPkgVersion": UINT32,
}

# The longest query text sent at once: a list of some 5 000 ids. Longer lists are cut into several queries.
LONGEST_QUERY = 60_000


@dataclass(frozen=True)
class PackageState:
    """A package as the site shows it at one moment."""

    package_id: str
    name: str
    package_type: int
    source_site: str
    source_flag: int
    source_path: str
    source_version: int
    stored_version: int
    action: int
    last_refresh: CimTime | None

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> PackageState:
        """Build it from a row with `STATE_COLUMNS`."""
        return cls(
            package_id=(row["PackageID"] or "").upper(),
            name=row["Name"] or "",
            package_type=row["PackageType"] if row["PackageType"] is not None else 0,
            source_site=(row["SourceSite"] or "").upper(),
            source_flag=row["PkgSourceFlag"] or 0,
            source_path=row["PkgSourcePath"] or "",
            source_version=row["SourceVersion"] or 0,
            stored_version=row["StoredPkgVersion"] or 0,
            action=row["ActionInProgress"] or 0,
            last_refresh=row["LastRefreshTime"],
        )

    def moved(self, row: Mapping[str, Any]) -> PackageState:
        """The same package after another look, from a row with `MOVING_COLUMNS`."""
        return PackageState(
            package_id=self.package_id,
            name=self.name,
            package_type=self.package_type,
            source_site=self.source_site,
            source_flag=self.source_flag,
            source_path=self.source_path,
            source_version=row["SourceVersion"] or 0,
            stored_version=row["StoredPkgVersion"] or 0,
            action=row["ActionInProgress"] or 0,
            last_refresh=row["LastRefreshTime"],
        )

    @property
    def label(self) -> str:
        """For messages: id and name."""
        return f'{self.package_id} ("{self.name}")' if self.name else self.package_id


@dataclass(frozen=True)
class Asked:
    """Which packages the task names. At most one of ids, names and selection is used."""

    package_ids: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    package_types: tuple[int, ...] = ()
    selection: Mapping[str, Any] | None = None
    max_packages: int = 50


def selection_spec(resources: Sequence[Resource]) -> dict[str, Any]:
    """The options that say which packages."""
    kinds = [item.option for item in resources]
    return {
        "package_ids": {"type": "list", "elements": "str", "aliases": ["package_id"]},
        "names": {"type": "list", "elements": "str", "aliases": ["name"]},
        "type": {"type": "list", "elements": "str", "choices": kinds},
        "select": {
            "type": "dict",
            "options": {
                "type": {"type": "list", "elements": "str", "choices": kinds},
                "name": {"type": "str"},
                "manufacturer": {"type": "str"},
                "source_path_prefix": {"type": "str"},
                "folder": {"type": "str"},
            },
        },
    }


def types_named(options: Sequence[str] | None, resources: Sequence[Resource]) -> tuple[int, ...]:
    """The PackageTypes of kinds that a task names."""
    return tuple(item.package_type for item in resources if item.option in (options or ()))


def checked_ids(package_ids: Sequence[str]) -> tuple[str, ...]:
    """The ids in upper case, each once, in the order given. Raises Impossible for one that is malformed."""
    found = tuple(dict.fromkeys(text.strip().upper() for text in package_ids))
    bad = [text for text in found if not PACKAGE_ID.match(text)]
    if bad:
        raise Impossible(
            f"Not a package id: {', '.join(repr(text) for text in bad)}",
            hint="A package id is the three characters of a site code and five hexadecimal digits, such as PS100001",
        )
    return found


def find(site: Site, asked: Asked, resources: Sequence[Resource]) -> list[PackageState]:
    """The packages asked for, in the order asked; for a selection, by id.

    Raises NotFound for ids and names that nobody has, Impossible for a name with two packages and for a selection
    larger than `max_packages`. Nothing is changed by it.
    """
    if asked.package_ids:
        return _by_id(site, checked_ids(asked.package_ids))
    if asked.names:
        return _by_name(site, asked, resources)
    return _by_selection(site, asked, resources)


def _by_id(site: Site, package_ids: Sequence[str]) -> list[PackageState]:
    found = {state.package_id: state for state in _states(site, "PackageID", package_ids)}
    missing = [package_id for package_id in package_ids if package_id not in found]
    if missing:
        raise NotFound(
            f"No package {', '.join(missing)} at {site.where}, or outside the scopes of {site.user}",
            hint="Check the id in the console, and the security scopes of the account",
        )
    return [found[package_id] for package_id in package_ids]


def _by_name(site: Site, asked: Asked, resources: Sequence[Resource]) -> list[PackageState]:
    spelled: dict[str, str] = {}
    for name in asked.names:  # two spellings of one name are one package
        spelled.setdefault(name.lower(), name)
    names = tuple(spelled.values())
    by_name: dict[str, list[PackageState]] = {}
    kinds = [wql.in_list("PackageType", asked.package_types)] if asked.package_types else []
    for state in _states(site, "Name", names, *kinds):
        by_name.setdefault(state.name.lower(), []).append(state)
    missing = [name for name in names if name.lower() not in by_name]
    if missing:
        raise NotFound(
            f"No package named {', '.join(repr(name) for name in missing)} at {site.where}, or outside the scopes of {site.user}",
            hint="Names are compared without case and in full; check the spelling, or give package_ids",
        )
    twice = [
        f"{name!r}: {_listed(by_name[name.lower()], resources)}" for name in names if len(by_name[name.lower()]) > 1
    ]
    if twice:
        raise Impossible(
            f"Several packages have one name at {site.where}: {'; '.join(twice)}",
            hint="Give package_ids, or narrow it with type",
        )
    return [by_name[name.lower()][0] for name in names]


def _listed(states: Sequence[PackageState], resources: Sequence[Resource]) -> str:
    return ", ".join(
        f"{state.package_id} ({kind_of(state.package_type, resources)})"
        for state in sorted(states, key=lambda s: s.package_id)
    )


def class_of(package: PackageState, resources: Sequence[Resource], way_out: str) -> str:
    """The WMI class of a package. Raises Impossible, with a way out, for one that is not declared."""
    found = next((item for item in resources if item.package_type == package.package_type), None)
    if found is None:
        raise Impossible(
            f"{package.label} is of a class that this collection does not know (PackageType {package.package_type})",
            hint=way_out,
        )
    return found.wmi_class


def kind_of(package_type: int, resources: Sequence[Resource]) -> str:
    """What the field calls a package of this type."""
    return next((item.label for item in resources if item.package_type == package_type), f"PackageType {package_type}")


def _states(site: Site, column: str, values: Sequence[str], *more: wql.Condition) -> Iterator[PackageState]:
    for part in slices(values):
        for row in site.list_of(BASE_CLASS, STATE_COLUMNS, wql.and_(wql.in_list(column, part), *more)):
            yield PackageState.from_row(row)


def slices(values: Sequence[str]) -> Iterator[Sequence[str]]:
    """`values` in as few pieces as fit into one query each; nearly always a single one."""
    part: list[str] = []
    length = 0
    for value in values:
        if part and length + len(value) + 4 > LONGEST_QUERY:
            yield part
            part, length = [], 0
        part.append(value)
        length += len(value) + 4
    if part:
        yield part


def selection_conditions(
    site: Site, selection: Mapping[str, Any], resources: Sequence[Resource]
) -> list[wql.Condition | None]:
    """The WHERE of a selection: one, none if nothing can match, several for a folder with thousands of packages.

    Folders cost two queries, the rest none.
    """
    wanted = [item for item in resources if not selection.get("type") or item.option in selection["type"]]
    conditions = []
    if selection.get("type"):
        conditions.append(wql.in_list("PackageType", [item.package_type for item in wanted]))
    if selection.get("name"):
        conditions.append(wql.matches("Name", selection["name"]))
    if selection.get("manufacturer"):
        conditions.append(wql.equals("Manufacturer", selection["manufacturer"]))
    if selection.get("source_path_prefix"):
        conditions.append(wql.starts_with("PkgSourcePath", selection["source_path_prefix"]))
    if selection.get("folder"):
        members = _in_folder(site, selection["folder"], wanted)
        return [wql.and_(*conditions, wql.in_list("PackageID", part)) for part in slices(members)]
    if not conditions:
        raise Impossible(
            "The selection names nothing",
            hint="Give at least one of type, name, manufacturer, source_path_prefix and folder",
        )
    return [wql.and_(*conditions)]


def _by_selection(site: Site, asked: Asked, resources: Sequence[Resource]) -> list[PackageState]:
    found = [
        PackageState.from_row(row)
        for where in selection_conditions(site, asked.selection or {}, resources)
        for row in site.list_of(BASE_CLASS, STATE_COLUMNS, where)
    ]
    found.sort(key=lambda state: state.package_id)
    built_in = _built_in(site) if any(state.package_type == 0 for state in found) else frozenset()
    found = [state for state in found if state.package_id not in built_in]
    if len(found) > asked.max_packages:
        raise Impossible(
            f"The selection matches {len(found)} packages at {site.where}, more than max_packages ({asked.max_packages})",
            hint="Narrow the selection, or raise max_packages if all of them are meant",
        )
    return found


def _built_in(site: Site) -> frozenset[str]:
    """Ids of the packages the site made for itself, such as the client package (SMS_Package.IsPredefinedPackage)."""
    rows = site.list_of("SMS_Package", {"PackageID": STRING}, wql.equals("IsPredefinedPackage", True))
    return frozenset(row["PackageID"].upper() for row in rows)


def _in_folder(site: Site, path: str, resources: Sequence[Resource]) -> list[str]:
    """Ids of the packages that lie in a console folder, sub-folders not included (SMS_ObjectContainerNode, ...Item)."""
    types = [item.folder_type for item in resources if item.folder_type is not None]
    parts = [part for part in path.replace("\\", "/").split("/") if part]
    if not types or not parts:
        raise Impossible(
            f"Not a folder of packages: {path!r}", hint="Name it from the top of the node, such as /Servers/2025"
        )
    columns = {"ContainerNodeID": UINT32, "Name": STRING, "ObjectType": UINT32, "ParentContainerNodeID": UINT32}
    nodes = site.list_of("SMS_ObjectContainerNode", columns, wql.in_list("ObjectType", types))
    here = {(kind, 0) for kind in types}
    for part in parts:
        here = {
            (node["ObjectType"], node["ContainerNodeID"])
            for node in nodes
            if (node["ObjectType"], node["ParentContainerNodeID"] or 0) in here
            and (node["Name"] or "").lower() == part.lower()
        }
    if not here:
        raise NotFound(
            f"No folder {path!r} of packages at {site.where}, or not visible to {site.user}",
            hint="Check the path in the console",
        )
    ids = sorted({number for _kind, number in here})
    rows = site.list_of(
        "SMS_ObjectContainerItem", {"InstanceKey": STRING, "MemberID": UINT32}, wql.in_list("ContainerNodeID", ids)
    )
    return sorted({row["InstanceKey"].upper() for row in rows if row["InstanceKey"]})
