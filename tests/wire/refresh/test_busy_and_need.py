# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a package is refreshed: always, only if needed, and what happens while something runs on it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._provider.errors import Impossible

from .conftest import MakeLab
from .lab import Lab

BUSY = "PS100003"  # an action runs on it for a minute


@pytest.fixture
def troubled(make_lab: MakeLab) -> Lab:
    return make_lab("troubled")


def test_by_default_the_running_action_ends_first(troubled: Lab) -> None:
    result = troubled.refresh(BUSY)
    assert result.only["status"] == "refreshed"
    assert result.only["waited_for_action"] is True
    (call,) = troubled.calls()
    assert call["time"] >= 60
    assert troubled.executions(BUSY) == 1


def test_the_wait_for_a_running_action_has_an_end(troubled: Lab) -> None:
    result = troubled.refresh("PS100002", wait_timeout=120.0)
    assert result.only["status"] == "failed"
    assert "nothing was sent" in result.only["reason"]
    assert not result.changed
    assert not troubled.calls()


def test_a_busy_package_does_not_hold_up_the_others(troubled: Lab) -> None:
    result = troubled.refresh("PS100002", "PS100001", in_flight=1)
    assert {row["status"] for row in result.rows.values()} == {"refreshed"}
    first, second = troubled.calls()
    assert (first["key"], second["key"]) == ("PS100001", "PS100002")


def test_join_waits_and_sends_nothing(troubled: Lab) -> None:
    result = troubled.refresh(BUSY, when_busy="join")
    assert result.only["status"] == "joined"
    assert not result.changed
    assert not troubled.calls()
    assert troubled.clock.now() >= 60


def test_what_was_joined_to_its_end_is_not_sent_by_the_rerun(troubled: Lab) -> None:
    first = troubled.refresh(BUSY, when_busy="join")
    again = troubled.refresh(BUSY, wish={"resume": troubled.resume(first)})
    assert again.only["status"] == "joined"
    assert not again.changed
    assert not troubled.calls()


def test_what_was_not_joined_to_its_end_is_sent_by_the_rerun(troubled: Lab) -> None:
    first = troubled.refresh(BUSY, when_busy="join", wait_timeout=20.0)
    assert first.only["status"] == "failed"
    again = troubled.refresh(BUSY, wish={"resume": troubled.resume(first)})
    assert again.only["status"] == "refreshed"
    assert troubled.executions(BUSY) == 1


def test_fail_counts_for_a_rerun_of_what_was_not_sent(troubled: Lab) -> None:
    first = troubled.refresh(BUSY, wait_timeout=20.0)
    with pytest.raises(Impossible, match=f"{BUSY}.*when_busy"):
        troubled.refresh(BUSY, when_busy="fail", wish={"resume": troubled.resume(first)})
    assert not troubled.calls()


def test_skip_leaves_it_out(troubled: Lab) -> None:
    result = troubled.refresh(BUSY, "PS100001", when_busy="skip")
    assert result[BUSY]["status"] == "skipped"
    assert [call["key"] for call in troubled.calls()] == ["PS100001"]


def test_fail_sends_nothing_at_all(troubled: Lab) -> None:
    with pytest.raises(Impossible, match=f"{BUSY}.*when_busy"):
        troubled.refresh(BUSY, "PS100001", when_busy="fail")
    assert not troubled.calls()


def test_a_source_older_than_the_last_refresh_is_not_refreshed_again(lab: Lab) -> None:
    long_ago = lab.clock.utc() - timedelta(days=30)
    result = lab.refresh("PS100001", wish={"newer_than": long_ago})
    assert result.only["status"] == "skipped"
    assert "newer than" in result.only["reason"]
    assert not lab.calls()
    assert not result.changed


def test_a_newer_source_is_refreshed(lab: Lab) -> None:
    yesterday = lab.clock.utc() - timedelta(days=1)
    assert lab.refresh("PS100001", wish={"newer_than": yesterday}).only["status"] == "refreshed"


@pytest.mark.parametrize("times", ["utc", "local"])
def test_within_the_doubt_of_the_zone_it_is_refreshed(make_lab: MakeLab, times: str) -> None:
    lab = make_lab(switches={"package_times": times})
    edge = lab.clock.utc() - timedelta(days=12, minutes=30)
    assert lab.refresh("PS100001", wish={"newer_than": edge}).only["status"] == "refreshed"


def test_max_age_counts_back_from_now(lab: Lab) -> None:
    assert lab.refresh("PS100001", wish={"max_age": 20 * 86400.0}).only["status"] == "skipped"
    assert lab.refresh("PS100001", wish={"max_age": 5 * 86400.0}).only["status"] == "refreshed"
    assert lab.refresh("PS100001", wish={"max_age": 86400.0}).only["status"] == "skipped"
    assert lab.executions("PS100001") == 1


def test_a_package_that_was_never_refreshed_always_needs_it(lab: Lab) -> None:
    result = lab.refresh("PS10000F", wish={"max_age": 10 * 365 * 86400.0})
    assert result.only["status"] == "refreshed"
    assert "never" in result.only["reason"]
