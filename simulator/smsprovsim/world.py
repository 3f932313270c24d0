# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hierarchy behind the provider: sites, distribution points, packages, what is under way, and what was done.

The world moves only when it is looked at: `settle` carries out, in order of time, everything that was due since.
Times are logical seconds since the start of the scenario.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from .clock import LogicalClock
from .images import Edition, Wim
from .model import Caller, CimDateTime, Value
from .repository import Record, Repository
from .schema import ClassDefinition

# Class name -> (PackageType, ObjectTypeID): SMS_PackageBaseclass, behaviour 111.
PACKAGE_CLASSES: dict[str, tuple[int, int]] = {
    "SMS_Package": (0, 2),
    "SMS_DriverPackage": (3, 23),
    "SMS_TaskSequencePackage": (4, 20),
    "SMS_SoftwareUpdatesPackage": (5, 24),
    "SMS_ContentPackage": (8, 31),
    "SMS_ImagePackage": (257, 18),
    "SMS_BootImagePackage": (258, 19),
    "SMS_OperatingSystemInstallPackage": (259, 14),
    "SMS_VhdPackage": (260, 18),
}

SITE_VERSION = "5.00.8968.1000"
NEVER_REFRESHED = CimDateTime("19700410063500.000000+***")  # behaviour 22
NO_SOURCE = 1  # PkgSourceFlag STORAGE_NO_SOURCE

ACTION_NONE, ACTION_UPDATE, ACTION_ADD, ACTION_DELETE = 0, 1, 2, 3

INSTALLED, INSTALL_PENDING, INSTALL_RETRYING, INSTALL_FAILED, REMOVAL_PENDING = 0, 1, 2, 3, 4

# SMS_DistributionPoint.Status: what is pending on the row, not how it fares.
TARGET_QUIET, TARGET_UPDATED, TARGET_ADDED, TARGET_DELETED = 0, 1, 2, 3

INFORMATION, WARNING, ERROR = 0x40000000, 0x80000000, 0xC0000000
SUCCEEDED, IN_PROGRESS, FAILED = 1, 2, 3  # MessageState


@dataclass(frozen=True)
class SiteInfo:
    """A site. `parent` is empty for the top. `utc_offset` is in minutes."""

    code: str
    name: str
    server: str
    parent: str = ""
    central: bool = False
    utc_offset: int = 0
    deployment_kit: bool = True
    kit_version: str = "10.1.19041.1"
    winpe_version: str = ""  # where the add-on with Windows PE is not as new as the kit
    client_version: str = SITE_VERSION

    def kit(self) -> str:
        """Version of the deployment kit on the provider host, empty where there is none."""
        return self.kit_version if self.deployment_kit else ""


@dataclass(frozen=True)
class DistributionPoint:
    """A distribution point and how it fares. Speeds in MB per second, times in seconds.

    `failing_attempts` deliveries fail before one succeeds (None: all do); `attempts` deliveries are tried at most,
    `retry_interval` apart (behaviour 73).
    """

    server: str
    site_code: str
    nal_path: str
    identity: int
    scopes: frozenset[str]
    speed: float = 20.0
    failing_attempts: int | None = 0
    failure: int = 2323
    attempts: int = 100
    retry_interval: float = 1800.0
    pull_from: str = ""
    row_delay: float = 120.0

    @property
    def key(self) -> str:
        """The NAL path as it is compared."""
        return self.nal_path.lower()


@dataclass
class Message:
    """The last distribution status message of a package on a distribution point, or of the package itself."""

    identity: int
    number: int
    severity: int
    state: int
    moment: float
    insertions: tuple[str, ...] = ()


@dataclass(eq=False, slots=True)
class Target:
    """A package on a distribution point. `row_at`: from when the summarizer has a row (behaviour 74)."""

    package: Package
    point: DistributionPoint
    state: int = INSTALL_PENDING
    version: int = 0
    row_at: float = 0.0
    last_copied: float | None = None
    summarized: float = 0.0
    attempts: int = 0
    delivery: int = 0  # counts deliveries; an event of an older one is stale
    status: int = TARGET_QUIET
    message: Message | None = None


READERS = frozenset({"user", "computer"})


@dataclass
class Source:
    """What lies at a source path. `problem` is 0, 2306 (missing) or 2307 (no access).

    `readers`: whom the share lets read when there is no problem: `user` (the callers), `computer` (the site's servers).
    """

    problem: int = 0
    changed: bool = True
    empty: bool = False
    readers: frozenset[str] = READERS


@dataclass(frozen=True)
class Built:
    """What is in the injected copy of a boot image (behaviour 81, 82)."""

    drivers: tuple[int, ...]
    components: tuple[int, ...]
    command_support: bool
    scratch_space: int | None
    prestart: str
    prestart_files: str
    background: str
    input_locale: str
    client_version: str
    winpe_version: str


