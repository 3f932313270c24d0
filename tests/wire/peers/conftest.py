# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated provider for clients that are not ours."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from smsprovsim.server import Server


@pytest.fixture
def start(begin: Callable[..., Server]) -> Callable[..., Server]:
    """Start a simulated provider whose clock stands still; a defect of its own fails the test."""
    return lambda scenario="small", **options: begin(scenario, **{"speed": 0.0, **options})
