# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Boot images as declared state: the twelve steps, every property, and what bad input gets."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._content.boot_image import BOOT_IMAGE
from ansible_collections.configmgr.content.plugins.module_utils._engine.boot_module import boot_spec
from ansible_collections.configmgr.content.plugins.module_utils._engine.plan import BY_THE_SITE
from ansible_collections.configmgr.content.plugins.module_utils._provider.errors import Impossible
from converge.test_image_package import VALUES as COMMON

from .conftest import BootDeclaring, MakeBoot

BOOT = "PS100004"
SPARE = r"\\cm01.contoso.test\SMS_PS1\OSD\boot\x64\spare.wim"
OLD = r"\\cm01.contoso.test\SMS_PS1\OSD\boot\x64\unsigned.wim"
NEW = {"name": "Branch offices", "image_path": SPARE, "architecture": "x64"}
OSD = r"\\files01.contoso.test\osd$"
# Two values for every option: each differs from what a new object has, and from the other.
VALUES: dict[str, tuple[Any, Any]] = {
    **COMMON,
    "background_bitmap_path": (OSD + r"\blue.bmp", ""),
    "command_support": (True, False),
    "image_index": (2, 1),
    "image_path": (OLD, SPARE),
    "input_locale": ("de-de", ""),
    "optional_components": ({"set": ["WinPE-HTA", "powershell"]}, {"add": ["27"], "remove": ["HTA"]}),
    "prestart_command_line": ('cmd /c "a & b" <x> ]]>', ""),
    "prestart_include_files_directory": (OSD + r"\prestart", ""),
    "drivers": ({"add": ["16777400", "Realtek USB GbE Family Controller"]}, {"remove": ["16777400"]}),
    "scratch_space": (512, 32),
    "deploy_from_pxe": (True, False),
}
# Not properties of the object: how the task is carried out.
HOW = {
    *("state", "package_id", "lock_wait", "grace", "architecture", "component_language", "driver_check", "rebuild"),
    *("reload_winpe", "on_build_failure", "list_used_by", "build_timeout", "wait", "wait_for", "wait_timeout"),
    *("wait_interval", "lock_takeover", "distribution_points", "distribution_point_groups", "force"),
}
# No second image in the WIM; and what the site makes itself when an image is created.
NO_BUILD = {"image_index"}
OF_THE_SITE = {"source_flag", "source_path"}


def predicted_then_done(boot: BootDeclaring, **given: Any) -> dict[str, Any]:
    """Check mode, which writes nothing, and the real run, whose diff is the predicted one."""
    written, seen = boot.written, len(boot.server.journal)
    refreshed = sum(boot.refreshed.values())
    prediction = boot(check=True, **given)
    assert boot.writes_since(seen) == []
    done = boot(**given)
    assert (prediction["changed"], prediction["action"]) == (done["changed"], done["action"])
    assert prediction["build"]["due"] == done["build"]["due"]
    expected = {
        name: done["package_id"] if value == BY_THE_SITE else value
        for name, value in prediction["diff"]["after"].items()
    }
    assert done["diff"] == {"before": prediction["diff"]["before"], "after": expected}
    assert not done.get("failed"), done.get("msg")
    assert (boot.written > written or sum(boot.refreshed.values()) > refreshed) == done["changed"]
    return done


def test_every_option_has_two_values_here() -> None:
    assert set(boot_spec(BOOT_IMAGE)) - HOW == set(VALUES)


def test_the_twelve_steps(boot: BootDeclaring) -> None:
    made = predicted_then_done(boot, **NEW)
    assert made["action"] == "create"
    assert boot.built == {made["package_id"]: 1}
    assert not boot.refreshed
    assert not predicted_then_done(boot, **NEW)["changed"]
    boot.settle()
    changed = predicted_then_done(boot, **NEW, scratch_space=64)
    assert (changed["action"], changed["build"]["status"]) == ("update", "refreshed")
    assert boot.contents(made["package_id"]).scratch_space == 64
    assert not predicted_then_done(boot, **NEW, scratch_space=64)["changed"]
    boot.settle()
    gone = predicted_then_done(boot, name=NEW["name"], state="absent")
    assert (gone["action"], gone["deleting"]) == ("delete", True)
    again = predicted_then_done(boot, name=NEW["name"], state="absent")
    assert (again["changed"], again["deleting"]) == (False, True)
    boot.settle()
    assert not predicted_then_done(boot, name=NEW["name"], state="absent")["deleting"]
    package_id = made["package_id"]
    assert [boot.executions(each) for each in ("Create", "Put", "Delete")] == [{package_id: 1}] * 3
    assert (boot.refreshed, boot.built) == ({package_id: 1}, {package_id: 2})
    assert boot.contexts == []


