# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated SMS Provider of a measurement, in a process of its own, and the clients that are held against ours."""

from __future__ import annotations

import base64
import http.client
import json
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from steps import Failed, environment_of, stop, tail_of

READY_LIMIT = 120.0  # seconds
SITE_CODE = "PS1"
_CONTEXT = re.compile(rb"EnumerationContext[^>]*>([^<]+)<")


@dataclass(frozen=True)
class Bench:
    """How much is measured, and where it may write."""

    folder: Path
    repeats: int = 5
    tasks: int = 20
    refreshes: int = 1000
    packages: int = 10000

    def scenario(self, name: str, packages: int) -> str:
        """A scenario with so many packages, otherwise like `large`; the path of its file."""
        import yaml

        import smsprovsim

        large = Path(smsprovsim.__file__).parent / "scenarios" / "large.yml"
        content = yaml.safe_load(large.read_text(encoding="utf-8"))
        content["generate"]["packages"] = packages
        path = self.folder / f"{name}.yml"
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
        return str(path)


@dataclass(frozen=True)
class Provider:
    """A running simulator: the variables that lead a client to it, and its control address."""

    variables: Mapping[str, str]
    user: str
    password: str

    @property
    def address(self) -> str:
        """Host and port."""
        return f"{self.variables['CONFIGMGR_PROVIDER']}:{self.variables['CONFIGMGR_PORT']}"

    def control(self, path: str, order: Any = None) -> Any:
        """Ask the control address; with an order, POST it."""
        body = None if order is None else json.dumps(order).encode()
        request = urllib.request.Request(f"{self.variables['SMSPROVSIM_CONTROL']}/{path}", body)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=READY_LIMIT) as answer:
            return json.load(answer)

    def means(self, **changes: Any) -> Any:
        """How our client reaches it."""
        from ansible_collections.configmgr.content.plugins.module_utils._provider.site import Means
        from ansible_collections.configmgr.content.plugins.module_utils._wsman.transport import Endpoint

        connect = changes.pop("connect", None)
        found = self.variables
        options = {
            "provider": found["CONFIGMGR_PROVIDER"],
            "port": int(found["CONFIGMGR_PORT"]),
            "scheme": found["CONFIGMGR_SCHEME"],
            "auth": found["CONFIGMGR_AUTH"],
            "username": self.user,
            "password": self.password,
            "ca_cert": found.get("CONFIGMGR_CA_CERT") or None,
        }
        endpoint = Endpoint(**{**options, **changes})
        return Means(endpoint, connect=connect) if connect else Means(endpoint)


@contextmanager
def provider(
    bench: Bench, scenario: str, *arguments: str, variables: Mapping[str, str] | None = None
) -> Iterator[Provider]:
    """A simulator that lives as long as the block, over HTTP with NTLM unless `arguments` say otherwise. Its clock stands."""
    folder = Path(tempfile.mkdtemp(dir=bench.folder))
    env_file, log = folder / "site.env", folder / "site.log"
    options = arguments or ("--no-tls", "--auth", "ntlm")
    command = [sys.executable, "-m", "smsprovsim", "serve", "--scenario", scenario, "--speed", "0"]
    with log.open("wb") as sink:
        child = subprocess.Popen(
            [*command, "--env-file", str(env_file), *options],
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(variables or {})},
            start_new_session=True,
        )
    try:
        found = _ready(child, env_file, log)
        yield Provider(found, found["CONFIGMGR_USERNAME"], found["CONFIGMGR_PASSWORD"])
    finally:
        stop(child)


def _ready(child: subprocess.Popen[bytes], env_file: Path, log: Path) -> dict[str, str]:
    """Wait for the file that the simulator writes once it listens."""
    until = time.monotonic() + READY_LIMIT
    while child.poll() is None and time.monotonic() < until:
        if env_file.exists():
            return environment_of(env_file)
        time.sleep(0.05)
    raise Failed(f"The simulated SMS Provider did not start\n{tail_of(log)}")


