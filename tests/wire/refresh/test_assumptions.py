# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The refresh is right under each answer to each question that no source settles, and under random mixtures of them."""

from __future__ import annotations

import random

import pytest

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


def test_every_open_question_is_tried() -> None:
    assert {name for name, _value in ALL} == set(TABLE)


@pytest.mark.parametrize(("name", "value"), ALL, ids=[f"{name}={value}" for name, value in ALL])
def test_one_answer(make_lab: MakeLab, name: str, value: str) -> None:
    check(make_lab(switches={name: value}))


@pytest.mark.parametrize("number", range(12))
def test_a_mixture_of_answers(make_lab: MakeLab, number: int) -> None:
    chance = random.Random(SEED + number)
    mixture = {}
    for name, switch in sorted(TABLE.items()):
        mixture[name] = chance.choice(NUMBERS[name] if switch.values == (NUMBER,) else switch.values)
    check(make_lab(switches=mixture, tls=number % 2 == 0))
