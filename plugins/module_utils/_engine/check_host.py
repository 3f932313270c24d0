# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps of the connection check about WinRM's limits: how large, how long, how many. Read from winrm/config, or inferred."""

from __future__ import annotations

from dataclasses import dataclass

from .._wsman import settings
from .check import Finding, Visit, good, skipped, warned

LEAST_ENVELOPE_KB = 500  # wire L-01, the default of Windows Server 2012 and later
LEAST_TIMEOUT_MS = 60_000  # wire L-02


@dataclass(frozen=True)
class Limit:
    """A setting of the service, and the least that the modules do well with."""

    name: str
    least: int
    default: int


# wire L-04, L-06, L-07: below these, a second session or a slow list runs into a quota.
LIMITS = (
    Limit("MaxConcurrentOperationsPerUser", 15, 1500),
    Limit("EnumerationTimeoutms", 60_000, 240_000),
    Limit("MaxConnections", 25, 300),
)


def envelope(visit: Visit) -> Finding:
    """How large an answer may be: MaxEnvelopeSizekb (wire L-01)."""
    visit.settings = settings.read(visit.open_link)
    size = _number(visit, "MaxEnvelopeSizekb")
    next_step = f"On the host, as an administrator: {winrm_set('', 'MaxEnvelopeSizekb', LEAST_ENVELOPE_KB)}"
    if size is not None:
        if size < LEAST_ENVELOPE_KB:
            return warned(
                f"MaxEnvelopeSizekb of the host is {size}, less than {LEAST_ENVELOPE_KB}: large objects cannot be read",
                next_step,
                seen=f"MaxEnvelopeSizekb {size}",
            )
        return good(f"MaxEnvelopeSizekb {size}; this side asks for {visit.endpoint.max_envelope_size // 1024}")
    if settings.takes_large_requests(visit.open_link):
        return good(f"a message of {settings.PROBE_BYTES // 1000} KB is taken")
    return warned(
        f"the host does not take a message of {settings.PROBE_BYTES // 1000} KB, so its MaxEnvelopeSizekb is small",
        next_step,
    )


def longest_call(visit: Visit) -> Finding:
    """How long a call may take: MaxTimeoutms, which caps operation_timeout (wire H-07, L-02)."""
    allowed = _number(visit, "MaxTimeoutms")
    command = winrm_set("", "MaxTimeoutms", LEAST_TIMEOUT_MS)
    if allowed is None:
        return skipped(
            "MaxTimeoutms could not be told: only administrators of the host may read its WinRM settings",
            f"If long calls are cut off, an administrator of the host looks with winrm get winrm/config, and sets: {command}",
        )
    if allowed < LEAST_TIMEOUT_MS:
        return warned(
            f"MaxTimeoutms of the host is {allowed}: calls of more than {allowed / 1000:g} seconds are cut off",
            f"On the host, as an administrator: {command}",
            seen=f"MaxTimeoutms {allowed}",
        )
    return good(f"MaxTimeoutms {allowed}; operation_timeout is {visit.endpoint.operation_timeout:g} seconds")


def limits(visit: Visit) -> Finding:
    """How much at a time: the service's quotas (wire L-04 to L-07)."""
    if visit.settings is None:
        commands = "; ".join(winrm_set("/Service", each.name, each.default) for each in LIMITS)
        return skipped(
            "the quotas of WinRM could not be told: only administrators of the host may read them",
            f"If requests are refused as too many, an administrator of the host sets: {commands}",
        )
    known = {each: _number(visit, f"Service/{each.name}") for each in LIMITS}
    seen = ", ".join(f"{each.name} {number}" for each, number in known.items() if number is not None)
    small = [each for each, number in known.items() if number is not None and number < each.least]
    if small:
        first = small[0]
        return warned(
            f"{first.name} of the host is {known[first]}, less than {first.least}: long lists or several sessions may be refused",
            f"On the host, as an administrator: {winrm_set('/Service', first.name, first.default)}",
            seen=seen,
        )
    return good(seen or "no quota is told")


def winrm_set(path: str, name: str, value: int) -> str:
    """The exact command that changes a setting."""
    return f'winrm set winrm/config{path} @{{{name}="{value}"}}'


def _number(visit: Visit, path: str) -> int | None:
    """A setting, by its path and in any case; None if it was not told."""
    for known, text in (visit.settings or {}).items():
        if known.lower() == path.lower() and text.isdigit():
            return int(text)
    return None
