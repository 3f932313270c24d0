# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logging in to the simulator with clients of others, and what it does with those who cannot (wire A, K-01, K-02)."""

from __future__ import annotations

import base64
import http.client
import ssl
import struct
from collections.abc import Callable
from typing import Any

import pytest
import requests
import spnego
import spnego.tls
from front_client import IDENTIFY, NS, PACKAGE, Client, Fault, envelope
from winrm.exceptions import InvalidCredentialsError, WinRMTransportError

from smsprovsim.server import Server

# Clients that are refused leave their sockets to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.usefixtures("collected"),
]
GET = envelope(NS["x"] + "/Get", PACKAGE, selectors={"PackageID": "PS100001"})


def post(server: Server, body: bytes | str = b"", **headers: str) -> Any:
    """One POST without any login."""
    return requests.post(server.url, data=body, headers=headers, verify=server.ca_cert or False, timeout=30)


@pytest.mark.parametrize(
    ("auth", "tls"), [("ntlm", True), ("ntlm", False), ("credssp", True), ("credssp", False), ("basic", True)]
)
def test_login(serve: Callable[..., Server], auth: str, tls: bool) -> None:
    server = serve(tls=tls)
    client = Client(server, auth)
    for _unused in range(3):
        assert client.get().findtext(f"{{{PACKAGE}}}PackageID") == "PS100001"
    client.transport.close_session()
    assert [entry["outcome"] for entry in server.journal] == ["ok"] * 3
    assert {entry["user"] for entry in server.journal} == {"CONTOSO\\admin"}
    assert {entry["encrypted"] for entry in server.journal} == {not tls}
    assert {entry["session"] for entry in server.journal} == {server.journal[0]["session"]}
    assert server.logins["successes"] == {"CONTOSO\\admin": 1}


@pytest.mark.parametrize("auth", ["ntlm", "credssp"])
@pytest.mark.parametrize("user", ["contoso\\ADMIN", "admin@contoso.test", "admin@CONTOSO"])
def test_names_of_an_account(serve: Callable[..., Server], auth: str, user: str) -> None:
    server = serve(tls=False)
    Client(server, auth, user=user).get()
    assert server.journal[-1]["user"] == "CONTOSO\\admin"


def test_encryption_over_tls_as_well(server: Server) -> None:
    Client(server, "credssp", message_encryption="always").get()
    assert server.journal[-1]["encrypted"] is True
    assert server.journal[-1]["tls"] is True


@pytest.mark.parametrize("auth", ["ntlm", "credssp"])
def test_long_messages_both_ways(serve: Callable[..., Server], auth: str) -> None:
    server = serve(packages=300, tls=False)
    client = Client(server, auth)
    assert len(client.rows("SELECT PackageID, Name, SourceVersion FROM SMS_Package")) == 300
    text = "x" * 50000
    answer = client.invoke("Echo", f'<p:Echo_INPUT xmlns:p="{PACKAGE}"><p:Text>{text}</p:Text></p:Echo_INPUT>', None)
    assert answer.findtext(f"{{{PACKAGE}}}Text") == text


@pytest.mark.parametrize("tls", [True, False])
@pytest.mark.parametrize("user", ["CONTOSO\\admin", "CONTOSO\\nobody"])
def test_wrong_password(serve: Callable[..., Server], tls: bool, user: str) -> None:
    server = serve(tls=tls)
    with pytest.raises(InvalidCredentialsError):
        Client(server, "ntlm", user=user, password="wrong").get()
    with pytest.raises(Exception, match="0x8009030c") as caught:
        Client(server, "credssp", user=user, password="wrong").get()
    assert type(caught.value).__name__ == "NTStatusException"  # peers V-13
    assert server.logins["failures"] == {user: 2}
    assert server.logins["total"] == 0
    assert server.journal == []


@pytest.mark.parametrize(("auth", "status"), [("credssp", 400), ("ntlm", 200)])
def test_credssp_takes_long_messages_in_pieces_only(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch, auth: str, status: int
) -> None:
    """wire A-06: over 16 384 bytes CredSSP splits; the others never do"""
    import winrm.encryption

    monkeypatch.setattr(winrm.encryption.Encryption, "SIXTEN_KB", 10**9)
    server = serve(tls=False)
    client = Client(server, auth)
    query = f"SELECT PackageID FROM {'x' * 20000}"
    try:
        client.enumerate(query)
        answered = 200
    except WinRMTransportError as error:
        answered = error.code
    except Fault:
        answered = 200
    assert answered == status
    assert [entry["wql"] for entry in server.journal] == ([query] if status == 200 else [])


