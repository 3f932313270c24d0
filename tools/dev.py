# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands behind `make`: set up, show, test and check the collection. Standard library only, Python 3.9 and later."""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import signal
import sys
from collections.abc import Sequence
from typing import Callable

from artefact import build_artefact
from checks import attempt, static_checks
from doctor import doctor
from environment import (
    BUILD,
    CONTENT,
    LOGS,
    ROOT,
    TREE,
    chosen,
    kerberos_lacks,
    set_up,
)
from gate import EE, build_ee, gate_checks, impossible_on, site
from interpreters import SERIES, Version, dotted
from programs import run_program
from results import closing_line, must_run_violations, read, skip_lines
from sanity import missing_versions, run_sanity
from shows import demo, lab, smoke
from steps import Failed, Steps, run

TEST_LIMIT = 1800.0  # seconds
CHECK_PARTS = ("static", "gate", "sanity")
# Sanity of what users get, without tests and tools; instead of the part sanity.
SHIPPED = "sanity-shipped"
SHIPPED_FOLDERS = ("plugins/", "roles/", "playbooks/", "meta/")


def setup(options: argparse.Namespace) -> None:
    """Virtual environment with ansible-core, the requirements, the simulator and the test tools."""
    steps = Steps(2)
    environment = chosen(options)
    set_up(steps, environment, ("run", "test"))
    steps.say(f'Ready: {environment.folder}. To use it: eval "$(make -s env)"')


def env(options: argparse.Namespace) -> None:
    """Shell lines on standard output; everything else goes to standard error."""
    environment = chosen(options)
    set_up(Steps(2, sys.stderr), environment, ("run",))
    quoted = shlex.quote
    print(f"export VIRTUAL_ENV={quoted(str(environment.folder))}")
    print(f'export PATH={quoted(str(environment.bin))}:"$PATH"')
    print(f"export ANSIBLE_COLLECTIONS_PATH={quoted(str(TREE))}")
    print("unset PYTHONHOME PYTHONPATH")


def dist(options: argparse.Namespace) -> None:
    """Build the artefact."""
    steps = Steps(3)
    environment = chosen(options)
    set_up(steps, environment, ("run",))
    with steps.step("artefact"):
        tarball = build_artefact(steps, environment)
    steps.say(f"{tarball} ({tarball.stat().st_size // 1024} KB)")


def test(options: argparse.Namespace) -> None:
    """Unit, wire and integration tests on one ansible-core; the skipped ones are listed with their reasons."""
    steps = Steps(3)
    environment = chosen(options)
    set_up(steps, environment, ("run", "test"))
    content = TREE / CONTENT
    junit = BUILD / f"test-{environment.name}.xml"
    junit.unlink(missing_ok=True)
    lacks = kerberos_lacks(environment.interpreter)
    if lacks:
        steps.say(
            f"Without Kerberos, whose libraries cannot be compiled here: on Debian, apt-get install {' '.join(lacks)}"
        )
    variables = environment.variables()
    if (EE / "bin" / "python").exists():
        variables["EXECUTION_ENVIRONMENT_PYTHON"] = str(EE / "bin" / "python")
    wanted = shlex.split(options.tests) or [
        name for name in ("tests/unit", "tests/wire", "tests/integration") if (content / name).is_dir()
    ]
    command = [
        environment.tool("python"),
        "-m",
        "pytest",
        "-q",
        "-n",
        "2",
        "--dist",
        "loadfile",
        f"--junitxml={junit}",
        *(f"--ignore={name}" for name in shlex.split(options.without)),
        *wanted,
    ]
    try:
        with steps.step(f"tests on ansible-core {environment.core}: {' '.join(wanted)}"):
            run(
                command,
                log=LOGS / f"test-{environment.name}.log",
                env=variables,
                cwd=content,
                timeout=TEST_LIMIT,
                steps=steps,
                stream=True,
            )
    finally:
        if junit.exists():
            outcomes = read(junit)
            lines = skip_lines(outcomes)
            steps.say("Skipped:" if lines else "Nothing was skipped.")
            for line in lines:
                steps.say(f"  {line}")
            steps.say(f"ansible-core {environment.core} on Python {dotted(environment.interpreter.version)}:")
            steps.say(closing_line(outcomes))


