# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Offline servicing: one job for one wish, in the order of the SDK, followed to its end, and never run twice by accident."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._provider.errors import Impossible, NotFound
from ansible_collections.configmgr.content.plugins.module_utils._wsman.errors import ConfigMgrError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .conftest import BOOT, BROKEN, CUMULATIVE, OTHER, STACK, UPGRADE, WIN10, MakePlace, Place

ORDER = [
    ("Create", "SMS_ImageServicingSchedule"),
    ("Create", "SMS_ImageServicingScheduledImage"),
    ("Create", "SMS_ImageServicingScheduledUpdate"),
    ("Create", "SMS_ImageServicingScheduledUpdate"),
    ("Invoke", "RunOfflineServicingManager"),
]
LATER = [{"recurs": "never", "start": "2033-01-01T23:00"}]
WIM = "\\\\files01.contoso.test\\images$\\win10-21h2.wim"
MONTHLY = [{"recurs": "monthly_by_weekday", "week": "second", "day": "tuesday", "start": "2033-01-01T23:00"}]


def serviced(place: Place) -> int:
    """How many images were saved with their updates."""
    return sum(place.executions.get("ImageServiced", {}).values())


def version_of(place: Place, package_id: str = WIN10) -> int:
    """The SourceVersion of a package at the site."""
    return int(place.server.site.world.package(package_id).record.values["SourceVersion"])


# -- one job -------------------------------------------------------------------------------------------------------


def test_updates_go_into_an_image(place: Place) -> None:
    result = place.service()
    assert (result["changed"], result["action"]) == (True, "create")
    assert place.writes() == ORDER
    (job,) = result["jobs"]
    assert (job["state"], job["name"], job["schedule_id"]) == ("succeeded", "November", result["schedule_id"])
    assert [each["status"] for each in job["images"]] == ["succeeded"]
    assert [each["update_id"] for each in job["updates"]] == [CUMULATIVE, STACK]
    assert "KB5018410" in job["updates"][0]["title"]
    assert (serviced(place), place.runs()) == (1, 1)
    installed = {
        each["update_id"] for each in place.info(updates_of=[WIN10])["updates"] if each["status"] == "installed"
    }
    assert installed == {CUMULATIVE, STACK}


def test_a_second_run_does_nothing(place: Place) -> None:
    first = place.service()
    written = place.writes()
    again = place.service()
    assert (again["changed"], again["action"], again["schedule_id"]) == (False, "none", first["schedule_id"])
    assert place.writes() == written
    assert place.service(check=True)["changed"] is False


def test_check_mode_writes_nothing_and_tells_the_same(place: Place) -> None:
    place.server.add_fault(action="refuse_writes")
    told = place.service(check=True)
    assert (told["changed"], told["action"], told["schedule_id"], told["jobs"]) == (True, "create", None, [])
    assert place.writes() == []
    place.server.clear_faults()
    assert place.service()["diff"] == told["diff"]


def test_what_is_written_is_what_the_sdk_shows(place: Place) -> None:
    place.service(description="Of the month", update_distribution_points=True, continue_on_error=True)
    (row,) = place.rows("SMS_ImageServicingSchedule")
    assert (row["Name"], row["Description"]) == ("November", "Of the month")
    assert (row["UpdateDP"], row["ContinueOnError"], row.get("RemoveSupersededUpdates")) == (True, True, None)
    assert len(row["Schedule"]) == 16
    assert place.rows("SMS_ImageServicingScheduledImage") == [
        {"ImagePackageID": WIN10, "ScheduleID": row["ScheduleID"]}
    ]
    assert [each["UpdateID"] for each in place.rows("SMS_ImageServicingScheduledUpdate")] == [CUMULATIVE, STACK]


@pytest.mark.parametrize("update", [True, False])
def test_the_distribution_points_get_it_if_asked_for(place: Place, update: bool) -> None:
    before = version_of(place)
    place.service(update_distribution_points=update)
    place.clock.sleep(3600)
    place.info()  # the site moves on when it is asked
    assert version_of(place) == before + update


