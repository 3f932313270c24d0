# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Boot images as objects: created from a WIM, changed, and built with all that was set (behaviour 81 to 97)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from smsprovsim.model import Embedded, WmiError

if TYPE_CHECKING:
    from .conftest import Desk, Seat

BOOT = "SMS_BootImagePackage"
CONTEXT = "7f3c1b52-2f7e-4f0a-9c37-0a8d2a3b4c5d"
FOLDER = "\\\\cm01.contoso.test\\SMS_PS1\\OSD\\boot\\x64"
SPARE = f"{FOLDER}\\spare.wim"
SCRIPTING, SECURE_STARTUP, WDS_TOOLS, WMI = 44, 45, 50, 52


def new(desk: Desk, **values: Any) -> Any:
    return desk.create(BOOT, **{"Name": "New", "ImagePath": SPARE, "ImageIndex": 1, "ContextID": CONTEXT, **values})


def driver(desk: Desk, identity: int) -> Embedded:
    found = desk.get("SMS_Driver", CI_ID=str(identity))
    return Embedded("SMS_Driver_Details", {"ID": identity, "SourcePath": found["ContentSourcePath"]})


def status(desk: Desk, context: str = CONTEXT) -> dict[str, Any]:
    return desk.call(BOOT, "QueryOSDBinaryInjectionStatus", ContextID=context).outputs


def built(desk: Desk, package_id: str, which: str = "built") -> Any:
    return desk.site.snapshot()["packages"][package_id][which]


def code_of(error: WmiError) -> int:
    return int(error.extended["ErrorCode"])


# --- creating ---


def test_a_new_image_is_built_before_it_is_there(images: Desk) -> None:
    made = new(images, EnableLabShell=True)
    package_id = made.values["PackageID"]
    assert made.work.done_at > 120
    images.advance(60)
    assert status(images)["Status"] == 1
    assert images.column(f"SELECT PackageID FROM {BOOT} WHERE Name = 'New'") == []
    images.finish(made.work)
    assert status(images)["Status"] == 0
    found = images.package(package_id)
    assert (found["Architecture"], found["ImageOSVersion"]) == ("9", "10.0.19041.1")
    assert found["ProductionClientVersion"] == "5.00.8968.1000"
    assert found["PkgSourcePath"] == f"{FOLDER}\\spare.{package_id}.wim"
    assert 'index="1"' in found["ImageProperty"]
    assert found["PkgSourceFlag"] == 2
    images.advance(600)
    settled = images.package(package_id)
    assert (settled["ActionInProgress"], settled["SourceVersion"], settled["StoredPkgVersion"]) == (0, 1, 1)
    assert built(images, package_id)["command_support"] is True
    assert images.executions("Create") == {package_id: 1}


def test_the_row_can_be_there_before_the_build(seat: Seat) -> None:
    desk = seat("images", boot_row="before_build")
    made = new(desk)
    assert desk.column(f"SELECT PackageID FROM {BOOT} WHERE Name = 'New'") == [made.values["PackageID"]]
    desk.advance(60)
    assert desk.package(made.values["PackageID"])["ActionInProgress"] == 2
    desk.finish(made.work)
    assert built(desk, made.values["PackageID"])["winpe_version"] == "10.0.19041.1"


@pytest.mark.parametrize(("row", "left"), [("after_build", 0), ("before_build", 1)])
def test_what_a_failed_creation_leaves(seat: Seat, row: str, left: int) -> None:
    desk = seat("images", boot_row=row)
    made = new(desk, ReferencedDrivers=[driver(desk, 16777403)])
    with pytest.raises(WmiError) as caught:
        desk.finish(made.work)
    assert caught.value.extended["ObjectInfo"] == "\\\\files01.contoso.test\\drivers$\\homemade\\homemade.inf"
    assert status(desk)["Status"] == 2
    assert len(desk.column(f"SELECT PackageID FROM {BOOT} WHERE Name = 'New'")) == left
    if left:
        kept = desk.package(made.values["PackageID"])
        assert (kept["ActionInProgress"], kept["StoredPkgVersion"]) == (0, 0)
    second = new(desk)
    assert second.values["PackageID"] != made.values["PackageID"]  # gaps are normal (behaviour 24)


@pytest.mark.parametrize(
    ("path", "index", "code"),
    [
        (f"{FOLDER}\\nothing.wim", 1, 2),
        ("C:\\boot.wim", 1, 2),
        ("\\\\files01.contoso.test\\secret$\\hidden.wim", 1, 5),
        (SPARE, 2, 1168),
        ("\\\\files01.contoso.test\\images$\\mdt.wim", 3, 1168),
    ],
)
def test_an_image_that_cannot_be_taken(images: Desk, path: str, index: int, code: int) -> None:
    before = len(images.site.world.packages)
    with pytest.raises(WmiError) as caught:
        new(images, ImagePath=path, ImageIndex=index)
    assert (caught.value.hresult, code_of(caught.value)) == (0x80041001, code)
    assert (len(images.site.world.packages), images.executions("Create")) == (before, {})


