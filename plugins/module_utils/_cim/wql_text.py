# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""WQL that somebody else wrote: whether it is one SELECT, what it reads, and values put in by the quoting function only."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .._wsman import markup
from .._wsman.errors import BadValue
from . import wql

# A literal in either kind of quotes, a placeholder, a word, or any other character (wire E-21).
_TOKEN = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"|:[A-Za-z_]\w*|\w+|[^\s\w]", re.ASCII | re.DOTALL)
_JOINS = frozenset(("join", "inner", "left", "right", "full", "cross", ","))
_AFTER_CLASS = frozenset(("where", "order", "group", "having", "within"))


@dataclass(frozen=True)
class _Token:
    text: str
    start: int
    depth: int

    @property
    def word(self) -> str:
        return self.text.lower()


def _tokens(text: str) -> Iterator[_Token]:
    """What the text is made of, each with how many parentheses are around it. Raises BadValue."""
    depth = 0
    for match in _TOKEN.finditer(text):
        token = match.group()
        if token in ("'", '"'):
            raise _refused(f"the quote at position {match.start() + 1} is not closed")
        if token == ")":
            depth -= 1
            if depth < 0:
                raise _refused(f"the parenthesis at position {match.start() + 1} closes nothing")
        yield _Token(token, match.start(), depth)
        if token == "(":
            depth += 1
    if depth:
        raise _refused("a parenthesis is not closed")


def _refused(why: str) -> BadValue:
    return BadValue(f"The query is not one SELECT: {why}", hint="Nothing was sent.")


def check_select(text: str) -> None:
    """Nothing, if the text is one SELECT statement. Raises BadValue."""
    markup.check_text(text, "The query")
    found = list(_tokens(text))
    outside = [each.word for each in found if not each.depth]
    if not outside or outside[0] != "select":
        raise _refused("it does not begin with SELECT")
    if "from" not in outside:
        raise _refused("it has no FROM")
    if outside.count("select") > 1:
        raise _refused("there is a second SELECT")
    if any(each.text == ";" for each in found):
        raise _refused("it has a semicolon")


def filled(text: str, values: Mapping[str, Any]) -> str:
    """The text with every `:name` outside quotes replaced by the literal of its value; a list becomes `(a, b)`.

    Raises BadValue for a placeholder without a value, and for a value without a placeholder.
    """
    parts, end, used = [], 0, set()
    for token in _tokens(text):
        if not (token.text.startswith(":") and len(token.text) > 1):
            continue
        name = token.text[1:]
        if name not in values:
            raise BadValue(f"The query has :{name}, and parameters has no {name}", hint="Nothing was sent.")
        used.add(name)
        parts += [text[end : token.start], _literal(name, values[name])]
        end = token.start + len(token.text)
    spare = sorted(set(values) - used)
    if spare:
        raise BadValue(
            f"The query has no :{spare[0]} for the parameter {spare[0]}",
            hint="Nothing was sent. Quotes around a placeholder make it plain text: leave them out, they are added.",
        )
    return "".join([*parts, text[end:]])


def _literal(name: str, value: Any) -> str:
    if value is None:
        raise BadValue(f"The parameter {name} is null", hint="Nothing was sent. Write IS NULL in the query.")
    if isinstance(value, (list, tuple)):
        if not value:
            raise BadValue(f"The parameter {name} is an empty list", hint="Nothing was sent.")
        return f"({', '.join(_literal(name, each) for each in value)})"
    return wql.literal(value)


def source(text: str) -> str:
    """The class that the query reads; empty for a JOIN."""
    found = [each for each in _tokens(text) if not each.depth]
    place = next((number for number, each in enumerate(found) if each.word == "from"), len(found))
    clause = []
    for each in found[place + 1 :]:
        if each.word in _AFTER_CLASS:
            break
        clause.append(each)
    if not clause or any(each.word in _JOINS for each in clause):
        return ""
    return clause[0].text


def counts(text: str) -> bool:
    """Whether its only row is a COUNT (behaviour 17)."""
    found = [each.word for each in _tokens(text)]
    return found[1:3] == ["count", "("]
