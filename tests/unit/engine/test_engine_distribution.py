# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the distribution points say of a package: every branch of the verdict, and what holds of every verdict."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._cim.types import CimTime
from ansible_collections.configmgr.content.plugins.module_utils._engine.distribution import (
    Point,
    Verdict,
    Wanted,
    Watch,
    judge,
    server_of,
)
from hypothesis import given
from hypothesis import strategies as st

GOAL = 8
INSTALLED, PENDING, RETRYING, FAILED, UPDATING, MONITORING, UPDATE_FAILED = 0, 1, 2, 3, 7, 8, 9
REMOVAL = (4, 5, 6)


def point(server: str, state: int = INSTALLED, version: int = GOAL, stamp: str = "new") -> Point:
    return Point(server, "PS1", state, version, stamp)


def held(
    points: Sequence[Point], targeted: int, *, watch: Watch | None = None, now: float = 0.0, **wanted: Any
) -> Verdict:
    for name in ("required", "ignored"):
        wanted[name] = frozenset(wanted.get(name, ()))
    return judge(points, GOAL, targeted, Wanted(**wanted), watch or Watch(), now)


def outcome(verdict: Verdict) -> str:
    return "done" if verdict.done else "failed" if verdict.failed else "incomplete" if verdict.incomplete else "waiting"


@pytest.mark.parametrize(
    ("nal_path", "server"),
    [
        ('["Display=\\\\dp1.contoso.test\\"]MSWNET:["SMS_SITE=PS1"]\\\\dp1.contoso.test\\', "dp1.contoso.test"),
        ('["Display=\\\\DP9\\"]MSWNET:["SMS_SITE=PR1"]\\\\DP9\\', "DP9"),
        ('["Display=\\\\dp1.contoso.test\\SMSPKGD$\\"]MSWNET:["SMS_SITE=PS1"]\\\\dp1.contoso.test\\SMSPKGD$\\', "dp1.contoso.test"),
        ('["Display=\\\\dp1\\SMSPKGD$"]MSWNET:["SMS_SITE=PS1"]\\\\dp1\\SMSPKGD$', "dp1"),
        ('["Display=\\\\front\\"]MSWNET:["SMS_SITE=PS1"]\\\\dp1.contoso.test\\', "dp1.contoso.test"),
        ("MSWNET:\\\\dp1", "dp1"),
        ("no NAL path", "no NAL path"),
        ("", ""),
    ],
)  # fmt: skip
def test_the_server_of_a_nal_path(nal_path: str, server: str) -> None:
    assert server_of(nal_path) == server


def test_a_point_is_read_from_its_row() -> None:
    row = {
        "PackageID": "PS100001",
        "ServerNALPath": '["Display=\\\\dp1\\"]MSWNET:["SMS_SITE=PS1"]\\\\dp1\\',
        "SiteCode": "PS1",
        "SourceVersion": 8,
        "State": 2,
        "SummaryDate": CimTime(datetime(2026, 11, 20, 12)),
    }
    read = Point.from_row(row)
    assert read == Point("dp1", "PS1", 2, 8, "2026-11-20T12:00:00")
    assert read.as_result(GOAL) == {
        "name": "dp1",
        "site_code": "PS1",
        "state": "retrying",
        "source_version": 8,
        "installed": False,
    }
    blank = Point.from_row(dict.fromkeys(row))
    assert blank == Point("", "", 0, 0, "")
    assert blank.as_result(1)["installed"] is False  # state 0 with no version is not the new version


@pytest.mark.parametrize(
    ("state", "version", "installed"), [(0, 8, True), (0, 9, True), (0, 7, False), (1, 8, False), (7, 8, False)]
)
def test_a_point_has_the_version_only_with_state_0_and_the_number(state: int, version: int, installed: bool) -> None:
    one = point("dp1", state, version)
    assert one.as_result(GOAL)["installed"] is installed
    assert held([one], 1).installed == int(installed)


def test_an_unknown_state_stays_a_number() -> None:
    assert point("dp1", 77).as_result(GOAL)["state"] == "77"
    assert outcome(held([point("dp1", 77)], 1)) == "waiting"


