# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a package needs a refresh: never skipped unless its last refresh is newer under every reading of the site's time."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._cim.types import CimTime
from ansible_collections.configmgr.content.plugins.module_utils._engine.need import (
    WIDEST_ZONE,
    is_never,
    moments,
    need,
    zone_of,
)
from fake_site import package
from hypothesis import given
from hypothesis import strategies as st

WALLS = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1))
OFFSETS = st.integers(*WIDEST_ZONE)
ZONES = st.tuples(OFFSETS, OFFSETS).map(lambda pair: (min(pair), max(pair)))
# No zone, and a Z that nobody vouches for (wire T-09).
UNPROVEN = st.sampled_from([None, 0])
BERLIN = (60, 120)


def utc(*parts: int) -> datetime:
    return datetime(*parts).replace(tzinfo=timezone.utc)  # type: ignore[arg-type]


def zone_text(bias: int, daylight: int, *, shown: str = "0000 000A 0000 0005") -> str:
    """A TIME_ZONE_INFORMATION as hexadecimal groups; biases are minutes west."""
    return f"{bias & 0xFFFFFFFF:08X} {shown} {daylight & 0xFFFFFFFF:08X}"


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("FFFFFFC4 0000 000A 0000 0005 0003 00000000 0000 0003 FFFFFFC4", (60, 120)),  # Berlin
        ("000001E0 0000 000B 0000 0001 0002 00000000 0000 0003 FFFFFFC4", (-480, -420)),  # Los Angeles
        ("00000000 0000 0000 00000000 0000 00000000", (0, 0)),  # UTC
        ("ffffffc4 00000000 ffffffc4", (60, 120)),
        ("  00000000 FFFFFFC4\n", (0, 60)),
        ("FFFFFEB6 00000000", (330, 330)),  # Delhi
    ],
)
def test_the_zone_of_a_site_is_read_from_its_time_zone_information(text: str, zone: tuple[int, int]) -> None:
    assert zone_of(text) == zone


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "W. Europe Standard Time",
        "FFFFFFC4",
        "60 0 -60",
        "FFFFFFC4-FFFFFFC4",
        zone_text(-15 * 60, 0),  # further east than anybody lives
        zone_text(13 * 60, 0),
        zone_text(12 * 60, 60),
        zone_text(0x7FFFFFFF, 0),
    ],
)
def test_a_zone_that_cannot_be_read_may_be_any(text: str | None) -> None:
    assert zone_of(text) == WIDEST_ZONE


@given(st.text(alphabet="0123456789ABCDEFfg \n-", max_size=60))
def test_a_zone_is_always_a_range_on_earth(text: str) -> None:
    low, high = zone_of(text)
    assert WIDEST_ZONE[0] <= low <= high <= WIDEST_ZONE[1]


@given(st.integers(-11 * 60, 13 * 60), st.sampled_from([0, 30, 60]))
def test_a_zone_comes_back_from_its_own_text(east: int, daylight: int) -> None:
    assert zone_of(zone_text(-east, -daylight)) == (east, east + daylight)


@given(WALLS, OFFSETS.filter(bool), ZONES)
def test_a_time_with_an_offset_is_one_moment_whatever_the_zone(
    wall: datetime, offset: int, zone: tuple[int, int]
) -> None:
    told = wall.replace(tzinfo=timezone(timedelta(minutes=offset)))
    assert moments(CimTime(wall, offset), zone) == (told, told)


@pytest.mark.parametrize("wall", [datetime.min, datetime.max])
@pytest.mark.parametrize("offset", [None, 0, 120, -120])
def test_a_time_at_the_end_of_the_calendar_is_one_moment_all_the_same(wall: datetime, offset: int | None) -> None:
    earliest, latest = moments(CimTime(wall, offset), WIDEST_ZONE)
    assert earliest <= latest
    assert abs(earliest.replace(tzinfo=None) - wall) <= timedelta(days=1)


@given(WALLS, UNPROVEN, ZONES)
def test_a_time_without_offset_covers_utc_and_the_whole_zone(
    wall: datetime, offset: int | None, zone: tuple[int, int]
) -> None:
    earliest, latest = moments(CimTime(wall, offset), zone)
    for minutes in (0, *zone):
        assert earliest <= wall.replace(tzinfo=timezone(timedelta(minutes=minutes))) <= latest
    assert latest - earliest == timedelta(minutes=max(0, *zone) - min(0, *zone))


