# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Schedule tokens as interval strings: sixteen hexadecimal digits for each (schedule_strings.yml)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from .model import CimDateTime, Embedded

# Type number -> class, and its fields as (name, lowest bit, width) of the second double word.
_TYPES: dict[int, tuple[str, tuple[tuple[str, int, int], ...]]] = {
    1: ("SMS_ST_NonRecurring", ()),
    2: ("SMS_ST_RecurInterval", (("MinuteSpan", 13, 6), ("HourSpan", 8, 5), ("DaySpan", 3, 5))),
    3: ("SMS_ST_RecurWeekly", (("Day", 16, 3), ("ForNumberOfWeeks", 13, 3))),
    4: ("SMS_ST_RecurMonthlyByWeekday", (("Day", 16, 3), ("ForNumberOfMonths", 12, 4), ("WeekOrder", 9, 3))),
    5: ("SMS_ST_RecurMonthlyByDate", (("MonthDay", 14, 5), ("ForNumberOfMonths", 10, 4))),
    6: (
        "SMS_ST_RecurMonthlyByWeekdayBase",
        (("Day", 16, 3), ("ForNumberOfMonths", 12, 4), ("WeekOrder", 9, 3), ("OffsetDay", 6, 3)),
    ),
}
_NUMBERS = {class_name: number for number, (class_name, _fields) in _TYPES.items()}
_START = (("minute", 26, 6), ("hour", 21, 5), ("day", 16, 5), ("month", 12, 4), ("year", 6, 6))
_FORM = re.compile(r"(?:[0-9A-Fa-f]{16})+")


def _taken(number: int, low: int, width: int) -> int:
    return number >> low & (1 << width) - 1


def decode(text: str) -> list[Embedded]:
    """The tokens of a string. Raises `ValueError` for what is none."""
    if not _FORM.fullmatch(text):
        raise ValueError(f"{text!r} is no interval string")
    return [_token(int(text[at : at + 8], 16), int(text[at + 8 : at + 16], 16)) for at in range(0, len(text), 16)]


def _token(first: int, second: int) -> Embedded:
    start = {name: _taken(first, low, width) for name, low, width in _START}
    start["year"] += 1970
    number = _taken(second, 19, 3)
    if number not in _TYPES:
        raise ValueError(f"there is no schedule of type {number}")
    moment = datetime(**start)  # type: ignore[arg-type]
    class_name, fields = _TYPES[number]
    values: dict[str, object] = {
        "StartTime": CimDateTime(moment.strftime("%Y%m%d%H%M%S.000000+***")),
        "IsGMT": bool(second & 1),
        "DayDuration": _taken(second, 22, 5),
        "HourDuration": _taken(second, 27, 5),
        "MinuteDuration": _taken(first, 0, 6),
    }
    values.update({name: _taken(second, low, width) for name, low, width in fields})
    return Embedded(class_name, values)


def encode(tokens: Iterable[Embedded]) -> str:
    """The string of tokens. Raises `ValueError` for a start outside 1970 to 2033."""
    return "".join(_digits(token) for token in tokens)


def _digits(token: Embedded) -> str:
    values = token.values
    moment = starts(token)
    if not 1970 <= moment.year <= 2033:
        raise ValueError(f"the year {moment.year} does not fit")
    number = _NUMBERS[token.class_name]
    parts = {"minute": moment.minute, "hour": moment.hour, "day": moment.day, "month": moment.month}
    first = int(values.get("MinuteDuration") or 0) & 63
    for name, low, _width in _START:
        first |= {**parts, "year": moment.year - 1970}[name] << low
    second = number << 19 | int(bool(values.get("IsGMT")))
    second |= int(values.get("HourDuration") or 0) << 27 | int(values.get("DayDuration") or 0) << 22
    for name, low, _width in _TYPES[number][1]:
        second |= int(values.get(name) or 0) << low
    return f"{first:08X}{second:08X}"


def starts(token: Embedded) -> datetime:
    """The start of a token, without a zone."""
    return datetime.strptime(token.values["StartTime"].text[:14], "%Y%m%d%H%M%S")
