# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What refers to a package: task sequences, programs, deployments, and what becomes of it (behaviour 114, 115)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ..model import Embedded
from ..repository import Record
from ..world import World

_DANGLING = 1  # TaskSequenceFlags
_GOES_WITH_IT = ("SMS_Program", "SMS_Advertisement", "SMS_ObjectContainerItem")
# ASSUMED: programs run from anywhere, in the value that the reference names as the default of a task sequence.
_PROGRAM_FLAGS = 152084496


class References:
    """Programs, deployments and task sequences by the package they name."""

    def __init__(self, world: World) -> None:
        self._world = world
        for class_name in _GOES_WITH_IT:
            world.repository.stored(class_name)

    def task_sequences(self, package_id: str) -> Iterator[Record]:
        """The task sequences that boot from the package, or use it in a step."""
        for package in self._world.packages.values():
            values = package.record.values
            if package.class_name != "SMS_TaskSequencePackage":
                continue
            used = [values.get("BootImageID")]
            used += [
                each.values.get("Package") for each in values.get("References") or () if isinstance(each, Embedded)
            ]
            if package_id in used:
                yield package.record

    def forget(self, package_id: str) -> None:
        """The package is gone: what belongs to it goes too, and task sequences keep a dangling reference."""
        for class_name in _GOES_WITH_IT:
            table = self._world.repository.stored(class_name)
            column = "InstanceKey" if class_name == "SMS_ObjectContainerItem" else "PackageID"
            for record in [each for each in table.records.values() if each.values.get(column) == package_id]:
                table.remove(record)
        for record in self.task_sequences(package_id):
            record.values["TaskSequenceFlags"] = int(record.values.get("TaskSequenceFlags") or 0) | _DANGLING

    def add_programs(self, package_id: str, names: Iterable[str]) -> int:
        """Programs of a package; how many."""
        table = self._world.repository.stored("SMS_Program")
        values = dict(table.definition.defaults)
        made = [
            table.add({**values, "PackageID": package_id, "ProgramName": name, "ProgramFlags": _PROGRAM_FLAGS})
            for name in names
        ]
        return len(made)

    def add_deployment(self, entry: dict[str, Any]) -> None:
        """A deployment as a scenario describes it: `id`, `name`, `package`, `program`, `collection`."""
        self._world.repository.stored("SMS_Advertisement").add(
            {
                "AdvertisementID": entry["id"],
                "AdvertisementName": entry["name"],
                "CollectionID": entry.get("collection", "SMS00001"),
                "PackageID": entry["package"],
                "ProgramName": entry.get("program", "*"),
                "SourceSite": entry["id"][:3],
            }
        )
