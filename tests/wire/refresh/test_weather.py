# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random weather. TRIALS and SEED in the environment make it longer or other; one trial is repeated by its number:
`-k "trial-17-"` with the same SEED. `make soak` runs many more."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from .weather import Servers, judge, make_trial

TRIALS = int(os.environ.get("TRIALS") or 240)
SEED = int(os.environ.get("SEED") or 20_261_121)


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    """Servers that serve all trials of this module."""
    running = Servers()
    yield running
    running.stop()


@pytest.mark.parametrize("number", range(TRIALS), ids=lambda number: f"trial-{number}-")
def test_trial(servers: Servers, number: int) -> None:
    trial = make_trial(SEED, number)
    wrong = judge(servers, trial)
    assert not wrong, "\n".join([*wrong, str(trial)])