class Recording:
    """Connections of our client that keep what was sent, for others to send again."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self.answers: list[bytes] = []

    def connect(self, endpoint: Any, address: str) -> Any:
        """In place of the client's own way to connect."""
        from ansible_collections.configmgr.content.plugins.module_utils._wsman.transport import WinRMTransport

        messages, answers = self.messages, self.answers

        class Kept(WinRMTransport):  # type: ignore[misc]
            def send(self, envelope: bytes, timeout: float | None = None) -> bytes:
                messages.append(envelope)
                answers.append(super().send(envelope, timeout))
                return answers[-1]

        return Kept(endpoint, address)


class Floor:
    """Sends messages that are there already, over one login, and parses nothing."""

    def __init__(self, carry: Callable[[bytes], bytes], close: Callable[[], Any]) -> None:
        self._carry = carry
        self.close = close

    def replay(self, messages: Sequence[bytes]) -> None:
        """Send them in turn. A Pull gets the context of the answer before it, found without an XML parser."""
        context = b""
        for message in messages:
            recorded = _CONTEXT.search(message)
            if recorded and context:
                message = message[: recorded.start(1)] + context + message[recorded.end(1) :]
            answer = self._carry(message)
            given = _CONTEXT.search(answer, 0, 4096)
            context = given.group(1) if given else b""


def pywinrm_floor(site: Provider) -> Floor:
    """The library that our client uses, used directly."""
    from winrm.transport import Transport

    far = Transport(
        endpoint=f"http://{site.address}/wsman",
        username=site.user,
        password=site.password,
        auth_method="ntlm",
        message_encryption="always",
    )
    return Floor(far.send_message, far.close_session)


def bare_floor(site: Provider) -> Floor:
    """Nothing but the standard library's HTTP and the encryption of pyspnego (wire A-03, K-01)."""
    import spnego

    host, port = site.address.split(":")
    line = http.client.HTTPConnection(host, int(port), timeout=60)
    line.connect()
    line.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    context = spnego.client(
        site.user, site.password, host, service="HTTP", protocol="ntlm", options=spnego.NegotiateOptions.wrapping_winrm
    )
    token = context.step()
    while token:
        line.request("POST", "/wsman", b"", {"Authorization": "Negotiate " + base64.b64encode(token).decode()})
        answer = line.getresponse()
        answer.read()
        if answer.status == 200:
            break
        token = context.step(base64.b64decode(answer.headers["WWW-Authenticate"].split()[1]))
    kind = b"application/HTTP-SPNEGO-session-encrypted"
    head = (
        f"POST /wsman HTTP/1.1\r\nHost: {site.address}\r\nContent-Type: multipart/encrypted;"
        f'protocol="{kind.decode()}";boundary="Encrypted Boundary"\r\nContent-Length: '
    ).encode()

    def carry(message: bytes) -> bytes:
        sealed = context.wrap_winrm(message)
        length = b"%d" % (len(message) + sealed.padding_length)
        body = b"".join(
            (
                b"--Encrypted Boundary\r\n\tContent-Type: ", kind,
                b"\r\n\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=", length,
                b"\r\n--Encrypted Boundary\r\n\tContent-Type: application/octet-stream\r\n",
                struct.pack("<I", len(sealed.header)), sealed.header, sealed.data, b"--Encrypted Boundary--\r\n",
            )
        )  # fmt: skip
        line.sock.sendall(head + b"%d\r\n\r\n" % len(body) + body)
        answer = http.client.HTTPResponse(line.sock, method="POST")
        answer.begin()
        content = answer.read()
        if answer.status != 200:
            raise Failed(f"The floor client got HTTP status {answer.status}")
        answer.close()
        mark = b"application/octet-stream\r\n"
        start = content.index(mark) + len(mark)
        data = content[start : content.rindex(b"--Encrypted Boundary--")]
        (size,) = struct.unpack_from("<I", data)
        opened: bytes = context.unwrap_winrm(data[4 : 4 + size], data[4 + size :])
        return opened

    return Floor(carry, line.close)
