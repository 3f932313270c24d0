# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kerberos by others against the simulator: pypsrp and curl, with the tickets of a real KDC (wire A-04, A-05, A-08)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from realm import Realm

from smsprovsim.server import Server

pypsrp = pytest.importorskip("pypsrp.wsman", reason="pypsrp is not installed")

pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.usefixtures("collected"),
]
PACKAGE = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/sms/site_PS1/SMS_Package"
P = f"{{{PACKAGE}}}"


@pytest.fixture
def in_the_realm(start: Callable[..., Server], in_realm: Realm) -> Callable[..., Server]:
    """A provider with the realm's keytab."""

    def make(*auth: str, **options: Any) -> Server:
        return start(auth=auth, keytab=in_realm.keytab, **options)

    return make


@pytest.fixture
def ticket(in_realm: Realm, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """A ticket of the scenario's account in the default cache."""

    def get(**options: Any) -> Path:
        path = in_realm.ticket("cmadmin", **options)
        monkeypatch.setenv("KRB5CCNAME", f"FILE:{path}")
        return path

    return get


def refresh(server: Server, **options: Any) -> None:
    """Read a package, refresh it, and read it again, by pypsrp."""
    key = pypsrp.SelectorSet()
    key.add_option("PackageID", "PS100001")
    with pypsrp.WSMan(
        "localhost", port=server.port, ssl=server.tls, cert_validation=server.ca_cert or False,
        encryption="auto" if server.tls else "always", no_proxy=True, negotiate_service="HTTP", **options,
    ) as session:  # fmt: skip
        before = int(session.get(PACKAGE, selector_set=key)[0].findtext(f"{P}SourceVersion"))
        request = ET.Element(f"{P}RefreshPkgSource_INPUT")
        answer = session.invoke(f"{PACKAGE}/RefreshPkgSource", PACKAGE, request, selector_set=key)
        assert answer.findtext(f".//{P}ReturnValue") == "0"
        server.move_clock({"advance": 600})
        assert int(session.get(PACKAGE, selector_set=key)[0].findtext(f"{P}SourceVersion")) == before + 1


def seen(server: Server) -> set[tuple[Any, ...]]:
    names = ("user", "auth", "mechanism", "delegated", "encrypted")
    return {tuple(entry[name] for name in names) for entry in server.journal}


@pytest.mark.parametrize("tls", [True, False])
@pytest.mark.parametrize(("offered", "header"), [(("kerberos",), "negotiate"), (("negotiate",), "negotiate")])
def test_a_ticket(
    in_the_realm: Callable[..., Server], ticket: Callable[..., Path], offered: tuple[str, ...], header: str, tls: bool
) -> None:
    server = in_the_realm(*offered, tls=tls)
    ticket()
    refresh(server, auth="kerberos")
    assert seen(server) == {("CONTOSO\\cmadmin", header, "kerberos", False, not tls)}
    assert (server.logins["total"], server.logins["failed"]) == (1, 0)


@pytest.mark.parametrize("tls", [True, False])
def test_spnego_chooses_kerberos(in_the_realm: Callable[..., Server], ticket: Callable[..., Path], tls: bool) -> None:
    server = in_the_realm("negotiate", tls=tls)
    ticket()
    refresh(server, auth="negotiate")
    assert seen(server) == {("CONTOSO\\cmadmin", "negotiate", "kerberos", False, not tls)}


def test_spnego_at_a_host_without_a_key(start: Callable[..., Server], ticket: Callable[..., Path]) -> None:
    """The client's ticket is of no use there, and nobody falls back to NTLM behind its back."""
    server = start(auth=("negotiate",), tls=False)
    ticket()
    with pytest.raises(pypsrp.AuthenticationError):
        refresh(server, auth="negotiate")
    assert [each["reason"] for each in server.logins["refused"]] == ["Refused: kerberos is not on offer"]


def test_a_password(in_the_realm: Callable[..., Server]) -> None:
    server = in_the_realm("kerberos", tls=False)
    refresh(server, auth="kerberos", username="cmadmin@CONTOSO.TEST", password=server.account.password)
    assert seen(server) == {("CONTOSO\\cmadmin", "negotiate", "kerberos", False, True)}


def test_delegation(in_the_realm: Callable[..., Server], ticket: Callable[..., Path]) -> None:
    server = in_the_realm("kerberos")
    ticket(forwardable=True)
    refresh(server, auth="kerberos", negotiate_delegate=True)
    assert seen(server) == {("CONTOSO\\cmadmin", "negotiate", "kerberos", True, False)}


@pytest.mark.parametrize("tls", [True, False])
@pytest.mark.parametrize("mechanism", ["kerberos", "ntlm"])
def test_inside_credssp(in_the_realm: Callable[..., Server], mechanism: str, tls: bool) -> None:
    """wire A-08: the journal says which mechanism was inside"""
    server = in_the_realm("credssp", tls=tls)
    name = "cmadmin@CONTOSO.TEST" if mechanism == "kerberos" else server.account.principal
    refresh(server, auth="credssp", username=name, password=server.account.password, credssp_auth_mechanism=mechanism)
    assert seen(server) == {("CONTOSO\\cmadmin", "credssp", mechanism, True, not tls)}


def test_a_strict_channel_binding(in_the_realm: Callable[..., Server], ticket: Callable[..., Path]) -> None:
    server = in_the_realm("kerberos", switches={"channel_binding": "strict"})
    ticket()
    refresh(server, auth="kerberos")
    with pytest.raises(pypsrp.AuthenticationError):
        refresh(server, auth="kerberos", negotiate_send_cbt=False)
    assert (server.logins["total"], server.logins["failed"]) == (1, 1)


@pytest.mark.parametrize("acceptor", ["spnego", "gss"])
def test_ntlm_by_either_acceptor(start: Callable[..., Server], acceptor: str) -> None:
    """peers V-21: two acceptors by different people, the same client"""
    try:
        server = start(auth=("ntlm",), tls=False, ntlm_acceptor=acceptor)
    except ValueError as error:
        pytest.skip(str(error))
    refresh(server, auth="ntlm", username=server.account.principal, password=server.account.password)
    assert seen(server) == {("CONTOSO\\cmadmin", "negotiate", "ntlm", False, True)}


def test_a_client_certificate(start: Callable[..., Server]) -> None:
    """wire A-10"""
    server = start(auth=("certificate",))
    made = server.client_certificate()
    refresh(server, auth="certificate", certificate_pem=made.cert, certificate_key_pem=made.key)
    assert seen(server) == {("CONTOSO\\cmadmin", "certificate", "certificate", False, False)}
