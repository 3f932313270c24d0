# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written, held against what is there: options, results, messages, commands, examples."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.configmgr.content.plugins.module_utils._content.boot_image import BOOT_IMAGE
from ansible_collections.configmgr.content.plugins.module_utils._content.image_package import IMAGE_PACKAGE
from ansible_collections.configmgr.content.plugins.module_utils._content.operations import REFRESH
from ansible_collections.configmgr.content.plugins.module_utils._content.registry import RESOURCES
from ansible_collections.configmgr.content.plugins.module_utils._engine import connection, report
from ansible_collections.configmgr.content.plugins.module_utils._engine.boot_calls import (
    EXPORT_SPEC,
    MAINTENANCE_SPEC,
    STATUS_SPEC,
)
from ansible_collections.configmgr.content.plugins.module_utils._engine.boot_module import boot_spec
from ansible_collections.configmgr.content.plugins.module_utils._engine.build import BuildStatus
from ansible_collections.configmgr.content.plugins.module_utils._engine.check_module import connection_check_spec
from ansible_collections.configmgr.content.plugins.module_utils._engine.distribution import Verdict, Watch
from ansible_collections.configmgr.content.plugins.module_utils._engine.image_module import image_spec
from ansible_collections.configmgr.content.plugins.module_utils._engine.info_module import info_spec
from ansible_collections.configmgr.content.plugins.module_utils._engine.module import connection_spec
from ansible_collections.configmgr.content.plugins.module_utils._engine.notification import NOTIFICATION_SPEC
from ansible_collections.configmgr.content.plugins.module_utils._engine.operation import Fence, Target
from ansible_collections.configmgr.content.plugins.module_utils._engine.ownership import OWNERSHIP_SPEC
from ansible_collections.configmgr.content.plugins.module_utils._engine.query import QUERY_SPEC
from ansible_collections.configmgr.content.plugins.module_utils._engine.refresh_module import refresh_spec
from ansible_collections.configmgr.content.plugins.module_utils._engine.selection import PackageState
from ansible_collections.configmgr.content.plugins.module_utils._engine.servicing import (
    INFO_SPEC as SERVICING_INFO_SPEC,
)
from ansible_collections.configmgr.content.plugins.module_utils._engine.servicing_module import SERVICING_SPEC
from ansible_collections.configmgr.content.plugins.module_utils._engine.wim_module import WIM_SPEC
from ansible_collections.configmgr.content.plugins.module_utils._engine.wmi_method import METHOD_SPEC
from messages_in_source import kind_of, messages, parsed_sources, plain

from smsprovsim.behaviour.changes import ORDERS
from smsprovsim.faults import ACTIONS

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = "ansible_collections.configmgr.content.plugins"
GUIDES = sorted((ROOT / "docs" / "docsite" / "rst").glob("*.rst"))
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs" / "develop").glob("*.md")),
    *sorted((ROOT / "roles").glob("*/README.md")),
    ROOT / "awx" / "README.md",
]
TROUBLESHOOTING = ROOT / "docs" / "docsite" / "rst" / "troubleshooting.rst"
REPOSITORY = "https://github.com/ansible-collections/configmgr.content/blob/main/"
SPECS = {
    "cm_boot_image": {**connection_spec(), **boot_spec(BOOT_IMAGE)},
    "cm_boot_image_export": {**connection_spec(), **EXPORT_SPEC},
    "cm_boot_image_maintenance": {**connection_spec(), **MAINTENANCE_SPEC},
    "cm_boot_image_status": {**connection_spec(), **STATUS_SPEC},
    "cm_connection_check": connection_check_spec(),
    "cm_content_notification": {**connection_spec(), **NOTIFICATION_SPEC},
    "cm_content_ownership": {**connection_spec(), **OWNERSHIP_SPEC},
    "cm_image_package": {**connection_spec(), **image_spec(IMAGE_PACKAGE)},
    "cm_offline_servicing": {**connection_spec(), **SERVICING_SPEC},
    "cm_offline_servicing_info": {**connection_spec(), **SERVICING_INFO_SPEC},
    "cm_package_info": info_spec(RESOURCES),
    "cm_package_refresh": refresh_spec(RESOURCES),
    "cm_site_info": connection_spec(),
    "cm_wim_info": {**connection_spec(), **WIM_SPEC},
    "cm_wmi_method": {**connection_spec(), **METHOD_SPEC},
    "cm_wmi_query": {**connection_spec(), **QUERY_SPEC},
}
MODULES = sorted(SPECS)
EXCLUSIVE = [("package_ids", "names", "select")]
# Other names for modules (meta/runtime.yml).
SPECS["cm_update_distribution_points"] = SPECS["cm_package_refresh"]
SPECS["cm_os_image"] = SPECS["cm_image_package"]
FULL_NAME = "configmgr.content."
OPTION = r"--[a-z]+(?:-[a-z]+)*"
ROLE = ROOT / "roles" / "content_refresh"
PREFIX = "content_refresh_"
ROLES = sorted(path for path in (ROOT / "roles").iterdir() if path.is_dir())
# What the role asks differently than the module, and why it has to.
ROLE_DEFAULTS = {
    "wait_for": "distributed",
    "max_age": 0.0,
    "wait_timeout": 0.0,
    "owner_mismatch": "",
    "source_modified": "",
}


