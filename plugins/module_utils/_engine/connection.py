# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection options that every module has, in one table. A test holds the documentation against it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Callable

from .._provider.errors import Impossible
from .._provider.site import Means
from .._wsman.context import ContextValues
from .._wsman.transport import Endpoint
from .audit import audit_values

PORTS = {"https": 5986, "http": 5985}
LEAST_ENVELOPE = 8192  # wire H-08
AUTH_METHODS = ("credssp", "ntlm", "basic")


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
    Option("scheme", default="https", choices=("https", "http")),
    Option("port", type="int"),
    Option("auth", default="credssp", choices=AUTH_METHODS),
    Option("username"),
    Option("password", no_log=True),
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
    scheme = params["scheme"]
    if not params["provider"].strip():  # resolving nothing would give this very machine
        raise Impossible("provider is empty", hint="Name the host that runs the SMS Provider")
    for name in ("username", "password"):
        if not params[name]:
            raise Impossible(
                f"auth {params['auth']} needs {name}",
                hint=f"Set the option {name}, or the variable CONFIGMGR_{name.upper()}",
            )
    if params["auth"] == "basic" and scheme == "http":
        raise Impossible(
            "auth basic over http would send the password readable",
            hint="Use scheme https, or auth credssp or ntlm, which encrypt over http",
        )
    port = PORTS[scheme] if params["port"] is None else params["port"]
    if not 0 < port < 65536:
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
        scheme=scheme,
        auth=params["auth"],
        username=params["username"],
        password=params["password"],
        ca_cert=params["ca_cert"],
        skip_certificate_check=params["skip_certificate_check"],
        operation_timeout=float(params["operation_timeout"]),
        connect_timeout=float(params["connect_timeout"]),
        max_envelope_size=params["max_envelope_size"],
        proxy=params["proxy"],
    )

    def refused(reason: str) -> None:
        warn(
            f"The provider host does not take the names for the audit trail ({reason}), so the site's audit messages show "
            "Unknown; set audit_name to none to spare the request that finds this out"
        )

    context = ContextValues(audit_values(params["audit_name"], os.environ), refused)
    return Means(endpoint, uri_style=params["uri_style"], context=context)
