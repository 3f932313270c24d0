# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Distribution points and groups: added where they are missing, each with its own site code, and taken away nowhere."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._provider.errors import Impossible
from ansible_collections.configmgr.content.plugins.module_utils._wsman.errors import OutcomeUnknown

from .conftest import ImageDeclaring
from .test_image_content import IMAGE, WINDOWS_11, Make, conversation
from .test_image_package import settled

ASKED: dict[str, Any] = {"package_id": IMAGE, "distribution_points": ["DP01.contoso.test", "dp03.contoso.test"]}


@pytest.fixture
def images(make_declare: Make) -> ImageDeclaring:
    return make_declare(scenario="images")


def servers(declare: ImageDeclaring, package_id: str) -> list[str]:
    """Where the site sends the package."""
    return sorted(target.point.server for target in declare.package(package_id).targets.values())


def test_only_the_missing_points_are_added(images: ImageDeclaring) -> None:
    prediction = images(check=True, **ASKED)
    assert servers(images, IMAGE) == ["dp01.contoso.test", "dp02.contoso.test"]
    done = images(**ASKED)
    assert done["diff"] == prediction["diff"]
    assert done["steps"] == ["distribution_points"]
    assert done["diff"]["before"]["distribution_points"] == ["dp01.contoso.test"]
    assert done["diff"]["after"]["distribution_points"] == ["dp01.contoso.test", "dp03.contoso.test"]
    assert servers(images, IMAGE) == ["dp01.contoso.test", "dp02.contoso.test", "dp03.contoso.test"]
    assert not images(**ASKED)["changed"]
    assert images.executions("AddDistributionPoints") == {IMAGE: 1}
    assert images.executions("Put") == {}


def test_a_point_in_other_letter_case_or_by_its_path(images: ImageDeclaring) -> None:
    paths = {point.server: point.nal_path for point in images.server.site.world.points.values()}
    asked = ["DP01.contoso.TEST", paths["dp01.contoso.test"], paths["dp03.contoso.test"].lower()]
    done = images(package_id=IMAGE, distribution_points=asked)
    assert done["diff"]["after"]["distribution_points"] == ["dp01.contoso.test", "dp03.contoso.test"]
    assert servers(images, IMAGE) == ["dp01.contoso.test", "dp02.contoso.test", "dp03.contoso.test"]
    assert not images(package_id=IMAGE, distribution_points=asked)["changed"]


def test_a_point_of_another_site_goes_with_its_own_code(make_declare: Make) -> None:
    declare = make_declare(scenario="hierarchy")
    world = declare.server.site.world
    points = {point.server: point.site_code for point in world.points.values()}
    assert len(set(points.values())) > 1, "the scenario has points of two sites"
    done = declare(name="Windows 11", source_path=WINDOWS_11, distribution_points=list(points), wait=False)
    package = declare.package(done["package_id"])
    assert {target.point.server: target.point.site_code for target in package.targets.values()} == points


def test_a_group(images: ImageDeclaring) -> None:
    asked: dict[str, Any] = {
        "name": "Windows 11",
        "source_path": WINDOWS_11,
        "distribution_point_groups": ["headquarters"],
    }
    prediction = images(check=True, **asked)
    done = images(**asked)
    assert prediction["diff"]["before"]["distribution_point_groups"] == []
    assert done["diff"]["after"]["distribution_point_groups"] == ["Headquarters"]
    assert servers(images, done["package_id"]) == ["dp01.contoso.test", "dp02.contoso.test"]
    settled(images)
    assert not images(**asked)["changed"]
    assert images.executions("GroupAddPackages") == {done["package_id"]: 1}


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (
            {"distribution_points": ["dp1.contoso.test"]},
            "distribution_points: there is no distribution point 'dp1.contoso.test' that CONTOSO\\cmadmin can see. Did you mean dp0",
        ),
        ({"distribution_points": ["dp03"]}, "can see. Did you mean dp03.contoso.test?"),
        (
            {"distribution_point_groups": ["Nowhere"]},
            "distribution_point_groups: there is no distribution point group 'Nowhere'",
        ),
    ],
)
def test_a_place_that_is_not_there(images: ImageDeclaring, asked: dict[str, Any], message: str) -> None:
    with pytest.raises(Impossible) as refused:
        images(package_id=IMAGE, description="x", **asked)
    assert message in str(refused.value)
    assert images.written == 0


@pytest.mark.parametrize("asked", [ASKED, {"package_id": IMAGE, "distribution_point_groups": ["Headquarters"]}])
def test_an_answer_that_was_lost(images: ImageDeclaring, asked: dict[str, Any]) -> None:
    images.server.add_fault(verb="Invoke", action="cut_before")
    with pytest.raises(OutcomeUnknown, match="the answer was lost, and it is not there"):
        images(**asked)
    images.server.add_fault(verb="Invoke", action="cut_after")
    assert images(**asked)["changed"]
    assert any("was lost, and it was not sent again; it took effect" in each for each in images.warnings)
    assert not images(**asked)["changed"]


def test_points_come_before_the_refresh(images: ImageDeclaring) -> None:
    since = len(images.server.journal)
    images(**ASKED, source_path=WINDOWS_11)
    asked = [each for each in conversation(images, since) if each not in ("Get", "GetImageProperties")]
    assert asked[-1] == "RefreshPkgSource"
    assert asked.index("AddDistributionPoints") > asked.index("Put")


def test_added_points_are_waited_for(images: ImageDeclaring) -> None:
    done = images(**ASKED, wait_for="distributed")
    assert done["refresh"]["status"] == "joined"
    points = done["refresh"]["distribution_points"]
    assert (points["targeted"], points["installed"]) == (3, 3)
    assert images.refreshed == {}
    assert images(**ASKED, wait_for="distributed")["refresh"] is None
