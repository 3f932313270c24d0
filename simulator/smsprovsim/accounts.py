# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The accounts of a server, and how often each logged in.

Facts: wire H-14; peers V-19.
"""

from __future__ import annotations

import hmac
import os
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# MD4 of the password; pyspnego keeps its function private, and hashlib has MD4 no more.
from spnego._ntlm_raw.crypto import ntowfv1

# Why an account cannot log in although the password is right, with the NTSTATUS of Windows for it (MS-ERREF 2.3.1).
STATES = {
    "password_expired": 0xC0000071,
    "must_change_password": 0xC0000224,
    "disabled": 0xC0000072,
    "locked": 0xC0000234,
    "expired": 0xC0000193,
    "no_network_logon": 0xC000015B,
}
LOGON_FAILURE = 0xC000006D


@dataclass(frozen=True)
class Account:
    """A domain account. `remote_access` false: it can log in, but WinRM's own access check refuses it (wire H-14).

    `state`: one of `STATES` if it cannot log in at all.
    """

    domain: str
    user: str
    password: str
    remote_access: bool = True
    state: str = ""

    def __post_init__(self) -> None:
        if self.state and self.state not in STATES:
            raise ValueError(f"the state of an account is one of {', '.join(STATES)}, not {self.state!r}")

    @property
    def principal(self) -> str:
        """``DOMAIN\\user``, the one spelling by which the rest of the simulator knows it."""
        return f"{self.domain}\\{self.user}"

    @property
    def logon_names(self) -> tuple[str, ...]:
        """The forms in which it may log in; both UPN suffixes are the account's domain."""
        return (self.principal, f"{self.user}@{self.domain}", f"{self.user}@{self.domain}.test")


# Quotes, a dollar and a backslash: whoever passes it on unquoted notices at once.
DEFAULT_ACCOUNT = Account("CONTOSO", "svc-ansible", "P@ss \"w0rd\" `$HOME` 'n' \\ !;&:#%")


class Accounts:
    """The accounts of a server, and the file from which the NTLM acceptors read them (peers V-19)."""

    def __init__(self, accounts: Iterable[Account], path: Path) -> None:
        self.all = tuple(accounts) or (DEFAULT_ACCOUNT,)
        self.path = path
        self._by_name = {name.casefold(): account for account in self.all for name in account.logon_names}
        # smbpasswd form, with the hash: in the plain form a colon in the password voids the line.
        lines = [
            f"{name}:1000:{'0' * 32}:{ntowfv1(account.password).hex().upper()}:[U]:LCT-00000000\n"
            for account in self.all
            for name in account.logon_names
        ]
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
            stream.writelines(lines)

    def find(self, name: str | None) -> Account | None:
        """The account of a logon name, without regard to case."""
        return self._by_name.get((name or "").casefold())

    def check(self, name: str, password: str) -> Account | None:
        """The account, if the password is its own."""
        account = self.find(name)
        if account and hmac.compare_digest(account.password.encode(), password.encode()):
            return account
        return None


class Logins:
    """How often each user logged in and failed to, and why not."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.successes: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()
        self.refused: list[dict[str, str]] = []

    def success(self, user: str) -> None:
        """Count a login."""
        with self._lock:
            self.successes[user] += 1

    def failure(self, user: str, scheme: str, reason: str) -> None:
        """Count a refused login, and note the reason: one that no client is told."""
        with self._lock:
            self.failures[user] += 1
            self.refused.append({"user": user, "scheme": scheme, "reason": reason})

    def clear(self) -> None:
        """Begin at zero."""
        with self._lock:
            self.successes.clear()
            self.failures.clear()
            self.refused.clear()

    def as_dict(self) -> dict[str, Any]:
        """For `GET /state`."""
        with self._lock:
            return {
                "successes": dict(self.successes),
                "failures": dict(self.failures),
                "total": self.successes.total(),
                "failed": self.failures.total(),
                "refused": [dict(each) for each in self.refused],
            }


# NTLM acceptors find the accounts through an environment variable, which belongs to the process; servers may be several.
_environment = threading.RLock()


@contextmanager
def account_file(path: Path) -> Iterator[None]:
    """Have the NTLM acceptors of this process read the accounts of this file."""
    with _environment:
        before = os.environ.get("NTLM_USER_FILE")
        os.environ["NTLM_USER_FILE"] = str(path)
        try:
            yield
        finally:
            if before is None:
                del os.environ["NTLM_USER_FILE"]
            else:
                os.environ["NTLM_USER_FILE"] = before
