# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP/1.1 on loopback: keep-alive, one thread and one security context per TCP connection (wire K-01, K-02).

Knows HTTP, authentication and message encryption; hands plain SOAP bytes on and writes what it gets back.
"""

from __future__ import annotations

import contextlib
import itertools
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from .auth import SecurityContext, StaleContext

_REASONS = {
    200: "OK", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
    411: "Length Required", 413: "Request Entity Too Large", 415: "Unsupported Media Type", 500: "Internal Server Error",
    503: "Service Unavailable",
}  # fmt: skip
_MAX_HEAD = 65536
_MAX_BODY = 64 * 1024 * 1024


@dataclass(frozen=True)
class Request:
    """A SOAP request as the dispatcher sees it."""

    body: bytes
    charset: str | None
    user: str  # DOMAIN\user, empty if anonymous
    auth: str
    remote_access: bool
    mechanism: str
    delegated: bool  # the client handed over a credential with which the host can go on as it
    encrypted: bool
    tls: bool
    connection: int
    anonymous_identify: bool = False


@dataclass(frozen=True)
class Reply:
    """An answer. `soap` is sealed where the connection demands it, `raw` is sent as it is; `cut` closes without a word."""

    status: int = 200
    soap: bytes | None = None
    charset: str = "UTF-8"
    raw: bytes = b""
    content_type: str | None = None
    cut: bool = False
    forget_login: bool = False


class _BadRequest(Exception):
    """Not HTTP as we speak it: status and no further use of the connection."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass
class _Message:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    def header(self, name: str) -> str:
        return self.headers.get(name, "")


class Listener:
    """The WinRM listener. `answer` turns a SOAP request into a reply; `new_context` makes a connection's security context."""

    def __init__(
        self,
        *,
        port: int,
        tls: ssl.SSLContext | None,
        new_context: Callable[[bytes | None], SecurityContext],
        answer: Callable[[Request], Reply],
        switches: Callable[[], Mapping[str, str]],
        now: Callable[[], float],
    ) -> None:
        self._tls = tls
        self._new_context = new_context
        self._answer = answer
        self._switches = switches
        self._now = now
        self._numbers = itertools.count(1)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._stopping = False
        self._socket = socket.create_server(("127.0.0.1", port), backlog=128)
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, name="listener", daemon=True)

    def start(self) -> None:
        """Begin to accept connections."""
        self._thread.start()

    def stop(self) -> None:
        """Close the listener and every connection."""
        self._stopping = True
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        with self._lock:
            connections = list(self._open)
        for each in connections:
            _close(each)
        if self._thread.is_alive():
            self._thread.join(5)

    def _accept(self) -> None:
        while not self._stopping:
            try:
                connection, _unused = self._socket.accept()
            except OSError:
                return
            threading.Thread(
                target=self._serve, args=(connection, next(self._numbers)), name="connection", daemon=True
            ).start()

    def _serve(self, plain: socket.socket, number: int) -> None:
        connection = plain
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls:
                plain.settimeout(30)
                connection = self._tls.wrap_socket(plain, server_side=True)
                connection.settimeout(None)
            with self._lock:
                if self._stopping:
                    return
                self._open.add(connection)
            with connection.makefile("rb") as stream:
                _Connection(self, connection, stream, number).run()
        except (OSError, ValueError):
            pass  # the peer went away, or spoke no TLS
        finally:
            with self._lock:
                self._open.discard(connection)
            _close(connection)


