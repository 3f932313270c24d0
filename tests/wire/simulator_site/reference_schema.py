# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The schema as plain lines, one for each class, property and method: of the reference, and of the simulator.

Run as a program with the folder of the reference, it prints the list that is kept in tests/data/provider_schema.txt.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
LIST = Path(__file__).parents[2] / "data" / "provider_schema.txt"
HEAD = """\
# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Classes of the SMS Provider with their properties and methods, as tests/wire/simulator_site/reference_schema.py writes them.
"""


def reference() -> Path | None:
    """The pages about the SMS Provider: where CONFIGMGR_REFERENCE says, or beside the checkout."""
    named = os.environ.get("CONFIGMGR_REFERENCE")
    places = [Path(named)] if named else [each / "shared" / "reference" for each in Path(__file__).resolve().parents]
    return next((each / "sms_provider" for each in places if (each / "sms_provider").is_dir()), None)


def _typed(cim_type: str, array: bool) -> str:
    return cim_type.replace("embedded:", "object:") + ("[]" if array else "")


def _parameters(parameters: Iterable[tuple[str, str, bool, bool]]) -> str:
    # Parameters have names on the wire; their order says nothing.
    return ", ".join(
        f"{name} {_typed(cim_type, array)}{'?' if optional else ''}"
        for name, cim_type, array, optional in sorted(parameters)
    )


def _property(owner: str, name: str, cim_type: str, array: bool, access: str, lazy: bool, default: Any) -> str:
    told = "" if default is None else f" = {json.dumps(default)}"
    return f"{owner}.{name} {_typed(cim_type, array)} {access}{' lazy' if lazy else ''}{told}"


def _method(owner: str, name: str, static: bool, inputs: Any, outputs: Any) -> str:
    return f"{owner}.{name}({_parameters(inputs)}) -> ({_parameters(outputs)}){' static' if static else ''}"


def of_reference(folder: Path) -> Iterator[str]:
    """The lines of every class of the reference."""
    for file in sorted(folder.glob("SMS_*.yml")):
        page = yaml.load(file.read_text(encoding="utf-8"), Loader=_LOADER)
        owner = page["name"]
        yield owner + "".join(f" {word}" for word in ("abstract", "embedded") if page.get(word))
        for each in page["properties"]:
            yield _property(
                owner,
                each["name"],
                each["type"],
                each["array"],
                each["access"],
                bool(each.get("lazy")),
                each.get("default"),
            )
        for each in page["methods"] or []:
            sides = [
                [(one["name"], one["type"], bool(one["array"]), bool(one.get("optional"))) for one in each[side] or []]
                for side in ("in", "out")
            ]
            yield _method(owner, each["name"], bool(each["static"]), *sides)


def of_simulator(classes: Mapping[str, Any], wanted: Iterable[str]) -> Iterator[str]:
    """The lines of the classes of these names, as the simulator has them."""
    for name in wanted:
        definition = classes.get(name.lower())
        if definition is None:
            continue
        owner = definition.name
        words = {"abstract": definition.abstract, "embedded": definition.embedded}
        yield owner + "".join(f" {word}" for word, holds in words.items() if holds)
        for each in definition.properties.values():
            access = "key" if each.key else "read" if each.read_only else "readwrite"
            default = definition.defaults.get(each.name)
            yield _property(
                owner, each.name, each.type, each.array, access, each.lazy, getattr(default, "text", default)
            )
        for each in definition.methods.values():
            sides = [
                [(one.name, one.type, one.array, one.optional) for one in side] for side in (each.inputs, each.outputs)
            ]
            yield _method(owner, each.name, each.static, *sides)


def kept() -> list[str]:
    """The lines of the list in the repository."""
    return [line for line in LIST.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]


def class_names(lines: Iterable[str]) -> list[str]:
    """The classes that the lines are about."""
    return [line.split(" ")[0] for line in lines if "." not in line.split(" ")[0].split("(")[0]]


if __name__ == "__main__":
    print(HEAD + "\n".join(sorted(of_reference(Path(sys.argv[1])))))
