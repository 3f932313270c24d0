# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated provider for clients that are not ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from smsprovsim.server import Server


@pytest.fixture
def start() -> Iterator[Callable[..., Server]]:
    """Start a simulated provider whose clock stands still; a defect of its own fails the test."""
    servers: list[Server] = []
    with ExitStack() as stack:

        def begin(scenario: str = "small", **options: Any) -> Server:
            server = stack.enter_context(Server(scenario, **{"speed": 0.0, **options}))
            servers.append(server)
            return server

        yield begin
    assert [error for server in servers for error in server.errors] == []
