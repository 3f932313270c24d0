# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the exceptions of sockets, TLS and the login libraries mean, in words a user can act on. Standard library only."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

from .errors import CannotConnect, NotAuthenticated

# X509_V_ERR_* of OpenSSL, as ssl.SSLCertVerificationError.verify_code has them.
_UNTRUSTED = (2, 18, 19, 20, 21, 27)
_NOT_YET_VALID, _EXPIRED = 9, 10
_WRONG_NAME = (62, 64)

# NTSTATUS and SSPI codes that CredSSP reports (peers V-13).
_LOGIN_STATUS = {
    0xC000006D: "user name or password is wrong",
    0x8009030C: "user name or password is wrong, or this account may not log on",
    0xC000006E: "the account is restricted (empty password, or logon type not allowed)",
    0xC000006F: "the account may not log on at this hour",
    0xC0000070: "the account may not log on from this workstation",
    0xC0000071: "the password has expired",
    0xC0000072: "the account is disabled",
    0xC000015B: "the account has not been granted this kind of logon",
    0xC0000193: "the account has expired",
    0xC0000224: "the password has to be changed first",
    0xC0000234: "the account is locked",
}
# What to do about them, where it is not about user name and password.
_LOGIN_STEPS = {
    0xC000006F: "Have the logon hours of the account widened.",
    0xC0000070: "Have this host added to the account's list of workstations.",
    0xC0000071: "Have a new password set.",
    0xC0000072: "Have the account enabled.",
    0xC000015B: "Have the policy of the host changed that denies this account the logon over the network.",
    0xC0000193: "Have the end date of the account moved.",
    0xC0000224: "Have a new password set without the mark that it has to be changed at the next logon.",
    0xC0000234: "Have the account unlocked, and find out who uses a wrong password.",
}


def causes(problem: BaseException) -> Iterator[BaseException]:
    """The exception and all that is wrapped in it: causes, contexts, arguments, urllib3's `reason`."""
    waiting, seen = [problem], set()
    while waiting:
        current = waiting.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        inside = [current.__cause__, current.__context__, getattr(current, "reason", None), *current.args]
        waiting += [each for each in inside if isinstance(each, BaseException)]


def connection_refused(
    problem: BaseException, host: str, port: int, *, secured: bool, connected: bool, proxy: str | None
) -> CannotConnect:
    """Why no connection came about. `connected`: TCP did; `secured`: TLS did as well."""
    where = f"{host}:{port}"
    for cause in causes(problem):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _certificate(cause, host, where)
        if isinstance(cause, ssl.SSLError) and not isinstance(cause, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
            return CannotConnect(
                f"No TLS connection came about ({_reason(cause)})",
                where=where,
                hint="Is this the HTTPS listener of WinRM (5986)? For the HTTP listener (5985), which is encrypted by message, "
                "set scheme to http.",
                transient=False,
            )
    if proxy and any("Proxy" in type(cause).__name__ for cause in causes(problem)):
        return CannotConnect(
            f"The proxy {urlsplit(proxy).hostname} did not connect us",
            where=where,
            hint="Check the option proxy.",
            transient=False,
        )
    if secured or connected:
        return CannotConnect(
            "The connection was closed before anything was sent",
            where=where,
            hint="Is this a WinRM listener? HTTPS is on 5986, HTTP on 5985; a firewall or load balancer in between may close it too.",
        )
    for cause in causes(problem):
        if isinstance(cause, socket.gaierror):
            return name_unknown(host, cause)
        if isinstance(cause, (socket.timeout, TimeoutError)):
            return CannotConnect(
                "The host does not answer",
                where=where,
                hint="Check the name, the port and the firewalls; connect_timeout allows longer.",
            )
        if isinstance(cause, ConnectionRefusedError):
            return CannotConnect(
                "The host refuses the connection, so nothing listens on that port",
                where=where,
                hint="Check that WinRM runs there (winrm enumerate winrm/config/listener) and that scheme and port fit its listener.",
            )
        if isinstance(cause, OSError) and cause.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH):
            return CannotConnect("There is no way to the host", where=where, hint="Check the address and the routing.")
    return CannotConnect("No connection came about", where=where, hint="Check the name, the port and the firewalls.")


def name_unknown(host: str, problem: OSError) -> CannotConnect:
    """The host's name leads to no address."""
    temporary = getattr(socket, "EAI_AGAIN", None)
    return CannotConnect(
        f"The name {host} leads to no address ({problem.strerror or 'unknown'})",
        where=host,
        hint="Check the option provider, and the name servers of the machine this runs on.",
        transient=temporary is not None and problem.errno == temporary,
    )


