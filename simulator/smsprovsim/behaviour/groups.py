# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Distribution point groups (behaviour 80) and console folders (behaviour 112)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..model import Value
from ..repository import Record, StoredTable, provider_error
from ..world import ACTION_DELETE, PACKAGE_CLASSES, Package, World
from .distribution import Distribution
from .writes import BAD_PARAMETER, not_found


@dataclass
class Groups:
    """The groups, their members and what is assigned to them."""

    world: World
    distribution: Distribution

    def _table(self, name: str) -> StoredTable:
        return self.world.repository.stored(name)

    @staticmethod
    def name_of(record: Record | None) -> str:
        """The GroupID of a group object."""
        if record is None:
            raise not_found("SMS_DistributionPointGroup", "ExecMethod")
        return str(record.values["GroupID"])

    def members(self, group_id: str) -> set[str]:
        """Lower-case NAL paths of the members."""
        rows = self._table("SMS_DPGroupMembers").records.values()
        return {str(row.values["DPNALPath"]).lower() for row in rows if row.values["GroupID"] == group_id}

    def packages(self, group_id: str) -> list[Package]:
        """What is assigned to the group."""
        rows = self._table("SMS_DPGroupPackages").records.values()
        found = [self.world.package(row.values["PkgID"]) for row in rows if row.values["GroupID"] == group_id]
        return [package for package in found if package is not None and package.action != ACTION_DELETE]

    def assign(self, group_id: str, package: Package, *, send: bool = True) -> None:
        """Assign a package and send it to the members that lack it."""
        table = self._table("SMS_DPGroupPackages")
        if table.find(group_id, package.package_id) is None:
            table.add({"GroupID": group_id, "PkgID": package.package_id})
        if send:
            self._send_missing(package, self.members(group_id))
        self.count(group_id)

    def _send_missing(self, package: Package, keys: Iterable[str]) -> None:
        for key in sorted(keys):
            if key not in package.targets:
                self.distribution.of(package).add(package, self.world.points[key])

    def withdraw(self, group_id: str, package: Package, from_points: bool) -> None:
        """Take a package from the group, and from its members if asked."""
        table = self._table("SMS_DPGroupPackages")
        record = table.find(group_id, package.package_id)
        if record is not None:
            table.remove(record)
        if from_points:
            for key in sorted(self.members(group_id) & set(package.targets)):
                self.distribution.of(package).remove(package.targets[key])
        self.count(group_id)

    def join(self, group_id: str, paths: list[Value], send: bool) -> None:
        """Make distribution points members."""
        unknown = [path for path in paths if str(path).lower() not in self.world.points]
        if unknown:
            raise provider_error(BAD_PARAMETER, f"{unknown[0]} is no distribution point", "ExecMethod", group_id)
        table = self._table("SMS_DPGroupMembers")
        for path in paths:
            if table.find(path, group_id) is None:
                table.add({"DPNALPath": path, "GroupID": group_id})
        if send:
            self.synchronise(group_id)
        self.count(group_id)

    def leave(self, group_id: str, paths: list[Value], with_packages: bool) -> None:
        """End memberships; the content stays unless asked otherwise."""
        table = self._table("SMS_DPGroupMembers")
        for path in paths:
            record = table.find(path, group_id)
            if record is not None:
                table.remove(record)
            for package in self.packages(group_id) if with_packages else []:
                target = package.targets.get(str(path).lower())
                if target is not None:
                    self.distribution.of(package).remove(target)
        self.count(group_id)

    def synchronise(self, group_id: str) -> None:
        """Send every member what it lacks."""
        for package in self.packages(group_id):
            self._send_missing(package, self.members(group_id))
        self.count(group_id)

    def count(self, group_id: str) -> None:
        """Bring the counts of the group object up to date."""
        record = self._table("SMS_DistributionPointGroup").find(group_id)
        if record is None:
            return
        members, packages = self.members(group_id), self.packages(group_id)
        behind = sum(1 for package in packages if members - set(package.targets))
        record.values.update(
            CollectionCount=0,
            ContentCount=len(packages),
            ContentInSync=not behind,
            HasMember=bool(members),
            HasRelationship=False,
            MemberCount=len(members),
            OutOfSyncContentCount=behind,
        )


@dataclass
class Folders:
    """The console folders."""

    world: World

    def __post_init__(self) -> None:
        self._next_member = 16777300

    def path(self, node_id: int) -> str:
        """The folder as ObjectPath shows it."""
        parts: list[str] = []
        while node_id:
            node = self.world.repository.stored("SMS_ObjectContainerNode").find(node_id)
            if node is None:
                break
            parts.append(str(node.values["Name"]))
            node_id = int(node.values.get("ParentContainerNodeID") or 0)
        return "/" + "/".join(reversed(parts))

    def place(self, package: Package, node_id: int) -> None:
        """Put a package into a folder; 0 is the root, which has no row."""
        items = self.world.repository.stored("SMS_ObjectContainerItem")
        row = self._row(package)
        if row is not None:
            items.remove(row)
        if node_id:
            self._next_member += 1
            items.add(
                {
                    "MemberID": self._next_member,
                    "ContainerNodeID": node_id,
                    "InstanceKey": package.package_id,
                    "MemberGuid": f"00000000-0000-4000-8000-{self._next_member:012X}",
                    "ObjectType": PACKAGE_CLASSES[package.class_name][1],
                    "ObjectTypeName": package.class_name,
                    "SourceSite": package.owner,
                }
            )
        package.record.values["ObjectPath"] = self.path(node_id)

    def _row(self, package: Package) -> Record | None:
        for record in self.world.repository.stored("SMS_ObjectContainerItem").records.values():
            if record.values["InstanceKey"] == package.package_id:
                return record
        return None

    def move(self, packages: list[Package], current: Value, target: Value, object_type: Value) -> None:
        """Move packages; the current folder must be right. All or none."""
        node = self.world.repository.stored("SMS_ObjectContainerNode").find(target) if target else None
        if target and (node is None or node.values.get("ObjectType") != object_type):
            raise provider_error(BAD_PARAMETER, f"Folder {target} is none for object type {object_type}", "ExecMethod")
        for package in packages:
            row = self._row(package)
            if (row.values["ContainerNodeID"] if row else 0) != current:
                raise provider_error(BAD_PARAMETER, f"{package.package_id} is not in folder {current}", "ExecMethod")
        for package in packages:
            self.place(package, int(target))
