# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Schedules in words, and the schedule tokens of the SMS Provider: SMS_ScheduleToken and the classes derived from it. Pure.

From the SDK pages of these classes, and the page that describes the interval string (schedule_strings).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .._cim.types import BOOLEAN, DATETIME, UINT32, CimTime, Embedded
from .._provider.errors import Impossible
from .._wsman.errors import BadValue
from .need import site_text

DAYS = {1: "sunday", 2: "monday", 3: "tuesday", 4: "wednesday", 5: "thursday", 6: "friday", 7: "saturday"}
WEEKS = {0: "last", 1: "first", 2: "second", 3: "third", 4: "fourth"}
MOST_TOKENS = 15  # behaviour 47
FIRST_YEAR, LAST_YEAR = 1970, 2033  # what the six bits of the interval string hold
# The start of a plain "every n" schedule, as site settings have it.
NO_START = datetime(1970, 2, 1)
HOURS_A_DAY = 24


@dataclass(frozen=True)
class Field:
    """One number of a token: its word, its WMI property, its range, and words for some of its values."""

    option: str
    wmi: str
    low: int
    high: int
    default: int | None = None
    names: Mapping[int, str] | None = None

    def in_words(self, number: Any) -> Any:
        """The word for a number; the number itself if it has none."""
        return (self.names or {}).get(number, number)

    def number(self, asked: Any, where: str) -> int:
        """The number that was asked for. Raises Impossible: the provider would lower it in silence (behaviour 49)."""
        for number, name in (self.names or {}).items():
            if str(asked).strip().lower() == name:
                return number
        try:
            number = int(str(asked).strip())
        except ValueError:
            number = self.low - 1
        # Where every value has a word, the number behind it is nothing a person should write.
        spelled = self.names is not None and len(self.names) == self.high - self.low + 1
        if spelled or number in (self.names or {}) or not self.low <= number <= self.high:
            raise Impossible(f"{where}: {self.option} is {self._choices()}, not {asked!r}")
        return number

    def _choices(self) -> str:
        names = list((self.names or {}).values())
        if len(names) == self.high - self.low + 1:
            return " or ".join([", ".join(names[:-1]), names[-1]])
        low = min(number for number in range(self.low, self.high + 1) if number not in (self.names or {}))
        return " or ".join([f"{low} to {self.high}", *names])


@dataclass(frozen=True)
class Kind:
    """A class of token: how it recurs, and its numbers beside start and duration."""

    recurs: str
    class_name: str
    fields: tuple[Field, ...] = ()


DURATION = (
    Field("days", "DayDuration", 0, 31),
    Field("hours", "HourDuration", 0, 23),
    Field("minutes", "MinuteDuration", 0, 59),
)
SPANS = (Field("days", "DaySpan", 1, 31), Field("hours", "HourSpan", 1, 23), Field("minutes", "MinuteSpan", 1, 59))
_MONTHS = Field("every_months", "ForNumberOfMonths", 1, 12, default=1)
_DAY = Field("day", "Day", 1, 7, names=DAYS)
_WEEK = Field("week", "WeekOrder", 0, 4, names=WEEKS)
# Days after the weekday, since 1906: 7 by the cmdlet, 4 by the console (behaviour 122).
_OFFSET = Field("offset_days", "OffsetDay", 1, 7)

NEVER = Kind("never", "SMS_ST_NonRecurring")
INTERVAL = Kind("interval", "SMS_ST_RecurInterval")
KINDS = (
    NEVER,
    INTERVAL,
    Kind("weekly", "SMS_ST_RecurWeekly", (Field("every_weeks", "ForNumberOfWeeks", 1, 4, default=1), _DAY)),
    Kind(
        "monthly_by_date",
        "SMS_ST_RecurMonthlyByDate",
        (_MONTHS, Field("day", "MonthDay", 0, 31, names={0: "last"})),
    ),
    Kind("monthly_by_weekday", "SMS_ST_RecurMonthlyByWeekday", (_MONTHS, _WEEK, _DAY)),
    Kind("monthly_by_weekday", "SMS_ST_RecurMonthlyByWeekdayBase", (_MONTHS, _WEEK, _DAY, _OFFSET)),
)
RECURRENCES = tuple(dict.fromkeys(kind.recurs for kind in KINDS))


def in_words(token: Embedded) -> dict[str, Any] | None:
    """A schedule token as the console says it, None for a class that is none of them."""
    kind = next((each for each in KINDS if each.class_name == token.class_name), None)
    if kind is None:
        return None
    told: dict[str, Any] = {"recurs": kind.recurs}
    if kind is INTERVAL:
        told["every"] = {each.option: number for each in SPANS if (number := _number(token, each))}
    for each in kind.fields:
        number = token.value(each.wmi, UINT32)
        if each is not _OFFSET or number:
            told[each.option] = each.in_words(number)
    told["start"] = _start(token)
    told["utc"] = bool(token.value("IsGMT", BOOLEAN))
    duration = {each.option: _number(token, each) for each in DURATION}
    # Older tools write whole days as hours.
    duration["days"], duration["hours"] = (
        duration["days"] + duration["hours"] // HOURS_A_DAY,
        duration["hours"] % HOURS_A_DAY,
    )
    if any(duration.values()):
        told["duration"] = duration
    return told


def _number(token: Embedded, field: Field) -> int:
    return token.value(field.wmi, UINT32) or 0


def _start(token: Embedded) -> Any:
    """When a schedule begins; as it came if it is no date: all zeros mean "now" (SDK)."""
    try:
        value = token.value("StartTime", DATETIME)
    except BadValue:
        return token.guess("StartTime")
    return site_text(value) if isinstance(value, CimTime) else value