def read(path: Path) -> str:
    """The text of a file."""
    return path.read_text(encoding="utf-8")


def relative(path: Path) -> str:
    """The path as a reader names it."""
    return str(path.relative_to(ROOT))


# -- options -------------------------------------------------------------------------------------------------------


def fragment(name: str) -> dict[str, Any]:
    """A documentation fragment."""
    module = importlib.import_module(f"{PLUGINS}.doc_fragments.{name}")
    return yaml.safe_load(module.ModuleDocFragment.DOCUMENTATION)  # type: ignore[no-any-return]


def block(module: str, name: str) -> Any:
    """DOCUMENTATION, EXAMPLES or RETURN of a module."""
    text = getattr(importlib.import_module(f"{PLUGINS}.modules.{module}"), name)
    return yaml.safe_load(text)


def documented(module: str) -> dict[str, Any]:
    """The options that a module documents, those of its fragments included."""
    own = block(module, "DOCUMENTATION")
    options: dict[str, Any] = {}
    for each in own["extends_documentation_fragment"]:
        options.update(fragment(each.rpartition(".")[2])["options"])
    options.update(own.get("options") or {})
    return options


def as_documented(options: dict[str, Any], below: str) -> dict[str, Any]:
    """Documented options in one form: what an argument spec also says of each."""
    shown = {}
    for name, entry in options.items():
        shown[name] = {
            "type": entry.get("type", "str"),
            "elements": entry.get("elements"),
            "default": entry.get("default"),
            "choices": list(entry.get("choices") or []),
            "required": bool(entry.get("required")),
            "aliases": list(entry.get("aliases") or []),
            "options": as_documented(entry.get(below) or {}, below),
        }
    return shown


def as_built(spec: dict[str, Any]) -> dict[str, Any]:
    """An argument spec in the same form."""
    return as_documented(spec, "options")


def test_connection_fragment_is_the_connection_table() -> None:
    written = fragment("connection")["options"]
    assert list(written) == [option.name for option in connection.OPTIONS]
    for option in connection.OPTIONS:
        entry = written[option.name]
        assert entry["type"] == option.type, option.name
        assert entry.get("default") == option.default, option.name
        assert tuple(entry.get("choices") or ()) == option.choices, option.name
        assert bool(entry.get("required")) == option.required, option.name
        assert f"E({option.variable})" in " ".join(entry["description"]), option.name


def test_passwords_and_the_proxy_are_kept_out_of_logs() -> None:
    secrets = ["password", "client_key_password", "proxy"]
    assert [option.name for option in connection.OPTIONS if option.no_log] == secrets
    for module, spec in SPECS.items():
        own = ["secret_arguments"] if module == "cm_wmi_method" else []
        assert [name for name, entry in spec.items() if entry.get("no_log")] == [*secrets, *own], module


@pytest.mark.parametrize("module", MODULES)
def test_documented_options_are_the_argument_spec(module: str) -> None:
    assert as_documented(documented(module), "suboptions") == as_built(SPECS[module])


def test_every_option_says_what_it_is() -> None:
    def without_words(options: dict[str, Any], path: str) -> Iterator[str]:
        for name, entry in options.items():
            if not entry.get("description"):
                yield f"{path}.{name}"
            yield from without_words(entry.get("suboptions") or {}, f"{path}.{name}")

    for module in MODULES:
        assert list(without_words(documented(module), module)) == []


def test_every_refreshable_class_is_named_in_the_documentation() -> None:
    classes = [resource.wmi_class for resource in RESOURCES if resource.refreshable]
    places = (
        " ".join(block("cm_package_refresh", "DOCUMENTATION")["description"]),
        read(ROOT / "docs" / "docsite" / "rst" / "refreshing_content.rst"),
    )
    for text in places:
        assert [name for name in classes if name not in text] == []


def test_the_guide_to_refreshing_explains_every_option() -> None:
    text = read(ROOT / "docs" / "docsite" / "rst" / "refreshing_content.rst")
    own = [name for name in SPECS["cm_package_refresh"] if name not in {option.name for option in connection.OPTIONS}]
    assert [name for name in own if f"``{name}" not in text] == []


def test_the_readme_lists_the_connection_options() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `(CONFIGMGR_\w+)` \| (.*?) \|", read(ROOT / "README.md"), re.MULTILINE)
    assert [(name, variable) for name, variable, _default in rows] == [
        (option.name, option.variable) for option in connection.OPTIONS
    ]
    for option, (_name, _variable, default) in zip(connection.OPTIONS, rows, strict=True):
        if option.required:
            assert default == "required"
        elif option.default is not None:
            told = str(option.default)
            assert default == f"`{told.lower() if option.type == 'bool' else told}`", option.name


# -- results -------------------------------------------------------------------------------------------------------


