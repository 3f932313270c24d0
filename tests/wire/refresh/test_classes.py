# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every package class: refreshed once, with proof."""

from __future__ import annotations

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._provider.errors import Impossible

from .conftest import MakeLab
from .lab import Lab

CLASSES = {
    "PS100001": "SMS_Package",
    "PS100002": "SMS_DriverPackage",
    "PS100003": "SMS_ImagePackage",
    "PS100004": "SMS_BootImagePackage",
    "PS100005": "SMS_OperatingSystemInstallPackage",
    "PS100006": "SMS_SoftwareUpdatesPackage",
    "PS100007": "SMS_VhdPackage",
    "PS100008": "SMS_ContentPackage",
}


@pytest.mark.parametrize(("package_id", "wmi_class"), CLASSES.items())
def test_each_class_is_refreshed_once_and_its_version_rises(lab: Lab, package_id: str, wmi_class: str) -> None:
    result = lab.refresh(package_id)
    row = result.only
    assert (row["class"], row["status"]) == (wmi_class, "refreshed"), row["reason"]
    assert row["source_version"]["after"] == row["source_version"]["before"] + 1
    assert result.changed
    assert result.evidence
    assert lab.executions(package_id) == 1
    assert [(call["class"], call["key"]) for call in lab.calls()] == [(wmi_class, package_id)]
    assert not lab.warnings


def test_all_classes_in_one_task_keep_the_order_asked(lab: Lab) -> None:
    asked = sorted(CLASSES, reverse=True)
    result = lab.refresh(*asked)
    assert list(result.rows) == asked
    assert result.summary["refreshed"] == len(asked)
    assert {package_id: lab.executions(package_id) for package_id in asked} == dict.fromkeys(asked, 1)


def test_a_package_named_twice_is_refreshed_once(lab: Lab) -> None:
    result = lab.refresh("PS100001", "ps100001")
    assert list(result.rows) == ["PS100001"]
    assert lab.executions("PS100001") == 1


def test_a_task_sequence_has_nothing_to_refresh(lab: Lab) -> None:
    with pytest.raises(Impossible, match="task sequence PS100009"):
        lab.refresh("PS100009")
    assert lab.refresh("PS100009", wish={"ignore_unrefreshable": True}).only["status"] == "skipped"
    assert not lab.calls()


def test_a_package_without_source_stops_the_task_before_anything_is_sent(lab: Lab) -> None:
    with pytest.raises(Impossible, match=r"PS10000A.*no source"):
        lab.refresh("PS100001", "PS10000A")
    assert not lab.calls()
    result = lab.refresh("PS100001", "PS10000A", wish={"ignore_unrefreshable": True})
    assert result["PS10000A"]["status"] == "skipped"
    assert result["PS100001"]["status"] == "refreshed"


def test_a_source_that_is_as_before_is_no_failure(make_lab: MakeLab) -> None:
    lab = make_lab(switches={"unchanged_source": "stays"})
    result = lab.refresh("PS100010")
    assert result.only["status"] == "refreshed"
    assert result.only["source_unchanged"] is True
    assert result.only["source_version"]["after"] == result.only["source_version"]["before"]
    assert lab.executions("PS100010") == 1


def test_an_action_that_is_taken_early_is_no_proof_that_it_ended(make_lab: MakeLab) -> None:
    lab = make_lab(switches={"action_in_progress": "until_taken"})
    row = lab.refresh("PS100001", wait_interval=1.0).only
    assert row["status"] == "refreshed"
    assert row["source_version"]["after"] == row["source_version"]["before"] + 1
