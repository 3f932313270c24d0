# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kinds of values that an option may take: how they are written, checked before anything is sent, compared and stored. Pure.

`found` is what the site has, in the words of `words.in_words`.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Callable

from .._provider.errors import Impossible
from .._wsman import markup
from .._wsman.errors import BadValue
from . import schedule

_UNC = re.compile(r"\\\\[^\\/:*?\"<>|]+\\[^\\/:*?\"<>|]+(\\[^/:*?\"<>|]*)?\Z")


def _as_it_is(value: Any) -> Any:
    return value


def _equal(wanted: Any, found: Any) -> bool:
    return bool(wanted == found)


@dataclass(frozen=True)
class Kind:
    """One kind of value.

    `check(asked, option)` gives the value in words and raises Impossible; `stored(words)` the value of the WMI property;
    `same(wanted, found)` says whether two values in words mean the same. `spec` is its entry in an argument_spec.
    """

    spec: Mapping[str, Any]
    check: Callable[[Any, str], Any]
    stored: Callable[[Any], Any] = _as_it_is
    same: Callable[[Any, Any], bool] = field(default=_equal)


def _no_text(value: Any) -> Any:
    """A site tells no text as null or as an empty string; both mean the same."""
    return "" if value is None else value


def text(longest: int | None = None) -> Kind:
    """Any text, up to the width of the site's column in characters."""

    def check(asked: Any, option: str) -> str:
        told: str = _checked_text(asked, option)
        if longest is not None and len(told) > longest:
            raise Impossible(
                f"{option} has {len(told)} characters", hint=f"The site keeps {longest} at most; shorten it"
            )
        return told

    return Kind({"type": "str"}, check, same=lambda wanted, found: _no_text(wanted) == _no_text(found))


def _checked_text(asked: Any, option: str) -> str:
    try:
        return markup.check_text(str(asked), option)
    except BadValue as problem:
        raise Impossible(problem.what, hint="Take the character out; XML cannot carry it") from None


def _check_unc(asked: Any, option: str) -> str:
    told = _checked_text(asked, option)
    if not _UNC.match(told):
        raise Impossible(
            f"{option} {told!r} is not a UNC path",
            hint=r"Write it like \\server\share\folder, as the site server reaches it",
        )
    return told


def _same_path(wanted: Any, found: Any) -> bool:
    return bool(str(_no_text(wanted)).rstrip("\\").lower() == str(_no_text(found)).rstrip("\\").lower())


# A path on a share. Windows knows no case in it, and no backslash at its end.
UNC_PATH = Kind({"type": "str"}, _check_unc, same=_same_path)
BOOL = Kind({"type": "bool"}, lambda asked, _option: bool(asked))


def number(low: int, high: int) -> Kind:
    """A whole number within limits."""

    def check(asked: Any, option: str) -> int:
        if not low <= int(asked) <= high:
            raise Impossible(f"{option} {asked} is not between {low} and {high}")
        return int(asked)

    return Kind({"type": "int"}, check)


def words(names: Mapping[Any, str]) -> Kind:
    """One of the words for the numbers (or texts) of a property."""
    values = {name: value for value, name in names.items()}
    unset = names.get("")  # a site tells no text as null or as an empty string
    return Kind(
        {"type": "str", "choices": list(values)},
        lambda asked, _option: asked,
        stored=values.__getitem__,
        same=lambda wanted, found: wanted == (unset if found is None else found),
    )


def _check_bytes(asked: Any, option: str) -> str:
    try:
        return base64.b64encode(base64.b64decode(asked, validate=True)).decode("ascii")
    except (binascii.Error, ValueError):
        raise Impossible(
            f"{option} is not Base64",
            hint="In a playbook: lookup('ansible.builtin.file', path, rstrip=false) | b64encode",
        ) from None


# Binary content, in a playbook as Base64.
BYTES = Kind({"type": "str"}, _check_bytes, stored=lambda told: list(base64.b64decode(told)))

_NUMBERS = {"type": "dict", "options": {name: {"type": "int"} for name in ("days", "hours", "minutes")}}
SCHEDULES = Kind(
    {
        "type": "list",
        "elements": "dict",
        "options": {
            "recurs": {"type": "str", "required": True, "choices": list(schedule.RECURRENCES)},
            "start": {"type": "str"},
            "utc": {"type": "bool"},
            "duration": _NUMBERS,
            "every": _NUMBERS,
            "every_weeks": {"type": "int"},
            "every_months": {"type": "int"},
            "week": {"type": "str", "choices": list(schedule.WEEKS.values())},
            "day": {"type": "str"},
            "offset_days": {"type": "int"},
        },
    },
    lambda asked, _option: schedule.normal(asked),
    stored=schedule.tokens,
    same=schedule.same,
)