def a_target() -> Target:
    """A package of which everything that a result can tell has happened."""
    package = PackageState("PS100004", "Boot", 258, "PS1", 2, "\\\\files\\boot", 8, 8, 0, None)
    target = Target(package, RESOURCES[0], None, Watch())  # type: ignore[arg-type]
    target.fence = Fence(7, "2026-11-19T20:00:00", 0)
    target.sent = target.source_unchanged = target.waited_for_action = True
    target.build = BuildStatus(0, 9, 9, "Done", 0, "")
    target.verdict = Verdict(True, False, "", 1, 1, (), ())
    target.goal = 8
    return target


def keys_told(file: str, function: str) -> set[str]:
    """Top-level keys of what a function of `_engine`, or a failure, hands to Ansible."""
    found: set[str] = set()
    for name in (file, "module"):
        for scope in ast.walk(ast.parse(read(ROOT / "plugins" / "module_utils" / "_engine" / f"{name}.py"))):
            if not isinstance(scope, ast.FunctionDef) or scope.name not in (function, "failure_of", "_guarded"):
                continue
            for node in ast.walk(scope):
                told = node.value if isinstance(node, (ast.Assign, ast.AnnAssign, ast.Return)) else None
                targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
                if isinstance(told, ast.Dict) and all(
                    each is None or getattr(each, "id", "") == "result" for each in targets
                ):
                    found |= {key.value for key in told.keys if isinstance(key, ast.Constant)}
                if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("exit_json", "fail_json"):
                    found |= {word.arg for word in node.keywords if word.arg}
    # Ansible's own keys need no documentation.
    return found - {"changed", "msg", "exception", "diff"}


@pytest.mark.parametrize(
    ("module", "file", "function"),
    [
        ("cm_package_refresh", "refresh_module", "refresh_work"),
        ("cm_package_info", "info_module", "package_info"),
    ],
)
def test_documented_result_is_what_is_returned(module: str, file: str, function: str) -> None:
    assert set(block(module, "RETURN")) == keys_told(file, function)


def test_documented_package_is_what_the_report_makes() -> None:
    target = a_target()
    entry = block("cm_package_refresh", "RETURN")["packages"]
    made = report.package_row(target, True)
    waiting = a_target()
    waiting.fence = None
    predicted = report.predicted_row(waiting, {"PS100004": (3, 1024)}, "wait")
    assert set(entry["contains"]) == set(made) | set(predicted)
    assert set(entry["sample"][0]) <= set(made)
    assert set(entry["sample"][0]["distribution_points"]) == set(made["distribution_points"])
    told = entry["contains"]["build"]["description"]
    assert all(f"C({name})" in told for name in ("percent", "text", "error_code", "error_info", "progress"))
    assert {"percent", "text", "error_code", "error_info", "progress"} <= set(made["build"])


def test_every_status_is_documented() -> None:
    returned = block("cm_package_refresh", "RETURN")
    told = " ".join(returned["packages"]["contains"]["status"]["description"])
    guide = read(ROOT / "docs" / "docsite" / "rst" / "refreshing_content.rst")
    for status in report.STATUSES:
        assert f"V({status})" in told
        assert f"   * - ``{status}``" in guide
    assert set(returned["summary"]["sample"]) == {*report.STATUSES, "total"}


def test_resume_can_be_handed_back() -> None:
    """What a result offers as `resume` is what the option takes."""
    lost = a_target()
    made = {key for item in report.resume_items([lost]) for key in item}
    assert made == set(SPECS["cm_package_refresh"]["resume"]["options"])
    sample = block("cm_package_refresh", "RETURN")["resume"]["sample"]
    assert check_options("cm_package_refresh", {"resume": sample}) == []


# -- messages ------------------------------------------------------------------------------------------------------


def entries_of_the_guide() -> list[str]:
    """The messages that the guide explains: literals that stand alone on a line, with an indented text below."""
    found = re.findall(r"^``(.+)``\n    \S", read(TROUBLESHOOTING), re.MULTILINE)
    assert len(found) > 100
    return found


def test_every_message_is_in_the_guide() -> None:
    explained = {plain(entry) for entry in entries_of_the_guide()}
    missing = sorted(f"{text}   ({file})" for text, file in messages().items() if text not in explained)
    assert missing == [], "Add these to docs/docsite/rst/troubleshooting.rst"


def test_the_guide_explains_no_message_that_is_gone() -> None:
    told = messages()
    assert [entry for entry in entries_of_the_guide() if plain(entry) not in told] == []


def test_the_guide_explains_no_message_twice() -> None:
    entries = [plain(entry) for entry in entries_of_the_guide()]
    assert sorted({entry for entry in entries if entries.count(entry) > 1}) == []


def test_the_readme_begins_messages_as_the_code_does() -> None:
    table = read(ROOT / "README.md").partition("| The message begins with |")[2].partition("\n\n")[0]
    cells = re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)
    assert len(cells) > 10
    told = messages()
    assert [cell for cell in cells if not any(text.startswith(plain(cell)) for text in told)] == []


def test_the_guide_lists_every_kind_of_error() -> None:
    kinds = {
        kind_of(node) for tree in parsed_sources().values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)
    }
    listed = read(TROUBLESHOOTING).partition("``error.kind`` is one of")[2].partition("\n\n")[0]
    assert set(re.findall(r"``(\w+)``", listed)) == kinds - {"", "error"}  # that one is the class nobody raises


