# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A session on one site through its SMS Provider: where it is, what it answers, and how its refusals read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Callable

from .._cim import wql
from .._cim.instance import Changes, Instance, ObjectPath, new_instance
from .._cim.session import WmiSession
from .._cim.types import BOOLEAN, STRING, UINT32, Codec
from .._wsman.choice import settle
from .._wsman.context import ContextValues
from .._wsman.errors import ListBroken, OutcomeUnknown, WSManFault
from .._wsman.transport import Endpoint, Transport, WinRMTransport, resolve
from .._wsman.verbs import Link
from .clock import Clock
from .errors import Impossible, Interrupted, NamespaceMissing, NotFound, ProviderError, explain

# SMS_ProviderLocation (behaviour 1 to 3): one row a provider and site, in the namespace above the sites'.
ROOT = "root/sms"
LOCATION_COLUMNS: Mapping[str, Codec] = {
    "Machine": STRING,
    "NamespacePath": STRING,
    "ProviderForLocalSite": BOOLEAN,
    "SiteCode": STRING,
}
LIST_ATTEMPTS = 3
# Methods that change no object: records of builds, and edit locks.
_LEAVE_OBJECTS_ALONE = frozenset(("DeleteContextID", "RequestLock", "ReleaseLock", "ReleaseAllLocks"))

Connect = Callable[[Endpoint, str], Transport]


@dataclass(frozen=True)
class Location:
    """Where a provider of a site runs."""

    machine: str
    site_code: str
    local: bool


@dataclass(frozen=True)
class Means:
    """How to reach a provider host: shared by every session of one task."""

    endpoint: Endpoint
    uri_style: str = "auto"
    context: ContextValues = field(default_factory=ContextValues)
    clock: Clock = field(default_factory=Clock)
    connect: Connect = WinRMTransport
    find_address: Callable[[Endpoint], str] = resolve


@dataclass
class Written:
    """What a task wrote, in words: `done` for certain, `lost` where no usable answer came, so that it may have been done."""

    done: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


