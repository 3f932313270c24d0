# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers for the tests of the simulator's front: real sockets, a fake site."""

from __future__ import annotations

from collections.abc import Callable, Iterator

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
def serve(begin: Callable[..., Server]) -> Callable[..., Server]:
    """Start a server in front of a fake site; at the end it must not have failed by its own fault."""
    return lambda packages=3, **options: begin(site=FakeSite(packages), **options)


@pytest.fixture
def server(serve: Callable[..., Server]) -> Server:
    """A server with TLS."""
    return serve()


@pytest.fixture
def client(server: Server) -> Client:
    """A client logged in by Basic, the quickest."""
    return Client(server)
