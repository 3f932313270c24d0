# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Offline servicing, and schedules as strings (behaviour 100, 101, 127; schedule_strings.yml)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from smsprovsim import interval_strings
from smsprovsim.model import CimDateTime, Embedded, WmiError

if TYPE_CHECKING:
    from .conftest import Desk, Seat

SCHEDULE = "SMS_ImageServicingSchedule"
WIN10 = "\\\\files01.contoso.test\\images$\\win10-21h2.wim"
GOOD, STACK, BAD, OTHER = 16778000, 16778001, 16778002, 16778003


def job(desk: Desk, updates: list[int], images: tuple[str, ...] = ("PS100009",), **values: Any) -> int:
    """A job with its images and updates; its ScheduleID."""
    made = desk.create(SCHEDULE, **{"Action": 1, "Schedule": "", "UpdateDP": False, **values})
    identity = int(made.values["ScheduleID"])
    for package_id in images:
        desk.create("SMS_ImageServicingScheduledImage", ScheduleID=identity, ImagePackageID=package_id)
    for update in updates:
        desk.create("SMS_ImageServicingScheduledUpdate", ScheduleID=identity, UpdateID=update)
    return identity


def run(desk: Desk, **arguments: Any) -> None:
    given = {"SiteCode": "PS1", "ServerName": "cm01.contoso.test", "PackageID": "PS100009", "PackageType": 257}
    desk.call("SMS_ImagePackage", "RunOfflineServicingManager", **{**given, **arguments})


def state(desk: Desk, identity: int) -> int:
    return int(desk.get(SCHEDULE, ScheduleID=str(identity))["State"])


def progress(desk: Desk, identity: int, package_id: str = "PS100009") -> dict[str, Any]:
    return desk.get("SMS_ImageServicingProgress", ScheduleID=str(identity), ImagePackageID=package_id)


def versions(desk: Desk) -> list[str]:
    desk.site.world.settle()
    return [edition.os_version for edition in desk.site.world.wims[WIN10].editions]


def test_a_job_walks_through_its_states(images: Desk) -> None:
    identity = job(images, [GOOD, STACK], UpdateDP=True)
    assert state(images, identity) == 0
    run(images)
    seen = [0]
    statuses = []
    for _unused in range(1000):
        images.advance(4)
        if state(images, identity) != seen[-1]:
            seen.append(state(images, identity))
        if seen[-1] == 2:
            statuses.append(progress(images, identity)["Status"])
    assert seen == [0, 1, 2, 3]
    assert set(statuses) == {1}
    assert progress(images, identity)["Status"] == 2
    assert versions(images) == ["10.0.19044.2206"] * 2
    assert images.package("PS100009")["ImageOSVersion"] == "10.0.19044.2206"
    images.advance(3600)
    assert images.package("PS100009")["SourceVersion"] == 6
    installed = images.rows(
        f"SELECT * FROM SMS_ImageUpdateStatus WHERE UpdateID = {GOOD} AND ImagePackageID = 'PS100009'"
    )
    assert [(row["ImageIndex"], row["UpdateStatus"]) for row in installed] == [(1, 2), (2, 2)]
    history = images.rows(f"SELECT * FROM SMS_ImageUpdateHistory WHERE ScheduleID = {identity}")
    assert [(row["Status"], row["FailedUpdateID"]) for row in history] == [(2, 0)]
    assert images.executions("ServicingRun") == {str(identity): 1}


def test_without_update_dp_the_points_keep_the_old_image(images: Desk) -> None:
    job(images, [GOOD])
    run(images)
    images.advance(7200)
    assert versions(images) == ["10.0.19044.2106"] * 2
    assert images.package("PS100009")["SourceVersion"] == 5


def test_a_failed_update_ends_the_run(images: Desk) -> None:
    identity = job(images, [GOOD, BAD, OTHER])
    run(images)
    images.advance(7200)
    assert state(images, identity) == 4
    found = progress(images, identity)
    assert (found["Status"], found["FailedUpdateID"], found["Win32ErrorCode"]) == (3, BAD, -2146498529)
    assert versions(images) == ["10.0.19044.2006"] * 2  # nothing was saved
    failed = images.rows("SELECT * FROM SMS_FailedImageUpdateView")
    assert [(row["UpdateID"], row["FailedImageCount"]) for row in failed] == [(BAD, 1)]
    errors = images.rows(
        f"SELECT ErrorCode FROM SMS_ImageUpdateStatusView WHERE UpdateID = {BAD} AND ImagePackageID = 'PS100009'"
    )
    assert {row["ErrorCode"] for row in errors} == {-2146498529}