def test_the_index_says_which_image(images: Desk) -> None:
    path = "\\\\files01.contoso.test\\images$\\mdt.wim"
    made = new(images, ImagePath=path, ImageIndex=2)
    images.finish(made.work)
    assert images.package(made.values["PackageID"])["ImageOSVersion"] == "10.0.18362.1"
    images.change(
        wim=path, images=[{"name": "one"}, {"name": "two", "os_version": "10.0.22000.1", "architecture": "x86"}]
    )
    images.finish(images.refresh(made.values["PackageID"]))
    found = images.package(made.values["PackageID"])
    assert (found["ImageOSVersion"], found["Architecture"]) == ("10.0.22000.1", "0")


# --- changing ---


def test_a_put_saves_and_a_refresh_builds(images: Desk) -> None:
    settings = {
        "EnableLabShell": False,
        "ScratchSpace": 512,
        "PreExecCommandLine": "cmd /c start.cmd",
        "PreExecSourceDirectory": "\\\\files01.contoso.test\\osd$\\prestart",
        "BackgroundBitmapPath": "\\\\files01.contoso.test\\osd$\\new.bmp",
        "InputLocale": "de-de",
        "OptionalComponents": [28, 40, 41],
        "ReferencedDrivers": [driver(images, 16777401), driver(images, 16777402)],
    }
    stored = images.put("PS100004", **{**images.package("PS100004"), **settings})
    assert stored.work is None
    assert images.package("PS100004")["ScratchSpace"] == 512
    assert built(images, "PS100004")["scratch_space"] == 128
    images.finish(images.refresh("PS100004", ContextID=CONTEXT))
    assert built(images, "PS100004") == {
        "drivers": (16777401, 16777402),
        "components": (28, 40, 41, SCRIPTING, SECURE_STARTUP, WDS_TOOLS, WMI),
        "command_support": False,
        "scratch_space": 512,
        "prestart": "cmd /c start.cmd",
        "prestart_files": "\\\\files01.contoso.test\\osd$\\prestart",
        "background": "\\\\files01.contoso.test\\osd$\\new.bmp",
        "input_locale": "de-de",
        "client_version": "5.00.8968.1000",
        "winpe_version": "10.0.19041.1",
    }
    assert built(images, "PS100004", "distributed")["scratch_space"] == 128
    images.advance(600)
    assert built(images, "PS100004", "distributed") == built(images, "PS100004")
    assert images.package("PS100004")["SourceVersion"] == 8


def test_the_flag_in_a_put_builds_too(images: Desk) -> None:
    stored = images.put("PS100004", ScratchSpace=32, RefreshPkgSourceFlag=True, ContextID=CONTEXT)
    assert status(images)["Status"] == 1
    images.finish(stored.work)
    assert built(images, "PS100004")["scratch_space"] == 32


@pytest.mark.parametrize(("row", "during"), [("after_build", 128), ("before_build", 64)])
def test_a_put_that_builds(seat: Seat, row: str, during: int) -> None:
    desk = seat("images", boot_put="builds", boot_row=row)
    stored = desk.put("PS100004", ScratchSpace=64, ContextID=CONTEXT)
    assert desk.package("PS100004")["ScratchSpace"] == during
    assert status(desk)["Status"] == 1
    desk.finish(stored.work)
    assert desk.package("PS100004")["ScratchSpace"] == 64
    assert built(desk, "PS100004")["scratch_space"] == 64
    desk.advance(600)
    assert desk.package("PS100004")["SourceVersion"] == 7  # a Put alone reaches no distribution point


@pytest.mark.parametrize(
    ("package_id", "values", "hresult", "code"),
    [
        ("PS100004", {"ScratchSpace": 100}, 0x80041001, 1078462229),
        ("PS100004", {"ReferencedDrivers": [Embedded("SMS_Driver_Details", {"ID": 16777400})]}, 0x80041028, None),
        ("PS100006", {"OptionalComponents": [40, 41]}, 0x80041001, 1078462229),  # of an older kit (behaviour 90)
        ("PS100006", {"OptionalComponents": []}, 0x80041001, 1078462229),
        ("PS100006", {"ReferencedDrivers": None}, 0x80041001, 1078462229),
        ("PS100007", {"OptionalComponents": [40]}, 0x80041001, 1078462229),  # of no kit
        ("PS100002", {"ImagePath": SPARE}, 0x80041001, 1078462229),  # of site setup (behaviour 46)
    ],
)
def test_a_put_that_is_refused(
    images: Desk, package_id: str, values: dict[str, Any], hresult: int, code: int | None
) -> None:
    before = images.package(package_id)
    with pytest.raises(WmiError) as caught:
        images.put(package_id, **values)
    assert (caught.value.hresult, caught.value.extended.get("ErrorCode")) == (hresult, code)
    assert images.package(package_id) == before


