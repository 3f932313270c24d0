# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps before the login, each failing on its own. No credential leaves in any of them."""

from __future__ import annotations

import http.server
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._engine import check_reach
from ansible_collections.configmgr.content.plugins.module_utils._engine.check import Visit
from ansible_collections.configmgr.content.plugins.module_utils._wsman.greeting import Greeting

from .conftest import MakeVisitor
from .visitor import Report, ShiftedClock, Visitor

DAY = 86_400.0


def nothing_left(visitor: Visitor, report: Report) -> None:
    """No login was tried, and no message was sent."""
    assert visitor.server.logins["total"] == visitor.server.logins["failed"] == 0
    assert report.status("login") == "skipped"


def closed_port() -> int:
    """A port at which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as holder:
        return int(holder.getsockname()[1])


def test_all_is_well(visit: MakeVisitor) -> None:
    visitor = visit()
    report = visitor.check()
    assert (report.failed, report.warned) == ([], [])
    assert report.result["ok"]
    assert (report.result["next_step"], report.message) == ("", "")
    assert (report.result["site_code"], report.result["address"]) == ("PS1", "127.0.0.1")
    assert visitor.server.logins["total"] == 1
    assert "Throwaway CA" in report.by_name["tls"]["seen"]
    certificate = report.result["certificate"]
    assert certificate["trusted"]
    assert "localhost" in certificate["names"]


def test_all_is_well_over_http(visit: MakeVisitor) -> None:
    report = visit(tls=False).check()
    assert report.failed == []
    assert report.status("tls") == "skipped"
    assert report.result["certificate"] is None


def test_a_name_that_leads_nowhere(visit: MakeVisitor) -> None:
    visitor = visit()
    report = visitor.check(provider="nowhere.invalid")
    assert report.failed == ["name"]
    assert "the option provider" in report.result["next_step"]
    assert "leads to no address" in report.message
    nothing_left(visitor, report)


def test_text_that_is_no_name(visit: MakeVisitor) -> None:
    report = visit().check(provider="a" * 70 + "..b")
    assert report.failed == ["name"]


def test_a_closed_port(visit: MakeVisitor) -> None:
    visitor = visit()
    report = visitor.check(port=closed_port())
    assert report.failed == ["port"]
    assert "winrm enumerate winrm/config/listener" in report.result["next_step"]
    nothing_left(visitor, report)


def test_a_closed_port_beside_an_open_one(visit: MakeVisitor, monkeypatch: pytest.MonkeyPatch) -> None:
    visitor = visit()
    monkeypatch.setattr(check_reach, "STANDARD_PORTS", {visitor.server.port: "https"})
    report = visitor.check(port=closed_port())
    assert report.failed == ["port"]
    assert report.result["next_step"] == f"Set scheme to https and port to {visitor.server.port}"


def test_both_ports_are_told(visit: MakeVisitor, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = visit(), visit(tls=False)
    monkeypatch.setattr(check_reach, "STANDARD_PORTS", {first.server.port: "https", second.server.port: "http"})
    seen = first.check().by_name["port"]["seen"]
    assert f"and at {second.server.port} (http)" in seen


def test_the_first_address_that_answers_is_the_one(visit: MakeVisitor, monkeypatch: pytest.MonkeyPatch) -> None:
    visitor = visit()
    found = socket.getaddrinfo("127.0.0.1", None, type=socket.SOCK_STREAM)
    dead = (*found[0][:4], ("127.0.0.9", 0))
    name = "cm01.contoso.test"
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *a, **k: [dead, *found] if host == name else real(host, *a, **k)
    )
    report = visitor.check(provider=name)
    assert report.failed == []
    assert report.result["addresses"] == ["127.0.0.9", "127.0.0.1"]
    assert report.result["address"] == "127.0.0.1"


def test_a_certificate_nobody_knows(visit: MakeVisitor) -> None:
    visitor = visit()
    report = visitor.check(ca_cert=None)
    assert report.failed == ["tls"]
    step = report.by_name["tls"]
    assert "an authority that is not trusted here" in step["detail"]
    assert "ca_cert" in step["next_step"]
    # Whoever has to act needs to know whose certificate it is.
    assert "signed by Throwaway CA" in step["seen"]
    assert report.result["certificate"]["trusted"] is False
    nothing_left(visitor, report)


def test_a_certificate_for_another_name(visit: MakeVisitor, monkeypatch: pytest.MonkeyPatch) -> None:
    visitor = visit()
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *a, **k: real("127.0.0.1" if host == "other.contoso.test" else host, *a, **k),
    )
    report = visitor.check(provider="other.contoso.test")
    assert report.failed == ["tls"]
    assert "is for another name than other.contoso.test" in report.message
    assert "cm01.contoso.test" in report.by_name["tls"]["seen"]
    nothing_left(visitor, report)


def test_a_certificate_that_is_not_looked_at(visit: MakeVisitor) -> None:
    report = visit().check(ca_cert=None, skip_certificate_check=True)
    assert (report.failed, report.warned) == ([], ["tls"])
    assert report.result["certificate"]["trusted"] is False
    assert report.result["ok"]


def test_a_certificate_at_its_end(visit: MakeVisitor) -> None:
    visitor = visit()
    report = visitor.check(clock=ShiftedClock(20 * DAY))
    assert "tls" in report.warned
    assert "renewed" in report.by_name["tls"]["next_step"]


def test_a_file_of_authorities_that_is_not_there(visit: MakeVisitor) -> None:
    visitor = visit()
    report = visitor.check(ca_cert="/nowhere/ca.pem")
    assert report.failed == ["tls"]
    assert "/nowhere/ca.pem" in report.message
    nothing_left(visitor, report)


def test_https_at_the_http_listener(visit: MakeVisitor) -> None:
    visitor = visit(tls=False)
    report = visitor.check(scheme="https")
    assert report.failed == ["tls"]
    assert "5985" in report.result["next_step"]
    nothing_left(visitor, report)


@contextmanager
def web_server(status: int) -> Iterator[int]:
    """Something that is no WinRM; its port."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            self.send_header("Content-Length", "5")
            self.end_headers()
            self.wfile.write(b"hello")

        def log_message(self, *_unused: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@pytest.mark.parametrize(
    ("status", "told"), [(404, "no WS-Management service at /wsman"), (200, "is no WinRM service"), (503, "status 503")]
)
def test_something_else_answers(visit: MakeVisitor, status: int, told: str) -> None:
    visitor = visit(tls=False)
    with web_server(status) as port:
        report = visitor.check(port=port)
    assert report.failed == ["service"]
    assert told in report.message
    nothing_left(visitor, report)


def test_a_host_that_says_nothing_to_strangers(visit: MakeVisitor) -> None:
    visitor = visit(tls=False)
    visitor.server.add_fault(verb="Identify", action="http", status=401)
    report = visitor.check()
    assert report.failed == []
    assert "asks for a login" in report.by_name["service"]["seen"]


@pytest.mark.parametrize("seconds", [-301.0, 301.0, 4000.0])
def test_clocks_that_are_apart(visit: MakeVisitor, seconds: float) -> None:
    report = visit().check(clock=ShiftedClock(seconds))
    assert (report.failed, report.warned) == ([], ["clock"])
    step = report.by_name["clock"]
    assert ("behind" if seconds > 0 else "ahead of") in step["seen"]
    assert "w32tm" in step["next_step"]


def test_clocks_that_are_nearly_right(visit: MakeVisitor) -> None:
    assert visit().check(clock=ShiftedClock(200.0)).status("clock") == "ok"


def test_kerberos_does_not_bear_it(visit: MakeVisitor) -> None:
    visitor = visit()
    visited = Visit(
        replace(visitor.means(clock=ShiftedClock(900.0)), endpoint=replace(visitor.means().endpoint, auth="kerberos"))
    )
    visited.greeting = Greeting(200, date=ShiftedClock(0.0).utc())
    finding = check_reach.clock(visited)
    assert finding.status == "failed"
    assert "Kerberos refuses" in finding.detail


def test_an_answer_without_a_date(visit: MakeVisitor) -> None:
    visited = Visit(visit().means())
    visited.greeting = Greeting(200)
    assert check_reach.clock(visited).status == "skipped"


@pytest.mark.parametrize("listening", ["https", "http", "both"])
def test_the_open_port_decides_where_nothing_is_given(
    visit: MakeVisitor, monkeypatch: pytest.MonkeyPatch, listening: str
) -> None:
    secure, plain = visit(), visit(tls=False)
    ports = {
        secure.server.port if listening != "http" else closed_port(): "https",
        plain.server.port if listening != "https" else closed_port(): "http",
    }
    monkeypatch.setattr(check_reach, "STANDARD_PORTS", ports)
    visitor = plain if listening == "http" else secure
    report = visitor.check(auth="auto", scheme="", port=0)
    assert report.failed == []
    assert (report.result["scheme"], report.result["port"]) == (
        "http" if listening == "http" else "https",
        visitor.server.port,
    )


def test_no_open_port_where_nothing_is_given(visit: MakeVisitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_reach, "STANDARD_PORTS", {closed_port(): "https"})
    report = visit().check(auth="auto", scheme="", port=0)
    assert report.failed == ["port"]
    assert report.status("login") == "skipped"
