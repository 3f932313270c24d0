# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages by the thousand, the same in every run, with values as long as on a real site."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any

_MAKERS = (
    ("Adobe Systems Incorporated", ("Acrobat Reader DC MUI", "Creative Cloud Desktop Application", "Digital Editions")),
    (
        "Microsoft Corporation",
        ("Visual C++ 2015-2022 Redistributable (x64)", "SQL Server Native Client", "Teams Add-in"),
    ),
    ("Igor Pavlov", ("7-Zip (x64 edition)",)),
    ("The Document Foundation", ("LibreOffice", "LibreOffice Help Pack (German)")),
    ("Oracle", ("Java SE Runtime Environment (64-bit)", "VM VirtualBox")),
    (
        "Contoso Ltd.",
        ("Branch Printer Configuration", "Line of Business Client", "Root Certificates and Trust Settings"),
    ),
    ("Dell Inc.", ("Command | Update", "Latitude and OptiPlex BIOS Updates")),
    ("Citrix Systems, Inc.", ("Workspace App LTSR", "Virtual Delivery Agent")),
)
_CLASSES = ("SMS_Package",) * 17 + ("SMS_DriverPackage", "SMS_ImagePackage", "SMS_SoftwareUpdatesPackage")


def generated_packages(how: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Package entries as a scenario has them; PackageIDs count up from 1."""
    choice = random.Random(how["seed"])
    site, points = how["site"], list(how["points"])
    for number in range(1, how["packages"] + 1):
        maker, products = choice.choice(_MAKERS)
        product = choice.choice(products)
        version = f"{choice.randint(1, 24)}.{choice.randint(0, 99)}.{choice.randint(1000, 29999)}"
        class_name = "SMS_Package" if number == 1 else choice.choice(_CLASSES)
        days = choice.randint(1, 900)
        path = f"\\\\files01.contoso.test\\sources$\\{class_name[4:]}\\{maker}\\{product}\\{version}".replace("|", "-")
        if class_name == "SMS_ImagePackage":
            path += "\\install.wim"
        yield {
            "id": f"{site}{number:05X}",
            "class": class_name,
            "name": f"{product} {version}",
            "source": path,
            "size_mb": choice.randint(1, 800),
            "version": choice.randint(1, 40),
            "refreshed_days": days,
            "targets": choice.sample(points, how["targets"]),
            "properties": {
                "Manufacturer": maker[:32],
                "Version": version,
                "Language": choice.choice(("English", "Deutsch", "Multilingual")),
                "Description": f"{maker} {product} {version}, packaged for all workstations"[:128],
            },
        }