def must_run(_options: argparse.Namespace) -> None:
    """Fail when a test of .ci/must-run.txt did not run, in any recorded run; the last line counts them all."""
    runs = {file.stem[len("test-") :]: read(file) for file in sorted(BUILD.glob("test-*.xml"))}
    if not runs:
        raise Failed("No test run is recorded; make test does it.")
    wrong = []
    for name, outcomes in runs.items():
        print(f"ansible-core {name}: {closing_line(outcomes)}")
        violations = must_run_violations(outcomes, ROOT / ".ci" / "must-run.txt", name)
        wrong += [f"ansible-core {name}: {line}" for line in violations]
    if wrong:
        raise Failed("\n".join(["These have to run, and did not:", *wrong]))
    print(closing_line([outcome for outcomes in runs.values() for outcome in outcomes]))


def by_hand(options: argparse.Namespace) -> None:
    """A long run that is no part of the gate: soak, mutants or bench."""
    steps = Steps(3)
    environment = chosen(options)
    set_up(steps, environment, ("run", "test"))
    with steps.step(f"{options.command} on ansible-core {environment.core}"):
        settings = {"trials": options.trials, "seed": options.seed, "args": options.args}
        run_program(steps, environment, options.command, settings)


def check(options: argparse.Namespace) -> None:
    """Format, lint, types, layers, documentation, changelog; what publishers ask; sanity."""
    parts = set(options.parts.replace(",", " ").split())
    known = (*CHECK_PARTS, SHIPPED)
    unknown = parts - set(known)
    if unknown:
        raise Failed(f"PARTS takes {', '.join(known)}, not {', '.join(sorted(unknown))}.")
    environment = chosen(options)
    if "gate" in parts and (reason := impossible_on(environment)):
        parts.remove("gate")
        print(f"Without the part gate: {reason}")
    quick = static_checks(environment) if "static" in parts else []
    quick += gate_checks(environment) if "gate" in parts else []
    steps = Steps(2 + len(quick) + (1 if parts & {"sanity", SHIPPED} else 0))
    set_up(steps, environment, ("run", "test", "check", "gate") if "gate" in parts else ("run", "test", "check"))
    failures: list[str] = []
    for name, action in quick:
        attempt(steps, name, lambda action=action: action(steps), failures)  # type: ignore[misc]
    skipped: list[str] = []
    if parts & {"sanity", SHIPPED}:
        folders = () if "sanity" in parts else SHIPPED_FOLDERS
        attempt(
            steps,
            f"ansible-test sanity on ansible-core {environment.core}",
            lambda: skipped.extend(run_sanity(steps, environment, folders)),
            failures,
        )
        absent = [dotted(version) for version in missing_versions(environment.core)]
        if absent:
            steps.say(f"Not covered by sanity, for want of an interpreter: Python {', '.join(absent)}")
        for line in skipped:
            steps.say(f"  {line}")
    if failures:
        raise Failed(f"{len(failures)} of {steps.total} steps failed: {', '.join(failures)}")
    steps.say("All checks passed.")


def docs(options: argparse.Namespace) -> None:
    """The documentation as HTML pages."""
    steps = Steps(3)
    environment = chosen(options)
    set_up(steps, environment, ("run", "check", "gate"))
    with steps.step("documentation site"):
        pages = site(steps, environment)
    steps.say(f"{pages / 'index.html'}")


def ee(options: argparse.Namespace) -> None:
    """What an execution environment gets for its Python, in an empty virtual environment; make test logs in with it."""
    steps = Steps(3)
    environment = chosen(options)
    set_up(steps, environment, ("run", "check", "gate"))
    with steps.step("requirements of an execution environment"):
        python = build_ee(steps, environment)
    steps.say(f"{python}")


def clean(_options: argparse.Namespace) -> None:
    """Delete everything that was made."""
    shutil.rmtree(BUILD, ignore_errors=True)
    print(f"{BUILD} deleted.")


