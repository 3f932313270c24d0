# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What speaks against deleting an image, and what `force` overrides."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._content.package import PACKAGE_PROPERTIES
from ansible_collections.configmgr.content.plugins.module_utils._engine.resource import Resource
from ansible_collections.configmgr.content.plugins.module_utils._provider.errors import Impossible, NotFound

from .conftest import Declaring, ImageDeclaring
from .test_image_content import IMAGE, WINDOWS_11, Make

PACKAGE = Resource("package", "package", "SMS_Package", 0, PACKAGE_PROPERTIES)


@pytest.fixture
def images(make_declare: Make) -> ImageDeclaring:
    return make_declare(scenario="images")


def deleted(declare: Declaring) -> dict[str, int]:
    return declare.executions("Delete")


@pytest.mark.parametrize("check", [True, False])
def test_an_image_that_a_task_sequence_uses(images: ImageDeclaring, check: bool) -> None:
    with pytest.raises(Impossible) as refused:
        images(package_id=IMAGE, state="absent", check=check)
    assert 'is used by task sequences and was not deleted: PS10000A ("Deploy Windows 10")' in str(refused.value)
    assert deleted(images) == {}


def test_a_task_sequence_that_is_too_large_for_one_answer(images: ImageDeclaring) -> None:
    """Its steps make it so, and nobody wants to know them."""
    images.values("PS10000A")["Sequence"] = "x" * 600_000
    with pytest.raises(Impossible, match="is used by task sequences and was not deleted: PS10000A"):
        images(package_id=IMAGE, state="absent", check=True)


def test_force_names_the_kinds_that_do_not_matter(images: ImageDeclaring) -> None:
    with pytest.raises(Impossible, match="is used by task sequences"):
        images(package_id=IMAGE, state="absent", force=["deployments", "programs"])
    assert images(package_id=IMAGE, state="absent", force=["task_sequences"])["changed"]
    assert deleted(images) == {IMAGE: 1}


def test_what_is_deployed_or_has_programs(images: ImageDeclaring) -> None:
    """Only plain packages have both, and the engine knows no class."""
    plain = Declaring(images.server)
    asked: dict[str, Any] = {"package_id": "PS100001", "state": "absent"}
    with pytest.raises(Impossible, match=r'is used by deployments and was not deleted: PS120002 \("7-Zip to all"\)'):
        plain(PACKAGE, **asked, force=["task_sequences"])
    images.values("PS100001")["NumOfPrograms"] = 2
    with pytest.raises(Impossible, match="is used by programs and was not deleted: Install, Remove"):
        plain(PACKAGE, **asked, force=["task_sequences", "deployments"])
    assert plain(PACKAGE, **asked, force=["task_sequences", "deployments", "programs"])["changed"]
    assert deleted(plain) == {"PS100001": 1}


@pytest.mark.parametrize(
    ("class_name", "kind"), [("SMS_TaskSequencePackage", "task_sequences"), ("SMS_Advertisement", "deployments")]
)
def test_uses_that_cannot_be_read(images: ImageDeclaring, class_name: str, kind: str) -> None:
    made = images(name="New", source_path=WINDOWS_11)["package_id"]
    images.server.add_fault(**{"class": class_name}, action="provider_error", times=None)
    with pytest.raises(Impossible) as refused:
        images(package_id=made, state="absent")
    assert f"Whether {kind.replace('_', ' ')} use operating system image {made}" in str(refused.value)
    assert f"set force to {kind}" in str(refused.value)
    assert deleted(images) == {}
    assert images(package_id=made, state="absent", force=[kind])["changed"]


def test_an_image_that_is_being_updated(images: ImageDeclaring) -> None:
    made = images(name="New", source_path=WINDOWS_11, wait=False)["package_id"]
    with pytest.raises(Impossible, match="is being updated and was not deleted"):
        images(package_id=made, state="absent")
    assert deleted(images) == {}


def test_an_image_of_another_site(make_declare: Make) -> None:
    declare = make_declare(scenario="hierarchy")
    plain = Declaring(declare.server)
    with pytest.raises(Impossible, match=r"belongs to site PS2 and cannot be changed at site CEN"):
        plain(PACKAGE, package_id="PS100002", state="absent")
    assert deleted(plain) == {}


def test_a_refusal_as_not_found_of_what_is_there(images: ImageDeclaring) -> None:
    """An image that is there afterwards was not deleted, whatever the provider calls its refusal."""
    images.server.add_fault(verb="Delete", action="provider_error", hresult=0x80041002)
    with pytest.raises(NotFound, match=f'Cannot delete SMS_ImagePackage.PackageID="{IMAGE}"'):
        images(package_id=IMAGE, state="absent", force=["task_sequences"])
    assert deleted(images) == {}
    assert images(package_id=IMAGE, state="absent", force=["task_sequences"])["changed"]
