# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module as Ansible runs it: options in, result out, and no secret in either."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import ansible_collections
import pytest
import yaml
from ansible_collections.configmgr.content.plugins.module_utils._engine import check
from ansible_collections.configmgr.content.plugins.module_utils._engine.check_steps import STEPS
from ansible_collections.configmgr.content.plugins.modules import cm_connection_check

from .conftest import MakeVisitor
from .visitor import IMAGE, Visitor

COLLECTIONS = str(Path(next(iter(ansible_collections.__path__))).parent)
OPTIONS = yaml.safe_load(cm_connection_check.DOCUMENTATION)["options"]
RETURNED = yaml.safe_load(cm_connection_check.RETURN)


def run(visitor: Visitor, options: dict[str, Any] | None = None, *, check_mode: bool = False) -> dict[str, Any]:
    """Run the module in a process of its own; its result with `rc`."""
    arguments = {"provider": "127.0.0.1", **(options or {}), "_ansible_check_mode": check_mode}
    env = {name: value for name, value in os.environ.items() if not name.startswith(("CONFIGMGR_", "ANSIBLE_"))}
    done = subprocess.run(
        [sys.executable, "-m", "ansible_collections.configmgr.content.plugins.modules.cm_connection_check"],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": arguments}),
        env={**env, **visitor.server.env, "PYTHONPATH": COLLECTIONS},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert visitor.server.account.password not in done.stdout + done.stderr
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    result["rc"] = done.returncode
    return result


@pytest.mark.parametrize("check_mode", [False, True])
def test_all_is_well(visit: MakeVisitor, check_mode: bool) -> None:
    visitor = visit()
    result = run(visitor, check_mode=check_mode)
    assert (result["rc"], result["changed"], result["ok"], result["next_step"]) == (0, False, True, "")
    assert result["site_code"] == "PS1"
    assert [each["name"] for each in result["steps"]] == [step.name for step in STEPS]
    visitor.assert_only_read()
    assert visitor.server.logins["total"] == 1
    assert result["requests"] == len([entry for entry in visitor.server.journal if entry["user"]])


def test_a_failure_is_the_message(visit: MakeVisitor) -> None:
    visitor = visit({"accounts": [{"domain": "CONTOSO", "user": "lone", "password": "Lone-pass1", "rights": "none"}]})
    result = run(visitor)
    assert result["rc"] == 1
    assert result["failed"] is True
    assert result["changed"] is False
    assert result["msg"].startswith("Role: nothing visible to CONTOSO\\lone at site PS1")
    assert result["msg"].endswith(f"Next: {result['next_step']}")
    assert result["ok"] is False


def test_a_failure_that_does_not_fail(visit: MakeVisitor) -> None:
    visitor = visit({"accounts": [{"domain": "CONTOSO", "user": "lone", "password": "Lone-pass1", "rights": "none"}]})
    result = run(visitor, {"fail": False})
    assert (result["rc"], result["ok"], result.get("failed", False)) == (0, False, False)
    assert "role" in result["next_step"]


def test_several_failures_are_counted(visit: MakeVisitor) -> None:
    report = visit(
        {"accounts": [{"domain": "C", "user": "cmadmin", "password": "x-Pass1", "rights": {"scopes": ["X"]}}]}
    ).check(share_path=IMAGE)
    assert report.failed == ["scope", "second_hop"]
    assert "(1 more failed, see steps)" in report.message


@pytest.mark.parametrize("path", ["C:\\images\\boot.wim", "//server", "boot.wim"])
def test_a_path_that_is_on_no_share(visit: MakeVisitor, path: str) -> None:
    visitor = visit()
    result = run(visitor, {"share_path": path})
    assert result["rc"] == 1
    assert "is not a UNC path" in result["msg"]
    assert visitor.server.journal == []


def test_the_report_is_written_and_names_nobody(visit: MakeVisitor, tmp_path: Path) -> None:
    visitor = visit()
    file = tmp_path / "report.json"
    result = run(visitor, {"report": str(file)})
    assert result["rc"] == 0, result["msg"]
    assert json.loads(file.read_text())["format"] == 1
    for secret in ("cmadmin", "CONTOSO", "Contoso Primary", visitor.server.account.password):
        assert secret not in file.read_text()
    assert str(file) in next(each for each in result["steps"] if each["name"] == "report")["seen"]
    visitor.assert_only_read()


def test_no_report_in_check_mode(visit: MakeVisitor, tmp_path: Path) -> None:
    assert run(visit(), {"report": str(tmp_path / "report.json")}, check_mode=True)["rc"] == 0
    assert list(tmp_path.glob("report*")) == []


# -- documentation -------------------------------------------------------------------------------------------------


def test_what_is_returned_is_documented(visit: MakeVisitor) -> None:
    result = visit().check().result
    assert set(RETURNED) == {*result, "error"}
    assert set(RETURNED["steps"]["contains"]) == set(result["steps"][0])
    assert set(RETURNED["methods"]["contains"]) == set(result["methods"][0])
    assert [
        name for name in result["certificate"] if f"C({name})" not in " ".join(RETURNED["certificate"]["description"])
    ] == []
    told = " ".join(RETURNED["steps"]["contains"]["name"]["description"])
    assert [step.name for step in STEPS if f"V({step.name})" not in told] == []
    told = " ".join(RETURNED["steps"]["contains"]["status"]["description"])
    assert [status for status in check.STATUSES if f"V({status})" not in told] == []


def test_every_step_needs_earlier_ones_only() -> None:
    known: set[str] = set()
    for step in STEPS:
        assert set(step.needs) <= known, step.name
        assert step.title
        known.add(step.name)
    assert len(known) == len(STEPS)


def test_the_methods_that_are_called_are_documented_as_reading() -> None:
    told = " ".join(OPTIONS["share_path"]["description"])
    for method in ("GetImageProperties", "CheckSourceFolder"):
        assert method in told
    assert "change nothing" in told
