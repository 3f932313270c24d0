# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps of the connection check before any credential leaves: name, port, TLS, service, clock."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from dataclasses import replace

from .._wsman import certificates, choice, diagnosis, greeting
from .._wsman.certificates import Certificate
from .._wsman.endpoint import Endpoint
from .check import Finding, Visit, failed, good, skipped, warned

STANDARD_PORTS = {5986: "https", 5985: "http"}
LOOK_AROUND = 5.0  # seconds for a port that was not asked for
KERBEROS_TOLERANCE = 300.0  # seconds
EXPIRES_SOON = 14.0  # days
_BEHIND_PROXY = "the proxy connects to the host, so this cannot be seen from here"


def name(visit: Visit) -> Finding:
    """Which addresses the name stands for."""
    endpoint = visit.endpoint
    if endpoint.proxy:
        visit.address = endpoint.provider
        return skipped(_BEHIND_PROXY)
    try:
        found = socket.getaddrinfo(endpoint.provider, None, type=socket.SOCK_STREAM)
    except UnicodeError:
        return failed(f"{endpoint.provider!r} is not a host name", "Check the option provider")
    except OSError as problem:
        raise diagnosis.name_unknown(endpoint.provider, problem) from problem
    visit.addresses = tuple(dict.fromkeys(str(entry[4][0]) for entry in found))
    if is_address(endpoint.provider):
        return good(f"{endpoint.provider} is an address; Kerberos needs a name")
    return good(f"{endpoint.provider} is {', '.join(visit.addresses)}")


def is_address(provider: str) -> bool:
    """Whether a host is named by its IP address."""
    try:
        ipaddress.ip_address(provider.partition("%")[0])
    except ValueError:
        return False
    return True


def port(visit: Visit) -> Finding:
    """Whether something accepts connections there, and at the ports that WinRM usually has.

    What is not given is settled as every module settles it; with `auth: auto`, HTTPS comes before HTTP.
    """
    endpoint = visit.endpoint
    if endpoint.proxy:
        return skipped(_BEHIND_PROXY)
    wanted = tuple(STANDARD_PORTS) if _is_open(endpoint) else (choice.with_scheme(endpoint).port,)
    last = _connect(visit, wanted)
    chosen = visit.endpoint.port
    visit.open_ports = tuple(each for each in STANDARD_PORTS if each not in (chosen, *wanted) and _accepts(visit, each))
    others = ", ".join(f"{each} ({STANDARD_PORTS[each]})" for each in visit.open_ports)
    if last is None:
        return good(f"{visit.address} accepts connections at {chosen}" + (f", and at {others}" if others else ""))
    told = diagnosis.connection_refused(last, endpoint.provider, wanted[0], secured=False, connected=False, proxy=None)
    if visit.open_ports:
        other = visit.open_ports[0]
        return failed(
            f"nothing accepts a connection at port {wanted[0]} of {endpoint.provider}, but WinRM's other port is open",
            f"Set scheme to {STANDARD_PORTS[other]} and port to {other}",
            seen=f"open: {others}",
        )
    raise told from last


def _is_open(endpoint: Endpoint) -> bool:
    """Whether the ports themselves are to decide between HTTPS and HTTP."""
    return not endpoint.scheme and not endpoint.port and endpoint.auth == "auto"


def _connect(visit: Visit, ports: tuple[int, ...]) -> OSError | None:
    """Settle address, port and scheme by the first that accepts a connection; why none did."""
    endpoint = visit.endpoint
    last: OSError | None = None
    for number in ports:
        for address in visit.addresses:
            try:
                socket.create_connection((address, number), endpoint.connect_timeout).close()
            except OSError as problem:
                last = last or problem
                continue
            visit.address = address
            scheme = STANDARD_PORTS[number] if _is_open(endpoint) else choice.with_scheme(endpoint).scheme
            # Every session from here on goes where this one came through.
            visit.means = replace(
                visit.means,
                endpoint=replace(endpoint, port=number, scheme=scheme),
                find_address=lambda _endpoint: visit.address,
            )
            return None
    return last or OSError()


