# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes that last for minutes: in a thread and on a session of their own, followed from another one.

Create and Put of a boot image may build it inside the call (behaviour 82, 83), as RefreshPkgSource does (`build.py`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from .._provider.clock import Clock
from .._provider.errors import OperationFailed
from .._provider.site import Site
from .._wsman.errors import ConfigMgrError, NotAuthenticated, OutcomeUnknown
from .build import (
    COMPLETE,
    ERROR,
    IN_PROGRESS,
    NO_STATUS,
    BuildStatus,
    add_progress,
    forget,
    read_status,
    unreadable_status,
)

# Real seconds in which most writes are answered; only after that is the build asked for.
AT_ONCE = 0.5
A_MOMENT = 0.05
# What knows more of a build that failed.
LOGS = "Look into SMSProv.log and dism.log on the provider host for more"


class LongWrite:
    """A write under way. Read `result` and `error` once it has `ended`."""

    def __init__(self, site: Site, work: Callable[[Site], Any], what: str) -> None:
        self.result: Any = None
        self.error: ConfigMgrError | None = None
        self._site = site.sibling()
        self._work = work
        self._thread = threading.Thread(target=self._run, name=what, daemon=True)
        self._thread.start()
        self._thread.join(AT_ONCE)

    @property
    def ended(self) -> bool:
        """Whether an answer, or the certainty that none will come, is there."""
        return not self._thread.is_alive()

    def wait(self, clock: Clock, interval: float, longest: float) -> None:
        """Until it has ended, or so many seconds are over."""
        began = clock.now()
        while not self.ended and clock.now() - began <= longest:
            clock.sleep(interval)
            self._thread.join(A_MOMENT)  # a clock that is not the real one leaves no time for the answer

    def _run(self) -> None:
        try:
            self.result = self._work(self._site)
        except ConfigMgrError as error:
            self.error = error
        except Exception as defect:  # ours; whether it was written is settled by reading
            self.error = OutcomeUnknown(
                f"The write broke off by a defect of this collection ({type(defect).__name__}: {defect})",
                where=self._site.where,
                hint="Please report it.",
            )
        finally:
            self._site.close()


class Follower:
    """Follows long writes on one boot image by their ContextID. Times in seconds."""

    def __init__(
        self,
        site: Site,
        class_name: str,
        clock: Clock,
        interval: float,
        longest: float,
        warn: Callable[[str], None],
        named: Callable[[str], str] = lambda _culprit: "",
    ) -> None:
        self.progress: list[str] = []
        self._site = site
        self._class = class_name
        self._clock = clock
        self._interval = interval
        self._longest = longest
        self._warn = warn
        self._named = named  # says which drivers an error of the provider is about
        self._last: BuildStatus | None = None

    def status(self, context_id: str) -> BuildStatus:
        """How far the build with this ContextID is, as far as the provider tells."""
        if not context_id:
            return BuildStatus(NO_STATUS, 0, 0, "", 0, "")
        try:
            status = read_status(self._site, self._class, context_id)
        except NotAuthenticated:
            raise
        except ConfigMgrError as problem:
            return unreadable_status(str(problem))
        if status != self._last and status.status in (COMPLETE, IN_PROGRESS, ERROR):
            add_progress(self.progress, self._clock, status)
            self._last = status
        return status

    @property
    def percent(self) -> int | None:
        """How far the last build came of which the provider told anything."""
        return self._last.percent if self._last is not None else None

    def forget(self, context_id: str, status: BuildStatus | None = None) -> None:
        """Drop the provider's record, if there is one of a build that has ended. Raises ConfigMgrError."""
        known = status or self.status(context_id)
        if known.status in (COMPLETE, ERROR):
            forget(self._site, self._class, context_id)

    def _tidy(self, context_id: str, status: BuildStatus | None = None) -> None:
        """The same after a write: what came of that does not depend on it."""
        try:
            self.forget(context_id, status)
        except ConfigMgrError as problem:
            self._warn(f"The provider's record of the build {context_id} could not be deleted: {problem}")

    def end_of(self, context_id: str) -> BuildStatus:
        """Wait until the build with this ContextID does not run any more. Raises OperationFailed when that takes too long."""
        began = self._clock.now()
        while True:
            status = self.status(context_id)
            if status.status != IN_PROGRESS:
                return status
            if self._clock.now() - began > self._longest:
                raise OperationFailed(
                    f"A build of this boot image has not ended within {self._longest:g} s; it is at {status.percent} %",
                    where=self._site.where,
                    hint="Run the task again later, or with a longer build_timeout",
                )
            self._clock.sleep(self._interval)

    def see_through(self, write: LongWrite, context_id: str) -> Any:
        """The result of a write, once it is answered or its build is over.

        Raises what the write raised; a lost answer only if the build does not settle it; OperationFailed for a build
        that failed.
        """
        began = self._clock.now()
        while not write.ended and self._clock.now() - began <= self._longest:
            self.status(context_id)
            self._clock.sleep(min(self._interval, 1.0 + self._clock.now() - began))
        if write.ended and write.error is None:
            self._tidy(context_id)
            return write.result
        status = self.end_of(context_id)
        self._tidy(context_id, status)
        if status.status == ERROR:
            raise OperationFailed(
                f"{status.failure}{self._named(status.error_info)}", where=self._site.where, hint=LOGS
            ) from write.error
        if write.error is None:
            raise OutcomeUnknown(
                f"The write was not answered within {self._longest:g} s",
                where=self._site.where,
                hint="Look at the object before sending it again.",
            )
        if isinstance(write.error, OutcomeUnknown) and status.status == COMPLETE:
            return None
        raise write.error


__all__ = ["COMPLETE", "ERROR", "IN_PROGRESS", "NO_STATUS", "Follower", "LongWrite"]
