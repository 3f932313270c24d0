# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input and bad connections: what failed, where, and what to do; nothing sent, one failed login at most."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._engine.selection import Asked
from ansible_collections.configmgr.content.plugins.module_utils._wsman.errors import ConfigMgrError

from .conftest import MakeLab
from .lab import Lab

PACKAGES = {
    "unknown id": (
        {"package_ids": ("PS1FFFFF",)},
        r"No package PS1FFFFF at site PS1.*outside the scopes of CONTOSO\\cmadmin",
    ),
    "malformed id": ({"package_ids": ("PS1X",)}, r"Not a package id: 'PS1X'.*such as PS100001"),
    "hostile id": ({"package_ids": ("PS1' OR 1=1",)}, r"Not a package id"),
    "unknown name": ({"names": ("Nope",)}, r"No package named 'Nope'.*outside the scopes of CONTOSO\\cmadmin"),
    "hostile name": ({"names": ("x' OR Name LIKE '%",)}, r"No package named .*outside the scopes"),
    "name of two": (
        {"names": ("Notepad++",)},
        r"'Notepad\+\+': PS10000B \(package\), PS10000C \(package\).*package_ids",
    ),
    "empty selection": ({"selection": {}}, r"The selection names nothing.*at least one"),
    "unknown folder": ({"selection": {"folder": "/Nowhere"}}, r"No folder '/Nowhere'.*Check the path"),
}


@pytest.mark.parametrize("case", PACKAGES)
def test_packages_that_cannot_be_meant(lab: Lab, case: str) -> None:
    asked, message = PACKAGES[case]
    with pytest.raises(ConfigMgrError) as caught:
        lab.refresh(wish={"asked": Asked(**asked)})
    assert re.search(message, str(caught.value), re.DOTALL), str(caught.value)
    assert not lab.calls()


def test_names_folders_and_selections_find_what_they_say(lab: Lab) -> None:
    found = [
        lab.refresh(wish={"asked": Asked(names=("latitude 5420 WINDOWS 10",))}, wait=False),
        lab.refresh(wish={"asked": Asked(names=("7-Zip",), package_types=(0,))}, wait=False),
        lab.refresh(wish={"asked": Asked(selection={"folder": "/Utilities"})}, wait=False),
        lab.refresh(wish={"asked": Asked(selection={"folder": "Utilities/Archivers"})}, wait=False),
        lab.refresh(wish={"asked": Asked(selection={"name": "Boot image*", "type": ["boot_image"]})}, wait=False),
        lab.refresh(
            wish={"asked": Asked(selection={"source_path_prefix": "\\\\files01.contoso.test\\drivers$\\"})}, wait=False
        ),
        lab.refresh(wish={"asked": Asked(selection={"manufacturer": "Microsoft Corporation"})}, wait=False),
    ]
    assert [sorted(result.rows) for result in found] == [
        ["PS100002"],
        ["PS100001"],
        ["PS10000B", "PS10000C"],
        ["PS100001"],
        ["PS10000E"],
        ["PS100002"],
        [],  # the client package is built in
    ]


def test_a_built_in_package_is_refreshed_if_it_is_named(lab: Lab) -> None:
    assert lab.refresh("PS10000D").only["status"] == "refreshed"


CONNECTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "no such host": (
        {"provider": "no-such-host.invalid"},
        r"no-such-host\.invalid leads to no address.*option provider",
    ),
    "wrong port": ({"port": 1}, r"127\.0\.0\.1:1: The host refuses the connection.*port"),
    "wrong password, CredSSP": (
        {"password": "x", "auth": "credssp"},
        r"refused the login of CONTOSO\\cmadmin.*password",
    ),
    "wrong password, NTLM": ({"password": "x", "auth": "ntlm"}, r"refused the login of CONTOSO\\cmadmin.*password"),
    "wrong password, Basic": ({"password": "x", "auth": "basic"}, r"refused the login of CONTOSO\\cmadmin.*password"),
    "unknown authority": ({"ca_cert": None}, r"not trusted.*ca_cert"),
    "no such file": ({"ca_cert": "/no/such/file"}, r"/no/such/file given in ca_cert cannot be used"),
    "plain HTTP on the HTTPS port": ({"scheme": "http", "auth": "ntlm"}, r"5986.*5985"),
}


