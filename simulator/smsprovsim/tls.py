# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A throwaway certificate authority and the server's certificate, new for every start.

EC P-256 keys, because they are made in a millisecond; SHA-256 signatures, so that the channel binding
``tls-server-end-point`` can be computed by every client (wire A-11).
"""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import os
import ssl
import tempfile
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SERVER_NAMES = ("localhost", "cm01.contoso.test", "cmprov.corp.example")


@dataclass(frozen=True)
class ServerIdentity:
    """The TLS side of a listener: context for sockets, the CA as PEM, and the binding its certificate gives."""

    context: ssl.SSLContext
    ca_pem: bytes
    channel_binding: bytes  # application data of the GSS channel bindings


def _certificate(
    subject: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    ca: bool,
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.timezone.utc)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=0 if ca else None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True, key_cert_sign=ca, crl_sign=ca, content_commitment=False, key_encipherment=False,
                data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
            ),
            critical=True,
        )
    )  # fmt: skip
    if not ca:
        names: list[x509.GeneralName] = [x509.DNSName(each) for each in SERVER_NAMES]
        names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def make_identity() -> ServerIdentity:
    """Make a CA and a server certificate, and forget the CA's key."""
    ca_key = ec.generate_private_key(ec.SECP256R1())
    key = ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Throwaway CA of the simulated SMS Provider")])
    ca = _certificate("Throwaway CA of the simulated SMS Provider", ca_key, ca_name, ca_key, ca=True)
    server = _certificate("cm01.contoso.test", key, ca_name, ca_key, ca=False)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    chain = server.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    handle, path = tempfile.mkstemp(suffix=".pem")  # mode 0600; the ssl module loads keys from files only
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(chain)
        context.load_cert_chain(path)
    finally:
        os.unlink(path)
    digest = hashlib.sha256(server.public_bytes(serialization.Encoding.DER)).digest()
    return ServerIdentity(context, ca.public_bytes(serialization.Encoding.PEM), b"tls-server-end-point:" + digest)
