# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Operating system images as declared state: the twelve steps, every property, and what goes wrong."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._content.image_package import IMAGE_PACKAGE
from ansible_collections.configmgr.content.plugins.module_utils._engine.plan import BY_THE_SITE
from ansible_collections.configmgr.content.plugins.module_utils._provider.errors import (
    ChangedMeanwhile,
    Impossible,
    Locked,
    NotConverged,
)
from ansible_collections.configmgr.content.plugins.module_utils._wsman.errors import OutcomeUnknown
from hypothesis import given, settings
from hypothesis import strategies as st

from smsprovsim.behaviour.locks import Lock
from smsprovsim.model import Caller

from .conftest import Declaring

WIM = r"\\files.contoso.test\images\win11.wim"
NEW = {"name": "Windows 11", "source_path": WIM}
WEEKLY = {"recurs": "weekly", "day": "monday", "start": "2026-11-20T22:00"}
# Two values for every option: each differs from what a new object has, and from the other.
VALUES: dict[str, tuple[Any, Any]] = {
    "name": ("Windows 11 24H2", 'Windows 11 "next" <x> & \\ \' ]]> \U0001f4bf'),
    "description": ("The one we use", ""),
    "forced_disconnect": (True, False),
    "forced_disconnect_delay": (10, 0),
    "forced_disconnect_retries": (5, 4294967295),
    "icon": (base64.b64encode(bytes(range(256))).decode(), base64.b64encode(b"x").decode()),
    "ignore_address_schedule": (True, False),
    "isv_string": ("one", "two"),
    "language": ("English", "Deutsch"),
    "manufacturer": ("Microsoft", "Contoso"),
    "mif_filename": ("a.mif", "b.mif"),
    "mif_name": ("a", "b"),
    "mif_publisher": ("a", "b"),
    "mif_version": ("1", "2"),
    "source_flag": ("local", "direct"),
    "source_path": (r"\\files.contoso.test\images\other.wim", r"\\files.contoso.test\images\third.wim"),
    "preferred_address_type": ("standard_sender", "site_decides"),
    "priority": ("high", "low"),
    "refresh_schedule": (
        {"set": [WEEKLY]},
        {"remove": [WEEKLY], "add": [{"recurs": "interval", "every": {"hours": 4}}]},
    ),
    "share_name": ("images", "images2"),
    "share_type": ("specific", "common"),
    "version": ("24H2", "25H2"),
    "base_board_product_id": ("a", "b"),
    "driver_manufacturer": ("a", "b"),
    "driver_model": ("a", "b"),
    "driver_os_version": ("a", "b"),
    "driver_package_version": ("a", "b"),
    "predownload_rule": ("a", "b"),
    "package_share": (True, False),
    "no_encryption_on_cloud_points": (True, False),
    "persist_in_client_cache": (True, False),
    "binary_differential_replication": (True, False),
    "own_mif_match": (True, False),
    "distribute_on_demand": (True, False),
    "pkg_flags": ({"add": ["0x10"]}, {"remove": ["0x10"], "add": ["0x20"]}),
}


def settled(declare: Declaring) -> None:
    """Let the site finish what it is at."""
    declare.server.site.clock.advance(24 * 3600)


def predicted_then_done(declare: Declaring, **given: Any) -> dict[str, Any]:
    """Check mode, which writes nothing, and the real run, whose diff is the predicted one."""
    written, seen = declare.written, len(declare.server.journal)
    prediction = declare(check=True, **given)
    assert declare.writes_since(seen) == []
    done = declare(**given)
    assert prediction["changed"] == done["changed"]
    assert prediction["action"] == done["action"]
    assert prediction["steps"] == done["steps"]
    assert done["diff"]["before"] == prediction["diff"]["before"]
    assert done["diff"]["after"] == as_it_came(prediction["diff"]["after"], done)
    assert (declare.written > written) == done["changed"]
    return done


def as_it_came(predicted: dict[str, Any], done: dict[str, Any]) -> dict[str, Any]:
    """What was predicted, with what only the site could know in place of its marks."""
    expected = {}
    for name, value in predicted.items():
        at_least = re.fullmatch(r"at least (\d+)", str(value))
        if value == BY_THE_SITE or at_least:
            expected[name] = done["object"][name]
            assert not at_least or expected[name] >= int(at_least[1])
        else:
            expected[name] = value
    return expected


def test_every_option_has_two_values_here() -> None:
    options = {item.option for item in IMAGE_PACKAGE.declarable} | {flag.option for flag in IMAGE_PACKAGE.flags}
    assert options | {"pkg_flags"} == set(VALUES)


