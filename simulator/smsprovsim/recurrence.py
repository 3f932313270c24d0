# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a schedule token comes round: SMS_ST_NonRecurring and its kin. Times without a zone (behaviour 21)."""

from __future__ import annotations

import calendar
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

from .interval_strings import starts
from .model import Embedded

_LAST_YEAR = 2100  # nothing is looked for beyond
_LAST_WEEK = 0  # WeekOrder


def recurs(token: Embedded) -> bool:
    """Whether it comes round more than once."""
    return token.class_name != "SMS_ST_NonRecurring"


def next_time(tokens: Iterable[Embedded], after: datetime, utc_offset: int) -> datetime | None:
    """The first moment after `after` at which one of the tokens is due; all in UTC, the offset of the site in minutes."""
    found = []
    for token in tokens:
        shift = timedelta() if token.values.get("IsGMT") else timedelta(minutes=utc_offset)
        moment = next_of(token, after + shift)
        if moment is not None:
            found.append(moment - shift)
    return min(found, default=None)


def next_of(token: Embedded, after: datetime) -> datetime | None:
    """The first moment after `after` at which a token is due, in the token's own time."""
    start = starts(token)
    kind = _KINDS.get(token.class_name)
    if kind is None:
        return start if start > after else None
    return next((moment for moment in kind(token, start, after) if moment > after), None)


def _number(token: Embedded, name: str, default: int = 0) -> int:
    value = token.values.get(name)
    return default if value is None else int(value)


def _intervals(token: Embedded, start: datetime, after: datetime) -> Iterator[datetime]:
    # ASSUMED: several spans of one interval add up; the reference says to use one of them.
    span = timedelta(
        days=_number(token, "DaySpan"), hours=_number(token, "HourSpan"), minutes=_number(token, "MinuteSpan")
    )
    if span:
        rounds = max(0, (after - start) // span)
        while start.year + rounds * span.days // 365 < _LAST_YEAR:
            yield start + rounds * span
            rounds += 1


def _weeks(token: Embedded, start: datetime, after: datetime) -> Iterator[datetime]:
    """Sunday is 1."""
    first = start + timedelta(days=(_number(token, "Day", 1) - 2 - start.weekday()) % 7)
    span = timedelta(weeks=max(1, _number(token, "ForNumberOfWeeks", 1)))
    rounds = max(0, (after - first) // span)
    while first.year + rounds * span.days // 365 < _LAST_YEAR:
        yield first + rounds * span
        rounds += 1


def _months(token: Embedded, start: datetime, day_of: Callable[[int, int], int | None]) -> Iterator[datetime]:
    """In every n-th month from that of the start on; None where a month has no such day."""
    month, step = start.year * 12 + start.month - 1, max(1, _number(token, "ForNumberOfMonths", 1))
    while month // 12 < _LAST_YEAR:
        year, number = month // 12, month % 12 + 1
        day = day_of(year, number)
        if day is not None and (moment := start.replace(year=year, month=number, day=1) + timedelta(day - 1)) >= start:
            yield moment
        month += step


def _by_date(token: Embedded, start: datetime, _after: datetime) -> Iterator[datetime]:
    wanted = _number(token, "MonthDay")

    def day_of(year: int, month: int) -> int | None:
        last = calendar.monthrange(year, month)[1]
        # ASSUMED: a month that has no such day is left out; 0 is the last day of each.
        return last if wanted == 0 else wanted if wanted <= last else None

    return _months(token, start, day_of)


def _by_weekday(token: Embedded, start: datetime, _after: datetime) -> Iterator[datetime]:
    """`OffsetDay` days after that weekday, which may be in the next month."""
    order, offset = _number(token, "WeekOrder"), _number(token, "OffsetDay")

    def day_of(year: int, month: int) -> int | None:
        first, last = calendar.monthrange(year, month)
        day = 1 + (_number(token, "Day", 1) - 2 - first) % 7
        if order == _LAST_WEEK:
            day += (last - day) // 7 * 7
        else:
            day += (order - 1) * 7
        return day + offset

    return _months(token, start, day_of)


_KINDS: dict[str, Callable[[Embedded, datetime, datetime], Iterator[datetime]]] = {
    "SMS_ST_RecurInterval": _intervals,
    "SMS_ST_RecurWeekly": _weeks,
    "SMS_ST_RecurMonthlyByDate": _by_date,
    "SMS_ST_RecurMonthlyByWeekday": _by_weekday,
    "SMS_ST_RecurMonthlyByWeekdayBase": _by_weekday,
}
