# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task leaves behind: no thread, no connection, and nothing that is sent after its end."""

from __future__ import annotations

import threading

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._provider.errors import Interrupted

from .conftest import MakeLab
from .lab import LONGEST, Lab

BOOT = "PS100004"
LISTENERS = [(("ntlm",), False), (("ntlm",), True), (("credssp",), False), (("credssp",), True), (("basic",), True)]


def ours() -> list[str]:
    """Threads of the client that still run."""
    return [each.name for each in threading.enumerate() if each.name.startswith(("build ", "ThreadPoolExecutor"))]


def connections(lab: Lab) -> int:
    """Connections that the listener holds, once those that are being closed are gone."""
    serving = [each for each in threading.enumerate() if each.name == "connection"]
    for each in serving:
        each.join(LONGEST / 20)
    return len(lab.server._listener._open)


@pytest.mark.parametrize(("auth", "tls"), LISTENERS)
def test_a_task_leaves_neither_threads_nor_connections(make_lab: MakeLab, auth: tuple[str, ...], tls: bool) -> None:
    lab = make_lab(auth=auth, tls=tls)
    result = lab.refresh("PS100001", BOOT, "PS100010", "PS10000E", sessions=3, in_flight=10)
    assert result.summary["refreshed"] == 4
    assert not ours()
    assert connections(lab) == 0


@pytest.mark.parametrize(("auth", "tls"), LISTENERS)
def test_a_call_that_is_given_up_ends_and_is_never_sent_again(
    make_lab: MakeLab, auth: tuple[str, ...], tls: bool
) -> None:
    """The provider host still works on the call when the task ends: the thread wakes, and a broken line is no reason to send."""
    lab = make_lab(auth=auth, tls=tls, switches={"max_timeout_ms": "1800000"})
    task = lab.task(BOOT, wait_interval=1.0)
    task.allow_failures((100, True))

    def stop_once_it_is_sent(_seconds: float) -> None:
        if lab.calls():
            raise Interrupted("the task was told to stop (SIGTERM)")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lab.clock, "sleep", stop_once_it_is_sent)
        task.perform()
    task.close()
    for each in threading.enumerate():
        if each.name.startswith("build "):
            each.join(LONGEST / 6)
    assert not ours()
    assert len(lab.calls()) == 1
    assert lab.executions(BOOT) == 1
    lab.clock.sleep(3600.0)  # the host answers into the void
    assert connections(lab) == 0
