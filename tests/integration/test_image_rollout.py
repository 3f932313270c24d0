# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role image_rollout and its playbook: a new WIM from its path to the distribution points, in order, and not twice."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

import pytest

from .conftest import BIN, Ansible, MakeProvider, Provider

WINDOWS_10, WINDOWS_11 = (
    r"\\files01.contoso.test\images$\win10-21h2.wim",
    r"\\files01.contoso.test\images$\win11-22h2.wim",
)
IMAGE = "PS100009"


@pytest.fixture
def provider(make_provider: MakeProvider) -> Provider:
    """A site with WIM files, which the provider reads with its own account."""
    return make_provider("--switch", "path_identity=computer", scenario="images")


def rolled_out(ansible: Ansible, provider: Provider, *flags: str, **variables: Any) -> dict[str, Any]:
    """Run the role; its results."""
    given = {f"image_rollout_{name}": value for name, value in {"wait_interval": 0.1, **variables}.items()}
    task = {"ansible.builtin.include_role": {"name": "configmgr.content.image_rollout"}, "vars": given}
    look = {"ansible.builtin.set_fact": {"kept": "{{ image_rollout_results }}"}, "register": "it"}
    done = ansible.play([{"block": [task], "always": [look]}, look], provider, *flags)
    return {"results": done["it"]["ansible_facts"]["kept"], "rc": done["rc"]}


def test_a_new_wim_comes_to_the_distribution_points_once(provider: Provider, ansible: Ansible) -> None:
    images = [{"package_id": IMAGE, "source_path": WINDOWS_11, "version": "22H2"}]
    first = rolled_out(ansible, provider, images=images)
    assert first["rc"] == 0, ansible.output
    (result,) = first["results"]
    assert result["changed"]
    assert result["steps"] == ["reload", "refresh"]
    assert provider.executions(IMAGE) == 1
    state = provider.state()["packages"][IMAGE]
    assert {point["version"] for point in state["distribution_points"].values()} == {state["source_version"]}
    assert "1: Windows 11 Enterprise, 10.0.22621.525, x64" in ansible.output
    assert f"{IMAGE}: update, reload, refresh" in ansible.output  # the prediction, though it counts as no change
    assert re.search(r"source_version: \d+ -> .*at least", ansible.output)
    again = rolled_out(ansible, provider, images=images)
    assert (again["rc"], again["results"][0]["changed"]) == (0, False)
    assert provider.executions(IMAGE) == 1


def test_check_mode_writes_nothing(provider: Provider, ansible: Ansible) -> None:
    provider.fault(action="refuse_writes")
    done = rolled_out(ansible, provider, "--check", images=[{"package_id": IMAGE, "source_path": WINDOWS_11}])
    assert (done["rc"], done["results"][0]["changed"]) == (0, True)
    assert {entry["verb"] for entry in provider.journal()} <= {"Enumerate", "Pull", "Get", "Release"}


def test_a_mistake_in_the_last_image_is_found_before_the_first_is_changed(provider: Provider, ansible: Ansible) -> None:
    images = [
        {"package_id": IMAGE, "source_path": WINDOWS_11},
        {"package_id": "PS1FFFFF", "source_path": WINDOWS_11},
    ]
    task = {
        "ansible.builtin.include_role": {"name": "configmgr.content.image_rollout"},
        "vars": {"image_rollout_images": images},
    }
    assert ansible.play([task], provider)["rc"] != 0
    assert "PS1FFFFF" in ansible.output
    assert provider.executions(IMAGE) == 0
    assert {entry["verb"] for entry in provider.journal()} <= {"Enumerate", "Pull", "Get", "Release"}


def test_the_first_failure_ends_it(provider: Provider, ansible: Ansible) -> None:
    provider.fault(action="provider_error", verb="Put", times=None)
    images = [
        {"package_id": IMAGE, "source_path": WINDOWS_11},
        {"name": "Second", "source_path": WINDOWS_10},
    ]
    done = rolled_out(ansible, provider, images=images)
    assert done["rc"] != 0
    assert len(done["results"]) == 1
    assert done["results"][0]["failed"]
    assert not [entry for entry in provider.journal() if entry["verb"] == "Create"]


def test_answers_of_a_survey_are_text(provider: Provider, ansible: Ansible) -> None:
    """Points and groups in one text each, and a text for false."""
    done = rolled_out(
        ansible,
        provider,
        images=[{"package_id": IMAGE, "source_path": WINDOWS_11}],
        distribution_points="dp02.contoso.test\ndp03.contoso.test\n",
        distribution_point_groups="Headquarters\n",
        check_first="false",
        wait="true",
        wait_timeout="0",
    )
    assert done["rc"] == 0, ansible.output
    (result,) = done["results"]
    assert result["steps"] == ["distribution_points", "reload", "refresh"]
    state = provider.state()["packages"][IMAGE]
    assert set(state["distribution_points"]) == {f"dp0{number}.contoso.test" for number in (1, 2, 3)}
    assert re.search(r"^TASK \[.*Predict every image.*\n+skipping:", ansible.output, re.MULTILINE)


def test_the_playbook_takes_empty_texts_of_a_survey_for_not_given(provider: Provider, ansible: Ansible) -> None:
    variables = {
        "rollout_package_id": f"{IMAGE} ",
        "rollout_name": "",
        "rollout_source_path": WINDOWS_11,
        "rollout_version": "",
        "rollout_wait_for": "",
        "rollout_wait_timeout": "",
        "rollout_wait_interval": "0.1",
        "rollout_check_first": "",
        "rollout_distribution_points": "",
        "rollout_distribution_point_groups": "",
    }
    command = [str(BIN / "ansible-playbook"), "configmgr.content.image_rollout", "-e", json.dumps(variables)]
    done = ansible._run([*command, "-e", f"ansible_python_interpreter={sys.executable}"], provider, None)
    assert done.returncode == 0, ansible.output
    assert provider.executions(IMAGE) == 1
