# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every way to log in: the same refresh, over HTTP and HTTPS, and one failed login for a refused credential."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._provider.site import open_site, settled
from ansible_collections.configmgr.content.plugins.module_utils._wsman.errors import NotAuthenticated
from realm import Realm, User

from .conftest import WAYS, MakeDoor

PACKAGE = "PS100001"
OVER_HTTP = ("ntlm", "credssp", "credssp-kerberos", "kerberos-ticket", "kerberos-password")
EACH = [(way, True) for way in WAYS] + [(way, False) for way in OVER_HTTP]
# Ways whose credential the host itself looks at; for a password of Kerberos that is the KDC.
CHECKED_BY_HOST = ("ntlm", "credssp", "basic")


@pytest.mark.parametrize(("way", "tls"), EACH)
def test_a_refresh_works(door: MakeDoor, way: str, tls: bool) -> None:
    there = door(way, tls)
    result = there.refresh(PACKAGE)
    assert result.only["status"] == "refreshed", result.only
    assert there.executions(PACKAGE) == 1
    user = there.server.account.principal
    assert {entry["user"] for entry in there.server.journal} == {user}
    assert {entry["encrypted"] for entry in there.server.journal} == {not tls}
    assert there.server.logins["successes"] == {user: 1}
    assert there.server.logins["failed"] == 0


@pytest.mark.parametrize("way", ["kerberos-ticket", "kerberos-password"])
@pytest.mark.parametrize("binding", ["relaxed", "strict", "none"])
def test_kerberos_binds_to_the_channel_at_once(door: MakeDoor, way: str, binding: str) -> None:
    """wire A-11: pywinrm itself tries without the binding first, which a strict host counts as a failed login."""
    there = door(way, switches={"channel_binding": binding})
    assert there.refresh(PACKAGE).changed
    assert there.server.logins["failed"] == 0


@pytest.mark.parametrize("way", ["credssp", "credssp-kerberos"])
def test_credssp_keeps_to_what_a_strict_host_takes(door: MakeDoor, way: str) -> None:
    """peers V-14"""
    there = door(way, False, switches={"credssp_trailer": "strict"})
    assert there.refresh(PACKAGE).changed
    mechanism = "kerberos" if way.endswith("kerberos") else "ntlm"
    assert {entry["mechanism"] for entry in there.server.journal} == {mechanism}


@pytest.mark.parametrize(("spoken", "wanted", "works"), [("6", 5, True), ("2", 2, True), ("2", 5, False)])
def test_a_minimum_version_of_credssp(door: MakeDoor, spoken: str, wanted: int, works: bool) -> None:
    there = door("credssp", False, switches={"credssp_version": spoken})
    means = there.means(credssp_minimum_version=wanted)
    if works:
        assert open_site(means).code
        return
    with pytest.raises(NotAuthenticated):
        open_site(means)
    assert there.server.logins["successes"] == {}


@pytest.mark.parametrize(("way", "tls"), [(way, tls) for way, tls in EACH if way in CHECKED_BY_HOST])
def test_a_wrong_password_is_one_failed_login(door: MakeDoor, way: str, tls: bool) -> None:
    there = door(way, tls)
    means = there.means(password="wrong")
    with pytest.raises(NotAuthenticated) as refused:
        open_site(means)
    assert refused.value.rejected
    assert there.server.logins["failed"] == 1
    with pytest.raises(NotAuthenticated):  # whoever shares the credential is told without a second attempt
        open_site(means, "PS1").get("SMS_Package", PACKAGE)
    assert there.server.logins["failed"] == 1
    assert there.server.logins["successes"] == {}


@pytest.mark.parametrize("tls", [True, False])
def test_a_wrong_password_of_kerberos_is_one_failed_login_at_the_kdc(
    door: MakeDoor, in_realm: Realm, tls: bool
) -> None:
    there = door("kerberos-password", tls, auth=("kerberos", "ntlm"))
    before = len(in_realm.requests())
    with pytest.raises(NotAuthenticated, match="the password is wrong"):
        open_site(there.means(password="wrong"))
    failed = [each for each in in_realm.requests()[before:] if each[1] == "PREAUTH_FAILED"]
    assert len(failed) == 1
    assert there.server.logins["failed"] == 0
    assert there.server.journal == []


def test_a_wrong_password_within_credssp_is_not_tried_by_another_mechanism(door: MakeDoor, in_realm: Realm) -> None:
    there = door("credssp-kerberos", auth=("credssp", "ntlm"))
    before = len(in_realm.requests())
    with pytest.raises(NotAuthenticated):
        open_site(there.means(password="wrong"))
    assert len([each for each in in_realm.requests()[before:] if each[1] == "PREAUTH_FAILED"]) == 1
    assert there.server.logins["failed"] == 0


def test_a_refused_ticket_is_sent_once(door: MakeDoor, in_realm: Realm) -> None:
    """pywinrm itself would send it three times."""
    there = door("kerberos-ticket", False)
    in_realm.add_user(User("stranger", "S0me-password"))
    with pytest.raises(NotAuthenticated, match="refused the Kerberos ticket") as refused:
        open_site(there.means(kerberos_ccache=f"FILE:{in_realm.ticket('stranger')}"))
    assert refused.value.rejected
    assert there.server.logins["failed"] == 1


@pytest.mark.parametrize("forwardable", [True, False])
def test_delegation_hands_over_a_ticket(door: MakeDoor, forwardable: bool) -> None:
    there = door("kerberos-password", False)
    open_site(there.means(kerberos_delegation=forwardable))
    assert {entry["delegated"] for entry in there.server.journal} == {forwardable}


