# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes there and back: the only file that knows pywinrm, requests and urllib3, and imports them when it connects.

Every trap of pywinrm that the wire page lists (W-01 to W-13) and peers V-13 to V-15 is met here. What failed is judged by
what our own connection did, never by the text of an exception.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import socket
import ssl
import sys
import threading
from dataclasses import dataclass, field
from typing import Any, Protocol

from . import diagnosis
from .errors import (
    BadValue,
    CannotConnect,
    ConfigMgrError,
    LibraryMissing,
    NotAuthenticated,
    NotExecuted,
    OutcomeUnknown,
)

# The service answers within OperationTimeout; the line gets this many seconds more (wire W-10: at least 5).
READ_MARGIN = 15.0
DEFAULT_PORTS = {"https": 5986, "http": 5985}


@dataclass(frozen=True)
class _Method:
    """An authentication method: the libraries it needs, what WWW-Authenticate calls it, and what it brings."""

    modules: tuple[str, ...]
    offered_as: tuple[str, ...]
    encrypts: bool
    login_per_connection: bool


# Kerberos and certificates take their place here.
METHODS = {
    "credssp": _Method(("winrm", "requests_credssp"), ("CredSSP",), encrypts=True, login_per_connection=True),
    "ntlm": _Method(("winrm", "requests_ntlm"), ("Negotiate", "NTLM"), encrypts=True, login_per_connection=True),
    "basic": _Method(("winrm",), ("Basic",), encrypts=False, login_per_connection=False),
}
# What pip calls each module, and the lowest version that will do (requirements.txt). requests_ntlm comes with pywinrm.
_LIBRARIES = {
    "winrm": ("pywinrm", (0, 5)),
    "requests_credssp": ("requests-credssp", (2, 0)),
    "requests_ntlm": ("requests_ntlm", (1, 1)),
}


class Transport(Protocol):
    """Carries one envelope there and its answer back, and never repeats it. `timeout`: seconds for this operation alone."""

    def send(self, envelope: bytes, timeout: float | None = None) -> bytes:
        """The answer to one envelope."""

    def close(self) -> None:
        """Let go of the connection."""


@dataclass(frozen=True)
class Endpoint:
    """Where WinRM listens and who asks. Times in seconds; port 0 stands for the one of the scheme."""

    provider: str
    port: int = 0
    scheme: str = "https"
    auth: str = "credssp"
    username: str = ""
    password: str = field(default="", repr=False)
    ca_cert: str | None = None
    skip_certificate_check: bool = False
    operation_timeout: float = 60.0
    connect_timeout: float = 30.0
    max_envelope_size: int = 512000
    proxy: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.scheme not in DEFAULT_PORTS:
            raise BadValue(f"scheme is https or http, not {self.scheme!r}")
        if not self.port:
            object.__setattr__(self, "port", DEFAULT_PORTS[self.scheme])

    @property
    def url(self) -> str:
        """The address of the service, which is also the To header."""
        host = f"[{self.provider}]" if ":" in self.provider else self.provider
        return f"{self.scheme}://{host}:{self.port}/wsman"


def resolve(endpoint: Endpoint) -> str:
    """One IP address of the provider host, so that all sessions of a task reach the same one. Raises CannotConnect.

    Of several, the first that accepts a connection. Behind a proxy the name stays as it is: the proxy looks it up.
    """
    if endpoint.proxy:
        return endpoint.provider
    try:
        found = socket.getaddrinfo(endpoint.provider, endpoint.port, type=socket.SOCK_STREAM)
    except UnicodeError:
        raise CannotConnect(
            f"{endpoint.provider!r} is not a host name", hint="Check the option provider.", transient=False
        ) from None
    except OSError as problem:
        raise diagnosis.name_unknown(endpoint.provider, problem) from problem
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if len(addresses) == 1:
        return addresses[0]
    last: OSError | None = None
    for address in addresses:
        try:
            socket.create_connection((address, endpoint.port), endpoint.connect_timeout).close()
            return address
        except OSError as problem:
            last = problem
    raise diagnosis.connection_refused(
        last or OSError(), endpoint.provider, endpoint.port, secured=False, connected=False, proxy=None
    ) from last


