# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules are right under each answer to each question that no source settles, and under random mixtures of them."""

from __future__ import annotations

import os
import random
from typing import Any

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._content.package import PACKAGE_PROPERTIES
from ansible_collections.configmgr.content.plugins.module_utils._content.registry import RESOURCES
from ansible_collections.configmgr.content.plugins.module_utils._engine import check as connection
from ansible_collections.configmgr.content.plugins.module_utils._engine.check_steps import STEPS
from ansible_collections.configmgr.content.plugins.module_utils._engine.info import PackageReader, Reading
from ansible_collections.configmgr.content.plugins.module_utils._engine.site_info import SiteReader

from smsprovsim import scenario
from smsprovsim.switches import NUMBER, TABLE

from .conftest import MakeLab
from .lab import Lab

# Values to try where the switch takes any number: the least that a real host has, and others that are seen.
NUMBERS = {
    "max_envelope_kb": ("150", "2048"),
    "max_timeout_ms": ("30000", "1800000"),
    "max_batch_items": ("20",),
    "enumeration_timeout_ms": ("240000",),
    "max_operations_per_user": ("1500",),
    "idle_connection_seconds": ("120",),
}
# A package, a boot image, an unchanged source and one behind a pull distribution point.
PACKAGES = ("PS100001", "PS100004", "PS100010", "PS100013")
SEED = 20_261_120
# The switches of the site are in the table once its side is imported.
assert scenario.SWITCHES

ALL = [
    (name, value)
    for name, switch in sorted(TABLE.items())
    for value in (NUMBERS[name] if switch.values == (NUMBER,) else switch.values)
]


OF_THE_SITE = [(name, value) for name, value in ALL if name in scenario.SWITCHES]


def test_the_table_holds_the_switches_of_the_site() -> None:
    """They are registered when the scenario is imported; without them half of this file would be missing."""
    assert set(scenario.SWITCHES) <= set(TABLE)


def check(lab: Lab) -> None:
    """A whole refresh, held against the site's own state."""
    result = lab.refresh(*PACKAGES, wait_for="distributed", wait_timeout=14400.0, max_failed=(100, True))
    packages = lab.server.site.snapshot()["packages"]
    for package_id, row in result.rows.items():
        assert lab.executions(package_id) == 1
        assert row["source_version"]["after"] == packages[package_id]["source_version"]
        if row["status"] == "refreshed":
            versions = {point["version"] for point in packages[package_id]["distribution_points"].values()}
            assert versions == {packages[package_id]["source_version"]}
            assert row["source_version"]["after"] > row["source_version"]["before"] or row.get("source_unchanged")
    built = result.rows.pop("PS100004")
    cancelled = (
        lab.server.switches["work_after_timeout"] == "cancelled"
        and float(lab.server.switches["max_timeout_ms"]) < 200_000
    )
    may_fail = cancelled and lab.server.site.world.switches["cancelled_build"] == "stops"
    assert built["status"] == "refreshed" or may_fail, built["reason"]
    assert {row["status"] for row in result.rows.values()} == {"refreshed"}, [
        row["reason"] for row in result.rows.values()
    ]
    assert result.changed


# What comes of packages in trouble, and of packages that other sites own, whatever the answers are.
TROUBLED = {
    "PS100001": "refreshed",
    "PS100005": "failed",  # its source cannot be read
    "PS100006": "failed",  # its source is gone
    "PS10000A": "failed",  # a distribution point fails for good
    "PS10000C": "refreshed",  # from a pull distribution point
    "PS10000D": "refreshed",  # at the second attempt
    "PS10000E": "refreshed",
    "PS100010": "failed",  # a pull distribution point has no source
}
HIERARCHY = dict.fromkeys(("PS100001", "PS100002", "PS200001", "CEN00001", "PS200002"), "refreshed")


