# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operation is, and by what evidence its effect is known. Pure: no request is made here.

An operation is a method call whose effect comes later. Its fence is the object's state before the call; the call took
effect when the state has moved past the fence. The fence says that it happened, never who did it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

from .need import site_text

if TYPE_CHECKING:
    from .._provider.site import Site
    from .build import BuildCall, BuildStatus
    from .distribution import Verdict, Wanted, Watch
    from .resource import Resource
    from .selection import PackageState


# Seconds to wait, by what for.
LONGEST_WAITS = {"source_version": 900.0, "distributed": 4 * 3600.0}


@dataclass(frozen=True)
class Operation:
    """A method of a package class, and the words for it."""

    label: str
    verb: str
    method: str
    context_argument: str = "ContextID"


class Phase(Enum):
    """Where one package stands."""

    WAITING = "waiting for its turn"
    JOINING = "waiting for the action that is running"
    UNANSWERED = "sent, answer lost, looking for an effect"
    BUILDING = "the provider is building it"
    VERSIONING = "waiting for the new source version"
    DISTRIBUTING = "waiting for the distribution points"
    ENDED = "ended"


IN_FLIGHT = (Phase.UNANSWERED, Phase.BUILDING, Phase.VERSIONING, Phase.DISTRIBUTING)


@dataclass(frozen=True)
class Fence:
    """The state before the call. `refreshed` is the text of LastRefreshTime, empty if unknown."""

    version: int
    refreshed: str
    action: int

    @classmethod
    def of(cls, package: PackageState) -> Fence:
        """The fence that this look at a package makes."""
        return cls(package.source_version, site_text(package.last_refresh), package.action)

    def effect(self, package: PackageState) -> str:
        """The evidence that something happened since, in words; empty if there is none."""
        if package.source_version > self.version:
            return f"source version {self.version} -> {package.source_version}"
        refreshed = site_text(package.last_refresh)
        if self.refreshed and refreshed != self.refreshed:
            return f"last refresh {self.refreshed} -> {refreshed}"
        if self.action == 0 and package.action in (1, 2):
            return f"ActionInProgress 0 -> {package.action}"
        return ""

    def risen(self, package: PackageState) -> bool:
        """The site has taken the source and is done with it (behaviour 58)."""
        return (
            package.source_version > self.version
            and package.stored_version == package.source_version
            and package.action == 0
        )

    def ended_unchanged(self, package: PackageState) -> bool:
        """The action ended and the refresh time moved, but the version did not rise: the source is as it was."""
        refreshed = site_text(package.last_refresh)
        return (
            package.source_version == self.version
            and package.action == 0
            and bool(self.refreshed)
            and refreshed != self.refreshed
        )


@dataclass(frozen=True)
class Earlier:
    """What an earlier run left in `resume` about one package.

    `sent` and not `answer_lost`: never sent again. `answer_lost`: sent again only if the site shows no effect of it.
    """

    package_id: str
    sent: bool
    version_before: int | None = None
    last_refresh_before: str = ""
    context_id: str | None = None
    answer_lost: bool = False


@dataclass(frozen=True)
class Rules:
    """How an operation is carried out over many packages. Times in seconds."""

    wanted: Wanted
    wait: bool = True
    wait_for: str = "source_version"
    wait_timeout: float = 900.0
    wait_interval: float = 10.0
    grace: float = 60.0
    build_timeout: float = 3600.0
    when_busy: str = "wait"
    in_flight: int = 3
    pause: float = 0.0
    sessions: int = 1
    max_failed: float = 0.0

    @property
    def until_distributed(self) -> bool:
        """Whether the wait goes on until the distribution points have it."""
        return self.wait and self.wait_for == "distributed"


@dataclass(eq=False)
class Target:
    """One package of the task, from the first look at it to its outcome. Compared by identity."""

    package: PackageState
    resource: Resource
    site: Site
    watch: Watch
    reason: str = ""
    phase: Phase = Phase.WAITING
    status: str = "not_attempted"
    earlier: Earlier | None = None
    fence: Fence | None = None
    sent: bool = False
    proven: bool = False  # answered 0, or its effect was seen
    answer_lost: bool = False
    resumed: bool = False
    joined: bool = False
    waited_for_action: bool = False
    context_id: str | None = None
    call: BuildCall | None = None
    build: BuildStatus | None = None
    progress: list[str] = field(default_factory=list)
    since: float = 0.0
    unchanged_seen: int = 0
    source_unchanged: bool = False
    goal: int | None = None
    targeted: int | None = None
    verdict: Verdict | None = None
    error: Mapping[str, Any] | None = None
    looked: int = 0  # the round of the newest look
    old_messages: frozenset[tuple[str, str]] = frozenset()

    @property
    def open(self) -> bool:
        """Not ended yet."""
        return self.phase is not Phase.ENDED

    @property
    def changed(self) -> bool:
        """Whether this task brought something about, as far as the evidence goes."""
        return self.sent and self.proven and not self.resumed

    def enter(self, phase: Phase, now: float) -> None:
        """Go on to the next phase; its time limit starts now."""
        self.phase = phase
        self.since = now

    def end(self, status: str, reason: str, error: Mapping[str, Any] | None = None) -> None:
        """The outcome. What is known of the call stays as it is."""
        self.phase = Phase.ENDED
        self.status = status
        self.reason = reason
        self.error = error
