# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps behind the login, each failing on its own with its own next step, and none of them writing anything."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import MakeVisitor
from .visitor import FOLDER, IMAGE

TWO_SITES: dict[str, Any] = {
    "sites": [
        {"code": "CEN", "name": "Central", "server": "cen.contoso.test", "central": True},
        {"code": "PS1", "name": "One", "server": "cm01.contoso.test", "parent": "CEN"},
    ]
}


def account(user: str, **fields: Any) -> dict[str, Any]:
    """A further account."""
    return {"domain": "CONTOSO", "user": user, "password": f"{user}-Pass1", "rights": "all", **fields}


def test_no_right_on_winrm(visit: MakeVisitor) -> None:
    visitor = visit({"accounts": [account("remote", remote_access=False)]})
    report = visitor.check(user="remote")
    assert report.failed == ["winrm_right"]
    assert report.result["next_step"].startswith(r"Put CONTOSO\remote into the local group Remote Management Users")
    assert visitor.server.logins["failed"] == 0
    assert report.status("namespace") == report.status("role") == report.status("envelope") == "skipped"


@pytest.mark.parametrize("code", ["5", "2150859013", "2147749891"])
def test_not_in_sms_admins(visit: MakeVisitor, code: str) -> None:
    visitor = visit({"accounts": [account("outsider", rights="no access")]}, switches={"access_denied_code": code})
    report = visitor.check(user="outsider")
    assert report.status("winrm_right") == "ok"
    assert report.failed == ["namespace"]
    assert "SMS Admins" in report.result["next_step"]


def test_no_role(visit: MakeVisitor) -> None:
    report = visit({"accounts": [account("norole", rights="none")]}).check(user="norole")
    assert report.failed == ["role"]
    assert r"nothing visible to CONTOSO\norole" in report.message
    assert "Administrative Users" in report.result["next_step"]


def test_no_scope(visit: MakeVisitor) -> None:
    report = visit({"accounts": [account("narrow", rights={"scopes": ["Elsewhere"]})]}).check(user="narrow")
    assert report.failed == ["scope"]
    assert r"no package visible to CONTOSO\narrow" in report.message
    assert "security scope" in report.result["next_step"]


def test_a_read_only_account_is_enough(visit: MakeVisitor) -> None:
    report = visit({"accounts": [account("reader", rights={"operations": ["read"]})]}).check(user="reader")
    assert report.failed == []


@pytest.mark.parametrize("refusal", ["access_denied", "provider_error"])
def test_a_sign_in_that_is_too_weak(visit: MakeVisitor, refusal: str) -> None:
    site = {"sign_in": {"strong": True}}
    report = visit(site, switches={"sign_in_refusal": refusal}).check()
    assert report.status("namespace") == report.status("site") == "ok"
    assert report.failed == ["sign_in"]
    assert "sign-in strength" in report.message
    assert "Hierarchy Settings" in report.result["next_step"]


def test_an_exception_from_the_sign_in(visit: MakeVisitor) -> None:
    assert visit({"sign_in": {"strong": True, "exceptions": ["CONTOSO\\cmadmin"]}}).check().failed == []


def test_another_site_than_the_host_has(visit: MakeVisitor) -> None:
    report = visit().check(site_code="XYZ")
    assert report.failed == ["site"]
    assert report.result["next_step"] == "Give one of these as site_code: PS1"


def test_the_site_that_is_named(visit: MakeVisitor) -> None:
    assert visit(TWO_SITES).check(site_code="ps1").result["site_code"] == "PS1"


def test_a_host_without_provider(visit: MakeVisitor) -> None:
    visitor = visit()
    visitor.server.add_fault(action="provider_error", hresult=0x8004100E, times=9, verb="Enumerate")
    report = visitor.check()
    assert report.failed == ["namespace"]
    assert "no SMS Provider runs there" in report.message
    assert "Name a host that has an SMS Provider" in report.result["next_step"]


# -- limits --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("config", ["denied", "readable"])
def test_small_messages(visit: MakeVisitor, config: str) -> None:
    report = visit(switches={"max_envelope_kb": "150", "winrm_config": config}).check()
    assert (report.failed, report.warned) == ([], ["envelope"])
    assert 'winrm set winrm/config @{MaxEnvelopeSizekb="500"}' in report.by_name["envelope"]["next_step"]


def test_short_calls(visit: MakeVisitor) -> None:
    report = visit(switches={"max_timeout_ms": "30000", "winrm_config": "readable"}).check()
    assert report.warned == ["longest_call"]
    assert 'winrm set winrm/config @{MaxTimeoutms="60000"}' in report.by_name["longest_call"]["next_step"]


