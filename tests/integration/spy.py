# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody who reads along: what a command prints, the files it leaves or has for a moment, the processes it starts."""

from __future__ import annotations

import base64
import os
import stat
import subprocess
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

EVERY = 0.004  # seconds between two looks at the processes
PIECE = 48  # octets of a long secret that are looked for: its end, since a ticket begins with names that are no secret


@dataclass(frozen=True)
class Secret:
    """Octets that nobody may see. `name` says what they are."""

    name: str
    octets: bytes

    def forms(self) -> dict[str, bytes]:
        """Every spelling that is looked for; those in base64 are found within longer base64, too."""
        wanted = self.octets[-PIECE:]
        found = {
            "as it is": wanted,
            "as hex": wanted.hex().encode(),
            "as HEX": wanted.hex().upper().encode(),
            "as Python writes octets": repr(wanted)[2:-1].encode(),
        }
        for shift in range(3):
            found[f"as base64 ({shift})"] = _within_base64(wanted, shift)
        first = {form: how for how, form in reversed(found.items())}  # of spellings that are the same
        return {how: form for form, how in first.items()}


def _within_base64(wanted: bytes, shift: int) -> bytes:
    """The characters that stand for these octets alone, where `shift` others precede them in their group of three."""
    whole = base64.b64encode(b"\0" * shift + wanted + b"\0\0")
    first = -(-shift * 8 // 6)  # the characters that the octets before have a share in
    return whole[first : (shift + len(wanted)) * 8 // 6]


def secrets_of_text(name: str, text: str) -> list[Secret]:
    """A secret that is text, in both encodings that occur. Only what looks the same quoted and unquoted can be found."""
    return [Secret(name, text.encode()), Secret(f"{name} in UTF-16", text.encode("utf-16-le"))]


@dataclass
class Seen:
    """Everything that could be seen of one command."""

    rc: int = 0
    output: bytes = b""
    files: dict[tuple[str, bool], set[bytes]] = field(default_factory=dict)  # path, and whether it stayed
    processes: dict[str, set[bytes]] = field(default_factory=dict)  # arguments, environment
    too_open: list[str] = field(default_factory=list)  # files that others may read

    @property
    def text(self) -> str:
        """What was printed."""
        return self.output.decode("utf-8", "replace")

    def commands(self) -> list[str]:
        """The command lines of all processes that were seen."""
        return [each.replace(b"\0", b" ").decode("utf-8", "replace") for each in self.processes.get("arguments", ())]

    def places(self) -> Iterable[tuple[str, bytes]]:
        """Where to look, and what stands there."""
        yield "output", self.output
        for kind, texts in self.processes.items():
            for text in texts:
                yield f"{kind} of a process", text
        for (path, stayed), contents in self.files.items():
            place = path if stayed else f"{path}, for a moment"
            yield f"the name of {place}", path.encode()
            for content in contents:
                yield place, content

    def finds(self, secrets: Iterable[Secret]) -> list[str]:
        """Each secret that stands somewhere: which, how, where."""
        forms = [(f"{secret.name} {how}", form) for secret in secrets for how, form in secret.forms().items()]
        found = {f"{what}: {place}" for place, text in self.places() for what, form in forms if form in text}
        return sorted(found)


class Spy:
    """Runs one command at a time. `folder`: where the command may write; everything in it is read, again and again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: dict[str, tuple[int, int]] = {}

    def run(self, command: list[str], env: Mapping[str, str], *, timeout: float) -> Seen:
        """Everything that can be seen while it runs, and afterwards. Variables in `env` are no finding where they stand as given."""
        seen = Seen(processes={"arguments": set(), "environment": set()})
        given = {f"{name}={value}".encode() for name, value in env.items()}
        before = _processes()
        ended = threading.Event()

        def watch() -> None:
            while not ended.wait(EVERY):
                for number in _processes() - before:
                    self._look_at(number, given, seen)
                self._read(seen, stayed=False)

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            done = subprocess.run(
                command, env=dict(env), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                cwd=self.folder, timeout=timeout, check=False,
            )  # fmt: skip
        finally:
            ended.set()
            watcher.join()
        seen.rc, seen.output = done.returncode, done.stdout
        self._known.clear()
        self._read(seen, stayed=True)
        return seen

    def _look_at(self, number: str, given: set[bytes], seen: Seen) -> None:
        with suppress(OSError):  # it has ended
            seen.processes["arguments"].add(Path("/proc", number, "cmdline").read_bytes())
            variables = set(Path("/proc", number, "environ").read_bytes().split(b"\0"))
            seen.processes["environment"].add(b"\0".join(sorted(variables - given)))

    def _read(self, seen: Seen, *, stayed: bool) -> None:
        for folder, _folders, names in os.walk(self.folder):
            for name in names:
                with suppress(OSError):  # it has gone
                    self._read_file(os.path.join(folder, name), seen, stayed)

    def _read_file(self, path: str, seen: Seen, stayed: bool) -> None:
        status = os.lstat(path)
        mark = (status.st_mtime_ns, status.st_size)
        if not stat.S_ISREG(status.st_mode) or self._known.get(path) == mark:
            return
        self._known[path] = mark
        shown = os.path.relpath(path, self.folder)
        seen.files.setdefault((shown, stayed), set()).add(Path(path).read_bytes())
        if status.st_mode & 0o077 and os.stat(os.path.dirname(path)).st_mode & 0o077:
            seen.too_open.append(shown)


def _processes() -> set[str]:
    return {name for name in os.listdir("/proc") if name.isdigit()}
