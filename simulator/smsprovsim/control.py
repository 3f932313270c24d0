# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control address: journal, state, fault rules, clock and reset as JSON, on a loopback port of its own."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

from .faults import BadRule, Rules
from .switches import UnknownSwitch

_MAX_BODY = 16 * 1024 * 1024


class Controlled(Protocol):
    """What the control address needs of a server."""

    @property
    def rules(self) -> Rules:
        """The fault rules in force."""

    @property
    def journal(self) -> list[dict[str, Any]]:
        """One entry a request."""

    def state(self) -> dict[str, Any]:
        """What `GET /state` shows."""

    def move_clock(self, order: dict[str, Any]) -> dict[str, Any]:
        """Carry out an order of `POST /clock`; the answer says what time it is now."""

    def change(self, **order: Any) -> None:
        """Change something at the site that no client asked for."""

    def reset(
        self, *, scenario: str | None = None, switches: dict[str, str] | None = None, clear: list[str] | None = None
    ) -> None:
        """Start over, with another scenario, other switches, or only parts cleared."""

    def request_stop(self) -> None:
        """End the server soon."""


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True
    controlled: Controlled


class _RequestHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _HttpServer

    def do_GET(self) -> None:
        controlled = self.server.controlled
        routes: dict[str, Callable[[], Any]] = {
            "/journal": lambda: controlled.journal,
            "/state": controlled.state,
            "/faults": controlled.rules.as_list,
            "/clock": lambda: controlled.move_clock({}),
        }
        self._route(routes)

    def do_POST(self) -> None:
        controlled = self.server.controlled
        routes: dict[str, Callable[[], Any]] = {
            "/faults": lambda: {"rules": controlled.rules.add(self._json())},
            "/clock": lambda: controlled.move_clock(self._order()),
            "/change": self._change,
            "/reset": self._reset,
            "/shutdown": self._shutdown,
        }
        self._route(routes)

    def do_DELETE(self) -> None:
        self._route({"/faults": self._clear_faults})

    def _clear_faults(self) -> dict[str, Any]:
        self.server.controlled.rules.clear()
        return {"rules": 0}

    def _change(self) -> dict[str, Any]:
        orders = self._json()
        for order in orders if isinstance(orders, list) else [orders]:
            if not isinstance(order, dict):
                raise BadRule("a change is a JSON object")
            self.server.controlled.change(**order)
        return {"changed": True}

    def _reset(self) -> dict[str, Any]:
        order = self._order()
        unknown = set(order) - {"scenario", "switches", "clear"}
        if unknown:
            raise BadRule(f"reset takes scenario, switches and clear, not {', '.join(sorted(unknown))}")
        self.server.controlled.reset(**order)
        return {"reset": True}

    def _shutdown(self) -> dict[str, Any]:
        threading.Thread(target=self.server.controlled.request_stop, name="shutdown", daemon=True).start()
        return {"stopping": True}

    def _order(self) -> dict[str, Any]:
        order = self._json()
        if not isinstance(order, dict):
            raise BadRule("a JSON object is expected")
        return order

    def _json(self) -> Any:
        length = int(self.headers.get("Content-Length") or 0)
        if not 0 <= length <= _MAX_BODY:
            raise BadRule("the body is too long")
        body = self.rfile.read(length)
        return json.loads(body) if body.strip() else {}

    def _route(self, routes: dict[str, Callable[[], Any]]) -> None:
        route = routes.get(self.path.partition("?")[0].rstrip("/"))
        if route is None:
            self._send(404, {"error": f"no {self.command} {self.path}; see simulator/README.md"})
            return
        try:
            answer = route()
        except (BadRule, UnknownSwitch, ValueError, TypeError, KeyError) as error:
            self._send(400, {"error": str(error)})
            return
        self._send(200, answer)

    def _send(self, status: int, answer: Any) -> None:
        body = json.dumps(answer, default=str).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """No log: the control address is read often, and by tests."""


class Control:
    """The control server. `url` is its address."""

    def __init__(self, controlled: Controlled) -> None:
        self._server = _HttpServer(("127.0.0.1", 0), _RequestHandler)
        self._server.controlled = controlled
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        # A short poll, so that stopping does not take half a second.
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="control", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Close the address."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join(5)
        self._server.server_close()
