# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The step of the connection check that tests the second hop: whether the provider can read a path on a share.

The two methods it calls only read: GetImageProperties opens an image file without making an object, CheckSourceFolder is the
pre-flight of a driver package's folder (reference: SMS_ImagePackage, SMS_DriverPackage).
"""

from __future__ import annotations

import re

from .._cim.types import SINT32, STRING
from .._provider.errors import AccessDenied, Impossible, NotOnThisVersion, ProviderError, meaning
from .check import Finding, Visit, failed, good, skipped
from .check_site import machine_of

IMAGES = (".wim", ".vhd", ".vhdx", ".ffu")
# Bits of the answer of CheckSourceFolder. A folder that is not empty, or in use, was read.
NOT_UNC, UNREADABLE = 1, 2
_UNC = re.compile(r"\\\\[^\\/]+[\\/][^\\/]+")


def checked_path(path: str | None) -> str | None:
    """The path to test. Raises Impossible for one that is not on a share."""
    if path and not _UNC.match(path):
        raise Impossible(f"share_path {path!r} is not a UNC path", hint=r"Write it like \\server\share\folder")
    return path or None


def second_hop(visit: Visit) -> Finding:
    """Have the provider read `share_path` (wire A-13, behaviour 32)."""
    path = visit.share_path
    if not path:
        return skipped("no share_path was given")
    here = visit.open_site
    try:
        if path.lower().endswith(IMAGES):
            here.call(
                "SMS_ImagePackage",
                "GetImageProperties",
                arguments={"SourceImagePath": (STRING, path)},
                outputs={"ImageProperty": STRING},
                reading=True,
            )
            return good(f"the provider reads {path}, {identities(visit)}")
        answer = here.call(
            "SMS_DriverPackage",
            "CheckSourceFolder",
            arguments={"SourceFolder": (STRING, path)},
            outputs={"Result": SINT32},
            reading=True,
        )
    except ProviderError as refused:
        if isinstance(refused, (AccessDenied, NotOnThisVersion)):
            raise
        return _unreadable(visit, path, _words(refused))
    told: int = answer["Result"] or 0
    if told & (UNREADABLE | NOT_UNC):
        return _unreadable(visit, path, f"CheckSourceFolder answers {told}")
    return good(f"the provider reads {path}, {identities(visit)}")


def _words(refused: ProviderError) -> str:
    """What the provider said: its text, or the number it returned."""
    text = " ".join(refused.description.split()).rstrip(".")
    number = refused.error_code or refused.return_value or 0
    return ", ".join(part for part in (text, meaning(number) if number else "") if part)


def _unreadable(visit: Visit, path: str, said: str) -> Finding:
    computer = computer_account(visit)
    share = "the share and the folder"
    if passes_on(visit):
        next_step = f"Check that {path} exists, and give {visit.user} and {computer} the right to read it, on {share}"
    else:
        next_step = (
            f"Check that {path} exists, and give {computer} the right to read it, on {share}; where the provider reads as "
            f"{visit.user}, set auth to credssp as well, or to kerberos with kerberos_delegation"
        )
    return failed(f"the provider cannot read {path}, {identities(visit)} ({said})", next_step)


def passes_on(visit: Visit) -> bool:
    """Whether this login can be used once more, from the host to a third one (wire A-13)."""
    endpoint = visit.endpoint
    return endpoint.auth == "credssp" or (endpoint.auth == "kerberos" and endpoint.kerberos_delegation)


def computer_account(visit: Visit) -> str:
    """The computer account of the provider host, as Windows writes it."""
    here = visit.open_site
    machine = machine_of(visit.locations, here.code, here.host)
    name = machine.partition(".")[0]
    return f"the computer account of {machine}" if name.isdigit() else f"the computer account {name.upper()}$"


def identities(visit: Visit) -> str:
    """Both accounts that may be the one that reads."""
    own = "whose login is passed on" if passes_on(visit) else f"whose login by {visit.endpoint.auth} is not passed on"
    return f"as {computer_account(visit)} or as {visit.user}, {own}"
