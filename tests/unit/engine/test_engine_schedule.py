# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Schedules as a playbook writes them, there and back through the tokens of the SMS Provider."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from xml.etree.ElementTree import Element, fromstring, tostring

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._cim.types import EMBEDDED, UINT32, Embedded
from ansible_collections.configmgr.content.plugins.module_utils._engine.schedule import (
    DAYS,
    MOST_TOKENS,
    WEEKS,
    in_words,
    missing,
    normal,
    same,
    tokens,
)
from ansible_collections.configmgr.content.plugins.module_utils._provider.errors import Impossible
from hypothesis import given
from hypothesis import strategies as st

STARTS = st.datetimes(datetime(1970, 1, 1), datetime(2033, 12, 31)).map(lambda each: each.strftime("%Y-%m-%dT%H:%M"))
COMMON = {
    "utc": st.booleans(),
    "duration": st.fixed_dictionaries(
        {}, optional={"days": st.integers(0, 31), "hours": st.integers(0, 23), "minutes": st.integers(0, 59)}
    ),
}
DAY = st.sampled_from(list(DAYS.values()))
MONTHS = st.integers(1, 12)
SPAN = st.one_of(
    st.integers(1, 31).map(lambda number: {"days": number}),
    st.integers(1, 23).map(lambda number: {"hours": number}),
    st.integers(1, 59).map(lambda number: {"minutes": number}),
)


def schedule(recurs: str, start_needed: bool = True, optional: Any = None, **needed: Any) -> Any:
    needed = {"recurs": st.just(recurs), **({"start": STARTS} if start_needed else {}), **needed}
    return st.fixed_dictionaries(
        needed, optional={**COMMON, **({} if start_needed else {"start": STARTS}), **(optional or {})}
    )


SCHEDULES = st.one_of(
    schedule("never"),
    schedule("interval", start_needed=False, every=SPAN),
    schedule("weekly", day=DAY, optional={"every_weeks": st.integers(1, 4)}),
    schedule("monthly_by_date", day=st.integers(1, 31) | st.just("last"), optional={"every_months": MONTHS}),
    schedule(
        "monthly_by_weekday",
        day=DAY,
        week=st.sampled_from(list(WEEKS.values())),
        optional={"every_months": MONTHS, "offset_days": st.integers(0, 7)},
    ),
)


def sent_and_read(token: Embedded) -> Embedded:
    """The token after a trip through XML text."""
    holder = Element("{urn:a/SMS_ImagePackage}holder")
    EMBEDDED.write(holder, "{urn:a/SMS_ImagePackage}RefreshSchedule", token)
    return EMBEDDED.read_one(fromstring(tostring(holder))[0])


@given(st.lists(SCHEDULES, max_size=MOST_TOKENS))
def test_what_was_asked_for_reads_back_as_the_same(asked: list[dict[str, Any]]) -> None:
    wanted = normal(asked)
    found = [in_words(sent_and_read(token)) for token in tokens(wanted)]
    assert same(wanted, found)
    assert same(wanted, found[::-1])
    for before, after in zip(wanted, found, strict=True):
        assert after == {**before, "start": before["start"] or "1970-02-01T00:00:00"}


@given(SCHEDULES, SCHEDULES)
def test_two_schedules_are_the_same_only_if_they_read_alike(one: dict[str, Any], other: dict[str, Any]) -> None:
    first, second = normal([one]), normal([other])
    found = [in_words(token) for token in tokens(second)]
    alike = found[0] == first[0] or (first[0]["start"] is None and {**(found[0] or {}), "start": None} == first[0])
    assert same(first, found) == alike
    assert not same(first, [*found, *found])
    assert not same([*first, *first], found)
    assert not same([], found)


def test_an_interval_with_any_start_leaves_the_one_that_another_needs() -> None:
    """However the site sorts them."""
    daily: dict[str, Any] = {"recurs": "interval", "every": {"days": 1}}
    found = normal([{**daily, "start": "2026-11-20T22:00"}, {**daily, "start": "2026-11-21T22:00"}])
    asked = normal([daily, {**daily, "start": "2026-11-20T22:00"}])
    assert same(asked, found)
    assert same(asked, found[::-1])
    assert missing(asked, found[:1]) == [asked[0]]


