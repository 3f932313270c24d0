# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a site says of itself: held against the scenario, with few requests, and with null for what is not shown."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.configmgr.content.plugins.module_utils._engine.site_info import SiteReader
from ansible_collections.configmgr.content.plugins.module_utils._wsman.errors import NotAuthenticated
from sites import MakePlace, Place

ADMIN = {"domain": "CONTOSO", "user": "cmadmin", "password": "Str0ng-pass", "rights": "all"}
NOBODY = {"domain": "CONTOSO", "user": "nobody", "password": "N0-role-at-all", "rights": "none"}
NARROW = {
    "domain": "CONTOSO",
    "user": "narrow",
    "password": "N4rrow-scope",
    "rights": {"operations": ["read"], "scopes": ["East"]},
}


def write_site(folder: Path, **changes: object) -> str:
    """A scenario of its own."""
    site = {
        "sites": [{"code": "PS1", "name": "Contoso Primary", "server": "cm01.contoso.test", "deployment_kit": False}],
        "accounts": [ADMIN, NOBODY, NARROW],
        "packages": [
            {"id": "PS100001", "class": "SMS_Package", "name": "Reader", "source": "\\\\files01\\src\\reader"},
            {
                "id": "PS100002",
                "class": "SMS_Package",
                "name": "East",
                "source": "\\\\files01\\src\\east",
                "scopes": ["East"],
            },
        ],
        **changes,
    }
    file = folder / "own.yml"
    file.write_text(yaml.safe_dump(site), encoding="utf-8")
    return str(file)


def test_one_primary_site(place: Place) -> None:
    told = place.info()
    assert told["site"]["site_code"] == "PS1"
    assert told["site"]["site_name"] == "Contoso Primary"
    assert told["site"]["type"] == "primary"
    assert told["site"]["parent_site_code"] is None
    assert (told["site"]["version"], told["site"]["build_number"], told["site"]["release"]) == (
        "5.00.8968.1000",
        8968,
        2002,
    )
    assert told["site"]["provider_version"]
    assert told["kits"] == [{"server": "cm01.contoso.test", "version": "10.1.19041.1"}]
    assert [each["machine"] for each in told["providers"]] == ["127.0.0.1"]
    assert told["visible"]["user"] == "CONTOSO\\cmadmin"
    assert told["visible"]["packages"] == len(place.server.site.snapshot()["packages"])
    assert told["visible"]["distribution_points"] == 4
    assert told["client_versions"] == ["5.00.8968.1000"]
    assert [each["default"] for each in told["boot_images"]] == [False, True]
    assert told["notes"] == []
    assert place.changes() == []


def test_a_hierarchy(make_place: MakePlace) -> None:
    place = make_place("hierarchy")
    known = place.server.site.snapshot()["sites"]
    told = {each["site_code"]: each for each in place.info("PS2")["hierarchy"]}
    assert set(told) == set(known)
    for code, site in known.items():
        assert told[code]["parent_site_code"] == (site["parent"] or None)
        assert told[code]["type"] == ("central_administration_site" if site["central"] else "primary")
        assert told[code]["server"] == site["server"]


def test_requests_do_not_grow_with_the_site(make_place: MakePlace) -> None:
    counts = {}
    for scenario in ("small", "large"):
        site = make_place(scenario).site()
        SiteReader(site).read()
        counts[scenario] = site.requests
    assert counts["large"] <= counts["small"] + 2 <= 18


def test_a_site_without_a_deployment_kit(make_place: MakePlace, tmp_path: Path) -> None:
    assert make_place(write_site(tmp_path)).info()["kits"] == []


def test_an_account_without_a_role_is_told_that_it_sees_nothing(make_place: MakePlace, tmp_path: Path) -> None:
    told = make_place(write_site(tmp_path)).info("PS1", username="CONTOSO\\nobody", password=str(NOBODY["password"]))
    assert told["site"]["version"] is None
    assert told["hierarchy"] == []
    assert any(note.startswith("nothing visible to CONTOSO\\nobody") for note in told["notes"])


def test_an_account_of_one_scope_sees_what_is_in_it(make_place: MakePlace, tmp_path: Path) -> None:
    told = make_place(write_site(tmp_path)).info("PS1", username="CONTOSO\\narrow", password=str(NARROW["password"]))
    assert told["visible"]["packages"] == 1


def test_an_old_site_has_no_client_versions_and_says_so(make_place: MakePlace) -> None:
    told = make_place(switches={"members": "sdk"}).info()
    assert len(told["boot_images"]) == 2
    assert told["client_versions"] == []
    assert any("client versions" in note for note in told["notes"])


@pytest.mark.parametrize(
    "class_name", ["SMS_OSDeploymentKitInstalledVersion", "SMS_SecuredCategory", "SMS_Identification"]
)
def test_one_class_that_is_refused_leaves_the_rest(place: Place, class_name: str) -> None:
    rule = {"action": "provider_error", "class": class_name, "verb": "Enumerate", "error_code": 1112017920, "times": 99}
    place.server.rules.add(rule)
    told = place.info()
    assert told["site"]["version"] == "5.00.8968.1000"
    assert len(told["notes"]) == 1
    assert "CONTOSO\\cmadmin" in told["notes"][0]


def test_a_wrong_password_ends_the_task(place: Place) -> None:
    with pytest.raises(NotAuthenticated):
        place.info(username="CONTOSO\\cmadmin", password="wrong")