def test_wrong_basic_password(server: Server) -> None:
    with pytest.raises(InvalidCredentialsError):
        Client(server, "basic", password="wrong").get()
    assert server.logins["failures"] == {"CONTOSO\\admin": 1}


def test_all_schemes_are_listed_one_header_each(server: Server, serve: Callable[..., Server]) -> None:
    answer = post(server, GET)
    assert answer.status_code == 401
    assert answer.content == b""
    assert answer.raw.headers.getlist("WWW-Authenticate") == ["CredSSP", "Negotiate", 'Basic realm="WSMAN"']
    assert server.journal == []
    plain = serve(tls=False)
    assert post(plain).raw.headers.getlist("WWW-Authenticate") == ["CredSSP", "Negotiate"]


def test_basic_is_refused_without_tls(serve: Callable[..., Server]) -> None:
    server = serve(tls=False)
    answer = requests.post(server.url, auth=(server.account.principal, server.account.password), timeout=30)
    assert answer.status_code == 401


def test_one_header_in_a_leg_of_the_handshake(serve: Callable[..., Server]) -> None:
    server = serve(tls=False)
    context = spnego.client("CONTOSO\\admin", "x", protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm)
    token = base64.b64encode(context.step() or b"").decode()
    answer = post(server, b"dropped", Authorization=f"Negotiate {token}")
    headers = answer.raw.headers.getlist("WWW-Authenticate")
    assert answer.status_code == 401
    assert len(headers) == 1
    assert headers[0].startswith("Negotiate TlRMTVNT")


def test_an_empty_post_logs_in_and_is_no_entry(server: Server) -> None:
    account = server.account
    answer = requests.post(server.url, auth=(account.principal, account.password), verify=server.ca_cert, timeout=30)
    assert (answer.status_code, answer.content) == (200, b"")
    assert server.logins["total"] == 1
    assert server.journal == []


@pytest.mark.parametrize(("answer", "status"), [("500", 500), ("400", 400), ("401", 401)])
@pytest.mark.parametrize("auth", ["ntlm", "credssp"])
def test_plain_messages_are_refused_on_http(serve: Callable[..., Server], auth: str, answer: str, status: int) -> None:
    server = serve(tls=False, switches={"plain_refusal": answer})
    client = Client(server, auth, message_encryption="never")
    with pytest.raises(Exception) as caught:  # requests-credssp words it its own way
        client.get()
    assert server.journal == []
    if auth == "ntlm" and status != 401:
        assert isinstance(caught.value, WinRMTransportError)
        assert caught.value.code == status


@pytest.mark.parametrize(
    ("mode", "token", "accepted"),
    [
        ("relaxed", True, True),
        ("relaxed", False, True),
        ("strict", True, True),
        ("strict", False, False),
        ("none", False, True),
    ],
)
def test_channel_binding(serve: Callable[..., Server], mode: str, token: bool, accepted: bool) -> None:
    server = serve(switches={"channel_binding": mode})
    client = Client(server, "ntlm", send_cbt=token)
    if accepted:
        client.get()
    else:
        with pytest.raises(InvalidCredentialsError):
            client.get()
    assert server.logins["total"] == int(accepted)


