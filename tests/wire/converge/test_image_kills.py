# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A worker that is killed between any two requests: the next run brings the image to its state, and it is refreshed once."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._wsman.verbs import Link

from .conftest import ImageDeclaring
from .test_image_content import IMAGE, READABLE, ROLLOUT, WINDOWS_11, Make
from .test_image_package import settled

CREATE: dict[str, Any] = {
    "name": "Windows 11",
    "source_path": WINDOWS_11,
    "distribution_points": ["dp03.contoso.test"],
    "distribution_point_groups": ["Headquarters"],
    "wait_interval": 60.0,
}
CHANGE = {**ROLLOUT, "wait_interval": 60.0}
# Seconds until the next run: at once, while the site is at work, and long after it.
PAUSES = (0.0, 20.0, 86400.0)


class Killed(BaseException):
    """The worker is gone: nothing of it runs any more, no clean-up either."""


class Executioner:
    """Lets only so many requests out. What was sent goes on at the site."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left: int | None = None
        self.sent = 0
        exchange = Link.exchange

        def counted(link: Link, *arguments: Any, **more: Any) -> Any:
            if self.left is not None and self.sent >= self.left:
                raise Killed
            self.sent += 1
            return exchange(link, *arguments, **more)

        monkeypatch.setattr(Link, "exchange", counted)

    def run(self, declare: ImageDeclaring, asked: dict[str, Any], after: int | None) -> bool:
        """Whether the run lived to its end."""
        self.sent, self.left = 0, after
        try:
            declare(**asked)
        except Killed:
            return False
        finally:
            self.left = None
        return True


@pytest.mark.parametrize("asked", [CHANGE, CREATE], ids=["rollout", "create"])
def test_a_worker_killed_between_any_two_requests(
    make_declare: Make, monkeypatch: pytest.MonkeyPatch, asked: dict[str, Any]
) -> None:
    executioner = Executioner(monkeypatch)
    lived, after = False, 0
    while not lived:
        declare = make_declare(scenario="images", switches=READABLE)
        lived = executioner.run(declare, asked, after)
        pause = PAUSES[after % len(PAUSES)]
        told = f"killed after {after} requests, run again {pause:g} s later"
        declare.server.site.clock.advance(pause)
        done = declare(**asked)
        settled(declare)
        assert done["object"]["source_path"] == WINDOWS_11, told
        assert done["object"]["os_version"] == "10.0.22621.525", told
        again = declare(**asked)
        assert (again["changed"], again["pending"]) == (False, "none"), told
        if asked is CHANGE:
            assert declare.refreshed == {IMAGE: 1}, told
            assert declare.executions("Put")[IMAGE] <= 2, told
        else:
            package_id = done["package_id"]
            assert declare.executions("Create") == {package_id: 1}, told
            assert declare.executions("AddDistributionPoints") == {package_id: 1}, told
            assert declare.executions("GroupAddPackages") == {package_id: 1}, told
            assert declare.refreshed == {}, told
        declare.server.stop()
        after += 1
    assert after > 8


def test_a_deletion_killed_between_any_two_requests(make_declare: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    executioner = Executioner(monkeypatch)
    asked = {"package_id": IMAGE, "state": "absent", "force": ["task_sequences"]}
    lived, after = False, 0
    while not lived:
        declare = make_declare(scenario="images", switches=READABLE)
        lived = executioner.run(declare, asked, after)
        told = f"killed after {after} requests"
        assert declare(**asked)["action"] in ("delete", "none"), told
        settled(declare)
        declare.server.site.snapshot()
        assert declare.server.site.world.package(IMAGE) is None, told
        assert declare.executions("Delete") == {IMAGE: 1}, told
        done = declare(**asked)
        assert (done["changed"], done["deleting"]) == (False, False), told
        declare.server.stop()
        after += 1
    assert after > 5
