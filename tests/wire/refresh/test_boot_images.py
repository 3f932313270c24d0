# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Boot images: a build inside the call, followed from a second session."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._cim.types import STRING
from ansible_collections.configmgr.content.plugins.module_utils._engine.build import context_for
from ansible_collections.configmgr.content.plugins.module_utils._provider.site import Site
from ansible_collections.configmgr.content.plugins.module_utils._wsman.errors import OutcomeUnknown

from .conftest import MakeLab
from .lab import LONGEST, Lab, build_threads

BOOT = "PS100004"
OTHER = "PS10000E"
CALL = {"verb": "Invoke", "method": "RefreshPkgSource"}
FORGET = {"verb": "Invoke", "method": "DeleteContextID"}
STATUS = {"verb": "Invoke", "method": "QueryOSDBinaryInjectionStatus"}


def statuses(lab: Lab) -> list[dict[str, Any]]:
    return lab.calls("QueryOSDBinaryInjectionStatus")


def test_the_build_is_followed_beyond_the_time_limit_of_the_host(lab: Lab) -> None:
    result = lab.refresh(BOOT)
    row = result.only
    assert row["status"] == "refreshed", row["reason"]
    assert row["context_id"]
    assert row["build"]["percent"] == 100
    assert row["build"]["progress"]
    assert not row["answer_lost"]
    assert not lab.warnings
    (call,) = lab.calls()
    assert call["outcome"] == "fault:2150858793"  # MaxTimeoutms: the normal course
    assert lab.executions(BOOT) == 1
    assert {entry["session"] for entry in statuses(lab)} != {call["session"]}
    assert len(lab.calls("DeleteContextID")) == 1


def test_a_build_that_the_host_cancels_is_not_reported_as_done(make_lab: MakeLab) -> None:
    lab = make_lab(switches={"work_after_timeout": "cancelled"})
    result = lab.refresh(BOOT, build_timeout=600.0)
    assert result.only["status"] == "failed"
    assert not result.changed or lab.executions(BOOT) == 1
    assert len(lab.calls()) == 1


def test_the_driver_that_could_not_be_injected_is_named(make_lab: MakeLab) -> None:
    lab = make_lab("troubled")
    result = lab.refresh("PS100007")
    row = result.only
    assert row["status"] == "failed"
    assert "homemade.inf" in row["reason"]
    assert row["build"]["status"] == "error"
    assert row["build"]["error_code"]
    assert not result.changed
    assert len(lab.calls("DeleteContextID")) == 1


def test_images_are_built_one_at_a_time_whatever_the_parallelism(lab: Lab) -> None:
    result = lab.refresh(BOOT, "PS10000E", "PS100001", in_flight=5, sessions=4)
    assert {row["status"] for row in result.rows.values()} == {"refreshed"}
    assert set(lab.server.site.snapshot()["most_at_a_time"]["builds"].values()) == {1}


@pytest.mark.parametrize("fault", ["cut_after", "cut_before"])
def test_a_lost_answer_is_settled_by_the_status(lab: Lab, fault: str) -> None:
    lab.server.add_fault(action=fault, **CALL)
    result = lab.refresh(BOOT, build_timeout=900.0)
    executed = lab.executions(BOOT)
    assert executed == (1 if fault == "cut_after" else 0)
    assert result.only["status"] == ("refreshed" if executed else "failed")
    assert result.changed is bool(executed)
    assert len(lab.calls()) == 1
    again = lab.refresh(BOOT, wish={"resume": lab.resume(result)})
    assert again.only["status"] == ("joined" if executed else "refreshed")
    assert lab.executions(BOOT) == 1


def test_a_build_longer_than_allowed_leaves_its_context_for_the_rerun(lab: Lab) -> None:
    first = lab.refresh(BOOT, build_timeout=100.0)
    assert first.only["status"] == "failed"
    assert first.changed
    assert first.only["context_id"]
    assert not lab.calls("DeleteContextID")
    again = lab.refresh(BOOT, wish={"resume": lab.resume(first)})
    assert again.only["status"] == "joined"
    assert again.only["context_id"] == first.only["context_id"]
    assert lab.executions(BOOT) == 1


