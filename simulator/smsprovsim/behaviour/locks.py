# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Edit locks of SEDO classes (behaviour 33 to 39)."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import Any

from ..model import Caller, CimDateTime, Value, WmiError
from ..repository import provider_error
from ..world import World

LOCK_IS_HELD = 1078462258  # 0x40480732, errors.yml
# ASSUMED: a lock method without the context values that it needs fails as one with a bad parameter.
BAD_PARAMETER = 1078462208

# RequestState of SMS_ObjectLockRequest.
REQUESTED, CANCELED, GRANTED, AFTER_TIMEOUT = 2, 3, 10, 11
ALREADY_ASSIGNED, LOCK_NOT_FOUND, NOT_LOCAL, REQUEST_NOT_FOUND = 20, 22, 23, 52
# LockState.
UNASSIGNED, ASSIGNED, TIMED_OUT, NOT_FOUND = 0, 1, 4, 5

_TRANSFER_SECONDS = 30.0
_ABANDONED_SECONDS = 7200.0  # behaviour 39
_BY_ID = re.compile(r'SMS_\w+\.PackageID="([^"]+)"', re.IGNORECASE)


@dataclass(frozen=True)
class Lock:
    """A lock is held by user, context and machine together (behaviour 37). `taken` is in logical seconds."""

    user: str
    context: str
    machine: str
    site_code: str
    since: CimDateTime
    taken: float | None = None

    def held_by(self, caller: Caller) -> bool:
        """Whether it is the caller's own."""
        user, context, machine = _triple(caller)
        return (self.user.lower(), self.context.lower(), self.machine.lower()) == (
            user.lower(),
            context.lower(),
            machine.lower(),
        )

    def known_to(self, caller: Caller) -> bool:
        """Whether the caller names context and machine of the holder."""
        _user, context, machine = _triple(caller)
        return (self.context.lower(), self.machine.lower()) == (context.lower(), machine.lower())


def _triple(caller: Caller) -> tuple[str, str, str]:
    context = {name.lower(): str(value) for name, value in caller.context.items()}
    return caller.user, context.get("objectlockcontext", ""), context.get("machinename", "")


@dataclass
class Request:
    """A request for a lock that waits for another site. `due`: when that site has answered."""

    identity: str
    path: str
    caller: Caller
    site_code: str
    state: int
    due: float