@pytest.mark.parametrize("offset", [-480, 0, 600])
def test_now_is_now_wherever_the_site_is(place: Place, offset: int) -> None:
    """Not hours later, when the time of the site server has come as far as ours."""
    sites = place.server.site.world.sites
    sites["PS1"] = replace(sites["PS1"], utc_offset=offset)
    began = place.clock.now()
    assert place.service()["jobs"][0]["state"] == "succeeded"
    assert place.clock.now() - began < 3600


def test_several_images_are_in_one_job(place: Place) -> None:
    result = place.service(images=[WIN10, UPGRADE.lower()])
    (job,) = result["jobs"]
    assert [each["package_id"] for each in job["images"]] == [WIN10, UPGRADE]
    assert place.executions["RunOfflineServicingManager"] == {WIN10: 1, UPGRADE: 1}


def test_waiting_costs_one_request_a_look(place: Place) -> None:
    place.service(wait_interval=10)
    looks = [
        entry
        for entry in place.server.journal
        if entry["verb"] == "Enumerate" and entry["class"] == "SMS_ImageServicingSchedule"
    ]
    others = [
        entry
        for entry in place.server.journal
        if entry["verb"] in ("Enumerate", "Get", "Pull") and entry["class"] != "SMS_ImageServicingSchedule"
    ]
    assert len(looks) > 100
    assert len(others) < 40


# -- how it ends ---------------------------------------------------------------------------------------------------


def test_a_failed_update_is_named_with_its_code(place: Place) -> None:
    result = place.service(updates=[str(CUMULATIVE), str(BROKEN)])
    assert result["failed"] is True
    assert result["changed"] is True
    assert f"{WIN10} at update {BROKEN} ('Update that cannot be installed offline (KB0000001)')" in result["msg"]
    assert "0x800F081F" in result["msg"]
    assert "OfflineServicingMgr.log" in result["msg"]
    (image,) = result["jobs"][0]["images"]
    assert (image["status"], image["failed_update"], image["error_code"]) == ("failed", BROKEN, -2146498529)
    assert image["failed_update_title"].startswith("Update that cannot")
    assert result["error"]["kind"] == "operation_failed"
    assert serviced(place) == 0


def test_a_failed_job_is_tried_again_as_a_new_one(place: Place) -> None:
    first = place.service(updates=[str(BROKEN)])
    place.server.site.servicing.updates[BROKEN] = _without_error(place)
    second = place.service(updates=[str(BROKEN)])
    assert "failed" not in second
    assert second["schedule_id"] > first["schedule_id"]
    assert place.service(updates=[str(BROKEN)])["changed"] is False
    assert serviced(place) == 1


def _without_error(place: Place) -> Any:
    return replace(place.server.site.servicing.updates[BROKEN], error=0)


@pytest.mark.parametrize(("switch", "failed"), [("fails", True), ("succeeds", False)])
def test_a_job_that_goes_on_ends_as_the_site_says(make_place: MakePlace, switch: str, failed: bool) -> None:
    place = make_place(switches={"continued_run": switch})
    result = place.service(updates=[str(BROKEN), str(CUMULATIVE)], continue_on_error=True)
    assert result.get("failed", False) is failed
    (image,) = result["jobs"][0]["images"]
    assert image["failed_update"] == BROKEN
    assert serviced(place) == 1
    assert any(f"succeeded without update {BROKEN}" in each for each in place.warnings) is not failed


def test_an_image_whose_file_is_gone(place: Place) -> None:
    place.server.site.world.package(WIN10).record.values["PkgSourcePath"] = r"\\files01.contoso.test\images$\gone.wim"
    result = place.service()
    assert result["failed"] is True
    assert f"{WIN10} with 0x" in result["msg"]


