# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of clients (wire A-10, F-21), and certificates of the server that nobody should trust."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from front_client import PACKAGE, Client
from winrm.exceptions import InvalidCredentialsError, WinRMTransportError

from smsprovsim.auth import Account
from smsprovsim.server import Server
from smsprovsim.tls import CERTIFICATES

pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.usefixtures("collected"),
]
MUTUAL = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"
Serve = Callable[..., Server]


def certified(server: Server, **more: Any) -> Client:
    made = server.client_certificate(**more)
    return Client(server, "certificate", user="", password="", cert_pem=made.cert, cert_key_pem=made.key)


def test_login(serve: Serve) -> None:
    server = serve(auth=("certificate",))
    client = certified(server)
    for _unused in range(3):
        assert client.get().findtext(f"{{{PACKAGE}}}PackageID") == "PS100001"
    assert {(each["user"], each["auth"], each["delegated"]) for each in server.journal} == {
        ("CONTOSO\\admin", "certificate", False)
    }
    assert server.logins["successes"] == {"CONTOSO\\admin": 1}
    assert server.env["CONFIGMGR_AUTH"] == "certificate"
    assert Path(server.env["CONFIGMGR_CLIENT_KEY"]).stat().st_mode & 0o777 == 0o600


def test_every_certificate_has_its_account(serve: Serve) -> None:
    server = serve(auth=("certificate",))
    certified(server, account=server.accounts[1]).get()
    assert server.journal[-1]["user"] == "CONTOSO\\reader"


@pytest.mark.parametrize(
    ("kind", "answer", "status"),
    [
        ("expired", "403", 403),
        ("expired", "401", 401),
        ("not_yet_valid", "403", 403),
        ("untrusted", "403", 403),
        ("unmapped", "403", 401),
    ],
)
def test_certificates_that_are_refused(serve: Serve, kind: str, answer: str, status: int) -> None:
    server = serve(auth=("certificate", "ntlm"), switches={"certificate_refusal": answer})
    made = server.client_certificate(kind=kind)
    reply = requests.post(
        server.url, headers={"Authorization": MUTUAL}, cert=(made.cert, made.key), verify=server.ca_cert, timeout=30
    )
    assert (reply.status_code, reply.content) == (status, b"")
    assert server.logins["failed"] == 1
    with pytest.raises(InvalidCredentialsError if status == 401 else WinRMTransportError):
        certified(server, kind=kind).get()
    assert server.journal == []


def test_without_a_certificate_or_without_the_header(serve: Serve) -> None:
    server = serve(auth=("certificate",))
    assert (
        requests.post(server.url, headers={"Authorization": MUTUAL}, verify=server.ca_cert, timeout=30).status_code
        == 401
    )
    made = server.client_certificate()
    reply = requests.post(server.url, cert=(made.cert, made.key), verify=server.ca_cert, timeout=30)
    assert (reply.status_code, "WWW-Authenticate" in reply.headers) == (401, False)


def test_other_logins_go_on_beside_it(serve: Serve) -> None:
    server = serve(auth=("certificate", "ntlm"))
    Client(server, "ntlm").get()
    certified(server).get()
    assert [each["auth"] for each in server.journal] == ["negotiate", "certificate"]


def test_not_on_offer(serve: Serve) -> None:
    server = serve(auth=("ntlm",))
    with pytest.raises(InvalidCredentialsError):
        certified(server).get()
    assert server.journal == []


def test_a_key_with_a_password(serve: Serve) -> None:
    made = serve(auth=("certificate",)).client_certificate(password="k3y 'pass'")
    context = ssl.create_default_context()
    with pytest.raises(ssl.SSLError):
        context.load_cert_chain(made.cert, made.key, password="wrong")
    context.load_cert_chain(made.cert, made.key, password="k3y 'pass'")


def test_certificates_need_tls(serve: Serve) -> None:
    with pytest.raises(ValueError, match="TLS"):
        serve(auth=("certificate",), tls=False)
    with pytest.raises(ValueError, match="TLS"):
        serve(tls=False).client_certificate()


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("expired", "certificate has expired"),
        ("not_yet_valid", "certificate is not yet valid"),
        ("wrong_name", "mismatch"),
        ("untrusted", "unable to get local issuer certificate"),
        ("self_signed", "self.signed certificate|unable to get local issuer certificate"),
    ],
)
def test_a_server_that_nobody_should_trust(serve: Serve, kind: str, words: str) -> None:
    server = serve(tls=kind)
    assert server.tls is True
    with pytest.raises(requests.exceptions.SSLError, match=words):
        requests.post(f"https://localhost:{server.port}/wsman", verify=server.ca_cert, timeout=30)
    assert server.logins["total"] == server.logins["failed"] == 0


def test_all_kinds_of_server_certificates_are_known(serve: Serve) -> None:
    assert CERTIFICATES[0] == "good"
    with pytest.raises(ValueError, match="is one of"):
        serve(tls="forged")


# Accounts that cannot log in although the password is right


@pytest.mark.parametrize("state", ["password_expired", "must_change_password", "disabled", "locked", "expired"])
@pytest.mark.parametrize("auth", ["ntlm", "basic", "credssp", "certificate"])
def test_an_account_that_cannot_log_in(serve: Serve, state: str, auth: str) -> None:
    account = Account("CONTOSO", "late", "Right-0ne", state=state)
    server = serve(auth=(auth,), accounts=[account])
    if auth == "certificate":
        client = certified(server, account=account)
    else:
        client = Client(server, auth, user=account.principal, password=account.password)
    with pytest.raises(Exception, match=r"0x8009030c|credentials were rejected"):
        client.get()
    assert server.logins["failures"] == {"CONTOSO\\late": 1}
    assert state in server.logins["refused"][0]["reason"]
    assert server.journal == []


@pytest.mark.parametrize(
    ("state", "password", "status"),
    [
        ("password_expired", "Right-0ne", 0xC0000071),
        ("locked", "Right-0ne", 0xC0000234),
        ("", "wrong", 0xC000006D),
    ],
)
def test_credssp_may_tell_why(serve: Serve, state: str, password: str, status: int) -> None:
    """MS-CSSP 2.2.1: versions 3, 4 and 6 have a field for it"""
    account = Account("CONTOSO", "late", "Right-0ne", state=state)
    server = serve(auth=("credssp",), accounts=[account], switches={"credssp_error_code": "reason"})
    with pytest.raises(Exception, match="NTStatus") as caught:
        Client(server, "credssp", user=account.principal, password=password).get()
    told: Any = caught.value
    assert told.__cause__.base_error.winerror == status  # pyspnego knows no name for it
    assert server.logins["failures"] == {"CONTOSO\\late": 1}


# Versions of CredSSP


@pytest.mark.parametrize("version", ["6", "5", "3", "2"])
def test_credssp_of_every_version(serve: Serve, version: str) -> None:
    server = serve(auth=("credssp",), tls=False, switches={"credssp_version": version})
    Client(server, "credssp", credssp_minimum_version=int(version)).get()
    assert server.logins["total"] == 1
    if version != "6":
        with pytest.raises(Exception, match="version"):
            Client(server, "credssp", credssp_minimum_version=int(version) + 1).get()


def test_a_client_that_is_too_old(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve(auth=("credssp",), tls=False, switches={"credssp_minimum_version": "5"})
    monkeypatch.setattr("spnego._credssp._CREDSSP_VERSION", 3)
    with pytest.raises(Exception):  # noqa: B017 - of the client library
        Client(server, "credssp").get()
    assert server.logins["total"] == 0
