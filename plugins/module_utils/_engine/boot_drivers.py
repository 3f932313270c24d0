# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drivers of a boot image: which ones are meant, and whether the site knows a reason why they would not do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._cim import wql
from .._cim.types import BOOLEAN, STRING, UINT32, Codec, is_plain_number
from .._provider.errors import Impossible, ProviderError
from .._provider.site import Site
from .._wsman import markup
from .boot_options import Edit
from .boot_wim import document

DRIVER_CLASS = "SMS_Driver"
COLUMNS: Mapping[str, Codec] = {
    "CI_ID": UINT32,
    "ContentSourcePath": STRING,
    "DriverBootCritical": BOOLEAN,
    "DriverClass": STRING,
    "DriverINFFile": STRING,
    "DriverSigned": BOOLEAN,
    "DriverVersion": STRING,
    "IsEnabled": BOOLEAN,
    "IsExpired": BOOLEAN,
    "IsLatest": BOOLEAN,
    "LocalizedDisplayName": STRING,
}
# Device classes of use before an operating system runs: disks, network, buses.
USEFUL = frozenset(
    ["net", "scsiadapter", "hdc", "system", "usb", "diskdrive", "volume", "keyboard", "hidclass", "sdhost"]
)
# PlatformApplicabilityCondition/@Platform of SDMPackageXML (SDK page "Specify the Supported Platforms for a Driver").
_PLATFORMS = {"i386": "x86", "x86": "x86", "x64": "x64", "amd64": "x64", "arm64": "arm64"}


@dataclass(frozen=True)
class Driver:
    """A driver of the catalogue, as far as the site tells."""

    number: int
    name: str
    path: str
    device_class: str = ""
    boot_critical: bool | None = None
    signed: bool | None = None
    enabled: bool | None = None
    expired: bool | None = None
    latest: bool | None = None
    inf: str = ""
    version: str = ""

    @property
    def label(self) -> str:
        """For messages."""
        return f'driver {self.number} ("{self.name}")'


@dataclass(frozen=True)
class Finding:
    """Why a driver would not do. `lasting`: it cannot work; else it is only of no use."""

    text: str
    lasting: bool = True


def find_drivers(site: Site, asked: Sequence[str]) -> dict[str, Driver]:
    """The driver of each entry, an id or a name. One query. Raises Impossible for a name with two; unknown ones are left out."""
    if not asked:
        return {}
    ids = [int(each) for each in asked if is_plain_number(each)]
    names = [each for each in asked if not is_plain_number(each)]
    where = wql.or_(
        wql.in_list("CI_ID", ids) if ids else None, wql.in_list("LocalizedDisplayName", names) if names else None
    )
    drivers = [_driver(row) for row in site.list_of(DRIVER_CLASS, COLUMNS, where)]
    found: dict[str, Driver] = {}
    for each in asked:
        matching = [driver for driver in drivers if _is_meant(driver, each)]
        if len(matching) > 1:
            shown = ", ".join(f"{driver.number} ({driver.inf}, {driver.version})" for driver in matching)
            raise Impossible(
                f"{len(matching)} drivers are named {each!r}: {shown}", where=site.where, hint="Give the id instead"
            )
        if matching:
            found[each] = matching[0]
    return found


def _is_meant(driver: Driver, asked: str) -> bool:
    if is_plain_number(asked):
        return driver.number == int(asked)
    return driver.name.lower() == asked.lower() and driver.latest is not False


def _driver(row: Mapping[str, Any]) -> Driver:
    return Driver(
        number=row["CI_ID"],
        name=row["LocalizedDisplayName"] or "",
        path=row["ContentSourcePath"] or "",
        device_class=row["DriverClass"] or "",
        boot_critical=row["DriverBootCritical"],
        signed=row["DriverSigned"],
        enabled=row["IsEnabled"],
        expired=row["IsExpired"],
        latest=row["IsLatest"],
        inf=row["DriverINFFile"] or "",
        version=row["DriverVersion"] or "",
    )


def resolve(edit: Edit, found: Mapping[str, Driver], present: Sequence[int], where: str) -> list[int]:
    """The CI_IDs that the image should refer to. Raises Impossible for a driver nobody knows.

    An id that is to be removed, or is referred to already, need not be known any more.
    """
    unknown = [
        each
        for each in edit.mentioned
        if each not in found and not (is_plain_number(each) and (each in edit.remove or int(each) in present))
    ]
    if unknown:
        raise Impossible(
            f"There is no driver {', '.join(repr(each) for each in unknown)}, or it is outside the scopes of the account",
            where=where,
            hint="Names are compared without case and in full; the console shows them under Drivers, with the CI ID as a column",
        )

    def numbers(entries: Iterable[str]) -> list[int]:
        return [found[each].number if each in found else int(each) for each in entries]

    if edit.every is not None:
        return list(dict.fromkeys(numbers(edit.every)))
    gone = set(numbers(edit.remove))
    return list(dict.fromkeys([each for each in present if each not in gone] + numbers(edit.add)))


def platforms_of(site: Site, driver: Driver) -> frozenset[str] | None:
    """The architectures that a driver says it is for; None where the site does not tell. One request."""
    try:
        text = site.get_by(DRIVER_CLASS, {"CI_ID": str(driver.number)}).value("SDMPackageXML", STRING) or ""
    except ProviderError:
        return None
    return platforms_in(text)


def platforms_in(digest: str) -> frozenset[str] | None:
    """The architectures that a driver's digest names; None if it names none, or cannot be read."""
    root = document(digest)
    if root is None:
        return None
    named = {
        each.get("Platform", "").strip().lower()
        for each in root.iter()
        if markup.local(each.tag) == "PlatformApplicabilityCondition"
    }
    known = frozenset(_PLATFORMS[each] for each in named if each in _PLATFORMS)
    return known or None


def findings(driver: Driver, architecture: str, platforms: frozenset[str] | None) -> list[Finding]:
    """What speaks against a driver in an image of this architecture, as far as the site knows."""
    found = []
    if driver.enabled is False:
        found.append(Finding("it is disabled in the driver catalogue"))
    if driver.expired:
        found.append(Finding("it is expired in the driver catalogue"))
    if driver.signed is False and architecture != "x86":
        found.append(Finding(f"it is not signed, and the build of an image for {architecture} would fail"))
    if platforms is not None and architecture not in platforms:
        found.append(Finding(f"it is for {', '.join(sorted(platforms))}, and the image for {architecture}"))
    if not driver.path:
        found.append(Finding("the catalogue has no source folder for it"))
    if driver.device_class and driver.device_class.lower() not in USEFUL and not driver.boot_critical:
        found.append(Finding(f"its class {driver.device_class} is of no use before Windows runs", lasting=False))
    return found


def named_in(text: str, paths: Mapping[int, str]) -> list[int]:
    """The drivers, by source folder, that an error of the provider is about: those whose folder it names, of nested ones the innermost."""
    folders = {number: path.rstrip("\\").lower() for number, path in paths.items() if path}
    named = {
        number: len(folder)
        for number, folder in folders.items()
        if re.search(rf"{re.escape(folder)}(?![\w.-])", text.lower())
    }
    return [number for number, length in named.items() if length == max(named.values())]