@dataclass(eq=False, slots=True)
class Package:
    """A package: its record holds the values that clients see, the rest is what the site does with it."""

    record: Record
    size_kb: int
    scopes: frozenset[str]
    targets: dict[str, Target] = field(default_factory=dict)
    read_seconds: float | None = None  # overrides the time that follows from the size
    runs_wanted: int = 0  # readings of the source asked for and not begun
    raises: bool = False  # whether the next reading raises the version
    phase: str = "idle"  # idle, queued, reading, sending
    queued: deque[Target] = field(default_factory=deque)
    sending: set[Target] = field(default_factory=set)
    message: Message | None = None
    build_seconds: float = 180.0
    images: tuple[Edition, ...] = ()  # as the site knows them
    reread: Wim | None = None  # metadata that was read again and not yet saved
    built: Built | None = None
    distributed: Built | None = None  # what was in the copy when its source was read
    seen_changes: int = 0  # how often the source had changed when it was read last

    @property
    def package_id(self) -> str:
        """The PackageID."""
        return str(self.record.values["PackageID"])

    @property
    def class_name(self) -> str:
        """The class of the package."""
        return self.record.definition.name

    @property
    def owner(self) -> str:
        """Code of the owning site."""
        return str(self.record.values["SourceSite"])

    @property
    def has_source(self) -> bool:
        """Whether the package has source files at all."""
        return self.record.values.get("PkgSourceFlag") != NO_SOURCE

    @property
    def version(self) -> int:
        """SourceVersion."""
        return int(self.record.values["SourceVersion"])

    @property
    def action(self) -> int:
        """ActionInProgress."""
        return int(self.record.values["ActionInProgress"])

    @action.setter
    def action(self, value: int) -> None:
        self.record.values["ActionInProgress"] = value


class Event:
    """Something that happens at a moment unless it is called off."""

    __slots__ = ("act", "moment")

    def __init__(self, moment: float, act: Callable[[], None]) -> None:
        self.moment = moment
        self.act: Callable[[], None] | None = act

    def call_off(self) -> None:
        """Forget it."""
        self.act = None


