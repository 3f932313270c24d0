# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a boot image is asked to have, and what the site calls it: architecture, optional components, drivers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Callable

from .._cim.instance import Instance
from .._cim.types import EMBEDDED, STRING, UINT32, array_of, is_plain_number
from .._provider.errors import Impossible, ProviderError
from .._provider.site import Site
from . import boot_drivers, boot_wim
from .boot_components import Catalogue, read_catalogue
from .boot_drivers import Driver
from .boot_options import Edit, driver_paths
from .resource import Resource
from .words import plain

COMPONENTS, DRIVERS = "optional_components", "drivers"
_COMPONENT_IDS, _REFERENCES = array_of(UINT32), array_of(EMBEDDED)


class Wishes:
    """Resolves what options ask for at one site. What the site tells is read once a task."""

    def __init__(
        self,
        resource: Resource,
        site: Site,
        asked: Mapping[str, Any],
        architecture: str,
        language: int | None,
        driver_check: str,
        say: Callable[[str], None],
    ) -> None:
        self._resource = resource
        self._site = site
        self._asked = asked
        self._architecture_asked = architecture
        self._language = language
        self._driver_check = driver_check
        self._say = say
        self._catalogues: dict[str, Catalogue] = {}
        self._drivers: dict[int, Driver] = {}
        self._checked: set[int] = set()
        self._of_file = ""

    def resolved(self, found: Instance | None) -> dict[str, Any]:
        """The values asked for, with ids in place of names. Raises Impossible, ProviderError."""
        values = dict(self._asked)
        components, drivers = values.get(COMPONENTS), values.get(DRIVERS)
        if isinstance(components, Edit):
            present = found.value("OptionalComponents", _COMPONENT_IDS) if found is not None else []
            values[COMPONENTS] = self._catalogue(found).resolve(components, present)
        if isinstance(drivers, Edit):
            values[DRIVERS] = self._wanted_drivers(drivers, found)
        return values

    # -- architecture ----------------------------------------------------------------------------------------------

    def architecture(self, found: Instance | None) -> str:
        """That of the image, or for a new one that of the WIM. Raises Impossible, ProviderError."""
        if found is not None:
            return boot_wim.architecture_word(found.value("Architecture", STRING))
        if not self._of_file:
            self._of_file = self._architecture_asked or self._read_architecture()
        return self._of_file

    def demand_architecture(self, found: Instance | None, label: str) -> None:
        """That of an image comes from its WIM and cannot be changed. Raises Impossible."""
        wanted = self._architecture_asked
        if found is None or not wanted or self.architecture(found) == wanted:
            return
        raise Impossible(
            f"{label} is for {self.architecture(found)}, not for {wanted}",
            hint="The WIM decides; create another boot image from another one",
        )

    def _read_architecture(self) -> str:
        path, index = self._asked.get("image_path"), self._asked.get("image_index") or 1
        if not path:
            raise Impossible(
                f"There is no {self._resource.label} {self._asked.get('name')!r} yet, and it cannot be created without image_path",
                hint="Give it too, or correct the name",
            )
        try:
            images = boot_wim.read_images(self._site, self._resource.wmi_class, path)
        except ProviderError as refused:
            refused.hint = f"Give architecture too, then the WIM need not be read before; {refused.hint[0].lower()}{refused.hint[1:]}"
            raise
        return boot_wim.architecture_of(images, index, path)

    # -- components ------------------------------------------------------------------------------------------------

    def _catalogue(self, found: Instance | None) -> Catalogue:
        architecture = self.architecture(found)
        if architecture not in self._catalogues:
            self._catalogues[architecture] = read_catalogue(self._site, architecture, self._language)
        return self._catalogues[architecture]

    # -- drivers ---------------------------------------------------------------------------------------------------

    def _wanted_drivers(self, edit: Edit, found: Instance | None) -> list[dict[str, Any]]:
        present = _present(found)
        # Those that are referred to already, and named by id, cost no request.
        asked = [each for each in edit.mentioned if not (is_plain_number(each) and int(each) in present)]
        known = boot_drivers.find_drivers(self._site, asked)
        self._drivers.update({driver.number: driver for driver in known.values()})
        ids = boot_drivers.resolve(edit, known, list(present), self._site.where)
        self._check([self._drivers[each] for each in ids if each not in present], found)
        fresh = {driver.number: driver.path for driver in known.values()}
        return [{"ID": each, "SourcePath": fresh.get(each) or present.get(each, "")} for each in ids]

    def _check(self, added: list[Driver], found: Instance | None) -> None:
        """Refuse what cannot work, and warn of what is of no use, as far as the site knows."""
        problems = []
        for driver in added:
            if driver.number in self._checked:
                continue
            self._checked.add(driver.number)
            platforms = boot_drivers.platforms_of(self._site, driver)
            for finding in boot_drivers.findings(driver, self.architecture(found), platforms):
                if finding.lasting and self._driver_check == "fail":
                    problems.append(f"{driver.label}: {finding.text}")
                else:
                    self._say(f"{driver.label}: {finding.text}")
        if problems:
            raise Impossible(
                "; ".join(problems),
                where=self._site.where,
                hint="Nothing was sent. Take another driver, or set driver_check to warn and let the build decide",
            )

    # -- in words --------------------------------------------------------------------------------------------------

    def in_words(self, side: dict[str, Any], found: Instance | None) -> dict[str, Any]:
        """One side of a diff, with names for components and drivers."""
        told = dict(side)
        if told.get(COMPONENTS) is not None and isinstance(self._asked.get(COMPONENTS), Edit):
            told[COMPONENTS] = self._catalogue(found).names(told[COMPONENTS])
        if told.get(DRIVERS) is not None:
            told[DRIVERS] = self._drivers_in_words(told[DRIVERS])
        return told

    def contents(self, found: Instance) -> dict[str, Any]:
        """Components and drivers of an image with their names, as far as they were read anyway."""
        told: dict[str, Any] = {}
        if isinstance(self._asked.get(COMPONENTS), Edit):
            told[COMPONENTS] = self._catalogue(found).names(found.value("OptionalComponents", _COMPONENT_IDS))
        told[DRIVERS] = self._drivers_in_words(plain(found.value("ReferencedDrivers", _REFERENCES) or []))
        return told

    def _drivers_in_words(self, drivers: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        paths = driver_paths(drivers)
        return [
            {"id": number, "name": self.driver_name(number) or None, "source_path": paths[number]}
            for number in sorted(paths)
        ]

    def driver_name(self, number: int) -> str:
        """The name of a driver; empty where nobody asked for it."""
        known = self._drivers.get(number)
        return known.name if known else ""

    def at_fault(self, culprit: str, found: Instance | None, wanted: Sequence[Mapping[str, Any]] | None = None) -> str:
        """The drivers that an image has, or should get, whose folder the provider's error names; for the end of a message."""
        paths = _present(found) if wanted is None else {each["ID"]: each["SourcePath"] for each in wanted}
        told = [
            f"driver {number} ({self.driver_name(number) or paths[number]})"
            for number in boot_drivers.named_in(culprit, paths)
        ]
        return f"; it is {', '.join(told)}" if told else ""


def _present(found: Instance | None) -> dict[int, str]:
    if found is None:
        return {}
    return driver_paths(plain(found.value("ReferencedDrivers", _REFERENCES) or []))
