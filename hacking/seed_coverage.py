# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the page "Every property and method": by which module and option each one is served, and which test shows it.

From tests/data/seed_surface.yml, the declarations, and the table of methods below.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
# Where the checkout lies in a tree of collections; elsewhere somebody has put one on the path.
TREE = ROOT.parents[min(2, len(ROOT.parents) - 1)]
if str(TREE) not in sys.path:
    sys.path.insert(0, str(TREE))

from ansible_collections.configmgr.content.plugins.module_utils._content.boot_image import BOOT_IMAGE  # noqa: E402
from ansible_collections.configmgr.content.plugins.module_utils._content.image_package import IMAGE_PACKAGE  # noqa: E402

PAGE = ROOT / "docs" / "docsite" / "rst" / "seed_coverage.rst"
SURFACE = ROOT / "tests" / "data" / "seed_surface.yml"
STATE_MODULES = {"SMS_BootImagePackage": "cm_boot_image", "SMS_ImagePackage": "cm_image_package"}
RESOURCES = {each.wmi_class: each for each in (BOOT_IMAGE, IMAGE_PACKAGE)}
CYCLES = {
    "SMS_BootImagePackage": "tests/wire/boot/test_boot_state.py::test_the_change_cycle_of_every_option",
    "SMS_ImagePackage": "tests/wire/converge/test_image_package.py::test_the_change_cycle_of_every_option",
}
REPORTED = "tests/wire/boot/test_boot_surface.py::test_every_property_is_reported"
NO_SECOND_IMAGE = {"ImageIndex": "tests/wire/boot/test_boot_state.py::test_the_index_of_a_wim_can_be_chosen"}


@dataclass(frozen=True)
class Served:
    """By what a method is called, and the test that shows it. `option` is empty where calling it is what the module does."""

    module: str
    option: str
    test: str


_CALLS = "tests/wire/boot/test_boot_calls.py"
_BUILDS = "tests/wire/boot/test_boot_builds.py"
_OWNERS = "tests/wire/converge/test_image_ownership.py"
_CONTENT = "tests/wire/converge/test_image_content.py"
_BOTH = {
    "AddChangeNotification": Served(
        "cm_content_notification", "", "tests/wire/boot/test_boot_surface.py::test_the_distribution_manager_is_woken"
    ),
    "AddDistributionPoints": Served(
        "cm_boot_image and cm_image_package",
        "distribution_points",
        "tests/wire/boot/test_boot_surface.py::test_an_image_is_added_to_distribution_points",
    ),
    "GetImageProperties": Served("cm_wim_info", "path", f"{_OWNERS}::test_the_images_of_a_wim"),
    "RefreshPkgSource": Served(
        "cm_package_refresh",
        "package_ids",
        "tests/wire/refresh/test_classes.py::test_each_class_is_refreshed_once_and_its_version_rises",
    ),
    "SetSourceSite": Served(
        "cm_content_ownership", "source_site", f"{_OWNERS}::test_a_package_comes_to_its_owner_once"
    ),
    "Unlock": Served(
        "cm_content_ownership", "confirm_source_site", f"{_OWNERS}::test_a_package_comes_to_its_owner_once"
    ),
}
METHODS: dict[str, dict[str, Served]] = {
    "SMS_BootImagePackage": {
        **_BOTH,
        "RefreshPkgSource": Served(
            "cm_boot_image", "rebuild", f"{_BUILDS}::test_four_settings_two_drivers_three_components"
        ),
        "DeleteContextID": Served(
            "cm_boot_image_status", "delete_context", f"{_CALLS}::test_the_record_of_a_build_is_dropped_when_asked"
        ),
        "ExportDefaultBootImage": Served("cm_boot_image_export", "path", f"{_CALLS}::test_an_export_is_made_once"),
        "QueryOSDBinaryInjectionStatus": Served(
            "cm_boot_image_status", "wait", f"{_CALLS}::test_a_build_that_another_task_began_is_waited_for"
        ),
        "ReloadImageProperties": Served(
            "cm_boot_image_maintenance", "action", f"{_CALLS}::test_metadata_of_a_wim_that_was_changed_outside"
        ),
        "UpdateDefaultImage": Served(
            "cm_boot_image_maintenance", "confirm", f"{_CALLS}::test_a_call_for_emergencies_has_to_be_confirmed"
        ),
        "UpdateImage": Served(
            "cm_boot_image_maintenance", "confirm", f"{_CALLS}::test_a_call_for_emergencies_has_to_be_confirmed"
        ),
        "UpdateOptionalComponents": Served(
            "cm_boot_image_maintenance", "optional_components", f"{_CALLS}::test_components_by_their_own_method"
        ),
    },
    "SMS_ImagePackage": {
        **_BOTH,
        "RefreshPkgSource": Served(
            "cm_image_package", "refresh", f"{_CONTENT}::test_a_new_wim_from_its_path_to_the_refreshed_image"
        ),
        "ReloadImageProperties": Served(
            "cm_image_package", "reload", f"{_CONTENT}::test_a_new_wim_from_its_path_to_the_refreshed_image"
        ),
        "RunOfflineServicingManager": Served(
            "cm_offline_servicing", "images", "tests/wire/servicing/test_servicing.py::test_updates_go_into_an_image"
        ),
    },
}

