# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time, so that tests can replace it."""

from __future__ import annotations

import time
from datetime import datetime, timezone


class Clock:
    """The clock of this machine."""

    def now(self) -> float:
        """Seconds that only ever grow, for deadlines."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Let this long go by."""
        time.sleep(seconds)

    def utc(self) -> datetime:
        """The wall clock, in UTC."""
        return datetime.now(timezone.utc)
