# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fault matrix: CASES of its cells (SEED says at which moments), or CASES=0 for none. `make soak` runs many more.

One case is repeated by its name: `CASES=100000 pytest -k refresh_call-garbage-ntlm-http-first`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from realm import Realm

from .matrix import FAULTS, KERBEROS, LISTENERS, TASKS, USES, Case, in_realm, judge_case, some_cases
from .weather import Servers

SEED = int(os.environ.get("SEED") or 20_261_121)
CASES = int(os.environ.get("CASES") or 2_100)


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


def ids(case: Case) -> str:
    return case.name


CHOSEN = some_cases(CASES, SEED)


@pytest.mark.parametrize("case", [case for case in CHOSEN if case.auth != ("kerberos",)], ids=ids)
def test_case(servers: Servers, case: Case) -> None:
    wrong = judge_case(servers, case)
    assert not wrong, "\n".join([*wrong, case.name])


@pytest.mark.parametrize("case", [case for case in CHOSEN if case.auth == ("kerberos",)], ids=ids)
def test_case_with_kerberos(kerberos_servers: Servers, case: Case) -> None:
    wrong = judge_case(kerberos_servers, case)
    assert not wrong, "\n".join([*wrong, case.name])


def test_the_cases_cover_every_row_and_column() -> None:
    def of(name: str) -> set[Any]:
        return {getattr(case, name) for case in CHOSEN}

    if not CASES:
        pytest.skip("no cell was asked for (CASES=0), so there is nothing that could cover the rows")
    assert len(CHOSEN) >= 2_000
    assert of("subject") == {*TASKS, *USES}
    assert of("fault") == set(FAULTS)
    assert {(case.auth, case.tls) for case in CHOSEN} == {*LISTENERS, *KERBEROS}
