# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lies under build/: the copy of the collection that tools run in, and a virtual environment per ansible-core."""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from interpreters import Interpreter, choose, plain_environment
from steps import Failed, Steps, ask, run

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
LOGS = BUILD / "logs"
TREE = BUILD / "tree"
CONTENT = Path("ansible_collections") / "configmgr" / "content"
KEPT_IN_COPY = {".git", "tests/output"}  # not ours to delete: the copy's own git, and what ansible-test keeps

INSTALL_LIMIT = 900.0  # seconds for one pip run
FIXED_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# What a set-up installs, in the order of need: name, requirement files, the simulator too.
PARTS: dict[str, Sequence[str]] = {
    "run": ("requirements.txt",),
    "test": ("requirements-dev.txt",),
    "kerberos": ("requirements-kerberos.txt",),
    "check": ("requirements-check.txt",),
    "gate": ("requirements-gate.txt",),
}
_DROPPED = (
    "ANSIBLE_",
    "CONFIGMGR_",
    "SMSPROVSIM_",
    "GIT_",
    "CONDA",
    "VIRTUAL_ENV",
    "MAKE",
    "MFLAGS",
    "PYTEST_",
    "COVERAGE_",
    "LC_",
    "LANG",
)
_KEPT = ("CONFIGMGR_REFERENCE", "CONFIGMGR_LIVE_")  # what tests outside the gate ask for


def kerberos_lacks(interpreter: Interpreter) -> list[str]:
    """The Debian packages without which the part `kerberos` cannot be compiled for this Python."""
    found = [
        package for name, package in (("krb5-config", "libkrb5-dev"), ("gcc", "gcc")) if shutil.which(name) is None
    ]
    code = "import os, sysconfig; print(os.path.exists(sysconfig.get_path('include') + '/Python.h'))"
    if ask([str(interpreter.path), "-I", "-c", code], plain_environment()).strip() != "True":
        found.append("python3-dev")
    return found


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Only one of our commands at a time changes what `name` stands for."""
    folder = BUILD / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / name).open("w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def files_to_copy() -> list[Path]:
    """Tracked files and new ones that git does not ignore, relative to the checkout; without git, all but build and dot folders."""
    listing = ask(
        [
            "git",
            "-c",
            "safe.directory=*",
            "-C",
            str(ROOT),
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ],
        {name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
    )
    if listing:
        names = [Path(name) for name in listing.split("\0") if name]
    else:
        names = []
        for folder, folders, files in os.walk(ROOT):
            folders[:] = [
                name
                for name in folders
                if name not in ("build", "__pycache__") and (not name.startswith(".") or name == ".ci")
            ]
            names += [(Path(folder) / name).relative_to(ROOT) for name in files if not name.endswith(".pyc")]
    return sorted({name for name in names if (ROOT / name).is_file() or (ROOT / name).is_symlink()})


def refresh_copy(tree: Path = TREE) -> Path:
    """Bring the copy of the collection under `tree` up to date; returns its root. Unchanged files keep their time."""
    content = tree / CONTENT
    with locked("tree-" + hashlib.sha256(str(tree).encode()).hexdigest()[:8]):
        wanted = files_to_copy()
        for name in wanted:
            source, target = ROOT / name, content / name
            if not _same(source, target):
                _replace(source, target)
        _delete_stale(content, set(wanted))
        if not (content / ".git").exists():
            ask(["git", "init", "-q", str(content)], {"PATH": os.environ.get("PATH", FIXED_PATH), "HOME": str(BUILD)})
    return content


def _same(source: Path, target: Path) -> bool:
    if source.is_symlink() or target.is_symlink():
        return source.is_symlink() and target.is_symlink() and os.readlink(source) == os.readlink(target)
    if not target.is_file() or (source.stat().st_mode & 0o777) != (target.stat().st_mode & 0o777):
        return False
    return source.stat().st_size == target.stat().st_size and source.read_bytes() == target.read_bytes()


def _replace(source: Path, target: Path) -> None:
    """Copy in one move, so that a reader sees the old file or the new one."""
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)
    for folder in target.parents:
        if folder.is_file():
            folder.unlink()
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.parent / f".{target.name}.{os.getpid()}"
    shutil.copy2(source, fresh, follow_symlinks=False)
    os.replace(fresh, target)


def _delete_stale(content: Path, wanted: set[Path]) -> None:
    for folder, folders, files in os.walk(content, topdown=True):
        here = Path(folder).relative_to(content)
        folders[:] = [name for name in folders if (here / name).as_posix() not in KEPT_IN_COPY]
        for name in files:
            if here / name not in wanted and not name.endswith(".pyc"):
                (content / here / name).unlink()
    needed = {parent for name in wanted for parent in name.parents}
    for folder, folders, _files in os.walk(content, topdown=True):
        here = Path(folder).relative_to(content)
        for name in list(folders):
            if (here / name).as_posix() in KEPT_IN_COPY:
                folders.remove(name)
            elif here / name not in needed and not any(
                kept.startswith((here / name).as_posix() + "/") for kept in KEPT_IN_COPY
            ):
                shutil.rmtree(content / here / name)
                folders.remove(name)


@dataclass(frozen=True)
class Environment:
    """A virtual environment with one ansible-core, the run-time requirements and the simulator."""

    core: str
    interpreter: Interpreter
    minimum: bool = False  # the lowest allowed versions of what users install

    @property
    def name(self) -> str:
        """Names folder, logs and reports."""
        return self.core + ("-minimum" if self.minimum else "")

    @property
    def folder(self) -> Path:
        """The virtual environment."""
        return BUILD / f"venv-{self.name}"

    @property
    def bin(self) -> Path:
        """Where its commands are."""
        return self.folder / "bin"

    def tool(self, name: str) -> str:
        """The absolute path of a command in it."""
        return str(self.bin / name)

    def variables(self, tree: Path = TREE, **more: str) -> dict[str, str]:
        """The environment of children: nothing of the caller's Python, Ansible or proxy settings, a home of its own."""
        home = BUILD / "home"
        home.mkdir(parents=True, exist_ok=True)
        settings = BUILD / "ansible.cfg"
        if not settings.exists():
            settings.touch()
        found = {
            name: value
            for name, value in plain_environment().items()
            if (name.startswith(_KEPT) or not name.startswith(_DROPPED))
            and not name.startswith("PIP_")
            and not name.lower().endswith("_proxy")
        }
        found.update(
            HOME=str(home),
            PATH=f"{self.bin}:{FIXED_PATH}",
            LC_ALL="C.UTF-8",
            PYTHONPATH=str(tree),
            PYTHONUNBUFFERED="1",
            ANSIBLE_CONFIG=str(settings),
            ANSIBLE_COLLECTIONS_PATH=str(tree),
            ANSIBLE_LOCALHOST_WARNING="False",
        )
        found.update(more)
        return found

    def install(self, steps: Steps, parts: Sequence[str]) -> None:
        """Make the environment, and install each part whose requirements changed since it was last installed."""
        with locked(f"venv-{self.name}"):
            origin = {
                "interpreter": str(self.interpreter),
                "core": self.core,
                "checkout": str(ROOT),
                "minimum": self.minimum,
            }
            stamps = self.folder / "installed"
            if not _matches(stamps / "origin", origin):
                shutil.rmtree(self.folder, ignore_errors=True)
                run(
                    [str(self.interpreter.path), "-m", "venv", str(self.folder)],
                    log=LOGS / f"venv-{self.name}.log",
                    env=plain_environment(),
                    cwd=ROOT,
                    timeout=INSTALL_LIMIT,
                    steps=steps,
                )
                _write(stamps / "origin", origin)
            for part in parts:
                contents = {name: (ROOT / name).read_text(encoding="utf-8") for name in self._sources(part)}
                if _matches(stamps / part, contents):
                    continue
                (stamps / part).unlink(missing_ok=True)
                self._pip(steps, part)
                _write(stamps / part, contents)

    def _sources(self, part: str) -> list[str]:
        names = list(PARTS[part])
        if part == "run":
            names.append("simulator/pyproject.toml")
        if self.minimum:
            names.append("constraints-minimum.txt")
        return names

    def _pip(self, steps: Steps, part: str) -> None:
        command = [
            self.tool("python"),
            "-m",
            "pip",
            "install",
            "--disable-pip-version-check",
            "--no-input",
            f"ansible-core~={self.core}.0",
        ]
        for name in PARTS[part]:
            command += ["-r", str(ROOT / name)]
        if part == "run":
            # Editable: a change in the simulator counts at once, and no stale copy can answer a test.
            command += ["-e", str(ROOT / "simulator")]
        if self.minimum:
            command += ["-c", str(ROOT / "constraints-minimum.txt")]
        env = {name: value for name, value in plain_environment().items() if not name.startswith("VIRTUAL_ENV")}
        run(command, log=LOGS / f"pip-{self.name}-{part}.log", env=env, cwd=ROOT, timeout=INSTALL_LIMIT, steps=steps)


