# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a host answers, the check ends with findings: the first step that failed, and what to do."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import MakeVisitor
from .visitor import IMAGE

WEATHER: dict[str, dict[str, Any]] = {
    "cut before": {"action": "cut_before"},
    "cut after": {"action": "cut_after"},
    "garbage": {"action": "garbage"},
    "empty": {"action": "empty"},
    "busy": {"action": "http", "status": 503},
    "not accepted": {"action": "http", "status": 400},
    "forbidden": {"action": "http", "status": 403},
    "another answer": {"action": "wrong_relates_to"},
    "stale": {"action": "stale_context"},
    "internal": {"action": "fault", "code": 2150858883},
    "quota": {"action": "fault", "code": 2150859174},
    "timed out": {"action": "fault", "code": 2150858793},
    "too large": {"action": "fault", "code": 2150858825},
    "failed": {"action": "provider_error", "hresult": 0x80041001, "description": "Something broke"},
}
# Which step meets it first when every request of a kind goes wrong, and which steps cannot be looked at after it.
FIRST = {"Identify": ("service", "login"), "Enumerate": ("winrm_right", "namespace"), "Invoke": ("second_hop",)}


@pytest.mark.parametrize("verb", sorted(FIRST))
@pytest.mark.parametrize("weather", sorted(WEATHER))
def test_bad_weather_is_a_finding(visit: MakeVisitor, weather: str, verb: str) -> None:
    visitor = visit(tls=False, switches={"path_identity": "computer"})
    visitor.server.add_fault(verb=verb, times=None, **WEATHER[weather])
    report = visitor.check(share_path=IMAGE)
    assert visitor.server.logins["failed"] == 0
    if verb == "Identify" and weather in ("another answer", "internal", "quota", "timed out", "too large", "failed"):
        # A fault is an answer of WinRM; Identify's own has no RelatesTo that could be wrong.
        assert set(report.failed) <= {"service"}
        return
    assert report.failed
    assert report.failed[0] in FIRST[verb], report.message
    assert report.result["next_step"]
    assert "defect" not in report.text()


@pytest.mark.parametrize("weather", sorted(WEATHER))
def test_the_settings_may_fail(visit: MakeVisitor, weather: str) -> None:
    """They come last: nothing else is hidden, and no traceback comes of it."""
    visitor = visit(tls=False)
    visitor.server.add_fault(verb="Get", times=None, **WEATHER[weather])
    report = visitor.check()
    assert set(report.failed) <= {"envelope"}
    assert report.status("scope") == "ok"


def test_a_busy_host_is_not_one_with_small_messages(visit: MakeVisitor) -> None:
    """The first Identify asks as a stranger, the second is behind the login, the third has blanks in it."""
    visitor = visit(tls=False)
    visitor.server.add_fault(verb="Identify", action="http", status=503, skip=2, times=None)
    report = visitor.check()
    assert report.failed == ["envelope"]
    assert "MaxEnvelopeSizekb" not in report.message
    assert "overloaded" in report.message
