# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a boot image is older than its site: the client in it against the site's, its Windows PE against the kit's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._cim import wql
from .._cim.instance import Instance
from .._cim.types import BOOLEAN, STRING, Codec, is_plain_number
from .._provider.errors import ProviderError
from .._provider.site import Site
from .boot_marks import pair_of

SITE_COLUMNS: Mapping[str, Codec] = {"SiteCode": STRING, "Version": STRING}
KIT_COLUMNS: Mapping[str, Codec] = {"DeploymentKitVersion": STRING, "FQDN": STRING, "NetBiosName": STRING}
# Where a site keeps the images that it made from the kit (SMS_BootImagePackage.ExportDefaultBootImage).
_KIT_FOLDER = "\\osd\\boot\\"


@dataclass(frozen=True)
class Versions:
    """What a boot image is measured by. Empty: not known."""

    client: str = ""
    kit: str = ""

    @property
    def pair(self) -> int:
        """Stands for both."""
        return pair_of(self.client, self.kit)


@dataclass(frozen=True)
class Staleness:
    """How old a boot image is. None: it cannot be told."""

    client: bool | None
    winpe: bool | None
    image_client: str
    image_winpe: str
    site: Versions

    @property
    def reasons(self) -> list[str]:
        """What is older than the site, with both versions."""
        found = []
        if self.client:
            found.append(f"its client {self.image_client} is older than the site's {self.site.client}")
        if self.winpe:
            found.append(f"its Windows PE {self.image_winpe} is older than that of the deployment kit {self.site.kit}")
        return found

    def as_result(self) -> dict[str, Any]:
        """For the result of the module."""
        return {
            "client": {"image": self.image_client or None, "site": self.site.client or None, "stale": self.client},
            "winpe": {"image": self.image_winpe or None, "kit": self.site.kit or None, "stale": self.winpe},
        }


def read_versions(site: Site) -> Versions:
    """The site's client and the kit on the provider host. Two requests; what cannot be read is empty."""
    client = _first(site, "SMS_Site", SITE_COLUMNS, wql.equals("SiteCode", site.code))
    kits = _rows(site, "SMS_OSDeploymentKitInstalledVersion", KIT_COLUMNS)
    return Versions(client.get("Version") or "", _kit(kits, site.host))


def _first(site: Site, class_name: str, columns: Mapping[str, Codec], where: wql.Condition) -> Mapping[str, Any]:
    rows = _rows(site, class_name, columns, where)
    return rows[0] if rows else {}


def _rows(
    site: Site, class_name: str, columns: Mapping[str, Codec], where: wql.Condition | None = None
) -> list[dict[str, Any]]:
    try:
        return site.list_of(class_name, columns, where)
    except ProviderError:
        return []


def _kit(rows: Sequence[Mapping[str, Any]], host: str) -> str:
    """The kit that builds: that of the provider host (behaviour 97); empty where several differ and none is its own."""
    name = host.lower()
    own = [
        row
        for row in rows
        if (row["FQDN"] or "").lower() == name or (row["NetBiosName"] or "").lower() == name.split(".")[0]
    ]
    versions = {row["DeploymentKitVersion"] or "" for row in own or rows}
    return versions.pop() if len(versions) == 1 else ""


def measure(image: Instance, site: Versions) -> Staleness:
    """Compare an image as it was read. Only an older one is stale; a newer client comes from a pilot, a newer WinPE from elsewhere."""
    client = image.value("ProductionClientVersion", STRING) or ""
    winpe = image.value("ImageOSVersion", STRING) or ""
    return Staleness(
        client=_older(client, site.client),
        winpe=older_build(winpe, site.kit),
        image_client=client,
        image_winpe=winpe,
        site=site,
    )


def _older(version: str, other: str) -> bool | None:
    first, second = numbers(version), numbers(other)
    return first < second if first and second else None


def older_build(winpe: str, kit: str) -> bool | None:
    """By the build number, the third one: a kit is 10.1.26100.2454, the Windows PE in it 10.0.26100.1."""
    first, second = numbers(winpe), numbers(kit)
    return first[2] < second[2] if len(first) > 2 and len(second) > 2 else None


def numbers(version: str) -> tuple[int, ...]:
    """The parts of a version, empty for what is none."""
    parts = version.strip().split(".")
    return tuple(int(part) for part in parts) if all(is_plain_number(part) for part in parts) else ()


def from_kit(image: Instance) -> bool:
    """Whether the site made the original from the kit, as far as flag and path tell: then it may be made anew."""
    path = (image.value("ImagePath", STRING) or "").lower()
    return bool(image.value("DefaultImage", BOOLEAN)) or _KIT_FOLDER in path
