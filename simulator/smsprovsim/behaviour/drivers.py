# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The driver catalogue: an INF file becomes an SMS_Driver that is not saved, and a Put saves it (behaviour 104, 105; SMS_Driver)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..model import Caller, Embedded, Value, Work
from ..repository import WBEM_E_NOT_FOUND, Record, Repository, StoredTable, provider_error, wmi_error
from ..world import World
from . import paths
from .calls import Call, method
from .locks import Locks

DRIVER = "SMS_Driver"
# errors.yml, and what SMS_Driver.CreateFromINF returns.
NO_ACCESS, INVALID, THERE_ALREADY, NO_PLATFORM = 2, 13, 183, 1633
_BAD_PROPERTY = 1078462229


@dataclass(frozen=True)
class InfFile:
    """A driver's INF file on a share. `problem`: the number with which its import fails. `values` are those of the driver."""

    values: Mapping[str, Any]
    problem: int = 0


class Drivers:
    """The INF files that can be imported, and the drivers that were."""

    def __init__(self, world: World, locks: Locks) -> None:
        self._world = world
        self._locks = locks
        self.files: dict[tuple[str, str], InfFile] = {}  # folder and name in lower case
        self._prepared: dict[str, dict[str, Value]] = {}  # by CI_UniqueID
        self._stamps = 0

    @property
    def _table(self) -> StoredTable:
        return self._world.repository.stored(DRIVER)

    def add_file(self, file: InfFile) -> None:
        """Lay an INF file on its share."""
        folder, name = str(file.values["ContentSourcePath"]), str(file.values["DriverINFFile"])
        self.files[folder.rstrip("\\").lower(), name.lower()] = file

    def _existing(self, unique_id: Value) -> Record | None:
        return next((each for each in self._table.records.values() if each.values["CI_UniqueID"] == unique_id), None)

    def prepare(self, folder: str, name: str, reader: str) -> Embedded:
        """The driver of an INF file, without CI_ID. Raises `WmiError` with the number that the method is documented to return."""
        file = self.files.get((folder.rstrip("\\").lower(), name.lower()))
        # ASSUMED: an INF file that is not there fails as a share that cannot be read.
        if paths.problem(folder, self._world, reader) or file is None:
            raise _refused(NO_ACCESS, f"{folder}\\{name} cannot be read")
        if file.problem:
            words = {INVALID: "is no valid driver", NO_PLATFORM: "fits no supported platform"}
            raise _refused(file.problem, f"{folder}\\{name} {words[file.problem]}")
        unique_id = str(file.values["CI_UniqueID"])
        if self._existing(unique_id) is not None:
            raise _refused(THERE_ALREADY, f"{folder}\\{name} was imported already", unique_id)
        values = {**file.values, "CI_ID": 0, "LocalizedInformation": None}
        self._prepared[unique_id] = values
        return Embedded(DRIVER, dict(values))

    # --- objects ---

    def create(self, sent: Mapping[str, Value], site_code: str) -> Record:
        """Save a driver that CreateFromINF has prepared, under the name that was given to it. Raises `WmiError`."""
        prepared = self._prepared.get(str(sent.get("CI_UniqueID")))
        if prepared is None:
            # ASSUMED: a driver that no INF file was read for is refused.
            raise _refused(_BAD_PROPERTY, "The driver was not made by CreateFromINF", operation="PutInstance")
        if self._existing(sent["CI_UniqueID"]) is not None:
            raise _refused(THERE_ALREADY, "The driver exists", str(sent["CI_UniqueID"]), "PutInstance")
        values = {**prepared, **self._writable(sent)}
        values.update(
            CI_ID=1 + max((int(each.values["CI_ID"]) for each in self._table.records.values()), default=16777216),
            SedoObjectVersion=self._stamp(),
            SourceSite=site_code,
        )
        self._show_name(values)
        self._world.count("Create", str(values["CI_ID"]))
        return self._table.add(values)

    def put(self, record: Record, sent: Mapping[str, Value], caller: Caller, site_code: str) -> None:
        """Change a driver; it is one of the classes with edit locks (SMS_ObjectLock). Raises `WmiError`."""
        path = record.path()
        self._locks.demand_context(path, caller, "PutInstance")
        self._locks.demand_free(path, caller, "PutInstance", site_code)
        stamp = sent.get("SedoObjectVersion")
        if stamp is not None and stamp != record.values.get("SedoObjectVersion"):
            raise _refused(_BAD_PROPERTY, f"{path} was changed meanwhile", "SedoObjectVersion", "PutInstance")
        record.values.update(self._writable(sent))
        # ASSUMED: a change of a driver raises its revision and keeps its CI_ID.
        record.values.update(SedoObjectVersion=self._stamp(), CIVersion=int(record.values.get("CIVersion") or 0) + 1)
        self._show_name(record.values)
        self._locks.release(path, caller)
        self._world.count("Put", str(record.values["CI_ID"]))

    def delete(self, record: Record, caller: Caller, site_code: str) -> None:
        """Remove a driver. What refers to it goes on to do so. Raises `WmiError`."""
        self._locks.demand_free(record.path(), caller, "DeleteInstance", site_code)
        if self._table.find(record.values["CI_ID"]) is None:
            raise wmi_error(WBEM_E_NOT_FOUND, "Not found", "DeleteInstance", record.path())
        self._table.remove(record)
        self._world.count("Delete", str(record.values["CI_ID"]))

    def _writable(self, sent: Mapping[str, Value]) -> dict[str, Value]:
        definition, kept = self._table.definition, ("CI_UniqueID", "SourceSite")
        return {
            name: value
            for name, value in sent.items()
            if value is not None and not (definition.properties[name].read_only or definition.properties[name].key or name in kept)
        }  # fmt: skip

    def _stamp(self) -> str:
        self._stamps += 1
        return f"5ED1{self._stamps:04X}-0000-4000-8000-{self._stamps:012X}"

    @staticmethod
    def _show_name(values: dict[str, Value]) -> None:
        """The display name is that of the first language. ASSUMED: SMS_CI_LocalizedProperties has DisplayName and Description."""
        for each in values.get("LocalizedInformation") or ():
            values["LocalizedDisplayName"] = each.values.get("DisplayName")
            values["LocalizedDescription"] = each.values.get("Description")
            return


def _refused(code: int, text: str, object_info: str = "", operation: str = "ExecMethod") -> Exception:
    return provider_error(code, text, operation, DRIVER, object_info=object_info)


def checked(repository: Repository, sent: Mapping[str, Value]) -> dict[str, Value]:
    """What a client sends for a driver, by exact names. Raises `WmiError`."""
    return repository.checked(repository.classes[DRIVER.lower()], sent, "PutInstance")


@method("SMS_Driver.CreateFromINF")
def _from_inf(call: Call) -> Work:
    return Work({"Driver": _prepared(call, str(call.arguments["INFFile"]))})


@method("SMS_Driver.CreateFromINFs")
def _from_infs(call: Call) -> Work:
    # ASSUMED: the first file that cannot be taken ends the call.
    return Work({"Drivers": [_prepared(call, str(each)) for each in call.arguments["INFFiles"] or []]})


def _prepared(call: Call, name: str) -> Embedded:
    if not call.account.may("create"):
        raise call.lacks_right("create")
    reader = paths.reader_of(call.world, call.caller)  # ASSUMED: path_identity
    return call.site.drivers.prepare(str(call.arguments["DriverPath"]), name, reader)
