# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Boot images that are older than their site: reported, and built anew with `rebuild: if_stale`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._provider.errors import Impossible
from ansible_collections.configmgr.content.plugins.module_utils._wsman.errors import ConfigMgrError, OutcomeUnknown

from .conftest import BootDeclaring, MakeBoot

BOOT = "PS100004"
DEFAULT = "PS100002"
OLD = "PS100006"  # an older kit, an older client
FOREIGN = "PS100007"
IF_STALE = {"rebuild": "if_stale"}
RELOAD = {**IF_STALE, "reload_winpe": True}
CLIENT, KIT = "5.00.8990.1000", "10.1.22621.1"


def reloads(boot: BootDeclaring) -> dict[str, int]:
    return boot.executions("ReloadWinPeFromAdk")


def test_staleness_is_reported_in_every_run(boot: BootDeclaring) -> None:
    told = boot(package_id=OLD)["staleness"]
    assert told == {
        "client": {"image": "5.00.8853.1006", "site": "5.00.8968.1000", "stale": True},
        "winpe": {"image": "10.0.17763.1", "kit": "10.1.19041.1", "stale": True},
    }
    assert boot(package_id=BOOT)["staleness"]["client"]["stale"] is False
    assert (boot.written, boot.refreshed) == (0, {})


def test_an_image_that_is_up_to_date_is_left_alone(boot: BootDeclaring) -> None:
    assert not boot(package_id=BOOT, **RELOAD)["changed"]
    assert (boot.written, boot.refreshed) == (0, {})


def test_an_old_client_means_a_refresh(boot: BootDeclaring) -> None:
    boot.upgrade(client=CLIENT)
    prediction = boot(package_id=BOOT, check=True, **IF_STALE)
    assert prediction["changed"]
    done = boot(package_id=BOOT, **IF_STALE)
    assert done["diff"] == prediction["diff"]
    assert done["build"]["reason"] == f"its client 5.00.8968.1000 is older than the site's {CLIENT}"
    assert done["staleness"]["client"] == {"image": CLIENT, "site": CLIENT, "stale": False}
    assert boot.refreshed == boot.built == boot.executions("Put") == {BOOT: 1}
    assert not boot(package_id=BOOT, **IF_STALE)["changed"]
    assert reloads(boot) == {}


def test_an_old_windows_pe_is_only_reloaded_when_asked(boot: BootDeclaring) -> None:
    boot.upgrade(kit=KIT)
    assert not boot(package_id=BOOT, **IF_STALE)["changed"]
    assert "set reload_winpe to reload it with the current Windows PE version" in boot.warnings[-1]
    assert (boot.refreshed, reloads(boot)) == ({}, {})


@pytest.mark.parametrize("shows", ["after_build", "at_once"])
@pytest.mark.parametrize("image", [BOOT, DEFAULT])
def test_an_old_windows_pe_is_reloaded_and_built(make_boot: MakeBoot, shows: str, image: str) -> None:
    boot = make_boot(reload_shows=shows)
    boot.upgrade(kit=KIT)
    done = boot(package_id=image, **RELOAD)
    assert not done.get("failed"), done.get("msg")
    assert done["build"]["reloaded_winpe"]
    assert done["staleness"]["winpe"] == {"image": "10.0.22621.1", "kit": KIT, "stale": False}
    assert reloads(boot) == boot.refreshed == boot.built == {image: 1}
    assert any("what was changed in it by hand is lost" in warning for warning in boot.warnings)
    assert boot.contexts == []
    assert not boot(package_id=image, **RELOAD)["changed"]


def test_settings_that_need_the_new_kit_come_after_the_reload(boot: BootDeclaring) -> None:
    """The image cannot take drivers and components as it is (behaviour 90)."""
    asked: dict[str, Any] = {"package_id": OLD, "drivers": {"add": ["16777401"]}, "scratch_space": 64}
    with pytest.raises(Exception, match="not based on the installed deployment kit"):
        boot(**asked)
    done = boot(**asked, **RELOAD)
    assert not done.get("failed"), done.get("msg")
    assert boot.contents(OLD).drivers == (16777400, 16777401)
    assert boot.contents(OLD).winpe_version == "10.0.19041.1"
    assert reloads(boot) == boot.refreshed == boot.built == {OLD: 1}
    assert not boot(**asked, **RELOAD)["changed"]


def test_what_was_read_before_a_reload_is_never_written_after_it(boot: BootDeclaring) -> None:
    boot(package_id=OLD, drivers={"add": ["16777401"]}, **RELOAD)
    calls = [
        entry["method"] or entry["verb"] for entry in boot.server.journal if entry["class"] == "SMS_BootImagePackage"
    ]
    after = calls[calls.index("ReloadWinPeFromAdk") :]
    assert "Put" in after
    assert "Get" in after[: after.index("Put")]


