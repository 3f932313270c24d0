# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is on a connection: Basic, NTLM, Kerberos, Negotiate and CredSSP, one context per connection.

Facts: wire A-03, A-04, A-08, A-09, A-11, F-20; peers V-13 to V-20.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spnego.channel_bindings import GssChannelBindings

from . import tokens
from .acceptors import CredSSPAcceptor, CredSSPInner, Means, Refused, credssp_tls_context
from .accounts import DEFAULT_ACCOUNT, Account, Accounts, Logins, account_file
from .gss import GssAcceptor
from .sealing import Seal, StaleContext
from .tls import ClientCertificates

__all__ = [
    "DEFAULT_ACCOUNT", "SCHEMES", "Account", "Accounts", "Logins", "Means", "SecurityContext", "StaleContext", "Verdict",
    "credssp_tls_context",
]  # fmt: skip

SCHEMES = ("credssp", "kerberos", "ntlm", "negotiate", "certificate", "basic")

# What stands in the Authorization header of a client that shows a certificate (wire A-10).
_MUTUAL = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"

# What the 401 lists for each (wire F-20). Windows has no scheme of the name NTLM: raw NTLM tokens travel as Negotiate,
# and so may Kerberos tokens.
_OFFERED = {
    "credssp": ("CredSSP",),
    "kerberos": ("Negotiate", "Kerberos"),
    "ntlm": ("Negotiate",),
    "negotiate": ("Negotiate",),
    "certificate": (),
    "basic": ('Basic realm="WSMAN"',),
}


@dataclass(frozen=True)
class Verdict:
    """What comes of an Authorization header: accepted, a token to send back, or refused (neither).

    Without acceptance the token goes out with a 401; with it, beside the answer (the last word of SPNEGO).
    """

    accepted: bool = False
    token: str | None = None
    status: int = 401  # of a refusal