# -- commands ------------------------------------------------------------------------------------------------------


def system_packages(name: str = "packages") -> list[str]:
    """The Debian packages of a list in CI: what everyone needs, and what the tests of Kerberos need besides."""
    line = re.search(rf'^{name}="(.*)"$', read(ROOT / ".ci" / "run"), re.MULTILINE)
    assert line is not None
    return line.group(1).split()


def test_the_apt_line_is_the_one_of_ci() -> None:
    for path in (ROOT / "README.md", ROOT / "docs" / "docsite" / "rst" / "start.rst"):
        lines = re.findall(r"^\s*sudo apt-get install (.*)$", read(path), re.MULTILINE)
        assert [line.split() for line in lines] == [system_packages()], relative(path)


def test_the_packages_for_kerberos_are_named_for_who_wants_its_tests() -> None:
    more = system_packages("packages_for_kerberos")
    lines = re.findall(r"^\s*sudo apt-get install (.*)$", read(ROOT / "CONTRIBUTING.md"), re.MULTILINE)
    assert [line.split() for line in lines] == [more]
    assert not set(more) & set(system_packages())
    told = read(ROOT / "tools" / "doctor.py") + read(ROOT / "tools" / "environment.py")
    assert [package for package in more if package not in told] == []  # make doctor names each


def make_targets() -> set[str]:
    """The targets of the Makefile."""
    line = re.search(r"^\.PHONY: (.*)$", read(ROOT / "Makefile"), re.MULTILINE)
    assert line is not None
    return set(line.group(1).split())


@pytest.mark.parametrize("path", [*PAGES, *GUIDES], ids=relative)
def test_every_make_target_that_is_named_exists(path: Path) -> None:
    text = read(path)
    in_code = re.findall(r"``[^`\n]+``|`[^`\n]+`", text) + re.findall(r"^(?:   )?(?:make|eval) .*$", text, re.MULTILINE)
    named = {target for code in in_code for target in re.findall(r"\bmake (?:-s )?([a-z][a-z-]*)", code)}
    assert named <= make_targets()
    if path.name == "README.md" and path.parent == ROOT:
        assert {"demo", "test", "lab", "env", "check"} <= named


def test_the_two_commands_stand_in_the_readme() -> None:
    blocks = re.findall(r"^```shell\n(.*?)^```", read(ROOT / "README.md"), re.MULTILINE | re.DOTALL)
    assert any(code.splitlines()[-2:] == ["make demo", "make test"] for code in blocks)


