# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress, export and maintenance of boot images."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._content.boot_image import BOOT_IMAGE
from ansible_collections.configmgr.content.plugins.module_utils._engine import boot_calls
from ansible_collections.configmgr.content.plugins.module_utils._engine.boot_calls import (
    EXPORT_SPEC,
    MAINTENANCE_SPEC,
    STATUS_SPEC,
)
from ansible_collections.configmgr.content.plugins.module_utils._engine.resource import Resource
from ansible_collections.configmgr.content.plugins.module_utils._provider.errors import (
    Impossible,
    NotConverged,
    OperationFailed,
    ProviderError,
)
from ansible_collections.configmgr.content.plugins.module_utils._provider.site import Site, open_site

from .conftest import BootDeclaring, MakeBoot

BOOT = "PS100004"
WIM = r"\\cm01.contoso.test\SMS_PS1\OSD\boot\x64\exported.wim"


class Work:
    """What `module.Task` is to a module's work."""

    def __init__(self, boot: BootDeclaring, spec: Mapping[str, Any], given: dict[str, Any], check: bool) -> None:
        unknown = sorted(set(given) - set(spec))
        assert not unknown, f"no such options: {unknown}"
        self.params = {name: entry.get("default") for name, entry in spec.items()} | given
        self.check_mode = check
        self.warn = boot.warnings.append
        self.site: Site = open_site(boot.means(), "PS1")


def run(
    boot: BootDeclaring,
    work: Callable[[Any, Resource], Mapping[str, Any]],
    spec: Mapping[str, Any],
    check: bool = False,
    **given: Any,
) -> Mapping[str, Any]:
    task = Work(boot, spec, given, check)
    try:
        return work(task, BOOT_IMAGE)
    finally:
        task.site.close()


@pytest.mark.parametrize(
    ("work", "spec", "given"),
    [
        (boot_calls.boot_status, STATUS_SPEC, {"package_id": BOOT, "wait_interval": -1.0}),
        (boot_calls.boot_status, STATUS_SPEC, {"package_id": BOOT, "wait_timeout": float("nan")}),
        (boot_calls.boot_export, EXPORT_SPEC, {"architecture": "x64", "path": WIM, "export_timeout": -1.0}),
        (boot_calls.boot_export, EXPORT_SPEC, {"architecture": "x64", "path": WIM, "wait_interval": 1e300}),
        (boot_calls.boot_maintenance, MAINTENANCE_SPEC, {"action": "update_image", "call_timeout": float("inf")}),
    ],
)
def test_what_is_no_time_to_wait_for(boot: BootDeclaring, work: Any, spec: Any, given: dict[str, Any]) -> None:
    with pytest.raises(Impossible, match="is no number of seconds to wait for"):
        run(boot, work, spec, **given)
    assert list(boot.server.journal) == []


# -- status ----------------------------------------------------------------------------------------------------


def test_a_build_that_another_task_began_is_waited_for(boot: BootDeclaring) -> None:
    begun = boot(package_id=BOOT, scratch_space=64, wait=False)
    now = run(boot, boot_calls.boot_status, STATUS_SPEC, package_id=BOOT)
    assert now["build"]["status"] == "in_progress"
    done = run(boot, boot_calls.boot_status, STATUS_SPEC, package_id=BOOT, wait=True)
    assert (done["build"]["status"], done["build"]["percent"], done["changed"]) == ("complete", 100, False)
    assert len(done["build"]["progress"]) > 3
    assert done["context_id"] == begun["build"]["details"]["context_id"]


def test_the_record_of_a_build_is_dropped_when_asked(boot: BootDeclaring) -> None:
    boot(package_id=BOOT, scratch_space=64, wait=False)
    boot.settle()
    asked = {"package_id": BOOT, "delete_context": True}
    assert run(boot, boot_calls.boot_status, STATUS_SPEC, check=True, **asked)["changed"]
    assert len(boot.contexts) == 1
    assert run(boot, boot_calls.boot_status, STATUS_SPEC, **asked)["changed"]
    assert boot.contexts == []
    again = run(boot, boot_calls.boot_status, STATUS_SPEC, **asked)
    assert (again["changed"], again["build"]["status"]) == (False, "no_status")


def test_a_build_that_runs_keeps_its_record(boot: BootDeclaring) -> None:
    boot(package_id=BOOT, scratch_space=64, wait=False)
    assert not run(boot, boot_calls.boot_status, STATUS_SPEC, package_id=BOOT, delete_context=True)["changed"]
    assert len(boot.contexts) == 1


