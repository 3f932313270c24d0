# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sites for the tests of the refresh."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from smsprovsim.server import Server

from .lab import Lab

MakeLab = Callable[..., Lab]


@pytest.fixture
def make_lab(begin_quietly: Callable[..., Server]) -> MakeLab:
    """Start simulated sites; they stop with the test. Time stands still unless the client sleeps."""
    return lambda scenario="small", **options: Lab(begin_quietly(scenario, **options))


@pytest.fixture
def lab(make_lab: MakeLab) -> Lab:
    """The scenario `small`."""
    return make_lab()