def _matches(stamp: Path, wanted: object) -> bool:
    try:
        return stamp.read_text(encoding="utf-8") == _digest(wanted)
    except OSError:
        return False


def _write(stamp: Path, content: object) -> None:
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(_digest(content), encoding="utf-8")


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def temporary_folder() -> tempfile.TemporaryDirectory[str]:
    """A folder outside the checkout that is gone afterwards."""
    return tempfile.TemporaryDirectory(prefix="configmgr-content-")


def newest(folder: Path, pattern: str) -> Path | None:
    """The file that matches and was changed last."""
    found = sorted(folder.glob(pattern), key=lambda path: path.stat().st_mtime)
    return found[-1] if found else None


def chosen(options: argparse.Namespace) -> Environment:
    """The environment that the options ask for."""
    core, interpreter = choose(options.core, options.python)
    return Environment(core, interpreter, options.minimum)


def set_up(steps: Steps, environment: Environment, parts: Sequence[str]) -> None:
    """Environment and copy, as two steps. Without Kerberos' libraries its tests are skipped, which only CI does not allow."""
    what = "lowest versions of the requirements" if environment.minimum else "requirements"
    kerberos = "test" in parts and not kerberos_lacks(environment.interpreter)
    what += ", Kerberos" if kerberos else ""
    with steps.step(f"ansible-core {environment.core}, {what}, simulator: {environment.interpreter}"):
        environment.install(steps, parts)
        try:
            environment.install(steps, ("kerberos",) if kerberos else ())
        except Failed as failure:
            if os.environ.get("CI"):
                raise
            steps.say(f"Without Kerberos, whose libraries were not compiled: {str(failure).splitlines()[-1]}")
    with steps.step(f"collection copied to {TREE.relative_to(ROOT)}"):
        refresh_copy()
