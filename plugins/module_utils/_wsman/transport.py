# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes there and back: the only file that knows pywinrm, which it imports when it connects.

Every trap of pywinrm that the wire page lists (W-01 to W-13) and peers V-13 to V-15 is met here. What failed is judged by
what our own connection did, never by the text of an exception.
"""

from __future__ import annotations

import socket
import ssl
import threading
from datetime import datetime, timezone
from typing import Any, Protocol

from . import diagnosis, kerberos
from .endpoint import Endpoint, resolve
from .errors import CannotConnect, ConfigMgrError, NotAuthenticated, NotExecuted, OutcomeUnknown
from .line import Line, LoggedIn, adapter
from .methods import METHODS, require

__all__ = ["Endpoint", "Transport", "WinRMTransport", "resolve"]

# The service answers within OperationTimeout; the line gets this many seconds more (wire W-10: at least 5).
READ_MARGIN = 15.0


class Transport(Protocol):
    """Carries one envelope there and its answer back, and never repeats it. `timeout`: seconds for this operation alone."""

    def send(self, envelope: bytes, timeout: float | None = None) -> bytes:
        """The answer to one envelope."""

    def close(self) -> None:
        """Let go of the connection."""


class WinRMTransport:
    """One login on one connection to WinRM, at the given address. For the thread that first uses it (wire W-11).

    Any failure ends the login; the next `send` makes a new one. `requests` counts the SOAP messages that were sent.
    """

    def __init__(self, endpoint: Endpoint, address: str | None = None) -> None:
        endpoint.check()
        self.endpoint = endpoint
        self.address = address
        self.requests = 0
        self._method = METHODS[endpoint.auth]
        self._line = Line()
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
        line, self._line = self._line, Line()
        self._thread = None
        line.close()  # first: who waits for an answer has to wake, which the library's way of closing does not do
        if far is not None:
            far.close_session()

    def _where(self) -> str:
        return self.endpoint.where

    def _log_in(self) -> None:
        """Connect and log in with an empty POST, before any message exists that could leak or be refused (wire A-02, W-05)."""
        endpoint = self.endpoint
        require(
            endpoint.auth,
            with_password=bool(endpoint.password) and endpoint.ticket is None and not endpoint.kerberos_ccache,
            inside=endpoint.credssp_mechanism,
        )
        if self.address is None:
            self.address = resolve(endpoint)
        with endpoint.gate.passage():
            self._line = Line()
            try:
                self._far = _pywinrm(endpoint, self._prepare)
                session = self._far.build_session()
                if self._far.encryption is None:
                    self._prepare(session)
            except ConfigMgrError:
                raise
            except Exception as problem:
                raise self._login_problem(problem) from problem
            direct = self._line.sealed and not endpoint.proxy
            self._session = LoggedIn(session, endpoint.url, self._line) if direct else session

    def _prepare(self, session: Any) -> None:
        """Bind the session to our address and certificates, and log in."""
        endpoint, line = self.endpoint, self._line
        session.trust_env = False  # neither proxies, nor CA bundles, nor .netrc of the environment (wire W-13)
        session.proxies = {"http": endpoint.proxy, "https": endpoint.proxy} if endpoint.proxy else {}
        session.verify = not endpoint.skip_certificate_check
        session.cert = None  # the TLS context shows it; requests would load the key again, without its password
        session.headers["Accept-Encoding"] = "identity"
        session.mount(f"{endpoint.scheme}://", adapter(endpoint, self.address or endpoint.provider, line))
        if endpoint.auth == "credssp":
            session.auth.contexts = _credssp_contexts(endpoint)
        if endpoint.auth == "kerberos":
            session.auth = kerberos.Login(endpoint, line)
            response = session.auth.log_in(lambda headers: self._empty_post(session, headers))
        else:
            response = self._empty_post(session, {})
        if response.status_code == 401 or (response.status_code == 403 and endpoint.auth == "certificate"):
            if endpoint.auth == "certificate":
                _check_own_certificate(endpoint)
            raise diagnosis.login_failed(
                None, self._where(), endpoint.who, endpoint.auth, self._method.offered_as, line.offered
            )
        if response.status_code != 200:
            raise _refusal(response, self._where(), endpoint) or CannotConnect(
                f"The host answered the login with HTTP status {response.status_code}",
                where=self._where(),
                hint="Is this a WinRM service?",
            )
        if self._method.login_per_connection:
            line.sealed = True
            if endpoint.auth != "kerberos":
                session.auth = _LoggedIn(session.auth)

    def _empty_post(self, session: Any, headers: dict[str, str]) -> Any:
        import requests

        return session.send(
            session.prepare_request(requests.Request("POST", self.endpoint.url, headers=headers)),
            timeout=(self.endpoint.connect_timeout, self.endpoint.operation_timeout + READ_MARGIN),
            allow_redirects=False,
        )

    def _login_problem(self, problem: Exception) -> ConfigMgrError:
        """What a failed login means; nothing but an empty POST has been sent."""
        import requests

        endpoint, line = self.endpoint, self._line
        refused = diagnosis.certificate_refused(problem, self._where()) if endpoint.auth == "certificate" else None
        if refused is not None:
            return refused
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
            problem, self._where(), endpoint.who, endpoint.auth, self._method.offered_as, line.offered
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

    def _sending_problem(self, problem: Exception, read_timeout: float, line: Line) -> ConfigMgrError:
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
            f"Access was forbidden to {endpoint.who} (HTTP status 403)",
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


def _pywinrm(endpoint: Endpoint, prepare: Any) -> Any:
    """pywinrm's Transport, which logs in by `prepare` before it sets up encryption."""
    import winrm.encryption
    import winrm.transport

    class Far(winrm.transport.Transport):  # type: ignore[misc]
        def setup_encryption(self, session: Any) -> None:
            prepare(session)
            self.encryption = winrm.encryption.Encryption(session, self.auth_method)
            if self.auth_method == "kerberos":  # pywinrm knows one of the two names
                self.encryption.protocol_string = session.auth.sealed_as

    return Far(
        endpoint=endpoint.url,
        username=endpoint.username,
        password=endpoint.password,
        service=endpoint.kerberos_service,  # wire W-03
        cert_pem=endpoint.client_cert or None,
        cert_key_pem=endpoint.client_key or endpoint.client_cert or None,
        auth_method=endpoint.auth,
        message_encryption="always" if endpoint.scheme == "http" else "never",
        server_cert_validation="ignore" if endpoint.skip_certificate_check else "validate",
        ca_trust_path=None,
        proxy=endpoint.proxy,
    )


