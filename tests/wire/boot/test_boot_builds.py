# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The build at the end: one Put, one refresh, its progress, its failure, and what is put back."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._engine.build import context_for
from ansible_collections.configmgr.content.plugins.module_utils._provider.errors import (
    AccessDenied,
    ChangedMeanwhile,
    Interrupted,
    Locked,
    OperationFailed,
    ProviderError,
)
from ansible_collections.configmgr.content.plugins.module_utils._provider.site import open_site
from ansible_collections.configmgr.content.plugins.module_utils._wsman.errors import OutcomeUnknown

from smsprovsim.behaviour.locks import Lock

from .conftest import BootDeclaring, MakeBoot

BOOT = "PS100004"
SPARE = r"\\cm01.contoso.test\SMS_PS1\OSD\boot\x64\spare.wim"
OLD = "PS100006"  # an older kit, an older client
NEW = {"name": "Branch offices", "image_path": SPARE, "architecture": "x64"}
ASKED: dict[str, Any] = {
    "package_id": BOOT,
    "command_support": False,
    "scratch_space": 512,
    "input_locale": "de-de",
    "prestart_command_line": "cmd /c wpeutil UpdateBootInfo",
    "drivers": {"add": ["Intel(R) RST VMD Controller 9A0B", "Realtek USB GbE Family Controller"]},
    "optional_components": {"add": ["WinPE-HTA", "WinPE-Dot3Svc", "WinPE-StorageWMI"]},
}
UNSIGNED = {
    **ASKED,
    "drivers": {"add": ["Intel(R) RST VMD Controller 9A0B", "Homemade adapter"]},
    "driver_check": "warn",
}
SETTINGS = (
    *("EnableLabShell", "ScratchSpace", "InputLocale", "PreExecCommandLine", "OptionalComponents"),
    *("ReferencedDrivers", "ContextID"),
)


def settings(boot: BootDeclaring) -> dict[str, Any]:
    """What the image is declared to be, at the site."""
    return {name: boot.values(BOOT).get(name) or None for name in SETTINGS}


def test_four_settings_two_drivers_three_components(boot: BootDeclaring) -> None:
    done = boot(**ASKED)
    assert boot.executions("Put") == {BOOT: 1}
    assert boot.refreshed == boot.built == {BOOT: 1}
    assert done["build"]["status"] == "refreshed"
    assert done["build"]["source_version"] == {"before": 7, "after": 8}
    percents = [int(line.split()[2]) for line in done["build"]["progress"]]
    assert percents == sorted(percents)
    assert len(set(percents)) > 5
    assert done["build"]["percent"] == percents[-1] == 100
    built = boot.contents(BOOT)
    assert set(built.drivers) == {16777400, 16777401, 16777402}
    assert {36, 28, 37, 40, 41, 32} <= set(built.components)
    assert (built.command_support, built.scratch_space, built.input_locale) == (False, 512, "de-de")
    assert boot.contexts == []
    again = boot(**ASKED)
    assert not again["changed"]
    assert again["requests"] <= 9
    assert boot.refreshed == {BOOT: 1}


def test_the_build_is_followed_from_a_second_session(boot: BootDeclaring) -> None:
    boot(**ASKED)
    (call,) = boot.calls("RefreshPkgSource")
    assert {entry["session"] for entry in boot.calls("QueryOSDBinaryInjectionStatus")} != {call["session"]}
    (put,) = [entry for entry in boot.server.journal if entry["verb"] == "Put"]
    assert put["session"] != call["session"]


def test_an_unsigned_driver_is_refused_before_anything_is_sent(boot: BootDeclaring) -> None:
    with pytest.raises(Exception, match=r'driver 16777403 \("Homemade adapter"\): it is not signed'):
        boot(**{**UNSIGNED, "driver_check": "fail"})
    assert (boot.written, boot.refreshed) == (0, {})


