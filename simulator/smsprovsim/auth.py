# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is on a connection: Basic, NTLM, Negotiate and CredSSP through pyspnego's acceptor, one context per connection.

Facts: wire A-03, A-08, A-09, A-11, F-20; peers V-13 to V-20. A further scheme (Kerberos) is one more entry of `_OFFERED`
and one more branch of `_new_context`.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import re
import struct
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import spnego
import spnego.tls

# MD4 of the password; pyspnego keeps its function private, and hashlib has MD4 no more.
from spnego._ntlm_raw.crypto import ntowfv1
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import InvalidTokenError, SpnegoError

SCHEMES = ("credssp", "ntlm", "negotiate", "basic")

# What the 401 lists for each (wire F-20). Windows has no scheme of the name NTLM: raw NTLM tokens travel as Negotiate.
_OFFERED = {"credssp": "CredSSP", "ntlm": "Negotiate", "negotiate": "Negotiate", "basic": 'Basic realm="WSMAN"'}

_PROTOCOLS = {
    "ntlm": "application/HTTP-SPNEGO-session-encrypted",
    "negotiate": "application/HTTP-SPNEGO-session-encrypted",
    "credssp": "application/HTTP-CredSSP-session-encrypted",
}

_NTLM = b"NTLMSSP\x00"
_NTLM_AUTHENTICATE = _NTLM + b"\x03\x00\x00\x00"
_PIECE = 16384  # wire A-06
_BOUNDARY = b"--Encrypted Boundary"


@dataclass(frozen=True)
class Account:
    """A domain account. `remote_access` false: it can log in, but WinRM's own access check refuses it (wire H-14)."""

    domain: str
    user: str
    password: str
    remote_access: bool = True

    @property
    def principal(self) -> str:
        """``DOMAIN\\user``, the one spelling by which the rest of the simulator knows it."""
        return f"{self.domain}\\{self.user}"

    @property
    def logon_names(self) -> tuple[str, ...]:
        """The forms in which it may log in; both UPN suffixes are the account's domain."""
        return (self.principal, f"{self.user}@{self.domain}", f"{self.user}@{self.domain}.test")


# Quotes, a dollar and a backslash: whoever passes it on unquoted notices at once.
DEFAULT_ACCOUNT = Account("CONTOSO", "svc-ansible", "P@ss \"w0rd\" `$HOME` 'n' \\ !;&:#%")


class Accounts:
    """The accounts of a server, and the file from which pyspnego's NTLM acceptor reads them (peers V-19)."""

    def __init__(self, accounts: Iterable[Account], path: Path) -> None:
        self.all = tuple(accounts) or (DEFAULT_ACCOUNT,)
        self.path = path
        self._by_name = {name.casefold(): account for account in self.all for name in account.logon_names}
        # smbpasswd form, with the hash: in the plain form a colon in the password voids the line.
        lines = [
            f"{name}:1000:{'0' * 32}:{ntowfv1(account.password).hex().upper()}:[U]:LCT-00000000\n"
            for account in self.all
            for name in account.logon_names
        ]
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
            stream.writelines(lines)

    def find(self, name: str | None) -> Account | None:
        """The account of a logon name, without regard to case."""
        return self._by_name.get((name or "").casefold())

    def check(self, name: str, password: str) -> Account | None:
        """The account, if the password is its own."""
        account = self.find(name)
        if account and hmac.compare_digest(account.password.encode(), password.encode()):
            return account
        return None


