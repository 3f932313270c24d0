# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that the two image classes have: each property is told, and what no other test calls is called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.configmgr.content.plugins.module_utils._content.boot_image import BOOT_IMAGE
from ansible_collections.configmgr.content.plugins.module_utils._content.image_package import IMAGE_PACKAGE
from ansible_collections.configmgr.content.plugins.module_utils._content.registry import RESOURCES
from ansible_collections.configmgr.content.plugins.module_utils._engine import notification
from ansible_collections.configmgr.content.plugins.module_utils._engine.boot_components import read_catalogue
from ansible_collections.configmgr.content.plugins.module_utils._provider.errors import Impossible, NotFound
from ansible_collections.configmgr.content.plugins.module_utils._provider.site import open_site
from converge.conftest import Declaring

from .conftest import BootDeclaring
from .test_boot_calls import Work

SURFACE = yaml.safe_load((Path(__file__).resolve().parents[2] / "data" / "seed_surface.yml").read_text("utf-8"))
BY_CLASS = {each.wmi_class: each for each in (BOOT_IMAGE, IMAGE_PACKAGE)}
PROPERTIES = [(name, wmi) for name, members in SURFACE.items() for wmi in members["properties"]]


@pytest.fixture(scope="module")
def told() -> dict[str, dict[str, Any]]:
    """What the two state modules report of an object."""
    from smsprovsim.server import Server

    server = Server("images", speed=0.0, auth=("ntlm",), tls=False)
    server.start()
    try:
        return {
            "SMS_BootImagePackage": BootDeclaring(server)(package_id="PS100004")["object"],
            "SMS_ImagePackage": Declaring(server)(IMAGE_PACKAGE, package_id="PS100009")["object"],
        }
    finally:
        server.stop()


@pytest.mark.parametrize(("class_name", "wmi_name"), PROPERTIES)
def test_every_property_is_reported(told: dict[str, dict[str, Any]], class_name: str, wmi_name: str) -> None:
    declared = BY_CLASS[class_name].property_named(wmi_name)
    assert declared is not None
    assert declared.option in told[class_name]


def test_an_image_is_added_to_distribution_points(boot: BootDeclaring) -> None:
    asked = {"package_id": "PS100005", "distribution_points": ["dp01.contoso.test", "dp02.contoso.test"]}
    prediction = boot(check=True, **asked)
    done = boot(**asked)
    assert (done["changed"], done["diff"]) == (True, prediction["diff"])
    assert boot.executions("AddDistributionPoints") == {"PS100005": 1}
    assert not boot(**asked)["changed"]
    assert boot.refreshed == {}


def notify(boot: BootDeclaring, check: bool, *package_ids: str) -> Any:
    task = Work(boot, notification.NOTIFICATION_SPEC, {"package_ids": list(package_ids)}, check)
    try:
        return notification.notify(task, RESOURCES)  # type: ignore[arg-type]
    finally:
        task.site.close()


def test_the_distribution_manager_is_woken(boot: BootDeclaring) -> None:
    wanted = ("PS100004", "PS100009", "PS100001")
    assert notify(boot, True, *wanted)["changed"]
    assert boot.executions("AddChangeNotification") == {}
    told = notify(boot, False, *wanted)
    assert [each["package_id"] for each in told["packages"]] == list(wanted)
    assert boot.executions("AddChangeNotification") == dict.fromkeys(wanted, 1)


def test_nobody_is_woken_where_one_is_unknown(boot: BootDeclaring) -> None:
    with pytest.raises(NotFound):
        notify(boot, False, "PS100004", "PS1FFFFF")
    with pytest.raises(Impossible, match="package_ids is empty"):
        notify(boot, False)
    assert boot.executions("AddChangeNotification") == {}


def test_the_components_of_the_seed_are_found_by_name(boot: BootDeclaring) -> None:
    """The table of the SDK is a witness here; the collection has none. Current sites spell two names without the number."""
    site = open_site(boot.means(), "PS1")
    catalogue = read_catalogue(site, "x86")
    site.close()
    renamed = {"WinPE-NetFx4": "WinPE-NetFx", "WinPE-PowerShell3": "WinPE-PowerShell"}
    for number, name in SURFACE["SMS_BootImagePackage"]["optional_components"].items():
        assert catalogue.find(renamed.get(name, name)).number == number
        assert catalogue.find(str(number)).key == renamed.get(name, name).lower()[6:]
