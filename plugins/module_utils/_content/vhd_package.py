# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VHD packages: SMS_VhdPackage, an obsolete class that sites still have (SDK page of that name)."""

from __future__ import annotations

from .._cim.types import STRING
from .._engine.resource import Property, Resource
from .package import PACKAGE_PROPERTIES

VHD_PACKAGE = Resource(
    label="VHD package",
    option="vhd_package",
    wmi_class="SMS_VhdPackage",
    package_type=260,
    properties=PACKAGE_PROPERTIES
    + (
        Property("disk_layout", "ImageDiskLayout", STRING, lazy=True),
        Property("image_properties", "ImageProperty", STRING, lazy=True),
    ),
)
