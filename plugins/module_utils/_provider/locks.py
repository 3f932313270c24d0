# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SEDO locks: who has an object open for editing (behaviour 33 to 39; SDK page "SMS_ObjectLock Server WMI Class")."""

from __future__ import annotations

from dataclasses import dataclass

from .._cim.types import DATETIME, STRING, UINT32, CimTime
from .site import Site

LOCK_CLASS = "SMS_ObjectLock"
FREE = 0
_INFORMATION = {
    "LockState": UINT32,
    "AssignedUser": STRING,
    "AssignedObjectLockContext": STRING,
    "AssignedMachine": STRING,
    "AssignedSiteCode": STRING,
    "AssignedTimeUTC": DATETIME,
}


@dataclass(frozen=True)
class Lock:
    """Who holds a lock, from which machine, since when (UTC, as text), at which site."""

    user: str
    machine: str
    since: str
    site_code: str
    context: str

    def __str__(self) -> str:
        told = self.user or "somebody"
        if self.machine:
            told += f" on {self.machine}"
        if self.since:
            told += f", since {self.since}"
        return told


def lock_on(site: Site, class_name: str, package_id: str) -> Lock | None:
    """The lock on a package, without taking it; None where it is free. Raises ProviderError."""
    told = site.call(
        LOCK_CLASS,
        "GetLockInformation",
        arguments={"ObjectRelPath": (STRING, f'{class_name}.PackageID="{package_id}"')},
        outputs=_INFORMATION,
        reading=True,
    )
    if not told["LockState"]:
        return None
    since = told["AssignedTimeUTC"]
    return Lock(
        user=told["AssignedUser"] or "",
        machine=told["AssignedMachine"] or "",
        since=f"{since.wall:%Y-%m-%d %H:%M} UTC" if isinstance(since, CimTime) else "",
        site_code=told["AssignedSiteCode"] or "",
        context=told["AssignedObjectLockContext"] or "",
    )
