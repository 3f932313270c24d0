# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The typed store: classes, objects by class and key, and queries over them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from . import wql
from .model import CimClass, CimDateTime, Embedded, Instance, Property, Row, Value, WmiError
from .schema import ClassDefinition

WBEM_E_FAILED = 0x80041001
WBEM_E_NOT_FOUND = 0x80041002
WBEM_E_ACCESS_DENIED = 0x80041003
WBEM_E_TYPE_MISMATCH = 0x80041005
WBEM_E_INVALID_PARAMETER = 0x80041008
WBEM_E_NOT_SUPPORTED = 0x8004100C
WBEM_E_INVALID_NAMESPACE = 0x8004100E
WBEM_E_INVALID_CLASS = 0x80041010
WBEM_E_INVALID_QUERY = 0x80041017
WBEM_E_ALREADY_EXISTS = 0x80041019
WBEM_E_PROVIDER_NOT_CAPABLE = 0x80041024
WBEM_E_READ_ONLY = 0x80041023
WBEM_E_VALUE_OUT_OF_RANGE = 0x8004102B
WBEM_E_INVALID_METHOD_PARAMETERS = 0x8004102F
WBEM_E_INVALID_PROPERTY = 0x80041031

_RANGES = {f"{sign}{bits}": ((0 if sign == "uint" else -(2 ** (bits - 1))), 2 ** (bits if sign == "uint" else bits - 1) - 1)
           for sign in ("uint", "sint") for bits in (8, 16, 32, 64)}  # fmt: skip


def wmi_error(hresult: int, message: str, operation: str, parameter: str = "") -> WmiError:
    """An error that WMI itself raises, with an __ExtendedStatus."""
    extended: dict[str, Value] = {
        "Description": message,
        "Operation": operation,
        "ParameterInfo": parameter,
        "ProviderName": "WinMgmt",
        "StatusCode": hresult,
    }
    return WmiError(hresult, message, "__ExtendedStatus", extended)


def provider_error(
    code: int,
    description: str,
    operation: str,
    parameter: str = "",
    *,
    object_info: str = "",
    cause: str = "",
    hresult: int = WBEM_E_FAILED,
) -> WmiError:
    """An error that the SMS Provider raises: SMS_ExtendedStatus with `code` (behaviour 118, errors.yml)."""
    extended: dict[str, Value] = {
        "CauseInfo": cause,
        "Description": description,
        "ErrorCode": code,
        "File": "..\\simulated\\provider.cpp",
        "Line": 1,
        "ObjectInfo": object_info,
        "Operation": operation,
        "ParameterInfo": parameter,
        "ProviderName": "WinMgmt",
        "SQLMessage": "",
        "SQLSeverity": 0,
        "SQLStatus": 0,
        "StatusCode": hresult,
    }
    return WmiError(
        hresult, "Generic failure" if hresult == WBEM_E_FAILED else description, "SMS_ExtendedStatus", extended
    )


@dataclass(slots=True)
class Record:
    """A stored or computed object: its class and its values by exact property name; a missing value is null."""

    definition: ClassDefinition
    values: dict[str, Value]

    def path(self) -> str:
        """The relative object path, for errors and the audit trail."""
        keys = ",".join(f'{name}="{self.values.get(name)}"' for name in self.definition.keys)
        return f"{self.definition.name}.{keys}"


class View(Protocol):
    """What a caller may see."""

    def sees(self, record: Record) -> bool:
        """Whether the caller may see this object."""


# Column (lower case) -> the only values (lower case) that are asked for.
Narrow = Mapping[str, set[str]]


class Table(Protocol):
    """The objects of one class, derived ones not included."""

    definition: ClassDefinition
    indexed: frozenset[str]  # lower-case columns that `rows` can narrow

    def rows(self, site_code: str, narrow: Narrow) -> Iterable[Record]:
        """The objects of a site, narrowed as far as the table can."""


