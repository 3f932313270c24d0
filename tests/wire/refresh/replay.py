# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays a file of CONFIGMGR_TRACE back: a host that answers as the recorded one did, and knows nothing else.

Identifiers that every run makes anew (MessageID and other UUIDs) are left out of the comparison; an answer gets the
MessageID of the request it now answers.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import canonicalize

from ansible_collections.configmgr.content.plugins.module_utils._wsman import errors

_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_MESSAGE_ID = re.compile(r"<(?:\w+:)?MessageID>([^<]*)<")


class Recording:
    """A recorded task. Each connection of the replaying task gets the next recorded session."""

    def __init__(self, path: Path) -> None:
        head, *lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        if head["format"] != 1:
            raise ValueError(f"{path} has format {head['format']}, and this knows 1")
        self.sessions: dict[int, list[dict[str, Any]]] = defaultdict(list)
        waiting: dict[tuple[int, int], dict[str, Any]] = {}
        for line in lines:
            told = line.get("out") or line["in"]
            key = (told["session"], told["number"])
            if "out" in line:
                waiting[key] = told
                self.sessions[told["session"]].append(told)
            else:
                waiting[key]["answer"] = told
        self._unused = sorted(self.sessions)

    def connect(self, _endpoint: Any, _address: str) -> Replay:
        """The next session; to be given to `Means` as `connect`."""
        return Replay(self.sessions[self._unused.pop(0)])

    @property
    def finished(self) -> bool:
        """Whether everything that was recorded has been played."""
        return not self._unused and not any(self.sessions.values())


class Replay:
    """One session of a recording."""

    def __init__(self, exchanges: list[dict[str, Any]]) -> None:
        self._exchanges = exchanges

    def send(self, envelope: bytes, timeout: float | None = None) -> bytes:
        """The recorded answer to what has to be the recorded request."""
        if not self._exchanges:
            raise AssertionError(f"nothing more was recorded, and this was sent: {envelope.decode()}")
        recorded = self._exchanges.pop(0)
        sent = envelope.decode("utf-8")
        assert comparable(sent) == comparable(recorded["envelope"])
        answer = recorded.get("answer", {"error": {"kind": "outcome_unknown", "message": "the recording ends here"}})
        if "error" in answer:
            raise _error(answer["error"])
        before, now = (
            found.group(1) if (found := _MESSAGE_ID.search(each)) else "" for each in (recorded["envelope"], sent)
        )
        text: str = answer["envelope"]
        return (text.replace(before, now) if before else text).encode()

    def close(self) -> None:
        """Nothing to let go of."""


def comparable(envelope: str) -> str:
    """A request without what every run makes anew, in canonical form."""
    return _UUID.sub("UUID", canonicalize(envelope))


def _error(told: dict[str, str]) -> Exception:
    """An error of the recorded kind."""
    kinds = {each.kind: each for each in vars(errors).values() if isinstance(each, type) and hasattr(each, "kind")}
    found: Exception = kinds[told["kind"]](told["message"])
    return found
