# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Methods of image packages and boot images: metadata, components, kit, exports (behaviour 87 to 99)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from smsprovsim.model import WmiError

if TYPE_CHECKING:
    from .conftest import Desk, Seat

BOOT = "SMS_BootImagePackage"
IMAGE = "SMS_ImagePackage"
WIN10 = "\\\\files01.contoso.test\\images$\\win10-21h2.wim"
WIN11 = "\\\\files01.contoso.test\\images$\\win11-22h2.wim"
FOLDER = "\\\\cm01.contoso.test\\SMS_PS1\\OSD\\boot\\x64"
KEYS = {"PackageID": "PS100004"}


def error_of(desk: Desk, method: str, keys: dict[str, str] | None = None, **arguments: Any) -> int:
    with pytest.raises(WmiError) as caught:
        desk.finish(desk.call(BOOT, method, keys, **arguments))
    return int(caught.value.extended["ErrorCode"])


def executed(desk: Desk) -> dict[str, Any]:
    found: dict[str, Any] = desk.site.snapshot()["executions"]
    return found


# --- metadata ---


def metadata(desk: Desk, path: str, class_name: str = IMAGE) -> str:
    desk.caller = replace(desk.caller, delegated=True)
    return str(desk.call(class_name, "GetImageProperties", SourceImagePath=path).outputs["ImageProperty"])


def test_metadata_has_every_image_of_the_file(images: Desk) -> None:
    found = metadata(images, WIN11)
    assert found.count("<IMAGE ") == 3
    assert '<IMAGE index="3">' in found
    assert '<Property Name="Image name">Windows 11 Pro &lt;N &amp; "K"&gt;</Property>' in found
    assert '<Property Name="Language">de-DE</Property>' in found
    assert metadata(images, WIN10, BOOT) == images.package("PS100009")["ImageProperty"]


def test_a_file_that_is_not_listed_is_not_there(images: Desk) -> None:
    with pytest.raises(WmiError) as caught:
        metadata(images, WIN11.replace("22h2", "23h2"))
    assert caught.value.extended["ErrorCode"] == 2
    with pytest.raises(WmiError) as caught:
        metadata(images, "\\\\files01.contoso.test\\secret$\\hidden.wim")
    assert caught.value.extended["ErrorCode"] == 5


def test_rows_about_the_images_of_a_package(images: Desk) -> None:
    rows = images.rows("SELECT * FROM SMS_ImageInformation WHERE PackageID = 'PS100009'")
    assert [(row["Name"], row["OSVersion"], row["Architecture"]) for row in rows] == [
        ("Windows 10 Enterprise", "10.0.19044.2006", 9),
        ("Windows 10 Pro", "10.0.19044.2006", 9),
    ]
    assert [row["Index"] for row in rows] == [None, None]  # lazy in the SDK
    assert {row["PackageType"] for row in images.rows("SELECT PackageType FROM SMS_ImageInformation")} == {
        257,
        258,
        259,
    }


@pytest.mark.parametrize(("policy", "at_once"), [("needs_put", False), ("saved", True)])
def test_reloading_metadata(seat: Seat, policy: str, at_once: bool) -> None:
    desk = seat("images", reload_properties=policy)
    desk.put("PS100009", PkgSourcePath=WIN11)
    old = desk.package("PS100009")["ImageProperty"]
    desk.call(IMAGE, "ReloadImageProperties", {"PackageID": "PS100009"})
    assert (desk.package("PS100009")["ImageProperty"] != old) is at_once
    desk.put("PS100009", **desk.package("PS100009"))
    found = desk.package("PS100009")
    assert (found["ImageOSVersion"], found["ImageProperty"].count("<IMAGE ")) == ("10.0.22621.525", 3)
    assert len(desk.rows("SELECT * FROM SMS_ImageInformation WHERE PackageID = 'PS100009'")) == 3
    assert executed(desk)["ReloadImageProperties"] == {"PS100009": 1}


def test_reloading_what_cannot_be_read(images: Desk) -> None:
    images.put("PS100009", PkgSourcePath="\\\\files01.contoso.test\\images$\\gone.wim")
    with pytest.raises(WmiError) as caught:
        images.call(IMAGE, "ReloadImageProperties", {"PackageID": "PS100009"})
    assert caught.value.extended["ErrorCode"] == 2


