# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad weather on the one call: never sent twice, never reported otherwise than the site's own state says."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import MakeLab
from .lab import Lab

CALL = {"verb": "Invoke", "method": "RefreshPkgSource"}


def test_an_answer_lost_after_the_effect_is_seen_in_the_site(lab: Lab) -> None:
    lab.server.add_fault(action="cut_after", **CALL)
    result = lab.refresh("PS100001")
    assert result.only["status"] == "refreshed"
    assert result.only["answer_lost"] is True
    assert result.changed
    assert lab.executions("PS100001") == 1
    assert len(lab.calls()) == 1
    assert len([text for text in lab.warnings if "answer" in text and "PS100001" in text]) == 1


def test_without_waiting_a_lost_answer_is_still_settled(lab: Lab) -> None:
    lab.server.add_fault(action="cut_after", **CALL)
    result = lab.refresh("PS100001", wait=False)
    assert result.only["status"] == "accepted"
    assert result.changed
    assert lab.executions("PS100001") == 1


def test_a_request_cut_off_before_its_effect_fails_and_a_rerun_sends_it(lab: Lab) -> None:
    lab.server.add_fault(action="cut_before", **CALL)
    before = lab.clock.now()
    result = lab.refresh("PS100001")
    assert result.only["status"] == "failed"
    assert "no effect was seen" in result.only["reason"]
    assert "resume" in result.only["reason"]
    assert not result.changed
    assert 60 <= lab.clock.now() - before < 120
    assert lab.executions("PS100001") == 0
    again = lab.refresh("PS100001", wish={"resume": lab.resume(result)})
    assert again.only["status"] == "refreshed"
    assert again.changed
    assert lab.executions("PS100001") == 1


@pytest.mark.parametrize(
    ("fault", "executed"),
    [
        ({"action": "garbage", "execute": True}, 1),
        ({"action": "garbage", "execute": False}, 0),
        ({"action": "empty", "execute": True}, 1),
        ({"action": "empty", "execute": False}, 0),
        ({"action": "wrong_relates_to"}, 1),
        ({"action": "fault", "code": 2150858793, "execute": True}, 1),
        ({"action": "fault", "code": 2150858793, "execute": False}, 0),
        ({"action": "fault", "code": 2150858829, "execute": True}, 1),
        ({"action": "fault", "code": 2150858883, "execute": True}, 1),
        ({"action": "fault", "code": 2150858883, "execute": False}, 0),
        ({"action": "provider_error", "hresult": 0x80041069, "execute": True}, 1),
        ({"action": "provider_error", "hresult": 0x80041032, "execute": True}, 1),
        ({"action": "provider_error", "hresult": 0x80041015, "execute": True}, 1),
        ({"action": "provider_error", "hresult": 0x80041069, "execute": False}, 0),
    ],
)
def test_an_answer_that_says_nothing_is_settled_by_the_site(lab: Lab, fault: dict[str, Any], executed: int) -> None:
    lab.server.add_fault(**fault, **CALL)
    result = lab.refresh("PS100001")
    assert len(lab.calls()) == 1
    assert lab.executions("PS100001") == executed
    assert result.changed is bool(executed)
    assert result.only["status"] == ("refreshed" if executed else "failed")
    if fault.get("code") != 2150858829:  # that one says that it was done
        assert result.only["answer_lost"] is True
        assert not any("answer 0" in line for line in result.evidence)


@pytest.mark.parametrize(
    "fault",
    [
        {"action": "stale_context"},
        {"action": "http", "status": 503},
        {"action": "http", "status": 401, "body": ""},
        {"action": "fault", "code": 2150859174},
        {"action": "fault", "code": 2150858815},
    ],
)
def test_what_was_proved_not_to_be_carried_out_is_sent_once_more(lab: Lab, fault: dict[str, Any]) -> None:
    lab.server.add_fault(**fault, **CALL)
    result = lab.refresh("PS100001")
    assert result.only["status"] == "refreshed", result.only
    assert not result.only["answer_lost"]
    assert lab.executions("PS100001") == 1


def test_what_is_refused_twice_is_not_tried_a_third_time(lab: Lab) -> None:
    lab.server.add_fault(action="http", status=503, times=None, **CALL)
    result = lab.refresh("PS100001")
    assert result.only["status"] == "failed"
    assert not result.changed
    assert len(lab.calls()) == 2
    assert lab.executions("PS100001") == 0


@pytest.mark.parametrize(
    "fault",
    [
        {"action": "return_value", "value": 4},
        {
            "action": "provider_error",
            "error_code": 1112017920,
            "description": "User lacks the right",
            "object_info": "2",
        },
        {"action": "provider_error", "error_code": 1078462258, "description": "User CONTOSO\\colleague has the lock"},
        {"action": "fault", "code": 5},
    ],
)
def test_a_refusal_is_a_failure_with_its_own_words_and_no_second_call(lab: Lab, fault: dict[str, Any]) -> None:
    lab.server.add_fault(**fault, **CALL)
    result = lab.refresh("PS100001")
    row = result.only
    assert row["status"] == "failed"
    assert not result.changed
    assert lab.executions("PS100001") == 0
    assert len(lab.calls()) == 1
    if "description" in fault:
        assert fault["description"] in row["reason"]
        assert str(fault["error_code"]) in row["reason"]
        assert row["error"]["error_code"] == fault["error_code"]
    if "value" in fault:
        assert "return value 4" in row["reason"]


@pytest.mark.parametrize(
    "fault",
    [
        {"action": "cut_before", "times": 6},
        {"action": "provider_error", "times": 3},
        {"action": "fault", "code": 2150858772, "times": 6},
        {"action": "garbage", "times": 6},
    ],
)
def test_a_site_that_cannot_be_read_for_a_while_is_waited_for(lab: Lab, fault: dict[str, Any]) -> None:
    task = lab.task("PS100001")
    lab.server.add_fault(verb="Enumerate", skip=1, **fault)
    task.allow_failures((10, True))
    task.perform()
    task.close()
    assert task.targets[0].status == "refreshed"
    assert lab.executions("PS100001") == 1


def test_a_right_that_is_taken_away_meanwhile_ends_the_wait_at_once(lab: Lab) -> None:
    task = lab.task("PS100001")
    began = lab.clock.now()
    lab.server.add_fault(action="fault", code=5, verb="Enumerate", skip=1, times=None)
    task.perform()
    task.close()
    assert task.targets[0].status == "failed"
    assert "cannot be read any more" in task.targets[0].reason
    assert task.targets[0].changed
    assert lab.clock.now() - began < 30


def test_a_site_that_cannot_be_read_any_more_leaves_a_resume(lab: Lab) -> None:
    lab.server.add_fault(action="cut_before", verb="Enumerate", skip=3, times=None)
    result = lab.refresh("PS100001")
    assert result.only["status"] == "failed"
    assert result.changed
    lab.server.clear_faults()
    again = lab.refresh("PS100001", wish={"resume": lab.resume(result)})
    assert again.only["status"] == "joined"
    assert not again.changed
    assert lab.executions("PS100001") == 1


def test_a_list_that_breaks_off_is_never_taken_for_whole(make_lab: MakeLab) -> None:
    lab = make_lab("large")
    lab.server.add_fault(action="fault", code=2150858779, verb="Pull", skip=1)
    ids = sorted(lab.server.site.snapshot()["packages"])[:1200]
    result = lab.refresh(*ids, wait=False, wish={"ignore_unrefreshable": True})
    assert list(result.rows) == ids
