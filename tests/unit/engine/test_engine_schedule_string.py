# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interval strings: the published ones, and every schedule that can be said there and back."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._engine import schedule
from ansible_collections.configmgr.content.plugins.module_utils._engine.schedule_string import decoded, encoded
from hypothesis import given
from hypothesis import strategies as st

# Strings that are published together with what they say.
PUBLISHED = [
    ("0001200000100038", {"recurs": "interval", "every": {"days": 7}, "start": "1970-02-01T00:00:00"}),
    ("0001200000100700", {"recurs": "interval", "every": {"hours": 7}, "start": "1970-02-01T00:00:00"}),
    ("0001200000164000", {"recurs": "interval", "every": {"minutes": 50}, "start": "1970-02-01T00:00:00"}),
    ("0001200000080000", {"recurs": "never", "start": "1970-02-01T00:00:00"}),
    ("0001200000880000", {"recurs": "never", "start": "1970-02-01T00:00:00", "duration": (2, 0, 0)}),
    (
        "00012CC008194000",
        {
            "recurs": "weekly",
            "every_weeks": 2,
            "day": "sunday",
            "start": "2021-02-01T00:00:00",
            "duration": (0, 1, 0),
        },
    ),
    (
        "00012CC008232400",
        {
            "recurs": "monthly_by_weekday",
            "every_months": 2,
            "week": "second",
            "day": "tuesday",
            "start": "2021-02-01T00:00:00",
            "duration": (0, 1, 0),
        },
    ),
    (
        "DA159CC000280400",
        {"recurs": "monthly_by_date", "every_months": 1, "day": "last", "start": "2021-09-21T16:54:00"},
    ),
    (
        "1033BC7B10100010",
        {"recurs": "interval", "every": {"days": 2}, "start": "2019-11-19T01:04:00", "duration": (0, 2, 59)},
    ),
]


def words(told: dict[str, Any]) -> dict[str, Any]:
    """The form of `schedule.in_words`."""
    found: dict[str, Any] = {**told, "utc": told.get("utc", False)}
    if "duration" in told:
        found["duration"] = dict(zip(("days", "hours", "minutes"), told["duration"], strict=True))
    return found


@pytest.mark.parametrize(("text", "told"), PUBLISHED, ids=[text for text, _told in PUBLISHED])
def test_published_strings_are_read_and_written(text: str, told: dict[str, Any]) -> None:
    assert decoded(text) == [words(told)]
    assert encoded([words(told)]) == text


def test_several_tokens_stand_one_behind_the_other() -> None:
    text = "791378800008000055147880001B200055177880001E2000"
    found = decoded(text)
    assert found is not None
    assert [each["recurs"] for each in found] == ["never", "weekly", "weekly"]
    assert [each["start"] for each in found] == ["2004-07-19T08:30:00", "2004-07-20T08:21:00", "2004-07-23T08:21:00"]
    assert [each.get("day") for each in found] == [None, "tuesday", "friday"]
    assert encoded(found) == text


@pytest.mark.parametrize("text", ["x", "00012000001000", "0001200000400000", "0000000000080000", "0001200000100038 "])
def test_what_is_no_schedule_is_none(text: str) -> None:
    assert decoded(text) is None


def test_no_text_is_no_schedule() -> None:
    assert decoded("") == decoded(None) == []


ASKED = st.fixed_dictionaries(
    {
        "start": st.datetimes(min_value=schedule.datetime(1970, 1, 1), max_value=schedule.datetime(2033, 12, 31)).map(
            lambda each: each.replace(second=0, microsecond=0).isoformat()
        ),
        "utc": st.booleans(),
        "duration": st.fixed_dictionaries(
            {"days": st.integers(0, 31), "hours": st.integers(0, 23), "minutes": st.integers(0, 59)}
        ),
    }
).flatmap(
    lambda base: st.one_of(
        st.just({"recurs": "never"}),
        st.one_of(
            *(
                st.integers(each.low, each.high).map(
                    lambda number, name=each.option: {"recurs": "interval", "every": {name: number}}
                )
                for each in schedule.SPANS
            )
        ),
        st.builds(
            lambda weeks, day: {"recurs": "weekly", "every_weeks": weeks, "day": day},
            st.integers(1, 4),
            st.sampled_from(sorted(schedule.DAYS.values())),
        ),
        st.builds(
            lambda months, day: {"recurs": "monthly_by_date", "every_months": months, "day": day},
            st.integers(1, 12),
            st.one_of(st.just("last"), st.integers(1, 31)),
        ),
        st.builds(
            lambda months, week, day, offset: {
                "recurs": "monthly_by_weekday",
                "every_months": months,
                "week": week,
                "day": day,
                "offset_days": offset,
            },
            st.integers(1, 12),
            st.sampled_from(sorted(schedule.WEEKS.values())),
            st.sampled_from(sorted(schedule.DAYS.values())),
            st.integers(0, 7),
        ),
    ).map(lambda kind: {**base, **kind})
)


@given(st.lists(ASKED, min_size=1, max_size=schedule.MOST_TOKENS))
def test_every_schedule_goes_there_and_back(asked: list[dict[str, Any]]) -> None:
    wanted = schedule.normal(asked)
    text = encoded(wanted)
    assert len(text) == 16 * len(asked)
    found = decoded(text)
    assert found is not None
    assert schedule.same(wanted, found)
    assert encoded(found) == text


@given(st.lists(ASKED, min_size=1, max_size=3))
def test_the_simulated_site_reads_the_same(asked: list[dict[str, Any]]) -> None:
    """A second reader of the layout, which shares nothing with the first."""
    from smsprovsim import interval_strings

    wanted = schedule.normal(asked)
    tokens = interval_strings.decode(encoded(wanted))
    assert [each.class_name for each in tokens] == [each.class_name for each in schedule.tokens(wanted)]
    for read, said in zip(tokens, schedule.tokens(wanted), strict=True):
        for name in said.names():
            if name == "StartTime":
                assert read.values[name].text[:12] == said.guess(name)[:12]
            else:
                value = read.values[name]
                assert said.guess(name) == (str(value).lower() if isinstance(value, bool) else str(value)), name