class Logins:
    """How often each user logged in and failed to."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.successes: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()

    def count(self, user: str, *, success: bool) -> None:
        """Count one attempt."""
        with self._lock:
            (self.successes if success else self.failures)[user] += 1

    def clear(self) -> None:
        """Begin at zero."""
        with self._lock:
            self.successes.clear()
            self.failures.clear()

    def as_dict(self) -> dict[str, Any]:
        """For `GET /state`."""
        with self._lock:
            return {
                "successes": dict(self.successes),
                "failures": dict(self.failures),
                "total": self.successes.total(),
                "failed": self.failures.total(),
            }


# pyspnego finds the accounts through an environment variable, which belongs to the process; servers may be several.
_environment = threading.RLock()


@contextmanager
def _account_file(path: Path) -> Iterator[None]:
    with _environment:
        before = os.environ.get("NTLM_USER_FILE")
        os.environ["NTLM_USER_FILE"] = str(path)
        try:
            yield
        finally:
            if before is None:
                del os.environ["NTLM_USER_FILE"]
            else:
                os.environ["NTLM_USER_FILE"] = before


_credssp_tls: spnego.tls.CredSSPTLSContext | None = None
_credssp_tls_lock = threading.Lock()


def credssp_tls_context() -> Any:
    """The inner TLS of CredSSP, made once a process: its public key must be RSA, which takes a moment to make."""
    global _credssp_tls
    with _credssp_tls_lock:
        if _credssp_tls is None:
            import tempfile

            certificate, key, public_key = spnego.tls.generate_tls_certificate()
            made = spnego.tls.default_tls_context(usage="accept")
            handle, path = tempfile.mkstemp(suffix=".pem")
            try:
                with os.fdopen(handle, "wb") as stream:
                    stream.write(certificate + key)
                made.context.load_cert_chain(path)
            finally:
                os.unlink(path)
            made.public_key = public_key
            _credssp_tls = made
        return _credssp_tls


def ntlm_user(token: bytes) -> str | None:
    """The name in an NTLM AUTHENTICATE message, wherever in `token` it lies; None if there is none (MS-NLMP 2.2.1.3)."""
    start = token.find(_NTLM_AUTHENTICATE)
    if start < 0 or len(token) < start + 64:
        return None
    message = token[start:]
    codec = "utf-16-le" if struct.unpack_from("<I", message, 60)[0] & 1 else "latin-1"
    domain, user = (_payload(message, at).decode(codec, "replace") for at in (28, 36))
    return f"{domain}\\{user}" if domain else user


def ntlm_channel_binding(token: bytes) -> bytes | None:
    """The channel binding hash in an NTLM AUTHENTICATE message; None if absent or all zero (MS-NLMP 2.2.2.1)."""
    start = token.find(_NTLM_AUTHENTICATE)
    if start < 0 or len(token) < start + 64:
        return None
    pairs = _payload(token[start:], 20)[44:]  # after the 16 byte proof and the 28 byte head of the client challenge
    while len(pairs) >= 4:
        number, length = struct.unpack_from("<HH", pairs)
        if number == 0:
            break
        if number == 10:
            value = pairs[4 : 4 + length]
            return value if any(value) else None
        pairs = pairs[4 + length :]
    return None


def _payload(message: bytes, at: int) -> bytes:
    length, _allocated, offset = struct.unpack_from("<HHI", message, at)
    return message[offset : offset + length]


class _Inner:
    """The context inside CredSSP: NTLM bare or in SPNEGO, as the first token shows. Notes who tried to log in."""

    def __init__(self) -> None:
        self._context: Any = None
        self.user: str | None = None

    def step(self, token: bytes | None = None, **options: Any) -> bytes | None:
        token = token or b""
        if self._context is None:
            self._context = _negotiate_context(token)
        self.user = ntlm_user(token) or self.user
        try:
            answer: bytes | None = self._context.step(token, **options)
        except SpnegoError as error:
            # Whatever is wrong, a login is refused with one status, SEC_E_LOGON_DENIED 0x8009030c (peers V-13).
            raise InvalidTokenError(context_msg=str(error)) from error
        return answer

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["_context"], name)


def _negotiate_context(first_token: bytes) -> Any:
    if first_token.startswith(_NTLM):
        return spnego.server(protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm)
    return spnego.server(protocol="negotiate", options=spnego.NegotiateOptions.use_negotiate)


@dataclass(frozen=True)
class Verdict:
    """What comes of an Authorization header: accepted, a token to send back, or refused (neither).

    Without acceptance the token goes out with a 401; with it, beside the answer (the last word of SPNEGO).
    """

    accepted: bool = False
    token: str | None = None


class StaleContext(Exception):
    """A sealed body that this connection's context cannot open; answered by an empty 400 (wire F-22)."""


