# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a scenario and sets up the site it describes. The scenarios stand in the folder `scenarios`; see its README."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import yaml

from .behaviour import questions
from .behaviour.image_writes import WIM_PROPERTY
from .behaviour.locks import Lock
from .behaviour.references import References
from .behaviour.sign_in import SignIn
from .behaviour.status import SERVER, nal_path
from .behaviour.writes import new_package_values
from .clock import LogicalClock
from .generate import generated_packages
from .model import Value
from .provider import SimulatedSite
from .repository import Record, StoredTable
from .scenario_images import (
    add_drivers,
    add_inf_files,
    add_updates,
    add_wims,
    production_client,
    show_image,
    source_of,
    typed_value,
)
from .schema import read_classes
from .security import DEFAULT_SCOPE, OPERATIONS, Account
from .switches import Switches
from .world import (
    ERROR,
    FAILED,
    IN_PROGRESS,
    INFORMATION,
    INSTALL_FAILED,
    INSTALLED,
    NO_SOURCE,
    PACKAGE_CLASSES,
    SUCCEEDED,
    DistributionPoint,
    Package,
    SiteInfo,
    Target,
    World,
)

SWITCHES = questions.SWITCHES  # of the site; the front adds its own

_FOLDER = Path(__file__).parent / "scenarios"
_DAY = 86_400.0
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def names() -> list[str]:
    """Names of the scenarios."""
    return sorted(file.stem for file in _FOLDER.glob("*.yml"))


def load(
    name: str,
    *,
    speed: float = 1.0,
    switches: Mapping[str, str] | None = None,
    machine: str = "127.0.0.1",
    start: datetime | None = None,
) -> SimulatedSite:
    """Set up scenario `name` (or the file at this path).

    `speed`: logical seconds per real second. `machine`: host name in SMS_ProviderLocation. `start`: the date at logical
    time 0, now by default. Raises `ValueError` for an unknown scenario, `UnknownSwitch` for an unknown switch.
    """
    file = _FOLDER / f"{name}.yml"
    if not file.is_file():
        file = Path(name)
    if not file.is_file():
        raise ValueError(f"there is no scenario {name!r}; known: {', '.join(names())}")
    with file.open(encoding="utf-8") as stream:
        content = yaml.load(stream, Loader=_LOADER)
    chosen = switches if isinstance(switches, Switches) else Switches(switches)
    begins = (start or datetime.now(timezone.utc)).replace(microsecond=0)
    # ASSUMED: members
    world = World(read_classes(chosen["members"]), chosen, LogicalClock(speed), begins)
    return _Stage(file.stem, content, world, machine).site


def _rights(entry: Any) -> dict[str, Any]:
    if entry == "all":
        return {}
    if entry == "none":  # no role in Configuration Manager
        return {"operations": frozenset[str]()}
    if entry == "no access":  # not in the group SMS Admins
        return {"operations": frozenset[str](), "namespace_access": False}
    operations = frozenset(entry.get("operations", OPERATIONS))
    if not operations <= set(OPERATIONS):
        raise ValueError(f"operations are {', '.join(OPERATIONS)}")
    return {"operations": operations, "scopes": frozenset(entry["scopes"]) if "scopes" in entry else None}


def _time_zone_info(utc_offset: int, form: str) -> str:
    """SMS_Site.TimeZoneInfo: bias in minutes west, end of summer time, its bias, begin of summer time, its bias.

    ASSUMED: time_zone_info. Greenwich stands for UTC.
    """
    if form == "other":
        return f"UTC{utc_offset / 60:+g}"
    summer = -60 if utc_offset else 0
    dates = ("0000 000A 0005 0003", "0000 0003 0005 0002") if summer else ("0000 0000 0000 0000",) * 2
    ends, begins = (f"{date} 0000 0000 0000" for date in dates)
    return f"{-utc_offset & 0xFFFFFFFF:08X} {ends} 00000000 {begins} {summer & 0xFFFFFFFF:08X}"