class Site:
    """An open session on one site. Not for use by two threads at a time: `sibling` gives each its own."""

    def __init__(
        self,
        means: Means,
        address: str,
        code: str,
        link: Link | None = None,
        style: str | None = None,
        calls: dict[str, int] | None = None,
        written: Written | None = None,
    ) -> None:
        self.means = means
        self.written = written or Written()
        self._calls = {} if calls is None else calls  # how often a method was called on an object; "" is any object
        self.address = address
        self.code = code
        self._link = link or _link(means, address)
        self._siblings: list[Site] = []
        self._session = WmiSession(self._link, f"{ROOT}/site_{code}", style or means.uri_style)

    @property
    def host(self) -> str:
        """The provider host, as the user named it."""
        return self.means.endpoint.provider

    @property
    def user(self) -> str:
        """The account of this session."""
        return self.means.endpoint.who

    @property
    def where(self) -> str:
        """For messages: which site, on which host."""
        return f"site {self.code} on {self.host}"

    @property
    def requests(self) -> int:
        """How many WS-Management requests went out, in this session and its siblings."""
        return self._link.requests + sum(sibling.requests for sibling in self._siblings)

    def sibling(self) -> Site:
        """A second session on the same provider: same address, own connection, own login."""
        other = Site(
            self.means, self.address, self.code, style=self._session.style, calls=self._calls, written=self.written
        )
        self._siblings.append(other)
        return other

    def close(self) -> None:
        """Give the connections back, for good; from any thread, also while another still waits for an answer."""
        for sibling in self._siblings:
            sibling.close()
        self._link.end()

    def rows(
        self, class_name: str, columns: Mapping[str, Codec], where: wql.Condition | None = None
    ) -> Iterator[dict[str, Any]]:
        """Rows of a query, projected to `columns`; keys must be among them (wire E-13). Constant memory.

        Lazy properties are never there (behaviour 11). Raises ProviderError, ListBroken when the list broke off.
        """
        query = wql.select(tuple(columns), class_name, where)
        with self._explained(f"Cannot read {class_name}"):
            yield from self._session.rows(query, columns)

    def list_of(
        self, class_name: str, columns: Mapping[str, Codec], where: wql.Condition | None = None
    ) -> list[dict[str, Any]]:
        """The same rows at once; a list that breaks off half-way is asked for again from the start (wire R-06)."""
        for _attempt in range(LIST_ATTEMPTS - 1):
            try:
                return list(self.rows(class_name, columns, where))
            except ListBroken:
                continue
        return list(self.rows(class_name, columns, where))

    def count(self, class_name: str, where: wql.Condition | None = None) -> int | None:
        """How many objects of a class the account sees; None if the site does not say (behaviour 17)."""
        with self._explained(f"Cannot count {class_name}"):
            row = next(self._session.rows(wql.count(class_name, where), {"Count": UINT32}), None)
        return None if row is None else row["Count"]

    def get(self, class_name: str, package_id: str, properties: Mapping[str, Codec] | None = None) -> Instance:
        """One object by its PackageID, lazy properties included (wire G-05).

        Too large for the envelope: the `properties` named are read one by one instead (wire G-06).
        """
        stamp = self._stamp(package_id)
        with self._explained(f"Cannot read {class_name} {package_id}"):
            found = self._session.get(class_name, {"PackageID": package_id}, properties)
        found.stamp = stamp
        return found

    def get_by(self, class_name: str, keys: Mapping[str, str]) -> Instance:
        """One object of a class whose keys are others than PackageID, lazy properties included (wire G-05)."""
        path = ObjectPath(self._session.namespace, class_name, tuple(keys.items()))
        with self._explained(f"Cannot read {path}"):
            return self._session.get(class_name, keys)

    def put(self, instance: Instance, changes: Changes) -> None:
        """Write an object back as it was read, with these changes. Raises ProviderError, Locked, OutcomeUnknown, ...

        Nothing is read from the answer: what was stored is a matter of the next `get`. What was read before a method
        was called on the object is never written after it: it would undo what the method did.
        """
        path = instance.path
        if path is not None and instance.stamp is not None and instance.stamp != self._stamp(_id_of(path)):
            raise RuntimeError(f"{path} was read before a method was called on it and must not be written back")
        self._demand_room(f"Cannot change {path}", instance.changed(changes))
        with self.writing(f"change of {_on(path)}"), self._explained(f"Cannot change {instance.path}"):
            self._session.put(instance, changes)

    def create(self, class_name: str, values: Changes) -> str:
        """Make an object; its PackageID, empty if the answer does not tell it (wire C-05, behaviour 23 to 26)."""
        self._demand_room(f"Cannot create {class_name}", new_instance("size", class_name, values))
        with self.writing(f"creation of {class_name}"), self._explained(f"Cannot create {class_name}"):
            path = self._session.create(class_name, values)
        return dict(path.keys).get("PackageID", "").upper()

    def delete(self, class_name: str, package_id: str) -> None:
        """Delete an object, or begin to (behaviour 113)."""
        path = ObjectPath(self._session.namespace, class_name, (("PackageID", package_id),))
        with self.writing(f"deletion of {_on(path)}"), self._explained(f"Cannot delete {path}"):
            self._session.delete(path)

    def call(
        self,
        class_name: str,
        method: str,
        keys: Mapping[str, str] | None = None,
        arguments: Mapping[str, tuple[Codec, Any]] | None = None,
        outputs: Mapping[str, Codec] | None = None,
        timeout: float | None = None,
        reading: bool = False,
    ) -> dict[str, Any]:
        """Call a method, on an object or (without keys) on the class; its out parameters. `reading`: it changes nothing.

        A return value other than 0 is a failure (wire I-04, behaviour 50); a missing one is not.
        Raises ProviderError, NotExecuted, CannotConnect (not carried out), OutcomeUnknown (perhaps carried out).
        """
        on = " ".join([class_name, *(keys or {}).values()])
        what = f"{method} of {on} failed"
        changing = not reading and method not in _LEAVE_OBJECTS_ALONE
        if changing:
            touched = (keys or {}).get("PackageID", "").upper()
            self._calls[touched] = self._calls.get(touched, 0) + 1
        with self.writing(f"{method} of {on}" if changing else ""):
            with self._explained(what):
                answer = self._session.invoke(
                    class_name,
                    method,
                    arguments or {},
                    keys=keys,
                    outputs=outputs or {},
                    timeout=timeout,
                    reading=reading,
                )
            value = answer.get("ReturnValue")
            if value:
                raise ProviderError(what, where=self.where, return_value=value)
        return answer

    def _stamp(self, package_id: str) -> tuple[int, int]:
        """How many methods were called that may have changed this object."""
        return self._calls.get(package_id.upper(), 0), self._calls.get("", 0)

    def _demand_room(self, what: str, body: bytes) -> None:
        """Raise Impossible for what is larger than one message may be (wire P-10, T-11); nothing was sent then."""
        limit = self.means.endpoint.max_envelope_size
        if len(body) > limit:
            raise Impossible(
                f"{what}: it takes {len(body)} bytes in one message, and the limit is {limit}",
                where=self.where,
                hint="Make it smaller (each byte of an icon takes some 20), or raise max_envelope_size here and MaxEnvelopeSizekb on the provider host",
            )

    @contextmanager
    def writing(self, what: str) -> Iterator[None]:
        """One write: that it was carried out, or may have been, is remembered for when the task fails later. Not if empty."""
        try:
            yield
        except (OutcomeUnknown, Interrupted):
            if what:
                self.written.lost.append(what)
            raise
        if what:
            self.written.done.append(what)

    @contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        try:
            yield
        except WSManFault as fault:
            error = explain(fault, what, self.where, self.user)
            if isinstance(error, NamespaceMissing):
                error.hint = self._who_has_it()
            raise error from fault

    def _who_has_it(self) -> str:
        """Which hosts have a provider, for the message that this one has none for the site."""
        try:
            found = locations(WmiSession(self._link, ROOT, self._session.style))
        except (WSManFault, ListBroken):
            found = []
        if not found:
            return f"{self.host} has no SMS Provider at all; name a host that has one, such as the site server"
        return f"Providers known there: {_named(found)}"


