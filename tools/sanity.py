# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-test sanity with nothing but a package index: own home, stand-ins for its one download, real interpreters."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from environment import BUILD, FIXED_PATH, LOGS, Environment, refresh_copy
from interpreters import (
    CHECKED_LAST,
    MODULE_FIRST,
    NEWEST_KNOWN,
    TARGET_LAST,
    Version,
    between,
    dotted,
    find,
    plain_environment,
)
from steps import Failed, Steps, ask, run

SANITY_LIMIT = 1500.0  # seconds

# ansible-test fetches a pip bootstrap script from a file server, unless this file is in its cache. ensurepip is called
# as a child: in the same process it would switch off pip's configuration for what follows.
_STAND_IN = """\
import subprocess, sys
options = [a for a in sys.argv[1:] if a not in ("--no-setuptools", "--no-wheel")]
subprocess.run([sys.executable, "-m", "ensurepip"], check=True, stdout=subprocess.DEVNULL)
sys.exit(subprocess.call([sys.executable, "-m", "pip", "install", "--quiet", "--upgrade", *options]))
"""


def checked_versions(core: str) -> list[Version]:
    """The Pythons that sanity has to cover on this series."""
    return between(MODULE_FIRST, min(TARGET_LAST[core], CHECKED_LAST))


def missing_versions(core: str) -> list[Version]:
    """Those of them that this machine does not have."""
    return [version for version in checked_versions(core) if find(version)[0] is None]


def run_sanity(steps: Steps, environment: Environment, arguments: Sequence[str] = ()) -> list[str]:
    """All sanity tests; returns what was skipped, raises Failed for a finding or a skip that need not be.

    A Python that is not on this machine is reported; one that is here has to be used. With CI set, all have to be here.
    """
    place = BUILD / f"sanity-{environment.core}"
    if (place / "home").is_dir() and not (place / "made-for").exists():
        shutil.rmtree(place)
    content = refresh_copy(place / "tree")
    (place / "made-for").touch()
    env = environment.variables(place / "tree", HOME=str(_home(environment, place / "home")), LC_ALL="en_US.UTF-8")
    env["PATH"] = f"{environment.bin}:{_pythons()}:{FIXED_PATH}"
    for name in ("PYTHONPATH", "ANSIBLE_CONFIG", "ANSIBLE_COLLECTIONS_PATH", "ANSIBLE_LOCALHOST_WARNING"):
        env.pop(name)
    log = LOGS / f"sanity-{environment.core}.log"
    command = [environment.tool("ansible-test"), "sanity", "--color", "no", *arguments]
    code = run(command, log=log, env=env, cwd=content, timeout=SANITY_LIMIT, steps=steps, accept=(0, 1))
    if code:
        raise Failed(_findings(log))
    return _judge_skips(environment.core, log)


def _findings(log: Path) -> str:
    """The errors of a failed run, each once, without the installations between them."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    errors = list(dict.fromkeys(line for line in lines if line.startswith(("ERROR:", "FATAL:"))))
    return "\n".join([*(errors[:60] or lines[-40:]), f"Whole log: {log}"])


def _judge_skips(core: str, log: Path) -> list[str]:
    text = log.read_text(encoding="utf-8", errors="replace")
    skipped = list(dict.fromkeys(re.findall(r"(?:Skipping .*test|Required program) .*", text)))
    absent = {dotted(version) for version in missing_versions(core)}
    checked = {dotted(version) for version in checked_versions(core)}
    wrong = []
    for line in skipped:
        python = re.search(r"on Python (\d+\.\d+)", line)
        number = python.group(1) if python else ""
        if number and number not in checked:
            continue
        if number in absent and not os.environ.get("CI"):
            continue
        wrong.append(line)
    if wrong:
        raise Failed("\n".join(["Sanity passed, but left out what it should cover:", *wrong, f"Whole log: {log}"]))
    return skipped


def _pythons() -> Path:
    """A folder with links to interpreters that run, and to no other."""
    folder = BUILD / "pythons"
    folder.mkdir(parents=True, exist_ok=True)
    for version in between(MODULE_FIRST, NEWEST_KNOWN):
        link = folder / f"python{dotted(version)}"
        found, _passed = find(version)
        wanted = None if found is None else str(found.path)
        if link.is_symlink() and os.readlink(link) == wanted:
            continue
        link.unlink(missing_ok=True)
        if wanted is not None:
            link.symlink_to(wanted)
    return folder


def _home(environment: Environment, home: Path) -> Path:
    """A home for ansible-test: it hands on no variables to pip, so that pip's settings have to be in a file."""
    cache = home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    pattern = "lib/python*/site-packages/ansible_test/_internal/python_requirements.py"
    pins = next(iter(environment.folder.glob(pattern)), None)
    versions = set() if pins is None else set(re.findall(r"\bpip='([0-9.]+)'", pins.read_text(encoding="utf-8")))
    if not versions:
        raise Failed(f"Cannot tell which pip ansible-test {environment.core} asks for ({pattern}).")
    for version in versions:
        (cache / f"get_pip_{version.replace('.', '_')}.py").write_text(_STAND_IN, encoding="utf-8")
    settings = home / ".config" / "pip" / "pip.conf"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.touch(mode=0o600)
    settings.chmod(0o600)  # an index address may hold a password
    settings.write_text(_pip_settings(environment), encoding="utf-8")
    return home


def _pip_settings(environment: Environment) -> str:
    """The caller's pip settings, those from variables included, in the form of a pip.conf."""
    listing = ask([environment.tool("python"), "-m", "pip", "config", "list"], plain_environment())
    found: dict[str, str] = {}
    for line in listing.splitlines():
        name, separator, value = line.partition("=")
        if not separator:
            continue
        section, _dot, option = name.rpartition(".")
        if section in ("global", "install", ":env:"):
            found[option] = value.strip().strip("'\"").replace("\\n", " ")
    proxy = os.environ.get("https_proxy") or os.environ.get("HTTPS_PROXY")
    if proxy:
        found.setdefault("proxy", proxy)
    found["disable-pip-version-check"] = "1"
    return "[global]\n" + "".join(f"{name} = {value}\n" for name, value in sorted(found.items()))