@pytest.mark.parametrize(
    ("time", "zone", "earliest", "latest"),
    [
        (CimTime(datetime(2026, 11, 20, 12)), BERLIN, utc(2026, 11, 20, 10), utc(2026, 11, 20, 12)),
        (CimTime(datetime(2026, 11, 20, 12), 0), BERLIN, utc(2026, 11, 20, 10), utc(2026, 11, 20, 12)),
        (CimTime(datetime(2026, 11, 20, 12), 60), BERLIN, utc(2026, 11, 20, 11), utc(2026, 11, 20, 11)),
        (CimTime(datetime(2026, 11, 20, 12)), (-480, -420), utc(2026, 11, 20, 12), utc(2026, 11, 20, 20)),
        (CimTime(datetime(2026, 11, 20, 12)), (0, 0), utc(2026, 11, 20, 12), utc(2026, 11, 20, 12)),
    ],
)
def test_the_moments_a_site_time_can_mean(
    time: CimTime, zone: tuple[int, int], earliest: datetime, latest: datetime
) -> None:
    assert moments(time, zone) == (earliest, latest)


@pytest.mark.parametrize(
    ("time", "never"),
    [
        (None, True),
        (CimTime(datetime(1970, 4, 10, 6, 35)), True),  # a fresh package (behaviour 22)
        (CimTime(datetime(1980, 1, 1)), True),
        (CimTime(datetime(1989, 12, 31, 23, 59, 59)), True),
        (CimTime(datetime(1990, 1, 1)), False),
        (CimTime(datetime(2026, 11, 20)), False),
    ],
)
def test_a_date_before_1990_means_never(time: CimTime | None, never: bool) -> None:
    assert is_never(time) is never


def test_without_a_limit_a_refresh_is_always_needed() -> None:
    decision = need(package(), None, BERLIN)
    assert (decision.needed, decision.reason) == (True, "asked for")


@pytest.mark.parametrize(
    ("more", "limit", "needed", "reason"),
    [
        ({"LastRefreshTime": None}, utc(2026, 1, 1), True, "never refreshed"),
        ({"LastRefreshTime": CimTime(datetime(1970, 4, 10, 6, 35))}, utc(1960, 1, 1), True, "never refreshed"),
        ({}, utc(2026, 11, 20), True, "(2026-11-19T20:00:00) is older than 2026-11-20T00:00:00+00:00"),
        ({}, utc(2026, 11, 19, 20), True, "is older than"),  # the same moment is not newer
        ({}, utc(2026, 11, 19, 19, 30), True, "a time without zone) may be older than"),
        ({}, utc(2026, 11, 19, 18), True, "may be older than"),  # it was 18:00 if that is summer time
        ({}, utc(2026, 11, 19, 17, 59), False, "is newer than 2026-11-19T17:59:00+00:00, and it ended well"),
        ({"ActionInProgress": 1}, utc(2026, 11, 1), True, "ActionInProgress is not 0"),
        ({"StoredPkgVersion": 6}, utc(2026, 11, 1), True, "StoredPkgVersion 6, SourceVersion 7"),
        (
            {"LastRefreshTime": CimTime(datetime(2026, 11, 19, 20), 60)},
            utc(2026, 11, 19, 18, 59),
            False,
            "(2026-11-19T20:00:00+01:00) is newer",
        ),
        ({"LastRefreshTime": CimTime(datetime(2026, 11, 19, 20), 60)}, utc(2026, 11, 19, 19), True, "is older than"),
    ],
)
def test_when_a_refresh_is_needed(more: dict[str, Any], limit: datetime, needed: bool, reason: str) -> None:
    decision = need(package(**more), limit, BERLIN)
    assert decision.needed is needed
    assert reason in decision.reason


@given(
    wall=WALLS,
    offset=st.one_of(UNPROVEN, OFFSETS),
    zone=ZONES,
    distance=st.integers(-40 * 60, 40 * 60),
    action=st.sampled_from([0, 0, 1, 2]),
    stored=st.sampled_from([7, 7, 6]),
)
def test_nothing_is_skipped_unless_it_is_newer_under_every_reading(
    wall: datetime, offset: int | None, zone: tuple[int, int], distance: int, action: int, stored: int
) -> None:
    limit = wall.replace(tzinfo=timezone.utc) + timedelta(minutes=distance)
    state = package(LastRefreshTime=CimTime(wall, offset), ActionInProgress=action, StoredPkgVersion=stored)
    readings = [offset] if offset else [0, *zone]
    newer = all(wall.replace(tzinfo=timezone(timedelta(minutes=minutes))) > limit for minutes in readings)
    ended_well = action == 0 and stored == state.source_version
    assert need(state, limit, zone).needed is not (newer and ended_well)


@given(st.datetimes(datetime(1601, 1, 1), datetime(1989, 12, 31)), WALLS)
def test_what_was_never_refreshed_is_always_needed(wall: datetime, limit: datetime) -> None:
    state = package(LastRefreshTime=CimTime(wall, 60))
    assert need(state, limit.replace(tzinfo=timezone.utc) - timedelta(days=200_000), (0, 0)).needed
