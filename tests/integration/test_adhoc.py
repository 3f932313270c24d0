# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first command of a newcomer, over each way in."""

from __future__ import annotations

import pytest

from .conftest import Ansible, MakeProvider

WAYS = {
    "credssp over https": ("--tls", "--auth", "credssp,ntlm,basic"),
    "credssp over http, encrypted": ("--no-tls", "--auth", "credssp,ntlm"),
    "ntlm over http, encrypted": ("--no-tls", "--auth", "ntlm"),
    "ntlm over https": ("--tls", "--auth", "ntlm"),
    "basic over https": ("--tls", "--auth", "basic"),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_package_is_refreshed(make_provider: MakeProvider, ansible: Ansible, way: str) -> None:
    provider = make_provider(*WAYS[way])
    foreseen = ansible.adhoc("cm_package_refresh", "package_ids=PS100001", provider, "--check")
    assert foreseen["changed"] is True
    assert (
        foreseen["packages"][0]["source_version"]["after"]
        == f"at least {foreseen['packages'][0]['source_version']['before'] + 1}"
    )
    assert not provider.journal("RefreshPkgSource")
    result = ansible.adhoc("cm_package_refresh", "package_ids=PS100001 wait_interval=0.2", provider)
    assert result["rc"] == 0, ansible.output
    assert result["changed"] is True
    version = result["packages"][0]["source_version"]
    assert version["after"] == version["before"] + 1
    (call,) = provider.journal("RefreshPkgSource")
    assert (call["verb"], call["class"], call["key"], call["outcome"]) == ("Invoke", "SMS_Package", "PS100001", "ok")
    assert call["encrypted"] or call["tls"]
    assert provider.executions("PS100001") == 1


def test_the_command_as_the_readme_has_it_waits_by_itself(make_provider: MakeProvider, ansible: Ansible) -> None:
    provider = make_provider()
    result = ansible.adhoc("cm_package_refresh", "package_ids=PS100001", provider)
    assert result["changed"] is True
    assert provider.executions("PS100001") == 1


def test_the_name_of_the_console_leads_to_it(make_provider: MakeProvider, ansible: Ansible) -> None:
    provider = make_provider()
    result = ansible.adhoc("cm_update_distribution_points", "package_ids=PS100001 wait=false", provider)
    assert result["packages"][0]["status"] == "accepted"


def test_packages_are_read(make_provider: MakeProvider, ansible: Ansible) -> None:
    provider = make_provider()
    result = ansible.adhoc("cm_package_info", "package_ids=PS100001", provider)
    assert result["changed"] is False
    assert result["packages"][0]["name"] == "7-Zip"
    assert set(result["packages"][0]) == {
        "package_id",
        "name",
        "version",
        "manufacturer",
        "package_type",
        "source_site",
        "source_version",
        "source_path",
        "last_refresh_time",
    }
