# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each reason why a login fails has its own message and its own next step: the table of the guide, held against what comes out."""

from __future__ import annotations

import builtins
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._provider.site import open_site
from ansible_collections.configmgr.content.plugins.module_utils._wsman import methods
from ansible_collections.configmgr.content.plugins.module_utils._wsman.errors import ConfigMgrError
from realm import DISABLED, EXPIRED_ACCOUNT, EXPIRED_PASSWORD, LOCKED, MUST_CHANGE, Realm, User

from smsprovsim.auth import Account

from .conftest import MakeDoor

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "docsite" / "rst" / "connecting_and_authenticating.rst"


@dataclass(frozen=True)
class Row:
    """A row of the table: what is wrong, what is told, what to do."""

    cause: str
    told: str
    next_step: str


def rows() -> dict[str, Row]:
    """The table of the guide, by cause."""
    text = GUIDE.read_text(encoding="utf-8").partition("Why a login fails\n---")[2].partition("\nA refused login\n")[0]
    table = text.partition(".. list-table::")[2]
    found = re.findall(r"^   \* - (.+)\n     - (.+)\n     - (.+)$", table, re.MULTILINE)[1:]
    return {cause: Row(cause, told.strip("`"), step) for cause, told, step in found}


class Stage:
    """What a scene plays on."""

    def __init__(self, door: MakeDoor, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
        self.door = door
        self.request = request
        self.monkeypatch = monkeypatch

    @property
    def realm(self) -> Realm:
        """The realm, with this process in it."""
        realm: Realm = self.request.getfixturevalue("in_realm")
        return realm

    def lose(self, module: str) -> None:
        """Have a library not there."""
        original = builtins.__import__

        def absent(name: str, *args: Any, **kwargs: Any) -> Any:
            if name.partition(".")[0] == module:
                raise ImportError(name)
            return original(name, *args, **kwargs)

        self.monkeypatch.setattr("importlib.import_module", absent)


def _wrong(way: str) -> Callable[[Stage], Any]:
    return lambda stage: stage.door(way).means(password="Wr0ng-pass")


def _kerberos(user: User) -> Callable[[Stage], Any]:
    return lambda stage: stage.door("kerberos-password").means(
        username=f"{user.name}@CONTOSO.TEST", password=user.password
    )


def _credssp(state: str) -> Callable[[Stage], Any]:
    def scene(stage: Stage) -> Any:
        account = Account("CONTOSO", "svc-state", "S0me-password", state=state)
        there = stage.door("credssp", accounts=(account,), switches={"credssp_error_code": "reason"})
        return there.means(username=account.principal, password=account.password)

    return scene


def _server_certificate(kind: str) -> Callable[[Stage], Any]:
    return lambda stage: stage.door("ntlm", kind).means()


def _client_certificate(kind: str) -> Callable[[Stage], Any]:
    def scene(stage: Stage) -> Any:
        there = stage.door("certificate")
        shown = there.server.client_certificate(kind=kind)
        return there.means(client_cert=shown.cert, client_key=shown.key)

    return scene


def _key_password(stage: Stage) -> Any:
    there = stage.door("certificate")
    shown = there.server.client_certificate(password="right")
    return there.means(client_cert=shown.cert, client_key=shown.key, client_key_password="Wr0ng-pass")


def _no_ticket(stage: Stage) -> Any:
    return stage.door("kerberos-ticket").means(kerberos_ccache="FILE:/nonexistent/cache")


def _old_ticket(stage: Stage) -> Any:
    there = stage.door("kerberos-ticket")
    return there.means(kerberos_ccache=f"FILE:{stage.realm.expired_ticket(there.server.account.user)}")


def _foreign_ticket(stage: Stage) -> Any:
    return stage.door("kerberos-ticket").means(username="other@CONTOSO.TEST")


def _stranger(stage: Stage) -> Any:
    stage.realm.add_user(User("stranger", "S0me-password"))
    return stage.door("kerberos-ticket").means(kerberos_ccache=f"FILE:{stage.realm.ticket('stranger')}")


def _clock(stage: Stage) -> Any:
    there = stage.door("kerberos-ticket")
    return there.means(kerberos_ccache=f"FILE:{stage.realm.skewed_ticket(there.server.account.user)}")


def _no_kdc(stage: Stage) -> Any:
    return stage.door("kerberos-password").means(username="svc@NOWHERE.TEST")


def _short_name(stage: Stage) -> Any:
    return stage.door("kerberos-password").means(username="CONTOSO\\svc")


def _alias(stage: Stage) -> Any:
    return stage.door("kerberos-password").means(kerberos_hostname="alias.contoso.test")


def _without_library(way: str, module: str) -> Callable[[Stage], Any]:
    def scene(stage: Stage) -> Any:
        means = stage.door(way).means()
        stage.lose(module)
        return means

    return scene


def _without_kinit(stage: Stage) -> Any:
    means = stage.door("kerberos-password").means()
    stage.monkeypatch.setattr(methods, "program", lambda name: None)
    return means


def _without_old_algorithms(stage: Stage) -> Any:
    from cryptography.exceptions import UnsupportedAlgorithm

    def refuse(*_args: Any, **_kwargs: Any) -> Any:
        raise UnsupportedAlgorithm("cipher ARC4 in None mode is not supported by this backend")

    means = stage.door("ntlm").means()
    stage.monkeypatch.setattr("spnego._ntlm_raw.crypto.RC4Handle.__init__", refuse)
    return means


def _not_offered(stage: Stage) -> Any:
    return stage.door("ntlm").means(auth="credssp")


def _without_remote_access(stage: Stage) -> Any:
    account = Account("CONTOSO", "svc-outside", "S0me-password", remote_access=False)
    there = stage.door("ntlm", accounts=(account,))
    return there.means(username=account.principal, password=account.password)


def _without_role(stage: Stage) -> Any:
    account = Account("CONTOSO", "svc-norole", "S0me-password")
    there = stage.door("ntlm", accounts=(account,))
    return there.means(username=account.principal, password=account.password)


SCENES: dict[str, Callable[[Stage], Any]] = {
    "wrong password (NTLM)": _wrong("ntlm"),
    "wrong password (Basic)": _wrong("basic"),
    "wrong password (CredSSP)": _wrong("credssp"),
    "wrong password (Kerberos)": _wrong("kerberos-password"),
    "expired password (CredSSP)": _credssp("password_expired"),
    "expired password (Kerberos)": _kerberos(EXPIRED_PASSWORD),
    "password to be changed first (CredSSP)": _credssp("must_change_password"),
    "password to be changed first (Kerberos)": _kerberos(MUST_CHANGE),
    "expired account (CredSSP)": _credssp("expired"),
    "expired account (Kerberos)": _kerberos(EXPIRED_ACCOUNT),
    "disabled account (CredSSP)": _credssp("disabled"),
    "disabled account (Kerberos)": _kerberos(DISABLED),
    "locked account (CredSSP)": _credssp("locked"),
    "locked account (Kerberos)": _kerberos(LOCKED),
    "unknown account (Kerberos)": _kerberos(User("svc-unheard-of", "S0me-password")),
    "account without a realm": _short_name,
    "no ticket": _no_ticket,
    "expired ticket": _old_ticket,
    "ticket of somebody else": _foreign_ticket,
    "ticket that the host refuses": _stranger,
    "clock skew": _clock,
    "no KDC": _no_kdc,
    "host under another name (Kerberos)": _alias,
    "untrusted certificate": _server_certificate("untrusted"),
    "self-signed certificate": _server_certificate("self_signed"),
    "expired certificate": _server_certificate("expired"),
    "certificate not valid yet": _server_certificate("not_yet_valid"),
    "certificate for another name": _server_certificate("wrong_name"),
    "client certificate of nobody": _client_certificate("unmapped"),
    "client certificate that has expired": _client_certificate("expired"),
    "client certificate that is not trusted": _client_certificate("untrusted"),
    "wrong password of the key": _key_password,
    "library missing (Kerberos)": _without_library("kerberos-ticket", "kerberos"),
    "library missing (CredSSP)": _without_library("credssp", "requests_credssp"),
    "kinit missing": _without_kinit,
    "MD4 or RC4 missing": _without_old_algorithms,
    "method not offered": _not_offered,
    "no right to use WinRM": _without_remote_access,
    "no role in Configuration Manager": _without_role,
}


@pytest.mark.parametrize("cause", SCENES)
def test_each_reason_has_its_message_and_its_next_step(
    door: MakeDoor, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, cause: str
) -> None:
    means = SCENES[cause](Stage(door, request, monkeypatch))
    with pytest.raises(ConfigMgrError) as failed:
        open_site(means)
    error = failed.value
    row = rows()[cause]
    assert fits(row.told, error.what), error.what
    assert fits(row.next_step, error.hint), error.hint
    secret = means.endpoint.password
    assert not secret or secret not in f"{error}{error!r}{error.as_result()}"


def fits(written: str, told: str) -> bool:
    """Whether a text of the guide is the one that came out; `<...>` stands for anything, marks for nothing."""
    plain = written.replace("``", "").replace("\\\\", "\\").rstrip(". ")
    pattern = ".+?".join(re.escape(part) for part in re.split(r"<[^<>]+>", plain))
    return re.fullmatch(pattern, told.rstrip(". "), re.DOTALL) is not None


def test_the_table_has_no_row_that_is_not_tested() -> None:
    assert list(rows()) == list(SCENES)


def test_reasons_are_told_apart() -> None:
    """Only causes that a host does not tell apart, and one cause by several methods, share a message."""
    told = [(row.told, row.next_step) for row in rows().values()]
    shared = {each for each in told if told.count(each) > 1}
    names = [row.cause for row in rows().values() if (row.told, row.next_step) in shared]
    assert {name.partition(" (")[0] for name in names} <= SAME, names


# The KDC of MIT and a host do not tell these apart.
SAME = {
    "wrong password",
    "expired password",
    "password to be changed first",
    "disabled account",
    "locked account",
    "untrusted certificate",
    "self-signed certificate",
    "client certificate of nobody",
    "client certificate that is not trusted",
}
