# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps of the connection check about authentication: what is installed, what is offered, and one login."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .._provider import site as provider_site
from .._wsman import choice, greeting, verbs
from .._wsman.errors import ConfigMgrError, NotAuthenticated, WSManFault
from .._wsman.methods import METHODS, Method, status
from .._wsman.verbs import Link
from .check import Finding, Visit, failed, good, skipped, warned

AUTOMATIC = ("kerberos", "ntlm")  # what auth auto may choose
SETTINGS = {"ntlm": "Negotiate"}  # what winrm/config/service/auth calls a method, where it is not its name (wire L-11)


def libraries(visit: Visit) -> Finding:
    """What each method needs on this machine, and what is missing."""
    endpoint = visit.endpoint
    for name in METHODS:
        found = status(
            name,
            with_password=bool(endpoint.password) and not endpoint.kerberos_ccache,
            inside=endpoint.credssp_mechanism,
        )
        visit.methods.append(
            {
                "auth": name,
                "ready": found.complete,
                "installed": list(found.installed),
                "missing": [*found.missing, *found.too_old],
                "install": dict(found.remedies),
                "offered": None,
                "login": "not tried",
            }
        )
    wanted = [
        each for each in visit.methods if each["auth"] in (AUTOMATIC if endpoint.auth == "auto" else (endpoint.auth,))
    ]
    seen = _ready(visit)
    if any(each["ready"] for each in wanted):
        return good(seen)
    last = wanted[-1]
    return failed(
        f"{' and '.join(last['missing'])} is missing or too old, which auth {last['auth']} needs",
        _install(last),
        seen=seen,
    )


def _ready(visit: Visit) -> str:
    ready = [each["auth"] for each in visit.methods if each["ready"]]
    lacking = [f"{each['auth']} lacks {', '.join(each['missing'])}" for each in visit.methods if not each["ready"]]
    return "; ".join([f"ready: {', '.join(ready) or 'none'}", *lacking])


def _install(entry: Mapping[str, Any]) -> str:
    """How to install what a method lacks: one sentence with the commands."""
    ways = entry["install"]
    system = [
        f"{ways[way]} ({where})"
        for way, where in (("debian", "Debian, Ubuntu"), ("rhel", "RHEL, Fedora"))
        if way in ways
    ]
    parts = [" or ".join(system)] if system else []
    if "pip" in ways:
        parts.append(ways["pip"])
    return f"Install it where this runs ({sys.executable}): {', then '.join(parts)}"


def offer(visit: Visit) -> Finding:
    """Which methods the host offers."""
    endpoint = visit.endpoint
    if endpoint.proxy:
        return skipped("the proxy connects to the host, so this cannot be seen from here")
    offered = visit.offered = greeting.offers(endpoint, visit.address)
    for entry in visit.methods:
        entry["offered"] = _is_offered(METHODS[entry["auth"]], offered)
    if not offered:
        return skipped("the host does not say which methods it offers")
    told = ", ".join(offered)
    if endpoint.auth == "auto":  # what comes of it is told by the login
        return good(told)
    if _is_offered(METHODS[endpoint.auth], offered) is False:
        return failed(
            f"the host does not offer auth {endpoint.auth}; it offers {told}",
            _how_to_offer(visit, endpoint.auth),
            seen=told,
        )
    return good(f"{told}; auth is {endpoint.auth}")


def _is_offered(method: Method, offered: tuple[str, ...]) -> bool | None:
    """Whether the host names the method; None where it would not say so."""
    if not method.offered_as or not offered:
        return None
    return bool({each.lower() for each in method.offered_as} & {each.lower() for each in offered})


def _how_to_offer(visit: Visit, auth: str) -> str:
    others = [each["auth"] for each in visit.methods if each["offered"] and each["ready"]]
    other = f"; or set auth to {others[0]}" if others else ""
    if auth == "credssp":
        return f"Run Enable-WSManCredSSP -Role Server on the host, as an administrator{other}"
    setting = SETTINGS.get(auth, auth.capitalize())
    return f'Run winrm set winrm/config/service/auth @{{{setting}="true"}} on the host, as an administrator{other}'


