# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible as users run it, against the simulated SMS Provider as a process of its own."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ansible_collections
import pytest
import yaml

# Where this collection lies for Ansible: two levels above its name, wherever the tests import it from.
COLLECTIONS_PATH = Path(next(iter(ansible_collections.__path__))).parent
BIN = Path(sys.executable).parent
LONGEST = 180  # real seconds for one command


class Provider:
    """A running simulator, as its control address shows it."""

    def __init__(self, env: dict[str, str], folder: Path) -> None:
        self.env = env
        self.folder = folder
        self.control = env["SMSPROVSIM_CONTROL"]

    @property
    def password(self) -> str:
        return self.env["CONFIGMGR_PASSWORD"]

    def journal(self, method: str | None = None) -> list[dict[str, Any]]:
        """What was asked of it; only the calls of one method if it is named."""
        found: list[dict[str, Any]] = self._ask("GET", "/journal")
        return [entry for entry in found if method is None or entry["method"] == method]

    def state(self) -> dict[str, Any]:
        """The site as it is."""
        state: dict[str, Any] = self._ask("GET", "/state")["site"]
        return state

    def executions(self, package_id: str) -> int:
        """How often a refresh was carried out, by the site's own count."""
        return int(self.state()["executions"].get("RefreshPkgSource", {}).get(package_id, 0))

    def fault(self, **rule: Any) -> None:
        """Bad weather from now on."""
        self._ask("POST", "/faults", rule)

    def clear_faults(self) -> None:
        """Good weather again."""
        self._ask("DELETE", "/faults")

    def reset(self) -> None:
        """The scenario from its start."""
        self._ask("POST", "/reset", {})

    def _ask(self, verb: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.control + path, data=data, method=verb, headers={"Content-Type": "application/json"}
        )
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")


def read_env_file(file: Path) -> dict[str, str]:
    """The variables of an env file, read as a shell would."""
    pairs = (
        line.removeprefix("export ").split("=", 1) for line in file.read_text(encoding="utf-8").splitlines() if line
    )
    return {name: "".join(shlex.split(value)) for name, value in pairs}


MakeProvider = Callable[..., Provider]


@pytest.fixture(scope="session")
def make_provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeProvider]:
    """Start simulators by the command line; the same options give the same one, begun anew."""
    running: dict[tuple[str, ...], tuple[subprocess.Popen[str], Provider]] = {}

    def make(*options: str, scenario: str = "small", speed: float = 600.0) -> Provider:
        key = (scenario, str(speed), *options)
        if key not in running:
            folder = tmp_path_factory.mktemp("provider")
            file = folder / "sim.env"
            command = [sys.executable, "-m", "smsprovsim", "serve", "--scenario", scenario, "--port", "0"]
            command += ["--env-file", str(file), "--speed", str(speed), *options]
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            while not file.exists():
                line = process.stdout.readline() if process.stdout else ""
                if not line and process.poll() is not None:
                    raise RuntimeError(f"the simulator did not start: {shlex.join(command)}")
            running[key] = process, Provider(read_env_file(file), folder)
        provider = running[key][1]
        provider.reset()
        return provider

    yield make
    for process, _provider in running.values():
        process.terminate()
    for process, _provider in running.values():
        process.communicate(timeout=30)


@pytest.fixture
def provider(make_provider: MakeProvider) -> Provider:
    """The scenario `small`, over CredSSP and HTTPS."""
    return make_provider()


class Ansible:
    """Runs ansible and ansible-playbook of this environment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.output = ""

    def variables(self, provider: Provider | None, env: dict[str, str] | None) -> dict[str, str]:
        """The environment of a command: nothing of the caller's settings, the provider's account, and what is given."""
        full = {name: value for name, value in os.environ.items() if not name.startswith(("CONFIGMGR_", "ANSIBLE_"))}
        full.update(
            ANSIBLE_COLLECTIONS_PATH=str(COLLECTIONS_PATH),
            ANSIBLE_LOCALHOST_WARNING="false",
            ANSIBLE_INVENTORY_UNPARSED_WARNING="false",
            ANSIBLE_NOCOLOR="1",
            ANSIBLE_HOME=str(self.folder / "ansible-home"),
            PATH=f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}",
        )
        full.update(provider.env if provider else {})
        full.update(env or {})
        return full

    def _run(
        self, command: list[str], provider: Provider | None, env: dict[str, str] | None
    ) -> subprocess.CompletedProcess[str]:
        full = self.variables(provider, env)
        done = subprocess.run(
            command, env=full, capture_output=True, text=True, timeout=LONGEST, cwd=self.folder, check=False
        )
        self.output = done.stdout + done.stderr
        return done

    def adhoc(
        self, module: str, arguments: str, provider: Provider | None, *flags: str, env: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """One task on the command line; its result, with `failed` and `rc` set."""
        command = [str(BIN / "ansible"), "localhost", "-m", f"configmgr.content.{module}", "-a", arguments, *flags]
        done = self._run(command, provider, env)
        start = done.stdout.find("=> {")
        if start < 0:
            raise AssertionError(f"no result in:\n{self.output}")
        result: dict[str, Any] = json.JSONDecoder().raw_decode(done.stdout[start + 3 :].lstrip())[0]
        result["rc"] = done.returncode
        return result

    def play(
        self,
        tasks: list[dict[str, Any]],
        provider: Provider | None,
        *flags: str,
        env: dict[str, str] | None = None,
        **play: Any,
    ) -> dict[str, Any]:
        """Run tasks as a playbook; what they registered, by name, and the return code as `rc`."""
        names = [task["register"] for task in tasks if "register" in task]
        results = self.folder / "results.json"
        keep = {
            "ansible.builtin.copy": {
                "content": "{{ {" + ", ".join(f"'{name}': {name} | default({{}})" for name in names) + "} | to_json }}",
                "dest": str(results),
                "mode": "0600",
            },
            "check_mode": False,
            "diff": False,
            "no_log": True,
        }
        book = [
            {
                "hosts": "localhost",
                "gather_facts": False,
                "connection": "local",
                "vars": {"ansible_python_interpreter": sys.executable, **play.pop("vars", {})},
                "tasks": [{"block": tasks, "always": [keep]}],
                **play,
            }
        ]
        file = self.folder / "play.yml"
        file.write_text(yaml.safe_dump(book, sort_keys=False, allow_unicode=True), encoding="utf-8")
        done = self._run([str(BIN / "ansible-playbook"), str(file), *flags], provider, env)
        if not results.exists():
            raise AssertionError(f"the play left no results:\n{self.output}")
        found: dict[str, Any] = json.loads(results.read_text(encoding="utf-8"))
        return {**found, "rc": done.returncode}


@pytest.fixture
def ansible(tmp_path: Path) -> Ansible:
    """Ansible in a folder of its own."""
    return Ansible(tmp_path)
