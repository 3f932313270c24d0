# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""WQL as far as the simulated provider claims it (behaviour 16 to 19); everything else is refused.

    SELECT *|COUNT(*)|[DISTINCT] column, ... FROM class [[AS] alias]
      [[INNER] JOIN|LEFT [OUTER] JOIN class [AS] alias ON alias.column = alias.column [AND ...]] ...
      [WHERE condition] [ORDER BY column [ASC|DESC], ...]

A condition knows = <> != < > <= >=, LIKE, IN (list or SELECT), IS [NOT] NULL, AND, OR, NOT and parentheses. A comparison
with null is neither true nor false. With a JOIN every column is written alias.column, and ``alias.*`` is all of one class.
Strings compare without case. String literals stand in single or double quotes; a backslash escapes a backslash or a
quote (wire E-21).
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from .model import CimDateTime, Property

Truth = bool | None
Predicate = Callable[[Mapping[str, Any]], Truth]


class WqlError(Exception):
    """The query is not acceptable; `unsupported` tells a real part of the dialect that the simulator does not claim."""

    def __init__(self, message: str, *, unsupported: bool = False) -> None:
        super().__init__(message)
        self.unsupported = unsupported


@dataclass(frozen=True)
class Compare:
    """column OPERATOR literal; the literal is str, int, float, bool or None."""

    column: str
    operator: str
    literal: Any


@dataclass(frozen=True)
class Like:
    """column LIKE pattern."""

    column: str
    pattern: str


@dataclass(frozen=True)
class OneOf:
    """column IN (literals)."""

    column: str
    literals: tuple[Any, ...]


@dataclass(frozen=True)
class OneOfQuery:
    """column IN (SELECT ...)."""

    column: str
    query: Query


@dataclass(frozen=True)
class Null:
    """column IS NULL."""

    column: str


@dataclass(frozen=True)
class Not:
    """NOT condition."""

    condition: Condition


