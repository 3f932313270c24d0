# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Boot image builds, rights and locks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from smsprovsim.model import Caller, WmiError, Work
from smsprovsim.scenario import SWITCHES, load, names
from smsprovsim.switches import UnknownSwitch

if TYPE_CHECKING:
    from .conftest import Desk, Seat

CONTEXT = "7f3c1b52-2f7e-4f0a-9c37-0a8d2a3b4c5d"


def status(desk: Desk, context: str = CONTEXT) -> dict[str, Any]:
    return desk.call("SMS_BootImagePackage", "QueryOSDBinaryInjectionStatus", ContextID=context).outputs


def end_of(work: Work) -> float:
    assert work.done_at is not None
    return work.done_at


def test_a_build_is_done_inside_the_call(small: Desk) -> None:
    assert status(small)["Status"] == 3
    work = small.refresh("PS100004", ContextID=CONTEXT)
    duration = end_of(work)
    assert duration > 180
    assert work.error is None
    seen = []
    while small.site.clock.now() < duration:
        found = status(small)
        assert (found["Status"], found["MaxProgress"]) == (1, 9)
        assert found["ProgressText"]
        seen.append(found["Progress"])
        small.advance(5)
    assert seen == sorted(seen)
    assert set(seen) == set(range(1, 10))
    assert status(small)["Status"] == 0
    small.call("SMS_BootImagePackage", "DeleteContextID", ContextID=CONTEXT)
    assert status(small)["Status"] == 3


def test_the_version_rises_after_the_build(small: Desk) -> None:
    work = small.refresh("PS100004", ContextID=CONTEXT)
    small.advance(end_of(work) - 1)
    assert small.package("PS100004")["ActionInProgress"] == 0
    small.advance(2)
    found = small.package("PS100004")
    assert (found["ActionInProgress"], found["SourceVersion"]) == (1, 7)
    small.advance(600)
    assert small.package("PS100004")["SourceVersion"] == 8
    assert set(small.points("PS100004").values()) == {(0, 8)}
    assert small.executions("RefreshPkgSource") == {"PS100004": 1}
    assert small.executions("BootImageBuild") == {"PS100004": 1}


def test_a_build_needs_no_context(small: Desk) -> None:
    work = small.refresh("PS10000E")
    small.advance(end_of(work) + 600)
    assert small.package("PS10000E")["SourceVersion"] == 3


def test_an_unsigned_driver_breaks_the_build(troubled: Desk) -> None:
    work = troubled.refresh("PS100007", ContextID=CONTEXT)
    driver = "\\\\files01.contoso.test\\drivers$\\homemade\\homemade.inf"
    assert work.error is not None
    assert (work.error.hresult, work.error.extended_class) == (0x80041001, "SMS_ExtendedStatus")
    assert status(troubled)["Status"] == 1
    troubled.advance(end_of(work))
    found = status(troubled)
    assert (found["Status"], found["ExtendedErrorInfo"]) == (2, driver)
    assert found["ErrorCode"] == work.error.extended["ErrorCode"] != 0
    troubled.advance(3600)
    assert troubled.package("PS100007")["SourceVersion"] == 3
    assert troubled.executions("BootImageBuild") == {}


def test_no_deployment_kit_on_the_provider(seat: Seat) -> None:
    desk = seat("hierarchy", "PS2")
    work = desk.refresh("PS200003", ContextID=CONTEXT)
    assert work.error is not None
    desk.advance(end_of(work))
    assert status(desk)["Status"] == 2
    elsewhere = seat("hierarchy", "PS1")
    assert elsewhere.refresh("PS100004").error is None


@pytest.mark.parametrize(("policy", "together"), [("parallel", 2), ("serial", 1)])
def test_two_builds_on_one_host(seat: Seat, policy: str, together: int) -> None:
    desk = seat("small", boot_builds=policy)
    first, second = desk.refresh("PS100004", ContextID="a"), desk.refresh("PS10000E", ContextID="b")
    assert desk.site.snapshot()["most_at_a_time"]["builds"] == {"cm01.contoso.test": together}
    assert (end_of(second) > end_of(first)) is (policy == "serial")
    desk.advance(1200)
    assert (desk.package("PS100004")["SourceVersion"], desk.package("PS10000E")["SourceVersion"]) == (8, 3)


