# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading and writing objects: lazy values, keys, types, and the rules for packages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from smsprovsim.model import CimDateTime, Embedded, WmiError

if TYPE_CHECKING:
    from .conftest import Desk, Seat

LAZY = ("OptionalComponents", "ScratchSpace", "EnableLabShell", "ImageIndex", "ReferencedDrivers", "PreExecCommandLine")


def put(desk: Desk, class_name: str, package_id: str, **values: Any) -> dict[str, Any]:
    keys = {"PackageID": package_id}
    return desk.site.put(desk.caller, desk.cim_class(class_name), keys, values).values


def create(desk: Desk, class_name: str, **values: Any) -> dict[str, Any]:
    return desk.site.create(desk.caller, desk.cim_class(class_name), values).values


@pytest.mark.parametrize("columns", ["*", ", ".join(LAZY)])
def test_a_query_withholds_lazy_values(small: Desk, columns: str) -> None:
    (row,) = small.rows(f"SELECT {columns} FROM SMS_BootImagePackage WHERE PackageID = 'PS100004'")
    assert {name: row[name] for name in LAZY} == dict.fromkeys(LAZY)


def test_a_get_gives_lazy_values(small: Desk) -> None:
    found = small.package("PS100004")
    assert found["OptionalComponents"] == [28, 30, 31, 32]
    assert found["ScratchSpace"] == 128
    assert found["EnableLabShell"] is True
    (driver,) = found["ReferencedDrivers"]
    assert driver.class_name == "SMS_Driver_Details"
    assert driver.values["ID"] == 16777400
    assert small.package("PS100001")["RefreshPkgSourceFlag"] is False


def test_an_enumeration_withholds_them_too(small: Desk) -> None:
    found = list(small.site.enumerate(small.caller, small.cim_class("SMS_BootImagePackage")))
    assert [instance.values["ImageIndex"] for instance in found] == [None, None]


def test_schedule_tokens_are_of_their_own_class(small: Desk) -> None:
    tokens = small.package("PS100011")["RefreshSchedule"]
    assert [token.class_name for token in tokens] == ["SMS_ST_RecurInterval", "SMS_ST_RecurWeekly"]
    assert tokens[0].values["DaySpan"] == 1
    assert tokens[0].values["StartTime"] == CimDateTime("20220103020000.000000+***")


def test_lazy_default_by_switch(seat: Seat) -> None:
    (row,) = seat("small", lazy_in_query="default").rows("SELECT IconSize FROM SMS_Package WHERE PackageID='PS100001'")
    assert row == {"IconSize": 0}


def test_an_answer_is_a_copy(small: Desk) -> None:
    small.package("PS100004")["OptionalComponents"].append(99)
    assert small.package("PS100004")["OptionalComponents"] == [28, 30, 31, 32]


def test_keys_compare_without_case(small: Desk) -> None:
    assert small.get("sms_package", packageid="ps100001")["PackageID"] == "PS100001"


@pytest.mark.parametrize(
    ("class_name", "keys", "hresult"),
    [
        ("SMS_Package", {"PackageID": "PS1FFFFF"}, 0x80041002),
        ("SMS_Package", {"PackageID": "PS100004"}, 0x80041002),
        ("SMS_PackageBaseclass", {"PackageID": "PS100001"}, 0x80041002),
        ("SMS_Package", {"Name": "7-Zip"}, 0x80041008),
        ("SMS_Package", {}, 0x80041008),
        ("SMS_DistributionPoint", {"PackageID": "PS100001"}, 0x80041008),
        ("SMS_ObjectLock", {"Any": "1"}, 0x8004100C),
    ],
)
def test_error_of_a_bad_key(small: Desk, class_name: str, keys: dict[str, str], hresult: int) -> None:
    with pytest.raises(WmiError) as caught:
        small.get(class_name, **keys)
    assert caught.value.hresult == hresult


def test_compound_keys_with_quotes_and_backslashes(small: Desk) -> None:
    (row, *_unused) = small.rows(
        "SELECT PackageID, ServerNALPath, SiteCode FROM SMS_DistributionPoint WHERE PackageID='PS100001'"
    )
    assert small.get("SMS_DistributionPoint", **row)["SourceSite"] == "PS1"
    literal = row["ServerNALPath"].replace("\\", "\\\\").replace('"', '\\"')
    found = small.rows(f'SELECT PackageID FROM SMS_DistributionPoint WHERE ServerNALPath = "{literal}"')
    assert {"PackageID": "PS100001"} in found