@dataclass(frozen=True)
class Both:
    """All conditions hold."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True)
class Either:
    """One of the conditions holds."""

    conditions: tuple[Condition, ...]


Condition = Compare | Like | OneOf | OneOfQuery | Null | Not | Both | Either


@dataclass(frozen=True)
class Join:
    """One more class, with the pairs of columns (``alias.column``) that are to be equal; `outer`: LEFT."""

    class_name: str
    alias: str
    pairs: tuple[tuple[str, str], ...]
    outer: bool = False


@dataclass(frozen=True)
class Query:
    """A parsed statement. `columns` is None for ``*``. With `joins` every column is ``alias.column``."""

    class_name: str
    columns: tuple[str, ...] | None
    count: bool
    distinct: bool
    where: Condition | None
    order_by: tuple[tuple[str, bool], ...]  # column, descending
    alias: str = ""
    joins: tuple[Join, ...] = ()


_TOKEN = re.compile(
    r"""\s*(?:
      (?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
    | (?P<number>[+-]?\d+(?:\.\d+)?(?![\w.]))
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<mark><>|!=|<=|>=|[=<>(),.*{}])
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
# Words of the dialect that the simulator does not claim.
_UNCLAIMED = frozenset(
    ["right", "full", "group", "having", "union", "select", "isa", "within"]
    + ["getdate", "datediff", "dateadd", "datepart", "datename"]
)
_STATEMENTS = frozenset(["associators", "references"])
_KEYWORDS = frozenset(
    ["select", "from", "where", "and", "or", "not", "like", "in", "is", "null", "order", "by", "asc", "desc"]
    + ["distinct", "true", "false", "join", "inner", "left", "outer", "on", "as"]
)


def _unescape(text: str) -> str:
    def replace(match: re.Match[str]) -> str:
        if match[1] not in "\\'\"":
            # A single backslash in a literal is a path that nobody escaped. Real hosts are no kinder to it.
            raise WqlError(f"stray backslash before {match[1]!r} in a string literal")
        return match[1]

    return _ESCAPE.sub(replace, text)


def _tokens(text: str) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    position, end = 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None or match.end() > end:
            raise WqlError(f"unexpected text at position {position}: {text[position : position + 20]!r}")
        kind = str(match.lastgroup)
        value: Any = match[kind]
        if kind == "string":
            value = _unescape(value[1:-1])
        elif kind == "number":
            value = float(value) if "." in value else int(value)
        found.append((kind, value))
        position = match.end()
    return found


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._at = 0

    def _peek(self) -> tuple[str, Any]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("end", "")

    def _next(self) -> tuple[str, Any]:
        token = self._peek()
        self._at += 1
        return token

    def _word(self) -> str:
        kind, value = self._peek()
        return value.lower() if kind == "name" else ""

    def _accept(self, *words: str) -> bool:
        """Take the words if they come next."""
        start = self._at
        for word in words:
            kind, value = self._next()
            if str(value).lower() != word or kind not in ("name", "mark"):
                self._at = start
                return False
        return True

    def _expect(self, word: str) -> None:
        if not self._accept(word):
            raise self._wrong(f"{word.upper()} expected")

    def _wrong(self, message: str) -> WqlError:
        kind, value = self._peek()
        word = str(value).lower()
        if kind == "name" and word in _UNCLAIMED:
            return WqlError(f"{value} is not supported here", unsupported=True)
        return WqlError(f"{message}, found {value!r}" if kind != "end" else f"{message}, found the end")

    def _name(self, what: str) -> str:
        kind, value = self._peek()
        if kind != "name" or value.lower() in _KEYWORDS or value.lower() in _UNCLAIMED:
            raise self._wrong(f"{what} expected")
        self._at += 1
        if value.startswith("__"):
            raise WqlError(f"system property or class {value} cannot be used")  # behaviour 16
        return str(value)

    def _column(self) -> str:
        """A column, with its alias if it has one."""
        name = self._name("column")
        return f"{name}.{self._name('column')}" if self._accept(".") else name

    def _selected(self) -> str:
        """A column of the list behind SELECT; ``alias.*`` is all of one class."""
        name = self._name("column")
        if not self._accept("."):
            return name
        return f"{name}.*" if self._accept("*") else f"{name}.{self._name('column')}"

    def statement(self) -> Query:
        if self._word() in _STATEMENTS:
            raise WqlError(f"{self._peek()[1]} is not supported here", unsupported=True)
        query = self._select()
        if self._peek()[0] != "end":
            raise self._wrong("end of the query expected")
        return query

    def _select(self) -> Query:
        self._expect("select")
        distinct = self._accept("distinct")
        columns: tuple[str, ...] | None = None
        count = False
        if self._accept("count", "("):
            self._expect("*")
            self._expect(")")
            count = True
            if distinct:
                raise WqlError("COUNT and DISTINCT not together")  # behaviour 16
        elif self._accept("distinct") or not self._accept("*"):
            columns = self._list(self._selected)
        if distinct and columns is None:
            raise WqlError("DISTINCT needs columns")
        self._expect("from")
        class_name = self._name("class")
        alias = self._alias()
        joins = []
        while (join := self._join()) is not None:
            joins.append(join)
        where = self._either() if self._accept("where") else None
        order_by: tuple[tuple[str, bool], ...] = ()
        if self._accept("order", "by"):
            order_by = self._list(self._sorting)
        query = Query(class_name, columns, count, distinct, where, order_by, alias, tuple(joins))
        return query if joins else _without_alias(query)

    def _alias(self) -> str:
        if self._accept("as"):
            return self._name("alias")
        kind, value = self._peek()
        return self._name("alias") if kind == "name" and value.lower() not in _KEYWORDS | _UNCLAIMED else ""

    def _join(self) -> Join | None:
        outer = self._accept("left")
        if outer:
            self._accept("outer")
        if not outer and not self._accept("inner") and self._word() != "join":
            return None
        self._expect("join")
        class_name = self._name("class")
        alias = self._alias() or class_name
        self._expect("on")
        pairs = [self._pair()]
        while self._accept("and"):
            pairs.append(self._pair())
        return Join(class_name, alias, tuple(pairs), outer)

    def _pair(self) -> tuple[str, str]:
        one = self._column()
        self._expect("=")
        return one, self._column()

    def _list(self, item: Callable[[], Any]) -> tuple[Any, ...]:
        items = [item()]
        while self._accept(","):
            items.append(item())
        return tuple(items)

    def _sorting(self) -> tuple[str, bool]:
        column = self._column()
        if self._accept("desc"):
            return column, True
        self._accept("asc")
        return column, False

    def _either(self) -> Condition:
        parts = [self._both()]
        while self._accept("or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _both(self) -> Condition:
        parts = [self._condition()]
        while self._accept("and"):
            parts.append(self._condition())
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def _condition(self) -> Condition:
        if self._accept("not"):
            return Not(self._condition())
        if self._accept("("):
            inner = self._either()
            self._expect(")")
            return inner
        if self._peek()[0] in ("string", "number"):
            literal = self._literal()
            sign = self._operator()
            mirrored = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}.get(sign, sign)
            return self._comparison(self._column(), mirrored, literal)
        column = self._column()
        if self._accept("is"):
            negated = self._accept("not")
            self._expect("null")
            return Not(Null(column)) if negated else Null(column)
        negated = self._accept("not")
        if self._accept("like"):
            kind, value = self._next()
            if kind != "string":
                raise WqlError("LIKE needs a string")
            found: Condition = Like(column, value)
        elif self._accept("in"):
            self._expect("(")
            if self._word() == "select":
                found = OneOfQuery(column, self._select())
            else:
                found = OneOf(column, self._list(self._literal))
            self._expect(")")
        elif negated:
            raise self._wrong("LIKE or IN expected")
        else:
            return self._comparison(column, self._operator(), self._literal())
        return Not(found) if negated else found

    def _comparison(self, column: str, sign: str, literal: Any) -> Condition:
        if literal is None:
            if sign == "=":
                return Null(column)
            if sign == "<>":
                return Not(Null(column))
            raise WqlError("null compares with = and <> only")
        return Compare(column, sign, literal)

    def _operator(self) -> str:
        kind, value = self._peek()
        if kind != "mark" or value not in ("=", "<>", "!=", "<", ">", "<=", ">="):
            raise self._wrong("comparison expected")
        self._at += 1
        return "<>" if value == "!=" else str(value)

    def _literal(self) -> Any:
        kind, value = self._peek()
        if kind in ("string", "number"):
            self._at += 1
            return value
        word = self._word()
        if word in ("true", "false", "null"):
            self._at += 1
            return {"true": True, "false": False, "null": None}[word]
        raise self._wrong("literal expected")


def _without_alias(query: Query) -> Query:
    """The query of one class with plain columns. Raises `WqlError` for a column of another class."""
    own = {query.class_name.lower(), query.alias.lower()}

    def plain(column: str) -> str:
        alias, dot, name = column.partition(".")
        if dot and alias.lower() not in own:
            raise WqlError(f"{alias} is no class of this query")
        return name if dot else alias

    columns = None if query.columns is None else tuple(plain(each) for each in query.columns)
    return replace(
        query,
        columns=None if columns == ("*",) else columns,
        where=None
        if query.where is None
        else mapped(query.where, lambda each: replace(each, column=plain(each.column))),
        order_by=tuple((plain(column), descending) for column, descending in query.order_by),
    )


def mapped(condition: Condition, change: Callable[[Any], Condition]) -> Condition:
    """The condition with each of its comparisons changed."""
    if isinstance(condition, (Both, Either)):
        return type(condition)(tuple(mapped(each, change) for each in condition.conditions))
    if isinstance(condition, Not):
        return Not(mapped(condition.condition, change))
    return change(condition)


def with_answers(condition: Condition, ask: Callable[[Query], Iterable[Any]]) -> Condition:
    """The condition with the answers of its sub-queries in their place."""

    def answered(each: Condition) -> Condition:
        if not isinstance(each, OneOfQuery):
            return each
        if each.query.columns is None or len(each.query.columns) != 1 or each.query.joins:
            raise WqlError("a sub-query selects one column of one class")
        return OneOf(each.column, tuple(ask(each.query)))

    return mapped(condition, answered)


def parse(text: str) -> Query:
    """Parse a statement. Raises `WqlError`."""
    return _Parser(text).statement()


# --- values ----------------------------------------------------------------------------------------------------------

_DMTF = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)\.(\d{6}|\*{6}|\d{3}\*{3})([+-])(\d{3}|\*{3})$")
_PLAIN = re.compile(r"(\d{4})[-/](\d\d?)[-/](\d\d?)(?:[ T](\d\d?):(\d\d)(?::(\d\d)(?:\.\d+)?)?)?Z?$")


