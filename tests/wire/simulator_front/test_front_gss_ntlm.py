# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NTLM accepted by gss-ntlmssp, which others wrote (peers V-21): the same clients, a second witness."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from front_client import PACKAGE, Client
from winrm.exceptions import InvalidCredentialsError

from smsprovsim import gss
from smsprovsim.server import Server


def missing() -> str:
    """Why gss-ntlmssp cannot be used, empty if it can."""
    try:
        gss.load_ntlm()
    except gss.GssMissing as error:
        return str(error)
    return ""


pytestmark = [
    pytest.mark.skipif(bool(missing()), reason=missing() or "gss-ntlmssp is there"),
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.usefixtures("collected"),
]


@pytest.fixture
def begin_gss(serve: Callable[..., Server]) -> Callable[..., Server]:
    def start(auth: tuple[str, ...] = ("ntlm",), **options: Any) -> Server:
        return serve(auth=auth, ntlm_acceptor="gss", **options)

    return start


@pytest.mark.parametrize("tls", [True, False])
@pytest.mark.parametrize("user", ["CONTOSO\\admin", "admin@contoso.test"])
def test_login(begin_gss: Callable[..., Server], tls: bool, user: str) -> None:
    server = begin_gss(tls=tls)
    client = Client(server, "ntlm", user=user)
    for _unused in range(3):
        assert client.get().findtext(f"{{{PACKAGE}}}PackageID") == "PS100001"
    assert {(each["user"], each["mechanism"], each["encrypted"]) for each in server.journal} == {
        ("CONTOSO\\admin", "ntlm", not tls)
    }
    assert server.logins["successes"] == {"CONTOSO\\admin": 1}


def test_long_messages_both_ways(begin_gss: Callable[..., Server]) -> None:
    server = begin_gss(tls=False, packages=300)
    client = Client(server, "ntlm")
    assert len(client.rows("SELECT PackageID, Name, SourceVersion FROM SMS_Package")) == 300
    text = "x" * 50000
    answer = client.invoke("Echo", f'<p:Echo_INPUT xmlns:p="{PACKAGE}"><p:Text>{text}</p:Text></p:Echo_INPUT>', None)
    assert answer.findtext(f"{{{PACKAGE}}}Text") == text


@pytest.mark.parametrize("user", ["CONTOSO\\admin", "CONTOSO\\nobody"])
def test_a_wrong_password(begin_gss: Callable[..., Server], user: str) -> None:
    server = begin_gss(tls=False)
    with pytest.raises(InvalidCredentialsError):
        Client(server, "ntlm", user=user, password="wrong").get()
    assert server.logins["failures"] == {user: 1}
    assert server.journal == []


@pytest.mark.parametrize(("mode", "token"), [("relaxed", False), ("strict", True), ("strict", False), ("none", True)])
def test_channel_binding(begin_gss: Callable[..., Server], mode: str, token: bool) -> None:
    server = begin_gss(switches={"channel_binding": mode})
    client = Client(server, "ntlm", send_cbt=token)
    if mode == "strict" and not token:
        with pytest.raises(InvalidCredentialsError):
            client.get()
    else:
        client.get()
    assert server.logins["total"] == int(token or mode != "strict")


def test_inside_credssp(begin_gss: Callable[..., Server]) -> None:
    server = begin_gss(("credssp",), tls=False)
    Client(server, "credssp").get()
    assert [(each["auth"], each["mechanism"], each["delegated"]) for each in server.journal] == [
        ("credssp", "ntlm", True)
    ]


def test_a_wrong_channel_binding_is_refused(begin_gss: Callable[..., Server], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("requests_ntlm.requests_ntlm._get_certificate_hash", lambda _certificate: b"\x01" * 32)
    server = begin_gss()
    with pytest.raises(InvalidCredentialsError):
        Client(server, "ntlm").get()
    assert server.logins["failures"] == {"CONTOSO\\admin": 1}
