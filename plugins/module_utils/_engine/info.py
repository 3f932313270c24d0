# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading packages of any class: rows by query in constant memory, whole objects by Get where lazy properties are asked for."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._cim import wql
from .._cim.types import Codec
from .._provider.errors import Impossible, NotFound
from .._provider.site import Site
from .resource import Property, Resource
from .selection import BASE_CLASS, checked_ids, selection_conditions, slices
from .words import in_words, needs_words, plain

DEFAULT_COLUMNS = (
    "PackageID",
    "Name",
    "Version",
    "Manufacturer",
    "PackageType",
    "SourceSite",
    "SourceVersion",
    "PkgSourcePath",
    "LastRefreshTime",
)
ALL = "all"
KEYS = ("PackageID", "PackageType")
# Documented as large, though not lazy: never in a query (wire S-05).
LARGE = ("Icon",)


@dataclass(frozen=True)
class Reading:
    """Which packages to read, and what of them."""

    package_ids: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    package_types: tuple[int, ...] = ()
    selection: Mapping[str, Any] | None = None
    properties: tuple[str, ...] = ()
    limit: int | None = None


class PackageReader:
    """A generator of packages. `iterate` can be called again after a list broke off."""

    def __init__(self, site: Site, reading: Reading, resources: Sequence[Resource], base: Sequence[Property]) -> None:
        self._site = site
        self._reading = reading
        self._resources = {item.package_type: item for item in resources}
        self._all = tuple(resources)
        self._base = {item.wmi: item for item in base}
        self._wanted = self._resolve(reading.properties)

    def iterate(self) -> Generator[dict[str, Any], None, None]:
        """The packages, one at a time, each as option names and values in the field's words."""
        rest = self._reading.limit
        found = self._rows() if self._by_query else self._objects()
        try:
            for item in found:
                yield item
                if rest is not None:
                    rest -= 1
                    if rest <= 0:  # before the next one is asked for
                        return
        finally:
            found.close()

    @property
    def _by_query(self) -> bool:
        """Whether a query can give everything asked for: only what the base class has, and nothing lazy or large."""
        return self._wanted is not None and all(
            name in self._base and not self._base[name].lazy and name not in LARGE for name in self._wanted
        )

    def _resolve(self, asked: Sequence[str]) -> tuple[str, ...] | None:
        """WMI names for what was asked, in WMI or option names and any case; None for all. Unknown names are an error."""
        if not asked:
            return DEFAULT_COLUMNS
        if any(name.lower() == ALL for name in asked):
            return None
        known: dict[str, str] = {}
        for resource in self._all:
            for item in resource.properties:
                known.setdefault(item.wmi.lower(), item.wmi)
                known.setdefault(item.option.lower(), item.wmi)
        unknown = [name for name in asked if name.lower() not in known]
        if unknown:
            raise Impossible(
                f"No package class has a property {', '.join(repr(name) for name in unknown)}",
                hint="Use the names of the WMI properties, such as PkgSourcePath, or all",
            )
        return tuple(dict.fromkeys(("PackageID", *(known[name.lower()] for name in asked))))

    def _conditions(self) -> Iterator[wql.Condition | None]:
        """The WHERE of each query; nearly always one."""
        reading = self._reading
        if reading.package_ids:
            for part in slices(checked_ids(reading.package_ids)):
                yield wql.in_list("PackageID", part)
        elif reading.names:
            kinds = wql.in_list("PackageType", reading.package_types) if reading.package_types else None
            for part in slices(tuple(dict.fromkeys(reading.names))):
                yield wql.and_(wql.in_list("Name", part), kinds)
        elif reading.selection:
            yield from selection_conditions(self._site, reading.selection, self._all)
        else:
            yield wql.in_list("PackageType", reading.package_types) if reading.package_types else None

    def _query(self, columns: Mapping[str, Codec]) -> Iterator[dict[str, Any]]:
        missing = set(checked_ids(self._reading.package_ids))
        for where in self._conditions():
            for row in self._site.rows(BASE_CLASS, columns, where):
                if missing:
                    missing.discard((row["PackageID"] or "").upper())
                yield row
        if missing:
            raise NotFound(
                f"No package {', '.join(sorted(missing))} at {self._site.where}, or outside the scopes of {self._site.user}",
                hint="Check the id in the console, and the security scopes of the account",
            )

    def _rows(self) -> Generator[dict[str, Any], None, None]:
        wanted = self._wanted or ()
        columns = {name: self._base[name].codec for name in wanted}
        declared = [self._base[name] for name in wanted]
        options = [item.option for item in declared]
        in_other_words = [item for item in declared if needs_words(item)]
        for row in self._query(columns):
            told = dict(zip(options, row.values()))  # a row has its columns in the order they were asked for
            for item in in_other_words:
                told[item.option] = in_words(item, row[item.wmi])
            yield told

    def _objects(self) -> Generator[dict[str, Any], None, None]:
        columns = {name: self._base[name].codec for name in KEYS}
        # The list is drained first: an enumeration left idle between two Gets would expire (wire E-15, Q-05).
        for row in list(self._query(columns)):
            resource = self._resources.get(row["PackageType"] or 0)
            if resource is None:
                yield from self._of_unknown_class(row["PackageID"])
            else:
                yield self._object(resource, row["PackageID"].upper())

    def _of_unknown_class(self, package_id: str) -> Iterator[dict[str, Any]]:
        """What a query of the base class can tell, of a package whose own class has no declaration."""
        declared = [item for name, item in self._base.items() if not item.lazy and name not in LARGE]
        wanted = [item for item in declared if self._wanted is None or item.wmi in self._wanted]
        columns = {item.wmi: item.codec for item in wanted}
        for row in self._site.list_of(BASE_CLASS, columns, wql.equals("PackageID", package_id)):
            yield {item.option: in_words(item, row[item.wmi]) for item in wanted}

    def _object(self, resource: Resource, package_id: str) -> dict[str, Any]:
        class_name = resource.wmi_class
        declared = {item.wmi: item for item in resource.properties}
        if self._wanted is None:
            instance = self._site.get(class_name, package_id)
            names = instance.names()
        else:
            names = tuple(name for name in self._wanted if name in declared)
            instance = self._site.get(class_name, package_id, {name: declared[name].codec for name in names})
        told = {}
        for name in names:
            item = declared.get(name)
            told[item.option if item else name] = (
                in_words(item, instance.value(name, item.codec)) if item else plain(instance.guess(name))
            )
        return told
