# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kerberos: a ticket for a password, and the login with it. pykerberos is imported when it is needed.

pywinrm's own login is not used: it sends a refused ticket up to three times, which counts as three failed logins, sends it first
without a channel binding, and hides why there was none.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .endpoint import Endpoint
from .errors import CannotConnect, ConfigMgrError, NotAuthenticated
from .line import Line, challenges
from .methods import program

# What kinit gets of our environment: where its configuration and libraries are, and nothing that could be a secret.
_PASSED_ON = (
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "RES_OPTIONS",
    "LOCALDOMAIN",
)
KINIT_TIMEOUT = 60.0  # seconds; it asks one KDC after the other
_SEALED_AS = {
    "negotiate": b"application/HTTP-SPNEGO-session-encrypted",
    "kerberos": b"application/HTTP-Kerberos-session-encrypted",
}

# KRB5CCNAME belongs to the whole process.
_environment = threading.RLock()


class KdcUnreachable(NotAuthenticated):
    """No KDC of the realm answers, so no credential has been sent."""

    kind = "not_authenticated"


@dataclass(frozen=True)
class Reason:
    """Why there is no ticket, or no login with it, and what to do."""

    why: str
    next_step: str
    rejected: bool = False


_WRONG_PASSWORD = Reason(
    why="the password is wrong",
    next_step="Check username (user@REALM) and password before the next run, since accounts lock.",
    rejected=True,
)
_UNKNOWN_USER = Reason(
    why="the realm does not know the account",
    next_step="Check username: it is the account's name and the name of the Kerberos realm (user@REALM).",
    rejected=True,
)
_PASSWORD_EXPIRED = Reason(
    why="the password has expired or has to be changed first",
    next_step="Have a new password set; a service account should be exempt from changing it at the first logon.",
    rejected=True,
)
_ACCOUNT_EXPIRED = Reason(
    why="the account has expired in the realm", next_step="Have the end date of the account moved.", rejected=True
)
_REVOKED = Reason(
    why="the account is disabled or locked",
    next_step="Have it enabled or unlocked, and find out who uses a wrong password.",
    rejected=True,
)
_CLOCK = Reason(
    why="the clocks of this machine and of the domain are too far apart",
    next_step="Synchronise the clocks (timedatectl here, w32tm /resync on the domain controller); five minutes are allowed.",
)
_NO_KDC = Reason(
    why="no KDC of the realm answers",
    next_step="Check the realm in username, /etc/krb5.conf ([realms], or dns_lookup_kdc = true) and the way to port 88 of a domain "
    "controller.",
)
_NO_REALM = Reason(
    why="no realm is known", next_step="Give username as user@REALM, or set default_realm in /etc/krb5.conf."
)
_NO_TICKET = Reason(
    why="there is no ticket",
    next_step="Run kinit user@REALM first, or name the ticket cache in kerberos_ccache, or give username (user@REALM) and password.",
)
_TICKET_EXPIRED = Reason(
    why="the ticket has expired",
    next_step="Run kinit again, or give username and password so that each task gets its own.",
)
_UNKNOWN_SERVICE = Reason(
    why="the realm knows no such service on the host",
    next_step="Name the host in provider as the domain does, with its full name; or set kerberos_hostname, and kerberos_service "
    "(setspn -L on the host's account lists both).",
)
_OTHER_KEY = Reason(
    why="the host cannot read the ticket, since it is for another account's key",
    next_step="Set kerberos_hostname to the host's own name; a duplicate service principal (setspn -X finds it) does the same.",
)
_NO_ENCRYPTION = Reason(
    why="the encryption of the ticket is not supported",
    next_step="Allow AES for the account in the domain, and in permitted_enctypes of /etc/krb5.conf.",
)

