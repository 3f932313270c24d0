# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading packages: by query where a query has it all, by Get where it has not, and never more than was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._cim.types import CimTime
from ansible_collections.configmgr.content.plugins.module_utils._content.package import PACKAGE_PROPERTIES
from ansible_collections.configmgr.content.plugins.module_utils._content.registry import RESOURCES
from ansible_collections.configmgr.content.plugins.module_utils._engine.info import PackageReader, Reading
from ansible_collections.configmgr.content.plugins.module_utils._provider.errors import Impossible, NotFound
from fake_site import FakeSite, Row, package_row

PACKAGES = [
    package_row("PS100001", "Tools", Version="1.0", Manufacturer="Contoso", Icon=[1, 2], PkgFlags=0x400),
    package_row("PS100002", "Drivers", 3, LastRefreshTime=CimTime(datetime(1970, 4, 10, 6, 35))),
    package_row("PS10000A", "WinPE", 258, Architecture="9", OptionalComponents=[27, 50], ScratchSpace=512),
]


def site(rows: list[Row] | None = None) -> FakeSite:
    return FakeSite({"SMS_PackageBaseclass": PACKAGES if rows is None else rows})


def reader(at: FakeSite, *properties: str, **more: Any) -> PackageReader:
    return PackageReader(at, Reading(properties=properties, **more), RESOURCES, PACKAGE_PROPERTIES)  # type: ignore[arg-type]


def read(at: FakeSite, *properties: str, **more: Any) -> list[dict[str, Any]]:
    return list(reader(at, *properties, **more).iterate())


def test_the_default_columns_come_by_one_query_in_words() -> None:
    at = site()
    found = read(at)
    assert found[0] == {
        "package_id": "PS100001",
        "name": "Tools",
        "version": "1.0",
        "manufacturer": "Contoso",
        "package_type": "package",
        "source_site": "PS1",
        "source_version": 7,
        "source_path": "\\\\files\\packages\\PS100001",
        "last_refresh_time": "2026-11-19T20:00:00",
    }
    assert found[1]["last_refresh_time"] is None
    assert [item["package_type"] for item in found] == ["package", "driver_package", "boot_image"]
    assert (len(at.queries), at.gets) == (1, [])


@pytest.mark.parametrize("name", ["PkgFlags", "pkgflags", "pkg_flags"])
def test_properties_go_by_either_name_in_any_case(name: str) -> None:
    at = site()
    assert read(at, name, package_ids=("PS100001",)) == [
        {"package_id": "PS100001", "pkg_flags": {"value": 0x400, "set": ["deploy_from_pxe"], "unknown_bits": []}}
    ]
    assert at.gets == []


def test_a_property_that_no_class_has_is_refused_before_anything_is_asked() -> None:
    at = site()
    with pytest.raises(Impossible) as refused:
        reader(at, "Name", "Nmae", "Size")
    assert "'Nmae', 'Size'" in str(refused.value)
    assert at.requests == 0


@pytest.mark.parametrize("name", ["Icon", "RefreshSchedule", "ExtendedData"])
def test_what_is_lazy_or_large_comes_by_get_and_only_what_was_asked(name: str) -> None:
    at = site()
    read(at, name, package_ids=("PS100001",))
    assert at.gets == [("SMS_Package", "PS100001", ("PackageID", name))]
    assert not any(name in query for query in at.queries)


def test_a_property_of_some_classes_is_told_where_it_exists() -> None:
    at = site()
    assert read(at, "OptionalComponents", "architecture") == [
        {"package_id": "PS100001"},
        {"package_id": "PS100002"},
        {"package_id": "PS10000A", "optional_components": [27, 50], "architecture": "x64"},
    ]
    assert at.gets[0] == ("SMS_Package", "PS100001", ("PackageID",))
    assert at.gets[2] == ("SMS_BootImagePackage", "PS10000A", ("PackageID", "OptionalComponents", "Architecture"))


def test_all_reads_whole_objects_of_their_own_class() -> None:
    at = site()
    tools, _drivers, boot = read(at, "all")
    assert (tools["icon"], tools["source_flag"], tools["action_in_progress"]) == ("AQI=", "direct", "none")
    assert boot["scratch_space"] == 512
    assert list(at.gets) == [
        ("SMS_Package", "PS100001", None),
        ("SMS_DriverPackage", "PS100002", None),
        ("SMS_BootImagePackage", "PS10000A", None),
    ]


def test_which_packages_by_name_type_and_selection() -> None:
    assert [item["package_id"] for item in read(site(), names=("tools", "WinPE"))] == ["PS100001", "PS10000A"]
    assert [item["package_id"] for item in read(site(), names=("tools",), package_types=(3,))] == []
    assert [item["package_id"] for item in read(site(), package_types=(3, 258))] == ["PS100002", "PS10000A"]
    assert [item["package_id"] for item in read(site(), selection={"name": "D*"})] == ["PS100002"]
    assert [item["package_id"] for item in read(site(), package_ids=("ps100002",))] == ["PS100002"]


@pytest.mark.parametrize("properties", [(), ("all",)])
def test_an_unknown_id_is_named_with_the_account(properties: tuple[str, ...]) -> None:
    with pytest.raises(NotFound) as missing:
        read(site(), *properties, package_ids=("PS1000FF", "PS100001"))
    assert "No package PS1000FF at site PS1" in str(missing.value)
    assert "CONTOSO\\operator" in str(missing.value)


def test_a_limit_ends_the_query_where_it_is_reached() -> None:
    at = site()
    assert [item["package_id"] for item in read(at, limit=2)] == ["PS100001", "PS100002"]
    assert at.rows_read == 2


def test_a_limit_costs_no_get_beyond_it() -> None:
    at = site()
    assert len(read(at, "all", limit=1)) == 1
    assert len(at.gets) == 1


def test_a_limit_above_the_number_of_packages_is_none() -> None:
    assert len(read(site(), limit=99)) == 3


def test_reading_is_a_stream() -> None:
    """Rows are handed out one by one: none is read before it is asked for, and a reader that stops closes the query."""
    closed: list[bool] = []

    class Endless(FakeSite):
        def rows(self, *_arguments: Any, **_more: Any) -> Iterator[Row]:
            try:
                while True:
                    self.rows_read += 1
                    yield {**dict.fromkeys(("Version", "Manufacturer")), **PACKAGES[0]}
            finally:
                closed.append(True)

    at = Endless()
    stream = reader(at).iterate()
    for number in range(1, 2001):
        next(stream)
        assert at.rows_read == number
    stream.close()
    assert closed == [True]


def test_a_list_that_broke_off_is_read_again_from_the_start() -> None:
    again = reader(site())
    first = again.iterate()
    next(first)
    first.close()
    assert len(list(again.iterate())) == 3