@pytest.mark.parametrize(("policy", "final", "status"), [("fails", 4, 3), ("succeeds", 3, 2)])
def test_going_on_after_a_failed_update(seat: Seat, policy: str, final: int, status: int) -> None:
    desk = seat("images", continued_run=policy)
    identity = job(desk, [BAD, STACK, GOOD][::-1], ContinueOnError=True)
    run(desk)
    desk.advance(7200)
    assert state(desk, identity) == final
    found = progress(desk, identity)
    assert (found["Status"], found["FailedUpdateID"]) == (status, BAD)
    assert versions(desk) == ["10.0.19044.2206"] * 2


def test_an_update_that_the_image_does_not_need(images: Desk) -> None:
    rows = images.rows(
        f"SELECT UpdateStatus FROM SMS_ImageUpdateStatus WHERE UpdateID = {OTHER} AND ImagePackageID='PS100009'"
    )
    assert {row["UpdateStatus"] for row in rows} == {1}
    rows = images.rows(
        f"SELECT UpdateStatus FROM SMS_ImageUpdateStatus WHERE UpdateID = {GOOD} AND ImagePackageID='PS100009'"
    )
    assert {row["UpdateStatus"] for row in rows} == {3}


def test_cancelling_a_run(images: Desk) -> None:
    identity = job(images, [GOOD])
    run(images)
    images.advance(1000)
    assert state(images, identity) == 2
    images.site.put(images.caller, images.cim_class(SCHEDULE), {"ScheduleID": str(identity)}, {"Action": 2})
    assert state(images, identity) == 4
    assert progress(images, identity)["Win32ErrorCode"] == 1223
    images.advance(7200)
    assert versions(images) == ["10.0.19044.2006"] * 2


def test_cancelling_what_has_not_begun(images: Desk) -> None:
    later = interval_strings.encode(
        [Embedded("SMS_ST_NonRecurring", {"StartTime": CimDateTime("20260302180000.000000+***")})]
    )
    identity = job(images, [GOOD], Schedule=later)
    run(images)
    images.advance(60)
    assert state(images, identity) == 1
    images.site.put(images.caller, images.cim_class(SCHEDULE), {"ScheduleID": str(identity)}, {"Action": 2})
    assert state(images, identity) == 0
    images.advance(24 * 3600)
    assert versions(images) == ["10.0.19044.2006"] * 2


def test_a_job_begins_at_the_time_of_the_site(images: Desk) -> None:
    """Local time of the site server: 18:00 there is 17:00 UTC, nine hours after these tests begin."""
    token = Embedded("SMS_ST_NonRecurring", {"StartTime": CimDateTime("20260302180000.000000+***")})
    identity = job(images, [GOOD], Schedule=interval_strings.encode([token]))
    run(images)
    images.advance(9 * 3600 - 10)
    assert state(images, identity) == 1
    images.advance(20)
    assert state(images, identity) == 2


def weekly(day: int, clock: str = "1800") -> str:
    """Each week, local time; 2 March 2026 is a Monday (2)."""
    values = {"StartTime": CimDateTime(f"20260201{clock}00.000000+***"), "Day": day, "ForNumberOfWeeks": 1}
    return interval_strings.encode([Embedded("SMS_ST_RecurWeekly", values)])


@pytest.mark.parametrize(("policy", "between"), [("outcome", 3), ("scheduled", 1)])
def test_a_recurring_job_runs_each_time(seat: Seat, policy: str, between: int) -> None:
    desk = seat("images", recurring_state=policy)
    identity = job(desk, [GOOD], Schedule=weekly(2))
    run(desk)
    desk.advance(8.5 * 3600)
    assert (state(desk, identity), desk.executions("ServicingRun")) == (1, {})
    desk.advance(5 * 3600)
    assert (state(desk, identity), desk.executions("ServicingRun")) == (between, {str(identity): 1})
    desk.create("SMS_ImageServicingScheduledUpdate", ScheduleID=identity, UpdateID=STACK)
    desk.advance(7 * 86_400)
    assert (state(desk, identity), desk.executions("ServicingRun")) == (between, {str(identity): 2})
    assert versions(desk) == ["10.0.19044.2206"] * 2  # each update went in once
    history = desk.rows(f"SELECT RunDateTime FROM SMS_ImageUpdateHistory WHERE ScheduleID = {identity}")
    assert sorted(row["RunDateTime"].text[:12] for row in history) == ["202603021700", "202603091700"]