def test_a_fresh_package_was_never_refreshed(small: Desk) -> None:
    assert small.package("PS10000F")["LastRefreshTime"].text == "19700410063500.000000+***"  # behaviour 22


def test_every_package_class_has_a_source_but_the_task_sequence(small: Desk) -> None:
    rows = small.rows("SELECT PackageType, PkgSourceFlag FROM SMS_PackageBaseclass WHERE PkgSourceFlag = 2")
    assert {row["PackageType"] for row in rows} == {0, 3, 5, 8, 257, 258, 259, 260}


# --- writing ---


def test_put_changes_what_is_sent_and_marks_the_package(small: Desk) -> None:
    before = small.package("PS100001")
    after = put(small, "SMS_Package", "PS100001", Description="New", PkgFlags=0x02000000)
    assert (after["Description"], after["PkgFlags"], after["Name"]) == ("New", 0x02000000, before["Name"])
    assert after["ActionInProgress"] == 1
    assert after["SedoObjectVersion"] != before["SedoObjectVersion"]
    small.advance(600)
    settled = small.package("PS100001")
    assert settled["ActionInProgress"] == 0
    assert settled["SourceVersion"] == before["SourceVersion"]  # behaviour 44
    assert small.executions("Put") == {"PS100001": 1}


def test_put_of_the_whole_object_is_fine(small: Desk) -> None:
    before = small.package("PS100004")
    after = put(small, "SMS_BootImagePackage", "PS100004", **before)
    for name in ("SedoObjectVersion", "ActionInProgress"):
        before.pop(name), after.pop(name)
    assert after == before


def test_put_with_nulls_wipes_lazy_values(small: Desk) -> None:
    put(small, "SMS_BootImagePackage", "PS100004", ScratchSpace=None)  # behaviour 12
    assert small.package("PS100004")["ScratchSpace"] is None


def test_a_stale_version_is_refused(small: Desk) -> None:
    stale = small.package("PS100001")["SedoObjectVersion"]
    put(small, "SMS_Package", "PS100001", Description="first")
    with pytest.raises(WmiError) as caught:
        put(small, "SMS_Package", "PS100001", Description="second", SedoObjectVersion=stale)
    assert caught.value.hresult == 0x80041001
    assert small.package("PS100001")["Description"] == "first"


def test_read_only_values_are_ignored_or_refused(seat: Seat) -> None:
    lenient, strict = seat("small"), seat("small", put_read_only="refused")
    assert put(lenient, "SMS_Package", "PS100001", SourceVersion=99)["SourceVersion"] == 3
    with pytest.raises(WmiError) as caught:
        put(strict, "SMS_Package", "PS100001", SourceVersion=99)
    assert caught.value.hresult == 0x80041023
    assert strict.executions("Put") == {}


@pytest.mark.parametrize(
    ("values", "hresult"),
    [
        ({"Nothing": 1}, 0x80041031),
        ({"Name": 5}, 0x80041005),
        ({"PkgFlags": "1"}, 0x80041005),
        ({"PkgFlags": True}, 0x80041005),
        ({"PkgFlags": -1}, 0x8004102B),
        ({"PkgFlags": 2**32}, 0x8004102B),
        ({"ForcedDisconnectEnabled": 1}, 0x80041005),
        ({"TransformAnalysisDate": "2026"}, 0x80041005),
        ({"TransformAnalysisDate": CimDateTime("soon")}, 0x80041005),
        ({"Icon": 5}, 0x80041005),
        ({"Icon": [256]}, 0x8004102B),
        ({"RefreshSchedule": [Embedded("SMS_ScheduleToken", {})]}, 0x80041005),
        ({"RefreshSchedule": [Embedded("SMS_Driver_Details", {})]}, 0x80041005),
        ({"PackageID": "PS1000FF"}, 0x80041008),
    ],
)
def test_a_bad_value_changes_nothing(small: Desk, values: dict[str, Any], hresult: int) -> None:
    before = small.package("PS100001")
    with pytest.raises(WmiError) as caught:
        put(small, "SMS_Package", "PS100001", Description="changed", **values)
    assert caught.value.hresult == hresult
    assert small.package("PS100001") == before


