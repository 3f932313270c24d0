# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""WQL, written: the only place that quotes a literal (wire E-21)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from .._wsman import markup
from .._wsman.errors import BadValue
from .types import CimTime

_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)?\Z", re.ASCII)
_OPERATORS = ("=", "<>", "<", "<=", ">", ">=")


@dataclass(frozen=True)
class Condition:
    """A WHERE clause, or a part of one, ready to be sent."""

    text: str

    def __str__(self) -> str:
        return self.text


def name(column: str) -> str:
    """A property or class name, refused if it is anything else. Raises BadValue."""
    if not _NAME.match(column):
        raise BadValue(f"{column!r} is not the name of a property or class")
    return column


def literal(value: Any) -> str:
    """A value as WQL writes it. Raises BadValue."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, CimTime):
        return f"'{value.dmtf}'"
    if not isinstance(value, str):
        raise BadValue(f"A query cannot hold {value!r}")
    markup.check_text(value, "A value in a query")
    # Backslash first, else the backslash that guards the quote would be doubled.
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def like(value: str) -> str:
    """Text for a LIKE pattern in which every character stands for itself. Not yet a literal."""
    return re.sub(r"[\[%_]", r"[\g<0>]", value)


def select(columns: Sequence[str], from_class: str, where: Condition | None = None) -> str:
    """The query. `columns` ("*",) reads whole objects, which is out for package classes (wire S-05)."""
    if not columns:
        raise BadValue(f"A query of {from_class} needs columns")
    listed = "*" if tuple(columns) == ("*",) else ", ".join(name(column) for column in columns)
    query = f"SELECT {listed} FROM {name(from_class)}"
    return f"{query} WHERE {where}" if where is not None else query


def count(from_class: str, where: Condition | None = None) -> str:
    """The query for how many there are; its one row has the property Count (behaviour 17)."""
    query = f"SELECT COUNT(*) FROM {name(from_class)}"
    return f"{query} WHERE {where}" if where is not None else query


def compare(column: str, operator: str, value: Any) -> Condition:
    """`column` beside a value, with one of = <> < <= > >=; None asks for NULL."""
    if operator not in _OPERATORS:
        raise BadValue(f"WQL has no operator {operator!r}")
    if value is None:
        if operator not in ("=", "<>"):
            raise BadValue(f"NULL cannot be compared with {operator}")
        return Condition(f"{name(column)} IS {'NOT ' if operator == '<>' else ''}NULL")
    return Condition(f"{name(column)} {operator} {literal(value)}")


def equals(column: str, value: Any) -> Condition:
    """`column` is that value; strings compare without case at the site."""
    return compare(column, "=", value)


def in_list(column: str, values: Iterable[Any]) -> Condition:
    """`column` is one of those values. Slicing a long list is the caller's. Raises BadValue for none."""
    listed = [literal(value) for value in values]
    if not listed:
        raise BadValue(f"No values to look for in {column}")
    if len(listed) == 1:
        return Condition(f"{name(column)} = {listed[0]}")
    return Condition(f"{name(column)} IN ({', '.join(listed)})")


def like_pattern(column: str, pattern: str) -> Condition:
    """`column` matches a pattern of WQL, in which % is any text, _ one character, and [ ] a set."""
    return Condition(f"{name(column)} LIKE {literal(pattern)}")


def starts_with(column: str, text: str) -> Condition:
    """`column` begins with that text, taken literally."""
    return Condition(f"{name(column)} LIKE {literal(like(text) + '%')}")


def matches(column: str, glob: str) -> Condition:
    """`column` matches a pattern in which * is any text and ? one character; all else stands for itself."""
    if "*" not in glob and "?" not in glob:
        return equals(column, glob)
    return Condition(f"{name(column)} LIKE {literal(like(glob).replace('*', '%').replace('?', '_'))}")


def and_(*conditions: Condition | None) -> Condition | None:
    """All of them; None stands for no condition."""
    return _joined("AND", conditions)


def or_(*conditions: Condition | None) -> Condition | None:
    """Any of them; None is left out."""
    return _joined("OR", conditions)


def not_(condition: Condition) -> Condition:
    """Not that."""
    return Condition(f"NOT ({condition})")


def _joined(word: str, conditions: Iterable[Condition | None]) -> Condition | None:
    given = [condition for condition in conditions if condition is not None]
    if len(given) < 2:
        return given[0] if given else None
    return Condition(f" {word} ".join(f"({condition})" for condition in given))
