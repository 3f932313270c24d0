# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told of a host's certificate, and that it is told before any credential leaves."""

from __future__ import annotations

import datetime
import socket
import ssl
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._wsman import certificates
from ansible_collections.configmgr.content.plugins.module_utils._wsman.endpoint import Endpoint
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from smsprovsim.tls import CERTIFICATES, CLIENT_CERTIFICATES

from .conftest import MakeVisitor

NAME = "localhost"


def issue(folder: Path, first: int, last: int) -> tuple[Path, Path]:
    """A self-signed certificate that is valid from and until these days, counted from today, with its key; and alone."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + datetime.timedelta(days=first))
        .not_valid_after(now + datetime.timedelta(days=last))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    alone = folder / "certificate.pem"
    alone.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    both = folder / "both.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    both.write_bytes(alone.read_bytes() + private)
    return alone, both


@contextmanager
def tls_listener(both: Path) -> Iterator[int]:
    """Something that shakes hands and says no more; its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                plain, _unused = listener.accept()
            except OSError:
                return
            try:
                context.wrap_socket(plain, server_side=True).close()
            except OSError:
                plain.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


@pytest.mark.parametrize(
    ("first", "last", "told"), [(-30, -1, "has expired"), (2, 30, "is not valid yet")], ids=["expired", "not yet"]
)
def test_a_certificate_out_of_its_time(visit: MakeVisitor, tmp_path: Path, first: int, last: int, told: str) -> None:
    visitor = visit()
    alone, both = issue(tmp_path, first, last)
    with tls_listener(both) as port:
        report = visitor.check(provider=NAME, port=port, ca_cert=str(alone))
    assert report.failed == ["tls"]
    assert told in report.message
    until = datetime.date.today() + datetime.timedelta(days=last)
    assert f"{until:%Y-%m}" in report.by_name["tls"]["seen"]
    assert "clock" in report.result["next_step"]
    assert visitor.server.logins["total"] == 0


def test_a_certificate_that_signs_itself(visit: MakeVisitor, tmp_path: Path) -> None:
    _alone, both = issue(tmp_path, -1, 30)
    with tls_listener(both) as port:
        report = visit().check(provider=NAME, port=port, ca_cert=None)
    assert report.failed == ["tls"]
    assert "signed by itself" in report.by_name["tls"]["seen"]
    assert report.result["certificate"]["self_signed"] is True


def test_without_the_library_that_reads_certificates(visit: MakeVisitor, monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes with the login libraries; where those are missing, TLS is checked all the same."""
    visitor = visit()
    monkeypatch.setitem(sys.modules, "cryptography", None)
    endpoint: Endpoint = visitor.means().endpoint
    shown = certificates.look(endpoint, "127.0.0.1")
    assert (shown.problem, shown.certificate) == (None, None)
    assert shown.version.startswith("TLS")


def test_bytes_that_are_no_certificate() -> None:
    assert certificates.read(b"hello") is None


def test_behind_a_proxy_only_the_login_is_seen(visit: MakeVisitor) -> None:
    """The proxy refuses; what cannot be seen from here is skipped, and does not stand in the way."""
    visitor = visit()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed = f"http://user:hidden-word@127.0.0.1:{listener.getsockname()[1]}"
    report = visitor.check(proxy=closed)
    assert report.failed == ["login"]
    assert [report.status(name) for name in ("name", "port", "tls", "service", "offer")] == ["skipped"] * 5
    assert "The proxy 127.0.0.1 did not connect us" in report.message
    assert "hidden-word" not in report.text()


HOSTS_CERTIFICATES = {
    "expired": "has expired",
    "not_yet_valid": "is not valid yet",
    "wrong_name": "is for another name",
    "untrusted": "an authority that is not trusted",
    "self_signed": "an authority that is not trusted",
}


@pytest.mark.parametrize("kind", [each for each in CERTIFICATES if each != "good"])
def test_what_is_wrong_with_the_certificate_of_a_host(visit: MakeVisitor, kind: str) -> None:
    visitor = visit(tls=kind)
    report = visitor.check()
    assert report.failed == ["tls"]
    assert HOSTS_CERTIFICATES[kind] in report.message
    assert report.result["certificate"]["trusted"] is False
    assert visitor.server.logins["total"] == visitor.server.logins["failed"] == 0


@pytest.mark.parametrize("kind", CLIENT_CERTIFICATES)
def test_logging_in_with_a_certificate(visit: MakeVisitor, kind: str) -> None:
    visitor = visit(auth=("certificate",))
    made = visitor.server.client_certificate(kind=kind)
    report = visitor.check(auth="certificate", password="", client_cert=made.cert, client_key=made.key)
    assert report.failed == ([] if kind == "good" else ["login"])
    # Nothing before the login shows who asks.
    assert report.status("tls") == report.status("service") == "ok"
    assert visitor.server.logins["total"] == (kind == "good")
