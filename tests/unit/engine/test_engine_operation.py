# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fence: by what it is known that a call took effect, and the fields of a target that say so."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._cim.types import CimTime
from ansible_collections.configmgr.content.plugins.module_utils._content.package import PACKAGE
from ansible_collections.configmgr.content.plugins.module_utils._engine.distribution import Wanted, Watch
from ansible_collections.configmgr.content.plugins.module_utils._engine.operation import Fence, Phase, Rules, Target
from fake_site import FakeSite, package

LATER = CimTime(datetime(2026, 11, 20, 8))
BEFORE = Fence.of(package())


def target(**more: Any) -> Target:
    return Target(package(**more), PACKAGE, FakeSite(), Watch())  # type: ignore[arg-type]


def test_a_fence_is_the_state_before_the_call() -> None:
    assert Fence(7, "2026-11-19T20:00:00", 0) == BEFORE
    assert Fence.of(package(LastRefreshTime=None, ActionInProgress=2)) == Fence(7, "", 2)


@pytest.mark.parametrize(
    ("fence", "now", "evidence"),
    [
        (BEFORE, {}, ""),
        (BEFORE, {"SourceVersion": 8}, "source version 7 -> 8"),
        (BEFORE, {"SourceVersion": 8, "ActionInProgress": 1}, "source version 7 -> 8"),
        (BEFORE, {"SourceVersion": 6}, ""),
        (BEFORE, {"LastRefreshTime": LATER}, "last refresh 2026-11-19T20:00:00 -> 2026-11-20T08:00:00"),
        (BEFORE, {"LastRefreshTime": LATER, "ActionInProgress": 1}, "last refresh"),
        (Fence(7, "", 0), {"LastRefreshTime": LATER}, ""),  # unknown before: nothing to hold it against
        (BEFORE, {"ActionInProgress": 1}, "ActionInProgress 0 -> 1"),
        (BEFORE, {"ActionInProgress": 2}, "ActionInProgress 0 -> 2"),
        (BEFORE, {"ActionInProgress": 3}, ""),  # being deleted is no refresh
        (Fence(7, "2026-11-19T20:00:00", 1), {"ActionInProgress": 1}, ""),  # it was running before the call
    ],
)
def test_the_evidence_of_an_effect(fence: Fence, now: dict[str, Any], evidence: str) -> None:
    found = fence.effect(package(**now))
    assert found.startswith(evidence)
    assert bool(found) is bool(evidence)


@pytest.mark.parametrize(
    ("now", "risen", "unchanged"),
    [
        ({}, False, False),
        ({"SourceVersion": 8, "StoredPkgVersion": 8}, True, False),
        ({"SourceVersion": 9, "StoredPkgVersion": 9, "LastRefreshTime": LATER}, True, False),
        ({"SourceVersion": 8, "StoredPkgVersion": 7}, False, False),
        ({"SourceVersion": 8, "StoredPkgVersion": 8, "ActionInProgress": 1}, False, False),
        ({"LastRefreshTime": LATER}, False, True),
        ({"LastRefreshTime": LATER, "ActionInProgress": 1}, False, False),
        ({"SourceVersion": 6, "StoredPkgVersion": 6, "LastRefreshTime": LATER}, False, False),
    ],
)
def test_the_end_of_a_refresh(now: dict[str, Any], risen: bool, unchanged: bool) -> None:
    assert BEFORE.risen(package(**now)) is risen
    assert BEFORE.ended_unchanged(package(**now)) is unchanged


def test_an_unknown_refresh_time_never_proves_an_unchanged_source() -> None:
    assert not Fence(7, "", 0).ended_unchanged(package(LastRefreshTime=LATER))


@pytest.mark.parametrize(
    ("sent", "proven", "resumed", "changed"),
    [
        (True, True, False, True),
        (True, False, False, False),
        (False, True, False, False),
        (True, True, True, False),  # an earlier run did it
    ],
)
def test_a_change_is_what_this_task_sent_and_saw(sent: bool, proven: bool, resumed: bool, changed: bool) -> None:
    one = target()
    one.sent, one.proven, one.resumed = sent, proven, resumed
    assert one.changed is changed


def test_the_outcome_leaves_what_is_known_of_the_call() -> None:
    one = target()
    one.sent = one.proven = True
    one.enter(Phase.VERSIONING, 12.5)
    assert (one.open, one.phase, one.since) == (True, Phase.VERSIONING, 12.5)
    one.end("failed", "too late", {"kind": "operation_failed"})
    assert (one.open, one.status, one.reason, one.changed) == (False, "failed", "too late", True)
    assert one.error == {"kind": "operation_failed"}


@pytest.mark.parametrize(
    ("wait", "wait_for", "until"),
    [(True, "distributed", True), (True, "source_version", False), (False, "distributed", False)],
)
def test_the_points_are_waited_for_only_if_there_is_a_wait(wait: bool, wait_for: str, until: bool) -> None:
    assert Rules(Wanted(), wait=wait, wait_for=wait_for).until_distributed is until
