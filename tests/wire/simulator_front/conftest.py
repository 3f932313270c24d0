# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers for the tests of the simulator's front: real sockets, a fake site."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from fake_front_site import FakeSite
from front_client import Client

from smsprovsim.server import Server


@pytest.fixture(autouse=True)
def _closed_clients() -> Iterator[None]:
    """Close what the clients of a test left open."""
    yield
    for client in Client.made:
        client.transport.close_session()
    Client.made.clear()


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Start a server in front of a fake site; at the end it must not have failed by its own fault."""
    servers: list[Server] = []
    with ExitStack() as stack:

        def start(packages: int = 3, **options: Any) -> Server:
            server = stack.enter_context(Server(site=FakeSite(packages), **options))
            servers.append(server)
            return server

        yield start
    assert [error for server in servers for error in server.errors] == []


@pytest.fixture
def server(serve: Callable[..., Server]) -> Server:
    """A server with TLS."""
    return serve()


@pytest.fixture
def client(server: Server) -> Client:
    """A client logged in by Basic, the quickest."""
    return Client(server)
