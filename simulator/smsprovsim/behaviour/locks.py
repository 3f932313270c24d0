# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Edit locks of SEDO classes (behaviour 33 to 39)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from ..model import Caller, CimDateTime, Value, WmiError
from ..repository import provider_error

LOCK_IS_HELD = 1078462258  # 0x40480732, errors.yml

GRANTED = 10
UNASSIGNED, ASSIGNED = 0, 1


@dataclass(frozen=True)
class Lock:
    """A lock is held by user, context and machine together (behaviour 37)."""

    user: str
    context: str
    machine: str
    site_code: str
    since: CimDateTime

    def held_by(self, caller: Caller) -> bool:
        """Whether it is the caller's own."""
        user, context, machine = _triple(caller)
        return (self.user.lower(), self.context.lower(), self.machine.lower()) == (
            user.lower(),
            context.lower(),
            machine.lower(),
        )


def _triple(caller: Caller) -> tuple[str, str, str]:
    context = {name.lower(): str(value) for name, value in caller.context.items()}
    return caller.user, context.get("objectlockcontext", ""), context.get("machinename", "")


class Locks:
    """The locks of all objects, by relative object path."""

    def __init__(self) -> None:
        self._held: dict[str, Lock] = {}

    @staticmethod
    def _key(path: str) -> str:
        return path.replace("'", '"').lower()

    def hold(self, path: str, lock: Lock) -> None:
        """Put a lock on an object."""
        self._held[self._key(path)] = lock

    def demand_free(self, path: str, caller: Caller, operation: str) -> None:
        """Raise the error of a held lock unless it is free or the caller's own (behaviour 35)."""
        lock = self._held.get(self._key(path))
        if lock is not None and not lock.held_by(caller):
            raise is_locked(path, caller.user, operation)

    def request(self, path: str, caller: Caller, site_code: str, now: CimDateTime) -> dict[str, Value]:
        """Take the lock. Raises `WmiError` when somebody else has it."""
        user, context, machine = _triple(caller)
        if not context or not machine:
            raise provider_error(
                1078462208,
                "ObjectLockContext and MachineName are needed to request a lock",
                "ExecMethod",
                path,
                object_info="CObjectLock",
            )
        self.demand_free(path, caller, "ExecMethod")
        self._held[self._key(path)] = Lock(user, context, machine, site_code, now)
        return {"RequestID": str(uuid.uuid4()), "RequestState": GRANTED, **self.information(path)}

    def release(self, path: str, caller: Caller) -> None:
        """Give the lock back; somebody else's stays."""
        lock = self._held.get(self._key(path))
        if lock is not None and lock.held_by(caller):
            del self._held[self._key(path)]

    def release_all(self, caller: Caller) -> None:
        """Give back all locks of the caller's context."""
        for key in [key for key, lock in self._held.items() if lock.held_by(caller)]:
            del self._held[key]

    def information(self, path: str) -> dict[str, Value]:
        """Who holds the lock; LockState 0 is nobody."""
        lock = self._held.get(self._key(path))
        return {
            "LockState": ASSIGNED if lock else UNASSIGNED,
            "AssignedUser": lock.user if lock else "",
            "AssignedObjectLockContext": lock.context if lock else "",
            "AssignedMachine": lock.machine if lock else "",
            "AssignedSiteCode": lock.site_code if lock else "",
            "AssignedTimeUTC": lock.since if lock else None,
        }

    def snapshot(self) -> dict[str, str]:
        """Object path to holder."""
        return {path: lock.user for path, lock in self._held.items()}


def is_locked(path: str, user: str, operation: str) -> WmiError:
    """The error of an object somebody else edits, as known from real sites (errors.yml)."""
    description = f"User {user} is not able to get the lock at this time. Error: 0x40480732"
    return provider_error(LOCK_IS_HELD, description, operation, path, object_info="CObjectLock")