def test_every_command_line_of_the_simulator_is_accepted() -> None:
    """Every option that a guide gives to `smsprovsim serve` is one that it has."""
    shown = subprocess.run(
        [sys.executable, "-m", "smsprovsim", "serve", "--help"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={"PYTHONPATH": str(ROOT / "simulator"), "COLUMNS": "200"},
    ).stdout
    known = set(re.findall(OPTION, shown))
    text = read(ROOT / "docs" / "docsite" / "rst" / "simulator.rst")
    used = {option for line in text.splitlines() if "smsprovsim" in line for option in re.findall(OPTION, line)}
    listed = set(re.findall(OPTION, text.partition("Scenarios\n---")[0]))
    assert used <= known
    assert listed == known - {"--help"}


def test_the_guide_to_the_simulator_lists_what_it_can_be_told() -> None:
    text = read(ROOT / "docs" / "docsite" / "rst" / "simulator.rst")

    def rows_of(first: str, last: str) -> set[str]:
        cells = re.findall(
            r"^   \* - (``.*)$", text.partition(f"\n{first}\n-")[2].partition(f"\n{last}\n-")[0], re.MULTILINE
        )
        return {word for cell in cells for word in re.findall(r"``(\w+)``", cell)}

    assert rows_of("Scenarios", "Control") == {
        file.stem for file in (ROOT / "simulator" / "smsprovsim" / "scenarios").glob("*.yml")
    }
    assert rows_of("A colleague in the console", "Images") == set(ORDERS)
    assert rows_of("Bad weather", "Switches") == set(ACTIONS)


def test_the_page_of_the_layers_names_every_file_below_the_modules() -> None:
    text = read(ROOT / "docs" / "develop" / "layers.md")
    files = [file for file in (ROOT / "plugins" / "module_utils").glob("_*/*.py") if file.name != "__init__.py"]
    # One file a class there, and one a module there, as the page says.
    files = [file for file in files if file.parent.name != "_content" and not file.stem.endswith("_module")]
    assert len(files) > 50
    assert [relative(file) for file in files if f"`{file.name}`" not in text] == []
    there = {
        file.name for folder in ("plugins", "tools", "tests", "simulator") for file in (ROOT / folder).rglob("*.py")
    }
    assert set(re.findall(r"`(\w+\.py)`", text)) <= there


# -- what a README has to have -------------------------------------------------------------------------------------


def test_the_readme_links_absolutely() -> None:
    text = re.sub(r"^```.*?^```", "", read(ROOT / "README.md"), flags=re.MULTILINE | re.DOTALL)
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert len(links) > 10
    assert [link for link in links if not link.startswith(("https://", "#"))] == []
    headings = {
        re.sub(r"[^a-z0-9 -]", "", line.lower()).replace(" ", "-")
        for line in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    }
    assert [link for link in links if link.startswith("#") and link[1:] not in headings] == []


@pytest.mark.parametrize("path", [*PAGES, *GUIDES], ids=relative)
def test_links_into_the_repository_lead_somewhere(path: Path) -> None:
    for link in re.findall(re.escape(REPOSITORY) + r"([^)\s>#]+)", read(path)):
        assert (ROOT / link).exists(), link


def test_the_readme_has_the_parts_that_a_registry_asks_for() -> None:
    text = read(ROOT / "README.md")
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    for part in ("Requirements", "Installation", "Testing", "Support", "Contributing", "Release notes", "Licence"):
        assert part in headings
    assert "ansible-galaxy collection install configmgr.content" in text
    assert not re.search(r"pip3? install[^\n]*\bansible", text)
    assert "code_of_conduct" in text


def test_the_readme_names_the_supported_versions() -> None:
    text = read(ROOT / "README.md")
    series = re.findall(r'^    "(2\.\d+)": \(\(', read(ROOT / "tools" / "interpreters.py"), re.MULTILINE)
    assert f"ansible-core {series[0]} to {series[-1]}" in text
    first = re.search(r"python_requires': '>=([\d.]+)'", str(yaml.safe_load(read(ROOT / "tests" / "config.yml"))))
    assert first is not None
    assert f"Python {first.group(1)} or later" in text
    for line in read(ROOT / "requirements.txt").splitlines():
        if ">=" in line:
            name, _floor, version = line.partition(">=")
            assert re.search(rf"`{name}` {re.escape(version)} or later", text), name


def test_every_guide_is_listed_and_labelled() -> None:
    sections = yaml.safe_load(read(ROOT / "docs" / "docsite" / "extra-docs.yml"))["sections"]
    listed = [name for section in sections for name in section["toctree"]]
    assert sorted(listed) == [path.stem for path in GUIDES]
    for path in GUIDES:
        assert f".. _ansible_collections.configmgr.content.docsite.{path.stem}:\n" in read(path)
        for label in re.findall(
            r":ref:`(?:[^`<]+<)?ansible_collections\.configmgr\.content\.docsite\.(\w+)>?`", read(path)
        ):
            assert label in listed


def test_the_readme_lists_every_guide() -> None:
    sections = yaml.safe_load(read(ROOT / "docs" / "docsite" / "extra-docs.yml"))["sections"]
    table = read(ROOT / "README.md").partition("| Guide | What is in it |")[2].partition("\n\n")[0]
    linked = re.findall(re.escape(f"]({REPOSITORY}docs/docsite/rst/") + r"(\w+)\.rst\)", table)
    assert linked == [name for section in sections for name in section["toctree"]]


# Operations that a role grants (SMS_ARoleOperation), and object types (SMS_SecuredCategoryMembership and its like).
READ, MODIFY, DELETE, COPY_TO_POINT, CREATE = 1, 2, 4, 8, 1024
OS_IMAGE, BOOT_IMAGE_TYPE, TASK_SEQUENCE, DRIVER, SOFTWARE_UPDATE, POINT, GROUP = 18, 19, 20, 25, 37, 42, 43


def roles_that_come_along() -> dict[str, dict[int, int]]:
    """The roles to import: bits by object type, each type once."""
    granted = {}
    for file in sorted((ROOT / "docs" / "docsite" / "rst" / "files").glob("content_*.xml")):
        (role,) = ElementTree.fromstring(read(file))
        operations = role.findall("./Operations/Operation")
        bits = {int(each.attrib["ObjectTypeID"]): int(each.attrib["GrantedOperations"]) for each in operations}
        assert len(bits) == len(operations)
        assert list(bits) == sorted(bits)
        granted[file.stem.removeprefix("content_")] = bits
    return granted


def test_the_permissions_page_shows_the_roles_that_come_along() -> None:
    folder = ROOT / "docs" / "docsite" / "rst"
    shown = [read(folder / "files" / f"content_{name}.xml") for name in ("refresher", "image_keeper")]
    assert code_blocks(folder / "permissions.rst", "xml") == shown
    text = read(folder / "permissions.rst")
    assert [name for name in roles_that_come_along() if f"content_{name}.xml <{REPOSITORY}" not in text] == []


def test_the_reader_only_reads_and_the_refresher_only_modifies_what_can_be_refreshed() -> None:
    granted = roles_that_come_along()
    assert set(granted["reader"].values()) == {READ}
    assert set(granted["refresher"]) == set(granted["reader"])
    # Behaviour 111: packages, upgrade packages, images, boot images, driver packages, update packages, applications.
    changed = {kind for kind, bits in granted["refresher"].items() if bits != READ}
    assert changed == {2, 14, OS_IMAGE, BOOT_IMAGE_TYPE, 23, 24, 31}
    assert {granted["refresher"][kind] for kind in changed} == {READ | MODIFY}


def test_the_image_keeper_changes_nothing_but_images_and_where_they_go() -> None:
    keeper = roles_that_come_along()["image_keeper"]
    changed = {kind: bits for kind, bits in keeper.items() if bits != READ}
    everything = READ | MODIFY | DELETE | CREATE
    to_points = READ | COPY_TO_POINT
    assert changed == {OS_IMAGE: everything, BOOT_IMAGE_TYPE: everything, POINT: to_points, GROUP: to_points}
    # What is looked up for a boot image, before deleting an image, and for offline servicing.
    assert {DRIVER, TASK_SEQUENCE, SOFTWARE_UPDATE} <= set(keeper)


PICTURES = sorted((ROOT / "docs" / "docsite" / "rst" / "images").glob("*.svg"))


@pytest.mark.parametrize("file", PICTURES, ids=lambda file: file.stem)
def test_the_picture_on_the_page_is_the_file(file: Path) -> None:
    """The documentation site copies text only, so the picture stands in the page; GitHub shows the file instead."""
    drawn = read(file)
    (page,) = (text for text in map(read, GUIDES) if f"{REPOSITORY}docs/docsite/rst/images/{file.name}" in text)
    assert textwrap.indent(drawn, "   ") in page
    picture = ElementTree.fromstring(drawn)
    space = "{http://www.w3.org/2000/svg}"
    words = {each.attrib["id"]: each.text for name in ("title", "desc") for each in picture.iter(space + name)}
    assert picture.attrib["aria-labelledby"].split() == list(words)
    assert all(words.values())
    assert "@media (prefers-color-scheme: dark)" in drawn
    # Its rules are for this picture alone, also where a page has several.
    style = "".join(each.text or "" for each in picture.iter(space + "style"))
    rules = re.findall(r"^ *([^@{}\n]+) \{", style, re.MULTILINE)
    assert rules
    assert [rule for rule in rules if not rule.startswith(f".{picture.attrib['class']}")] == []
    used = {name for each in picture.iter() for name in each.attrib.get("class", "").split()}
    assert {name for rule in rules for name in re.findall(r"\.([\w-]+)", rule)} == used


def test_no_two_pictures_share_a_name_of_a_rule() -> None:
    classes = [ElementTree.fromstring(read(file)).attrib["class"] for file in PICTURES]
    assert len(set(classes)) == len(classes)


# -- examples ------------------------------------------------------------------------------------------------------


class Example(NamedTuple):
    """A YAML example and where it stands."""

    place: str
    text: str


def code_blocks(guide: Path, language: str) -> list[str]:
    """The code of a language in a guide, also inside tables and lists."""
    found = []
    lines = [*read(guide).splitlines(), ""]
    for number, line in enumerate(lines):
        start = line.find(f".. code-block:: {language}")
        if start < 0 or line[start:] != f".. code-block:: {language}":
            continue
        code = []
        for following in lines[number + 1 :]:
            if following.strip() and len(following) - len(following.lstrip()) <= start:
                break
            code.append(following)
        found.append(textwrap.dedent("\n".join(code)).strip("\n") + "\n")
    return found


def examples() -> list[Example]:
    """Every YAML example of pages, guides and modules."""
    found = []
    for path in PAGES:
        fenced = re.findall(r"^( *)```yaml\n(.*?)^\1```", read(path), re.MULTILINE | re.DOTALL)
        for number, (_indent, text) in enumerate(fenced, 1):
            found.append(Example(f"{relative(path)}-{number}", textwrap.dedent(text)))
    for path in GUIDES:
        for number, text in enumerate(code_blocks(path, "yaml"), 1):
            found.append(Example(f"{relative(path)}-{number}", text))
    for module in MODULES:
        text = importlib.import_module(f"{PLUGINS}.modules.{module}").EXAMPLES
        found.append(Example(f"EXAMPLES of {module}", text))
    for path in sorted((ROOT / "playbooks").glob("*.yml")):
        found.append(Example(relative(path), read(path)))
    return found


def literal(value: Any) -> bool:
    """Whether nothing in it is computed when the task runs."""
    if isinstance(value, dict):
        return all(literal(each) for each in value.values())
    if isinstance(value, list):
        return all(literal(each) for each in value)
    return "{{" not in str(value)


def check_options(module: str, given: dict[str, Any]) -> list[str]:
    """What Ansible would say about these options; computed values are taken for right."""
    spec = SPECS[module]
    known = set(spec) | {alias for entry in spec.values() for alias in entry.get("aliases") or ()}
    problems = [f"{module} has no option {name}" for name in given if name not in known]
    values = {name: value for name, value in given.items() if name in known and literal(value)}
    values.setdefault("provider", "cm01.contoso.com")
    validator = ArgumentSpecValidator(spec, mutually_exclusive=EXCLUSIVE)
    return problems + list(validator.validate(values).error_messages)


def role_options(role: Path = ROLE) -> dict[str, Any]:
    """The variables of a role, as its argument spec has them."""
    return yaml.safe_load(read(role / "meta" / "argument_specs.yml"))["argument_specs"]["main"]["options"]  # type: ignore[no-any-return]


def check_role(given: dict[str, Any], name: str = "configmgr.content.content_refresh") -> list[str]:
    """What Ansible would say about these variables of a role."""
    role = ROOT / "roles" / name.removeprefix(FULL_NAME)
    if not role.is_dir():
        return [f"there is no role {name}"]
    spec = role_options(role)
    problems = [f"the role has no variable {variable}" for variable in given if variable not in spec]
    values = {name: value for name, value in given.items() if name in spec and literal(value)}
    # What a template will come to is not known here, but it is given.
    spec = {name: {**entry, "required": False} if name in given else entry for name, entry in spec.items()}
    return problems + list(ArgumentSpecValidator(spec).validate(values).error_messages)


def check_task(task: dict[str, Any]) -> list[str]:
    """The problems of one task, those of the tasks inside a block included."""
    problems: list[str] = []
    for part in ("block", "rescue", "always"):
        for inner in task.get(part) or ():
            problems += check_task(inner)
    for name, given in task.items():
        if name.startswith(FULL_NAME):
            module = name[len(FULL_NAME) :]
            problems += check_options(module, given or {}) if module in SPECS else [f"there is no module {module}"]
        elif name == "ansible.builtin.include_role":
            problems += check_role(task.get("vars") or {}, given["name"])
    if not any(part in task for part in ("block", "name")):
        problems.append(f"a task without a name: {task}")
    return problems


def check_play(play: dict[str, Any]) -> list[str]:
    """The problems of one play."""
    problems = []
    for group, given in (play.get("module_defaults") or {}).items():
        known = {option.name for option in connection.OPTIONS}
        if group != "group/configmgr.content.cm":
            problems.append(f"there is no {group}")
        problems += [f"{name} is no connection option" for name in given if name not in known]
        problems += check_options("cm_package_info", {name: value for name, value in given.items() if name in known})
    for task in play.get("tasks") or ():
        problems += check_task(task)
    for role in play.get("roles") or ():
        problems += check_role(role.get("vars") or {}, role["role"])
    return problems


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.place)
def test_every_example_uses_what_exists(example: Example) -> None:
    found = yaml.safe_load(example.text)
    if isinstance(found, dict):  # variables of an inventory
        assert "ansible_connection" in found["localhost"]
        return
    assert isinstance(found, list)
    for each in found:
        assert (check_play(each) if "hosts" in each else check_task(each)) == []


