# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where WinRM listens and who asks. Standard library only."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from . import diagnosis
from .errors import BadValue, CannotConnect, NotAuthenticated
from .methods import METHODS

DEFAULT_PORTS = {"https": 5986, "http": 5985}


class LoginGate:
    """Lets the sessions of one task log in one after the other, and none any more once the credential was refused.

    So a wrong password is one failed login at the domain, however many sessions there are, and no account is locked out.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._refused: NotAuthenticated | None = None

    @contextlib.contextmanager
    def passage(self) -> Iterator[None]:
        """For one login. Raises what the first refused one raised."""
        with self._lock:
            if self._refused is not None:
                raise self._refused
            try:
                yield
            except NotAuthenticated as refused:
                if refused.rejected:
                    self._refused = refused
                raise


@dataclass(frozen=True)
class Endpoint:
    """Where WinRM listens and who asks. Times in seconds; port 0 stands for the one of the scheme.

    `auth` "auto" and an empty `scheme` are not decided yet; `choice.settle` does that, once a task. What all sessions of a task
    share travels with it: the gate for logins, and the Kerberos ticket in a private cache.
    """

    provider: str
    port: int = 0
    scheme: str = "https"
    auth: str = "auto"
    username: str = ""
    password: str = field(default="", repr=False)
    ca_cert: str | None = None
    skip_certificate_check: bool = False
    operation_timeout: float = 60.0
    connect_timeout: float = 30.0
    max_envelope_size: int = 512000
    proxy: str | None = field(default=None, repr=False)
    kerberos_delegation: bool = False
    kerberos_service: str = "HTTP"
    kerberos_hostname: str = ""
    kerberos_ccache: str = ""
    client_cert: str = ""
    client_key: str = ""
    client_key_password: str = field(default="", repr=False)
    credssp_mechanism: str = "auto"
    credssp_minimum_version: int = 2
    gate: LoginGate = field(default_factory=LoginGate, repr=False, compare=False)
    ticket: Any = field(default=None, repr=False, compare=False)  # kerberos.PrivateTicket

    def __post_init__(self) -> None:
        if self.scheme not in ("", *DEFAULT_PORTS):
            raise BadValue(f"scheme is https or http, not {self.scheme!r}")
        if not self.port and self.scheme:
            object.__setattr__(self, "port", DEFAULT_PORTS[self.scheme])

    @property
    def settled(self) -> bool:
        """Whether nothing is left to be decided."""
        return bool(self.auth != "auto" and self.scheme and self.port)

    @property
    def url(self) -> str:
        """The address of the service, which is also the To header."""
        host = f"[{self.provider}]" if ":" in self.provider else self.provider
        return f"{self.scheme}://{host}:{self.port}/wsman"

    @property
    def where(self) -> str:
        """Host and port, for messages."""
        return f"{self.provider}:{self.port}"

    @property
    def who(self) -> str:
        """The account, for messages."""
        if self.username:
            return self.username
        return (
            "the owner of the client certificate" if self.auth == "certificate" else "the owner of the Kerberos ticket"
        )

    @property
    def is_address(self) -> bool:
        """Whether the provider is named by an IP address, which Kerberos cannot use."""
        try:
            ipaddress.ip_address(self.provider.partition("%")[0])
        except ValueError:
            return False
        return True

    def check(self) -> None:
        """Raise BadValue for what cannot work or would send a secret in plain text. Nothing is sent."""
        method = METHODS.get(self.auth)
        if method is None:
            raise BadValue(f"auth is {', '.join(METHODS)}, not {self.auth!r}")
        if self.scheme not in method.schemes:
            if method.client_certificate:
                raise BadValue(
                    "A client certificate can only be shown over https",
                    where=self.provider,
                    hint="Set scheme to https.",
                )
            raise BadValue(
                f"{self.auth} over http would send the password and all messages in plain text",
                where=self.provider,
                hint="Set scheme to https, or auth to kerberos, ntlm or credssp. Nothing was sent.",
            )
        if method.username and not self.username:
            raise BadValue("No user name was given", where=self.provider, hint="Set username, or CONFIGMGR_USERNAME.")
        if method.client_certificate and not self.client_cert:
            raise BadValue(
                "No client certificate was given",
                where=self.provider,
                hint="Set client_cert, or CONFIGMGR_CLIENT_CERT.",
            )


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


def tls_context(endpoint: Endpoint, *, identify: bool = True) -> ssl.SSLContext:
    """The outer TLS: verified against ca_cert, or the system's store. Raises CannotConnect.

    `identify`: show the client certificate, if one is given; without it nothing tells the host who asks.
    """
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
    if identify and endpoint.auth == "certificate":
        _show_certificate(context, endpoint)
    return context


def _show_certificate(context: ssl.SSLContext, endpoint: Endpoint) -> None:
    """Have TLS show the client certificate. Raises CannotConnect."""
    key = endpoint.client_key or endpoint.client_cert
    for name, path in (("client_cert", endpoint.client_cert), ("client_key", key)):
        try:
            open(path, "rb").close()
        except OSError as problem:
            raise CannotConnect(
                f"The file {path} given in {name} cannot be read ({problem.strerror})",
                hint="Check the path; in an execution environment the file has to be inside the container.",
                transient=False,
            ) from problem
    try:
        # Without a password at hand OpenSSL would ask on the terminal.
        context.load_cert_chain(endpoint.client_cert, key, lambda: endpoint.client_key_password)
    except (OSError, ValueError) as problem:
        raise CannotConnect(
            f"The client certificate {endpoint.client_cert} and its key cannot be used",
            hint="Both have to be in PEM form and belong together; an encrypted key needs the right client_key_password.",
            transient=False,
        ) from problem
    # HTTP.sys may ask for the certificate only once it has seen the request.
    context.post_handshake_auth = True
