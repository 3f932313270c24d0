# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carry out an operation on many packages: send, watch, prove, and stop when too much fails.

One loop for all packages: look at those that are under way (at most three queries a round), move each one on, send the
next ones. Every call is made at most once a package; after that only evidence counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for_all
from dataclasses import dataclass
from itertools import islice
from typing import Callable

from .._provider.clock import Clock
from .._provider.errors import AccessDenied, Interrupted, NamespaceMissing, NotOnThisVersion
from .._provider.site import Site
from .._wsman.errors import CannotConnect, ConfigMgrError, NotAuthenticated, OutcomeUnknown
from .build_course import NOT_CARRIED_OUT, Builds
from .lookout import Lookout
from .operation import IN_FLIGHT, Fence, Operation, Phase, Rules, Target

# Real seconds that calls under way get for their answers when the task is told to stop.
STOP_PATIENCE = 5.0

# A version that stays while the refresh time moved is believed after this many looks in a row.
LOOKS_TO_BELIEVE_UNCHANGED = 2

# What no wait would mend. Anything else that keeps the site from being read is borne with for `grace`.
LASTING = (AccessDenied, NamespaceMissing, NotOnThisVersion)


@dataclass(frozen=True)
class _Worker:
    """A session that sends in parallel, and the thread it belongs to."""

    site: Site
    thread: ThreadPoolExecutor