HEAD = """\
..
  Copyright: (c) 2026, configmgr.content contributors
  GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
  SPDX-License-Identifier: GPL-3.0-or-later

.. Written by hacking/seed_coverage.py. A test fails when it is out of date.

.. _ansible_collections.configmgr.content.docsite.seed_coverage:

Every property and method
=========================

Two classes of the SMS Provider are served in full: boot images and operating system images.
These tables name what declares or reports each property, what calls each method, and the test that shows it.
An *option* can be declared; a *result* is in ``object`` of what the module returns. Some properties that a client may write by their documentation
are kept up by the site itself, and are reported only.

.. contents::
   :local:
   :depth: 1
"""


def surface() -> dict[str, dict[str, Any]]:
    """Names and types of the properties of both classes, and their methods."""
    read: dict[str, dict[str, Any]] = yaml.safe_load(SURFACE.read_text("utf-8"))
    return read


def options_of(class_name: str, wmi_name: str) -> tuple[str, ...]:
    """The options that declare a property; none if it is reported only."""
    resource = RESOURCES[class_name]
    if wmi_name == "PkgFlags":
        return ("pkg_flags", *(flag.option for flag in resource.flags))
    if wmi_name == "PackageID":
        return ("package_id",)
    declared = resource.property_named(wmi_name)
    return (declared.option,) if declared is not None and declared.kind is not None else ()


def _row(cells: list[str]) -> list[str]:
    return [f"   * - {cells[0]}", *(f"     - {cell}" for cell in cells[1:])]


def _table(title: str, heads: list[str], rows: list[list[str]]) -> list[str]:
    lines = ["", title, "-" * len(title), "", ".. list-table::", "   :header-rows: 1", ""]
    for cells in [heads, *rows]:
        lines += _row(cells)
    return lines


def property_row(class_name: str, wmi_name: str, cim_type: str) -> list[str]:
    """One line of the table of properties."""
    declared = RESOURCES[class_name].property_named(wmi_name)
    options = options_of(class_name, wmi_name)
    shown = declared.option if declared is not None else "?"
    served = "option " + ", ".join(f"``{each}``" for each in options) if options else f"result ``{shown}``"
    test = CYCLES[class_name] if options and wmi_name != "PackageID" else REPORTED
    if class_name == "SMS_BootImagePackage":
        test = NO_SECOND_IMAGE.get(wmi_name, test)
    return [f"``{wmi_name}``", cim_type, f"``{STATE_MODULES[class_name]}``, {served}", f"``{test}``"]


def method_row(class_name: str, method: str) -> list[str]:
    """One line of the table of methods."""
    served = METHODS[class_name][method]
    by = f"``{served.module}``" + (f", option ``{served.option}``" if served.option else "")
    return [f"``{method}``", by, f"``{served.test}``"]


def page() -> str:
    """The whole page."""
    lines = [HEAD.rstrip("\n")]
    for class_name, members in surface().items():
        properties = [property_row(class_name, name, kind) for name, kind in members["properties"].items()]
        methods = [method_row(class_name, name) for name in members["methods"]]
        lines += _table(f"Properties of {class_name}", ["Property", "Type", "Served by", "Test"], properties)
        lines += _table(f"Methods of {class_name}", ["Method", "Served by", "Test"], methods)
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write the page, or with `--check` only say whether it is up to date."""
    text = page()
    if "--check" in sys.argv[1:]:
        fresh = PAGE.is_file() and PAGE.read_text("utf-8") == text
        if not fresh:
            print(f"{PAGE.relative_to(ROOT)} is out of date; run {Path(__file__).relative_to(ROOT)}", file=sys.stderr)
        return 0 if fresh else 1
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
