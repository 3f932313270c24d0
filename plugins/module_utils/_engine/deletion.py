# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What speaks against deleting a package: the provider refuses little of it, and the console only warns (behaviour 114, 115)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from .._cim import wql
from .._cim.instance import Instance
from .._cim.types import EMBEDDED, STRING, UINT32, array_of
from .._provider.errors import Impossible, NotFound, ProviderError
from .._provider.site import Site

NO_ACTION = 0
# Where a task sequence names packages; its steps alone may be too large for one answer.
_NAMING = {"References": array_of(EMBEDDED), "BootImageID": STRING}
# What `force` may name: a use of this kind then no longer keeps an object.
USES = ("task_sequences", "deployments", "programs")


def demand_deletable(site: Site, found: Instance, label: str, force: Collection[str]) -> None:
    """Raise Impossible for an object that is busy, or that something uses."""
    if found.value("ActionInProgress", UINT32) not in (None, NO_ACTION):
        raise Impossible(f"{label} is being updated and was not deleted", hint="Wait until ActionInProgress is 0 again")
    package_id = (found.value("PackageID", STRING) or "").upper()
    ways: dict[str, Callable[[], list[str]]] = {
        "task_sequences": lambda: task_sequences(site, package_id),
        "deployments": lambda: _deployments(site, package_id),
        "programs": lambda: _programs(site, package_id),
    }
    for kind, look in ways.items():
        if kind in force or (kind == "programs" and not found.value("NumOfPrograms", UINT32)):
            continue
        words = kind.replace("_", " ")
        try:
            users = look()
        except ProviderError as refused:
            raise Impossible(
                f"Whether {words} use {label} cannot be read, so it was not deleted: {refused}",
                hint=f"Let the account read them, or set force to {kind} to delete it all the same",
            ) from refused
        if users:
            raise Impossible(
                f"{label} is used by {words} and was not deleted: {', '.join(users)}",
                hint=f"Take it out of them first, or set force to {kind}",
            )


def task_sequences(site: Site, package_id: str) -> list[str]:
    """Those whose references or boot image name the package; both are lazy, so each one is read (behaviour 115)."""
    users = []
    for row in site.list_of("SMS_TaskSequencePackage", {"PackageID": STRING, "Name": STRING}):
        try:
            sequence = site.get("SMS_TaskSequencePackage", row["PackageID"], _NAMING)
        except NotFound:  # gone meanwhile
            continue
        if any(_names_it(sequence.guess(each), package_id) for each in _NAMING):
            users.append(f'{row["PackageID"]} ("{row["Name"]}")')
    return users


def _deployments(site: Site, package_id: str) -> list[str]:
    columns = {"AdvertisementID": STRING, "AdvertisementName": STRING}
    rows = site.list_of("SMS_Advertisement", columns, wql.equals("PackageID", package_id))
    return [f'{row["AdvertisementID"]} ("{row["AdvertisementName"]}")' for row in rows]


def _programs(site: Site, package_id: str) -> list[str]:
    rows = site.list_of("SMS_Program", {"ProgramName": STRING}, wql.equals("PackageID", package_id))
    return [str(row["ProgramName"]) for row in rows]


def _names_it(value: Any, package_id: str) -> bool:
    """Whether a value, or anything inside it, is this PackageID."""
    if isinstance(value, Mapping):
        return any(_names_it(each, package_id) for each in value.values())
    if isinstance(value, list):
        return any(_names_it(each, package_id) for each in value)
    return isinstance(value, str) and value.upper() == package_id
