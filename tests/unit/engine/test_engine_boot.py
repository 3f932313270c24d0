# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What boot images need beside the common engine: components, drivers, marks, versions, documents of WIMs. No sockets."""

from __future__ import annotations

import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.configmgr.content.plugins.module_utils._cim.instance import Instance
from ansible_collections.configmgr.content.plugins.module_utils._engine import (
    boot_components,
    boot_drivers,
    boot_options,
    boot_staleness,
    boot_wim,
)
from ansible_collections.configmgr.content.plugins.module_utils._engine.boot_components import Catalogue, Component
from ansible_collections.configmgr.content.plugins.module_utils._engine.boot_drivers import Driver
from ansible_collections.configmgr.content.plugins.module_utils._engine.boot_marks import Mark, pair_of, read_mark
from ansible_collections.configmgr.content.plugins.module_utils._engine.boot_options import Edit
from ansible_collections.configmgr.content.plugins.module_utils._engine.boot_staleness import Versions
from ansible_collections.configmgr.content.plugins.module_utils._provider.errors import Impossible
from ansible_collections.configmgr.content.plugins.module_utils._wsman import markup
from hypothesis import given
from hypothesis import strategies as st

TABLE = yaml.safe_load((Path(__file__).resolve().parents[2] / "data" / "seed_surface.yml").read_text("utf-8"))
SEED = TABLE["SMS_BootImagePackage"]["optional_components"]
# What needs what; the four that every image has.
NEEDS = {1: (15,), 15: (14, 18, 26), 14: (26,), 10: (18,), 21: (20,), 22: (20,)}
ALWAYS = {18, 19, 24, 26}
CATALOGUE = Catalogue(
    [Component(number, name, NEEDS.get(number, ()), number in ALWAYS) for number, name in SEED.items()], "x86", "here"
)


# -- components ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", ["WinPE-HTA", "winpe-hta", "HTA", " hta ", "10"])
def test_a_component_is_found_however_it_is_written(asked: str) -> None:
    assert CATALOGUE.find(asked).number == 10


def test_every_component_of_the_sdk_is_found_by_its_name() -> None:
    assert {CATALOGUE.find(name).number: name for name in SEED.values()} == SEED


@pytest.mark.parametrize(
    ("asked", "near"), [("PowerShel3", "WinPE-PowerShell3"), ("FontSuport-JA-JP", "FontSupport-JA-JP")]
)
def test_an_unknown_component_is_told_with_near_names(asked: str, near: str) -> None:
    with pytest.raises(Impossible) as refused:
        CATALOGUE.find(asked)
    assert f"There is no optional component {asked!r} for x86" in str(refused.value)
    assert near in str(refused.value)


def test_where_nothing_is_near_all_are_told() -> None:
    with pytest.raises(Impossible, match="The site has WinPE-DismCmdlets, WinPE-Dot3Svc"):
        CATALOGUE.find("zzzz")
    with pytest.raises(Impossible, match="is the deployment kit installed"):
        Catalogue([], "arm64").find("HTA")


def test_two_components_of_one_name_need_an_id() -> None:
    twice = Catalogue([Component(1, "WinPE-X"), Component(2, "WinPE-x")], "x64")
    with pytest.raises(Impossible, match="are named 'X': 1, 2"):
        twice.find("X")
    assert twice.find("2").number == 2


@pytest.mark.parametrize(
    ("edit", "present", "wanted"),
    [
        (Edit(every=("DismCmdlets",)), [2, 26], [1, 14, 15, 26]),
        (Edit(every=()), [1, 14, 15], []),
        (Edit(add=("HTA",)), [2], [2, 10]),
        (Edit(add=("HTA",)), [2, 10], [2, 10]),
        (Edit(remove=("DismCmdlets",)), [1, 14, 15], [14, 15]),
        (Edit(remove=("DismCmdlets", "PowerShell3")), [1, 14, 15], [14]),
        (Edit(remove=("HTA",)), [2], [2]),
        (Edit(add=("HTA",)), [99], [10, 99]),
        (Edit(every=("HTA",)), [99], [10]),
    ],
)
def test_what_an_edit_comes_to(edit: Edit, present: list[int], wanted: list[int]) -> None:
    assert CATALOGUE.resolve(edit, present) == wanted
    assert CATALOGUE.resolve(edit, wanted) == wanted