def test_the_twelve_steps(declare: Declaring) -> None:
    made = predicted_then_done(declare, **NEW)
    assert made["action"] == "create"
    assert not predicted_then_done(declare, **NEW)["changed"]
    changed = predicted_then_done(declare, **NEW, description="Changed")
    assert changed["action"] == "update"
    assert not predicted_then_done(declare, **NEW, description="Changed")["changed"]
    settled(declare)
    gone = predicted_then_done(declare, name=NEW["name"], state="absent")
    assert (gone["action"], gone["deleting"]) == ("delete", True)
    again = predicted_then_done(declare, name=NEW["name"], state="absent")
    assert (again["changed"], again["deleting"]) == (False, True)
    settled(declare)
    assert not predicted_then_done(declare, name=NEW["name"], state="absent")["deleting"]
    assert [declare.executions(each) for each in ("Create", "Put", "Delete")] == [{made["package_id"]: 1}] * 3


@pytest.mark.parametrize("option", sorted(VALUES))
def test_the_change_cycle_of_every_option(declare: Declaring, option: str) -> None:
    package_id = predicted_then_done(declare, **NEW)["package_id"]
    for value in (*VALUES[option], VALUES[option][0]):
        done = predicted_then_done(declare, package_id=package_id, **{option: value})
        assert done["action"] == "update"
        assert not predicted_then_done(declare, package_id=package_id, **{option: value})["changed"]
    # A new path is followed by a second Put, of what was read after the reload.
    assert declare.executions("Put") == {package_id: 6 if option == "source_path" else 3}


@pytest.mark.parametrize("option", sorted(VALUES))
def test_the_twelve_steps_of_every_option(declare: Declaring, option: str) -> None:
    """Create, change, delete, each again, and each in check mode first."""
    asked = {**NEW, option: VALUES[option][0]}
    made = predicted_then_done(declare, **asked)
    package_id = made["package_id"]
    assert made["action"] == "create"
    settled(declare)
    assert not predicted_then_done(declare, **asked)["changed"]
    other = {"package_id": package_id, option: VALUES[option][1]}
    assert predicted_then_done(declare, **other)["action"] == "update"
    assert not predicted_then_done(declare, **other)["changed"]
    settled(declare)
    gone = {"package_id": package_id, "state": "absent"}
    assert predicted_then_done(declare, **gone)["action"] == "delete"
    assert not predicted_then_done(declare, **gone)["changed"]
    assert [declare.executions(each) for each in ("Create", "Delete")] == [{package_id: 1}] * 2


def test_no_bit_that_nobody_asked_for_changes(declare: Declaring) -> None:
    package_id = declare(**NEW, pkg_flags={"add": ["0x08000000", "0x1"]})["package_id"]
    before = declare(package_id=package_id)["object"]["pkg_flags"]["value"]
    declare(package_id=package_id, persist_in_client_cache=True, description="x")
    assert declare(package_id=package_id)["object"]["pkg_flags"]["value"] == before | 0x02000000
    declare(package_id=package_id, persist_in_client_cache=False)
    assert declare(package_id=package_id)["object"]["pkg_flags"]["value"] == before


def test_values_that_mean_the_same_change_nothing(declare: Declaring) -> None:
    package_id = declare(**NEW, refresh_schedule={"set": [WEEKLY, {"recurs": "interval", "every": {"days": 1}}]})[
        "package_id"
    ]
    same = {
        "source_path": WIM.upper(),
        "refresh_schedule": {"set": [{"recurs": "interval", "every": {"days": 1}}, {**WEEKLY, "every_weeks": 1}]},
    }
    assert not declare(package_id=package_id, **same)["changed"]


def test_a_name_in_other_letter_case_is_no_new_name(declare: Declaring) -> None:
    package_id = declare(**NEW)["package_id"]
    asked = {**NEW, "name": "WINDOWS 11"}
    assert not predicted_then_done(declare, **asked)["changed"]
    done = predicted_then_done(declare, **asked, description="x")
    assert (done["package_id"], done["object"]["name"], declare.executions("Create")) == (
        package_id,
        "Windows 11",
        {package_id: 1},
    )
    assert predicted_then_done(declare, package_id=package_id, name="WINDOWS 11")["object"]["name"] == "WINDOWS 11"


@pytest.mark.parametrize("given", [{"source_flag": "no_source"}, {}])
def test_a_schedule_needs_a_source(declare: Declaring, given: dict[str, Any]) -> None:
    """A site refuses it or ignores it (behaviour 47); nothing is sent."""
    package_id = declare(**NEW, **({} if given else {"source_flag": "no_source"}))["package_id"]
    before = len(declare.server.journal)
    with pytest.raises(Impossible, match="refresh_schedule needs source_flag direct, and it is no_source"):
        declare(package_id=package_id, refresh_schedule={"set": [WEEKLY]}, **given)
    assert "Put" not in {entry["verb"] for entry in declare.server.journal[before:]}
    assert declare(package_id=package_id, refresh_schedule={"set": []}, **given)["object"]["refresh_schedule"] == []
    asked = {"source_flag": "direct", "refresh_schedule": {"set": [WEEKLY]}}
    assert declare(package_id=package_id, **asked)["object"]["refresh_schedule"]


