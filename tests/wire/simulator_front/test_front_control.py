# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control address, the switches and the command line of the simulator."""

from __future__ import annotations

import os
import shlex
import signal
import stat
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from front_client import Client, Fault

from smsprovsim import switches
from smsprovsim.server import Server


def control(server: Server, method: str, path: str, body: Any = None) -> Any:
    """One request to the control address: status and JSON."""
    answer = requests.request(method, server.control_url + path, json=body, timeout=30)
    return answer.status_code, answer.json()


def test_journal_and_state(client: Client, server: Server) -> None:
    client.get()
    status, journal = control(server, "GET", "/journal")
    assert (status, journal) == (200, server.journal)
    assert set(journal[0]) == {
        "n", "verb", "namespace", "class", "method", "key", "user", "auth", "mechanism", "delegated", "encrypted", "tls",
        "outcome", "executed", "wql", "options", "session", "time",
    }  # fmt: skip
    state = control(server, "GET", "/state")[1]
    assert state["site"]["packages"]["PS100001"] == {"SourceVersion": 1}
    assert state["logins"]["successes"] == {"CONTOSO\\admin": 1}
    assert state["switches"]["first_batch"] == "one"
    assert state["clock"] == {"now": 0.0, "speed": 0.0, "per_request": 0.0}


def test_faults_by_json(client: Client, server: Server) -> None:
    rule = {"verb": "Get", "action": "fault", "code": 2150858815}
    assert control(server, "POST", "/faults", rule) == (200, {"rules": 1})
    assert control(server, "POST", "/faults", [rule, {**rule, "key": "PS100002"}]) == (200, {"rules": 3})
    with pytest.raises(Fault):
        client.get()
    assert [each["applied"] for each in control(server, "GET", "/faults")[1]] == [1, 0, 0]
    assert control(server, "DELETE", "/faults") == (200, {"rules": 0})
    client.get()
    status, answer = control(server, "POST", "/faults", [rule, {"action": "explode"}])
    assert status == 400
    assert "explode" in answer["error"]
    assert server.rules.as_list() == []


def test_clock(client: Client, server: Server) -> None:
    assert control(server, "POST", "/clock", {"advance": 90})[1]["now"] == 90
    assert control(server, "POST", "/clock", {"per_request": 5, "speed": 0})[1]["per_request"] == 5
    client.get()
    client.get()
    assert server.site.clock.now() == 100
    assert [entry["time"] for entry in server.journal] == [95, 100]
    assert control(server, "POST", "/clock", {"advence": 1})[0] == 400
    assert control(server, "POST", "/clock", [1])[0] == 400


def test_reset(client: Client, server: Server) -> None:
    client.get()
    server.add_fault(action="refuse_writes")
    assert control(server, "POST", "/reset", {"clear": ["journal"]})[0] == 200
    assert server.journal == []
    assert len(server.rules.as_list()) == 1
    assert control(server, "POST", "/reset", {"switches": {"microsoft_uri": "refused"}})[0] == 200
    assert server.rules.as_list() == []
    with pytest.raises(Fault):
        client.get()
    server.reset()
    client.get()
    assert control(server, "POST", "/reset", {"switches": {"nothing": "x"}})[0] == 400
    assert control(server, "POST", "/reset", {"clear": ["everything"]})[0] == 400
    assert control(server, "POST", "/reset", {"scenery": "x"})[0] == 400


def test_paths_that_are_not_there(server: Server) -> None:
    assert control(server, "GET", "/nothing")[0] == 404
    assert requests.post(server.control_url + "/faults", data="{", timeout=30).status_code == 400


def test_switches_are_checked() -> None:
    with pytest.raises(switches.UnknownSwitch, match="no switch"):
        switches.Switches({"nothing": "x"})
    with pytest.raises(switches.UnknownSwitch, match="one of"):
        switches.Switches({"first_batch": "x"})
    with pytest.raises(switches.UnknownSwitch, match="number"):
        switches.Switches({"max_envelope_kb": "-1"})
    with pytest.raises(switches.UnknownSwitch, match="name=value"):
        switches.parse(["first_batch"])
    assert switches.Switches({"first_batch": "FULL"})["first_batch"] == "full"


def test_every_switch_says_why() -> None:
    for switch in switches.TABLE.values():
        assert switch.fact
        assert switch.why
        assert switch.accept(switch.default) == switch.default
        assert switch.values == (switches.NUMBER,) or len(switch.values) >= 2


def test_a_switch_is_registered_once() -> None:
    same = switches.TABLE["first_batch"]
    again = switches.register(same.name, same.values, same.default, same.fact, same.why, side=same.side)
    assert again is same or again == same
    with pytest.raises(ValueError):
        switches.register(same.name, ("other",), "other", "", "")


