# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a site says of itself: hierarchy, versions, providers, kits, and what the account may see. Reads only.

What cannot be read is null, with a note that says why. What breaks the session ends the task.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable, TypeVar

from .._cim.types import BOOLEAN, STRING, UINT32, Codec
from .._provider.errors import NotOnThisVersion, ProviderError
from .._provider.site import Location, Site, providers

SITE_TYPES = {1: "secondary", 2: "primary", 4: "central_administration_site"}
SITE_STATUSES = {
    1: "active",
    2: "pending",
    3: "failed",
    4: "deleted",
    5: "upgrade",
    6: "removal_failed",
    7: "upgrade_failed",
    8: "recovery_in_progress",
    9: "recovery_failed",
}
SITE_MODES = {
    0: "normal",
    1: "replication_maintenance",
    2: "recovery",
    3: "upgrade",
    4: "evaluation_expired",
    5: "site_expansion",
    6: "interop_older_primaries",
    7: "interop_older_secondaries",
}
SITE_COLUMNS: Mapping[str, Codec] = {
    "SiteCode": STRING,
    "SiteName": STRING,
    "ServerName": STRING,
    "ReportingSiteCode": STRING,
    "Type": UINT32,
    "Status": UINT32,
    "Mode": UINT32,
    "Version": STRING,
    "BuildNumber": UINT32,
    "InstallDir": STRING,
}
IDENTITY_COLUMNS: Mapping[str, Codec] = {
    "ThisSiteCode": STRING,
    "MonthlyReleaseVersion": UINT32,
    "SMSAvailableConsoleVersion": STRING,
    "SMSMinBuildNumber": UINT32,
    "License": UINT32,
    "LocaleID": UINT32,
}
KIT_COLUMNS: Mapping[str, Codec] = {
    "MachineID": UINT32,
    "FQDN": STRING,
    "NetBiosName": STRING,
    "DeploymentKitVersion": STRING,
}
SCOPE_COLUMNS: Mapping[str, Codec] = {"CategoryID": STRING, "CategoryName": STRING}
BOOT_IMAGE_COLUMNS: Mapping[str, Codec] = {
    "PackageID": STRING,
    "Name": STRING,
    "Architecture": STRING,
    "ImageOSVersion": STRING,
    "DefaultImage": BOOLEAN,
    "ProductionClientVersion": STRING,
}
# Known from the schema of a live site only, so an older one may not have it.
NEWER = ("ProductionClientVersion",)
ARCHITECTURES = {"0": "x86", "9": "x64", "12": "arm64"}
COUNTED = {"packages": "SMS_PackageBaseclass", "distribution_points": "SMS_DistributionPointInfo"}
# Where lists are long: a site has a handful of these, and one with hundreds need not fill a result.
MOST_BOOT_IMAGES = 200

Result = TypeVar("Result")


