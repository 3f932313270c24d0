# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a playbook sees: results of failures, the lines for a rerun, diffs, files, and an interrupted task."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from .conftest import LONGEST, Ansible, MakeProvider, Provider

REFRESH = "configmgr.content.cm_package_refresh"
INFO = "configmgr.content.cm_package_info"
FAST = {"wait_interval": 0.1}


def test_a_failure_has_the_lines_that_make_the_rerun_succeed(provider: Provider, ansible: Ansible) -> None:
    provider.fault(action="cut_before", verb="Invoke", method="RefreshPkgSource")
    task = {
        "name": "Refresh",
        REFRESH: {"package_ids": ["PS100001", "PS100002"], "grace": 0.5, "max_failed": "1", **FAST},
    }
    first = ansible.play([{**task, "register": "first"}], provider)
    assert first["rc"] != 0
    assert first["first"]["failed"]
    assert {row["package_id"]: row["status"] for row in first["first"]["packages"]} == {
        "PS100001": "failed",
        "PS100002": "refreshed",
    }
    assert first["first"]["changed"] is True
    lines = first["first"]["msg"].split("these lines:\n", 1)[1]
    added = yaml.safe_load(lines)
    assert [item["package_id"] for item in added["resume"]] == ["PS100001", "PS100002"]
    again = ansible.play([{"name": "Refresh", REFRESH: {**task[REFRESH], **added}, "register": "again"}], provider)
    assert again["rc"] == 0, ansible.output
    assert {row["package_id"]: row["status"] for row in again["again"]["packages"]} == {
        "PS100001": "refreshed",
        "PS100002": "joined",
    }
    assert provider.executions("PS100001") == provider.executions("PS100002") == 1


def test_a_lost_answer_is_a_warning_and_a_change(provider: Provider, ansible: Ansible) -> None:
    provider.fault(action="cut_after", verb="Invoke", method="RefreshPkgSource")
    done = ansible.play([{REFRESH: {"package_ids": "PS100001", **FAST}, "register": "it"}], provider)
    assert done["rc"] == 0, ansible.output
    assert done["it"]["changed"] is True
    assert done["it"]["packages"][0]["answer_lost"] is True
    assert any("lost" in text for text in done["it"]["warnings"])
    assert len(provider.journal("RefreshPkgSource")) == 1


def test_check_mode_predicts_and_writes_nothing(provider: Provider, ansible: Ansible) -> None:
    provider.fault(action="refuse_writes")
    task = {REFRESH: {"package_ids": ["PS100001", "PS100004"], **FAST}, "register": "it"}
    foreseen = ansible.play([task], provider, "--check", "--diff")["it"]
    assert foreseen["changed"] is True
    assert not provider.journal("RefreshPkgSource")
    assert {entry["verb"] for entry in provider.journal()} <= {"Enumerate", "Pull", "Get", "Release", "Identify"}
    assert foreseen["packages"][0]["would_move"] == {"distribution_points": 3, "megabytes": 600.0}
    provider.clear_faults()
    done = ansible.play([task], provider, "--diff")["it"]
    assert done["diff"]["before"] == foreseen["diff"]["before"]
    for package_id, after in done["diff"]["after"].items():
        least = re.fullmatch(r"at least (\d+)", foreseen["diff"]["after"][package_id]["source_version"])
        assert least is not None
        assert after["source_version"] >= int(least.group(1))


def test_connection_options_come_from_module_defaults_too(provider: Provider, ansible: Ansible) -> None:
    names = {
        "provider": "PROVIDER",
        "port": "PORT",
        "scheme": "SCHEME",
        "auth": "AUTH",
        "username": "USERNAME",
        "password": "PASSWORD",
        "ca_cert": "CA_CERT",
    }
    defaults = {option: provider.env[f"CONFIGMGR_{name}"] for option, name in names.items()}
    empty = {
        f"CONFIGMGR_{name}": ""
        for name in (*names.values(), "SITE_CODE", "URI_STYLE", "OPERATION_TIMEOUT", "SKIP_CERTIFICATE_CHECK")
    }
    done = ansible.play(
        [{INFO: {"package_ids": "PS100001"}, "register": "it"}],
        None,
        env=empty,
        module_defaults={"group/configmgr.content.cm": defaults},
    )
    assert done["rc"] == 0, ansible.output
    assert done["it"]["packages"][0]["package_id"] == "PS100001"


def test_packages_are_written_to_a_file(provider: Provider, ansible: Ansible, tmp_path: Path) -> None:
    dest = tmp_path / "packages.jsonl"
    done = ansible.play([{INFO: {"dest": str(dest)}, "register": "it"}], provider)
    assert done["rc"] == 0, ansible.output
    rows = [json.loads(line) for line in dest.read_text(encoding="utf-8").splitlines()]
    assert len(rows) == done["it"]["count"] == len(provider.state()["packages"])
    assert "packages" not in done["it"]
    dest.unlink()
    assert ansible.play([{INFO: {"dest": str(dest)}, "register": "it"}], provider, "--check")["it"]["count"] == len(
        rows
    )
    assert not dest.exists()


