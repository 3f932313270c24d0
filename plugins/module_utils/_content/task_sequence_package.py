# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Task sequences, as far as they are packages: SMS_TaskSequencePackage (SDK page of that name)."""

from __future__ import annotations

from .._cim.types import STRING, UINT32
from .._engine.resource import Property, Resource
from .package import PACKAGE_PROPERTIES

TASK_SEQUENCE_PACKAGE = Resource(
    label="task sequence",
    option="task_sequence",
    wmi_class="SMS_TaskSequencePackage",
    package_type=4,
    folder_type=20,
    refreshable=False,
    why_not="a task sequence has no source of its own; refresh the packages it refers to",
    properties=PACKAGE_PROPERTIES
    + (
        Property("boot_image_id", "BootImageID", STRING, lazy=True),
        Property("references_count", "ReferencesCount", UINT32),
        Property("type", "Type", UINT32, lazy=True, names={1: "generic", 2: "operating_system_deployment"}),
    ),
)