class SecurityContext:
    """The authentication state of one TCP connection."""

    def __init__(
        self,
        accounts: Accounts,
        schemes: tuple[str, ...],
        logins: Logins,
        switches: Mapping[str, str],
        channel_binding: bytes | None,
    ) -> None:
        self._accounts = accounts
        self._schemes = schemes
        self._logins = logins
        self._switches = switches
        self._binding = channel_binding  # None: no TLS
        self._context: Any = None
        self._inner: _Inner | None = None
        self._scheme = ""
        self.account: Account | None = None
        self.auth = ""  # scheme by which the account logged in

    @property
    def offers(self) -> list[str]:
        """The WWW-Authenticate values of a first 401, without repetition. Basic is offered over TLS only."""
        usable = [each for each in self._schemes if each != "basic" or self._binding is not None]
        return list(dict.fromkeys(_OFFERED[each] for each in usable))

    def drop(self) -> None:
        """Forget the login, as when HTTP.sys drops an idle connection."""
        self._context = self._inner = self.account = None
        self.auth = ""

    def authenticate(self, header: str) -> Verdict:
        """Take one Authorization header."""
        scheme, _unused, value = header.partition(" ")
        wanted = scheme.lower()
        if wanted == "basic":
            return (
                self._basic(value)
                if "basic" in self._schemes and self._binding is not None
                else self._refuse("basic", None)
            )
        if wanted == "credssp" and "credssp" in self._schemes:
            return self._token(scheme, "credssp", value)
        if wanted in ("negotiate", "ntlm") and ("ntlm" in self._schemes or "negotiate" in self._schemes):
            return self._token(scheme, wanted, value)
        return self._refuse(wanted, None)

    def _basic(self, value: str) -> Verdict:
        try:
            name, _unused, password = base64.b64decode(value, validate=True).decode("utf-8").partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return self._refuse("basic", None)
        account = self._accounts.check(name, password)
        if account is None:
            return self._refuse("basic", name)
        if self.account != account or self.auth != "basic":
            self._logins.count(account.principal, success=True)
        self.account, self.auth, self._context = account, "basic", None
        return Verdict(accepted=True)

    def _token(self, scheme: str, wanted: str, value: str) -> Verdict:
        try:
            token = base64.b64decode(value.strip(), validate=True)
        except binascii.Error:
            return self._refuse(wanted, None)
        if (
            self._context is None
            or self.account is not None
            or self._scheme != wanted
            or token.startswith(_NTLM + b"\x01")
        ):
            self.drop()  # a login begins, perhaps anew on a connection that had one
            self._scheme = wanted
        user = ntlm_user(token)
        try:
            # Tokens come from outside: whatever one breaks, the answer is a 401.
            with _account_file(self._accounts.path):
                if self._context is None:
                    self._context = self._new_context(wanted, token)
                bindings = None if wanted == "credssp" else self._bindings(token)
                answer = self._context.step(token, channel_bindings=bindings) if bindings else self._context.step(token)
        except Exception:
            return self._refuse(wanted, user or (self._inner.user if self._inner else None))
        if self._context.complete:
            return self._complete(wanted, f"{scheme} {base64.b64encode(answer).decode()}" if answer else None)
        if wanted == "credssp" and self._context.get_extra_info("auth_stage") == "Authentication failure":
            # The client is told the reason in one last token (CredSSP 3, 4 and 6; peers V-13).
            self._refuse(wanted, self._inner.user if self._inner else None)
        if answer is None:
            return self._refuse(wanted, user)
        return Verdict(token=f"{scheme} {base64.b64encode(answer).decode()}")

    def _new_context(self, wanted: str, token: bytes) -> Any:
        if wanted == "credssp":
            self._inner = _Inner()
            return spnego.server(
                protocol="credssp", credssp_negotiate_context=self._inner, credssp_tls_context=credssp_tls_context()
            )
        return _negotiate_context(token)

    def _bindings(self, token: bytes) -> GssChannelBindings | None:
        """The channel bindings to hold the client to (wire A-11); raises if strict and the client sent none."""
        mode = self._switches["channel_binding"]  # ASSUMED: channel_binding
        if self._binding is None or mode == "none" or _NTLM_AUTHENTICATE not in token:
            return None
        if ntlm_channel_binding(token) is None:
            if mode == "strict":
                raise PermissionError("no channel binding token")
            return None
        return GssChannelBindings(application_data=self._binding)

    def _complete(self, wanted: str, last_token: str | None) -> Verdict:
        account = self._accounts.find(self._context.client_principal)
        if account is None:
            return self._refuse(wanted, self._context.client_principal)
        self.account = account
        self.auth = wanted
        self._logins.count(account.principal, success=True)
        return Verdict(accepted=True, token=last_token)

    def _refuse(self, scheme: str, user: str | None) -> Verdict:
        account = self._accounts.find(user)
        self._logins.count(account.principal if account else (user or f"({scheme})"), success=False)
        self.drop()
        return Verdict()

    # Message encryption (wire; peers V-20)

    @property
    def can_seal(self) -> bool:
        """Whether there is a session key on this connection."""
        return self.account is not None and self._context is not None

    def open(self, content_type: str, body: bytes) -> bytes:
        """The plain text of a sealed body; raises `StaleContext`."""
        if not self.can_seal:
            raise StaleContext("no security context")
        protocol = re.search(r'protocol="([^"]*)"', content_type)
        boundary = re.search(r'boundary="([^"]*)"', content_type)
        if not protocol or protocol.group(1).lower() != _PROTOCOLS[self.auth].lower():
            raise StaleContext("protocol of another scheme")
        if not boundary or boundary.group(1) != "Encrypted Boundary":
            raise StaleContext("boundary")
        if not body.endswith(_BOUNDARY + b"--\r\n"):
            raise StaleContext("no closing boundary")
        parts = body[: -len(_BOUNDARY) - 4].split(_BOUNDARY + b"\r\n")
        several = content_type.lower().startswith("multipart/x-multi-encrypted")
        if several and self.auth != "credssp":  # wire A-06: the others are never split
            raise StaleContext("pieces")
        if parts[0] or len(parts) % 2 == 0 or len(parts) < 3 or (len(parts) > 3 and not several):
            raise StaleContext("parts")
        plain = b"".join(self._open_part(head, sealed) for head, sealed in zip(parts[1::2], parts[2::2], strict=True))
        return plain

    def _open_part(self, head: bytes, sealed: bytes) -> bytes:
        length = re.search(rb"OriginalContent: *type=[^\r\n]*;Length=(\d+)\r\n", head)
        lead, blank, stream = sealed.partition(b"Content-Type: application/octet-stream\r\n")
        if not length or not blank or lead.strip() or len(stream) < 4:
            raise StaleContext("part headers")
        if self.auth == "credssp" and int(length.group(1)) > _PIECE:  # wire A-06
            raise StaleContext("a piece that is too long")
        size = struct.unpack_from("<I", stream)[0]
        # ASSUMED: credssp_trailer
        if (
            self.auth == "credssp"
            and self._switches["credssp_trailer"] == "strict"
            and size != self._context.query_message_sizes().header
        ):
            raise StaleContext("length of the TLS trailer")
        try:
            plain: bytes = self._context.unwrap_winrm(stream[4 : 4 + size], stream[4 + size :])
        except Exception as error:  # a forged or stale message breaks in many ways, all with one meaning
            raise StaleContext(str(error)) from error
        if len(plain) != int(length.group(1)):
            raise StaleContext("length")
        return plain

    def seal(self, plain: bytes, charset: str) -> tuple[str, bytes]:
        """Content-Type and body of a sealed answer."""
        protocol = _PROTOCOLS[self.auth]
        pieces = [plain]
        kind = "multipart/encrypted"
        if self.auth == "credssp" and len(plain) > _PIECE:
            pieces = [plain[at : at + _PIECE] for at in range(0, len(plain), _PIECE)]
            kind = "multipart/x-multi-encrypted"
        out = []
        for piece in pieces:
            sealed = self._context.wrap_winrm(piece)
            out.append(
                b"%s\r\n\tContent-Type: %s\r\n\tOriginalContent: type=application/soap+xml;charset=%s;Length=%d\r\n"
                b"%s\r\n\tContent-Type: application/octet-stream\r\n%s%s%s"
                % (
                    _BOUNDARY, protocol.encode(), charset.encode(), len(piece) + sealed.padding_length,
                    _BOUNDARY, struct.pack("<I", len(sealed.header)), sealed.header, sealed.data,
                )
            )  # fmt: skip
        out.append(_BOUNDARY + b"--\r\n")
        return f'{kind};protocol="{protocol}";boundary="Encrypted Boundary"', b"".join(out)