@pytest.mark.parametrize(("policy", "version", "final"), [("stops", 7, 2), ("goes_on", 8, 0)])
def test_a_cancelled_call(seat: Seat, policy: str, version: int, final: int) -> None:
    desk = seat("small", cancelled_build=policy)
    work = desk.refresh("PS100004", ContextID=CONTEXT)
    desk.advance(60)
    work.cancel()
    desk.advance(3600)
    assert desk.package("PS100004")["SourceVersion"] == version
    assert status(desk)["Status"] == final
    work.cancel()  # too late, and harmless
    assert status(desk)["Status"] == final


def test_a_put_builds_nothing(small: Desk) -> None:
    cim_class = small.cim_class("SMS_BootImagePackage")
    small.site.put(small.caller, cim_class, {"PackageID": "PS100004"}, {"ScratchSpace": 512})
    small.advance(3600)
    assert small.package("PS100004")["SourceVersion"] == 7
    assert small.site.snapshot()["builds"] == []


# --- methods in general ---


@pytest.mark.parametrize(
    ("class_name", "method", "keys", "arguments", "hresult"),
    [
        ("SMS_Package", "RefreshPkgSource", {"PackageID": "PS100001"}, {"ContextID": "x"}, 0x8004102F),
        ("SMS_BootImagePackage", "RefreshPkgSource", {"PackageID": "PS100004"}, {"ContextID": 5}, 0x80041005),
        ("SMS_Package", "RefreshPkgSource", None, {}, 0x8004102F),
        ("SMS_Package", "RefreshPkgSource", {"PackageID": "PS1FFFFF"}, {}, 0x80041002),
        ("SMS_PackageBaseclass", "RefreshPkgSource", {"PackageID": "PS100001"}, {}, 0x80041002),
        ("SMS_Package", "GetNextID", {"PackageID": "PS100001"}, {}, 0x8004102F),
        ("SMS_Package", "SetSourceSite", {"PackageID": "PS100001"}, {}, 0x8004102F),
        ("SMS_Package", "SetNextID", None, {"NextID": 5}, 0x8004100C),
    ],
)
def test_error_of_a_bad_call(
    small: Desk, class_name: str, method: str, keys: dict[str, str] | None, arguments: dict[str, Any], hresult: int
) -> None:
    with pytest.raises(WmiError) as caught:
        small.call(class_name, method, keys, **arguments)
    assert caught.value.hresult == hresult
    assert small.site.snapshot()["executions"] == {}


def test_argument_names_compare_without_case(small: Desk) -> None:
    assert small.refresh("PS100004", contextid=CONTEXT).done_at
    assert status(small)["Status"] == 1


def test_small_methods(small: Desk) -> None:
    assert small.call("SMS_Identification", "GetCurrentUser").outputs == {"UserName": "CONTOSO\\cmadmin"}
    assert small.call("SMS_Package", "GetNextID").outputs == {"NextID": 0x14}
    source = small.rows("SELECT NALPath FROM SMS_DistributionPointInfo WHERE ServerName = 'dp01.contoso.test'")[0]
    chained = small.call("SMS_DistributionPointInfo", "GetChainedPullDPs", SourceDPNALPath=source["NALPath"])
    assert len(chained.outputs["ChainedDPs"]) == 1


# --- rights ---


def test_an_object_outside_the_scopes_is_not_there(troubled: Desk) -> None:
    limited = troubled.as_user("CONTOSO\\limited")
    statement = "SELECT PackageID FROM SMS_PackageBaseclass WHERE PackageID = 'PS100009'"
    assert troubled.column(statement) == ["PS100009"]
    assert limited.column(statement) == []
    with pytest.raises(WmiError) as caught:
        limited.refresh("PS100009")
    assert caught.value.hresult == 0x80041002
    assert troubled.executions("RefreshPkgSource") == {}
    for class_name in ("SMS_DistributionPoint", "SMS_PackageStatusRootSummarizer", "SMS_DistributionDPStatus"):
        assert limited.rows(f"SELECT PackageID FROM {class_name} WHERE PackageID = 'PS100009'") == []