def credssp(visit: Visit) -> Finding:
    """Whether CredSSP is switched on at the host (wire L-11)."""
    if not visit.offered:
        return skipped("the host does not say which methods it offers")
    if _is_offered(METHODS["credssp"], visit.offered):
        return good("CredSSP is switched on")
    return good("CredSSP is not switched on; only calls that make the host reach a third one need it")


def login(visit: Visit) -> Finding:
    """One login with the credential given, and Identify behind it. A refusal is not followed by another attempt.

    With `auth: auto` the method is chosen first, as every module chooses it.
    """
    try:
        visit.means = replace(visit.means, endpoint=choice.settle(visit.endpoint, lambda _endpoint: visit.address))
        visit.link = provider_site._link(visit.means, visit.address)
        _knock(visit.link)
    except NotAuthenticated as refused:
        # A ticket that is refused comes before the method is settled.
        _entry(visit, visit.endpoint.auth)["login"] = "refused" if refused.rejected else "failed"
        raise
    _entry(visit, visit.endpoint.auth)["login"] = "ok"
    return good(f"{visit.user} is logged in with {visit.endpoint.auth}")


def _entry(visit: Visit, auth: str) -> dict[str, Any]:
    """What is told of a method; of auto, the one that it tries first."""
    name = AUTOMATIC[0] if auth == "auto" else auth
    return next(each for each in visit.methods if each["auth"] == name)


def _knock(link: Link) -> None:
    """A request behind the login that asks for nothing. Never repeated."""
    try:
        verbs.identify(link)
    except WSManFault:  # who may not use WinRM is told so behind the login, not in it
        pass


def other_logins(visit: Visit) -> Finding:
    """With `try_all`: a login by every other method that is offered and installed, until one is refused."""
    if not visit.try_all:
        return skipped("try_all was not asked for")
    told: list[str] = []
    for entry in visit.methods:
        method = METHODS[entry["auth"]]
        if entry["login"] != "not tried" or not _can_try(visit, method, entry):
            continue
        try:
            visit.other_requests += _by(visit, method.name)
        except NotAuthenticated as refused:
            entry["login"] = "refused" if refused.rejected else "failed"
            told.append(f"{method.name}: {refused.what}")
            if refused.rejected:
                return warned(
                    f"the login by {method.name} was refused, so no further method was tried: {refused.what}",
                    refused.hint,
                    seen=", ".join(told),
                )
        except ConfigMgrError as problem:
            entry["login"] = "failed"
            told.append(f"{method.name}: {problem.what}")
        else:
            entry["login"] = "ok"
            told.append(f"{method.name}: ok")
    return good(", ".join(told) or "no other method is offered and installed")


def _by(visit: Visit, auth: str) -> int:
    """A login by another method, on a session of its own; its requests."""
    other = choice.settle(replace(visit.endpoint, auth=auth, ticket=None), lambda _endpoint: visit.address)
    link = provider_site._link(replace(visit.means, endpoint=other), visit.address)
    try:
        _knock(link)
    finally:
        link.end()
    return link.requests


def _can_try(visit: Visit, method: Method, entry: Mapping[str, Any]) -> bool:
    """Whether a login by this method can come about with what was given."""
    endpoint = visit.endpoint
    if not entry["ready"] or entry["offered"] is False or endpoint.scheme not in method.schemes:
        return False
    if method.client_certificate:
        return bool(endpoint.client_cert)
    if method.name == "kerberos":  # a ticket is for a name, and a password becomes one by the name of its realm
        return not endpoint.is_address and (bool(endpoint.kerberos_ccache) or "@" in endpoint.username)
    return bool(endpoint.username and endpoint.password)
