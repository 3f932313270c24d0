# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of a refresh: versions, distribution points, queues, ownership (behaviour 55 to 80, 107 to 109)."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from smsprovsim.clock import LogicalClock
from smsprovsim.model import WmiError
from smsprovsim.scenario import load

if TYPE_CHECKING:
    from .conftest import Desk, Seat


def test_walk_of_a_refresh(small: Desk) -> None:
    before = small.package("PS100001")
    work = small.refresh("PS100001")
    assert (work.return_value, work.done_at) == (0, None)
    asked = small.package("PS100001")
    assert (asked["ActionInProgress"], asked["SourceVersion"]) == (1, 3)
    assert asked["LastRefreshTime"] == before["LastRefreshTime"]
    assert set(small.points("PS100001").values()) == {(0, 3)}

    small.advance(21)
    assert small.package("PS100001")["SourceVersion"] == 3
    small.advance(2)  # 200 MB take about 22 seconds (behaviour 56)
    read = small.package("PS100001")
    assert (read["SourceVersion"], read["StoredPkgVersion"], read["ActionInProgress"]) == (4, 3, 1)
    small.advance(2)
    stored = small.package("PS100001")
    assert (stored["SourceVersion"], stored["StoredPkgVersion"], stored["ActionInProgress"]) == (4, 4, 0)
    assert stored["LastRefreshTime"].text == "20260302080024.000000+***"
    assert stored["SourceDate"].text > before["SourceDate"].text
    assert set(small.points("PS100001").values()) == {(0, 3)}  # the old version is still good

    small.advance(4)
    assert set(small.points("PS100001").values()) == {(1, 3)}
    small.advance(15)
    assert small.points("PS100001") == {"dp01": (0, 4), "dp02": (0, 4), "dp03": (1, 3)}  # dp03 is slower
    small.advance(60)
    assert set(small.points("PS100001").values()) == {(0, 4)}
    assert small.executions("RefreshPkgSource") == {"PS100001": 1}


def test_counts_of_the_summarizers(small: Desk) -> None:
    statement = (
        "SELECT Targeted, Installed, SourceVersion FROM SMS_PackageStatusRootSummarizer WHERE PackageID='PS100001'"
    )
    assert small.rows(statement) == [{"Targeted": 3, "Installed": 3, "SourceVersion": 3}]
    small.refresh("PS100001")
    small.advance(30)
    assert small.rows(statement) == [{"Targeted": 3, "Installed": 0, "SourceVersion": 4}]
    small.advance(300)
    assert small.rows(statement) == [{"Targeted": 3, "Installed": 3, "SourceVersion": 4}]
    detail = statement.replace("RootSummarizer", "DetailSummarizer")
    assert small.rows(detail) == small.rows(statement)


def test_status_messages_of_a_success(small: Desk) -> None:
    small.refresh("PS100001")
    small.advance(300)
    statement = "SELECT MessageID, MessageState FROM SMS_DistributionDPStatus WHERE PackageID='PS100001'"
    assert small.rows(statement) == [{"MessageID": 2330, "MessageState": 1}] * 3
    (row,) = small.rows("SELECT * FROM SMS_ObjectContentExtraInfo WHERE ObjectID = 'PS100001'")
    assert (row["Targeted"], row["NumberSuccess"], row["NumberErrors"], row["SourceVersion"]) == (3, 3, 0, 4)
    assert small.column("SELECT Assets FROM SMS_DistributionStatus WHERE PackageID='PS100001'") == [3]


def test_audit_of_a_refresh(small: Desk) -> None:
    small.as_user("CONTOSO\\cmadmin", MachineName="ansible01", ApplicationName="playbook").refresh("PS100001")
    (entry,) = small.site.snapshot()["audit"]
    assert (entry["id"], entry["user"], entry["machine"], entry["application"], entry["object"]) == (
        30068,
        "CONTOSO\\cmadmin",
        "ansible01",
        "playbook",
        "PS100001",
    )
    (row,) = small.rows("SELECT * FROM SMS_StatusMessage WHERE MessageType = 768")
    assert (row["MessageID"], row["Component"], row["MachineName"]) == (30068, "playbook", "ansible01")