def test_a_job_that_takes_too_long_goes_on_and_is_joined(place: Place) -> None:
    result = place.service(wait_timeout=60, wait_interval=10)
    assert result["failed"] is True
    assert result["changed"] is True
    assert "has not ended within 60 s" in result["msg"]
    written = place.writes()
    again = place.service()
    assert (again["changed"], again["action"], again["schedule_id"]) == (False, "none", result["schedule_id"])
    assert again["jobs"][0]["state"] == "succeeded"
    assert place.writes() == written
    assert serviced(place) == 1


def test_somebody_calls_the_job_off_while_it_is_waited_for(place: Place) -> None:
    def call_off() -> None:
        for record in place.server.site.world.repository.stored("SMS_ImageServicingSchedule").records.values():
            if record.values["State"] == 2:
                place.server.site.servicing.put(record, {"Action": 2})

    place.clock.after_sleep = call_off
    result = place.service()
    assert result["failed"] is True
    assert result["jobs"][0]["state"] == "failed"
    assert serviced(place) == 0


# -- on a schedule -------------------------------------------------------------------------------------------------


def test_a_schedule_is_kept_as_the_site_has_it(place: Place) -> None:
    result = place.service(schedule=MONTHLY)
    (job,) = result["jobs"]
    assert job["state"] in ("none", "scheduled")
    assert job["schedule"][0]["recurs"] == "monthly_by_weekday"
    assert (job["schedule"][0]["week"], job["schedule"][0]["day"]) == ("second", "tuesday")
    assert serviced(place) == 0
    place.clock.sleep(60)
    written = place.writes()
    again = place.service(schedule=MONTHLY)
    assert (again["changed"], again["schedule_id"]) == (False, result["schedule_id"])
    assert place.writes() == written


def test_a_waiting_job_gets_another_schedule_and_settings(place: Place) -> None:
    first = place.service(schedule=LATER)
    place.forget()
    other = [{"recurs": "never", "start": "2033-02-02T01:30", "utc": True}]
    told = place.service(schedule=other, update_distribution_points=True, check=True)
    assert (told["changed"], told["action"], place.writes()) == (True, "change", [])
    done = place.service(schedule=other, update_distribution_points=True)
    assert done["diff"] == told["diff"]
    assert (done["action"], done["schedule_id"]) == ("change", first["schedule_id"])
    assert place.writes() == [("Put", "SMS_ImageServicingSchedule"), ("Invoke", "RunOfflineServicingManager")]
    (job,) = done["jobs"]
    assert (job["schedule"][0]["start"], job["update_distribution_points"]) == ("2033-02-02T01:30:00", True)
    place.forget()
    place.clock.sleep(60)
    assert place.service(schedule=other, update_distribution_points=True)["changed"] is False
    assert place.writes() == []


def each_week(place: Place) -> dict[str, Any]:
    """From five minutes ahead on, by the clock of the site."""
    soon = (place.clock.utc() + timedelta(minutes=5)).replace(tzinfo=None, second=0, microsecond=0)
    return {"recurs": "weekly", "day": f"{soon:%A}".lower(), "start": soon.isoformat(), "utc": True}


@pytest.mark.parametrize("policy", ["outcome", "scheduled"])
@pytest.mark.parametrize("fails", [False, True])
def test_the_next_run_of_a_recurring_job_is_waited_for(make_place: MakePlace, policy: str, fails: bool) -> None:
    """Whatever the site shows of such a job between two runs."""
    place = make_place(switches={"recurring_state": policy})
    result = place.service(schedule=[each_week(place)], wait=True, updates=[str(BROKEN if fails else CUMULATIVE)])
    assert place.runs() == 1
    assert bool(result.get("failed")) is fails
    if fails:
        assert f"at update {BROKEN} " in result["msg"]
    assert place.clock.now() < 3 * 3600