class Locks:
    """The locks of all objects, by relative object path."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._held: dict[str, Lock] = {}
        self._homes: dict[str, str] = {}  # site at which a lock is kept, where that is a certain one
        self._requests: dict[str, Request] = {}
        self._numbers = itertools.count(1)

    @staticmethod
    def _key(path: str) -> str:
        return path.replace("'", '"').lower()

    def hold(self, path: str, lock: Lock) -> None:
        """Put a lock on an object."""
        if lock.taken is None:
            lock = Lock(lock.user, lock.context, lock.machine, lock.site_code, lock.since, self._world.now)
        self._held[self._key(path)] = lock

    def keep_at(self, path: str, site_code: str) -> None:
        """Have the lock of an object belong to a site (behaviour 36)."""
        self._homes[self._key(path)] = site_code

    def free(self, path: str) -> None:
        """Take a lock off, whoever has it."""
        self._held.pop(self._key(path), None)

    def holder(self, path: str) -> Lock | None:
        """The lock that counts; an abandoned one does no longer (behaviour 39)."""
        lock = self._held.get(self._key(path))
        return None if lock is None or self._is_abandoned(lock) else lock

    def _is_abandoned(self, lock: Lock) -> bool:
        # ASSUMED: abandoned_lock
        forever = self._world.switches["abandoned_lock"] == "never"
        return not forever and lock.taken is not None and self._world.now - lock.taken >= _ABANDONED_SECONDS

    def is_elsewhere(self, path: str, site_code: str) -> bool:
        """Whether the lock belongs to another site than this one."""
        return self._homes.get(self._key(path), site_code) != site_code

    def demand_free(self, path: str, caller: Caller, operation: str, site_code: str) -> None:
        """Raise the error of a lock that is held, or kept elsewhere, unless it is the caller's own (behaviour 35, 36)."""
        # ASSUMED: timed_out_lock
        as_it_is = self._world.switches["timed_out_lock"] == "on_request"
        lock = self._held.get(self._key(path)) if as_it_is else self.holder(path)
        # ASSUMED: a write of an object whose lock belongs to another site fails as one whose lock is held.
        if (lock is not None and not lock.held_by(caller)) or self.is_elsewhere(path, site_code):
            raise is_locked(path, caller.user, operation)

    def demand_context(self, path: str, caller: Caller, operation: str) -> None:
        """Raise the error of a write that takes its lock without saying for whom, where that is needed."""
        # ASSUMED: implicit_lock
        if self._world.switches["implicit_lock"] == "needs_context":
            self._demand_named(path, caller, operation)

    @staticmethod
    def demand_machine(path: str, caller: Caller) -> None:
        """Raise the error of a release that does not say from which machine (behaviour 37)."""
        if not _triple(caller)[2]:
            text = "MachineName is needed to release a lock"
            raise provider_error(BAD_PARAMETER, text, "ExecMethod", path, object_info="CObjectLock")

    @staticmethod
    def _demand_named(path: str, caller: Caller, operation: str) -> None:
        _user, context, machine = _triple(caller)
        if not context or not machine:
            text = "ObjectLockContext and MachineName are needed to request a lock"
            raise provider_error(BAD_PARAMETER, text, operation, path, object_info="CObjectLock")

    def take(self, path: str, caller: Caller, site_code: str) -> None:
        """Take a lock that is free."""
        self.hold(path, Lock(*_triple(caller), site_code, self._world.date(), self._world.now))

    # --- requests ---

    def request(self, path: str, caller: Caller, site_code: str, *, transfer: bool) -> tuple[Request, float | None]:
        """Ask for the lock; the request, and when it is answered. Raises `WmiError` when somebody else has it here."""
        world = self._world
        self._demand_named(path, caller, "ExecMethod")
        identity = f"10C40000-0000-4000-8000-{next(self._numbers):012X}"
        request = Request(identity, path, caller, site_code, GRANTED, world.now)
        self._requests[identity.lower()] = request
        if not self._exists(path):
            request.state = LOCK_NOT_FOUND
        elif self.is_elsewhere(path, site_code):
            request.state = REQUESTED if transfer else NOT_LOCAL
            if transfer:
                request.due = world.now + _TRANSFER_SECONDS
                world.at(request.due, lambda: self._transfer(request))
                return request, request.due
        else:
            holder, abandoned = self.holder(path), self._held.get(self._key(path))
            if holder is not None and not holder.held_by(caller):
                raise is_locked(path, caller.user, "ExecMethod")
            request.state = GRANTED if abandoned is None or abandoned.held_by(caller) else AFTER_TIMEOUT
            self._assign(request)
        return request, None

    def _transfer(self, request: Request) -> None:
        if request.state != REQUESTED:
            return
        lock = self.holder(request.path)
        if lock is not None and not lock.held_by(request.caller):
            request.state = ALREADY_ASSIGNED
            return
        request.state = GRANTED
        self._homes[self._key(request.path)] = request.site_code
        self._assign(request)

    def _assign(self, request: Request) -> None:
        self.take(request.path, request.caller, request.site_code)

    def _exists(self, path: str) -> bool:
        match = _BY_ID.fullmatch(path.replace("'", '"'))
        return match is None or self._world.package(match[1]) is not None

    def asked(self, identity: str) -> Request | None:
        """A request by its id."""
        return self._requests.get(identity.lower())

    def cancel(self, identity: str) -> None:
        """Give a request up; one that was answered stays as it is."""
        request = self.asked(identity)
        if request is not None and request.state == REQUESTED:
            request.state = CANCELED

    def answer(self, identity: str, path: str = "") -> dict[str, Value]:
        """How a request stands, with who holds the lock."""
        request = self.asked(identity)
        state = request.state if request is not None else REQUEST_NOT_FOUND
        of_object = self.information(request.path if request is not None else path)
        return {"RequestID": identity, "RequestState": state, **of_object}

    # --- giving back ---

    def release(self, path: str, caller: Caller) -> bool:
        """Give the lock back; somebody else's stays. Whether there is none left."""
        lock = self.holder(path)
        # ASSUMED: foreign_release
        anyone = self._world.switches["foreign_release"] == "accepted"
        if lock is not None and not (lock.held_by(caller) or (anyone and lock.known_to(caller))):
            return False
        self.free(path)
        return True

    def release_all(self, caller: Caller) -> None:
        """Give back all locks of the caller's context."""
        for key in [key for key, lock in self._held.items() if lock.held_by(caller)]:
            del self._held[key]

    def information(self, path: str) -> dict[str, Value]:
        """Who holds the lock; LockState 0 is nobody."""
        lock = self._held.get(self._key(path))
        home = self._homes.get(self._key(path), "")
        state = UNASSIGNED if lock is None else TIMED_OUT if self._is_abandoned(lock) else ASSIGNED
        return {
            "LockState": state if self._exists(path) else NOT_FOUND,
            "AssignedUser": lock.user if lock else "",
            "AssignedObjectLockContext": lock.context if lock else "",
            "AssignedMachine": lock.machine if lock else "",
            # ASSUMED: the site that keeps a free lock is named here.
            "AssignedSiteCode": lock.site_code if lock else home,
            "AssignedTimeUTC": lock.since if lock else None,
        }

    def snapshot(self) -> dict[str, Any]:
        """Object path to holder."""
        return {path: lock.user for path, lock in self._held.items()}


def is_locked(path: str, user: str, operation: str) -> WmiError:
    """The error of an object somebody else edits, as known from real sites (errors.yml)."""
    description = f"User {user} is not able to get the lock at this time. Error: 0x40480732"
    return provider_error(LOCK_IS_HELD, description, operation, path, object_info="CObjectLock")
