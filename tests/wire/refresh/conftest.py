# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sites for the tests of the refresh."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from smsprovsim.server import Server

from .lab import Lab

MakeLab = Callable[..., Lab]


@pytest.fixture
def make_lab() -> Iterator[MakeLab]:
    """Start simulated sites; they stop with the test. Time stands still unless the client sleeps."""
    servers: list[Server] = []

    def make(scenario: str = "small", **options: Any) -> Lab:
        options.setdefault("auth", ("ntlm",))
        options.setdefault("tls", False)
        server = Server(scenario, speed=0.0, **options)
        server.start()
        servers.append(server)
        return Lab(server)

    yield make
    defects = [text for server in servers for text in server.errors]
    for server in servers:
        server.stop()
    assert not defects, "the simulator itself failed:\n" + "\n".join(defects)


@pytest.fixture
def lab(make_lab: MakeLab) -> Lab:
    """The scenario `small`."""
    return make_lab()
