# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Boot images: SMS_BootImagePackage (SDK page "SMS_BootImagePackage Server WMI Class")."""

from __future__ import annotations

from .._cim.types import BOOLEAN, EMBEDDED, STRING, UINT32, array_of
from .._engine.resource import Property, Resource
from .package import PACKAGE_PROPERTIES

# The SDK documents names, sites answer processor numbers: both are read.
ARCHITECTURES = {"0": "x86", "9": "x64", "12": "arm64"}

BOOT_IMAGE = Resource(
    label="boot image",
    option="boot_image",
    wmi_class="SMS_BootImagePackage",
    package_type=258,
    folder_type=19,
    # A boot image has its own files (behaviour 81); tools that create one set no PkgSourceFlag.
    needs_source=False,
    builds_in_call=True,
    properties=PACKAGE_PROPERTIES
    + (
        Property("architecture", "Architecture", STRING, names=ARCHITECTURES),
        Property("background_bitmap_path", "BackgroundBitmapPath", STRING, lazy=True),
        Property("context_id", "ContextID", STRING, lazy=True),
        Property("default_image", "DefaultImage", BOOLEAN),
        Property("command_support", "EnableLabShell", BOOLEAN, lazy=True),
        Property("disk_layout", "ImageDiskLayout", STRING, lazy=True),
        Property("image_index", "ImageIndex", UINT32, lazy=True),
        Property("os_version", "ImageOSVersion", STRING),
        Property("image_path", "ImagePath", STRING),
        Property("image_properties", "ImageProperty", STRING, lazy=True),
        Property("input_locale", "InputLocale", STRING),
        Property("optional_components", "OptionalComponents", array_of(UINT32), lazy=True),
        Property("prestart_command_line", "PreExecCommandLine", STRING, lazy=True),
        Property("prestart_include_files_directory", "PreExecSourceDirectory", STRING),
        Property("client_version", "ProductionClientVersion", STRING),
        Property("drivers", "ReferencedDrivers", array_of(EMBEDDED), lazy=True),
        Property("scratch_space", "ScratchSpace", UINT32, lazy=True),
    ),
)