def _accepts(visit: Visit, number: int) -> bool:
    limit = min(visit.endpoint.connect_timeout, LOOK_AROUND)
    for address in (visit.address,) if visit.address else visit.addresses:
        with contextlib.suppress(OSError):
            socket.create_connection((address, number), limit).close()
            return True
    return False


def tls(visit: Visit) -> Finding:
    """Whether the certificate is trusted here, and what it says."""
    endpoint = visit.endpoint
    if endpoint.scheme != "https":
        return skipped(
            "over http the login encrypts every message by itself, and no certificate proves who the host is"
        )
    if endpoint.proxy:
        return skipped(_BEHIND_PROXY)
    visit.shown = certificates.look(endpoint, visit.address)
    problem, certificate = visit.shown.problem, visit.shown.certificate
    seen = describe(certificate) if certificate else "the certificate could not be read here"
    if problem is not None:
        return failed(problem.what, problem.hint, seen=seen)
    seen = f"{visit.shown.version}, {seen}"
    if endpoint.skip_certificate_check:
        return warned(
            "the certificate is not checked, so anybody on the way can pose as the host and take the password",
            "Give the authority's certificate in ca_cert, and take skip_certificate_check away",
            seen=seen,
        )
    left = certificate.days_left(visit.means.clock.utc()) if certificate else EXPIRES_SOON
    if left < EXPIRES_SOON:
        return warned(
            f"the certificate of the host expires in {max(left, 0.0):.0f} days",
            "Have the certificate of the WinRM listener renewed",
            seen=seen,
        )
    return good(seen)


def describe(certificate: Certificate) -> str:
    """A certificate in one line."""
    by = "by itself" if certificate.self_signed else f"by {certificate.issuer}"
    names = f" for {', '.join(certificate.names)}" if certificate.names else ""
    until = f"{certificate.not_before:%Y-%m-%d} to {certificate.not_after:%Y-%m-%d %H:%M} UTC"
    return f"{certificate.subject}{names}, signed {by}, valid {until}"


def service(visit: Visit) -> Finding:
    """Whether it is WinRM that answers there, asked without a login (wire A-01)."""
    endpoint = visit.endpoint
    if endpoint.proxy:
        return skipped(_BEHIND_PROXY)
    found = visit.greeting = greeting.greet(endpoint, visit.address)
    if found.identified:
        return good(f"{found.vendor or 'a WS-Management service'}, {found.version or 'no version told'}")
    if found.status == 401:
        return good("it asks for a login before it says what it is")
    if found.status == 404:
        return failed(
            f"there is no WS-Management service at /wsman of port {endpoint.port}",
            "Check scheme and port, and the WinRM listener on the host (winrm enumerate winrm/config/listener)",
        )
    return failed(
        f"what answers at port {endpoint.port} is no WinRM service (HTTP status {found.status})",
        "Name the provider host itself, and the port of its WinRM listener (5986 or 5985)",
    )


def clock(visit: Visit) -> Finding:
    """How far the clocks are apart, by the Date header of the host's answer."""
    date = visit.greeting.date if visit.greeting else None
    if date is None:
        return skipped("the host's answer has no date")
    apart = (date - visit.means.clock.utc()).total_seconds()
    seen = f"the host's clock is {abs(apart):.0f} seconds {'ahead of' if apart > 0 else 'behind'} this machine's"
    if abs(apart) < KERBEROS_TOLERANCE:
        return good(seen)
    detail = "the clocks of the host and of this machine are more than five minutes apart, which Kerberos refuses"
    next_step = "Synchronise them: timedatectl on the machine this runs on, w32tm /resync on the host"
    if visit.endpoint.auth == "kerberos":
        return failed(detail, next_step, seen=seen)
    return warned(detail, next_step, seen=seen)