@pytest.mark.parametrize("policy", ["outcome", "scheduled"])
def test_a_recurring_job_that_is_called_off_runs_no_more(seat: Seat, policy: str) -> None:
    desk = seat("images", recurring_state=policy)
    identity = job(desk, [GOOD], Schedule=weekly(2))
    run(desk)
    desk.advance(86_400)
    desk.site.put(desk.caller, desk.cim_class(SCHEDULE), {"ScheduleID": str(identity)}, {"Action": 2})
    desk.advance(30 * 86_400)
    assert desk.executions("ServicingRun") == {str(identity): 1}


def test_another_schedule_takes_the_place_of_the_one_before(images: Desk) -> None:
    identity = job(images, [GOOD], Schedule=weekly(2))
    run(images)
    images.advance(60)
    changed = {"Action": 1, "Schedule": weekly(3)}
    images.site.put(images.caller, images.cim_class(SCHEDULE), {"ScheduleID": str(identity)}, changed)
    run(images)
    images.advance(20 * 3600)
    assert images.executions("ServicingRun") == {}
    images.advance(86_400)
    assert images.executions("ServicingRun") == {str(identity): 1}


def test_a_scan_shows_what_another_wim_needs(images: Desk) -> None:
    def installed() -> set[int]:
        statement = f"SELECT * FROM SMS_ImageUpdateStatus WHERE UpdateID = {GOOD} AND ImagePackageID = 'PS100009'"
        return {row["UpdateStatus"] for row in images.rows(statement)}

    job(images, [GOOD])
    run(images)
    images.advance(7200)
    images.change(wim=WIN10, images=[{"name": "Windows 10"}, {"name": "Windows 10 N"}])
    assert installed() == {2}
    images.create("SMS_ImageServicingScanRequest", ImagePackageID="PS100009")
    images.advance(1800)
    assert installed() == {3}


def test_a_manager_that_nobody_wakes_looks_within_the_hour(images: Desk) -> None:
    identity = job(images, [GOOD])
    images.advance(600)
    assert state(images, identity) == 0
    images.advance(3600)
    assert state(images, identity) == 2


def test_jobs_wait_for_each_other(images: Desk) -> None:
    first, second = job(images, [GOOD]), job(images, [STACK])
    run(images)
    images.advance(60)
    assert [each["Status"] for each in images.rows("SELECT Status FROM SMS_ImageServicingProgress")] == [1]
    images.site.delete(images.caller, images.cim_class(SCHEDULE), {"ScheduleID": str(first)})
    images.advance(7200)
    assert state(images, second) == 3
    assert images.rows(f"SELECT * FROM SMS_ImageServicingScheduledUpdate WHERE ScheduleID = {first}") == []


def test_an_image_that_cannot_be_read(images: Desk) -> None:
    images.change(wim=WIN10, gone=True)
    identity = job(images, [GOOD])
    run(images)
    images.advance(60)
    assert (state(images, identity), progress(images, identity)["Win32ErrorCode"]) == (4, 2)


def test_a_repaired_update(images: Desk) -> None:
    job(images, [BAD])
    run(images)
    images.advance(7200)
    images.change(update={"id": BAD, "title": "Repaired"})
    again = job(images, [BAD])
    run(images)
    images.advance(7200)
    assert state(images, again) == 3
    assert images.rows("SELECT * FROM SMS_FailedImageUpdateView") == []


def test_an_image_that_is_deleted_meanwhile(images: Desk) -> None:
    identity = job(images, [GOOD], UpdateDP=True)
    run(images)
    images.advance(1000)
    images.change(delete="PS100009")
    images.advance(7200)
    assert (state(images, identity), progress(images, identity)["Win32ErrorCode"]) == (4, 1168)


def test_a_scan(images: Desk) -> None:
    made = images.create("SMS_ImageServicingScanRequest", ImagePackageID="PS100009")
    assert made.values["Status"] is None
    images.advance(1800)
    assert images.get("SMS_ImageServicingScanRequest", ImagePackageID="PS100009")["Status"] == 1