@pytest.mark.parametrize(
    ("points", "targeted", "wanted", "expected", "reason"),
    [
        # all there
        ([point("a"), point("b")], 2, {}, "done", "2 of 2 distribution points have version 8"),
        ([point("a", version=9)], 1, {}, "done", "1 of 1"),
        # not yet
        ([point("a"), point("b", PENDING)], 2, {}, "waiting", "1 of 2 distribution points have version 8"),
        ([point("a"), point("b", version=7)], 2, {}, "waiting", "1 of 2"),
        ([point("a", UPDATING)], 1, {}, "waiting", "0 of 1"),
        # fewer rows than targeted: never success, whatever is asked
        ([point("a"), point("b")], 3, {}, "incomplete", "2 of 3 targeted distribution points are visible"),
        ([point("a")], 3, {"min_percent": 0}, "incomplete", "2 not visible to this account or not yet reported"),
        ([], 2, {"min_percent": 0}, "incomplete", "0 of 2"),
        ([point("a")], 2, {"ignored": ["b"]}, "incomplete", "1 of 2"),
        # more rows than targeted: all of them count
        ([point("a"), point("b"), point("c", PENDING)], 2, {}, "waiting", "2 of 3"),
        ([point("a"), point("b"), point("c")], 2, {}, "done", "3 of 3"),
        ([point("a"), point("b"), point("c", FAILED)], 2, {}, "failed", "1 of 3 distribution points failed"),
        # nobody is targeted
        ([], 0, {}, "done", "0 of 0"),
        ([], 0, {"required": ["a"]}, "waiting", "required distribution points lack it: a"),
        # ignored points are neither waited for nor failed, and leave the number that is targeted
        ([point("a"), point("b", FAILED)], 2, {"ignored": ["b"]}, "done", "1 of 1"),
        ([point("a"), point("B", PENDING)], 2, {"ignored": ["b"]}, "done", "1 of 1"),
        ([point("a", PENDING), point("b")], 2, {"ignored": ["b"]}, "waiting", "0 of 1"),
        ([point("b", FAILED)], 1, {"ignored": ["b"]}, "done", "0 of 0"),
        # required points
        ([point("A"), point("b", PENDING)], 2, {"required": ["a"], "min_percent": 50}, "done", "1 of 2"),
        ([point("a"), point("b", PENDING)], 2, {"required": ["b"], "min_percent": 50}, "waiting", "lack it: b"),
        ([point("a"), point("b", FAILED)], 2, {"required": ["b"], "min_percent": 50}, "failed", "required distribution points failed: b"),
        ([point("a"), point("b", FAILED)], 3, {"required": ["b"], "min_percent": 0}, "failed", "failed: b"),
        ([point("a")], 1, {"required": ["nowhere"]}, "waiting", "lack it: nowhere"),
        # a failure that may be is no failure
        ([point("a"), point("b", FAILED)], 2, {"min_percent": 50}, "done", "1 of 2"),
        ([point("a"), point("b", FAILED)], 2, {"min_percent": 51}, "failed", "1 of 2 distribution points failed"),
        ([point("a", PENDING), point("b", FAILED)], 2, {"min_percent": 50}, "waiting", "0 of 2"),
        # a failure ends it, rows missing or not
        ([point("a"), point("b", FAILED)], 3, {}, "failed", "1 of 3 distribution points failed"),
        # points under removal are out of it
        ([point("a"), point("b", 4)], 1, {}, "done", "1 of 1"),
        ([point("a"), point("b", 5)], 1, {}, "done", "1 of 1"),
        ([point("a"), point("b", 6)], 1, {}, "done", "1 of 1"),
        ([point("a"), point("b", 4)], 2, {}, "incomplete", "1 of 2"),
        ([point("a"), point("b", 6)], 1, {"required": ["b"]}, "waiting", "lack it: b"),
    ],
)  # fmt: skip
def test_the_verdict(points: list[Point], targeted: int, wanted: dict[str, Any], expected: str, reason: str) -> None:
    verdict = held(points, targeted, **wanted)
    assert outcome(verdict) == expected
    assert reason in verdict.reason
    assert verdict.targeted == targeted