def test_examples_are_found_everywhere() -> None:
    places = [example.place for example in examples()]
    for path in (
        "README.md",
        "roles/content_refresh/README.md",
        "awx/README.md",
        *(relative(path) for path in GUIDES if path.stem != "seed_coverage"),  # a table
    ):
        assert any(place.startswith(path) for place in places), path
    assert len(places) > 40
    for guide in GUIDES:
        assert len(code_blocks(guide, "yaml")) == read(guide).count(".. code-block:: yaml"), relative(guide)


def test_a_wrong_example_is_noticed() -> None:
    """The checks above are worth something."""
    assert check_task({"name": "x", "configmgr.content.cm_package_refresh": {"package_idz": "PS100001"}})
    assert check_task({"name": "x", "configmgr.content.cm_package_refresh": {"wait_for": "forever"}})
    assert check_task({"name": "x", "configmgr.content.cm_package_refresh": {"select": {"maker": "Contoso"}}})
    assert check_task({"name": "x", "configmgr.content.cm_package_gone": {}})
    assert check_task({"configmgr.content.cm_package_info": {}})
    assert check_task({"block": [{"name": "x", "configmgr.content.cm_package_info": {"limits": 1}}]})
    assert check_play({"hosts": "localhost", "module_defaults": {"group/configmgr.content.cm": {"host": "cm01"}}})
    assert check_role({"content_refresh_package": "PS100001"})
    assert check_role({}, "configmgr.content.content_gone")


