# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading any class of the SMS Provider: rows by a query in constant memory, whole objects by Get where lazy properties are wanted."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .._cim import wql, wql_text
from .._cim.instance import Instance
from .._provider.errors import Impossible, NotFound
from .._provider.namespace import Namespace
from .._provider.schema import DESCRIBED, ClassSchema, Member, PropertySchema
from .wmi_values import CLASS, Reader, converted, near

if TYPE_CHECKING:
    from .module import Task

COMPARISONS = ("=", "<>", "<", "<=", ">", ">=")
LISTS = ("in", "not in")
PATTERNS = ("like", "matches", "starts with")
NULLS = ("is null", "is not null")
OPERATORS = (*COMPARISONS, *LISTS, *PATTERNS, *NULLS)
# What a row of this query calls its number (behaviour 17).
_COUNT = ClassSchema("__Generic", properties=(PropertySchema("Count", "uint32"),))
# A projection is no object and has no class (wire E-13).
_FRAGMENT = "XmlFragment"

QUERY_SPEC: dict[str, Any] = {
    "class_name": {"type": "str"},
    "wql": {"type": "str"},
    "parameters": {"type": "dict"},
    "properties": {"type": "list", "elements": "str", "default": []},
    "where": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "property": {"type": "str", "required": True},
            "operator": {"type": "str", "default": "=", "choices": list(OPERATORS)},
            "value": {"type": "raw"},
        },
    },
    "match": {"type": "str", "default": "all", "choices": ["all", "any"]},
    "lazy": {"type": "bool"},
    "key_properties": {"type": "list", "elements": "str", "default": [], "no_log": False},
    "limit": {"type": "int"},
    "namespace": {"type": "str"},
    "dest": {"type": "path"},
}
QUERY_RULES: dict[str, Any] = {
    "mutually_exclusive": [("class_name", "wql"), ("wql", "properties"), ("wql", "where"), ("wql", "lazy")],
    "required_one_of": [("class_name", "wql")],
    "required_by": {"parameters": ("wql",)},
}


@dataclass(frozen=True)
class Question:
    """What to read. Either a class with typed conditions, or WQL as somebody wrote it."""

    class_name: str = ""
    text: str = ""
    parameters: Mapping[str, Any] | None = None
    properties: tuple[str, ...] = ()
    where: tuple[Mapping[str, Any], ...] = ()
    match_any: bool = False
    lazy: bool | None = None
    key_properties: tuple[str, ...] = ()
    limit: int | None = None

    def checked(self) -> Question:
        """The same with the WQL ready to be sent. Raises BadValue, Impossible before any session is opened."""
        if self.limit is not None and self.limit < 1:
            raise Impossible(f"limit {self.limit} is less than 1")
        if not self.text:
            for name in (self.class_name, *self.properties, *self.key_properties):
                wql.name(name)
            return self
        wql_text.check_select(self.text)
        return replace(self, text=wql_text.filled(self.text, self.parameters or {}) if self.parameters else self.text)


def work(task: Task) -> dict[str, Any]:
    """What `cm_wmi_query` does."""
    params = task.params
    question = Question(
        class_name=params["class_name"] or "",
        text=params["wql"] or "",
        parameters=params["parameters"],
        properties=tuple(params["properties"]),
        where=tuple(params["where"]),
        match_any=params["match"] == "any",
        lazy=params["lazy"],
        key_properties=tuple(params["key_properties"]),
        limit=params["limit"],
    ).checked()
    query = Query(Namespace(task.site, params["namespace"]), question)
    result: dict[str, Any] = {"changed": False}
    if params["dest"]:
        result["dest"] = params["dest"]
        result["count"] = task.write_lines(params["dest"], query.rows)
    else:
        result["rows"] = task.complete(lambda: list(query.rows()))
        result["count"] = len(result["rows"])
    return {**result, **query.about, "requests": task.site.requests, "site_code": task.site.code}


