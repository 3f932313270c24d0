# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The messages a user can meet, read out of the source: where errors are made, packages end and warnings are given.

A value inside a message becomes `<>`. Nothing is imported, so that no message hides behind a branch that is not taken.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "plugins" / "module_utils"
VALUE = "<>"

# Calls whose argument at this position is text for the user, besides the exceptions.
CALLS = {
    "end": 1,
    "warn": 0,
    "_warn": 0,
    "_build_failed": 1,
    "end_all": 0,
    "Verdict": 2,
    "_explained": 0,
    "Need": 1,
    "explain": 1,
}
# Findings of the connection check.
CALLS.update(failed=0, warned=0, skipped=0)
# Boot images: what is told once a task, and why a driver or a component will not do.
CALLS.update(say=0, Finding=0, _refuse=1)
# Functions that make text for the user out of what they return.
RETURNING = ("_foreign_text", "_unrefreshable", "failure", "_certificate")
# Names under which text for the user is kept until it is told.
NAMES = ("failure", "stopped", "told", "why_not", "why", "reason", "_BEHIND_PROXY")
# Tables whose values stand at the place of a `<>`, and are worth an entry of their own.
TABLES = ("_LOGIN_STATUS", "SOURCE_MESSAGES")


def plain(text: str) -> str:
    """The text with every value as `<>`, without what only separates it from the next sentence."""
    text = re.sub(r"<[^<>]*>", VALUE, " ".join(text.split()))
    return re.sub(r"(<>\s?)+", lambda run: VALUE + (" " if run.group().endswith(" ") else ""), text).strip(" .;")


def texts(node: ast.expr | None) -> Iterator[str]:
    """What a text expression can come to; a part that is computed is a value."""
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str):
            yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else VALUE for part in node.values)
    elif isinstance(node, ast.IfExp):
        yield from texts(node.body)
        yield from texts(node.orelse)
    elif isinstance(node, ast.BoolOp):
        for value in node.values:
            yield from texts(value)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        for left in list(texts(node.left)) or [VALUE]:
            for right in list(texts(node.right)) or [VALUE]:
                yield left + right


def exceptions(trees: dict[Path, ast.Module]) -> set[str]:
    """Names of the exceptions a user can read: those that have a `kind`, and all that is derived from them."""
    classes = [node for tree in trees.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    bases = {node.name: {base.id for base in node.bases if isinstance(base, ast.Name)} for node in classes}
    found = {node.name for node in classes if kind_of(node)}
    while True:
        more = {name for name, parents in bases.items() if parents & found} - found
        if not more:
            return found
        found |= more


def kind_of(node: ast.ClassDef) -> str:
    """The `kind` that a class declares as its own; empty if it declares none."""
    for line in node.body:
        if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == "kind":
            return str(ast.literal_eval(line.value))
    return ""


def assigned(tree: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Names and what is assigned to them: variables, attributes, keywords, and tuples of them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg:
            yield node.arg, node.value
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        for target in targets:
            value = node.value if isinstance(node, (ast.Assign, ast.AnnAssign)) else None
            if value is None:
                continue
            if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                pairs = list(zip(target.elts, value.elts, strict=True))
            else:
                pairs = [(target, value)]
            for one, its in pairs:
                name = one.id if isinstance(one, ast.Name) else one.attr if isinstance(one, ast.Attribute) else ""
                if name:
                    yield name, its


def parsed_sources() -> dict[Path, ast.Module]:
    """The source files of the collection's library."""
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(SOURCES.rglob("*.py"))}


def messages() -> dict[str, str]:
    """Every message, as `plain` has it, and the file it comes from."""
    trees = parsed_sources()
    kinds = exceptions(trees)
    found: dict[str, str] = {}

    def add(node: ast.expr | None, path: Path) -> None:
        for text in texts(node):
            if re.search(r"[a-z]{2}.*\s", text):
                found.setdefault(plain(text), str(path.relative_to(SOURCES)))

    for path, tree in trees.items():
        for scope in ast.walk(tree):
            if isinstance(scope, ast.FunctionDef):
                for node in _messages_of(scope, kinds):
                    add(node, path)
        for name, value in assigned(tree):
            if name in NAMES:
                add(value, path)
            if name in TABLES and isinstance(value, ast.Dict):
                for entry in value.values:
                    add(entry, path)
    return found


def _messages_of(scope: ast.FunctionDef, kinds: set[str]) -> Iterator[ast.expr]:
    """The text expressions of one function, variables resolved to what the function assigns to them."""
    kept: dict[str, list[ast.expr]] = {}
    for name, value in assigned(scope):
        kept.setdefault(name, []).append(value)
    for node in ast.walk(scope):
        if isinstance(node, ast.Return) and scope.name in RETURNING and node.value is not None:
            yield node.value
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        position = 0 if name in kinds else CALLS.get(name)
        told = node.args[position] if position is not None and position < len(node.args) else None
        if (
            name == "append"
            and isinstance(node.func, ast.Attribute)
            and ast.unparse(node.func.value) in ("problems", "self.notes")
        ):
            told = node.args[0]
        if name == "__init__" and node.args and isinstance(node.args[0], ast.BoolOp):  # what is told for want of words
            told = node.args[0]
        if name == "fail_json":
            told = next((word.value for word in node.keywords if word.arg == "msg"), None)
        if isinstance(told, ast.Name):
            yield from kept.get(told.id, [])
        elif told is not None:
            yield told
