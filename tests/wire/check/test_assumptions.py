# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The check tells the truth under each answer to each question that no source settles, and under random mixtures of them."""

from __future__ import annotations

import random
from typing import Any

import pytest

from smsprovsim import scenario
from smsprovsim.switches import NUMBER, TABLE

from .conftest import MakeVisitor
from .visitor import ADMIN, FOLDER, IMAGE, Visitor

# Values to try where the switch takes any number: the least that a real host has, and others that are seen.
NUMBERS = {
    "max_envelope_kb": ("150", "2048"),
    "max_timeout_ms": ("30000", "1800000"),
    "max_operations_per_user": ("5", "1500"),
}
OTHER_NUMBERS = ("20", "120", "240000")
SEED = 20_261_121
assert scenario.SWITCHES  # registers the switches of the site

ALL = [
    (name, value)
    for name, switch in sorted(TABLE.items())
    for value in (NUMBERS.get(name, OTHER_NUMBERS) if switch.values == (NUMBER,) else switch.values)
]
PASSWORD = "0ther-Pass"  # of accounts of the simulator
SITE: dict[str, Any] = {
    "accounts": [
        ADMIN,
        {"domain": "CONTOSO", "user": "remote", "password": PASSWORD, "rights": "all", "remote_access": False},
        {"domain": "CONTOSO", "user": "outsider", "password": PASSWORD, "rights": "no access"},
        {"domain": "CONTOSO", "user": "norole", "password": PASSWORD, "rights": "none"},
        {"domain": "CONTOSO", "user": "narrow", "password": PASSWORD, "rights": {"scopes": ["Elsewhere"]}},
        {"domain": "CONTOSO", "user": "weak", "password": PASSWORD, "rights": "all"},
    ],
    "sources": {IMAGE: {"readers": ["computer"]}, FOLDER: {"readers": ["user"]}},
    "sign_in": {
        "strong": True,
        "exceptions": [f"CONTOSO\\{user}" for user in ("cmadmin", "remote", "outsider", "norole", "narrow")],
    },
}
# What is wrong with each account, and so the one step that has to fail.
WRONG = {
    "cmadmin": [],
    "remote": ["winrm_right"],
    "outsider": ["namespace"],
    "norole": ["role"],
    "narrow": ["scope"],
    "weak": ["sign_in"],
}


def truths(visitor: Visitor, users: tuple[str, ...] = tuple(WRONG)) -> None:
    """Hold every finding against what the simulator was told to be."""
    switches = visitor.server.switches
    small = switches.number("max_envelope_kb") < 500
    readable = switches["winrm_config"] == "readable"
    for user in users:
        report = visitor.check(user=user)
        assert report.failed == WRONG[user], (user, report.message)
        if report.status("winrm_right") != "ok":
            continue
        assert (report.status("envelope") == "warning") == small
        short = switches.number("max_timeout_ms") < 60_000
        expected = ("warning" if short else "ok") if readable else "skipped"
        assert report.status("longest_call") == expected
    by_computer = visitor.server.site.world.switches["path_identity"] == "computer"
    for path, read in ((IMAGE, by_computer), (FOLDER, not by_computer and visitor.server.auth[0] == "credssp")):
        report = visitor.check(share_path=path)
        assert report.failed == ([] if read else ["second_hop"]), (path, report.message)
    assert visitor.server.logins["failed"] == 0


def test_the_table_holds_the_switches_of_the_site() -> None:
    assert set(scenario.SWITCHES) <= set(TABLE)
    assert {name for name, _value in ALL} == set(TABLE)


@pytest.mark.parametrize(("name", "value"), ALL, ids=[f"{name}={value}" for name, value in ALL])
def test_one_answer(visit: MakeVisitor, name: str, value: str) -> None:
    truths(visit(SITE, switches={name: value}, tls=False), ("cmadmin", "outsider", "norole", "weak"))


@pytest.mark.parametrize("number", range(12))
def test_a_mixture_of_answers(visit: MakeVisitor, number: int) -> None:
    chance = random.Random(SEED + number)
    mixture = {}
    for name, switch in sorted(TABLE.items()):
        values = NUMBERS.get(name, OTHER_NUMBERS) if switch.values == (NUMBER,) else switch.values
        mixture[name] = chance.choice(values)
    truths(visit(SITE, switches=mixture, tls=number % 2 == 0, auth=(("ntlm", "credssp")[number % 3 == 0],)))