def test_a_hidden_point_counts_and_does_not_show(troubled: Desk) -> None:
    limited = troubled.as_user("CONTOSO\\limited")
    assert set(troubled.points("PS100008")) == {"good", "hidden"}
    assert set(limited.points("PS100008")) == {"good"}
    statement = "SELECT Targeted FROM SMS_PackageStatusRootSummarizer WHERE PackageID = 'PS100008'"
    assert limited.rows(statement) == [{"Targeted": 2}]
    assert limited.rows("SELECT NALPath FROM SMS_DistributionPointInfo WHERE ServerName LIKE 'hidden%'") == []


def test_a_missing_right(troubled: Desk) -> None:
    reader, limited = troubled.as_user("CONTOSO\\reader"), troubled.as_user("CONTOSO\\limited")
    with pytest.raises(WmiError) as caught:
        reader.refresh("PS100001")
    error = caught.value
    assert (error.hresult, error.extended_class, error.extended["ErrorCode"]) == (
        0x80041001,
        "SMS_ExtendedStatus",
        1112017920,
    )
    assert "CONTOSO\\reader" in error.extended["Description"]
    assert troubled.executions("RefreshPkgSource") == {}
    assert limited.refresh("PS100001").return_value == 0
    with pytest.raises(WmiError) as caught:
        limited.site.delete(limited.caller, limited.cim_class("SMS_Package"), {"PackageID": "PS100001"})
    assert caught.value.extended["ErrorCode"] == 1112017920
    with pytest.raises(WmiError) as caught:
        reader.site.create(reader.caller, reader.cim_class("SMS_Package"), {"Name": "x"})
    assert caught.value.extended["ErrorCode"] == 1112017920


def test_no_role_sees_nothing(troubled: Desk) -> None:
    nobody = troubled.as_user("CONTOSO\\norole")
    assert nobody.rows("SELECT PackageID FROM SMS_PackageBaseclass") == []
    assert nobody.rows("SELECT SiteCode FROM SMS_Site") == []
    assert nobody.call("SMS_Identification", "GetCurrentUser").outputs == {"UserName": "CONTOSO\\norole"}
    with pytest.raises(WmiError) as caught:
        nobody.call("SMS_Package", "GetNextID")
    assert caught.value.extended["ErrorCode"] == 1112017920
    assert len(list(nobody.site.query(nobody.caller, "root/sms", "SELECT * FROM SMS_ProviderLocation"))) == 1


@pytest.mark.parametrize("user", ["CONTOSO\\outsider", "CONTOSO\\stranger"])
def test_no_access_to_the_namespace(troubled: Desk, user: str) -> None:
    with pytest.raises(WmiError) as caught:
        troubled.site.query(Caller(user, {}), troubled.namespace, "SELECT PackageID FROM SMS_Package")
    assert caught.value.hresult == 0x80041003


# --- locks ---


def put(desk: Desk, package_id: str) -> None:
    desk.site.put(desk.caller, desk.cim_class("SMS_Package"), {"PackageID": package_id}, {"Description": "edited"})


def test_a_held_lock(troubled: Desk) -> None:
    with pytest.raises(WmiError) as caught:
        put(troubled, "PS100004")
    extended = caught.value.extended
    assert caught.value.hresult == 0x80041001
    assert (extended["ErrorCode"], extended["ObjectInfo"], extended["StatusCode"]) == (
        1078462258,
        "CObjectLock",
        2147749889,
    )
    assert (
        extended["Description"] == "User CONTOSO\\cmadmin is not able to get the lock at this time. Error: 0x40480732"
    )
    path = 'SMS_Package.PackageID="PS100004"'
    information = troubled.call("SMS_ObjectLock", "GetLockInformation", ObjectRelPath=path).outputs
    assert (information["LockState"], information["AssignedUser"]) == (1, "CONTOSO\\colleague")
    with pytest.raises(WmiError):
        troubled.site.delete(troubled.caller, troubled.cim_class("SMS_Package"), {"PackageID": "PS100004"})