def test_a_wrong_channel_binding_is_refused(serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("requests_ntlm.requests_ntlm._get_certificate_hash", lambda _certificate: b"\x01" * 32)
    for mode in ("relaxed", "strict"):
        with pytest.raises(InvalidCredentialsError):
            Client(serve(switches={"channel_binding": mode}), "ntlm").get()


def test_strict_trailer_refuses_what_pywinrm_computes_for_tls_1_3(serve: Callable[..., Server]) -> None:
    server = serve(tls=False, switches={"credssp_trailer": "strict"})
    with pytest.raises(WinRMTransportError) as caught:
        Client(server, "credssp").get()
    assert caught.value.code == 400
    assert server.journal == []


def test_strict_trailer_takes_tls_1_2(serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch) -> None:
    original = spnego.tls.default_tls_context

    def capped(usage: str = "initiate") -> Any:
        made = original(usage)
        made.context.maximum_version = ssl.TLSVersion.TLSv1_2
        return made

    monkeypatch.setattr("spnego._credssp.default_tls_context", capped)
    server = serve(tls=False, switches={"credssp_trailer": "strict"})
    Client(server, "credssp").get()
    assert server.journal[-1]["outcome"] == "ok"


def test_a_message_sealed_for_another_connection(serve: Callable[..., Server]) -> None:
    server = serve(tls=False)
    client = Client(server, "ntlm")
    client.get()
    session = client.transport.session
    for adapter in session.adapters.values():
        adapter.close()  # the connection is gone, the old keys are not (wire W-12)
    with pytest.raises(WinRMTransportError) as caught:
        client.get()
    assert caught.value.code == 400
    assert len(server.journal) == 1


def test_an_idle_connection_is_dropped(serve: Callable[..., Server]) -> None:
    server = serve(tls=False, switches={"idle_connection_seconds": "120"})
    client = Client(server, "ntlm")
    client.get()
    server.site.clock.advance(119)
    client.get()
    server.site.clock.advance(121)
    with pytest.raises(WinRMTransportError) as caught:
        client.get()
    assert caught.value.code == 400
    assert len(server.journal) == 2


def test_spnego(serve: Callable[..., Server]) -> None:
    server = serve(auth=("negotiate",), tls=False)
    account = server.account
    context = spnego.client(
        account.principal, account.password, protocol="negotiate", options=spnego.NegotiateOptions.use_negotiate
    )
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    token = context.step()
    status = 401
    while token and status == 401:
        header = {"Authorization": f"Negotiate {base64.b64encode(token).decode()}"}
        connection.request("POST", "/wsman", headers=header)
        answer = connection.getresponse()
        answer.read()
        status = answer.status
        challenge = answer.headers.get("WWW-Authenticate", "").partition(" ")[2]
        token = context.step(base64.b64decode(challenge)) if challenge else None
    assert status == 200
    sealed = context.wrap_winrm(GET.encode())
    protocol = "application/HTTP-SPNEGO-session-encrypted"
    body = (
        f"--Encrypted Boundary\r\n\tContent-Type: {protocol}\r\n"
        f"\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length={len(GET.encode())}\r\n"
        "--Encrypted Boundary\r\n\tContent-Type: application/octet-stream\r\n"
    ).encode()
    body += struct.pack("<I", len(sealed.header)) + sealed.header + sealed.data + b"--Encrypted Boundary--\r\n"
    kind = f'multipart/encrypted;protocol="{protocol}";boundary="Encrypted Boundary"'
    connection.request("POST", "/wsman", body=body, headers={"Content-Type": kind})
    answer = connection.getresponse()
    stream = answer.read().split(b"application/octet-stream\r\n")[1].removesuffix(b"--Encrypted Boundary--\r\n")
    size = struct.unpack_from("<I", stream)[0]
    assert b"PS100001" in context.unwrap_winrm(stream[4 : 4 + size], stream[4 + size :])
    assert server.journal[0]["auth"] == "negotiate"
    connection.close()


def test_identify(server: Server) -> None:
    answer = Client(server).send(IDENTIFY)
    assert answer.findtext(".//wsmid:ProductVersion", None, NS) == "OS: 10.0.20348 SP: 0.0 Stack: 3.0"
    anonymous = post(server, IDENTIFY, WSMANIDENTIFY="unauthenticated")
    assert b"OS: 0.0.0 SP: 0.0 Stack: 3.0" in anonymous.content
    assert [entry["verb"] for entry in server.journal] == ["Identify", "Identify"]
    assert [entry["user"] for entry in server.journal] == ["CONTOSO\\admin", ""]


def test_anonymous_gets_nothing_but_identify(server: Server) -> None:
    answer = post(server, GET, WSMANIDENTIFY="unauthenticated")
    assert answer.status_code == 401
    assert server.journal[-1]["executed"] is False


def test_http_errors(server: Server) -> None:
    account = server.account
    session = requests.Session()
    session.auth = (account.principal, account.password)
    session.verify = server.ca_cert
    soap = {"Content-Type": "application/soap+xml;charset=UTF-8"}
    assert session.post(server.url.replace("/wsman", "/elsewhere"), timeout=30).status_code == 404
    assert session.get(server.url, timeout=30).status_code == 405
    assert session.post(server.url, data=GET, headers={"Content-Type": "text/plain"}, timeout=30).status_code == 415
    assert session.post(server.url, data="x" * 600000, headers=soap, timeout=30).status_code == 413
    assert session.post(server.url, data=GET, headers=soap, timeout=30).status_code == 200
    session.close()


def test_the_certificate_is_checked_by_name(server: Server) -> None:
    context = ssl.create_default_context(cafile=server.ca_cert)
    for name in ("localhost", "127.0.0.1"):
        connection = http.client.HTTPSConnection(name, server.port, context=context, timeout=30)
        connection.request("POST", "/wsman", body=b"")
        assert connection.getresponse().status == 401
        connection.close()
    with pytest.raises(requests.exceptions.SSLError):
        requests.post(server.url, timeout=30)


def test_the_user_without_remote_access(server: Server) -> None:
    with pytest.raises(Fault) as caught:
        Client(server, user="CONTOSO\\stranger", password="third").get()
    assert (caught.value.code, caught.value.subcode) == (5, "w:AccessDenied")