@pytest.mark.parametrize("policy", ["refused", "accepted"])
def test_an_image_is_created_with_its_metadata(seat: Seat, policy: str) -> None:
    desk = seat("images", unreadable_image=policy)
    made = desk.create(IMAGE, Name="Windows 11", PkgSourceFlag=2, PkgSourcePath=WIN11)
    assert made.values["ImageProperty"].count("<IMAGE ") == 3
    missing = {"Name": "Gone", "PkgSourceFlag": 2, "PkgSourcePath": "\\\\files01.contoso.test\\images$\\gone.wim"}
    if policy == "accepted":
        assert desk.create(IMAGE, **missing).values["ImageProperty"] == ""
    else:
        with pytest.raises(WmiError):
            desk.create(IMAGE, **missing)


# --- components ---


def components(desk: Desk, class_name: str, architecture: str, key: str = "UniqueID") -> dict[int, dict[str, Any]]:
    rows = desk.rows(f"SELECT * FROM {class_name} WHERE Architecture = '{architecture}'")
    return {row[key]: row for row in rows if row.get("LanguageID", 1033) == 1033}


def test_the_kit_offers_components_by_architecture_and_language(images: Desk) -> None:
    kit = "SMS_OSDeploymentKitWinPEOptionalComponent"
    x64 = components(images, kit, "X64")
    assert x64[44]["Name"] == "WinPE-Scripting"
    assert x64[44]["IsRequired"] is True
    assert (x64[41]["DependentIds"], x64[41]["DependentComponentNames"]) == (
        [40, 44, 52],
        ["WinPE-NetFx", "WinPE-Scripting", "WinPE-WMI"],
    )
    assert x64[27]["DependentIds"] == [41]  # direct ones only
    assert 55 not in x64
    assert set(components(images, kit, "ARM64")) == set(range(59, 84))
    assert len(components(images, kit, "X86")) == 26
    languages = images.rows(f"SELECT LanguageID FROM {kit} WHERE UniqueID = 44")
    assert {row["LanguageID"] for row in languages} == {1031, 1033}
    assert {row["DeploymentKitVersion"] for row in x64.values()} == {"10.1.19041.1"}


@pytest.mark.parametrize(("policy", "times"), [("both", 2), ("kit", 1)])
def test_the_class_of_all_components(seat: Seat, policy: str, times: int) -> None:
    desk = seat("images", component_rows=policy)
    found = desk.rows("SELECT UniqueID FROM SMS_WinPEOptionalComponentInfo WHERE UniqueID = 44 AND LanguageID = 1033")
    assert len(found) == times


def test_components_and_drivers_of_a_boot_image(images: Desk) -> None:
    rows = images.rows("SELECT * FROM SMS_WinPEOptionalComponentInBootImage WHERE PackageID = 'PS100004'")
    assert {row["ComponentID"] for row in rows} == {32, 40, 41, 44, 45, 50, 52}
    (reference,) = images.rows("SELECT * FROM SMS_BootImagePackage_DriverRef WHERE PkgID = 'PS100004'")
    assert reference["SourcePath"] == "\\\\files01.contoso.test\\drivers$\\intel\\i219"
    containers = images.column("SELECT PackageID FROM SMS_DriverContainer WHERE CI_ID = 16777400")
    assert containers == ["PS100004", "PS100006", "PS100008"]


def test_components_by_method(images: Desk) -> None:
    before = images.package("PS100004")["SedoObjectVersion"]
    images.call(BOOT, "UpdateOptionalComponents", KEYS, ComponentIds=["28", "33"])
    found = images.package("PS100004")
    assert (found["OptionalComponents"], found["SedoObjectVersion"] == before) == ([28, 33], False)
    for bad in (["Scripting"], ["-1"], [""]):
        with pytest.raises(WmiError) as caught:
            images.call(BOOT, "UpdateOptionalComponents", KEYS, ComponentIds=bad)
        assert caught.value.extended["ErrorCode"] == 1078462208
    with pytest.raises(WmiError):
        images.call(BOOT, "UpdateOptionalComponents", {"PackageID": "PS100007"}, ComponentIds=["40"])
    assert executed(images)["UpdateOptionalComponents"] == {"PS100004": 1}


# --- the kit ---