def test_a_build_that_fails_on_a_driver_leaves_nothing_behind(boot: BootDeclaring) -> None:
    before, contents = settings(boot), boot.contents(BOOT)
    failed = boot(**UNSIGNED)
    assert failed["failed"]
    assert 'PS100004 ("Contoso boot image (x64)") was not built' in failed["msg"]
    assert "homemade.inf" in failed["msg"]
    assert "driver 16777403 (Homemade adapter)" in failed["msg"]
    assert (
        "The settings are as they were before. Look into SMSProv.log and dism.log on the provider host" in failed["msg"]
    )
    assert (failed["error"]["kind"], failed["error"]["message"]) == ("operation_failed", failed["msg"])
    assert (failed["changed"], failed["build"]["restored"]) == (False, True)
    assert settings(boot) == before
    assert boot.contents(BOOT) == contents
    assert boot.contexts == []
    assert (boot.refreshed, boot.built) == ({BOOT: 1}, {})
    assert any("it is not signed" in warning for warning in boot.warnings)
    done = boot(**ASKED)
    assert done["build"]["status"] == "refreshed"
    assert boot.built == {BOOT: 1}
    assert 16777403 not in boot.contents(BOOT).drivers
    assert not boot(**ASKED)["changed"]


def test_after_a_failed_build_the_old_declaration_has_nothing_to_do(boot: BootDeclaring) -> None:
    boot(**UNSIGNED)
    assert not boot(package_id=BOOT, command_support=True, scratch_space=128)["changed"]


def test_an_edit_of_somebody_else_is_not_put_back(boot: BootDeclaring) -> None:
    def console() -> None:
        if boot.refreshed:
            boot.values(BOOT)["ScratchSpace"] = 64

    boot.clock.after_sleep = console
    failed = boot(**UNSIGNED)
    assert "Somebody else changed the settings meanwhile, so they were not put back" in failed["msg"]
    assert not failed["build"]["restored"]
    assert boot.values(BOOT)["ScratchSpace"] == 64


def test_settings_can_be_kept_after_a_failed_build(boot: BootDeclaring) -> None:
    failed = boot(**UNSIGNED, on_build_failure="keep")
    assert failed["failed"]
    assert failed["changed"]
    assert boot.values(BOOT)["ScratchSpace"] == 512
    again = boot(**UNSIGNED, on_build_failure="keep")
    assert again["failed"]  # it is still due
    assert boot.executions("Put") == {BOOT: 1}
    done = boot(**{**ASKED, "drivers": {"set": ["16777400"]}})
    assert done["build"]["status"] == "refreshed"


def test_a_trouble_of_the_provider_is_told_in_its_words(boot: BootDeclaring) -> None:
    failed = boot(package_id=BOOT, drivers={"add": ["Adapter whose files are gone"]})
    assert failed["failed"]
    assert "driver 16777406 (Adapter whose files are gone)" in failed["msg"]
    assert failed["build"]["details"]["build"]["error_code"] == 2
    assert failed["build"]["restored"]


def test_a_change_of_the_name_builds_nothing(boot: BootDeclaring) -> None:
    done = boot(package_id=BOOT, description="Another")
    assert done["action"] == "update"
    assert not done["build"]["due"]
    assert boot.refreshed == {}


def test_a_build_alone_that_fails_changes_nothing(boot: BootDeclaring) -> None:
    failed = boot(package_id="PS100008", rebuild="always")
    assert failed["build"]["percent"] == 55
    assert (failed["failed"], failed["changed"], failed["build"]["status"]) == (True, False, "failed")
    named = {each["id"]: each["name"] for each in failed["object"]["drivers"]}
    assert named == {16777400: None, 16777403: None}


def test_rebuild_always_builds_every_time(boot: BootDeclaring) -> None:
    for _run in range(2):
        assert boot(package_id=BOOT, rebuild="always")["changed"]
    assert boot.refreshed == {BOOT: 2}
    assert boot.executions("Put") == {}


def test_rebuild_never_leaves_the_build_to_a_later_run(boot: BootDeclaring) -> None:
    first = boot(package_id=BOOT, scratch_space=64, rebuild="never")
    assert first["changed"]
    assert boot.refreshed == {}
    assert "this is in no image until it is built, and rebuild is never" in boot.warnings[-1]
    still = boot(package_id=BOOT, scratch_space=64, rebuild="never")
    assert (still["changed"], still["pending"]) == (False, "build")
    boot(package_id=BOOT, description="Another", rebuild="never")  # does not hide it
    done = boot(package_id=BOOT, scratch_space=64)
    assert (done["changed"], done["build"]["status"]) == (True, "refreshed")
    assert done["build"]["reason"] == "an earlier run changed settings and did not build"
    assert boot.contents(BOOT).scratch_space == 64
    assert not boot(package_id=BOOT, scratch_space=64)["changed"]


