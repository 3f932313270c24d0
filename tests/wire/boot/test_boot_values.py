# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hostile values of boot images on their way to the site and back: texts, paths, flags, ids, and what is too large for a message."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._content.boot_image import BOOT_IMAGE
from ansible_collections.configmgr.content.plugins.module_utils._content.image_package import IMAGE_PACKAGE
from ansible_collections.configmgr.content.plugins.module_utils._provider.errors import Impossible
from ansible_collections.configmgr.content.plugins.module_utils._provider.site import Means
from converge.test_image_values import CONTROL, FEW, HOSTILE
from hypothesis import example, given
from hypothesis import strategies as st

from .conftest import BootDeclaring

BOOT = "PS100004"
NEW = {"name": "New", "image_path": r"\\cm01.contoso.test\SMS_PS1\OSD\boot\x64\spare.wim", "architecture": "x64"}
SHARE = "\\\\files01.contoso.test\\osd$\\"
NO_PATH = frozenset('/:*?"<>|')
DRIVERS = ("16777400", "16777401", "16777402")


def comes_back(boot: BootDeclaring, **given: Any) -> dict[str, Any]:
    """What was declared is there, and declaring it again changes nothing."""
    done = boot(package_id=BOOT, rebuild="never", **given)
    assert not boot(package_id=BOOT, rebuild="never", **given)["changed"]
    found: dict[str, Any] = done["object"]
    return found


@FEW
@given(text=st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(blacklist_categories=["Cs"]), max_size=300)))
@example(text="\x00")
@example(text='cmd /c "echo %PATH% & pause" > \\\\?\\x ]]>')
def test_text(boot: BootDeclaring, text: str) -> None:
    if CONTROL.search(text):
        with pytest.raises(Impossible, match=r"prestart_command_line contains the character U\+"):
            boot(package_id=BOOT, prestart_command_line=text)
        return
    assert (comes_back(boot, prestart_command_line=text)["prestart_command_line"] or "") == text


@pytest.mark.parametrize("option", ["background_bitmap_path", "prestart_include_files_directory"])
@FEW
@given(tail=st.text(st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters=NO_PATH), max_size=60))
@example(tail="")
@example(tail="'quoted' & ]] \U0001f4bf \u202e \u3000\\")
@example(tail="\ufffe")
def test_paths(boot: BootDeclaring, option: str, tail: str) -> None:
    path = SHARE + tail
    if CONTROL.search(tail):
        with pytest.raises(Impossible, match=rf"{option} contains the character U\+"):
            boot(package_id=BOOT, **{option: path})
        return
    # Windows knows no case and no backslash at the end, so that is what comes back for sure.
    found = comes_back(boot, **{option: path})[option]
    assert found.rstrip("\\").lower() == path.rstrip("\\").lower()


@FEW
@given(wanted=st.sets(st.sampled_from(DRIVERS)), components=st.sets(st.sampled_from(["27", "28", "36", "40", "41"])))
@example(wanted=set(), components=set())
@example(wanted=set(DRIVERS), components={"27", "28", "36", "40", "41"})
def test_objects_and_arrays(boot: BootDeclaring, wanted: set[str], components: set[str]) -> None:
    found = comes_back(boot, drivers={"set": sorted(wanted)}, optional_components={"set": sorted(components)})
    assert {str(each["id"]) for each in found["drivers"]} == wanted
    stored = {str(each) for each in boot.values(BOOT)["OptionalComponents"] or ()}
    assert components <= stored


@FEW
@given(first=st.sampled_from([32, 64, 128, 256, 512]), pxe=st.booleans(), command=st.booleans())
def test_numbers_flags_and_bits(boot: BootDeclaring, first: int, pxe: bool, command: bool) -> None:
    before = boot.values(BOOT)["PkgFlags"]
    found = comes_back(boot, scratch_space=first, deploy_from_pxe=pxe, command_support=command)
    assert (found["scratch_space"], found["command_support"]) == (first, command)
    assert found["pkg_flags"]["value"] == (before | 0x400 if pxe else before & ~0x400)


@FEW
@given(content=st.binary(max_size=300))
@example(content=b"")
@example(content=bytes(range(256)))
def test_bytes(boot: BootDeclaring, content: bytes) -> None:
    told = base64.b64encode(content).decode()
    assert comes_back(boot, icon=told)["icon"] == told


def test_null_and_no_text_are_the_same(boot: BootDeclaring) -> None:
    for wmi, option in (
        ("PreExecCommandLine", "prestart_command_line"),
        ("BackgroundBitmapPath", "background_bitmap_path"),
    ):
        for stored in (None, ""):
            boot.values(BOOT)[wmi] = stored
            assert not boot(package_id=BOOT, **{option: ""})["changed"]


class Small(BootDeclaring):
    """Somebody whose messages hold no more than this."""

    def means(self) -> Means:
        means = super().means()
        return replace(means, endpoint=replace(means.endpoint, max_envelope_size=40_000))


def test_an_icon_above_the_limit_names_the_limit_and_the_way_out(boot: BootDeclaring) -> None:
    small = Small(boot.server)
    icon = base64.b64encode(bytes(4000)).decode()
    for asked in ({"package_id": BOOT}, NEW):
        with pytest.raises(Impossible, match=r"it takes \d+ bytes in one message, and the limit is 40000") as refused:
            small(**asked, icon=icon)
        assert "raise max_envelope_size here and MaxEnvelopeSizekb on the provider host" in str(refused.value)
    assert (boot.written, boot.refreshed) == (0, {})
    assert boot(package_id=BOOT, icon=icon)["changed"]


def test_what_nobody_declared_goes_back_as_it_came(boot: BootDeclaring) -> None:
    values = boot.values(BOOT)
    values.update(ExtendedData=[0, 255, 7], ISVData=list(range(256)), AlternateContentProviders=HOSTILE[4])
    before = dict(values)
    boot(package_id=BOOT, description="x")
    moved = {name for name in values if values[name] != before.get(name)}
    assert moved <= {"Description", "SedoObjectVersion", "ActionInProgress", "ContextID"}


def test_every_type_of_a_boot_image_has_its_round_trip() -> None:
    """A new type shows up here; those of other images are in their own tests."""
    common = {item.option for item in IMAGE_PACKAGE.declarable}
    own = {item.option: item.codec.name for item in BOOT_IMAGE.declarable if item.option not in common}
    assert set(own.values()) <= {"string", "boolean", "uint32", "array of uint32", "array of object"}, own
