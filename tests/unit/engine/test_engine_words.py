# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values in the field's words: flags, dates, bytes, schedules, and numbers that nobody knows."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._cim.types import (
    BOOLEAN,
    DATETIME,
    EMBEDDED,
    STRING,
    UINT8,
    UINT32,
    CimInterval,
    CimTime,
    Embedded,
    array_of,
)
from ansible_collections.configmgr.content.plugins.module_utils._content.boot_image import BOOT_IMAGE
from ansible_collections.configmgr.content.plugins.module_utils._content.package import PACKAGE, PACKAGE_FLAGS
from ansible_collections.configmgr.content.plugins.module_utils._engine.resource import Property
from ansible_collections.configmgr.content.plugins.module_utils._engine.words import embedded, flags, in_words, plain
from hypothesis import given
from hypothesis import strategies as st

START = CimTime(datetime(2026, 11, 20, 18, 0))


def declared(wmi: str) -> Property:
    found = PACKAGE.property_named(wmi) or BOOT_IMAGE.property_named(wmi)
    assert found
    return found


@pytest.mark.parametrize(
    ("wmi", "value", "words"),
    [
        ("Name", "Tools", "Tools"),
        ("Name", None, None),
        ("ActionInProgress", 1, "update"),
        ("ActionInProgress", 9, 9),  # an unknown number stays a number
        ("ActionInProgress", None, None),
        ("PackageType", 258, "boot_image"),
        ("PackageType", 6, "device_setting_package"),
        ("PackageType", 4711, 4711),
        ("PkgSourceFlag", 2, "direct"),
        ("Priority", 2, "normal"),
        ("Architecture", "9", "x64"),
        ("Architecture", "5", "5"),
        ("SourceVersion", 7, 7),
        ("LastRefreshTime", CimTime(datetime(2026, 11, 19, 20)), "2026-11-19T20:00:00"),
        ("LastRefreshTime", CimTime(datetime(2026, 11, 19, 20), 60), "2026-11-19T20:00:00+01:00"),
        ("LastRefreshTime", CimTime(datetime(1970, 4, 10, 6, 35)), None),  # never (behaviour 22)
        ("TransformAnalysisDate", CimTime(datetime(1980, 1, 1)), None),
        ("LastRefreshTime", None, None),
        ("SecuredScopeNames", ["Default"], ["Default"]),
        ("SecuredScopeNames", [], []),
        ("Icon", [0, 1, 254, 255], "AAH+/w=="),
        ("Icon", [], ""),
        ("Icon", None, ""),
        ("OptionalComponents", [27, 50], [27, 50]),
        ("ForcedDisconnectEnabled", False, False),
    ],
)
def test_a_value_in_words(wmi: str, value: Any, words: Any) -> None:
    assert in_words(declared(wmi), value) == words


def test_a_date_before_1990_that_may_be_one_is_shown() -> None:
    assert in_words(Property("start", "StartTime", DATETIME), CimTime(datetime(1970, 2, 1))) == "1970-02-01T00:00:00"


def test_flags_name_the_bits_and_keep_the_unknown_ones() -> None:
    assert in_words(declared("PkgFlags"), 0x01000480 | 0x00000002) == {
        "value": 0x01000482,
        "set": ["package_share", "deploy_from_pxe", "prestaged_manual_copy"],
        "unknown_bits": ["0x00000002"],
    }
    assert in_words(declared("PkgFlags"), 0) == {"value": 0, "set": [], "unknown_bits": []}
    assert in_words(declared("PkgFlags"), None) is None


@given(st.integers(0, 2**32 - 1))
def test_no_bit_of_the_flags_is_lost(value: int) -> None:
    told = flags(value, PACKAGE_FLAGS)
    bit_of = {name: bit for bit, name in PACKAGE_FLAGS.items()}
    assert sum(bit_of[name] for name in told["set"]) + sum(int(bit, 16) for bit in told["unknown_bits"]) == value


def test_plain_values_have_none_of_our_types() -> None:
    assert plain(START) == "2026-11-20T18:00:00"
    assert plain(CimInterval("P1DT2H")) == "P1DT2H"
    assert plain([START, 1, None, "x"]) == ["2026-11-20T18:00:00", 1, None, "x"]
    assert plain([Embedded.of("SMS_X", {"Name": (STRING, "a")})]) == [{"class": "SMS_X", "Name": "a"}]


def token(class_name: str, **values: Any) -> Embedded:
    """A schedule token as the site sends it, with the members every token has."""
    numbers = {"DayDuration": 0, "HourDuration": 0, "MinuteDuration": 0, **values}
    start = {"StartTime": (DATETIME, numbers.pop("StartTime", START))}
    gmt = {"IsGMT": (BOOLEAN, numbers.pop("IsGMT", False))}
    return Embedded.of(class_name, {**start, **gmt, **{name: (UINT32, value) for name, value in numbers.items()}})