# What kinit says in the C locale. The first that fits counts.
_KINIT_SAYS = (
    ("Password expired", _PASSWORD_EXPIRED),
    ("Password has expired", _PASSWORD_EXPIRED),
    ("Password incorrect", _WRONG_PASSWORD),
    ("Preauthentication failed", _WRONG_PASSWORD),
    ("not found in Kerberos database", _UNKNOWN_USER),
    ("entry in database has expired", _ACCOUNT_EXPIRED),
    ("credentials have been revoked", _REVOKED),
    ("Clock skew too great", _CLOCK),
    ("Cannot contact any KDC", _NO_KDC),
    ("Cannot find KDC", _NO_KDC),
    ("Cannot resolve", _NO_KDC),
    ("does not specify default realm", _NO_REALM),
    ("encryption type", _NO_ENCRYPTION),
)
_BASE = -1765328384  # of the error codes of Kerberos (RFC 4120 7.5.9, krb5.h)
_CODES: Mapping[int, Reason] = {
    _BASE + 7: _UNKNOWN_SERVICE,  # S_PRINCIPAL_UNKNOWN
    _BASE + 14: _NO_ENCRYPTION,  # ETYPE_NOSUPP
    _BASE + 18: _REVOKED,  # CLIENT_REVOKED
    _BASE + 32: _TICKET_EXPIRED,  # AP_ERR_TKT_EXPIRED
    _BASE + 33: _CLOCK,  # AP_ERR_TKT_NYV
    _BASE + 37: _CLOCK,  # AP_ERR_SKEW
    _BASE + 41: _OTHER_KEY,  # AP_ERR_MODIFIED
    _BASE + 141: _NO_TICKET,  # CC_NOTFOUND
    _BASE + 154: _NO_KDC,  # REALM_UNKNOWN
    _BASE + 156: _NO_KDC,  # KDC_UNREACH
    _BASE + 195: _NO_TICKET,  # FCC_NOFILE
    _BASE + 220: _NO_KDC,  # REALM_CANT_RESOLVE
    _BASE + 224: _NO_REALM,  # CONFIG_NODEFREALM
}
_NO_CREDENTIAL = 7 << 16  # GSS_S_NO_CRED
_CREDENTIAL_EXPIRED = 11 << 16


class PrivateTicket:
    """A ticket in a cache that only this account can read; gone with the object, and at the latest when the process ends."""

    def __init__(self) -> None:
        folder = tempfile.mkdtemp(prefix="cm-krb5-")  # for this account only
        self.name = f"FILE:{folder}/ticket"
        self.destroy = weakref.finalize(self, shutil.rmtree, folder, True)

    def __repr__(self) -> str:
        return "PrivateTicket()"


def principal(username: str) -> str:
    """The name in the form of Kerberos: realms are in capitals, and DOMAIN\\user names none. Raises NotAuthenticated."""
    if "\\" in username:
        raise NotAuthenticated(
            f"Kerberos cannot use the user name {username}",
            hint="Give it as user@REALM, where the realm is the full name of the domain, in capitals.",
        )
    user, at, realm = username.rpartition("@")
    return f"{user}@{realm.upper()}" if at else username


def obtain(endpoint: Endpoint) -> PrivateTicket:
    """Turn the password into a ticket in a private cache, by kinit. One attempt. Raises NotAuthenticated, KdcUnreachable.

    The password goes over standard input: no argument and no variable of the program holds it.
    """
    who = principal(endpoint.username)
    kinit = program("kinit")
    ticket = PrivateTicket()
    command = [kinit or "kinit", *(["-f"] if endpoint.kerberos_delegation else []), "-c", ticket.name, who]
    try:
        # run_command would do, but it is AnsibleModule's, which this layer does not know.
        done = subprocess.run(  # pylint: disable=ansible-bad-function
            command,
            input=f"{endpoint.password}\n".encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=_bare_environment(os.environ),
            timeout=KINIT_TIMEOUT,
            start_new_session=True,  # without a terminal it could ask on
            check=False,
        )
    except subprocess.TimeoutExpired:
        ticket.destroy()
        raise KdcUnreachable(f"There is no Kerberos ticket for {who}: {_NO_KDC.why}", hint=_NO_KDC.next_step) from None
    except BaseException:
        ticket.destroy()
        raise
    if done.returncode == 0:
        return ticket
    ticket.destroy()
    raise _without_ticket(who, done.stdout.decode("utf-8", "replace"))


def _without_ticket(who: str, said: str) -> NotAuthenticated:
    reason = next((reason for sign, reason in _KINIT_SAYS if sign in said), None)
    if reason is None:
        last = said.strip().rpartition("\n")[2].replace(" while getting initial credentials", "")
        return NotAuthenticated(
            f"There is no Kerberos ticket for {who}, since kinit failed ({last})",
            hint="Run kinit by hand with the same account; KRB5_TRACE=/dev/stderr shows what it does.",
            rejected=True,
        )
    told = f"There is no Kerberos ticket for {who}: {reason.why}"
    kind = KdcUnreachable if reason is _NO_KDC else NotAuthenticated
    return kind(told, hint=reason.next_step, rejected=reason.rejected)