def test_without_waiting_the_build_goes_on_and_can_be_joined(lab: Lab) -> None:
    first = lab.refresh(BOOT, wait=False)
    assert first.only["status"] == "accepted"
    assert first.changed
    again = lab.refresh(BOOT, wish={"resume": lab.resume(first)})
    assert again.only["status"] == "joined"
    assert lab.executions(BOOT) == 1


def test_a_provider_without_the_deployment_kit_fails_with_its_own_words(make_lab: MakeLab) -> None:
    lab = make_lab("hierarchy")
    row = lab.refresh("PS200003", site=lab.site("PS2")).only
    assert row["status"] == "failed"
    assert row["error"]["code"] == 0x80041001 or row["error"]["message"]


def test_a_boot_image_on_every_distribution_point(lab: Lab) -> None:
    row = lab.refresh(BOOT, wait_for="distributed", wait_timeout=14400.0).only
    assert row["status"] == "refreshed"
    assert row["distribution_points"]["installed"] == 2


def start_and_die(lab: Lab) -> None:
    """A run that is killed while the host still works on its build."""
    task = lab.task(BOOT)
    site = lab.site()
    lab.server.add_fault(action="cut_after", **CALL)
    with pytest.raises(OutcomeUnknown):
        site.call(
            "SMS_BootImagePackage",
            "RefreshPkgSource",
            {"PackageID": BOOT},
            {"ContextID": (STRING, context_for(task.site, BOOT))},
        )
    task.close()
    site.close()


def test_after_a_killed_run_the_build_that_goes_on_is_waited_for(lab: Lab) -> None:
    start_and_die(lab)
    result = lab.refresh(BOOT)
    assert result.only["status"] == "refreshed"
    assert result.only["waited_for_action"] is True
    assert lab.executions(BOOT) == 2
    assert set(lab.server.site.snapshot()["most_at_a_time"]["builds"].values()) == {1}


@pytest.mark.parametrize("wait", [True, False])
def test_the_build_of_a_killed_run_can_be_joined(lab: Lab, wait: bool) -> None:
    start_and_die(lab)
    result = lab.refresh(BOOT, when_busy="join", wait=wait)
    assert result.only["status"] == "joined"
    assert not result.changed
    assert lab.executions(BOOT) == 1


def test_the_build_of_a_killed_run_can_be_left_alone(lab: Lab) -> None:
    start_and_die(lab)
    assert lab.refresh(BOOT, when_busy="skip").only["status"] == "skipped"
    assert lab.executions(BOOT) == 1


def test_what_a_killed_run_left_behind_does_not_pass_for_the_new_build(lab: Lab) -> None:
    start_and_die(lab)
    lab.clock.sleep(3600.0)  # it ended, and nobody deleted its context
    result = lab.refresh(BOOT)
    assert result.only["status"] == "refreshed"
    assert lab.executions(BOOT) == 2
    assert not lab.server.site.snapshot()["contexts"]


def builds_at_a_time(lab: Lab) -> set[int]:
    """The most builds that ran at a time, by host."""
    return set(lab.server.site.snapshot()["most_at_a_time"]["builds"].values())


def test_without_waiting_images_are_still_built_one_at_a_time(lab: Lab) -> None:
    result = lab.refresh(BOOT, OTHER, wait=False, sessions=4)
    assert result.summary["accepted"] == 2
    assert builds_at_a_time(lab) == {1}


def test_no_image_is_built_beside_one_that_takes_too_long(lab: Lab) -> None:
    first = lab.refresh(BOOT, OTHER, "PS100001", build_timeout=100.0, max_failed=(100, True))
    assert [row["status"] for row in first.rows.values()] == ["failed", "not_attempted", "refreshed"]
    assert f"still builds {BOOT}" in first[OTHER]["reason"]
    again = lab.refresh(BOOT, OTHER, wish={"resume": lab.resume(first)})
    assert [row["status"] for row in again.rows.values()] == ["joined", "refreshed"]
    assert builds_at_a_time(lab) == {1}
    assert [lab.executions(BOOT), lab.executions(OTHER)] == [1, 1]


