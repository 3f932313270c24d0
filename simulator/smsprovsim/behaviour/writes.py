# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create, Put and Delete of packages and of targets (behaviour 23 to 49, 64 to 70, 107, 113)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..model import Caller, CimDateTime, Embedded, Value, WmiError, Work
from ..repository import (
    WBEM_E_INVALID_PARAMETER,
    WBEM_E_NOT_FOUND,
    WBEM_E_READ_ONLY,
    Record,
    Repository,
    provider_error,
    wmi_error,
)
from ..schema import ClassDefinition
from ..security import DEFAULT_SCOPE, Account
from ..world import (
    ACTION_ADD,
    ACTION_DELETE,
    INFORMATION,
    NEVER_REFRESHED,
    PACKAGE_CLASSES,
    TARGET_DELETED,
    Package,
    SiteInfo,
    Target,
    World,
)
from .distribution import Distribution
from .image_writes import BOOT_IMAGE, WIM_PROPERTY, ImageWrites
from .locks import Locks
from .references import References
from .refresh_schedules import STORAGE_DIRECT, RefreshSchedules

# ASSUMED: which of the known codes a refusal has for which no error object of a real site is public: "bad property" for a
# value that cannot be, "bad parameter" for an argument, and those of objects as errors.yml names them.
BAD_PROPERTY = 1078462229
BAD_PARAMETER = 1078462208
NOT_THE_OWNER = 2152073733  # behaviour 107
FOLDER_IS_NOT_EMPTY = 4  # behaviour 102
DOES_NOT_EXIST = 1078266382
NOT_FOUND = 2151811598
NOT_DELETED = 2151877120
MAX_TOKENS = 15

# Documented as read/write and maintained by the site all the same: what a client sends is not taken (behaviour 41).
_MAINTAINED = frozenset(
    ["StoredPkgPath", "StoredPkgVersion", "NumOfPrograms", "PackageType", "ImageProperty", "ImageOSVersion"]
    + ["DefaultImage", "ExtendedDataSize", "ISVDataSize", "RefreshPkgSourceFlag", "SedoObjectVersion"]
)
# A change of these makes the site remove the content and make it anew (behaviour 45).
# ASSUMED: a change of the share, the source path or PkgSourceFlag raises the version, as a refresh does.
_CONTENT = frozenset(["PkgSourcePath", "PkgSourceFlag", "ShareName", "ShareType"])
_REMOVED_FOR_A_CHANGE = 2314

_NEEDED_TO_CREATE: dict[str, tuple[str, ...]] = {
    "SMS_Package": ("Name",),
    "SMS_DriverPackage": ("Name", "PkgSourcePath"),
    "SMS_ImagePackage": ("Name", "PkgSourceFlag", "PkgSourcePath"),
    "SMS_OperatingSystemInstallPackage": ("Name", "PkgSourceFlag", "PkgSourcePath"),
    "SMS_SoftwareUpdatesPackage": ("Name", "PkgSourceFlag", "PkgSourcePath"),
    "SMS_BootImagePackage": ("Name", "ImagePath", "ImageIndex"),
}


def not_found(path: str, operation: str) -> WmiError:
    """The error of an object that is not there, or not there for the caller."""
    return provider_error(NOT_FOUND, "Not found", operation, path, hresult=WBEM_E_NOT_FOUND)