def _bare_environment(full: Mapping[str, str]) -> dict[str, str]:
    passed = {name: value for name, value in full.items() if name in _PASSED_ON or name.startswith("KRB5")}
    return {**passed, "LC_ALL": "C"}


def knows_service(endpoint: Endpoint) -> bool:
    """Whether the realm gives a ticket for the host's service; nothing is sent to the host. Raises NotAuthenticated."""
    try:
        _Context(endpoint, None).begin()
    except NotAuthenticated as problem:
        if _UNKNOWN_SERVICE.why in problem.what:
            return False
        raise
    return True


@contextlib.contextmanager
def _cache_of(endpoint: Endpoint) -> Iterator[None]:
    """Have Kerberos use the right ticket cache, in this process, for the moment."""
    name = endpoint.ticket.name if endpoint.ticket is not None else endpoint.kerberos_ccache
    with _environment:
        before = os.environ.get("KRB5CCNAME")
        if name:
            os.environ["KRB5CCNAME"] = name
        try:
            yield
        finally:
            if name and before is None:
                os.environ.pop("KRB5CCNAME", None)
            elif name and before is not None:
                os.environ["KRB5CCNAME"] = before


class _Context:
    """A security context with the host."""

    def __init__(self, endpoint: Endpoint, certificate: bytes | None) -> None:
        import kerberos

        self._kerberos = kerberos
        self._endpoint = endpoint
        self._more: dict[str, Any] = {}
        binding = _channel_binding(certificate)
        if binding:
            self._more["channel_bindings"] = kerberos.channelBindings(application_data=binding)
        self.handle: Any = None

    def begin(self) -> str:
        """The first token."""
        kerberos, endpoint = self._kerberos, self._endpoint
        flags = kerberos.GSS_C_MUTUAL_FLAG | kerberos.GSS_C_SEQUENCE_FLAG
        if endpoint.kerberos_delegation:
            flags |= kerberos.GSS_C_DELEG_FLAG
        service = f"{endpoint.kerberos_service}@{endpoint.kerberos_hostname or endpoint.provider}"
        with _cache_of(endpoint), self._explained():
            _unused, self.handle = kerberos.authGSSClientInit(service, gssflags=flags)
            return self._step("")

    def finish(self, token: str) -> None:
        """Take the host's proof that it is the one the ticket is for."""
        with self._explained():
            self._step(token)

    def _step(self, token: str) -> str:
        self._kerberos.authGSSClientStep(self.handle, token, **self._more)
        return self._kerberos.authGSSClientResponse(self.handle) or ""

    @property
    def user(self) -> str:
        """Whose ticket it was."""
        return self._kerberos.authGSSClientUserName(self.handle) or ""

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except self._kerberos.GSSError as problem:
            raise _not_logged_in(problem, self._endpoint) from None


def _not_logged_in(problem: Exception, endpoint: Endpoint) -> NotAuthenticated:
    (_text, major), (said, minor) = (*problem.args, ("", 0))[:2]
    reason = _CODES.get(minor if minor < 0 else minor - (1 << 32))
    if reason is None and major & 0xFF0000 in (_NO_CREDENTIAL, _CREDENTIAL_EXPIRED):
        reason = _NO_TICKET if major & 0xFF0000 == _NO_CREDENTIAL else _TICKET_EXPIRED
    if reason is None:
        return NotAuthenticated(
            f"The Kerberos login of {endpoint.who} failed ({said})",
            where=endpoint.where,
            hint="KRB5_TRACE=/dev/stderr shows what the Kerberos library does.",
        )
    told = f"The Kerberos login of {endpoint.who} failed: {reason.why}"
    kind = KdcUnreachable if reason is _NO_KDC else NotAuthenticated
    return kind(told, where=endpoint.where, hint=reason.next_step)


