# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logins accepted by the system's GSSAPI: Kerberos with a keytab, bare or in SPNEGO. Needs the package gssapi.

Facts: wire A-04, A-05, A-11; peers V-17, V-20, V-21.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_KERBEROS = "1.2.840.113554.1.2.2"
_SPNEGO = "1.3.6.1.5.5.2"
_CHANNEL_BOUND = 2048  # GSS_C_CHANNEL_BOUND_FLAG


class GssMissing(ValueError):
    """The Python package gssapi, or something it needs, is not there."""


def load() -> Any:
    """The package gssapi; raises `GssMissing`."""
    try:
        return importlib.import_module("gssapi")
    except ImportError as error:
        raise GssMissing(f"Kerberos needs the Python package gssapi: {error}") from error


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
    """One login by Kerberos. The keys of the keytab decide which services it answers for."""

    negotiated_protocol = "kerberos"

    def __init__(self, keytab: Path, *, wrapped: bool) -> None:
        self._gss = load()
        store = {"keytab": str(keytab)}
        kerberos = self._gss.OID.from_int_seq(_KERBEROS)
        mechanism = self._gss.OID.from_int_seq(_SPNEGO) if wrapped else kerberos
        credentials = self._gss.Credentials(usage="accept", mechs=[mechanism], store=store)
        if wrapped:
            self._gss.raw.set_neg_mechs(credentials, [kerberos])  # other mechanisms have acceptors of their own
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
        """``user@REALM``."""
        return str(self._context.initiator_name).rstrip("\0")

    @property
    def channel_bound(self) -> bool:
        """Whether the client sent the right channel binding. A wrong one never gets here."""
        return bool(int(self._context.actual_flags) & _CHANNEL_BOUND)

    @property
    def delegated(self) -> bool:
        """Whether the client handed over a ticket to go on with."""
        return self._context.delegated_creds is not None

    def wrap_winrm(self, plain: bytes) -> Sealed:
        """Seal one message, in the parts that WinRM sends."""
        raw = self._gss.raw
        kind = raw.IOVBufferType
        parts = raw.IOV(kind.header, plain, kind.padding, std_layout=False)
        raw.wrap_iov(self._context, parts, confidential=True)
        header, data, padding = (part.value or b"" for part in parts)
        return Sealed(header, data + padding, len(padding))

    def unwrap_winrm(self, header: bytes, data: bytes) -> bytes:
        """Open one message; raises what GSSAPI raises."""
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