TOLD = {"start": "2026-11-20T18:00:00", "utc": False}


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        (token("SMS_ST_NonRecurring"), {"recurs": "never"}),
        (token("SMS_ST_RecurInterval", DaySpan=7, HourSpan=0, MinuteSpan=0), {"recurs": "interval", "every": {"days": 7}}),
        (token("SMS_ST_RecurInterval", DaySpan=0, HourSpan=4, MinuteSpan=30), {"recurs": "interval", "every": {"hours": 4, "minutes": 30}}),
        (token("SMS_ST_RecurInterval", DaySpan=0), {"recurs": "interval", "every": {}}),
        (token("SMS_ST_RecurWeekly", Day=1, ForNumberOfWeeks=2), {"recurs": "weekly", "every_weeks": 2, "day": "sunday"}),
        (token("SMS_ST_RecurWeekly", Day=7, ForNumberOfWeeks=1), {"recurs": "weekly", "every_weeks": 1, "day": "saturday"}),
        (token("SMS_ST_RecurWeekly", Day=9, ForNumberOfWeeks=1), {"recurs": "weekly", "every_weeks": 1, "day": 9}),
        (token("SMS_ST_RecurMonthlyByDate", MonthDay=15, ForNumberOfMonths=3), {"recurs": "monthly_by_date", "every_months": 3, "day": 15}),
        (token("SMS_ST_RecurMonthlyByDate", MonthDay=0, ForNumberOfMonths=1), {"recurs": "monthly_by_date", "every_months": 1, "day": "last"}),
        (
            token("SMS_ST_RecurMonthlyByWeekday", Day=3, WeekOrder=2, ForNumberOfMonths=1),
            {"recurs": "monthly_by_weekday", "every_months": 1, "week": "second", "day": "tuesday"},
        ),
        (
            token("SMS_ST_RecurMonthlyByWeekday", Day=6, WeekOrder=0, ForNumberOfMonths=1),
            {"recurs": "monthly_by_weekday", "every_months": 1, "week": "last", "day": "friday"},
        ),
        (
            token("SMS_ST_RecurMonthlyByWeekday", Day=6, WeekOrder=5, ForNumberOfMonths=1),
            {"recurs": "monthly_by_weekday", "every_months": 1, "week": 5, "day": "friday"},
        ),
        (
            token("SMS_ST_RecurMonthlyByWeekdayBase", Day=3, WeekOrder=2, ForNumberOfMonths=1, OffsetDay=4),
            {"recurs": "monthly_by_weekday", "every_months": 1, "week": "second", "day": "tuesday", "offset_days": 4},
        ),
        (
            token("SMS_ST_RecurMonthlyByWeekdayBase", Day=3, WeekOrder=2, ForNumberOfMonths=1, OffsetDay=0),
            {"recurs": "monthly_by_weekday", "every_months": 1, "week": "second", "day": "tuesday"},
        ),
    ],
)  # fmt: skip
def test_a_schedule_in_words(schedule: Embedded, words: dict[str, Any]) -> None:
    assert embedded(schedule) == {**words, **TOLD}
    assert in_words(declared("RefreshSchedule"), [schedule]) == [{**words, **TOLD}]


def test_a_schedule_with_a_duration_in_utc() -> None:
    assert embedded(token("SMS_ST_NonRecurring", HourDuration=2, IsGMT=True)) == {
        "recurs": "never",
        "start": "2026-11-20T18:00:00",
        "utc": True,
        "duration": {"days": 0, "hours": 2, "minutes": 0},
    }


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("20261120180000.000000+***", "2026-11-20T18:00:00"),
        ("2026-11-20T18:00:00", "2026-11-20T18:00:00"),
        ("00000000000000.000000+***", "00000000000000.000000+***"),  # "now": no date, so it stays as it came
    ],
)
def test_the_start_of_a_schedule_is_read_in_every_form_a_site_sends(sent: str, shown: str) -> None:
    element = fromstring(
        '<RefreshSchedule xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:p="urn:p" '
        f'xsi:type="p:SMS_ST_NonRecurring_Type"><StartTime>{sent}</StartTime><IsGMT>false</IsGMT></RefreshSchedule>'
    )
    read = EMBEDDED.read_one(element)
    assert embedded(read) == {"recurs": "never", "start": shown, "utc": False}


def test_an_object_that_is_no_schedule_shows_its_properties() -> None:
    driver = Embedded.of(
        "SMS_BootImagePackage_DriverRef", {"Id": (UINT32, 16777300), "SourcePath": (STRING, "\\\\f\\d")}
    )
    assert in_words(declared("ReferencedDrivers"), [driver]) == [
        {"class": "SMS_BootImagePackage_DriverRef", "Id": 16777300, "SourcePath": "\\\\f\\d"}
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [("True", True), ("false", False), ("0", 0), ("17", 17), ("007", "007"), ("-1", "-1"), ("", "")]
    + [("\u00b2", "\u00b2"), ("9" * 5000, "9" * 5000)],
)
def test_text_in_objects_is_a_number_only_if_it_cannot_be_anything_else(text: str, shown: Any) -> None:
    assert embedded(Embedded.of("SMS_X", {"Value": (STRING, text)})) == {"class": "SMS_X", "Value": shown}


def test_an_array_of_bytes_is_told_by_its_type() -> None:
    assert in_words(Property("icon", "Icon", array_of(UINT8)), [104, 105]) == "aGk="
    assert in_words(Property("numbers", "Numbers", array_of(UINT32)), [104, 105]) == [104, 105]
