# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every declared package class, for the modules that serve all of them and for tests."""

from __future__ import annotations

from .boot_image import BOOT_IMAGE
from .content_package import CONTENT_PACKAGE
from .driver_package import DRIVER_PACKAGE
from .image_package import IMAGE_PACKAGE
from .operating_system_install_package import OPERATING_SYSTEM_INSTALL_PACKAGE
from .package import PACKAGE
from .software_updates_package import SOFTWARE_UPDATES_PACKAGE
from .task_sequence_package import TASK_SEQUENCE_PACKAGE
from .vhd_package import VHD_PACKAGE

RESOURCES = (
    PACKAGE,
    DRIVER_PACKAGE,
    IMAGE_PACKAGE,
    BOOT_IMAGE,
    OPERATING_SYSTEM_INSTALL_PACKAGE,
    SOFTWARE_UPDATES_PACKAGE,
    VHD_PACKAGE,
    CONTENT_PACKAGE,
    TASK_SEQUENCE_PACKAGE,
)
