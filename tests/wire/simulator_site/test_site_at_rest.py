# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever is asked in whatever order: the site comes to rest, keeps its limits, and every request is accounted for."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from smsprovsim.model import WmiError
from smsprovsim.scenario import load

PACKAGES = ("PS100001", "PS100002", "PS100005", "PS100008", "PS10000A", "PS10000B", "PS10000C", "PS10000D", "PS100010")
POINTS = ("good", "failing", "recovers", "slow", "pull", "dry")
A_WEEK = 7 * 86_400.0

steps = st.one_of(
    st.tuples(st.just("refresh"), st.sampled_from(PACKAGES)),
    st.tuples(st.just("advance"), st.sampled_from([0.5, 2.0, 5.0, 30.0, 700.0])),
    st.tuples(st.just("put"), st.sampled_from(PACKAGES)),
    st.tuples(st.just("add"), st.sampled_from(PACKAGES), st.sampled_from(POINTS)),
    st.tuples(st.just("again"), st.sampled_from(PACKAGES), st.sampled_from(POINTS)),
    st.tuples(st.just("remove"), st.sampled_from(PACKAGES), st.sampled_from(POINTS)),
    st.tuples(st.just("delete"), st.sampled_from(PACKAGES)),
)
switches = st.fixed_dictionaries(
    {
        "busy_refresh": st.sampled_from(["once_more", "coalesce", "each"]),
        "action_in_progress": st.sampled_from(["until_stored", "until_taken"]),
        "package_thread": st.sampled_from(["until_distributed", "until_stored"]),
        "unchanged_source": st.sampled_from(["raises", "stays"]),
    }
)


@settings(deadline=None, database=None, derandomize=True, max_examples=150)
@given(switches, st.lists(steps, max_size=25))
def test_the_site_comes_to_rest(chosen: dict[str, str], course: list[tuple[Any, ...]]) -> None:
    site = load("troubled", speed=0, switches=chosen)
    caller = site.caller("CONTOSO\\cmadmin")
    package_class = site.cim_class("root/sms/site_PS1", "SMS_Package")
    point_class = site.cim_class("root/sms/site_PS1", "SMS_DistributionPoint")
    assert package_class is not None
    assert point_class is not None
    paths = {point.server.split(".")[0]: point.nal_path for point in site.world.points.values()}
    refreshed: dict[str, int] = {}
    deleted: set[str] = set()

    def target(step: tuple[Any, ...]) -> dict[str, str]:
        return {"PackageID": step[1], "ServerNALPath": paths[step[2]], "SiteCode": "PS1"}

    for step in course:
        try:
            if step[0] == "refresh":
                site.invoke(
                    caller, package_class, package_class.methods["RefreshPkgSource"], {"PackageID": step[1]}, {}
                )
                refreshed[step[1]] = refreshed.get(step[1], 0) + 1
            elif step[0] == "advance":
                site.clock.advance(step[1])
            elif step[0] == "put":
                site.put(caller, package_class, {"PackageID": step[1]}, {"Description": "edited"})
            elif step[0] == "add":
                site.create(caller, point_class, dict(target(step)))
            elif step[0] == "again":
                site.put(caller, point_class, target(step), {"RefreshNow": True})
            elif step[0] == "remove":
                site.delete(caller, point_class, target(step))
            else:
                site.delete(caller, package_class, {"PackageID": step[1]})
                deleted.add(step[1])
        except WmiError as error:
            if step[1] not in deleted and step[0] not in ("again", "remove"):
                raise AssertionError(error.message) from error
    before = {package_id: state["source_version"] for package_id, state in site.snapshot()["packages"].items()}
    site.clock.advance(A_WEEK)
    state = site.snapshot()

    assert state["executions"].get("RefreshPkgSource", {}) == refreshed
    assert not deleted & set(state["packages"])
    assert state["most_at_a_time"]["packages"]["PS1"] <= 3
    assert state["most_at_a_time"]["deliveries"]["PS1"] <= 5
    for package_id, package in state["packages"].items():
        points = {server.split(".")[0]: point["state"] for server, point in package["distribution_points"].items()}
        # A pull distribution point whose source lacks the content tries on for ever.
        pulls_in_vain = "dry" in points or ("pull" in points and "good" not in points)
        if not pulls_in_vain:
            assert package["phase"] == "idle", package_id
        assert package["action_in_progress"] == 0, package_id
        assert package["source_version"] >= before[package_id]
        if package["class"] == "SMS_Package":
            assert package["stored_version"] == package["source_version"], package_id
        if package_id in refreshed and package_id != "PS100005" and chosen["unchanged_source"] == "raises":
            assert package["source_version"] > 3, package_id
        for server, point in package["distribution_points"].items():
            if point["state"] == 0:
                assert point["version"] == package["source_version"], (package_id, server)
            else:
                name = server.split(".")[0]
                in_trouble = name in ("failing", "dry", "retrying", "recovers") or (name == "pull" and pulls_in_vain)
                assert in_trouble, (package_id, server)