def test_reading_leaves_no_trace(small: Desk) -> None:
    before = small.site.snapshot()
    small.rows("SELECT * FROM SMS_PackageBaseclass")
    small.package("PS100001")
    small.call("SMS_BootImagePackage", "QueryOSDBinaryInjectionStatus", ContextID="x")
    assert small.site.snapshot() == before


def test_every_class_with_a_source_can_be_refreshed(small: Desk) -> None:
    for number in (1, 2, 3, 5, 6, 7, 8):
        before = small.package(f"PS10000{number}")["SourceVersion"]
        small.refresh(f"PS10000{number}")
        small.advance(7200)
        after = small.package(f"PS10000{number}")
        assert (after["SourceVersion"], after["StoredPkgVersion"], after["ActionInProgress"]) == (
            before + 1,
            before + 1,
            0,
        )
        assert {version for _unused, version in small.points(f"PS10000{number}").values()} == {before + 1}


def test_without_source_nothing_happens(small: Desk) -> None:
    assert small.refresh("PS10000A").return_value == 0
    assert small.package("PS10000A")["ActionInProgress"] == 0
    small.advance(3600)
    assert small.package("PS10000A")["SourceVersion"] == 1
    rows = small.rows("SELECT Targeted FROM SMS_PackageStatusRootSummarizer WHERE PackageID='PS10000A'")
    assert rows == [{"Targeted": 0}]  # behaviour 62


def test_change_notification_changes_nothing(small: Desk) -> None:
    before = small.package("PS100001")
    small.call("SMS_Package", "AddChangeNotification", {"PackageID": "PS100001"})
    small.advance(3600)
    assert small.package("PS100001") == before  # behaviour 53


# --- busy, unchanged, unreadable ---


@pytest.mark.parametrize(
    ("policy", "during_reading", "before_reading"),
    [("once_more", 2, 1), ("coalesce", 1, 1), ("each", 4, 4)],
)
def test_refresh_during_a_refresh(seat: Seat, policy: str, during_reading: int, before_reading: int) -> None:
    desk = seat("small", busy_refresh=policy)
    desk.refresh("PS100001")
    for _unused in range(3):
        desk.advance(2)
        desk.refresh("PS100001")
    assert desk.package("PS100001")["ActionInProgress"] == 1
    desk.advance(3600)
    after = desk.package("PS100001")
    assert (after["SourceVersion"], after["ActionInProgress"]) == (3 + during_reading, 0)
    assert set(desk.points("PS100001").values()) == {(0, 3 + during_reading)}
    assert desk.executions("RefreshPkgSource") == {"PS100001": 4}

    desk = seat("small", busy_refresh=policy)
    for package_id in ("PS100003", "PS100005", "PS100007"):  # large ones take all three places
        desk.refresh(package_id)
    for _unused in range(4):
        desk.refresh("PS100001")
    desk.advance(7200)
    assert desk.package("PS100001")["SourceVersion"] == 3 + before_reading


def test_refresh_while_points_are_served(small: Desk) -> None:
    small.refresh("PS100001")
    small.advance(30)
    assert set(small.points("PS100001").values()) == {(1, 3)}
    small.refresh("PS100001")
    small.advance(25)
    assert small.package("PS100001")["SourceVersion"] == 5
    small.advance(300)
    assert set(small.points("PS100001").values()) == {(0, 5)}


def test_action_in_progress_may_end_early(seat: Seat) -> None:
    desk = seat("small", action_in_progress="until_taken")
    desk.refresh("PS100001")
    found = desk.package("PS100001")
    assert (found["ActionInProgress"], found["SourceVersion"]) == (0, 3)