class SiteReader:
    """Reads one site. About a dozen requests, whatever its size."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self.notes: list[str] = []

    def read(self) -> dict[str, Any]:
        """Everything, in the field's words."""
        sites = self._try("the sites of the hierarchy", lambda: self._site.list_of("SMS_Site", SITE_COLUMNS)) or []
        own = next((row for row in sites if (row["SiteCode"] or "").upper() == self._site.code), None)
        identity = self._identity()
        images = self._try("the boot images", self._boot_images)
        seen = self._visible(bool(sites))
        return {
            "site": self._own(own, identity),
            "hierarchy": [_in_hierarchy(row) for row in sorted(sites, key=lambda row: row["SiteCode"] or "")],
            "providers": [_provider(each) for each in self._try("the providers", lambda: providers(self._site)) or []],
            "kits": self._try("the deployment kits", self._kits),
            "boot_images": images,
            "client_versions": None if images is None else _distinct(images, "client_version"),
            "visible": seen,
            "notes": self.notes,
        }

    def _try(self, what: str, read: Callable[[], Result]) -> Result | None:
        """What was read; None, with a note, where this account or this version of the site does not show it."""
        try:
            return read()
        except NotOnThisVersion:
            self.notes.append(f"this version of the site does not have what tells {what}")
        except ProviderError as refused:
            self.notes.append(f"{self._site.user} may not read {what}, or the site cannot tell: {refused.what}")
        return None

    def _own(self, row: dict[str, Any] | None, identity: dict[str, Any]) -> dict[str, Any]:
        row = row or dict.fromkeys(SITE_COLUMNS)
        return {
            "site_code": self._site.code,
            "site_name": row["SiteName"],
            "type": _word(SITE_TYPES, row["Type"]),
            "server": row["ServerName"],
            "parent_site_code": row["ReportingSiteCode"] or None,
            "status": _word(SITE_STATUSES, row["Status"]),
            "mode": _word(SITE_MODES, row["Mode"]),
            "version": row["Version"],
            "build_number": row["BuildNumber"],
            "release": identity.get("MonthlyReleaseVersion"),
            "provider_version": self._try(
                "the version of the provider", lambda: self._said("GetProviderVersion", "VersionString")
            ),
            "console_version": identity.get("SMSAvailableConsoleVersion"),
            "least_console_build": identity.get("SMSMinBuildNumber"),
            "licensed": None if identity.get("License") is None else identity["License"] == 1,
            "locale_id": identity.get("LocaleID"),
            "install_folder": row["InstallDir"],
        }

    def _identity(self) -> dict[str, Any]:
        rows = self._try("the release of the site", lambda: self._site.list_of("SMS_Identification", IDENTITY_COLUMNS))
        return rows[0] if rows else {}

    def _said(self, method: str, output: str) -> str | None:
        """What a static method of SMS_Identification answers; it changes nothing."""
        text: str | None = self._site.call("SMS_Identification", method, outputs={output: STRING}, reading=True)[output]
        return text

    def _kits(self) -> list[dict[str, Any]]:
        rows = self._site.list_of("SMS_OSDeploymentKitInstalledVersion", KIT_COLUMNS)
        return [{"server": row["FQDN"] or row["NetBiosName"], "version": row["DeploymentKitVersion"]} for row in rows]

    def _boot_images(self) -> list[dict[str, Any]]:
        try:
            return self._images(BOOT_IMAGE_COLUMNS)
        except ProviderError:  # an old site refuses a query for what its class has not
            documented = {name: codec for name, codec in BOOT_IMAGE_COLUMNS.items() if name not in NEWER}
            found = self._images(documented)
        self.notes.append("this version of the site does not have what tells the client versions in boot images")
        return found

    def _images(self, columns: Mapping[str, Codec]) -> list[dict[str, Any]]:
        found = []
        rows = self._site.rows("SMS_BootImagePackage", columns)
        try:
            for row in rows:
                found.append(_boot_image(row))
                if len(found) == MOST_BOOT_IMAGES:
                    self.notes.append(f"only the first {MOST_BOOT_IMAGES} boot images are listed")
                    break
        finally:
            rows.close()  # type: ignore[attr-defined]
        return found

    def _visible(self, any_site: bool) -> dict[str, Any]:
        """What this account may see: a site has no rows for whom it gives no role (behaviour 4)."""
        user = self._try("who asks", lambda: self._said("GetCurrentUser", "UserName"))
        scopes = self._try("the security scopes", lambda: self._site.list_of("SMS_SecuredCategory", SCOPE_COLUMNS))
        counts = {
            name: self._try(f"the number of {name.replace('_', ' ')}", self._counter(wmi))
            for name, wmi in COUNTED.items()
        }
        if not any_site and not scopes and not any(counts.values()):
            self.notes.append(
                f"nothing visible to {user or self._site.user}: the account has no role there, or a role without Read"
            )
        return {
            "user": user or self._site.user,
            "security_scopes": None
            if scopes is None
            else sorted(row["CategoryName"] or row["CategoryID"] for row in scopes),
            **counts,
        }

    def _counter(self, class_name: str) -> Callable[[], int | None]:
        return lambda: self._site.count(class_name)


def _boot_image(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "package_id": row["PackageID"],
        "name": row["Name"],
        "architecture": ARCHITECTURES.get(row["Architecture"] or "", row["Architecture"]),
        "winpe_version": row["ImageOSVersion"],
        "default": row["DefaultImage"],
        "client_version": row.get("ProductionClientVersion"),
    }


def _distinct(rows: list[dict[str, Any]], name: str) -> list[str]:
    return sorted({row[name] for row in rows if row[name]})


def _in_hierarchy(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "site_code": row["SiteCode"],
        "site_name": row["SiteName"],
        "type": _word(SITE_TYPES, row["Type"]),
        "parent_site_code": row["ReportingSiteCode"] or None,
        "server": row["ServerName"],
        "status": _word(SITE_STATUSES, row["Status"]),
        "version": row["Version"],
        "build_number": row["BuildNumber"],
    }


def _provider(found: Location) -> dict[str, Any]:
    return {"machine": found.machine, "site_code": found.site_code, "for_local_site": found.local}


def _word(words: Mapping[int, str], number: int | None) -> str | None:
    """The word for a number; a number that has none stays as it is."""
    return None if number is None else words.get(number, str(number))