def test_service_and_host_of_the_principal_can_be_chosen(door: MakeDoor) -> None:
    there = door("kerberos-password", False)
    open_site(there.means(provider="127.0.0.1", kerberos_hostname="cm01.contoso.test", kerberos_service="WSMAN"))
    assert there.server.logins["failed"] == 0


def test_a_host_that_offers_only_kerberos_by_that_name(door: MakeDoor, monkeypatch: pytest.MonkeyPatch) -> None:
    """wire A-04: the other name of the scheme, and the other name of the sealing"""
    from smsprovsim import auth

    monkeypatch.setitem(auth._OFFERED, "kerberos", ("Kerberos",))
    there = door("kerberos-password", False)
    assert there.refresh(PACKAGE).changed
    assert {entry["auth"] for entry in there.server.journal} == {"kerberos"}


@pytest.mark.parametrize("password", ["", "a 'hostile' \"password\""])
def test_the_key_of_a_certificate_may_be_encrypted(door: MakeDoor, password: str) -> None:
    there = door("certificate")
    shown = there.server.client_certificate(password=password)
    means = there.means(client_cert=shown.cert, client_key=shown.key, client_key_password=password)
    assert ("ENCRYPTED" in Path(shown.key).read_text()) == bool(password)
    assert open_site(means).code == "PS1"


def test_long_and_foreign_text_comes_through_kerberos(door: MakeDoor) -> None:
    there = door("kerberos-password", False)
    site = there.site()
    assert len(site.list_of("SMS_Package", {"PackageID": _string(), "Name": _string()})) > 1


def _string() -> Any:
    from ansible_collections.configmgr.content.plugins.module_utils._cim.types import STRING

    return STRING


def test_sessions_share_one_ticket_and_one_address(door: MakeDoor, in_realm: Realm) -> None:
    there = door("kerberos-password", False)
    before = len(in_realm.requests())
    site = there.site()
    other = site.sibling()
    for each in (site, other):
        each.get("SMS_Package", PACKAGE)
    assert other.means.endpoint.ticket is site.means.endpoint.ticket
    issued = [each for each in in_realm.requests()[before:] if each[0] == "AS_REQ" and each[1] == "ISSUE"]
    assert len(issued) == 1
    assert there.server.logins["successes"] == {there.server.account.principal: 2}


class TestAuto:
    def test_kerberos_before_ntlm(self, door: MakeDoor) -> None:
        there = door("kerberos-password", auth=("kerberos", "ntlm", "credssp", "basic"))
        open_site(there.means(auth="auto"))
        assert {entry["mechanism"] for entry in there.server.journal} == {"kerberos"}
        assert there.server.logins["failed"] == 0

    def test_a_ticket_that_is_there(self, door: MakeDoor, monkeypatch: pytest.MonkeyPatch) -> None:
        there = door("kerberos-ticket", auth=("kerberos", "ntlm"))
        assert there.realm is not None
        monkeypatch.setenv("KRB5CCNAME", f"FILE:{there.realm.ticket(there.server.account.user)}")
        open_site(there.means(auth="auto", kerberos_ccache=""))
        assert {entry["mechanism"] for entry in there.server.journal} == {"kerberos"}

    @pytest.mark.parametrize("by", ["address", "user"])
    def test_ntlm_where_a_ticket_cannot_be_had(self, door: MakeDoor, by: str) -> None:
        there = door("kerberos-password", auth=("kerberos", "ntlm", "credssp"))
        changes = {"provider": "127.0.0.1"} if by == "address" else {"username": there.server.account.principal}
        open_site(there.means(auth="auto", **changes))
        assert {entry["mechanism"] for entry in there.server.journal} == {"ntlm"}

    def test_ntlm_where_the_realm_knows_no_such_service(self, door: MakeDoor) -> None:
        there = door("kerberos-password", False, auth=("kerberos", "ntlm"))
        open_site(there.means(auth="auto", provider="alias.contoso.test"))
        assert {entry["mechanism"] for entry in there.server.journal} == {"ntlm"}

    def test_ntlm_where_no_kdc_answers(self, door: MakeDoor) -> None:
        there = door("kerberos-password", auth=("kerberos", "ntlm"))
        open_site(there.means(auth="auto", username=f"{there.server.account.user}@CONTOSO"))  # no realm of that name
        assert {entry["mechanism"] for entry in there.server.journal} == {"ntlm"}

    def test_a_wrong_password_is_not_tried_a_second_way(self, door: MakeDoor, in_realm: Realm) -> None:
        there = door("kerberos-password", auth=("kerberos", "ntlm"))
        before = len(in_realm.requests())
        means = there.means(auth="auto", password="wrong")
        for _each in range(2):
            with pytest.raises(NotAuthenticated, match="the password is wrong"):
                open_site(means)
        assert [each[1] for each in in_realm.requests()[before:]].count("PREAUTH_FAILED") == 1
        assert there.server.logins["failed"] == 0

    @pytest.mark.parametrize("offered", [("credssp",), ("basic",), ("credssp", "basic")])
    def test_never_a_method_that_gives_the_password_away(self, door: MakeDoor, offered: tuple[str, ...]) -> None:
        there = door(offered[0], auth=offered)
        with pytest.raises(NotAuthenticated, match="neither Kerberos nor NTLM") as refused:
            open_site(there.means(auth="auto"))
        assert f"Set auth to {' or '.join(offered)}" in refused.value.hint
        assert there.server.logins["total"] == there.server.logins["failed"] == 0

    def test_decided_once(self, door: MakeDoor) -> None:
        there = door("ntlm", auth=("ntlm", "credssp"))
        site = open_site(there.means(auth="auto"))
        assert site.means.endpoint.auth == "ntlm"
        assert settled(site.means).endpoint == site.means.endpoint