@pytest.mark.parametrize(("policy", "version"), [("raises", 5), ("stays", 4)])
def test_unchanged_source(seat: Seat, policy: str, version: int) -> None:
    desk = seat("small", unchanged_source=policy)
    before = desk.package("PS100010")
    desk.refresh("PS100010")
    desk.advance(600)
    after = desk.package("PS100010")
    assert after["SourceVersion"] == version  # behaviour 63
    assert after["LastRefreshTime"].text > before["LastRefreshTime"].text
    assert after["ActionInProgress"] == 0


@pytest.mark.parametrize(("package_id", "number"), [("PS100005", 2307), ("PS100006", 2306)])
def test_unreadable_source(troubled: Desk, package_id: str, number: int) -> None:
    before = troubled.package(package_id)
    troubled.refresh(package_id)
    troubled.advance(900)
    after = troubled.package(package_id)
    assert (after["SourceVersion"], after["ActionInProgress"]) == (3, 0)
    assert after["LastRefreshTime"] == before["LastRefreshTime"]
    (row,) = troubled.rows(f"SELECT * FROM SMS_DistributionDPStatus WHERE PackageID = '{package_id}'")
    assert (row["MessageID"], row["MessageState"], row["InsString1"]) == (number, 3, before["PkgSourcePath"])
    assert troubled.rows(f"SELECT MessageID FROM SMS_StatusMessage WHERE MessageID = {number}")
    assert set(troubled.points(package_id).values()) <= {(0, 3)}

    troubled.site.world.sources.clear()  # repaired
    troubled.refresh(package_id)
    troubled.advance(900)
    assert troubled.package(package_id)["SourceVersion"] == 4


def test_busy_packages_come_free(troubled: Desk) -> None:
    assert troubled.package("PS100002")["ActionInProgress"] == 1
    troubled.advance(500)
    assert troubled.package("PS100002")["SourceVersion"] == 3
    troubled.advance(200)
    after = troubled.package("PS100002")
    assert (after["ActionInProgress"], after["SourceVersion"]) == (0, 4)


def test_a_busy_package_holds_up_nobody_else(troubled: Desk) -> None:
    troubled.refresh("PS100001")
    troubled.refresh("PS100002")
    troubled.advance(120)
    assert troubled.package("PS100001")["SourceVersion"] == 4
    troubled.advance(900)
    assert troubled.package("PS100002")["SourceVersion"] == 5  # what was under way, and once more
    assert troubled.points("PS100002") == {"good": (0, 5)}


# --- how much at a time ---


def test_three_packages_at_a_time(seat: Seat) -> None:
    desk = seat("large")
    ids = [f"PS1{number:05X}" for number in range(1, 31)]
    for package_id in ids:
        desk.refresh(package_id)
    statement = "SELECT COUNT(*) FROM SMS_PackageBaseclass WHERE ActionInProgress = 1"
    assert desk.rows(statement) == [{"Count": 30}]
    desk.advance(1)
    phases = [package["phase"] for package in desk.site.snapshot()["packages"].values()]
    assert (phases.count("reading"), phases.count("queued")) == (3, 27)
    desk.advance(86_400)
    assert desk.rows(statement) == [{"Count": 0}]
    state = desk.site.snapshot()
    assert state["most_at_a_time"]["packages"] == {"PS1": 3}
    assert state["executions"]["RefreshPkgSource"] == dict.fromkeys(ids, 1)


def test_five_deliveries_at_a_time(small: Desk) -> None:
    for number in range(4, 12):
        small.site.world.points.update(_another_point(small, number))
    points = [point for point in small.site.world.points.values() if point.server.startswith("extra")]
    small.call(
        "SMS_Package",
        "AddDistributionPoints",
        {"PackageID": "PS10000F"},
        SiteCode=["PS1"] * len(points),
        NALPath=[point.nal_path for point in points],
    )
    small.advance(3600)
    assert small.site.snapshot()["most_at_a_time"]["deliveries"] == {"PS1": 5}
    assert set(small.points("PS10000F").values()) == {(0, 1)}
    assert len(small.points("PS10000F")) == 8