def new_package_values(definition: ClassDefinition, date: CimDateTime) -> dict[str, Value]:
    """The values a package is born with (behaviour 22, 28)."""
    values: dict[str, Value] = dict(definition.defaults)
    values.update(
        ActionInProgress=ACTION_ADD,
        Description="",
        IsVersionCompatible=True,
        Language="",
        LastRefreshTime=NEVER_REFRESHED,
        LocalizedCategoryInstanceNames=[],
        Manufacturer="",
        MIFFilename="",
        MIFName="",
        MIFPublisher="",
        MIFVersion="",
        NumOfPrograms=0,
        ObjectPath="/",
        PackageSize=0,
        PackageType=PACKAGE_CLASSES[definition.name][0],
        PkgFlags=0,
        PkgSourcePath="",
        PreferredAddressType="",
        SecuredScopeNames=[DEFAULT_SCOPE],
        ShareName="",
        SourceDate=date,
        SourceVersion=1,
        StoredPkgPath="",
        Version="",
    )
    if definition.name == "SMS_Package":
        values.update(IsPredefinedPackage=False, TransformAnalysisDate=CimDateTime("19800101000000.000000+***"))
    return values


def _same(kept: Value, given: Value) -> bool:
    """Whether a value comes back as it was read; a time without a zone may have been given one on the way (wire P-03, T-09)."""
    if isinstance(kept, CimDateTime) and isinstance(given, CimDateTime) and kept.text.endswith("***"):
        return kept.text[:21] == given.text[:21]
    if isinstance(kept, Embedded) and isinstance(given, Embedded):
        names = kept.values.keys() | given.values.keys()
        return kept.class_name == given.class_name and all(
            _same(kept.values.get(n), given.values.get(n)) for n in names
        )
    if isinstance(kept, list) and isinstance(given, list):
        return len(kept) == len(given) and all(_same(one, other) for one, other in zip(kept, given, strict=True))
    return bool(kept == given)


