# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes for the assumptions about boot images, audit messages and offline servicing; see `probes`."""

from __future__ import annotations

import re
from typing import Any

from .._cim import wql
from .._cim.types import STRING, UINT32, Codec, is_plain_number
from .._provider.errors import ProviderError
from .observe import Look
from .probes import PROBES, Told, probe
from .servicing import SCHEDULED, Servicing
from .trail import COLUMNS, MESSAGES, MODIFIED, REFRESHED, STRINGS, Message

__all__ = ["PROBES"]  # with those of this file

_ALL_COMPONENTS = "SMS_WinPEOptionalComponentInfo"
_COMPONENTS_OF_KIT = "SMS_OSDeploymentKitWinPEOptionalComponent"
_PACKAGE_ID = re.compile(r"[A-Z0-9]{3}[0-9A-F]{5}\Z")
_COMPONENT = {"UniqueID": UINT32, "LanguageID": UINT32}


def _column(look: Look, class_name: str, name: str) -> list[str]:
    """The values of a text column that are not empty; none where the site has no such class or column."""
    columns: dict[str, Codec] = {name: STRING}
    try:
        return [row[name] for row in look.site.list_of(class_name, columns) if row[name]]
    except ProviderError:
        return []


@probe("boot_architecture")
def _boot_architecture(look: Look) -> Told:
    found = _column(look, "SMS_BootImagePackage", "Architecture")
    if not found:
        return Told(None, {"boot_images": 0})
    return Told("number" if all(is_plain_number(each) for each in found) else "name", {"boot_images": len(found)})


@probe("component_rows")
def _component_rows(look: Look) -> Told:
    """Of a component of the kit, the class above has one row more if it has rows of its own."""
    counts = []
    for class_name in (_ALL_COMPONENTS, _COMPONENTS_OF_KIT):
        try:
            counts.append(len(list(look.site.list_of(class_name, dict(_COMPONENT)))))
        except ProviderError:
            return Told(None)
    every, of_kit = counts
    if not every:
        return Told(None, {"rows": 0})
    return Told("both" if every > of_kit else "kit", {"rows": every, "rows_of_kit": of_kit})


@probe("client_version")
def _client_version(look: Look) -> Told:
    """Told by the newest boot image; one that is older than the site tells nothing."""
    images = [_numbers(each) for each in _column(look, "SMS_BootImagePackage", "ProductionClientVersion")]
    sites = [_numbers(each) for each in _column(look, "SMS_Site", "Version")]
    if not images or not sites or max(images) < max(sites):
        return Told(None, {"boot_images": len(images)})
    return Told("of_the_site" if max(images) == max(sites) else "of_its_own", {"boot_images": len(images)})


def _audit_messages(look: Look) -> list[dict[str, Any]]:
    """Messages about changes and refreshes of objects; none where they cannot be read."""
    try:
        return look.site.list_of(MESSAGES, COLUMNS, wql.in_list("MessageID", (MODIFIED, REFRESHED)))
    except ProviderError:
        return []


@probe("audit_component")
def _audit_component(look: Look) -> Told:
    """Only a site at which somebody changed something lately can tell."""
    found = [Message.of(row).tells_program for row in _audit_messages(look)]
    if not found:
        return Told(None, {"messages": 0})
    return Told("program" if any(found) else "provider", {"messages": len(found), "with_a_program": sum(found)})


@probe("audit_strings")
def _audit_strings(look: Look) -> Told:
    """By what looks like a PackageID (behaviour 24)."""
    rows = _audit_messages(look)
    named = sum(any(_PACKAGE_ID.match(row[each] or "") for each in STRINGS) for row in rows)
    if not rows:
        return Told(None, {"messages": 0})
    return Told("package_id" if named else "name_only", {"messages": len(rows), "with_an_id": named})


@probe("recurring_state")
def _recurring_state(look: Look) -> Told:
    """Only a site with a recurring job that has run can tell."""
    try:
        jobs = [each for each in Servicing(look.site).heads() if each.recurs and each.last_run and not each.cancelled]
    except ProviderError:
        jobs = []
    ended, waiting = sum(each.ended for each in jobs), sum(each.state == SCHEDULED for each in jobs)
    if bool(ended) == bool(waiting):
        return Told(None, {"jobs": len(jobs)})
    return Told("outcome" if ended else "scheduled", {"jobs": len(jobs)})


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if is_plain_number(part))