class World:
    """Everything the sites know. Its lock guards all of it."""

    def __init__(
        self,
        classes: Mapping[str, ClassDefinition],
        switches: Mapping[str, str],
        clock: LogicalClock,
        start: datetime,
    ) -> None:
        self.clock = clock
        self.start = start.astimezone(timezone.utc)
        self.switches = switches
        self.repository = Repository(classes, switches)
        self.lock = threading.RLock()
        self.now = 0.0
        self.sites: dict[str, SiteInfo] = {}
        self.points: dict[str, DistributionPoint] = {}
        self.packages: dict[str, Package] = {}
        self.sources: dict[str, Source] = {}
        self.wims: dict[str, Wim] = {}
        self._changed_files: Counter[str] = Counter()  # how often what lies at a path was changed
        self.driver_platforms: dict[int, frozenset[int]] = {}  # architectures by CI_ID, where the scenario names them
        self.lists_images = False  # whether a WIM that is not in `wims` does not exist
        self.executions: dict[str, Counter[str]] = {}
        self.audit: list[dict[str, Any]] = []
        self._events: list[tuple[float, int, Event]] = []
        self._order = itertools.count()
        self._identities = itertools.count(72057594037927937)
        self._records = itertools.count(72057594037928001)

    # --- time ---

    def at(self, moment: float, act: Callable[[], None]) -> Event:
        """Have `act` done at `moment`."""
        event = Event(moment, act)
        heapq.heappush(self._events, (moment, next(self._order), event))
        return event

    def after(self, seconds: float, act: Callable[[], None]) -> Event:
        """Have `act` done in `seconds`."""
        return self.at(self.now + seconds, act)

    def settle(self) -> None:
        """Carry out what is due, oldest first; each thing sees the time at which it was due."""
        until = self.clock.now()
        while self._events and self._events[0][0] <= until:
            moment, _unused, event = heapq.heappop(self._events)
            if event.act is not None:
                self.now = max(self.now, moment)
                event.act()
        self.now = max(self.now, until)

    def date(self, moment: float | None = None, offset_minutes: int = 0) -> CimDateTime:
        """A logical time as the site writes it: UTC plus the offset, without a zone (behaviour 21)."""
        when = self.start + timedelta(seconds=self.now if moment is None else moment, minutes=offset_minutes)
        # ASSUMED: datetime_zone
        return CimDateTime(when.strftime("%Y%m%d%H%M%S.000000") + self.switches["datetime_zone"])

    def package_date(self, package: Package) -> CimDateTime:
        """Now, as SourceDate and LastRefreshTime of the package have it."""
        # ASSUMED: package_times
        local = self.switches["package_times"] == "local"
        return self.date(offset_minutes=self.sites[package.owner].utc_offset if local else 0)

    # --- sites ---

    def is_above(self, upper: str, lower: str) -> bool:
        """Whether site `upper` stands above site `lower`."""
        parent = self.sites[lower].parent if lower in self.sites else ""
        return bool(parent) and (parent == upper or self.is_above(upper, parent))

    # --- packages ---

    def package(self, package_id: Value) -> Package | None:
        """The package with this id, without case."""
        return self.packages.get(str(package_id).lower())

    def packages_in(self, wanted: Collection[str] | None) -> Iterator[Package]:
        """The packages with these ids (lower case), or all."""
        if wanted is None:
            yield from list(self.packages.values())
        else:
            for package_id in sorted(wanted):
                if package_id in self.packages:
                    yield self.packages[package_id]

    def source(self, package: Package) -> Source:
        """What lies at the source path of the package. A path nobody described can be read."""
        path = str(package.record.values.get("PkgSourcePath") or "")
        found = self.lying_at(path)
        # The injected copy of a boot image is the site's own; other image files are there if the scenario lists them.
        file = package.class_name != "SMS_BootImagePackage" and path.lower().endswith(".wim")
        if self.lists_images and file and not found.problem and path.lower() not in self.wims:
            return Source(problem=2306)
        return found

    def note_change(self, path: str) -> None:
        """Another file lies at a path, or other files below it."""
        self._changed_files[path.rstrip("\\").lower()] += 1

    def changes_at_source(self, package: Package) -> int:
        """How often the source of a package was changed, in it or at a folder that it is in."""
        source = str(package.record.values.get("PkgSourcePath") or "").rstrip("\\").lower()
        return sum(
            count
            for path, count in self._changed_files.items()
            if source == path or source.startswith(f"{path}\\") or path.startswith(f"{source}\\")
        )

    def lying_at(self, path: str) -> Source:
        """What lies at a path; whoever cannot read a folder cannot read what is in it."""
        place = path.rstrip("\\").lower()
        found = self.sources.get(place)
        while found is None and place.count("\\") > 3:
            place = place.rpartition("\\")[0]
            above = self.sources.get(place)
            if above is not None and (above.problem or above.readers != READERS):
                found = above
        return found or Source()

    # --- messages ---

    def message(self, number: int, severity: int, state: int, *insertions: str) -> Message:
        """A new distribution status message."""
        return Message(next(self._identities), number, severity, state, self.now, insertions)

    def status_message(
        self,
        number: int,
        severity: int,
        site_code: str,
        *,
        component: str = "SMS_DISTRIBUTION_MANAGER",
        machine: str = "",
        message_type: int = 256,
        insertions: Sequence[str] = (),
    ) -> None:
        """Add a row of SMS_StatusMessage, and the same with its insertion strings (SDK: SMS_StatMsgWithInsStrings)."""
        row: dict[str, Value] = {
            "RecordID": next(self._records),
            "Component": component,
            "MachineName": machine or self.sites[site_code].server,
            "MessageID": number,
            "MessageType": message_type,
            "ModuleName": "SMS Provider" if message_type == 768 else "SMS Server",
            "PerClient": 0,
            "ProcessID": 4,
            "ReportFunction": 0,
            "Severity": severity,
            "SiteCode": site_code,
            "SuccessfulTransaction": 0,
            "ThreadID": 8,
            "Time": self.date(),
            "TopLevelSiteCode": "",
            "Transaction": 0,
            "Win32Error": 0,
        }
        strings = {f"InsString{place}": text for place, text in enumerate(insertions, 1)}
        self.repository.stored("SMS_StatusMessage").add(dict(row))
        self.repository.stored("SMS_StatMsgWithInsStrings").add({**row, **strings})

    def record_audit(self, number: int, caller: Caller, site_code: str, target: str) -> None:
        """Leave the audit message of a change (behaviour 7, 120)."""
        context = {name.lower(): value for name, value in caller.context.items()}
        machine = str(context.get("machinename") or "Unknown")
        application = str(context.get("applicationname") or "Unknown")
        self.audit.append(
            {
                "id": number,
                "user": caller.user,
                "machine": machine,
                "application": application,
                "object": target,
                "site": site_code,
                "at": self.now,
            }
        )
        package = self.package(target)
        # ASSUMED: the order of the strings of an audit message: who, the name, the id. The texts are public, the order is not.
        strings = (caller.user, str(package.record.values.get("Name") or "") if package else "", target)
        self.status_message(
            number,
            INFORMATION,
            site_code,
            # ASSUMED: audit_component
            component=application if self.switches["audit_component"] == "program" else "SMS Provider",
            machine=machine,
            message_type=768,
            # ASSUMED: audit_strings
            insertions=strings if self.switches["audit_strings"] == "package_id" else strings[:2],
        )

    def count(self, method: str, key: str) -> None:
        """Count an execution of a change: the oracle of the tests."""
        self.executions.setdefault(method, Counter())[key] += 1
