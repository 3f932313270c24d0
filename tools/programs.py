# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The long runs by hand: faults in great number, broken clients, measurements. Each is a program of its own beside this file."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from environment import LOGS, ROOT, Environment
from steps import Failed, Steps, run

LONGEST = 6 * 3600.0  # seconds
# Command of make: options that it hands on, as the name of the setting and of the program's option.
PROGRAMS: dict[str, Sequence[tuple[str, str]]] = {
    "soak": (("trials", "--trials"), ("seed", "--seed")),
    "mutants": (),
    "bench": (),
}


def arguments_of(name: str, settings: dict[str, str]) -> list[str]:
    """What the program is started with: the settings it knows, then whatever stands in ARGS."""
    found: list[str] = []
    for setting, option in PROGRAMS[name]:
        if settings.get(setting):
            found += [option, settings[setting]]
    return found + shlex.split(settings.get("args", ""))


def run_program(steps: Steps, environment: Environment, name: str, settings: dict[str, str]) -> None:
    """Run it in the environment, on screen, with the copy of the collection to import from."""
    program = ROOT / "tools" / f"{name}.py"
    if not program.exists():
        raise Failed(f"There is no {program.relative_to(ROOT)}.")
    run(
        [environment.tool("python"), str(program), *arguments_of(name, settings)],
        log=LOGS / f"{name}.log",
        env=environment.variables(),
        cwd=ROOT,
        timeout=LONGEST,
        steps=steps,
        stream=True,
    )
