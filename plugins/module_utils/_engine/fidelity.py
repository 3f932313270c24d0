# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fidelity report: how a real site differs from what this collection assumes, with nothing in it that names the site.

Everything is read. The format is documented in the guide "What could be different on your site".
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Mapping
from typing import Any

from .._cim.types import STRING, UINT32
from .._provider.errors import Impossible
from .._provider.schema import ClassSchema, Member, MethodSchema, PropertySchema, schemas_of
from .._provider.site import ROOT, Site, providers
from .._wsman.errors import ConfigMgrError, NotAuthenticated
from .assumptions import ASSUMPTIONS, Assumption
from .audit import VERSION
from .image_probes import PROBES
from .observe import Look
from .probes import Told

FORMAT = 1
CONFIRMED, REFUTED, COULD_NOT_TELL = "confirmed", "refuted", "could not tell"

# The classes that this collection reads or calls, in the namespace of the site.
SITE_CLASSES = (
    "SMS_Advertisement",
    "SMS_BootImagePackage",
    "SMS_ContentPackage",
    "SMS_DPGroupPackages",
    "SMS_DistributionDPStatus",
    "SMS_DistributionPoint",
    "SMS_DistributionPointGroup",
    "SMS_DistributionPointInfo",
    "SMS_Driver",
    "SMS_DriverPackage",
    "SMS_Identification",
    "SMS_ImageInformation",
    "SMS_ImagePackage",
    "SMS_ImageServicingProgress",
    "SMS_ImageServicingSchedule",
    "SMS_ImageServicingScheduledImage",
    "SMS_ImageServicingScheduledUpdate",
    "SMS_ImageUpdateStatus",
    "SMS_OSDeploymentKitInstalledVersion",
    "SMS_OSDeploymentKitWinPEOptionalComponent",
    "SMS_ObjectContainerItem",
    "SMS_ObjectContainerNode",
    "SMS_ObjectLock",
    "SMS_OperatingSystemInstallPackage",
    "SMS_Package",
    "SMS_PackageBaseclass",
    "SMS_PackageStatusDistPointsSummarizer",
    "SMS_PackageStatusRootSummarizer",
    "SMS_Program",
    "SMS_SecuredCategory",
    "SMS_Site",
    "SMS_SoftwareUpdatesPackage",
    "SMS_StatMsgWithInsStrings",
    "SMS_TaskSequencePackage",
    "SMS_VhdPackage",
    "SMS_WinPEOptionalComponentInfo",
)
ROOT_CLASSES = ("SMS_ProviderLocation",)
# Only what looks like this goes into a report: the name of a class, member or type.
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,79}\Z", re.ASCII)
_VERSION = re.compile(r"\d{1,5}(\.\d{1,5}){1,3}\Z", re.ASCII)


def write_report(site: Site, path: str, names: bool = False) -> dict[str, Any]:
    """Write the report to a file, which appears whole or not at all; what it amounts to, for a module's result.

    `names`: with the site code, the names of site, servers and account. Raises Impossible, and what ends any session.
    """
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder):
        raise Impossible(f"The folder of report does not exist: {folder}", hint="Create it first")
    report, requests = make_report(site, names)
    number, beside = tempfile.mkstemp(dir=folder, prefix=".report-")
    try:
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(as_text(report))
        os.replace(beside, path)
    except BaseException:
        os.unlink(beside)
        raise
    return {"path": path, "requests": requests, **report["summary"]}


def as_text(report: Mapping[str, Any]) -> str:
    """The report as it is written: JSON in a stable order."""
    return json.dumps(report, indent=2, ensure_ascii=True) + "\n"


