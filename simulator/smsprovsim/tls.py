# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A throwaway certificate authority, the server's certificate and those of clients, new for every start.

EC P-256 keys, because they are made in a millisecond; SHA-256 signatures, so that the channel binding
``tls-server-end-point`` can be computed by every client (wire A-11). Client certificates: wire A-10, F-21.
"""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import os
import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SERVER_NAMES = ("localhost", "cm01.contoso.test", "cmprov.corp.example")
# What can be wrong with the server's certificate.
CERTIFICATES = ("good", "expired", "not_yet_valid", "wrong_name", "untrusted", "self_signed")
# What can be wrong with a client's: `unmapped` is good, but belongs to no account.
CLIENT_CERTIFICATES = ("good", "expired", "not_yet_valid", "untrusted", "unmapped")

_PERIODS = {"expired": (-60, -30), "not_yet_valid": (30, 60)}  # days from now
_NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME: the answer to an expired one is an HTTP status, no TLS alert
_UPN = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")


class _Authority:
    """A certificate authority with its key."""

    def __init__(self, name: str) -> None:
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self._sign(self.name, self.key, "good", ca=True)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def issue(
        self, subject: str, key: ec.EllipticCurvePrivateKey, kind: str, names: list[x509.GeneralName], *, client: bool
    ) -> x509.Certificate:
        """A certificate for a server or a client, with the period that `kind` has."""
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
        usage = ExtendedKeyUsageOID.CLIENT_AUTH if client else ExtendedKeyUsageOID.SERVER_AUTH
        more: list[x509.ExtensionType] = [x509.SubjectAlternativeName(names), x509.ExtendedKeyUsage([usage])]
        return self._sign(name, key, kind, ca=False, more=more)

    def _sign(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        kind: str,
        *,
        ca: bool,
        more: list[x509.ExtensionType] | None = None,
    ) -> x509.Certificate:
        now = datetime.datetime.now(datetime.timezone.utc)
        begins, ends = _PERIODS.get(kind, (-1, 30))
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + datetime.timedelta(days=begins))
            .not_valid_after(now + datetime.timedelta(days=ends))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=0 if ca else None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
            .add_extension(
                x509.KeyUsage(
                    digital_signature=True, key_cert_sign=ca, crl_sign=ca, content_commitment=False, key_encipherment=False,
                    data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
                ),
                critical=True,
            )
        )  # fmt: skip
        for extension in more or ():
            builder = builder.add_extension(extension, critical=False)
        return builder.sign(self.key, hashes.SHA256())


@dataclass(frozen=True)
class ClientCertificate:
    """Paths of a client's certificate and key, both PEM."""

    cert: str
    key: str


class ClientCertificates:
    """Issues certificates to clients, and knows to whom each belongs."""

    def __init__(self, authority: _Authority) -> None:
        self._authority = authority
        self._stranger = _Authority("An authority that the simulated SMS Provider does not trust")
        self._names: dict[bytes, str] = {}

    @property
    def known_pem(self) -> bytes:
        """The authorities that TLS lets pass; the second one is refused afterwards, with an HTTP status."""
        return self._authority.pem + self._stranger.pem

    def issue(self, folder: Path, name: str, kind: str, password: str) -> ClientCertificate:
        """Write a certificate for the account of this logon name, with the key encrypted if a password is given."""
        if kind not in CLIENT_CERTIFICATES:
            raise ValueError(f"a client's certificate is one of {', '.join(CLIENT_CERTIFICATES)}, not {kind!r}")
        key = ec.generate_private_key(ec.SECP256R1())
        authority = self._stranger if kind == "untrusted" else self._authority
        # The mapping of WinRM goes by the UPN: a UTF8String in DER.
        upn = x509.OtherName(_UPN, b"\x0c" + bytes([len(name.encode())]) + name.encode())
        made = authority.issue(name, key, kind, [upn], client=True)
        if kind != "unmapped":
            self._names[made.public_bytes(serialization.Encoding.DER)] = name
        number = len(list(folder.glob("client*.pem"))) + 1
        paths = ClientCertificate(str(folder / f"client{number}.pem"), str(folder / f"client{number}.key"))
        Path(paths.cert).write_bytes(made.public_bytes(serialization.Encoding.PEM))
        with open(os.open(paths.key, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as stream:
            stream.write(_pem(key, password))
        return paths

    def name(self, certificate: bytes) -> str:
        """The logon name to which a certificate (DER) is mapped, empty if to none; raises `ValueError` for a bad one."""
        read = x509.load_der_x509_certificate(certificate)
        if read.issuer != self._authority.name:
            raise ValueError("issued by an authority that is not trusted")
        now = datetime.datetime.now(datetime.timezone.utc)
        if not read.not_valid_before_utc <= now <= read.not_valid_after_utc:
            raise ValueError("not valid at this time")
        return self._names.get(certificate, "")


@dataclass(frozen=True)
class ServerIdentity:
    """The TLS side of a listener: context for sockets, the CA as PEM, and the binding its certificate gives."""

    context: ssl.SSLContext
    ca_pem: bytes
    channel_binding: bytes  # application data of the GSS channel bindings
    clients: ClientCertificates


def _pem(key: ec.EllipticCurvePrivateKey, password: str = "") -> bytes:
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password:
        encryption = serialization.BestAvailableEncryption(password.encode())
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


def make_identity(kind: str = "good", *, ask_clients: bool = False) -> ServerIdentity:
    """Make a CA and a server certificate. `ca_pem` is what a client is given to trust, also where that is the wrong one."""
    if kind not in CERTIFICATES:
        raise ValueError(f"the server's certificate is one of {', '.join(CERTIFICATES)}, not {kind!r}")
    trusted = _Authority("Throwaway CA of the simulated SMS Provider")
    issuer = _Authority("Another CA of the simulated SMS Provider") if kind == "untrusted" else trusted
    subject = "wrong.contoso.test" if kind == "wrong_name" else "cm01.contoso.test"
    names: list[x509.GeneralName] = [x509.DNSName(subject)]
    if kind != "wrong_name":
        names = [x509.DNSName(each) for each in SERVER_NAMES]
        names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    if kind == "self_signed":
        issuer = _Authority(subject)
        key = issuer.key
    else:
        key = ec.generate_private_key(ec.SECP256R1())
    server = issuer.issue(subject, key, kind, names, client=False)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    handle, path = tempfile.mkstemp(suffix=".pem")  # mode 0600; the ssl module loads keys from files only
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(server.public_bytes(serialization.Encoding.PEM) + _pem(key))
        context.load_cert_chain(path)
    finally:
        os.unlink(path)
    clients = ClientCertificates(trusted)
    if ask_clients:
        context.verify_mode = ssl.CERT_OPTIONAL
        context.load_verify_locations(cadata=clients.known_pem.decode())
        context.verify_flags |= ssl.VerifyFlags(_NO_CHECK_TIME)
    digest = hashlib.sha256(server.public_bytes(serialization.Encoding.DER)).digest()
    return ServerIdentity(context, trusted.pem, b"tls-server-end-point:" + digest, clients)