class _Stage:
    """Sets up one site."""

    def __init__(self, name: str, content: Mapping[str, Any], world: World, machine: str) -> None:
        self._world = world
        self._classes = world.repository.classes
        self._points: dict[str, DistributionPoint] = {}
        for entry in content["sites"]:
            parent = entry.get("parent", "")
            world.sites[entry["code"]] = SiteInfo(
                code=entry["code"],
                name=entry["name"],
                server=entry["server"],
                parent=parent,
                central=entry.get("central", False),
                utc_offset=entry.get("utc_offset", 0),
                deployment_kit=entry.get("deployment_kit", True),
                kit_version=entry.get("kit_version", "10.1.19041.1"),
                winpe_version=entry.get("winpe_version", ""),
                client_version=entry.get("client_version", production_client(world.switches)),
            )
        accounts = [
            Account(
                entry["domain"],
                entry["user"],
                entry["password"],
                **_rights(entry["rights"]),
                remote_access=entry.get("remote_access", True),
            )
            for entry in content["accounts"]
        ]
        local_site = content.get("local_site") or next(iter(world.sites))
        self.site = SimulatedSite(name, world, accounts, machine, local_site)
        for path, entry in (content.get("sources") or {}).items():
            world.sources[path.rstrip("\\").lower()] = source_of(entry)
        strength = content.get("sign_in") or {}
        self.site.sign_in = SignIn(
            bool(strength.get("strong")), frozenset(user.lower() for user in strength.get("exceptions") or ())
        )
        self._add_sites()
        self._add_points(content.get("distribution_points") or [])
        self._folders = self._add_folders(content.get("folders") or [])
        add_drivers(self._table("SMS_Driver"), content.get("drivers") or [], world)
        add_inf_files(self.site.drivers, content.get("inf_files") or [], self._table("SMS_Driver"))
        add_wims(content.get("wims"), world)
        groups = self._add_groups(content.get("groups") or [])
        generated = generated_packages(content["generate"]) if "generate" in content else ()
        for entries in (content.get("packages") or [], generated):
            for entry in entries:
                self._add_package(entry, groups)
        for group_id in groups.values():
            self.site.groups.count(group_id)
        add_updates(self.site.servicing, content.get("updates") or [], world)
        for code in world.sites:
            self.site.writes.peek_next_id(code)
        for entry in content.get("deployments") or []:
            References(world).add_deployment(entry)
        for entry in content.get("locks") or []:
            package = world.package(entry["package"])
            if package is None:
                raise ValueError(f"lock on unknown package {entry['package']}")
            path = package.record.path()
            if "site" in entry:
                self.site.locks.keep_at(path, entry["site"])
            if "user" in entry:
                owner = entry.get("site", package.owner)
                since = world.date(-600.0)
                self.site.locks.hold(
                    path, Lock(entry["user"], entry["context"], entry["machine"], owner, since, -600.0)
                )

    def _table(self, class_name: str) -> StoredTable:
        return self._world.repository.stored(class_name)

    def _add(self, class_name: str, values: Mapping[str, Value]) -> Record:
        definition = self._classes[class_name.lower()]
        return self._table(class_name).add({**definition.defaults, **values})

    # --- the site and its servers ---

    def _add_sites(self) -> None:
        world = self._world
        identification = StoredTable(self._classes["sms_identification"], site_property="ThisSiteCode")
        world.repository.add_table(identification)
        for site in world.sites.values():
            kind = 4 if site.central else 2
            self._add(
                "SMS_Site",
                {
                    "SiteCode": site.code,
                    "SiteName": site.name,
                    "ServerName": site.server,
                    "ReportingSiteCode": site.parent,
                    "BuildNumber": 8968,
                    "Version": "5.00.8968.1000",
                    "InstallDir": "C:\\Program Files\\Microsoft Configuration Manager",
                    "Mode": 0,
                    "TimeZoneInfo": _time_zone_info(site.utc_offset, world.switches["time_zone_info"]),
                    "Type": kind,
                    "Status": 1,
                },
            )
            self._add(
                "SMS_Identification",
                {
                    "ThisSiteCode": site.code,
                    "ThisSiteName": site.name,
                    "SMSProviderServer": site.server,
                    "SMSSiteServer": site.server,
                    "SMSVersion": "5.00.8968.1000",
                    "SMSBuildNumber": 8968,
                    "SMSMinBuildNumber": 8968,
                    "MonthlyReleaseVersion": 2002,
                    "License": 1,
                    "LocaleID": 1033,
                },
            )
            self._resource(site.server, site.code, "SMS Site Server")
            self._resource(site.server, site.code, "SMS Provider")
        for class_name in ("SMS_ObjectContainerNode", "SMS_ObjectContainerItem", "SMS_StatusMessage", "SMS_Driver"):
            self._table(class_name)
        for scope, category_id in ((DEFAULT_SCOPE, "SMS00UNA"), ("All", "SMS00ALL")):
            self._add("SMS_SecuredCategory", {"CategoryID": category_id, "CategoryName": scope, "IsBuiltIn": True})

    def _resource(self, server: str, site_code: str, role: str) -> None:
        self._add(
            "SMS_SystemResourceList",
            {
                "NALPath": nal_path(server, site_code),
                "ResourceType": SERVER,
                "RoleName": role,
                "SiteCode": site_code,
                "ServerName": server.split(".")[0].upper(),
                "ServerRemoteName": server,
                "SslState": 0,
            },
        )

    def _add_points(self, entries: Iterable[Mapping[str, Any]]) -> None:
        for number, entry in enumerate(entries, start=1):
            server, code = entry["server"], entry["site"]
            failing = entry.get("failing_attempts", 0)
            pull_from = entry.get("pull_from", "")
            point = DistributionPoint(
                server=server,
                site_code=code,
                nal_path=nal_path(server, code),
                identity=number,
                scopes=frozenset(entry.get("scopes", [DEFAULT_SCOPE])),
                speed=entry.get("speed", 20.0),
                failing_attempts=None if failing == "all" else failing,
                failure=entry.get("failure", 2323),
                attempts=entry.get("attempts", 100),
                retry_interval=60.0 * entry.get("retry_minutes", 30),
                pull_from=self._points[pull_from].key if pull_from else "",
                row_delay=entry.get("row_delay", 120.0),
            )
            self._points[entry["name"]] = point
            self._world.points[point.key] = point
            self._resource(server, code, "SMS Distribution Point")
            self._add(
                "SMS_DistributionPointInfo",
                {
                    "NALPath": point.nal_path,
                    "ResourceType": SERVER,
                    "SiteCode": code,
                    "SiteName": self._world.sites[code].name,
                    "ServerName": server,
                    "Name": f"\\\\{server}",
                    "ID": number,
                    "Description": entry.get("description", ""),
                    "IsPullDP": bool(pull_from),
                    "IsPXE": entry.get("pxe", False),
                    "GroupCount": 0,
                    "HasRelationship": False,
                    "MaintenanceMode": 0,
                    "Version": "5.00.8968.1000",
                },
            )

    def _add_groups(self, entries: Iterable[Mapping[str, Any]]) -> dict[str, str]:
        found = {}
        members_table = self._table("SMS_DPGroupMembers")
        self._table("SMS_DPGroupPackages")
        for number, entry in enumerate(entries, start=1):
            group_id = f"{{0D9F0000-0000-4000-8000-{number:012X}}}"
            found[entry["name"]] = group_id
            self._add(
                "SMS_DistributionPointGroup",
                {
                    "GroupID": group_id,
                    "Name": entry["name"],
                    "Description": entry.get("description", ""),
                    "CreatedBy": self.site.accounts[0].name,
                    "CreatedOn": self._world.date(-400 * _DAY),
                    "ModifiedBy": self.site.accounts[0].name,
                    "ModifiedOn": self._world.date(-30 * _DAY),
                    "SourceSite": next(iter(self._world.sites)),
                },
            )
            for member in entry["members"]:
                members_table.add({"DPNALPath": self._points[member].nal_path, "GroupID": group_id})
                info = self._table("SMS_DistributionPointInfo").find(
                    self._points[member].nal_path, SERVER, self._points[member].site_code
                )
                if info is not None:
                    info.values["GroupCount"] = int(info.values["GroupCount"]) + 1
                    info.values["HasRelationship"] = True
        return found

    def _add_folders(self, entries: Iterable[Mapping[str, Any]]) -> dict[str, int]:
        found: dict[str, int] = {}
        for number, entry in enumerate(entries, start=16777220):
            found[entry["name"]] = number
            self._add(
                "SMS_ObjectContainerNode",
                {
                    "ContainerNodeID": number,
                    "Name": entry["name"],
                    "ObjectType": PACKAGE_CLASSES[entry["class"]][1],
                    "ObjectTypeName": entry["class"],
                    "ParentContainerNodeID": found[entry["parent"]] if "parent" in entry else 0,
                    "FolderGuid": f"F01DE000-0000-4000-8000-{number:012X}",
                    "IsEmpty": False,
                    "SourceSite": next(iter(self._world.sites)),
                },
            )
        return found

    # --- packages ---

    def _add_package(self, entry: Mapping[str, Any], groups: Mapping[str, str]) -> None:
        world = self._world
        definition = self._classes[entry["class"].lower()]
        package_id: str = entry["id"]
        owner: str = entry.get("owner", package_id[:3])
        source = entry.get("source", "")
        has_source = bool(source)
        size_kb = int(entry.get("size_mb", 10) * 1024) if has_source else 0
        version = entry.get("version", 1)
        refreshed = entry.get("refreshed_days")
        taken = entry.get("taken_days", refreshed if refreshed is not None else 30)
        values = new_package_values(definition, world.date(-taken * _DAY))
        scopes = entry.get("scopes", [DEFAULT_SCOPE])
        values.update(
            PackageID=package_id,
            Name=entry["name"],
            ActionInProgress=0,
            SourceSite=owner,
            SourceVersion=version,
            StoredPkgVersion=version if has_source else 0,
            PackageSize=size_kb,
            PkgFlags=0x01000000,  # behaviour 29
            PkgSourceFlag=2 if has_source else NO_SOURCE,
            PkgSourcePath=source,
            SecuredScopeNames=scopes,
            SedoObjectVersion=self.site.writes.new_stamp(),
        )
        if refreshed is not None:
            values["LastRefreshTime"] = world.date(-refreshed * _DAY)
        extra = entry.get("properties")
        if extra:
            typed = {
                name: typed_value(world.repository, definition.properties[name].type, value)
                for name, value in extra.items()
                if name in definition.properties
            }
            values.update(world.repository.checked(definition, typed, "PutInstance"))
        package = Package(
            self._table(definition.name).add(values),
            size_kb=size_kb,
            scopes=frozenset(scopes),
            build_seconds=float(entry.get("build_seconds", 180.0)),
        )
        world.packages[package_id.lower()] = package
        if "programs" in entry:
            values["NumOfPrograms"] = References(world).add_programs(package_id, entry["programs"])
        if definition.name in WIM_PROPERTY and has_source:
            show_image(package, world, extra or {})
        self.site.writes.schedules.arm(package)
        for target in entry.get("targets") or ():
            self._add_target(package, target, taken)
        for group in entry.get("groups") or ():
            members = self.site.groups.members(groups[group])
            for key in sorted(members - set(package.targets)):
                self._install(package, world.points[key], taken)
            self.site.groups.assign(groups[group], package, send=False)
        if "folder" in entry:
            self.site.folders.place(package, self._folders[entry["folder"]])
        if "busy_seconds" in entry:
            self.site.distribution.of(package).is_reading(package, float(entry["busy_seconds"]))

    def _install(self, package: Package, point: DistributionPoint, days: float) -> Target:
        moment = -days * _DAY + 60.0
        target = Target(
            package,
            point,
            state=INSTALLED,
            version=package.version,
            row_at=moment,
            last_copied=moment,
            summarized=moment,
        )
        target.message = self._world.message(2330, INFORMATION, SUCCEEDED, package.package_id, point.nal_path)
        package.targets[point.key] = target
        return target

    def _add_target(self, package: Package, entry: Any, days: float) -> None:
        if isinstance(entry, str):
            self._install(package, self._points[entry], days)
            return
        target = self._install(package, self._points[entry["point"]], days)
        target.state = entry["state"]
        target.version = entry.get("version", target.version)
        if target.state != INSTALLED:
            broken = target.state == INSTALL_FAILED
            number = entry.get("message", target.point.failure)
            failed = FAILED if self._world.switches["message_state_error"] == "3" else 4  # ASSUMED: message_state_error
            state = failed if broken else IN_PROGRESS
            severity = ERROR if broken else INFORMATION
            identity = package.package_id
            target.message = self._world.message(number, severity, state, identity, target.point.nal_path)
        if target.version == 0:
            target.last_copied = None
