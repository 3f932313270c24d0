# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many packages in one task: pacing, the stop rule, parallel sessions, and how few requests it takes."""

from __future__ import annotations

import itertools

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._cim.types import STRING
from ansible_collections.configmgr.content.plugins.module_utils._engine.selection import STATE_COLUMNS, Asked

from .conftest import MakeLab
from .lab import Lab

CALL = {"verb": "Invoke", "method": "RefreshPkgSource"}


@pytest.fixture
def large(make_lab: MakeLab) -> Lab:
    return make_lab("large")


def with_source(lab: Lab, count: int, wmi_class: str = "SMS_Package") -> list[str]:
    """Ids of packages that can be refreshed."""
    packages = lab.server.site.snapshot()["packages"]
    found = [
        key for key, item in sorted(packages.items()) if item["class"] == wmi_class and item["distribution_points"]
    ]
    assert len(found) >= count
    return found[:count]


def test_a_thousand_refreshes_take_a_thousand_and_twelve_requests_at_most(large: Lab) -> None:
    ids = with_source(large, 1000)
    before = len(large.server.journal)
    result = large.refresh(*ids, wait=False)
    assert result.summary["accepted"] == 1000
    assert len(large.server.journal) - before <= 1012
    assert result.requests <= 1012
    executions = large.server.site.snapshot()["executions"]["RefreshPkgSource"]
    assert executions == dict.fromkeys(ids, 1)


def test_parallel_sessions_send_each_once_with_one_login_a_worker(large: Lab) -> None:
    ids = with_source(large, 40)
    logins = sum(large.server.logins["successes"].values())
    result = large.refresh(*ids, wait=False, sessions=4)
    assert result.summary["accepted"] == 40
    assert large.server.site.snapshot()["executions"]["RefreshPkgSource"] == dict.fromkeys(ids, 1)
    assert sum(large.server.logins["successes"].values()) - logins == 4
    assert len({call["session"] for call in large.calls()}) == 4


def test_no_more_than_asked_are_in_flight(large: Lab) -> None:
    ids = with_source(large, 20)
    result = large.refresh(*ids, in_flight=2, wait_timeout=14400.0)
    assert result.summary["refreshed"] == 20
    times = sorted(call["time"] for call in large.calls())
    assert len(times) == 20
    assert max(times.count(moment) for moment in set(times)) <= 2


def test_a_pause_lies_between_two_calls(large: Lab) -> None:
    ids = with_source(large, 4)
    large.refresh(*ids, wait=False, pause=30.0)
    times = [call["time"] for call in large.calls()]
    assert [round(later - earlier) for earlier, later in itertools.pairwise(times)] == [30, 30, 30]


def test_two_hundred_packages_with_failures_stop_by_the_rule(large: Lab) -> None:
    ids = with_source(large, 200)
    bad = ids[10:60]
    for package_id in bad:
        large.server.add_fault(action="return_value", value=1, key=package_id, **CALL)
    result = large.refresh(*ids, in_flight=5, wait_timeout=14400.0)
    assert result.summary["failed"] == 21  # 10 % of 200 may fail; the one above stops it
    assert result.summary["not_attempted"] == 200 - result.summary["failed"] - result.summary["refreshed"]
    executions = large.server.site.snapshot()["executions"]["RefreshPkgSource"]
    for package_id, row in result.rows.items():
        assert executions.get(package_id, 0) == (1 if row["status"] == "refreshed" else 0)
    assert "max_failed" in result[ids[-1]]["reason"]
    large.server.clear_faults()
    again = large.refresh(*ids, in_flight=50, wait_timeout=14400.0, wish={"resume": large.resume(result)})
    assert again.summary["joined"] + again.summary["refreshed"] == 200
    assert large.server.site.snapshot()["executions"]["RefreshPkgSource"] == dict.fromkeys(ids, 1)


def test_a_selection_larger_than_allowed_shows_its_size(large: Lab) -> None:
    with pytest.raises(Exception, match=r"matches \d+ packages .*max_packages \(50\)"):
        large.refresh(wish={"asked": Asked(selection={"type": ["package"]})})
    assert not large.calls()


def test_ten_thousand_packages_take_few_requests_and_constant_memory(large: Lab) -> None:
    import tracemalloc

    site = large.site("PS1")
    columns = {name: codec for name, codec in STATE_COLUMNS.items() if name != "StoredPkgVersion"}
    columns["Version"] = STRING
    peaks = []
    for limit in (1_000, 10_000):
        before = len(large.server.journal)
        tracemalloc.start()
        count = 0
        rows = site.rows("SMS_PackageBaseclass", {"PackageID": STRING, **NINE})
        for _row in rows:
            count += 1
            if count == limit:
                break
        rows.close()  # type: ignore[attr-defined]
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert count == limit
        requests = len(large.server.journal) - before
        assert requests <= 25
    site.close()
    assert peaks[1] < peaks[0] * 1.5


NINE = {
    name: STATE_COLUMNS.get(name, STRING)
    for name in (
        "PackageID",
        "Name",
        "Version",
        "Manufacturer",
        "PackageType",
        "SourceSite",
        "SourceVersion",
        "PkgSourcePath",
        "LastRefreshTime",
    )
}
