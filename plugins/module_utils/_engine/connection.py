# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection options that every module has, in one table. A test holds the documentation against it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Callable

from .._provider.errors import Impossible
from .._provider.site import Connect, Means
from .._wsman.choice import HTTP_PORTS
from .._wsman.context import ContextValues
from .._wsman.endpoint import Endpoint
from .._wsman.methods import METHODS
from .._wsman.trace import VARIABLE, Trace
from .audit import audit_values

LEAST_ENVELOPE = 8192  # wire H-08
AUTH_METHODS = ("auto", *METHODS)


@dataclass(frozen=True)
class Option:
    """One connection option; its environment variable is CONFIGMGR_ and the name in capitals."""

    name: str
    type: str = "str"
    default: Any = None
    choices: tuple[str, ...] = ()
    required: bool = False
    no_log: bool = False

    @property
    def variable(self) -> str:
        """The environment variable that stands in for the option; an empty one counts as unset."""
        return f"CONFIGMGR_{self.name.upper()}"


OPTIONS = (
    Option("provider", required=True),
    Option("site_code"),
    Option("scheme", choices=("https", "http")),
    Option("port", type="int"),
    Option("auth", default="auto", choices=AUTH_METHODS),
    Option("username"),
    Option("password", no_log=True),
    Option("kerberos_delegation", type="bool", default=False),
    Option("kerberos_service", default="HTTP"),
    Option("kerberos_hostname"),
    Option("kerberos_ccache"),
    Option("client_cert", type="path"),
    Option("client_key", type="path"),
    Option("client_key_password", no_log=True),
    Option("credssp_mechanism", default="auto", choices=("auto", "kerberos", "ntlm")),
    Option("credssp_minimum_version", type="int", default=2),
    Option("ca_cert", type="path"),
    Option("skip_certificate_check", type="bool", default=False),
    Option("operation_timeout", type="int", default=60),
    Option("connect_timeout", type="int", default=30),
    Option("max_envelope_size", type="int", default=512000),
    Option("uri_style", default="auto", choices=("auto", "microsoft", "dmtf")),
    Option("proxy", no_log=True),
    Option("audit_name"),
)


def means_from(params: Mapping[str, Any], warn: Callable[[str], Any] = str) -> Means:
    """How to reach the provider host that a task names. Raises Impossible for options that cannot go together.

    `warn` is told what the host does not take and the task can do without.
    """
    if not params["provider"].strip():  # resolving nothing would give this very machine
        raise Impossible("provider is empty", hint="Name the host that runs the SMS Provider")
    _check_credential(params)
    port = params["port"] or 0
    if params["port"] is not None and not 0 < port < 65536:
        raise Impossible(f"port {port} is not between 1 and 65535")
    if params["max_envelope_size"] < LEAST_ENVELOPE:
        raise Impossible(
            f"max_envelope_size {params['max_envelope_size']} is less than {LEAST_ENVELOPE}, which WinRM refuses"
        )
    for name in ("operation_timeout", "connect_timeout"):
        if params[name] < 1:
            raise Impossible(f"{name} {params[name]} is less than a second")
    endpoint = Endpoint(
        provider=params["provider"],
        port=port,
        scheme=params["scheme"] or "",
        auth=params["auth"],
        username=params["username"] or "",
        password=params["password"] or "",
        ca_cert=params["ca_cert"],
        skip_certificate_check=params["skip_certificate_check"],
        operation_timeout=float(params["operation_timeout"]),
        connect_timeout=float(params["connect_timeout"]),
        max_envelope_size=params["max_envelope_size"],
        proxy=params["proxy"],
        kerberos_delegation=params["kerberos_delegation"],
        kerberos_service=params["kerberos_service"],
        kerberos_hostname=params["kerberos_hostname"] or "",
        kerberos_ccache=params["kerberos_ccache"] or "",
        client_cert=params["client_cert"] or "",
        client_key=params["client_key"] or "",
        client_key_password=params["client_key_password"] or "",
        credssp_mechanism=params["credssp_mechanism"],
        credssp_minimum_version=params["credssp_minimum_version"],
    )

    def refused(reason: str) -> None:
        warn(
            f"The provider host does not take the names for the audit trail ({reason}), so the site's audit messages show "
            "Unknown; set audit_name to none to spare the request that finds this out"
        )

    context = ContextValues(audit_values(params["audit_name"], os.environ), refused)
    means = Means(endpoint, uri_style=params["uri_style"], context=context)
    path = os.environ.get(VARIABLE, "")
    return replace(means, connect=_traced(means.connect, Trace(path, _secrets(params), warn))) if path else means


def _check_credential(params: Mapping[str, Any]) -> None:
    """Raise Impossible unless what the method needs was given, and nothing would go out readable."""
    auth = params["auth"]
    method = METHODS.get(auth)
    if auth == "auto" and params["password"] and not params["username"]:
        raise Impossible("There is a password but no username", hint="Set the option username, or CONFIGMGR_USERNAME")
    if method is None:
        return
    needed = {"username": method.username, "password": method.password, "client_cert": method.client_certificate}
    if auth == "kerberos":
        needed["username"] = bool(params["password"])
    for name, needs in needed.items():
        if needs and not params[name]:
            raise Impossible(
                f"auth {auth} needs {name}",
                hint=f"Set the option {name}, or the variable CONFIGMGR_{name.upper()}",
            )
    plain = params["scheme"] == "http" or (not params["scheme"] and params["port"] in HTTP_PORTS)
    if plain and method.client_certificate:
        raise Impossible("auth certificate works over https only", hint="Use scheme https")
    if plain and not method.encrypts:
        raise Impossible(
            f"auth {auth} over http would send the password readable",
            hint="Use scheme https, or auth kerberos, ntlm or credssp, which encrypt over http",
        )
    if not 2 <= params["credssp_minimum_version"] <= 6:
        raise Impossible(
            f"credssp_minimum_version {params['credssp_minimum_version']} is not between 2 and 6",
            hint="5 refuses hosts without the update for CVE-2018-0886",
        )


def _traced(connect: Connect, trace: Trace) -> Connect:
    """Connections that write down what goes over them."""
    return lambda endpoint, address: trace.session(connect(endpoint, address))


def _secrets(params: Mapping[str, Any]) -> list[str]:
    """The values that no file may show: credentials, and what a task gives to a method in secret."""
    own = [str(params[option.name]) for option in OPTIONS if option.no_log and params[option.name]]
    return own + list(_leaves(params.get("secret_arguments")))


def _leaves(value: Any) -> Iterator[str]:
    """Every single value inside dictionaries and lists, as text."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for each in value:
            yield from _leaves(each)
    elif value is not None and not isinstance(value, bool):
        yield str(value)
