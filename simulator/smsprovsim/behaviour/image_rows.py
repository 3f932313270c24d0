# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows about the images inside packages (behaviour 98; SMS_ImageInformation)."""

from __future__ import annotations

from collections.abc import Iterator

from ..model import Value
from ..repository import ComputedTable, Narrow
from ..world import PACKAGE_CLASSES, World


class ImageRows:
    """SMS_ImageInformation, computed from what the site knows of each package."""

    def __init__(self, world: World) -> None:
        self._world = world
        definition = world.repository.classes["sms_imageinformation"]
        world.repository.add_table(ComputedTable(definition, self._rows, ["packageid"]))

    def _rows(self, _site_code: str, narrow: Narrow) -> Iterator[dict[str, Value]]:
        for package in self._world.packages_in(narrow.get("packageid")):
            package_type, object_type = PACKAGE_CLASSES[package.class_name]
            for edition in package.images:
                yield {
                    "PackageID": package.package_id,
                    "Index": edition.index,
                    "Architecture": edition.architecture,
                    "CreatedBy": "",
                    "CreationDate": edition.created,
                    "Description": edition.description,
                    "EnableLabShell": False,
                    "HALType": "acpiapic",
                    "ImageOSVersion": edition.os_version,
                    "ImagePath": package.record.values.get("PkgSourcePath"),
                    "Language": edition.language,
                    "Name": edition.name,
                    "ObjectType": object_type,
                    "OSVersion": edition.os_version,
                    "PackageType": package_type,
                    "ProductType": edition.product_type,
                    "Size": edition.size,
                    "Version": edition.os_version,
                }
