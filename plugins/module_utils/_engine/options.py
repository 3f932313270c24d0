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
from dataclasses import dataclass, field, replace
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
    `settled(asked, found)` makes words of a value that depends on what the site has, such as an addition to a list.
    """

    spec: Mapping[str, Any]
    check: Callable[[Any, str], Any]
    stored: Callable[[Any], Any] = _as_it_is
    same: Callable[[Any, Any], bool] = field(default=_equal)
    settled: Callable[[Any, Any], Any] = field(default=lambda asked, _found: asked)


LONGEST_TIME = 100 * 365 * 86400.0  # a hundred years of seconds


def demand_seconds(params: Mapping[str, Any], *names: str) -> None:
    """Raise Impossible for an option that is no time to wait for. One that is not given has no value."""
    for name in names:
        value = params[name]
        if value is not None and not 0 <= value <= LONGEST_TIME:  # nan, too
            raise Impossible(
                f"{name} {value:g} is no number of seconds to wait for", hint="A hundred years is the most"
            )


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


def filled_text(longest: int) -> Kind:
    """Any text that is more than blanks."""
    plain = text(longest)

    def check(asked: Any, option: str) -> str:
        if not str(asked).strip():
            raise Impossible(f"{option} is empty", hint="Give it a value, or leave it out")
        return str(plain.check(asked, option))

    return replace(plain, check=check)


def _checked_text(asked: Any, option: str) -> str:
    try:
        return markup.check_text(str(asked), option)
    except BadValue as problem:
        raise Impossible(problem.what, hint="Take the character out; XML cannot carry it") from None


def _check_unc(asked: Any, option: str) -> str:
    told = _checked_text(asked, option)
    if not _UNC.match(told):
        raise Impossible(
            f"{option} '{told}' is not a UNC path",  # as it was written, not with every backslash twice
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
# Schedules as one list.
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


@dataclass(frozen=True)
class ScheduleEdit:
    """What is asked of a list of schedules: all of them, or those to add and to remove. In words."""

    option: str
    every: list[dict[str, Any]] | None = None
    add: tuple[dict[str, Any], ...] = ()
    remove: tuple[dict[str, Any], ...] = ()

    def on(self, found: list[dict[str, Any] | None]) -> list[dict[str, Any]]:
        """The list that comes of it where the site has `found`. Raises Impossible for more than a site keeps."""
        if self.every is not None:
            return self.every
        kept = schedule.without(found, self.remove)
        if any(each is None or "recurs" not in each for each in kept):
            raise Impossible(
                f"{self.option} has a schedule of a kind that this collection does not know, so nothing can be added or removed",
                hint="Give the whole list with set",
            )
        known = [dict(each) for each in kept if each is not None]
        return schedule.normal([*known, *(dict(each) for each in schedule.missing(self.add, known))], self.option)


def _check_schedule_edit(asked: Any, option: str) -> ScheduleEdit:
    given = {name: schedule.normal(value, option) for name, value in asked.items() if value is not None}
    if not given:
        raise Impossible(f"{option} says nothing", hint="Give set, or add and remove")
    if "set" in given and len(given) > 1:
        raise Impossible(f"{option} has set beside add or remove", hint="set is the whole list already")
    edit = ScheduleEdit(option, given.get("set"), tuple(given.get("add", ())), tuple(given.get("remove", ())))
    if len(schedule.missing(edit.add, edit.remove)) < len(edit.add):
        raise Impossible(f"{option} adds and removes the same schedule", hint="Take it out of one of them")
    return edit


# Schedules as a list that is set, or changed.
SCHEDULE_EDIT = replace(
    SCHEDULES,
    spec={"type": "dict", "options": {name: dict(SCHEDULES.spec) for name in ("set", "add", "remove")}},
    check=_check_schedule_edit,
    settled=lambda asked, found: asked.on(found or []) if isinstance(asked, ScheduleEdit) else asked,
)


def bare_list(spec: Mapping[str, Any], params: Mapping[str, Any]) -> Impossible | None:
    """The error of an option that takes `add` and `remove` and was given a list by itself; Ansible's own names no option."""
    for option, entry in spec.items():
        words = list(entry.get("options") or ())
        given = params.get(option)
        if {"add", "remove"} <= set(words) and isinstance(given, (list, str)):
            return Impossible(
                f"{option} takes {' or '.join(words)} below it, not a list by itself",
                hint=f"Write {option}: {{add: [...]}} to have these beside what is there"
                + (", or {set: [...]} for the whole list" if "set" in words else ""),
            )
    return None
