# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fault rules of the simulator's front (wire K-07): what the client meets, and what was executed all the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests
from front_client import NS, PACKAGE, SITE, Client, Fault, envelope
from lxml import etree
from winrm.exceptions import WinRMTransportError

from smsprovsim.faults import BadRule
from smsprovsim.server import Server

REFRESH = {"verb": "Invoke", "class": "SMS_Package", "method": "RefreshPkgSource"}


def version(server: Server, package: str = "PS100001") -> int:
    return int(server.site.packages[package]["SourceVersion"])


@pytest.mark.parametrize("tls", [True, False])
@pytest.mark.parametrize(("action", "executed"), [("cut_before", False), ("cut_after", True)])
def test_cut(serve: Callable[..., Server], tls: bool, action: str, executed: bool) -> None:
    server = serve(tls=tls)
    server.add_fault(**REFRESH, action=action)
    client = Client(server, "ntlm")
    with pytest.raises(requests.exceptions.ConnectionError):
        client.invoke("RefreshPkgSource")
    assert version(server) == 1 + executed
    entry = server.journal[-1]
    assert (entry["outcome"], entry["executed"]) == (action, executed)
    Client(server, "ntlm").invoke("RefreshPkgSource")
    assert version(server) == 2 + executed


@pytest.mark.parametrize("execute", [True, False])
def test_fault(client: Client, server: Server, execute: bool) -> None:
    server.add_fault(**REFRESH, action="fault", code=2150858793, execute=execute)
    with pytest.raises(Fault) as caught:
        client.invoke("RefreshPkgSource")
    assert (caught.value.code, caught.value.subcode) == (2150858793, "w:TimedOut")
    assert version(server) == 1 + execute
    assert server.journal[-1]["executed"] is execute


def test_fault_in_other_words(client: Client, server: Server) -> None:
    server.add_fault(action="fault", code="0x80338158", subcode="w:QuotaLimit", reason="Too much.")
    with pytest.raises(Fault) as caught:
        client.get()
    assert (caught.value.code, caught.value.subcode, caught.value.reason) == (0x80338158, "w:QuotaLimit", "Too much.")


def test_provider_error(client: Client, server: Server) -> None:
    server.add_fault(
        **REFRESH, action="provider_error", hresult=0x80041001, error_code=2, description="No source", object_info="X"
    )
    with pytest.raises(Fault) as caught:
        client.invoke("RefreshPkgSource")
    assert caught.value.codes == [2150858755, 0x80041001]
    status = caught.value.root.find(".//{*}SMS_ExtendedStatus")
    found = {etree.QName(child).localname: child.text for child in status}
    assert (found["ErrorCode"], found["Description"], found["ObjectInfo"], found["StatusCode"]) == (
        "2",
        "No source",
        "X",
        "2147749889",
    )
    assert (found["Operation"], found["ParameterInfo"]) == ("ExecMethod", 'SMS_Package.PackageID="PS100001"')
    assert version(server) == 1


@pytest.mark.parametrize("tls", [True, False])
def test_http_status(serve: Callable[..., Server], tls: bool) -> None:
    server = serve(tls=tls)
    server.add_fault(action="http", status=503)
    client = Client(server, "ntlm")
    with pytest.raises(WinRMTransportError) as caught:
        client.invoke("RefreshPkgSource")
    assert (caught.value.code, version(server)) == (503, 1)
    assert server.journal[-1]["outcome"] == "http:503"
    client.invoke("RefreshPkgSource")
    assert version(server) == 2


def test_an_error_body_without_content_type(serve: Callable[..., Server]) -> None:
    server = serve(tls=False)
    server.add_fault(action="http", status=500, content_type=None)
    with pytest.raises(KeyError):  # wire W-08
        Client(server, "ntlm").get()


@pytest.mark.parametrize("tls", [True, False])
def test_garbage(serve: Callable[..., Server], tls: bool) -> None:
    server = serve(tls=tls)
    server.add_fault(action="garbage", execute=True)
    client = Client(server, "credssp")
    with pytest.raises(etree.XMLSyntaxError):
        client.invoke("RefreshPkgSource")
    assert version(server) == 2
    client.get()


def test_empty(client: Client, server: Server) -> None:
    server.add_fault(action="empty")
    with pytest.raises(WinRMTransportError) as caught:
        client.invoke("RefreshPkgSource")
    assert (caught.value.code, caught.value.response_text, version(server)) == (500, "", 1)


def test_wrong_relates_to(client: Client, server: Server) -> None:
    server.add_fault(action="wrong_relates_to")
    request = envelope(NS["x"] + "/Get", PACKAGE, selectors={"PackageID": "PS100001"})
    identifier = etree.fromstring(request).findtext(".//a:MessageID", None, NS)
    assert client.send(request).findtext(".//a:RelatesTo", None, NS) != identifier
    assert server.journal[-1]["executed"] is True