class _Connection:
    """One TCP connection, from its first request to its last."""

    def __init__(self, listener: Listener, connection: socket.socket, stream: BinaryIO, number: int) -> None:
        self._listener = listener
        self._socket = connection
        self._stream = stream
        self._number = number
        certificate = connection.getpeercert(binary_form=True) if isinstance(connection, ssl.SSLSocket) else None
        self._security = listener._new_context(certificate)
        self._close = False
        self._last_token: str | None = None  # of a login that ends with a word from the server
        self._quiet_since = listener._now()

    def run(self) -> None:
        while not self._close:
            try:
                message = self._read()
            except _BadRequest as refused:
                self._send(refused.status, b"<h2>Bad Request</h2>", "text/html; charset=us-ascii", close=True)
                return
            if message is None:
                return
            idle = float(self._listener._switches()["idle_connection_seconds"])
            if idle and self._security.account and self._listener._now() - self._quiet_since > idle:
                # ASSUMED: idle_connection_seconds. To the client it is as if it had connected anew (wire A-12, W-12).
                self._security.drop()
            if message.header("connection").lower() == "close":
                self._close = True
            self._serve(message)

    # HTTP

    def _read(self) -> _Message | None:
        line = self._stream.readline(_MAX_HEAD)
        if not line:
            return None
        try:
            method, target, version = line.decode("ascii").split()
        except ValueError:
            raise _BadRequest(400) from None
        headers: dict[str, str] = {}
        size = 0
        while True:
            line = self._stream.readline(_MAX_HEAD)
            size += len(line)
            if line in (b"\r\n", b"\n"):
                break
            name, colon, value = line.decode("latin-1").partition(":")
            if not line.endswith(b"\n") or not colon or size > _MAX_HEAD:
                raise _BadRequest(400)
            headers[name.strip().lower()] = value.strip()
        if version != "HTTP/1.1":
            self._close = True
        elif "host" not in headers:
            raise _BadRequest(400)
        if headers.get("expect", "").lower() == "100-continue":
            self._socket.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        return _Message(method, target, headers, self._read_body(headers))

    def _read_body(self, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding", "").lower() == "chunked":
            chunks = []
            while size := int(self._stream.readline(64).split(b";")[0] or b"0", 16):
                chunks.append(self._stream.read(size))
                self._stream.readline(64)
            while self._stream.readline(_MAX_HEAD) not in (b"\r\n", b"\n", b""):
                pass
            return b"".join(chunks)
        try:
            length = int(headers.get("content-length", "0"))
        except ValueError:
            raise _BadRequest(400) from None
        if not 0 <= length <= _MAX_BODY:
            raise _BadRequest(413)
        body = self._stream.read(length)
        if len(body) != length:
            raise OSError("the client stopped in the middle of its request")
        return body

    def _send(
        self,
        status: int,
        body: bytes = b"",
        content_type: str | None = None,
        *,
        authenticate: list[str] | None = None,
        close: bool = False,
    ) -> None:
        lines = [f"HTTP/1.1 {status} {_REASONS.get(status, 'Status')}"]
        if content_type:
            lines.append(f"Content-Type: {content_type}")
        if self._last_token:
            authenticate = [self._last_token]
            self._last_token = None
        lines += [f"WWW-Authenticate: {each}" for each in authenticate or ()]
        lines.append("Server: Microsoft-HTTPAPI/2.0")
        lines.append(f"Date: {time.strftime('%a, %d %b %Y %H:%M:%S GMT', time.gmtime())}")
        if close or self._close:
            self._close = True
            lines.append("Connection: close")
        lines.append(f"Content-Length: {len(body)}")
        self._quiet_since = self._listener._now()
        self._socket.sendall("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)

    # WinRM

    def _serve(self, message: _Message) -> None:
        path = message.target.partition("?")[0].lower().rstrip("/")
        if path not in ("/wsman", "/wsman-anon/identify"):
            self._send(404, b"<h2>Not Found</h2>", "text/html; charset=us-ascii")
            return
        if message.method != "POST":
            self._send(405)
            return
        unasked = message.header("wsmanidentify").lower() == "unauthenticated" or path == "/wsman-anon/identify"
        if unasked:  # wire A-01
            self._reply(self._listener._answer(self._request(message, message.body, anonymous=True)), sealed=False)
            return
        header = message.header("authorization")
        refusal = 401
        if header:
            verdict = self._security.authenticate(header)
            refusal = verdict.status
            if verdict.token and not verdict.accepted:  # a leg of the handshake: exactly one header (wire A-09)
                self._send(401, authenticate=[verdict.token])
                return
            self._last_token = verdict.token
        if self._security.account is None:
            self._send(refusal, authenticate=self._security.offers if refusal == 401 else None)
            return
        self._serve_authenticated(message)

    def _serve_authenticated(self, message: _Message) -> None:
        if not message.body:  # wire A-02
            self._send(200)
            return
        content_type = message.header("content-type")
        kind = content_type.partition(";")[0].strip().lower()
        sealed = kind in ("multipart/encrypted", "multipart/x-multi-encrypted")
        body = message.body
        if sealed:
            try:
                body = self._security.open(content_type, body)
            except StaleContext:
                self._send(400)  # wire F-22
                return
        elif self._listener._tls is None:
            # AllowUnencrypted=false. ASSUMED: plain_refusal
            status = int(self._listener._switches()["plain_refusal"])
            self._send(status, authenticate=self._security.offers if status == 401 else None)
            return
        elif kind != "application/soap+xml":
            self._send(415)
            return
        if len(body) > float(self._listener._switches()["max_envelope_kb"]) * 1024:
            self._send(413)  # wire P-10, F-23
            return
        self._reply(self._listener._answer(self._request(message, body, sealed=sealed)), sealed=sealed)

    def _request(self, message: _Message, body: bytes, *, sealed: bool = False, anonymous: bool = False) -> Request:
        account = None if anonymous else self._security.account
        charset = None
        for part in message.header("content-type").split(";")[1:]:
            name, _unused, value = part.strip().partition("=")
            if name.lower() == "charset" and not sealed:
                charset = value.strip('"')
        return Request(
            body=body,
            charset=charset,
            user=account.principal if account else "",
            auth=self._security.auth if account else "",
            remote_access=account.remote_access if account else False,
            mechanism=self._security.mechanism if account else "",
            delegated=self._security.delegated if account else False,
            encrypted=sealed,
            tls=self._listener._tls is not None,
            connection=self._number,
            anonymous_identify=anonymous,
        )

    def _reply(self, reply: Reply, *, sealed: bool) -> None:
        if reply.forget_login:
            self._security.drop()
        if reply.cut:
            self._close = True
            return
        if reply.soap is None:
            offers = self._security.offers if reply.status == 401 else None
            self._send(reply.status, reply.raw, reply.content_type, authenticate=offers)
        elif sealed:
            content_type, body = self._security.seal(reply.soap, reply.charset)
            self._send(reply.status, body, content_type)
        else:
            self._send(reply.status, reply.soap, f"application/soap+xml;charset={reply.charset}")


def _close(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    with contextlib.suppress(OSError):
        connection.close()
