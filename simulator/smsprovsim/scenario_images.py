# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of a scenario that images need: drivers, WIM files, and what is in the boot images at the start."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from .behaviour import paths
from .behaviour.boot_images import show
from .behaviour.drivers import INVALID, NO_PLATFORM, Drivers, InfFile
from .behaviour.image_writes import BOOT_IMAGE, WIM_PROPERTY
from .behaviour.injection import foresee
from .behaviour.servicing import SERVICED, OfflineServicing, Update
from .images import ARCHITECTURES, Edition, Wim, winpe
from .model import CimDateTime, Embedded, Value
from .repository import Repository, StoredTable
from .world import READERS, SITE_VERSION, Package, Source, World


def production_client(switches: Mapping[str, str]) -> str:
    """The version of the client that goes into boot images. ASSUMED: client_version"""
    return SITE_VERSION if switches["client_version"] == "of_the_site" else SITE_VERSION[:-4] + "1042"


def add_drivers(table: StoredTable, entries: Iterable[Mapping[str, Any]], world: World) -> None:
    """The drivers of the catalogue. `platforms` says for which architectures one is, as its digest tells."""
    for entry in entries:
        table.add(driver_values(entry))
        if "platforms" in entry:
            world.driver_platforms[entry["id"]] = frozenset(ARCHITECTURES[name] for name in entry["platforms"])


def add_inf_files(drivers: Drivers, entries: Iterable[Mapping[str, Any]], table: StoredTable) -> None:
    """The INF files that can be imported; those of the drivers in the catalogue were."""
    for record in table.records.values():
        drivers.add_file(InfFile(dict(record.values)))
    for entry in entries:
        values = driver_values({"id": 0, "name": "", **entry})
        digest = hashlib.sha1(f"{entry['path']}\\{entry['inf']}".lower().encode(), usedforsecurity=False)
        values["CI_UniqueID"] = f"DRIVER:{digest.hexdigest().upper()}"
        problem = {"invalid": INVALID, "unsupported": NO_PLATFORM}.get(entry.get("problem", ""), 0)
        drivers.add_file(InfFile(values, problem))