@pytest.mark.parametrize("options", [{"auth": ("kerberos",)}, {"auth": ()}, {"auth": ("basic",), "tls": False}])
def test_servers_that_cannot_be(serve: Callable[..., Server], options: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        serve(**options)


# The command line


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., tuple[subprocess.Popen[str], dict[str, str], Path]]]:
    """Start `python -m smsprovsim serve`, and return the process, what it wrote into its file, and the file."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> tuple[subprocess.Popen[str], dict[str, str], Path]:
        file = tmp_path / "sim env"
        command = [
            sys.executable,
            "-m",
            "smsprovsim",
            "serve",
            "--scenario",
            "small",
            "--port",
            "0",
            "--env-file",
            str(file),
        ]
        process = subprocess.Popen([*command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        first = process.stdout.readline()
        assert first.startswith("Simulated SMS Provider"), process.communicate(timeout=30)[1]
        lines = shlex.split(file.read_text(encoding="utf-8"))
        values = dict(line.split("=", 1) for line in lines if line != "export")
        return process, values, file

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=30)


def test_serve(run: Callable[..., Any]) -> None:
    process, values, file = run()
    assert list(values) == [
        "CONFIGMGR_PROVIDER", "CONFIGMGR_PORT", "CONFIGMGR_SCHEME", "CONFIGMGR_AUTH", "CONFIGMGR_USERNAME", "CONFIGMGR_PASSWORD",
        "CONFIGMGR_CA_CERT", "SMSPROVSIM_CONTROL",
    ]  # fmt: skip
    assert (values["CONFIGMGR_SCHEME"], values["CONFIGMGR_AUTH"]) == ("https", "credssp")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(file.read_text(encoding="utf-8").splitlines()) == 8
    authority = Path(values["CONFIGMGR_CA_CERT"])
    assert authority.parent == file.parent
    shown = subprocess.run(
        ["sh", "-c", f'. {shlex.quote(str(file))}; printf %s "$CONFIGMGR_PASSWORD"'],
        capture_output=True,
        text=True,
        check=True,
    )
    answer = requests.post(
        f"https://{values['CONFIGMGR_PROVIDER']}:{values['CONFIGMGR_PORT']}/wsman",
        auth=(values["CONFIGMGR_USERNAME"], shown.stdout),
        verify=values["CONFIGMGR_CA_CERT"],
        timeout=30,
    )
    assert answer.status_code == 200
    with urllib.request.urlopen(values["SMSPROVSIM_CONTROL"] + "/state", timeout=30) as state:
        assert b'"scenario": "small"' in state.read()
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    assert not file.exists()
    assert not authority.exists()


def test_serve_without_tls_until_shutdown(run: Callable[..., Any]) -> None:
    process, values, file = run("--no-tls", "--auth", "ntlm,credssp", "--speed", "600", "--switch", "first_batch=full")
    assert (values["CONFIGMGR_SCHEME"], values["CONFIGMGR_AUTH"], values["CONFIGMGR_CA_CERT"]) == ("http", "ntlm", "")
    state = requests.get(values["SMSPROVSIM_CONTROL"] + "/state", timeout=30).json()
    assert (state["switches"]["first_batch"], state["clock"]["speed"]) == ("full", 600)
    assert requests.post(values["SMSPROVSIM_CONTROL"] + "/shutdown", timeout=30).json() == {"stopping": True}
    assert process.wait(30) == 0
    assert not file.exists()


def test_serve_with_certificates(run: Callable[..., Any]) -> None:
    process, values, _file = run("--auth", "certificate", "--certificate", "expired")
    url = f"https://{values['CONFIGMGR_PROVIDER']}:{values['CONFIGMGR_PORT']}/wsman"
    shown = (values["CONFIGMGR_CLIENT_CERT"], values["CONFIGMGR_CLIENT_KEY"])
    with pytest.raises(requests.exceptions.SSLError, match="expired"):
        requests.post(url, cert=shown, verify=values["CONFIGMGR_CA_CERT"], timeout=30)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    assert not Path(shown[1]).exists()


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--scenario", "nowhere"], "nowhere"),
        (["--scenario", "small", "--auth", "kerberos"], "kerberos"),
        (["--scenario", "small", "--auth", "certificate", "--no-tls"], "TLS"),
        (["--scenario", "small", "--certificate", "forged"], "self_signed"),
        (["--scenario", "small", "--ntlm-acceptor", "another"], "gss"),
        (["--scenario", "small", "--switch", "nothing=1"], "nothing"),
        (["--scenario", "small", "--switch", "first_batch"], "name=value"),
    ],
)
def test_command_lines_that_are_refused(tmp_path: Path, arguments: list[str], word: str) -> None:
    command = [sys.executable, "-m", "smsprovsim", "serve", "--env-file", str(tmp_path / "env"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert word in done.stderr
    assert "Traceback" not in done.stderr
    assert os.listdir(tmp_path) == []


def test_list_of_switches() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "smsprovsim", "switches"], capture_output=True, text=True, timeout=60, check=True
    )
    assert "first_batch = one | full" in done.stdout
    assert "busy_refresh" in done.stdout


def test_a_scenario_behind_the_front() -> None:
    with Server("small", speed=0) as server:
        client = Client(server)
        assert [
            each.findtext("PackageID")
            for each in client.rows("SELECT PackageID FROM SMS_Package WHERE PackageID = 'PS100001'")
        ] == ["PS100001"]
        client.transport.close_session()
        server.reset(scenario="troubled")
        assert server.state()["scenario"] == "troubled"
        assert server.errors == []
