# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site of three classes, so that the front is tested without any ConfigMgr behind it."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Mapping
from typing import Any

from smsprovsim.model import (
    Caller,
    CimClass,
    CimDateTime,
    Clock,
    Embedded,
    Instance,
    Method,
    Parameter,
    Property,
    Row,
    WmiError,
    Work,
)

NAMESPACE = "root/sms/site_ps1"


class StandingClock:
    """A clock that moves by hand only. Waiting for a moment moves it there, so that no test waits."""

    def __init__(self) -> None:
        self.speed = 0.0
        self._now = 0.0
        self._lock = threading.Lock()

    def now(self) -> float:
        return self._now

    def advance(self, seconds: float) -> None:
        with self._lock:
            self._now += seconds

    def set_speed(self, speed: float) -> None:
        self.speed = speed

    def wait_until(self, moment: float, cancelled: Any = None) -> None:
        with self._lock:
            self._now = max(self._now, moment)


def _class(name: str, properties: list[Property], methods: Iterable[Method] = (), **more: Any) -> CimClass:
    return CimClass(
        name,
        more.pop("superclass", None),
        NAMESPACE,
        {each.name: each for each in properties},
        {each.name: each for each in methods},
        **more,
    )


_TOKEN = [Property("IsGMT", "boolean"), Property("StartTime", "datetime")]
_BASE = [
    Property("PackageID", "string", key=True, read_only=True),
    Property("Name", "string"),
    Property("SourceVersion", "uint32", read_only=True),
]
_PACKAGE = [
    *_BASE,
    Property("Description", "string"),
    Property("PkgFlags", "uint32"),
    Property("LastRefreshTime", "datetime", read_only=True),
    Property("SourceDate", "datetime"),
    Property("ISVData", "uint8", array=True, lazy=True),
    Property("Scopes", "string", array=True),
    Property("RefreshSchedule", "object:SMS_ScheduleToken", array=True, lazy=True),
]
_METHODS = [
    Method("RefreshPkgSource", static=False),
    Method(
        "Build",
        static=False,
        inputs=(Parameter("Seconds", "uint32"), Parameter("ContextID", "string", optional=True)),
        outputs=(Parameter("Log", "string"),),
    ),
    Method(
        "Echo",
        static=True,
        inputs=(
            Parameter("Text", "string", optional=True),
            Parameter("Numbers", "sint32", array=True, optional=True),
            Parameter("Tokens", "object:SMS_ScheduleToken", array=True, optional=True),
        ),
        outputs=(
            Parameter("Text", "string"),
            Parameter("Numbers", "sint32", array=True),
            Parameter("Tokens", "object:SMS_ScheduleToken", array=True),
        ),
    ),
]
CLASSES = {
    each.name.casefold(): each
    for each in (
        _class("SMS_PackageBaseclass", _BASE, _METHODS[:1], abstract=True),
        _class("SMS_Package", _PACKAGE, _METHODS, superclass="SMS_PackageBaseclass"),
        _class("SMS_Pair", [Property("A", "uint32", key=True), Property("B", "string", key=True)]),
        _class("SMS_ScheduleToken", _TOKEN, abstract=True, embedded=True),
        _class(
            "SMS_ST_RecurInterval",
            [*_TOKEN, Property("DaySpan", "uint32")],
            superclass="SMS_ScheduleToken",
            embedded=True,
        ),
    )
}