def test_a_small_quota(visit: MakeVisitor) -> None:
    report = visit(switches={"max_operations_per_user": "5", "winrm_config": "readable"}).check()
    assert report.warned == ["limits"]
    wanted = 'winrm set winrm/config/Service @{MaxConcurrentOperationsPerUser="1500"}'
    assert wanted in report.by_name["limits"]["next_step"]


def test_limits_that_may_be_read(visit: MakeVisitor) -> None:
    report = visit(switches={"winrm_config": "readable"}).check()
    assert (report.failed, report.warned) == ([], [])
    assert "MaxEnvelopeSizekb 500" in report.by_name["envelope"]["seen"]
    assert "MaxTimeoutms 60000" in report.by_name["longest_call"]["seen"]
    assert "MaxConnections 300" in report.by_name["limits"]["seen"]


def test_limits_that_may_not_be_read(visit: MakeVisitor) -> None:
    report = visit(switches={"winrm_config": "denied"}).check()
    for name in ("longest_call", "limits"):
        assert report.status(name) == "skipped"
        assert "could not be told" in report.by_name[name]["detail"]
        assert "winrm set winrm/config" in report.by_name[name]["next_step"]


# -- the second hop ------------------------------------------------------------------------------------------------


def share(**source: Any) -> dict[str, Any]:
    """A site with something at the two paths."""
    return {"sources": {IMAGE: source, FOLDER: source}}


def reads(
    visit: MakeVisitor, path: str, source: dict[str, Any], identity: str, auth: str = "ntlm", **more: str
) -> bool:
    """Whether the check says that the provider reads the path; the text names both who may be the reader."""
    visitor = visit(share(**source), auth=(auth,), switches={"path_identity": identity, **more})
    report = visitor.check(share_path=path)
    step = report.by_name["second_hop"]
    assert step["status"] in ("ok", "failed")
    assert report.failed in ([], ["second_hop"])
    told = step["seen"] + step["detail"]
    assert r"CONTOSO\cmadmin" in told
    assert "computer account" in told
    assert path in told
    called = [entry["method"] for entry in visitor.server.journal if entry["verb"] == "Invoke"]
    assert called == ["GetImageProperties" if path == IMAGE else "CheckSourceFolder"]
    return bool(step["status"] == "ok")


@pytest.mark.parametrize("path", [IMAGE, FOLDER])
def test_a_share_that_everybody_reads(visit: MakeVisitor, path: str) -> None:
    assert reads(visit, path, {}, "computer")
    assert not reads(visit, path, {}, "caller")  # NTLM cannot be passed on
    assert reads(visit, path, {}, "caller", auth="credssp")


@pytest.mark.parametrize("path", [IMAGE, FOLDER])
def test_a_share_that_only_computers_read(visit: MakeVisitor, path: str) -> None:
    assert reads(visit, path, {"readers": ["computer"]}, "computer")
    assert not reads(visit, path, {"readers": ["computer"]}, "caller", auth="credssp")


@pytest.mark.parametrize("path", [IMAGE, FOLDER])
def test_a_share_that_only_users_read(visit: MakeVisitor, path: str) -> None:
    assert not reads(visit, path, {"readers": ["user"]}, "computer")
    assert reads(visit, path, {"readers": ["user"]}, "caller", auth="credssp")


@pytest.mark.parametrize("style", ["error", "return_value"])
@pytest.mark.parametrize("problem", ["missing", "unreadable"])
def test_a_path_that_cannot_be_read(visit: MakeVisitor, problem: str, style: str) -> None:
    for path in (IMAGE, FOLDER):
        assert not reads(visit, path, {"problem": problem}, "computer", auth="credssp", unreadable_path=style)


def test_the_next_step_depends_on_the_login(visit: MakeVisitor) -> None:
    weak = visit(share(readers=[])).check(share_path=IMAGE).result["next_step"]
    assert "set auth to credssp" in weak
    strong = visit(share(readers=[]), auth=("credssp",)).check(share_path=IMAGE).result["next_step"]
    assert "set auth" not in strong
    assert r"CONTOSO\cmadmin" in strong


def test_the_computer_account_has_the_name_of_the_host(visit: MakeVisitor) -> None:
    visitor = visit(share(readers=[]))
    visitor.server.site.machine = "cmprov.corp.example"
    assert "the computer account CMPROV$" in visitor.check(share_path=IMAGE).message


def test_no_path_no_call(visit: MakeVisitor) -> None:
    visitor = visit()
    assert visitor.check().status("second_hop") == "skipped"
    assert not [entry for entry in visitor.server.journal if entry["verb"] == "Invoke"]