def _certificate(problem: ssl.SSLCertVerificationError, host: str, where: str) -> CannotConnect:
    code = getattr(problem, "verify_code", 0)
    if code in _WRONG_NAME:
        what = f"The certificate of the host is for another name than {host}"
        hint = (
            "Use a name that is in the certificate as provider, or have the listener given a certificate for this one."
        )
    elif code == _EXPIRED:
        what = "The certificate of the host, or of its authority, has expired"
        hint = "Have it renewed; also check the clock of the machine this runs on."
    elif code == _NOT_YET_VALID:
        what = "The certificate of the host is not valid yet"
        hint = "Check the clock of the machine this runs on, and of the host."
    elif code in _UNTRUSTED:
        what = "The certificate of the host comes from an authority that is not trusted here"
        hint = "Give the authority's certificate (PEM) in ca_cert, or install it into the system's store."
    else:
        what = f"The certificate of the host was not accepted ({getattr(problem, 'verify_message', '') or 'unknown'})"
        hint = "Check it; the authority's certificate (PEM) can be given in ca_cert."
    return CannotConnect(what, where=where, hint=hint, transient=False)


def _reason(problem: ssl.SSLError) -> str:
    return (problem.reason or "unknown").replace("_", " ").lower()


def login_failed(
    problem: BaseException | None, where: str, user: str, auth: str, wanted: tuple[str, ...], offered: tuple[str, ...]
) -> NotAuthenticated:
    """Why a login did not come about. `offered`: methods the host named in WWW-Authenticate; `wanted`: names of the one in use."""
    for cause in causes(problem) if problem is not None else ():
        if type(cause).__name__ == "UnsupportedAlgorithm" or (
            isinstance(cause, ValueError) and "md4" in str(cause).lower()
        ):
            return NotAuthenticated(
                f"The cryptography library here lacks an old algorithm that {auth} needs (MD4 or RC4)",
                where=where,
                hint="NTLM, also inside CredSSP, needs OpenSSL's legacy provider. Unset CRYPTOGRAPHY_OPENSSL_NO_LEGACY and allow the "
                "legacy provider, or leave FIPS mode, in this Python environment.",
            )
    known = {each.lower() for each in offered}
    if offered and not known & {each.lower() for each in wanted}:
        return NotAuthenticated(
            f"The host does not offer the authentication method {auth}; it offers {', '.join(offered)}",
            where=where,
            hint=_how_to_offer(auth, known),
        )
    for cause in causes(problem) if problem is not None else ():
        status = _nt_status(cause)
        if status is not None:
            meaning = _LOGIN_STATUS.get(status & 0xFFFFFFFF, "the host refused the login")
            return NotAuthenticated(
                f"The host refused the login of {user}: {meaning} (0x{status & 0xFFFFFFFF:08X})",
                where=where,
                hint=_LOGIN_STEPS.get(status & 0xFFFFFFFF, _CREDENTIALS_HINT),
                rejected=True,
            )
    if auth == "certificate":
        return NotAuthenticated(
            "The host does not know the client certificate",
            where=where,
            hint="Map it to a local account there (New-Item WSMan:\\localhost\\ClientCertificate), and switch the method on "
            '(winrm set winrm/config/service/auth @{Certificate="true"}).',
            rejected=True,
        )
    if problem is None or isinstance(problem, PermissionError):
        return NotAuthenticated(
            f"The host refused the login of {user}: user name or password is wrong",
            where=where,
            hint=_CREDENTIALS_HINT,
            rejected=True,
        )
    return NotAuthenticated(
        f"The login of {user} with {auth} broke off ({type(problem).__name__})",
        where=where,
        hint=f"{_CREDENTIALS_HINT} With CredSSP, the host also has to allow it (Enable-WSManCredSSP -Role Server).",
        rejected=True,
    )


def _nt_status(cause: BaseException) -> int | None:
    """The NTSTATUS that an exception of requests-credssp or pyspnego carries: the host's own reason (peers V-13)."""
    for holder, name in ((cause, "status"), (getattr(cause, "base_error", None), "winerror"), (cause, "winerror")):
        status = getattr(holder, name, None)
        if isinstance(status, int) and status:
            return status
    return None


def certificate_refused(problem: BaseException, where: str) -> NotAuthenticated | None:
    """The host's TLS does not take our certificate, or misses one; None if that is not what happened."""
    for cause in causes(problem):
        reason = (getattr(cause, "reason", None) or "") if isinstance(cause, ssl.SSLError) else ""
        if not isinstance(cause, ssl.SSLCertVerificationError) and "ALERT" in str(reason):
            return NotAuthenticated(
                f"The host did not accept the client certificate ({_reason(cause)})",  # type: ignore[arg-type]
                where=where,
                hint="Check that it is valid, is meant for client authentication, and comes from an authority that the host trusts.",
                rejected=True,
            )
    return None


_CREDENTIALS_HINT = (
    "Check username (DOMAIN\\user or user@domain) and password, and that the account may use WinRM there."
)


def _how_to_offer(auth: str, known: set[str]) -> str:
    if auth == "credssp":
        other = " or set auth to ntlm" if known & {"negotiate", "ntlm"} else ""
        return f"Run Enable-WSManCredSSP -Role Server on the host,{other or ' or choose another method with auth'}.".replace(
            ",.", "."
        )
    return (
        "Choose another method with auth, or have this one enabled on the host (winrm get winrm/config/service/auth)."
    )
