# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Python goes with which ansible-core, and where a Python that really runs can be found."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from steps import Failed, ask

Version = tuple[int, int]

# ansible-core series: the first and the last Python its controller side runs on (ansible-core support matrix).
SERIES: dict[str, tuple[Version, Version]] = {
    "2.16": ((3, 10), (3, 12)),
    "2.17": ((3, 10), (3, 12)),
    "2.18": ((3, 11), (3, 13)),
    "2.19": ((3, 11), (3, 13)),
    "2.20": ((3, 12), (3, 14)),
    "2.21": ((3, 12), (3, 14)),
}
# The last Python that the target side of a series knows; modules are checked from 3.9 on.
TARGET_LAST: dict[str, Version] = {
    "2.16": (3, 12),
    "2.17": (3, 12),
    "2.18": (3, 13),
    "2.19": (3, 13),
    "2.20": (3, 14),
    "2.21": (3, 14),
}
MODULE_FIRST: Version = (3, 9)
CHECKED_LAST: Version = (3, 13)
NEWEST_KNOWN: Version = (3, 14)

_PROBE = """
import importlib.util, json, sys
missing = [name for name in ("ensurepip", "ssl", "venv", "zlib") if importlib.util.find_spec(name) is None]
if "ssl" not in missing:
    import ssl
inside = sys.prefix != sys.base_prefix
path = getattr(sys, "_base_executable", sys.executable) if inside else sys.executable
print(json.dumps([path, list(sys.version_info[:3]), sys.version_info[3] == "final", missing]))
"""


@dataclass(frozen=True)
class Interpreter:
    """A Python that was started and answered; `missing` names library modules a set-up needs and it lacks."""

    path: Path
    full_version: tuple[int, int, int]
    missing: tuple[str, ...] = ()

    @property
    def version(self) -> Version:
        """Major and minor number."""
        return self.full_version[:2]

    def __str__(self) -> str:
        return f"Python {'.'.join(map(str, self.full_version))} ({self.path})"


def dotted(version: Version) -> str:
    """3.11 for (3, 11)."""
    return f"{version[0]}.{version[1]}"


def plain_environment() -> dict[str, str]:
    """The caller's environment without what steers a Python."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PYTHON") and name != "__PYVENV_LAUNCHER__"
    }


@cache
def probe(path: Path) -> Interpreter | None:
    """The interpreter behind a path, outside any virtual environment; None if it does not run."""
    answer = ask([str(path), "-I", "-c", _PROBE], plain_environment(), timeout=30)
    try:
        real, numbers, final, missing = json.loads(answer)
    except ValueError:
        return None
    if not final:
        return None
    return Interpreter(Path(real), (numbers[0], numbers[1], numbers[2]), tuple(missing))


def _folders() -> Iterator[Path]:
    """Where interpreters are: PATH, what version managers keep, the system's own."""
    for entry in os.environ.get("PATH", "").split(os.pathsep):
        if entry:
            yield Path(entry)
    home = Path(os.path.expanduser("~"))
    kept = [
        Path(os.environ.get("PYENV_ROOT") or home / ".pyenv") / "versions",
        Path(os.environ.get("ASDF_DATA_DIR") or home / ".asdf") / "installs" / "python",
        home / ".local" / "share" / "mise" / "installs" / "python",
        home / ".local" / "share" / "uv" / "python",
    ]
    for place in kept:
        if place.is_dir():
            for version in sorted(place.iterdir(), key=_by_number, reverse=True):
                yield version / "bin"
    yield Path("/usr/local/bin")
    yield Path("/usr/bin")


def _by_number(folder: Path) -> tuple[int, ...]:
    digits = "".join(letter if letter.isdigit() else " " for letter in folder.name)
    return tuple(int(number) for number in digits.split())


def running() -> Interpreter:
    """The Python that runs this script, or the one its virtual environment was made from."""
    found = probe(Path(sys.executable))
    return found or Interpreter(
        Path(sys.executable), (sys.version_info[0], sys.version_info[1], sys.version_info[2]), ("ensurepip",)
    )


@cache
def find(version: Version) -> tuple[Interpreter | None, tuple[Interpreter, ...]]:
    """The first complete interpreter of a version, and those passed over because something is missing."""
    passed: list[Interpreter] = []
    seen = set()
    candidates = [running().path] if running().version == version else []
    candidates += [folder / f"python{dotted(version)}" for folder in _folders()]
    for path in candidates:
        if path in seen or not os.access(path, os.X_OK):
            continue
        seen.add(path)
        found = probe(path)
        if found is None or found.version != version or found in passed:
            continue
        if not found.missing:
            return found, tuple(passed)
        passed.append(found)
    return None, tuple(passed)


def between(first: Version, last: Version) -> list[Version]:
    """All Python 3 versions from first to last."""
    return [(3, minor) for minor in range(first[1], last[1] + 1)]


def choose(core: str | None, wanted: Sequence[Version] = ()) -> tuple[str, Interpreter]:
    """The ansible-core series and the interpreter to work with.

    Without `core`: the newest series that the running Python takes, else the newest that any Python found here takes.
    `wanted` limits the choice to these versions, in this order. Raises Failed, saying what to install.
    """
    if core is not None and core not in SERIES:
        raise Failed(f"ansible-core {core} is not supported; choose one of {', '.join(SERIES)}.")
    if core is None:
        core = _newest_for(wanted)
    first, last = SERIES[core]
    order = list(wanted) or [running().version, *reversed(between(first, last))]
    incomplete: list[Interpreter] = []
    for version in order:
        if not first <= version <= last:
            continue
        found, passed = find(version)
        if found is not None:
            return core, found
        incomplete += passed
    raise Failed(_nothing_found(core, order if wanted else between(first, last), incomplete))


def _newest_for(wanted: Sequence[Version]) -> str:
    """The newest series for the first version of `wanted`, else for the running Python, else for any Python here."""
    order = list(wanted) or [running().version, *reversed(between((3, 10), NEWEST_KNOWN))]
    for version in order:
        for core in reversed(list(SERIES)):
            first, last = SERIES[core]
            if first <= version <= last and find(version)[0] is not None:
                return core
    for core in reversed(list(SERIES)):
        if SERIES[core][0] <= running().version <= SERIES[core][1]:
            return core
    return list(SERIES)[-1]


def _nothing_found(core: str, versions: Sequence[Version], incomplete: Sequence[Interpreter]) -> str:
    """What is missing, and the Debian package that brings it."""
    names = ", ".join(dotted(version) for version in versions)
    text = f"No interpreter for ansible-core {core}: it takes Python {names}, complete with venv and ssl."
    for one in dict.fromkeys(incomplete):
        text += f"\n  {one} lacks {', '.join(one.missing)}"
        if {"ensurepip", "venv"} & set(one.missing):
            system = str(one.path).startswith("/usr/bin/")
            text += f"; on Debian: apt-get install python{dotted(one.version)}-venv" if system else ""
    if not incomplete:
        text += "\n  On Debian 12 or later: apt-get install python3-venv"
    return text