def key_text(value: Value) -> str:
    """A key value as it is compared: without case."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.text if isinstance(value, CimDateTime) else str(value).lower()


class StoredTable:
    """Objects kept by key. `site_property` names the property that ties an object to one site's namespace."""

    def __init__(self, definition: ClassDefinition, site_property: str | None = None) -> None:
        self.definition = definition
        self.records: dict[tuple[str, ...], Record] = {}
        self._keys = definition.keys
        self._site_property = site_property
        self.indexed = frozenset({self._keys[0].lower()}) if len(self._keys) == 1 else frozenset()

    def _key(self, values: Mapping[str, Value]) -> tuple[str, ...]:
        return tuple(key_text(values.get(name)) for name in self._keys)

    def add(self, values: dict[str, Value]) -> Record:
        """Store an object; the values are taken over, not copied. Raises `WmiError` when the key is taken."""
        return self.put_in(Record(self.definition, values))

    def put_in(self, record: Record) -> Record:
        """Store an object that was made elsewhere. Raises `WmiError` when the key is taken."""
        key = self._key(record.values)
        if key in self.records:
            raise wmi_error(WBEM_E_ALREADY_EXISTS, "Object or property already exists", "PutInstance", str(key))
        self.records[key] = record
        return record

    def find(self, *key: Value) -> Record | None:
        """The object with this key."""
        return self.records.get(tuple(key_text(part) for part in key))

    def remove(self, record: Record) -> None:
        """Forget an object."""
        self.records.pop(self._key(record.values), None)

    def rows(self, site_code: str, narrow: Narrow) -> Iterable[Record]:
        """The objects, those of other sites left out."""
        found: Iterable[Record] = list(self.records.values())
        for column in self.indexed:
            if column in narrow:
                found = [self.records[(value,)] for value in sorted(narrow[column]) if (value,) in self.records]
        if self._site_property is not None:
            name = self._site_property
            return [record for record in found if record.values.get(name) == site_code]
        return found


class ComputedTable:
    """Objects computed from the world when somebody looks. `indexed` are the columns that `compute` narrows by."""

    def __init__(
        self,
        definition: ClassDefinition,
        compute: Callable[[str, Narrow], Iterable[dict[str, Value]]],
        indexed: Iterable[str] = (),
    ) -> None:
        self.definition = definition
        self._compute = compute
        self.indexed = frozenset(indexed)

    def rows(self, site_code: str, narrow: Narrow) -> Iterator[Record]:
        """The objects as they are now."""
        for values in self._compute(site_code, narrow):
            yield Record(self.definition, values)


def cloned(value: Value) -> Value:
    """A copy that shares nothing changeable."""
    return copy.deepcopy(value) if isinstance(value, (list, Embedded)) else value


