# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How to log in, decided once a task and before any credential leaves: scheme, port, method, and the Kerberos ticket."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import replace

from . import greeting, kerberos
from .endpoint import DEFAULT_PORTS, Endpoint
from .errors import BadValue, NotAuthenticated
from .methods import KINIT, METHODS, program, require, status

HTTP_PORTS = (5985, 80)


def settle(endpoint: Endpoint, find_address: Callable[[Endpoint], str]) -> Endpoint:
    """The endpoint with nothing left to decide; every session of the task uses it. Raises ConfigMgrError.

    A password of Kerberos has then become a ticket. Refused credentials end it: there is no second method.
    """
    endpoint = with_scheme(endpoint)
    if endpoint.auth == "auto":
        endpoint = _with_method(endpoint, find_address)
    if endpoint.auth == "kerberos":
        endpoint = _with_ticket(endpoint)
    endpoint.check()
    return endpoint


def with_scheme(endpoint: Endpoint) -> Endpoint:
    """With scheme and port: what the port says; for auto https where something listens for it; otherwise https."""
    if endpoint.scheme:
        return endpoint
    if endpoint.port:
        return replace(endpoint, scheme="http" if endpoint.port in HTTP_PORTS else "https")
    scheme = "https"
    if endpoint.auth == "auto" and not endpoint.proxy:
        scheme = "https" if _accepts(endpoint, DEFAULT_PORTS["https"]) else "http"
    return replace(endpoint, scheme=scheme)


def _accepts(endpoint: Endpoint, port: int) -> bool:
    try:
        socket.create_connection((endpoint.provider, port), endpoint.connect_timeout).close()
    except (OSError, UnicodeError):
        return False
    return True


def _with_method(endpoint: Endpoint, find_address: Callable[[Endpoint], str]) -> Endpoint:
    """Kerberos if it can be, else NTLM. Never a method that hands the password to the host."""
    if endpoint.proxy:
        raise BadValue(
            "With a proxy, auth has to be chosen",
            where=endpoint.provider,
            hint="Set auth to the method that the host offers, such as ntlm.",
        )
    offered = greeting.offers(endpoint, find_address(endpoint))
    if _names(offered, "kerberos"):
        by_kerberos = _by_kerberos(endpoint)
        if by_kerberos is not None:
            return by_kerberos
    if _names(offered, "ntlm"):
        return _by_ntlm(endpoint)
    raise NotAuthenticated(
        f"The host offers neither Kerberos nor NTLM, but {', '.join(offered) or 'nothing'}",
        where=endpoint.where,
        hint="auth auto takes no other, since they hand the password to the host. Set auth to "
        + (" or ".join(_others(offered)) or "certificate")
        + ", or have Kerberos enabled there (winrm get winrm/config/service/auth).",
    )


def _names(offered: tuple[str, ...], auth: str) -> bool:
    return bool({each.lower() for each in offered} & {each.lower() for each in METHODS[auth].offered_as})


def _others(offered: tuple[str, ...]) -> list[str]:
    return [name for name, method in METHODS.items() if method.gives_away and _names(offered, name)]


def _by_kerberos(endpoint: Endpoint) -> Endpoint | None:
    """The endpoint with Kerberos, None if it cannot be used here and no credential has been sent."""
    if endpoint.is_address or not status("kerberos").complete:
        return None
    chosen = replace(endpoint, auth="kerberos")
    if not endpoint.password or endpoint.kerberos_ccache:
        return chosen
    if "@" not in endpoint.username or program(KINIT.name) is None:
        return None
    try:
        chosen = _with_ticket(chosen)
        return chosen if kerberos.knows_service(chosen) else None
    except kerberos.KdcUnreachable:
        return None


def _by_ntlm(endpoint: Endpoint) -> Endpoint:
    if endpoint.username and endpoint.password:
        require("ntlm")
        return replace(endpoint, auth="ntlm")
    if endpoint.is_address:
        hint = (
            "Name the provider by its name for Kerberos, since a ticket is for a name; or give username and password."
        )
    else:
        hint = "Give username and password; or for a Kerberos ticket: " + ", ".join(
            each for each in (*status("kerberos").remedies.values(), "kinit")
        )
    raise NotAuthenticated("There is neither a password nor a way to use a ticket", where=endpoint.where, hint=hint)


def _with_ticket(endpoint: Endpoint) -> Endpoint:
    """With a ticket for the password; a cache that is named is used as it is."""
    if endpoint.ticket is not None or endpoint.kerberos_ccache or not endpoint.password:
        kerberos.principal(endpoint.username)
        return endpoint
    require("kerberos", with_password=True)
    if not endpoint.username:
        raise BadValue(
            "A password of Kerberos needs the user name", where=endpoint.provider, hint="Set username, as user@REALM."
        )
    with endpoint.gate.passage():
        return replace(endpoint, ticket=kerberos.obtain(endpoint))