def test_without_waiting_a_rerun_does_not_wait_for_the_build(lab: Lab) -> None:
    first = lab.refresh(BOOT, wait=False)
    began = lab.clock.now()
    again = lab.refresh(BOOT, wait=False, wish={"resume": lab.resume(first)})
    assert again.only["status"] == "joined"
    assert lab.clock.now() - began < 30


def test_a_record_that_cannot_be_deleted_does_not_pass_for_the_new_build(lab: Lab) -> None:
    """A killed run left a finished build; the new call never arrives, and nothing may be taken for its effect."""
    start_and_die(lab)
    lab.clock.sleep(3600.0)
    lab.server.add_fault(action="provider_error", times=None, **FORGET)
    lab.server.add_fault(action="cut_before", **CALL)
    result = lab.refresh(BOOT, build_timeout=300.0)
    assert result.only["status"] == "failed"
    assert not result.changed
    lab.server.clear_faults()
    again = lab.refresh(BOOT, wish={"resume": lab.resume(result)})
    assert again.only["status"] == "refreshed"
    assert lab.executions(BOOT) == 2


def test_a_build_whose_status_cannot_be_read_is_not_forgotten(lab: Lab) -> None:
    """Its record is all that keeps the rerun from building again."""
    lab.server.add_fault(action="cut_after", **CALL)
    lab.server.add_fault(action="provider_error", times=None, **STATUS)
    first = lab.refresh(BOOT, build_timeout=60.0)
    assert first.only["status"] == "failed"
    assert "cannot be read" in first.only["reason"]
    assert not lab.calls("DeleteContextID")
    lab.server.clear_faults()
    again = lab.refresh(BOOT, wish={"resume": lab.resume(first)})
    assert again.only["status"] == "joined"
    assert lab.executions(BOOT) == 1


def test_a_status_that_is_lost_on_the_way_is_asked_again(lab: Lab) -> None:
    """To ask changes nothing, so a cut line is no reason to fail."""
    lab.server.add_fault(action="cut_after", times=2, **STATUS)
    result = lab.refresh(BOOT)
    assert result.only["status"] == "refreshed"
    assert lab.executions(BOOT) == 1


def test_a_failed_status_of_one_build_does_not_end_the_others(lab: Lab) -> None:
    lab.server.add_fault(action="cut_before", times=None, skip=1, **STATUS)
    result = lab.refresh(BOOT, "PS100001", build_timeout=1800.0)
    assert result["PS100001"]["status"] == "refreshed"
    assert result[BOOT]["status"] == "refreshed"  # the object itself shows it
    assert lab.executions(BOOT) == 1


def test_a_strange_answer_does_not_outweigh_the_status(lab: Lab) -> None:
    """The call is answered with a fault and the build goes on all the same."""
    lab.server.add_fault(action="fault", code=2150858755, execute=True, **CALL)
    result = lab.refresh(BOOT)
    assert result.only["status"] == "refreshed"
    assert result.changed
    assert lab.executions(BOOT) == 1


def test_the_record_of_a_finished_build_is_deleted_although_the_call_is_not_answered_yet(lab: Lab) -> None:
    result = lab.refresh(BOOT, wait_interval=1.0)
    assert result.only["status"] == "refreshed"
    assert not lab.server.site.snapshot()["contexts"]


def test_a_defect_in_the_call_does_not_cost_the_result(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    call = Site.call

    def broken(site: Site, class_name: str, method: str, *arguments: Any, **more: Any) -> Any:
        answer = call(site, class_name, method, *arguments, **more)
        if method == "RefreshPkgSource":
            raise KeyError("surprise")
        return answer

    sleep = lab.clock.sleep

    def until_it_broke(seconds: float) -> None:
        sleep(seconds)
        if any(build["over"] for build in lab.server.site.snapshot()["builds"]):
            for thread in build_threads():
                thread.join(LONGEST)

    monkeypatch.setattr(Site, "call", broken)
    monkeypatch.setattr(lab.clock, "sleep", until_it_broke)
    lab.server.set_switch("max_timeout_ms", "1800000")
    result = lab.refresh(BOOT)
    assert result.only["status"] == "refreshed"
    assert result.only["answer_lost"] is True
    assert lab.executions(BOOT) == 1
