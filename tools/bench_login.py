# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Part d: what a login costs by each method: HTTP requests and time, from nothing to the answer of a first Identify."""

from __future__ import annotations

import contextlib
import http.client
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from bench_measure import Measure, take_turns, timed
from bench_site import Bench, Provider, provider

PART = "d"


@dataclass(frozen=True)
class Way:
    """A way to log in: its name, the simulator to ask, and the client's options for it."""

    name: str
    scheme: str
    options: Mapping[str, Any] = field(default_factory=dict)


def measure(bench: Bench) -> Iterator[Measure]:
    """Each way to log in. Those by Kerberos only where a KDC can be started."""
    with contextlib.ExitStack() as stack:
        realm = _realm(stack)
        methods = "ntlm,credssp" + (",kerberos" if realm else "")
        more = ("--keytab", str(realm.keytab)) if realm else ()
        variables = realm.environment if realm else {}
        sites = {
            "http": stack.enter_context(
                provider(bench, "small", "--no-tls", "--auth", methods, *more, variables=variables)
            ),
            "https": stack.enter_context(
                provider(bench, "small", "--auth", f"certificate,basic,{methods}", *more, variables=variables)
            ),
        }
        ways = _ways(sites, realm)
        counts = {}
        for way in ways:
            _login(sites[way.scheme], way)  # imports what the method needs
            with _counted() as sent:
                _login(sites[way.scheme], way)
            counts[way.name] = len(sent)
        sides = {way.name: lambda way=way: timed(lambda: _login(sites[way.scheme], way)) for way in ways}
        found = take_turns(sides, bench.repeats)
        for way in ways:
            yield Measure(PART, f"login: {way.name}", "s", found[way.name], requests=counts[way.name])


def _ways(sites: Mapping[str, Provider], realm: Any) -> list[Way]:
    shown = sites["https"].variables
    certificate = {
        "auth": "certificate",
        "client_cert": shown["CONFIGMGR_CLIENT_CERT"],
        "client_key": shown["CONFIGMGR_CLIENT_KEY"],
    }
    ways = [
        Way("Basic over https", "https", {"auth": "basic"}),
        Way("certificate over https", "https", certificate),
    ]
    for scheme in ("http", "https"):
        ways += [
            Way(f"NTLM over {scheme}", scheme, {"auth": "ntlm"}),
            Way(f"CredSSP over {scheme}", scheme, {"auth": "credssp"}),
        ]
    if realm:
        named = {"auth": "kerberos", "provider": "localhost"}
        owner = sites["http"].user.rpartition("\\")[2]
        ticket = {**named, "username": "", "password": "", "kerberos_ccache": str(realm.ticket(owner))}
        ways += [
            Way("Kerberos over http, with a ticket", "http", ticket),
            Way("Kerberos over https, with a ticket", "https", ticket),
            Way("Kerberos over http, with a password", "http", {**named, "username": f"{owner}@{realm.name}"}),
        ]
    return ways


def _login(site: Provider, way: Way) -> None:
    """Log in, say hello, and leave."""
    from ansible_collections.configmgr.content.plugins.module_utils._provider.site import _link, settled
    from ansible_collections.configmgr.content.plugins.module_utils._wsman.verbs import identify

    means = settled(site.means(**way.options))
    link = _link(means, means.find_address(means.endpoint))
    try:
        identify(link)
    finally:
        link.end()


@contextlib.contextmanager
def _counted() -> Iterator[list[str]]:
    """The answers that HTTP connections were asked for meanwhile."""
    seen: list[str] = []
    begin = http.client.HTTPResponse.begin

    def counting(response: http.client.HTTPResponse) -> None:
        seen.append("")
        begin(response)

    with mock.patch.object(http.client.HTTPResponse, "begin", counting):
        yield seen


def _realm(stack: contextlib.ExitStack) -> Any:
    """A Kerberos realm with this process in it, None where there can be none."""
    sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))
    from conftest import users
    from realm import Realm, missing

    reason = missing()
    if reason:
        print(f"Without Kerberos: {reason}")
        return None
    realm = stack.enter_context(Realm(users()))
    stack.enter_context(mock.patch.dict(os.environ, realm.environment))
    return realm