@pytest.mark.parametrize("package_id", ["PS100006", "PS100007"])
def test_an_image_of_another_kit_takes_other_changes(images: Desk, package_id: str) -> None:
    images.put(package_id, **{**images.package(package_id), "ScratchSpace": 256, "Description": "x"})
    images.finish(images.refresh(package_id))
    assert built(images, package_id)["scratch_space"] == 256


# --- what breaks a build ---


@pytest.mark.parametrize(
    ("values", "code", "culprit"),
    [
        ({"drivers": [16777403]}, 577, "\\\\files01.contoso.test\\drivers$\\homemade\\homemade.inf"),
        ({"drivers": [16777404]}, 1633, "\\\\files01.contoso.test\\drivers$\\qualcomm\\qcnet.inf"),
        ({"drivers": [16777400, 16777406]}, 2, "\\\\files01.contoso.test\\drivers$\\gone\\gone.inf"),
        ({"OptionalComponents": [14]}, 2, "14"),  # of x86
        ({"OptionalComponents": [49]}, 2, "49"),  # of nothing
        ({"OptionalComponents": [56]}, 2, "56"),  # known, and in no current kit
        ({"OptionalComponents": [41]}, 1168, "WinPE-PowerShell"),  # without what it needs
        ({"OptionalComponents": [40, 41, 27, 58]}, 0, ""),
        ({"PreExecSourceDirectory": "\\\\files01.contoso.test\\secret$\\x"}, 5, "\\\\files01.contoso.test\\secret$\\x"),
        ({"BackgroundBitmapPath": "c:\\x.bmp"}, 2, "c:\\x.bmp"),
    ],
)
def test_what_a_build_fails_of(images: Desk, values: dict[str, Any], code: int, culprit: str) -> None:
    drivers = values.pop("drivers", None)
    if drivers is not None:
        values["ReferencedDrivers"] = [driver(images, each) for each in drivers]
    images.put("PS100004", **values)
    before = built(images, "PS100004")
    work = images.refresh("PS100004", ContextID=CONTEXT)
    if not code:
        images.finish(work)
        return
    with pytest.raises(WmiError) as caught:
        images.finish(work)
    assert (code_of(caught.value), caught.value.extended["ObjectInfo"]) == (code, culprit)
    found = status(images)
    assert (found["Status"], found["ErrorCode"], found["ExtendedErrorInfo"]) == (2, code, culprit)
    assert 1 <= found["Progress"] < found["MaxProgress"]
    images.advance(600)
    assert (built(images, "PS100004"), images.package("PS100004")["SourceVersion"]) == (before, 7)


def test_an_unsigned_driver_is_no_matter_for_x86(images: Desk) -> None:
    images.put("PS100003", ReferencedDrivers=[driver(images, 16777403)])
    images.finish(images.refresh("PS100003"))
    assert built(images, "PS100003")["drivers"] == (16777403,)


def test_a_signed_driver_in_its_place_heals_the_image(images: Desk) -> None:
    with pytest.raises(WmiError):
        images.finish(images.refresh("PS100008"))
    images.change(
        driver={"id": 16777403, "name": "Homemade adapter", "path": "\\\\files01.contoso.test\\x", "inf": "a.inf"}
    )
    images.finish(images.refresh("PS100008"))
    assert built(images, "PS100008")["drivers"] == (16777400, 16777403)


def test_needed_components_by_switch(seat: Seat) -> None:
    desk = seat("images", missing_dependency="build_adds")
    desk.put("PS100004", OptionalComponents=[27])
    desk.finish(desk.refresh("PS100004"))
    assert {27, 40, 41} <= set(built(desk, "PS100004")["components"])


def test_trouble_can_be_made(images: Desk) -> None:
    images.change(trouble=2, code=1450, text="The mount filter failed")
    with pytest.raises(WmiError) as caught:
        images.finish(images.refresh("PS100004", ContextID=CONTEXT))
    assert "The mount filter failed" in caught.value.extended["Description"]
    assert status(images)["Progress"] == 3
    images.finish(images.refresh("PS100004"))


# --- rights, ownership, deletion ---


def test_a_reader_changes_nothing(images: Desk) -> None:
    reader = images.as_user("CONTOSO\\reader")
    for attempt in (
        lambda: new(reader),
        lambda: reader.put("PS100004", ScratchSpace=64),
        lambda: reader.call(BOOT, "UpdateOptionalComponents", {"PackageID": "PS100004"}, ComponentIds=["40"]),
        lambda: reader.call(BOOT, "ReloadWinPeFromAdk", {"PackageID": "PS100004"}),
        lambda: reader.call(BOOT, "UpdateDefaultImage"),
    ):
        with pytest.raises(WmiError) as caught:
            attempt()
        assert code_of(caught.value) == 1112017920
    assert images.site.snapshot()["executions"] == {}


def test_an_image_deleted_while_it_is_built_stays_deleted(images: Desk) -> None:
    work = images.refresh("PS100004")
    images.site.delete(images.caller, images.cim_class(BOOT), {"PackageID": "PS100004"})
    images.finish(work)
    images.advance(600)
    assert "PS100004" not in images.site.snapshot()["packages"]
