# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Locks that others hold, here or at another site, edits in between, and what refers to a package (behaviour 33 to 39, 114)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from smsprovsim import scenario
from smsprovsim.model import WmiError

if TYPE_CHECKING:
    from .conftest import Desk, Seat

PATH = 'SMS_BootImagePackage.PackageID="PS100004"'
KEYS = {"PackageID": "PS100004"}
HELD = 1078462258


def refused(attempt: Any) -> int:
    with pytest.raises(WmiError) as caught:
        attempt()
    return int(caught.value.extended["ErrorCode"])


def lock(desk: Desk, method: str, **arguments: Any) -> Any:
    return desk.call("SMS_ObjectLock", method, **arguments)


def mine(desk: Desk) -> Desk:
    return desk.as_user("CONTOSO\\cmadmin", ObjectLockContext="job-1", MachineName="awx")


# --- edits in between ---


def test_an_edit_in_the_console_makes_what_was_read_stale(images: Desk) -> None:
    read = images.package("PS100004")
    images.change(put="PS100004", values={"Description": "By hand", "ScratchSpace": 64}, user="CONTOSO\\alice")
    assert refused(lambda: images.put("PS100004", **{**read, "Description": "By a task"})) == 1078462229
    found = images.package("PS100004")
    assert (found["Description"], found["ScratchSpace"]) == ("By hand", 64)
    assert images.site.world.audit[-1]["user"] == "CONTOSO\\alice"
    assert images.executions("Put") == {}
    images.put("PS100004", **{**found, "Description": "By a task"})


def test_a_colleague_can_do_other_things(images: Desk) -> None:
    images.change(refresh="PS100004")
    images.change(delete="PS100007")
    images.advance(1200)
    assert images.package("PS100004")["SourceVersion"] == 8
    assert "PS100007" not in images.site.snapshot()["packages"]
    assert images.site.snapshot()["executions"] == {"BootImageBuild": {"PS100004": 1}}
    images.change(put="PS100004", values={"ReferencedDrivers": [16777402]})
    (driver,) = images.package("PS100004")["ReferencedDrivers"]
    assert driver.values["SourcePath"] == "\\\\files01.contoso.test\\drivers$\\realtek\\usb"


