# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The front door's own judgements: what counts as skipped, what has to run, which interpreter is taken, what is copied."""

from __future__ import annotations

import importlib
import io
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

TOOLS = Path(__file__).resolve().parents[2] / "tools"


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch):
    """Imports a file of tools/ anew, and forgets it afterwards."""
    monkeypatch.syspath_prepend(str(TOOLS))
    names = [file.stem for file in TOOLS.glob("*.py")]
    for name in names:
        monkeypatch.delitem(sys.modules, name, raising=False)

    def load(name: str) -> ModuleType:
        return importlib.import_module(name)

    yield load
    for name in names:
        sys.modules.pop(name, None)


JUNIT = """<testsuites><testsuite>
<testcase file="tests/unit/test_a.py" classname="tests.unit.test_a" name="test_one"/>
<testcase file="tests/unit/test_a.py" classname="tests.unit.test_a" name="test_two"><failure message="no"/></testcase>
<testcase file="tests/wire/test_b.py" classname="tests.wire.test_b" name="test_three"><skipped type="pytest.skip" message="no peer"/></testcase>
<testcase file="tests/wire/test_b.py" classname="tests.wire.test_b" name="test_four"><skipped type="pytest.xfail" message="known"/></testcase>
<testcase classname="tests.wire.test_c" name=""><error message="no import"/></testcase>
</testsuite></testsuites>"""


def test_results_are_counted_from_the_junit_file(tool, tmp_path: Path) -> None:
    results = tool("results")
    (tmp_path / "run.xml").write_text(JUNIT)
    outcomes = results.read(tmp_path / "run.xml")
    assert results.closing_line(outcomes) == "2 passed, 2 failed, 1 skipped"
    assert results.skip_lines(outcomes) == ["tests/wire/test_b.py: 1 skipped: no peer"]


@pytest.mark.parametrize(
    ("listing", "wrong"),
    [
        ("tests/unit/*", []),
        ("tests/wire/*", ["tests/wire/test_b.py: 1 skipped: no peer"]),
        ("tests/wire/*\n!tests/wire/test_b.py", []),
        ("tests/wire/*\n!tests/wire/test_b.py::*three", []),
        ("tests/wire/*\n!tests/wire/test_b.py::*four", ["tests/wire/test_b.py: 1 skipped: no peer"]),
        ("# only this\ntests/live/*", ["tests/live/*: no test of this pattern ran"]),
        ("2.21: tests/live/*", ["tests/live/*: no test of this pattern ran"]),
        ("2.16: tests/live/*\n# a note: more", []),
        ("2.16,2.21: tests/live/*", ["tests/live/*: no test of this pattern ran"]),
        ("2.16, 2.19: tests/live/*", []),
        ("tests/wire/*\n2.21: !tests/wire/test_b.py", []),
        ("tests/wire/*\n2.16: !tests/wire/test_b.py", ["tests/wire/test_b.py: 1 skipped: no peer"]),
    ],
)
def test_must_run_tests_have_to_run(tool, tmp_path: Path, listing: str, wrong: list[str]) -> None:
    results = tool("results")
    (tmp_path / "run.xml").write_text(JUNIT)
    (tmp_path / "must-run.txt").write_text(listing)
    assert results.must_run_violations(results.read(tmp_path / "run.xml"), tmp_path / "must-run.txt", "2.21") == wrong


@pytest.mark.parametrize(
    ("line", "missing", "ci", "passes"),
    [
        ("Running sanity test pylint", [], "", True),
        ('WARNING: Skipping sanity test "import" on Python 3.14 because it could not be found.', [], "true", True),
        ('WARNING: Skipping sanity test "import" on Python 3.9 because it could not be found.', [(3, 9)], "", True),
        (
            'WARNING: Skipping sanity test "import" on Python 3.9 because it could not be found.',
            [(3, 9)],
            "true",
            False,
        ),
        ('WARNING: Skipping sanity test "import" on Python 3.10 because it could not be found.', [], "", False),
        ('WARNING: Required program "shellcheck" not found.', [], "", False),
    ],
)
def test_a_skipped_sanity_test_is_no_success(
    tool,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    line: str,
    missing: list[tuple[int, int]],
    ci: str,
    passes: bool,
) -> None:
    sanity = tool("sanity")
    monkeypatch.setattr(sanity, "missing_versions", lambda core: missing)
    monkeypatch.setenv("CI", ci)
    (tmp_path / "log").write_text(line + "\n")
    if passes:
        sanity._judge_skips("2.21", tmp_path / "log")
    else:
        with pytest.raises(tool("steps").Failed, match="left out"):
            sanity._judge_skips("2.21", tmp_path / "log")