def test_schedules_are_added_and_removed(declare: Declaring) -> None:
    daily, hourly = ({"recurs": "interval", "every": {unit: 1}} for unit in ("days", "hours"))
    package_id = declare(**NEW, refresh_schedule={"set": [WEEKLY, daily]})["package_id"]
    for edit, changed, after in (
        ({"add": [daily]}, False, 2),
        ({"remove": [hourly]}, False, 2),
        ({"add": [hourly], "remove": [daily]}, True, 2),
        ({"add": [hourly], "remove": [daily]}, False, 2),
        ({"set": [daily]}, True, 1),
        ({"add": [WEEKLY, hourly]}, True, 3),
        ({"remove": [WEEKLY, hourly, daily]}, True, 0),
        ({"remove": [daily]}, False, 0),
    ):
        done = predicted_then_done(declare, package_id=package_id, refresh_schedule=edit)
        assert (done["changed"], len(done["object"]["refresh_schedule"])) == (changed, after), edit
    weeks = [
        {**WEEKLY, "every_weeks": number, "day": day}
        for number in (1, 2, 3, 4)
        for day in ("monday", "friday", "sunday")
    ]
    declare(package_id=package_id, refresh_schedule={"add": weeks})
    more = [{**WEEKLY, "day": "tuesday", "every_weeks": number} for number in (1, 2, 3, 4)]
    with pytest.raises(Impossible, match="refresh_schedule has 16 schedules"):
        declare(package_id=package_id, refresh_schedule={"add": more})


TEXTS = st.text(st.characters(blacklist_categories=["Cs"]), max_size=128)


def test_any_text_comes_back_or_is_refused(declare: Declaring) -> None:
    package_id = declare(**NEW)["package_id"]

    @settings(max_examples=30, deadline=None)
    @given(TEXTS)
    def holds(text: str) -> None:
        if re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", text):
            with pytest.raises(Impossible, match=r"description contains the character U\+"):
                declare(package_id=package_id, description=text)
            return
        declare(package_id=package_id, description=text)
        assert declare.server.site.world.package(package_id).record.values["Description"] == text
        assert not declare(package_id=package_id, description=text)["changed"]

    holds()


# -- what goes wrong -------------------------------------------------------------------------------------------


def test_two_objects_of_one_name(declare: Declaring) -> None:
    first = declare(**NEW)["package_id"]
    second = declare(name="Another", source_path=WIM)["package_id"]
    declare(package_id=second, name=NEW["name"])
    for state in ("present", "absent"):
        with pytest.raises(Impossible) as refused:
            declare(**NEW, state=state)
        assert f"are named 'Windows 11': {first}, {second}" in str(refused.value)


def test_an_unknown_package_id_is_not_created(declare: Declaring) -> None:
    with pytest.raises(Impossible, match="There is no operating system image PS1FFFFF"):
        declare(package_id="PS1FFFFF", **NEW)
    assert declare.written == 0


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"name": "x"}, "cannot be created without source_path"),
        ({"name": "x", "source_path": "D:\\images\\a.wim"}, r"source_path 'D:\images\a.wim' is not a UNC path"),
        ({"name": "x" * 251, "source_path": WIM}, "name has 251 characters. The site keeps 250 at most"),
        ({"name": "x", "source_path": WIM, "description": "a\x00b"}, "description contains the character U+0000"),
        ({"name": "x", "source_path": WIM, "icon": "no base64!"}, "icon is not Base64"),
        (
            {"name": "x", "source_path": WIM, "pkg_flags": {"add": ["many"]}},
            "pkg_flags.add: 'many' is not a set of bits",
        ),
        (
            {"name": "x", "source_path": WIM, "package_share": True, "pkg_flags": {"remove": ["0x80"]}},
            "PkgFlags: 0x00000080 is asked to be on and off at once",
        ),
        ({"name": "x", "source_path": WIM, "forced_disconnect_delay": -1}, "is not between 0 and 4294967295"),
        (
            {"name": "x", "source_path": WIM, "refresh_schedule": {"set": [WEEKLY] * 16}},
            "refresh_schedule has 16 schedules",
        ),
        ({"name": "x", "source_path": WIM, "refresh_schedule": {"set": None}}, "refresh_schedule says nothing"),
        (
            {"name": "x", "source_path": WIM, "refresh_schedule": {"set": [], "add": [WEEKLY]}},
            "refresh_schedule has set beside add or remove",
        ),
        (
            {"name": "x", "source_path": WIM, "refresh_schedule": {"add": [WEEKLY], "remove": [WEEKLY]}},
            "refresh_schedule adds and removes the same schedule",
        ),
        ({"name": ""}, "Neither package_id nor name has a value"),
        ({"name": "x", "lock_wait": -1.0}, "lock_wait -1 is no number of seconds"),
    ],
)
def test_bad_input_is_refused_before_anything_is_written(
    declare: Declaring, asked: dict[str, Any], message: str
) -> None:
    with pytest.raises(Impossible) as refused:
        declare(**asked)
    assert message in str(refused.value)
    assert declare.written == 0


