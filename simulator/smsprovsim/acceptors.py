# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The acceptors of logins: NTLM through pyspnego, Kerberos through GSSAPI, and CredSSP with either inside.

Facts: wire A-08; peers V-13, V-17, V-18.
"""

from __future__ import annotations

import os
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import spnego
import spnego.tls
from spnego._credssp import CredSSPProxy
from spnego.exceptions import InvalidTokenError

from . import tokens
from .accounts import LOGON_FAILURE, STATES, Accounts
from .gss import GssAcceptor


class Refused(Exception):
    """A login that is refused; the text is for the test, no client is told."""


@dataclass(frozen=True)
class Means:
    """With what a server can check logins. No keytab: no Kerberos. `gss_ntlm`: NTLM by gss-ntlmssp (peers V-21)."""

    accounts: Accounts
    keytab: Path | None = None
    gss_ntlm: bool = False

    def acceptor(self, token: bytes, *, ntlm: bool, kerberos: bool) -> Any:
        """The acceptor that the first token of a login asks for; raises `Refused` when that is not on offer."""
        mechanism, wrapped = tokens.mechanism(token)
        kerberos = kerberos and self.keytab is not None
        if not mechanism:
            raise Refused("no login token")
        if kerberos and (mechanism == "kerberos" or (wrapped and not ntlm)):
            assert self.keytab is not None
            return GssAcceptor(self.keytab, wrapped=wrapped)
        if not ntlm or mechanism == "kerberos":  # in SPNEGO, too, the ticket comes with the first token
            raise Refused(f"{mechanism} is not on offer")
        if self.gss_ntlm:
            return GssAcceptor(None, wrapped=wrapped)
        if wrapped:
            return spnego.server(protocol="negotiate", options=spnego.NegotiateOptions.use_negotiate)
        return spnego.server(protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm)


_credssp_tls: spnego.tls.CredSSPTLSContext | None = None
_credssp_tls_lock = threading.Lock()


def credssp_tls_context() -> Any:
    """The inner TLS of CredSSP, made once a process: its public key must be RSA, which takes a moment to make."""
    global _credssp_tls
    with _credssp_tls_lock:
        if _credssp_tls is None:
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


class _LogonDenied(InvalidTokenError):  # type: ignore[misc]
    """What ends a login inside CredSSP: SEC_E_LOGON_DENIED (peers V-13), or the NTSTATUS of the reason."""

    def __init__(self, reason: str, status: int | None) -> None:
        super().__init__(context_msg=reason)
        self._status = status

    @property
    def nt_status(self) -> int:
        """What goes into the errorCode of the last token."""
        return super().nt_status if self._status is None else self._status


class CredSSPInner:
    """The context inside CredSSP: NTLM or Kerberos, bare or in SPNEGO, as the first token shows. Notes who it was."""

    def __init__(self, means: Means, *, detailed: bool) -> None:
        self._means = means
        self._detailed = detailed  # tell the client why, as MS-CSSP 2.2.1 has it
        self._context: Any = None
        self.user: str | None = None
        self.reason = ""

    def step(self, token: bytes | None = None, **options: Any) -> bytes | None:
        """One step; raises an error of pyspnego's, whatever was wrong."""
        token = token or b""
        self.user = tokens.ntlm_user(token) or self.user
        try:
            if self._context is None:
                self._context = self._means.acceptor(token, ntlm=True, kerberos=True)
            answer: bytes | None = self._context.step(token, **options)
        except Exception as error:
            raise self._denied(str(error), LOGON_FAILURE) from error
        if self._context.complete:
            account = self._means.accounts.find(self._context.client_principal)
            if account is not None and account.state:
                raise self._denied(account.state, STATES[account.state])
        return answer

    def _denied(self, reason: str, status: int) -> _LogonDenied:
        self.reason = reason
        # ASSUMED: credssp_error_code
        return _LogonDenied(reason, status if self._detailed else None)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["_context"], name)


class CredSSPAcceptor(CredSSPProxy):  # type: ignore[misc]
    """pyspnego's acceptor, speaking a version of the protocol that a host of that age would speak."""

    def __init__(self, inner: CredSSPInner, *, version: int, minimum: int) -> None:
        super().__init__(
            usage="accept",
            credssp_negotiate_context=inner,
            credssp_tls_context=credssp_tls_context(),
            credssp_min_protocol=minimum,
        )
        self.inner = inner
        self._spoken = version

    def _yield_ts_request(self, ts_request: Any, context_msg: str) -> Any:
        ts_request.version = min(ts_request.version, self._spoken)
        return super()._yield_ts_request(ts_request, context_msg)

    @property
    def mechanism(self) -> str:
        """The mechanism inside."""
        return str(self.inner.negotiated_protocol or "")

    @property
    def failed(self) -> bool:
        """Whether the last token told the client that its login failed (versions 3, 4 and 6; peers V-13)."""
        return bool(self.get_extra_info("auth_stage") == "Authentication failure")
