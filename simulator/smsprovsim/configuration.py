# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of WinRM itself, as `winrm get winrm/config` shows them (MS-WSMV; wire L-01 to L-12). Read only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import names
from .operation import Answer, Operation
from .wsmanfault import WSManFault

_OWN_QUOTA = 15  # of the WMI plug-in, for which the service's own number does not count (wire L-04, U-12)
_SERVICE_QUOTA = 1500


def get(operation: Operation) -> Answer:
    """The whole configuration. Raises `WSManFault` for whoever may not read it, and for every other verb."""
    if operation.verb != "Get":
        raise WSManFault(5)
    if operation.target.keys:
        raise WSManFault(2150858843, "The configuration takes no key selectors.")
    if operation.switches["winrm_config"] == "denied":  # ASSUMED: winrm_config
        raise WSManFault(5)
    operation.executed = True
    return Answer(names.GET + "Response", _element("Config", _settings(operation), f' xmlns:cfg="{names.CONFIG}"'))


def _settings(operation: Operation) -> dict[str, Any]:
    # ASSUMED: max_envelope_kb, max_timeout_ms, max_batch_items, enumeration_timeout_ms, max_operations_per_user
    def number(switch: str) -> str:
        return f"{operation.switches.number(switch):g}"

    quota = number("max_operations_per_user")
    return {
        "MaxEnvelopeSizekb": number("max_envelope_kb"),
        "MaxTimeoutms": f"{operation.switches.number('max_timeout_ms'):.0f}",
        "MaxBatchItems": number("max_batch_items"),
        "MaxProviderRequests": "4294967295",
        "Client": {"NetworkDelayms": "5000", "URLPrefix": "wsman", "AllowUnencrypted": "false"},
        "Service": {
            "MaxConcurrentOperations": "4294967295",
            "MaxConcurrentOperationsPerUser": str(_SERVICE_QUOTA) if quota == str(_OWN_QUOTA) else quota,
            "EnumerationTimeoutms": f"{operation.switches.number('enumeration_timeout_ms'):.0f}",
            "MaxConnections": "300",
            "MaxPacketRetrievalTimeSeconds": "120",
            "AllowUnencrypted": "false",
            "Auth": {
                "Basic": "false",
                "Kerberos": "true",
                "Negotiate": "true",
                "Certificate": "false",
                "CbtHardeningLevel": operation.switches["channel_binding"].capitalize(),
            },
            "EnableCompatibilityHttpListener": "false",
            "EnableCompatibilityHttpsListener": "false",
        },
    }


def _element(name: str, content: str | Mapping[str, Any], attributes: str = "") -> str:
    inner = content if isinstance(content, str) else "".join(_element(key, value) for key, value in content.items())
    return f"<cfg:{name}{attributes}>{inner}</cfg:{name}>"