def normal(asked: Sequence[Mapping[str, Any]], option: str = "refresh_schedule") -> list[dict[str, Any]]:
    """Schedules as a playbook asks for them in an option, checked and in the form of `in_words`. Raises Impossible for what cannot be said.

    A recurring interval without `start` has none here: any start the site has is right.
    """
    if len(asked) > MOST_TOKENS:
        raise Impossible(
            f"{option} has {len(asked)} schedules", hint=f"The site takes {MOST_TOKENS} at most; join some"
        )
    return [_normal(each, f"{option}, entry {number}") for number, each in enumerate(asked, 1)]


def _normal(asked: Mapping[str, Any], where: str) -> dict[str, Any]:
    given = {name: value for name, value in asked.items() if value is not None}
    if given.get(_OFFSET.option) == 0:  # the weekday itself
        del given[_OFFSET.option]
    kind = _kind(given, where)
    allowed = {"recurs", "start", "utc", "duration", *(each.option for each in kind.fields)}
    if kind is INTERVAL:
        allowed.add("every")
    strange = sorted(set(given) - allowed)
    if strange:
        raise Impossible(
            f"{where}: {', '.join(strange)} does not go with recurs: {kind.recurs}",
            hint=f"Beside recurs it takes {', '.join(sorted(allowed - {'recurs'}))}",
        )
    told: dict[str, Any] = {"recurs": kind.recurs}
    if kind is INTERVAL:
        told["every"] = _every(given.get("every"), where)
    for each in kind.fields:
        value = given.get(each.option, each.default)
        if value is None:
            raise Impossible(f"{where}: {each.option} is missing", hint=f"recurs: {kind.recurs} needs it")
        told[each.option] = each.in_words(each.number(value, where))
    told["start"] = _asked_start(given.get("start"), kind, where)
    told["utc"] = bool(given.get("utc", False))
    duration = {
        each.option: each.number((given.get("duration") or {}).get(each.option) or 0, where) for each in DURATION
    }
    if any(duration.values()):
        told["duration"] = duration
    return told


def _kind(given: Mapping[str, Any], where: str) -> Kind:
    recurs = given.get("recurs")
    found = [each for each in KINDS if each.recurs == recurs]
    if not found:
        raise Impossible(f"{where}: recurs is {', '.join(RECURRENCES)}, not {recurs!r}")
    return found[-1] if given.get("offset_days") else found[0]


def _every(asked: Any, where: str) -> dict[str, int]:
    """One span: what several together mean is not documented."""
    given = {name: value for name, value in (asked or {}).items() if value}
    found = [each for each in SPANS if each.option in given]
    if len(found) != 1:
        raise Impossible(
            f"{where}: every takes exactly one of days, hours and minutes", hint="For example every: {days: 7}"
        )
    return {found[0].option: found[0].number(given[found[0].option], where)}


def _asked_start(text: Any, kind: Kind, where: str) -> str | None:
    if text is None:
        if kind is INTERVAL:
            return None
        raise Impossible(
            f"{where}: start is missing", hint="It gives the first day and the time of day, like 2026-11-20T22:00"
        )
    try:
        moment = datetime.fromisoformat(str(text).strip())
    except ValueError:
        moment = datetime.min
    if moment.tzinfo is not None or moment.second or moment.microsecond or not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise Impossible(
            f"{where}: start {text!r} is not a minute of the years {FIRST_YEAR} to {LAST_YEAR} without a zone",
            hint="Write it like 2026-11-20T22:00, in the time of the site server, or with utc: true",
        )
    return site_text(CimTime(moment))


def tokens(wanted: Sequence[Mapping[str, Any]]) -> list[Embedded]:
    """The tokens to be written for schedules in the form of `normal`."""
    return [_token(each) for each in wanted]


def _token(words: Mapping[str, Any]) -> Embedded:
    kind = _kind(words, "refresh_schedule")
    values: dict[str, tuple[Any, Any]] = {}
    for each in DURATION:
        values[each.wmi] = (UINT32, (words.get("duration") or {}).get(each.option, 0))
    if kind is INTERVAL:
        for each in SPANS:
            values[each.wmi] = (UINT32, words["every"].get(each.option, 0))
    for each in kind.fields:
        values[each.wmi] = (UINT32, each.number(words[each.option], kind.recurs))
    values["IsGMT"] = (BOOLEAN, words["utc"])
    start = datetime.fromisoformat(words["start"]) if words["start"] else NO_START
    values["StartTime"] = (DATETIME, CimTime(start))  # no zone, minute precision
    return Embedded.of(kind.class_name, dict(sorted(values.items())))


def same(wanted: Sequence[Mapping[str, Any]], found: Sequence[Mapping[str, Any] | None]) -> bool:
    """Whether the site has what is wanted, in any order; an interval that was asked for without a start has it with any."""
    return not missing(wanted, found) and len(wanted) == len(found)


def missing(wanted: Sequence[Mapping[str, Any]], found: Sequence[Mapping[str, Any] | None]) -> list[Mapping[str, Any]]:
    """Those that are wanted and not found; each one that is found stands for one."""
    rest, absent = list(found), []
    for each in sorted(wanted, key=lambda one: one["start"] is None):  # what has any start takes what is left over
        match = next((other for other in rest if other is not None and _same(each, other)), None)
        if match is None:
            absent.append(each)
        else:
            rest.remove(match)
    return absent


def without(
    found: Sequence[Mapping[str, Any] | None], unwanted: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any] | None]:
    """Those that are found, without all that are the same as an unwanted one."""
    return [each for each in found if each is None or not any(_same(other, each) for other in unwanted)]


def _same(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    if wanted["start"] is None:
        found = {**found, "start": None}
    return dict(wanted) == dict(found)
