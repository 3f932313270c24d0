# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Distribution points and groups that a package should be on. They are added where they are missing, never taken away (behaviour 64, 65)."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Callable

from .._cim import wql
from .._cim.types import STRING, UINT32, array_of
from .._provider.errors import Impossible
from .._provider.site import Site
from .._wsman.errors import OutcomeUnknown

DELETED = 3  # SMS_DistributionPoint.Status: the content is on its way out
_STRINGS = array_of(STRING)
_POINT = {"ServerName": STRING, "NALPath": STRING, "SiteCode": STRING}
_GROUP = {"GroupID": STRING, "Name": STRING}


@dataclass(frozen=True)
class Place:
    """A distribution point (its NAL path as the site has it, and its own site) or a group (its GroupID)."""

    name: str
    key: str
    site_code: str = ""


@dataclass(frozen=True)
class Targets:
    """The places that were asked for, and those of them that do not have the package yet."""

    points: tuple[Place, ...] = ()
    groups: tuple[Place, ...] = ()
    missing_points: tuple[Place, ...] = ()
    missing_groups: tuple[Place, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether nothing has to be added."""
        return not self.missing_points and not self.missing_groups

    def in_words(self) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
        """For the diff: of the places asked for, those that have it now, and those that will."""
        before: dict[str, list[str]] = {}
        after: dict[str, list[str]] = {}
        for option, asked, missing in (
            ("distribution_points", self.points, self.missing_points),
            ("distribution_point_groups", self.groups, self.missing_groups),
        ):
            if asked:
                before[option] = sorted({each.name for each in asked} - {each.name for each in missing})
                after[option] = sorted({each.name for each in asked})
        return before, after


def find_targets(site: Site, points: Sequence[str], groups: Sequence[str], package_id: str) -> Targets:
    """What is asked for, at the site; `package_id` is empty for a package that is yet to be made. Raises Impossible."""
    asked_points = _points(site, points) if points else ()
    asked_groups = _groups(site, groups) if groups else ()
    have_points: set[str] = set()
    have_groups: set[str] = set()
    if package_id and asked_points:
        columns = {"ServerNALPath": STRING, "Status": UINT32}
        rows = site.list_of("SMS_DistributionPoint", columns, wql.equals("PackageID", package_id))
        have_points = {(row["ServerNALPath"] or "").lower() for row in rows if row["Status"] != DELETED}
    if package_id and asked_groups:
        rows = site.list_of("SMS_DPGroupPackages", {"GroupID": STRING}, wql.equals("PkgID", package_id))
        have_groups = {(row["GroupID"] or "").lower() for row in rows}
    return Targets(
        asked_points,
        asked_groups,
        tuple(each for each in asked_points if each.key.lower() not in have_points),
        tuple(each for each in asked_groups if each.key.lower() not in have_groups),
    )


def _points(site: Site, asked: Sequence[str]) -> tuple[Place, ...]:
    rows = site.list_of("SMS_DistributionPointInfo", _POINT)
    known = [Place(row["ServerName"] or "", row["NALPath"] or "", row["SiteCode"] or "") for row in rows]
    return _named(known, asked, "distribution point", "distribution_points", site)


def _groups(site: Site, asked: Sequence[str]) -> tuple[Place, ...]:
    rows = site.list_of("SMS_DistributionPointGroup", _GROUP)
    known = [Place(row["Name"] or "", row["GroupID"] or "") for row in rows]
    return _named(known, asked, "distribution point group", "distribution_point_groups", site)


def _named(known: Sequence[Place], asked: Iterable[str], kind: str, option: str, site: Site) -> tuple[Place, ...]:
    """The places of these names, or of these keys, without case. Raises Impossible with names that are near."""
    found: dict[str, Place] = {}
    for name in asked:
        hits = [each for each in known if name.strip().lower() in (each.name.lower(), each.key.lower())]
        if not hits:
            names = [each.name.lower() for each in known]
            short = [each for each in names if each.split(".")[0] == name.strip().lower()]
            near = short or difflib.get_close_matches(name.lower(), names, 3)
            raise Impossible(
                f"{option}: there is no {kind} {name!r} that {site.user} can see",
                where=site.where,
                hint=f"Did you mean {' or '.join(near)}?" if near else "Write it as the console shows it",
            )
        found.update((each.key.lower(), each) for each in hits)
    return tuple(found.values())


def add_targets(site: Site, class_name: str, package_id: str, targets: Targets, looks: Callable[[], Any]) -> list[str]:
    """Put the package where it is missing, each call once; warnings about lost answers. Raises what the calls raise."""
    told = []
    if targets.missing_points:
        arguments: Mapping[str, Any] = {
            "SiteCode": (_STRINGS, [each.site_code for each in targets.missing_points]),
            "NALPath": (_STRINGS, [each.key for each in targets.missing_points]),
        }
        try:
            site.call(class_name, "AddDistributionPoints", {"PackageID": package_id}, arguments)
        except OutcomeUnknown:
            _demand_there(site, targets, package_id, looks)
            told.append("AddDistributionPoints")
    for group in targets.missing_groups:
        try:
            site.call(
                "SMS_DistributionPointGroup",
                "AddPackages",
                {"GroupID": group.key},
                {"PackageIDs": (_STRINGS, [package_id])},
            )
        except OutcomeUnknown:
            _demand_there(site, Targets(groups=(group,)), package_id, looks)
            told.append("AddPackages")
    return told


def _demand_there(site: Site, targets: Targets, package_id: str, looks: Callable[[], Any]) -> None:
    """After a lost answer: look until the rows are there. Raises OutcomeUnknown again if they are not."""
    points = [each.name for each in targets.points if each in targets.missing_points]
    groups = [each.name for each in targets.groups] if not points else []
    for _look in looks():
        if find_targets(site, points, groups, package_id).complete:
            return
    raise OutcomeUnknown(
        f"{package_id} was to be added to {', '.join(points or groups)}; the answer was lost, and it is not there",
        where=site.where,
        hint="Run the task again: it looks first, and adds only what is still missing",
    )
