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
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Callable

from artefact import build_artefact, install_artefact, oldest_target
from checks import attempt, static_checks
from environment import (
    BUILD,
    CONTENT,
    FIXED_PATH,
    LOGS,
    ROOT,
    TREE,
    Environment,
    kerberos_lacks,
    refresh_copy,
    temporary_folder,
)
from gate import EE, build_ee, gate_checks, impossible_on, site
from interpreters import SERIES, Version, choose, dotted, find
from programs import run_program
from results import closing_line, must_run_violations, read, skip_lines
from sanity import checked_versions, missing_versions, run_sanity
from simulated_site import SimulatedSite, forget, simulated_site
from steps import Failed, Steps, run

TEST_LIMIT = 1800.0  # seconds, each of the following too
PLAY_LIMIT = 300.0
SYSTEM_PROGRAMS = {  # what tests of Kerberos and of other clients use, by Debian package
    "krb5kdc": "krb5-kdc",
    "kadmin.local": "krb5-admin-server",
    "kinit": "krb5-user",
    "krb5-config": "libkrb5-dev",
    "gcc": "gcc",
    "curl": "curl",
}
NTLM_MECHANISM = ("usr/lib/*/gssntlmssp/gssntlmssp.so", "usr/lib*/gssntlmssp/gssntlmssp.so")
CHECK_PARTS = ("static", "gate", "sanity")
TOOL_LIMIT = 300.0


def chosen(options: argparse.Namespace) -> Environment:
    """The environment that the options ask for."""
    core, interpreter = choose(options.core, options.python)
    return Environment(core, interpreter, options.minimum)


def set_up(steps: Steps, environment: Environment, parts: Sequence[str]) -> None:
    """Environment and copy, as two steps."""
    what = "lowest versions of the requirements" if environment.minimum else "requirements"
    if "test" in parts and not kerberos_lacks(environment.interpreter):
        parts = (*parts, "kerberos")
        what += ", Kerberos"
    with steps.step(f"ansible-core {environment.core}, {what}, simulator: {environment.interpreter}"):
        environment.install(steps, parts)
    with steps.step(f"collection copied to {TREE.relative_to(ROOT)}"):
        refresh_copy()


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


def lab(options: argparse.Namespace) -> None:
    """The simulated SMS Provider in the foreground, until Ctrl-C."""
    environment = chosen(options)
    set_up(Steps(2), environment, ("run",))
    env_file = BUILD / "lab.env"
    forget(env_file)
    command = [environment.tool("python"), "-m", "smsprovsim", "serve", "--env-file", str(env_file)]
    command += ["--scenario", options.scenario, "--port", options.port]
    command += ["--no-tls" if options.tls == "0" else "--tls"]
    command += ["--auth", options.auth] if options.auth else []
    command += ["--speed", options.speed] if options.speed else []
    child = subprocess.Popen(command, env=environment.variables(), cwd=str(BUILD))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        while not env_file.exists() and child.poll() is None:
            time.sleep(0.05)
        if child.poll() is None:
            print(
                f"\nSimulated SMS Provider ready (scenario {options.scenario}). In another shell, in {ROOT}:\n\n"
                f'    eval "$(make -s env)"\n    source {shlex.quote(str(env_file))}\n'
                "    ansible localhost -m configmgr.content.cm_package_refresh -a package_ids=PS100001\n\n"
                "Ctrl-C stops it.",
                flush=True,
            )
        code = child.wait()
        if code:
            raise Failed(f"The simulated SMS Provider ended with exit code {code}.")
    except KeyboardInterrupt:
        print("\nStopped.")
    finally:
        if child.poll() is None:
            child.terminate()
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
        forget(env_file)


def dist(options: argparse.Namespace) -> None:
    """Build the artefact."""
    steps = Steps(3)
    environment = chosen(options)
    set_up(steps, environment, ("run",))
    with steps.step("artefact"):
        tarball = build_artefact(steps, environment)
    steps.say(f"{tarball} ({tarball.stat().st_size // 1024} KB)")


def demo(options: argparse.Namespace) -> None:
    """The main job, as a playbook to watch, against the simulated SMS Provider, with the proof from its journal."""
    steps = Steps(7)
    environment = chosen(options)
    set_up(steps, environment, ("run",))
    with steps.step("artefact built, as it would be published"):
        tarball = build_artefact(steps, environment)
    with steps.step("artefact installed into build/demo, as a user would"):
        install_artefact(steps, environment, tarball, BUILD / "demo")
    with ExitStack() as running:
        with steps.step("simulated SMS Provider"):
            arguments = ["--scenario", "small", "--speed", options.speed or "60"]
            site = running.enter_context(simulated_site(environment, "demo", arguments))
        before = package_in(site)
        with steps.step("playbook demo/refresh.yml"):
            steps.say("")
            variables = environment.variables(BUILD / "demo", **site.variables)
            variables.pop("PYTHONPATH")
            variables["ANSIBLE_FORCE_COLOR"] = "1" if sys.stdout.isatty() else "0"
            run(
                [
                    environment.tool("ansible-playbook"),
                    "-i",
                    str(ROOT / "demo" / "inventory.yml"),
                    str(ROOT / "demo" / "refresh.yml"),
                ],
                log=LOGS / "demo-playbook.log",
                env=variables,
                cwd=BUILD,
                timeout=PLAY_LIMIT,
                steps=steps,
                stream=True,
            )
        with steps.step("proof: what the simulated SMS Provider recorded"):
            show_proof(steps, site, before)
    steps.say("Simulated SMS Provider stopped. Everything made is under build/.")


