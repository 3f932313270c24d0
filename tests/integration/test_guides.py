# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the guides promise a newcomer: the first ten minutes, and a first day on which nothing can be changed."""

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