def test_only_images_from_the_kit_are_reloaded(boot: BootDeclaring) -> None:
    with pytest.raises(Impossible, match="was not made from the deployment kit"):
        boot(package_id=FOREIGN, **RELOAD)
    assert (boot.written, boot.refreshed, reloads(boot)) == (0, {}, {})


def test_still_stale_after_one_build_is_a_failure_with_both_versions(boot: BootDeclaring) -> None:
    """The add-on with Windows PE was not installed with the kit, say; and never two builds for the same versions."""
    boot.upgrade(kit=KIT)
    world = boot.server.site.world
    world.sites["PS1"] = replace(world.sites["PS1"], winpe_version="10.0.19041.1")
    failed = boot(package_id=BOOT, **RELOAD)
    assert failed["failed"]
    assert f"its Windows PE 10.0.19041.1 is older than that of the deployment kit {KIT}" in failed["msg"]
    assert boot.refreshed == {BOOT: 1}
    with pytest.raises(Impossible, match="was built for these versions already, and is not built again"):
        boot(package_id=BOOT, **RELOAD)
    assert boot.refreshed == {BOOT: 1}
    boot(package_id=BOOT, description="Noted", **IF_STALE)  # another change does not wipe the memory
    with pytest.raises(Impossible, match="is not built again"):
        boot(package_id=BOOT, **RELOAD)
    # settings may change all the same, and other versions are another matter
    assert boot(package_id=BOOT, scratch_space=64, **RELOAD)["build"]["status"] == "refreshed"
    boot.upgrade(kit="10.1.26100.1")
    world.sites["PS1"] = replace(world.sites["PS1"], winpe_version="")
    done = boot(package_id=BOOT, scratch_space=64, **RELOAD)
    assert done["staleness"]["winpe"]["stale"] is False


def test_a_failed_build_may_be_tried_again(boot: BootDeclaring) -> None:
    boot.upgrade(client=CLIENT)
    boot.server.site.world.sources[r"\\files01.contoso.test\drivers$\intel\i219"] = boot.server.site.world.sources[
        r"\\files01.contoso.test\drivers$\gone"
    ]
    assert boot(package_id=BOOT, **IF_STALE)["failed"]
    del boot.server.site.world.sources[r"\\files01.contoso.test\drivers$\intel\i219"]
    done = boot(package_id=BOOT, **IF_STALE)
    assert done["staleness"]["client"]["stale"] is False
    assert boot.built == {BOOT: 1}


def test_a_site_without_a_kit_cannot_say(boot: BootDeclaring) -> None:
    world = boot.server.site.world
    world.sites["PS1"] = replace(world.sites["PS1"], deployment_kit=False)
    told = boot(package_id=BOOT, **RELOAD)
    assert told["staleness"]["winpe"] == {"image": "10.0.19041.1", "kit": None, "stale": None}
    assert not told["changed"]


def test_windows_pe_that_an_earlier_run_reloaded_is_not_reloaded_again(make_boot: MakeBoot) -> None:
    """The build of that run was not begun; the WIM shows that it is the kit's by now."""
    boot = make_boot(path_identity="computer")
    boot.server.add_fault(verb="Invoke", method="GetImageProperties", action="http", status=403)
    with pytest.raises(ConfigMgrError):
        boot(package_id=OLD, **RELOAD)
    boot.settle()
    assert (reloads(boot), boot.refreshed) == ({OLD: 1}, {})
    done = boot(package_id=OLD, **RELOAD)
    assert (done["build"]["status"], done["build"]["reloaded_winpe"]) == ("refreshed", False)
    assert done["staleness"]["winpe"]["stale"] is False
    assert (reloads(boot), boot.refreshed) == ({OLD: 1}, {OLD: 1})


def test_a_reload_that_was_lost_and_not_done_is_done_by_the_next_run(make_boot: MakeBoot) -> None:
    """The WIM goes on to be the old one: to build from it would count as the build for these versions."""
    boot = make_boot(path_identity="computer")
    boot.server.add_fault(verb="Invoke", method="ReloadWinPeFromAdk", action="fault", code=2150858793)
    with pytest.raises(OutcomeUnknown, match="ended the wait for the answer"):
        boot(package_id=OLD, **RELOAD)
    assert (reloads(boot), boot.refreshed) == ({}, {})
    done = boot(package_id=OLD, **RELOAD)
    assert done["staleness"]["winpe"]["stale"] is False
    assert (reloads(boot), boot.refreshed) == ({OLD: 1}, {OLD: 1})
