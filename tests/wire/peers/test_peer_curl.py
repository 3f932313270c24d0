# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""curl against the simulator: HTTP, NTLM, SPNEGO, certificates and Basic by others. It has no message encryption of WinRM."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from realm import Realm

from smsprovsim.server import Server


def features() -> str:
    """What curl says of itself, empty if there is none."""
    try:
        return subprocess.run(["curl", "--version"], capture_output=True, text=True, check=True, timeout=60).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""


CURL = features()
pytestmark = pytest.mark.skipif("NTLM" not in CURL, reason="this curl has no NTLM" if CURL else "curl is not installed")

SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
WSMAN = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
IDENTITY = "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"
IDENTIFY = f'<s:Envelope xmlns:s="{SOAP}"><s:Header/><s:Body><i:Identify xmlns:i="{IDENTITY}"/></s:Body></s:Envelope>'
GET = f"""<s:Envelope xmlns:s="{SOAP}" xmlns:a="{ADDRESSING}" xmlns:w="{WSMAN}"><s:Header>
<a:To>https://localhost/wsman</a:To>
<w:ResourceURI s:mustUnderstand="true">http://schemas.microsoft.com/wbem/wsman/1/wmi/root/sms/site_PS1/SMS_Package</w:ResourceURI>
<a:ReplyTo><a:Address s:mustUnderstand="true">{ADDRESSING}/role/anonymous</a:Address></a:ReplyTo>
<a:Action s:mustUnderstand="true">http://schemas.xmlsoap.org/ws/2004/09/transfer/Get</a:Action>
<a:MessageID>uuid:11111111-2222-3333-4444-555555555555</a:MessageID>
<w:SelectorSet><w:Selector Name="PackageID">PS100001</w:Selector></w:SelectorSet>
</s:Header><s:Body/></s:Envelope>"""

MUTUAL = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"
Ask = Callable[..., "tuple[int, str]"]


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    """Post with curl: HTTP status and body."""

    def post(server: Server, message: str, *options: str, host: str = "") -> tuple[int, str]:
        request, answer = tmp_path / "request.xml", tmp_path / "answer.xml"
        request.write_text(message, encoding="utf-8")
        answer.unlink(missing_ok=True)
        command = ["curl", "--disable", "--silent", "--show-error", "--noproxy", "*", "--max-time", "30"]
        command += ["--header", "Content-Type: application/soap+xml;charset=UTF-8", "--data-binary", f"@{request}"]
        command += ["--output", str(answer), "--write-out", "%{http_code}", *options]
        command += ["--cacert", server.ca_cert] if server.ca_cert else []
        url = server.url.replace("127.0.0.1", host or "127.0.0.1")
        done = subprocess.run([*command, url], capture_output=True, text=True, check=True, timeout=60)
        return int(done.stdout), answer.read_text(encoding="utf-8") if answer.exists() else ""

    return post


def user(server: Server, password: str | None = None) -> tuple[str, str]:
    return ("--user", f"{server.account.principal}:{server.account.password if password is None else password}")


@pytest.mark.parametrize(("scheme", "said"), [("--ntlm", "ntlm"), ("--basic", "basic")])
def test_a_login_over_tls(start: Callable[..., Server], ask: Ask, scheme: str, said: str) -> None:
    """curl says NTLM where Windows' own clients say Negotiate"""
    server = start(auth=("ntlm", "basic"))
    status, answer = ask(server, GET, scheme, *user(server))
    assert (status, "<p:PackageID>PS100001</p:PackageID>" in answer) == (200, True)
    assert [entry["auth"] for entry in server.journal] == [said]
    assert server.logins["failed"] == 0


@pytest.mark.parametrize("scheme", ["--ntlm", "--basic"])
def test_a_wrong_password(start: Callable[..., Server], ask: Ask, scheme: str) -> None:
    server = start(auth=("ntlm", "basic"))
    assert ask(server, GET, scheme, *user(server, "wrong")) == (401, "")
    assert server.journal == []


