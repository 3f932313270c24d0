# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When schedules come round, and what a scheduled refresh does (behaviour 21, 47 to 49)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from smsprovsim.model import CimDateTime, Embedded
from smsprovsim.recurrence import next_of, next_time

if TYPE_CHECKING:
    from .conftest import Desk


def token(class_name: str, start: str, **values: Any) -> Embedded:
    return Embedded(f"SMS_ST_{class_name}", {"StartTime": CimDateTime(f"{start}00.000000+***"), **values})


def moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y%m%d%H%M")


# Due times counted by hand, with a calendar of 2026: 1 March is a Sunday.
@pytest.mark.parametrize(
    ("schedule", "after", "due"),
    [
        (token("NonRecurring", "202603051200"), "202603021200", "202603051200"),
        (token("NonRecurring", "202603051200"), "202603051200", None),
        (token("RecurInterval", "202603010000", DaySpan=3), "202603070100", "202603100000"),
        (token("RecurInterval", "202603010000", HourSpan=7), "202603010700", "202603011400"),
        (token("RecurInterval", "202604010000", MinuteSpan=15), "202603010700", "202604010000"),
        (token("RecurInterval", "202603010000"), "202603010700", None),
        (token("RecurWeekly", "202603030800", Day=2, ForNumberOfWeeks=1), "202603030800", "202603090800"),
        (token("RecurWeekly", "202603030800", Day=3, ForNumberOfWeeks=2), "202603030800", "202603170800"),
        (token("RecurWeekly", "202603030800", Day=1, ForNumberOfWeeks=1), "202603020000", "202603080800"),
        (token("RecurMonthlyByDate", "202601150200", MonthDay=31, ForNumberOfMonths=1), "202601310200", "202603310200"),
        (token("RecurMonthlyByDate", "202601150200", MonthDay=0, ForNumberOfMonths=1), "202601310200", "202602280200"),
        (token("RecurMonthlyByDate", "202601150200", MonthDay=10, ForNumberOfMonths=3), "202601010000", "202604100200"),
        (
            token("RecurMonthlyByWeekday", "202601010300", Day=3, WeekOrder=2, ForNumberOfMonths=1),
            "202603100300",
            "202604140300",
        ),
        (
            token("RecurMonthlyByWeekday", "202601010300", Day=6, WeekOrder=0, ForNumberOfMonths=1),
            "202603010000",
            "202603270300",
        ),
        (
            token("RecurMonthlyByWeekdayBase", "202601010300", Day=3, WeekOrder=2, ForNumberOfMonths=1, OffsetDay=2),
            "202603100300",
            "202603120300",
        ),
    ],
)
def test_the_next_time(schedule: Embedded, after: str, due: str | None) -> None:
    assert next_of(schedule, moment(after)) == (None if due is None else moment(due))


def test_the_earliest_of_several_counts_in_the_time_that_each_is_in() -> None:
    """01:00 at a site an hour east of Greenwich comes before 01:00 in Greenwich."""
    local = token("RecurInterval", "202603010100", DaySpan=1)
    greenwich = token("RecurInterval", "202603010100", DaySpan=1, IsGMT=True)
    assert next_time([greenwich, local], moment("202603052330"), 60) == moment("202603060000")
    assert next_time([greenwich], moment("202603052330"), 60) == moment("202603060100")
    assert next_time([], moment("202603052330"), 60) is None


DAILY = [Embedded("SMS_ST_RecurInterval", {"DaySpan": 1, "StartTime": CimDateTime("20260301230000.000000+***")})]
SOURCE = "\\\\files01.contoso.test\\packages$\\7zip"


@pytest.fixture
def scheduled(small: Desk) -> Desk:
    """A package that the site looks at each day at 23:00, which is 22:00 UTC; it is 08:00 UTC now."""
    small.put("PS100001", RefreshSchedule=DAILY, PkgSourcePath=SOURCE)
    small.advance(3600)
    return small


def test_a_scheduled_refresh_without_a_new_source_does_nothing(scheduled: Desk) -> None:
    """behaviour 48"""
    before = scheduled.package("PS100001")
    scheduled.advance(3 * 86_400)
    assert scheduled.package("PS100001") == before


def test_a_scheduled_refresh_takes_a_source_that_changed(scheduled: Desk) -> None:
    before = scheduled.package("PS100001")["SourceVersion"]
    scheduled.change(source=SOURCE)
    scheduled.advance(12 * 3600)
    assert scheduled.package("PS100001")["SourceVersion"] == before
    scheduled.advance(2 * 3600)
    assert scheduled.package("PS100001")["SourceVersion"] == before + 1
    scheduled.advance(2 * 86_400)
    assert scheduled.package("PS100001")["SourceVersion"] == before + 1
    scheduled.change(source=SOURCE)
    scheduled.advance(86_400)
    assert scheduled.package("PS100001")["SourceVersion"] == before + 2
    assert scheduled.executions("RefreshPkgSource") == {}


@pytest.mark.parametrize("tokens", [None, []])
def test_a_schedule_that_was_taken_away_is_not_at_work(scheduled: Desk, tokens: Any) -> None:
    before = scheduled.package("PS100001")["SourceVersion"]
    scheduled.put("PS100001", RefreshSchedule=tokens)
    scheduled.change(source=SOURCE)
    scheduled.advance(3 * 86_400)
    assert scheduled.package("PS100001")["SourceVersion"] == before


def test_a_source_that_a_refresh_has_taken_is_not_new_to_the_schedule(scheduled: Desk) -> None:
    scheduled.change(source=SOURCE)
    scheduled.refresh("PS100001")
    scheduled.advance(3600)
    before = scheduled.package("PS100001")["SourceVersion"]
    scheduled.advance(2 * 86_400)
    assert scheduled.package("PS100001")["SourceVersion"] == before


def test_the_schedules_of_a_scenario_are_at_work(small: Desk) -> None:
    path = small.package("PS100011")["PkgSourcePath"]
    before = small.package("PS100011")["SourceVersion"]
    small.change(source=path)
    small.advance(86_400)
    assert small.package("PS100011")["SourceVersion"] == before + 1