# -- the role and the playbook -------------------------------------------------------------------------------------


def own_options() -> dict[str, Any]:
    """The options of the refresh that are not about the connection."""
    connecting = {option.name for option in connection.OPTIONS}
    return {name: entry for name, entry in SPECS["cm_package_refresh"].items() if name not in connecting}


def test_the_role_has_a_variable_for_every_option() -> None:
    assert set(role_options()) == {PREFIX + name for name in own_options()} | {PREFIX + "check_first"}


def test_the_variables_of_the_role_are_the_options_of_the_module() -> None:
    variables = role_options()
    for name, entry in own_options().items():
        variable = variables[PREFIX + name]
        assert variable["default"] == role_default(name, entry), name
        assert variable["type"] == ("raw" if name in ("package_ids", "names") else entry["type"]), name
        wanted = [*([""] if name == "owner_mismatch" else []), *(entry.get("choices") or [])]
        assert list(variable.get("choices") or []) == wanted, name
        if name == "select":
            assert set(variable["options"]) == set(entry["options"])


def role_default(name: str, entry: dict[str, Any]) -> Any:
    """The default of the role's variable for an option of the module; an empty one where the option has none."""
    if name in ROLE_DEFAULTS:
        return ROLE_DEFAULTS[name]
    return entry["default"] if "default" in entry else {"list": [], "dict": {}}[entry["type"]]