class Query:
    """A question, held against the classes of the site. `rows` can be asked for again after a list broke off."""

    def __init__(self, namespace: Namespace, question: Question) -> None:
        self._namespace = namespace
        self._question = question
        self._reader = Reader(namespace.schemas)
        name = wql_text.source(question.text) if question.text else question.class_name
        self._schema = namespace.schemas.of(name) if name else ClassSchema("", source="unknown")
        self._wanted = tuple(self._declared(each).name for each in question.properties)
        self._keys = tuple(self._declared(each).name for each in question.key_properties) or self._schema.keys
        never = [each for each in self._wanted if _lazy(self._declared(each))]
        self._whole = question.lazy is True or (question.lazy is None and bool(never))
        if question.lazy is False and never:
            raise Impossible(
                f"A query never fills {', '.join(never)} of {name}",
                hint="Leave lazy out, and each object is read by itself",
            )
        self._classes: dict[frozenset[tuple[str, str]], str] | None = None
        self._left_out: dict[str, None] = {}
        self._columns: tuple[str, ...] = ()
        self.wql = question.text or str(self._select())

    @property
    def about(self) -> dict[str, Any]:
        """What the result says of the query and of all rows that were read."""
        return {
            "wql": self.wql,
            "schema": self._schema.source,
            "left_out": sorted(self._left_out, key=str.lower),
            "untyped": self._reader.untyped,
        }

    def rows(self) -> Generator[dict[str, Any], None, None]:
        """The rows, one at a time, under WMI's own names. Stops asking when the limit is reached."""
        rest = self._question.limit
        found = self._objects() if self._whole else self._queried()
        try:
            for row in found:
                yield row
                if rest is not None:
                    rest -= 1
                    if rest <= 0:
                        return
        finally:
            found.close()

    # -- what to ask -------------------------------------------------------------------------------------------

    def _declared(self, name: str) -> PropertySchema:
        """The property as the site spells it. Raises Impossible where the site says that there is none."""
        found = self._schema.property_named(name)
        if found is None and self._schema.source == DESCRIBED:
            known = [each.name for each in self._schema.properties]
            raise Impossible(f"{self._schema.name} has no property {name}", hint=near(name, known))
        return found or PropertySchema(name)

    def _select(self) -> str:
        if self._whole:
            if not self._keys:
                raise Impossible(
                    f"The site does not say which properties are the keys of {self._question.class_name}",
                    hint="Name them in key_properties; lazy properties are read object by object",
                )
            columns = self._keys
        elif self._wanted:
            columns = self._columns = tuple(dict.fromkeys((*self._keys, *self._wanted)))
        elif self._schema.source == DESCRIBED and self._schema.properties:
            self._left_out = dict.fromkeys(each.name for each in self._schema.properties if _lazy(each) or _large(each))
            columns = tuple(each.name for each in self._schema.properties if each.name not in self._left_out)
            self._columns = columns
        else:
            columns = ("*",)
        return wql.select(columns, self._question.class_name, self._where())

    def _where(self) -> wql.Condition | None:
        conditions = [condition(self._declared(each["property"]), each) for each in self._question.where]
        return wql.or_(*conditions) if self._question.match_any else wql.and_(*conditions)

    # -- what comes back ---------------------------------------------------------------------------------------

    def _queried(self) -> Generator[dict[str, Any], None, None]:
        counts = bool(self._question.text) and wql_text.counts(self._question.text)
        for instance in self._namespace.instances(self.wql):
            yield self._row(instance, _COUNT if counts else self._schema_of(instance))

    def _schema_of(self, instance: Instance) -> ClassSchema:
        """A projection is of the class that was asked for; an object says itself of which class it is."""
        if instance.class_name in (_FRAGMENT, self._schema.name):
            return self._schema
        if instance.class_name.startswith("__"):  # a JOIN: an object for each alias, with a class of its own
            return ClassSchema(instance.class_name, source="unknown")
        return self._namespace.schemas.of(instance.class_name)

    def _row(self, instance: Instance, schema: ClassSchema) -> dict[str, Any]:
        if self._columns:
            return self._reader.some(instance, schema, self._columns)
        names = instance.names()
        if instance.class_name != _FRAGMENT:  # an array that is null is not there
            names = tuple(dict.fromkeys((*(each.name for each in schema.properties), *names)))
        lazy = {each.name for each in schema.properties if _lazy(each)}
        self._left_out.update(dict.fromkeys(name for name in names if name in lazy))
        row = self._reader.some(instance, schema, tuple(name for name in names if name not in self._left_out))
        return row if self._schema.name else {name: self._without_lazy(name, value) for name, value in row.items()}

    def _without_lazy(self, alias: str, value: Any) -> Any:
        """An object of a JOIN, without what no query fills."""
        if not isinstance(value, dict) or CLASS not in value:
            return value
        schema = self._namespace.schemas.of(value[CLASS])
        lazy = [each.name for each in schema.properties if _lazy(each) and each.name in value]
        self._left_out.update(dict.fromkeys(f"{alias}.{name}" for name in lazy))
        return {name: each for name, each in value.items() if name not in lazy}

    def _objects(self) -> Generator[dict[str, Any], None, None]:
        # The list is drained first: an enumeration left idle between two Gets would expire (wire E-15).
        for keys in self._all_keys():
            instance = self._object(keys)
            if instance is None:
                continue
            schema = self._schema_of(instance)
            if self._wanted:
                names = tuple(dict.fromkeys((*self._keys, *self._wanted)))
                row = self._reader.some(instance, schema, names)
                yield {**row, **{name: row[name] if row[name] is not None else keys[name] for name in self._keys}}
            else:
                yield self._reader.every(instance, schema)

    def _object(self, keys: Mapping[str, str]) -> Instance | None:
        """One object as Get gives it; None for one that was deleted since.

        A site may know it under its own class only, not under one that this is derived from (behaviour 14).
        """
        asked = self._question.class_name
        if self._classes is None:
            found = self._got(asked, keys)
            if found is not None:
                return found
            self._classes = {
                _identity(dict(path.keys)): path.class_name
                for path in self._namespace.paths(wql.select(("*",), asked, self._where()))
            }
            if self._own_class(keys) == asked:
                return None
        return self._got(self._own_class(keys), keys)

    def _got(self, class_name: str, keys: Mapping[str, str]) -> Instance | None:
        try:
            return self._namespace.get(class_name, keys, self._wanted)
        except NotFound:
            return None

    def _own_class(self, keys: Mapping[str, str]) -> str:
        """The class of an object that the list has; the one that was asked for where the site did not tell."""
        found = (self._classes or {}).get(_identity(keys), "")
        asked = self._question.class_name
        return asked if not found or found.lower() == asked.lower() else found

    def _all_keys(self) -> list[dict[str, str]]:
        """The keys as selectors have them: text, as it came. No more of them than rows are wanted."""
        found: list[dict[str, str]] = []
        walked = self._namespace.instances(self.wql)
        try:
            for instance in walked:
                found.append({name: str(instance.guess(name)) for name in self._keys})
                if len(found) == self._question.limit:
                    break
        finally:
            walked.close()
        return found