def test_the_series_follows_the_interpreter_and_the_wish(tool, monkeypatch: pytest.MonkeyPatch) -> None:
    interpreters = tool("interpreters")
    here = {
        (3, 11): interpreters.Interpreter(Path("/p/3.11"), (3, 11, 2)),
        (3, 13): interpreters.Interpreter(Path("/p/3.13"), (3, 13, 0)),
    }
    monkeypatch.setattr(interpreters, "find", lambda version: (here.get(version), ()))
    monkeypatch.setattr(interpreters, "running", lambda: here[(3, 11)])
    assert interpreters.choose(None) == ("2.19", here[(3, 11)])
    assert interpreters.choose("2.16") == ("2.16", here[(3, 11)])
    assert interpreters.choose("2.21") == ("2.21", here[(3, 13)])
    assert interpreters.choose("2.19", [(3, 12), (3, 13)]) == ("2.19", here[(3, 13)])
    with pytest.raises(tool("steps").Failed, match=r"2\.16.*3\.10"):
        interpreters.choose("2.16", [(3, 10)])


def test_a_python_without_venv_names_the_debian_package(tool, monkeypatch: pytest.MonkeyPatch) -> None:
    interpreters = tool("interpreters")
    bare = interpreters.Interpreter(Path("/usr/bin/python3.11"), (3, 11, 2), ("ensurepip",))
    monkeypatch.setattr(interpreters, "find", lambda version: (None, (bare,) if version == (3, 11) else ()))
    monkeypatch.setattr(interpreters, "running", lambda: bare)
    with pytest.raises(tool("steps").Failed, match=r"apt-get install python3\.11-venv"):
        interpreters.choose(None)


def test_an_environment_file_is_read_as_a_shell_reads_it(tool, tmp_path: Path) -> None:
    file = tmp_path / "lab.env"
    file.write_text(
        "# made by the simulator\nexport CONFIGMGR_PASSWORD='it'\"'\"'s $ecret'\nexport CONFIGMGR_PORT=5986\n"
    )
    assert tool("steps").environment_of(file) == {"CONFIGMGR_PASSWORD": "it's $ecret", "CONFIGMGR_PORT": "5986"}


