# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Schedules in words, and the interval string that some classes keep them in: 16 hexadecimal digits a token. Pure.

The layout is that of the SDK page of SMS_ScheduleMethods (reference: schedule_strings.yml).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from .schedule import DURATION, HOURS_A_DAY, INTERVAL, KINDS, NO_START, SPANS, Kind

_FORM = re.compile(r"([0-9A-Fa-f]{16})+\Z")
_DIGITS = 16
# Where a number of a token stands in its second half: lowest bit, width.
_SPAN_BITS = {"DaySpan": (3, 5), "HourSpan": (8, 5), "MinuteSpan": (13, 6)}
_BITS: Mapping[str, Mapping[str, tuple[int, int]]] = {
    "SMS_ST_NonRecurring": {},
    "SMS_ST_RecurInterval": _SPAN_BITS,
    "SMS_ST_RecurWeekly": {"Day": (16, 3), "ForNumberOfWeeks": (13, 3)},
    "SMS_ST_RecurMonthlyByWeekday": {"Day": (16, 3), "ForNumberOfMonths": (12, 4), "WeekOrder": (9, 3)},
    "SMS_ST_RecurMonthlyByDate": {"MonthDay": (14, 5), "ForNumberOfMonths": (10, 4)},
    # A public decoder shows bits 6 and 7 of the offset; bit 8 follows from its range.
    "SMS_ST_RecurMonthlyByWeekdayBase": {
        "Day": (16, 3),
        "ForNumberOfMonths": (12, 4),
        "WeekOrder": (9, 3),
        "OffsetDay": (6, 3),
    },
}
_NUMBERS = {class_name: number for number, class_name in enumerate(_BITS, 1)}
_START = {"minute": (26, 6), "hour": (21, 5), "day": (16, 5), "month": (12, 4), "year": (6, 6)}
_FIRST_YEAR = 1970


def encoded(schedules: Sequence[Mapping[str, Any]]) -> str:
    """The string of schedules in the form of `schedule.normal`."""
    return "".join(_token(each) for each in schedules)


def _token(words: Mapping[str, Any]) -> str:
    kind = _kind_of(words)
    start = datetime.fromisoformat(words["start"]) if words["start"] else NO_START
    duration = words.get("duration") or {}
    first = duration.get("minutes", 0)
    for name, (low, _width) in _START.items():
        first |= (getattr(start, name) - (_FIRST_YEAR if name == "year" else 0)) << low
    second = _NUMBERS[kind.class_name] << 19 | bool(words["utc"])
    second |= duration.get("hours", 0) << 27 | duration.get("days", 0) << 22
    for name, number in _numbers(kind, words).items():
        second |= number << _BITS[kind.class_name][name][0]
    return f"{first:08X}{second:08X}"


def _kind_of(words: Mapping[str, Any]) -> Kind:
    found = [each for each in KINDS if each.recurs == words["recurs"]]
    return found[-1] if words.get("offset_days") else found[0]


def _numbers(kind: Kind, words: Mapping[str, Any]) -> dict[str, int]:
    if kind is INTERVAL:
        return {each.wmi: words["every"].get(each.option, 0) for each in SPANS}
    return {each.wmi: each.number(words[each.option], kind.recurs) for each in kind.fields}


def decoded(text: str | None) -> list[dict[str, Any]] | None:
    """The schedules of a string in words; None for what is no such string."""
    if not text:
        return []
    if not _FORM.match(text):
        return None
    try:
        return [_words(text[at : at + _DIGITS]) for at in range(0, len(text), _DIGITS)]
    except ValueError:
        return None


def _words(token: str) -> dict[str, Any]:
    """One token. Raises ValueError for a type or a date that does not exist."""
    first, second = int(token[:8], 16), int(token[8:], 16)
    number = _part(second, 19, 3)
    kind = next((each for each in KINDS if _NUMBERS[each.class_name] == number), None)
    if kind is None:
        raise ValueError(f"there is no schedule of type {number}")
    parts = {name: _part(first, *bits) for name, bits in _START.items()}
    parts["year"] += _FIRST_YEAR
    start = datetime(**parts)  # type: ignore[arg-type]
    told: dict[str, Any] = {"recurs": kind.recurs}
    numbers = {name: _part(second, *bits) for name, bits in _BITS[kind.class_name].items()}
    if kind is INTERVAL:
        told["every"] = {each.option: numbers[each.wmi] for each in SPANS if numbers[each.wmi]}
    for each in kind.fields:
        if each.option != "offset_days" or numbers[each.wmi]:
            told[each.option] = each.in_words(numbers[each.wmi])
    told["start"] = start.isoformat()
    told["utc"] = bool(second & 1)
    hours = _part(second, 27, 5)  # older tools write whole days as hours
    duration = {
        "days": _part(second, 22, 5) + hours // HOURS_A_DAY,
        "hours": hours % HOURS_A_DAY,
        "minutes": _part(first, 0, 6),
    }
    if any(duration[each.option] for each in DURATION):
        told["duration"] = duration
    return told


def _part(number: int, low: int, width: int) -> int:
    return number >> low & (1 << width) - 1