def test_plain_messages_are_refused_over_http(start: Callable[..., Server], ask: Ask) -> None:
    """wire K-02, L-10: the login is good, the message is not encrypted"""
    server = start(auth=("ntlm",), tls=False)
    status, answer = ask(server, GET, "--ntlm", *user(server))
    assert (status, answer) == (500, "")
    assert server.logins["total"] == 1
    assert server.journal == []


@pytest.mark.parametrize("tls", [True, False])
def test_identify_without_a_login(start: Callable[..., Server], ask: Ask, tls: bool) -> None:
    """wire A-01"""
    server = start(auth=("ntlm",), tls=tls)
    status, answer = ask(server, IDENTIFY, "--header", "WSMANIDENTIFY: unauthenticated")
    assert (status, "OS: 0.0.0 SP: 0.0 Stack: 3.0" in answer) == (200, True)
    assert ask(server, IDENTIFY)[0] == 401


def test_an_empty_post_and_a_fault(start: Callable[..., Server], ask: Ask) -> None:
    """wire A-02, H-01: 200 for the one, 500 with SOAP for the other"""
    server = start(auth=("ntlm",))
    assert ask(server, "", "--ntlm", *user(server)) == (200, "")
    status, answer = ask(server, GET.replace("PS100001", "PS199999"), "--ntlm", *user(server))
    assert (status, 'Code="2150858752"' in answer) == (500, True)


def test_a_message_in_chunks(start: Callable[..., Server], ask: Ask) -> None:
    """HTTP/1.1 lets a client do without Content-Length."""
    server = start(auth=("basic",))
    status, answer = ask(server, GET, "--basic", *user(server), "--header", "Transfer-Encoding: chunked")
    assert (status, "PS100001" in answer) == (200, True)


def test_a_message_that_is_too_large(start: Callable[..., Server], ask: Ask) -> None:
    """wire P-10, F-23"""
    server = start(auth=("basic",), switches={"max_envelope_kb": "32"})
    assert ask(server, GET + " " * 40000, "--basic", *user(server)) == (413, "")
    assert server.journal == []


@pytest.mark.skipif("SPNEGO" not in CURL, reason="this curl has no SPNEGO")
@pytest.mark.parametrize("offered", ["kerberos", "negotiate"])
def test_negotiate_with_a_ticket(
    start: Callable[..., Server], ask: Ask, in_realm: Realm, monkeypatch: pytest.MonkeyPatch, offered: str
) -> None:
    """wire A-04: curl takes MIT's own SPNEGO"""
    server = start(auth=(offered,), keytab=in_realm.keytab)
    monkeypatch.setenv("KRB5CCNAME", f"FILE:{in_realm.ticket('cmadmin')}")
    status, answer = ask(server, GET, "--negotiate", "--user", ":", host="localhost")
    assert (status, "<p:PackageID>PS100001</p:PackageID>" in answer) == (200, True)
    entry = server.journal[0]
    assert (entry["user"], entry["auth"], entry["mechanism"]) == ("CONTOSO\\cmadmin", "negotiate", "kerberos")
    assert (server.logins["total"], server.logins["failed"]) == (1, 0)


@pytest.mark.parametrize(("kind", "status"), [("good", 200), ("expired", 403), ("untrusted", 403), ("unmapped", 401)])
def test_a_client_certificate(start: Callable[..., Server], ask: Ask, kind: str, status: int) -> None:
    """wire A-10, F-21"""
    server = start(auth=("certificate",))
    made = server.client_certificate(kind=kind)
    shown = ("--cert", made.cert, "--key", made.key, "--header", f"Authorization: {MUTUAL}")
    answered, answer = ask(server, GET, *shown)
    assert (answered, "PS100001" in answer) == (status, status == 200)
    assert len(server.journal) == int(status == 200)


@pytest.mark.parametrize(
    ("kind", "code"),
    [("expired", 60), ("not_yet_valid", 60), ("wrong_name", 60), ("untrusted", 60), ("self_signed", 60)],
)
def test_a_certificate_nobody_should_trust(start: Callable[..., Server], ask: Ask, kind: str, code: int) -> None:
    with pytest.raises(subprocess.CalledProcessError) as caught:
        ask(start(auth=("basic",), tls=kind), GET)
    assert caught.value.returncode == code
