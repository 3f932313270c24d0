# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The deployment kit: which optional components of Windows PE there are, and what needs what (behaviour 90 to 93, 97)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from ..images import ARCHITECTURES, ARM64, X64, X86
from ..model import Value
from ..repository import ComputedTable, Narrow
from ..world import World

# Name, ids for x86, x64 and arm64 (0: none), direct dependencies, megabytes.
# ASSUMED: what needs what is not in the reference; this follows the names, and only direct dependencies are listed.
_TABLE: tuple[tuple[str, int, int, int, tuple[str, ...], int], ...] = (
    ("DismCmdlets", 1, 27, 59, ("PowerShell",), 1),
    ("Dot3Svc", 2, 28, 60, (), 1),
    ("EnhancedStorage", 3, 29, 61, (), 1),
    ("FMAPI", 4, 30, 62, (), 1),
    ("FontSupport-JA-JP", 5, 31, 63, (), 24),
    ("FontSupport-KO-KR", 6, 32, 64, (), 18),
    ("FontSupport-ZH-CN", 7, 33, 65, (), 20),
    ("FontSupport-ZH-HK", 8, 34, 66, (), 22),
    ("FontSupport-ZH-TW", 9, 35, 67, (), 22),
    ("HTA", 10, 36, 0, ("Scripting",), 8),
    ("StorageWMI", 11, 37, 68, ("WMI",), 1),
    ("LegacySetup", 12, 38, 69, (), 2),
    ("MDAC", 13, 39, 70, (), 2),
    ("NetFx", 14, 40, 71, ("WMI",), 62),
    ("PowerShell", 15, 41, 72, ("NetFx", "Scripting", "WMI"), 12),
    ("PPPoE", 16, 42, 73, (), 1),
    ("RNDIS", 17, 43, 74, (), 1),
    ("Scripting", 18, 44, 75, (), 1),
    ("SecureStartup", 19, 45, 76, ("WMI",), 1),
    ("Setup", 20, 46, 77, (), 16),
    ("Setup-Client", 21, 47, 78, ("Setup",), 4),
    ("Setup-Server", 22, 48, 79, ("Setup",), 4),
    ("WDS-Tools", 24, 50, 80, (), 1),
    ("WinReCfg", 25, 51, 81, (), 1),
    ("WMI", 26, 52, 82, (), 3),
    ("NetFx4", 53, 55, 0, ("WMI",), 40),
    ("PowerShell3", 54, 56, 0, ("NetFx4", "Scripting", "WMI"), 12),
    ("SecureBootCmdlets", 57, 58, 83, ("PowerShell",), 1),
)
_REQUIRED = ("Scripting", "SecureStartup", "WDS-Tools", "WMI")  # behaviour 92
_OLD = ("NetFx4", "PowerShell3")  # known to a site, in no current kit (README D12)
_NAMES = {X86: "X86", X64: "X64", ARM64: "ARM64"}
_FOLDERS = {X86: "x86", X64: "amd64", ARM64: "arm64"}
_LAST_BUILD_WITH_X86 = 19041
_CULTURES = {1031: "de-de", 1033: "en-us", 1036: "fr-fr", 1041: "ja-jp"}


@dataclass(frozen=True)
class Component:
    """An optional component for one architecture. `needs` are ids."""

    identity: int
    name: str
    architecture: int
    needs: tuple[int, ...]
    size: int
    required: bool
    old: bool

    def row(self) -> dict[str, Value]:
        """The columns that every class about components has."""
        names = {each.identity: each.name for each in COMPONENTS.values()}
        return {
            "Architecture": _NAMES[self.architecture],
            "DependentComponentNames": [names[each] for each in self.needs],
            "DependentIds": list(self.needs),
            "IsRequired": self.required,
            "Name": self.name,
            "Size": self.size,
        }


def _components() -> Iterator[Component]:
    for place, architecture in enumerate((X86, X64, ARM64)):
        ids = {name: (x86, x64, arm64)[place] for name, x86, x64, arm64, _needs, _size in _TABLE}
        for name, _x86, _x64, _arm64, needs, size in _TABLE:
            if ids[name]:
                yield Component(
                    ids[name],
                    f"WinPE-{name}",
                    architecture,
                    tuple(ids[each] for each in needs),
                    size * 1024 * 1024,
                    name in _REQUIRED,
                    name in _OLD,
                )


COMPONENTS: dict[int, Component] = {each.identity: each for each in _components()}


@cache
def offered(kit_version: str) -> frozenset[int]:
    """Ids of the components in a kit, none without one."""
    if not kit_version:
        return frozenset()
    # ASSUMED: kits after build 19041 have no Windows PE for x86, and the two oldest components are in none.
    old = int(kit_version.split(".")[2]) <= _LAST_BUILD_WITH_X86
    return frozenset(
        each.identity for each in COMPONENTS.values() if not each.old and (old or each.architecture != X86)
    )


