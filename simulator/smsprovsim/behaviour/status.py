# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Targets and content status as the provider's classes show them; all computed when somebody looks (behaviour 64 to 80)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from ..model import CimDateTime, Value
from ..repository import ComputedTable, Narrow
from ..world import (
    FAILED,
    INSTALL_FAILED,
    INSTALL_RETRYING,
    INSTALLED,
    PACKAGE_CLASSES,
    REMOVAL_PENDING,
    SUCCEEDED,
    Message,
    Package,
    Target,
    World,
)

SERVER = "Windows NT Server"
NOT_YET = CimDateTime("19900101000000.000000+***")  # SMS_DistributionPoint.LastRefreshTime

Values = dict[str, Value]


class Status:
    """The computed classes."""

    def __init__(self, world: World) -> None:
        self._world = world
        repository = world.repository
        tables: dict[str, tuple[Callable[[str, Narrow], Iterable[Values]], tuple[str, ...]]] = {
            "SMS_DistributionPoint": (self._targets, ("packageid",)),
            "SMS_PackageStatus": (self._package_status, ("packageid",)),
            "SMS_PackageStatusDistPointsSummarizer": (self._points, ("packageid",)),
            "SMS_PackageStatusDetailSummarizer": (self._detail, ("packageid",)),
            "SMS_PackageStatusRootSummarizer": (self._root, ("packageid",)),
            "SMS_DistributionStatus": (self._distribution_status, ("objectid", "packageid")),
            "SMS_DistributionDPStatus": (self._point_status, ("packageid", "objectid")),
            "SMS_DPStatusDetails": (self._point_details, ("packageid",)),
            "SMS_ObjectContentExtraInfo": (self._content, ("objectid", "packageid")),
            "SMS_ObjectContentInfo": (self._content, ("objectid", "packageid")),
            "SMS_DPContentInfo": (self._content_of_points, ("objectid", "packageid")),
            "SMS_PackageContentServerInfo": (self._content_servers, ("objectid", "packageid")),
        }
        for name, (compute, indexed) in tables.items():
            repository.add_table(ComputedTable(repository.classes[name.lower()], compute, indexed))

    def _packages(self, narrow: Narrow) -> Iterator[Package]:
        limits = [narrow[column] for column in ("packageid", "objectid") if column in narrow]
        return self._world.packages_in(set.intersection(*limits) if limits else None)

    def _each_target(self, narrow: Narrow) -> Iterator[Target]:
        for package in self._packages(narrow):
            yield from list(package.targets.values())

    # --- targeting ---

    def _targets(self, _site_code: str, narrow: Narrow) -> Iterator[Values]:
        for target in self._each_target(narrow):
            package, point = target.package, target.point
            package_type, object_type = PACKAGE_CLASSES[package.class_name]
            yield {
                "PackageID": package.package_id,
                "ServerNALPath": point.nal_path,
                "SiteCode": point.site_code,
                "BitsEnabled": True,
                "IsPeerDP": False,
                "IsProtected": False,
                "ISVDataSize": 0,
                "LastRefreshTime": NOT_YET if target.last_copied is None else self._world.date(target.last_copied),
                "ObjectTypeID": object_type,
                "PackageType": package_type,
                "RefreshNow": False,
                "ResourceType": SERVER,
                "SecureObjectID": package.package_id,
                "SiteName": self._world.sites[point.site_code].name,
                "SourceSite": package.owner,
                "Status": target.status,
            }

    def _content_of_points(self, _site_code: str, narrow: Narrow) -> Iterator[Values]:
        for target in self._each_target(narrow):
            package = target.package
            values = package.record.values
            package_type, object_type = PACKAGE_CLASSES[package.class_name]
            yield {
                "NALPath": target.point.nal_path,
                "ObjectID": package.package_id,
                "PackageID": package.package_id,
                "Name": values.get("Name"),
                "Description": values.get("Description"),
                "IsPredefinedPackage": bool(values.get("IsPredefinedPackage")),
                "ObjectType": package_type,
                "ObjectTypeID": object_type,
                "SourceSize": package.size_kb,
            }

    def _content_servers(self, _site_code: str, narrow: Narrow) -> Iterator[Values]:
        for target in self._each_target(narrow):
            package, point = target.package, target.point
            package_type, object_type = PACKAGE_CLASSES[package.class_name]
            yield {
                "ContentServerID": point.nal_path,
                "ObjectID": package.package_id,
                "PackageID": package.package_id,
                "ContentServerType": 1,
                "Name": point.server,
                "IsBitsEnabled": 1,
                "IsPeerDP": 0,
                "ObjectTypeID": object_type,
                "PackageType": package_type,
                "DPType": 0,
            }
        groups = self._world.repository.stored("SMS_DistributionPointGroup")
        wanted = {package.package_id for package in self._packages(narrow)}
        for record in self._world.repository.stored("SMS_DPGroupPackages").records.values():
            member = self._world.package(record.values["PkgID"])
            if member is None or member.package_id not in wanted:
                continue
            group = groups.find(record.values["GroupID"])
            package_type, object_type = PACKAGE_CLASSES[member.class_name]
            yield {
                "ContentServerID": record.values["GroupID"],
                "ObjectID": member.package_id,
                "PackageID": member.package_id,
                "ContentServerType": 2,
                "Name": group.values.get("Name") if group else None,
                "ObjectTypeID": object_type,
                "PackageType": package_type,
            }

    # --- summarizers ---

    def _points(self, _site_code: str, narrow: Narrow) -> Iterator[Values]:
        world = self._world
        for target in self._each_target(narrow):
            package, point = target.package, target.point
            if target.row_at > world.now or not package.has_source:
                continue  # behaviour 74
            package_type, object_type = PACKAGE_CLASSES[package.class_name]
            yield {
                "PackageID": package.package_id,
                "ServerNALPath": point.nal_path,
                "SiteCode": point.site_code,
                "LastCopied": None if target.last_copied is None else world.date(target.last_copied),
                "PackageType": package_type,
                "SecuredTypeID": object_type,
                "SecureObjectID": package.package_id,
                "SourceNALPath": self._nal_of_site(package.owner),
                "SourceVersion": target.version,
                "State": target.state,
                "SummaryDate": world.date(target.summarized),
            }

    def _nal_of_site(self, site_code: str) -> str:
        return nal_path(self._world.sites[site_code].server, site_code)

    def _counts(self, package: Package, site_code: str | None = None) -> Values:
        targets = (
            [t for t in package.targets.values() if site_code in (None, t.point.site_code)]
            if package.has_source
            else []
        )
        states = Counter(target.state for target in targets)
        current = sum(1 for target in targets if target.state == INSTALLED and target.version == package.version)
        return {
            # A point that is to lose the package does not count any more.
            "Targeted": sum(1 for target in targets if target.state < REMOVAL_PENDING),
            "Installed": current,
            "Retrying": states[INSTALL_RETRYING],
            "Failed": states[INSTALL_FAILED],
        }

    def _root(self, _site_code: str, narrow: Narrow) -> Iterator[Values]:
        for package in self._packages(narrow):
            values = package.record.values
            yield {
                "PackageID": package.package_id,
                "Name": str(values.get("Name") or "")[:64],
                "SourceCompressedSize": 0,
                "SourceDate": values.get("SourceDate"),
                "SourceSite": package.owner,
                "SourceSize": package.size_kb if package.has_source else 0,
                "SourceVersion": package.version,
                **self._counts(package),
            }

    def _detail(self, _site_code: str, narrow: Narrow) -> Iterator[Values]:
        world = self._world
        for package in self._packages(narrow):
            codes = {target.point.site_code for target in package.targets.values()} | {package.owner}
            for code in sorted(codes):
                yield {
                    "PackageID": package.package_id,
                    "SiteCode": code,
                    "Name": package.record.values.get("Name"),
                    "SiteName": world.sites[code].name,
                    "SourceVersion": package.version,
                    "SummaryDate": world.date(),
                    **self._counts(package, code),
                }

    def _package_status(self, _site_code: str, narrow: Narrow) -> Iterator[Values]:
        world = self._world
        for package in self._packages(narrow):
            if not package.has_source:
                continue
            share = package.record.values.get("ShareName")
            base: Values = {"PackageID": package.package_id, "Personality": 0, "ShareName": share, "Location": ""}
            if package.record.values.get("StoredPkgVersion"):
                server = self._nal_of_site(package.owner)
                yield {
                    **base,
                    "PkgServer": server,
                    "SiteCode": package.owner,
                    "Status": 3,
                    "Type": 1,
                    "UpdateTime": world.date(),
                }
            for target in package.targets.values():
                status = {INSTALLED: 3, INSTALL_RETRYING: 4, INSTALL_FAILED: 5, REMOVAL_PENDING: 7}.get(target.state, 1)
                yield {
                    **base,
                    "PkgServer": target.point.nal_path,
                    "SiteCode": target.point.site_code,
                    "Status": status,
                    "Type": 2,
                    "UpdateTime": world.date(target.summarized),
                }

    # --- messages ---

    def _messages(self, narrow: Narrow) -> Iterator[tuple[Package, Target | None, Message]]:
        for package in self._packages(narrow):
            targets = list(package.targets.values())
            for target in targets:
                if target.message is not None:
                    yield package, target, target.message
            # ASSUMED: without a target the message of the package stands alone, with the name of the site server.
            if not targets and package.message is not None:
                yield package, None, package.message

    def _point_status(self, _site_code: str, narrow: Narrow) -> Iterator[Values]:
        for package, target, message in self._messages(narrow):
            site = self._world.sites[package.owner]
            yield {
                "ID": message.identity,
                **_message_values(message),
                "LastStatusID": message.identity,
                "LastUpdateDate": self._world.date(message.moment),
                "NalPath": target.point.nal_path if target else "",
                "Name": target.point.server if target else site.server,
                "ObjectID": package.package_id,
                "ObjectTypeID": PACKAGE_CLASSES[package.class_name][1],
                "PackageID": package.package_id,
                "ResourceType": SERVER,
                "SiteCode": target.point.site_code if target else site.code,
                "IsPeerDP": False,
                "GroupCount": 0,
            }

    def _point_details(self, _site_code: str, narrow: Narrow) -> Iterator[Values]:
        for package, target, message in self._messages(narrow):
            if target is None:
                continue
            yield {
                "ID": message.identity,
                **_message_values(message),
                "DPName": target.point.server,
                "LastStatusTime": self._world.date(message.moment),
                "NALPath": target.point.nal_path,
                "PackageID": package.package_id,
                "SiteCode": target.point.site_code,
                "StatusMsgID": message.identity,
            }

    def _tally(self, package: Package) -> tuple[int, int, int]:
        """Targets in success, in progress, in error."""
        states = [target.message.state for target in package.targets.values() if target.message is not None]
        succeeded = states.count(SUCCEEDED)
        broken = sum(1 for state in states if state >= FAILED)
        return succeeded, len(states) - succeeded - broken, broken

    def _distribution_status(self, _site_code: str, narrow: Narrow) -> Iterator[Values]:
        for package in self._packages(narrow):
            for kind, number in enumerate(self._tally(package), start=1):
                if number:
                    yield {
                        "ObjectID": package.package_id,
                        "MessageCategory": kind,
                        "Assets": number,
                        "LastUpdateDate": self._world.date(),
                        "ObjectTypeID": PACKAGE_CLASSES[package.class_name][1],
                        "PackageID": package.package_id,
                        "Type": kind,
                    }

    def _content(self, _site_code: str, narrow: Narrow) -> Iterator[Values]:
        for package in self._packages(narrow):
            values = package.record.values
            package_type, object_type = PACKAGE_CLASSES[package.class_name]
            succeeded, running, broken = self._tally(package)
            targeted = self._counts(package)["Targeted"]
            yield {
                "ObjectID": package.package_id,
                "PackageID": package.package_id,
                "DateCreated": values.get("SourceDate"),
                "Description": values.get("Description"),
                "FeatureType": 8,
                "LastUpdateDate": self._world.date(),
                "NumberErrors": broken,
                "NumberInProgress": running,
                "NumberSuccess": succeeded,
                "NumberUnknown": max(0, targeted - succeeded - running - broken),
                "ObjectType": package_type,
                "ObjectTypeID": object_type,
                "SoftwareName": values.get("Name"),
                "SourceSite": package.owner,
                "SourceSize": package.size_kb,
                "SourceVersion": package.version,
                "Targeted": targeted,
            }


def _message_values(message: Message) -> Values:
    insertions = {f"InsString{i}": text for i, text in enumerate(message.insertions, start=1)}
    return {
        "MessageID": message.number,
        "MessageFullID": message.severity | message.number,
        "MessageSeverity": message.severity,
        "MessageState": message.state,
        "MessageCategory": message.state,
        **insertions,
    }


def nal_path(server: str, site_code: str) -> str:
    r"""The NAL path of a server: ``["Display=\\server\"]MSWNET:["SMS_SITE=code"]\\server\``."""
    return f'["Display=\\\\{server}\\"]MSWNET:["SMS_SITE={site_code}"]\\\\{server}\\'
