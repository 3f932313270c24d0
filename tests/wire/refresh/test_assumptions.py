# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules are right under each answer to each question that no source settles, and under random mixtures of them."""

from __future__ import annotations

import random

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


@pytest.mark.parametrize("number", range(12))
def test_a_mixture_of_answers(make_lab: MakeLab, number: int) -> None:
    chance = random.Random(SEED + number)
    mixture = {}
    for name, switch in sorted(TABLE.items()):
        mixture[name] = chance.choice(NUMBERS[name] if switch.values == (NUMBER,) else switch.values)
    lab = make_lab(switches=mixture, tls=number % 2 == 0)
    check_connection(lab)
    check_reading(lab)
    check(lab)