def _check_own_certificate(endpoint: Endpoint) -> None:
    """The host gives no reason why it does not take a client certificate; whether it has expired can be seen here."""
    from cryptography import x509

    try:
        with open(endpoint.client_cert, "rb") as file:
            shown = x509.load_pem_x509_certificate(file.read())
    except (OSError, ValueError):
        return
    end: datetime | None = getattr(shown, "not_valid_after_utc", None)
    if end is None:  # before cryptography 42
        end = shown.not_valid_after.replace(tzinfo=timezone.utc)
    if end < datetime.now(timezone.utc):
        raise NotAuthenticated(
            f"The client certificate {endpoint.client_cert} has expired",
            where=endpoint.where,
            hint="Have a new one issued, and have it mapped to the account on the host.",
            rejected=True,
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


def _credssp_contexts(endpoint: Endpoint) -> dict[str, Any]:
    """Where requests-credssp keeps its contexts, each rebuilt with our inner mechanism and an inner TLS of 1.2 at most.

    pywinrm computes a wrong trailer length for TLS 1.3, which some Windows versions refuse (peers V-14). May go when
    pywinrm computes it right. A mechanism that is left to pyspnego would try the password twice, by Kerberos and by NTLM, so
    "auto" is NTLM.
    """
    import spnego
    import spnego.tls

    class Contexts(dict):  # type: ignore[type-arg]
        def __setitem__(self, host: str, context: Any) -> None:
            tls = spnego.tls.default_tls_context()
            tls.context.maximum_version = ssl.TLSVersion.TLSv1_2
            name = endpoint.kerberos_hostname or host
            by_kerberos = endpoint.credssp_mechanism == "kerberos"
            credential = spnego.Password(username=endpoint.username, password=endpoint.password)
            inner = spnego.client(
                credential,
                hostname=name,
                service=endpoint.kerberos_service,
                protocol="kerberos" if by_kerberos else "ntlm",
                options=spnego.NegotiateOptions.none if by_kerberos else spnego.NegotiateOptions.use_ntlm,
            )
            context._context = spnego.client(
                credential,
                hostname=name,
                service=endpoint.kerberos_service,
                protocol="credssp",
                credssp_negotiate_context=inner,
                credssp_min_protocol=endpoint.credssp_minimum_version,
                credssp_tls_context=tls,
            )
            super().__setitem__(host, context)

    return Contexts()