@pytest.mark.parametrize(
    ("edit", "present", "told"),
    [
        (
            Edit(remove=("NetFx4",)),
            [1, 14, 15],
            "WinPE-NetFx4 cannot be removed: WinPE-DismCmdlets, WinPE-PowerShell3 needs it",
        ),
        (
            Edit(remove=("Setup",), add=("Setup-Client",)),
            [],
            "WinPE-Setup cannot be removed: WinPE-Setup-Client needs it",
        ),
        (Edit(remove=("Scripting",)), [], "WinPE-Scripting cannot be removed: every boot image has it"),
    ],
)
def test_what_cannot_be_removed(edit: Edit, present: list[int], told: str) -> None:
    with pytest.raises(Impossible) as refused:
        CATALOGUE.resolve(edit, present)
    assert told in str(refused.value)


def test_a_ring_of_needs_ends() -> None:
    ring = Catalogue([Component(1, "a", (2,)), Component(2, "b", (1,))], "x64")
    assert ring.closed([1]) == {1, 2}
    assert ring.resolve(Edit(remove=("a", "b")), [1, 2]) == []


@given(
    st.sets(st.sampled_from(sorted(SEED))),
    st.lists(st.sampled_from(sorted(set(SEED) - ALWAYS)), max_size=4, unique=True),
)
def test_an_edit_is_whole_and_settles(present: set[int], asked: list[int]) -> None:
    edit = Edit(add=tuple(str(number) for number in asked))
    found = CATALOGUE.resolve(edit, sorted(present))
    assert CATALOGUE.closed(asked) - ALWAYS <= set(found)
    assert present <= set(found)
    assert CATALOGUE.resolve(edit, found) == found


class Rows:
    """A site that has these rows of components."""

    where = "here"

    def __init__(self, *rows: dict[str, Any]) -> None:
        empty = {"DependentIds": [], "DependentComponentNames": [], "IsRequired": None}
        self.rows = [{**empty, **row} for row in rows]
        self.asked: list[str] = []

    def list_of(self, class_name: str, columns: Any, where: Any) -> list[dict[str, Any]]:
        self.asked.append(f"{class_name} {where}")
        language = "LanguageID" in str(where)
        return [row for row in self.rows if not language or f"LanguageID = {row['LanguageID']}" in str(where)]


def row(number: int, name: str, language: int = 1033, **more: Any) -> dict[str, Any]:
    return {"UniqueID": number, "Name": name, "LanguageID": language, "Architecture": "X64", **more}


def test_rows_that_repeat_by_kit_are_one_component() -> None:
    site = Rows(row(40, "WinPE-NetFx"), row(40, "WinPE-NetFx"), row(41, "WinPE-PowerShell", DependentIds=[40]))
    found = boot_components.read_catalogue(site, "x64")  # type: ignore[arg-type]
    assert found.resolve(Edit(add=("PowerShell",)), []) == [40, 41]
    assert len(site.asked) == 1


def test_needs_that_are_told_by_name_count_too() -> None:
    site = Rows(
        row(40, "WinPE-NetFx"), row(41, "WinPE-PowerShell", DependentComponentNames=["WinPE-NetFx", "WinPE-Gone"])
    )
    found = boot_components.read_catalogue(site, "x64")  # type: ignore[arg-type]
    assert found.resolve(Edit(add=("PowerShell",)), []) == [40, 41]


def test_a_kit_without_english_is_read_in_what_it_has() -> None:
    site = Rows(row(40, "WinPE-NetFx", 1031))
    assert boot_components.read_catalogue(site, "x64").find("NetFx").number == 40  # type: ignore[arg-type]
    with pytest.raises(Impossible, match="in the language 1041"):
        boot_components.read_catalogue(site, "x64", 1041)  # type: ignore[arg-type]


# -- drivers ---------------------------------------------------------------------------------------------------

NIC = Driver(7, "NIC", r"\\files\nic", "Net", False, True, True, False, True, "nic.inf")


def test_nothing_speaks_against_a_good_driver() -> None:
    assert boot_drivers.findings(NIC, "x64", None) == []
    assert boot_drivers.findings(NIC, "x64", frozenset({"x64", "x86"})) == []


def test_what_the_site_does_not_know_speaks_against_nothing() -> None:
    assert boot_drivers.findings(Driver(7, "NIC", r"\\files\nic"), "arm64", None) == []


