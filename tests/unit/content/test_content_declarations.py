# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The declared package classes among themselves: names a playbook can rely on, and words that are unambiguous."""

from __future__ import annotations

import re

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._content.operations import REFRESH
from ansible_collections.configmgr.content.plugins.module_utils._content.package import (
    PACKAGE_FLAGS,
    PACKAGE_PROPERTIES,
    PACKAGE_TYPES,
)
from ansible_collections.configmgr.content.plugins.module_utils._content.registry import RESOURCES
from ansible_collections.configmgr.content.plugins.module_utils._engine.info import DEFAULT_COLUMNS
from ansible_collections.configmgr.content.plugins.module_utils._engine.resource import Resource
from ansible_collections.configmgr.content.plugins.module_utils._engine.selection import STATE_COLUMNS

every_resource = pytest.mark.parametrize("resource", RESOURCES, ids=lambda item: item.option)


def test_no_two_classes_share_a_name() -> None:
    for field in ("label", "option", "wmi_class", "package_type"):
        assert len({getattr(item, field) for item in RESOURCES}) == len(RESOURCES), field
    folders = [item.folder_type for item in RESOURCES if item.folder_type is not None]
    assert len(set(folders)) == len(folders)


@every_resource
def test_the_names_of_a_class_are_names_of_the_field(resource: Resource) -> None:
    assert re.fullmatch(r"[a-z][a-z_]*", resource.option)
    options = [item.option for item in resource.properties]
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", option) for option in options)
    for names in (options, [item.wmi.lower() for item in resource.properties]):
        assert len(set(names)) == len(names), "a name stands twice"


@every_resource
def test_one_word_means_one_thing(resource: Resource) -> None:
    for item in resource.properties:
        assert len(set(item.names.values())) == len(item.names), item.wmi
        assert len(set(item.bits.values())) == len(item.bits), item.wmi
        assert not (item.names and item.bits), item.wmi


def test_an_option_name_is_one_property_in_every_class() -> None:
    found: dict[str, str] = {}
    for resource in RESOURCES:
        for item in resource.properties:
            assert found.setdefault(item.option, item.wmi) == item.wmi


@every_resource
def test_the_type_has_the_word_that_playbooks_use_for_the_class(resource: Resource) -> None:
    assert PACKAGE_TYPES[resource.package_type] == resource.option


def test_every_bit_is_one_bit() -> None:
    assert all(bit & (bit - 1) == 0 and bit for bit in PACKAGE_FLAGS)


def test_a_class_that_cannot_be_refreshed_says_why() -> None:
    for item in RESOURCES:
        assert bool(item.why_not) is not item.refreshable


def test_the_four_classes_of_the_seed_and_the_others_can_be_refreshed() -> None:
    assert {item.wmi_class for item in RESOURCES if item.refreshable} == {
        "SMS_Package",
        "SMS_DriverPackage",
        "SMS_ImagePackage",
        "SMS_BootImagePackage",
        "SMS_OperatingSystemInstallPackage",
        "SMS_SoftwareUpdatesPackage",
        "SMS_VhdPackage",
        "SMS_ContentPackage",
    }
    assert [item.wmi_class for item in RESOURCES if item.builds_in_call] == ["SMS_BootImagePackage"]
    assert (REFRESH.method, REFRESH.context_argument) == ("RefreshPkgSource", "ContextID")


@pytest.mark.parametrize("column", sorted({*DEFAULT_COLUMNS, *STATE_COLUMNS}))
def test_what_queries_ask_for_is_declared_for_every_class_and_never_lazy(column: str) -> None:
    declared = {item.wmi: item for item in PACKAGE_PROPERTIES}[column]
    assert not declared.lazy
    if column in STATE_COLUMNS:
        assert STATE_COLUMNS[column] == declared.codec


def test_a_property_is_found_by_its_wmi_name_in_any_case() -> None:
    found = RESOURCES[0].property_named("pkgsourcepath")
    assert found is not None
    assert found.option == "source_path"
    assert RESOURCES[0].property_named("Nonsense") is None