class _ConnectionGone(Exception):
    """The connection that was logged in is gone, and a new one must not be opened in its place."""


class _Line:
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
        self.connections: list[Any] = []

    def close(self) -> None:
        """Close every connection that was made, also one on whose answer another thread still waits: that thread wakes."""
        for connection in self.connections:
            with contextlib.suppress(OSError, AttributeError):  # not connected, or gone already
                connection.sock.shutdown(socket.SHUT_RDWR)
            connection.close()
        self.connections = []


class WinRMTransport:
    """One login on one connection to WinRM, at the given address. For the thread that first uses it (wire W-11).

    Any failure ends the login; the next `send` makes a new one. `requests` counts the SOAP messages that were sent.
    """

    def __init__(self, endpoint: Endpoint, address: str | None = None) -> None:
        method = METHODS.get(endpoint.auth)
        if method is None:
            raise BadValue(f"auth is {', '.join(METHODS)}, not {endpoint.auth!r}")
        if endpoint.scheme == "http" and not method.encrypts:
            raise BadValue(
                f"{endpoint.auth} over http would send the password and all messages in plain text",
                where=endpoint.provider,
                hint="Set scheme to https, or auth to credssp or ntlm. Nothing was sent.",
            )
        if not endpoint.username:
            raise BadValue(
                "No user name was given", where=endpoint.provider, hint="Set username, or CONFIGMGR_USERNAME."
            )
        self.endpoint = endpoint
        self.address = address
        self.requests = 0
        self._method = method
        self._line = _Line()
        self._far: Any = None
        self._session: Any = None
        self._thread: int | None = None

    def __repr__(self) -> str:
        return f"WinRMTransport({self.endpoint.url}, {self.endpoint.auth})"

    def send(self, envelope: bytes, timeout: float | None = None) -> bytes:
        """Send it once. Raises CannotConnect, NotAuthenticated, NotExecuted (has not acted) or OutcomeUnknown (may have acted)."""
        if self._thread is None:
            self._thread = threading.get_ident()
        elif self._thread != threading.get_ident():
            raise RuntimeError("a WinRMTransport belongs to the thread that first used it (wire W-11)")
        try:
            if self._session is None:
                self._log_in()
            return self._exchange(envelope, (timeout or self.endpoint.operation_timeout) + READ_MARGIN)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the login. What was negotiated for it is forgotten with it (wire W-07)."""
        far, self._session, self._far = self._far, None, None
        line, self._line = self._line, _Line()
        self._thread = None
        if far is not None:
            far.close_session()
        line.close()

    def _where(self) -> str:
        return f"{self.endpoint.provider}:{self.endpoint.port}"

    def _log_in(self) -> None:
        """Connect and log in with an empty POST, before any message exists that could leak or be refused (wire A-02, W-05)."""
        _load(self._method, self.endpoint.auth)
        if self.address is None:
            self.address = resolve(self.endpoint)
        self._line = _Line()
        try:
            self._far = _pywinrm(self.endpoint, self._prepare)
            session = self._far.build_session()
            if self._far.encryption is None:
                self._prepare(session)
        except ConfigMgrError:
            raise
        except Exception as problem:
            raise self._login_problem(problem) from problem
        self._session = session

    def _prepare(self, session: Any) -> None:
        """Bind the session to our address and certificates, and log in."""
        endpoint = self.endpoint
        session.trust_env = False  # neither proxies, nor CA bundles, nor .netrc of the environment (wire W-13)
        session.proxies = {"http": endpoint.proxy, "https": endpoint.proxy} if endpoint.proxy else {}
        session.verify = not endpoint.skip_certificate_check
        session.headers["Accept-Encoding"] = "identity"
        session.mount(f"{endpoint.scheme}://", _adapter(endpoint, self.address or endpoint.provider, self._line))
        if endpoint.auth == "credssp":
            session.auth.contexts = _tls12_contexts()
        import requests

        prepared = session.prepare_request(requests.Request("POST", endpoint.url))
        response = session.send(
            prepared,
            timeout=(endpoint.connect_timeout, endpoint.operation_timeout + READ_MARGIN),
            allow_redirects=False,
        )
        if response.status_code == 401:
            raise diagnosis.login_failed(
                None, self._where(), endpoint.username, endpoint.auth, self._method.offered_as, self._line.offered
            )
        if response.status_code != 200:
            raise _refusal(response, self._where(), endpoint) or CannotConnect(
                f"The host answered the login with HTTP status {response.status_code}",
                where=self._where(),
                hint="Is this a WinRM service?",
            )
        if self._method.login_per_connection:
            self._line.sealed = True
            session.auth = _LoggedIn(session.auth)

    def _login_problem(self, problem: Exception) -> ConfigMgrError:
        """What a failed login means; nothing but an empty POST has been sent."""
        import requests

        endpoint, line = self.endpoint, self._line
        if isinstance(problem, (requests.exceptions.RequestException, OSError)) and not isinstance(
            problem, PermissionError
        ):
            return diagnosis.connection_refused(
                problem,
                endpoint.provider,
                endpoint.port,
                secured=line.secured,
                connected=line.connected,
                proxy=endpoint.proxy,
            )
        return diagnosis.login_failed(
            problem, self._where(), endpoint.username, endpoint.auth, self._method.offered_as, line.offered
        )

    def _exchange(self, envelope: bytes, read_timeout: float) -> bytes:
        import requests

        # Another thread may close this transport meanwhile: what happens is judged by the line the message went out on.
        endpoint, line, session, far = self.endpoint, self._line, self._session, self._far
        if far is None:
            raise self._session_gone()
        encryption = far.encryption
        if endpoint.scheme != "https" and encryption is None:  # wire W-06: looked at before every message
            gone = NotExecuted("The message encryption is gone, so nothing was sent over http", where=self._where())
            gone.sent = False
            raise gone
        line.message_left = False
        try:
            if encryption is not None:
                prepared = encryption.prepare_encrypted_request(session, endpoint.url, envelope)
            else:
                prepared = session.prepare_request(requests.Request("POST", endpoint.url, data=envelope))
            self.requests += 1
            response = session.send(prepared, timeout=(endpoint.connect_timeout, read_timeout), allow_redirects=False)
        except Exception as problem:
            self.requests -= not line.message_left and self.requests > 0
            raise self._sending_problem(problem, read_timeout, line) from problem
        return self._open(response, encryption)

    def _sending_problem(self, problem: Exception, read_timeout: float, line: _Line) -> ConfigMgrError:
        """Whether the far side can have acted: only if bytes of the message had left."""
        import requests

        endpoint = self.endpoint
        if line.message_left:
            if any(
                isinstance(each, (requests.exceptions.ReadTimeout, socket.timeout))
                for each in diagnosis.causes(problem)
            ):
                what, hint = f"No answer came within {read_timeout:g} seconds", "operation_timeout allows longer."
            else:
                what, hint = (
                    "The connection was cut after the request had been sent",
                    "Look at the event log of WinRM on the host if this repeats.",
                )
            return OutcomeUnknown(what, where=self._where(), hint=hint)
        if line.sealed:
            # Closed while idle (wire A-12), or it cannot encrypt any more. Either way a new login is needed.
            return self._session_gone()
        return diagnosis.connection_refused(
            problem,
            endpoint.provider,
            endpoint.port,
            secured=line.secured,
            connected=line.connected,
            proxy=endpoint.proxy,
        )

    def _session_gone(self) -> NotExecuted:
        ended = NotExecuted("The host had ended the session, so nothing was sent", where=self._where())
        ended.sent = False
        return ended

    def _open(self, response: Any, encryption: Any) -> bytes:
        """The SOAP of an answer, at whatever status (peers V-10). Anything else is judged by the status (wire F-20 to F-25)."""
        content: bytes = response.content
        kind = response.headers.get("Content-Type", "")  # may be absent (wire W-08)
        if encryption is not None and "encrypted" in kind.lower() and content:
            try:
                opened: bytes = encryption.parse_encrypted_response(response)
            except Exception as problem:
                raise OutcomeUnknown("The answer could not be decrypted", where=self._where()) from problem
            if _is_soap(kind, opened):
                return opened
            content = opened
        elif _is_soap(kind, content):
            if encryption is None:
                return content
            raise OutcomeUnknown(
                "The answer came in plain text though the session is encrypted, and is not trusted", where=self._where()
            )
        if response.status_code == 401:
            raise NotAuthenticated(
                "The host has forgotten our login",
                where=self._where(),
                hint="The session is made anew.",
                after_success=True,
            )
        refused = _refusal(response, self._where(), self.endpoint)
        if refused is not None:
            raise refused
        raise OutcomeUnknown(
            f"The host answered with HTTP status {response.status_code} and {'no text' if not content else 'no SOAP'}",
            where=self._where(),
            hint="Look at the event log of WinRM on the host if this repeats.",
        )


def _is_soap(kind: str, content: bytes) -> bool:
    """Whether a body is worth parsing: it has an envelope, in UTF-8 or UTF-16."""
    start = content[:1024]
    return bool(content) and (
        "soap+xml" in kind.lower()
        or b"Envelope" in start
        or "Envelope".encode("utf-16-le") in start
        or "Envelope".encode("utf-16-be") in start
    )


def _refusal(response: Any, where: str, endpoint: Endpoint) -> ConfigMgrError | None:
    """The error for an HTTP status that proves that nothing was carried out, None for the others."""
    status: int = response.status_code
    if status == 404:
        return CannotConnect(
            "There is no WS-Management service at /wsman",
            where=where,
            hint="Check scheme and port, and the WinRM listener on the host.",
            transient=False,
        )
    if status == 407:
        return CannotConnect(
            "The proxy wants a login", where=where, hint="Put user and password into the option proxy.", transient=False
        )
    if 300 <= status < 400:
        return CannotConnect(
            "The host sends us elsewhere (redirection)",
            where=where,
            hint="Name the provider host itself.",
            transient=False,
        )
    if status == 403:
        return NotAuthenticated(
            f"Access was forbidden to {endpoint.username} (HTTP status 403)",
            where=where,
            hint="A proxy or a certificate rule may stand in between.",
        )
    if status == 413:
        return NotExecuted(
            "The request is larger than the host takes",
            where=where,
            hint="Have MaxEnvelopeSizekb raised on the host (winrm set winrm/config).",
            transient=False,
        )
    if status in (425, 429, 503):
        return NotExecuted(
            f"WinRM on the host is overloaded or stopping (HTTP status {status})", where=where, hint="Try again later."
        )
    if status == 400 and not response.content:
        return NotExecuted(
            "The host could not decrypt the request and did not carry it out (HTTP status 400)", where=where
        )
    if 400 <= status < 500 and status != 401:
        return NotExecuted(
            f"The host did not accept the request (HTTP status {status})",
            where=where,
            hint="Is this a WinRM service?",
            transient=False,
        )
    return None


def _load(method: _Method, auth: str) -> None:
    """Raise LibraryMissing, in words, unless the libraries of this method are there and new enough."""
    from importlib import metadata

    missing, old = [], []
    for module in method.modules:
        library, least = _LIBRARIES[module]
        try:
            importlib.import_module(module)
        except ImportError:
            missing.append(library)
            continue
        try:
            version = metadata.version(library)
        except metadata.PackageNotFoundError:  # it is there, however it came
            continue
        if _older(version, least):
            old.append(f"{library} {version}")
    if not missing and not old:
        return
    libraries = missing or [each.split()[0] for each in old]
    wanted = " ".join(
        f"'{library}>={'.'.join(map(str, least))}'" for library, least in _LIBRARIES.values() if library in libraries
    )
    hint = (
        f"Install it where this runs ({sys.executable}): python3 -m pip install {wanted}. "
        f"Debian has no package of {' or '.join(libraries)} that is new enough."
    )
    if missing:
        raise LibraryMissing(
            f"The Python library {' and '.join(missing)} is missing, which auth {auth} needs", hint=hint
        )
    raise LibraryMissing(f"The Python library {' and '.join(old)} is too old for auth {auth}", hint=hint)


def _older(version: str, least: tuple[int, ...]) -> bool:
    """Whether a version is below another; one that cannot be read is taken for good."""
    numbers = re.match(r"(\d+)\.(\d+)", version)
    return numbers is not None and tuple(map(int, numbers.groups())) < least


def _pywinrm(endpoint: Endpoint, prepare: Any) -> Any:
    """pywinrm's Transport, which logs in by `prepare` before it sets up encryption."""
    import winrm.encryption
    import winrm.transport

    class Far(winrm.transport.Transport):  # type: ignore[misc]
        def setup_encryption(self, session: Any) -> None:
            prepare(session)
            self.encryption = winrm.encryption.Encryption(session, self.auth_method)

    return Far(
        endpoint=endpoint.url,
        username=endpoint.username,
        password=endpoint.password,
        service="HTTP",  # wire W-03
        auth_method=endpoint.auth,
        message_encryption="always" if endpoint.scheme == "http" else "never",
        server_cert_validation="ignore" if endpoint.skip_certificate_check else "validate",
        ca_trust_path=None,
        proxy=endpoint.proxy,
    )


