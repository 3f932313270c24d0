# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may import whom: the layers of the collection, the seams to pywinrm and Ansible, and the wall to the simulator."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = ROOT / "plugins"
SIMULATOR = ROOT / "simulator"
COLLECTION = "ansible_collections.configmgr.content"
LAYERS = ("_wsman", "_cim", "_provider", "_engine", "_content")  # lowest first; modules and other plugins stand above


@dataclass(frozen=True)
class Import:
    """One imported name, where it stands, and whether it is imported as soon as the file is."""

    file: Path
    line: int
    name: str
    at_once: bool

    def __str__(self) -> str:
        return f"{self.file.relative_to(ROOT)}:{self.line} imports {self.name}"


def imports_in(text: str, file: Path) -> list[Import]:
    """All imports of a source text; those for the type checker only do not count as imported at once."""
    found: list[Import] = []

    def visit(node: ast.AST, at_once: bool) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                found.extend(Import(file, child.lineno, alias.name, at_once) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                module = absolute(child, file)
                found.extend(Import(file, child.lineno, f"{module}.{alias.name}", at_once) for alias in child.names)
            elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                for part in child.body:
                    visit(ast.Module(body=[part], type_ignores=[]), False)
                for part in child.orelse:
                    visit(ast.Module(body=[part], type_ignores=[]), at_once)
            elif isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
                visit(child, False)
            else:
                visit(child, at_once)

    visit(ast.parse(text), True)
    return found


def absolute(node: ast.ImportFrom, file: Path) -> str:
    """The full name of the module that a `from` import names, dots resolved by the file's place."""
    if not node.level:
        return node.module or ""
    base = SIMULATOR if file.is_relative_to(SIMULATOR) else ROOT
    parts = list(file.relative_to(base).parent.parts)
    if base is ROOT:
        parts = [*COLLECTION.split("."), *parts]
    parts = parts[: len(parts) - (node.level - 1)]
    return ".".join([*parts, node.module] if node.module else parts)


def sources(folder: Path) -> list[Path]:
    """Python files below a folder."""
    return sorted(folder.rglob("*.py"))


def all_imports(folder: Path) -> Iterator[Import]:
    """Imports of all files below a folder."""
    for file in sources(folder):
        yield from imports_in(file.read_text(encoding="utf-8"), file)


def layer_of(file: Path) -> int:
    """The position of a file's layer; files outside module_utils stand on top."""
    parts = file.relative_to(PLUGINS).parts
    if parts[0] != "module_utils":
        return len(LAYERS)
    return LAYERS.index(parts[1])


def layer_named(name: str) -> int | None:
    """The layer of an imported name of this collection; None for what is not in it."""
    prefix = f"{COLLECTION}.plugins."
    if not name.startswith(prefix):
        return None
    parts = name[len(prefix) :].split(".")
    if parts[0] != "module_utils":
        return len(LAYERS)
    return LAYERS.index(parts[1])


def belongs_to(name: str, package: str) -> bool:
    """Whether an imported name is a package or lies in it."""
    return name == package or name.startswith(package + ".")


def upward(found: list[Import]) -> list[str]:
    """Imports that point to a higher layer."""
    return [str(one) for one in found if (layer_named(one.name) or 0) > layer_of(one.file)]


def test_module_utils_hold_nothing_but_the_layers() -> None:
    """A new folder or file beside the layers would escape the rule."""
    entries = {path.name for path in (PLUGINS / "module_utils").iterdir() if path.name != "__pycache__"}
    assert entries <= {*LAYERS, "__init__.py"}


def test_a_layer_imports_only_itself_and_lower_ones() -> None:
    assert upward(list(all_imports(PLUGINS))) == []


def test_modules_do_not_import_each_other() -> None:
    wrong = [str(one) for one in all_imports(PLUGINS) if belongs_to(one.name, f"{COLLECTION}.plugins.modules")]
    assert wrong == []


def test_only_the_transport_imports_pywinrm() -> None:
    importing = {
        one.file.relative_to(PLUGINS).as_posix() for one in all_imports(PLUGINS) if belongs_to(one.name, "winrm")
    }
    assert importing == {"module_utils/_wsman/transport.py"}


def test_only_the_engines_module_file_imports_ansible_module() -> None:
    importing = {
        one.file.relative_to(PLUGINS).as_posix()
        for one in all_imports(PLUGINS)
        if one.name.endswith(".AnsibleModule") or belongs_to(one.name, "ansible.module_utils.basic")
    }
    assert importing == {"module_utils/_engine/module.py"}


def test_layers_below_the_engine_know_no_ansible() -> None:
    below = LAYERS.index("_engine")
    wrong = [str(one) for one in all_imports(PLUGINS) if belongs_to(one.name, "ansible") and layer_of(one.file) < below]
    assert wrong == []


def test_plugins_import_third_parties_only_inside_functions() -> None:
    """The import test of ansible-test, and a machine that lacks pywinrm, load every file."""
    known = {*sys.stdlib_module_names, "ansible", "ansible_collections"}
    wrong = [str(one) for one in all_imports(PLUGINS) if one.at_once and one.name.split(".")[0] not in known]
    assert wrong == []


def test_collection_and_simulator_do_not_know_each_other() -> None:
    wrong = [str(one) for one in all_imports(PLUGINS) if belongs_to(one.name, "smsprovsim")]
    wrong += [
        str(one)
        for one in all_imports(SIMULATOR)
        if one.name.split(".")[0] in ("ansible", "ansible_collections", "plugins", "winrm")
    ]
    assert wrong == []


def test_tools_need_only_the_standard_library() -> None:
    """They run before anything is installed. What make starts as a program of its own runs where all of it is."""
    tools = {file.stem: list(imports_in(file.read_text(encoding="utf-8"), file)) for file in sources(ROOT / "tools")}
    reached, ahead = {"dev"}, ["dev"]
    while ahead:
        new = {one.name.split(".")[0] for one in tools[ahead.pop()]} & set(tools) - reached
        reached |= new
        ahead += new
    assert {"environment", "steps", "programs"} <= reached
    known = {*sys.stdlib_module_names, *reached}
    wrong = [str(one) for name in sorted(reached) for one in tools[name] if one.name.split(".")[0] not in known]
    assert wrong == []


def test_tools_stay_within_python_3_9_syntax() -> None:
    for file in sources(ROOT / "tools") + sources(PLUGINS):
        ast.parse(file.read_text(encoding="utf-8"), feature_version=(3, 9))


@pytest.mark.parametrize(
    "statement",
    [
        "from ansible_collections.configmgr.content.plugins.module_utils._engine.wait import Wait",
        "from ansible_collections.configmgr.content.plugins.module_utils._engine import wait",
        "import ansible_collections.configmgr.content.plugins.module_utils._content.package",
        "from .._engine import wait",
        "def connect():\n    from .._engine.wait import Wait",
    ],
)
def test_the_reader_sees_an_upward_import(statement: str) -> None:
    """The rule above is only as good as what it sees."""
    assert upward(imports_in(statement, PLUGINS / "module_utils" / "_wsman" / "verbs.py")) != []


def test_the_reader_tells_imports_at_once_from_lazy_ones() -> None:
    text = (
        "import winrm\n"
        "try:\n    import requests\nexcept ImportError:\n    pass\n"
        "class Link:\n    import spnego\n"
        "def connect():\n    import lxml\n"
        "if TYPE_CHECKING:\n    import xmltodict\n"
    )
    found = imports_in(text, PLUGINS / "module_utils" / "_wsman" / "transport.py")
    assert {one.name for one in found if one.at_once} == {"winrm", "requests", "spnego"}
    assert {one.name for one in found if not one.at_once} == {"lxml", "xmltodict"}