def test_a_new_kit_makes_images_stale(images: Desk) -> None:
    images.change(upgrade="PS1", kit="10.1.22621.1")
    assert images.column("SELECT DeploymentKitVersion FROM SMS_OSDeploymentKitInstalledVersion") == ["10.1.22621.1"]
    with pytest.raises(WmiError):
        images.put("PS100004", OptionalComponents=[40])
    images.finish(images.call(BOOT, "ReloadWinPeFromAdk", KEYS))
    images.put("PS100004", OptionalComponents=[40])
    assert images.package("PS100004")["ImageOSVersion"] == "10.0.19041.1"
    images.finish(images.refresh("PS100004"))
    assert images.package("PS100004")["ImageOSVersion"] == "10.0.22621.1"
    assert components(images, "SMS_OSDeploymentKitWinPEOptionalComponent", "X86") == {}


def test_the_new_windows_pe_can_show_at_once(seat: Seat) -> None:
    desk = seat("images", reload_shows="at_once")
    desk.change(upgrade="PS1", kit="10.1.22621.1")
    desk.finish(desk.call(BOOT, "ReloadWinPeFromAdk", KEYS))
    assert desk.package("PS100004")["ImageOSVersion"] == "10.0.22621.1"


def test_what_was_changed_by_hand_in_the_original_is_lost(images: Desk) -> None:
    path = f"{FOLDER}\\contoso.wim"
    images.change(wim=path, winpe="x64", kit="10.1.19041.1", edited=True)
    images.finish(images.refresh("PS100004"))
    assert images.site.snapshot()["wims"][path.lower()]["edited"] is True
    images.finish(images.call(BOOT, "ReloadWinPeFromAdk", KEYS))
    assert images.site.snapshot()["wims"][path.lower()]["edited"] is False


def test_an_image_whose_file_is_gone_is_not_distributed(images: Desk) -> None:
    images.change(wim=WIN10, gone=True)
    images.refresh("PS100009")
    images.advance(600)
    found = images.site.snapshot()["packages"]["PS100009"]
    assert (found["source_version"], found["message"]) == (5, 2306)


def test_an_add_on_that_is_older_than_its_kit(images: Desk) -> None:
    images.change(upgrade="PS1", kit="10.1.22621.1", winpe="10.0.19041.1")
    images.finish(images.call(BOOT, "ReloadWinPeFromAdk", KEYS))
    images.finish(images.refresh("PS100004"))
    assert images.package("PS100004")["ImageOSVersion"] == "10.0.19041.1"


def test_an_update_of_the_site_renews_the_default_images_only(images: Desk) -> None:
    images.change(upgrade="PS1", kit="10.1.22621.1", client="5.00.9088.1000")
    images.advance(3600)
    shown = {each: images.package(each) for each in ("PS100002", "PS100004")}
    assert {each: found["ProductionClientVersion"] for each, found in shown.items()} == {
        "PS100002": "5.00.9088.1000",
        "PS100004": "5.00.8968.1000",
    }
    assert shown["PS100002"]["ImageOSVersion"] == "10.0.22621.1"
    assert images.column("SELECT Version FROM SMS_Site") == ["5.00.9088.1000"]
    images.finish(images.refresh("PS100004"))
    assert images.package("PS100004")["ProductionClientVersion"] == "5.00.9088.1000"


@pytest.mark.parametrize(("policy", "version"), [("of_the_site", "5.00.8968.1000"), ("of_its_own", "5.00.8968.1042")])
def test_the_version_of_the_client(seat: Seat, policy: str, version: str) -> None:
    desk = seat("images", client_version=policy)
    assert desk.package("PS100004")["ProductionClientVersion"] == version
    assert desk.column("SELECT Version FROM SMS_Site") == ["5.00.8968.1000"]


def test_without_a_kit_nothing_is_built_exported_or_reloaded(images: Desk) -> None:
    images.change(upgrade="PS1", kit="")
    assert images.rows("SELECT * FROM SMS_OSDeploymentKitInstalledVersion") == []
    assert images.rows("SELECT * FROM SMS_OSDeploymentKitWinPEOptionalComponent") == []
    path = f"{FOLDER}\\export.wim"
    assert error_of(images, "ExportDefaultBootImage", Architecture="x64", ImageIndex=1, ExportImagePath=path) == 2
    assert error_of(images, "ReloadWinPeFromAdk", keys=KEYS) == 2
    assert error_of(images, "RefreshPkgSource", keys=KEYS) == 2


