# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Methods about packages, distribution points, groups and the site. Those of the schema that nobody carries out are refused."""

from __future__ import annotations

from ..model import Work
from ..repository import provider_error
from ..world import ACTION_DELETE, INFORMATION, SUCCEEDED, TARGET_DELETED, Package
from . import paths
from .calls import Call, method
from .writes import BAD_PARAMETER, not_found

# --- packages ---


@method("SMS_PackageBaseclass.RefreshPkgSource")
def _refresh(call: Call) -> Work:
    package = call.package
    call.demand("refresh")
    _demand_unlocked(call, package)
    call.world.record_audit(30068, call.caller, call.here.code, package.package_id)
    context = call.arguments.get("ContextID")
    return call.site.writes.refresh_package(package, call.here, context if isinstance(context, str) else "") or Work({})


def _demand_unlocked(call: Call, package: Package) -> None:
    if call.world.switches["refresh_needs_lock"] == "yes":  # ASSUMED: refresh_needs_lock
        call.site.locks.demand_free(package.record.path(), call.caller, "ExecMethod", call.here.code)


@method("SMS_PackageBaseclass.AddChangeNotification")
def _wake(call: Call) -> Work:
    call.demand("modify")
    call.world.count("AddChangeNotification", call.package.package_id)
    call.world.record_audit(30192, call.caller, call.here.code, call.package.package_id)
    return Work({})  # behaviour 53: nothing else


@method("SMS_PackageBaseclass.AddDistributionPoints")
def _add_points(call: Call) -> Work:
    package = call.package
    call.demand("distribute")
    codes, paths = call.arguments["SiteCode"] or [], call.arguments["NALPath"] or []
    if len(codes) != len(paths):  # behaviour 54
        raise provider_error(
            BAD_PARAMETER, "SiteCode and NALPath differ in length", "ExecMethod", package.record.path()
        )
    call.site.writes.add_targets(package, list(zip(codes, paths, strict=True)), call.here.code, "ExecMethod")
    call.world.count("AddDistributionPoints", package.package_id)
    call.world.record_audit(30125, call.caller, call.here.code, package.package_id)
    return Work({})


@method("SMS_PackageBaseclass.SetSourceSite")
def _hand_over(call: Call) -> Work:
    package = call.package
    call.demand("modify")
    code = str(call.arguments["SourceSite"]).upper()
    if code not in call.world.sites:
        raise provider_error(BAD_PARAMETER, f"There is no site {code}", "ExecMethod", package.record.path())
    call.site.writes.demand_ownership(package, call.here.code, "ExecMethod")
    package.record.values["SourceSite"] = code
    call.world.count("SetSourceSite", package.package_id)
    # ASSUMED: SetSourceSite, Unlock and UpdateOptionalComponents leave the audit message of a change, ReloadImageProperties none.
    call.world.record_audit(30001, call.caller, call.here.code, package.package_id)
    return Work({})


@method("SMS_PackageBaseclass.Unlock")
def _take_over(call: Call) -> Work:
    call.demand("modify")
    call.package.record.values["SourceSite"] = call.here.code  # behaviour 108
    call.world.count("Unlock", call.package.package_id)
    call.world.record_audit(30001, call.caller, call.here.code, call.package.package_id)
    return Work({})


@method("SMS_PackageBaseclass.GetNextID")
def _next_id(call: Call) -> Work:
    return Work({"NextID": call.site.writes.peek_next_id(call.here.code)})


@method("SMS_DriverPackage.CheckSourceFolder")
def _check_folder(call: Call) -> Work:
    return Work({"Result": paths.folder_result(str(call.arguments["SourceFolder"]), call.world, call.caller)})


# --- distribution points and groups ---


@method("SMS_DistributionPoint.CancelDistribution")
def _cancel(call: Call) -> Work:
    target = call.seen_target()
    call.demand("distribute", target.package.record)
    call.world.count("CancelDistribution", f"{target.package.package_id}@{target.point.server}")
    call.site.distribution.of(target.package).cancel(target)
    return Work({})


@method("SMS_DistributionPoint.VerifyPackage")
def _verify(call: Call) -> Work:
    target = call.seen_target()
    call.demand("distribute", target.package.record)
    call.world.count("VerifyPackage", f"{target.package.package_id}@{target.point.server}")

    def verified() -> None:
        if target.version:  # behaviour 68
            identity = target.package.package_id
            target.message = call.world.message(2384, INFORMATION, SUCCEEDED, identity, target.point.nal_path)

    call.world.after(30.0, verified)
    return Work({})


