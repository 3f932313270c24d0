# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading packages of any class: in words, lazily, in constant memory, with few requests."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._content.package import PACKAGE_PROPERTIES
from ansible_collections.configmgr.content.plugins.module_utils._content.registry import RESOURCES
from ansible_collections.configmgr.content.plugins.module_utils._engine.info import PackageReader, Reading
from ansible_collections.configmgr.content.plugins.module_utils._provider.errors import Impossible, NotFound
from ansible_collections.configmgr.content.plugins.module_utils._wsman.errors import ConfigMgrError

from .conftest import MakeLab
from .lab import Lab


def reader(lab: Lab, **reading: Any) -> PackageReader:
    return PackageReader(lab.site("PS1"), Reading(**reading), RESOURCES, PACKAGE_PROPERTIES)


def read(lab: Lab, **reading: Any) -> list[dict[str, Any]]:
    return list(reader(lab, **reading).iterate())


def test_the_default_columns_of_every_class_in_one_query(lab: Lab) -> None:
    found = read(lab)
    assert len(found) == len(lab.server.site.snapshot()["packages"])
    by_id = {item["package_id"]: item for item in found}
    assert by_id["PS100004"]["package_type"] == "boot_image"
    assert by_id["PS10000F"]["last_refresh_time"] is None  # 1970: never
    assert by_id["PS100001"]["last_refresh_time"]
    assert {entry["verb"] for entry in lab.server.journal} <= {"Enumerate", "Pull"}


def test_lazy_properties_come_by_get_and_in_words(lab: Lab) -> None:
    (found,) = read(lab, package_ids=("PS100011",), properties=("RefreshSchedule", "PkgFlags"))
    assert list(found) == ["package_id", "refresh_schedule", "pkg_flags"]
    interval, weekly = found["refresh_schedule"]
    assert (interval["recurs"], interval["every"]) == ("interval", {"days": 1})
    assert (weekly["recurs"], weekly["every_weeks"], weekly["day"]) == ("weekly", 2, "saturday")
    assert isinstance(found["pkg_flags"]["value"], int)


def test_everything_of_a_boot_image(lab: Lab) -> None:
    (found,) = read(lab, package_ids=("PS100004",), properties=("all",))
    assert found["architecture"] == "x64"
    assert found["command_support"] is True
    assert found["scratch_space"] == 128
    assert found["optional_components"] == [28, 30, 31, 32]
    assert found["drivers"]
    assert "deploy_from_pxe" in found["pkg_flags"]["set"]
    assert not [name for name in found if name[:1].isupper()], "a property of the class is not declared"


def test_one_optional_component_is_still_a_list(lab: Lab) -> None:
    lab.server.site.world.package("PS100004").record.values["OptionalComponents"] = [27]
    (found,) = read(lab, package_ids=("PS100004",), properties=("OptionalComponents",))
    assert found["optional_components"] == [27]


def test_names_of_properties_in_either_spelling(lab: Lab) -> None:
    (found,) = read(lab, package_ids=("PS100001",), properties=("source_path", "SOURCEVERSION"))
    assert set(found) == {"package_id", "source_path", "source_version"}


def test_an_unknown_property_is_an_error_before_anything_is_asked(lab: Lab) -> None:
    with pytest.raises(Impossible, match="'SourcePaht'"):
        read(lab, properties=("SourcePaht",))
    assert not lab.server.journal


def test_two_of_one_name_are_both_read(lab: Lab) -> None:
    assert [item["package_id"] for item in read(lab, names=("Notepad++",))] == ["PS10000B", "PS10000C"]


def test_an_unknown_id_is_an_error(lab: Lab) -> None:
    with pytest.raises(NotFound, match="PS1FFFFF"):
        read(lab, package_ids=("PS100001", "PS1FFFFF"))


def test_a_limit_ends_the_list_and_gives_it_back(lab: Lab) -> None:
    assert len(read(lab, limit=3)) == 3
    assert lab.server.state()["enumerations"] == {}


def test_a_limit_is_no_error_for_an_id_that_was_not_reached(lab: Lab) -> None:
    assert len(read(lab, package_ids=("PS100001", "PS100002"), limit=1)) == 1


def test_an_object_above_the_envelope_limit(lab: Lab) -> None:
    values = lab.server.site.world.package("PS100001").record.values
    values["ExtendedData"] = [7] * 40_000
    (found,) = read(lab, package_ids=("PS100001",), properties=("RefreshSchedule", "IconSize"))
    assert found["refresh_schedule"] == []
    with pytest.raises(ConfigMgrError, match="MaxEnvelopeSizekb"):
        read(lab, package_ids=("PS100001",), properties=("all",))


def test_ten_thousand_packages_in_constant_memory_and_few_requests(make_lab: MakeLab) -> None:
    lab = make_lab("large")
    peaks = {}
    for limit in (1_000, 10_000):
        before = len(lab.server.journal)
        site = lab.site()  # asks which site it is
        found = PackageReader(site, Reading(limit=limit), RESOURCES, PACKAGE_PROPERTIES).iterate()
        tracemalloc.start()
        count = sum(1 for _item in found)
        peaks[limit] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        site.close()
        assert count == limit
        assert len(lab.server.journal) - before <= 25
    assert peaks[10_000] < peaks[1_000] * 1.5


def test_the_site_learns_who_asks_only_if_told_to(lab: Lab) -> None:
    lab.refresh("PS100001", wait=False)
    assert not any(entry["options"] for entry in lab.server.journal)
