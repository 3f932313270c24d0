# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""pypsrp's WSMan against the simulator: envelopes, logins and message encryption by others (wire W-20)."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from smsprovsim.server import Server

pypsrp = pytest.importorskip("pypsrp.wsman", reason="pypsrp is not installed")

# It leaves its sockets to the garbage collector when a login is refused.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")

LOGINS = [
    ("ntlm", True), ("ntlm", False), ("negotiate", True), ("negotiate", False), ("credssp", True), ("credssp", False),
    ("basic", True),
]  # fmt: skip
SPACE = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/sms/site_PS1/"
PACKAGE = SPACE + "SMS_Package"
DMTF = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/SMS_Package"
N = "{http://schemas.xmlsoap.org/ws/2004/09/enumeration}"
W = "{http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd}"
P = f"{{{PACKAGE}}}"
WQL = "http://schemas.microsoft.com/wbem/wsman/1/WQL"

Open = Callable[..., Any]


@pytest.fixture
def connect() -> Iterator[Open]:
    """Open a session of pypsrp with a provider."""
    made: list[Any] = []

    def begin(server: Server, auth: str = "ntlm", **more: Any) -> Any:
        session = pypsrp.WSMan(
            "localhost",
            port=server.port,
            username=server.account.principal,
            ssl=server.tls,
            auth=auth,
            cert_validation=server.ca_cert or False,
            encryption="auto" if server.tls else "always",
            no_proxy=True,
            **{"max_envelope_size": 512000, "password": server.account.password, **more},
        )
        made.append(session)
        return session

    yield begin
    for each in made:
        each.close()
    gc.collect()


def key(package: str = "PS100001", **more: str) -> Any:
    selected = pypsrp.SelectorSet()
    for name, value in {"PackageID": package, **more}.items():
        selected.add_option(name, value)
    return selected


def rows(session: Any, wql: str, uri: str = SPACE + "*") -> list[Any]:
    """All rows of a query."""
    request = ET.Element(f"{N}Enumerate")
    ET.SubElement(request, f"{W}OptimizeEnumeration")
    ET.SubElement(request, f"{W}MaxElements").text = "50"
    ET.SubElement(request, f"{W}Filter", Dialect=WQL).text = wql
    answer = session.enumerate(uri, request)[0]
    found = list(answer.find(f"{W}Items"))
    while answer.find(f"{W}EndOfSequence") is None and answer.find(f"{N}EndOfSequence") is None:
        request = ET.Element(f"{N}Pull")
        ET.SubElement(request, f"{N}EnumerationContext").text = answer.findtext(f"{N}EnumerationContext")
        ET.SubElement(request, f"{N}MaxElements").text = "50"
        answer = session.pull(uri, request)[0]
        found += list(answer.find(f"{N}Items"))
    return found


@pytest.mark.parametrize(("auth", "tls"), LOGINS)
def test_every_verb_over_every_login(start: Callable[..., Server], connect: Open, auth: str, tls: bool) -> None:
    scheme = "ntlm" if auth == "negotiate" else auth
    server = start(auth=(scheme,), tls=tls)
    session = connect(server, auth)
    instance = session.get(PACKAGE, selector_set=key())[0]
    assert instance.tag == f"{P}SMS_Package"
    before = int(instance.findtext(f"{P}SourceVersion"))
    action = f"{PACKAGE}/RefreshPkgSource"
    answer = session.invoke(action, PACKAGE, ET.Element(f"{P}RefreshPkgSource_INPUT"), selector_set=key())
    assert answer.findtext(f".//{P}ReturnValue") == "0"
    server.move_clock({"advance": 600})
    assert int(session.get(PACKAGE, selector_set=key())[0].findtext(f"{P}SourceVersion")) == before + 1
    found = rows(session, "SELECT PackageID, Name FROM SMS_PackageBaseclass")
    assert len(found) > 8
    assert found[0].tag == f"{W}XmlFragment"
    with pytest.raises(pypsrp.WSManFaultError) as caught:
        session.get(PACKAGE, selector_set=key("PS199999"))
    assert (caught.value.code, caught.value.provider) == (2150858752, "WMI Provider")
    entries = server.journal
    assert {entry["encrypted"] for entry in entries} == {not tls}
    assert len({entry["session"] for entry in entries}) == 1
    assert len([entry for entry in entries if entry["verb"] == "Invoke"]) == 1


@pytest.mark.parametrize("auth", ["ntlm", "credssp"])
def test_long_messages_both_ways(start: Callable[..., Server], connect: Open, auth: str) -> None:
    """wire A-06: CredSSP in pieces, NTLM whole"""
    server = start(auth=(auth,), tls=False)
    session = connect(server, auth)
    created = session.create(
        PACKAGE, ET.fromstring(f'<p:SMS_Package xmlns:p="{PACKAGE}"><p:Name>long</p:Name></p:SMS_Package>')
    )
    made = created.findtext(f".//{W}Selector")
    instance = session.get(PACKAGE, selector_set=key(made))[0]
    described = instance.find(f"{P}Description")
    described.attrib.clear()
    described.text = "Ä<&>" * 15000
    session.put(PACKAGE, instance, selector_set=key(made))
    assert session.get(PACKAGE, selector_set=key(made))[0].findtext(f"{P}Description") == "Ä<&>" * 15000
    session.delete(PACKAGE, selector_set=key(made))
    assert [entry["verb"] for entry in server.journal] == ["Create", "Get", "Put", "Get", "Delete"]
    assert {(entry["outcome"], entry["key"]) for entry in server.journal[1:]} == {("ok", made)}


def test_the_dmtf_form(start: Callable[..., Server], connect: Open) -> None:
    session = connect(start(auth=("ntlm",)))
    instance = session.get(DMTF, selector_set=key(__cimnamespace="root/sms/site_PS1"))[0]
    assert instance.tag == f"{{{DMTF}}}SMS_Package"


def test_the_limit_that_pypsrp_asks_for_by_default(start: Callable[..., Server], connect: Open) -> None:
    """wire H-08: 150 KB, hence more pulls for the same rows"""
    server = start("large", auth=("ntlm",))
    session = connect(server, max_envelope_size=153600)
    assert len(rows(session, "SELECT PackageID FROM SMS_Package WHERE PackageID LIKE 'PS1000%'")) > 100


@pytest.mark.parametrize("auth", ["ntlm", "credssp", "basic"])
def test_a_wrong_password(start: Callable[..., Server], connect: Open, auth: str) -> None:
    server = start(auth=(auth,))
    with pytest.raises(Exception, match=r"(?i)authenticat|0x8009030c|denied|credential"):
        connect(server, auth, password="wrong").get(PACKAGE, selector_set=key())
    assert server.journal == []


def test_a_strict_channel_binding(start: Callable[..., Server], connect: Open) -> None:
    """peers V-16"""
    server = start(auth=("ntlm",), switches={"channel_binding": "strict"})
    assert connect(server).get(PACKAGE, selector_set=key()) is not None
    with pytest.raises(pypsrp.AuthenticationError):
        connect(server, negotiate_send_cbt=False).get(PACKAGE, selector_set=key())


def test_a_lost_answer(start: Callable[..., Server], connect: Open) -> None:
    """wire W-20: pypsrp checks RelatesTo, too"""
    server = start(auth=("basic",))
    session = connect(server, "basic")
    server.add_fault(action="wrong_relates_to")
    with pytest.raises(pypsrp.WinRMError, match="related id"):
        session.get(PACKAGE, selector_set=key())
