# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the site reads on shares for a caller, and whom it takes at all (wire A-13, behaviour 5 and 32)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from smsprovsim.behaviour.sign_in import SignIn
from smsprovsim.model import WmiError, Work
from smsprovsim.world import Source

if TYPE_CHECKING:
    from .conftest import Desk, Seat

IMAGE = "\\\\files01.contoso.test\\images$\\x.wim"
FOLDER = "\\\\files01.contoso.test\\drivers$\\x"


def at(desk: Desk, source: Source, *, delegated: bool = False) -> Desk:
    """The desk, with something at the two paths; `delegated`: the login can be passed on."""
    for path in (IMAGE, FOLDER):
        desk.site.world.sources[path.lower()] = source
    desk.caller = replace(desk.caller, delegated=delegated)
    return desk


def image(desk: Desk) -> Work:
    return desk.call("SMS_ImagePackage", "GetImageProperties", SourceImagePath=IMAGE)


def folder(desk: Desk, path: str = FOLDER) -> int:
    return int(desk.call("SMS_DriverPackage", "CheckSourceFolder", SourceFolder=path).outputs["Result"])


def test_the_computer_account_needs_no_login_that_is_passed_on(seat: Seat) -> None:
    desk = at(seat("small", path_identity="computer"), Source(empty=True, readers=frozenset({"computer"})))
    assert "<WIM>" in image(desk).outputs["ImageProperty"]
    assert folder(desk) == 0


def test_the_caller_needs_one(seat: Seat) -> None:
    desk = at(seat("small", path_identity="caller"), Source(empty=True, readers=frozenset({"user"})))
    with pytest.raises(WmiError) as caught:
        image(desk)
    assert caught.value.extended["ErrorCode"] == 5
    assert folder(desk) == 2
    desk = at(desk, Source(empty=True, readers=frozenset({"user"})), delegated=True)
    assert image(desk).return_value == 0
    assert folder(desk) == 0


def test_who_is_not_let_in_reads_nothing(seat: Seat) -> None:
    desk = at(seat("small", path_identity="caller"), Source(readers=frozenset({"computer"})), delegated=True)
    with pytest.raises(WmiError):
        image(desk)
    desk = at(seat("small", path_identity="computer"), Source(readers=frozenset({"user"})), delegated=True)
    with pytest.raises(WmiError):
        image(desk)


def test_a_path_that_is_not_there(seat: Seat) -> None:
    desk = at(seat("small"), Source(problem=2306), delegated=True)
    with pytest.raises(WmiError) as caught:
        image(desk)
    assert caught.value.extended["ErrorCode"] == 2
    returned = image(at(seat("small", unreadable_path="return_value"), Source(problem=2306), delegated=True))
    assert (returned.return_value, returned.outputs["ImageProperty"]) == (2, None)


def test_a_folder_with_files_in_it_was_read(seat: Seat) -> None:
    assert folder(at(seat("small"), Source(), delegated=True)) == 4
    assert folder(seat("small"), "C:\\drivers") == 1


def test_neither_method_changes_anything(seat: Seat) -> None:
    desk = at(seat("small"), Source(), delegated=True)
    before = desk.site.snapshot()
    image(desk)
    folder(desk)
    assert desk.site.snapshot() == before


@pytest.mark.parametrize(("refusal", "hresult"), [("access_denied", 0x80041003), ("provider_error", 0x80041001)])
def test_a_sign_in_that_is_too_weak_is_refused_in_the_site_only(seat: Seat, refusal: str, hresult: int) -> None:
    desk = seat("small", sign_in_refusal=refusal)
    desk.site.sign_in = SignIn(strong=True)
    with pytest.raises(WmiError) as caught:
        desk.rows("SELECT SiteCode FROM SMS_Site")
    assert caught.value.hresult == hresult
    for ask in (lambda: desk.package("PS100001"), lambda: desk.refresh("PS100001")):
        with pytest.raises(WmiError):
            ask()
    assert len(list(desk.site.query(desk.caller, "root/sms", "SELECT * FROM SMS_ProviderLocation"))) == 1


def test_an_exception_from_it(small: Desk) -> None:
    small.site.sign_in = SignIn(strong=True, exceptions=frozenset({"contoso\\cmadmin"}))
    assert small.rows("SELECT SiteCode FROM SMS_Site")