@pytest.mark.parametrize("option", sorted(set(VALUES) - NO_BUILD))
def test_the_change_cycle_of_every_option(boot: BootDeclaring, option: str) -> None:
    package_id = boot(**NEW)["package_id"]
    boot.settle()
    built = {item.option: item.with_build for item in BOOT_IMAGE.properties}.get(option, False)
    for value in (*VALUES[option], VALUES[option][0]):
        done = predicted_then_done(boot, package_id=package_id, **{option: value})
        assert done["action"] == "update"
        assert done["build"]["due"] is built
        assert not predicted_then_done(boot, package_id=package_id, **{option: value})["changed"]
        boot.settle()
    assert boot.executions("Put") == {package_id: 3}
    assert boot.refreshed.get(package_id, 0) == (3 if built else 0)
    assert boot.contexts == []


@pytest.mark.parametrize("option", sorted(set(VALUES) - NO_BUILD - OF_THE_SITE))
def test_the_twelve_steps_of_every_option(boot: BootDeclaring, option: str) -> None:
    """Create, change, delete, each again, and each in check mode first."""
    asked = {**NEW, option: VALUES[option][0]}
    made = predicted_then_done(boot, **asked)
    package_id = made["package_id"]
    assert made["action"] == "create"
    boot.settle()
    assert not predicted_then_done(boot, **asked)["changed"]
    assert boot.built == {package_id: 1}
    other = {"package_id": package_id, option: VALUES[option][1]}
    assert predicted_then_done(boot, **other)["action"] == "update"
    assert not predicted_then_done(boot, **other)["changed"]
    boot.settle()
    gone = {"package_id": package_id, "state": "absent"}
    assert predicted_then_done(boot, **gone)["action"] == "delete"
    assert not predicted_then_done(boot, **gone)["changed"]
    assert [boot.executions(each) for each in ("Create", "Put", "Delete")] == [{package_id: 1}] * 3
    assert boot.contexts == []


def test_what_is_put_in_is_what_was_declared(boot: BootDeclaring) -> None:
    done = boot(
        **NEW,
        command_support=True,
        scratch_space=256,
        input_locale="ru-ru",
        background_bitmap_path=OSD + r"\blue.bmp",
        prestart_command_line="cmd /c wpeutil",
        prestart_include_files_directory=OSD + r"\prestart",
        optional_components={"add": ["DismCmdlets"]},
        drivers={"set": ["Intel(R) RST VMD Controller 9A0B"]},
    )
    built = boot.contents(done["package_id"])
    assert built.drivers == (16777401,)
    assert set(built.components) >= {27, 40, 41}  # with what DismCmdlets needs
    assert (built.command_support, built.scratch_space, built.input_locale) == (True, 256, "ru-ru")
    assert (built.prestart, built.background) == ("cmd /c wpeutil", OSD + r"\blue.bmp")


def test_the_index_of_a_wim_can_be_chosen(boot: BootDeclaring) -> None:
    wim = r"\\files01.contoso.test\images$\mdt.wim"
    done = boot(name="Second", image_path=wim, image_index=2)
    assert boot.values(done["package_id"])["ImageIndex"] == 2


@pytest.mark.parametrize("spelling", ["number", "name"])
def test_the_architecture_is_read_in_both_spellings(make_boot: MakeBoot, spelling: str) -> None:
    boot = make_boot(boot_architecture=spelling)
    done = boot(**NEW, optional_components={"add": ["HTA"]})
    assert done["object"]["architecture"] == "x64"
    again = boot(**NEW, optional_components={"add": ["HTA"]})
    assert not again["changed"]
    assert boot.values(done["package_id"])["Architecture"] == ("9" if spelling == "number" else "x64")


def test_the_users_of_an_image_are_told(boot: BootDeclaring) -> None:
    assert boot(package_id="PS100003", list_used_by=True)["used_by"] == ['PS10000A ("Deploy Windows 10")']
    assert boot(package_id=BOOT, list_used_by=True)["used_by"] == []


def test_the_second_run_costs_at_most_nine_requests(boot: BootDeclaring) -> None:
    asked = {
        "name": "Contoso boot image (x64)",
        "optional_components": {"add": ["HTA", "Dot3Svc", "StorageWMI"]},
        "drivers": {"add": ["Intel(R) RST VMD Controller 9A0B", "Realtek USB GbE Family Controller"]},
        "scratch_space": 512,
    }
    boot(**asked)
    before = len(boot.server.journal)
    again = boot(**asked)
    assert not again["changed"]
    assert again["requests"] <= 9
    assert len(boot.server.journal) - before == again["requests"]


