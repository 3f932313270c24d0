# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kerberos: a real KDC, pywinrm and pyspnego as clients, GSSAPI in the simulator (wire A-04, A-05, A-11)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from front_client import PACKAGE, Client
from realm import (
    DISABLED,
    EXPIRED_ACCOUNT,
    EXPIRED_PASSWORD,
    LOCKED,
    MUST_CHANGE,
    Realm,
    RealmError,
    User,
)
from winrm.exceptions import InvalidCredentialsError

from smsprovsim.auth import DEFAULT_ACCOUNT
from smsprovsim.server import Server

pytest.importorskip("kerberos", reason="pykerberos is not installed")
pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.usefixtures("collected"),
]

USER = DEFAULT_ACCOUNT.user
Begin = Callable[..., Server]


@pytest.fixture
def in_the_realm(serve: Begin, in_realm: Realm) -> Begin:
    """Start a server with the realm's keytab, whose first account is a user of the realm."""

    def start(auth: tuple[str, ...] = ("kerberos",), **options: Any) -> Server:
        server = serve(auth=auth, keytab=in_realm.keytab, **options)
        in_realm.add_user(User(server.account.user, server.account.password))
        return server

    return start


@pytest.fixture
def holding(in_realm: Realm, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Put a ticket cache into the environment."""

    def hold(cache: Path) -> Path:
        monkeypatch.setenv("KRB5CCNAME", f"FILE:{cache}")
        return cache

    return hold


def kerberos(server: Server, **more: Any) -> Client:
    return Client(server, "kerberos", user="", password="", **{"service": "HTTP", **more})


@pytest.mark.parametrize("tls", [True, False])
@pytest.mark.parametrize("auth", ["kerberos", "negotiate"])
def test_login_with_a_ticket(
    in_the_realm: Begin, in_realm: Realm, holding: Callable[..., Path], auth: str, tls: bool
) -> None:
    server = in_the_realm((auth,), tls=tls)
    holding(in_realm.ticket("admin"))
    client = kerberos(server)
    for _unused in range(3):
        assert client.get().findtext(f"{{{PACKAGE}}}PackageID") == "PS100001"
    entries = server.journal
    assert {(each["user"], each["auth"], each["mechanism"]) for each in entries} == {
        ("CONTOSO\\admin", "negotiate", "kerberos")
    }
    assert {(each["encrypted"], each["delegated"], each["outcome"]) for each in entries} == {(not tls, False, "ok")}
    assert len({each["session"] for each in entries}) == 1
    assert server.logins["successes"] == {"CONTOSO\\admin": 1}
    assert server.logins["failed"] == 0


@pytest.mark.parametrize("forwardable", [True, False])
def test_delegation(in_the_realm: Begin, in_realm: Realm, holding: Callable[..., Path], forwardable: bool) -> None:
    """wire A-13: a ticket goes along only if it may, and the client asks for it"""
    server = in_the_realm(tls=False)
    holding(in_realm.ticket("admin", forwardable=forwardable))
    kerberos(server, kerberos_delegation=True).get()
    kerberos(server).get()
    assert [each["delegated"] for each in server.journal] == [forwardable, False]


def test_long_messages_both_ways(in_the_realm: Begin, in_realm: Realm, holding: Callable[..., Path]) -> None:
    """wire A-06: never in pieces"""
    server = in_the_realm(tls=False, packages=300)
    holding(in_realm.ticket("admin"))
    client = kerberos(server)
    assert len(client.rows("SELECT PackageID, Name, SourceVersion FROM SMS_Package")) == 300
    text = "x" * 50000
    answer = client.invoke("Echo", f'<p:Echo_INPUT xmlns:p="{PACKAGE}"><p:Text>{text}</p:Text></p:Echo_INPUT>', None)
    assert answer.findtext(f"{{{PACKAGE}}}Text") == text


def test_what_is_offered(in_the_realm: Begin) -> None:
    """wire F-20"""
    server = in_the_realm(("kerberos", "ntlm", "basic"))
    answer = requests.post(server.url, verify=server.ca_cert, timeout=30)
    assert answer.raw.headers.getlist("WWW-Authenticate") == ["Negotiate", "Kerberos", 'Basic realm="WSMAN"']


@pytest.mark.parametrize("mode", ["relaxed", "strict", "none"])
@pytest.mark.parametrize("token", [True, False])
def test_channel_binding(
    in_the_realm: Begin, in_realm: Realm, holding: Callable[..., Path], mode: str, token: bool
) -> None:
    server = in_the_realm(switches={"channel_binding": mode})
    holding(in_realm.ticket("admin"))
    client = kerberos(server, send_cbt=token)
    if mode == "strict" and not token:
        with pytest.raises(InvalidCredentialsError):
            client.get()
        assert {each["reason"] for each in server.logins["refused"]} == {"no channel binding token"}
    else:
        client.get()
    assert server.logins["total"] == int(token or mode != "strict")


def test_a_wrong_channel_binding_is_refused(
    in_the_realm: Begin, in_realm: Realm, holding: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "winrm.vendor.requests_kerberos.kerberos_._get_certificate_hash", lambda _certificate: b"\x01" * 32
    )
    server = in_the_realm(switches={"channel_binding": "strict"})  # pywinrm's first attempt comes without any
    holding(in_realm.ticket("admin"))
    with pytest.raises(InvalidCredentialsError):
        kerberos(server).get()
    assert server.logins["total"] == 0
    assert "BadChannelBindings" in server.logins["refused"][1]["reason"]


def test_service_and_host_name(in_the_realm: Begin, in_realm: Realm, holding: Callable[..., Path]) -> None:
    """The address may be another name than the one the ticket is for (wire A-04)."""
    server = in_the_realm(tls=False)
    holding(in_realm.ticket("admin"))
    kerberos(server, service="WSMAN", kerberos_hostname_override="cm01.contoso.test").get()
    assert server.logins["total"] == 1
    assert in_realm.requests()[-1][3] == "WSMAN/cm01.contoso.test@CONTOSO.TEST"


def test_ntlm_beside_kerberos(in_the_realm: Begin) -> None:
    server = in_the_realm(("negotiate",), tls=False)
    Client(server, "ntlm").get()
    assert [each["mechanism"] for each in server.journal] == ["ntlm"]


def test_only_what_is_on_offer(
    in_the_realm: Begin, serve: Begin, in_realm: Realm, holding: Callable[..., Path]
) -> None:
    with pytest.raises(PermissionError, match="did not respond with NTLM"):
        Client(in_the_realm(tls=False), "ntlm").get()
    holding(in_realm.ticket("admin"))
    server = serve(auth=("ntlm",), tls=False, keytab=in_realm.keytab)
    with pytest.raises(InvalidCredentialsError):
        kerberos(server).get()
    assert {each["reason"] for each in server.logins["refused"]} == {"Refused: kerberos is not on offer"}


def test_a_user_without_an_account(in_the_realm: Begin, in_realm: Realm, holding: Callable[..., Path]) -> None:
    server = in_the_realm(tls=False)
    in_realm.add_user(User("visitor", "Some-0ther"))
    holding(in_realm.ticket("visitor"))
    with pytest.raises(InvalidCredentialsError):
        kerberos(server).get()
    assert set(server.logins["failures"]) == {"visitor@CONTOSO.TEST"}  # pywinrm tries more than once


def test_a_ticket_for_another_key(
    in_the_realm: Begin, in_realm: Realm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service account changed its password, or the name belongs to another computer."""
    server = in_the_realm(tls=False)
    with Realm([User("admin", "x")]) as other:
        for name, value in other.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("KRB5CCNAME", f"FILE:{other.ticket('admin')}")
        with pytest.raises(InvalidCredentialsError):
            kerberos(server).get()
    assert set(server.logins["failures"]) == {"(negotiate)"}


@pytest.mark.parametrize("kind", ["expired_ticket", "skewed_ticket"])
def test_tickets_that_are_no_good(
    in_the_realm: Begin, in_realm: Realm, holding: Callable[..., Path], kind: str
) -> None:
    """The client notices by itself: nothing of it reaches the server."""
    server = in_the_realm(tls=False)
    holding(getattr(in_realm, kind)("admin"))
    with pytest.raises(Exception):  # noqa: B017 - pywinrm's own, of many kinds
        kerberos(server).get()
    assert server.logins["total"] == server.logins["failed"] == 0


def test_the_acceptor_tells_clocks_apart(serve: Begin, in_realm: Realm, monkeypatch: pytest.MonkeyPatch) -> None:
    """A KDC that is two hours ahead gives tickets that are not valid yet."""
    with Realm([User("admin", "x")], clock=7200) as ahead:
        for name, value in ahead.environment.items():
            monkeypatch.setenv(name, value)
        server = serve(auth=("kerberos",), keytab=ahead.keytab, tls=False)
        monkeypatch.setenv("KRB5CCNAME", f"FILE:{ahead.ticket('admin')}")
        with pytest.raises(InvalidCredentialsError):
            kerberos(server).get()
        assert {each["reason"].rpartition(": ")[2] for each in server.logins["refused"]} == {"Ticket not yet valid"}


def test_a_server_without_a_keytab(serve: Begin, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="keytab"):
        serve(auth=("kerberos",))
    with pytest.raises(ValueError, match="does not exist"):
        serve(auth=("kerberos",), keytab=tmp_path / "none")


# The realm itself


@pytest.mark.parametrize(
    ("user", "password", "words"),
    [
        (EXPIRED_PASSWORD.name, None, "Password expired"),
        (MUST_CHANGE.name, None, "Password expired"),
        (EXPIRED_ACCOUNT.name, None, "has expired"),
        (DISABLED.name, None, "revoked"),
        (LOCKED.name, None, "revoked"),
        (USER, "wrong", "Password incorrect"),
        ("nobody", "x", "not found in Kerberos database"),
    ],
)
def test_users_that_cannot_log_in(realm: Realm, user: str, password: str | None, words: str) -> None:
    with pytest.raises(RealmError, match=words):
        realm.ticket(user, password=password)


def test_the_clock_of_the_realm() -> None:
    with Realm([User("one", "x")], clock=7200, follow=False) as ahead:
        with pytest.raises(RealmError, match="Clock skew too great"):
            ahead.ticket("one")
        ahead.stop_kdc()
        with pytest.raises(RealmError, match="Cannot contact any KDC"):
            ahead.ticket("one")


def test_the_log_of_the_realm(realm: Realm) -> None:
    before = len(realm.requests())
    realm.ticket(USER)
    with pytest.raises(RealmError):
        realm.ticket(USER, password="wrong")
    outcomes = [(kind, outcome) for kind, outcome, user, _service in realm.requests()[before:] if user.startswith(USER)]
    assert outcomes == [
        ("AS_REQ", "NEEDED_PREAUTH"), ("AS_REQ", "ISSUE"), ("AS_REQ", "NEEDED_PREAUTH"), ("AS_REQ", "PREAUTH_FAILED"),
    ]  # fmt: skip
