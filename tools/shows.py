# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection at work against the simulated SMS Provider: a laboratory, the demo, and the artefact in an empty place."""

from __future__ import annotations

import argparse
import shlex
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from artefact import build_artefact, install_artefact, oldest_target
from environment import BUILD, LOGS, ROOT, chosen, set_up, temporary_folder
from simulated_site import SimulatedSite, forget, simulated_site
from steps import Failed, Steps, run

PLAY_LIMIT = 300.0  # seconds


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
