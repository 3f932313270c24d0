# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the repository as a whole promises: licence lines, empty package files, action group, what ships and what does not."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
LICENCE = [
    "# Copyright: (c) 2026, configmgr.content contributors",
    "# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)",
    "# SPDX-License-Identifier: GPL-3.0-or-later",
]
MODULE_START = "#!/usr/bin/python"
FOLDERS = ("plugins", "simulator", "tests", "tools", "hacking", "roles")
NOT_OURS = ("output", "__pycache__", "build")
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py") if path.stem != "__init__")


def python_files() -> list[Path]:
    """Every Python file of the repository."""
    found = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    return [path for path in found if not set(path.relative_to(ROOT).parts) & set(NOT_OURS)]


def shipped_texts() -> list[Path]:
    """Text files of the repository that a reader may open."""
    kinds = (".py", ".md", ".yml", ".yaml", ".rst", ".txt", ".toml", ".mof", ".cfg", ".sh", "")
    skipped = {
        "build",
        ".git",
        "LICENSE",
        "__pycache__",
        "output",
        ".hypothesis",
        ".mypy_cache",
        ".ruff_cache",
        ".pytest_cache",
    }
    return [
        path
        for path in sorted(ROOT.rglob("*"))
        if path.is_file()
        and path.suffix in kinds
        and not set(path.relative_to(ROOT).parts) & skipped
        and ".egg-info" not in str(path)
    ]


def load(name: str) -> Any:
    """A YAML file of the repository."""
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def requirements(name: str) -> list[str]:
    """The requirement lines of a file, comments left out."""
    lines = [line.split("#")[0].strip() for line in (ROOT / name).read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if line]


def test_every_python_file_carries_the_licence_lines() -> None:
    """They come first; only the line that starts a module, and one naming its encoding, may stand before."""
    wrong = []
    for path in python_files():
        lines = path.read_text(encoding="utf-8").splitlines()
        while path.parent.name == "modules" and lines and lines[0] in (MODULE_START, "# -*- coding: utf-8 -*-"):
            del lines[0]
        if lines and lines[:3] != LICENCE:
            wrong.append(str(path.relative_to(ROOT)))
    assert wrong == []


def test_modules_begin_as_ansible_expects() -> None:
    for name in MODULES:
        text = (ROOT / "plugins" / "modules" / f"{name}.py").read_text(encoding="utf-8")
        assert text.startswith(MODULE_START + "\n"), name


def test_package_files_of_plugins_are_empty() -> None:
    assert [str(path) for path in (ROOT / "plugins").rglob("__init__.py") if path.read_bytes()] == []


def test_plugins_hold_no_assert_statement() -> None:
    """`python -O` drops them, and with them whatever they guard."""
    files = [path for path in python_files() if path.is_relative_to(ROOT / "plugins")]
    assert [
        str(path) for path in files if re.search(r"^\s*assert\b", path.read_text(encoding="utf-8"), re.MULTILINE)
    ] == []


def test_no_name_is_a_mere_underscore() -> None:
    """ansible-test keeps `_` for translations (pylint: disallowed-name); here its verdict comes in a second."""
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in python_files()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Name) and node.id == "_" and isinstance(node.ctx, ast.Store)
    ]
    assert wrong == []


def test_no_body_is_a_mere_ellipsis() -> None:
    """The formatter puts it on the line of its def, where pycodestyle of ansible-core 2.16 refuses it (E704): write a docstring."""
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in python_files()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and ast.unparse(node.body[-1]) == "..."
    ]
    assert wrong == []


def test_the_action_group_holds_every_module_and_nothing_else() -> None:
    assert load("meta/runtime.yml")["action_groups"]["cm"] == MODULES
    assert MODULES != []


