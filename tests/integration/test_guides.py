# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the guides promise: the first ten minutes, a first day on which nothing can be changed, and a task for each cmdlet."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

import yaml

from .conftest import Ansible, MakeProvider, Provider

GUIDES = Path(__file__).resolve().parents[2] / "docs" / "docsite" / "rst"
# The package that the guides name, and one that the scenarios have.
NAMED, THERE = "PS100123", "PS100001"
FAST = {"configmgr.content.cm_package_refresh": {"wait_interval": 0.1}}


def first_example(guide: str) -> list[dict[str, Any]]:
    """The first YAML example of a guide, with a package that exists."""
    text = (GUIDES / f"{guide}.rst").read_text(encoding="utf-8")
    found = re.search(r"^\.\. code-block:: yaml\n\n((?:   .*\n|\n)+)", text, re.MULTILINE)
    assert found is not None
    example = textwrap.dedent(found.group(1))
    assert NAMED in example
    return yaml.safe_load(example.replace(NAMED, THERE))  # type: ignore[no-any-return]


def test_the_first_ten_minutes_end_green(provider: Provider, ansible: Ansible) -> None:
    (play,) = first_example("start")
    done = ansible.play(play["tasks"], provider, module_defaults=FAST)
    assert done["rc"] == 0, ansible.output
    assert done["cm"]["site_code"] == "PS1"
    assert done["refreshed"]["changed"] is True
    assert provider.executions(THERE) == 1  # the prediction before it sent nothing


def test_a_reader_can_do_the_read_only_first_day_and_no_more(make_provider: MakeProvider, ansible: Ansible) -> None:
    provider = make_provider("--auth", "ntlm", scenario="troubled")
    reader = {"CONFIGMGR_USERNAME": r"CONTOSO\reader", "CONFIGMGR_PASSWORD": "Read-0nly-pass"}
    tasks = first_example("permissions")
    done = ansible.play(tasks, provider, env=reader)
    assert done["rc"] == 0, ansible.output
    assert done["cm"]["visible"]["packages"] > 0
    assert provider.journal("RefreshPkgSource") == []

    (predicted,) = (task for task in tasks if task.get("check_mode"))
    real = {name: value for name, value in predicted.items() if name not in ("check_mode", "diff")}
    done = ansible.play([{**real, "register": "refused"}], provider, env=reader)
    assert done["rc"] != 0
    assert "does not have the right" in done["refused"]["msg"]
    assert provider.executions(THERE) == 0


# What the page "From cmdlet to task" names, and what stands for it in the scenarios.
STAND_INS = {
    "names: Latitude 5420": "names: Latitude 5420 Windows 10",
    r"\\cm01\boot\branch.wim": r"\\cm01.contoso.test\SMS_PS1\OSD\boot\x64\spare.wim",
    r"\\files\images\w11.wim": r"\\files01.contoso.test\images$\win10-21h2.wim",
    r"\\files\images\w11b.wim": r"\\files01.contoso.test\images$\win11-22h2.wim",
    "PS100003": "PS100009",
    "Branch offices\n": "Headquarters\n",
}
CONNECTION = ("provider", "username", "password")
READING = ("cm_connection_check", "cm_site_info", "cm_package_info", "cm_wim_info", "cm_wmi_query", "cm_wmi_method")


def tasks_beside_cmdlets(first: str, last: str) -> list[dict[str, Any]]:
    """The tasks of the sections from one to another, in their order, as they run in a scenario."""
    text = (GUIDES / "from_cmdlet_to_task.rst").read_text(encoding="utf-8")
    part = text.partition(f"\n{first}\n---")[2].partition(f"\n{last}\n---")[0]
    for named, there in STAND_INS.items():
        part = part.replace(named, there)
    found = []
    for block in re.findall(r"^ +- \.\. code-block:: yaml\n\n((?: {10}.*\n|\n)+)", part, re.MULTILINE):
        found += yaml.safe_load(textwrap.dedent(block))
    for number, task in enumerate(found):
        for option in CONNECTION:
            (task[module_of(task)] or {}).pop(option, None)
        task.setdefault("register", f"task_{number}")
    return found


def module_of(task: dict[str, Any]) -> str:
    """The full name of the module that a task runs."""
    (module,) = (name for name in task if "." in name)
    return module


def unchanged(tasks: list[dict[str, Any]], done: dict[str, Any]) -> list[str]:
    """The tasks that should have changed something, and did not."""
    changing = [task for task in tasks if not module_of(task).endswith((*READING, "debug"))]
    assert changing
    return [task["name"] for task in changing if not done[task["register"]]["changed"]]


def test_every_task_beside_a_cmdlet_runs(provider: Provider, ansible: Ansible) -> None:
    tasks = tasks_beside_cmdlets("Connect", "Boot images")
    assert len(tasks) == 13
    done = ansible.play(tasks, provider, module_defaults=FAST)
    assert done["rc"] == 0, ansible.output
    assert unchanged(tasks, done) == []
    assert provider.executions(THERE) == 2  # the one that is predicted only counts as none


def test_every_task_for_images_beside_a_cmdlet_runs(make_provider: MakeProvider, ansible: Ansible) -> None:
    tasks = tasks_beside_cmdlets("Boot images", "The whole runbook")
    assert len(tasks) == 12
    quick = ("cm_boot_image", "cm_image_package", "cm_offline_servicing")
    fast = {f"configmgr.content.{name}": {"wait_interval": 0.1} for name in quick}
    provider = make_provider(scenario="images", speed=1200.0)
    done = ansible.play(tasks, provider, module_defaults=fast)
    assert done["rc"] == 0, ansible.output
    assert unchanged(tasks, done) == []
