# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A worker that is killed between any two requests: the next run brings the image to its state, and it is built once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._engine import boot_write
from ansible_collections.configmgr.content.plugins.module_utils._wsman.errors import ConfigMgrError, NotExecuted
from ansible_collections.configmgr.content.plugins.module_utils._wsman.verbs import Link

from .conftest import BootDeclaring, MakeBoot

BOOT, OLD = "PS100004", "PS100006"
CHANGE: dict[str, Any] = {
    "package_id": BOOT,
    "scratch_space": 512,
    "command_support": False,
    "drivers": {"add": ["16777401"]},
    "optional_components": {"add": ["HTA"]},
    "wait_interval": 60.0,
}
CREATE: dict[str, Any] = {
    "name": "Branch offices",
    "image_path": r"\\cm01.contoso.test\SMS_PS1\OSD\boot\x64\spare.wim",
    "architecture": "x64",
    "drivers": {"set": ["16777400"]},
    "wait_interval": 60.0,
}
RELOAD: dict[str, Any] = {"package_id": OLD, "rebuild": "if_stale", "reload_winpe": True, "wait_interval": 60.0}
# Seconds until the next run: at once, in the middle of the build, and long after it.
PAUSES = (0.0, 100.0, 3600.0)


class Killed(BaseException):
    """The worker is gone: nothing of it runs any more."""


class Executioner:
    """Ends a run when it has sent so many requests. What it sent goes on at the site; its threads send nothing more."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left: int | None = None
        self.sent = 0
        self.number = 0
        begin, exchange = Link.__init__, Link.exchange
        runs: dict[int, int] = {}

        def stamped(link: Link, *arguments: Any, **more: Any) -> None:
            begin(link, *arguments, **more)
            runs[id(link)] = self.number

        def counted(link: Link, *arguments: Any, **more: Any) -> Any:
            if runs[id(link)] == self.number and self.left is not None and self.sent >= self.left:
                self.number += 1
            if runs[id(link)] != self.number:
                if threading.current_thread() is threading.main_thread():
                    raise Killed
                raise NotExecuted("The worker is gone", transient=False)
            self.sent += 1
            return exchange(link, *arguments, **more)

        monkeypatch.setattr(Link, "__init__", stamped)
        monkeypatch.setattr(Link, "exchange", counted)

    def run(self, boot: BootDeclaring, asked: dict[str, Any], after: int | None) -> bool:
        """Whether the run lived to its end."""
        self.sent, self.left = 0, after
        number = self.number
        try:
            boot(**asked)
        except (Killed, ConfigMgrError):
            if self.number == number:
                raise
        finally:
            self.left = None
        return self.number == number


@pytest.fixture
def executioner(monkeypatch: pytest.MonkeyPatch) -> Executioner:
    # A write that lasts is known to last sooner, since there are hundreds of runs.
    monkeypatch.setattr(boot_write, "AT_ONCE", 0.1)
    return Executioner(monkeypatch)


def requests_of(make_boot: MakeBoot, executioner: Executioner, asked: dict[str, Any]) -> int:
    """How many requests a run takes that nobody kills."""
    assert executioner.run(make_boot(), asked, None)
    return executioner.sent


def as_declared(boot: BootDeclaring) -> None:
    built = boot.contents(BOOT)
    assert (built.scratch_space, built.command_support) == (512, False)
    assert 16777401 in built.drivers
    assert 36 in built.components


def created(boot: BootDeclaring) -> None:
    rows = [
        each.package_id
        for each in boot.server.site.world.packages.values()
        if each.record.values["Name"] == CREATE["name"]
    ]
    assert len(rows) == 1
    assert boot.contents(rows[0]).drivers == (16777400,)


def reloaded(boot: BootDeclaring) -> None:
    assert boot.contents(OLD).winpe_version == "10.0.19041.1"
    assert boot.contents(OLD).client_version == "5.00.8968.1000"


@pytest.mark.parametrize(
    ("asked", "holds"),
    [(CHANGE, as_declared), (CREATE, created), (RELOAD, reloaded)],
    ids=["change", "create", "reload"],
)
def test_a_worker_killed_between_any_two_requests(
    make_boot: MakeBoot, executioner: Executioner, asked: dict[str, Any], holds: Callable[[BootDeclaring], None]
) -> None:
    total = requests_of(make_boot, executioner, asked)
    for after in range(total):
        pause = PAUSES[after % len(PAUSES)]
        told = f"killed after {after} of {total} requests, run again {pause:g} s later"
        boot = make_boot()
        if executioner.run(boot, asked, after):  # how often it looks depends on the moment
            break
        boot.settle(pause / 3600)
        assert executioner.run(boot, asked, None)
        boot.settle()
        holds(boot)
        (builds,) = boot.built.values()
        assert builds == 1, told
        assert sum(boot.executions("Put").values()) + sum(boot.executions("Create").values()) == 1, told
        assert not boot(**asked)["changed"], told
        boot.server.stop()


def test_a_killed_run_is_finished_where_the_site_keeps_no_context_id(
    make_boot: MakeBoot, executioner: Executioner
) -> None:
    """The audit messages of the image say what the id would have said."""
    total = requests_of(make_boot, executioner, CHANGE)
    for after in range(total):
        boot = make_boot(context_id="dropped")
        if executioner.run(boot, CHANGE, after):
            break
        boot.settle()
        assert executioner.run(boot, CHANGE, None)
        boot.settle()
        as_declared(boot)
        told = f"killed after {after} of {total} requests"
        assert boot.built == {BOOT: 1}, told
        assert not boot(**CHANGE)["changed"], told
        boot.server.stop()


def test_a_deletion_killed_between_any_two_requests(make_boot: MakeBoot, executioner: Executioner) -> None:
    asked = {"package_id": "PS100005", "state": "absent"}
    lived, after = False, 0
    while not lived:
        boot = make_boot()
        lived = executioner.run(boot, asked, after)
        told = f"killed after {after} requests"
        again = boot(**asked)
        assert again["action"] in ("delete", "none"), told
        boot.settle()
        assert boot.server.site.world.package("PS100005") is None, told
        assert boot.executions("Delete") == {"PS100005": 1}, told
        done = boot(**asked)
        assert (done["changed"], done["deleting"]) == (False, False), told
        boot.server.stop()
        after += 1
    assert after > 5