@pytest.mark.parametrize(
    ("changes", "platforms", "told", "lasting"),
    [
        ({"enabled": False}, None, "it is disabled in the driver catalogue", True),
        ({"expired": True}, None, "it is expired in the driver catalogue", True),
        ({"signed": False}, None, "it is not signed, and the build of an image for x64 would fail", True),
        ({}, frozenset({"arm64"}), "it is for arm64, and the image for x64", True),
        ({"path": ""}, None, "the catalogue has no source folder for it", True),
        ({"device_class": "Display"}, None, "its class Display is of no use before Windows runs", False),
    ],
)
def test_what_speaks_against_a_driver(changes: dict[str, Any], platforms: Any, told: str, lasting: bool) -> None:
    found = boot_drivers.findings(replace(NIC, **changes), "x64", platforms)
    assert [(each.text, each.lasting) for each in found] == [(told, lasting)]


def test_unsigned_drivers_fit_into_x86_images_and_boot_critical_ones_into_all() -> None:
    assert boot_drivers.findings(replace(NIC, signed=False), "x86", None) == []
    assert boot_drivers.findings(replace(NIC, device_class="Oddity", boot_critical=True), "x64", None) == []


@pytest.mark.parametrize(
    ("digest", "platforms"),
    [
        ('<a><PlatformApplicabilityCondition Platform="x64"/></a>', {"x64"}),
        ('<?xml version="1.0" encoding="utf-16"?><a><PlatformApplicabilityCondition Platform="I386"/></a>', {"x86"}),
        (
            '<a xmlns="urn:x"><PlatformApplicabilityCondition Platform="X64"/><PlatformApplicabilityCondition Platform="I386"/></a>',
            {"x64", "x86"},
        ),
        ('<a><PlatformApplicabilityCondition Platform="IA64"/></a>', None),
        ("<a/>", None),
        ("", None),
        ("<a", None),
        ('<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', None),
    ],
)
def test_the_platforms_of_a_driver(digest: str, platforms: set[str] | None) -> None:
    assert boot_drivers.platforms_in(digest) == (None if platforms is None else frozenset(platforms))


@pytest.mark.parametrize(
    ("edit", "present", "wanted"),
    [
        (Edit(every=("NIC", "8")), [1], [7, 8]),
        (Edit(every=()), [1], []),
        (Edit(add=("NIC",)), [1, 7], [1, 7]),
        (Edit(add=("8",), remove=("1",)), [1, 7], [7, 8]),
        (Edit(remove=("99",)), [1], [1]),
        (Edit(every=("1", "NIC")), [1], [1, 7]),
    ],
)
def test_which_drivers_an_image_should_have(edit: Edit, present: list[int], wanted: list[int]) -> None:
    known = {"NIC": NIC, "8": Driver(8, "Disk", r"\\files\disk")}
    assert boot_drivers.resolve(edit, known, present, "here") == wanted


def test_an_older_revision_of_a_driver_is_not_meant_by_its_name() -> None:
    older = dict.fromkeys(boot_drivers.COLUMNS) | {
        "CI_ID": 6,
        "LocalizedDisplayName": "NIC",
        "IsLatest": False,
    }
    newer = {**older, "CI_ID": 7, "IsLatest": True}

    class Site:
        where = "here"

        def list_of(self, *_arguments: Any) -> list[dict[str, Any]]:
            return [older, newer]

    found = boot_drivers.find_drivers(Site(), ("nic", "6"))  # type: ignore[arg-type]
    assert {asked: driver.number for asked, driver in found.items()} == {"nic": 7, "6": 6}


@pytest.mark.parametrize(
    "edit", [Edit(add=("99",)), Edit(every=("Gone",)), Edit(remove=("Gone",)), Edit(add=("\u00b2",))]
)
def test_a_driver_that_nobody_knows(edit: Edit) -> None:
    with pytest.raises(Impossible, match=r"There is no driver '(99|Gone|\u00b2)'"):
        boot_drivers.resolve(edit, {}, [1], "here")


