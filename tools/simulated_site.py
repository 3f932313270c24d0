# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated SMS Provider as a child process: start it, ask its control address, stop it."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from environment import LOGS, Environment
from steps import Failed, environment_of, stop, tail_of

READY_LIMIT = 60.0  # seconds until the simulator has to listen


@dataclass(frozen=True)
class SimulatedSite:
    """A running simulator: the variables that lead a client to it, and its control address."""

    variables: dict[str, str]

    def control(self, path: str) -> Any:
        """What the control address answers to GET."""
        address = f"{self.variables['SMSPROVSIM_CONTROL']}/{path}"
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(address, timeout=30) as answer:
            return json.load(answer)

    def calls(self, method: str) -> list[dict[str, Any]]:
        """The journal's entries for one method."""
        return [entry for entry in self.control("journal") if entry.get("method") == method]


def forget(env_file: Path) -> None:
    """Delete what a simulator wrote for its clients: the variables and the certificate of its throwaway CA."""
    for file in env_file.parent.glob(env_file.name + "*"):
        file.unlink()


@contextmanager
def simulated_site(environment: Environment, name: str, arguments: Sequence[str]) -> Iterator[SimulatedSite]:
    """A simulator that lives as long as the block; `name` tells logs apart."""
    log = LOGS / f"simulator-{name}.log"
    env_file = LOGS.parent / f"{name}.env"
    forget(env_file)
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [
        environment.tool("python"),
        "-m",
        "smsprovsim",
        "serve",
        "--port",
        "0",
        "--env-file",
        str(env_file),
        *arguments,
    ]
    with log.open("wb") as sink:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            env=environment.variables(),
            cwd=str(env_file.parent),
            start_new_session=True,
        )
    try:
        yield SimulatedSite(_variables(child, env_file, log))
    finally:
        stop(child)
        forget(env_file)


def _variables(child: subprocess.Popen[bytes], env_file: Path, log: Path) -> dict[str, str]:
    """Wait for the file that the simulator writes once it listens."""
    until = time.monotonic() + READY_LIMIT
    while time.monotonic() < until:
        if env_file.exists():
            found = environment_of(env_file)
            if "SMSPROVSIM_CONTROL" in found:
                return found
        if child.poll() is not None:
            raise Failed(
                f"The simulated SMS Provider ended with exit code {child.returncode}\n{tail_of(log)}\nWhole log: {log}"
            )
        time.sleep(0.05)
    raise Failed(
        f"The simulated SMS Provider was not ready after {READY_LIMIT:.0f} s\n{tail_of(log)}\nWhole log: {log}"
    )
