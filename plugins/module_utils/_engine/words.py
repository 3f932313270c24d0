# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of the SMS Provider in the field's words: flags, dates, schedules. Pure."""

from __future__ import annotations

import base64
from typing import Any

from .._cim.types import UINT8, CimInterval, CimTime, Embedded, array_of, is_plain_number
from .need import is_never, site_text
from .resource import Property
from .schedule import in_words as in_schedule_words

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
    schedule = in_schedule_words(value)
    if schedule is not None:
        return schedule
    return {"class": value.class_name, **{name: _scalar(value.guess(name)) for name in value.names()}}


def _scalar(value: Any) -> Any:
    """Numbers and booleans inside embedded objects carry no type (wire T-01); these are unmistakable."""
    value = plain(value)
    if isinstance(value, str):
        if value.lower() in ("true", "false"):
            return value.lower() == "true"
        if is_plain_number(value) and (value == "0" or not value.startswith("0")):
            return int(value)
    return value