@pytest.mark.parametrize("fail", [True, False])
def test_a_failed_build_names_the_driver(boot: BootDeclaring, fail: bool) -> None:
    boot(package_id="PS100008", rebuild="always", wait=False)
    boot.settle()
    told = run(boot, boot_calls.boot_status, STATUS_SPEC, package_id="PS100008", fail=fail)
    assert told["build"]["status"] == "error"
    assert told["build"]["error_info"].endswith("homemade.inf")
    assert told.get("failed", False) is fail
    assert not fail or "homemade.inf" in told["msg"]


def test_waiting_for_a_build_has_an_end(boot: BootDeclaring) -> None:
    boot(package_id=BOOT, scratch_space=64, wait=False)
    with pytest.raises(OperationFailed, match="has not ended within 30 s"):
        run(boot, boot_calls.boot_status, STATUS_SPEC, package_id=BOOT, wait=True, wait_timeout=30.0)


# -- export ----------------------------------------------------------------------------------------------------


def exports(boot: BootDeclaring) -> dict[str, int]:
    return boot.executions("ExportDefaultBootImage")


def test_an_export_is_made_once(make_boot: MakeBoot) -> None:
    boot = make_boot(path_identity="computer")
    asked = {"architecture": "x64", "path": WIM}
    predicted = run(boot, boot_calls.boot_export, EXPORT_SPEC, check=True, **asked)
    assert predicted["changed"]
    assert exports(boot) == {}
    done = run(boot, boot_calls.boot_export, EXPORT_SPEC, **asked)
    assert (done["changed"], done["architecture"], done["os_version"]) == (True, "x64", "10.0.19041.1")
    assert exports(boot) == {WIM: 1}
    assert not run(boot, boot_calls.boot_export, EXPORT_SPEC, **asked)["changed"]
    boot.upgrade(kit="10.1.22621.1")
    forced = run(boot, boot_calls.boot_export, EXPORT_SPEC, force=True, **asked)
    assert (forced["changed"], forced["os_version"]) == (True, "10.0.22621.1")
    assert sum(boot.server.site.boot_images.exports_at_a_time.values()) == 1
    with pytest.raises(Impossible, match="is for x64, not for x86"):
        run(boot, boot_calls.boot_export, EXPORT_SPEC, architecture="x86", path=WIM)
    made = boot(name="From the kit", image_path=WIM)
    assert made["object"]["architecture"] == "x64"