class Repository:
    """All tables, and the rules of reading that hold for every class."""

    def __init__(self, classes: Mapping[str, ClassDefinition], switches: Mapping[str, Any]) -> None:
        self.classes = classes
        self._switches = switches
        self._tables: dict[str, Table] = {}
        self._families: dict[str, list[Table]] = {}

    def add_table(self, table: Table) -> None:
        """Make the objects of `table` part of every query of its class and superclasses."""
        self._tables[table.definition.name.lower()] = table
        self._families.clear()

    def stored(self, class_name: str) -> StoredTable:
        """The stored table of a class; made on first use."""
        name = class_name.lower()
        if name not in self._tables:
            self.add_table(StoredTable(self.classes[name]))
        table = self._tables[name]
        if not isinstance(table, StoredTable):
            raise TypeError(f"{class_name} is computed")
        return table

    def family(self, class_name: str) -> list[Table]:
        """Tables of the class and of its derived classes (behaviour 14)."""
        name = class_name.lower()
        if name not in self._families:
            self._families[name] = [table for table in self._tables.values() if name in table.definition.lineage]
        return self._families[name]

    # --- reading ---

    def find(self, definition: ClassDefinition, keys: Mapping[str, str], site_code: str, view: View) -> Record | None:
        """The object of exactly this class with these selectors. Raises `WmiError` for selectors that are no keys."""
        wanted: dict[str, str] = {}
        for name, text in keys.items():
            exact = definition.spelling.get(name.lower())
            if exact is None or not definition.properties[exact].key:
                raise wmi_error(WBEM_E_INVALID_PARAMETER, f"{name} is no key of {definition.name}", "GetObject", name)
            wanted[exact] = key_text(text)
        if set(wanted) != set(definition.keys):
            missing = ", ".join(sorted(set(definition.keys) - set(wanted)))
            raise wmi_error(WBEM_E_INVALID_PARAMETER, f"Key {missing} of {definition.name} is missing", "GetObject")
        name = definition.name.lower()
        tables: list[Table] = [self._tables[name]] if name in self._tables else []
        # ASSUMED: an object cannot be addressed through a base class (the SDK says nothing; switch get_by_base_class).
        if self._switches["get_by_base_class"] == "derived":
            tables = self.family(name)
        narrow = {column.lower(): {text} for column, text in wanted.items()}
        for table in tables:
            for record in table.rows(site_code, narrow):
                if all(key_text(record.values.get(column)) == text for column, text in wanted.items()):
                    if view.sees(record):
                        return record
        return None

    def visible(self, class_name: str, site_code: str, view: View, narrow: Narrow | None = None) -> Iterator[Record]:
        """All objects of a class and its derived classes that the caller sees."""
        for table in self.family(class_name):
            for record in table.rows(site_code, narrow or {}):
                if view.sees(record):
                    yield record

    def full(self, record: Record, cim_class: CimClass) -> Instance:
        """The object as a Get answers it: lazy and embedded values included (behaviour 11)."""
        values = record.values
        return Instance(cim_class, {name: cloned(values.get(name)) for name in record.definition.properties})

    def thin(self, record: Record, cim_class: CimClass) -> Instance:
        """The object as a query answers it: nothing for lazy and embedded properties (behaviour 11)."""
        values = record.values
        return Instance(
            cim_class,
            {
                name: self._withheld(record.definition, prop) if _withheld(prop) else cloned(values.get(name))
                for name, prop in record.definition.properties.items()
            },
        )

    def _withheld(self, definition: ClassDefinition, prop: Property) -> Value:
        # ASSUMED: null; the SDK says "null or the default" (behaviour 11, switch lazy_in_query).
        return definition.defaults.get(prop.name) if self._switches["lazy_in_query"] == "default" else None

    def query(
        self,
        definition: ClassDefinition,
        query: wql.Query,
        site_code: str,
        view: View,
        class_of: Callable[[str], CimClass],
    ) -> list[Instance | Row]:
        """The answer to a parsed query. Raises `wql.WqlError`."""

        def column(name: str) -> Property:
            exact = definition.spelling.get(name.lower())
            if exact is None:
                raise wql.WqlError(f"{definition.name} has no property {name}")
            return definition.properties[exact]

        def filtered(name: str) -> Property:
            prop = column(name)
            # ASSUMED: a lazy property cannot be filtered or sorted by (no source says; switch lazy_in_where).
            if prop.lazy and self._switches["lazy_in_where"] == "refused":
                raise wql.WqlError(f"{prop.name} is lazy and cannot be used in a condition")
            return prop

        accepts = wql.compile_condition(query.where, filtered) if query.where is not None else None
        columns = None if query.columns is None else tuple(column(name) for name in query.columns)
        order_by = [(filtered(name).name, descending) for name, descending in query.order_by]
        names = {name.lower() for name in wql.columns_of(query.where)}
        narrow = {name: limit for name in names if (limit := wql.narrowed(query.where, name)) is not None}
        records: Iterable[Record] = self.visible(definition.name, site_code, view, narrow)
        if accepts is not None:
            condition = accepts
            records = (record for record in records if condition(record.values) is True)
        if query.count:
            return [Row((Property("Count", "uint32"),), {"Count": sum(1 for _unused in records)})]  # behaviour 17
        if order_by:
            records = list(records)
            for name, descending in reversed(order_by):
                records.sort(key=lambda record: _sort_key(record.values.get(name)), reverse=descending)
        if columns is None:
            return [self.thin(record, class_of(record.definition.name)) for record in records]
        return self._project(records, columns, query.distinct)

    def _project(
        self, records: Iterable[Record], columns: tuple[Property, ...], distinct: bool
    ) -> list[Instance | Row]:
        rows: list[Instance | Row] = []
        seen: set[str] = set()
        for record in records:
            row: dict[str, Value] = {}
            for prop in columns:
                value = self._withheld(record.definition, prop) if _withheld(prop) else record.values.get(prop.name)
                row[prop.name] = cloned(value) if isinstance(value, list) else value
            if distinct:
                mark = repr([wql.ordering(value) for value in row.values()])
                if mark in seen:
                    continue
                seen.add(mark)
            rows.append(Row(columns, row))
        return rows

    # --- writing ---

    def checked(self, definition: ClassDefinition, values: Mapping[str, Value], operation: str) -> dict[str, Value]:
        """The values under their exact names. Raises `WmiError` for unknown properties and wrong types."""
        found: dict[str, Value] = {}
        for name, value in values.items():
            exact = definition.spelling.get(name.lower())
            if exact is None:
                raise wmi_error(WBEM_E_INVALID_PROPERTY, f"{definition.name} has no property {name}", operation, name)
            prop = definition.properties[exact]
            found[exact] = self.checked_value(prop.type, prop.array, value, f"{definition.name}.{exact}", operation)
        return found

    def checked_value(self, cim_type: str, array: bool, value: Value, where: str, operation: str) -> Value:
        """A copy of a value that fits its type. Raises `WmiError`."""
        if value is None:
            return None
        if array:
            if not isinstance(value, list):
                raise wmi_error(WBEM_E_TYPE_MISMATCH, f"{where} is an array", operation, where)
            return [self._scalar(cim_type, item, where, operation) for item in value]
        return self._scalar(cim_type, value, where, operation)

    def _scalar(self, cim_type: str, value: Value, where: str, operation: str) -> Value:
        if cim_type.startswith("object:"):
            return self._embedded(cim_type[len("object:") :], value, where, operation)
        if cim_type in _RANGES:
            fits = isinstance(value, int) and not isinstance(value, bool)
        else:
            python_type = {"string": str, "boolean": bool, "datetime": CimDateTime}.get(cim_type, (float, int))
            fits = isinstance(value, python_type)
        if not fits:
            raise wmi_error(WBEM_E_TYPE_MISMATCH, f"{where} is {cim_type}, not {value!r}", operation, where)
        if cim_type in _RANGES:
            low, high = _RANGES[cim_type]
            if not low <= value <= high:
                raise wmi_error(
                    WBEM_E_VALUE_OUT_OF_RANGE, f"{value} does not fit {where} ({cim_type})", operation, where
                )
        if isinstance(value, CimDateTime):
            try:
                wql.moment(value.text)
            except ValueError:
                if value.text[:14] != "0" * 14:
                    raise wmi_error(
                        WBEM_E_TYPE_MISMATCH, f"{where}: {value.text!r} is no datetime", operation, where
                    ) from None
        return value

    def _embedded(self, base: str, value: Value, where: str, operation: str) -> Embedded:
        definition = self.classes.get(value.class_name.lower()) if isinstance(value, Embedded) else None
        if definition is None or base.lower() not in definition.lineage or definition.abstract:
            raise wmi_error(WBEM_E_TYPE_MISMATCH, f"{where} takes objects of {base}", operation, where)
        found = {name: cloned(default) for name, default in definition.defaults.items()}
        found.update(self.checked(definition, value.values, operation))
        for name, (low, high) in definition.ranges.items():
            if isinstance(found.get(name), int):
                found[name] = max(low, min(high, found[name]))  # behaviour 49: lowered, not refused
        return Embedded(definition.name, found)


def _withheld(prop: Property) -> bool:
    return prop.lazy or prop.type.startswith("object:")


def _sort_key(value: Value) -> tuple[bool, Any]:
    return (value is not None, ordered) if (ordered := wql.ordering(value)) is not None else (False, 0)
