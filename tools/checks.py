# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks that take seconds: format, lint, types, layers, changelog, documentation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable

from environment import BUILD, CONTENT, LOGS, TREE, Environment
from steps import Failed, Steps, run

TOOL_LIMIT = 300.0  # seconds


def attempt(steps: Steps, name: str, action: Callable[[], object], failures: list[str]) -> None:
    """One check; the others follow even when it fails, so that one run shows all there is to mend."""
    try:
        with steps.step(name):
            action()
    except Failed as failure:
        steps.say(str(failure))
        failures.append(name)


def static_checks(environment: Environment) -> list[Any]:
    """The checks that take seconds: name and what to run."""
    content = TREE / CONTENT
    variables = environment.variables()

    def tool(
        name: str, *arguments: str, cwd: Path = content, label: str = "", more: dict[str, str] | None = None
    ) -> Callable[[Steps], None]:
        def action(steps: Steps) -> None:
            run(
                [environment.tool(name), *arguments],
                log=LOGS / f"check-{label or name}.log",
                env={**variables, **(more or {})},
                cwd=cwd,
                timeout=TOOL_LIMIT,
                steps=steps,
            )

        return action

    settings = ("--config-file", str(content / "pyproject.toml"), "--cache-dir", str(BUILD / "mypy"))
    return [
        ("format", tool("ruff", "format", "--check", "--cache-dir", str(BUILD / "ruff"), ".", label="format")),
        ("lint", tool("ruff", "check", "--cache-dir", str(BUILD / "ruff"), ".", label="lint")),
        ("types of plugins", tool("mypy", *settings, str(CONTENT / "plugins"), cwd=TREE, label="types-plugins")),
        (
            "types of simulator and tools",
            tool(
                "mypy",
                *settings,
                "simulator/smsprovsim",
                "tools",
                label="types-rest",
                more={"MYPYPATH": f"{content / 'simulator'}:{content / 'tools'}"},
            ),
        ),
        ("shell", tool("shellcheck", ".ci/run", label="shell")),
        ("YAML", tool("yamllint", "--strict", ".", label="yaml")),
        (
            "layers and repository",
            tool(
                "python",
                "-m",
                "pytest",
                "-q",
                "tests/unit/test_boundaries.py",
                "tests/unit/test_repository.py",
                label="layers",
            ),
        ),
        ("changelog", tool("antsibull-changelog", "lint", label="changelog")),
        ("documentation", lambda steps: documentation(steps, environment)),
    ]


def documentation(steps: Steps, environment: Environment) -> None:
    """Every module's documentation, as ansible-doc reads it."""
    names = sorted(
        path.stem for path in (TREE / CONTENT / "plugins" / "modules").glob("*.py") if path.stem != "__init__"
    )
    if not names:
        raise Failed("No modules in plugins/modules.")
    log = LOGS / "check-documentation.log"
    command = [environment.tool("ansible-doc"), "-t", "module", "-j", *(f"configmgr.content.{name}" for name in names)]
    run(command, log=log, env=environment.variables(), cwd=BUILD, timeout=TOOL_LIMIT, steps=steps)
    text = log.read_text(encoding="utf-8")
    shown = json.loads(text[text.index("\n{") + 1 : text.rindex("}") + 1])
    for name in names:
        found = shown.get(f"configmgr.content.{name}") or {}
        for part in ("doc", "examples", "return"):
            if not found.get(part):
                raise Failed(f"ansible-doc shows no {part} of {name}.")
