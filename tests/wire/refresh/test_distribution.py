# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for the distribution points, each against the version that the refresh brought about."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._engine.distribution import Wanted

from .conftest import MakeLab
from .lab import Lab, Result


@pytest.fixture
def troubled(make_lab: MakeLab) -> Lab:
    return make_lab("troubled")


def distributed(lab: Lab, package_id: str, **options: Any) -> Result:
    options.setdefault("wait_timeout", 14400.0)
    return lab.refresh(package_id, wait_for="distributed", **options)


def test_every_targeted_point_has_the_new_version(lab: Lab) -> None:
    row = distributed(lab, "PS100001").only
    assert row["status"] == "refreshed"
    points = row["distribution_points"]
    assert (points["targeted"], points["installed"], points["failed"]) == (3, 3, 0)
    assert {point["source_version"] for point in points["rows"]} == {row["source_version"]["after"]}


def test_yesterdays_installed_does_not_pass_for_todays(lab: Lab) -> None:
    result = distributed(lab, "PS100001", wait_interval=1.0)
    state = lab.server.site.snapshot()["packages"]["PS100001"]
    assert result.only["status"] == "refreshed"
    assert all(point["version"] == state["source_version"] for point in state["distribution_points"].values())


def test_a_pull_distribution_point_counts_like_any_other(lab: Lab) -> None:
    assert distributed(lab, "PS100013").only["status"] == "refreshed"


def test_a_failing_point_ends_the_wait_and_is_named(troubled: Lab) -> None:
    row = distributed(troubled, "PS10000A").only
    assert row["status"] == "failed"
    assert "failing.contoso.test" in row["reason"]
    assert [point["name"] for point in row["distribution_points"]["rows"] if not point["installed"]] == [
        "failing.contoso.test"
    ]


def test_a_failing_point_may_be_ignored(troubled: Lab) -> None:
    row = distributed(troubled, "PS10000A", wanted=Wanted(ignored=frozenset({"failing.contoso.test"}))).only
    assert row["status"] == "refreshed", row["reason"]


def test_a_share_of_the_points_may_be_enough(troubled: Lab) -> None:
    assert distributed(troubled, "PS10000A", wanted=Wanted(min_percent=50.0)).only["status"] == "refreshed"


def test_a_required_point_has_to_have_it(troubled: Lab) -> None:
    wanted = Wanted(required=frozenset({"failing.contoso.test"}), min_percent=50.0)
    assert distributed(troubled, "PS10000A", wanted=wanted).only["status"] == "failed"


def test_a_point_that_recovers_is_waited_for(troubled: Lab) -> None:
    assert distributed(troubled, "PS10000D").only["status"] == "refreshed"


def test_a_point_that_retries_too_long_counts_as_failed(troubled: Lab) -> None:
    before = troubled.clock.now()
    row = distributed(troubled, "PS100011", wanted=Wanted(retrying_longer_than=1800.0)).only
    assert row["status"] == "failed"
    assert 1800 <= troubled.clock.now() - before < 14400


def test_an_old_failure_is_not_taken_for_a_new_one(troubled: Lab) -> None:
    row = distributed(troubled, "PS10000E").only
    assert row["status"] == "refreshed", row["reason"]


def test_no_targets_is_said(lab: Lab) -> None:
    result = distributed(lab, "PS10000F")
    assert result.only["status"] == "refreshed"
    assert any("no distribution point is targeted" in text for text in lab.warnings)


@pytest.mark.parametrize(("package_id", "path"), [("PS100005", "No access"), ("PS100006", "Deleted")])
def test_a_source_that_cannot_be_read_ends_the_wait_at_once_with_the_path(
    troubled: Lab, package_id: str, path: str
) -> None:
    before = troubled.clock.now()
    row = troubled.refresh(package_id).only
    assert row["status"] == "failed"
    assert rf"\\files01.contoso.test\sources$\{path}" in row["reason"]
    assert troubled.clock.now() - before < 300


def test_an_old_message_about_the_source_is_not_taken_for_a_new_one(troubled: Lab) -> None:
    troubled.refresh("PS100005")
    troubled.server.site.world.sources[r"\\files01.contoso.test\sources$\no access"].problem = 0  # somebody gave access
    assert troubled.refresh("PS100005").only["status"] == "refreshed"


def start(lab: Lab, package_id: str) -> None:
    """Somebody else refreshes it."""
    site = lab.site()
    site.call("SMS_Package", "RefreshPkgSource", {"PackageID": package_id})
    site.close()


def test_an_action_that_cannot_read_the_source_is_no_success_for_who_joins_it(troubled: Lab) -> None:
    start(troubled, "PS100005")
    result = troubled.refresh("PS100005", when_busy="join")
    assert result.only["status"] == "failed"
    assert r"\files01.contoso.test\sources$\No access" in result.only["reason"]
    assert troubled.executions("PS100005") == 1


@pytest.mark.parametrize("beside", [(), ("PS100001",)])
def test_a_message_about_the_action_before_is_not_taken_for_one_about_ours(
    troubled: Lab, beside: tuple[str, ...]
) -> None:
    start(troubled, "PS100005")
    world = troubled.server.site.world
    source = world.sources[r"\\files01.contoso.test\sources$\no access"]
    world.at(world.now + 4.0, lambda: setattr(source, "problem", 0))  # once that action has failed
    result = troubled.refresh("PS100005", *beside, wait_for="distributed", wait_timeout=3600.0, wait_interval=5.0)
    assert result["PS100005"]["waited_for_action"] is True
    assert troubled.executions("PS100005") == 2
    assert result["PS100005"]["status"] == "refreshed", result["PS100005"]["reason"]


def test_a_rerun_finds_out_that_the_source_could_not_be_read(troubled: Lab) -> None:
    first = troubled.refresh("PS100005", wait=False)
    troubled.clock.sleep(60.0)
    before = troubled.clock.now()
    again = troubled.refresh("PS100005", wish={"resume": troubled.resume(first)})
    assert again.only["status"] == "failed"
    assert r"\files01.contoso.test\sources$\No access" in again.only["reason"]
    assert troubled.clock.now() - before < 60
    assert troubled.executions("PS100005") == 1


def test_a_point_that_the_account_cannot_see_is_never_success(make_lab: MakeLab) -> None:
    lab = make_lab("troubled")
    limited = next(account for account in lab.server.accounts if account.user == "limited")
    site = lab.site(username=limited.principal, password=limited.password)
    row = distributed(lab, "PS100008", site=site, wait_timeout=600.0).only
    assert row["status"] == "failed"
    assert "not visible to this account or not yet reported" in row["reason"]


def test_a_round_of_waiting_costs_at_most_three_queries(lab: Lab) -> None:
    lab.refresh("PS100001", "PS100002", "PS100003", wait_for="distributed", wait_timeout=14400.0)
    rounds: dict[float, int] = {}
    for entry in lab.server.journal:
        if entry["verb"] == "Enumerate" and entry["time"] > 0:
            rounds[entry["time"]] = rounds.get(entry["time"], 0) + 1
    assert rounds
    assert max(rounds.values()) <= 3
