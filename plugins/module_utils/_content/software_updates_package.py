# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deployment packages of software updates: SMS_SoftwareUpdatesPackage (SDK page of that name)."""

from __future__ import annotations

from .._engine.resource import Resource
from .package import PACKAGE_PROPERTIES

SOFTWARE_UPDATES_PACKAGE = Resource(
    label="software updates package",
    option="software_updates_package",
    wmi_class="SMS_SoftwareUpdatesPackage",
    package_type=5,
    folder_type=24,
    properties=PACKAGE_PROPERTIES,
)