def _identity(keys: Mapping[str, str]) -> frozenset[tuple[str, str]]:
    """Keys as they are compared: without case (wire U-11)."""
    return frozenset((name.lower(), text.lower()) for name, text in keys.items())


def _lazy(declared: PropertySchema) -> bool:
    """Filled by a Get only; so are objects (behaviour 11)."""
    return bool(declared.lazy) or declared.type.startswith("object")


def _large(declared: PropertySchema) -> bool:
    """Bytes take twenty characters each, which no list can bear (wire S-05, T-11)."""
    return declared.type == "uint8" and declared.array


def condition(declared: Member, asked: Mapping[str, Any]) -> wql.Condition:
    """A condition on a property, its value of the declared type. Raises Impossible, BadValue."""
    name, operator, value = declared.name, asked["operator"], asked["value"]
    label = f"where, {name}"
    if operator in NULLS:
        if value is not None:
            raise Impossible(f"{label}: {operator} takes no value")
        return wql.compare(name, "=" if operator == "is null" else "<>", None)
    if value is None:
        raise Impossible(f"{label}: {operator} needs a value", hint="For null there are is null and is not null")
    if operator in LISTS:
        if not isinstance(value, (list, tuple)):
            raise Impossible(f"{label}: {operator} takes a list, not {value!r}")
        found = wql.in_list(name, [_value(declared, each, label) for each in value])
        return found if operator == "in" else wql.not_(found)
    single = _value(declared, value, label)
    if operator in PATTERNS:
        if not isinstance(single, str):
            raise Impossible(f"{label}: {operator} is for text, and {name} is {declared.type}")
        if operator == "like":
            return wql.like_pattern(name, single)
        return wql.matches(name, single) if operator == "matches" else wql.starts_with(name, single)
    return wql.compare(name, operator, single)


def _value(declared: Member, asked: Any, label: str) -> Any:
    """A value to compare with. An array is compared with one of its entries (behaviour 19)."""
    if declared.type.startswith("object") or declared.type == "reference":
        raise Impossible(f"{label} is an object, which a query cannot compare")
    return converted(replace(declared, array=False), asked, label)
