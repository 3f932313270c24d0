# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every property and method of the two image classes is served by a module, and shown by a test."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._cim.types import (
    BOOLEAN,
    DATETIME,
    EMBEDDED,
    STRING,
    UINT8,
    UINT32,
    array_of,
)
from test_documentation import SPECS

ROOT = Path(__file__).resolve().parents[2]


def _written_by() -> ModuleType:
    """hacking/seed_coverage.py."""
    spec = importlib.util.spec_from_file_location("seed_coverage", ROOT / "hacking" / "seed_coverage.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["seed_coverage"] = module
    spec.loader.exec_module(module)
    return module


COVERAGE = _written_by()
SURFACE: dict[str, dict[str, Any]] = COVERAGE.surface()
PROPERTIES = [(name, wmi, kind) for name, members in SURFACE.items() for wmi, kind in members["properties"].items()]
METHODS = [(name, method) for name, members in SURFACE.items() for method in members["methods"]]
TYPES = {"String": STRING, "UInt32": UINT32, "UInt8": UINT8, "Boolean": BOOLEAN, "DateTime": DATETIME}


def seeds() -> Path | None:
    """The pages of the SDK, where they lie beside the checkout."""
    places = [each / "shared" / "seeds" for each in ROOT.parents]
    return next((each for each in places if each.is_dir()), None)


def test_the_list_is_whole() -> None:
    counts = {name: (len(members["properties"]), len(members["methods"])) for name, members in SURFACE.items()}
    assert counts == {"SMS_BootImagePackage": (58, 13), "SMS_ImagePackage": (44, 8)}


@pytest.mark.parametrize(("class_name", "wmi_name", "kind"), PROPERTIES)
def test_every_property_is_served(class_name: str, wmi_name: str, kind: str) -> None:
    declared = COVERAGE.RESOURCES[class_name].property_named(wmi_name)
    assert declared is not None
    single = TYPES.get(kind.removesuffix("[]"), EMBEDDED)
    assert declared.codec == (array_of(single) if kind.endswith("[]") else single)
    for option in COVERAGE.options_of(class_name, wmi_name):
        assert option in SPECS[COVERAGE.STATE_MODULES[class_name]]


@pytest.mark.parametrize(("class_name", "method"), METHODS)
def test_every_method_is_served(class_name: str, method: str) -> None:
    served = COVERAGE.METHODS[class_name][method]
    for module in served.module.split(" and "):
        assert module in SPECS
        assert not served.option or served.option in SPECS[module]


def test_nothing_is_in_the_table_that_the_classes_have_not() -> None:
    for class_name, methods in COVERAGE.METHODS.items():
        assert set(methods) <= set(SURFACE[class_name]["methods"])


def named_tests() -> list[str]:
    """The tests that the page names."""
    return sorted(set(re.findall(r"``(tests/[\w/.]+::\w+)``", COVERAGE.page())))


def test_every_line_names_a_test_that_is_there() -> None:
    assert COVERAGE.page().count("``tests/") == len(PROPERTIES) + len(METHODS)
    for named in named_tests():
        path, _colons, function = named.partition("::")
        assert f"def {function}(" in (ROOT / path).read_text("utf-8"), named


def test_the_page_is_up_to_date() -> None:
    assert COVERAGE.PAGE.read_text("utf-8") == COVERAGE.page(), "run hacking/seed_coverage.py"


@pytest.mark.skipif(
    seeds() is None,
    reason="the pages of the SDK are not part of the repository, and not beside it; the plain list in tests/data is held in any case",
)
def test_the_list_is_that_of_the_sdk_pages() -> None:
    folder = seeds()
    assert folder is not None
    found = {}
    for path in sorted(folder.glob("*.txt")):
        text = path.read_text("utf-8")
        class_name = re.search(r"^Class (\w+) :.*?\{(.*?)\};", text, re.MULTILINE | re.DOTALL)
        if class_name is None:
            continue
        members = re.findall(r"^\s+(\w+) (\w+(?:\[\])?);", class_name.group(2), re.MULTILINE)
        properties = {name.removesuffix("[]"): kind + name[len(name.removesuffix("[]")) :] for kind, name in members}
        methods = re.findall(r"^\|\[(\w+) Method", text, re.MULTILINE)
        found[class_name.group(1)] = (properties, methods)
    assert found == {name: (members["properties"], members["methods"]) for name, members in SURFACE.items()}