def _channel_binding(certificate: bytes | None) -> bytes | None:
    """tls-server-end-point of RFC 5929 for the host's certificate (wire A-11); None for one whose hash is not known."""
    if certificate is None:
        return None
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes

    try:
        algorithm = x509.load_der_x509_certificate(certificate).signature_hash_algorithm
    except (UnsupportedAlgorithm, ValueError):
        return None
    if algorithm is None:
        return None
    if algorithm.name in ("md5", "sha1"):
        algorithm = hashes.SHA256()
    digest = hashes.Hash(algorithm)
    digest.update(certificate)
    return b"tls-server-end-point:" + digest.finalize()


class Login:
    """What requests and pywinrm take for their authentication: the login, and the sealing of messages with its key."""

    def __init__(self, endpoint: Endpoint, line: Line) -> None:
        self._endpoint = endpoint
        self._line = line
        self._context: _Context | None = None
        self.sealed_as = _SEALED_AS["negotiate"]

    def __call__(self, request: Any) -> Any:
        request.headers["Connection"] = "Keep-Alive"
        return request

    def log_in(self, empty_post: Callable[[dict[str, str]], Any]) -> Any:
        """Ask what is offered, then send one token, once. The answer to it; 401 if it was refused. Raises ConfigMgrError."""
        first = empty_post({})
        if first.status_code != 401:
            return first if first.status_code != 200 else _no_login_wanted(self._endpoint)
        offered = {each.lower() for each in self._line.offered}
        scheme = next((name for name in ("Negotiate", "Kerberos") if name.lower() in offered), None)
        if scheme is None:
            return first
        self.sealed_as = _SEALED_AS[scheme.lower()]
        context = _Context(self._endpoint, self._line.certificate)
        answer = empty_post({"Authorization": f"{scheme} {context.begin()}"})
        token = _token(answer, scheme)
        if answer.status_code == 401:
            if token:
                _tell_refusal(context, token)
            raise NotAuthenticated(
                f"The host refused the Kerberos ticket of {self._endpoint.who}",
                where=self._endpoint.where,
                hint="Check that the clocks are less than five minutes apart, that kerberos_hostname is the host's own name, and "
                "that the account may log on to it over the network.",
                rejected=True,
            )
        if answer.status_code == 200:
            if not token:
                raise NotAuthenticated(
                    "The host did not prove that it is the one the ticket is for",
                    where=self._endpoint.where,
                    hint="A proxy or load balancer may stand in between; name the provider host itself.",
                )
            context.finish(token)
            self._check_owner(context.user)
            self._context = context
        return answer

    def _check_owner(self, owner: str) -> None:
        """With a user name and a cache of other tickets, Kerberos takes what is there."""
        wanted = principal(self._endpoint.username)
        if not wanted or not owner or owner.lower() == wanted.lower():
            return
        if "@" in wanted or owner.partition("@")[0].lower() != wanted.lower():
            raise NotAuthenticated(
                f"The Kerberos ticket is for {owner}, not for {wanted}",
                where=self._endpoint.where,
                hint="Name another cache in kerberos_ccache, give a password, or leave username out.",
            )

    # What pywinrm's encryption asks for. One connection has one context, so the host's name does not matter.

    def wrap_winrm(self, _host: str, message: bytes) -> Any:
        """Seal a message: what is sent, and its header."""
        import kerberos

        return kerberos.authGSSWinRMEncryptMessage(self._established, message)

    def unwrap_winrm(self, _host: str, message: bytes, header: bytes) -> bytes:
        """Open a message."""
        import kerberos

        opened: bytes = kerberos.authGSSWinRMDecryptMessage(self._established, message, header)
        return opened

    @property
    def _established(self) -> Any:
        if self._context is None:
            raise RuntimeError("a message is sealed before the login")
        return self._context.handle


def _tell_refusal(context: _Context, token: str) -> None:
    """The host's reason comes as an error of the step that takes its token."""
    try:
        context.finish(token)
    except NotAuthenticated as refused:
        refused.rejected = True
        raise


def _no_login_wanted(endpoint: Endpoint) -> ConfigMgrError:
    raise CannotConnect(
        "The service does not ask for a login",
        where=endpoint.where,
        hint="Is this a WinRM service?",
        transient=False,
    )


def _token(answer: Any, scheme: str) -> str:
    """The token that came with an answer; empty if none did."""
    for each in challenges(answer):
        name, _blank, token = each.partition(" ")
        if name.lower() == scheme.lower() and token:
            return token.strip()
    return ""
