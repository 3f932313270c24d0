# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The transport over real sockets: each login, and each trap of pywinrm that the wire page lists (W-01 to W-13)."""

from __future__ import annotations

import builtins
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._wsman import transport as transport_module
from ansible_collections.configmgr.content.plugins.module_utils._wsman.errors import (
    BadValue,
    CannotConnect,
    ConfigMgrError,
    LibraryMissing,
    NotAuthenticated,
    NotExecuted,
    OutcomeUnknown,
)
from ansible_collections.configmgr.content.plugins.module_utils._wsman.transport import (
    Endpoint,
    WinRMTransport,
    resolve,
)
from stub_winrm import OK, PASSWORD, SOAP, USER, Authority, Reply, Stub

MESSAGE = b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>hello</s:Body></s:Envelope>'
HOST = "cmprov.corp.example"  # no such name: reaching it proves that the address is pinned


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(autouse=True)
def accounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The accounts of the Python NTLM acceptor (peers V-19)."""
    path = tmp_path / "accounts"
    path.write_text(f"CONTOSO:{USER}:{PASSWORD}\n", encoding="utf-8")
    monkeypatch.setenv("NTLM_USER_FILE", str(path))
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


def endpoint(stub: Stub, auth: str, scheme: str = "http", **more: Any) -> Endpoint:
    values: dict[str, Any] = {
        "provider": HOST,
        "port": stub.port,
        "scheme": scheme,
        "auth": auth,
        "username": USER if auth == "basic" else f"CONTOSO\\{USER}",
        "password": PASSWORD,
        "connect_timeout": 10.0,
        "operation_timeout": 10.0,
        **more,
    }
    return Endpoint(**values)


@pytest.fixture
def opened() -> Iterator[list[WinRMTransport]]:
    """Closes what a test opened."""
    made: list[WinRMTransport] = []
    yield made
    for each in made:
        each.close()


@pytest.fixture
def connect(opened: list[WinRMTransport], authority: Authority) -> Any:
    def connect(stub: Stub, auth: str, scheme: str = "http", **more: Any) -> WinRMTransport:
        if scheme == "https":
            more.setdefault("ca_cert", str(authority.ca_cert))
        made = WinRMTransport(endpoint(stub, auth, scheme, **more), "127.0.0.1")
        opened.append(made)
        return made

    return connect


@pytest.mark.parametrize("auth", ["ntlm", "credssp"])
def test_over_http_every_message_is_encrypted(connect: Any, auth: str) -> None:
    with Stub() as stub:
        session = connect(stub, auth)
        assert [session.send(MESSAGE), session.send(MESSAGE)] == [OK, OK]
        assert stub.soap == [MESSAGE, MESSAGE]
        assert all(b"hello" not in message.raw for message in stub.messages)
        assert session.requests == 2
        assert stub.connections == 1


@pytest.mark.parametrize(("auth", "scheme"), [("ntlm", "http"), ("ntlm", "https"), ("credssp", "http")])
def test_messages_say_of_themselves_what_the_login_said(
    connect: Any, authority: Authority, auth: str, scheme: str
) -> None:
    """They go out below requests, which sent the login."""
    certificate = authority.issue(HOST) if scheme == "https" else None
    with Stub(certificate=certificate) as stub:
        session = connect(stub, auth, scheme)
        session.send(MESSAGE)
        session.send(MESSAGE)
    changing = ("Authorization", "Content-Length", "Content-Type", "Connection")
    login, *messages = ({k: v for k, v in each.items() if k not in changing} for each in stub.headers)
    assert login["Host"].partition(":")[0] == HOST
    assert all(message == login for message in messages)
    lengths = [int(message.headers["Content-Length"]) for message in stub.messages]
    assert lengths == [len(message.raw) for message in stub.messages]
    assert {message.headers["Connection"].lower() for message in stub.messages} == {"keep-alive"}


@pytest.mark.parametrize("auth", ["ntlm", "credssp", "basic"])
def test_over_https_the_login_comes_first_and_the_connection_stays(
    connect: Any, authority: Authority, auth: str
) -> None:
    with Stub(auth=("Negotiate", "CredSSP", "Basic"), certificate=authority.issue(HOST)) as stub:
        session = connect(stub, auth, "https")
        assert [session.send(MESSAGE), session.send(MESSAGE)] == [OK, OK]
        # wire W-05: no leg of the login carried a message
        assert {length for kind, length in stub.requests if kind != "message"} == {0}
        assert [message.raw for message in stub.messages] == [MESSAGE, MESSAGE]
        assert stub.connections == 1
        assert {each["Host"] for each in stub.headers} == {f"{HOST}:{stub.port}"}
        assert {each["Accept-Encoding"] for each in stub.headers} == {"identity"}  # wire W-10


@pytest.mark.parametrize(
    ("auth", "scheme"), [("credssp", "https"), ("ntlm", "https"), ("ntlm", "http"), ("credssp", "http")]
)
def test_a_fault_as_the_very_first_answer_arrives_as_a_fault(
    connect: Any, authority: Authority, auth: str, scheme: str
) -> None:
    """wire W-05: with a message as the first request, requests-credssp misreads HTTP 500 as a failed login."""
    certificate = authority.issue(HOST) if scheme == "https" else None
    with Stub(answer=lambda message: Reply(b"<a>Envelope</a>", 500), certificate=certificate) as stub:
        assert connect(stub, auth, scheme).send(MESSAGE) == b"<a>Envelope</a>"
        assert len(stub.messages) == 1


@pytest.mark.parametrize("status", [400, 415, 500, 501, 503])
def test_soap_is_read_at_any_status(connect: Any, status: int) -> None:
    """peers V-10"""
    with Stub(answer=lambda message: Reply(b"<a>Envelope</a>", status)) as stub:
        assert connect(stub, "ntlm").send(MESSAGE) == b"<a>Envelope</a>"


def test_a_fault_in_utf16_is_handed_on(connect: Any) -> None:
    """wire W-08: pywinrm decodes it as UTF-8 and raises UnicodeDecodeError."""
    body = '<?xml version="1.0" encoding="utf-16"?><Envelope>Ä</Envelope>'.encode("utf-16")
    with Stub(answer=lambda message: Reply(body, 500)) as stub:
        assert connect(stub, "ntlm").send(MESSAGE) == body


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_fault_in_utf16_is_known_without_its_type(connect: Any, authority: Authority, codec: str) -> None:
    """wire W-08"""
    body = '<?xml version="1.0" encoding="utf-16"?><s:Envelope>Ä</s:Envelope>'.encode(codec)
    reply = Reply(body, 500, {"Content-Type": "text/xml"})
    with Stub(auth=("Basic",), answer=lambda message: reply, certificate=authority.issue(HOST)) as stub:
        assert connect(stub, "basic", "https").send(MESSAGE) == body


def test_basic_over_http_is_refused_before_anything_is_sent(connect: Any) -> None:
    with Stub(auth=("Basic",)) as stub:
        with pytest.raises(BadValue, match="plain text"):
            connect(stub, "basic")
        assert stub.connections == 0


def test_without_encryption_nothing_leaves_over_http(connect: Any) -> None:
    """wire W-06"""
    with Stub() as stub:
        session = connect(stub, "ntlm")
        session.send(MESSAGE)
        session._far.encryption = None
        with pytest.raises(NotExecuted, match="encryption"):
            session.send(MESSAGE)
        assert len(stub.messages) == 1


def test_after_a_failed_login_the_next_send_logs_in_again(connect: Any) -> None:
    """wire W-06: pywinrm would send the next message in plain text."""
    replies = [Reply(b"", 500, {}), Reply(b"", headers={})]
    with Stub(login=lambda: replies.pop(0)) as stub:
        session = connect(stub, "ntlm")
        with pytest.raises(CannotConnect):
            session.send(MESSAGE)
        assert session.send(MESSAGE) == OK
        assert all(b"hello" not in message.raw for message in stub.messages)
        assert stub.soap == [MESSAGE]


def test_closing_forgets_the_encryption(connect: Any) -> None:
    """wire W-07"""
    with Stub() as stub:
        session = connect(stub, "ntlm")
        session.send(MESSAGE)
        session.close()
        assert session._far is None
        assert session.send(MESSAGE) == OK
        assert stub.connections == 2
        assert stub.soap == [MESSAGE, MESSAGE]


@pytest.mark.parametrize(
    ("auth", "scheme"), [("ntlm", "http"), ("credssp", "http"), ("ntlm", "https"), ("credssp", "https")]
)
def test_a_dropped_idle_connection_is_not_replaced_in_silence(
    connect: Any, authority: Authority, auth: str, scheme: str
) -> None:
    """wire W-12, A-12: nothing is sent with the old keys, nor on a connection without a login."""
    certificate = authority.issue(HOST) if scheme == "https" else None
    with Stub(answer=lambda message: Reply(close_after=True), certificate=certificate) as stub:
        session = connect(stub, auth, scheme)
        session.send(MESSAGE)
        assert stub.closed.wait(10)
        before = len(stub.requests)
        with pytest.raises(NotExecuted) as caught:
            session.send(MESSAGE)
        assert caught.value.transient
        assert not caught.value.sent
        assert stub.requests[before:] == []
        assert session.requests == 1
        assert session.send(MESSAGE) == OK
        assert stub.soap == [MESSAGE, MESSAGE]


def test_basic_may_connect_again_by_itself(connect: Any, authority: Authority) -> None:
    with Stub(
        auth=("Basic",), answer=lambda message: Reply(close_after=True), certificate=authority.issue(HOST)
    ) as stub:
        session = connect(stub, "basic", "https")
        session.send(MESSAGE)
        assert stub.closed.wait(10)
        assert session.send(MESSAGE) == OK


def test_a_login_that_is_forgotten_asks_for_a_new_session(connect: Any) -> None:
    with Stub() as stub:
        session = connect(stub, "ntlm")
        session.send(MESSAGE)
        stub.stop_offering = True
        with pytest.raises(NotAuthenticated) as caught:
            session.send(MESSAGE)
        assert caught.value.after_success
        assert len(stub.messages) == 2  # sent once, not again with a login of its own


@pytest.mark.parametrize(
    ("reply", "expected", "transient"),
    [
        (Reply(b"", 400, {}), NotExecuted, True),  # wire F-22
        (Reply(b"<html>Bad Request</html>", 400, {"Content-Type": "text/html"}, encrypt=False), NotExecuted, False),
        (Reply(b"<html>Unavailable</html>", 503, {"Content-Type": "text/html"}, encrypt=False), NotExecuted, True),
        (Reply(b"<html/>", 503, {}, encrypt=False), NotExecuted, True),  # no Content-Type: pywinrm's KeyError (W-08)
        (Reply(b"", 413, {}), NotExecuted, False),  # wire F-23
        (Reply(b"<html>Not Found</html>", 404, {"Content-Type": "text/html"}, encrypt=False), CannotConnect, False),
        (Reply(b"", 302, {"Location": "http://elsewhere.example/wsman"}), CannotConnect, False),
        (Reply(b"", 407, {}), CannotConnect, False),
        (Reply(b"", 500, {}), OutcomeUnknown, None),  # wire F-24
        (Reply(b"", 200, {}), OutcomeUnknown, None),
        (Reply(b"<html>oops</html>", 500, {"Content-Type": "text/html"}, encrypt=False), OutcomeUnknown, None),
        (Reply(b"<html>gateway</html>", 502, {"Content-Type": "text/html"}, encrypt=False), OutcomeUnknown, None),
        (Reply(cut=True), OutcomeUnknown, None),
        (Reply(spoil=True), OutcomeUnknown, None),  # peers V-13: a raw BadMICError
    ],
    ids=lambda value: (
        f"{value.status}{'cut' if value.cut else ''}{'spoilt' if value.spoil else ''}"
        if isinstance(value, Reply)
        else ""
    ),
)
def test_other_answers_are_judged_by_whether_the_far_side_can_have_acted(
    connect: Any, reply: Reply, expected: type[ConfigMgrError], transient: bool | None
) -> None:
    with Stub(answer=lambda message: reply) as stub:
        session = connect(stub, "ntlm")
        with pytest.raises(expected) as caught:
            session.send(MESSAGE)
        assert getattr(caught.value, "transient", None) is transient
        assert len(stub.messages) == 1
        assert PASSWORD not in str(caught.value)


def test_a_plain_answer_on_an_encrypted_session_is_not_believed(connect: Any) -> None:
    with (
        Stub(answer=lambda message: Reply(OK, 200, {"Content-Type": SOAP}, encrypt=False)) as stub,
        pytest.raises(OutcomeUnknown, match="plain text"),
    ):
        connect(stub, "ntlm").send(MESSAGE)


def test_connect_and_read_have_their_own_time(connect: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """wire W-10: one time for both in pywinrm. A timeout for one operation replaces the usual one."""
    monkeypatch.setattr(transport_module, "READ_MARGIN", 0.2)
    with Stub() as stub:

        def slow(message: Any) -> Reply:
            stub.release.wait(20)
            return Reply()

        stub.answer = slow
        session = connect(stub, "ntlm", connect_timeout=15.0, operation_timeout=15.0)
        with pytest.raises(OutcomeUnknown, match=r"0\.3 seconds"):
            session.send(MESSAGE, 0.1)
        assert len(stub.messages) == 1
    with Stub() as stub:
        session = connect(stub, "ntlm", connect_timeout=15.0, operation_timeout=10.0)
        session.send(MESSAGE)
        given: list[Any] = []
        original = session._session.send

        def noted(*args: Any, **kwargs: Any) -> Any:
            given.append(kwargs["timeout"])
            return original(*args, **kwargs)

        monkeypatch.setattr(session._session, "send", noted)
        session.send(MESSAGE, 5.0)
        session.send(MESSAGE)
        assert given == [(15.0, pytest.approx(5.2)), (15.0, pytest.approx(10.2))]


def test_kerberos_would_ask_for_the_right_service(connect: Any) -> None:
    """wire W-03: pywinrm's Transport has none by default"""
    with Stub() as stub:
        session = connect(stub, "ntlm")
        session.send(MESSAGE)
        assert session._far.service == "HTTP"