def test_each_token_carries_every_number_of_its_class() -> None:
    (token,) = tokens(normal([{"recurs": "interval", "every": {"days": 7}}]))
    assert token.class_name == "SMS_ST_RecurInterval"
    assert sorted(token.names()) == [
        "DayDuration", "DaySpan", "HourDuration", "HourSpan", "IsGMT", "MinuteDuration", "MinuteSpan", "StartTime",
    ]  # fmt: skip
    assert token.guess("StartTime") == "19700201000000.000000+***"


def test_days_after_the_weekday_take_the_class_that_has_them() -> None:
    asked = {"recurs": "monthly_by_weekday", "week": "second", "day": "tuesday", "start": "2026-11-20T22:00"}
    (plain,) = tokens(normal([asked]))
    (after,) = tokens(normal([{**asked, "offset_days": 3}]))
    assert (plain.class_name, plain.names().count("OffsetDay")) == ("SMS_ST_RecurMonthlyByWeekday", 0)
    assert (after.class_name, after.value("OffsetDay", UINT32)) == ("SMS_ST_RecurMonthlyByWeekdayBase", 3)


def test_days_of_a_duration_that_an_older_tool_wrote_as_hours() -> None:
    (wanted,) = normal([{"recurs": "never", "start": "2026-11-20T22:00", "duration": {"days": 1, "hours": 2}}])
    old = Embedded.of(
        "SMS_ST_NonRecurring",
        {
            "HourDuration": (UINT32, 26),
            "DayDuration": (UINT32, 0),
            "MinuteDuration": (UINT32, 0),
        },
    )
    assert in_words(old)["duration"] == wanted["duration"]  # type: ignore[index]


WEEKLY = {"recurs": "weekly", "day": "monday", "start": "2026-11-20T22:00"}
ENTRY = "refresh_schedule, entry 1: "


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"recurs": "yearly"}, "recurs is never, interval, weekly, monthly_by_date, monthly_by_weekday, not 'yearly'"),
        ({"recurs": "interval"}, "every takes exactly one of days, hours and minutes"),
        ({"recurs": "interval", "every": {"days": 1, "hours": 2}}, "every takes exactly one of days, hours and minutes"),
        ({"recurs": "interval", "every": {"days": 32}}, "days is 1 to 31, not 32"),
        ({"recurs": "weekly", "day": "monday"}, "start is missing"),
        ({**WEEKLY, "day": None}, "day is missing"),
        ({**WEEKLY, "day": "moonday"}, "day is sunday, monday, tuesday, wednesday, thursday, friday or saturday, not 'moonday'"),
        ({**WEEKLY, "day": 2}, "day is sunday, monday, tuesday, wednesday, thursday, friday or saturday, not 2"),
        ({**WEEKLY, "every_weeks": 5}, "every_weeks is 1 to 4, not 5"),
        ({**WEEKLY, "week": "first"}, "week does not go with recurs: weekly"),
        ({**WEEKLY, "start": "2026-11-20T22:00:30"}, "is not a minute of the years 1970 to 2033 without a zone"),
        ({**WEEKLY, "start": "2026-11-20T22:00+01:00"}, "is not a minute of the years 1970 to 2033 without a zone"),
        ({**WEEKLY, "start": "2034-01-01T00:00"}, "is not a minute of the years 1970 to 2033 without a zone"),
        ({**WEEKLY, "start": "tomorrow"}, "is not a minute of the years 1970 to 2033 without a zone"),
        ({**WEEKLY, "duration": {"hours": 24}}, "hours is 0 to 23, not 24"),
        ({**WEEKLY, "recurs": "monthly_by_date", "day": 0}, "day is 1 to 31 or last, not 0"),
        ({**WEEKLY, "recurs": "monthly_by_date", "day": 32}, "day is 1 to 31 or last, not 32"),
        ({**WEEKLY, "recurs": "monthly_by_weekday", "week": "fifth"}, "week is last, first, second, third or fourth, not 'fifth'"),
        ({**WEEKLY, "recurs": "monthly_by_weekday", "week": "last", "offset_days": 8}, "offset_days is 1 to 7, not 8"),
    ],
)  # fmt: skip
def test_what_cannot_be_said_is_refused_with_the_way_out(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(Impossible) as refused:
        normal([asked])
    assert str(refused.value).startswith(ENTRY)
    assert message in str(refused.value)


def test_more_tokens_than_the_site_takes() -> None:
    with pytest.raises(Impossible, match="refresh_schedule has 16 schedules"):
        normal([WEEKLY] * 16)