def hold_lock(declare: Declaring, package_id: str) -> None:
    site = declare.server.site
    path = f'SMS_ImagePackage.PackageID="{package_id}"'
    site.locks.hold(path, Lock("CONTOSO\\alice", "console", "WKS-7", "PS1", site.world.date()))


def test_an_object_that_somebody_edits(declare: Declaring) -> None:
    package_id = declare(**NEW)["package_id"]
    hold_lock(declare, package_id)
    with pytest.raises(Locked) as refused:
        declare(package_id=package_id, description="x")
    assert 'PS100014 ("Windows 11") is being edited by CONTOSO\\alice on WKS-7, since ' in str(refused.value)
    assert "set lock_wait to wait for it" in str(refused.value)
    assert declare.executions("Put") == {}


def test_waiting_for_a_lock(declare: Declaring) -> None:
    package_id = declare(**NEW)["package_id"]
    hold_lock(declare, package_id)
    site = declare.server.site
    holder = Lock("CONTOSO\\alice", "console", "WKS-7", "PS1", site.world.date())
    alice = Caller(holder.user, {"ObjectLockContext": holder.context, "MachineName": holder.machine})

    def give_back() -> None:
        if site.clock.now() > 60:
            site.locks.release_all(alice)

    declare.clock.after_sleep = give_back
    since = len(declare.server.journal)
    done = declare(package_id=package_id, description="x", lock_wait=120.0)
    assert done["changed"]
    assert declare.executions("Put") == {package_id: 1}
    asked = [each["verb"] for each in declare.server.journal[since:]]
    assert asked.count("Put") == 2  # one look at the lock every few seconds, and nothing else
    assert asked.count("Get") == 3


def test_an_edit_between_plan_and_write_is_not_lost(declare: Declaring) -> None:
    package_id = declare(**NEW)["package_id"]
    other = Declaring(declare.server)
    with pytest.raises(ChangedMeanwhile) as refused:
        declare(package_id=package_id, version="2", between=lambda: other(package_id=package_id, description="theirs"))
    assert "description is now 'theirs', was ''" in str(refused.value)
    assert declare(package_id=package_id)["object"]["version"] == ""
    assert declare(package_id=package_id, version="2")["changed"]
    assert declare(package_id=package_id)["object"]["description"] == "theirs"


@pytest.mark.parametrize(
    ("verb", "given"),
    [
        ("Create", NEW),
        ("Put", {"package_id": "PS100003", "description": "x"}),
        ("Delete", {"package_id": "PS100003", "state": "absent"}),
    ],
)
@pytest.mark.parametrize("cut", ["cut_before", "cut_after"])
def test_a_write_whose_answer_was_lost(declare: Declaring, verb: str, given: dict[str, Any], cut: str) -> None:
    declare.server.add_fault(verb=verb, action=cut, times=1)
    if cut == "cut_after":
        done = declare(**given)
        assert done["changed"]
        assert any("was lost, and it was not sent again; it took effect" in each for each in declare.warnings)
        assert sum(declare.executions(verb).values()) == 1
    else:
        with pytest.raises(
            OutcomeUnknown, match="was sent once and its answer was lost; no effect was seen within 60 s"
        ):
            declare(**given)
        assert declare.written == 0
        assert declare(**given)["changed"]
        assert sum(declare.executions(verb).values()) == 1


def test_a_value_that_the_site_does_not_keep(declare: Declaring) -> None:
    package_id = declare(**NEW)["package_id"]
    record = declare.server.site.world.package(package_id).record
    keeps = dict(record.values)

    class Stubborn(dict[str, Any]):
        def update(self, *args: Any, **kwargs: Any) -> None:
            super().update(*args, **kwargs)
            self["Description"] = keeps["Description"]

    object.__setattr__(record, "values", Stubborn(record.values))
    with pytest.raises(NotConverged) as refused:
        declare(package_id=package_id, description="x")
    assert "description is '', not 'x'" in str(refused.value)
