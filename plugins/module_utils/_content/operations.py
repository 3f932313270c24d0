# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operations on content."""

from __future__ import annotations

from .._engine.operation import Operation

# SDK pages "RefreshPkgSource Method in Class SMS_Package", "... SMS_BootImagePackage", "... SMS_DriverPackage".
REFRESH = Operation(label="refresh of the package source", verb="refresh", method="RefreshPkgSource")