@pytest.mark.parametrize(("policy", "fails"), [("no", False), ("yes", True)])
def test_a_refresh_and_the_lock(seat: Seat, policy: str, fails: bool) -> None:
    desk = seat("troubled", refresh_needs_lock=policy)
    if fails:
        with pytest.raises(WmiError) as caught:
            desk.refresh("PS100004")
        assert caught.value.extended["ErrorCode"] == 1078462258
    else:
        assert desk.refresh("PS100004").return_value == 0
    assert desk.executions("RefreshPkgSource") == ({} if fails else {"PS100004": 1})


def test_taking_and_giving_back_a_lock(small: Desk) -> None:
    path = 'SMS_Package.PackageID="PS100001"'
    mine = small.as_user("CONTOSO\\cmadmin", ObjectLockContext="c1", MachineName="ws1")
    other = small.as_user("CONTOSO\\cmadmin", ObjectLockContext="c2", MachineName="ws1")
    with pytest.raises(WmiError):
        small.call("SMS_ObjectLock", "RequestLock", ObjectRelPath=path)  # needs both context values
    assert mine.call("SMS_ObjectLock", "RequestLock", ObjectRelPath=path).outputs["RequestState"] == 10
    for desk in (other, small):
        with pytest.raises(WmiError):
            put(desk, "PS100001")
    with pytest.raises(WmiError):
        other.call("SMS_ObjectLock", "ReleaseLock", ObjectRelPath=path)
    put(mine, "PS100001")  # and with it the lock goes (behaviour 34)
    put(other, "PS100001")
    mine.call("SMS_ObjectLock", "RequestLock", ObjectRelPath=path.replace('"', "'"))
    mine.call("SMS_ObjectLock", "ReleaseAllLocks")
    put(small, "PS100001")


# --- scenarios and switches ---


@pytest.mark.parametrize("name", ["small", "hierarchy", "images", "troubled", "large"])
def test_every_scenario_has_the_same_first_package_and_account(name: str) -> None:
    assert name in names()
    site = load(name, speed=0)
    account = site.accounts[0]
    assert (account.name, account.password) == ("CONTOSO\\cmadmin", 'Sh\'ell "ho$tile" `pw` \\ &; %1!')
    rows = list(
        site.query(
            site.caller(account.name),
            "root/sms/site_PS1",
            "SELECT PackageID, PkgSourceFlag FROM SMS_Package WHERE PackageID = 'PS100001'",
        )
    )
    assert [row.values for row in rows] == [{"PackageID": "PS100001", "PkgSourceFlag": 2}]


def test_the_large_scenario_is_large_and_always_the_same() -> None:
    first, second = load("large", speed=0), load("large", speed=0)
    assert len(first.world.packages) == 10_000
    assert all(
        package.record.values["Name"] == second.world.packages[key].record.values["Name"]
        for key, package in first.world.packages.items()
    )


def test_stored_values_fit_the_schema(seat: Seat) -> None:
    for name, code in (("small", "PS1"), ("images", "PS1"), ("troubled", "PS1"), ("hierarchy", "CEN")):
        desk = seat(name, code)
        repository = desk.site.world.repository
        site_view = desk.site.view(desk.site.accounts[0])
        for definition in repository.classes.values():
            if definition.superclass == "SMS_BaseClass":
                for record in repository.visible(definition.name, code, site_view):
                    repository.checked(record.definition, record.values, "PutInstance")


def test_switches_are_checked() -> None:
    with pytest.raises(UnknownSwitch):
        load("small", switches={"nothing": "x"})
    with pytest.raises(UnknownSwitch):
        load("small", switches={"busy_refresh": "perhaps"})
    assert all(default in values for values, default, _unused in SWITCHES.values())


def test_an_unknown_scenario_names_the_known() -> None:
    with pytest.raises(ValueError, match="hierarchy, images, large, small, troubled"):
        load("nothing")
