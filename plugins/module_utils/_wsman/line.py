# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection below a login: pinned to one address, and telling what it did. Imports requests and urllib3 when it is made."""

from __future__ import annotations

import contextlib
import http.client
import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from .endpoint import Endpoint, tls_context


class ConnectionGone(Exception):
    """The connection that was logged in is gone, and a new one must not be opened in its place."""


class Line:
    """What the connection did so far, as the connection itself tells it."""

    def __init__(self) -> None:
        self.connecting = False
        self.connected = False
        self.secured = False
        # Set once the login belongs to the one connection there is: no other may be opened in silence (wire W-05, W-12).
        self.sealed = False
        # Whether any byte of the message in hand was given to the network.
        self.message_left = False
        self.offered: tuple[str, ...] = ()
        self.certificate: bytes | None = None  # the host's, in DER form
        self.connections: list[Any] = []
        self.current: Any = None  # the one that was connected last

    def close(self) -> None:
        """Close every connection that was made, also one on whose answer another thread still waits: that thread wakes."""
        for connection in self.connections:
            with contextlib.suppress(OSError, AttributeError):  # not connected, or gone already
                connection.sock.shutdown(socket.SHUT_RDWR)
            connection.close()
        self.connections = []


def adapter(endpoint: Endpoint, address: str, line: Line) -> Any:
    """A requests adapter with a pool of one, whose connections go to `address`, while Host, SNI and certificate keep the name."""
    import requests.adapters
    import urllib3.connection
    import urllib3.connectionpool
    import urllib3.util.connection

    class Told:
        """Tells the line what the connection does."""

        def _new_conn(self: Any) -> socket.socket:
            if line.sealed:
                raise ConnectionGone
            line.connected = line.secured = False
            if endpoint.proxy:
                made: socket.socket = super()._new_conn()  # type: ignore[misc]
            else:
                made = urllib3.util.connection.create_connection(
                    (address, endpoint.port),
                    self.timeout,
                    source_address=self.source_address,
                    socket_options=self.socket_options,
                )
            line.connected = True
            return made

        def connect(self: Any) -> None:
            line.connecting = True
            line.current = self
            if self not in line.connections:
                line.connections.append(self)
            try:
                super().connect()  # type: ignore[misc]
            finally:
                line.connecting = False
            line.secured = True
            shown = getattr(self.sock, "getpeercert", None)
            line.certificate = shown(True) if shown is not None else None

        def send(self: Any, data: Any) -> None:
            if self.sock is None:
                self.connect()
            if not line.connecting:  # the CONNECT of a proxy is no message
                line.message_left = True
            super().send(data)  # type: ignore[misc]

    class PlainConnection(Told, urllib3.connection.HTTPConnection):
        pass

    class TLSConnection(Told, urllib3.connection.HTTPSConnection):
        pass

    class PlainPool(urllib3.connectionpool.HTTPConnectionPool):
        ConnectionCls = PlainConnection

    class TLSPool(urllib3.connectionpool.HTTPSConnectionPool):
        ConnectionCls = TLSConnection

    pools = {"http": PlainPool, "https": TLSPool}
    tls = {"ssl_context": tls_context(endpoint)} if endpoint.scheme == "https" else {}

    class Adapter(requests.adapters.HTTPAdapter):
        def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **kwargs: Any) -> None:
            super().init_poolmanager(1, 1, block, **kwargs, **tls)
            self.poolmanager.pool_classes_by_scheme = pools

        def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
            manager = super().proxy_manager_for(proxy, **kwargs, **tls)
            manager.pool_classes_by_scheme = pools
            return manager

        def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
            """Nothing to do: the TLS context has it all, and certifi's own list is not wanted."""

        def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
            response = super().send(request, *args, **kwargs)
            if response.status_code == 401 and not line.offered:
                line.offered = tuple(dict.fromkeys(each.split(None, 1)[0] for each in challenges(response)))
            return response

    return Adapter()


@dataclass
class Post:
    """A message that is ready to go, as pywinrm wants to see one."""

    url: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """An answer that was read to its end, as pywinrm wants to see one."""

    status_code: int
    headers: Any  # a mapping that does not look at case
    content: bytes
    request: Post


class LoggedIn:
    """Stands for a session of requests once the login belongs to one connection: it knows no other, and makes none.

    What requests and urllib3 do anew for each message (find the address, the pool, the headers, the cookies) was done once, for
    the login. That took longer than all the rest of sending a message.
    """

    def __init__(self, session: Any, url: str, line: Line) -> None:
        import requests
        import urllib3.util.wait

        like = session.prepare_request(requests.Request("POST", url))
        place = urlsplit(like.url)
        usual_port = {"http": ":80", "https": ":443"}[place.scheme]
        host = place.netloc[: -len(usual_port)] if place.netloc.endswith(usual_port) else place.netloc
        self._url: str = like.url
        self._headers = {"Host": host, **like.headers}
        self._first = f"POST {place.path} HTTP/1.1\r\n"
        self._line = line
        self._readable = urllib3.util.wait.wait_for_read

    def prepare_request(self, request: Any) -> Post:
        """A message with the headers that all have."""
        body: bytes = request.data
        return Post(self._url, {**self._headers, "Content-Length": str(len(body))}, body)

    def send(self, post: Post, timeout: tuple[float, float], allow_redirects: bool = False) -> Answer:
        """Send it and read the answer. Raises ConnectionGone if the connection is, and whatever the socket raises."""
        connection = self._line.current
        sock = connection.sock
        if sock is None:
            raise ConnectionGone
        if self._readable(sock, timeout=0.0):  # nothing was asked: the host has closed it
            connection.close()
            raise ConnectionGone
        sock.settimeout(timeout[1])
        head = self._first + "".join([f"{name}: {value}\r\n" for name, value in post.headers.items()]) + "\r\n"
        connection.send(head.encode("latin-1") + post.body)  # in one piece: two would wake the host twice
        response = http.client.HTTPResponse(sock, method="POST")
        try:
            response.begin()
            content = response.read()
        finally:
            response.close()
        if response.will_close:
            connection.close()
        return Answer(response.status, response.headers, content, post)


def challenges(response: Any) -> list[str]:
    """The WWW-Authenticate headers of an answer, each on its own."""
    named = response.raw.headers.getlist("WWW-Authenticate") if hasattr(response.raw.headers, "getlist") else []
    return [each.strip() for each in named if each.strip()]