@pytest.mark.parametrize("auth", ["credssp", "ntlm", "basic"])
def test_no_secret_is_shown_at_the_loudest(make_provider: MakeProvider, ansible: Ansible, auth: str) -> None:
    provider = make_provider("--tls", "--auth", "credssp,ntlm,basic")
    shown = []
    wrong = "Wr0ng-but-s3cret"
    for password in (provider.password, wrong):
        tasks = [
            {
                REFRESH: {"package_ids": "PS100001", "wait": False, "auth": auth, "password": password},
                "register": "it",
                "ignore_errors": True,
            }
        ]
        done = ansible.play(tasks, provider, "-vvvv", "--diff")
        shown.append(ansible.output + json.dumps(done))
    assert "RefreshPkgSource" in shown[0] or '"accepted"' in shown[0]
    for output in shown:
        for secret in (provider.password, wrong):
            assert secret not in output
            assert json.dumps(secret)[1:-1] not in output
    assert "Traceback" not in shown[1]


def _module(provider: Provider, folder: Path, **arguments: Any) -> subprocess.Popen[str]:
    """The module as a process of its own, to be told to stop."""
    file = folder / "arguments.json"
    file.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": arguments}), encoding="utf-8")
    env = {**os.environ, **provider.env}
    name = "ansible_collections.configmgr.content.plugins.modules.cm_package_refresh"
    return subprocess.Popen(
        [sys.executable, "-m", name, str(file)], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_a_task_told_to_stop_leaves_its_resume_and_a_killed_one_none(
    make_provider: MakeProvider, ansible: Ansible, tmp_path: Path
) -> None:
    provider = make_provider(speed=0.0)  # the site stands still, so both wait
    process = _module(provider, tmp_path, package_ids=["PS100001"], **FAST)
    while not provider.executions("PS100001"):
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    output, errors = process.communicate(timeout=LONGEST)
    result = json.loads(output)
    assert result["failed"]
    assert "told to stop" in result["packages"][0]["reason"]
    assert "Traceback" not in output + errors
    assert result["resume"][0]["sent"] is True
    process = _module(provider, tmp_path, package_ids=["PS100001"], resume=result["resume"], **FAST)
    before = len(provider.journal())
    while len(provider.journal()) < before + 4:
        assert process.poll() is None
    process.kill()
    process.communicate(timeout=LONGEST)
    provider._ask("POST", "/clock", {"speed": 600})
    done = ansible.play([{REFRESH: {"resume": result["resume"], **FAST}, "register": "it"}], provider)
    provider._ask("POST", "/clock", {"speed": 0})
    assert done["rc"] == 0, ansible.output
    assert done["it"]["packages"][0]["status"] == "joined"
    assert provider.executions("PS100001") == 1


def test_every_class_is_refreshed_by_one_task(provider: Provider, ansible: Ansible) -> None:
    ids = [f"PS10000{number}" for number in range(1, 9)]  # the eight classes that have RefreshPkgSource and a source
    before = {package_id: provider.state()["packages"][package_id] for package_id in ids}
    done = ansible.play([{REFRESH: {"package_ids": ids, **FAST}, "register": "it"}], provider)
    assert done["rc"] == 0, ansible.output
    after = provider.state()
    for row in done["it"]["packages"]:
        package_id = row["package_id"]
        assert (row["status"], row["class"]) == ("refreshed", before[package_id]["class"])
        assert after["packages"][package_id]["source_version"] == before[package_id]["source_version"] + 1
        assert after["executions"]["RefreshPkgSource"][package_id] == 1
    boot = next(row for row in done["it"]["packages"] if row["class"] == "SMS_BootImagePackage")
    assert boot["context_id"]
    assert boot["build"]["percent"] == 100
    (call,) = (entry for entry in provider.journal("RefreshPkgSource") if entry["class"] == "SMS_BootImagePackage")
    assert call["outcome"] == "fault:2150858793"  # the host's time limit, while the build went on
    assert not done["it"].get("warnings")


def test_the_driver_that_fails_a_boot_image_is_named(make_provider: MakeProvider, ansible: Ansible) -> None:
    provider = make_provider(scenario="troubled")
    done = ansible.play([{REFRESH: {"package_ids": "PS100007", **FAST}, "register": "it"}], provider)
    assert done["rc"] != 0
    assert done["it"]["failed"]
    assert done["it"]["changed"] is False
    assert "homemade.inf" in done["it"]["msg"]
    assert done["it"]["packages"][0]["build"]["status"] == "error"
    assert provider.state()["packages"]["PS100007"]["source_version"] == 3