def test_other_names_lead_to_their_modules() -> None:
    routing = load("meta/runtime.yml")["plugin_routing"]["modules"]
    assert routing["cm_update_distribution_points"]["redirect"] == "configmgr.content.cm_package_refresh"
    assert routing["cm_os_image"]["redirect"] == "configmgr.content.cm_image_package"
    assert {entry["redirect"].rpartition(".")[2] for entry in routing.values()} <= set(MODULES)


def test_the_floor_of_ansible_core_is_the_one_the_tools_know() -> None:
    text = (ROOT / "tools" / "interpreters.py").read_text(encoding="utf-8")
    first = re.search(r'^    "(\d+\.\d+)": ', text, re.MULTILINE)
    assert first is not None
    assert load("meta/runtime.yml")["requires_ansible"] == f">={first.group(1)}.0"


def test_there_are_no_sanity_ignore_files() -> None:
    assert list((ROOT / "tests").glob("sanity/ignore*")) == []


@pytest.mark.parametrize(
    "name",
    [
        "tests",
        "simulator",
        "tools",
        "demo",
        "build",
        "collections",
        ".ci",
        "Makefile",
        "pyproject.toml",
        "requirements-check.txt",
        "requirements-dev.txt",
        "requirements-gate.txt",
    ],
)
def test_what_is_for_developing_does_not_ship(name: str) -> None:
    assert name in load("galaxy.yml")["build_ignore"]


def test_galaxy_metadata() -> None:
    galaxy = load("galaxy.yml")
    assert (galaxy["namespace"], galaxy["name"]) == ("configmgr", "content")
    assert galaxy["license"] == ["GPL-3.0-or-later"]
    assert "license_file" not in galaxy
    assert "manifest" not in galaxy  # it would need distlib on every machine that installs from the repository
    assert galaxy["dependencies"] == {}
    assert re.fullmatch(r"\d+\.\d+\.\d+", galaxy["version"])
    assert {"windows", "infrastructure"} <= set(galaxy["tags"])
    assert all(re.fullmatch(r"[a-z0-9_]{1,64}", tag) for tag in galaxy["tags"])


def test_runtime_requirements_have_a_floor_and_no_ceiling() -> None:
    for line in requirements("requirements.txt"):
        assert re.fullmatch(r"[a-z0-9-]+>=[0-9.]+", line), line


def test_the_list_with_kerberos_is_the_same_with_an_extra() -> None:
    """Whoever installs it gets what requirements.txt names, in versions that are allowed there."""
    plain = [re.sub(r"\[kerberos\]", "", line) for line in requirements("requirements-kerberos.txt")]
    assert plain == requirements("requirements.txt")


def test_minimum_constraints_are_exactly_the_floors() -> None:
    floors = [line.replace(">=", "==") for line in requirements("requirements.txt")]
    assert requirements("constraints-minimum.txt") == floors


def test_requirements_of_ansible_test_follow_the_modules() -> None:
    for name in ("tests/unit/requirements.txt", "tests/integration/requirements.txt"):
        assert set(requirements("requirements.txt")) <= set(requirements(name)), name


def test_the_execution_environment_names_files_that_exist() -> None:
    for name in load("meta/execution-environment.yml")["dependencies"].values():
        assert (ROOT / name).is_file()


def test_no_path_of_one_machine_and_no_index_address_is_written_down() -> None:
    pattern = re.compile(r"/(?:home|Users)/[a-z]+/|\.pyenv/versions/\d|index-url\s*=|/root/\.")
    wrong = []
    for path in shipped_texts():
        if path == Path(__file__):
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        wrong += [f"{path.relative_to(ROOT)}: {match.group(0)}" for match in pattern.finditer(text)]
    assert wrong == []


def test_the_module_side_is_declared_as_python_3_9() -> None:
    assert load("tests/config.yml") == {"modules": {"python_requires": ">=3.9"}}


def test_every_make_target_is_a_command() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    assert targets is not None
    shown = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "dev.py"), "help"], capture_output=True, text=True, timeout=60, check=True
    )
    for target in targets.group(1).split():
        assert target == "help" or f"make {target} " in shown.stdout