@pytest.mark.parametrize("case", CONNECTIONS)
def test_connections_that_do_not_come_about(make_lab: MakeLab, case: str) -> None:
    lab = make_lab(tls=True, auth=("credssp", "ntlm", "basic"))
    changes, message = CONNECTIONS[case]
    with pytest.raises(ConfigMgrError) as caught:
        lab.refresh("PS100001", site=lab.site(**changes))
    assert re.search(message, str(caught.value), re.DOTALL), str(caught.value)
    assert lab.server.env["CONFIGMGR_PASSWORD"] not in str(caught.value)
    assert not lab.server.journal
    failures = sum(lab.server.logins["failures"].values())
    assert failures == (1 if "password" in case else 0)


def test_a_method_that_the_host_does_not_offer(make_lab: MakeLab) -> None:
    lab = make_lab(auth=("ntlm",))
    with pytest.raises(ConfigMgrError, match=r"does not offer .*credssp; it offers Negotiate.*Enable-WSManCredSSP"):
        lab.site(auth="credssp")


ANSWERS: dict[str, tuple[dict[str, Any], str]] = {
    "no WinRM right": (
        {"action": "fault", "code": 5},
        r"CONTOSO\\cmadmin was let in, but may not.*Remote Management Users",
    ),
    "quota": ({"action": "fault", "code": 2150859174, "times": None}, r"too busy.*fewer sessions"),
    "envelope": ({"action": "fault", "code": 2150858825}, r"envelope.*MaxEnvelopeSizekb"),
    "namespace": ({"action": "provider_error", "hresult": 0x8004100E}, r"no SMS Provider.*site server"),
    "garbage": ({"action": "garbage", "times": None}, r"HTTP status 200 and no SOAP"),
    "server error": ({"action": "http", "status": 500, "times": None}, r"HTTP status 500"),
    "forbidden": ({"action": "http", "status": 403}, r"HTTP status 403.*proxy"),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_answers_that_end_the_task(lab: Lab, case: str) -> None:
    fault, message = ANSWERS[case]
    lab.server.add_fault(verb="Enumerate", **fault)
    with pytest.raises(ConfigMgrError) as caught:
        lab.refresh("PS100001")
    assert re.search(message, str(caught.value), re.DOTALL), str(caught.value)
    assert not lab.calls()


RIGHTS = {
    "reader": "failed",
    "norole": r"No package PS100001.*outside the scopes of CONTOSO\\norole",
    "outsider": r"CONTOSO\\outsider was let in by WinRM, but not by WMI.*SMS Admins",
}


@pytest.mark.parametrize("user", RIGHTS)
def test_accounts_with_too_few_rights(make_lab: MakeLab, user: str) -> None:
    lab = make_lab("troubled")
    account = next(each for each in lab.server.accounts if each.user == user)
    if RIGHTS[user] == "failed":
        row = lab.refresh("PS100001", site=lab.site(username=account.principal, password=account.password)).only
        assert row["status"] == "failed"
        assert "1112017920" in row["reason"]
        assert "role" in row["reason"]
    else:
        with pytest.raises(ConfigMgrError) as caught:
            lab.refresh("PS100001", site=lab.site(username=account.principal, password=account.password))
        assert re.search(RIGHTS[user], str(caught.value), re.DOTALL), str(caught.value)
    assert lab.executions("PS100001") == 0


def test_a_lock_that_the_provider_minds_is_named(make_lab: MakeLab) -> None:
    lab = make_lab("troubled", switches={"refresh_needs_lock": "yes"})
    row = lab.refresh("PS100004").only
    assert row["status"] == "failed"
    assert row["error"]["kind"] == "locked"
    assert "1078462258" in row["reason"]
    assert "lock" in row["reason"]