@pytest.mark.parametrize(
    ("values", "told"),
    [({"ShareName": "NEW$"}, True), ({"PkgSourcePath": "\\\\a\\b\\c"}, True), ({"Description": "x"}, False)],
)
def test_content_is_removed_and_made_anew(small: Desk, values: dict[str, Any], told: bool) -> None:
    """behaviour 45"""
    points = len(small.points("PS100001"))
    put(small, "SMS_Package", "PS100001", **values)
    small.advance(3600)
    found = small.rows("SELECT MessageID FROM SMS_StatusMessage WHERE MessageID = 2314")
    assert len(found) == (points if told else 0)
    assert {state for state, _version in small.points("PS100001").values()} == {0}


def test_schedule_rules(small: Desk) -> None:
    token = Embedded("SMS_ST_RecurInterval", {"DaySpan": 99})
    after = put(small, "SMS_Package", "PS100001", RefreshSchedule=[token])
    assert after["RefreshSchedule"][0].values["DaySpan"] == 31  # behaviour 49
    assert after["RefreshSchedule"][0].values["IsGMT"] is False
    assert put(small, "SMS_Package", "PS100001", RefreshSchedule=[])["RefreshSchedule"] == []
    with pytest.raises(WmiError):
        put(small, "SMS_Package", "PS100001", RefreshSchedule=[token] * 16)
    with pytest.raises(WmiError):
        put(small, "SMS_Package", "PS10000A", RefreshSchedule=[token])  # behaviour 47


def test_a_schedule_without_a_source_may_be_ignored(seat: Seat) -> None:
    """behaviour 47: refused or ignored"""
    desk = seat("small", schedule_without_source="ignored")
    desk.put("PS10000A", RefreshSchedule=[Embedded("SMS_ST_RecurInterval", {"DaySpan": 1})], Description="x")
    found = desk.package("PS10000A")
    assert (found["RefreshSchedule"], found["Description"]) == (None, "x")


def test_a_schedule_that_begins_now(small: Desk) -> None:
    token = Embedded("SMS_ST_RecurInterval", {"DaySpan": 1, "StartTime": CimDateTime("00000000000000.000000+***")})
    small.advance(3600)
    after = put(small, "SMS_Package", "PS100001", RefreshSchedule=[token])
    assert after["RefreshSchedule"][0].values["StartTime"].text == "20260302100000.000000+***"  # an hour east of UTC


def test_a_new_source_path_is_a_new_version(small: Desk) -> None:
    put(small, "SMS_Package", "PS100001", PkgSourcePath="\\\\files01.contoso.test\\sources$\\other")
    small.advance(3600)
    assert small.package("PS100001")["SourceVersion"] == 4
    assert small.points("PS100001") == {"dp01": (0, 4), "dp02": (0, 4), "dp03": (0, 4)}


def test_the_refresh_flag_is_a_refresh(small: Desk) -> None:
    assert put(small, "SMS_Package", "PS100001", RefreshPkgSourceFlag=True)["RefreshPkgSourceFlag"] is False
    assert small.executions("RefreshPkgSource") == {"PS100001": 1}
    small.advance(3600)
    assert small.package("PS100001")["SourceVersion"] == 4


def test_the_image_path_of_a_built_in_boot_image_stays(small: Desk) -> None:
    with pytest.raises(WmiError):
        put(small, "SMS_BootImagePackage", "PS10000E", ImagePath="\\\\a\\b.wim")
    put(small, "SMS_BootImagePackage", "PS100004", ImagePath="\\\\a\\b.wim")


def test_create_allocates_the_id(small: Desk) -> None:
    first = create(small, "SMS_Package", Name="One", PkgSourceFlag=2, PkgSourcePath="\\\\a\\b")
    second = create(small, "SMS_ImagePackage", Name="Two", PkgSourceFlag=2, PkgSourcePath="\\\\a\\b.wim")
    assert (first["PackageID"], second["PackageID"]) == ("PS100014", "PS100015")
    assert (first["ActionInProgress"], first["SourceVersion"], first["StoredPkgVersion"]) == (2, 1, 0)
    assert (first["Priority"], first["ShareType"], first["SourceSite"]) == (2, 1, "PS1")
    small.advance(600)
    stored = small.package("PS100014")
    assert (stored["ActionInProgress"], stored["SourceVersion"], stored["StoredPkgVersion"]) == (0, 1, 1)
    assert small.executions("Create") == {"PS100014": 1, "PS100015": 1}


