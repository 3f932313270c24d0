# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection as those judge it who publish and build it: linter, importer, documentation site, execution environment."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

from artefact import build_artefact
from environment import BUILD, CONTENT, INSTALL_LIMIT, LOGS, ROOT, TREE, Environment
from interpreters import plain_environment
from steps import Failed, Steps, run

TOOL_LIMIT = 600.0  # seconds
SITE = BUILD / "site"
EE = BUILD / "venv-ee"
# What bindep has to ask for where an image is built, by the names of some platforms.
_PLATFORMS = {
    "debian-12 dpkg": "gcc krb5-user libgssapi-krb5-2 libkrb5-dev python3-dev",
    "fedora-43 rpm": "gcc krb5-devel krb5-libs krb5-workstation python3-devel",
    "almalinux-9 rpm": "gcc krb5-devel krb5-libs krb5-workstation python3-devel python3.12-devel",
}
_BINDEP = """
import sys
from bindep.depends import Depends
rules = Depends(open(sys.argv[1]).read()).active_rules(["compile", *("platform:" + name for name in sys.argv[2:])])
print(" ".join(sorted(rule[0] for rule in rules)))
"""
# Labels of Ansible's own documentation, which only its online index resolves.
FOREIGN_LABELS = ("common_return_values", "ansible_configuration_settings")


def impossible_on(environment: Environment) -> str:
    """Why the tools cannot be installed beside this ansible-core, empty if they can."""
    if environment.core == "2.17":
        return "ansible-lint refuses ansible-core 2.17."
    if environment.interpreter.version < (3, 11):
        return "its tools need Python 3.11 or later."
    return ""


def gate_checks(environment: Environment) -> list[Any]:
    """Name and what to run."""
    return [
        ("ansible-lint, profile production", lambda steps: lint(steps, environment)),
        ("galaxy-importer on the artefact", lambda steps: galaxy_import(steps, environment)),
        ("lint of the documentation", lambda steps: documentation_lint(steps, environment)),
        ("documentation site", lambda steps: site(steps, environment)),
        ("execution environment", lambda steps: execution_environment(steps, environment)),
    ]


def _run(
    steps: Steps, environment: Environment, label: str, command: list[str], cwd: Path = TREE / CONTENT, **more: str
) -> str:
    """What a tool of the environment said."""
    log = LOGS / f"gate-{label}.log"
    env = {**environment.variables(), **more}
    run([environment.tool(command[0]), *command[1:]], log=log, env=env, cwd=cwd, timeout=TOOL_LIMIT, steps=steps)
    return log.read_text(encoding="utf-8", errors="replace")


def lint(steps: Steps, environment: Environment) -> None:
    """No failure and no warning of ansible-lint, by its strictest rules."""
    said = _run(steps, environment, "lint", ["ansible-lint", "--nocolor", "--offline", "--profile", "production"])
    if "0 failure(s), 0 warning(s)" not in said:
        raise Failed(f"ansible-lint is not content:\n{said}")


def galaxy_import(steps: Steps, environment: Environment) -> None:
    """The check of Galaxy on the tarball. It ends well even when it complained, so that its words are read."""
    tarball = build_artefact(steps, environment)
    command = ["python", "-m", "galaxy_importer.main", str(tarball)]
    said = _run(steps, environment, "importer", command, cwd=BUILD, GALAXY_IMPORTER_CHECK_REQUIRED_TAGS="true")
    wrong = [line for line in said.splitlines() if line.startswith(("WARNING", "ERROR"))]
    if wrong or "Importer processing completed successfully" not in said:
        raise Failed("\n".join(["galaxy-importer is not content:", *(wrong or [said])]))


def documentation_lint(steps: Steps, environment: Environment) -> None:
    """Every reference to a module, an option or a guide leads somewhere."""
    options = ["--plugin-docs", "--validate-collection-refs", "all", "--check-extra-docs-refs", "--skip-rstcheck"]
    said = _run(steps, environment, "docs-lint", ["antsibull-docs", "lint-collection-docs", *options, "."])
    lines = [line for line in said.splitlines() if not line.startswith("$ ")]
    if lines:
        raise Failed("\n".join(["antsibull-docs is not content:", *lines]))


