# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every EXAMPLE in the documentation of every module runs, mostly against the scenario `small`."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.configmgr.content.plugins import modules

from .conftest import Ansible, MakeProvider

MODULES = Path(next(iter(modules.__path__)))
# The examples name a host and an account; here they come from the environment, as the page on connecting recommends.
CONNECTION = ("provider", "username", "password")
# The domain of the examples, and that of the scenarios.
DOMAIN, SIMULATED = "contoso.com", "contoso.test"
# Where updates and image files are, and where there is more than one site.
SCENARIOS = {
    "cm_boot_image": "images",
    "cm_boot_image_export": "images",
    "cm_content_ownership": "hierarchy",
    "cm_offline_servicing": "images",
    "cm_offline_servicing_info": "images",
    "cm_wim_info": "images",
}
WAITING = (
    "cm_boot_image",
    "cm_boot_image_export",
    "cm_boot_image_status",
    "cm_image_package",
    "cm_offline_servicing",
    "cm_package_refresh",
)


def examples() -> dict[str, list[dict[str, Any]]]:
    """The tasks of each module's EXAMPLES."""
    found = {}
    for file in sorted(MODULES.glob("cm_*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        (text,) = (
            node.value.value
            for node in tree.body
            if isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and node.targets[0].id == "EXAMPLES"
            and isinstance(node.value, ast.Constant)
        )
        found[file.stem] = yaml.safe_load(text.replace(DOMAIN, SIMULATED))
    return found


@pytest.mark.parametrize("module", sorted(examples()))
def test_every_example_runs(make_provider: MakeProvider, ansible: Ansible, tmp_path: Path, module: str) -> None:
    provider = make_provider(scenario=SCENARIOS.get(module, "small"))
    tasks = examples()[module]
    name = f"configmgr.content.{module}"
    for number, task in enumerate(tasks):
        assert task["name"]
        for option in CONNECTION if name in task else ():
            task[name].pop(option, None)
        task.setdefault("register", f"example_{number}")
    fast = {name: {"wait_interval": 0.1}} if module in WAITING else {}
    done = ansible.play(
        tasks, provider, vars={"report_folder": str(tmp_path), "cm_password": "unused"}, module_defaults=fast
    )
    assert done["rc"] == 0, ansible.output
    for task in tasks:
        assert not done[task["register"]].get("failed"), task["name"]