def make_report(site: Site, names: bool = False) -> tuple[dict[str, Any], int]:
    """The report, and how many requests its own session took."""
    look = Look(site)
    try:
        classes = [_class_entry("site", each) for each in map(look.schemas.of, SITE_CLASSES)]
        root = schemas_of(site, ROOT)
        classes += [_class_entry("root", each) for each in map(root.of, ROOT_CLASSES)]
        assumptions = [_assumption_entry(each, look) for each in ASSUMPTIONS]
        versions = _versions(site)
        named = _names(site) if names else None
    finally:
        look.close()
    verdicts = [each["verdict"] for each in assumptions]
    report = {
        "format": FORMAT,
        "collection": VERSION,
        "versions": versions,
        "summary": {
            "classes": len(classes),
            "confirmed": verdicts.count(CONFIRMED),
            "refuted": verdicts.count(REFUTED),
            "could_not_tell": verdicts.count(COULD_NOT_TELL),
        },
        "assumptions": assumptions,
        "classes": classes,
        "site": named,
    }
    return report, look.requests


# -- assumptions ---------------------------------------------------------------------------------------------------


def _assumption_entry(assumption: Assumption, look: Look) -> dict[str, Any]:
    told = _probed(assumption, look)
    if told.answer is None:
        verdict = COULD_NOT_TELL
    else:
        verdict = CONFIRMED if told.answer == assumption.assumed else REFUTED
    return {
        "name": assumption.name,
        "assumed": assumption.assumed,
        "verdict": verdict,
        "found": told.answer,
        "probed": assumption.name in PROBES,
        "evidence": {name: told.evidence[name] for name in sorted(told.evidence)},
    }


def _probed(assumption: Assumption, look: Look) -> Told:
    probe = PROBES.get(assumption.name)
    if probe is None:
        return Told(None)
    try:
        return probe(look)
    except NotAuthenticated:
        raise  # no login is tried twice
    except ConfigMgrError as problem:
        return Told(None, {"failed": problem.kind})


# -- classes -------------------------------------------------------------------------------------------------------


def _class_entry(namespace: str, found: ClassSchema) -> dict[str, Any]:
    return {
        "name": _plain(found.name),
        "namespace": namespace,
        "source": found.source,
        "superclass": _plain(found.superclass),
        "qualifiers": found.qualified,
        "properties": [_property_entry(each) for each in sorted(found.properties, key=_order) if _plain(each.name)],
        "methods": [_method_entry(each) for each in sorted(found.methods, key=_order) if _plain(each.name)],
    }


def _order(named: Any) -> str:
    return str(named.name).lower()


def _plain(text: str) -> str:
    """The text if it is a name; empty otherwise."""
    return text if _NAME.match(text) else ""


def _member(each: Member) -> dict[str, Any]:
    kind, colon, embedded = each.type.partition(":")
    return {"name": each.name, "type": _plain(kind) + (colon + _plain(embedded) if colon else ""), "array": each.array}


def _property_entry(each: PropertySchema) -> dict[str, Any]:
    return {**_member(each), "key": each.key, "lazy": each.lazy, "read_only": each.read_only}


def _method_entry(each: MethodSchema) -> dict[str, Any]:
    parameters = [
        {**_member(one), "in": one.into, "out": one.out, "optional": one.optional}
        for one in each.parameters
        if _plain(one.name)
    ]
    return {"name": each.name, "static": each.static, "parameters": parameters}


# -- the site ------------------------------------------------------------------------------------------------------


def _versions(site: Site) -> dict[str, Any]:
    """Version numbers, which many sites share; None for what cannot be read."""
    try:
        rows = site.list_of("SMS_Site", {"SiteCode": STRING, "Version": STRING, "BuildNumber": UINT32})
        own = next((row for row in rows if (row["SiteCode"] or "").upper() == site.code), None)
    except NotAuthenticated:
        raise
    except ConfigMgrError:
        own = None
    version = (own or {}).get("Version") or ""
    return {
        "site_version": version if _VERSION.match(version) else None,
        "site_build": (own or {}).get("BuildNumber"),
    }


def _names(site: Site) -> dict[str, Any]:
    """What identifies the site: only for whoever asks for it."""
    found = providers(site)
    return {
        "site_code": site.code,
        "provider": site.host,
        "user": site.user,
        "providers": [{"machine": each.machine, "site_code": each.site_code} for each in found],
    }
