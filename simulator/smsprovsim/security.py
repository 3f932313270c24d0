# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts, and what each may see and do (behaviour 4, wire S-06)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from .model import WmiError
from .repository import Record, provider_error

USER_LACKS_A_RIGHT = 1112017920  # behaviour 119
DEFAULT_SCOPE = "Default"

# What a role may allow. `read` alone is a read-only analyst.
OPERATIONS = ("read", "create", "modify", "delete", "distribute", "refresh")


@dataclass(frozen=True)
class Account:
    """A Windows account. `scopes` None is all scopes; no operations is no role: every query is empty.

    `namespace_access` False stands for an account outside the group SMS Admins, `remote_access` False for one outside
    Remote Management Users (wire H-14).
    """

    domain: str
    user: str
    password: str
    operations: frozenset[str] = frozenset(OPERATIONS)
    scopes: frozenset[str] | None = None
    namespace_access: bool = True
    remote_access: bool = True

    @property
    def name(self) -> str:
        r"""The name as the provider writes it: ``DOMAIN\user``."""
        return f"{self.domain}\\{self.user}"

    def may(self, operation: str) -> bool:
        """Whether the role allows the operation."""
        return operation in self.operations

    def in_scope(self, scopes: Collection[str]) -> bool:
        """Whether the account sees an object with these security scopes."""
        return self.may("read") and (self.scopes is None or not self.scopes.isdisjoint(scopes))

    def demand(self, operation: str, record: Record, wmi_operation: str) -> None:
        """Raise the error of a missing right unless the account has it."""
        if not self.may(operation):
            raise lacks_right(
                self.name, operation, record.path(), wmi_operation, str(record.values.get("PackageType", ""))
            )


def lacks_right(user: str, operation: str, path: str, wmi_operation: str, object_info: str = "") -> WmiError:
    """The error the provider raises for a missing right: 0x80041001 with ErrorCode 1112017920 (behaviour 119)."""
    description = f"User {user} does not have the right '{operation}' on {path}. Error: 0x42480C00"
    return provider_error(USER_LACKS_A_RIGHT, description, wmi_operation, path, object_info=object_info)
