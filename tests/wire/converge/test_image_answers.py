# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Operating system images come to their declared state whatever a site answers to the open questions about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from smsprovsim import scenario
from smsprovsim.switches import NUMBER, TABLE

from .conftest import ImageDeclaring

assert scenario.SWITCHES  # registers the switches of the site
IMAGE = "PS100009"
WIN11 = "\\\\files01.contoso.test\\images$\\win11-22h2.wim"
NEW = {"name": "Windows 11", "source_path": WIN11}
SCHEDULES = [
    {"recurs": "weekly", "day": "monday", "start": "2026-11-02T22:00"},
    {"recurs": "interval", "every": {"days": 30}},
]
OTHER_ANSWERS = [
    (name, value)
    for name, switch in sorted(TABLE.items())
    if switch.values != (NUMBER,)
    for value in switch.values
    if value != switch.default
]


@pytest.mark.parametrize(("name", "value"), OTHER_ANSWERS)
def test_a_new_wim_is_rolled_out_once_and_a_new_image_comes_and_goes(
    make_declare: Callable[..., ImageDeclaring], name: str, value: str
) -> None:
    images = make_declare(scenario="images", switches={name: value})
    asked: dict[str, Any] = {
        "package_id": IMAGE,
        "source_path": WIN11,
        "description": "22H2",
        "refresh_schedule": {"set": SCHEDULES},
    }
    assert images(**asked)["changed"]
    assert "10.0.22621.525" in images.values(IMAGE)["ImageProperty"]
    assert sum(images.refreshed.values()) <= 1
    assert not images(**asked)["changed"]
    assert images(**NEW)["changed"]
    assert not images(**NEW)["changed"]
    images.server.site.clock.advance(24 * 3600)
    assert images(name=NEW["name"], state="absent")["changed"]
    assert not images(name=NEW["name"], state="absent")["changed"]
