# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A callback of Ansible for part a: writes how long each task took. Copied into a folder of its own, and named in BENCH_TIMES."""

from __future__ import annotations

import json
import os
import time
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: bench_callback
type: aggregate
short_description: writes how long each task took
description: One JSON object a task, into the file that BENCH_TIMES names.
"""


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """From the start of a task to its result."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "bench_callback"
    CALLBACK_NEEDS_ENABLED = True

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        """The clock starts."""
        self._began = time.perf_counter()

    def v2_runner_on_ok(self, result: Any) -> None:
        """The clock stops."""
        self._write(result, False)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """A task that failed is told apart."""
        self._write(result, True)

    def _write(self, result: Any, failed: bool) -> None:
        seconds = time.perf_counter() - self._began
        told = getattr(result, "result", None) or result._result
        task = getattr(result, "task", None) or result._task
        line = {
            "name": task.get_name(),
            "seconds": seconds,
            "failed": failed,
            "changed": bool(told.get("changed")),
            "requests": told.get("requests"),
            "message": str(told.get("msg", ""))[:300],
        }
        with open(os.environ["BENCH_TIMES"], "a", encoding="utf-8") as times:
            times.write(json.dumps(line) + "\n")
