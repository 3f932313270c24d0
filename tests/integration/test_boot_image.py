# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The boot image modules in playbooks, the role boot_image and its playbook: what is too old is built, one after the other."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

import pytest

from .conftest import BIN, Ansible, MakeProvider, Provider

BOOT, OLD, FOREIGN, UNSIGNED = "PS100004", "PS100006", "PS100007", "PS100008"
READING = {"Enumerate", "Pull", "Get", "Release"}


@pytest.fixture
def provider(make_provider: MakeProvider) -> Provider:
    """A site with boot images; one of them is too old, one from elsewhere, and one has an unsigned driver."""
    return make_provider(scenario="images")


def built(ansible: Ansible, provider: Provider, *flags: str, **variables: Any) -> dict[str, Any]:
    """Run the role; its results."""
    given = {f"boot_image_{name}": value for name, value in {"wait_interval": 0.1, **variables}.items()}
    task = {"ansible.builtin.include_role": {"name": "configmgr.content.boot_image"}, "vars": given}
    look = {"ansible.builtin.set_fact": {"kept": "{{ boot_image_results | default([]) }}"}, "register": "it"}
    done = ansible.play([{"block": [task], "always": [look]}, look], provider, *flags)
    return {"results": done["it"]["ansible_facts"]["kept"], "rc": done["rc"]}


def refreshed(provider: Provider) -> dict[str, int]:
    """How often RefreshPkgSource was carried out, by PackageID."""
    return dict(provider.state()["executions"].get("RefreshPkgSource", {}))


def test_what_is_too_old_is_built_and_nothing_else(provider: Provider, ansible: Ansible) -> None:
    first = built(ansible, provider, reload_winpe=True, exclude=[FOREIGN])
    assert first["rc"] == 0, ansible.output
    assert refreshed(provider) == {OLD: 1}
    assert [each["package_id"] for each in first["results"] if each["changed"]] == [OLD]
    assert "winpe: 10.0.19041.1 in the image, 10.1.19041.1 at the site" in ansible.output
    assert f"{OLD}: would be built, its client" in ansible.output  # the prediction, though it counts as no change
    assert f"{BOOT}: nothing to do" in ansible.output
    again = built(ansible, provider, reload_winpe=True, exclude=[FOREIGN])
    assert again["rc"] == 0
    assert not any(each["changed"] for each in again["results"])
    assert refreshed(provider) == {OLD: 1}


def test_a_mistake_is_found_before_the_first_image_is_built(provider: Provider, ansible: Ansible) -> None:
    done = built(ansible, provider, reload_winpe=True)
    assert done["rc"] != 0
    assert "was not made from the deployment kit" in ansible.output
    assert refreshed(provider) == {}


@pytest.mark.parametrize(("allowed", "came_to"), [(0, [UNSIGNED]), (1, [UNSIGNED, BOOT])])
def test_the_stop_rule(provider: Provider, ansible: Ansible, allowed: int, came_to: list[str]) -> None:
    done = built(ansible, provider, package_ids=[UNSIGNED, BOOT], rebuild="always", max_failed=allowed)
    assert done["rc"] != 0
    assert [each["package_id"] for each in done["results"]] == came_to
    assert "homemade.inf" in ansible.output
    assert f"1 of 2 boot images failed: {UNSIGNED}." in ansible.output
    assert (f"Not begun: {BOOT}" in ansible.output) is (allowed == 0)
    assert refreshed(provider) == dict.fromkeys(came_to, 1)


def test_check_mode_writes_nothing(provider: Provider, ansible: Ansible) -> None:
    provider.fault(action="refuse_writes")
    done = built(ansible, provider, "--check", package_ids=[OLD])
    assert (done["rc"], done["results"][0]["changed"]) == (0, True), ansible.output
    assert {entry["verb"] for entry in provider.journal()} <= READING


