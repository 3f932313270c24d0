# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The check with Kerberos, by a real KDC, and with `auth: auto`, which chooses as every module chooses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from realm import NAME, Realm, User

from .conftest import MakeVisitor
from .visitor import FOLDER, Visitor

HOST = "localhost"  # a ticket is for a name
KRB = {"domain": "CONTOSO", "user": "krbadmin", "password": "Krb-pass1", "rights": "all"}
UPN = f"krbadmin@{NAME}"
WRONG = "Wr0ng-pass!"

pytest.importorskip("kerberos", reason="pykerberos is not installed")


@pytest.fixture
def visitor(visit: MakeVisitor, in_realm: Realm) -> Visitor:
    """A site that takes Kerberos and NTLM, with an account of the realm."""
    in_realm.add_user(User(KRB["user"], KRB["password"]))
    site = {"accounts": [KRB], "sources": {FOLDER: {"readers": ["user"]}}}
    return visit(site, auth=("kerberos", "ntlm"), keytab=in_realm.keytab)


def krb(**more: Any) -> dict[str, Any]:
    """Options of somebody of the realm."""
    return {"user": "krbadmin", "provider": HOST, "auth": "kerberos", "username": UPN, **more}


def failures(realm: Realm) -> int:
    """Refused attempts at the KDC."""
    return len([each for each in realm.requests() if each[0] == "AS_REQ" and each[1] == "PREAUTH_FAILED"])


@pytest.mark.parametrize("delegated", [False, True])
def test_a_ticket_that_may_be_passed_on(visitor: Visitor, in_realm: Realm, delegated: bool) -> None:
    cache: Path = in_realm.ticket("krbadmin", forwardable=True)
    report = visitor.check(
        share_path=FOLDER, **krb(password="", kerberos_ccache=f"FILE:{cache}", kerberos_delegation=delegated)
    )
    assert report.failed == ([] if delegated else ["second_hop"])
    assert report.result["auth"] == "kerberos"
    if not delegated:
        assert "kerberos_delegation" in report.result["next_step"]
    assert visitor.server.logins["total"] == 1


def test_a_password_becomes_a_ticket(visitor: Visitor) -> None:
    report = visitor.check(**krb())
    assert report.failed == []
    assert visitor.server.logins["failed"] == 0


def test_auto_takes_kerberos_where_it_can(visitor: Visitor) -> None:
    report = visitor.check(**krb(auth="auto"))
    assert (report.failed, report.result["auth"]) == ([], "kerberos")
    assert {entry["mechanism"] for entry in visitor.server.journal if entry["user"]} == {"kerberos"}


@pytest.mark.parametrize(
    "changes", [{"username": "CONTOSO\\krbadmin"}, {"provider": "127.0.0.1"}], ids=["user", "host"]
)
def test_auto_takes_ntlm_where_it_cannot(visitor: Visitor, changes: dict[str, Any]) -> None:
    report = visitor.check(**krb(auth="auto", **changes))
    assert (report.failed, report.result["auth"]) == ([], "ntlm")
    assert visitor.server.logins["total"] == 1


@pytest.mark.parametrize("auth", ["auto", "kerberos"])
def test_a_wrong_password_is_one_failed_attempt(visitor: Visitor, in_realm: Realm, auth: str) -> None:
    before = failures(in_realm)
    report = visitor.check(try_all=True, **krb(auth=auth, password=WRONG))
    assert report.failed == ["login"]
    assert failures(in_realm) - before == 1
    assert visitor.server.logins["failed"] == visitor.server.logins["total"] == 0
    assert WRONG not in report.text()
    assert next(each for each in report.result["methods"] if each["auth"] == "kerberos")["login"] == "refused"


def test_every_method_when_asked_for(visitor: Visitor) -> None:
    report = visitor.check(try_all=True, **krb())
    assert report.failed == []
    told = {each["auth"]: each["login"] for each in report.result["methods"]}
    assert (told["kerberos"], told["ntlm"]) == ("ok", "ok")


def test_auto_takes_nothing_that_gives_the_password_away(visit: MakeVisitor) -> None:
    other = visit(auth=("credssp", "basic"))
    report = other.check(auth="auto", try_all=True)
    assert report.failed == ["login"]
    assert "neither Kerberos nor NTLM" in report.message
    assert other.server.logins["total"] == other.server.logins["failed"] == 0