@pytest.mark.parametrize(
    ("wanted", "found", "same"),
    [
        ([], [], True),
        ([{"ID": 1, "SourcePath": r"\\a\b"}], [{"ID": 1, "SourcePath": "\\\\A\\B\\"}], True),
        ([{"ID": 1, "SourcePath": r"\\a\c"}], [{"ID": 1, "SourcePath": r"\\a\b"}], False),
        ([{"ID": 1, "SourcePath": ""}], [{"ID": 1, "SourcePath": r"\\a\b"}], True),
        ([{"ID": 1, "SourcePath": ""}], [{"ID": 1}, {"ID": 2}], False),
        ([{"ID": 1, "SourcePath": ""}], [], False),
        ([{"ID": 2, "SourcePath": ""}, {"ID": 1, "SourcePath": ""}], [{"ID": 1}, {"ID": 2}], True),
        ([], [None], False),
        ([], [{"ID": "\u00b2"}], False),
    ],
)
def test_when_two_lists_of_drivers_are_the_same(wanted: list[Any], found: list[Any], same: bool) -> None:
    assert boot_options.DRIVERS.same(wanted, found) is same


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        (r"\\f\drv\net10\nic.inf", [10]),
        (r"\\F\DRV\Net1\nic.inf", [1]),
        (r"\\f\drv\net1", [1]),
        (r"'\\f\drv\net 10\nic.inf' cannot be added", [3]),
        (r"\\f\drv\net1.old\nic.inf", [2]),
        (r"\\f\other\nic.inf", []),
        ("", []),
    ],
)
def test_whose_folder_an_error_names(told: str, meant: list[int]) -> None:
    """Not one whose name only begins alike, and of nested folders the innermost."""
    paths = {1: "\\\\f\\drv\\net1\\", 10: r"\\f\drv\net10", 2: r"\\f\drv", 3: r"\\f\drv\net 10", 4: ""}
    assert boot_drivers.named_in(told, paths) == meant


# -- marks -----------------------------------------------------------------------------------------------------


@given(st.integers(0, 2**32 - 1), st.booleans(), st.integers(0, 2**29 - 1))
def test_a_mark_comes_back_from_its_id(version: int, due: bool, pair: int) -> None:
    mark = Mark(version, due, pair)
    context = mark.as_context("PS1", "PS100004")
    assert read_mark(context, "PS1", "PS100004") == mark
    assert read_mark(context.lower(), "ps1", "ps100004") == mark
    assert read_mark(context, "PS1", "PS100005") is None
    assert read_mark(context, "PS2", "PS100004") is None
    parsed = uuid.UUID(context)
    assert (parsed.variant, parsed.version) == (uuid.RFC_4122, 8)


@given(st.uuids(version=4))
def test_an_id_of_somebody_else_is_no_mark(other: uuid.UUID) -> None:
    assert read_mark(str(other), "PS1", "PS100004") is None


@pytest.mark.parametrize("text", [None, "", "x", "00000000-0000-0000-0000-000000000000"])
def test_what_is_no_id_is_no_mark(text: str | None) -> None:
    assert read_mark(text, "PS1", "PS100004") is None


def test_a_build_is_pending_until_the_version_rises() -> None:
    assert Mark(7, True).pending(7)
    assert not Mark(7, True).pending(8)
    assert not Mark(7, False).pending(7)


def test_a_pair_of_versions_has_a_number_of_its_own() -> None:
    pairs = {pair_of(client, kit) for client in ("5.00.1", "5.00.2", "") for kit in ("10.1", "10.2", "")}
    assert len(pairs) == 9
    assert all(0 < pair < 2**29 for pair in pairs)


# -- versions --------------------------------------------------------------------------------------------------


def image(**values: str) -> Instance:
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in values.items())
    return Instance(markup.parse(f"<SMS_BootImagePackage>{inner}</SMS_BootImagePackage>".encode()), "root/sms/site_PS1")


@pytest.mark.parametrize(
    ("in_image", "at_site", "stale"),
    [
        ("5.00.8853.1006", "5.00.8968.1000", True),
        ("5.00.8968.1000", "5.00.8968.1000", False),
        ("5.00.9012.1000", "5.00.8968.1000", False),
        ("5.00.9.1", "5.00.10.1", True),
        ("", "5.00.8968.1000", None),
        ("5.00.8968.1000", "", None),
        ("five", "5.00.8968.1000", None),
        ("5.\u00b2", "5.00.8968.1000", None),
    ],
)
def test_whether_the_client_is_older(in_image: str, at_site: str, stale: bool | None) -> None:
    measured = boot_staleness.measure(image(ProductionClientVersion=in_image), Versions(at_site, ""))
    assert measured.client is stale
    assert bool(measured.reasons) is bool(stale)


