# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The course of a build within an operation on many packages: begun, followed by its status, and ended (behaviour 82 to 85)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._provider.errors import ProviderError
from .._wsman.errors import CannotConnect, ConfigMgrError, NotAuthenticated, NotExecuted, OutcomeUnknown
from .build import (
    COMPLETE,
    ERROR,
    IN_PROGRESS,
    NO_STATUS,
    NOT_TOLD,
    BuildCall,
    BuildStatus,
    add_progress,
    context_for,
    forget,
    fresh_context,
    read_status,
    unreadable_status,
)
from .operation import Fence, Phase, Target

if TYPE_CHECKING:
    from .perform import Performance

# Seconds beyond build_timeout in which the call itself has to be answered.
ANSWER_MARGIN = 30.0

NOT_CARRIED_OUT = (CannotConnect, NotAuthenticated, NotExecuted)


class Builds:
    """The boot images among the targets of one performance, which tells their ends and holds the rules."""

    def __init__(self, course: Performance) -> None:
        self._course = course

    def start(self, target: Target) -> None:
        """Begin a build, unless one of the same image is known to be running."""
        target.context_id = context_for(target.site, target.package.package_id)
        try:
            left = read_status(target.site, target.resource.wmi_class, target.context_id)
        except ProviderError as refused:
            left = unreadable_status(str(refused))
        except ConfigMgrError as refused:
            self._course.not_carried_out(target, refused)
            return
        if left.status == IN_PROGRESS:
            self._found_building(target)
            return
        if left.status != NO_STATUS and not self._forget(target, left):
            # What a killed run left behind must not pass for the end of this build.
            target.context_id = fresh_context()
        target.fence = Fence.of(target.package)
        target.sent = True
        target.enter(Phase.BUILDING, self._course.clock.now())
        target.call = BuildCall(
            target.site.sibling(),
            self._course.operation,
            target.resource.wmi_class,
            target.package.package_id,
            target.context_id,
            self._course.rules.build_timeout,
        )

    def _found_building(self, target: Target) -> None:
        """A build of this image runs that no ActionInProgress shows, begun by another run of this collection."""
        now = self._course.clock.now()
        target.looked = -1  # not again before the next look
        if self._course.rules.when_busy == "join":
            target.joined = True
            target.fence = Fence.of(target.package)
            target.enter(Phase.BUILDING, now)
        else:
            self._course.found_busy(target, now, self._course.rules.build_timeout)

    def move(self, target: Target, now: float) -> None:
        """Between the call and the end of the build: the answer, the status, the object, in this order of trust."""
        call, context_id = target.call, target.context_id or ""
        answered = call is not None and call.ended
        error = call.error if call and answered else None
        if isinstance(error, NOT_CARRIED_OUT):
            self._course.not_carried_out(target, error)
            return
        try:
            status = read_status(target.site, target.resource.wmi_class, context_id)
        except NotAuthenticated:
            raise
        except ConfigMgrError as problem:  # of this build alone; whether the site can be read shows elsewhere
            status = unreadable_status(str(problem))
        self._note(target, status)
        if isinstance(error, OutcomeUnknown):
            self._answer_lost(target, error)
        elif error is not None and status.status in (IN_PROGRESS, COMPLETE):  # it works on it, whatever it answered
            target.error = error.as_result()
        elif error is not None:
            self._build_failed(target, f"{status.failure}: {error}" if status.status == ERROR else str(error), error)
            return
        settled = answered or call is None
        effect = target.fence.effect(target.package) if target.fence else ""
        if status.status == ERROR and settled:
            self._build_failed(target, status.failure, None)
        elif (answered and error is None) or (status.status == COMPLETE and (settled or effect)):
            target.proven = True
            target.error = None
            self._forget(target, status)
            self._course.accepted(target)
        elif status.status == IN_PROGRESS:
            target.proven = True
            if not self._course.rules.wait and settled and not self._others_to_build(target):
                self._course.accepted(target)
            else:
                self._limit_build(target, status, now, settled)
        elif effect and status.status != ERROR:
            target.proven = True
            self._course.accepted(target)
        else:
            self._limit_build(target, status, now, settled)

    def _others_to_build(self, target: Target) -> list[Target]:
        """The boot images that wait for this one, because a provider host builds one at a time."""
        return [
            other
            for other in self._course.those_in(Phase.WAITING)
            if other.resource.builds_in_call and other.site.host == target.site.host
        ]

    def _note(self, target: Target, status: BuildStatus) -> None:
        if status != target.build and status.status in (COMPLETE, IN_PROGRESS, ERROR):
            add_progress(target.progress, self._course.clock, status)
            target.build = status

    def _limit_build(self, target: Target, status: BuildStatus, now: float, settled: bool) -> None:
        over = now - target.since - self._course.rules.build_timeout
        if over <= 0 or (over <= ANSWER_MARGIN and not settled):
            return
        if status.status == IN_PROGRESS:
            shown = f"at {status.percent} %"
        elif status.status == NOT_TOLD:  # its record stays, for the next run
            shown = f"at a point that cannot be read: {status.text}"
        else:
            self._forget(target, status, timed_out=True)
            shown = "not known to the provider: neither done nor not started"
        target.end(
            "failed", f"no end of the build within {self._course.rules.build_timeout:g} s; it is {shown}", target.error
        )
        if status.status in (IN_PROGRESS, NOT_TOLD) or not settled:
            for other in self._others_to_build(target):
                other.end(
                    "not_attempted", f"not attempted, because {target.site.host} still builds {target.package.label}"
                )

    def _build_failed(self, target: Target, reason: str, error: ConfigMgrError | None) -> None:
        if target.build:
            self._forget(target, target.build)
        target.sent = False  # nothing came of it; a new run may build again
        target.end("failed", reason, error.as_result() if error else {"kind": "operation_failed", "message": reason})

    def _forget(self, target: Target, status: BuildStatus, timed_out: bool = False) -> bool:
        """Drop the provider's record, only after the end of the build (status 0 or 2), or when it was given up. Whether it is gone."""
        if status.status not in (COMPLETE, ERROR) and not timed_out:
            return False
        try:
            forget(target.site, target.resource.wmi_class, target.context_id or "")
            return True
        except ConfigMgrError as problem:
            self._course.warn(
                f"{target.package.package_id}: the provider's record of the build {target.context_id} could not be deleted: {problem}"
            )
            return False

    def _answer_lost(self, target: Target, lost: OutcomeUnknown) -> None:
        if not lost.timed_out_at_server:
            target.answer_lost = True
        target.error = lost.as_result()