def test_whether_a_build_is_owed_can_be_unknown(boot: BootDeclaring) -> None:
    assert boot(package_id=BOOT)["pending"] == "none"
    boot.server.add_fault(**{"class": "SMS_StatMsgWithInsStrings"}, action="provider_error", error_code=5, times=1)
    done = boot(package_id=BOOT)
    assert (done["changed"], done["pending"]) == (False, "unknown")
    assert "because the audit messages cannot be read" in boot.warnings[-1]
    boot.server.change(put=BOOT, values={"ScratchSpace": 64})
    boot.program = "none"
    boot.named = 0
    done = boot(package_id=BOOT, scratch_space=64)
    assert (done["changed"], done["pending"]) == (False, "unknown")
    assert (
        "because audit_name is none, or the host takes or the site tells no name; rebuild: always makes sure"
        in boot.warnings[-1]
    )


def test_a_build_in_the_console_settles_what_was_pending(boot: BootDeclaring) -> None:
    boot(package_id=BOOT, scratch_space=64, rebuild="never")
    site = open_site(boot.means())
    boot.server.set_switch("max_timeout_ms", "1800000")
    boot.server.site.clock.advance(3600)
    with boot.server.site.world.lock:
        package = boot.server.site.world.package(BOOT)
        assert package is not None
        boot.server.site.boot_images.rebuild(package, boot.server.site.world.sites["PS1"], None)
    site.close()
    boot.settle()
    assert not boot(package_id=BOOT, scratch_space=64)["changed"]
    assert boot.refreshed == {}


def test_without_waiting_the_task_ends_when_the_build_goes_on(boot: BootDeclaring) -> None:
    done = boot(package_id=BOOT, scratch_space=64, wait=False)
    assert (done["build"]["status"], done["diff"]["after"]["build"]) == ("accepted", "begun")
    boot.settle()
    assert boot.contents(BOOT).scratch_space == 64


def test_a_build_that_runs_is_waited_for_before_settings_change(boot: BootDeclaring) -> None:
    """It takes the settings of its beginning, so it must not pass for the build of the new ones."""
    boot(package_id=BOOT, rebuild="always", wait=False)
    done = boot(package_id=BOOT, scratch_space=64)
    assert done["build"]["status"] == "refreshed"
    assert boot.contents(BOOT).scratch_space == 64
    assert boot.refreshed == {BOOT: 2}
    assert boot.contexts == []


def test_every_point_can_be_waited_for(boot: BootDeclaring) -> None:
    done = boot(package_id=BOOT, scratch_space=64, wait_for="distributed")
    assert done["build"]["details"]["distribution_points"]["installed"] == 2


# -- creating --------------------------------------------------------------------------------------------------


def test_a_creation_beyond_the_time_limit_of_the_host_is_followed(boot: BootDeclaring) -> None:
    done = boot(**NEW, drivers={"add": ["16777400"]})
    (create,) = [entry for entry in boot.server.journal if entry["verb"] == "Create"]
    assert create["outcome"] == "fault:2150858793"
    assert done["action"] == "create"
    assert done["package_id"]
    assert len(done["build"]["progress"]) > 5
    steps = [line.split(" UTC ")[1] for line in done["build"]["progress"]]
    assert len(set(steps)) == len(steps)
    assert done["build"]["percent"] == 100
    assert boot.executions("Create") == boot.built == {done["package_id"]: 1}
    assert boot.contexts == []


@pytest.mark.parametrize("row", ["after_build", "before_build"])
@pytest.mark.parametrize("on_failure", ["restore", "keep"])
def test_a_creation_that_fails(make_boot: MakeBoot, row: str, on_failure: str) -> None:
    boot = make_boot(boot_row=row)
    with pytest.raises(OperationFailed, match=r"homemade\.inf; it is driver 16777403 \(Homemade adapter\)\. Look into"):
        boot(**NEW, drivers={"add": ["16777403"]}, driver_check="warn", on_build_failure=on_failure)
    boot.settle()
    rows = [each for each in boot.server.site.world.packages.values() if each.record.values["Name"] == NEW["name"]]
    assert len(rows) == (1 if row == "before_build" and on_failure == "keep" else 0)
    assert boot.contexts == []


def test_a_wim_that_is_not_there(boot: BootDeclaring) -> None:
    with pytest.raises(ProviderError, match="cannot be read"):
        boot(name="x", image_path=r"\\files01.contoso.test\images$\none.wim")
    with pytest.raises(ProviderError, match="Give architecture too"):
        boot(name="x", image_path=r"\\files01.contoso.test\images$\none.wim", optional_components={"add": ["HTA"]})


