# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fault matrix of whole tasks: CASES of its cells (SEED says which), or CASES=0 for none. `make soak` runs many more.

One case is repeated by its name: `CASES=100000 pytest -k image_rollout.put-cut_after-ntlm-http-first`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from realm import Realm
from refresh.matrix import FAULTS, KERBEROS, LISTENERS, in_realm
from refresh.weather import Servers

from .states import STATES
from .states_matrix import OVERTAKEN, Stage, StateCase, judge, some_cases

SEED = int(os.environ.get("SEED") or 20_261_121)
CASES = int(os.environ.get("CASES") or 220)


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    """Servers for what needs no realm."""
    running = Servers()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def kerberos_servers(realm: Realm) -> Iterator[Servers]:
    """Servers for Kerberos, and this process in the realm."""
    with in_realm(realm) as more:
        running = Servers(more)
        yield running
        running.stop()


def ids(case: StateCase) -> str:
    return case.name


CHOSEN = some_cases(CASES, SEED)


@pytest.mark.parametrize("case", [case for case in CHOSEN if case.auth != ("kerberos",)], ids=ids)
def test_case(servers: Servers, case: StateCase) -> None:
    wrong = judge(servers, case)
    assert not wrong, "\n".join([*wrong, case.name])


@pytest.mark.parametrize("case", [case for case in CHOSEN if case.auth == ("kerberos",)], ids=ids)
def test_case_with_kerberos(kerberos_servers: Servers, case: StateCase) -> None:
    wrong = judge(kerberos_servers, case)
    assert not wrong, "\n".join([*wrong, case.name])


def test_the_cases_cover_every_row_and_column() -> None:
    def of(name: str) -> set[Any]:
        return {getattr(case, name) for case in CHOSEN}

    if not CASES:
        pytest.skip("no cell was asked for (CASES=0), so there is nothing that could cover the rows")
    assert {(case.task, case.target) for case in CHOSEN} == {
        (task, target) for task, state in STATES.items() for target in state.targets
    }
    assert of("fault") == {*FAULTS, OVERTAKEN}
    assert {(case.auth, case.tls) for case in CHOSEN} == {*LISTENERS, *KERBEROS}


@pytest.mark.parametrize("name", STATES)
def test_a_task_in_good_weather(servers: Servers, name: str) -> None:
    """It does all that it may do, and makes every request that a fault could meet; and the site was not like that before."""
    state = STATES[name]
    server = servers(("ntlm",), False, state.scenario, state.switches)
    stage = Stage(server)
    for each in state.before:
        stage.run(STATES[each])
    begun, wrong = stage.done(), state.holds(server.site)
    server.reset(clear=("journal",))
    outcome = stage.run(state)
    asked = {(entry["verb"], entry["method"] or "") for entry in server.journal}
    stage.settle()
    done = stage.done() - begun
    assert (outcome.changed, outcome.failed, stage.wrong) == (True, False, [])
    assert {what: done[what] for what in state.most} == dict(state.most)
    assert asked - {("Release", "")} == {(meets["verb"], meets.get("method", "")) for meets in state.targets.values()}
    assert state.holds(server.site) == []
    assert wrong or not state.alike