def package_in(site: SimulatedSite) -> dict[str, Any]:
    """The demo's package as the site holds it, asked past the client."""
    found: dict[str, Any] = site.control("state")["site"]["packages"]["PS100001"]
    return found


def show_proof(steps: Steps, site: SimulatedSite, before: dict[str, Any]) -> None:
    """What the provider saw and what the site now holds; raises Failed unless two refreshes made two versions."""
    entries = site.control("journal")
    calls = [entry for entry in entries if entry.get("method") == "RefreshPkgSource"]
    after = package_in(site)
    steps.say(f"      {len(entries)} requests, {len(calls)} of them calls of RefreshPkgSource:")
    for entry in calls:
        key = entry["key"]
        key = ", ".join(str(value) for value in key.values()) if isinstance(key, dict) else key
        line = f"{entry['verb']} {entry['class']}.{entry['method']} on {key} by {entry['user']}: {entry['outcome']}"
        steps.say(f"      {line}")
    points = after["distribution_points"].items()
    versions = ", ".join(f"{name} has {point['version']}" for name, point in points)
    steps.say(f"      SourceVersion {before['source_version']} before, {after['source_version']} now; {versions}")
    if len(calls) != 2 or after["source_version"] != before["source_version"] + 2:
        raise Failed("The demo refreshes twice, and the site has to show two calls and two new versions.")


def smoke(options: argparse.Namespace) -> None:
    """The artefact in an empty place, without the checkout: refreshed by its name, the console's name, and Python 3.9."""
    steps = Steps(6)
    environment = chosen(options)
    set_up(steps, environment, ("run",))
    with steps.step("artefact"):
        tarball = build_artefact(steps, environment)
    oldest = oldest_target(steps)
    with temporary_folder() as name:
        place = Path(name)
        with steps.step("artefact installed into an empty folder"):
            install_artefact(steps, environment, tarball, place / "collections")
        with (
            steps.step("refresh with what was installed"),
            simulated_site(environment, "smoke", ["--scenario", "small", "--speed", "60"]) as site,
        ):
            variables = environment.variables(place / "collections", **site.variables)
            variables.pop("PYTHONPATH")
            runs: list[tuple[str, list[str]]] = [("cm_package_refresh", []), ("cm_update_distribution_points", [])]
            runs.append(("cm_package_refresh", ["-e", f"ansible_python_interpreter={oldest}"]))
            for number, (module, more) in enumerate(runs, start=1):
                command = [
                    environment.tool("ansible"),
                    "localhost",
                    "-m",
                    f"configmgr.content.{module}",
                    "-a",
                    "package_ids=PS100001 wait_interval=0.5",
                    *more,
                ]
                log = LOGS / f"smoke-{number}.log"
                run(command, log=log, env=variables, cwd=place, timeout=PLAY_LIMIT, steps=steps)
                if "CHANGED" not in log.read_text(encoding="utf-8") or len(site.calls("RefreshPkgSource")) != number:
                    raise Failed(f"{module} did not refresh once; whole log: {log}")


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
    unknown = parts - set(CHECK_PARTS)
    if unknown:
        raise Failed(f"PARTS takes {', '.join(CHECK_PARTS)}, not {', '.join(sorted(unknown))}.")
    environment = chosen(options)
    if "gate" in parts and (reason := impossible_on(environment)):
        parts.remove("gate")
        print(f"Without the part gate: {reason}")
    quick = static_checks(environment) if "static" in parts else []
    quick += gate_checks(environment) if "gate" in parts else []
    steps = Steps(2 + len(quick) + (1 if "sanity" in parts else 0))
    set_up(steps, environment, ("run", "test", "check", "gate") if "gate" in parts else ("run", "test", "check"))
    failures: list[str] = []
    for name, action in quick:
        attempt(steps, name, lambda action=action: action(steps), failures)  # type: ignore[misc]
    skipped: list[str] = []
    if "sanity" in parts:
        attempt(
            steps,
            f"ansible-test sanity on ansible-core {environment.core}",
            lambda: skipped.extend(run_sanity(steps, environment)),
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


def doctor(_options: argparse.Namespace) -> None:
    """Which interpreter each series would get, which Pythons sanity can cover, and what Kerberos needs; CI needs all."""
    missing = []
    for core in SERIES:
        try:
            _core, interpreter = choose(core)
            lacks = kerberos_lacks(interpreter)
            print(
                f"ansible-core {core}: {interpreter}; Kerberos: "
                + (f"lacks {', '.join(lacks)}" if lacks else "can be compiled")
            )
        except Failed as failure:
            print(failure)
    for version in checked_versions(list(SERIES)[-1]):
        found, _passed = find(version)
        print(f"sanity on {dotted(version)}: {found or 'no interpreter'}")
        missing += [] if found else [f"an interpreter for Python {dotted(version)}"]
    for program, package in SYSTEM_PROGRAMS.items():
        place = shutil.which(program, path=FIXED_PATH)
        print(f"{program}: {place or f'missing; on Debian: apt-get install {package}'}")
        missing += [] if place else [program]
    mechanism = next((file for pattern in NTLM_MECHANISM for file in Path("/").glob(pattern)), None)
    print(f"NTLM for GSSAPI: {mechanism or 'missing; on Debian: apt-get install gss-ntlmssp'}")
    missing += [] if mechanism else ["gss-ntlmssp"]
    if missing and os.environ.get("CI"):
        raise Failed(f"Not found, neither on PATH nor where version managers keep Pythons: {', '.join(missing)}")


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