@method("SMS_DistributionPointInfo.GetChainedPullDPs")
def _chained(call: Call) -> Work:
    source = str(call.arguments["SourceDPNALPath"]).lower()
    chained = [point.nal_path for point in call.world.points.values() if point.pull_from == source]
    return Work({"ChainedDPs": chained})


@method("SMS_DistributionPointGroup.AddPackages")
def _group_add_packages(call: Call) -> Work:
    group = call.site.groups.name_of(call.record)
    packages = [call.seen_package(package_id) for package_id in call.arguments["PackageIDs"] or []]
    for package in packages:
        call.demand("distribute", package.record)
        call.site.writes.demand_ownership(package, call.here.code, "ExecMethod")
        call.site.writes.demand_present(package, "ExecMethod")
    for package in packages:
        call.site.groups.assign(group, package)
        call.world.count("GroupAddPackages", package.package_id)
    return Work({})


@method("SMS_DistributionPointGroup.RemovePackages")
def _group_remove_packages(call: Call) -> Work:
    group = call.site.groups.name_of(call.record)
    for package_id in call.arguments["PackageIDs"] or []:
        package = call.seen_package(package_id)
        call.demand("distribute", package.record)
        call.site.groups.withdraw(group, package, call.arguments.get("RemovePackageFromDPs") is not False)
        call.world.count("GroupRemovePackages", package.package_id)
    return Work({})


@method("SMS_DistributionPointGroup.AddDistributionPoints")
def _group_add_points(call: Call) -> Work:
    call.demand("distribute")
    group = call.site.groups.name_of(call.record)
    call.site.groups.join(
        group, call.arguments["DPNALPath"] or [], call.arguments.get("AddTargetedPackages") is not False
    )
    return Work({})


@method("SMS_DistributionPointGroup.RemoveDistributionPoints")
def _group_remove_points(call: Call) -> Work:
    call.demand("distribute")
    group = call.site.groups.name_of(call.record)
    call.site.groups.leave(group, call.arguments["DPNALPath"] or [], bool(call.arguments.get("RemoveTargetedPackages")))
    return Work({})


@method("SMS_DistributionPointGroup.ReDistributePackage")
def _group_resend(call: Call) -> Work:
    package = call.seen_package(call.arguments["PackageID"])
    call.demand("distribute", package.record)
    call.world.count("ReDistributePackage", package.package_id)
    members = call.site.groups.members(call.site.groups.name_of(call.record))
    for target in [t for key, t in package.targets.items() if key in members and t.status != TARGET_DELETED]:
        call.site.distribution.of(package).resend(target)
    return Work({})


@method("SMS_DistributionPointGroup.RefreshDPGroup")
def _group_sync(call: Call) -> Work:
    call.demand("distribute")
    call.site.groups.synchronise(call.site.groups.name_of(call.record))
    return Work({})


# --- site ---


@method("SMS_Identification.GetCurrentUser")
def _current_user(call: Call) -> Work:
    return Work({"UserName": call.caller.user})


@method("SMS_Identification.GetProviderVersion")
def _provider_version(call: Call) -> Work:
    return Work({"VersionString": "5.0.8968.1000"})


@method("SMS_Identification.GetSiteID")
def _site_id(call: Call) -> Work:
    return Work(
        {"SiteID": "{" + f"00000000-0000-4000-8000-{int.from_bytes(call.here.code.encode(), 'big'):012X}" + "}"}
    )


@method("SMS_ObjectContainerItem.MoveMembers")
def _move(call: Call) -> Work:
    keys = [str(key) for key in call.arguments["InstanceKeys"] or []]
    packages = [call.seen_package(key) for key in keys]
    for package in packages:
        call.demand("modify", package.record)
        if package.action == ACTION_DELETE:
            raise not_found(package.record.path(), "ExecMethod")
    arguments = call.arguments
    call.site.folders.move(
        packages, arguments["ContainerNodeID"], arguments["TargetContainerNodeID"], arguments["ObjectType"]
    )
    for package in packages:
        call.world.count("MoveMembers", package.package_id)
    return Work({})