class SecurityContext:
    """The authentication state of one TCP connection."""

    def __init__(
        self,
        means: Means,
        schemes: tuple[str, ...],
        logins: Logins,
        switches: Mapping[str, str],
        channel_binding: bytes | None,
        certificate: bytes | None = None,
        certificates: ClientCertificates | None = None,
    ) -> None:
        self._means = means
        self._accounts = means.accounts
        self._schemes = schemes
        self._logins = logins
        self._switches = switches
        self._binding = channel_binding  # None: no TLS
        self._certificate = certificate  # of the client, DER
        self._certificates = certificates
        self._ntlm = "ntlm" in schemes or "negotiate" in schemes
        self._kerberos = "kerberos" in schemes or "negotiate" in schemes
        self._context: Any = None
        self._scheme = ""
        self.account: Account | None = None
        self.auth = ""  # scheme by which the account logged in
        self.mechanism = ""  # what was behind the scheme: ntlm, kerberos or basic
        self.delegated = False  # whether the client handed over a credential to go on with

    @property
    def offers(self) -> list[str]:
        """The WWW-Authenticate values of a first 401, without repetition. Basic is offered over TLS only."""
        usable = [each for each in self._schemes if each != "basic" or self._binding is not None]
        return list(dict.fromkeys(offer for each in usable for offer in _OFFERED[each]))

    def drop(self) -> None:
        """Forget the login, as when HTTP.sys drops an idle connection."""
        self._context = self.account = None
        self.auth = self.mechanism = ""
        self.delegated = False

    def authenticate(self, header: str) -> Verdict:
        """Take one Authorization header."""
        scheme, _unused, value = header.partition(" ")
        wanted = scheme.lower()
        if wanted == "basic" and "basic" in self._schemes and self._binding is not None:
            return self._basic(value)
        if header.strip().lower() == _MUTUAL and "certificate" in self._schemes:
            return self._mutual()
        taken = {
            "credssp": "credssp" in self._schemes,
            "kerberos": "kerberos" in self._schemes,
            "negotiate": self._ntlm or self._kerberos,
            "ntlm": self._ntlm,
        }
        if taken.get(wanted):
            return self._token(scheme, wanted, value)
        return self._refuse(wanted, None, "not on offer")

    def _basic(self, value: str) -> Verdict:
        try:
            name, _unused, password = base64.b64decode(value, validate=True).decode("utf-8").partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return self._refuse("basic", None, "not readable")
        account = self._accounts.check(name, password)
        if account is None or account.state:
            return self._refuse("basic", name, account.state if account else "wrong password or unknown user")
        if self.account != account or self.auth != "basic":
            self._logins.success(account.principal)
        self._context = None
        self.account, self.auth, self.mechanism, self.delegated = account, "basic", "basic", False
        return Verdict(accepted=True)

    def _mutual(self) -> Verdict:
        """A client certificate, which is mapped to an account (wire A-10)."""
        if self._certificate is None or self._certificates is None:
            return self._refuse("certificate", None, "no certificate")
        try:
            name = self._certificates.name(self._certificate)
        except ValueError as error:
            self._refuse("certificate", None, str(error))
            return Verdict(status=int(self._switches["certificate_refusal"]))  # ASSUMED: certificate_refusal
        account = self._accounts.find(name)
        if account is None or account.state:
            return self._refuse("certificate", name or None, account.state if account else "mapped to no account")
        if self.account != account or self.auth != "certificate":
            self._logins.success(account.principal)
        self._context = None
        self.account, self.auth, self.mechanism, self.delegated = account, "certificate", "certificate", False
        return Verdict(accepted=True)

    def _token(self, scheme: str, wanted: str, value: str) -> Verdict:
        try:
            token = base64.b64decode(value.strip(), validate=True)
        except binascii.Error:
            return self._refuse(wanted, None, "not readable")
        if self._context is None or self.account is not None or self._scheme != wanted or tokens.is_ntlm_begin(token):
            self.drop()  # a login begins, perhaps anew on a connection that had one
            self._scheme = wanted
        user = tokens.ntlm_user(token)
        try:
            # Tokens come from outside: whatever one breaks, the answer is a 401.
            with account_file(self._accounts.path):
                if self._context is None:
                    self._context = self._new_context(wanted, token)
                bindings = self._bindings(token)
                answer = self._context.step(token, channel_bindings=bindings) if bindings else self._context.step(token)
        except Exception as error:
            return self._refuse(wanted, user or self._inner_user(), f"{type(error).__name__}: {error}")
        if self._context.complete:
            return self._complete(wanted, f"{scheme} {base64.b64encode(answer).decode()}" if answer else None)
        if isinstance(self._context, CredSSPAcceptor) and self._context.failed:
            # The client is told the reason in one last token (CredSSP 3, 4 and 6; peers V-13).
            self._refuse(wanted, self._inner_user(), self._context.inner.reason)
        if answer is None:
            return self._refuse(wanted, user or self._inner_user(), "no answer to this token")
        return Verdict(token=f"{scheme} {base64.b64encode(answer).decode()}")

    def _new_context(self, wanted: str, token: bytes) -> Any:
        if wanted == "credssp":
            detailed = self._switches["credssp_error_code"] == "reason"
            return CredSSPAcceptor(
                CredSSPInner(self._means, detailed=detailed),
                # ASSUMED: credssp_version, credssp_minimum_version
                version=int(self._switches["credssp_version"]),
                minimum=int(self._switches["credssp_minimum_version"]),
            )
        return self._means.acceptor(token, ntlm=self._ntlm and wanted != "kerberos", kerberos=self._kerberos)

    def _inner_user(self) -> str | None:
        return self._context.inner.user if isinstance(self._context, CredSSPAcceptor) else None

    def _bindings(self, token: bytes) -> GssChannelBindings | None:
        """The channel bindings to hold the client to (wire A-11); raises if strict and the client's NTLM has none."""
        mode = self._switches["channel_binding"]  # ASSUMED: channel_binding
        if self._binding is None or mode == "none" or isinstance(self._context, CredSSPAcceptor):
            return None
        if self._context.negotiated_protocol == "kerberos":
            return GssChannelBindings(application_data=self._binding)
        if tokens.is_ntlm_end(token):
            if tokens.ntlm_channel_binding(token) is None:
                if mode == "strict":
                    raise Refused("no channel binding token")
                return None
        elif not isinstance(self._context, GssAcceptor):  # GSSAPI wants them from the first step on
            return None
        return GssChannelBindings(application_data=self._binding)

    def _complete(self, wanted: str, last_token: str | None) -> Verdict:
        context = self._context
        account = self._accounts.find(context.client_principal)
        if account is None or account.state:
            return self._refuse(wanted, context.client_principal, account.state if account else "unknown user")
        if isinstance(context, GssAcceptor):
            unbound = self._binding is not None and not context.channel_bound
            if unbound and self._switches["channel_binding"] == "strict":
                return self._refuse(wanted, context.client_principal, "no channel binding token")
        self.account = account
        self.auth = wanted
        if isinstance(context, CredSSPAcceptor):
            self.mechanism, self.delegated = context.mechanism, True
        else:
            self.mechanism = str(context.negotiated_protocol)
            self.delegated = isinstance(context, GssAcceptor) and context.delegated
        self._logins.success(account.principal)
        return Verdict(accepted=True, token=last_token)

    def _refuse(self, scheme: str, user: str | None, reason: str) -> Verdict:
        account = self._accounts.find(user)
        self._logins.failure(account.principal if account else (user or f"({scheme})"), scheme, reason)
        self.drop()
        return Verdict()

    # Message encryption

    def _seal(self) -> Seal:
        if self.account is None or self._context is None:
            raise StaleContext("no security context")
        return Seal(self.auth, self._context, self._switches["credssp_trailer"] == "strict")

    def open(self, content_type: str, body: bytes) -> bytes:
        """The plain text of a sealed body; raises `StaleContext`."""
        return self._seal().open(content_type, body)

    def seal(self, plain: bytes, charset: str) -> tuple[str, bytes]:
        """Content-Type and body of a sealed answer."""
        return self._seal().seal(plain, charset)