@dataclass
class Writes:
    """Changes of packages and targets."""

    world: World
    distribution: Distribution
    locks: Locks
    images: ImageWrites
    schedules: RefreshSchedules

    def __post_init__(self) -> None:
        self._next_ids: dict[str, int] = {}
        self._stamps = 0

    @property
    def _repository(self) -> Repository:
        return self.world.repository

    # --- identity ---

    def peek_next_id(self, site_code: str) -> int:
        """Value of the counter that the next PackageID of the site will have; no id comes twice (behaviour 24)."""
        taken = [int(each[3:], 16) for each in self.world.packages if each.startswith(site_code.lower())]
        number = max([self._next_ids.get(site_code, 1), *(each + 1 for each in taken)])
        self._next_ids[site_code] = number
        return number

    def new_stamp(self) -> str:
        """A new SedoObjectVersion."""
        self._stamps += 1
        return f"5ED0{self._stamps:04X}-0000-4000-8000-{self._stamps:012X}"

    # --- rules ---

    def demand_ownership(self, package: Package, site_code: str, operation: str) -> None:
        """Only the owning site, or one above it, may change a package (behaviour 107, 109)."""
        # ASSUMED: a provider of the central site may change the packages of its child sites (behaviour 109, inferred).
        if package.owner != site_code and not self.world.is_above(site_code, package.owner):
            raise provider_error(
                NOT_THE_OWNER,
                f"Package {package.package_id} belongs to site {package.owner} and cannot be changed at site {site_code}",
                operation,
                package.record.path(),
                cause="4",
            )

    @staticmethod
    def demand_present(package: Package, operation: str) -> None:
        """A package that is being deleted takes no change any more (behaviour 113)."""
        # ASSUMED: a Put of a package that is being deleted fails as one that does not exist; a second Delete finds nothing.
        if package.action == ACTION_DELETE:
            path = package.record.path()
            raise provider_error(DOES_NOT_EXIST, f"{path} is being deleted", operation, path)

    def _check_schedule(self, values: Mapping[str, Value], path: str, changed: dict[str, Value]) -> None:
        """Raise the error of a schedule that cannot be; `changed` loses one that the site ignores (behaviour 47)."""
        tokens = values.get("RefreshSchedule") or []
        if len(tokens) > MAX_TOKENS:
            raise provider_error(BAD_PROPERTY, f"RefreshSchedule takes {MAX_TOKENS} tokens", "PutInstance", path)
        if tokens and values.get("PkgSourceFlag") != STORAGE_DIRECT:
            # ASSUMED: schedule_without_source
            if self.world.switches["schedule_without_source"] == "ignored":
                changed.pop("RefreshSchedule", None)
                return
            raise provider_error(BAD_PROPERTY, "RefreshSchedule needs PkgSourceFlag 2", "PutInstance", path)

    # --- packages ---

    def create_package(
        self, definition: ClassDefinition, sent: Mapping[str, Value], caller: Caller, account: Account, site_code: str
    ) -> tuple[Record, Work | None]:
        """Store a new package under a new id and have its content taken (behaviour 23 to 31); a boot image is built first."""
        world = self.world
        name = definition.name
        found = self._repository.checked(definition, sent, "PutInstance")
        self._begin_now(found)
        missing = [needed for needed in _NEEDED_TO_CREATE.get(name, ("Name",)) if found.get(needed) in (None, "")]
        if missing:
            raise provider_error(BAD_PROPERTY, f"{name} cannot be created without {missing[0]}", "PutInstance", name)
        if found.get("PackageID"):
            # ASSUMED: a PackageID that a client brings along is refused.
            raise provider_error(BAD_PARAMETER, "PackageID is given by the site", "PutInstance", name)
        values = new_package_values(definition, world.date())
        values.update(
            {key: value for key, value in found.items() if not self._is_kept(definition, key) and value is not None}
        )
        if name == BOOT_IMAGE:
            # ASSUMED: the provider sets PkgSourceFlag of a boot image; tools that create one send none.
            values["PkgSourceFlag"] = STORAGE_DIRECT
        self._check_schedule(values, name, values)
        if name == "SMS_DriverPackage":
            self._check_driver_folder(str(values["PkgSourcePath"]))
        package_id = f"{site_code}{self.peek_next_id(site_code):05X}"
        scopes = sorted(account.scopes) if account.scopes is not None else [DEFAULT_SCOPE]  # behaviour 31
        values.update(
            PackageID=package_id, SourceSite=site_code, SecuredScopeNames=scopes, SedoObjectVersion=self.new_stamp()
        )
        record = Record(definition, values)
        package = Package(record, size_kb=10_240, scopes=frozenset(scopes))
        values["PackageSize"] = package.size_kb if package.has_source else 0
        here = world.sites[site_code]
        if name in WIM_PROPERTY and package.has_source:
            self.images.fill_in(package, here)

        def store() -> None:
            self._repository.stored(name).put_in(record)
            world.packages[package_id.lower()] = package
            self.schedules.arm(package)
            world.record_audit(30000, caller, site_code, package_id)
            world.count("Create", package_id)

        def distribute() -> None:
            if package.has_source:
                self.distribution.of(package).refresh(package, raises=False, action=ACTION_ADD)
            else:
                self.distribution.of(package).note(package)

        if name == BOOT_IMAGE:
            self.images.demand_acceptable({}, found, here, name)
            self._next_ids[site_code] = int(package_id[3:], 16) + 1  # taken, even if the build fails (behaviour 24)
            return record, self.images.build_new(package, here, store, distribute)
        store()
        distribute()
        return record, None

    def _check_driver_folder(self, path: str) -> None:
        source = self.world.sources.get(path.rstrip("\\").lower())
        if source is not None and source.problem:
            raise provider_error(BAD_PROPERTY, f"{path} cannot be read or written", "PutInstance", "SMS_DriverPackage")
        if source is not None and not source.empty:
            raise provider_error(FOLDER_IS_NOT_EMPTY, f"{path} is not empty", "PutInstance", "SMS_DriverPackage")

    def _is_kept(self, definition: ClassDefinition, name: str) -> bool:
        prop = definition.properties[name]
        return prop.read_only or prop.key or name in _MAINTAINED

    def put_package(self, package: Package, sent: Mapping[str, Value], caller: Caller, site_code: str) -> Work | None:
        """Change a package (behaviour 33 to 47). A property that is not sent stays."""
        world, record, path = self.world, package.record, package.record.path()
        here, boot = world.sites[site_code], record.definition.name == BOOT_IMAGE
        self.demand_ownership(package, site_code, "PutInstance")
        self.demand_present(package, "PutInstance")
        self.locks.demand_context(path, caller, "PutInstance")
        self.locks.demand_free(path, caller, "PutInstance", site_code)
        try:
            found, changed = self._changes(package, sent, here)
        except WmiError:
            # ASSUMED: failed_put_lock
            if world.switches["failed_put_lock"] == "stays":
                self.locks.take(path, caller, site_code)
            raise

        def save() -> None:
            record.values.update(changed)
            self.schedules.arm(package)
            self.images.commit(package)
            record.values["SedoObjectVersion"] = self.new_stamp()
            self.locks.release(path, caller)
            world.record_audit(30001, caller, site_code, package.package_id)
            world.count("Put", package.package_id)

        refresh = bool(found.get("RefreshPkgSourceFlag"))  # behaviour 42
        # ASSUMED: boot_put
        if boot and not refresh and world.switches["boot_put"] == "builds":
            return self.images.build_changed(package, here, changed, save)
        save()
        if refresh:
            return self.refresh_package(package, here, str(record.values.get("ContextID") or ""))
        if not _CONTENT.isdisjoint(changed) and package.has_source:
            for _target in package.targets:
                world.status_message(_REMOVED_FOR_A_CHANGE, INFORMATION, package.owner)
            self.distribution.of(package).refresh(package)
        else:
            self.distribution.of(package).note(package)
        return None

    def _changes(
        self, package: Package, sent: Mapping[str, Value], here: SiteInfo
    ) -> tuple[dict[str, Value], dict[str, Value]]:
        """What was sent, and what of it changes the package. Raises `WmiError` for what cannot be."""
        record, path = package.record, package.record.path()
        definition = record.definition
        found = self._repository.checked(definition, sent, "PutInstance")
        self._begin_now(found)
        if str(found.get("PackageID", package.package_id)).lower() != package.package_id.lower():
            raise wmi_error(WBEM_E_INVALID_PARAMETER, "A key cannot be changed", "PutInstance", path)
        # ASSUMED: a Put without SedoObjectVersion, or with null, is not held against the version.
        stamp = found.get("SedoObjectVersion")
        if stamp is not None and stamp != record.values.get("SedoObjectVersion"):
            # ASSUMED: the code of a stale version is not public; "bad property" is the nearest (behaviour 33).
            raise provider_error(
                BAD_PROPERTY, f"{path} was changed meanwhile", "PutInstance", path, object_info="SedoObjectVersion"
            )
        changed = {}
        for name, value in found.items():
            if _same(record.values.get(name), value):
                continue
            # ASSUMED: put_read_only
            if (
                definition.properties[name].read_only
                and self.world.switches["put_read_only"] == "refused"
                and name != "SedoObjectVersion"
            ):
                raise wmi_error(WBEM_E_READ_ONLY, f"{name} is read-only", "PutInstance", path)
            if not self._is_kept(definition, name):
                changed[name] = value
        if "ImagePath" in changed and record.values.get("DefaultImage"):
            raise provider_error(BAD_PROPERTY, "ImagePath of a built-in boot image cannot change", "PutInstance", path)
        self._check_schedule({**record.values, **changed}, path, changed)
        if definition.name == BOOT_IMAGE:
            self.images.demand_acceptable(record.values, changed, here, path)
        return found, changed

    def _begin_now(self, values: Mapping[str, Value]) -> None:
        """A schedule whose start is all zeros begins now (behaviour 49)."""
        for token in values.get("RefreshSchedule") or ():
            if token.values["StartTime"].text.startswith("0" * 14):
                # ASSUMED: now is the time of the owning site server, as schedules are.
                offset = next(iter(self.world.sites.values())).utc_offset
                token.values["StartTime"] = self.world.date(offset_minutes=offset)

    def refresh_package(self, package: Package, site: SiteInfo, context_id: str = "") -> Work | None:
        """What RefreshPkgSource does: distribute, and build a boot image before that (behaviour 55, 82)."""
        self.world.count("RefreshPkgSource", package.package_id)
        if package.class_name == BOOT_IMAGE:
            # ASSUMED: the build runs on whatever provider was asked; the version rises on the owning site only.
            return self.images.boot_images.rebuild(package, site, context_id or None)
        self.distribution.refresh(package, site.code)
        return None

    def delete_package(self, package: Package, caller: Caller, site_code: str) -> None:
        """Begin the removal (behaviour 113); a second delete finds it gone already."""
        path = package.record.path()
        self.demand_ownership(package, site_code, "DeleteInstance")
        self.locks.demand_context(path, caller, "DeleteInstance")
        self.locks.demand_free(path, caller, "DeleteInstance", site_code)
        if package.action == ACTION_DELETE:
            raise not_found(path, "DeleteInstance")
        users = [record.values["PackageID"] for record in References(self.world).task_sequences(package.package_id)]
        if users and self.world.switches["delete_used"] == "refused":  # ASSUMED: delete_used
            text = f"{package.package_id} is used by task sequence {users[0]}"
            raise provider_error(NOT_DELETED, text, "DeleteInstance", path)
        self.world.record_audit(30002, caller, site_code, package.package_id)
        self.world.count("Delete", package.package_id)
        self.distribution.of(package).delete(package)

    # --- targets ---

    def add_targets(
        self, package: Package, pairs: list[tuple[str, str]], site_code: str, operation: str
    ) -> list[Target]:
        """Target the package at points given by site code and NAL path (behaviour 64, 65). All or none."""
        self.demand_ownership(package, site_code, operation)
        self.demand_present(package, operation)
        points = []
        for code, nal in pairs:
            point = self.world.points.get(nal.lower())
            if point is None or point.site_code.lower() != code.lower():
                raise provider_error(
                    BAD_PARAMETER, f"{nal} is no distribution point of site {code}", operation, package.record.path()
                )
            # ASSUMED: existing_target
            if point.key in package.targets and self.world.switches["existing_target"] == "refused":
                raise provider_error(1078004239, f"{package.package_id} is on {point.server} already", operation, nal)
            points.append(point)
        sender = self.distribution.of(package)
        return [sender.add(package, point) for point in points if point.key not in package.targets]

    def put_target(self, target: Target, sent: Mapping[str, Value], caller: Caller, site_code: str) -> None:
        """RefreshNow true sends everything again (behaviour 66)."""
        definition = self._repository.classes["sms_distributionpoint"]
        found = self._repository.checked(definition, sent, "PutInstance")
        self.demand_ownership(target.package, site_code, "PutInstance")
        if target.status == TARGET_DELETED:
            raise not_found(f"{target.package.package_id}@{target.point.server}", "PutInstance")
        key = f"{target.package.package_id}@{target.point.server}"
        self.world.record_audit(30010, caller, site_code, key)
        self.world.count("Put", key)
        if found.get("RefreshNow"):
            self.world.count("RefreshNow", key)
            self.distribution.of(target.package).resend(target)

    def remove_target(self, target: Target, caller: Caller, site_code: str) -> None:
        """Take the package off the distribution point (behaviour 70)."""
        self.demand_ownership(target.package, site_code, "DeleteInstance")
        if target.status == TARGET_DELETED:
            raise not_found(f"{target.package.package_id}@{target.point.server}", "DeleteInstance")
        key = f"{target.package.package_id}@{target.point.server}"
        self.world.record_audit(30011, caller, site_code, key)
        self.world.count("Delete", key)
        self.distribution.of(target.package).remove(target)