class FakeSite:
    """Packages PS100001 and so on; refreshing one raises its version."""

    def __init__(self, packages: int = 3) -> None:
        self.clock: Clock = StandingClock()
        self.accounts = [
            {"domain": "CONTOSO", "user": "admin", "password": "a:b \"$`'\\ c"},
            {"domain": "CONTOSO", "user": "reader", "password": "other"},
            {"domain": "CONTOSO", "user": "stranger", "password": "third", "remote_access": False},
        ]
        self.calls: list[tuple[Any, ...]] = []
        self.contexts: list[dict[str, Any]] = []
        self.cancelled = 0
        self.failing_row: int | None = None
        self.packages = {f"PS1{number:05}": self._package(number) for number in range(1, packages + 1)}

    @staticmethod
    def _package(number: int) -> dict[str, Any]:
        return {
            "PackageID": f"PS1{number:05}",
            "Name": f"Package {number} <&>",
            "SourceVersion": 1,
            "Description": None,
            "PkgFlags": 2147483648,
            "LastRefreshTime": CimDateTime("20240502101112.500000+***"),
            "SourceDate": CimDateTime("20240502101112.000000+120"),
            "ISVData": None,
            "Scopes": ["Default"],
            "RefreshSchedule": None,
        }

    def namespace_exists(self, namespace: str) -> bool:
        return namespace.lower() in (NAMESPACE, "root/sms")

    def cim_class(self, namespace: str, name: str) -> CimClass | None:
        return CLASSES.get(name.casefold()) if namespace.lower() == NAMESPACE else None

    def cim_classes(self, namespace: str) -> Iterable[CimClass]:
        return CLASSES.values()

    def _find(self, keys: Mapping[str, str]) -> dict[str, Any]:
        for package in self.packages.values():
            if package["PackageID"].casefold() == keys.get("PackageID", "").casefold():
                return package
        raise WmiError(0x80041002, "Not found")

    def get(self, caller: Caller, cim_class: CimClass, keys: Mapping[str, str]) -> Instance:
        self.contexts.append(dict(caller.context))
        return Instance(CLASSES["sms_package"], dict(self._find(keys)))

    def query(self, caller: Caller, namespace: str, wql: str) -> Iterable[Instance | Row]:
        match = re.fullmatch(r"SELECT (.+) FROM (\w+)", wql, re.IGNORECASE)
        if not match:
            raise WmiError(0x80041017, "Invalid query")
        cim_class = self.cim_class(namespace, match.group(2))
        if cim_class is None:
            raise WmiError(0x80041010, "Invalid class")
        if match.group(1) == "*":
            return self.enumerate(caller, cim_class)
        names = [name.strip() for name in match.group(1).split(",")]
        columns = tuple(cim_class.properties[name] for name in names)
        return self._rows(columns)

    def _rows(self, columns: tuple[Property, ...]) -> Iterable[Row]:
        for number, values in enumerate(self.packages.values()):
            if number == self.failing_row:
                raise WmiError(
                    0x80041001,
                    "Generic failure",
                    "SMS_ExtendedStatus",
                    {"ErrorCode": 1112017920, "Description": "SQL said no"},
                )
            yield Row(columns, {each.name: values[each.name] for each in columns})

    def enumerate(self, caller: Caller, cim_class: CimClass) -> Iterable[Instance]:
        return (Instance(CLASSES["sms_package"], {**values, "ISVData": None}) for values in self.packages.values())

    def put(self, caller: Caller, cim_class: CimClass, keys: Mapping[str, str], values: dict[str, Any]) -> Instance:
        package = self._find(keys)
        self.calls.append(("put", dict(values)))
        package.update(values)
        return Instance(cim_class, dict(package))

    def create(self, caller: Caller, cim_class: CimClass, values: dict[str, Any]) -> Instance:
        self.calls.append(("create", dict(values)))
        identifier = f"PS1{len(self.packages) + 1:05}"
        self.packages[identifier] = {**self._package(0), **values, "PackageID": identifier}
        return Instance(cim_class, dict(self.packages[identifier]))

    def delete(self, caller: Caller, cim_class: CimClass, keys: Mapping[str, str]) -> None:
        del self.packages[self._find(keys)["PackageID"]]

    def invoke(
        self,
        caller: Caller,
        cim_class: CimClass,
        method: Method,
        keys: Mapping[str, str] | None,
        arguments: dict[str, Any],
    ) -> Work:
        self.calls.append((method.name, dict(keys or {}), dict(arguments)))
        if method.name == "Echo":
            return Work({"Text": "", **arguments})
        package = self._find(keys or {})
        package["SourceVersion"] += 1
        if method.name == "Build":
            return Work({"Log": "built"}, done_at=self.clock.now() + arguments["Seconds"], cancel=self._cancel)
        return Work({})

    def _cancel(self) -> None:
        self.cancelled += 1

    def snapshot(self) -> dict[str, Any]:
        return {"packages": {key: {"SourceVersion": value["SourceVersion"]} for key, value in self.packages.items()}}


def token(days: int) -> Embedded:
    """A schedule token."""
    start = CimDateTime("20240501000000.000000+***")
    return Embedded("SMS_ST_RecurInterval", {"IsGMT": False, "StartTime": start, "DaySpan": days})
