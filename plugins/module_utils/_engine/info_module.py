# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules that read: packages, and the site itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._provider.errors import Impossible
from .info import PackageReader, Reading
from .module import Task, connection_spec, run_task
from .resource import Property, Resource
from .selection import checked_ids, selection_spec, types_named
from .site_info import SiteReader


def info_spec(resources: Sequence[Resource]) -> dict[str, Any]:
    """The argument_spec of reading packages."""
    spec = connection_spec()
    spec.update(selection_spec(resources))
    spec.update(
        properties={"type": "list", "elements": "str", "default": []},
        limit={"type": "int"},
        dest={"type": "path"},
    )
    return spec


def run_package_info(resources: Sequence[Resource], base: Sequence[Property]) -> None:
    """The whole module `cm_package_info`."""
    run_task(
        info_spec(resources),
        lambda task: package_info(task, resources, base),
        mutually_exclusive=[("package_ids", "names", "select")],
    )


def package_info(task: Task, resources: Sequence[Resource], base: Sequence[Property]) -> Mapping[str, Any]:
    """What `cm_package_info` does."""
    params = task.params
    reading = Reading(
        package_ids=checked_ids(params["package_ids"] or ()),
        names=tuple(params["names"] or ()),
        package_types=types_named(params["type"], resources),
        selection=params["select"],
        properties=tuple(params["properties"]),
        limit=params["limit"],
    )
    if reading.limit is not None and reading.limit < 1:
        raise Impossible(f"limit {reading.limit} is less than 1")
    reader = PackageReader(task.site, reading, resources, base)
    if params["dest"]:
        result: dict[str, Any] = {"dest": params["dest"], "count": task.write_lines(params["dest"], reader.iterate)}
    else:
        packages = task.complete(lambda: list(reader.iterate()))
        result = {"count": len(packages), "packages": packages}
    return {"changed": False, "requests": task.site.requests, "site_code": task.site.code, **result}


def run_site_info() -> None:
    """The whole module `cm_site_info`."""
    run_task({}, site_info)


def site_info(task: Task) -> Mapping[str, Any]:
    """What `cm_site_info` does."""
    result = SiteReader(task.site).read()
    for note in result["notes"]:
        task.warn(f"{task.site.where}: {note}")
    return {"changed": False, "requests": task.site.requests, "site_code": task.site.code, **result}
