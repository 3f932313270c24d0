# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kinds of options that boot images have beside the common ones: lists that are set or changed, paths that may be none. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .._cim.types import STRING, UINT32, Embedded, is_plain_number
from .._provider.errors import Impossible
from .options import UNC_PATH, Kind

DETAILS_CLASS = "SMS_Driver_Details"
_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z")


@dataclass(frozen=True)
class Edit:
    """What is asked of a list: all of it, or what to add and what to remove. As it was written."""

    every: tuple[str, ...] | None = None
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()

    @property
    def named(self) -> tuple[str, ...]:
        """Everything that is asked to be there."""
        return self.add if self.every is None else self.every

    @property
    def mentioned(self) -> tuple[str, ...]:
        """Everything that has to be known to the site."""
        return self.named + self.remove


def _check_edit(asked: Any, option: str) -> Edit:
    given = {name: _entries(value, f"{option}.{name}") for name, value in asked.items() if value is not None}
    if not given:
        raise Impossible(f"{option} says nothing", hint="Give set, or add and remove")
    if "set" in given and len(given) > 1:
        raise Impossible(f"{option} has set beside add or remove", hint="set is the whole list already")
    edit = Edit(given.get("set"), given.get("add", ()), given.get("remove", ()))
    both = {each.lower() for each in edit.add} & {each.lower() for each in edit.remove}
    if both:
        raise Impossible(f"{option} adds and removes {', '.join(sorted(both))}", hint="Take it out of one of them")
    return edit


def _entries(asked: Sequence[Any], where: str) -> tuple[str, ...]:
    entries = tuple(str(each).strip() for each in asked)
    if not all(entries):
        raise Impossible(f"{where} has an empty entry", hint="An empty list is written []")
    return tuple(dict.fromkeys(entries))


def _same_set(wanted: Sequence[Any], found: Sequence[Any]) -> bool:
    return sorted(wanted) == sorted(found)


_LISTS = {name: {"type": "list", "elements": "str"} for name in ("set", "add", "remove")}
# The site says what is meant, so what `check` gives is an Edit; a plan holds numbers, or drivers as the site tells them.
COMPONENTS = Kind({"type": "dict", "options": _LISTS}, _check_edit, same=_same_set)


def _same_drivers(wanted: Sequence[Mapping[str, Any]], found: Sequence[Mapping[str, Any] | None]) -> bool:
    """The same drivers from the same folders, in any order; a driver without a folder is one that stays as it is."""
    folders = {int(each["ID"]): _folder(each) for each in found if each is not None and _is_number(each.get("ID"))}
    return len(folders) == len(found) == len(wanted) and all(
        each["ID"] in folders and (not each["SourcePath"] or _folder(each) == folders[each["ID"]]) for each in wanted
    )


def _folder(driver: Mapping[str, Any]) -> str:
    return str(driver.get("SourcePath") or "").rstrip("\\").lower()


def _is_number(value: Any) -> bool:
    return is_plain_number(str(value or ""))


def _stored_drivers(wanted: Sequence[Mapping[str, Any]]) -> list[Embedded]:
    return [
        Embedded.of(DETAILS_CLASS, {"ID": (UINT32, each["ID"]), "SourcePath": (STRING, each["SourcePath"])})
        for each in wanted
    ]


DRIVERS = Kind({"type": "dict", "options": _LISTS}, _check_edit, stored=_stored_drivers, same=_same_drivers)


def one_of(numbers: Sequence[int]) -> Kind:
    """One of a few numbers."""

    def check(asked: Any, option: str) -> int:
        if asked not in numbers:
            raise Impossible(
                f"{option} {asked} is not possible", hint=f"Take one of {', '.join(str(each) for each in numbers)}"
            )
        return int(asked)

    return Kind({"type": "int", "choices": list(numbers)}, check)


def _check_unc_or_none(asked: Any, option: str) -> str:
    return str(UNC_PATH.check(asked, option)) if asked else ""


# A path on a share, or an empty text for none.
UNC_PATH_OR_NONE = replace(UNC_PATH, check=_check_unc_or_none)


def _check_tag(asked: Any, option: str) -> str:
    if asked and not _TAG.match(str(asked)):
        raise Impossible(
            f"{option} {asked!r} is not a language tag", hint="Write it like de-de; an empty text is the default"
        )
    return str(asked)


def _same_tag(wanted: Any, found: Any) -> bool:
    return str(wanted or "").lower() == str(found or "").lower()


LANGUAGE_TAG = Kind({"type": "str"}, _check_tag, same=_same_tag)


def driver_paths(found: Sequence[Mapping[str, Any] | None]) -> dict[int, str]:
    """CI_ID and source folder of the drivers an image refers to, as `words.in_words` tells them."""
    return {
        int(each["ID"]): str(each.get("SourcePath") or "")
        for each in found
        if each is not None and _is_number(each.get("ID"))
    }