@pytest.mark.parametrize(
    "order",
    [
        {},
        {"put": "PS1FFFFF"},
        {"put": "PS100004", "values": {"ScratchSpace": "big"}},
        {"put": "PS100004", "values": {"Nothing": 1}},
        {"put": "PS100004", "lock": "PS100004"},
        {"upgrade": "QQ1"},
        {"trouble": 9},
        {"unlock": "PS100004", "user": "x"},
    ],
)
def test_a_change_that_cannot_be_made(images: Desk, order: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        images.change(**order)


# --- locks ---


def test_who_holds_a_lock_and_since_when(images: Desk) -> None:
    images.change(lock="PS100004", user="CONTOSO\\alice", machine="WS7", minutes=5)
    told = lock(images, "GetLockInformation", ObjectRelPath=PATH).outputs
    assert (told["LockState"], told["AssignedUser"], told["AssignedMachine"], told["AssignedSiteCode"]) == (
        1,
        "CONTOSO\\alice",
        "WS7",
        "PS1",
    )
    assert told["AssignedTimeUTC"].text.startswith("20260302075500")
    for attempt in (
        lambda: images.put("PS100004", Description="x"),
        lambda: images.call("SMS_BootImagePackage", "UpdateOptionalComponents", KEYS, ComponentIds=["40"]),
        lambda: images.call("SMS_BootImagePackage", "ReloadImageProperties", KEYS),
        lambda: images.site.delete(images.caller, images.cim_class("SMS_BootImagePackage"), KEYS),
        lambda: lock(mine(images), "RequestLock", ObjectRelPath=PATH),
    ):
        assert refused(attempt) == HELD
    images.change(unlock="PS100004")
    images.put("PS100004", Description="x")


@pytest.mark.parametrize(("policy", "state"), [("two_hours", 4), ("never", 1)])
def test_an_abandoned_lock(seat: Seat, policy: str, state: int) -> None:
    desk = seat("images", abandoned_lock=policy)
    desk.change(lock="PS100004", user="CONTOSO\\alice", minutes=119)
    assert refused(lambda: desk.put("PS100004", Description="x")) == HELD
    desk.advance(61)
    assert lock(desk, "GetLockInformation", ObjectRelPath=PATH).outputs["LockState"] == state
    if policy == "never":
        assert refused(lambda: lock(mine(desk), "RequestLock", ObjectRelPath=PATH)) == HELD
    else:
        assert lock(mine(desk), "RequestLock", ObjectRelPath=PATH).outputs["RequestState"] == 11
        mine(desk).put("PS100004", Description="x")


def test_a_lock_that_timed_out_may_be_given_on_request_only(seat: Seat) -> None:
    desk = seat("images", timed_out_lock="on_request")
    desk.change(lock="PS100004", user="CONTOSO\\alice", minutes=121)
    assert refused(lambda: mine(desk).put("PS100004", Description="x")) == HELD
    assert lock(mine(desk), "RequestLock", ObjectRelPath=PATH).outputs["RequestState"] == 11
    mine(desk).put("PS100004", Description="x")
    assert lock(desk, "GetLockInformation", ObjectRelPath=PATH).outputs["LockState"] == 0


@pytest.mark.parametrize(
    ("method", "arguments"),
    [("ReleaseLock", {"ObjectRelPath": PATH}), ("ReleaseLocks", {"ObjectRelPaths": [PATH]}), ("ReleaseAllLocks", {})],
)
def test_a_release_says_from_which_machine(images: Desk, method: str, arguments: dict[str, Any]) -> None:
    """behaviour 37"""
    lock(mine(images), "RequestLock", ObjectRelPath=PATH)
    nameless = images.as_user("CONTOSO\\cmadmin", ObjectLockContext="job-1")
    assert refused(lambda: lock(nameless, method, **arguments)) == 1078462208
    lock(mine(images), method, **arguments)
    assert lock(images, "GetLockInformation", ObjectRelPath=PATH).outputs["LockState"] == 0


@pytest.mark.parametrize("policy", ["refused", "accepted"])
def test_taking_away_the_lock_of_another(seat: Seat, policy: str) -> None:
    desk = seat("images", foreign_release=policy)
    desk.change(lock="PS100004", user="CONTOSO\\alice", machine="WS7", context="c1")
    wrong = desk.as_user("CONTOSO\\cmadmin", ObjectLockContext="c2", MachineName="WS7")
    assert refused(lambda: lock(wrong, "ReleaseLock", ObjectRelPath=PATH)) == HELD
    same = desk.as_user("CONTOSO\\cmadmin", ObjectLockContext="c1", MachineName="WS7")
    if policy == "refused":
        assert refused(lambda: lock(same, "ReleaseLock", ObjectRelPath=PATH)) == HELD
    else:
        lock(same, "ReleaseLock", ObjectRelPath=PATH)
        desk.put("PS100004", Description="x")


def test_another_session_of_the_same_user_can_release_its_lock(images: Desk) -> None:
    lock(mine(images), "RequestLock", ObjectRelPath=PATH)
    assert refused(lambda: images.put("PS100004", Description="x")) == HELD
    lock(mine(images), "ReleaseLock", ObjectRelPath=PATH)
    images.put("PS100004", Description="x")


@pytest.mark.parametrize("policy", ["given_back", "stays"])
def test_the_lock_of_a_put_that_was_refused(seat: Seat, policy: str) -> None:
    desk = seat("images", failed_put_lock=policy)
    assert refused(lambda: mine(desk).put("PS100004", ScratchSpace=7)) == 1078462229
    if policy == "given_back":
        desk.put("PS100004", Description="x")
        return
    assert refused(lambda: desk.put("PS100004", Description="x")) == HELD
    lock(mine(desk), "ReleaseAllLocks")
    desk.put("PS100004", Description="x")
    assert refused(lambda: mine(desk).put("PS100004", ScratchSpace=7)) == 1078462229
    mine(desk).put("PS100004", Description="y")  # and with success the lock goes
    desk.put("PS100004", Description="z")


@pytest.mark.parametrize("policy", ["any_caller", "needs_context"])
def test_a_write_that_does_not_say_for_whom_it_locks(seat: Seat, policy: str) -> None:
    desk = seat("images", implicit_lock=policy)
    keys, cim_class = {"PackageID": "PS100007"}, desk.cim_class("SMS_BootImagePackage")
    if policy == "needs_context":
        assert refused(lambda: desk.put("PS100007", Description="x")) == 1078462208
        assert refused(lambda: desk.site.delete(desk.caller, cim_class, keys)) == 1078462208
        desk = mine(desk)
    desk.put("PS100007", Description="x")
    desk.site.delete(desk.caller, cim_class, keys)


def test_a_lock_that_belongs_to_another_site(seat: Seat) -> None:
    desk = seat("hierarchy", "CEN")
    path = 'SMS_Package.PackageID="PS100001"'
    desk.change(lock="PS100001", site="PS1")
    told = lock(desk, "GetLockInformation", ObjectRelPath=path).outputs
    assert (told["LockState"], told["AssignedSiteCode"]) == (0, "PS1")
    owner = mine(desk)
    assert refused(lambda: owner.put("PS100001", Description="x")) == HELD
    assert lock(owner, "RequestLock", ObjectRelPath=path).outputs["RequestState"] == 23
    work = lock(owner, "RequestLock", ObjectRelPath=path, RequestTransfer=True)
    assert work.outputs["RequestState"] == 2
    desk.finish(work)
    assert work.at_end()["RequestState"] == 10
    owner.put("PS100001", Description="x")
    assert desk.package("PS100001")["Description"] == "x"


def test_a_lock_that_somebody_holds_at_another_site(seat: Seat) -> None:
    desk = mine(seat("hierarchy", "CEN"))
    path = 'SMS_Package.PackageID="PS100001"'
    desk.change(lock="PS100001", site="PS1", user="CONTOSO\\alice")
    work = lock(desk, "RequestLock", ObjectRelPath=path, RequestTransfer=True)
    desk.finish(work)
    assert work.at_end()["RequestState"] == 20
    assert refused(lambda: desk.put("PS100001", Description="x")) == HELD


def test_locks_of_a_scenario(tmp_path: Path) -> None:
    given = yaml.safe_load((Path(scenario.__file__).parent / "scenarios" / "hierarchy.yml").read_text("utf-8"))
    given["locks"] = [
        {"package": "PS100001", "site": "PS1"},
        {"package": "CEN00001", "user": "CONTOSO\\alice", "context": "c", "machine": "WS7"},
    ]
    file = tmp_path / "locked.yml"
    file.write_text(yaml.safe_dump(given), encoding="utf-8")
    site = scenario.load(str(file), speed=0)
    path = 'SMS_Package.PackageID="PS100001"'
    assert (site.locks.is_elsewhere(path, "CEN"), site.locks.holder(path)) == (True, None)
    held = site.locks.holder('SMS_Package.PackageID="CEN00001"')
    assert held is not None
    assert (held.user, held.site_code, held.taken) == ("CONTOSO\\alice", "CEN", -600.0)


def test_requests_one_asks_for_later(seat: Seat) -> None:
    desk = mine(seat("hierarchy", "CEN"))
    desk.change(lock="PS100001", site="PS1")
    path = 'SMS_Package.PackageID="PS100001"'
    identity = lock(desk, "RequestLockAsync", ObjectRelPath=path, RequestTransfer=True).outputs["RequestID"]
    assert lock(desk, "CheckLockRequest", RequestID=identity).outputs["RequestState"] == 2
    waiting = lock(desk, "CheckLockRequest", RequestID=identity, Timeout=10)
    assert waiting.done_at == 10
    desk.advance(31)
    assert lock(desk, "CheckLockRequest", RequestID=identity).outputs["RequestState"] == 10
    assert lock(desk, "CheckLockRequest", RequestID="nothing").outputs["RequestState"] == 52
    assert lock(desk, "RequestLock", ObjectRelPath='SMS_Package.PackageID="PS1FFFFF"').outputs["RequestState"] == 22


def test_many_locks_at_once(seat: Seat) -> None:
    desk = mine(seat("hierarchy", "CEN"))
    desk.change(lock="PS100001", site="PS1")
    paths = [f'SMS_Package.PackageID="{each}"' for each in ("PS100001", "CEN00001")]
    rows = lock(desk, "RequestLocksAsync", ObjectRelPaths=paths, RequestTransfer=True).outputs["ObjectLockRequests"]
    assert [row.values["RequestState"] for row in rows] == [2, 10]
    lock(desk, "CancelLockRequests", RequestIDs=[row.values["RequestID"] for row in rows])
    desk.advance(60)
    again = lock(desk, "CheckLockRequests", RequestIDs=[row.values["RequestID"] for row in rows])
    assert [row.values["RequestState"] for row in again.outputs["ObjectLockRequests"]] == [3, 10]
    work = lock(desk, "RequestLocks", ObjectRelPaths=paths, RequestTransfer=True)
    desk.finish(work)
    assert [row.values["RequestState"] for row in work.at_end()["ObjectLockRequests"]] == [10, 10]
    lock(desk, "ReleaseLocks", ObjectRelPaths=paths)
    assert desk.site.locks.snapshot() == {}


# --- references ---


@pytest.mark.parametrize("policy", ["allowed", "refused"])
def test_an_image_that_a_task_sequence_uses(seat: Seat, policy: str) -> None:
    desk = seat("images", delete_used=policy)
    for class_name, package_id in (("SMS_BootImagePackage", "PS100003"), ("SMS_ImagePackage", "PS100009")):
        keys = {"PackageID": package_id}
        if policy == "refused":
            assert (
                refused(lambda c=class_name, k=keys: desk.site.delete(desk.caller, desk.cim_class(c), k)) == 2151877120
            )
            continue
        desk.site.delete(desk.caller, desk.cim_class(class_name), keys)
        desk.advance(600)
        assert package_id not in desk.site.snapshot()["packages"]
        assert desk.package("PS10000A")["TaskSequenceFlags"] == 1


def test_the_references_of_a_task_sequence(images: Desk) -> None:
    found = images.package("PS10000A")
    assert [each.values["Package"] for each in found["References"]] == ["PS100009", "PS100001"]
    (row,) = images.rows("SELECT * FROM SMS_TaskSequencePackage WHERE PackageID = 'PS10000A'")
    assert (row["BootImageID"], row["References"], row["ReferencesCount"]) == (None, None, 2)


def test_programs_and_deployments_go_with_their_package(images: Desk) -> None:
    assert images.column("SELECT ProgramName FROM SMS_Program WHERE PackageID = 'PS100001'") == ["Install", "Remove"]
    assert images.column("SELECT AdvertisementID FROM SMS_Advertisement WHERE PackageID = 'PS100001'") == ["PS120002"]
    assert images.package("PS100001")["NumOfPrograms"] == 2
    images.site.delete(images.caller, images.cim_class("SMS_Package"), {"PackageID": "PS100001"})
    images.advance(600)
    assert images.rows("SELECT ProgramName FROM SMS_Program") == []
    assert images.column("SELECT AdvertisementID FROM SMS_Advertisement") == ["PS120001"]