def check_elsewhere(lab: Lab, expected: dict[str, str]) -> None:
    """A prediction that changes nothing, and a refresh whose verdict on each package is the site's own."""
    options: dict[str, Any] = {"wish": {"owner_mismatch": "follow"}}
    task = lab.task(*expected, only_look=True, site=lab.site("PS1"), **options)
    try:
        assert set(task.predict()) == set(expected)
    finally:
        task.close()
    assert lab.server.site.snapshot()["executions"] == {}
    waiting: dict[str, Any] = {"wait_for": "distributed", "wait_timeout": 14400.0, "wait_interval": 120.0}
    result = lab.refresh(*expected, site=lab.site("PS1"), max_failed=(100, True), in_flight=8, **waiting, **options)
    packages = lab.server.site.snapshot()["packages"]
    for package_id, row in result.rows.items():
        after = packages[package_id]["source_version"]
        everywhere = {each["version"] for each in packages[package_id]["distribution_points"].values()} == {after}
        assert lab.executions(package_id) == 1
        assert row["status"] == expected[package_id], row["reason"]
        assert row["source_version"]["after"] == after
        if row["status"] == "refreshed":
            assert everywhere
            assert after > row["source_version"]["before"]
        else:
            assert after == row["source_version"]["before"] or not everywhere
    assert result.changed


def check_reading(lab: Lab) -> None:
    """What the modules that only read tell, held against the site's own state."""
    packages = lab.server.site.snapshot()["packages"]
    site = lab.site()
    try:
        rows = {
            row["package_id"]: row for row in PackageReader(site, Reading(), RESOURCES, PACKAGE_PROPERTIES).iterate()
        }
        assert {key: row["name"] for key, row in rows.items()} == {key: each["name"] for key, each in packages.items()}
        assert all(rows[key]["source_version"] == each["source_version"] for key, each in packages.items())
        asked = Reading(package_ids=("PS100004", "PS100011"), properties=("all",))
        whole = {row["package_id"]: row for row in PackageReader(site, asked, RESOURCES, PACKAGE_PROPERTIES).iterate()}
        boot, scheduled = whole["PS100004"], whole["PS100011"]
        assert (boot["architecture"], boot["scratch_space"], boot["optional_components"]) == (
            "x64",
            128,
            [28, 30, 31, 32],
        )
        assert [each["recurs"] for each in scheduled["refresh_schedule"]] == ["interval", "weekly"]
        told = SiteReader(site).read()
    finally:
        site.close()
    assert (told["site"]["site_code"], told["site"]["type"], told["site"]["build_number"]) == ("PS1", "primary", 8968)
    assert told["visible"]["packages"] == len(packages)
    assert len(told["boot_images"]) == 2
    assert told["kits"]
    assert lab.server.site.snapshot()["executions"] == {}


def check_connection(lab: Lab) -> None:
    """Nothing is wrong with a site because it answers otherwise."""
    visit = connection.Visit(lab.means())
    try:
        looked = connection.run(STEPS, visit)
        result = connection.result(visit, looked)
    finally:
        visit.close()
    assert result["ok"], connection.message(looked)


def test_every_open_question_is_tried() -> None:
    assert {name for name, _value in ALL} == set(TABLE)


@pytest.mark.parametrize(("name", "value"), ALL, ids=[f"{name}={value}" for name, value in ALL])
def test_one_answer(make_lab: MakeLab, name: str, value: str) -> None:
    lab = make_lab(switches={name: value})
    check_connection(lab)
    check_reading(lab)
    check(lab)


@pytest.mark.parametrize(("scenario", "expected"), [("troubled", TROUBLED), ("hierarchy", HIERARCHY)])
@pytest.mark.parametrize(("name", "value"), OF_THE_SITE, ids=[f"{name}={value}" for name, value in OF_THE_SITE])
def test_one_answer_elsewhere(
    make_lab: MakeLab, name: str, value: str, scenario: str, expected: dict[str, str]
) -> None:
    check_elsewhere(make_lab(scenario, switches={name: value}), expected)


def mixture(number: int) -> dict[str, Any]:
    """A site that answers at random, and a way to log in to it."""
    chance = random.Random(SEED + number)
    chosen = {}
    for name, switch in sorted(TABLE.items()):
        chosen[name] = chance.choice(NUMBERS[name] if switch.values == (NUMBER,) else switch.values)
    return {"switches": chosen, "tls": number % 2 == 0, "auth": (("ntlm", "credssp")[number % 3 == 0],)}


# MIXTURES=1000 tries more of them by hand.
@pytest.mark.parametrize("number", range(int(os.environ.get("MIXTURES", "12"))))
def test_a_mixture_of_answers(make_lab: MakeLab, number: int) -> None:
    options = mixture(number)
    lab = make_lab(**options)
    check_connection(lab)
    check_reading(lab)
    check(lab)
    check_elsewhere(make_lab("troubled", **options), TROUBLED)
    check_elsewhere(make_lab("hierarchy", **options), HIERARCHY)