def site(steps: Steps, environment: Environment) -> Path:
    """The HTML pages, made without a network; returns the folder."""
    shutil.rmtree(SITE, ignore_errors=True)
    SITE.mkdir(parents=True)
    SITE.chmod(0o700)  # antsibull-docs wants a folder that nobody else can write to
    command = ["antsibull-docs", "sphinx-init", "--use-current", "--squash-hierarchy", "--lenient"]
    _run(steps, environment, "site-init", [*command, "--dest-dir", str(SITE), "configmgr.content"], cwd=BUILD)
    settings = SITE / "conf.py"
    text, count = re.subn(
        r"^intersphinx_mapping = \{.*?^\}",
        "intersphinx_mapping = {}",
        settings.read_text(encoding="utf-8"),
        flags=re.M | re.S,
    )
    if count != 1:
        raise Failed(f"{settings} has no intersphinx_mapping to empty: antsibull-docs writes another file now.")
    (SITE / "static").mkdir()
    shutil.copy(ROOT / "docs" / "docsite" / "site.css", SITE / "static")
    text += "\nhtml_static_path = ['static']\nhtml_css_files = ['site.css']\n"
    settings.write_text(text, encoding="utf-8")
    log = LOGS / "gate-site.log"
    run(
        ["bash", str(SITE / "build.sh")],
        log=log,
        env=environment.variables(),
        cwd=SITE,
        timeout=TOOL_LIMIT,
        steps=steps,
    )
    said = log.read_text(encoding="utf-8", errors="replace").splitlines()
    wrong = [line for line in said if "WARNING" in line or "ERROR" in line]
    wrong = [line for line in wrong if not any(f"undefined label: '{label}'" in line for label in FOREIGN_LABELS)]
    if wrong:
        raise Failed("\n".join(["The documentation site has warnings:", *wrong]))
    return SITE / "build" / "html"


def introspect(steps: Steps, environment: Environment) -> tuple[list[str], list[str]]:
    """What ansible-builder would install for the collection: Python requirements, and bindep lines."""
    python, system = BUILD / "ee-requirements.txt", BUILD / "ee-bindep.txt"
    for file in (python, system):
        file.unlink(missing_ok=True)
    command = [
        "ansible-builder",
        "introspect",
        "--sanitize",
        f"--write-pip={python}",
        f"--write-bindep={system}",
        str(TREE),
    ]
    _run(steps, environment, "introspect", command, cwd=BUILD)
    found = []
    for file in (python, system):
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        lines = [line.partition("#")[0].strip() for line in text.splitlines()]
        found.append([line for line in lines if line])
    return found[0], found[1]


def execution_environment(steps: Steps, environment: Environment) -> None:
    """ansible-builder finds what the collection lists, and accepts the example for an image."""
    found = introspect(steps, environment)
    for name, lines in zip(("requirements-kerberos.txt", "bindep.txt"), found):
        listed = [line.partition("#")[0].strip() for line in (ROOT / name).read_text(encoding="utf-8").splitlines()]
        missing = {line for line in listed if line} ^ set(lines)
        if missing:
            raise Failed(f"ansible-builder and {name} differ: {', '.join(sorted(missing))}")
    for platform, packages in _PLATFORMS.items():
        listing = str(TREE / CONTENT / "bindep.txt")
        said = _run(steps, environment, "bindep", ["python", "-c", _BINDEP, listing, *platform.split()]).splitlines()[
            -1
        ]
        if said != packages:
            raise Failed(f"bindep.txt names for {platform}: {said}; expected: {packages}")
    context = BUILD / "ee-context"
    shutil.rmtree(context, ignore_errors=True)
    example = str(TREE / CONTENT / "awx" / "execution-environment.yml")
    _run(
        steps,
        environment,
        "ee-create",
        ["ansible-builder", "create", "--output-filename=Containerfile", "-f", example, "-c", str(context)],
        cwd=BUILD,
    )
    if not (context / "Containerfile").exists():
        raise Failed(f"ansible-builder wrote no Containerfile into {context}")


def build_ee(steps: Steps, environment: Environment) -> Path:
    """An empty virtual environment with exactly the Python requirements of an execution environment; its Python."""
    python = EE / "bin" / "python"
    wanted, _system = introspect(steps, environment)
    listing, stamp = BUILD / "ee-requirements.txt", EE / "made-from"
    origin = "\n".join([str(environment.interpreter), *wanted])
    if stamp.exists() and stamp.read_text(encoding="utf-8") == origin:
        return python
    env, log = plain_environment(), LOGS / "ee.log"
    make = [str(environment.interpreter.path), "-m", "venv", "--clear", str(EE)]
    fill = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "-r", str(listing)]
    for command in (make, fill):
        run(command, log=log, env=env, cwd=ROOT, timeout=INSTALL_LIMIT, steps=steps)
    stamp.write_text(origin, encoding="utf-8")
    return python