def show_help(_options: argparse.Namespace) -> None:
    """List the targets."""
    print("make demo     set up, start a simulated SMS Provider, refresh a package while you watch, show the proof")
    print("make test     set up, run all tests (TESTS='tests/unit -k plan' runs some)")
    print(
        "make check    format, lint, types, layers; ansible-lint, galaxy-importer, docs; ansible-test sanity (PARTS=static,gate,sanity)"
    )
    print(
        "make lab      the simulated SMS Provider in the foreground (SCENARIO=small SPEED=60 AUTH=credssp TLS=0 PORT=5986)"
    )
    print('make env      shell lines for eval "$(make -s env)": ansible and the collection in this shell')
    print("make setup    only set up")
    print("make dist     build the collection's tarball into build/dist")
    print("make smoke    install the tarball into an empty folder and run a module from there")
    print("make doctor   which Pythons are found, and what they are used for")
    print("make docs     the documentation as HTML pages, in build/site")
    print("make ee       what an execution environment installs, in an empty virtual environment that make test uses")
    print("make soak     the fault matrix at length (TRIALS=10000 SEED=1)")
    print("make mutants  break the client in known ways, and see a named test turn red for each")
    print("make bench    measure, against clients that do less; writes build/bench.json")
    print("make must-run after a test run: did the tests of .ci/must-run.txt run?")
    print("make clean    delete build/")
    print(
        f"CORE=2.16 chooses ansible-core ({', '.join(SERIES)}), PYTHON=3.12 the interpreter, MINIMUM=1 the lowest requirements."
    )


COMMANDS: dict[str, Callable[[argparse.Namespace], None]] = {
    "help": show_help,
    "setup": setup,
    "demo": demo,
    "test": test,
    "check": check,
    "lab": lab,
    "env": env,
    "dist": dist,
    "smoke": smoke,
    "docs": docs,
    "ee": ee,
    "soak": by_hand,
    "mutants": by_hand,
    "bench": by_hand,
    "must-run": must_run,
    "doctor": doctor,
    "clean": clean,
}


def version_list(text: str) -> list[Version]:
    """3.12,3.11 as version numbers."""
    try:
        return [(int(word.split(".")[0]), int(word.split(".")[1])) for word in text.replace(",", " ").split()]
    except (ValueError, IndexError):
        raise argparse.ArgumentTypeError(f"{text!r} is not a list like 3.12,3.11") from None


def parser() -> argparse.ArgumentParser:
    """Options, each with the variable of the same name as its default."""
    variable = os.environ.get
    made = argparse.ArgumentParser(prog="tools/dev.py", description=__doc__)
    made.add_argument("command", choices=list(COMMANDS), nargs="?", default="help")
    made.add_argument("--core", default=variable("CORE") or None, help="ansible-core series")
    made.add_argument(
        "--python", type=version_list, default=variable("PYTHON", ""), help="Pythons to choose from, in this order"
    )
    made.add_argument(
        "--minimum",
        action="store_true",
        default=variable("MINIMUM", "0") not in ("", "0"),
        help="lowest allowed requirements",
    )
    made.add_argument("--tests", default=variable("TESTS", ""), help="what to hand to pytest")
    made.add_argument("--without", default=variable("WITHOUT", ""), help="tests to leave out: files or folders")
    made.add_argument("--parts", default=variable("PARTS") or ",".join(CHECK_PARTS), help="parts of check")
    made.add_argument("--trials", default=variable("TRIALS", ""), help="how many trials of soak")
    made.add_argument("--seed", default=variable("SEED", ""), help="seed of soak")
    made.add_argument("--args", default=variable("ARGS", ""), help="further options of soak, mutants and bench")
    made.add_argument("--scenario", default=variable("SCENARIO") or "small")
    made.add_argument("--speed", default=variable("SPEED", ""))
    made.add_argument("--auth", default=variable("AUTH", ""))
    made.add_argument("--tls", default=variable("TLS") or "1", choices=("0", "1"))
    made.add_argument("--port", default=variable("PORT") or "0")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; a failure is told in words, without a traceback."""
    options = parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        COMMANDS[options.command](options)
    except Failed as failure:
        print(f"\n{failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