def test_exports_wait_for_each_other_whatever_the_host_is_called(
    boot: BootDeclaring, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    one_at_a_time = boot_calls.one_at_a_time
    monkeypatch.setattr(boot_calls, "one_at_a_time", lambda which: asked.append(which) or one_at_a_time(which))
    for name in ("127.0.0.1", "localhost"):
        means = BootDeclaring.means(boot)
        named = replace(means, endpoint=replace(means.endpoint, provider=name))
        monkeypatch.setattr(boot, "means", lambda found=named: found)
        with pytest.raises((ProviderError, OperationFailed)):
            run(boot, boot_calls.boot_export, EXPORT_SPEC, architecture="x64", path=r"\\nowhere\none\a.wim")
    assert len(asked) == 2
    assert asked[0] == asked[1]


def test_an_export_whose_file_cannot_be_read(boot: BootDeclaring) -> None:
    """The answer comes in time here, so nobody has to look."""
    boot.server.set_switch("max_timeout_ms", "1800000")
    done = run(boot, boot_calls.boot_export, EXPORT_SPEC, architecture="x64", path=WIM)
    assert (done["changed"], done["os_version"]) == (True, None)
    assert exports(boot) == {WIM: 1}


def test_an_export_that_nothing_shows(boot: BootDeclaring) -> None:
    with pytest.raises(OperationFailed, match=r"was sent once, its answer was lost, and nothing new"):
        run(boot, boot_calls.boot_export, EXPORT_SPEC, architecture="x64", path=WIM, export_timeout=400.0)
    assert exports(boot) == {WIM: 1}


def test_an_export_without_a_kit_or_a_folder(boot: BootDeclaring) -> None:
    with pytest.raises(ProviderError, match="cannot be written"):
        run(boot, boot_calls.boot_export, EXPORT_SPEC, architecture="x64", path=r"\\files01.contoso.test\nowhere\a.wim")
    with pytest.raises(Impossible, match="is not a UNC path"):
        run(boot, boot_calls.boot_export, EXPORT_SPEC, architecture="x64", path="C:\\a.wim")
    world = boot.server.site.world
    world.sites["PS1"] = replace(world.sites["PS1"], deployment_kit=False)
    with pytest.raises(ProviderError, match="has no Windows PE for that, or is not installed"):
        run(boot, boot_calls.boot_export, EXPORT_SPEC, architecture="x64", path=WIM)


# -- maintenance -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["update_image", "update_default_image"])
def test_a_call_for_emergencies_has_to_be_confirmed(boot: BootDeclaring, action: str) -> None:
    for confirm in (None, "PS2", "yes"):
        with pytest.raises(Impossible, match="and the site is PS1"):
            run(boot, boot_calls.boot_maintenance, MAINTENANCE_SPEC, action=action, confirm=confirm)
    predicted = run(boot, boot_calls.boot_maintenance, MAINTENANCE_SPEC, check=True, action=action, confirm="PS1")
    assert (predicted["changed"], predicted["predictable"]) == (True, False)
    assert "cannot be predicted" in boot.warnings[-1]
    assert boot.executions("UpdateImages") == {}
    run(boot, boot_calls.boot_maintenance, MAINTENANCE_SPEC, action=action, confirm="ps1")
    assert boot.executions("UpdateImages") == {"PS1": 1}


@pytest.mark.parametrize("reload", ["needs_put", "saved"])
def test_metadata_of_a_wim_that_was_changed_outside(make_boot: MakeBoot, reload: str) -> None:
    boot = make_boot(reload_properties=reload, path_identity="computer")
    asked = {"action": "reload_image_properties", "package_id": BOOT}
    assert not run(boot, boot_calls.boot_maintenance, MAINTENANCE_SPEC, **asked)["changed"]
    assert boot.executions("ReloadImageProperties") == {}
    wims = boot.server.site.world.wims
    path = boot.values(BOOT)["ImagePath"].lower()
    wims[path] = replace(wims[path], editions=(replace(wims[path].editions[0], description="Changed"),))
    assert run(boot, boot_calls.boot_maintenance, MAINTENANCE_SPEC, check=True, **asked)["changed"]
    done = run(boot, boot_calls.boot_maintenance, MAINTENANCE_SPEC, **asked)
    assert (done["changed"], done["images"]["1"]["image description"]) == (True, "Changed")
    assert "Changed" in boot.values(BOOT)["ImageProperty"]
    assert not run(boot, boot_calls.boot_maintenance, MAINTENANCE_SPEC, **asked)["changed"]


def test_metadata_whose_source_cannot_be_read_are_no_prediction(boot: BootDeclaring) -> None:
    boot.server.add_fault(verb="Invoke", method="GetImageProperties", action="provider_error", times=None)
    asked = {"action": "reload_image_properties", "package_id": BOOT}
    predicted = run(boot, boot_calls.boot_maintenance, MAINTENANCE_SPEC, check=True, **asked)
    assert (predicted["changed"], predicted["predictable"]) == (True, False)
    done = run(boot, boot_calls.boot_maintenance, MAINTENANCE_SPEC, **asked)
    assert (done["changed"], done["predictable"]) == (False, False)


def test_metadata_that_the_site_does_not_take(make_boot: MakeBoot, monkeypatch: pytest.MonkeyPatch) -> None:
    boot = make_boot(path_identity="computer")
    wims = boot.server.site.world.wims
    path = boot.values(BOOT)["ImagePath"].lower()
    wims[path] = replace(wims[path], editions=(replace(wims[path].editions[0], description="Changed"),))
    monkeypatch.setattr(boot.server.site.images, "commit", lambda _package: None)
    with pytest.raises(NotConverged, match="still shows the metadata from before"):
        run(boot, boot_calls.boot_maintenance, MAINTENANCE_SPEC, action="reload_image_properties", package_id=BOOT)


def test_components_by_their_own_method(boot: BootDeclaring) -> None:
    asked = {"action": "update_optional_components", "package_id": BOOT, "optional_components": ["HTA", "PowerShell"]}
    predicted = run(boot, boot_calls.boot_maintenance, MAINTENANCE_SPEC, check=True, **asked)
    done = run(boot, boot_calls.boot_maintenance, MAINTENANCE_SPEC, **asked)
    assert done["diff"] == predicted["diff"]
    assert done["optional_components"] == ["WinPE-HTA", "WinPE-NetFx", "WinPE-PowerShell"]
    assert boot.values(BOOT)["OptionalComponents"] == [36, 40, 41]
    assert not run(boot, boot_calls.boot_maintenance, MAINTENANCE_SPEC, **asked)["changed"]
    assert boot.executions("UpdateOptionalComponents") == {BOOT: 1}
