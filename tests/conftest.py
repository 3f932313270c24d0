# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests of every kind may ask for: a Kerberos realm. This folder is on the path, for `realm`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from realm import Realm, User, missing


@pytest.fixture(scope="session")
def realm() -> Iterator[Realm]:
    """A Kerberos realm in which every account of the simulated sites is a user; `in_realm` goes into it.

    Shared by all tests: whoever needs other users, another clock or a KDC that is down starts a `Realm` of its own.
    """
    reason = missing()
    if reason:
        pytest.skip(reason)
    with Realm(users()) as made:
        yield made


@pytest.fixture
def in_realm(realm: Realm, monkeypatch: pytest.MonkeyPatch) -> Realm:
    """The realm, with this process in it: what it starts and what logs in from here finds its KDC, and no tickets."""
    for name, value in realm.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("KRB5_KTNAME", raising=False)
    return realm


def users() -> list[User]:
    """The simulator's account, and those of its scenarios."""
    import yaml

    import smsprovsim
    from smsprovsim.auth import DEFAULT_ACCOUNT

    users = {DEFAULT_ACCOUNT.user: User(DEFAULT_ACCOUNT.user, DEFAULT_ACCOUNT.password)}
    for path in sorted(Path(smsprovsim.__file__).parent.glob("scenarios/*.yml")):
        for each in yaml.safe_load(path.read_text(encoding="utf-8")).get("accounts") or ():
            users[each["user"]] = User(each["user"], each["password"])
    return list(users.values())
