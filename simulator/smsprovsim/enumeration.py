# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Enumerate, Pull and Release, and the enumerations that are open (wire E-01 to E-20, L-03 to L-06)."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from . import names
from .metadata import class_list
from .model import Instance, Row, WmiError
from .operation import Answer, Operation
from .wsmanfault import WSManFault

_FROM = re.compile(r"\bFROM\s+([A-Za-z_]\w*)", re.IGNORECASE)
_ENVELOPE = 1600  # characters of an answer around its items, generously
_MODES = {"EnumerateEPR": "epr", "EnumerateObjectAndEPR": "both"}  # absent: objects


@dataclass
class Enumeration:
    """An open enumeration. The items are written as they are asked for; one is kept ahead, to know the end."""

    user: str
    resource_uri: str
    class_name: str
    wql: str
    namespace: str
    items: Iterator[str]
    max_envelope: int | None
    max_elements: int | None = None  # None: not said yet
    max_characters: int | None = None
    pulled: bool = False
    used_at: float = 0.0
    ahead: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def batch(self, count: int, characters: int, too_large: int) -> tuple[list[str], bool]:
        """Up to `count` items within so many characters, and whether the sequence is finished."""
        taken: list[str] = []
        left = characters
        while len(taken) < count:
            item = self._next()
            if item is None:
                return taken, True
            if len(item) > left:
                if not taken:
                    raise WSManFault(too_large)
                self.ahead.append(item)
                return taken, False
            taken.append(item)
            left -= len(item)
        item = self._next()
        if item is None:
            return taken, True
        self.ahead.append(item)
        return taken, False

    def _next(self) -> str | None:
        return self.ahead.pop() if self.ahead else next(self.items, None)