def locations(session: WmiSession) -> list[Location]:
    """Every provider that the host's `root\\sms` names."""
    query = wql.select(tuple(LOCATION_COLUMNS), "SMS_ProviderLocation")
    return [
        Location(row["Machine"] or "", (row["SiteCode"] or "").upper(), bool(row["ProviderForLocalSite"]))
        for row in session.rows(query, LOCATION_COLUMNS)
    ]


def open_site(means: Means, site_code: str | None = None) -> Site:
    """Open a session; without `site_code` the provider host says whose provider it is (wire S-04).

    Costs no request when the site code is given. Raises CannotConnect, NotAuthenticated, ProviderError, Impossible.
    """
    means = settled(means)
    address = means.find_address(means.endpoint)
    if site_code:
        return Site(means, address, site_code.upper())
    link = _link(means, address)
    session = WmiSession(link, ROOT, means.uri_style)
    try:
        code = _own_code(session, means)
    except BaseException:
        link.close()
        raise
    return Site(means, address, code, link=link, style=session.style)


def settled(means: Means) -> Means:
    """With scheme, port, method and ticket decided: once a task, before any credential leaves. Raises ConfigMgrError.

    Sessions of the task share what came of it, also those on another provider.
    """
    return replace(means, endpoint=settle(means.endpoint, means.find_address))


def open_owner(site: Site, site_code: str) -> Site:
    """Open a session on the site that owns something, at its own provider, with the same account (behaviour 107)."""
    found = [item for item in providers(site) if item.site_code == site_code]
    if not found:
        raise Impossible(
            f"No SMS Provider is known for site {site_code}",
            where=site.where,
            hint="Run the task against a provider of that site",
        )
    machine = next((item.machine for item in found if item.machine.lower() == site.host.lower()), found[0].machine)
    return open_site(replace(site.means, endpoint=replace(site.means.endpoint, provider=machine)), site_code)


def providers(site: Site) -> list[Location]:
    """Every provider the host of `site` knows."""
    try:
        return locations(site._session.with_namespace(ROOT))
    except WSManFault as fault:
        raise explain(fault, "Cannot read SMS_ProviderLocation", site.where, site.user) from fault


def _own_code(session: WmiSession, means: Means) -> str:
    host = means.endpoint.provider
    try:
        found = locations(session)
    except WSManFault as fault:
        error = explain(
            fault,
            "Cannot find out which site this is (SMS_ProviderLocation in root\\sms)",
            host,
            means.endpoint.who,
        )
        if isinstance(error, (NamespaceMissing, NotFound)):
            error.hint = f"{host} has no SMS Provider: name a host that has one, such as the site server or the host in the console's connection"
        raise error from fault
    local = sorted({item.site_code for item in found if item.local})
    if len(local) == 1:
        return local[0]
    codes = sorted({item.site_code for item in found})
    if len(codes) == 1:
        return codes[0]
    if not codes:
        raise Impossible(
            "SMS_ProviderLocation names no site",
            where=host,
            hint=f"Give site_code, and check that {means.endpoint.who} is a member of SMS Admins there",
        )
    raise Impossible(
        "The host knows several sites and none as its own", where=host, hint=f"Give site_code. Known: {_named(found)}"
    )


def _on(path: ObjectPath | None) -> str:
    """The object, for messages."""
    return " ".join([path.class_name, *(value for _name, value in path.keys)]) if path is not None else "an object"


def _id_of(path: ObjectPath) -> str:
    return dict(path.keys).get("PackageID", "")


def _named(found: list[Location]) -> str:
    return ", ".join(
        f"{item.site_code} on {item.machine}" for item in sorted(found, key=lambda each: (each.site_code, each.machine))
    )


def _link(means: Means, address: str) -> Link:
    endpoint = means.endpoint
    return Link(
        lambda: means.connect(endpoint, address),
        endpoint.url,
        max_envelope_size=endpoint.max_envelope_size,
        operation_timeout=endpoint.operation_timeout,
        context=means.context,
        sleep=means.clock.sleep,
    )