def test_a_kit_without_windows_pe_for_x86(images: Desk) -> None:
    images.change(upgrade="PS1", kit="10.1.22621.1")
    assert error_of(images, "ReloadWinPeFromAdk", keys={"PackageID": "PS100003"}) == 2
    path = f"{FOLDER}\\export.wim"
    assert error_of(images, "ExportDefaultBootImage", Architecture="x86", ImageIndex=1, ExportImagePath=path) == 2


# --- exports ---


def test_an_export_makes_a_file_that_can_become_a_boot_image(images: Desk) -> None:
    path = f"{FOLDER}\\export.wim"
    images.finish(images.call(BOOT, "ExportDefaultBootImage", Architecture="x64", ImageIndex=1, ExportImagePath=path))
    made = images.create(BOOT, Name="Exported", ImagePath=path, ImageIndex=1)
    images.finish(made.work)
    images.put(made.values["PackageID"], OptionalComponents=[40])
    assert executed(images)["ExportDefaultBootImage"] == {path: 1}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"Architecture": "sparc"}, 1078462208),
        ({"Architecture": "9"}, 1078462208),
        ({"ImageIndex": 2}, 1168),
        ({"ExportImagePath": "\\\\cm01.contoso.test\\nowhere\\x.wim"}, 3),
        ({"ExportImagePath": "c:\\x.wim"}, 3),
        ({"ExportImagePath": "\\\\files01.contoso.test\\secret$\\x.wim"}, 5),
    ],
)
def test_an_export_that_is_refused(images: Desk, arguments: dict[str, Any], code: int) -> None:
    given = {"Architecture": "x64", "ImageIndex": 1, "ExportImagePath": f"{FOLDER}\\x.wim", **arguments}
    assert error_of(images, "ExportDefaultBootImage", **given) == code
    assert executed(images) == {}


def test_two_exports_at_a_time_do_not_go_well(images: Desk) -> None:
    given = {"Architecture": "x64", "ImageIndex": 1}
    first = images.call(BOOT, "ExportDefaultBootImage", ExportImagePath=f"{FOLDER}\\a.wim", **given)
    assert error_of(images, "ExportDefaultBootImage", ExportImagePath=f"{FOLDER}\\b.wim", **given) == 32
    assert images.site.snapshot()["most_at_a_time"]["exports"] == {"cm01.contoso.test": 2}
    assert first.error is None


@pytest.mark.parametrize("policy", ["accepted", "refused"])
def test_an_export_for_arm64(seat: Seat, policy: str) -> None:
    desk = seat("images", export_arm64=policy)
    given = {"Architecture": "arm64", "ImageIndex": 1, "ExportImagePath": f"{FOLDER}\\arm.wim"}
    if policy == "refused":
        assert error_of(desk, "ExportDefaultBootImage", **given) == 1078462208
    else:
        desk.finish(desk.call(BOOT, "ExportDefaultBootImage", **given))


def test_one_image_out_of_many(images: Desk) -> None:
    images.caller = replace(images.caller, delegated=True)
    target = "\\\\files01.contoso.test\\images$\\pro.wim"
    given = {"SourceImagePath": WIN11, "ExportedImagePath": target}
    images.finish(images.call(BOOT, "ExportSingleIndexImage", ImageIndex=3, **given))
    assert metadata(images, target).count("<IMAGE ") == 1
    assert error_of(images, "ExportSingleIndexImage", ImageIndex=4, **given) == 1168
    images.finish(images.call(BOOT, "ConvertToSingleIndexImage", SourceImagePath=WIN10, ImageIndex=2))
    assert "Windows 10 Pro" in metadata(images, WIN10)
    assert metadata(images, WIN10).count("<IMAGE ") == 1


@pytest.mark.parametrize(("policy", "version"), [("nothing", 2), ("rebuilds", 3)])
@pytest.mark.parametrize("method", ["UpdateImage", "UpdateDefaultImage"])
def test_updating_images(seat: Seat, method: str, policy: str, version: int) -> None:
    desk = seat("images", update_image=policy)
    work = desk.call(BOOT, method)
    assert work.return_value == 0
    desk.advance(3600)
    assert desk.package("PS100002")["SourceVersion"] == version
    assert desk.package("PS100004")["SourceVersion"] == 7
    assert executed(desk)["UpdateImages"] == {"PS1": 1}
