# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit messages of one object: who changed it, when it was refreshed, and what a run of ours left unfinished (behaviour 7, 120).

Only the insertion strings of a message name the object, so they are read where both are (SDK: SMS_StatMsgWithInsStrings).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from .._cim import wql
from .._cim.types import DATETIME, SINT64, STRING, UINT32
from .._provider.site import Site

MODIFIED, REFRESHED = 30001, 30068
# Ends the name of this program in the audit message of a write after which a refresh has to follow.
REFRESH_FOLLOWS = ", refresh follows"
APPLICATION = "wmi:ApplicationName"
# What a site's column for the name of a program holds, in characters.
_LONGEST_NAME = 128

# ASSUMED: audit_component, audit_strings
# ASSUMED: an audit message keeps the name of the program (ApplicationName) to its end, 128 characters at least.
MESSAGES = "SMS_StatMsgWithInsStrings"
# A message has ten; those of packages use the first ones: who, the name, the id.
STRINGS = tuple(f"InsString{number}" for number in range(1, 7))
COLUMNS = {
    "RecordID": SINT64,
    "MessageID": UINT32,
    "Time": DATETIME,
    "Component": STRING,
    "MachineName": STRING,
    **dict.fromkeys(STRINGS, STRING),
}


@dataclass(frozen=True)
class Message:
    """One audit message: what was done, with which program, on which machine, by whom, when (UTC, as text)."""

    number: int
    program: str
    machine: str
    user: str
    when: str
    order: tuple[str, int]

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Message:
        """A message from its row."""
        time = row["Time"]
        return cls(
            number=row["MessageID"] or 0,
            program=row["Component"] or "",
            machine=row["MachineName"] or "",
            user=row[STRINGS[0]] or "",
            when=f"{time.wall:%Y-%m-%d %H:%M:%S} UTC" if time is not None else "",
            order=(time.text if time is not None else "", row["RecordID"] or 0),
        )

    @property
    def tells_program(self) -> bool:
        """Whether it names the program at all, and not only the component of the site that wrote the message."""
        return bool(self.program) and not self.program.upper().startswith(("SMS ", "SMS_"))

    def __str__(self) -> str:
        told = self.user or "somebody"
        if self.machine:
            told += f" on {self.machine}"
        if self.program:
            told += f" with {self.program}"
        return f"{told}, {self.when}" if self.when else told


def read_trail(site: Site, package_id: str) -> list[Message]:
    """The messages about changes and refreshes of a package, newest first. Raises ProviderError."""
    names_it = wql.or_(*(wql.equals(each, package_id) for each in STRINGS))
    rows = site.list_of(MESSAGES, COLUMNS, wql.and_(wql.in_list("MessageID", (MODIFIED, REFRESHED)), names_it))
    return sorted((Message.of(row) for row in rows), key=lambda each: each.order, reverse=True)


def newest(trail: Sequence[Message], number: int) -> Message | None:
    """The newest message of this kind."""
    return next((each for each in trail if each.number == number), None)


def refresh_is_pending(trail: Sequence[Message], marked: bool) -> bool | None:
    """Whether a run of ours wrote and then died before the refresh; None if that cannot be told.

    `marked`: our writes can say in their name that a refresh follows. Without it, or where the messages do not tell the
    program, a change that is newer than the last refresh may or may not need one.
    """
    changed, refreshed = newest(trail, MODIFIED), newest(trail, REFRESHED)
    if changed is None or (refreshed is not None and refreshed.order > changed.order):
        return False
    since = [each for each in trail if refreshed is None or each.order > refreshed.order]
    if any(each.program.endswith(REFRESH_FOLLOWS) for each in since):
        return True
    told = all(each.tells_program for each in since if each.number == MODIFIED)
    return False if marked and told else None


@contextmanager
def refresh_follows(site: Site) -> Iterator[None]:
    """Say in the audit message of what is written in this block that a refresh has to follow."""
    context = site.means.context
    name = context.value(APPLICATION)
    if not name:
        yield
        return
    with context.with_values({APPLICATION: name[: _LONGEST_NAME - len(REFRESH_FOLLOWS)] + REFRESH_FOLLOWS}):
        yield


def can_mark(site: Site) -> bool:
    """Whether our writes can be recognised in the audit trail."""
    return bool(site.means.context.value(APPLICATION))
