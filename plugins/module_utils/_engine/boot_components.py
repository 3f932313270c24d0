# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Optional components of Windows PE: which ones the site has for an architecture, and which ids a wish comes to.

The ids are the site's own and differ by architecture (behaviour 93), so they are read there, never known here.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._cim import wql
from .._cim.types import BOOLEAN, STRING, UINT32, Codec, array_of, is_plain_number
from .._provider.errors import Impossible
from .._provider.site import Site
from .boot_options import Edit

COMPONENT_CLASS = "SMS_WinPEOptionalComponentInfo"
COLUMNS: Mapping[str, Codec] = {
    "Architecture": STRING,
    "DependentComponentNames": array_of(STRING),
    "DependentIds": array_of(UINT32),
    "IsRequired": BOOLEAN,
    "LanguageID": UINT32,
    "Name": STRING,
    "UniqueID": UINT32,
}
ENGLISH = 1033  # the list repeats for each language
_PREFIX = "winpe-"


@dataclass(frozen=True)
class Component:
    """One optional component. `needs`: ids of those that have to be there too. `required`: every boot image has it."""

    number: int
    name: str
    needs: tuple[int, ...] = ()
    required: bool = False

    @property
    def key(self) -> str:
        """The name as it is compared: without case, and without the prefix that all of them have."""
        return _key(self.name)


class Catalogue:
    """The components that a site has for one architecture."""

    def __init__(self, components: Iterable[Component], architecture: str, where: str = "") -> None:
        self.by_number = {each.number: each for each in components}
        self._architecture = architecture
        self._where = where

    def named(self, number: int) -> str:
        """The name of an id; the id itself if the site does not know it."""
        known = self.by_number.get(number)
        return known.name if known else str(number)

    def names(self, numbers: Iterable[int]) -> list[str]:
        """Names of ids, in order."""
        return sorted(self.named(number) for number in numbers)

    def find(self, asked: str) -> Component:
        """The component of this name or id. Raises Impossible, with near names."""
        if is_plain_number(asked):
            found = [each for each in self.by_number.values() if each.number == int(asked)]
        else:
            found = [each for each in self.by_number.values() if each.key == _key(asked)]
        if not found:
            raise Impossible(
                f"There is no optional component {asked!r} for {self._architecture} boot images",
                where=self._where,
                hint=self._near(asked),
            )
        if len(found) > 1:
            ids = ", ".join(str(each.number) for each in found)
            raise Impossible(
                f"Several optional components for {self._architecture} are named {asked!r}: {ids}",
                where=self._where,
                hint="Give the id instead of the name",
            )
        return found[0]

    def _near(self, asked: str) -> str:
        keys = {each.key: each.name for each in self.by_number.values()}
        near = [keys[key] for key in difflib.get_close_matches(_key(asked), list(keys), n=3, cutoff=0.5)]
        if near:
            return f"Near: {', '.join(near)}"
        return f"The site has {', '.join(sorted(keys.values())) or 'none for this architecture; is the deployment kit installed?'}"

    def closed(self, numbers: Iterable[int]) -> set[int]:
        """These ids and all that they need."""
        rest, closed = list(numbers), set()
        while rest:
            number = rest.pop()
            if number in closed:
                continue
            closed.add(number)
            known = self.by_number.get(number)
            rest.extend(known.needs if known else ())
        return closed

    def resolve(self, edit: Edit, present: Sequence[int]) -> list[int]:
        """The ids that the image should list. Raises Impossible for what cannot be.

        Those that every image has are listed by some sites and not by others, so they stay as they are (behaviour 92).
        """
        always = {number for number, each in self.by_number.items() if each.required}
        wanted = self.closed(self.find(each).number for each in edit.named)
        unwanted = {self.find(each).number for each in edit.remove}
        self._refuse(unwanted & always, "every boot image has it")
        if edit.every is None:
            kept = set(present) - unwanted
            wanted |= kept
        for number in sorted(unwanted):
            users = [each for each in wanted if number in self.closed([each]) and each != number]
            self._refuse({number} if users else set(), f"{', '.join(self.names(users))} needs it")
        listed = wanted - always | (always & set(present))
        return sorted(listed)

    def _refuse(self, numbers: set[int], reason: str) -> None:
        if numbers:
            raise Impossible(
                f"{', '.join(self.names(numbers))} cannot be removed: {reason}", hint="Take it out of remove"
            )


def read_catalogue(site: Site, architecture: str, language: int | None = None) -> Catalogue:
    """The components that the site has for an architecture; one query. Raises Impossible where it has none in that language."""
    here = wql.equals("Architecture", architecture)
    rows = site.list_of(COMPONENT_CLASS, COLUMNS, wql.and_(here, wql.equals("LanguageID", language or ENGLISH)))
    if not rows and language:
        raise Impossible(
            f"There are no optional components for {architecture} in the language {language}",
            where=site.where,
            hint="It is a number such as 1033 for English; leave it out for any",
        )
    if not rows:  # a kit without English
        rows = site.list_of(COMPONENT_CLASS, COLUMNS, here)
    return Catalogue(_components(rows), architecture, site.where)


def _components(rows: Sequence[Mapping[str, Any]]) -> list[Component]:
    """Rows may repeat a component by language and kit; ids count."""
    numbers = {_key(row["Name"] or ""): row["UniqueID"] for row in rows}
    found: dict[int, Component] = {}
    for row in rows:
        needs = row["DependentIds"] or [
            numbers[_key(name)] for name in row["DependentComponentNames"] if _key(name) in numbers
        ]
        component = Component(row["UniqueID"], row["Name"] or "", tuple(needs), bool(row["IsRequired"]))
        found.setdefault(component.number, component)
    return list(found.values())


def _key(name: str) -> str:
    key = name.strip().lower()
    return key[len(_PREFIX) :] if key.startswith(_PREFIX) else key