def test_the_copy_follows_the_checkout(tool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment = tool("environment")
    root, build = tmp_path / "checkout", tmp_path / "build"
    (root / "plugins").mkdir(parents=True)
    (root / "plugins" / "one.py").write_text("1")
    (root / "two.txt").write_text("2")
    monkeypatch.setattr(environment, "ROOT", root)
    monkeypatch.setattr(environment, "BUILD", build)
    content = environment.refresh_copy(build / "tree")
    before = (content / "two.txt").stat().st_mtime_ns
    (content / "tests" / "output").mkdir(parents=True)
    (content / "tests" / "output" / "kept").write_text("by ansible-test")
    (root / "plugins" / "one.py").unlink()
    (root / "plugins" / "three.py").write_text("3")
    assert environment.refresh_copy(build / "tree") == content
    found = {
        path.relative_to(content).as_posix()
        for path in content.rglob("*")
        if path.is_file() and ".git" not in path.parts
    }
    assert found == {"two.txt", "plugins/three.py", "tests/output/kept"}
    assert (content / "two.txt").stat().st_mtime_ns == before
    assert (content / ".git").is_dir()


def test_a_child_that_does_not_end_is_ended(tool, tmp_path: Path) -> None:
    steps = tool("steps")
    out = io.StringIO()
    with pytest.raises(steps.Failed, match="No end after"):
        steps.run(
            [sys.executable, "-c", "import time; print('waiting', flush=True); time.sleep(600)"],
            log=tmp_path / "log",
            env=dict(os.environ),
            cwd=tmp_path,
            timeout=1.5,
            steps=steps.Steps(1, out),
        )
    assert "waiting" in (tmp_path / "log").read_text()


def test_a_failing_child_shows_the_end_of_its_log_without_secrets(tool, tmp_path: Path) -> None:
    steps = tool("steps")
    script = "import sys; print('https://someone:secret@index.example/simple'); print('the reason'); sys.exit(3)"
    with pytest.raises(steps.Failed) as caught:
        steps.run([sys.executable, "-c", script], log=tmp_path / "log", env=dict(os.environ), cwd=tmp_path, timeout=60)
    assert "the reason" in str(caught.value)
    assert "exit code 3" in str(caught.value)
    assert "secret@" not in str(caught.value)


def test_settings_of_make_reach_the_program(tool) -> None:
    programs = tool("programs")
    settings = {"trials": "10000", "seed": "1", "args": "--only 'cut after'"}
    assert programs.arguments_of("soak", settings) == ["--trials", "10000", "--seed", "1", "--only", "cut after"]
    assert programs.arguments_of("bench", {"trials": "10000", "seed": "", "args": ""}) == []


def test_what_kerberos_lacks_is_named_by_debian_package(tool, monkeypatch: pytest.MonkeyPatch) -> None:
    environment, interpreters = tool("environment"), tool("interpreters")
    here = interpreters.Interpreter(Path(sys.executable), (3, 11, 2))
    monkeypatch.setattr(environment, "ask", lambda *arguments: "True\n")
    monkeypatch.setattr(environment.shutil, "which", lambda name: f"/usr/bin/{name}")
    assert environment.kerberos_lacks(here) == []
    monkeypatch.setattr(environment.shutil, "which", lambda name: None)
    monkeypatch.setattr(environment, "ask", lambda *arguments: "False\n")
    assert environment.kerberos_lacks(here) == ["libkrb5-dev", "gcc", "python3-dev"]


@pytest.mark.parametrize(
    ("core", "python", "possible"),
    [("2.21", (3, 13, 0), True), ("2.16", (3, 11, 2), True), ("2.16", (3, 10, 1), False), ("2.17", (3, 12, 0), False)],
)
def test_the_gate_says_where_its_tools_do_not_go(tool, core: str, python: tuple[int, int, int], possible: bool) -> None:
    interpreter = tool("interpreters").Interpreter(Path("/p"), python)
    reason = tool("gate").impossible_on(tool("environment").Environment(core, interpreter))
    assert (reason == "") is possible


@pytest.mark.parametrize(
    ("said", "content"),
    [
        ("INFO: fine\nImporter processing completed successfully\n", True),
        ("WARNING: no tags\nImporter processing completed successfully\n", False),
        ("ERROR: The import failed\n", False),
        ("", False),
    ],
)
def test_the_importer_is_judged_by_its_words(
    tool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, said: str, content: bool
) -> None:
    """It ends with 0 even when it complained."""
    gate = tool("gate")
    monkeypatch.setattr(gate, "build_artefact", lambda steps, environment: tmp_path / "it.tar.gz")
    monkeypatch.setattr(gate, "_run", lambda *arguments, **more: said)
    if content:
        gate.galaxy_import(None, None)
    else:
        with pytest.raises(tool("steps").Failed, match="galaxy-importer"):
            gate.galaxy_import(None, None)


def test_every_mutation_has_its_place_and_its_tests(tool) -> None:
    """Each text stands in its file exactly once, the result is Python, and the tests are there."""
    mutants = tool("mutants")
    mutations = tool("mutations")
    root = TOOLS.parent
    for mutation in mutations.MUTATIONS:
        text = (root / mutations.SOURCES / mutation.file).read_text(encoding="utf-8")
        compile(mutants.broken(text, mutation), mutation.file, "exec")
        assert mutation.tests
        for test in mutation.tests:
            file, _colons, name = test.partition("::")
            assert f"def {name.partition('[')[0]}(" in (root / file).read_text(encoding="utf-8")
    names = [mutation.name for mutation in mutations.MUTATIONS]
    assert len(set(names)) == len(names)


def test_a_mutation_whose_place_is_gone_is_told(tool) -> None:
    mutation = tool("mutations").MUTATIONS[0]
    with pytest.raises(ValueError, match="0 times"):
        tool("mutants").broken("nothing of it", mutation)


def test_a_soak_is_the_same_for_any_number_of_processes(tool) -> None:
    """The kinds take turns, and no trial is left out or made twice."""
    turn = tool("soak").turn
    assert [turn(number) for number in range(6)] == [
        *(("weather", 0), ("cell", 0), ("state", 0)),
        *(("weather", 1), ("cell", 1), ("state", 1)),
    ]
    shared = [turn(number) for first in range(2) for number in range(first, 60, 2)]
    assert sorted(shared) == sorted(turn(number) for number in range(60))