def test_create_without_source_flag_distributes_nothing(small: Desk) -> None:
    found = create(small, "SMS_Package", Name="Forgotten", PkgSourcePath="\\\\a\\b")
    assert found["PkgSourceFlag"] == 1  # behaviour 29
    small.advance(600)
    assert small.package(found["PackageID"])["StoredPkgVersion"] == 0


@pytest.mark.parametrize(
    ("class_name", "values", "code"),
    [
        ("SMS_Package", {}, 1078462229),
        ("SMS_ImagePackage", {"Name": "x"}, 1078462229),
        ("SMS_Package", {"Name": "x", "PackageID": "PS1000FF"}, 1078462208),
        ("SMS_DriverPackage", {"Name": "x", "PkgSourcePath": "\\\\files01.contoso.test\\sources$\\Unchanged Tool"}, 4),
    ],
)
def test_create_refused(small: Desk, class_name: str, values: dict[str, Any], code: int) -> None:
    with pytest.raises(WmiError) as caught:
        create(small, class_name, **values)
    assert caught.value.extended["ErrorCode"] == code
    assert small.executions("Create") == {}


def test_delete_takes_its_time(small: Desk) -> None:
    cim_class = small.cim_class("SMS_Package")
    small.site.delete(small.caller, cim_class, {"PackageID": "PS100001"})
    assert small.package("PS100001")["ActionInProgress"] == 3
    assert {state for state, _unused in small.points("PS100001").values()} == {4}
    with pytest.raises(WmiError) as caught:
        small.site.delete(small.caller, cim_class, {"PackageID": "PS100001"})
    assert caught.value.hresult == 0x80041002
    with pytest.raises(WmiError):
        put(small, "SMS_Package", "PS100001", Description="too late")
    assert small.refresh("PS100001").return_value == 0
    small.advance(600)
    assert small.rows("SELECT PackageID FROM SMS_PackageBaseclass WHERE PackageID = 'PS100001'") == []
    assert small.rows("SELECT MemberID FROM SMS_ObjectContainerItem WHERE InstanceKey = 'PS100001'") == []
    assert small.executions("Delete") == {"PS100001": 1}


def test_delete_while_the_source_is_read(small: Desk) -> None:
    small.refresh("PS100001")
    small.advance(5)
    small.site.delete(small.caller, small.cim_class("SMS_Package"), {"PackageID": "PS100001"})
    small.advance(600)
    assert "PS100001" not in small.site.snapshot()["packages"]


@pytest.mark.parametrize("class_name", ["SMS_Site", "SMS_DistributionPointInfo", "SMS_StatusMessage"])
def test_other_classes_are_not_written(small: Desk, class_name: str) -> None:
    with pytest.raises(WmiError) as caught:
        create(small, class_name)
    assert caught.value.hresult == 0x8004100C


def test_folders(small: Desk) -> None:
    (row,) = small.rows("SELECT ContainerNodeID FROM SMS_ObjectContainerItem WHERE InstanceKey = 'PS100001'")
    assert small.package("PS100001")["ObjectPath"] == "/Utilities/Archivers"
    small.call(
        "SMS_ObjectContainerItem",
        "MoveMembers",
        InstanceKeys=["PS100001"],
        ContainerNodeID=row["ContainerNodeID"],
        TargetContainerNodeID=0,
        ObjectType=2,
    )
    assert small.package("PS100001")["ObjectPath"] == "/"
    assert small.rows("SELECT MemberID FROM SMS_ObjectContainerItem WHERE InstanceKey = 'PS100001'") == []


def test_members_of_older_sites_can_be_left_out(seat: Seat) -> None:
    documented = seat("small", members="sdk").cim_class("SMS_BootImagePackage")
    live = seat("small", members="2002").cim_class("SMS_VhdPackage")
    assert "InputLocale" not in documented.properties
    assert "ReloadWinPeFromAdk" not in documented.methods
    assert "ImageProperty" not in live.properties


def test_every_embedded_class_named_by_a_property_exists_or_is_known_missing(small: Desk) -> None:
    classes = small.site.world.repository.classes
    named = {
        prop.type[7:]
        for definition in classes.values()
        for prop in definition.properties.values()
        if prop.type.startswith("object:")
    }
    missing = {name for name in named if name.lower() not in classes}
    assert missing == {
        "SMS_CI_LocalizedEulas",
        "SMS_OS_Details",
        "SMS_SDMPackageLocalizedData",
    }
    assert len(classes) >= 75
