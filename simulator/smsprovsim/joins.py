# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Queries of several classes: each row is a __Generic with an embedded object for each alias (behaviour 16, 17; wire T-15)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from . import wql
from .model import CimClass, Embedded, Instance, Property, Row, Value
from .repository import Record
from .schema import ClassDefinition

GENERIC = "__Generic"


@dataclass(frozen=True)
class Source:
    """One class of the query: its alias, its definition, and its objects as a query shows them."""

    alias: str
    definition: ClassDefinition
    records: Callable[[], Iterable[Record]]


Combined = dict[str, "Record | None"]  # alias in lower case


class JoinQuery:
    """A query with joins, held against the classes. Raises `wql.WqlError` for what does not fit."""

    def __init__(
        self,
        query: wql.Query,
        sources: list[Source],
        thin: Callable[[Record], dict[str, Value]],
        lazy_is_refused: bool,
    ) -> None:
        self._query = query
        self._sources = sources
        self._thin = thin
        self._lazy_is_refused = lazy_is_refused
        if len({each.alias.lower() for each in sources}) < len(sources):
            raise wql.WqlError("two classes have one alias")
        if query.distinct:
            raise wql.WqlError("DISTINCT with a JOIN is not supported here", unsupported=True)
        self._columns = self._selected()
        self._accepts = None if query.where is None else wql.compile_condition(query.where, self._column)
        self._order = [(self._column(name).name, descending) for name, descending in query.order_by]

    # -- what is meant -------------------------------------------------------------------------------------------------

    def _source(self, alias: str) -> Source:
        found = next((each for each in self._sources if each.alias.lower() == alias.lower()), None)
        if found is None:
            raise wql.WqlError(f"{alias} is no class of this query")
        return found

    def _column(self, name: str, *, condition: bool = True) -> Property:
        """The property behind ``alias.column``, under that name in its exact spelling."""
        alias, dot, column = name.partition(".")
        if not dot:
            raise wql.WqlError(f"{name} lacks its alias")
        source = self._source(alias)
        exact = source.definition.spelling.get(column.lower())
        if exact is None:
            raise wql.WqlError(f"{source.definition.name} has no property {column}")
        prop = source.definition.properties[exact]
        if condition and prop.lazy and self._lazy_is_refused:
            raise wql.WqlError(f"{prop.name} is lazy and cannot be used in a condition")
        return replace(prop, name=f"{source.alias}.{exact}")

    def _selected(self) -> dict[str, set[str] | None]:
        """Which properties of which alias are asked for; None for all."""
        found: dict[str, set[str] | None] = {}
        for each in self._query.columns or [f"{source.alias}.*" for source in self._sources]:
            alias, _dot, name = each.partition(".")
            if name == "*":
                found[self._source(alias).alias] = None
                continue
            owner, _dot, exact = self._column(each, condition=False).name.partition(".")
            wanted = found.setdefault(owner, set())
            if wanted is not None:
                wanted.add(exact)
        return found

    # -- what is found -------------------------------------------------------------------------------------------------

    def rows(self) -> list[Combined]:
        """The combinations that fulfil the conditions, in order."""
        first, *others = self._sources
        found: Iterable[Combined] = ({first.alias.lower(): record} for record in first.records())
        for source, join in zip(others, self._query.joins, strict=True):
            found = self._joined(found, source, join)
        kept = [row for row in found if self._accepts is None or self._accepts(self._flat(row)) is True]
        for name, descending in reversed(self._order):
            kept.sort(key=lambda row: _sort_key(self._flat(row).get(name)), reverse=descending)
        return kept

    def _joined(self, found: Iterable[Combined], source: Source, join: wql.Join) -> Iterator[Combined]:
        pairs = [self._sides(pair, source.alias) for pair in join.pairs]
        index: dict[tuple[Any, ...], list[Record]] = {}
        for record in source.records():
            key = tuple(wql.ordering(record.values.get(mine.partition(".")[2])) for mine, _theirs in pairs)
            if None not in key:
                index.setdefault(key, []).append(record)
        for row in found:
            values = self._flat(row)
            matching = index.get(tuple(wql.ordering(values.get(theirs)) for _mine, theirs in pairs), [])
            for record in matching:
                yield {**row, source.alias.lower(): record}
            if not matching and join.outer:
                yield {**row, source.alias.lower(): None}

    def _sides(self, pair: tuple[str, str], alias: str) -> tuple[str, str]:
        one, other = (self._column(each).name for each in pair)
        if one.partition(".")[0] != alias:
            one, other = other, one
        if one.partition(".")[0] != alias or other.partition(".")[0] == alias:
            raise wql.WqlError(f"ON compares a column of {alias} with one of another class")
        return one, other

    def _flat(self, row: Combined) -> Mapping[str, Value]:
        return {
            f"{source.alias}.{name}": value
            for source in self._sources
            if (record := row.get(source.alias.lower())) is not None
            for name, value in record.values.items()
        }

    # -- what is answered ----------------------------------------------------------------------------------------------

    def answer(self, namespace: str, as_rows: bool) -> list[Instance | Row]:
        """The rows as the provider hands them out."""
        if self._query.count:
            return [Row((Property("Count", "uint32"),), {"Count": len(self.rows())})]
        columns = tuple(
            Property(alias, f"object:{self._source(alias).definition.name}") for alias in sorted(self._columns)
        )
        generic = CimClass(GENERIC, None, namespace, {each.name: each for each in columns}, {})
        found: list[Instance | Row] = []
        for row in self.rows():
            values = {each.name: self._object(each.name, row) for each in columns}
            found.append(Row(columns, values) if as_rows else Instance(generic, values))
        return found

    def _object(self, alias: str, row: Combined) -> Embedded | None:
        record, wanted = row[alias.lower()], self._columns[alias]
        if record is None:
            return None
        values = self._thin(record)
        # ASSUMED: in a row of a JOIN, columns that were not asked for are null.
        return Embedded(
            record.definition.name,
            {name: value for name, value in values.items() if wanted is None or name in wanted},
        )


def _sort_key(value: Value) -> tuple[bool, Any]:
    return (value is not None, ordered) if (ordered := wql.ordering(value)) is not None else (False, 0)