def driver_values(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The values of one driver."""
    signed = entry.get("signed", True)
    return {
        "CI_ID": entry["id"],
        "CI_UniqueID": f"DRIVER:{entry['id']:040X}",
        "CIType_ID": 6,
        "CIVersion": 1,
        "ContentSourcePath": entry["path"],
        "DriverBootCritical": entry.get("boot_critical", False),
        "DriverClass": entry.get("class", "Net"),
        "DriverINFFile": entry["inf"],
        "DriverProvider": entry.get("provider", "Contoso Ltd."),
        "DriverSigned": signed,
        "DriverSigner": "Microsoft Windows Hardware Compatibility Publisher" if signed else "",
        "DriverType": "INF",
        "DriverVersion": entry.get("version", "1.0.0.0"),
        "IsEnabled": entry.get("enabled", True),
        "IsExpired": False,
        "IsHidden": False,
        "IsLatest": True,
        "IsQuarantined": False,
        "IsSuperseded": False,
        "LocalizedDescription": "",
        "LocalizedDisplayName": entry["name"],
        "LocalizedPropertyLocaleID": 1033,
        "SDMPackageXML": _digest(entry.get("platforms", ())),
    }


def _digest(platforms: Iterable[str]) -> str:
    """The platforms of a driver, as the SDK describes them (page "Specify the Supported Platforms for a Driver")."""
    conditions = "".join(
        f'<PlatformApplicabilityCondition DisplayName="All {name} Windows" Name="Win NT" '
        f'Platform="{"I386" if name == "x86" else name}"/>'
        for name in platforms
    )
    conditions = f"<PlatformApplicabilityConditions>{conditions}</PlatformApplicabilityConditions>"
    space = "http://schemas.microsoft.com/SystemsCenterConfigurationManager/2006/03/24/DesiredConfiguration"
    return (
        '<?xml version="1.0" encoding="utf-16"?>'
        f'<DesiredConfigurationDigest xmlns="{space}"><Driver>{conditions}</Driver></DesiredConfigurationDigest>'
    )


def add_wims(entries: Mapping[str, Any] | None, world: World) -> None:
    """The WIM files of the shares. Where a scenario lists any, there are no others."""
    world.lists_images = entries is not None
    for path, entry in (entries or {}).items():
        world.wims[path.lower()] = described(entry)


def described(entry: Mapping[str, Any]) -> Wim:
    """A WIM as a scenario describes it: `winpe` and `kit`, or a list of `images`."""
    if "winpe" in entry:
        wim = winpe(entry["kit"], ARCHITECTURES[entry["winpe"]], entry.get("version", ""))
        return Wim(wim.editions, wim.kit, entry.get("edited", False))
    editions = []
    for number, given in enumerate(entry["images"], start=1):
        values = {"index": number, **given}
        values["architecture"] = ARCHITECTURES[values.get("architecture", "x64")]
        editions.append(Edition(**values))
    return Wim(tuple(editions))


def add_updates(servicing: OfflineServicing, entries: Iterable[Mapping[str, Any]], world: World) -> None:
    """The software updates of a scenario; every image was scanned for them."""
    for entry in entries:
        not_for = tuple(entry.get("not_for", ()))
        servicing.updates[entry["id"]] = Update(entry["id"], entry["title"], entry.get("error", 0), not_for)
    for package in world.packages.values():
        if package.class_name in SERVICED:
            servicing.rows.scanned(package, package.images)


def show_image(package: Package, world: World, given: Mapping[str, Any]) -> None:
    """Fill in what the provider knows of an image that is there from the start; what the scenario gives stays."""
    site = world.sites[package.owner]
    values = package.record.values
    boot = package.class_name == BOOT_IMAGE
    path = str(values.get(WIM_PROPERTY[package.class_name]) or "")
    if paths.problem(path, world, "computer"):
        return
    wim = paths.wim(path, world, site, boot=boot)
    package.images = wim.editions
    filled = dict(values)
    if boot:
        world.wims.setdefault(path.lower(), wim)
        show(world, filled, wim, site.client_version)
        package.built = package.distributed = foresee(world, site, values).built
    elif "ImageProperty" in values:
        filled["ImageProperty"] = wim.metadata()
        if "ImageOSVersion" in package.record.definition.properties:
            filled["ImageOSVersion"] = wim.editions[0].os_version
    # The spelling of the architecture is the provider's own.
    values.update({name: value for name, value in filled.items() if name not in given or name == "Architecture"})


def source_of(entry: Mapping[str, Any]) -> Source:
    """A source path as a scenario describes it."""
    readers = entry.get("readers")
    if readers is not None and not frozenset(readers) <= READERS:
        raise ValueError(f"readers are {', '.join(sorted(READERS))}")
    return Source(
        problem={"missing": 2306, "unreadable": 2307}.get(entry.get("problem", ""), 0),
        changed=entry.get("changed", True),
        empty=entry.get("empty", False),
        readers=READERS if readers is None else frozenset(readers),
    )


def typed_value(repository: Repository, cim_type: str, value: Any) -> Value:
    """A value of a scenario as the repository keeps it; a driver may stand as its number alone."""
    if isinstance(value, list):
        return [typed_value(repository, cim_type, item) for item in value]
    if cim_type == "datetime" and isinstance(value, str):
        return CimDateTime(value)
    if cim_type == "object:SMS_Driver_Details" and isinstance(value, int):
        driver = repository.stored("SMS_Driver").find(value)
        if driver is None:
            raise ValueError(f"there is no driver {value}")
        return Embedded("SMS_Driver_Details", {"ID": value, "SourcePath": driver.values["ContentSourcePath"]})
    if cim_type.startswith("object:") and isinstance(value, Mapping):
        definition = repository.classes[value["class"].lower()]
        values = {
            name: typed_value(repository, definition.properties[name].type, given)
            for name, given in value.items()
            if name != "class"
        }
        return Embedded(definition.name, values)
    return value
