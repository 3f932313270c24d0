# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal: one entry for each SOAP request, in order of arrival. Handshake legs and empty POSTs are none."""

from __future__ import annotations

import threading
from typing import Any


class Journal:
    """Entries are plain dictionaries, as `GET /journal` shows them; their fields are listed in README.md."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[dict[str, Any]] = []

    def open(self, **fields: Any) -> dict[str, Any]:
        """A new entry at the end. Its outcome is ``running`` until somebody says otherwise."""
        entry = {
            "n": 0, "verb": "Unknown", "namespace": "", "class": "", "method": "", "key": "", "user": "", "auth": "",
            "mechanism": "", "delegated": False, "encrypted": False, "tls": False, "outcome": "running", "executed": False,
            "wql": "", "options": {}, "session": 0, "time": 0.0, **fields,
        }  # fmt: skip
        with self._lock:
            entry["n"] = len(self._entries) + 1
            self._entries.append(entry)
        return entry

    def entries(self) -> list[dict[str, Any]]:
        """A copy of all entries."""
        with self._lock:
            return [dict(entry) for entry in self._entries]

    def clear(self) -> None:
        """Forget everything; numbers begin at 1 again."""
        with self._lock:
            self._entries.clear()