@pytest.mark.parametrize(
    ("winpe", "kit", "stale"),
    [
        ("10.0.17763.1", "10.1.19041.1", True),
        ("10.0.19041.1", "10.1.19041.1", False),
        ("10.0.26100.1", "10.1.26100.2454", False),
        ("10.0.26100.1", "10.1.22621.1", False),
        ("10.0", "10.1.22621.1", None),
        ("", "10.1.22621.1", None),
        ("10.0.17763.1", "", None),
    ],
)
def test_whether_windows_pe_is_older(winpe: str, kit: str, stale: bool | None) -> None:
    assert boot_staleness.measure(image(ImageOSVersion=winpe), Versions("", kit)).winpe is stale


@pytest.mark.parametrize(
    ("kits", "host", "version"),
    [
        ([], "cm01", ""),
        ([("cm01.contoso.test", "1")], "elsewhere", "1"),
        ([("cm01.contoso.test", "1"), ("cm02.contoso.test", "2")], "CM02.contoso.test", "2"),
        ([("cm01.contoso.test", "1"), ("cm02.contoso.test", "2")], "cm01", "1"),
        ([("cm01.contoso.test", "1"), ("cm02.contoso.test", "2")], "192.0.2.1", ""),
        ([("cm01.contoso.test", "1"), ("cm02.contoso.test", "1")], "192.0.2.1", "1"),
    ],
)
def test_which_kit_counts(kits: list[tuple[str, str]], host: str, version: str) -> None:
    rows = [{"FQDN": name, "NetBiosName": name.split(".")[0].upper(), "DeploymentKitVersion": it} for name, it in kits]
    assert boot_staleness._kit(rows, host) == version


@pytest.mark.parametrize(
    ("values", "from_kit"),
    [
        ({"DefaultImage": "true", "ImagePath": r"\\x\y\z.wim"}, True),
        ({"ImagePath": r"\\cm01\SMS_PS1\OSD\boot\x64\contoso.wim"}, True),
        ({"ImagePath": r"\\files\images\mdt.wim"}, False),
        ({}, False),
    ],
)
def test_which_images_may_be_reloaded(values: dict[str, str], from_kit: bool) -> None:
    assert boot_staleness.from_kit(image(**values)) is from_kit


# -- WIMs ------------------------------------------------------------------------------------------------------

DOCUMENT = (
    '<WIM><IMAGE index="1"><Property Name="Architecture">9</Property><Property Name="OS version">10.0.1.1</Property></IMAGE>'
    '<IMAGE INDEX="2"><Property Name="Architecture">x86</Property></IMAGE><IMAGE INDEX="3"/><IMAGE/></WIM>'
)


def test_the_images_of_a_wim() -> None:
    found = boot_wim.images_in(DOCUMENT)
    assert sorted(found) == [1, 2, 3]
    assert found[1] == {"architecture": "9", "os version": "10.0.1.1"}
    assert boot_wim.architecture_of(found, 1, "a.wim") == "x64"
    assert boot_wim.architecture_of(found, 2, "a.wim") == "x86"
    with pytest.raises(Impossible, match=r"a\.wim has no image 9\. It has 1, 2, 3"):
        boot_wim.architecture_of(found, 9, "a.wim")
    with pytest.raises(Impossible, match="does not say for which architecture image 3 is"):
        boot_wim.architecture_of(found, 3, "a.wim")


@pytest.mark.parametrize("text", ["", "no XML", "<WIM", "<!DOCTYPE x><WIM/>", '<WIM><IMAGE INDEX="\u00b2"/></WIM>'])
def test_a_document_that_is_none_has_no_images(text: str) -> None:
    assert boot_wim.images_in(text) == {}


@pytest.mark.parametrize(
    ("told", "word"),
    [
        ("0", "x86"),
        ("9", "x64"),
        ("12", "arm64"),
        ("x64", "x64"),
        ("X86", "x86"),
        ("arm64", "arm64"),
        ("ia64", "ia64"),
        (None, ""),
    ],
)
def test_an_architecture_has_one_word(told: str | None, word: str) -> None:
    assert boot_wim.architecture_word(told) == word
