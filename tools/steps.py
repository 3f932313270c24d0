# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbered progress lines, and child processes with a time limit and a log."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

TAIL = 40  # lines of a log shown when a step fails
STILL_RUNNING_EVERY = 20.0  # seconds between signs of life in a long step


class Failed(Exception):
    """A step did not succeed; the text is for the person who typed the command."""


@dataclass
class Steps:
    """Prints what is being done, how far it is, and how long each part took."""

    total: int
    out: IO[str] = field(default_factory=lambda: sys.stdout)
    number: int = 0
    line_open: bool = False

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """One numbered step; the time follows when it ends, well or not."""
        self.number += 1
        began = time.monotonic()
        self.out.write(f"[{self.number}/{self.total}] {what}")
        self.out.flush()
        self.line_open = True
        try:
            yield
        except BaseException:
            self._close("FAILED", began)
            raise
        self._close("done", began)

    def say(self, text: str) -> None:
        """A line of its own within a step."""
        if self.line_open:
            self.out.write("\n")
            self.line_open = False
        self.out.write(text + "\n")
        self.out.flush()

    def _close(self, verdict: str, began: float) -> None:
        seconds = f"({time.monotonic() - began:.1f} s)"
        if self.line_open:
            self.out.write(f" {seconds}\n" if verdict == "done" else f" {verdict} {seconds}\n")
            self.line_open = False
        else:
            self.out.write(f"      {verdict} {seconds}\n")
        self.out.flush()


def without_secrets(text: str) -> str:
    """Text with the password of an address (`https://user:password@index/`) taken out."""
    return re.sub(r"(://[^/\s:@]+):[^/\s@]+@", r"\1:***@", text)


def tail_of(log: Path, lines: int = TAIL) -> str:
    """The last lines of a log, as shown to a person."""
    if not log.exists():
        return ""
    return without_secrets("\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]))


def stop(child: subprocess.Popen[bytes], grace: float = 5.0) -> None:
    """End a child and everything it started: ask first, insist after `grace` seconds."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(child.pid, number)
        except (ProcessLookupError, PermissionError):
            pass
        try:
            child.wait(grace)
            if number == signal.SIGTERM:
                continue  # a grandchild may still be there
        except subprocess.TimeoutExpired:
            continue


def run(
    command: Sequence[str],
    *,
    log: Path,
    env: Mapping[str, str],
    cwd: Path,
    timeout: float,
    steps: Steps | None = None,
    stream: bool = False,
    accept: Sequence[int] = (0,),
) -> int:
    """Run a child to its end, its output in `log` (and on screen with `stream`).

    Raises Failed, with the end of the log, for an exit code that is not in `accept` and after `timeout` seconds.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    shown: list[str] = []
    with log.open("wb") as sink:
        sink.write(("$ " + without_secrets(" ".join(shlex.quote(word) for word in command)) + "\n").encode())
        sink.flush()
        try:
            child = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=dict(env),
                cwd=str(cwd),
                start_new_session=True,
            )
        except OSError as error:
            raise Failed(f"Cannot start {command[0]}: {error}") from error
        copier = threading.Thread(target=_copy, args=(child, sink, steps if stream else None, shown), daemon=True)
        copier.start()
        try:
            _await(child, began + timeout, steps if not stream else None, shown, began)
        except BaseException:
            stop(child)
            copier.join(5)
            raise
        finally:
            timed_out = child.poll() is None
            if timed_out:
                stop(child)
        copier.join(10)
        if copier.is_alive():  # something the child started still holds its output
            stop(child)
            copier.join(10)
    if timed_out:
        raise Failed(f"No end after {timeout:.0f} s: {Path(command[0]).name}\n{tail_of(log)}\nWhole log: {log}")
    if child.returncode not in accept:
        shown_already = "" if stream else tail_of(log) + "\n"
        raise Failed(
            f"{Path(command[0]).name} ended with exit code {child.returncode}\n{shown_already}Whole log: {log}"
        )
    return child.returncode


def _copy(child: subprocess.Popen[bytes], sink: IO[bytes], steps: Steps | None, shown: list[str]) -> None:
    """Carry the child's output to the log, the screen, and `shown` (the newest line)."""
    if child.stdout is None:
        return
    with child.stdout as output:
        for line in iter(output.readline, b""):
            sink.write(line)
            sink.flush()
            text = without_secrets(line.decode("utf-8", "replace").rstrip("\r\n"))
            shown[:] = [text]
            if steps is not None:
                steps.say(text)


def _await(child: subprocess.Popen[bytes], until: float, steps: Steps | None, shown: list[str], began: float) -> None:
    """Wait for the child's end or the limit, with a sign of life now and then."""
    next_sign = time.monotonic() + STILL_RUNNING_EVERY
    while time.monotonic() < until:
        try:
            child.wait(max(0.05, min(next_sign, until) - time.monotonic()))
            return
        except subprocess.TimeoutExpired:
            pass
        if steps is not None and time.monotonic() >= next_sign:
            newest = shown[0].strip() if shown else ""
            steps.say(f"      {time.monotonic() - began:4.0f} s  {newest[:100]}".rstrip())
            next_sign += STILL_RUNNING_EVERY


def ask(command: Sequence[str], env: Mapping[str, str], timeout: float = 60, cwd: Path | None = None) -> str:
    """The standard output of a short command; empty when it cannot be run or fails."""
    try:
        done = subprocess.run(
            list(command),
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=timeout,
            check=False,
            cwd=None if cwd is None else str(cwd),
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""


def environment_of(file: Path) -> dict[str, str]:
    """The variables that a file of `export NAME=value` lines sets, as a shell would read them."""
    found: dict[str, str] = {}
    for word in shlex.split(file.read_text(encoding="utf-8"), comments=True):
        name, separator, value = word.partition("=")
        if separator and name.isidentifier():
            found[name] = value
    return found