# -- bad input -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"name": "x"}, "cannot be created without image_path"),
        ({"name": "x", "image_path": "C:\\boot.wim"}, "is not a UNC path"),
        ({**NEW, "source_path": SPARE}, "source_path cannot be given for a new boot image"),
        ({"package_id": BOOT, "scratch_space": 100}, "scratch_space 100 is not possible. Take one of 32, 64, 128"),
        ({"package_id": BOOT, "background_bitmap_path": "x.bmp"}, "is not a UNC path"),
        ({"package_id": BOOT, "input_locale": "german!"}, "is not a language tag"),
        (
            {"package_id": BOOT, "optional_components": {"add": ["WinPE-PowerShel"]}},
            "There is no optional component 'WinPE-PowerShel' for x64 boot images. Near: WinPE-PowerShell",
        ),
        ({"package_id": "PS100005", "optional_components": {"add": ["HTA"]}}, "component 'HTA' for arm64 boot images"),
        ({"package_id": BOOT, "optional_components": {"add": ["1"]}}, "no optional component '1' for x64"),
        ({"package_id": BOOT, "optional_components": {"remove": ["WMI"]}}, "every boot image has it"),
        ({"package_id": BOOT, "optional_components": {"remove": ["NetFx"]}}, "WinPE-PowerShell needs it"),
        ({"package_id": BOOT, "optional_components": {}}, "optional_components says nothing"),
        ({"package_id": BOOT, "optional_components": {"set": [], "add": ["HTA"]}}, "has set beside add"),
        ({"package_id": BOOT, "drivers": {"add": ["x"], "remove": ["X"]}}, "drivers adds and removes x"),
        ({"package_id": BOOT, "drivers": {"add": [""]}}, "drivers.add has an empty entry"),
        (
            {"package_id": BOOT, "component_language": 1040, "optional_components": {"add": ["HTA"]}},
            "no optional components for x64 in the language 1040",
        ),
        ({"package_id": BOOT, "drivers": {"add": ["No such driver"]}}, "There is no driver 'No such driver'"),
        ({"package_id": BOOT, "drivers": {"add": ["4711"]}}, "There is no driver '4711'"),
        ({"package_id": BOOT, "drivers": {"add": ["Two of one name"]}}, "2 drivers are named 'Two of one name'"),
        (
            {"package_id": BOOT, "drivers": {"add": ["Homemade adapter"]}},
            '16777403 ("Homemade adapter"): it is not signed',
        ),
        ({"package_id": BOOT, "drivers": {"add": ["16777405"]}}, "it is disabled in the driver catalogue"),
        ({"package_id": BOOT, "drivers": {"add": ["16777404"]}}, "it is for arm64, and the image for x64"),
        ({"package_id": BOOT, "architecture": "arm64"}, "is for x64, not for arm64"),
        ({"package_id": "PS100002", "image_path": SPARE}, "was made by the site, and its image_path cannot be changed"),
        ({"package_id": "PS100002", "state": "absent"}, "was made by the site and was not deleted"),
        ({"package_id": BOOT, "reload_winpe": True}, "reload_winpe is set, and rebuild is not if_stale"),
        ({"package_id": BOOT, "build_timeout": -1.0}, "build_timeout -1 is no number of seconds"),
    ],
)
def test_bad_input_is_refused_before_anything_is_sent(boot: BootDeclaring, asked: dict[str, Any], message: str) -> None:
    with pytest.raises(Impossible) as refused:
        boot(**asked)
    assert message in str(refused.value)
    assert (boot.written, boot.refreshed) == (0, {})


def test_an_image_that_task_sequences_use_is_not_deleted(boot: BootDeclaring) -> None:
    boot.values("PS100003")["DefaultImage"] = False
    with pytest.raises(Impossible, match="is used by task sequences and was not deleted: PS10000A"):
        boot(package_id="PS100003", state="absent")


def test_an_older_site_has_no_keyboard_layout(make_boot: MakeBoot) -> None:
    boot = make_boot(members="sdk")
    with pytest.raises(Impossible, match=r"input_locale cannot be set: .* has no InputLocale"):
        boot(package_id=BOOT, input_locale="de-de")
    with pytest.raises(Impossible, match=r"input_locale cannot be set: .* has no InputLocale"):
        boot(**NEW, input_locale="de-de")
    assert boot.written == 0
    assert boot(**NEW)["action"] == "create"
    done = boot(package_id=BOOT, scratch_space=64)
    assert done["staleness"]["client"]["stale"] is None
    assert done["build"]["status"] == "refreshed"