def _another_point(desk: Desk, number: int) -> dict[str, Any]:
    from dataclasses import replace

    from smsprovsim.behaviour.status import nal_path

    model = next(iter(desk.site.world.points.values()))
    point = replace(
        model, server=f"extra{number}.contoso.test", nal_path=nal_path(f"extra{number}.contoso.test", "PS1")
    )
    return {point.key: point}


# --- distribution points in trouble ---


def test_a_failing_point_retries_and_then_fails(troubled: Desk) -> None:
    troubled.refresh("PS10000A")
    troubled.advance(120)
    assert troubled.points("PS10000A") == {"good": (0, 4), "failing": (2, 3)}
    statement = "SELECT Installed, Retrying, Failed FROM SMS_PackageStatusRootSummarizer WHERE PackageID='PS10000A'"
    assert troubled.rows(statement) == [{"Installed": 1, "Retrying": 1, "Failed": 0}]
    troubled.advance(1500)
    assert troubled.points("PS10000A") == {"good": (0, 4), "failing": (3, 3)}
    assert troubled.rows(statement) == [{"Installed": 1, "Retrying": 0, "Failed": 1}]
    numbers = troubled.column("SELECT MessageID FROM SMS_DistributionDPStatus WHERE PackageID='PS10000A'")
    assert numbers == [2323, 2330]


def test_a_point_recovers(troubled: Desk) -> None:
    troubled.refresh("PS10000D")
    troubled.advance(400)
    assert troubled.points("PS10000D")["recovers"] == (2, 3)
    troubled.advance(400)
    assert troubled.points("PS10000D")["recovers"] == (0, 4)


def test_a_retrying_point_holds_no_place(troubled: Desk) -> None:
    troubled.refresh("PS100011")
    troubled.advance(300)
    assert troubled.points("PS100011")["retrying"] == (2, 3)
    assert troubled.site.snapshot()["packages"]["PS100011"]["phase"] == "idle"
    troubled.advance(86_400)
    assert troubled.points("PS100011")["retrying"] == (2, 3)


def test_a_slow_point(troubled: Desk) -> None:
    troubled.refresh("PS10000B")
    troubled.advance(1800)
    assert troubled.points("PS10000B") == {"good": (0, 4), "slow": (1, 3)}
    troubled.advance(600)
    assert troubled.points("PS10000B")["slow"] == (0, 4)


def test_a_pull_point_waits_for_its_source(troubled: Desk) -> None:
    troubled.refresh("PS10000C")
    troubled.advance(30)
    assert troubled.points("PS10000C") == {"good": (0, 4), "pull": (1, 3)}
    troubled.advance(60)
    assert troubled.points("PS10000C")["pull"] == (0, 4)
    assert troubled.column("SELECT MessageID FROM SMS_DistributionDPStatus WHERE PackageID='PS10000C'") == [2330, 8210]
    troubled.refresh("PS100010")
    troubled.advance(120)
    assert troubled.points("PS100010")["dry"] == (2, 3)
    assert troubled.column("SELECT MessageID FROM SMS_DistributionDPStatus WHERE PackageID='PS100010'") == [2330, 8212]


# --- targets ---


def nal(desk: Desk, server: str) -> str:
    (row,) = desk.rows(f"SELECT NALPath FROM SMS_DistributionPointInfo WHERE ServerName = '{server}.contoso.test'")
    return str(row["NALPath"])


def add(desk: Desk, package_id: str, server: str, site_code: str = "PS1") -> None:
    desk.call(
        "SMS_Package",
        "AddDistributionPoints",
        {"PackageID": package_id},
        SiteCode=[site_code],
        NALPath=[nal(desk, server)],
    )