def moment(text: str) -> datetime:
    """The point in time of a DMTF or plain date text, as naive UTC; no zone counts as UTC. Raises `ValueError`."""
    match = _DMTF.match(text)
    if match is not None:
        fraction = int(match[7].replace("*", "0"))
        found = datetime(
            int(match[1]), int(match[2]), int(match[3]), int(match[4]), int(match[5]), int(match[6]), fraction
        )
        if match[9] != "***":
            offset = timedelta(minutes=int(match[9]))
            found = found - offset if match[8] == "+" else found + offset
        return found
    match = _PLAIN.match(text)
    if match is None:
        raise ValueError(f"not a date: {text!r}")
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
    return datetime(year, month, day, hour, minute, second)


def _comparable(prop: Property, literal: Any) -> Any:
    """The literal as a value of the type of `prop`. Raises `WqlError` when it does not fit."""
    try:
        if prop.type == "string":
            if isinstance(literal, str):
                return literal.lower()
        elif prop.type == "boolean":
            if isinstance(literal, bool):
                return literal
            if literal in (0, 1):
                return bool(literal)
            if isinstance(literal, str) and literal.lower() in ("true", "false"):
                return literal.lower() == "true"
        elif prop.type == "datetime":
            if isinstance(literal, str):
                return moment(literal)
        elif not prop.type.startswith("object:"):
            if isinstance(literal, (int, float)) and not isinstance(literal, bool):
                return literal
            if isinstance(literal, str):
                return int(literal)
    except ValueError:
        pass
    raise WqlError(f"{literal!r} does not fit {prop.name} ({prop.type})")


