# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a package has to be refreshed at all, decided from what the site says. Pure functions.

A site time carries no zone (behaviour 21) and WS-Management may put a Z behind it that nobody vouches for (wire T-09),
so it is read as a range of moments: from "this was UTC" to "this was the site's own time".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .._cim.types import CimTime
    from .selection import PackageState

# Dates before this year are the provider's way to say "never" (behaviour 22).
FIRST_REAL_YEAR = 1990

# The widest zones there are, in minutes east of Greenwich: for a site whose zone cannot be read.
WIDEST_ZONE = (-12 * 60, 14 * 60)

# SMS_Site.TimeZoneInfo is a TIME_ZONE_INFORMATION written out in hexadecimal groups: the first group is the bias, the
# last one the daylight bias, in minutes west. ASSUMED: time_zone_info.
# Anything that does not look like it is read as "zone unknown", which only ever makes us refresh.
_ZONE_TEXT = re.compile(r"^\s*([0-9A-Fa-f]{8})\s(?:.*\s)?([0-9A-Fa-f]{8})\s*$", re.DOTALL)


@dataclass(frozen=True)
class Need:
    """Whether to refresh, and why or why not."""

    needed: bool
    reason: str


def zone_of(text: str | None) -> tuple[int, int]:
    """Least and largest offset of a site's zone, in minutes east, from SMS_Site.TimeZoneInfo."""
    match = _ZONE_TEXT.match(text or "")
    if not match:
        return WIDEST_ZONE
    bias, daylight = (_signed(group) for group in match.groups())
    offsets = sorted((-bias, -(bias + daylight)))
    if offsets[0] < WIDEST_ZONE[0] or offsets[1] > WIDEST_ZONE[1]:
        return WIDEST_ZONE
    return offsets[0], offsets[1]


def _signed(group: str) -> int:
    number = int(group, 16)
    return number - (1 << 32) if number >= 1 << 31 else number


def moments(time: CimTime, zone: tuple[int, int]) -> tuple[datetime, datetime]:
    """The earliest and the latest moment that this site time can mean, in UTC."""
    wall = time.wall.replace(tzinfo=timezone.utc)
    if time.offset:  # an offset other than zero is a real one
        exact = _earlier(wall, time.offset)
        return exact, exact
    readings = [_earlier(wall, offset) for offset in (0, *zone)]
    return min(readings), max(readings)


def _earlier(moment: datetime, minutes: int) -> datetime:
    """So many minutes before; the moment itself where the calendar ends."""
    try:
        return moment - timedelta(minutes=minutes)
    except OverflowError:
        return moment


def site_text(time: CimTime | None) -> str:
    """A site time as text; without the Z that nobody vouches for. Empty for none."""
    if time is None:
        return ""
    return time.text if time.offset else time.wall.isoformat()


def is_never(time: CimTime | None) -> bool:
    """True for a date that stands for "never": none at all, or before 1990."""
    return time is None or time.wall.year < FIRST_REAL_YEAR


def need(package: PackageState, newer_than: datetime | None, zone: tuple[int, int]) -> Need:
    """Whether `package` has to be refreshed so that it is as new as `newer_than` (None: always).

    It is skipped only if its last refresh is newer under every reading of the site's time, and had ended well.
    """
    if newer_than is None:
        return Need(True, "asked for")
    if package.last_refresh is None or is_never(package.last_refresh):
        return Need(True, "it was never refreshed")
    earliest, latest = moments(package.last_refresh, zone)
    shown = site_text(package.last_refresh)
    if latest <= newer_than:
        return Need(True, f"its last refresh ({shown}) is older than {newer_than.isoformat()}")
    if earliest <= newer_than:
        return Need(True, f"its last refresh ({shown}, a time without zone) may be older than {newer_than.isoformat()}")
    if package.action != 0:
        return Need(True, "its last refresh has not ended (ActionInProgress is not 0)")
    if package.stored_version != package.source_version:
        return Need(
            True,
            "its last refresh has not ended well "
            f"(StoredPkgVersion {package.stored_version}, SourceVersion {package.source_version})",
        )
    return Need(False, f"its last refresh ({shown}) is newer than {newer_than.isoformat()}, and it ended well")