def test_a_file_that_was_replaced_since_is_told(place: Place) -> None:
    """The job has succeeded; a scan has found that the new file lacks what it had installed."""
    place.service()
    place.server.change(wim=WIM, images=[{"name": "Windows 10"}, {"name": "Windows 10 N"}])
    place.server.site.servicing.rows.scanned(
        place.server.site.world.package(WIN10), place.server.site.world.wims[WIM].editions
    )
    place.warnings.clear()
    assert place.service()["changed"] is False
    (told,) = [each for each in place.warnings if "The site still calls updates applicable" in each]
    assert "give the job another name to install them again" in told
    assert place.service(name="November, new file")["changed"] is True


def test_a_recurring_job_stays_one_job(place: Place) -> None:
    """Between two runs it has ended, and is still to run."""
    weekly = each_week(place)
    first = place.service(schedule=[weekly])
    place.clock.sleep(7200)
    assert place.info()["jobs"][0]["state"] == "succeeded"
    assert place.service(schedule=[weekly])["changed"] is False
    done = place.service(schedule=[{**weekly, "every_weeks": 2}])
    assert (done["action"], done["schedule_id"]) == ("change", first["schedule_id"])
    assert len(place.rows("SMS_ImageServicingSchedule")) == 1


def test_an_update_more_is_added_to_a_waiting_job(place: Place) -> None:
    first = place.service(schedule=LATER, updates=[str(CUMULATIVE)])
    place.forget()
    done = place.service(schedule=LATER, updates=[str(CUMULATIVE), str(STACK)])
    assert (done["action"], done["schedule_id"]) == ("complete", first["schedule_id"])
    assert place.writes() == [
        ("Create", "SMS_ImageServicingScheduledUpdate"),
        ("Invoke", "RunOfflineServicingManager"),
    ]


def test_a_waiting_job_for_something_else_is_in_the_way(place: Place) -> None:
    place.service(schedule=LATER)
    place.forget()
    with pytest.raises(Impossible, match=f"for {WIN10} with {CUMULATIVE}, {STACK}"):
        place.service(updates=[str(OTHER)])
    assert place.writes() == []
    assert place.service(name="Another", updates=[str(OTHER)])["changed"] is True


def test_a_job_at_work_is_not_changed(place: Place) -> None:
    place.service(wait=False)
    place.clock.sleep(60)
    assert place.info()["jobs"][0]["state"] == "running"
    place.forget()
    with pytest.raises(Impossible, match="is at work, and cannot be changed"):
        place.service(update_distribution_points=True)
    with pytest.raises(Impossible, match="is at work, and cannot be changed"):
        place.service(updates=[str(CUMULATIVE), str(STACK), str(OTHER)])
    assert place.writes() == []
    assert place.service(wait=False)["changed"] is False


@pytest.mark.parametrize(
    ("schedule", "told"),
    [
        ([], "schedule is empty"),
        ([{"recurs": "interval", "every": {"days": 40}}], "schedule, entry 1: days is 1 to 31"),
        ([{"recurs": "never"}], "schedule, entry 1: start is missing"),
        (LATER * 16, "schedule has 16 schedules"),
    ],
)
def test_a_schedule_that_cannot_be_said_is_refused(place: Place, schedule: list[Any], told: str) -> None:
    with pytest.raises(Impossible, match=told):
        place.service(schedule=schedule)
    assert place.server.journal == []


# -- calling off ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("moment", ["waiting", "scheduled", "running"])
def test_a_job_is_called_off(place: Place, moment: str) -> None:
    place.service(**({"wait": False} if moment == "running" else {"schedule": LATER}))
    if moment != "waiting":
        place.clock.sleep(60)
    assert place.info()["jobs"][0]["state"] == {"waiting": "none"}.get(moment, moment)
    place.forget()
    told = place.service(state="cancelled", check=True)
    assert (told["changed"], told["action"], place.writes()) == (True, "cancel", [])
    done = place.service(state="cancelled")
    assert (done["changed"], done["diff"]) == (True, told["diff"])
    assert place.writes() == [("Put", "SMS_ImageServicingSchedule")]
    place.clock.sleep(20000)
    assert place.info()["jobs"][0]["state"] in ("none", "failed")
    assert serviced(place) == 0
    assert place.service(state="cancelled")["changed"] is False


