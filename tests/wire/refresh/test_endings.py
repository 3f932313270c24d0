# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task leaves behind: no thread, no connection, and nothing that is sent after its end."""

from __future__ import annotations

import itertools
import threading
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._engine import perform
from ansible_collections.configmgr.content.plugins.module_utils._provider.errors import Interrupted
from ansible_collections.configmgr.content.plugins.module_utils._provider.site import open_site
from ansible_collections.configmgr.content.plugins.module_utils._wsman.transport import WinRMTransport

from .conftest import MakeLab
from .lab import LONGEST, Lab

BOOT = "PS100004"
CALL = {"verb": "Invoke", "method": "RefreshPkgSource"}
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


def stopping(lab: Lab, message: bytes, nth: int = 1) -> Any:
    """A way to connect on which SIGTERM comes to the main thread once the nth message with this text was answered."""
    seen = itertools.count(1)

    class Stopped(WinRMTransport):
        def send(self, envelope: bytes, timeout: float | None = None) -> bytes:
            answer = super().send(envelope, timeout)
            if threading.current_thread() is threading.main_thread() and message in envelope and next(seen) == nth:
                raise Interrupted("the task was told to stop (SIGTERM)")
            return answer

    return open_site(replace(lab.means(), connect=Stopped))


@pytest.mark.parametrize("answered", [True, False])
def test_told_to_stop_while_another_session_sends(lab: Lab, monkeypatch: pytest.MonkeyPatch, answered: bool) -> None:
    """PS100001 goes out in a worker's session, PS100010 in the main one, where the stop comes before its answer is noted."""
    if not answered:
        monkeypatch.setattr(perform, "STOP_PATIENCE", 0.2)
        lab.server.add_fault(action="delay", seconds=1.0, key="PS100001", **CALL)
    result = lab.refresh("PS100001", "PS100010", sessions=2, site=stopping(lab, b"RefreshPkgSource"))
    assert [target.open for target in result.targets] == [False, False]
    assert {row["status"] for row in result.rows.values()} == {"failed"}
    assert result.targets[0].changed is answered
    assert [item["sent"] for item in result.resume] == [True, True]
    assert not ours()
    lab.clock.sleep(60.0)  # the host goes on with what it has
    again = lab.refresh("PS100001", "PS100010", wish={"resume": lab.resume(result)})
    assert again.summary["joined"] == 2
    assert [lab.executions(package_id) for package_id in ("PS100001", "PS100010")] == [1, 1]
    assert connections(lab) == 0


def test_what_was_never_handed_over_is_looked_for_and_then_sent(lab: Lab) -> None:
    """The stop comes between two calls; only what may have gone out counts as sent."""
    result = lab.refresh("PS100001", "PS100010", in_flight=1, site=stopping(lab, b"SMS_PackageBaseclass", 4))
    assert [item["sent"] for item in result.resume] == [True, False]
    assert [row["status"] for row in result.rows.values()] == ["failed", "not_attempted"]
    again = lab.refresh("PS100001", "PS100010", wish={"resume": lab.resume(result)})
    assert [row["status"] for row in again.rows.values()] == ["joined", "refreshed"]
    assert [lab.executions(package_id) for package_id in ("PS100001", "PS100010")] == [1, 1]