class Enumerations:
    """All open enumerations of the service."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[str, Enumeration] = {}
        self._failed: set[str] = set()

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._open.clear()
            self._failed.clear()

    def open_by_user(self) -> dict[str, int]:
        """How many each user has open."""
        with self._lock:
            counts: dict[str, int] = {}
            for each in self._open.values():
                counts[each.user] = counts.get(each.user, 0) + 1
            return counts

    def find(self, context: str) -> Enumeration | None:
        """An open enumeration, for the journal."""
        with self._lock:
            return self._open.get(context)

    # The three verbs

    def enumerate(self, operation: Operation) -> Answer:
        """Enumerate: a query, the instances of a class, or the classes of a namespace."""
        asked = _Enumerate(operation)
        self._expire(operation)
        # ASSUMED: max_operations_per_user
        if self.open_by_user().get(operation.caller.user, 0) >= operation.switches.number("max_operations_per_user"):
            raise WSManFault(2150859174)
        enumeration = asked.open()
        operation.executed = True
        body = ["<n:EnumerateResponse>"]
        if not asked.optimize:
            body.append(f"<n:EnumerationContext>{self._keep(operation, enumeration)}</n:EnumerationContext>")
            body.append("</n:EnumerateResponse>")
            return Answer(names.ENUMERATE + "Response", "".join(body))
        count = asked.max_elements
        if operation.switches["first_batch"] == "one":  # ASSUMED: first_batch
            count = min(count, 1)
        items, finished = self._batch(operation, enumeration, count)
        context = "" if finished else self._keep(operation, enumeration)
        body.append(f"<n:EnumerationContext>{context}</n:EnumerationContext>" if context else "<n:EnumerationContext/>")
        body += ["<w:Items>", *items, "</w:Items>"]
        if finished:
            body.append("<w:EndOfSequence/>")
        body.append("</n:EnumerateResponse>")
        return Answer(names.ENUMERATE + "Response", "".join(body))

    def pull(self, operation: Operation) -> Answer:
        """Pull: the next batch, under a new context (wire E-05, E-06)."""
        asked = _children(operation, "Pull", {"EnumerationContext", "MaxElements", "MaxCharacters", "MaxTime"})
        context = asked.get("EnumerationContext", "")
        elements = _count(asked, "MaxElements")
        enumeration = self._take(operation, context, _Parameters(elements, _count(asked, "MaxCharacters")))
        try:
            count = min(elements or 1, int(operation.switches.number("max_batch_items")))
            items, finished = self._batch(operation, enumeration, count)
        except (WSManFault, WmiError):
            with self._lock:
                self._failed.add(context)
            raise
        finally:
            enumeration.lock.release()
        operation.executed = True
        body = ["<n:PullResponse>"]
        if not finished:
            body.append(f"<n:EnumerationContext>{self._keep(operation, enumeration)}</n:EnumerationContext>")
        body += ["<n:Items>", *items, "</n:Items>"]
        if finished:
            body.append("<n:EndOfSequence/>")
        body.append("</n:PullResponse>")
        return Answer(names.PULL + "Response", "".join(body))

    def release(self, operation: Operation) -> Answer:
        """Release: the enumeration is closed (wire E-17)."""
        context = _children(operation, "Release", {"EnumerationContext"}).get("EnumerationContext", "")
        self._take(operation, context).lock.release()
        operation.executed = True
        return Answer(names.RELEASE + "Response", "")

    # Contexts

    def _keep(self, operation: Operation, enumeration: Enumeration) -> str:
        context = f"uuid:{str(uuid.uuid4()).upper()}"
        enumeration.used_at = operation.site.clock.now()
        with self._lock:
            self._open[context] = enumeration
        return context

    def _take(self, operation: Operation, context: str, parameters: _Parameters | None = None) -> Enumeration:
        """The enumeration of a context, which is used up by that; its lock is held. Raises `WSManFault`."""
        self._expire(operation)
        with self._lock:
            enumeration = self._open.get(context)
            if enumeration is None:
                raise WSManFault(2150858884 if context in self._failed else 2150858779)
            if enumeration.user != operation.caller.user:
                raise WSManFault(2150859177)
            if enumeration.resource_uri.casefold() != operation.envelope.resource_uri.casefold():
                raise WSManFault(2150858779, "The resource URI is not that of the Enumerate.")
            if parameters is not None:
                _check_parameters(operation, enumeration, parameters)
            if not enumeration.lock.acquire(blocking=False):
                raise WSManFault(2150858758)
            del self._open[context]
        return enumeration

    def _expire(self, operation: Operation) -> None:
        # A clock that runs fast is not to expire what a client is just reading: only jumps count in full.
        # ASSUMED: enumeration_timeout_ms
        clock = operation.site.clock
        limit = operation.switches.number("enumeration_timeout_ms") / 1000 * max(1.0, getattr(clock, "speed", 1.0))
        now = clock.now()
        with self._lock:
            for context in [context for context, each in self._open.items() if now - each.used_at > limit]:
                del self._open[context]

    def _batch(self, operation: Operation, enumeration: Enumeration, count: int) -> tuple[list[str], bool]:
        room = operation.limit // operation.charge(1) - _ENVELOPE
        if enumeration.max_characters:
            room = min(room, enumeration.max_characters)
        with operation.asking_site():
            return enumeration.batch(count, room, operation.too_large)


@dataclass(frozen=True)
class _Parameters:
    """The counts of a Pull."""

    elements: int | None
    characters: int | None


def _check_parameters(operation: Operation, enumeration: Enumeration, given: _Parameters) -> None:
    """Pull repeats the parameters of Enumerate, or those of the first Pull where Enumerate had none (wire E-07)."""
    if enumeration.max_elements is None:
        enumeration.max_elements = given.elements
    if not enumeration.pulled:
        enumeration.max_characters = given.characters
        enumeration.pulled = True
    if (enumeration.max_elements, enumeration.max_characters, enumeration.max_envelope) != (
        given.elements,
        given.characters,
        operation.envelope.max_envelope,
    ):
        raise WSManFault(2150859181)


class _Enumerate:
    """An Enumerate request, read and checked."""

    def __init__(self, operation: Operation) -> None:
        self._operation = operation
        element = operation.envelope.content
        if element is None or element.tag != f"{{{names.ENUMERATION}}}Enumerate":
            raise WSManFault(2150858791, "The body holds no Enumerate.")
        self.optimize = False
        self.max_elements = 1  # wire E-02
        self.said_elements: int | None = None
        self.mode = "object"
        self._filter: Any = None
        for child in element:
            self._read(child)

    def _read(self, child: Any) -> None:
        name = etree.QName(child)
        text = (child.text or "").strip()
        if name.namespace == names.WSMAN and name.localname == "OptimizeEnumeration":
            self.optimize = True
        elif name.namespace == names.WSMAN and name.localname == "MaxElements":
            self.said_elements = _positive(text)
            # ASSUMED: max_batch_items
            self.max_elements = min(self.said_elements, int(self._operation.switches.number("max_batch_items")))
        elif name.namespace == names.WSMAN and name.localname == "EnumerationMode":
            if text not in _MODES:
                raise WSManFault(2150858886)
            self.mode = _MODES[text]
        elif name.localname == "Filter" and name.namespace in (names.WSMAN, names.ENUMERATION):
            self._filter = child
        elif name.namespace == names.BINDING and name.localname == "PolymorphismMode":
            if text != "IncludeSubClassProperties":
                raise WSManFault(2150859063)
        elif (name.namespace, name.localname) != (names.ENUMERATION, "Expires"):
            raise WSManFault(2150858817, f"Enumerate holds {name.localname}.")

    def open(self) -> Enumeration:
        operation = self._operation
        target = operation.target
        wql = self._wql()
        class_name = target.class_name
        if target.kind == "cim_xml":
            if class_name or self._filter is not None:
                raise WSManFault(2150858776, "Only all classes of a namespace can be enumerated: ClassName is empty.")
            items = class_list(operation)
        elif wql is not None:
            if target.kind != "all" or target.keys:
                raise WSManFault(2150859003)
            operation.require_namespace()
            class_name = from_class(wql)
            with operation.asking_site() as site:
                found = iter(site.query(operation.caller, target.namespace, wql))
            items = self._write(found)
        else:
            if target.kind == "all":
                raise WSManFault(2150859042, "Instances of all classes cannot be enumerated: a WQL filter is missing.")
            if target.keys:
                raise WSManFault(2150859016)
            cim_class = operation.cim_class()
            with operation.asking_site() as site:
                found = iter(site.enumerate(operation.caller, cim_class))
            items = self._write(found)
        return Enumeration(
            operation.caller.user,
            operation.envelope.resource_uri,
            class_name,
            wql or "",
            target.namespace,
            items,
            operation.envelope.max_envelope,
            max_elements=self.said_elements,
        )

    def _wql(self) -> str | None:
        if self._filter is None:
            return None
        if (self._filter.get("Dialect") or "").casefold() != names.WQL_DIALECT.casefold():
            raise WSManFault(2150858777)
        text = (self._filter.text or "").strip()
        if not text or len(self._filter):
            raise WSManFault(2150859042, "The filter holds no query.")
        return text

    def _write(self, found: Iterator[Instance | Row]) -> Iterator[str]:
        writer = self._operation.writer()
        for each in found:
            of_no_class = isinstance(each, Row) or each.cim_class.name.startswith("__")
            if of_no_class and self.mode == "epr":
                raise WmiError(0x80041017, "A projection has no endpoint references.")
            if isinstance(each, Row):
                yield writer.row(each)  # the CIM cmdlets ask for both and take what comes
            elif self.mode == "object" or of_no_class:
                yield writer.instance(each)
            else:
                reference = f"<a:EndpointReference>{writer.reference(each)}</a:EndpointReference>"
                yield reference if self.mode == "epr" else f"<w:Item>{writer.instance(each)}{reference}</w:Item>"


def from_class(wql: str) -> str:
    """The FROM class of a query, for the journal."""
    match = _FROM.search(wql)
    return match.group(1) if match else ""


def read_context(operation: Operation) -> str:
    """The context in a Pull or Release, as far as it can be read."""
    element = operation.envelope.content
    if element is None:
        return ""
    return (element.findtext(f"{{{names.ENUMERATION}}}EnumerationContext") or "").strip()


def read_wql(operation: Operation) -> str:
    """The filter in an Enumerate, as far as it can be read."""
    element = operation.envelope.content
    if element is None:
        return ""
    for namespace in (names.WSMAN, names.ENUMERATION):
        text = element.findtext(f"{{{namespace}}}Filter")
        if text:
            return str(text).strip()
    return ""


def _children(operation: Operation, name: str, allowed: set[str]) -> dict[str, str]:
    element = operation.envelope.content
    if element is None or element.tag != f"{{{names.ENUMERATION}}}{name}":
        raise WSManFault(2150858791, f"The body holds no {name}.")
    found: dict[str, str] = {}
    for child in element:
        qualified = etree.QName(child)
        if qualified.namespace != names.ENUMERATION or qualified.localname not in allowed:
            raise WSManFault(2150858817, f"{name} holds {qualified.localname}.")
        found[qualified.localname] = (child.text or "").strip()
    return found


def _count(asked: dict[str, str], name: str) -> int | None:
    return _positive(asked[name]) if name in asked else None


def _positive(text: str) -> int:
    if not re.fullmatch(r"\d{1,10}", text) or int(text) == 0:
        raise WSManFault(2150858817, f"{text!r} is no count.")
    return int(text)
