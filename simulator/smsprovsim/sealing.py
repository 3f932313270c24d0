# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The messages of WinRM over HTTP, sealed with the key of the login (wire A-05 to A-07; peers V-20)."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import Any

PROTOCOLS = {
    "ntlm": "application/HTTP-SPNEGO-session-encrypted",
    "negotiate": "application/HTTP-SPNEGO-session-encrypted",
    "kerberos": "application/HTTP-Kerberos-session-encrypted",
    "credssp": "application/HTTP-CredSSP-session-encrypted",
}
_PIECE = 16384  # wire A-06
_BOUNDARY = b"--Encrypted Boundary"


class StaleContext(Exception):
    """A sealed body that this connection's context cannot open; answered by an empty 400 (wire F-22)."""


@dataclass(frozen=True)
class Seal:
    """The sealing of one connection: HTTP scheme of its login, its context, and whether trailer lengths are checked."""

    scheme: str
    context: Any
    strict_trailer: bool = False

    def open(self, content_type: str, body: bytes) -> bytes:
        """The plain text of a sealed body; raises `StaleContext`."""
        protocol = re.search(r'protocol="([^"]*)"', content_type)
        boundary = re.search(r'boundary="([^"]*)"', content_type)
        if not protocol or protocol.group(1).lower() != PROTOCOLS[self.scheme].lower():
            raise StaleContext("protocol of another scheme")
        if not boundary or boundary.group(1) != "Encrypted Boundary":
            raise StaleContext("boundary")
        if not body.endswith(_BOUNDARY + b"--\r\n"):
            raise StaleContext("no closing boundary")
        parts = body[: -len(_BOUNDARY) - 4].split(_BOUNDARY + b"\r\n")
        several = content_type.lower().startswith("multipart/x-multi-encrypted")
        if several and self.scheme != "credssp":  # wire A-06: the others are never split
            raise StaleContext("pieces")
        if parts[0] or len(parts) % 2 == 0 or len(parts) < 3 or (len(parts) > 3 and not several):
            raise StaleContext("parts")
        return b"".join(self._open_part(head, sealed) for head, sealed in zip(parts[1::2], parts[2::2], strict=True))

    def _open_part(self, head: bytes, sealed: bytes) -> bytes:
        length = re.search(rb"OriginalContent: *type=[^\r\n]*;Length=(\d+)\r\n", head)
        lead, blank, stream = sealed.partition(b"Content-Type: application/octet-stream\r\n")
        if not length or not blank or lead.strip() or len(stream) < 4:
            raise StaleContext("part headers")
        if self.scheme == "credssp" and int(length.group(1)) > _PIECE:  # wire A-06
            raise StaleContext("a piece that is too long")
        size = struct.unpack_from("<I", stream)[0]
        # ASSUMED: credssp_trailer
        if self.scheme == "credssp" and self.strict_trailer and size != self.context.query_message_sizes().header:
            raise StaleContext("length of the TLS trailer")
        try:
            plain: bytes = self.context.unwrap_winrm(stream[4 : 4 + size], stream[4 + size :])
        except Exception as error:  # a forged or stale message breaks in many ways, all with one meaning
            raise StaleContext(str(error)) from error
        if len(plain) != int(length.group(1)):
            raise StaleContext("length")
        return plain

    def seal(self, plain: bytes, charset: str) -> tuple[str, bytes]:
        """Content-Type and body of a sealed answer."""
        protocol = PROTOCOLS[self.scheme]
        pieces = [plain]
        kind = "multipart/encrypted"
        if self.scheme == "credssp" and len(plain) > _PIECE:
            pieces = [plain[at : at + _PIECE] for at in range(0, len(plain), _PIECE)]
            kind = "multipart/x-multi-encrypted"
        out = []
        for piece in pieces:
            sealed = self.context.wrap_winrm(piece)
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
