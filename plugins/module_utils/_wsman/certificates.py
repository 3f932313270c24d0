# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificate that a host shows, whether it is trusted or not. No credential is sent, and no message."""

from __future__ import annotations

import hashlib
import socket
import ssl
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from . import diagnosis
from .endpoint import Endpoint, tls_context
from .errors import CannotConnect


@dataclass(frozen=True)
class Certificate:
    """What a host's certificate says of itself. Times in UTC."""

    subject: str
    names: tuple[str, ...]
    issuer: str
    self_signed: bool
    not_before: datetime
    not_after: datetime
    fingerprint: str  # SHA-256 of the whole certificate, in hexadecimal

    def days_left(self, now: datetime) -> float:
        """Days until it expires; negative once it has."""
        return (self.not_after - now).total_seconds() / 86400.0


@dataclass(frozen=True)
class Shown:
    """What came of a TLS handshake: the certificate if it could be read, and why it is not trusted (None if it is)."""

    version: str = ""
    certificate: Certificate | None = None
    problem: CannotConnect | None = None


def look(endpoint: Endpoint, address: str) -> Shown:
    """Shake hands with the host as a login would, and read its certificate. Raises CannotConnect where ca_cert is of no use."""
    context = tls_context(endpoint, identify=False)
    try:
        version, raw = _handshake(endpoint, address, context)
        return Shown(version, read(raw))
    except OSError as problem:  # ssl.SSLError is one
        told = diagnosis.connection_refused(
            problem, endpoint.provider, endpoint.port, secured=False, connected=True, proxy=None
        )
    return Shown(certificate=_shown_to_anybody(endpoint, address), problem=told)


def _shown_to_anybody(endpoint: Endpoint, address: str) -> Certificate | None:
    """The certificate of a host that is not trusted, to say who signed it. The connection is closed at once."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        _version, raw = _handshake(endpoint, address, context)
    except OSError:
        return None
    return read(raw)


def _handshake(endpoint: Endpoint, address: str, context: ssl.SSLContext) -> tuple[str, bytes]:
    plain = socket.create_connection((address, endpoint.port), endpoint.connect_timeout)
    with plain, context.wrap_socket(plain, server_hostname=endpoint.provider) as secured:
        return secured.version() or "", secured.getpeercert(binary_form=True) or b""


def read(raw: bytes) -> Certificate | None:
    """A certificate in DER form; None where `cryptography`, which comes with the login libraries, is not there or cannot read it."""
    try:
        from cryptography import x509
    except ImportError:
        return None
    try:
        found = x509.load_der_x509_certificate(raw)
        return Certificate(
            subject=_common_name(found.subject),
            names=_names(found),
            issuer=_common_name(found.issuer),
            self_signed=found.issuer == found.subject,
            not_before=_moment(found, "not_valid_before"),
            not_after=_moment(found, "not_valid_after"),
            fingerprint=hashlib.sha256(raw).hexdigest().upper(),
        )
    except ValueError:
        return None


def _common_name(name: Any) -> str:
    """The name a person would call it by: its common name, otherwise all of it."""
    from cryptography.x509.oid import NameOID

    found = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else str(name.rfc4514_string())


def _names(certificate: Any) -> tuple[str, ...]:
    """The DNS names and addresses it is for."""
    from cryptography import x509

    try:
        alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(
        [str(each) for each in alternative.get_values_for_type(x509.DNSName)]
        + [str(each) for each in alternative.get_values_for_type(x509.IPAddress)]
    )


def _moment(certificate: Any, name: str) -> datetime:
    """One of its dates; older versions of the library have them without zone, in UTC."""
    found: datetime | None = getattr(certificate, f"{name}_utc", None)
    return found if found is not None else getattr(certificate, name).replace(tzinfo=timezone.utc)
