# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of a site as plain data, for `GET /state` and for tests."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from .world import Package, SiteInfo, World

if TYPE_CHECKING:
    from .provider import SimulatedSite


def snapshot_of(site: SimulatedSite) -> dict[str, Any]:
    """Everything that is worth a look; the world has settled."""
    world = site.world
    managers = site.distribution.managers.values()
    return {
        "scenario": site.name,
        "now": world.now,
        "time": world.date().text,
        "sites": {code: _site_state(site) for code, site in world.sites.items()},
        "packages": {package.package_id: _package_state(package, world) for package in world.packages.values()},
        "executions": site.executions(),
        "audit": [dict(entry) for entry in world.audit],
        "builds": [
            {
                "package_id": build.package.package_id,
                "context_id": build.context_id,
                "host": build.host,
                "begins": build.begins,
                "ends": build.ends,
                "over": build.over,
                "error": build.error,
                "driver": build.driver,
            }
            for build in site.boot_images.builds
        ],
        "contexts": site.boot_images.known_contexts(),
        "wims": {
            path: {"kit": wim.kit, "edited": wim.edited, "metadata": wim.metadata()} for path, wim in world.wims.items()
        },
        "locks": site.locks.snapshot(),
        "servicing": site.servicing.snapshot(),
        "most_at_a_time": {
            "packages": {manager.site_code: manager.most_packages for manager in managers},
            "deliveries": {manager.site_code: manager.most_deliveries for manager in managers},
            "builds": dict(site.boot_images.most_at_a_time),
            "exports": dict(site.boot_images.exports_at_a_time),
        },
    }


def _site_state(site: SiteInfo) -> dict[str, Any]:
    return {
        "name": site.name,
        "server": site.server,
        "parent": site.parent,
        "central": site.central,
        "kit": site.kit(),
        "client": site.client_version,
    }


def _package_state(package: Package, world: World) -> dict[str, Any]:
    values = package.record.values
    return {
        "class": package.class_name,
        "name": values.get("Name"),
        "source_site": package.owner,
        "source_version": package.version,
        "stored_version": values.get("StoredPkgVersion"),
        "action_in_progress": package.action,
        "last_refresh_time": values["LastRefreshTime"].text,
        "phase": package.phase,
        "message": package.message.number if package.message else None,
        "built": asdict(package.built) if package.built else None,
        "distributed": asdict(package.distributed) if package.distributed else None,
        "distribution_points": {
            target.point.server: {
                "state": target.state,
                "version": target.version,
                "status": target.status,
                "visible": target.row_at <= world.now,
                "message": target.message.number if target.message else None,
            }
            for target in package.targets.values()
        },
    }
