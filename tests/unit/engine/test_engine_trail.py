# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What audit messages say about work that was left undone, and values that go along with requests for a while."""

from __future__ import annotations

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._engine.edit_locks import new_context
from ansible_collections.configmgr.content.plugins.module_utils._engine.trail import (
    MODIFIED,
    REFRESH_FOLLOWS,
    REFRESHED,
    Message,
    refresh_is_pending,
)
from ansible_collections.configmgr.content.plugins.module_utils._engine.wim import in_words, same_metadata
from ansible_collections.configmgr.content.plugins.module_utils._wsman.context import ContextValues
from ansible_collections.configmgr.content.plugins.module_utils._wsman.errors import WSManFault

NOBODY, NOTHING = (MODIFIED, "SMS Provider"), (MODIFIED, "")
MARKED, PLAIN, SEEN = (MODIFIED, f"we{REFRESH_FOLLOWS}"), (MODIFIED, "console"), (REFRESHED, "anybody")


def trail(*oldest_first: tuple[int, str]) -> list[Message]:
    """Messages as they are read, the newest first."""
    told = [
        Message(number, program, "WKS-7", "CONTOSO\\alice", "", (f"2026-11-20T10:{minute:02d}:00", minute))
        for minute, (number, program) in enumerate(oldest_first)
    ]
    return told[::-1]


@pytest.mark.parametrize(
    ("messages", "marked", "pending"),
    [
        ([], True, False),
        ([], False, False),
        ([PLAIN], True, False),
        ([PLAIN], False, None),
        ([MARKED], True, True),
        ([MARKED], False, True),
        ([MARKED, SEEN], True, False),
        ([MARKED, SEEN], False, False),
        ([MARKED, PLAIN], True, True),  # a change of words in between does not undo it
        ([MARKED, SEEN, PLAIN], True, False),
        ([MARKED, SEEN, PLAIN], False, None),
        ([SEEN, MARKED], True, True),
        ([SEEN], False, False),
        ([NOBODY], True, None),  # a site that does not tell the program
        ([NOTHING], True, None),
        ([PLAIN, NOBODY], True, None),
        ([NOBODY, SEEN], True, False),
        ([NOBODY, MARKED], True, True),
    ],
)
def test_what_is_pending(messages: list[tuple[int, str]], marked: bool, pending: bool | None) -> None:
    assert refresh_is_pending(trail(*messages), marked) is pending


def test_a_message_tells_who_with_what_and_when() -> None:
    (message,) = trail(PLAIN)
    assert str(message) == "CONTOSO\\alice on WKS-7 with console"
    assert str(Message(MODIFIED, "", "", "", "2026-11-20 10:00:00 UTC", ("", 0))) == "somebody, 2026-11-20 10:00:00 UTC"


def test_values_for_a_while() -> None:
    context = ContextValues((("wmi:ApplicationName", "we"), ("wmi:MachineName", "AWX")))
    with context.with_values({"WMI:applicationname": "they", "wmi:ObjectLockContext": "x"}):
        assert set(context.options) == {
            ("wmi:MachineName", "AWX"),
            ("WMI:applicationname", "they"),
            ("wmi:ObjectLockContext", "x"),
        }
    assert set(context.options) == {("wmi:ApplicationName", "we"), ("wmi:MachineName", "AWX")}
    assert context.value("WMI:MACHINENAME") == "AWX"
    assert context.value("wmi:ObjectLockContext") == ""


def test_a_host_that_takes_no_values_gets_none_again() -> None:
    told: list[str] = []
    context = ContextValues((("wmi:ApplicationName", "we"),), told.append)
    with context.with_values({"wmi:ObjectLockContext": "x"}):
        assert context.refused_by(WSManFault("no", code=2150858809))
        assert list(context.options) == []
        with context.with_values({"wmi:MachineName": "y"}):
            assert list(context.options) == []
    assert list(context.options) == []
    assert len(told) == 1


def test_a_lock_context_has_the_job() -> None:
    first, second = (new_context({"AWX_HOST": "https://awx.contoso.test", "JOB_ID": "7"}) for _time in range(2))
    assert first != second
    assert first.startswith("configmgr.content/")
    assert " job 7 " in first
    assert "job" not in new_context({"JOB_ID": "7"})


ONE = '<WIM><IMAGE index="1"><Property Name="Image name">A</Property><Property Name="Language">en-US;de-DE</Property></IMAGE></WIM>'


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (ONE, True),
        (
            '<?xml version="1.0" encoding="utf-16"?>\n<WIM>\n <IMAGE INDEX="1"><Property Name="Language">en-US;de-DE</Property>'
            '<Property name="x" Name="Image name"> A </Property></IMAGE></WIM>',
            True,
        ),
        (ONE.replace(">A<", ">B<"), False),
        (ONE.replace('"1"', '"2"'), False),
        ("", False),
        ("no XML", False),
    ],
)
def test_metadata_that_says_the_same(other: str, same: bool) -> None:
    assert same_metadata(ONE, other) is same
    assert same_metadata(other, ONE) is same
    assert same_metadata("no XML", "other words") is False


def test_an_image_in_words() -> None:
    (image,) = in_words(ONE)
    assert (image["name"], image["languages"], image["os_version"], image["size"]) == (
        "A",
        ["en-US", "de-DE"],
        "",
        None,
    )