def test_a_new_target_shows_up_later(small: Desk) -> None:
    add(small, "PS10000F", "dp01")
    rows = small.rows("SELECT Status, PackageID FROM SMS_DistributionPoint WHERE PackageID='PS10000F'")
    assert len(rows) == 1
    assert small.points("PS10000F") == {}  # behaviour 74
    small.advance(130)
    assert small.points("PS10000F") == {"dp01": (0, 1)}
    assert small.package("PS10000F")["SourceVersion"] == 1  # targeting is no new version


def test_targets_are_all_or_none(small: Desk) -> None:
    with pytest.raises(WmiError):
        small.call(
            "SMS_Package",
            "AddDistributionPoints",
            {"PackageID": "PS10000F"},
            SiteCode=["PS1", "PS1"],
            NALPath=[nal(small, "dp01"), "nowhere"],
        )
    with pytest.raises(WmiError):
        small.call("SMS_Package", "AddDistributionPoints", {"PackageID": "PS10000F"}, SiteCode=["PS1"], NALPath=[])
    assert small.rows("SELECT PackageID FROM SMS_DistributionPoint WHERE PackageID='PS10000F'") == []


@pytest.mark.parametrize(("policy", "fails"), [("ignored", False), ("refused", True)])
def test_a_target_that_exists(seat: Seat, policy: str, fails: bool) -> None:
    desk = seat("small", existing_target=policy)
    if fails:
        with pytest.raises(WmiError):
            add(desk, "PS100001", "dp01")
    else:
        add(desk, "PS100001", "dp01")
    desk.advance(600)
    assert desk.points("PS100001")["dp01"] == (0, 3)


def test_redistribute_sends_again_and_keeps_the_version(troubled: Desk) -> None:
    assert troubled.points("PS10000E") == {"good": (0, 3), "recovers": (3, 2)}
    cim_class = troubled.cim_class("SMS_DistributionPoint")
    keys = {"PackageID": "PS10000E", "ServerNALPath": nal(troubled, "recovers"), "SiteCode": "PS1"}
    answer = troubled.site.put(troubled.caller, cim_class, keys, {"RefreshNow": True})
    assert answer.values["RefreshNow"] is False
    assert troubled.points("PS10000E")["recovers"] == (1, 2)
    troubled.advance(900)
    assert troubled.points("PS10000E")["recovers"] == (0, 3)
    assert troubled.package("PS10000E")["SourceVersion"] == 3
    assert troubled.executions("RefreshNow") == {"PS10000E@recovers.contoso.test": 1}


def test_remove_a_target(small: Desk) -> None:
    keys = {"PackageID": "PS100001", "ServerNALPath": nal(small, "dp01"), "SiteCode": "PS1"}
    small.site.delete(small.caller, small.cim_class("SMS_DistributionPoint"), keys)
    assert small.get("SMS_DistributionPoint", **keys)["Status"] == 3
    assert small.points("PS100001")["dp01"] == (4, 3)
    small.advance(60)
    assert set(small.points("PS100001")) == {"dp02", "dp03"}


def test_create_a_target(small: Desk) -> None:
    values = {"PackageID": "PS10000F", "ServerNALPath": nal(small, "dp02"), "SiteCode": "PS1"}
    made = small.site.create(small.caller, small.cim_class("SMS_DistributionPoint"), values)
    assert made.values["SourceSite"] == "PS1"
    small.advance(200)
    assert small.points("PS10000F") == {"dp02": (0, 1)}


def test_cancel_and_verify(troubled: Desk) -> None:
    troubled.refresh("PS10000B")
    troubled.advance(60)
    slow = nal(troubled, "slow")
    troubled.call("SMS_DistributionPoint", "CancelDistribution", PackageId="PS10000B", NALPath=slow)
    troubled.advance(7200)
    assert troubled.points("PS10000B")["slow"] == (3, 3)
    good = nal(troubled, "good")
    troubled.call("SMS_DistributionPoint", "VerifyPackage", PackageId="PS10000B", NALPath=good)
    troubled.advance(60)
    assert 2384 in troubled.column("SELECT MessageID FROM SMS_DistributionDPStatus WHERE PackageID='PS10000B'")


