# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages that another site owns."""

from __future__ import annotations

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._provider.errors import Impossible

from .conftest import MakeLab
from .lab import Lab


@pytest.fixture
def hierarchy(make_lab: MakeLab) -> Lab:
    return make_lab("hierarchy")


def test_the_default_names_the_owner_and_its_provider(hierarchy: Lab) -> None:
    with pytest.raises(Impossible, match=r"PS100002.*owned by site PS2 \(SMS Provider: 127\.0\.0\.1\)") as caught:
        hierarchy.refresh("PS100002", site=hierarchy.site("PS1"))
    assert "follow" in str(caught.value)
    assert not hierarchy.calls()


def test_follow_refreshes_it_at_the_owning_site(hierarchy: Lab) -> None:
    result = hierarchy.refresh("PS100002", "PS100001", site=hierarchy.site("PS1"), wish={"owner_mismatch": "follow"})
    assert result["PS100002"]["status"] == "refreshed"
    assert result["PS100001"]["status"] == "refreshed"
    assert {call["key"]: call["namespace"].lower() for call in hierarchy.calls()} == {
        "PS100001": "root/sms/site_ps1",
        "PS100002": "root/sms/site_ps2",
    }


def test_what_would_move_is_asked_of_the_owning_site(hierarchy: Lab) -> None:
    task = hierarchy.task(
        "PS100002", "PS100001", site=hierarchy.site("PS1"), wish={"owner_mismatch": "follow"}, only_look=True
    )
    moves = task.predict()
    task.close()
    assert moves["PS100002"][0] == 1
    asked = [entry for entry in hierarchy.server.journal if entry["class"] == "SMS_PackageStatusRootSummarizer"]
    assert {entry["namespace"].lower() for entry in asked if entry["verb"] == "Enumerate"} == {
        "root/sms/site_ps1",
        "root/sms/site_ps2",
    }


@pytest.mark.parametrize("answer", ["ignored", "marked"])
def test_send_to_a_site_that_does_not_own_it_is_not_believed(make_lab: MakeLab, answer: str) -> None:
    lab = make_lab("hierarchy", switches={"foreign_refresh": answer})
    result = lab.refresh("PS100002", site=lab.site("PS1"), wish={"owner_mismatch": "send"})
    assert result.only["status"] == "failed"
    assert result.only["source_version"]["after"] == result.only["source_version"]["before"]


def test_a_central_site_sends_for_its_children_and_the_version_proves_it(hierarchy: Lab) -> None:
    result = hierarchy.refresh("PS100002", "PS200001", site=hierarchy.site("CEN"))
    assert result.summary["refreshed"] == 2
    assert hierarchy.executions("PS100002") == 1


def test_a_central_site_whose_child_does_not_act_gets_no_proof(make_lab: MakeLab) -> None:
    lab = make_lab("hierarchy", switches={"central_refresh": "ignored"})
    assert lab.refresh("PS200001", site=lab.site("CEN")).only["status"] == "failed"


def test_the_site_is_found_by_asking_the_provider(hierarchy: Lab) -> None:
    site = hierarchy.site()
    assert site.code == "CEN"
    site.close()


def test_a_site_that_is_not_there_names_those_that_are(hierarchy: Lab) -> None:
    with pytest.raises(Exception, match=r"(?s)XYZ.*CEN on 127\.0\.0\.1.*PS1 on") as caught:
        hierarchy.refresh("PS100001", site=hierarchy.site("XYZ"))
    assert "0x8004100E" in str(caught.value)
