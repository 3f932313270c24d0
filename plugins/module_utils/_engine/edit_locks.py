# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody else's edit lock, and our own: wait, take it over, fetch it from another site, give it back (behaviour 33 to 39).

A write takes the lock implicitly and gives it back when it succeeds, so no lock is asked for beforehand.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Callable

from .._cim.types import STRING
from .._provider import locks
from .._provider.errors import Locked, ProviderError
from .._provider.locks import Lock
from .._provider.site import Site
from .._wsman.errors import ConfigMgrError
from .audit import VERSION, job_of

TAKEOVERS = ("same_user", "any")
# Seconds between two looks at a lock.
LOOK_INTERVAL = 5.0
_ASK = "Ask for it to be closed, or set lock_wait to wait for it"


def new_context(environment: Mapping[str, str]) -> str:
    """The lock context of one task: recognisable, and unlike that of any other task."""
    job = job_of(environment)
    return f"{locks.OURS}{VERSION} {f'job {job} ' if job else ''}{uuid.uuid4()}"


class EditLock:
    """The lock of the object that one task writes. Times in seconds."""

    def __init__(
        self,
        site: Site,
        class_name: str,
        wait: float,
        takeover: str | None,
        warn: Callable[[str], None],
    ) -> None:
        self._site = site
        self._class = class_name
        self._wait = wait
        self._takeover = takeover
        self._warn = warn
        self._deadline = 0.0
        self._got: set[Lock] = set()
        self._perhaps_ours = ""  # PackageID of what a write of ours may have left locked

    def begin(self) -> None:
        """A write is about to be sent: the time to wait starts now."""
        self._deadline = self._site.means.clock.now() + self._wait

    @contextmanager
    def writing(self, package_id: str) -> Iterator[None]:
        """One write. What succeeds gives the lock back by itself (behaviour 34)."""
        self._perhaps_ours = package_id
        try:
            yield
        except Locked:
            self._perhaps_ours = ""
            raise
        self._perhaps_ours = ""

    def give_back(self) -> None:
        """On every way out: what a write that did not succeed may have left locked is freed."""
        package_id, self._perhaps_ours = self._perhaps_ours, ""
        if not package_id:
            return
        try:
            locks.give_back(self._site, self._class, package_id)
        except ConfigMgrError as problem:
            self._warn(f"The edit lock of {package_id} could not be given back, if it was left: {problem}")

    def give_way(self, locked: Locked, package_id: str, label: str) -> None:
        """After a refused write: come back when it is worth another attempt. Raises Locked with who holds it.

        Each lock is got hold of once at most: a write that is refused all the same waits, and ends with who holds it.
        """
        lock = self._look(package_id)
        if lock is not None:
            holder = replace(lock, since="")
            if holder not in self._got and self._get(lock, package_id, label, locked):
                self._got.add(holder)
                return
        self._await(lock, package_id, label, locked)

    def _get(self, lock: Lock, package_id: str, label: str, locked: Locked) -> bool:
        """Have the lock given to us, or freed, where that is possible. Raises Locked where it should be and is not."""
        if not lock.held and lock.site_code not in ("", self._site.code):
            self._fetch(lock, package_id, label, locked)
            return True
        if lock.timed_out and self._inherit(package_id):
            return True
        if not lock.held or not self._may_take(lock):
            return False
        if locks.take_away(self._site, self._class, package_id, lock):
            self._warn(f"The edit lock of {label} was taken from {lock}")
            return True
        raise Locked(
            f"{label} is being edited by {lock}, and its lock could not be taken over",
            where=self._site.where,
            fault=locked.fault,
            hint=_ASK,
        ) from locked

    def _await(self, lock: Lock | None, package_id: str, label: str, locked: Locked) -> None:
        """Look at the lock until it is another one, or none that can be told. Raises Locked when the time is over."""
        clock = self._site.means.clock
        while clock.now() < self._deadline:
            clock.sleep(LOOK_INTERVAL)
            now = self._look(package_id)
            if now is None or now != lock or not now.held:
                return
        raise self._held(lock, label, locked) from locked

    def _look(self, package_id: str) -> Lock | None:
        try:
            return locks.look(self._site, self._class, package_id)
        except ProviderError:  # a site that does not tell
            return None

    def _fetch(self, lock: Lock, package_id: str, label: str, locked: Locked) -> None:
        self._perhaps_ours = package_id
        if locks.fetch(self._site, self._class, package_id):
            return
        self._perhaps_ours = ""
        raise Locked(
            f"The edit lock of {label} is kept at site {lock.site_code}, which did not hand it over",
            where=self._site.where,
            fault=locked.fault,
            hint=f"Somebody may have it open there; try again later, or run the task against a provider of site {lock.site_code}",
        ) from locked

    def _inherit(self, package_id: str) -> bool:
        """Ask for a lock that has timed out, which a Put may not take by itself; whether it was granted."""
        self._perhaps_ours = package_id
        try:
            if locks.fetch(self._site, self._class, package_id):
                return True
        except ProviderError:
            pass
        self._perhaps_ours = ""
        return False

    def _may_take(self, lock: Lock) -> bool:
        if self._takeover != "same_user":
            return self._takeover == "any"
        told = self._site.call("SMS_Identification", "GetCurrentUser", outputs={"UserName": STRING}, reading=True)
        return bool(lock.user) and (told["UserName"] or "").lower() == lock.user.lower()

    def _held(self, lock: Lock | None, label: str, locked: Locked) -> Locked:
        hint = _ASK
        if lock is None or not (lock.held or lock.timed_out):
            told = f"{label} is being edited by somebody"
        elif lock.is_ours:
            told = f"{label} is being edited by {lock}: a task of this collection, which still runs or was killed ({lock.context})"
            hint = "If that task is gone, lock_takeover: same_user takes its lock; else set lock_wait to wait for it"
        else:
            told = f"{label} is being edited by {lock}"
        return Locked(told, where=self._site.where, fault=locked.fault, hint=hint)
