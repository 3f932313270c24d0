# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a method call fits the list of the provider's methods in tests/data: names, types, keys, what is needed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

LIST = Path(__file__).parents[1] / "data" / "provider_schema.txt"
BASE = "SMS_PackageBaseclass"
_METHOD = re.compile(r"(\w+)\.(\w+)\((.*?)\) -> \((.*?)\)( static)?$")


@dataclass(frozen=True)
class Shape:
    """A method as the list has it: types by exact name, which of them may be left out, and whether it is static."""

    inputs: Mapping[str, str]
    optional: frozenset[str]
    outputs: Mapping[str, str]
    static: bool


def _types(text: str) -> dict[str, str]:
    return dict(each.split(" ") for each in text.split(", ") if each)


@cache
def shapes() -> dict[tuple[str, str], Shape]:
    """All methods by class and name."""
    found = {}
    for line in LIST.read_text("utf-8").splitlines():
        match = _METHOD.match(line)
        if match is not None:
            inputs = _types(match[3])
            found[match[1], match[2]] = Shape(
                {name: each.rstrip("?") for name, each in inputs.items()},
                frozenset(name for name, each in inputs.items() if each.endswith("?")),
                _types(match[4]),
                bool(match[5]),
            )
    return found


def _type_of(codec: Any) -> str:
    name = str(codec)
    return f"{name.removeprefix('array of ')}[]" if name.startswith("array of ") else name


def _fits(declared: str, codec: Any) -> bool:
    given = _type_of(codec)
    if declared.startswith("object:"):
        return given.startswith("object") and given.endswith("[]") == declared.endswith("[]")
    return given == declared


def misfits(
    class_name: str,
    method: str,
    keys: Mapping[str, str] | None,
    arguments: Mapping[str, tuple[Any, Any]] | None,
    outputs: Mapping[str, Any] | None,
) -> list[str]:
    """What is wrong with a call, in words; nothing where the method is not on the list."""
    shape = shapes().get((class_name, method)) or shapes().get((BASE, method))
    if shape is None:
        return []
    label, given = f"{class_name}.{method}", dict(arguments or {})
    found = [f"{label} has no parameter {name}" for name in given if name not in shape.inputs]
    found += [
        f"{label}: {name} is {shape.inputs[name]}, sent as {_type_of(codec)}"
        for name, (codec, _value) in given.items()
        if name in shape.inputs and not _fits(shape.inputs[name], codec)
    ]
    found += [
        f"{label} lacks {name}"
        for name in shape.inputs
        if name not in shape.optional and given.get(name, (None, None))[1] is None
    ]
    found += [
        f"{label}: {name} is {shape.outputs.get(name)}, read as {_type_of(codec)}"
        for name, codec in (outputs or {}).items()
        if name not in shape.outputs or not _fits(shape.outputs[name], codec)
    ]
    if bool(keys) == shape.static:
        found.append(f"{label} is {'static and was sent keys' if keys else 'of an object and was sent no key'}")
    return found
