# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of the SMS Provider in the field's words: flags, dates, schedules. Pure."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from .._cim.types import DATETIME, UINT8, CimInterval, CimTime, Embedded, array_of
from .._wsman.errors import BadValue
from .need import is_never, site_text
from .resource import Property

_DAYS = {1: "sunday", 2: "monday", 3: "tuesday", 4: "wednesday", 5: "thursday", 6: "friday", 7: "saturday"}
_WEEKS = {0: "last", 1: "first", 2: "second", 3: "third", 4: "fourth"}
_BYTES = array_of(UINT8)


def in_words(declared: Property, value: Any) -> Any:
    """A property's value as a playbook should see it; an unknown number stays a number."""
    if value.__class__ is CimTime:
        return None if declared.no_date and is_never(value) else site_text(value)
    if declared.bits and value is not None:
        return flags(value, declared.bits)
    if declared.codec.is_array and declared.codec == _BYTES:
        return base64.b64encode(bytes(value or [])).decode("ascii")
    if isinstance(value, list):
        return [plain(item) for item in value]
    if declared.names:
        return declared.names.get(value, value)
    return plain(value)


def needs_words(declared: Property) -> bool:
    """Whether any value of a property reads otherwise than it is."""
    return not declared.codec.is_scalar or bool(declared.names or declared.bits)


def flags(value: int, bits: Any) -> dict[str, Any]:
    """A flags property: the number, the names of the bits that are set, and the set bits that have no name."""
    known = [name for bit, name in sorted(bits.items()) if value & bit]
    unknown = value & ~sum(bits)
    return {"value": value, "set": known, "unknown_bits": [f"0x{1 << n:08X}" for n in range(32) if unknown >> n & 1]}


def plain(value: Any) -> Any:
    """A value without our own types."""
    if value is None or value.__class__ in (str, int, bool):
        return value
    if isinstance(value, CimTime):
        return site_text(value)
    if isinstance(value, CimInterval):
        return str(value)
    if isinstance(value, Embedded):
        return embedded(value)
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def embedded(value: Embedded) -> dict[str, Any]:
    """An embedded object: a schedule in words, anything else by its property names."""
    values = {name: _scalar(value.guess(name)) for name in value.names()}
    if "StartTime" in values:
        values["StartTime"] = _start(value)
    return _schedule(value.class_name, values) or {"class": value.class_name, **values}


def _scalar(value: Any) -> Any:
    """Numbers and booleans inside embedded objects carry no type (wire T-01); these are unmistakable."""
    value = plain(value)
    if isinstance(value, str):
        if value.lower() in ("true", "false"):
            return value.lower() == "true"
        if value.isdigit() and (value == "0" or not value.startswith("0")):
            return int(value)
    return value


def _start(token: Embedded) -> Any:
    """When a schedule begins; as it came if it is no date: all zeros mean "now" (SDK)."""
    try:
        return plain(token.value("StartTime", DATETIME))
    except BadValue:
        return token.guess("StartTime")


def _schedule(class_name: str, values: dict[str, Any]) -> dict[str, Any] | None:
    """A schedule token as the console says it (SDK pages of SMS_ScheduleToken and its subclasses)."""
    told = {"start": values.get("StartTime"), "utc": values.get("IsGMT") or False}
    duration = {
        name: values.get(wmi) or 0
        for name, wmi in (("days", "DayDuration"), ("hours", "HourDuration"), ("minutes", "MinuteDuration"))
    }
    if any(duration.values()):
        told["duration"] = duration
    if class_name == "SMS_ST_NonRecurring":
        return {"recurs": "never", **told}
    if class_name == "SMS_ST_RecurInterval":
        spans = {
            name: values.get(wmi) or 0
            for name, wmi in (("days", "DaySpan"), ("hours", "HourSpan"), ("minutes", "MinuteSpan"))
        }
        return {"recurs": "interval", "every": {name: number for name, number in spans.items() if number}, **told}
    if class_name == "SMS_ST_RecurWeekly":
        return {
            "recurs": "weekly",
            "every_weeks": values.get("ForNumberOfWeeks"),
            "day": _named(_DAYS, values.get("Day")),
            **told,
        }
    if class_name == "SMS_ST_RecurMonthlyByDate":
        day = values.get("MonthDay")
        return {
            "recurs": "monthly_by_date",
            "every_months": values.get("ForNumberOfMonths"),
            "day": "last" if day == 0 else day,
            **told,
        }
    if class_name in ("SMS_ST_RecurMonthlyByWeekday", "SMS_ST_RecurMonthlyByWeekdayBase"):
        after = {"offset_days": values["OffsetDay"]} if values.get("OffsetDay") else {}
        return {
            "recurs": "monthly_by_weekday",
            "every_months": values.get("ForNumberOfMonths"),
            "week": _named(_WEEKS, values.get("WeekOrder")),
            "day": _named(_DAYS, values.get("Day")),
            **after,
            **told,
        }
    return None


def _named(words: Mapping[int, str], number: Any) -> Any:
    """The word for a number; the number itself if there is none."""
    return words.get(number, number)