def test_only_jobs_of_that_image_are_called_off(place: Place) -> None:
    place.service(schedule=LATER)
    assert place.service(state="cancelled", images=[UPGRADE])["changed"] is False
    assert place.service(name="Other", state="cancelled")["changed"] is False
    assert place.service(state="cancelled", images=[WIN10])["changed"] is True


def test_what_was_called_off_can_be_begun_again(place: Place) -> None:
    first = place.service(schedule=LATER)
    place.service(state="cancelled")
    second = place.service(schedule=LATER)
    assert second["action"] == "create"
    assert second["schedule_id"] > first["schedule_id"]


# -- which updates and images --------------------------------------------------------------------------------------


HOSTILE = st.text(
    st.one_of(
        st.sampled_from("'\"\\%_[]();:-*?<>&{}= \t"),
        st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"),
    ),
    min_size=1,
    max_size=30,
).filter(str.strip)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=HOSTILE, description=HOSTILE)
def test_whatever_a_job_is_called_it_is_found_again(place: Place, name: str, description: str) -> None:
    place.service(name=name, state="cancelled")
    first = place.service(name=name, schedule=LATER, description=description)
    assert (first["jobs"][0]["name"], first["jobs"][0]["description"]) == (name, description)
    again = place.service(name=name, schedule=LATER, description=description, check=True)
    assert (again["changed"], again["schedule_id"]) == (False, first["schedule_id"])
    assert place.service(name=name, state="cancelled")["changed"] is True


def test_an_update_is_found_by_its_title(place: Place) -> None:
    result = place.service(updates=["kb5018410"])
    assert [each["update_id"] for each in result["jobs"][0]["updates"]] == [CUMULATIVE]


@pytest.mark.parametrize(
    ("text", "told"), [("Update", "4 updates"), ("KB999", "0 updates"), ("KB501841", "Near it|1 ")]
)
def test_a_title_has_to_be_clear(place: Place, text: str, told: str) -> None:
    if text == "KB501841":  # a part of one title is enough
        assert place.service(updates=[text], check=True)["changed"] is True
        return
    with pytest.raises(Impossible, match=f"{told} for these images have '{text}' in their title"):
        place.service(updates=[text])
    assert place.writes() == []


def test_an_update_that_the_site_does_not_list_is_warned_of(place: Place) -> None:
    result = place.service(updates=["123"])
    assert result["failed"] is True  # there is none
    assert any("does not list update 123" in warning for warning in place.warnings)


@pytest.mark.parametrize("asked", ["2147483648", "9" * 30, "\u00b2"])
def test_a_number_that_no_update_can_have_leaves_nothing_behind(place: Place, asked: str) -> None:
    with pytest.raises(Impossible, match=f"0 updates for these images have '{asked}' in their title"):
        place.service(updates=[str(CUMULATIVE), asked])
    assert place.rows("SMS_ImageServicingSchedule") == []


def test_every_applicable_update(place: Place) -> None:
    place.server.site.servicing.updates[BROKEN] = _without_error(place)
    result = place.service(applicable_updates=True)
    assert [each["update_id"] for each in result["jobs"][0]["updates"]] == [CUMULATIVE, STACK, BROKEN]
    again = place.service(applicable_updates=True)
    assert (again["changed"], again["jobs"], again["schedule_id"]) == (False, [], None)


def test_a_job_at_work_is_joined_by_what_is_applicable(place: Place) -> None:
    """While it works, less and less is applicable."""
    place.server.site.servicing.updates[BROKEN] = _without_error(place)
    first = place.service(applicable_updates=True, wait=False)
    place.clock.sleep(1300)
    assert {each["status"] for each in place.info(updates_of=[WIN10])["updates"]} >= {"installed", "applicable"}
    joined = place.service(applicable_updates=True)
    assert (joined["changed"], joined["schedule_id"]) == (False, first["schedule_id"])
    assert joined["jobs"][0]["state"] == "succeeded"
    assert serviced(place) == 1


