# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Operating system upgrade packages: SMS_OperatingSystemInstallPackage (SDK page of that name)."""

from __future__ import annotations

from .._cim.types import STRING
from .._engine.resource import Property, Resource
from .package import PACKAGE_PROPERTIES

OPERATING_SYSTEM_INSTALL_PACKAGE = Resource(
    label="operating system upgrade package",
    option="operating_system_upgrade_package",
    wmi_class="SMS_OperatingSystemInstallPackage",
    package_type=259,
    folder_type=14,
    properties=PACKAGE_PROPERTIES
    + (
        Property("image_properties", "ImageProperty", STRING, lazy=True),
        Property("os_version", "ImageOSVersion", STRING),
    ),
)
