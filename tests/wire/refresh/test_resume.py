# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every ending that leaves a result can be taken up again: one execution a package in the site's own state."""

from __future__ import annotations

import pytest

from .conftest import MakeLab
from .lab import Lab

CALL = {"verb": "Invoke", "method": "RefreshPkgSource"}
THREE = ("PS100001", "PS100002", "PS100003")


def test_a_finished_run_is_left_alone(lab: Lab) -> None:
    first = lab.refresh(*THREE)
    assert first.changed
    again = lab.refresh(*THREE, wish={"resume": lab.resume(first)})
    assert again.summary["joined"] == 3
    assert not again.changed
    assert {package_id: lab.executions(package_id) for package_id in THREE} == dict.fromkeys(THREE, 1)


def test_after_a_time_out_the_rerun_goes_on_waiting(lab: Lab) -> None:
    first = lab.refresh("PS100001", wait_timeout=3.0, wait_interval=1.0)
    assert first.only["status"] == "failed"
    assert first.changed
    assert "still" in first.only["reason"]
    again = lab.refresh("PS100001", wish={"resume": lab.resume(first)})
    assert again.only["status"] == "joined"
    assert again.only["source_version"]["after"] > again.only["source_version"]["before"]
    assert lab.executions("PS100001") == 1


def test_after_a_time_out_of_the_distribution(lab: Lab) -> None:
    first = lab.refresh("PS100001", wait_for="distributed", wait_timeout=30.0)
    assert first.only["status"] == "failed"
    again = lab.refresh("PS100001", wait_for="distributed", wait_timeout=14400.0, wish={"resume": lab.resume(first)})
    assert again.only["status"] == "joined"
    assert again.only["distribution_points"]["installed"] == 3
    assert lab.executions("PS100001") == 1


def test_after_the_stop_rule_the_rest_is_sent_and_nothing_twice(lab: Lab) -> None:
    lab.server.add_fault(action="return_value", value=1, key="PS100002", **CALL)
    first = lab.refresh(*THREE, max_failed=(0, False), in_flight=1)
    assert [row["status"] for row in first.rows.values()] == ["refreshed", "failed", "not_attempted"]
    again = lab.refresh(*THREE, wish={"resume": lab.resume(first)})
    assert [row["status"] for row in again.rows.values()] == ["joined", "refreshed", "refreshed"]
    assert {package_id: lab.executions(package_id) for package_id in THREE} == dict.fromkeys(THREE, 1)


def test_without_waiting_the_rerun_sends_nothing_again(lab: Lab) -> None:
    first = lab.refresh(*THREE, wait=False)
    assert first.summary["accepted"] == 3
    again = lab.refresh(*THREE, wish={"resume": lab.resume(first)})
    assert again.summary["joined"] == 3
    assert {package_id: lab.executions(package_id) for package_id in THREE} == dict.fromkeys(THREE, 1)


@pytest.mark.parametrize("fault", ["cut_before", "cut_after"])
def test_a_lost_answer_with_no_time_to_look(lab: Lab, fault: str) -> None:
    """The grace ends before the first look: what happened is not known. The rerun looks first."""
    lab.server.add_fault(action=fault, **CALL)
    lab.server.add_fault(action="cut_before", verb="Enumerate", skip=3, times=None)
    first = lab.refresh("PS100001", grace=0.0)
    assert first.only["status"] == "failed"
    lab.server.clear_faults()
    again = lab.refresh("PS100001", wish={"resume": lab.resume(first)})
    assert again.only["status"] in ("joined", "refreshed")
    assert lab.executions("PS100001") == 1


def test_a_killed_run_leaves_none_and_the_rerun_is_a_new_refresh(lab: Lab) -> None:
    site = lab.site()
    site.call("SMS_Package", "RefreshPkgSource", {"PackageID": "PS100001"})  # the worker dies here
    site.close()
    again = lab.refresh("PS100001")
    assert again.only["status"] == "refreshed"
    assert again.only["waited_for_action"] is True
    assert lab.executions("PS100001") == 2


def test_a_source_unchanged_in_the_first_run_is_known_to_the_second(make_lab: MakeLab) -> None:
    lab = make_lab(switches={"unchanged_source": "stays"})
    first = lab.refresh("PS100010", wait=False)
    again = lab.refresh("PS100010", wish={"resume": lab.resume(first)})
    assert again.only["status"] == "joined"
    assert again.only["source_unchanged"] is True
    assert lab.executions("PS100010") == 1
