# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The logical clock of a scenario: real time times `speed`, plus what was advanced by hand."""

from __future__ import annotations

import threading
import time
from typing import Any

# How often a wait looks whether it was cancelled (real seconds).
_CANCEL_POLL = 0.02


class LogicalClock:
    """Logical seconds since the start of the scenario. `speed` logical seconds pass per real second; 0 is by hand only."""

    def __init__(self, speed: float = 1.0) -> None:
        if speed < 0:
            raise ValueError("speed is 0 or more")
        self.speed = speed
        self._base = 0.0
        self._since = time.monotonic()
        self._moved = threading.Condition()

    def now(self) -> float:
        """Logical seconds since the start of the scenario."""
        with self._moved:
            return self._now()

    def _now(self) -> float:
        return self._base + (time.monotonic() - self._since) * self.speed

    def advance(self, seconds: float) -> None:
        """Move on at once and wake whoever waits."""
        if seconds < 0:
            raise ValueError("time moves forward only")
        with self._moved:
            self._base += seconds
            self._moved.notify_all()

    def set_speed(self, speed: float) -> None:
        """Change the speed from now on."""
        if speed < 0:
            raise ValueError("speed is 0 or more")
        with self._moved:
            self._base = self._now()
            self._since = time.monotonic()
            self.speed = speed
            self._moved.notify_all()

    def wait_until(self, moment: float, cancelled: Any = None) -> None:
        """Block the calling thread until `moment`, or until `cancelled` (an Event or a callable) says so."""
        is_cancelled = getattr(cancelled, "is_set", cancelled)
        with self._moved:
            while (left := moment - self._now()) > 0:
                if is_cancelled is not None and is_cancelled():
                    return
                timeout = left / self.speed if self.speed > 0 else None
                if is_cancelled is not None:
                    timeout = _CANCEL_POLL if timeout is None else min(timeout, _CANCEL_POLL)
                self._moved.wait(timeout)
