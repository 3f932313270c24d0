# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's tarball: built from the copy, held to what is meant to ship, installed as a user would."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path

from environment import BUILD, CONTENT, INSTALL_LIMIT, LOGS, ROOT, TREE, Environment, newest
from interpreters import dotted, find, plain_environment
from steps import Failed, Steps, run

TOOL_LIMIT = 300.0  # seconds
OLDEST_TARGET = (3, 9)  # README.md: Python 3.9 or later where the modules run
SHIPPED = {  # what may stand at the top of the artefact
    "CHANGELOG.md",
    "CHANGELOG.rst",
    "CONTRIBUTING.md",
    "FILES.json",
    "LICENSE",
    "MANIFEST.json",
    "README.md",
    "awx",
    "bindep.txt",
    "changelogs",
    "docs",
    "meta",
    "playbooks",
    "plugins",
    "requirements-kerberos.txt",
    "requirements.txt",
    "roles",
}


def build_artefact(steps: Steps, environment: Environment) -> Path:
    """The collection's tarball, built from the copy; its top holds nothing but what is meant to ship."""
    folder = BUILD / "dist"
    shutil.rmtree(folder, ignore_errors=True)
    run(
        [environment.tool("ansible-galaxy"), "collection", "build", "--force", "--output-path", str(folder)],
        log=LOGS / "galaxy-build.log",
        env=environment.variables(),
        cwd=TREE / CONTENT,
        timeout=TOOL_LIMIT,
        steps=steps,
    )
    tarball = newest(folder, "*.tar.gz")
    if tarball is None:
        raise Failed(f"ansible-galaxy built nothing in {folder}")
    with tarfile.open(tarball) as archive:
        extra = {name.split("/")[0] for name in archive.getnames()} - SHIPPED
    if extra:
        raise Failed(
            f"{tarball.name} holds {', '.join(sorted(extra))}: add them to build_ignore in galaxy.yml, or to SHIPPED in tools/artefact.py."
        )
    return tarball


def install_artefact(steps: Steps, environment: Environment, tarball: Path, place: Path) -> None:
    """What a user does: ansible-galaxy collection install, here without asking any server."""
    command = [
        environment.tool("ansible-galaxy"),
        "collection",
        "install",
        str(tarball),
        "-p",
        str(place),
        "--offline",
        "--force",
    ]
    run(
        command,
        log=LOGS / f"galaxy-install-{place.name}.log",
        env=environment.variables(place),
        cwd=BUILD,
        timeout=TOOL_LIMIT,
        steps=steps,
    )


def oldest_target(steps: Steps) -> str:
    """A Python of the oldest version that modules may meet, with nothing but the run-time requirements."""
    interpreter, _passed = find(OLDEST_TARGET)
    if interpreter is None:
        raise Failed(f"No complete Python {dotted(OLDEST_TARGET)} was found; the modules have to run with it.")
    folder = BUILD / f"target-{dotted(OLDEST_TARGET)}"
    python = str(folder / "bin" / "python")
    with steps.step(f"Python {dotted(OLDEST_TARGET)} with the lowest requirements, for the modules"):
        log = LOGS / f"target-{dotted(OLDEST_TARGET)}.log"
        make = [str(interpreter.path), "-m", "venv", "--clear", str(folder)]
        fill = [python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
        fill += ["-r", str(ROOT / "requirements.txt"), "-c", str(ROOT / "constraints-minimum.txt")]
        for command in (make, fill):
            run(command, log=log, env=plain_environment(), cwd=ROOT, timeout=INSTALL_LIMIT, steps=steps)
    return python
