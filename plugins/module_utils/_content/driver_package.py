# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Driver packages: SMS_DriverPackage (SDK page of that name)."""

from __future__ import annotations

from .._engine.resource import Resource
from .package import PACKAGE_PROPERTIES

DRIVER_PACKAGE = Resource(
    label="driver package",
    option="driver_package",
    wmi_class="SMS_DriverPackage",
    package_type=3,
    folder_type=23,
    properties=PACKAGE_PROPERTIES,
)