def test_one_thread_only(connect: Any) -> None:
    """wire W-11"""
    with Stub() as stub:
        session = connect(stub, "ntlm")
        session.send(MESSAGE)
        problems: list[Exception] = []

        def other() -> None:
            try:
                session.send(MESSAGE)
            except Exception as problem:
                problems.append(problem)

        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        assert [type(each) for each in problems] == [RuntimeError]
        assert len(stub.messages) == 1


def test_the_environments_proxy_and_certificates_do_not_count(
    connect: Any, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """wire W-13"""
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nonexistent")
    with Stub(certificate=authority.issue(HOST)) as stub:
        assert connect(stub, "ntlm", "https").send(MESSAGE) == OK
    with Stub() as stub:
        assert connect(stub, "ntlm").send(MESSAGE) == OK


def test_a_given_proxy_is_used_and_named_without_its_password(authority: Authority) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    asked: list[bytes] = []

    def proxy() -> None:
        connection, _unused = listener.accept()
        with connection:
            asked.append(connection.recv(4096))
            connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

    thread = threading.Thread(target=proxy)
    thread.start()
    with listener, Stub(certificate=authority.issue(HOST)) as stub:
        url = f"http://someone:hidden-word@127.0.0.1:{listener.getsockname()[1]}"
        where = endpoint(stub, "ntlm", "https", proxy=url)
        assert resolve(where) == HOST
        assert "hidden-word" not in repr(where)
        with pytest.raises(CannotConnect) as caught:
            WinRMTransport(where).send(MESSAGE)
        thread.join()
        assert asked[0].startswith(f"CONNECT {HOST}:{stub.port}".encode())
        assert "hidden-word" not in str(caught.value)
        assert stub.connections == 0


@pytest.mark.parametrize("auth", ["ntlm", "credssp"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_wrong_password_is_told_as_such(connect: Any, authority: Authority, auth: str, scheme: str) -> None:
    """peers V-13: three different exceptions in pywinrm."""
    certificate = authority.issue(HOST) if scheme == "https" else None
    with Stub(certificate=certificate) as stub:
        with pytest.raises(NotAuthenticated) as caught:
            connect(stub, auth, scheme, password="not-the-password").send(MESSAGE)
        assert not caught.value.after_success
        assert f"CONTOSO\\{USER}" in str(caught.value)
        assert "password" in str(caught.value)
        assert "not-the-password" not in f"{caught.value} {caught.value!r} {caught.value.as_result()}"
        assert stub.messages == []


def test_a_wrong_password_for_basic(connect: Any, authority: Authority) -> None:
    with (
        Stub(auth=("Basic",), certificate=authority.issue(HOST)) as stub,
        pytest.raises(NotAuthenticated, match="user name or password is wrong"),
    ):
        connect(stub, "basic", "https", password="nope").send(MESSAGE)


@pytest.mark.parametrize(
    ("auth", "offered", "hint"),
    [
        ("credssp", ("Negotiate", "Kerberos"), "Enable-WSManCredSSP"),
        ("ntlm", ("Basic",), "auth"),
        ("basic", ("Negotiate", "CredSSP"), "auth"),
    ],
)
def test_a_method_the_host_does_not_offer_is_told_apart(
    connect: Any, authority: Authority, auth: str, offered: tuple[str, ...], hint: str
) -> None:
    with Stub(auth=offered, certificate=authority.issue(HOST)) as stub:
        with pytest.raises(
            NotAuthenticated, match=rf"does not offer.*{auth}.*it offers {', '.join(offered)}"
        ) as caught:
            connect(stub, auth, "https").send(MESSAGE)
        assert hint in str(caught.value)


def test_a_server_without_a_challenge_is_no_bare_permission_error(connect: Any) -> None:
    """wire W-08: requests_ntlm raises the builtin PermissionError."""
    with Stub() as stub:
        stub.auth = ("Negotiate",)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("stub_winrm._Handler._step", lambda self, kind, token: self._unauthorised())
            with pytest.raises(NotAuthenticated, match="user name or password is wrong"):
                connect(stub, "ntlm").send(MESSAGE)


def test_credssp_seals_with_the_right_trailer_length(connect: Any) -> None:
    """peers V-14: with an inner TLS 1.3, pywinrm announces 1, 9 or 16 where 17 is right."""
    seen: list[str] = []
    with Stub() as stub:
        with pytest.MonkeyPatch.context() as patch:
            import stub_winrm

            original = stub_winrm._Handler._open

            def look(self: Any, body: bytes) -> bytes:
                seen.append(self.context.get_extra_info("ssl_object").version())
                return original(self, body)

            patch.setattr(stub_winrm._Handler, "_open", look)
            connect(stub, "credssp").send(MESSAGE)
        assert seen == ["TLSv1.2"]
        assert stub.trailers == [16]


def test_credssp_sends_large_messages_in_pieces(connect: Any) -> None:
    """wire A-06"""
    large = MESSAGE.replace(b"hello", b"x" * 40_000)
    with Stub() as stub:
        connect(stub, "credssp").send(large)
        assert stub.soap == [large]
        assert len(stub.trailers) == 3


@pytest.mark.parametrize(
    ("name", "days", "trusted", "words"),
    [
        (HOST, (-1, 30), False, "not trusted"),
        ("other.corp.example", (-1, 30), True, "another name"),
        (HOST, (-30, -1), True, "expired"),
        (HOST, (1, 30), True, "not valid yet"),
    ],
)
def test_what_is_wrong_with_a_certificate_is_said(
    connect: Any, authority: Authority, name: str, days: tuple[int, int], trusted: bool, words: str
) -> None:
    with Stub(certificate=authority.issue(name, days=days)) as stub:
        more = {} if trusted else {"ca_cert": None}
        with pytest.raises(CannotConnect, match=words) as caught:
            connect(stub, "ntlm", "https", **more).send(MESSAGE)
        assert not caught.value.transient
        assert trusted or "ca_cert" in caught.value.hint
        assert stub.requests == []


def test_the_certificate_check_can_be_skipped(connect: Any, authority: Authority) -> None:
    with Stub(certificate=authority.issue("other.corp.example")) as stub:
        assert connect(stub, "ntlm", "https", ca_cert=None, skip_certificate_check=True).send(MESSAGE) == OK


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_an_unusable_ca_cert_is_named(connect: Any, authority: Authority, tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "mine.pem"
    if content:
        path.write_text(content)
    with Stub(certificate=authority.issue(HOST)) as stub, pytest.raises(CannotConnect, match=r"mine\.pem"):
        connect(stub, "ntlm", "https", ca_cert=str(path)).send(MESSAGE)


def test_tls_to_a_plain_listener_names_the_ports(connect: Any) -> None:
    with Stub() as stub:
        with pytest.raises(CannotConnect, match="5985") as caught:
            connect(stub, "ntlm", "https").send(MESSAGE)
        assert not caught.value.transient


def test_nothing_listens_there(connect: Any) -> None:
    with Stub() as stub:
        pass
    with pytest.raises(CannotConnect, match="refuses") as caught:
        connect(stub, "ntlm").send(MESSAGE)
    assert caught.value.transient
    assert f"{HOST}:{stub.port}" in str(caught.value)


def test_a_name_without_address() -> None:
    with pytest.raises(CannotConnect, match=r"no-such-host\.invalid"):
        resolve(Endpoint("no-such-host.invalid"))


def test_of_several_addresses_the_one_that_answers_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    with listener:
        port = listener.getsockname()[1]
        family = socket.AF_INET
        monkeypatch.setattr(
            socket,
            "getaddrinfo",
            lambda *a, **k: [(family, socket.SOCK_STREAM, 6, "", (each, port)) for each in ("127.0.0.2", "127.0.0.1")],
        )
        monkeypatch.setattr(socket, "create_connection", _only_reaching("127.0.0.1", socket.create_connection))
        assert resolve(Endpoint("two.example", port)) == "127.0.0.1"


def _only_reaching(address: str, original: Any) -> Any:
    def reach(where: tuple[str, int], *args: Any, **kwargs: Any) -> Any:
        if where[0] != address:
            raise ConnectionRefusedError
        return original(where, *args, **kwargs)

    return reach


@pytest.mark.parametrize(
    ("auth", "module"), [("credssp", "requests_credssp"), ("ntlm", "requests_ntlm"), ("basic", "winrm")]
)
def test_a_missing_library_is_named_with_its_packages(
    connect: Any, monkeypatch: pytest.MonkeyPatch, auth: str, module: str
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    original = builtins.__import__

    def absent(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.partition(".")[0] == module:
            raise ImportError(name)
        return original(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", absent)
    monkeypatch.setattr("importlib.import_module", absent)
    with Stub() as stub:
        with pytest.raises(LibraryMissing, match="pip install") as caught:
            connect(stub, auth, "https").send(MESSAGE)
        assert stub.connections == 0
    assert {"winrm": "pywinrm"}.get(module, module.replace("_credssp", "-credssp")) in str(caught.value)
    assert "Debian has no package of" in caught.value.hint
    assert "python3-winrm" not in caught.value.hint


@pytest.mark.parametrize(
    ("version", "too_old"),
    [("0.3.0", True), ("0.4.3", True), ("0.5.0", False), ("1.0", False), ("0.10", False), ("unknown", False)],
)
def test_a_library_that_is_too_old_is_named(
    connect: Any, authority: Authority, monkeypatch: pytest.MonkeyPatch, version: str, too_old: bool
) -> None:
    """Debian's python3-winrm is older than what we build on."""
    monkeypatch.setattr("importlib.metadata.version", lambda name: version if name == "pywinrm" else "9.9")
    with Stub(auth=("Basic",), certificate=authority.issue(HOST)) as stub:
        if not too_old:
            assert connect(stub, "basic", "https").send(MESSAGE) == OK
            return
        with pytest.raises(LibraryMissing, match=f"pywinrm {version} is too old for auth basic") as caught:
            connect(stub, "basic", "https").send(MESSAGE)
        assert stub.connections == 0
    assert "pip install 'pywinrm>=0.5'" in caught.value.hint


def test_missing_old_algorithms_are_told_in_words(connect: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """peers V-15"""
    from cryptography.exceptions import UnsupportedAlgorithm

    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise UnsupportedAlgorithm("cipher ARC4 in None mode is not supported by this backend")

    monkeypatch.setattr("spnego._ntlm_raw.crypto.RC4Handle.__init__", refuse, raising=True)
    for auth in ("ntlm", "credssp"):
        with Stub() as stub, pytest.raises(NotAuthenticated, match="legacy provider"):
            connect(stub, auth).send(MESSAGE)


def test_what_cannot_be_meant_is_refused_at_once() -> None:
    with pytest.raises(BadValue, match="auth"):
        WinRMTransport(Endpoint("h", auth="digest", username="u"))
    with pytest.raises(BadValue, match="scheme"):
        Endpoint("h", scheme="ftp")
    with pytest.raises(BadValue, match="user name"):
        WinRMTransport(Endpoint("h", auth="ntlm"))


def test_an_endpoint_hides_its_secrets_and_knows_its_port() -> None:
    shown = Endpoint("cm01", username="alice", password="hidden-word", proxy="http://a:hidden-word@p")
    assert "hidden-word" not in repr(shown)
    assert shown.url == "https://cm01:5986/wsman"
    assert Endpoint("::1", scheme="http").url == "http://[::1]:5985/wsman"