def test_an_image_that_is_not_in_the_wim(boot: BootDeclaring) -> None:
    with pytest.raises(ProviderError, match="has no image 9"):
        boot(**NEW, image_index=9)


# -- others at the same image ----------------------------------------------------------------------------------


def test_an_image_that_somebody_edits(boot: BootDeclaring) -> None:
    site = boot.server.site
    path = f'SMS_BootImagePackage.PackageID="{BOOT}"'
    site.locks.hold(path, Lock("CONTOSO\\alice", "console", "WKS-7", "PS1", site.world.date()))
    with pytest.raises(Locked, match=r"is being edited by CONTOSO.alice on WKS-7"):
        boot(**ASKED)
    assert (boot.written, boot.refreshed) == (0, {})


def test_an_edit_between_plan_and_put(boot: BootDeclaring) -> None:
    def console() -> None:
        BootDeclaring(boot.server)(package_id=BOOT, description="By the console")

    with pytest.raises(ChangedMeanwhile, match="description is now 'By the console'"):
        boot(**ASKED, between=console)
    assert boot.refreshed == {}


@pytest.mark.parametrize("fault", ["cut_before", "cut_after"])
def test_a_lost_answer_to_the_put(boot: BootDeclaring, fault: str) -> None:
    boot.server.add_fault(action=fault, verb="Put")
    if fault == "cut_before":
        with pytest.raises(OutcomeUnknown, match="no effect was seen"):
            boot(**ASKED)
        assert boot.refreshed == {}
    done = boot(**ASKED)
    assert done["build"]["status"] == "refreshed"
    assert boot.executions("Put") == boot.refreshed == {BOOT: 1}


def test_what_an_editor_set_before_our_write_is_not_taken_back(boot: BootDeclaring) -> None:
    """The settings from before the write are those that were read when the lock was free."""
    site = boot.server.site
    path = f'SMS_BootImagePackage.PackageID="{BOOT}"'
    site.locks.hold(path, Lock("CONTOSO\\alice", "console", "WKS-7", "PS1", site.world.date()))

    def edited() -> None:
        if site.locks.snapshot():
            boot.server.change(put=BOOT, values={"ScratchSpace": 512})
            site.locks.free(path)

    boot.clock.after_sleep = edited
    failed = boot(**UNSIGNED, lock_wait=60.0)
    assert failed["failed"]
    assert failed["build"]["restored"]
    assert boot.values(BOOT)["ScratchSpace"] == 512
    assert len(boot.values(BOOT)["ReferencedDrivers"]) == 1


@pytest.mark.parametrize("wait", [0.0, 60.0])
def test_an_image_to_be_reloaded_that_somebody_edits(boot: BootDeclaring, wait: float) -> None:
    """The mark before the reload is a write like any other."""
    site = boot.server.site
    path = f'SMS_BootImagePackage.PackageID="{OLD}"'
    site.locks.hold(path, Lock("CONTOSO\\alice", "console", "WKS-7", "PS1", site.world.date()))
    boot.clock.after_sleep = lambda: site.locks.free(path)
    asked: dict[str, Any] = {"package_id": OLD, "drivers": {"add": ["16777401"]}, "lock_wait": wait}
    reload: dict[str, Any] = {"rebuild": "if_stale", "reload_winpe": True}
    if not wait:
        with pytest.raises(Locked, match=r"is being edited by CONTOSO.alice on WKS-7"):
            boot(**asked, **reload)
        assert boot.executions("ReloadWinPeFromAdk") == {}
        return
    assert boot(**asked, **reload)["build"]["status"] == "refreshed"
    assert boot.executions("ReloadWinPeFromAdk") == {OLD: 1}


@pytest.mark.parametrize("verb", ["Delete", "Get"])
def test_what_a_failed_creation_left_and_cannot_be_deleted(make_boot: MakeBoot, verb: str) -> None:
    """The failure that is told is that of the build."""
    boot = make_boot(boot_row="before_build")
    boot.server.add_fault(verb=verb, action="provider_error", **{"class": "SMS_BootImagePackage"})
    with pytest.raises(OperationFailed, match=r"homemade\.inf"):
        boot(**NEW, drivers={"add": ["16777403"]}, driver_check="warn")
    assert any("may have left could not be cleared away: " in each for each in boot.warnings)


# -- where a Put builds, too -----------------------------------------------------------------------------------