@pytest.mark.parametrize(
    ("class_name", "values"),
    [
        (SCHEDULE, {"Action": 1, "ScheduleID": 5}),
        (SCHEDULE, {"Action": 1, "Schedule": "soon"}),
        (SCHEDULE, {"Action": 7}),
        ("SMS_ImageServicingScheduledImage", {"ScheduleID": 99, "ImagePackageID": "PS100009"}),
        ("SMS_ImageServicingScheduledUpdate", {"ScheduleID": 99, "UpdateID": GOOD}),
        ("SMS_ImageServicingScanRequest", {"ImagePackageID": "PS100001"}),
    ],
)
def test_what_cannot_be_written(images: Desk, class_name: str, values: dict[str, Any]) -> None:
    with pytest.raises(WmiError) as caught:
        images.create(class_name, **values)
    assert caught.value.hresult == 0x80041001


@pytest.mark.parametrize(
    "arguments", [{"SiteCode": "QQ1"}, {"ServerName": "other"}, {"PackageType": 259}, {"PackageID": "PS100001"}]
)
def test_a_manager_that_is_called_wrongly(images: Desk, arguments: dict[str, Any]) -> None:
    with pytest.raises(WmiError) as caught:
        run(images, **arguments)
    assert caught.value.extended["ErrorCode"] == 1078462208
    assert images.executions("RunOfflineServicingManager") == {}


def test_a_reader_services_nothing(images: Desk) -> None:
    reader = images.as_user("CONTOSO\\reader")
    with pytest.raises(WmiError) as caught:
        reader.create(SCHEDULE, Action=1)
    assert caught.value.extended["ErrorCode"] == 1112017920
    with pytest.raises(WmiError):
        run(reader)


# --- strings ---


def token(class_name: str, start: str, **values: Any) -> Embedded:
    common = {"IsGMT": False, "DayDuration": 0, "HourDuration": 0, "MinuteDuration": 0}
    return Embedded(class_name, {"StartTime": CimDateTime(f"{start}00.000000+***"), **common, **values})


EXAMPLES = [
    ("0001200000100038", [token("SMS_ST_RecurInterval", "197002010000", MinuteSpan=0, HourSpan=0, DaySpan=7)]),
    ("0001200000880000", [token("SMS_ST_NonRecurring", "197002010000", DayDuration=2)]),
    ("00012CC008194000", [token("SMS_ST_RecurWeekly", "202102010000", HourDuration=1, Day=1, ForNumberOfWeeks=2)]),
    (
        "00012CC008232400",
        [token("SMS_ST_RecurMonthlyByWeekday", "202102010000", HourDuration=1, Day=3, ForNumberOfMonths=2, WeekOrder=2)],
    ),
    ("DA159CC000280400", [token("SMS_ST_RecurMonthlyByDate", "202109211654", MonthDay=0, ForNumberOfMonths=1)]),
    (
        "1033BC7B10100010",
        [token("SMS_ST_RecurInterval", "201911190104", HourDuration=2, MinuteDuration=59, MinuteSpan=0, HourSpan=0, DaySpan=2)],
    ),
    (
        "005C7D4020331680",
        [
            token(
                "SMS_ST_RecurMonthlyByWeekdayBase", "202307280200",
                HourDuration=4, Day=3, ForNumberOfMonths=1, WeekOrder=3, OffsetDay=2,
            )
        ],
    ),
    (
        "791378800008000055147880001B200055177880001E2000",
        [
            token("SMS_ST_NonRecurring", "200407190830"),
            token("SMS_ST_RecurWeekly", "200407200821", Day=3, ForNumberOfWeeks=1),
            token("SMS_ST_RecurWeekly", "200407230821", Day=6, ForNumberOfWeeks=1),
        ],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "tokens"), EXAMPLES)
def test_strings_and_tokens(images: Desk, text: str, tokens: list[Embedded]) -> None:
    read = images.call("SMS_ScheduleMethods", "ReadFromString", StringData=text).outputs["TokenData"]
    assert read == tokens
    assert images.call("SMS_ScheduleMethods", "WriteToString", TokenData=read).outputs == {"StringData": text}


@pytest.mark.parametrize("text", ["", "0001200000100", "000120000010003G", "0001200000000000"])
def test_what_is_no_schedule(images: Desk, text: str) -> None:
    with pytest.raises(WmiError):
        images.call("SMS_ScheduleMethods", "ReadFromString", StringData=text)
