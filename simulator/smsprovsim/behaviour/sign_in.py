# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The minimum sign-in strength that an administrator of the hierarchy can demand (behaviour 5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..repository import WBEM_E_ACCESS_DENIED, provider_error, wmi_error
from ..security import Account

_TEXT = "The authentication level of this session is lower than the site demands"


@dataclass(frozen=True)
class SignIn:
    """What the provider demands. `strong`: a certificate or Windows Hello, except for the users in `exceptions`.

    Nobody who comes over WinRM meets it: a user name and a password are not enough, whatever the transport.
    """

    strong: bool = False
    exceptions: frozenset[str] = frozenset()  # DOMAIN\user in lower case

    def demand(self, account: Account, switches: Mapping[str, str]) -> None:
        """Raise the error of a sign-in that is too weak. ASSUMED: sign_in_refusal"""
        if not self.strong or account.name.lower() in self.exceptions:
            return
        if switches["sign_in_refusal"] == "access_denied":
            raise wmi_error(WBEM_E_ACCESS_DENIED, "Access denied", "ConnectServer", account.name)
        # ASSUMED: no number and these words; no source has either.
        raise provider_error(0, _TEXT, "ConnectServer", account.name)
