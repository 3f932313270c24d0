# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Put and Create of boot images take as long as a build, over real sockets (behaviour 82, 83; wire S-11)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import requests
from front_client import NS, SITE, Client, Fault
from lxml import etree

from smsprovsim.server import Server

BOOT = SITE + "SMS_BootImagePackage"
CONTEXT = "7f3c1b52-2f7e-4f0a-9c37-0a8d2a3b4c5d"
SPARE = "\\\\cm01.contoso.test\\SMS_PS1\\OSD\\boot\\x64\\spare.wim"
NEW = (
    f'<p:SMS_BootImagePackage xmlns:p="{BOOT}"><p:Name>New</p:Name><p:ImagePath>{SPARE}</p:ImagePath>'
    f"<p:ImageIndex>1</p:ImageIndex><p:ContextID>{CONTEXT}</p:ContextID></p:SMS_BootImagePackage>"
)
# Logical seconds in a second: a build of three minutes is over in a moment.
SPEED = 3000.0


@pytest.fixture
def start() -> Iterator[Callable[..., tuple[Server, Client]]]:
    """Start a server with images, and a client; no defect of the simulator may have shown at the end."""
    servers: list[Server] = []
    with ExitStack() as stack:

        def begin(timeout_ms: str, **switches: str) -> tuple[Server, Client]:
            chosen = {"max_timeout_ms": timeout_ms, **switches}
            server = stack.enter_context(Server("images", auth=("basic",), speed=SPEED, switches=chosen))
            servers.append(server)
            return server, Client(server)

        yield begin
    assert [error for server in servers for error in server.errors] == []


def create(client: Client) -> str:
    """Create a boot image; its PackageID."""
    made = client.call(NS["x"] + "/Create", BOOT, NEW, timeout="PT600S")
    selectors = {each.get("Name"): each.text for each in made.iterfind(".//w:Selector", NS)}
    return str(selectors["PackageID"])


def changed(client: Client, package_id: str, **values: str) -> Any:
    """Put a boot image as it was read, with other values."""
    found = client.get(package_id, uri=BOOT)
    for name, text in values.items():
        element = found.find(f"{{{BOOT}}}{name}")
        for attribute in list(element.attrib):
            del element.attrib[attribute]
        element.text = text
    return client.put(etree.tostring(found).decode(), package_id, uri=BOOT, timeout="PT600S")


def status(client: Client) -> int:
    body = f'<p:QueryOSDBinaryInjectionStatus_INPUT xmlns:p="{BOOT}"><p:ContextID>{CONTEXT}</p:ContextID></p:QueryOSDBinaryInjectionStatus_INPUT>'
    answer = client.invoke("QueryOSDBinaryInjectionStatus", body, None, uri=BOOT)
    return int(answer.findtext(f"{{{BOOT}}}Status"))


def executed(server: Server) -> dict[str, Any]:
    found: dict[str, Any] = server.state()["site"]["executions"]
    return found


def test_a_creation_answers_when_the_build_is_done(start: Callable[..., tuple[Server, Client]]) -> None:
    server, client = start("600000")
    package_id = create(client)
    assert server.site.clock.now() > 180
    assert status(client) == 0
    assert client.get(package_id, uri=BOOT).findtext(f"{{{BOOT}}}ImageOSVersion") == "10.0.19041.1"
    assert executed(server)["Create"] == {package_id: 1}


def test_a_creation_outlives_the_call(start: Callable[..., tuple[Server, Client]]) -> None:
    server, client = start("60000")
    with pytest.raises(Fault) as caught:
        create(client)
    assert caught.value.code == 2150858793
    assert (server.journal[-1]["outcome"], server.journal[-1]["executed"]) == ("fault:2150858793", True)
    server.move_clock({"advance": 600})
    assert status(client) == 0
    assert len(executed(server)["Create"]) == 1


def test_a_creation_that_is_cancelled_leaves_nothing(start: Callable[..., tuple[Server, Client]]) -> None:
    server, client = start("60000", work_after_timeout="cancelled")
    with pytest.raises(Fault):
        create(client)
    assert server.journal[-1]["executed"] is False
    server.move_clock({"advance": 600})
    assert status(client) == 2
    assert "Create" not in executed(server)


def test_a_put_that_builds_answers_with_the_object_as_it_then_is(start: Callable[..., tuple[Server, Client]]) -> None:
    server, client = start("600000", boot_put="builds")
    answer = changed(client, "PS100004", ScratchSpace="512", ContextID=CONTEXT)
    assert answer.findtext(f"{{{BOOT}}}ScratchSpace") == "512"
    assert status(client) == 0
    assert executed(server)["Put"] == {"PS100004": 1}
    assert server.state()["site"]["packages"]["PS100004"]["built"]["scratch_space"] == 512


def test_a_put_whose_answer_nobody_hears_is_done_all_the_same(start: Callable[..., tuple[Server, Client]]) -> None:
    server, client = start("600000", boot_put="builds")
    server.add_fault(verb="Put", action="cut_after")
    with pytest.raises(requests.exceptions.ConnectionError):
        changed(client, "PS100004", ScratchSpace="512", ContextID=CONTEXT)
    server.move_clock({"advance": 600})
    assert executed(server)["Put"] == {"PS100004": 1}


def test_changes_by_the_control_address(start: Callable[..., tuple[Server, Client]]) -> None:
    server, client = start("600000")
    orders = [
        {"put": "PS100004", "values": {"Description": "By hand"}},
        {"lock": "PS100004", "user": "CONTOSO\\alice"},
        {"upgrade": "PS1", "kit": "10.1.22621.1"},
    ]
    answer = requests.post(server.control_url + "/change", json=orders, timeout=30)
    assert (answer.status_code, answer.json()) == (200, {"changed": True})
    assert client.get("PS100004", uri=BOOT).findtext(f"{{{BOOT}}}Description") == "By hand"
    assert server.state()["site"]["locks"] == {'sms_bootimagepackage.packageid="ps100004"': "CONTOSO\\alice"}
    with pytest.raises(Fault):
        changed(client, "PS100004", Description="By a task")
    for bad in ({"put": "PS1FFFFF"}, {"explode": True}, ["x"]):
        answer = requests.post(server.control_url + "/change", json=bad, timeout=30)
        assert answer.status_code == 400
        assert answer.json()["error"]
