# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules for images and for any class return, held against their RETURN: every key, and every type."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from module_run import run

from smsprovsim.server import Server

MODULES = "ansible_collections.configmgr.content.plugins.modules"
BOOT, IMAGE = "PS100004", "PS100009"
WIM = r"\\files01.contoso.test\images$\win11-22h2.wim"
SPARE = r"\\cm01.contoso.test\SMS_PS1\OSD\boot\x64\spare.wim"
TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "bool": (bool,),
    "float": (float, int),
    "dict": (dict,),
    "list": (list,),
    "raw": (object,),
}
# Given by Ansible, or of every module.
ALWAYS = {"changed", "diff", "invocation", "rc", "warnings", "failed", "msg", "deprecations", "exception"}
QUICK = {"wait_interval": 0.01}
CALLS: list[tuple[str, dict[str, Any]]] = [
    ("cm_boot_image", {"package_id": BOOT, "list_used_by": True}),
    ("cm_boot_image", {"package_id": BOOT, "scratch_space": 512, "wait": False, **QUICK}),
    ("cm_boot_image", {"name": "New", "image_path": SPARE, "wait": False, **QUICK}),
    ("cm_boot_image", {"package_id": "PS100005", "state": "absent"}),
    ("cm_boot_image", {"name": "Not there", "state": "absent"}),
    ("cm_boot_image_status", {"package_id": BOOT}),
    ("cm_boot_image_export", {"architecture": "x64", "path": SPARE.replace("spare", "other"), **QUICK}),
    ("cm_boot_image_maintenance", {"action": "reload_image_properties", "package_id": BOOT}),
    (
        "cm_boot_image_maintenance",
        {"action": "update_optional_components", "package_id": BOOT, "optional_components": ["HTA"]},
    ),
    ("cm_boot_image_maintenance", {"action": "update_default_image", "confirm": "PS1"}),
    ("cm_content_notification", {"package_id": IMAGE}),
    ("cm_content_ownership", {"package_id": IMAGE, "source_site": "PS1"}),
    ("cm_image_package", {"package_id": IMAGE, "version": "x", "wait": False}),
    ("cm_image_package", {"package_id": IMAGE, "refresh": "always", "wait": False}),
    ("cm_image_package", {"name": "New", "source_path": WIM, "wait": False}),
    ("cm_image_package", {"package_id": IMAGE, "state": "absent", "force": ["task_sequences"]}),
    ("cm_offline_servicing", {"name": "a", "images": [IMAGE], "updates": ["KB5018410"], "wait": False}),
    ("cm_offline_servicing", {"name": "Not there", "state": "cancelled"}),
    ("cm_offline_servicing_info", {"updates_of": [IMAGE]}),
    ("cm_wim_info", {"path": WIM}),
    ("cm_wmi_query", {"class_name": "SMS_Site"}),
    (
        "cm_wmi_method",
        {"class_name": "SMS_Package", "method": "AddChangeNotification", "key": {"PackageID": "PS100001"}},
    ),
]


def misfits(documented: Mapping[str, Any], result: Mapping[str, Any], where: str) -> list[str]:
    """What is not as it is documented."""
    wrong = [f"{where}{name} is not documented" for name in sorted(set(result) - set(documented) - ALWAYS)]
    for name, entry in documented.items():
        if name not in result:
            if entry["returned"] == "success":
                wrong.append(f"{where}{name} is missing")
            continue
        value, kind = result[name], entry["type"]
        if value is None:
            continue
        if not isinstance(value, TYPES[kind]) or (isinstance(value, bool) and kind == "int"):
            wrong.append(f"{where}{name} is {type(value).__name__}, not {kind}")
        elif kind == "list" and any(not isinstance(each, TYPES[entry["elements"]]) for each in value):
            wrong.append(f"{where}{name} has elements that are no {entry['elements']}")
        if "contains" in entry:
            for each in value if kind == "list" else [value]:
                wrong += misfits(entry["contains"], each, f"{where}{name}.")
    return wrong


@pytest.fixture
def env() -> Iterator[Mapping[str, str]]:
    """How to reach a site whose minutes pass in seconds, for the modules have the real clock here."""
    server = Server("images", speed=60.0, auth=("credssp",), tls=True)
    server.start()
    yield server.env
    errors = list(server.errors)
    server.stop()
    assert not errors, "the simulator itself failed:\n" + "\n".join(errors)


# A method is not called in check mode, and nothing is told of it.
@pytest.mark.parametrize(
    ("module", "options", "check"),
    [(*call, check) for call in CALLS for check in (False, True) if not (check and call[0] == "cm_wmi_method")],
)
def test_a_result_has_what_is_documented(
    env: Mapping[str, str],
    module: str,
    options: dict[str, Any],
    check: bool,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    connection: dict[str, Any] = {
        name: env[f"CONFIGMGR_{name.upper()}"]
        for name in ("provider", "port", "scheme", "auth", "username", "password", "ca_cert")
    }
    tool = importlib.import_module(f"{MODULES}.{module}")
    result = run(tool.main, {**connection, **options}, capsys, check_mode=check, remote_tmp=str(tmp_path))
    assert result["rc"] == 0, result
    assert misfits(yaml.safe_load(tool.RETURN), result, "") == []
