# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the distribution points say of a package, held against the version that is wanted. Pure functions.

Source: SMS_PackageStatusDistPointsSummarizer and SMS_PackageStatusRootSummarizer, behaviour 58 and 71 to 76.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._cim.types import DATETIME, STRING, UINT32, Codec

POINT_COLUMNS: Mapping[str, Codec] = {
    "PackageID": STRING,
    "ServerNALPath": STRING,
    "SiteCode": STRING,
    "SourceVersion": UINT32,
    "State": UINT32,
    "SummaryDate": DATETIME,
}

STATES = {
    0: "installed",
    1: "pending",
    2: "retrying",
    3: "failed",
    4: "removal_pending",
    5: "removal_retrying",
    6: "removal_failed",
    7: "updating_or_validating",
    8: "monitoring_or_validation_failed",
    9: "update_failed",
}
INSTALLED, RETRYING, FAILED = 0, 2, 3
REMOVAL = (4, 5, 6)
# The SDK and the field read 8 and 9 differently: failures, if they last (reference, disagreement D3).
DOUBTFUL = (8, 9)

# The last part of a NAL path: the server, and a share behind it if the point is one.
_NAL_SERVER = re.compile(r"\\\\([^\\\"\]]+)(?:\\[^\"\]]*)?$")


def server_of(nal_path: str) -> str:
    """The server's name in a NAL path such as ``["Display=\\\\dp1\\"]MSWNET:["SMS_SITE=PS1"]\\\\dp1\\``."""
    match = _NAL_SERVER.search(nal_path)
    return match.group(1) if match else nal_path


@dataclass(frozen=True)
class Point:
    """One package on one distribution point, as the summarizer has it."""

    server: str
    site_code: str
    state: int
    version: int
    stamp: str

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Point:
        """Build it from a row with `POINT_COLUMNS`."""
        date = row["SummaryDate"]
        return cls(
            server=server_of(row["ServerNALPath"] or ""),
            site_code=row["SiteCode"] or "",
            state=int(row["State"] or 0),
            version=int(row["SourceVersion"] or 0),
            stamp=date.text if date else "",
        )

    def as_result(self, version: int) -> dict[str, Any]:
        """The row as a playbook sees it."""
        return {
            "name": self.server,
            "site_code": self.site_code,
            "state": STATES.get(self.state, str(self.state)),
            "source_version": self.version,
            "installed": self.state == INSTALLED and self.version >= version,
        }


@dataclass(frozen=True)
class Wanted:
    """When a package counts as distributed."""

    required: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()
    min_percent: float = 100.0
    retrying_longer_than: float = 3600.0


@dataclass
class Watch:
    """What was seen of the points of one package so far: the state before, and since when each one is in trouble."""

    before: dict[tuple[str, str], Point] = field(default_factory=dict)
    trouble_since: dict[tuple[str, str], float] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """How far a package is. `done` and `failed` are final; neither means: look again."""

    done: bool
    failed: bool
    reason: str
    targeted: int
    installed: int
    failing: tuple[Point, ...]
    points: tuple[Point, ...]
    incomplete: bool = False


def judge(points: Sequence[Point], goal: int, targeted: int, wanted: Wanted, watch: Watch, now: float) -> Verdict:
    """Hold the points of one package against version `goal`.

    `targeted` is what the site says (SMS_PackageStatusRootSummarizer.Targeted): fewer rows than that is never success,
    because a row may not be visible to the caller, or not be there yet (behaviour 74).
    """
    counted = [p for p in points if p.state not in REMOVAL and p.server.lower() not in wanted.ignored]
    ignored = sum(1 for p in points if p.state not in REMOVAL and p.server.lower() in wanted.ignored)
    expected = max(targeted - ignored, 0)
    installed = [p for p in counted if p.state == INSTALLED and p.version >= goal]
    failing = tuple(p for p in counted if _has_failed(p, wanted, watch, now))
    missing = expected - len(counted)
    total = max(len(counted), expected)
    # The share of a whole number may come out a hair above it (64.4 % of 250).
    enough = math.ceil(total * wanted.min_percent / 100.0 - 1e-9)
    have = {p.server.lower() for p in installed}
    lost = {p.server.lower() for p in failing} & wanted.required
    without = sorted(wanted.required - have)
    shown = (targeted, len(installed), failing, tuple(counted))
    if lost:
        return Verdict(False, True, f"required distribution points failed: {', '.join(sorted(lost))}", *shown)
    if total - len(failing) < enough:
        return Verdict(False, True, f"{len(failing)} of {total} distribution points failed", *shown)
    if missing > 0:
        reason = (
            f"{len(counted)} of {expected} targeted distribution points are visible: "
            f"{missing} not visible to this account or not yet reported"
        )
        return Verdict(False, False, reason, *shown, incomplete=True)
    if without:
        return Verdict(False, False, f"required distribution points lack it: {', '.join(without)}", *shown)
    if len(installed) < enough:
        reason = f"{len(installed)} of {total} distribution points have version {goal}"
        return Verdict(False, False, reason, *shown)
    return Verdict(True, False, f"{len(installed)} of {total} distribution points have version {goal}", *shown)


def _has_failed(point: Point, wanted: Wanted, watch: Watch, now: float) -> bool:
    """A point has failed if it says so anew, or if its trouble lasts longer than allowed.

    A failure that stood there before the refresh is an old one until the point reports again.
    """
    key = (point.server, point.site_code)
    if point.state not in (FAILED, RETRYING, *DOUBTFUL):
        watch.trouble_since.pop(key, None)
        watch.before.pop(key, None)  # it has reported: a failure from now on is a new one
        return False
    since = watch.trouble_since.setdefault(key, now)
    if point.state == FAILED and watch.before.get(key) != point:
        return True
    return now - since >= wanted.retrying_longer_than
