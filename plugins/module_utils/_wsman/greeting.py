# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking a host what it is, without a credential: Identify, unauthenticated (wire A-01). Standard library only."""

from __future__ import annotations

import http.client
import socket
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

from . import diagnosis, envelope, markup
from .endpoint import Endpoint, tls_context
from .errors import ConfigMgrError

LONGEST_ANSWER = 65536


@dataclass(frozen=True)
class Greeting:
    """What a host says to somebody it does not know. `date`: its clock, in UTC, as the Date header tells."""

    status: int
    date: datetime | None = None
    identified: bool = False
    vendor: str = ""
    version: str = ""


def greet(endpoint: Endpoint, address: str) -> Greeting:
    """Send Identify without a login, once. Raises CannotConnect."""
    answer, content = _post(endpoint, address, envelope.identify(), {"WSMANIDENTIFY": "unauthenticated"})
    told = _identity(content) if answer.status == 200 else None
    return Greeting(
        status=answer.status,
        date=_moment(answer.getheader("Date", "")),
        identified=told is not None,
        vendor=(told or {}).get("ProductVendor", ""),
        version=(told or {}).get("ProductVersion", ""),
    )


def offers(endpoint: Endpoint, address: str) -> tuple[str, ...]:
    """The methods that a host names to a stranger's empty POST, in its order (wire A-02, F-20). Raises CannotConnect."""
    answer, _content = _post(endpoint, address, b"", {})
    named = [value for name, value in answer.getheaders() if name.lower() == "www-authenticate"]
    return tuple(dict.fromkeys(each.split(None, 1)[0] for each in named if each.strip()))


def _post(
    endpoint: Endpoint, address: str, body: bytes, headers: dict[str, str]
) -> tuple[http.client.HTTPResponse, bytes]:
    """One POST without a login, on a connection of its own. Raises CannotConnect."""
    sent = {
        "Host": f"[{endpoint.provider}]" if ":" in endpoint.provider else endpoint.provider,
        "Content-Type": "application/soap+xml;charset=UTF-8",
        "Connection": "close",
        **headers,
    }
    try:
        connection = _connection(endpoint, address)
        try:
            connection.request("POST", "/wsman", body=body, headers=sent)
            answer = connection.getresponse()
            return answer, answer.read(LONGEST_ANSWER)
        finally:
            connection.close()
    except (OSError, http.client.HTTPException) as problem:
        raise diagnosis.connection_refused(
            problem, endpoint.provider, endpoint.port, secured=False, connected=True, proxy=None
        ) from problem


def _connection(endpoint: Endpoint, address: str) -> http.client.HTTPConnection:
    """A connection to our address; name and certificate stay those of the host. Raises CannotConnect, OSError."""
    connection = http.client.HTTPConnection(endpoint.provider, endpoint.port)
    plain = socket.create_connection((address, endpoint.port), endpoint.connect_timeout)
    connection.sock = plain
    if endpoint.scheme == "https":
        try:
            connection.sock = tls_context(endpoint, identify=False).wrap_socket(
                plain, server_hostname=endpoint.provider
            )
        except BaseException:
            plain.close()
            raise
    return connection


def _identity(content: bytes) -> dict[str, str] | None:
    """The parts of an IdentifyResponse; None for any other answer."""
    try:
        answer = envelope.open_answer(content, None)
    except ConfigMgrError:
        return None
    if answer is None or markup.local(answer.tag) != "IdentifyResponse":
        return None
    return {markup.local(each.tag): (each.text or "").strip() for each in answer if not len(each)}


def _moment(text: str) -> datetime | None:
    """The Date header; None if it is missing or no date."""
    try:
        found = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError):
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=timezone.utc)