@pytest.mark.parametrize(
    ("total", "installed", "percent", "done"),
    [
        (3, 2, 66.6, True),
        (3, 2, 66.7, False),
        (3, 2, 67, False),
        (10, 9, 90, True),
        (10, 8, 80.1, False),
        (200, 199, 99.5, True),
        (250, 161, 64.4, True),  # 250 * 64.4 / 100 is 161.00000000000003
        (375, 33, 8.8, True),
        (375, 32, 8.8, False),
        (5, 0, 0, True),
        (5, 0, 0.1, False),
        (5, 4, 100, False),
    ],
)
def test_the_least_share_is_rounded_up_to_whole_points(total: int, installed: int, percent: float, done: bool) -> None:
    points = [point(f"dp{n}", INSTALLED if n < installed else PENDING) for n in range(total)]
    assert held(points, total, min_percent=percent).done is done


def test_the_failing_points_are_named_and_the_removed_ones_left_out() -> None:
    verdict = held([point("a"), point("b", FAILED), point("c", 4), point("d", PENDING)], 3)
    assert [each.server for each in verdict.failing] == ["b"]
    assert [each.server for each in verdict.points] == ["a", "b", "d"]
    assert (verdict.targeted, verdict.installed) == (3, 1)


class TestFailureFromBefore:
    """A failure that stood there before the refresh says nothing about the refresh until the point reports again."""

    OLD = point("dp1", FAILED, 7, stamp="old")

    def watch(self) -> Watch:
        return Watch(before={("dp1", "PS1"): self.OLD})

    def test_it_is_waited_for(self) -> None:
        assert outcome(held([self.OLD], 1, watch=self.watch())) == "waiting"

    def test_it_counts_once_it_lasts_longer_than_a_point_may_retry(self) -> None:
        watch = self.watch()
        assert outcome(held([self.OLD], 1, watch=watch, now=100, retrying_longer_than=60)) == "waiting"
        assert outcome(held([self.OLD], 1, watch=watch, now=159, retrying_longer_than=60)) == "waiting"
        assert outcome(held([self.OLD], 1, watch=watch, now=160, retrying_longer_than=60)) == "failed"

    @pytest.mark.parametrize("again", [point("dp1", FAILED, 8, stamp="old"), point("dp1", FAILED, 7, stamp="new")])
    def test_a_new_report_of_it_is_a_failure_at_once(self, again: Point) -> None:
        assert outcome(held([again], 1, watch=self.watch())) == "failed"

    @pytest.mark.parametrize("between", [PENDING, UPDATING, INSTALLED])
    def test_it_is_a_new_failure_when_the_point_had_moved_meanwhile(self, between: int) -> None:
        watch = self.watch()
        assert outcome(held([point("dp1", between, 7, stamp="old")], 1, watch=watch)) == "waiting"
        assert outcome(held([self.OLD], 1, watch=watch)) == "failed"

    def test_it_is_over_when_the_point_has_the_version(self) -> None:
        assert outcome(held([point("dp1")], 1, watch=self.watch())) == "done"


