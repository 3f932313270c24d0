# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Operating system images: SMS_ImagePackage (SDK page "SMS_ImagePackage Server WMI Class")."""

from __future__ import annotations

from dataclasses import replace

from .._cim.types import STRING, UINT32
from .._engine.resource import Property, Resource
from .package import PACKAGE_FLAG_OPTIONS, PACKAGE_PROPERTIES

IMAGE_PACKAGE = Resource(
    label="operating system image",
    option="image_package",
    wmi_class="SMS_ImagePackage",
    package_type=257,
    folder_type=18,
    # The console sets both when it makes an image (behaviour 29); without the first one nothing is ever distributed.
    born_with={"PkgSourceFlag": (UINT32, 2), "PkgFlags": (UINT32, 0x01000000)},
    flags=PACKAGE_FLAG_OPTIONS,
    properties=tuple(
        replace(item, needed_to_create=True) if item.wmi == "PkgSourcePath" else item for item in PACKAGE_PROPERTIES
    )
    + (
        Property("disk_layout", "ImageDiskLayout", STRING, lazy=True),
        Property("image_properties", "ImageProperty", STRING, lazy=True),
        Property("os_version", "ImageOSVersion", STRING),
    ),
)
