# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CONFIGMGR_TRACE: every envelope of a task, both ways, in a file that a test can replay.

One JSON object a line. The first has `format`. Then each exchange has two: `{"out": {...}}` with `session`, `number`, `time`
(UTC), `action` and `envelope`, and `{"in": {...}}` with the same `session` and `number`, and `envelope`, or `error` (kind and
message) where none came. Authentication never comes near it: it happens below. What is known as a secret is cut out of the
envelopes all the same.
"""

from __future__ import annotations

import base64
import json
import os
import re
import threading
from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from typing import Any
from xml.sax.saxutils import escape

from .errors import ConfigMgrError
from .transport import Transport

VARIABLE = "CONFIGMGR_TRACE"
FORMAT = 1
REMOVED = "(removed)"
# Shorter than this, a secret would take half of the XML with it, and is guessed anyway.
_SHORTEST_SECRET = 4
# Properties that hold secrets at the site: the steps of a task sequence carry passwords.
_SECRET_PROPERTY = re.compile(
    r"(<(?:[\w.-]+:)?(?:Sequence|\w*(?:Password|Passwd|Secret)\w*)(?=[\s>])[^>]*(?<!/)>)[^<]*(</)", re.IGNORECASE
)
_ACTION = re.compile(r"<(?:\w+:)?Action\b[^>]*>([^<]*)<")
_DECLARATION = re.compile(r"^\ufeff?\s*<\?xml[^>]*\?>\s*")


class Trace:
    """Writes the lines of one task. Where it cannot write it warns once, and the task goes on without."""

    def __init__(self, path: str, secrets: Iterable[str], warn: Callable[[str], Any]) -> None:
        self._path = path
        self._secrets = _forms(secrets)
        self._warn = warn
        self._lock = threading.Lock()
        self._sessions = 0
        self._descriptor: int | None = None
        self._given_up = False

    def session(self, transport: Transport) -> Transport:
        """The same transport, with everything written down that goes over it."""
        with self._lock:
            self._sessions += 1
            return _Traced(transport, self, self._sessions)

    def scrubbed(self, text: str) -> str:
        """The text without secrets."""
        for form in self._secrets:
            text = text.replace(form, REMOVED)
        return _SECRET_PROPERTY.sub(rf"\g<1>{REMOVED}\g<2>", text)

    def write(self, line: dict[str, Any]) -> None:
        """Append a line."""
        content = json.dumps(line, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"
        with self._lock:
            if self._given_up:
                return
            try:
                if self._descriptor is None:
                    self._descriptor = self._open()
                    head = {"format": FORMAT, "process": os.getpid(), "time": _now()}
                    os.write(self._descriptor, json.dumps(head).encode() + b"\n")
                os.write(self._descriptor, content)
            except OSError as problem:
                self._given_up = True
                self._warn(
                    f"The trace cannot be written to {self._path} ({problem.strerror}), so there is none; check CONFIGMGR_TRACE"
                )

    def _open(self) -> int:
        """The file: a new one for this task where the path is a folder, otherwise the end of that file. Only its owner may read it."""
        path = self._path
        if path.endswith(os.sep) or os.path.isdir(path):
            path = os.path.join(path, f"{datetime.now(timezone.utc):%Y%m%dT%H%M%S.%f}-{os.getpid()}.jsonl")
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


class _Traced:
    """A transport whose envelopes are written down."""

    def __init__(self, transport: Transport, trace: Trace, session: int) -> None:
        self._transport = transport
        self._trace = trace
        self._session = session
        self._number = 0

    def send(self, envelope: bytes, timeout: float | None = None) -> bytes:
        """The answer to one envelope."""
        self._number += 1
        told = self._trace.scrubbed(_text(envelope))
        action = _ACTION.search(told)
        line = {"session": self._session, "number": self._number, "time": _now()}
        self._trace.write({"out": {**line, "action": action.group(1) if action else "", "envelope": told}})
        try:
            answer = self._transport.send(envelope, timeout)
        except ConfigMgrError as problem:
            message = self._trace.scrubbed(str(problem))
            self._trace.write({"in": {**line, "time": _now(), "error": {"kind": problem.kind, "message": message}}})
            raise
        self._trace.write({"in": {**line, "time": _now(), "envelope": self._trace.scrubbed(_text(answer))}})
        return answer

    def close(self) -> None:
        """Let go of the connection."""
        self._transport.close()


def _text(envelope: bytes) -> str:
    """An envelope as text without its declaration: whoever replays it encodes it anew (UTF-16 occurs, wire F-02)."""
    wide = envelope[:2] in (b"\xff\xfe", b"\xfe\xff", b"<\x00", b"\x00<")
    if wide:
        codec = {b"<\x00": "utf-16-le", b"\x00<": "utf-16-be"}.get(envelope[:2], "utf-16")
    else:
        codec = "utf-8"
    return _DECLARATION.sub("", envelope.decode(codec, "backslashreplace"))


def _forms(secrets: Iterable[str]) -> tuple[str, ...]:
    """Every spelling in which a secret may stand in XML or in a message, the longest first."""
    found: set[str] = set()
    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET:
            found |= {
                secret,
                escape(secret),
                escape(secret, {'"': "&quot;"}),
                escape(secret, {'"': "&quot;", "'": "&apos;"}),
                base64.b64encode(secret.encode()).decode(),
                base64.b64encode(secret.encode("utf-16-le")).decode(),
            }
    return tuple(sorted(found, key=len, reverse=True))


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")
