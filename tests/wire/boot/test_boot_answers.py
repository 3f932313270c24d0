# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Boot images come to their declared state whatever a site answers to the open questions about it."""

from __future__ import annotations

from typing import Any

import pytest

from smsprovsim import scenario
from smsprovsim.switches import NUMBER, TABLE

from .conftest import MakeBoot
from .test_boot_builds import ASKED, BOOT, NEW

assert scenario.SWITCHES  # registers the switches of the site
# No build comes to its end there (wire S-11); what a module says of it is tested with the builds.
HOPELESS = ("work_after_timeout", "cancelled")
OTHER_ANSWERS = [
    (name, value)
    for name, switch in sorted(TABLE.items())
    if switch.values != (NUMBER,)
    for value in switch.values
    if value != switch.default and (name, value) != HOPELESS
]


@pytest.mark.parametrize(("name", "value"), OTHER_ANSWERS)
def test_a_change_is_made_once_and_a_new_image_comes_and_goes(make_boot: MakeBoot, name: str, value: str) -> None:
    boot = make_boot(**{name: value})
    asked: dict[str, Any] = dict(ASKED)
    if (name, value) == ("members", "sdk"):
        asked.pop("input_locale")  # a site of that age has no such property
    assert boot(**asked)["changed"]
    assert boot.refreshed == {BOOT: 1}
    assert boot.built[BOOT] >= 1
    assert not boot(**asked)["changed"]
    made = boot(**NEW)
    assert made["changed"]
    assert not boot(**NEW)["changed"]
    boot.settle()
    assert boot(name=NEW["name"], state="absent")["changed"]
    assert not boot(name=NEW["name"], state="absent")["changed"]
