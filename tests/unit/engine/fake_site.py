# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site without a wire: rows of classes in memory, asked with the real query text, and a clock that only counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any
from xml.etree.ElementTree import fromstring

from ansible_collections.configmgr.content.plugins.module_utils._cim import wql as written
from ansible_collections.configmgr.content.plugins.module_utils._cim.instance import Instance, ObjectPath, new_instance
from ansible_collections.configmgr.content.plugins.module_utils._cim.types import CimTime, Codec
from ansible_collections.configmgr.content.plugins.module_utils._content.registry import RESOURCES
from ansible_collections.configmgr.content.plugins.module_utils._engine.selection import PackageState
from ansible_collections.configmgr.content.plugins.module_utils._provider.clock import Clock
from ansible_collections.configmgr.content.plugins.module_utils._provider.site import Written

from smsprovsim import wql
from smsprovsim.schema import read_classes

USER = "CONTOSO\\operator"
CLASSES = read_classes()
BY_TYPE = {item.package_type: item for item in RESOURCES}
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=timezone.utc)

Row = dict[str, Any]


def package_row(package_id: str, name: str = "Tools", package_type: int = 0, **more: Any) -> Row:
    """A package as a site has it, with every column that a refresh reads."""
    row: Row = {
        "PackageID": package_id,
        "Name": name,
        "PackageType": package_type,
        "ActionInProgress": 0,
        "LastRefreshTime": CimTime(datetime(2026, 11, 19, 20, 0)),
        "PkgSourceFlag": 2,
        "PkgSourcePath": f"\\\\files\\packages\\{package_id}",
        "SourceSite": "PS1",
        "SourceVersion": 7,
        "StoredPkgVersion": 7,
    }
    return {**row, **more}


def package(package_id: str = "PS100001", **more: Any) -> PackageState:
    """The same as the engine sees it."""
    return PackageState.from_row(package_row(package_id, **more))


class FakeSite:
    """The rows of one site. Queries are parsed by the simulator's WQL, so a text that a host would refuse fails here."""

    def __init__(self, tables: Mapping[str, list[Row]] | None = None, code: str = "PS1") -> None:
        self.tables: dict[str, list[Row]] = {"SMS_PackageBaseclass": [], **(tables or {})}
        self.code = code
        self.user = USER
        self.host = "cmprov.contoso.test"
        self.where = f"site {code} on {self.host}"
        self.queries: list[str] = []
        self.gets: list[tuple[str, str, tuple[str, ...] | None]] = []
        self.calls: list[tuple[str, str, Mapping[str, str] | None]] = []
        self.rows_read = 0
        self.closed = False
        self.written = Written()
        self.refusals: list[Exception] = []  # the first one answers every call
        self._under_way: set[str] = set()

    @property
    def requests(self) -> int:
        return len(self.queries) + len(self.gets) + len(self.calls)

    def rows(
        self, class_name: str, columns: Mapping[str, Codec], where: written.Condition | None = None
    ) -> Iterator[Row]:
        text = written.select(tuple(columns), class_name, where)
        self.queries.append(text)
        query = wql.parse(text)
        properties = {name.lower(): each for name, each in CLASSES[query.class_name.lower()].properties.items()}
        for column in columns:
            assert not properties[column.lower()].lazy, f"{column} is lazy: a query never gives it"
        matches = wql.compile_condition(query.where, lambda name: properties[name.lower()]) if query.where else None
        for row in self.tables.get(query.class_name, []):
            if matches is None or matches(row):
                self.rows_read += 1
                yield {name: row.get(name, [] if codec.is_array else None) for name, codec in columns.items()}

    def list_of(
        self, class_name: str, columns: Mapping[str, Codec], where: written.Condition | None = None
    ) -> list[Row]:
        return list(self.rows(class_name, columns, where))

    def get(self, class_name: str, package_id: str, properties: Mapping[str, Codec] | None = None) -> Instance:
        self.gets.append((class_name, package_id, tuple(properties) if properties is not None else None))
        row = next(row for row in self.tables["SMS_PackageBaseclass"] if row["PackageID"] == package_id)
        return instance(class_name, row)

    def call(self, class_name: str, method: str, keys: Mapping[str, str] | None = None, **_more: Any) -> dict[str, Any]:
        for refusal in self.refusals:
            raise refusal
        self.calls.append((class_name, method, keys))
        self._under_way.add((keys or {})["PackageID"])
        return {"ReturnValue": 0}

    def work(self) -> None:
        """What the distribution manager does while time goes by: every refresh that was asked for ends."""
        for row in self.tables["SMS_PackageBaseclass"]:
            if row["PackageID"] in self._under_way:
                row["SourceVersion"] += 1
                row["StoredPkgVersion"] = row["SourceVersion"]
                row["LastRefreshTime"] = CimTime(NOON.replace(tzinfo=None))
        self._under_way.clear()

    def close(self) -> None:
        self.closed = True


def instance(class_name: str, values: Row) -> Instance:
    """An object as a Get answers it, from values by WMI name."""
    uri = f"http://schemas.microsoft.com/wbem/wsman/1/wmi/root/sms/site_PS1/{class_name}"
    resource = BY_TYPE[values["PackageType"]]
    typed = {}
    for name, value in values.items():
        declared = resource.property_named(name)
        assert declared is not None, name
        typed[name] = (declared.codec, value)
    path = ObjectPath("root/sms/site_PS1", class_name, (("PackageID", values["PackageID"]),))
    return Instance(fromstring(new_instance(uri, class_name, typed)), "root/sms/site_PS1", path)


class CountingClock(Clock):
    """A clock that moves only when somebody sleeps; the site works meanwhile."""

    def __init__(self, site: FakeSite) -> None:
        self._site = site
        self.seconds = 0.0

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        self._site.work()

    def utc(self) -> datetime:
        return NOON + timedelta(seconds=self.seconds)
