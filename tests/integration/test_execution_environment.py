# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an execution environment installs is enough for every way to sign in. The modules run with its Python, Ansible does not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from realm import Realm

from .conftest import Ansible, MakeProvider, Provider

# Made by `make ee`: an empty virtual environment with exactly what ansible-builder finds in the collection.
PYTHON = os.environ.get("EXECUTION_ENVIRONMENT_PYTHON", "")

pytestmark = pytest.mark.skipif(not PYTHON, reason="make ee has not been run")


def refresh(ansible: Ansible, provider: Provider, arguments: str = "", **env: str) -> dict[str, object]:
    """One refresh, in which the module has nothing but the execution environment's libraries."""
    result = ansible.adhoc(
        "cm_package_refresh",
        f"package_ids=PS100001 wait=false {arguments}",
        provider,
        "-e",
        f"ansible_python_interpreter={PYTHON}",
        env={"PYTHONPATH": "", **env},
    )
    assert result["rc"] == 0, ansible.output
    (call,) = provider.journal("RefreshPkgSource")
    assert provider.executions("PS100001") == 1
    return call


def test_the_environment_is_not_the_one_of_the_tests() -> None:
    folder = Path(PYTHON).parent.parent
    assert not list(folder.glob("lib/python*/site-packages/ansible"))
    assert not list(folder.glob("lib/python*/site-packages/pytest"))


@pytest.mark.parametrize("tls", ["--tls", "--no-tls"])
@pytest.mark.parametrize(("auth", "seen"), [("ntlm", "negotiate"), ("credssp", "credssp")])
def test_a_password_is_enough(make_provider: MakeProvider, ansible: Ansible, auth: str, seen: str, tls: str) -> None:
    call = refresh(ansible, make_provider(tls, "--auth", "credssp,ntlm"), f"auth={auth}")
    assert call["auth"] == seen
    assert call["encrypted"] or call["tls"]


def test_basic_over_tls(make_provider: MakeProvider, ansible: Ansible) -> None:
    call = refresh(ansible, make_provider("--tls", "--auth", "basic"), "auth=basic")
    assert (call["auth"], call["tls"]) == ("basic", True)


def test_a_client_certificate(make_provider: MakeProvider, ansible: Ansible) -> None:
    provider = make_provider("--tls", "--auth", "certificate")
    call = refresh(ansible, provider, "auth=certificate", CONFIGMGR_USERNAME="", CONFIGMGR_PASSWORD="")
    assert (call["auth"], call["tls"]) == ("certificate", True)


@pytest.mark.parametrize("with_ticket", [True, False], ids=["ticket", "password"])
def test_kerberos(make_provider: MakeProvider, ansible: Ansible, in_realm: Realm, with_ticket: bool) -> None:
    provider = make_provider("--no-tls", "--auth", "kerberos", "--keytab", str(in_realm.keytab))
    user = provider.env["CONFIGMGR_USERNAME"].rpartition("\\")[2]
    env = {"CONFIGMGR_PROVIDER": "localhost", "CONFIGMGR_USERNAME": f"{user}@{in_realm.name}"}
    if with_ticket:
        env.update(CONFIGMGR_PASSWORD="", KRB5CCNAME=f"FILE:{in_realm.ticket(user)}")
    call = refresh(ansible, provider, "auth=kerberos", **env)
    assert (call["mechanism"], call["encrypted"]) == ("kerberos", True)
