# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What login tokens say of themselves, without opening them: mechanism, user and channel binding."""

from __future__ import annotations

import struct

_NTLM = b"NTLMSSP\x00"
_NTLM_AUTHENTICATE = _NTLM + b"\x03\x00\x00\x00"

# Object identifiers in DER, as they lie in a token (RFC 2743 3.1, RFC 4178 4.2.1).
_SPNEGO = bytes.fromhex("06062b0601050502")
_MECHANISMS = {
    bytes.fromhex("06092a864886f712010202"): "kerberos",
    bytes.fromhex("06092a864882f712010202"): "kerberos",  # the misspelt one of Windows 2000
    bytes.fromhex("060a2b06010401823702020a"): "ntlm",
}


def is_ntlm_begin(token: bytes) -> bool:
    """Whether this is an NTLM NEGOTIATE message, with which every login by NTLM begins."""
    return token.startswith(_NTLM + b"\x01")


def is_ntlm_end(token: bytes) -> bool:
    """Whether an NTLM AUTHENTICATE message lies in the token."""
    return _NTLM_AUTHENTICATE in token


def mechanism(token: bytes) -> tuple[str, bool]:
    """The mechanism of a first token, and whether it is wrapped in SPNEGO; of several offered, the client's first."""
    if token.startswith(_NTLM):
        return "ntlm", False
    wrapped = _SPNEGO in token[:16]
    places = sorted((token.find(each), name) for each, name in _MECHANISMS.items() if each in token[:256])
    return (places[0][1] if places else ""), wrapped


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
