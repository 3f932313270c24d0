# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logins accepted by the system's GSSAPI: Kerberos with a keytab, NTLM by gss-ntlmssp, bare or in SPNEGO.

Needs the package gssapi. gss-ntlmssp is a plug-in that others wrote in C, a second witness of NTLM: it reads the accounts
from the file that NTLM_USER_FILE names, in the form that pyspnego's acceptor reads, too.

Facts: wire A-04, A-05, A-11; peers V-17, V-20, V-21.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_MECHANISMS = {"kerberos": "1.2.840.113554.1.2.2", "ntlm": "1.3.6.1.4.1.311.2.2.10"}
_SPNEGO = "1.3.6.1.5.5.2"
_SIGNATURE = 16  # bytes of NTLM's signature (peers V-20)
_CHANNEL_BOUND = 2048  # GSS_C_CHANNEL_BOUND_FLAG


class GssMissing(ValueError):
    """The Python package gssapi, or something it needs, is not there."""


def load() -> Any:
    """The package gssapi; raises `GssMissing`."""
    try:
        return importlib.import_module("gssapi")
    except ImportError as error:
        raise GssMissing(f"Kerberos needs the Python package gssapi: {error}") from error


def load_ntlm() -> Any:
    """The package gssapi, which knows gss-ntlmssp; raises `GssMissing`."""
    gss = load()
    if gss.OID.from_int_seq(_MECHANISMS["ntlm"]) not in gss.raw.indicate_mechs():
        raise GssMissing("GSSAPI knows no NTLM: gss-ntlmssp is not installed (Debian: gss-ntlmssp)")
    return gss


@dataclass(frozen=True)
class Sealed:
    """A sealed message in the parts that WinRM sends (wire A-05)."""

    header: bytes
    data: bytes
    padding_length: int = 0


@dataclass(frozen=True)
class _Plain:
    data: bytes


class GssAcceptor:
    """One login. With a keytab by Kerberos, and its keys decide which services it answers for; without one by NTLM."""

    def __init__(self, keytab: Path | None, *, wrapped: bool) -> None:
        self._gss = load() if keytab else load_ntlm()
        self.negotiated_protocol = "kerberos" if keytab else "ntlm"
        store = {"keytab": str(keytab)} if keytab else None
        only = self._gss.OID.from_int_seq(_MECHANISMS[self.negotiated_protocol])
        mechanism = self._gss.OID.from_int_seq(_SPNEGO) if wrapped else only
        credentials = self._gss.Credentials(usage="accept", mechs=[mechanism], store=store)
        if wrapped:
            self._gss.raw.set_neg_mechs(credentials, [only])  # other mechanisms have acceptors of their own
        self._credentials = credentials
        self._context: Any = None

    def step(self, token: bytes, *, channel_bindings: Any = None) -> bytes | None:
        """Take a token of the client, and give the one to send back; raises what GSSAPI raises."""
        if self._context is None:
            more = {}
            if channel_bindings is not None:
                more["channel_bindings"] = self._gss.raw.ChannelBindings(
                    application_data=channel_bindings.application_data
                )
            self._context = self._gss.SecurityContext(creds=self._credentials, usage="accept", **more)
            # An error comes at once, and not with the next use. The client learns no more than from any refused login.
            self._context.__DEFER_STEP_ERRORS__ = False
        answer: bytes | None = self._context.step(token)
        return answer

    @property
    def complete(self) -> bool:
        """Whether the client is known."""
        return self._context is not None and bool(self._context.complete)

    @property
    def client_principal(self) -> str:
        """``user@REALM``, or ``DOMAIN\\user``."""
        return str(self._context.initiator_name).rstrip("\0").lstrip("\\")

    @property
    def channel_bound(self) -> bool:
        """Whether the client sent the right channel binding. A wrong one never gets here."""
        return self.negotiated_protocol == "ntlm" or bool(int(self._context.actual_flags) & _CHANNEL_BOUND)

    @property
    def delegated(self) -> bool:
        """Whether the client handed over a ticket to go on with."""
        return self.negotiated_protocol == "kerberos" and self._context.delegated_creds is not None

    def wrap_winrm(self, plain: bytes) -> Sealed:
        """Seal one message, in the parts that WinRM sends."""
        raw = self._gss.raw
        if self.negotiated_protocol == "ntlm":
            message = self.wrap(plain).data
            return Sealed(message[:_SIGNATURE], message[_SIGNATURE:])
        kind = raw.IOVBufferType
        parts = raw.IOV(kind.header, plain, kind.padding, std_layout=False)
        raw.wrap_iov(self._context, parts, confidential=True)
        header, data, padding = (part.value or b"" for part in parts)
        return Sealed(header, data + padding, len(padding))

    def unwrap_winrm(self, header: bytes, data: bytes) -> bytes:
        """Open one message; raises what GSSAPI raises."""
        if self.negotiated_protocol == "ntlm":
            return self.unwrap(header + data).data
        raw = self._gss.raw
        kind = raw.IOVBufferType
        parts = raw.IOV((kind.header, False, header), data, kind.data, std_layout=False)
        raw.unwrap_iov(self._context, parts)
        return bytes(parts[1].value or b"")

    # What CredSSP asks of the context inside it.

    def wrap(self, plain: bytes) -> _Plain:
        """Seal one message in GSSAPI's own form."""
        return _Plain(self._gss.raw.wrap(self._context, plain, confidential=True).message)

    def unwrap(self, sealed: bytes) -> _Plain:
        """Open one message in GSSAPI's own form."""
        return _Plain(self._gss.raw.unwrap(self._context, sealed).message)