def test_a_put_that_builds_is_followed(make_boot: MakeBoot) -> None:
    boot = make_boot(boot_put="builds")
    done = boot(**ASKED)
    assert done["build"]["status"] == "refreshed"
    assert boot.contexts == []
    assert boot.executions("Put") == boot.refreshed == {BOOT: 1}
    assert not boot(**ASKED)["changed"]


@pytest.mark.parametrize("row", ["after_build", "before_build"])
def test_a_put_that_builds_and_fails(make_boot: MakeBoot, row: str) -> None:
    boot = make_boot(boot_put="builds", boot_row=row)
    before = settings(boot)
    failed = boot(**UNSIGNED)
    assert failed["failed"]
    assert "homemade.inf" in failed["msg"]
    assert settings(boot) == before
    assert boot.contexts == []
    assert boot.refreshed == {}


STATUS = {"verb": "Invoke", "method": "QueryOSDBinaryInjectionStatus"}
FORGET = {"verb": "Invoke", "method": "DeleteContextID"}


def test_a_put_that_builds_and_tells_nothing(make_boot: MakeBoot) -> None:
    """The host ends the wait after a minute, the site knows no such id, and the object shows the change after minutes."""
    boot = make_boot(boot_put="builds")
    boot.server.add_fault(action="provider_error", times=None, **STATUS)
    done = boot(**ASKED, build_timeout=1200.0)
    assert boot.executions("Put") == boot.refreshed == {BOOT: 1}
    assert boot.contents(BOOT).scratch_space == 512
    assert done["build"]["status"] == "refreshed"


def test_a_creation_that_tells_nothing(boot: BootDeclaring) -> None:
    boot.server.add_fault(action="provider_error", times=None, **STATUS)
    done = boot(**NEW, build_timeout=1200.0)
    assert boot.executions("Create") == boot.built == {done["package_id"]: 1}
    assert "it was not sent again; it took effect" in boot.warnings[-1]


def test_a_record_that_cannot_be_deleted_is_no_failure(make_boot: MakeBoot) -> None:
    boot = make_boot(boot_put="builds")
    boot.server.add_fault(action="provider_error", times=None, **FORGET)
    done = boot(**ASKED)
    assert done["build"]["status"] == "refreshed"
    assert sum("could not be deleted" in warning for warning in boot.warnings) == 2


def test_settings_stay_where_an_old_record_cannot_be_deleted(boot: BootDeclaring) -> None:
    """It would pass for the build of the new settings, should this run be killed."""
    boot(package_id=BOOT, rebuild="always", wait=False)
    boot.settle()
    boot.server.add_fault(action="provider_error", times=None, **FORGET)
    with pytest.raises(ProviderError, match="DeleteContextID"):
        boot(**ASKED)
    assert boot.written == 0


def test_the_context_is_the_same_for_every_run(boot: BootDeclaring) -> None:
    site = open_site(boot.means(), "PS1")
    boot(package_id=BOOT, scratch_space=64, wait=False)
    assert boot.contexts == [context_for(site, BOOT).lower()]
    site.close()


# -- who may, and who is stopped -------------------------------------------------------------------------------


def test_a_user_without_the_right(boot: BootDeclaring) -> None:
    boot.user = ("CONTOSO\\reader", "Read-0nly-pass")
    assert not boot(package_id=BOOT, scratch_space=128)["changed"]
    for asked in ({"package_id": BOOT, "scratch_space": 64}, NEW, {"package_id": "PS100005", "state": "absent"}):
        with pytest.raises(AccessDenied, match=r"CONTOSO.reader"):
            boot(**asked)
    assert (boot.written, boot.refreshed) == (0, {})


def test_a_task_that_is_told_to_stop_leaves_the_build_to_the_next_run(boot: BootDeclaring) -> None:
    looks = 0

    def stop() -> None:
        nonlocal looks
        looks += bool(boot.refreshed)
        if looks == 3:
            raise Interrupted("the task was told to stop (SIGTERM)")

    boot.clock.after_sleep = stop
    stopped = boot(**ASKED)
    assert stopped["failed"]
    assert "was told to stop" in stopped["msg"]
    assert not stopped["build"]["restored"]
    boot.clock.after_sleep = lambda: None
    done = boot(**ASKED)
    assert done["build"]["status"] == "joined"
    assert boot.refreshed == boot.built == boot.executions("Put") == {BOOT: 1}
    assert boot.contexts == []
