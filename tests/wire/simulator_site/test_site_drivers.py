# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Import of drivers: prepared by CreateFromINF, named, saved by a Put (behaviour 33, 104, 105; SMS_Driver; errors.yml)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from smsprovsim.model import Embedded, WmiError

if TYPE_CHECKING:
    from .conftest import Desk, Seat

NEW = "\\\\files01.contoso.test\\drivers$\\new"
INTEL = "\\\\files01.contoso.test\\drivers$\\intel\\i219"
GONE = "\\\\files01.contoso.test\\drivers$\\gone"
NAMED = [Embedded("SMS_CI_LocalizedProperties", {"DisplayName": "Fabrikam NIC", "LocaleID": 1033})]


@pytest.fixture
def desk(seat: Seat) -> Desk:
    """The provider host reads the shares with its own account."""
    return seat("images", path_identity="computer")


def prepared(desk: Desk, folder: str = NEW, inf: str = "newnic.inf") -> dict[str, Any]:
    driver = desk.call("SMS_Driver", "CreateFromINF", DriverPath=folder, INFFile=inf).outputs["Driver"]
    assert driver.class_name == "SMS_Driver"
    values: dict[str, Any] = driver.values
    return values


def drivers(desk: Desk) -> list[int]:
    return [int(each) for each in desk.column("SELECT CI_ID FROM SMS_Driver")]


def test_a_driver_is_prepared_and_then_saved(desk: Desk) -> None:
    before = drivers(desk)
    values = prepared(desk)
    assert (values["DriverINFFile"], values["DriverProvider"], values["CIType_ID"]) == ("newnic.inf", "Fabrikam", 6)
    assert drivers(desk) == before
    made = desk.create("SMS_Driver", **{**values, "CI_ID": None, "LocalizedInformation": NAMED})
    identity = made.values["CI_ID"]
    assert drivers(desk) == sorted([*before, identity])
    found = desk.get("SMS_Driver", CI_ID=str(identity))
    assert (found["LocalizedDisplayName"], found["DriverVersion"], found["IsEnabled"]) == (
        "Fabrikam NIC",
        "3.1.0.7",
        True,
    )
    desk.put("PS100004", ReferencedDrivers=[Embedded("SMS_Driver_Details", {"ID": identity, "SourcePath": NEW})])
    desk.finish(desk.refresh("PS100004"))


def test_several_files_of_one_folder(desk: Desk) -> None:
    work = desk.call("SMS_Driver", "CreateFromINFs", DriverPath=NEW, INFFiles=["newnic.inf"])
    assert [each.values["DriverINFFile"] for each in work.outputs["Drivers"]] == ["newnic.inf"]
    with pytest.raises(WmiError) as caught:
        desk.call("SMS_Driver", "CreateFromINFs", DriverPath=NEW, INFFiles=["newnic.inf", "broken.inf"])
    assert caught.value.extended["ErrorCode"] == 13


@pytest.mark.parametrize(
    ("folder", "inf", "code"),
    [(GONE, "gone.inf", 2), (NEW, "nothing.inf", 2), (NEW, "broken.inf", 13), (NEW, "windows2000.inf", 1633)],
)
def test_an_import_that_fails(desk: Desk, folder: str, inf: str, code: int) -> None:
    with pytest.raises(WmiError) as caught:
        prepared(desk, folder, inf)
    told = caught.value.extended
    assert (told["ErrorCode"], told["ParameterInfo"], told["Operation"]) == (code, "SMS_Driver", "ExecMethod")


def test_a_driver_is_imported_once(desk: Desk) -> None:
    """behaviour 104"""
    known = desk.get("SMS_Driver", CI_ID="16777400")["CI_UniqueID"]
    with pytest.raises(WmiError) as caught:
        prepared(desk, INTEL, "E1D68x64.inf")
    assert (caught.value.extended["ErrorCode"], caught.value.extended["ObjectInfo"]) == (183, known)
    values = prepared(desk)
    desk.create("SMS_Driver", **{**values, "CI_ID": None})
    with pytest.raises(WmiError) as caught:
        desk.create("SMS_Driver", **{**values, "CI_ID": None})
    assert caught.value.extended["ErrorCode"] == 183


def test_a_driver_of_no_file_is_not_saved(desk: Desk) -> None:
    with pytest.raises(WmiError):
        desk.create("SMS_Driver", CI_UniqueID="DRIVER:1", IsEnabled=True)


def test_a_driver_is_changed_under_its_lock_and_version(desk: Desk) -> None:
    """behaviour 33 to 35: SMS_Driver is one of the classes with edit locks"""
    keys, cim_class = {"CI_ID": "16777400"}, desk.cim_class("SMS_Driver")
    desk.site.put(desk.caller, cim_class, keys, {"IsEnabled": False, "DriverVersion": "9"})
    read = desk.get("SMS_Driver", **keys)
    assert (read["IsEnabled"], read["DriverVersion"], read["CIVersion"]) == (False, "1.0.0.0", 2)
    desk.site.put(desk.caller, cim_class, keys, {"IsEnabled": True})
    with pytest.raises(WmiError):
        desk.site.put(desk.caller, cim_class, keys, {**read, "LocalizedInformation": NAMED})
    other = desk.as_user("CONTOSO\\cmadmin", ObjectLockContext="c", MachineName="m")
    other.call("SMS_ObjectLock", "RequestLock", ObjectRelPath='SMS_Driver.CI_ID="16777400"')
    for attempt in (
        lambda: desk.site.put(desk.caller, cim_class, keys, {"IsEnabled": False}),
        lambda: desk.site.delete(desk.caller, cim_class, keys),
    ):
        with pytest.raises(WmiError) as caught:
            attempt()
        assert caught.value.extended["ErrorCode"] == 1078462258
    other.call("SMS_ObjectLock", "ReleaseLock", ObjectRelPath='SMS_Driver.CI_ID="16777400"')
    desk.site.delete(desk.caller, cim_class, keys)
    assert 16777400 not in drivers(desk)


def test_a_reader_imports_nothing(desk: Desk) -> None:
    with pytest.raises(WmiError) as caught:
        prepared(desk.as_user("CONTOSO\\reader"))
    assert caught.value.extended["ErrorCode"] == 1112017920