def test_the_defaults_of_the_role_are_the_documented_ones() -> None:
    documented_defaults = {name: entry["default"] for name, entry in role_options().items()}
    assert yaml.safe_load(read(ROLE / "defaults" / "main.yml")) == documented_defaults


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_every_role_is_whole(role: Path) -> None:
    """Defaults, tasks and the page use exactly the variables that the argument spec has."""
    options = role_options(role)
    required = {name for name, entry in options.items() if entry.get("required")}
    defaults = yaml.safe_load(read(role / "defaults" / "main.yml"))
    assert set(defaults) == set(options)
    assert {name: defaults[name] for name in options if name not in required} == {
        name: entry["default"] for name, entry in options.items() if name not in required
    }
    tasks = "".join(read(file) for folder in ("tasks", "vars") for file in sorted((role / folder).glob("*.yml")))
    assert all(re.search(rf"\b{name}\b", tasks) for name in options)
    assert set(re.findall(rf"`({role.name}_\w+)` \|", read(role / "README.md"))) <= set(options)
    assert f"configmgr.content.{role.name}" in read(ROOT / "README.md")


def test_the_role_hands_every_variable_to_the_module() -> None:
    tasks = yaml.safe_load(read(ROLE / "tasks" / "main.yml"))
    prediction, _shown, block_of_the_run = tasks
    first = prediction["configmgr.content.cm_package_refresh"]
    second = block_of_the_run["block"][0]["configmgr.content.cm_package_refresh"]
    assert first == second
    for name in own_options():
        assert PREFIX + name in str(first[name]), name
    assert set(first) == set(own_options())
    assert prediction["check_mode"] is True
    assert "check_mode" not in block_of_the_run["block"][0]


# A playbook, what its variables begin with, and the role that it runs; what it makes of several answers is a variable of the role apart.
PLAYBOOKS = [
    ("refresh", "refresh_", "content_refresh", set()),
    ("boot_image", "boot_", "boot_image", set()),
    ("image_rollout", "rollout_", "image_rollout", {"image_rollout_images"}),
]


@pytest.mark.parametrize(("playbook", "prefix", "role", "made"), PLAYBOOKS, ids=[row[0] for row in PLAYBOOKS])
def test_the_playbook_hands_every_variable_to_the_role(playbook: str, prefix: str, role: str, made: set[str]) -> None:
    (play,) = yaml.safe_load(read(ROOT / "playbooks" / f"{playbook}.yml"))
    given = play["tasks"][0]["vars"]
    options = role_options(ROOT / "roles" / role)
    assert set(given) == set(options)
    for name in set(options) - made:
        short = name.replace(f"{role}_", prefix, 1)
        # Each as not given when it is empty, which is what a survey makes of no answer.
        plain = rf"\{{\{{ {short} \| default\((.*), true\) \}}\}}"
        other = rf"\{{\{{ \[{short} \| default\(''\), (.*)\] \| reject\('equalto', ''\) \| first \}}\}}"
        found = re.fullmatch(plain, given[name]) or re.fullmatch(other, given[name])
        assert found is not None, name
        default = ast.literal_eval(found.group(1).replace("true", "True").replace("false", "False"))
        assert default == options[name]["default"], name
    assert (play["hosts"], play["gather_facts"]) == ("localhost", False)


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_a_role_takes_the_text_false_for_false(role: Path) -> None:
    """A survey knows text only. So a boolean goes to a module as it is, which reads the text, or through `bool`."""
    for name, entry in role_options(role).items():
        if entry["type"] != "bool":
            continue
        for file in [*(role / "tasks").glob("*.yml"), *(role / "vars").glob("*.yml")]:
            for line in read(file).splitlines():
                if re.search(rf"\b{name}\b", line):
                    assert f'"{{{{ {name} }}}}"' in line or re.search(rf"\b{name} \| bool\b", line), line


# -- assumptions ---------------------------------------------------------------------------------------------------


def test_the_page_of_assumptions_is_up_to_date() -> None:
    ended = subprocess.run(
        [sys.executable, str(ROOT / "hacking" / "assumptions.py"), "--check"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")


def test_the_page_of_assumptions_lists_every_note() -> None:
    """Independent of the program that writes it: each file that has a note is named."""
    page = read(ROOT / "docs" / "docsite" / "rst" / "assumptions.rst")
    files = [
        relative(path)
        for folder in ("plugins", "simulator")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if re.search(r"ASSUMED: [^<]", read(path))
    ]
    assert files != []
    assert [file for file in files if f"``{file}``" not in page] == []


def test_every_assumption_names_the_code_that_depends_on_it() -> None:
    page = read(ROOT / "docs" / "docsite" / "rst" / "assumptions.rst")
    assert page.count("    * In the code: ``") > 50
    assert "    * In the code: nowhere" not in page


def test_the_operation_is_called_as_the_console_calls_it() -> None:
    """The first line of the documentation, and the method behind it."""
    own = block("cm_package_refresh", "DOCUMENTATION")
    assert own["short_description"].startswith("Update distribution points")
    assert "Redistribute" in " ".join(own["description"])
    assert f"C({REFRESH.method})" in " ".join(own["description"])
