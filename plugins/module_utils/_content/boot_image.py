# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Boot images: SMS_BootImagePackage (SDK page "SMS_BootImagePackage Server WMI Class")."""

from __future__ import annotations

from .._cim.types import BOOLEAN, EMBEDDED, STRING, UINT32, array_of
from .._engine.boot_options import COMPONENTS, DRIVERS, LANGUAGE_TAG, UNC_PATH_OR_NONE, one_of
from .._engine.options import BOOL, UNC_PATH, number, text
from .._engine.resource import Flag, Property, Resource
from .package import PACKAGE_FLAG_OPTIONS, PACKAGE_PROPERTIES

# The SDK documents names, sites answer processor numbers: both are read.
ARCHITECTURES = {"0": "x86", "9": "x64", "12": "arm64"}
# Megabytes of the RAM disk (SDK page, ScratchSpace).
SCRATCH_SPACES = (32, 64, 128, 256, 512)

BOOT_IMAGE = Resource(
    label="boot image",
    option="boot_image",
    wmi_class="SMS_BootImagePackage",
    package_type=258,
    folder_type=19,
    # A boot image has its own files (behaviour 81); tools that create one set no PkgSourceFlag.
    needs_source=False,
    builds_in_call=True,
    # The console sets the bit on every new package (behaviour 29); the index is set at creation (ImageIndex).
    born_with={"ImageIndex": (UINT32, 1), "PkgFlags": (UINT32, 0x01000000)},
    flags=(Flag("deploy_from_pxe", 0x00000400), *PACKAGE_FLAG_OPTIONS),
    properties=PACKAGE_PROPERTIES
    + (
        Property("architecture", "Architecture", STRING, names=ARCHITECTURES),
        Property(
            "background_bitmap_path",
            "BackgroundBitmapPath",
            STRING,
            lazy=True,
            kind=UNC_PATH_OR_NONE,
            with_build=True,
        ),
        Property("context_id", "ContextID", STRING, lazy=True),
        Property("default_image", "DefaultImage", BOOLEAN),
        Property("command_support", "EnableLabShell", BOOLEAN, lazy=True, kind=BOOL, with_build=True),
        Property("disk_layout", "ImageDiskLayout", STRING, lazy=True),
        Property("image_index", "ImageIndex", UINT32, lazy=True, kind=number(1, 0xFFFFFFFF), with_build=True),
        Property("os_version", "ImageOSVersion", STRING),
        Property("image_path", "ImagePath", STRING, kind=UNC_PATH, needed_to_create=True, with_build=True),
        Property("image_properties", "ImageProperty", STRING, lazy=True),
        Property("input_locale", "InputLocale", STRING, kind=LANGUAGE_TAG, with_build=True),
        Property(
            "optional_components",
            "OptionalComponents",
            array_of(UINT32),
            lazy=True,
            kind=COMPONENTS,
            with_build=True,
        ),
        Property("prestart_command_line", "PreExecCommandLine", STRING, lazy=True, kind=text(), with_build=True),
        Property(
            "prestart_include_files_directory",
            "PreExecSourceDirectory",
            STRING,
            kind=UNC_PATH_OR_NONE,
            with_build=True,
        ),
        Property("client_version", "ProductionClientVersion", STRING),
        Property("drivers", "ReferencedDrivers", array_of(EMBEDDED), lazy=True, kind=DRIVERS, with_build=True),
        Property("scratch_space", "ScratchSpace", UINT32, lazy=True, kind=one_of(SCRATCH_SPACES), with_build=True),
    ),
)
