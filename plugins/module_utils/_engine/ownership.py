# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which site owns a package: the owner hands it over (SetSourceSite), or another site takes it (Unlock) (behaviour 107, 108).

Neither moves files: the source has to be reachable from the new owner.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._cim.types import STRING, UINT32
from .._provider.errors import Impossible, NotConverged
from .._provider.site import Site
from .._wsman.errors import OutcomeUnknown
from .module import Task, run_task
from .options import demand_seconds
from .resource import Resource
from .selection import Asked, PackageState, checked_ids, class_of, find

DELETING = 3  # ActionInProgress
SECONDARY, CENTRAL = 1, 4  # SMS_Site.Type
LOOK_INTERVAL = 5.0
OWNERSHIP_SPEC: dict[str, Any] = {
    "package_id": {"type": "str", "required": True},
    "source_site": {"type": "str", "required": True},
    "confirm_source_site": {"type": "str"},
    "grace": {"type": "float", "default": 60.0},
}
_SITE = {"SiteCode": STRING, "ReportingSiteCode": STRING, "Type": UINT32}


@dataclass(frozen=True)
class Transfer:
    """How a package comes to its new owner: the method, and its arguments. Empty where it is there already."""

    method: str = ""
    arguments: Mapping[str, Any] | None = None


def run_ownership(resources: Sequence[Resource]) -> None:
    """The whole module `cm_content_ownership`."""
    run_task(OWNERSHIP_SPEC, lambda task: transfer(task, resources))


def transfer(task: Task, resources: Sequence[Resource]) -> Mapping[str, Any]:
    """Plan, and unless in check mode, one call and a look at what came of it. Raises Impossible before anything is sent."""
    params = task.params
    (package_id,) = checked_ids([params["package_id"]])
    wanted = params["source_site"].strip().upper()
    confirmed = (params["confirm_source_site"] or "").strip().upper()
    demand_seconds(params, "grace")
    site = task.site
    package = find(site, Asked(package_ids=(package_id,)), resources)[0]
    plan = _plan(site, package, wanted, confirmed)
    if plan.method and not task.check_mode:
        _carry_out(
            task,
            plan,
            package,
            class_of(package, resources, "Use cm_wmi_method with the class that the console shows"),
            wanted,
            resources,
        )
    owner = wanted if plan.method else package.source_site
    return {
        "changed": bool(plan.method),
        "package_id": package.package_id,
        "name": package.name,
        "method": plan.method,
        "source_site": owner,
        "diff": {"before": {"source_site": package.source_site}, "after": {"source_site": owner}},
        "requests": site.requests,
        "site_code": site.code,
    }


def _plan(site: Site, package: PackageState, wanted: str, confirmed: str) -> Transfer:
    owner = package.source_site
    if owner == wanted:
        return Transfer()
    if package.action == DELETING:
        raise Impossible(f"{package.label} is being deleted", where=site.where, hint="Leave it out")
    sites = {str(row["SiteCode"] or "").upper(): row for row in site.list_of("SMS_Site", _SITE)}
    if wanted not in sites or sites[wanted]["Type"] == SECONDARY:
        known = ", ".join(sorted(code for code, row in sites.items() if row["Type"] != SECONDARY))
        raise Impossible(
            f"source_site {wanted!r} is no primary or central site of this hierarchy",
            where=site.where,
            hint=f"Known: {known}",
        )
    if confirmed and confirmed != owner:
        raise Impossible(
            f"{package.label} belongs to site {owner}, not to {confirmed}",
            where=site.where,
            hint="Look again who owns it before it is taken away; confirm_source_site has to name the present owner",
        )
    above = sites.get(site.code, {}).get("Type") == CENTRAL and owner in sites
    if owner == site.code or (above and wanted != site.code):
        return Transfer("SetSourceSite", {"SourceSite": (STRING, wanted)})
    if wanted != site.code:
        raise Impossible(
            f"{package.label} belongs to site {owner}, and site {site.code} can neither hand it to {wanted} nor take it for it",
            where=site.where,
            hint=f"Run the task against a provider of site {owner}, which hands it over, or of site {wanted}, which takes it",
        )
    if not confirmed:
        raise Impossible(
            f"{package.label} belongs to site {owner}, which is not asked when site {wanted} takes it",
            where=site.where,
            hint=f"Run the task against a provider of site {owner}, which hands it over; if that site is lost, set confirm_source_site to {owner}",
        )
    return Transfer("Unlock", {})


def _carry_out(
    task: Task,
    plan: Transfer,
    package: PackageState,
    class_name: str,
    wanted: str,
    resources: Sequence[Resource],
) -> None:
    site, clock = task.site, task.site.means.clock
    lost: OutcomeUnknown | None = None
    try:
        site.call(class_name, plan.method, {"PackageID": package.package_id}, plan.arguments)
    except OutcomeUnknown as unknown:
        lost = unknown
    deadline = clock.now() + task.params["grace"]
    while True:
        now = find(site, Asked(package_ids=(package.package_id,)), resources)[0]
        if now.source_site == wanted:
            if lost is not None:
                task.warn(f"The answer to {plan.method} was lost, and it was not sent again; it took effect")
            return
        if clock.now() >= deadline:
            break
        clock.sleep(LOOK_INTERVAL)
    if lost is not None:
        raise OutcomeUnknown(
            f"{plan.method} of {package.label} was sent once and its answer was lost; it still belongs to site {now.source_site}",
            where=site.where,
            hint=f"Run the task again: it reads first. What happened: {lost.what}",
        ) from lost
    raise NotConverged(
        f"The site took {plan.method} of {package.label}, which still belongs to site {now.source_site}",
        where=site.where,
        hint="Look into SMSProv.log on the provider host for more",
    )