def test_a_site_that_has_not_looked_again_is_believed_once(place: Place) -> None:
    place.server.site.servicing.updates[BROKEN] = _without_error(place)
    place.service(applicable_updates=True)
    for record in place.server.site.world.repository.stored("SMS_ImageUpdateStatus").records.values():
        if record.values["UpdateStatus"] == 2:
            record.values["UpdateStatus"] = 3
    again = place.service(applicable_updates=True)
    assert again["changed"] is False
    assert any("The site still calls updates applicable" in warning for warning in place.warnings)


@pytest.mark.parametrize(
    ("options", "error", "told"),
    [
        ({"images": [BOOT]}, Impossible, "is neither an operating system image nor an upgrade package"),
        ({"images": ["PS1FFFFF"]}, NotFound, "No package PS1FFFFF"),
        ({"images": ["x"]}, Impossible, "Not a package id"),
        ({"images": []}, Impossible, "images is empty"),
        ({"updates": []}, Impossible, "There are no updates"),
        ({"name": " "}, Impossible, "name is empty"),
        ({"wait_interval": -1.0}, Impossible, "wait_interval -1"),
    ],
)
def test_what_cannot_be_is_refused(place: Place, options: dict[str, Any], error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        place.service(**options)
    assert place.writes() == []


def test_an_image_of_another_site_is_left_to_it(place: Place) -> None:
    place.server.site.world.package(WIN10).record.values["SourceSite"] = "PS2"
    with pytest.raises(Impossible, match="belongs to site PS2"):
        place.service()
    assert place.writes() == []


# -- lost answers and killed tasks ---------------------------------------------------------------------------------


@pytest.mark.parametrize("number", range(len(ORDER)))
def test_a_lost_answer_is_settled_by_reading(place: Place, number: int) -> None:
    verb, what = ORDER[number]
    match = {"method": what} if verb == "Invoke" else {"class": what}
    place.server.add_fault(action="cut_after", verb=verb, skip=1 if number == 3 else 0, **match)
    result = place.service()
    assert "failed" not in result
    assert place.writes() == ORDER
    assert (serviced(place), place.runs()) == (1, 1)
    assert bool(place.warnings) is (number in (0, 4))


def test_a_lost_change_is_settled_by_reading(place: Place) -> None:
    place.service(schedule=LATER)
    place.forget()
    place.server.add_fault(action="cut_after", verb="Put")
    done = place.service(schedule=LATER, description="x")
    assert (done["action"], done["jobs"][0]["description"]) == ("change", "x")
    assert [verb for verb, _what in place.writes()] == ["Put", "Invoke"]


def test_a_lost_cancellation_is_settled_by_reading(place: Place) -> None:
    place.service(schedule=LATER)
    place.forget()
    place.server.add_fault(action="cut_after", verb="Put")
    assert place.service(state="cancelled")["changed"] is True
    assert place.writes() == [("Put", "SMS_ImageServicingSchedule")]


class _Killed(BaseException):
    """The worker is gone; nothing of it runs any more."""


def _killed_at(place: Place, monkeypatch: pytest.MonkeyPatch, number: int, after: bool) -> bool:
    """Run the task until its write of this number, before or after it; whether it got there."""
    from ansible_collections.configmgr.content.plugins.module_utils._wsman.verbs import Link

    real, seen = Link.write, [0]

    def write(self: Link, *args: Any, **more: Any) -> Any:
        seen[0] += 1
        if seen[0] == number and not after:
            raise _Killed
        answer = real(self, *args, **more)
        if seen[0] == number:
            raise _Killed
        return answer

    with monkeypatch.context() as patched:
        patched.setattr(Link, "write", write)
        try:
            place.service()
        except _Killed:
            return True
    return False


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("number", range(1, len(ORDER) + 1))
def test_a_killed_task_is_finished_by_the_next(
    place: Place, monkeypatch: pytest.MonkeyPatch, number: int, after: bool
) -> None:
    assert _killed_at(place, monkeypatch, number, after)
    result = place.service()
    assert "failed" not in result
    assert len(place.rows("SMS_ImageServicingSchedule")) == 1
    assert [each["UpdateID"] for each in place.rows("SMS_ImageServicingScheduledUpdate")] == [CUMULATIVE, STACK]
    assert (serviced(place), place.runs()) == (1, 1)
    assert place.service()["changed"] is False


def test_a_job_whose_manager_was_not_told_is_begun(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would begin within an hour; the next run does not wait for that, and does not call it a change."""
    assert _killed_at(place, monkeypatch, len(ORDER), after=False)
    assert place.woken() == 0
    result = place.service()
    assert (result["changed"], result["action"]) == (False, "wake")
    assert place.woken() == 1
    assert serviced(place) == 1


# -- sites of other kinds ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["present", "absent"])
def test_qualifiers_make_no_difference(make_place: MakePlace, answer: str) -> None:
    place = make_place(switches={"class_qualifiers": answer})
    assert place.service()["changed"] is True
    assert place.writes() == ORDER


@pytest.mark.parametrize("members", ["sdk", "2002"])
def test_versions_with_other_members(make_place: MakePlace, members: str) -> None:
    """RemoveSupersededUpdates is known from a live site only, so not every version has it (behaviour 122)."""
    place = make_place(switches={"members": members})
    assert place.service()["changed"] is True
    (job,) = place.service(name="x", images=[UPGRADE], schedule=LATER)["jobs"]
    assert job["remove_superseded_updates"] is None
    place.forget()
    if members == "sdk":
        with pytest.raises(Impossible, match="has no RemoveSupersededUpdates, so remove_superseded_updates cannot"):
            place.service(name="y", remove_superseded_updates=True, schedule=LATER)
        assert place.writes() == []
    else:
        (job,) = place.service(name="y", remove_superseded_updates=True, schedule=LATER)["jobs"]
        assert job["remove_superseded_updates"] is True


def test_an_account_that_may_only_read(place: Place) -> None:
    place.account = {"username": r"CONTOSO\reader", "password": "Read-0nly-pass"}
    with pytest.raises(ConfigMgrError):
        place.service()
    assert place.rows("SMS_ImageServicingSchedule") == []


# -- reading -------------------------------------------------------------------------------------------------------


def test_jobs_are_read_newest_first_and_selected(place: Place) -> None:
    first = place.service()["schedule_id"]
    second = place.service(name="Later", images=[UPGRADE], schedule=MONTHLY)["schedule_id"]
    place.forget()
    assert [each["schedule_id"] for each in place.info()["jobs"]] == [second, first]
    assert [each["schedule_id"] for each in place.info(names=["Later"])["jobs"]] == [second]
    assert [each["schedule_id"] for each in place.info(schedule_ids=[first])["jobs"]] == [first]
    assert [each["schedule_id"] for each in place.info(images=[UPGRADE.lower()])["jobs"]] == [second]
    assert place.info(names=["Nobody"])["jobs"] == []
    assert place.writes() == []


def test_the_updates_of_an_image(place: Place) -> None:
    result = place.info(updates_of=[WIN10])
    told = {(each["index"], each["update_id"]): each["status"] for each in result["updates"]}
    rows = place.rows("SMS_ImageUpdateStatus")
    assert told == {
        (each["ImageIndex"], each["UpdateID"]): {1: "not_required", 3: "applicable"}[each["UpdateStatus"]]
        for each in rows
        if each["ImagePackageID"] == WIN10
    }
    assert result["changed"] is False