def always(architecture: int) -> frozenset[int]:
    """Ids of the components that every boot image of the architecture has (behaviour 92)."""
    return frozenset(
        each.identity for each in COMPONENTS.values() if each.required and each.architecture == architecture
    )


class Kit:
    """The classes that show components and kits."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.languages: tuple[int, ...] = (1033, 1031)
        for name, compute in (
            ("SMS_WinPEOptionalComponentInfo", self._known),
            ("SMS_OSDeploymentKitWinPEOptionalComponent", self._offered),
            ("SMS_WinPEOptionalComponentInBootImage", self._in_boot_images),
            ("SMS_BootImagePackage_DriverRef", self._driver_references),
            ("SMS_DriverContainer", self._driver_containers),
            ("SMS_OSDeploymentKitInstalledVersion", self._installed),
            ("SMS_OSDeploymentKitSupportedPlatforms", self._platforms),
        ):
            definition = world.repository.classes[name.lower()]
            world.repository.add_table(ComputedTable(definition, compute))

    def _rows(self, identities: Iterable[int]) -> Iterator[dict[str, Value]]:
        for identity in sorted(identities):
            component = COMPONENTS[identity]
            for language in self.languages:
                culture = _CULTURES[language]
                folder = f"{_FOLDERS[component.architecture]}\\WinPE_OCs"
                yield {
                    **component.row(),
                    "LanguageID": language,
                    "UniqueID": identity,
                    "RelativePath": f"{folder}\\{culture}\\{component.name}_{culture}.cab",
                }

    def _known(self, _site_code: str, _narrow: Narrow) -> Iterator[dict[str, Value]]:
        # ASSUMED: component_rows
        if self._world.switches["component_rows"] == "both":
            yield from self._rows(COMPONENTS)

    def _offered(self, site_code: str, _narrow: Narrow) -> Iterator[dict[str, Value]]:
        version = self._world.sites[site_code].kit()
        for row in self._rows(offered(version)):
            yield {**row, "DeploymentKitVersion": version}

    def _boot_images(self) -> Iterator[tuple[str, dict[str, Value]]]:
        for package in list(self._world.packages.values()):
            if package.class_name == "SMS_BootImagePackage":
                yield package.package_id, package.record.values

    def _in_boot_images(self, _site_code: str, _narrow: Narrow) -> Iterator[dict[str, Value]]:
        for package_id, values in self._boot_images():
            architecture = architecture_number(values.get("Architecture"))
            # ASSUMED: the rows follow the settings, not what the last build put in, and name what every image has.
            listed = {each for each in values.get("OptionalComponents") or () if each in COMPONENTS}
            for identity in sorted(listed | always(architecture)):
                yield {**COMPONENTS[identity].row(), "ComponentID": identity, "PackageID": package_id}

    def _driver_references(self, _site_code: str, _narrow: Narrow) -> Iterator[dict[str, Value]]:
        for package_id, values in self._boot_images():
            for driver in values.get("ReferencedDrivers") or ():
                yield {
                    "CI_ID": driver.values.get("ID"),
                    "PkgID": package_id,
                    "SourcePath": driver.values.get("SourcePath"),
                }

    def _driver_containers(self, _site_code: str, _narrow: Narrow) -> Iterator[dict[str, Value]]:
        for package_id, values in self._boot_images():
            for driver in values.get("ReferencedDrivers") or ():
                yield {
                    "CI_ID": driver.values.get("ID"),
                    "PackageID": package_id,
                    "Name": values.get("Name"),
                    "PackageType": values.get("PackageType"),
                }

    def _installed(self, _site_code: str, _narrow: Narrow) -> Iterator[dict[str, Value]]:
        for number, site in enumerate(self._world.sites.values()):
            if site.kit():
                yield {
                    "MachineID": 16777219 + number,
                    "FQDN": site.server,
                    "NetBiosName": site.server.split(".")[0].upper(),
                    "DeploymentKitVersion": site.kit(),
                }

    def _platforms(self, site_code: str, _narrow: Narrow) -> Iterator[dict[str, Value]]:
        version = self._world.sites[site_code].kit()
        if not version:
            return
        # ASSUMED: which platforms a kit can service; the reference has the columns only.
        for name, build in (("Windows 10", "19041"), ("Windows 11", "22000"), ("Windows Server 2019", "17763")):
            if int(build) <= int(version.split(".")[2]):
                yield {
                    "Name": name,
                    "OsVersionBuild": build,
                    "ProductType": "ServerNT" if "Server" in name else "WinNT",
                    "DeploymentKitVersion": version,
                }


def architecture_number(text: Value) -> int:
    """The number of an architecture in either spelling (README D1); x64 where nothing is said."""
    spelled = str(text or "").lower()
    if spelled in ARCHITECTURES:
        return ARCHITECTURES[spelled]
    return int(spelled) if spelled.isdigit() else X64
