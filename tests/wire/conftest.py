# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all tests over sockets need."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._provider.site import Site
from call_shapes import misfits

from smsprovsim.server import Server


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Certificate bundles and proxies of the environment have no say here."""
    for name in (
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "http_proxy",
        "https_proxy",
        "all_proxy",
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _every_call_is_as_the_reference_has_it(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Parameters under their exact names and types, none missing, keys for objects alone (wire I-01 to I-06)."""
    wrong: list[str] = []
    call = Site.call

    def checked(
        self: Site,
        class_name: str,
        method: str,
        keys: Mapping[str, str] | None = None,
        arguments: Mapping[str, Any] | None = None,
        outputs: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> dict[str, Any]:
        wrong.extend(misfits(class_name, method, keys, arguments, outputs))
        return call(self, class_name, method, keys, arguments, outputs, **more)

    monkeypatch.setattr(Site, "call", checked)
    yield
    assert wrong == []


@pytest.fixture
def begin() -> Iterator[Callable[..., Server]]:
    """Start simulated providers; they stop with the test, and must not have failed by a fault of their own."""
    servers: list[Server] = []
    with ExitStack() as stack:

        def start(*arguments: Any, **options: Any) -> Server:
            servers.append(stack.enter_context(Server(*arguments, **options)))
            return servers[-1]

        yield start
    defects = [text for server in servers for text in server.errors]
    assert not defects, "the simulator itself failed:\n" + "\n".join(defects)


@pytest.fixture
def begin_quietly(begin: Callable[..., Server]) -> Callable[..., Server]:
    """The same where time stands still, with the quickest login."""
    return lambda *arguments, **options: begin(*arguments, **{"speed": 0.0, "auth": ("ntlm",), "tls": False, **options})


@pytest.fixture
def collected() -> Iterator[None]:
    """Collect the sockets that refused clients leave to the garbage collector, so that no later test meets them."""
    yield
    gc.collect()