def test_groups_reach_their_members(small: Desk) -> None:
    (group,) = small.rows("SELECT * FROM SMS_DistributionPointGroup")
    assert (group["Name"], group["MemberCount"], group["ContentCount"]) == ("Headquarters", 2, 1)
    assert set(small.points("PS100012")) == {"dp01", "dp02"}
    keys = {"GroupID": group["GroupID"]}
    small.call("SMS_DistributionPointGroup", "AddPackages", keys, PackageIDs=["PS10000F"])
    small.advance(600)
    assert set(small.points("PS10000F").values()) == {(0, 1)}
    assert small.column(f"SELECT PkgID FROM SMS_DPGroupPackages WHERE GroupID = '{group['GroupID']}'") == [
        "PS10000F",
        "PS100012",
    ]
    joined = [nal(small, "dp03")]
    small.call("SMS_DistributionPointGroup", "AddDistributionPoints", keys, DPNALPath=joined, AddTargetedPackages=False)
    assert small.get("SMS_DistributionPointGroup", **keys)["ContentInSync"] is False
    small.call("SMS_DistributionPointGroup", "RefreshDPGroup", keys)
    assert small.get("SMS_DistributionPointGroup", **keys)["ContentInSync"] is True
    small.advance(600)
    assert set(small.points("PS100012")) == {"dp01", "dp02", "dp03"}


# --- ownership ---


@pytest.mark.parametrize(
    ("site_code", "package_id", "rises"),
    [
        ("PS1", "PS100001", True),
        ("PS2", "PS100001", False),
        ("PS1", "PS100002", False),  # made here, owned elsewhere
        ("PS2", "PS100002", True),
        ("CEN", "PS100001", True),  # the owner below acts (behaviour 109)
        ("CEN", "PS200001", True),
        ("PS1", "CEN00001", False),
        ("CEN", "CEN00001", True),
        ("PS1", "CEN00002", True),
        ("PS1", "PS100003", False),
    ],
)
def test_only_the_owner_raises_the_version(seat: Seat, site_code: str, package_id: str, rises: bool) -> None:
    desk = seat("hierarchy", site_code)
    before = desk.package(package_id)["SourceVersion"]
    assert desk.refresh(package_id).return_value == 0
    desk.advance(7200)
    after = desk.package(package_id)
    assert after["SourceVersion"] == before + rises
    assert after["ActionInProgress"] == 0
    assert {version for _unused, version in desk.points(package_id).values()} == {before + rises}


def test_other_answers_about_ownership(seat: Seat) -> None:
    marked = seat("hierarchy", "PS2", foreign_refresh="marked")
    marked.refresh("PS100001")
    assert marked.package("PS100001")["ActionInProgress"] == 1
    marked.advance(600)
    found = marked.package("PS100001")
    assert (found["ActionInProgress"], found["SourceVersion"]) == (0, 4)

    powerless = seat("hierarchy", "CEN", central_refresh="ignored")
    powerless.refresh("PS100001")
    powerless.advance(7200)
    assert powerless.package("PS100001")["SourceVersion"] == 4


def test_others_cannot_change_a_package(seat: Seat) -> None:
    desk = seat("hierarchy", "PS2")
    cim_class = desk.cim_class("SMS_Package")
    with pytest.raises(WmiError) as caught:
        desk.site.put(desk.caller, cim_class, {"PackageID": "PS100001"}, {"Description": "x"})
    assert caught.value.extended["ErrorCode"] == 2152073733
    assert caught.value.extended["CauseInfo"] == "4"
    desk.call("SMS_Package", "Unlock", {"PackageID": "PS100001"})
    desk.site.put(desk.caller, cim_class, {"PackageID": "PS100001"}, {"Description": "x"})
    desk.call("SMS_Package", "SetSourceSite", {"PackageID": "PS100001"}, SourceSite="ps1")
    assert desk.package("PS100001")["SourceSite"] == "PS1"


