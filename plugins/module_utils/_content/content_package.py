# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The content of an application: SMS_ContentPackage (SDK page of that name)."""

from __future__ import annotations

from .._cim.types import STRING, UINT32
from .._engine.resource import Property, Resource
from .package import PACKAGE_PROPERTIES

CONTENT_PACKAGE = Resource(
    label="application content",
    option="application_content",
    wmi_class="SMS_ContentPackage",
    package_type=8,
    # Its sources are those of its contents, not of the package row.
    needs_source=False,
    properties=PACKAGE_PROPERTIES
    + (
        Property("object_type_id", "ObjectTypeID", UINT32),
        Property("security_key", "SecurityKey", STRING),
    ),
)