class _LoggedIn:
    """A login that is done: its keys are at hand for encryption, and no 401 makes it start again by itself."""

    def __init__(self, auth: Any) -> None:
        self._auth = auth

    def __getattr__(self, name: str) -> Any:
        return getattr(self._auth, name)

    def __call__(self, request: Any) -> Any:
        request.headers["Connection"] = "Keep-Alive"
        return request


def _tls12_contexts() -> dict[str, Any]:
    """Where requests-credssp keeps its contexts, each rebuilt with an inner TLS of 1.2 at most.

    pywinrm computes a wrong trailer length for TLS 1.3, which some Windows versions refuse (peers V-14). May go when
    pywinrm computes it right.
    """
    import spnego
    import spnego.tls

    class Contexts(dict):  # type: ignore[type-arg]
        def __setitem__(self, host: str, context: Any) -> None:
            tls = spnego.tls.default_tls_context()
            tls.context.maximum_version = ssl.TLSVersion.TLSv1_2
            context._context = spnego.client(
                context.username,
                context.password,
                hostname=host,
                service="HTTP",
                protocol="credssp",
                credssp_tls_context=tls,
            )
            super().__setitem__(host, context)

    return Contexts()


def _tls_context(endpoint: Endpoint) -> ssl.SSLContext:
    """The outer TLS: verified against ca_cert, or the system's store. Raises CannotConnect."""
    path = endpoint.ca_cert
    try:
        context = ssl.create_default_context(
            cafile=path if path and not os.path.isdir(path) else None,
            capath=path if path and os.path.isdir(path) else None,
        )
    except OSError as problem:
        raise CannotConnect(
            f"The file {path} given in ca_cert cannot be used ({problem.strerror or 'no certificate in PEM form'})",
            hint="It has to hold the certificate of the authority, in PEM form.",
            transient=False,
        ) from problem
    # Python 3.13 became stricter than the authorities many companies run; requests does not follow it either.
    context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
    if endpoint.skip_certificate_check:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _adapter(endpoint: Endpoint, address: str, line: _Line) -> Any:
    """A requests adapter with a pool of one, whose connections go to `address`, while Host, SNI and certificate keep the name."""
    import requests.adapters
    import urllib3.connection
    import urllib3.connectionpool
    import urllib3.util.connection

    class Told:
        """Tells the line what the connection does."""

        def _new_conn(self: Any) -> socket.socket:
            if line.sealed:
                raise _ConnectionGone
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
            if self not in line.connections:
                line.connections.append(self)
            try:
                super().connect()  # type: ignore[misc]
            finally:
                line.connecting = False
            line.secured = True

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
    tls = {"ssl_context": _tls_context(endpoint)} if endpoint.scheme == "https" else {}

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
                named = (
                    response.raw.headers.getlist("WWW-Authenticate") if hasattr(response.raw.headers, "getlist") else []
                )
                line.offered = tuple(dict.fromkeys(each.split(None, 1)[0] for each in named if each.strip()))
            return response

    return Adapter()