def ordering(value: Any) -> Any:
    """A value as it is compared: strings without case, datetimes as points in time."""
    if isinstance(value, str):
        return value.lower()
    if isinstance(value, CimDateTime):
        return moment(value.text)
    return value


def like_pattern(pattern: str) -> re.Pattern[str]:
    """LIKE as a regular expression: ``%``, ``_`` and sets in brackets. Raises `WqlError` for an open set."""
    out = []
    position = 0
    while position < len(pattern):
        char = pattern[position]
        position += 1
        if char == "%":
            out.append(".*")
        elif char == "_":
            out.append(".")
        elif char == "[":
            end = pattern.find("]", position + 1)
            if end < 0:
                raise WqlError("a set in LIKE lacks its closing bracket")
            members = pattern[position:end]
            negated = len(members) > 1 and members[0] == "^"
            body = re.sub(r"([\\\[\]^&~|])", r"\\\1", members[1:] if negated else members)
            out.append(f"[{'^' if negated else ''}{body}]")
            position = end + 1
        else:
            out.append(re.escape(char))
    try:
        return re.compile("".join(out), re.IGNORECASE | re.DOTALL)
    except re.error as error:
        raise WqlError(f"LIKE pattern {pattern!r} is not acceptable") from error


# --- conditions ------------------------------------------------------------------------------------------------------

_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}