class Performance:
    """One operation over the targets of one task."""

    def __init__(
        self, operation: Operation, targets: Sequence[Target], rules: Rules, clock: Clock, warn: Callable[[str], None]
    ) -> None:
        self.operation = operation
        self.targets = list(targets)
        self.rules = rules
        self.clock = clock
        self.warn = warn
        self.stopped = ""
        self._round = 0
        self._begin = 0  # all targets before this one have ended
        self._unreadable_since: dict[Site, float] = {}
        self._lookout = Lookout(rules, clock, warn)
        self._any_sent = False
        self._crews: dict[Site, list[_Worker]] = {}
        self._jobs: list[Future[None]] = []
        self._builds = Builds(self)

    def run(self) -> None:
        """Bring every target to its end. Raises nothing that concerns one package; that is in its target."""
        try:
            if any(target.open for target in self.targets):
                self._prepare()
                while self._step():
                    self._pass_time()
                    self._look_and_move()
        except Interrupted as stop:
            self._end_jobs()
            self.end_all(str(stop), stop)
        except NotAuthenticated as refused:
            self.end_all(str(refused), refused)
        finally:
            for crew in self._crews.values():
                for worker in crew:
                    worker.thread.shutdown(wait=True)

    # -- one round -------------------------------------------------------------------------------------------------

    def _step(self) -> bool:
        """Send what may go; whether anything is left to wait for."""
        self._decide_stop()
        self._send_next()
        self._decide_stop()
        if self.stopped:
            for target in self.those_in(Phase.WAITING):
                target.end("not_attempted", self.stopped)
        return any(target.open for target in self.targets)

    def _pass_time(self) -> None:
        self._round += 1
        self.clock.sleep(self.rules.wait_interval)

    def _look_and_move(self) -> None:
        for site, targets in self._by_site():
            try:
                self._lookout.look(site, targets, self._round)
                for target in targets:
                    if target.open:
                        self._move(target)
            except NotAuthenticated:
                raise
            except LASTING as problem:
                self.end_all(f"the site cannot be read any more: {problem}", problem, targets)
            except ConfigMgrError as problem:
                since = self._unreadable_since.setdefault(site, self.clock.now())
                if self.clock.now() - since > self.rules.grace:
                    self.end_all(f"the site cannot be read any more: {problem}", problem, targets)
            else:
                self._unreadable_since.pop(site, None)

    def _prepare(self) -> None:
        """What has to be known before the first call. Only if there is a wait."""
        if not self.rules.wait:
            return
        for site, targets in self._by_site():
            self._lookout.before(site, targets)
        if any(target.open and target.phase is not Phase.WAITING for target in self.targets):
            self._look_and_move()

    def _by_site(self) -> Iterator[tuple[Site, list[Target]]]:
        sites: list[Site] = []
        for target in self.targets:
            if target.open and target.site not in sites:
                sites.append(target.site)
        for site in sites:
            yield site, [target for target in self.targets if target.open and target.site is site]

    def those_in(self, *phases: Phase) -> list[Target]:
        """The targets that are in one of these phases."""
        return [target for target in self.targets if target.phase in phases]

    def _waiting(self) -> Iterator[Target]:
        """Those that wait to be sent, from the first that is still open: most of a long list has ended."""
        while self._begin < len(self.targets) and not self.targets[self._begin].open:
            self._begin += 1
        return (target for target in islice(self.targets, self._begin, None) if target.phase is Phase.WAITING)

    # -- sending ---------------------------------------------------------------------------------------------------

    def _send_next(self) -> None:
        """Send to as many packages as pacing, stop rule and busy packages allow."""
        failed = self._failed(self.targets)
        while not self.stopped:
            batch, seen = self._next_batch()
            if not batch:
                return
            self._send(batch)
            failed += self._failed(seen)  # they were waiting before; nothing can happen to the others meanwhile
            self._decide_stop(failed)

    def _next_batch(self) -> tuple[list[Target], list[Target]]:
        """Those to be sent next, and all that were looked at for it."""
        room = len(self.targets)
        if self.rules.wait:
            room = self.rules.in_flight - len(self.those_in(*IN_FLIGHT, Phase.JOINING))
        batch: list[Target] = []
        seen: list[Target] = []
        for target in self._waiting():
            if len(batch) >= min(room, self.rules.sessions):
                break
            seen.append(target)
            if target.looked == self._round and self._may_go(target, batch):
                batch.append(target)
        return batch, seen

    def _may_go(self, target: Target, batch: Sequence[Target]) -> bool:
        now = self.clock.now()
        if target.package.action in (1, 2):
            self.found_busy(target, now, self.rules.wait_timeout)
            return False
        if target.package.action:
            target.end(
                "failed", f"an action is running on it that ends otherwise (ActionInProgress {target.package.action})"
            )
            return False
        if not target.resource.builds_in_call:
            return True
        building = [*batch, *self.those_in(Phase.BUILDING)]
        return not any(other.resource.builds_in_call and other.site.host == target.site.host for other in building)

    def found_busy(self, target: Target, now: float, longest: float) -> None:
        """What `when_busy` says about a package whose action has not ended (behaviour 59). Never sends."""
        if self.rules.when_busy == "skip":
            target.end("skipped", "an action is running on it (ActionInProgress is not 0)")
        elif self.rules.when_busy == "fail":
            target.end("failed", "an action is running on it (ActionInProgress is not 0), and when_busy is fail")
        elif self.rules.when_busy == "join":
            target.joined = True
            target.fence = Fence.of(target.package)
            target.enter(Phase.JOINING, now)
        elif not target.waited_for_action:
            target.waited_for_action = True
            target.since = now
        elif now - target.since > longest:
            reason = f"the action that was running on it has not ended within {longest:g} s; nothing was sent"
            target.end("failed", reason)

    def _send(self, batch: Sequence[Target]) -> None:
        builds = [target for target in batch if target.resource.builds_in_call]
        calls = [target for target in batch if not target.resource.builds_in_call]
        for target in builds:
            self._space_out()
            self._builds.start(target)
        self._jobs = []
        for number, target in enumerate(calls):
            self._space_out()
            target.fence = Fence.of(target.package)
            target.sent = True  # said before it is so: a stop at any line from here on must not hide it
            if number < len(calls) - 1:
                worker = self._worker(target.site, number)
                self._jobs.append(worker.thread.submit(self._call, target, worker.site))
            else:
                self._call(target, target.site)
        for job in self._jobs:
            job.result()

    def _end_jobs(self) -> None:
        """Take the answers that come at once; who waits longer is woken, and its answer counts as lost."""
        for job in self._jobs:
            job.cancel()
        wait_for_all(self._jobs, timeout=STOP_PATIENCE)
        for crew in self._crews.values():
            for worker in crew:
                worker.site.close()

    def _worker(self, site: Site, number: int) -> _Worker:
        """One of the further sessions of a site. A session belongs to one thread (wire W-11), so each has its own for good."""
        crew = self._crews.setdefault(site, [])
        while len(crew) <= number:
            crew.append(_Worker(site.sibling(), ThreadPoolExecutor(max_workers=1)))
        return crew[number]

    def _space_out(self) -> None:
        if self._any_sent and self.rules.pause:
            self.clock.sleep(self.rules.pause)
        self._any_sent = True

    def _call(self, target: Target, site: Site) -> None:
        """The one call for this package."""
        problem: ConfigMgrError | None = None
        try:
            site.call(target.resource.wmi_class, self.operation.method, {"PackageID": target.package.package_id})
        except ConfigMgrError as raised:
            problem = raised
        if target.open:  # else the task was told to stop, and has ended it
            self._answered(target, problem)

    def _answered(self, target: Target, problem: ConfigMgrError | None) -> None:
        if problem is None:
            target.proven = True
            self.accepted(target)
        elif isinstance(problem, NOT_CARRIED_OUT):
            self.not_carried_out(target, problem)
        elif isinstance(problem, OutcomeUnknown):
            target.answer_lost = (
                True  # also when the host says that time was up: only a build takes so long in good order
            )
            target.error = problem.as_result()
            target.enter(Phase.UNANSWERED, self.clock.now())
        else:
            target.sent = False
            target.end("failed", str(problem), problem.as_result())

    def not_carried_out(self, target: Target, refused: ConfigMgrError) -> None:
        """Nothing came of the call; a provider that cannot be used ends the rest."""
        target.sent = False
        target.end("failed", str(refused), refused.as_result())
        if isinstance(refused, (CannotConnect, NotAuthenticated)):
            self.stopped = f"not attempted, because the provider cannot be used any more: {refused.what}"

    def accepted(self, target: Target) -> None:
        """The effect is certain; the wait, if any, begins."""
        if self.rules.wait:
            target.enter(Phase.VERSIONING, self.clock.now())
        elif target.resumed or target.joined:
            target.end("joined", "the site has it under way or done")
        else:
            target.end("accepted", target.reason)

    # -- moving on -------------------------------------------------------------------------------------------------

    def _move(self, target: Target) -> None:
        now = self.clock.now()
        package, fence = target.package, target.fence
        if target.phase is Phase.JOINING:
            if package.action == 0 and package.stored_version == package.source_version:
                self._has_version(target, now)
            elif now - target.since > self.rules.wait_timeout:
                target.end(
                    "failed",
                    f"the action that was running on it has not ended within {self.rules.wait_timeout:g} s; nothing was sent",
                )
        elif target.phase is Phase.BUILDING:
            self._builds.move(target, now)
        elif target.phase is Phase.UNANSWERED and fence:
            self._move_unanswered(target, fence, now)
        elif target.phase is Phase.VERSIONING and fence:
            self._move_versioning(target, fence, now)
        elif target.phase is Phase.DISTRIBUTING:
            self._move_distributing(target, now)

    def _move_unanswered(self, target: Target, fence: Fence, now: float) -> None:
        evidence = fence.effect(target.package)
        if evidence:
            target.proven = True
            target.error = None
            self.warn(
                f"{target.package.label}: the answer to {self.operation.method} was lost, and it was not sent again; it took effect: {evidence}"
            )
            self.accepted(target)
            if target.phase is Phase.VERSIONING:
                self._move_versioning(target, fence, now)
        elif now - target.since >= self.rules.grace:
            target.end(
                "failed",
                f"{self.operation.method} was sent once and its answer was lost; no effect was seen within {self.rules.grace:g} s. "
                "Check that the provider host is well, then run the task again with resume: it sends again only if there is still no effect",
                target.error,
            )

    def _move_versioning(self, target: Target, fence: Fence, now: float) -> None:
        if (
            target.resumed and target.package.action == 0 and target.package.source_version > fence.version
        ) or fence.risen(target.package):
            self._has_version(target, now)
        elif fence.ended_unchanged(target.package):
            target.unchanged_seen += 1
            if target.unchanged_seen >= LOOKS_TO_BELIEVE_UNCHANGED:
                target.source_unchanged = True
                self._has_version(target, now)
        else:
            target.unchanged_seen = 0
            if now - target.since > self.rules.wait_timeout:
                target.end(
                    "failed",
                    f"the source version is still {target.package.source_version} after {self.rules.wait_timeout:g} s "
                    f"(ActionInProgress {target.package.action}, StoredPkgVersion {target.package.stored_version}); the refresh was accepted. "
                    "Look into distmgr.log on the site server",
                )

    def _has_version(self, target: Target, now: float) -> None:
        target.goal = target.package.source_version
        if self.rules.until_distributed:
            target.enter(Phase.DISTRIBUTING, now)
        else:
            self._done(target)

    def _move_distributing(self, target: Target, now: float) -> None:
        verdict = target.verdict
        if verdict is None:
            return
        required = self.rules.wanted.required
        if verdict.targeted == 0 and not verdict.points and required:
            target.end("failed", f"no distribution point is targeted, so {', '.join(sorted(required))} cannot have it")
        elif verdict.targeted == 0 and not verdict.points:
            self.warn(f"{target.package.label}: no distribution point is targeted, so there is nothing to wait for")
            self._done(target)
        elif verdict.done:
            self._done(target)
        elif verdict.failed:
            names = ", ".join(sorted(point.server for point in verdict.failing))
            target.end(
                "failed", f"{verdict.reason}: {names}. Look into distmgr.log and PkgXferMgr.log on the site server"
            )
        elif now - target.since > self.rules.wait_timeout:
            kind = "incomplete" if verdict.incomplete else "not distributed"
            target.end("failed", f"{kind} after {self.rules.wait_timeout:g} s: {verdict.reason}")

    def _done(self, target: Target) -> None:
        status = "joined" if target.joined or target.resumed else "refreshed"
        target.end(status, target.reason)

    # -- stopping --------------------------------------------------------------------------------------------------

    @staticmethod
    def _failed(targets: Sequence[Target]) -> int:
        return sum(1 for target in targets if target.status == "failed")

    def _decide_stop(self, failed: int | None = None) -> None:
        """End the sending when too much has failed; `failed` where that is known already."""
        if self.stopped:
            return
        if failed is None:
            failed = self._failed(self.targets)
        if failed > self.rules.max_failed:
            self.stopped = f"not attempted, because {failed} packages failed, more than max_failed allows ({self.rules.max_failed:g})"

    def end_all(
        self, reason: str, error: ConfigMgrError | Interrupted, targets: Sequence[Target] | None = None
    ) -> None:
        """Nothing more can be done: what was sent stays sent, the rest is not attempted."""
        for target in self.targets if targets is None else targets:
            if target.open:
                target.end("failed" if target.sent else "not_attempted", reason, error.as_result())
