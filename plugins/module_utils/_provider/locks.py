# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SEDO locks: who has an object open for editing (behaviour 33 to 39; SDK page "SMS_ObjectLock Server WMI Class")."""

from __future__ import annotations

from dataclasses import dataclass

from .._cim.types import BOOLEAN, DATETIME, STRING, UINT32, CimTime, Codec
from .errors import ProviderError
from .site import Site

LOCK_CLASS = "SMS_ObjectLock"
# Names of the context values that make a holder, beside the user (behaviour 8, 37).
CONTEXT, MACHINE = "wmi:ObjectLockContext", "wmi:MachineName"
# What the context of every task of this collection begins with.
OURS = "configmgr.content/"
_HELD = (1, 2, 3)  # LockState: assigned, requested, pending assignment
_TIMED_OUT = 4
_GRANTED = (10, 11, 12)  # RequestState (behaviour 36)
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
    """Who holds a lock, from which machine, since when (UTC, as text), at which site.

    `held` is False for a free one, and for one that has timed out: then it names who had it (behaviour 39).
    """

    user: str
    machine: str
    since: str
    site_code: str
    context: str
    held: bool = True
    timed_out: bool = False

    @property
    def is_ours(self) -> bool:
        """Whether a task of this collection took it, this one or another."""
        return self.context.startswith(OURS)

    def __str__(self) -> str:
        told = self.user or "somebody"
        if self.machine:
            told += f" on {self.machine}"
        if self.since:
            told += f", since {self.since}"
        return told


def look(site: Site, class_name: str, package_id: str) -> Lock:
    """How the lock of a package stands, without taking it (behaviour 38). Raises ProviderError."""
    told = site.call(
        LOCK_CLASS, "GetLockInformation", arguments=_on(class_name, package_id), outputs=_INFORMATION, reading=True
    )
    since = told["AssignedTimeUTC"]
    return Lock(
        user=told["AssignedUser"] or "",
        machine=told["AssignedMachine"] or "",
        since=f"{since.wall:%Y-%m-%d %H:%M} UTC" if isinstance(since, CimTime) else "",
        site_code=(told["AssignedSiteCode"] or "").upper(),
        context=told["AssignedObjectLockContext"] or "",
        held=told["LockState"] in _HELD,
        timed_out=told["LockState"] == _TIMED_OUT,
    )


def fetch(site: Site, class_name: str, package_id: str) -> bool:
    """Take a lock that is kept at another site, or has timed out (behaviour 36, 39); whether it was granted. Raises ProviderError."""
    arguments = {**_on(class_name, package_id), "RequestTransfer": (BOOLEAN, True)}
    told = site.call(LOCK_CLASS, "RequestLock", arguments=arguments, outputs={"RequestState": UINT32})
    return told["RequestState"] in _GRANTED


def give_back(site: Site, class_name: str, package_id: str) -> None:
    """Release the lock of this task; nothing happens if it has none. Raises ProviderError."""
    site.call(LOCK_CLASS, "ReleaseLock", arguments=_on(class_name, package_id))


def take_away(site: Site, class_name: str, package_id: str, lock: Lock) -> bool:
    """Release somebody's lock in the name of its holder (behaviour 37, 39); whether it is free now."""
    # ASSUMED: with context and machine of the holder the provider takes a release for the holder's own, at least from the same user.
    with site.means.context.with_values({CONTEXT: lock.context, MACHINE: lock.machine}):
        try:
            give_back(site, class_name, package_id)
        except ProviderError:
            return False
    return not look(site, class_name, package_id).held


def _on(class_name: str, package_id: str) -> dict[str, tuple[Codec, str]]:
    return {"ObjectRelPath": (STRING, f'{class_name}.PackageID="{package_id}"')}