def test_providers_are_found_at_one_address() -> None:
    site = load("hierarchy", speed=0, machine="192.0.2.7")
    rows = [
        row.values
        for row in site.query(site.caller("contoso\\CMADMIN"), "root\\sms", "SELECT * FROM SMS_ProviderLocation")
    ]
    assert [(row["Machine"], row["SiteCode"], row["ProviderForLocalSite"]) for row in rows] == [
        ("192.0.2.7", "CEN", True),
        ("192.0.2.7", "PS1", False),
        ("192.0.2.7", "PS2", False),
    ]
    assert all(site.namespace_exists(f"root/sms/{row['NamespacePath'].rsplit(chr(92), 1)[1]}") for row in rows)
    identification = site.query(
        site.caller("CONTOSO\\cmadmin"), "root/sms/site_PS2", "SELECT * FROM SMS_Identification"
    )
    assert [row.values["ThisSiteCode"] for row in identification] == ["PS2"]


def test_site_time_zones(seat: Seat) -> None:
    rows = seat("hierarchy", "CEN").rows("SELECT SiteCode, Type, ReportingSiteCode, TimeZoneInfo FROM SMS_Site")
    assert [(row["SiteCode"], row["Type"], row["ReportingSiteCode"], row["TimeZoneInfo"][:8]) for row in rows] == [
        ("CEN", 4, "", "00000000"),
        ("PS1", 2, "CEN", "FFFFFFC4"),
        ("PS2", 2, "CEN", "0000012C"),
    ]


def test_local_times_by_switch(seat: Seat) -> None:
    utc, local = seat("small"), seat("small", package_times="local", datetime_zone="+000")
    for desk in (utc, local):
        desk.refresh("PS100001")
        desk.advance(60)
    assert utc.package("PS100001")["LastRefreshTime"].text == "20260302080024.000000+***"
    assert local.package("PS100001")["LastRefreshTime"].text == "20260302090024.000000+000"


# --- the clock ---


def test_the_clock_runs_and_can_be_moved() -> None:
    clock = LogicalClock(speed=0)
    assert clock.now() == 0
    clock.advance(5)
    assert clock.now() == 5
    done = threading.Event()

    def wait() -> None:
        clock.wait_until(100)
        done.set()

    waiter = threading.Thread(target=wait, daemon=True)
    waiter.start()
    clock.advance(94)
    assert not done.is_set()
    clock.advance(1)
    assert done.wait(10)
    waiter.join(10)


def test_a_fast_clock_reaches_the_moment() -> None:
    clock = LogicalClock(speed=1_000_000)
    clock.wait_until(clock.now() + 5_000)
    assert clock.now() >= 5_000


def test_a_wait_can_be_called_off() -> None:
    clock = LogicalClock(speed=0)
    cancelled = threading.Event()
    cancelled.set()
    clock.wait_until(100, cancelled)
    clock.wait_until(100, lambda: True)
    assert clock.now() == 0


def test_time_does_not_go_back() -> None:
    with pytest.raises(ValueError):
        LogicalClock(speed=-1)
    with pytest.raises(ValueError):
        LogicalClock().advance(-1)


@pytest.mark.parametrize("steps", [[7200.0], [1.0] * 300 + [6900.0], [0.5, 600.0, 6599.5]])
def test_the_course_of_events_does_not_depend_on_who_looks(seat: Seat, steps: list[float]) -> None:
    def end(advances: list[float]) -> dict[str, Any]:
        desk = seat("troubled")
        for package_id in ("PS10000A", "PS10000B", "PS10000C", "PS10000D", "PS100001", "PS100005"):
            desk.refresh(package_id)
        for seconds in advances:
            desk.advance(seconds)
            desk.points("PS10000A")
        return desk.site.snapshot()

    assert end(steps) == end([7200.0])
