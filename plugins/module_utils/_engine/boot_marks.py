# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ContextID that a Put leaves on a boot image: a unique id that says what a later run has to know. Pure.

A run that dies between Put and build leaves settings that are in no image. Status messages do not name their object in
any column (SMS_StatusMessage), so the ContextID of the Put is the evidence: it holds the source version at that moment,
and for which versions of client and kit a build was begun. As long as the source version is that one, nothing was built.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass

_PAIR_BITS, _VERSION_BITS, _TAG_BITS = 29, 32, 48


@dataclass(frozen=True)
class Mark:
    """What the ContextID of our last Put says.

    `version` is the source version when it was written, `due` whether a build had to follow, `pair` stands for the
    versions of client and kit that a build was begun for, 0 for none.
    """

    version: int
    due: bool
    pair: int = 0

    def pending(self, version: int) -> bool:
        """Whether the build has not come: the source version is still that of the Put."""
        return self.due and version == self.version

    def as_context(self, site_code: str, package_id: str) -> str:
        """The ContextID: a version 8 UUID (RFC 9562), the same for the same mark."""
        low = (self.version << (_PAIR_BITS + 1)) | (int(self.due) << _PAIR_BITS) | self.pair
        number = (_tag(site_code, package_id) << 80) | (0x8 << 76) | (0b10 << 62) | low
        return str(uuid.UUID(int=number)).upper()


def read_mark(context_id: str | None, site_code: str, package_id: str) -> Mark | None:
    """The mark in a ContextID; None if it is no such id, or that of another image."""
    try:
        number = uuid.UUID(context_id or "").int
    except ValueError:
        return None
    if (
        number >> 80 != _tag(site_code, package_id)
        or (number >> 64) & 0xFFFF != 0x8000
        or (number >> 62) & 0b11 != 0b10
    ):
        return None
    low = number & ((1 << 62) - 1)
    return Mark(low >> (_PAIR_BITS + 1), bool(low >> _PAIR_BITS & 1), low & ((1 << _PAIR_BITS) - 1))


def pair_of(client_version: str, kit_version: str) -> int:
    """A number, never 0, that stands for versions of client and kit."""
    digest = hashlib.sha256(f"{client_version}/{kit_version}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> (32 - _PAIR_BITS) or 1


def _tag(site_code: str, package_id: str) -> int:
    digest = hashlib.sha256(f"configmgr.content/{site_code}/{package_id}".upper().encode()).digest()
    return int.from_bytes(digest[: _TAG_BITS // 8], "big")
