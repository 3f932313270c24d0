# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fault rules: which requests meet bad weather, and of what kind (wire K-07).

A rule matches by verb, class, method, key and user, passes the first `skip` matches and acts on the next `times`.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .model import WmiError
from .wsmanfault import WSManFault

READS = ("Get", "Enumerate", "Pull", "Release", "Identify")

_MATCHES = ("verb", "class", "method", "key", "user")

# Fields of each action with their defaults. `execute`: the work is done although the answer says otherwise.
ACTIONS: dict[str, dict[str, Any]] = {
    "delay": {"seconds": 1.0},
    "fault": {"code": 2150858755, "subcode": None, "detail": None, "reason": None, "execute": False},
    "provider_error": {
        "hresult": 0x80041001,
        "error_code": 0,
        "description": "Generic failure",
        "object_info": None,
        "execute": False,
    },
    "http": {
        "status": 503,
        "body": "<h2>Service Unavailable</h2>",
        "content_type": "text/html; charset=us-ascii",
        "execute": False,
    },
    "cut_before": {},
    "cut_after": {},
    "garbage": {"body": "this is not XML <<<", "execute": False},
    "empty": {"execute": False},
    "wrong_relates_to": {},
    "stale_context": {},
    "return_value": {"value": 1, "relates_to": None},
    "refuse_writes": {"code": 5, "reason": "Writes are refused by a fault rule."},
}


class BadRule(ValueError):
    """A rule that cannot be understood."""


@dataclass
class Rule:
    """One rule. `times` None is for ever."""

    action: str
    match: Mapping[str, Any]
    parameters: Mapping[str, Any]
    skip: int = 0
    times: int | None = 1
    seen: int = field(default=0)
    applied: int = field(default=0)

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Rule:
        """A rule from its JSON form; raises `BadRule`."""
        fields = dict(given)
        action = fields.pop("action", None)
        if action not in ACTIONS:
            raise BadRule(f"action is one of {', '.join(ACTIONS)}, not {action!r}")
        if action == "return_value" and "n" in fields:
            fields.setdefault("value", fields.pop("n"))
        if action == "delay" and "delay" in fields:
            fields.setdefault("seconds", fields.pop("delay"))
        skip = fields.pop("skip", 0)
        times = fields.pop("times", None if action == "refuse_writes" else 1)
        if not isinstance(skip, int) or skip < 0 or not (times is None or (isinstance(times, int) and times >= 0)):
            raise BadRule("skip is a number, times a number or null")
        match = {name: fields.pop(name) for name in _MATCHES if fields.get(name) is not None}
        for name in _MATCHES:
            fields.pop(name, None)
        unknown = set(fields) - set(ACTIONS[action])
        if unknown:
            raise BadRule(
                f"action {action} has no {', '.join(sorted(unknown))}; it takes {', '.join(ACTIONS[action]) or 'nothing'}"
            )
        return cls(action, match, {**ACTIONS[action], **fields}, skip, times)

    def matches(self, entry: Mapping[str, Any]) -> bool:
        """Whether a journal entry is of those the rule is for."""
        if self.action == "refuse_writes" and entry["verb"] in READS:
            return False
        if self.action == "return_value" and entry["verb"] != "Invoke":
            return False
        return all(_same(entry[name], wanted) for name, wanted in self.match.items())

    @property
    def spent(self) -> bool:
        """Whether the rule has acted as often as it may."""
        return self.times is not None and self.applied >= self.times

    @property
    def executes(self) -> bool:
        """Whether the work is done although the answer does not show it."""
        return self.action == "cut_after" or bool(self.parameters.get("execute"))

    def as_dict(self) -> dict[str, Any]:
        """For `GET /faults`."""
        return {
            "action": self.action, **self.match, **self.parameters, "skip": self.skip, "times": self.times,
            "seen": self.seen, "applied": self.applied,
        }  # fmt: skip

    def error(self) -> WSManFault | WmiError:
        """What the actions fault, refuse_writes and provider_error answer."""
        given = self.parameters
        if self.action == "provider_error":
            hresult = _number(given["hresult"])
            extended = {
                "Description": given["description"],
                "ErrorCode": _number(given["error_code"]),
                "ObjectInfo": given["object_info"],
                "StatusCode": hresult,
                "ProviderName": "WinMgmt",
            }
            return WmiError(hresult, str(given["description"]), "SMS_ExtendedStatus", extended)
        return WSManFault(
            _number(given["code"]), given.get("reason"), subcode=given.get("subcode"), detail=given.get("detail")
        )


def _number(value: Any) -> int:
    try:
        return int(value, 0) if isinstance(value, str) else int(value)
    except (TypeError, ValueError):
        raise BadRule(f"{value!r} is no number") from None


def _same(actual: Any, wanted: Any) -> bool:
    if isinstance(actual, dict):
        if isinstance(wanted, dict):
            lowered = {str(name).casefold(): str(value).casefold() for name, value in actual.items()}
            return all(lowered.get(str(name).casefold()) == str(value).casefold() for name, value in wanted.items())
        return str(wanted).casefold() in (str(value).casefold() for value in actual.values())
    if isinstance(wanted, dict):
        return len(wanted) == 1 and _same(actual, next(iter(wanted.values())))
    return str(actual).casefold() == str(wanted).casefold()


class Rules:
    """The rules in force, in the order they were given. Delays add up; of the others the first that acts wins."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[Rule] = []

    def add(self, given: Any) -> int:
        """Add one rule or a list; all or none. Returns how many are in force. Raises `BadRule`."""
        many = given if isinstance(given, list) else [given]
        if not all(isinstance(each, dict) for each in many):
            raise BadRule("a rule is a JSON object")
        read = [Rule.read(each) for each in many]
        for rule in read:
            if rule.action in ("fault", "refuse_writes", "provider_error"):
                rule.error()
        with self._lock:
            self._rules += read
            return len(self._rules)

    def clear(self) -> None:
        """No rules."""
        with self._lock:
            self._rules.clear()

    def as_list(self) -> list[dict[str, Any]]:
        """For `GET /faults`."""
        with self._lock:
            return [rule.as_dict() for rule in self._rules]

    def take(self, entry: Mapping[str, Any]) -> tuple[float, Rule | None]:
        """How long to delay this request (logical seconds), and the rule that acts on it."""
        delay = 0.0
        acting: Rule | None = None
        with self._lock:
            for rule in self._rules:
                if (acting is not None and rule.action != "delay") or rule.spent or not rule.matches(entry):
                    continue
                rule.seen += 1
                if rule.seen <= rule.skip:
                    continue
                rule.applied += 1
                if rule.action == "delay":
                    delay += float(rule.parameters["seconds"])
                else:
                    acting = rule
        return delay, acting
