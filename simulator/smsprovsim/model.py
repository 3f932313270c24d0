# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The seam between the WS-Management front (sockets, SOAP) and the site behind it (classes, objects, time).

The front knows XML and no ConfigMgr; the site knows ConfigMgr and no XML. They meet in the values, classes and
faults of this file, and in the protocol `Site`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True)
class CimDateTime:
    """A CIM datetime as the repository keeps it: DMTF text, 25 characters, ``yyyymmddHHMMSS.mmmmmm+UUU`` or ``+***``."""

    text: str


@dataclass
class Embedded:
    """An embedded instance, for example a schedule token: its real class and its values by property name."""

    class_name: str
    values: dict[str, Any]


# A CIM value in Python: None, str, bool, int, float, CimDateTime, Embedded, or a list of those (array).
Value = Any


@dataclass(frozen=True)
class Property:
    """A property of a class; `type` is a CIM type name (string, uint32, boolean, datetime, ...) or ``object:CLASS``."""

    name: str
    type: str
    array: bool = False
    key: bool = False
    lazy: bool = False
    read_only: bool = False


@dataclass(frozen=True)
class Parameter:
    """A method parameter; `type` as in `Property`."""

    name: str
    type: str
    array: bool = False
    optional: bool = False


@dataclass(frozen=True)
class Method:
    """A method: static ones are called on the class, the others on an instance."""

    name: str
    static: bool
    inputs: tuple[Parameter, ...] = ()
    outputs: tuple[Parameter, ...] = ()  # without ReturnValue


@dataclass(frozen=True)
class CimClass:
    """A class with everything it inherits; `properties` is keyed by the exact spelling."""

    name: str
    superclass: str | None
    namespace: str  # lower case with slashes: root/sms/site_ps1
    properties: Mapping[str, Property]
    methods: Mapping[str, Method]
    abstract: bool = False
    embedded: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of the key properties, in order of declaration."""
        return tuple(p.name for p in self.properties.values() if p.key)


@dataclass
class Instance:
    """An object as answered: the real class (which may be derived from the one asked for) and its values."""

    cim_class: CimClass
    values: dict[str, Value]
    work: Work | None = None  # of an object just written: what has to end before the answer


@dataclass
class Row:
    """A projected row of a query (WSMan: XmlFragment): only the selected columns, no class."""

    columns: tuple[Property, ...]
    values: dict[str, Value]


@dataclass
class WmiError(Exception):
    """WMI or the SMS Provider refused. The front renders it as a fault with `extended` as ExtendedError.

    `hresult` is the WMI status (0x80041002...). `extended_class` is SMS_ExtendedStatus or __ExtendedStatus.
    """

    hresult: int
    message: str
    extended_class: str = "__ExtendedStatus"
    extended: dict[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Caller:
    """Who asks, and with which context values (OptionSet, prefix ``wmi:`` taken off)."""

    user: str  # DOMAIN\user
    context: Mapping[str, Value]
    delegated: bool = False  # the login can be used once more, from the provider host to a third one (wire A-13)


@dataclass(frozen=True)
class Work:
    """What a method call answers. `done_at` (logical seconds, see `Clock.now`) is when the answer is ready.

    None: at once. When the far side's cap on the call's time (MaxTimeoutms) comes first, the front answers
    "operation timed out" and calls `cancel` if the switch says that WinRM cancels the work.
    """

    outputs: dict[str, Value]
    return_value: int = 0
    done_at: float | None = None
    error: WmiError | None = None  # raised when `done_at` is reached
    cancel: Any = None  # Callable[[], None] | None
    at_end: Any = None  # Callable[[], dict[str, Value]] | None: the outputs, where only the end shows them


class Clock(Protocol):
    """The logical clock. The world moves only when it does."""

    speed: float  # logical seconds per real second; 0 is by hand only

    def set_speed(self, speed: float) -> None:
        """Change the speed from now on."""

    def now(self) -> float:
        """Logical seconds since the start of the scenario."""

    def advance(self, seconds: float) -> None:
        """Move on at once."""

    def wait_until(self, moment: float, cancelled: Any = None) -> None:
        """Block the calling thread until the logical time is `moment`."""


class Site(Protocol):
    """The site behind the front. Every call may raise `WmiError`. Names are compared without case."""

    clock: Clock

    def namespace_exists(self, namespace: str) -> bool:
        """Whether the site has this namespace."""

    def cim_class(self, namespace: str, name: str) -> CimClass | None:
        """The class of this name, None if there is none."""

    def get(self, caller: Caller, cim_class: CimClass, keys: Mapping[str, str]) -> Instance:
        """The instance of these keys, lazy properties included."""

    def query(self, caller: Caller, namespace: str, wql: str) -> Iterable[Instance | Row]:
        """What a WQL query finds: instances, or rows of the columns asked for."""

    def enumerate(self, caller: Caller, cim_class: CimClass) -> Iterable[Instance]:
        """All instances of a class and of those derived from it."""

    def put(self, caller: Caller, cim_class: CimClass, keys: Mapping[str, str], values: dict[str, Value]) -> Instance:
        """Write these values; the instance as it then is, or, while its `work` lasts, as it was."""

    def create(self, caller: Caller, cim_class: CimClass, values: dict[str, Value]) -> Instance:
        """Make an instance; it comes back with its keys, and is there for others when its `work` is done."""

    def delete(self, caller: Caller, cim_class: CimClass, keys: Mapping[str, str]) -> None:
        """Remove the instance of these keys."""

    def invoke(
        self,
        caller: Caller,
        cim_class: CimClass,
        method: Method,
        keys: Mapping[str, str] | None,
        arguments: dict[str, Value],
    ) -> Work:
        """Call a method, without keys a static one."""

    def snapshot(self) -> dict[str, Any]:
        """The whole state as plain data, for `GET /state`."""