def test_an_old_answer_to_another_call(client: Client, server: Server) -> None:
    server.add_fault(**REFRESH, action="return_value", value=0, relates_to="uuid:of-another")
    before = version(server)
    answer = client.invoke("RefreshPkgSource")
    assert answer.getroottree().findtext(".//a:RelatesTo", None, NS) == "uuid:of-another"
    assert answer.findtext(".//{*}ReturnValue") == "0"
    assert (version(server), server.journal[-1]["executed"]) == (before, False)


def test_stale_context(serve: Callable[..., Server]) -> None:
    server = serve(tls=False)
    server.add_fault(**REFRESH, action="stale_context")
    client = Client(server, "ntlm")
    client.get()
    for _unused in range(2):  # the keys stay wrong until the client makes a new session
        with pytest.raises(WinRMTransportError) as caught:
            client.invoke("RefreshPkgSource")
        assert caught.value.code == 400
    assert version(server) == 1
    Client(server, "ntlm").invoke("RefreshPkgSource")
    assert version(server) == 2


def test_return_value(client: Client, server: Server) -> None:
    server.add_fault(action="return_value", n=7)
    client.get()  # no Invoke, hence no match
    assert client.invoke("RefreshPkgSource").findtext(f"{{{PACKAGE}}}ReturnValue") == "7"
    assert version(server) == 1


def test_delay_is_logical(client: Client, server: Server) -> None:
    server.add_fault(action="delay", seconds=40)
    server.add_fault(action="fault", code=2150858815)
    with pytest.raises(Fault):
        client.get()
    assert server.site.clock.now() == 40


def test_refuse_writes(client: Client, server: Server) -> None:
    server.add_fault(action="refuse_writes")
    client.get()
    client.rows("SELECT PackageID FROM SMS_Package")
    for _unused in range(3):
        with pytest.raises(Fault) as caught:
            client.invoke("RefreshPkgSource")
        assert caught.value.code == 5
    for verb in ("Put", "Create", "Delete"):
        with pytest.raises(Fault):
            client.call(f"{NS['x']}/{verb}", PACKAGE, selectors={"PackageID": "PS100001"})
    assert server.site.calls == []
    server.clear_faults()
    client.invoke("RefreshPkgSource")


def test_skip_and_times(client: Client, server: Server) -> None:
    server.add_fault(verb="get", action="fault", code=2150858815, skip=2, times=2)
    outcomes = []
    for _unused in range(6):
        try:
            client.get()
            outcomes.append("ok")
        except Fault:
            outcomes.append("fault")
    assert outcomes == ["ok", "ok", "fault", "fault", "ok", "ok"]
    rule = server.rules.as_list()[0]
    assert (rule["seen"], rule["applied"]) == (4, 2)


@pytest.mark.parametrize(
    ("match", "hit"),
    [
        ({"verb": "GET"}, True),
        ({"class": "sms_package"}, True),
        ({"key": "ps100001"}, True),
        ({"key": {"PackageID": "PS100001"}}, True),
        ({"user": "contoso\\ADMIN"}, True),
        ({"key": "PS100002"}, False),
        ({"method": "RefreshPkgSource"}, False),
        ({"class": "SMS_ImagePackage"}, False),
        ({"user": "CONTOSO\\reader"}, False),
    ],
)
def test_matching(client: Client, server: Server, match: dict[str, Any], hit: bool) -> None:
    server.add_fault(**match, action="fault", code=2150858815)
    if hit:
        with pytest.raises(Fault):
            client.get()
    else:
        client.get()


def test_queries_match_by_their_class(client: Client, server: Server) -> None:
    server.add_fault(verb="Pull", **{"class": "SMS_Package"}, action="fault", code=2150858780)
    with pytest.raises(Fault) as caught:
        client.rows("SELECT PackageID FROM SMS_Package")
    assert caught.value.code == 2150858780


def test_several_keys(client: Client, server: Server) -> None:
    server.add_fault(key={"a": "1"}, action="fault", code=2150858815)
    with pytest.raises(Fault) as caught:
        client.call(NS["x"] + "/Get", SITE + "SMS_Pair", selectors={"A": "1", "B": "x"})
    assert caught.value.code == 2150858815
    assert server.journal[-1]["key"] == {"A": "1", "B": "x"}


@pytest.mark.parametrize(
    "rule",
    [
        {"action": "explode"},
        {"verb": "Get"},
        {"action": "cut_after", "status": 5},
        {"action": "fault", "code": "many"},
        {"action": "fault", "times": "x"},
        {"action": "fault", "clas": "SMS_Package"},
    ],
)
def test_rules_that_are_refused(server: Server, rule: dict[str, Any]) -> None:
    with pytest.raises(BadRule):
        server.add_fault(**rule)
    assert server.rules.as_list() == []
