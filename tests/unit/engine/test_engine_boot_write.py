# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes that last: what their answer, and the status of their build, come to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._engine.boot_write import Follower, LongWrite
from ansible_collections.configmgr.content.plugins.module_utils._engine.build import (
    COMPLETE,
    ERROR,
    IN_PROGRESS,
    NO_STATUS,
)
from ansible_collections.configmgr.content.plugins.module_utils._provider.clock import Clock
from ansible_collections.configmgr.content.plugins.module_utils._provider.errors import Locked, OperationFailed
from ansible_collections.configmgr.content.plugins.module_utils._wsman.errors import NotAuthenticated, OutcomeUnknown

CONTEXT = "2A1F9C9E-0F6C-4B57-9E0B-6F7C43A0E1D5"


class Time(Clock):
    """Moves when somebody sleeps."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class Site:
    """Answers the status of a build from a list, the last one for good."""

    where = "here"

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses) or [NO_STATUS]
        self.calls: list[str] = []
        self.refuses: Exception | None = None

    def sibling(self) -> Site:
        return self

    def close(self) -> None:
        pass

    def call(self, _class_name: str, method: str, **_more: Any) -> dict[str, Any]:
        self.calls.append(method)
        if method == "DeleteContextID":
            if self.refuses is not None:
                raise self.refuses
            return {}
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        told = {"Progress": 5, "MaxProgress": 9, "ProgressText": "Adding drivers"}
        return {"Status": status, **told, "ErrorCode": 577, "ExtendedErrorInfo": "homemade.inf"}


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Holds a write until it is set; set at the end, so that no thread stays."""
    event = threading.Event()
    yield event
    event.set()


Make = Callable[..., tuple[Follower, LongWrite, list[str]]]


def make(site: Site, work: Callable[[Any], Any]) -> tuple[Follower, LongWrite, list[str]]:
    warnings: list[str] = []
    write = LongWrite(site, work, "write")  # type: ignore[arg-type]
    follower = Follower(site, "SMS_BootImagePackage", Time(), 10.0, 300.0, warnings.append)  # type: ignore[arg-type]
    return follower, write, warnings


def raising(error: Exception) -> Callable[[Any], Any]:
    def work(_site: Any) -> Any:
        raise error

    return work


def timed_out() -> OutcomeUnknown:
    return OutcomeUnknown("The provider host ended the wait", where="here", timed_out_at_server=True)


def test_an_answer_in_time_is_the_result() -> None:
    site = Site()
    follower, write, _warnings = make(site, lambda _site: "PS100004")
    assert follower.see_through(write, CONTEXT) == "PS100004"
    assert site.calls == ["QueryOSDBinaryInjectionStatus"]


def test_the_record_of_a_build_that_has_ended_is_dropped() -> None:
    site = Site(COMPLETE)
    follower, write, _warnings = make(site, lambda _site: "PS100004")
    follower.see_through(write, CONTEXT)
    assert site.calls[-1] == "DeleteContextID"


def test_a_record_that_cannot_be_dropped_is_a_warning() -> None:
    site = Site(COMPLETE)
    site.refuses = Locked("no", where="here")
    follower, write, warnings = make(site, lambda _site: "PS100004")
    assert follower.see_through(write, CONTEXT) == "PS100004"
    assert "could not be deleted" in warnings[0]
    with pytest.raises(Locked):
        follower.forget(CONTEXT)


def test_a_lost_answer_is_settled_by_a_build_that_succeeds() -> None:
    site = Site(IN_PROGRESS, IN_PROGRESS, COMPLETE)
    follower, write, _warnings = make(site, raising(timed_out()))
    assert follower.see_through(write, CONTEXT) is None
    assert [line.split(" UTC ")[1] for line in follower.progress] == ["55 % Adding drivers", "100 % Adding drivers"]


def test_a_build_that_fails_names_the_driver() -> None:
    follower, write, _warnings = make(Site(IN_PROGRESS, ERROR), raising(timed_out()))
    with pytest.raises(OperationFailed, match=r"error 577, driver homemade\.inf"):
        follower.see_through(write, CONTEXT)


def test_a_lost_answer_without_a_build_stays_lost() -> None:
    follower, write, _warnings = make(Site(NO_STATUS), raising(timed_out()))
    with pytest.raises(OutcomeUnknown, match="ended the wait"):
        follower.see_through(write, CONTEXT)


def test_a_refusal_is_a_refusal() -> None:
    follower, write, _warnings = make(Site(NO_STATUS), raising(Locked("alice has it", where="here")))
    with pytest.raises(Locked, match="alice has it"):
        follower.see_through(write, CONTEXT)


def test_a_write_that_is_never_answered_ends(gate: threading.Event) -> None:
    follower, write, _warnings = make(Site(NO_STATUS), lambda _site: gate.wait(30))
    with pytest.raises(OutcomeUnknown, match="was not answered within 300 s"):
        follower.see_through(write, CONTEXT)


def test_a_build_that_never_ends_is_given_up(gate: threading.Event) -> None:
    follower, write, _warnings = make(Site(IN_PROGRESS), lambda _site: gate.wait(30))
    with pytest.raises(OperationFailed, match="has not ended within 300 s; it is at 55 %"):
        follower.see_through(write, CONTEXT)


def test_a_defect_of_ours_is_no_silence() -> None:
    follower, write, _warnings = make(Site(NO_STATUS), raising(KeyError("surprise")))
    with pytest.raises(OutcomeUnknown, match="broke off by a defect of this collection"):
        follower.see_through(write, CONTEXT)


def test_a_login_that_is_refused_is_not_asked_again() -> None:
    class Closed(Site):
        def call(self, _class_name: str, method: str, **_more: Any) -> dict[str, Any]:
            raise NotAuthenticated("no", where="here")

    follower, _write, _warnings = make(Closed(), lambda _site: None)
    with pytest.raises(NotAuthenticated):
        follower.status(CONTEXT)


def test_without_an_id_nobody_is_asked() -> None:
    site = Site(COMPLETE)
    follower, write, _warnings = make(site, lambda _site: None)
    follower.see_through(write, "")
    assert site.calls == []