def test_answers_of_a_survey_are_text(provider: Provider, ansible: Ansible) -> None:
    """Ids in one text, whatever their letter case; a text for false is false; what is to be left alone is left alone."""
    done = built(
        ansible,
        provider,
        package_ids=f"{UNSIGNED.lower()}, {OLD}\n{BOOT} {OLD}\n",
        exclude=f"{UNSIGNED}\n",
        reload_winpe="false",
        check_first="false",
        max_failed="1",
        build_timeout="600",
        wait_timeout="0",
    )
    # The image is of an older kit, and nothing was said about reloading it: had the text counted as true, it would be.
    assert done["rc"] == 0, ansible.output
    assert [each["package_id"] for each in done["results"]] == [OLD, BOOT]
    assert not any(each["build"]["reloaded_winpe"] for each in done["results"])
    assert re.search(r"^TASK \[.*Predict every image.*\n+skipping:", ansible.output, re.MULTILINE)


def test_the_playbook_takes_empty_texts_of_a_survey_for_not_given(provider: Provider, ansible: Ansible) -> None:
    variables = {
        "boot_architecture": "",
        "boot_package_ids": f"{OLD}\n",
        "boot_rebuild": "",
        "boot_reload_winpe": "",
        "boot_max_failed": "",
        "boot_wait_for": "",
        "boot_wait_timeout": "",
        "boot_wait_interval": "0.1",
    }
    command = [str(BIN / "ansible-playbook"), "configmgr.content.boot_image", "-e", json.dumps(variables)]
    done = ansible._run([*command, "-e", f"ansible_python_interpreter={sys.executable}"], provider, None)
    assert done.returncode == 0, ansible.output
    assert refreshed(provider) == {OLD: 1}


def test_the_modules_in_a_playbook(provider: Provider, ansible: Ansible) -> None:
    declare = {
        "configmgr.content.cm_boot_image": {
            "package_id": BOOT,
            "scratch_space": 512,
            "drivers": {"add": ["Realtek USB GbE Family Controller"]},
            "optional_components": {"add": ["WinPE-HTA"]},
            "wait_interval": 0.1,
            "list_used_by": True,
        },
        "register": "it",
    }
    done = ansible.play([declare], provider)
    assert done["rc"] == 0, ansible.output
    assert (done["it"]["build"]["status"], done["it"]["used_by"]) == ("refreshed", [])
    again = ansible.play([declare], provider)
    assert not again["it"]["changed"]
    status = {"configmgr.content.cm_boot_image_status": {"package_id": BOOT}, "register": "it"}
    assert ansible.play([status], provider)["it"]["build"]["status"] == "no_status"
    wake = {"configmgr.content.cm_content_notification": {"package_ids": [BOOT]}, "register": "it"}
    assert ansible.play([wake], provider)["it"]["changed"]
    emergency = {"configmgr.content.cm_boot_image_maintenance": {"action": "update_image", "confirm": "PS2"}}
    assert ansible.play([emergency], provider)["rc"] != 0
    assert "and the site is PS1" in ansible.output
    export = {
        "configmgr.content.cm_boot_image_export": {
            "architecture": "x64",
            "path": r"\\cm01.contoso.test\SMS_PS1\OSD\boot\x64\new.wim",
            "wait_interval": 0.1,
        },
        "register": "it",
    }
    assert ansible.play([export], provider, "--check")["it"]["changed"]


def test_a_failed_build_in_a_playbook(provider: Provider, ansible: Ansible) -> None:
    declare = {
        "configmgr.content.cm_boot_image": {
            "package_id": BOOT,
            "drivers": {"add": ["16777403"]},
            "driver_check": "warn",
            "wait_interval": 0.1,
        },
        "register": "it",
        "ignore_errors": True,
    }
    done = ansible.play([declare], provider)
    assert done["it"]["failed"]
    assert "homemade.inf" in done["it"]["msg"]
    assert done["it"]["build"]["restored"]