class TestTroubleThatLasts:
    """Retrying may last two days (behaviour 73): it counts as failed after the time the task allows."""

    @pytest.mark.parametrize("state", [RETRYING, MONITORING, UPDATE_FAILED])
    def test_it_counts_from_the_first_look(self, state: int) -> None:
        watch = Watch()
        for now, expected in ((500.0, "waiting"), (599.9, "waiting"), (600.0, "failed"), (9000.0, "failed")):
            assert outcome(held([point("dp1", state)], 1, watch=watch, now=now, retrying_longer_than=100)) == expected

    def test_trouble_of_another_kind_does_not_start_the_time_anew(self) -> None:
        watch = Watch()
        held([point("dp1", RETRYING)], 1, watch=watch, now=0, retrying_longer_than=100)
        assert outcome(held([point("dp1", MONITORING)], 1, watch=watch, now=100, retrying_longer_than=100)) == "failed"

    @pytest.mark.parametrize("state", [PENDING, UPDATING, INSTALLED])
    def test_a_point_that_moves_on_starts_anew(self, state: int) -> None:
        watch = Watch()
        held([point("dp1", RETRYING)], 1, watch=watch, now=0, retrying_longer_than=100)
        held([point("dp1", state, 7)], 1, watch=watch, now=90, retrying_longer_than=100)
        assert outcome(held([point("dp1", RETRYING)], 1, watch=watch, now=150, retrying_longer_than=100)) == "waiting"
        assert outcome(held([point("dp1", RETRYING)], 1, watch=watch, now=250, retrying_longer_than=100)) == "failed"

    def test_the_points_of_two_sites_with_one_name_are_apart(self) -> None:
        watch = Watch(before={("dp1", "PS1"): point("dp1", FAILED, 7)})
        other = Point("dp1", "PS2", FAILED, 7, "new")
        verdict = held([point("dp1", FAILED, 7), other], 2, watch=watch)
        assert verdict.failing == (other,)

    def test_an_ignored_point_never_fails(self) -> None:
        watch = Watch()
        for now in (0.0, 10_000.0):
            verdict = held([point("a"), point("b", RETRYING)], 2, watch=watch, now=now, ignored=["b"])
            assert (outcome(verdict), verdict.failing) == ("done", ())


SERVERS = st.sampled_from(["dp1", "dp2", "dp3", "dp4", "DP5"])
POINTS = st.builds(
    Point, SERVERS, st.just("PS1"), st.integers(0, 10), st.integers(6, 9), st.sampled_from(["old", "new"])
)
NAMES = st.frozensets(st.sampled_from(["dp1", "dp2", "dp3", "dp4", "dp5", "dp6"]), max_size=2)
WANTED = st.builds(Wanted, NAMES, NAMES, st.floats(0, 100), st.sampled_from([0.0, 60.0]))
ROWS = st.lists(POINTS, max_size=6, unique_by=lambda each: each.server.lower())


@given(rows=ROWS, targeted=st.integers(0, 8), wanted=WANTED, before=ROWS, looks=st.integers(1, 3))
def test_what_holds_of_every_verdict(
    rows: list[Point], targeted: int, wanted: Wanted, before: list[Point], looks: int
) -> None:
    watch = Watch(before={(each.server, each.site_code): each for each in before})
    for look in range(looks):
        verdict = judge(rows, GOAL, targeted, wanted, watch, 30.0 * look)
    counted = [each for each in rows if each.state not in REMOVAL and each.server.lower() not in wanted.ignored]
    ignored = [each for each in rows if each.state not in REMOVAL and each.server.lower() in wanted.ignored]
    have = {each.server.lower() for each in counted if each.state == INSTALLED and each.version >= GOAL}
    assert not (verdict.done and verdict.failed)
    assert not (verdict.incomplete and (verdict.done or verdict.failed))
    assert verdict.targeted == targeted
    assert verdict.installed == len(have)
    assert set(verdict.points) == set(counted)
    assert set(verdict.failing) <= {each for each in counted if each.state in (2, 3, 8, 9)}
    assert verdict.reason
    if verdict.done:
        total = max(len(counted), targeted - len(ignored))
        assert verdict.installed >= total * wanted.min_percent / 100 - 1e-6
        assert len(counted) + len(ignored) >= targeted
        assert wanted.required <= have
        assert not wanted.required & {each.server.lower() for each in verdict.failing}
    if verdict.failed:
        assert verdict.failing


@given(rows=ROWS, targeted=st.integers(0, 8))
def test_everything_means_everything(rows: list[Point], targeted: int) -> None:
    verdict = judge(rows, GOAL, targeted, Wanted(), Watch(), 0.0)
    kept = [each for each in rows if each.state not in REMOVAL]
    everywhere = all(each.state == INSTALLED and each.version >= GOAL for each in kept)
    assert verdict.done == (everywhere and len(kept) >= targeted)
