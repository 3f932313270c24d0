# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A WinRM listener of a few lines, for the transport's tests: real logins and encryption, and answers a test makes up.

Smaller than the simulated SMS Provider on purpose: it can misbehave at any byte.
"""

from __future__ import annotations

import base64
import datetime
import http.server
import ipaddress
import re
import ssl
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import spnego
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD, DOMAIN = "alice", "Secret-42-Pässword", "CONTOSO"
SOAP = "application/soap+xml;charset=UTF-8"
OK = b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body/></s:Envelope>'


@dataclass
class Reply:
    """What the stub answers a message with. `cut`: close the connection instead, after reading it."""

    body: bytes = OK
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": SOAP})
    cut: bool = False
    encrypt: bool = True
    spoil: bool = False
    close_after: bool = False


@dataclass
class Message:
    """A SOAP message as it arrived."""

    plain: bytes
    raw: bytes
    headers: dict[str, str]
    connection: int


class Stub:
    """`auth`: methods offered. `answer` gets each message; `login` may answer the empty POST once it is authenticated."""

    def __init__(
        self,
        *,
        auth: tuple[str, ...] = ("Negotiate", "CredSSP"),
        certificate: tuple[Path, Path] | None = None,
        answer: Callable[[Message], Reply] | None = None,
        login: Callable[[], Reply] | None = None,
    ) -> None:
        self.auth = auth
        self.answer = answer or (lambda message: Reply())
        self.login = login or (lambda: Reply(b"", headers={}))
        self.messages: list[Message] = []
        self.requests: list[tuple[str, int]] = []  # (kind, length of body), in the order they came
        self.headers: list[dict[str, str]] = []
        self.connections = 0
        self.trailers: list[int] = []
        self.closed = threading.Event()
        self.release = threading.Event()
        self.stop_offering = False
        stub = self

        class Handler(_Handler):
            owner = stub

        self.tls = certificate is not None
        self._server = _Server(("127.0.0.1", 0), Handler)
        if certificate is not None:
            self._server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._server.tls.load_cert_chain(*certificate)
        self.port = self._server.server_address[1]

    def __enter__(self) -> Stub:
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.release.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def soap(self) -> list[bytes]:
        return [message.plain for message in self.messages]


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    tls: ssl.SSLContext | None = None

    def get_request(self) -> Any:
        connection, address = super().get_request()
        if self.tls is not None:  # the handshake comes with the first read, in the connection's own thread
            connection = self.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address


class _Handler(http.server.BaseHTTPRequestHandler):
    owner: Stub
    protocol_version = "HTTP/1.1"
    timeout = 20

    def setup(self) -> None:
        super().setup()
        self.owner.connections += 1
        self.number = self.owner.connections
        self.context: Any = None
        self.kind = ""
        self.ready = False

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:
            pass
        finally:
            self.owner.closed.set()

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        stub = self.owner
        stub.headers.append(dict(self.headers.items()))
        given = self.headers.get("Authorization", "")
        kind, _unused, token = given.partition(" ")
        if kind.lower() == "basic" and "Basic" in stub.auth:
            if base64.b64decode(token) != f"{USER}:{PASSWORD}".encode("latin-1"):
                return self._unauthorised()
            self.ready = True
        elif kind and not self.ready:
            stub.requests.append(("token", len(body)))
            return self._step(kind, base64.b64decode(token))
        if not self.ready:
            stub.requests.append(("refused", len(body)))
            return self._unauthorised()
        if not body:
            stub.requests.append(("empty", 0))
            return self._send(stub.login())
        stub.requests.append(("message", len(body)))
        plain = self._open(body)
        message = Message(plain, body, dict(self.headers.items()), self.number)
        stub.messages.append(message)
        if stub.stop_offering:
            return self._unauthorised()
        self._send(stub.answer(message))

    def _unauthorised(self) -> None:
        self.send_response(401)
        for method in self.owner.auth:
            self.send_header("WWW-Authenticate", 'Basic realm="WSMAN"' if method == "Basic" else method)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _step(self, kind: str, token: bytes) -> None:
        if self.context is None:
            self.kind = kind
            negotiate = spnego.server(protocol="negotiate", options=spnego.NegotiateOptions.use_negotiate)
            self.context = (
                spnego.server(protocol="credssp", credssp_negotiate_context=negotiate)
                if kind.lower() == "credssp"
                else negotiate
            )
        try:
            out = self.context.step(token)
        except Exception:
            return self._unauthorised()
        if self.context.complete:
            self.ready = True
            self.owner.requests.append(("login done", 0))
            reply = self.owner.login()
            if out and reply.status == 200:
                reply.headers = {**reply.headers, "WWW-Authenticate": f"{kind} {base64.b64encode(out).decode()}"}
            return self._send(reply)
        self.send_response(401)
        self.send_header("WWW-Authenticate", f"{kind} {base64.b64encode(out or b'').decode()}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _open(self, body: bytes) -> bytes:
        if "encrypted" not in self.headers.get("Content-Type", ""):
            return body
        plain = b""
        parts = body.split(b"--Encrypted Boundary")[1:-1]
        for head, payload in zip(parts[::2], parts[1::2], strict=True):
            data = payload.partition(b"octet-stream\r\n")[2]
            (length,) = struct.unpack("<i", data[:4])
            self.owner.trailers.append(length)
            opened = self.context.unwrap_winrm(data[4 : 4 + length], data[4 + length :])
            assert len(opened) == int(re.search(rb"Length=(\d+)", head)[1])  # type: ignore[index]
            plain += opened
        return plain

    def _seal(self, plain: bytes, spoil: bool) -> tuple[str, bytes]:
        protocol = f"application/HTTP-{'CredSSP' if self.kind.lower() == 'credssp' else 'SPNEGO'}-session-encrypted"
        wrapped = self.context.wrap_winrm(plain)
        data = wrapped.data
        if spoil:
            data = bytes([data[0] ^ 1]) + data[1:]
        body = (
            f"--Encrypted Boundary\r\n\tContent-Type: {protocol}\r\n"
            f"\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length={len(plain)}\r\n"
            "--Encrypted Boundary\r\n\tContent-Type: application/octet-stream\r\n"
        ).encode()
        body += struct.pack("<i", len(wrapped.header)) + wrapped.header + data + b"--Encrypted Boundary--\r\n"
        return f'multipart/encrypted;protocol="{protocol}";boundary="Encrypted Boundary"', body

    def _send(self, reply: Reply) -> None:
        if reply.cut:
            self.close_connection = True
            return
        headers, body = dict(reply.headers), reply.body
        if body and reply.encrypt and not self.owner.tls and self.context is not None and self.context.complete:
            headers["Content-Type"], body = self._seal(body, reply.spoil)
        self.send_response(reply.status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        if reply.close_after:
            self.wfile.flush()
            self.close_connection = True


class Authority:
    """A throwaway certificate authority, writing PEM files into a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Throwaway authority")])
        now = datetime.datetime.now(datetime.timezone.utc)
        self._ca = (
            self._started(self._name, self._key, now - datetime.timedelta(days=900), now + datetime.timedelta(days=900))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.ca_cert = folder / "ca.pem"
        self.ca_cert.write_bytes(self._ca.public_bytes(serialization.Encoding.PEM))

    def _started(self, name: x509.Name, key: Any, start: Any, end: Any) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(end)
        )

    def issue(self, name: str, *, days: tuple[int, int] = (-1, 30)) -> tuple[Path, Path]:
        """Certificate and key for a DNS name or an address; `days`: valid from and until, counted from today."""
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime.now(datetime.timezone.utc)
        try:
            san: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(name))
        except ValueError:
            san = x509.DNSName(name)
        certificate = (
            self._started(
                x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]),
                key,
                now + datetime.timedelta(days=days[0]),
                now + datetime.timedelta(days=days[1]),
            )
            .add_extension(x509.SubjectAlternativeName([san]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        paths = self.folder / f"{name}{days[1]}.pem", self.folder / f"{name}{days[1]}.key"
        paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        paths[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return paths
