# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is installed, what is offered, and one login: a wrong password is one failed login, whatever else is asked for."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._engine import check_login
from ansible_collections.configmgr.content.plugins.module_utils._wsman import methods
from ansible_collections.configmgr.content.plugins.module_utils._wsman.methods import METHODS

from .conftest import MakeVisitor
from .visitor import IMAGE, Report

WRONG = "Wr0ng-pass!"
BEHIND_LOGIN = (
    "winrm_right",
    "namespace",
    "site",
    "sign_in",
    "role",
    "scope",
    "second_hop",
    "report",
    "envelope",
    "limits",
)


def method(report: Report, name: str) -> dict[str, Any]:
    """What is told of a method."""
    return next(each for each in report.result["methods"] if each["auth"] == name)


@pytest.mark.parametrize(
    ("auth", "tls"), [("ntlm", True), ("ntlm", False), ("credssp", True), ("credssp", False), ("basic", True)]
)
def test_a_wrong_password_is_one_failed_login(visit: MakeVisitor, auth: str, tls: bool) -> None:
    visitor = visit(auth=(auth,), tls=tls)
    report = visitor.check(password=WRONG, try_all=True, share_path=IMAGE)
    assert report.failed == ["login"]
    assert (visitor.server.logins["failed"], visitor.server.logins["total"]) == (1, 0)
    assert [report.status(name) for name in BEHIND_LOGIN] == ["skipped"] * len(BEHIND_LOGIN)
    assert r"CONTOSO\cmadmin" in report.message
    assert "password" in report.result["next_step"]
    assert WRONG not in report.text()
    assert method(report, auth)["login"] == "refused"


def test_an_account_nobody_knows(visit: MakeVisitor) -> None:
    visitor = visit()
    report = visitor.check(username="CONTOSO\\nobody")
    assert report.failed == ["login"]
    assert visitor.server.logins["failed"] == 1


def test_only_one_login_when_all_is_well(visit: MakeVisitor) -> None:
    visitor = visit(auth=("credssp", "ntlm", "basic"))
    report = visitor.check(share_path=IMAGE)
    assert report.failed == []
    assert visitor.server.logins["total"] == 1
    assert {entry["auth"] for entry in visitor.server.journal if entry["user"]} == {"credssp"}


def test_every_method_when_asked_for(visit: MakeVisitor) -> None:
    visitor = visit(auth=("ntlm", "credssp", "basic"))
    report = visitor.check(try_all=True)
    assert (report.failed, report.warned) == ([], [])
    for name in ("ntlm", "credssp", "basic"):
        assert method(report, name)["login"] == "ok", name
    assert visitor.server.logins["failed"] == 0
    assert {"ntlm", "credssp", "basic"} <= {
        "ntlm" if entry["auth"] == "negotiate" else entry["auth"] for entry in visitor.server.journal
    }


def test_basic_is_not_tried_over_http(visit: MakeVisitor) -> None:
    report = visit(auth=("ntlm", "basic"), tls=False).check(try_all=True)
    assert method(report, "basic")["login"] == "not tried"
    assert report.failed == []


def test_the_first_refusal_ends_the_trying(visit: MakeVisitor, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second method is refused; a third would be the second failed login."""
    visitor = visit(auth=("ntlm", "credssp", "basic"))
    monkeypatch.setattr(
        check_login,
        "METHODS",
        {name: METHODS[name] for name in ("ntlm", "credssp", "basic")},
    )
    real = check_login.replace

    def spoilt(thing: Any, **changes: Any) -> Any:
        return real(thing, **changes, password=WRONG) if "auth" in changes else real(thing, **changes)

    monkeypatch.setattr(check_login, "replace", spoilt)
    report = visitor.check(try_all=True)
    assert visitor.server.logins["failed"] == 1
    assert (report.failed, report.warned) == ([], ["other_logins"])
    assert [method(report, name)["login"] for name in ("ntlm", "credssp", "basic")] == ["ok", "refused", "not tried"]


# -- what is offered -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("asked", "there"), [("credssp", "ntlm"), ("basic", "credssp"), ("ntlm", "credssp")])
def test_a_method_that_is_not_offered(visit: MakeVisitor, asked: str, there: str) -> None:
    visitor = visit(auth=(there,))
    report = visitor.check(auth=asked)
    assert report.failed == ["offer"]
    assert f"does not offer auth {asked}" in report.message
    assert f"set auth to {there}" in report.result["next_step"] or there == "ntlm"
    assert visitor.server.logins["failed"] == visitor.server.logins["total"] == 0
    command = {
        "credssp": "Enable-WSManCredSSP -Role Server",
        "basic": 'winrm set winrm/config/service/auth @{Basic="true"}',
        "ntlm": 'winrm set winrm/config/service/auth @{Negotiate="true"}',
    }
    assert command[asked] in report.result["next_step"]


def test_whether_credssp_is_switched_on(visit: MakeVisitor) -> None:
    assert "is switched on" in visit(auth=("ntlm", "credssp")).check().by_name["credssp"]["seen"]
    assert "is not switched on" in visit(auth=("ntlm",)).check().by_name["credssp"]["seen"]


def test_what_is_offered_is_told_of_every_method(visit: MakeVisitor) -> None:
    report = visit(auth=("ntlm", "credssp")).check()
    assert method(report, "credssp")["offered"] is True
    assert method(report, "basic")["offered"] is False
    assert method(report, "certificate")["offered"] is None


# -- what is installed ---------------------------------------------------------------------------------------------


def without(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Make libraries or programs look as if they were not installed."""
    real = methods._found
    monkeypatch.setattr(methods, "_found", lambda part: None if part.name in names else real(part))


def test_a_library_that_is_missing(visit: MakeVisitor, monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "requests-credssp")
    visitor = visit(auth=("credssp", "ntlm"))
    report = visitor.check()
    assert report.failed == ["libraries"]
    assert "requests-credssp" in report.message
    assert "python3 -m pip install 'requests-credssp" in report.result["next_step"]
    assert visitor.server.logins["total"] == 0
    # What does not need the library is looked at all the same.
    assert report.status("tls") == "ok"


def test_a_library_that_another_method_lacks(visit: MakeVisitor, monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "pykerberos", "kinit")
    report = visit().check()
    assert report.failed == []
    kerberos = method(report, "kerberos")
    assert kerberos["ready"] is False
    assert "pykerberos" in kerberos["missing"]
    for way, package in (("pip", "pywinrm[kerberos]"), ("debian", "libkrb5-dev"), ("rhel", "krb5-devel")):
        assert package in kerberos["install"][way]
    assert "kerberos lacks pykerberos" in report.by_name["libraries"]["seen"]


def test_every_package_system_is_named(visit: MakeVisitor, monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "pykerberos", "kinit")
    report = visit().check(auth="kerberos", provider="localhost")
    assert report.failed[0] == "libraries"
    for text in ("apt-get install", "dnf install", "pip install"):
        assert text in report.result["next_step"]
