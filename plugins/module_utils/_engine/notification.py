# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wake the distribution manager for packages (AddChangeNotification, behaviour 53): no version, no property, no content changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._provider.errors import Impossible
from .module import Task, run_task
from .resource import Resource
from .selection import Asked, checked_ids, class_of, find

NOTIFICATION_SPEC: dict[str, Any] = {
    "package_ids": {"type": "list", "elements": "str", "required": True, "aliases": ["package_id"]}
}


def run_notification(resources: Sequence[Resource]) -> None:
    """The whole module `cm_content_notification`."""
    run_task(NOTIFICATION_SPEC, lambda task: notify(task, resources))


def notify(task: Task, resources: Sequence[Resource]) -> Mapping[str, Any]:
    """One call a package. Raises Impossible for a class without the method, before anything is sent."""
    site, wanted = task.site, checked_ids(task.params["package_ids"])
    if not wanted:
        raise Impossible("package_ids is empty", hint="Name at least one package")
    packages = find(site, Asked(package_ids=wanted), resources)
    classes = [class_of(package, resources, "Take it out of package_ids") for package in packages]
    if not task.check_mode:
        for package, class_name in zip(packages, classes):
            site.call(class_name, "AddChangeNotification", {"PackageID": package.package_id})
    return {
        "changed": True,
        "packages": [{"package_id": package.package_id, "name": package.name} for package in packages],
        "requests": site.requests,
        "site_code": site.code,
    }