def compile_condition(condition: Condition, column: Callable[[str], Property]) -> Predicate:
    """The condition as a function of the values of a row: True, False, or None where null takes part.

    `column` gives the property of a name, or raises `WqlError`.
    """
    if isinstance(condition, Both):
        parts = [compile_condition(part, column) for part in condition.conditions]
        return lambda values: _all(parts, values)
    if isinstance(condition, Either):
        parts = [compile_condition(part, column) for part in condition.conditions]
        return lambda values: _any(parts, values)
    if isinstance(condition, Not):
        inner = compile_condition(condition.condition, column)
        return lambda values: None if (truth := inner(values)) is None else not truth
    if isinstance(condition, OneOfQuery):
        raise WqlError("a sub-query stands where none can be asked", unsupported=True)
    prop = column(condition.column)
    name = prop.name
    if prop.type.startswith("object:") and not isinstance(condition, Null):
        raise WqlError(f"{name} is an embedded object and cannot be compared")
    if isinstance(condition, Null):
        return lambda values: values.get(name) is None
    if isinstance(condition, Like):
        if prop.type != "string" or prop.array:
            raise WqlError(f"LIKE needs a string property, {name} is none")
        matches = like_pattern(condition.pattern).fullmatch
        return lambda values: None if (value := values.get(name)) is None else matches(value) is not None
    if isinstance(condition, OneOf):
        wanted = {_comparable(prop, literal) for literal in condition.literals if literal is not None}
        return _one_of(prop, wanted)
    literal = _comparable(prop, condition.literal)
    if prop.array:
        if condition.operator not in ("=", "<>"):
            raise WqlError(f"the array {name} can be compared with = and IN only")  # behaviour 19
        contains = _one_of(prop, {literal})
        if condition.operator == "=":
            return contains
        return lambda values: None if (truth := contains(values)) is None else not truth
    compare = _SIGNS[condition.operator]
    if prop.type in ("string", "datetime"):
        return lambda values: None if (value := values.get(name)) is None else compare(ordering(value), literal)
    return lambda values: None if (value := values.get(name)) is None else compare(value, literal)


def _one_of(prop: Property, wanted: set[Any]) -> Predicate:
    name = prop.name
    if prop.array:
        return lambda values: None if (found := values.get(name)) is None else any(ordering(v) in wanted for v in found)
    return lambda values: None if (value := values.get(name)) is None else ordering(value) in wanted


def _all(parts: list[Predicate], values: Mapping[str, Any]) -> Truth:
    unknown = False
    for part in parts:
        truth = part(values)
        if truth is False:
            return False
        unknown = unknown or truth is None
    return None if unknown else True


def _any(parts: list[Predicate], values: Mapping[str, Any]) -> Truth:
    unknown = False
    for part in parts:
        truth = part(values)
        if truth is True:
            return True
        unknown = unknown or truth is None
    return None if unknown else False


def columns_of(condition: Condition | None) -> set[str]:
    """Names of the columns a condition looks at, as written."""
    if condition is None:
        return set()
    if isinstance(condition, (Both, Either)):
        return {name for part in condition.conditions for name in columns_of(part)}
    if isinstance(condition, Not):
        return columns_of(condition.condition)
    return {condition.column}


def narrowed(condition: Condition | None, column: str) -> set[str] | None:
    """The only values (lower case) that string column `column` can have in a result; None when it is not limited."""
    if isinstance(condition, Compare):
        if condition.column.lower() == column and condition.operator == "=" and isinstance(condition.literal, str):
            return {condition.literal.lower()}
    elif isinstance(condition, OneOf):
        if condition.column.lower() == column and all(isinstance(literal, str) for literal in condition.literals):
            return {literal.lower() for literal in condition.literals}
    elif isinstance(condition, Both):
        limits = [limit for part in condition.conditions if (limit := narrowed(part, column)) is not None]
        return set.intersection(*limits) if limits else None
    elif isinstance(condition, Either):
        each = [narrowed(part, column) for part in condition.conditions]
        if all(limit is not None for limit in each):
            return set().union(*(limit for limit in each if limit is not None))
    return None
