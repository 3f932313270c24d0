# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verbs of WS-Management over one session, and the rules for repeating a request (wire R-06).

Reading is repeated. Writing is sent again once at most, and only after an answer that proves it was not carried out.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement

from . import envelope, markup, names
from .context import ContextValues
from .envelope import Options
from .errors import (
    CannotConnect,
    ConfigMgrError,
    LibraryMissing,
    ListBroken,
    NotAuthenticated,
    NotExecuted,
    OutcomeUnknown,
    WSManFault,
)
from .transport import Transport

Selectors = Sequence["tuple[str, str]"]

# Seconds before each repetition; the last one holds for all further ones.
BACK_OFF = (0.5, 2.0, 5.0)
# A Pull that found no data yet keeps its context and is sent again (2150858780), so often.
EMPTY_PULLS = 10
# Rows asked for in one answer; a host that gives fewer gives fewer (wire E-09).
PAGE = 32000


@dataclass(frozen=True)
class _Request:
    """What is asked for, however often it goes out. `timeout` in seconds."""

    action: str
    uri: str
    body: bytes | None = None
    selectors: Selectors = ()
    fragment: str | None = None
    options: Options = ()
    timeout: float | None = None


class Link:
    """One session with one provider host: a transport that is made when needed and thrown away when in doubt.

    For one thread. `requests` counts the SOAP messages that were sent; `uri_style` is where the CIM layer remembers which
    form of resource URI this host took.
    """

    def __init__(
        self,
        connect: Callable[[], Transport],
        to: str,
        *,
        max_envelope_size: int = 512000,
        operation_timeout: float = 60.0,
        context: ContextValues | None = None,
        read_attempts: int = 3,
        sleep: Callable[[float], None] = time.sleep,
        new_id: Callable[[], str] = lambda: f"uuid:{str(uuid.uuid4()).upper()}",
    ) -> None:
        self.to = to
        self.max_envelope_size = max_envelope_size
        self.operation_timeout = operation_timeout
        self.context = context or ContextValues()
        self.requests = 0
        self.uri_style: str | None = None
        self.plain_dates = False  # the CIM layer found that the host takes dates without a zone as xs:dateTime only
        self._connect = connect
        self._transport: Transport | None = None
        self._ended = False
        self._read_attempts = max(1, read_attempts)
        self._sleep = sleep
        self._new_id = new_id

    def renew(self) -> None:
        """Forget the session; the next request makes a new one."""
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.close()

    def close(self) -> None:
        """End the session. The link can still be used: it then makes a new one."""
        self.renew()

    def end(self) -> None:
        """End the session for good, from any thread. Who waits for an answer wakes, and nothing is sent again."""
        self._ended = True
        self.renew()

    def read(
        self,
        action: str,
        uri: str,
        body: bytes | None = None,
        *,
        selectors: Selectors = (),
        fragment: str | None = None,
        options: Options = (),
        attempts: int | None = None,
    ) -> Element | None:
        """Send a request that changes nothing, again if need be. Raises what the last attempt raised.

        `options` go with those of every request.
        """
        request = _Request(action, uri, body, selectors, fragment, options)
        attempts = attempts or self._read_attempts
        for attempt in range(1, attempts + 1):
            try:
                return self._once(request)
            except ConfigMgrError as problem:
                if attempt == attempts or not _worth_repeating(problem):
                    raise
                self._prepare_repetition(problem, attempt)
        raise OutcomeUnknown("No attempt was made", where=self.to)

    def write(
        self,
        action: str,
        uri: str,
        body: bytes | None = None,
        *,
        selectors: Selectors = (),
        fragment: str | None = None,
        timeout: float | None = None,
    ) -> Element | None:
        """Send a request that changes something; it is carried out at most once.

        Raises OutcomeUnknown where it may have been carried out. None also stands for a success whose answer was too
        large to report (2150858829).
        """
        request = _Request(action, uri, body, selectors, fragment, timeout=timeout)
        try:
            return self._write_once(request)
        except (CannotConnect, NotAuthenticated, NotExecuted) as problem:
            if not _worth_repeating(problem):
                raise
            self._prepare_repetition(problem, 1)
        return self._write_once(request)

    def _write_once(self, request: _Request) -> Element | None:
        try:
            return self._once(request)
        except WSManFault as fault:
            if names.UNREPORTABLE_SUCCESS in fault.codes:
                return None
            if fault.codes & names.TIMED_OUTS:
                raise OutcomeUnknown(
                    "The provider host ended the wait for the answer; the work may still go on there",
                    where=fault.where,
                    hint="Look at the object before sending it again.",
                    timed_out_at_server=True,
                    fault=fault,
                ) from fault
            if fault.codes & names.TOO_LARGE:
                raise OutcomeUnknown(
                    "The answer was too large to be sent, so what was done is not known",
                    where=fault.where,
                    hint="Look at the object before sending it again; a larger max_envelope_size and MaxEnvelopeSizekb may help.",
                    fault=fault,
                ) from fault
            if fault.codes & names.ANSWER_FAILED:
                raise OutcomeUnknown(
                    f"The provider host failed before it could answer, so what was done is not known: {fault.reason or fault.code}",
                    where=fault.where,
                    hint="Look at the object before sending it again.",
                    fault=fault,
                ) from fault
            raise

    def _once(self, request: _Request) -> Element | None:
        """One request. Sent again without the context values if the host refuses these: the refusal comes before execution."""
        context = self.context.options
        try:
            return self._ask(request, (*context, *request.options))
        except WSManFault as fault:
            if not context or not self.context.refused_by(fault):
                raise
        return self._ask(request, request.options)

    def _ask(self, request: _Request, options: Options) -> Element | None:
        message_id = self._new_id()
        message = envelope.build(
            request.action,
            request.uri,
            request.body,
            to=self.to,
            message_id=message_id,
            max_envelope_size=self.max_envelope_size,
            operation_timeout=request.timeout or self.operation_timeout,
            selectors=request.selectors,
            options=options,
            fragment=request.fragment,
        )
        return self.exchange(message, message_id, request.timeout)

    def exchange(self, message: bytes, message_id: str | None, timeout: float | None = None) -> Element | None:
        """One request and its answer, never repeated. Faults that prove a refusal before execution become NotExecuted."""
        try:
            if self._ended:
                ended = NotExecuted("The session was ended, so nothing was sent", transient=False)
                ended.sent = False
                raise ended
            if self._transport is None:
                self._transport = self._connect()
            answer = self._transport.send(message, timeout)
            self.requests += 1
        except (CannotConnect, NotAuthenticated, NotExecuted, OutcomeUnknown) as problem:
            self.requests += problem.sent
            self._discard(problem)
            raise
        try:
            return envelope.open_answer(answer, message_id)
        except OutcomeUnknown as problem:
            self._discard(problem)
            raise
        except WSManFault as fault:  # the session itself is sound
            fault.where = fault.where or self.to
            if fault.codes & names.REFUSED:
                raise NotExecuted(
                    f"The provider host is too busy and refused the request: {fault.reason or fault.code}",
                    where=self.to,
                    hint="Try again later, with fewer sessions at once.",
                    fault=fault,
                ) from fault
            raise

    def _discard(self, problem: ConfigMgrError) -> None:
        """Throw the transport away: with encryption, the next message would be sealed for a session that is gone."""
        if not isinstance(problem, LibraryMissing):  # that is missing here, not there
            problem.where = problem.where or self.to
        self.renew()

    def _prepare_repetition(self, problem: Exception, attempt: int) -> None:
        if isinstance(problem, WSManFault) and problem.codes & names.RECONNECT:
            self.renew()
        if not isinstance(problem, NotAuthenticated):
            self._sleep(BACK_OFF[min(attempt, len(BACK_OFF)) - 1])


def _worth_repeating(problem: Exception) -> bool:
    """Whether the same request may fare better, on a new session if need be."""
    if isinstance(problem, NotAuthenticated):
        return problem.after_success
    if isinstance(problem, (CannotConnect, NotExecuted)):
        return problem.transient
    if isinstance(problem, WSManFault):
        return bool(problem.codes & (names.RECONNECT | names.TIMED_OUTS | names.READ_AGAIN | {names.NO_DATA_YET}))
    return isinstance(problem, OutcomeUnknown)


def identify(link: Link) -> dict[str, str]:
    """What the service says of itself: ProtocolVersion, ProductVendor, ProductVersion (wire A-01)."""
    answer = link.exchange(envelope.identify(), None)
    if answer is None or markup.local(answer.tag) != "IdentifyResponse":
        raise OutcomeUnknown("The answer to Identify is something else", where=link.to, hint="Is this a WinRM service?")
    return {markup.local(each.tag): (each.text or "").strip() for each in answer if not len(each)}


def get(link: Link, uri: str, selectors: Selectors, fragment: str | None = None) -> Element:
    """The instance those keys name; with `fragment`, a w:XmlFragment around that one property (wire G-06 to G-08)."""
    answer = link.read(names.GET, uri, selectors=selectors, fragment=fragment)
    if answer is None:
        raise OutcomeUnknown("The answer to Get is empty", where=link.to)
    return answer


def get_class(link: Link, namespace: str, class_name: str) -> Element:
    """A class as CIM-XML, in no namespace, with what it inherits and, where the host gives them, qualifiers (wire M-01, M-02)."""
    selectors = ((names.NAMESPACE_SELECTOR, namespace), ("ClassName", class_name))
    wanted = [(name, "true", "xs:boolean") for name in ("IncludeQualifiers", "IncludeInheritedElements")]
    answer = link.read(names.GET, names.CIM_XML, selectors=selectors, options=wanted)
    if answer is None:
        raise OutcomeUnknown("The answer to Get is empty", where=link.to)
    return answer


def put(link: Link, uri: str, selectors: Selectors, body: bytes) -> Element | None:
    """Write the whole instance. The answer is the instance as stored, or None (wire P-05)."""
    return link.write(names.PUT, uri, body, selectors=selectors)


def put_fragment(link: Link, uri: str, selectors: Selectors, name: str, body: bytes) -> Element | None:
    """Write one property; `body` is the element itself. The answer is a w:XmlFragment, or None (wire G-08, P-07)."""
    around = f'<w:XmlFragment xmlns:w="{names.WSMAN}">'.encode() + body + b"</w:XmlFragment>"
    return link.write(names.PUT, uri, around, selectors=selectors, fragment=name)


def create(link: Link, uri: str, body: bytes, selectors: Selectors = ()) -> Element | None:
    """Make an instance. The answer is x:ResourceCreated with the keys, or None (wire C-03). `selectors`: only a namespace."""
    return link.write(names.CREATE, uri, body, selectors=selectors)


def delete(link: Link, uri: str, selectors: Selectors) -> None:
    """Delete the instance those keys name."""
    link.write(names.DELETE, uri, selectors=selectors)


def invoke(
    link: Link,
    uri: str,
    method: str,
    body: bytes,
    selectors: Selectors = (),
    *,
    timeout: float | None = None,
    reading: bool = False,
) -> Element | None:
    """Call a method; without keys, a static one. The answer is its output element (wire I-01 to I-03).

    `timeout` in seconds. `reading`: it changes nothing, so it is called again if need be.
    """
    if reading:
        return link.read(f"{uri}/{method}", uri, body, selectors=selectors)
    return link.write(f"{uri}/{method}", uri, body, selectors=selectors, timeout=timeout)


class _Page:
    """One answer of an enumeration."""

    def __init__(self, answer: Element | None) -> None:
        ended = (
            answer is not None and markup.child(answer, "EndOfSequence") is not None
        )  # either namespace (peers V-05)
        items = markup.child(answer, "Items")
        context = markup.child(answer, "EnumerationContext")
        self.rows: list[Element] = list(items) if items is not None else []
        self.context = "" if ended or context is None else (context.text or "").strip()
        if not ended and not self.context:
            raise OutcomeUnknown("The list ended without saying so, and may not be complete")


def walk(
    link: Link, uri: str, wql: str, *, selectors: Selectors = (), page: int = PAGE, references: bool = False
) -> Iterator[Element]:
    """Yield every row a query has, and release the enumeration if the reader stops early.

    With `references` an endpoint reference stands for each object, which names its real class and its keys (wire E-10, E-11).
    The list is complete only if this ends without an error. Restarted by itself while nothing has been handed out; after
    that a break raises ListBroken. Rows of the first answer, mostly one (wire E-03), are held until the next has come.
    """
    attempts = link._read_attempts
    for attempt in range(1, attempts + 1):
        handed_out = False
        try:
            for row in _walk_once(link, uri, _enumerate(wql, page, references), selectors, page):
                handed_out = True
                yield row
            return
        except _Interrupted as interrupted:
            problem = interrupted.problem
            if handed_out:
                raise ListBroken(
                    f"The list broke off before its end: {problem}",
                    where=link.to,
                    hint="Ask for it again from the start.",
                ) from problem
            if attempt == attempts:
                raise problem from None
            link._prepare_repetition(problem, attempt)


class _Interrupted(Exception):
    """A pull failed in a way that asks for the whole list to be started again."""

    def __init__(self, problem: ConfigMgrError) -> None:
        super().__init__(str(problem))
        self.problem = problem


def _walk_once(link: Link, uri: str, request: bytes, selectors: Selectors, page: int) -> Iterator[Element]:
    current = _Page(link.read(names.ENUMERATE, uri, request, selectors=selectors))
    held: list[Element] = []
    if current.context:
        held, current.rows = current.rows, []
    try:
        while True:
            yield from current.rows
            if not current.context:
                return
            pulled = _pull(link, uri, selectors, current.context, page)
            current.context, current.rows = pulled.context, held + pulled.rows
            held = []
    except GeneratorExit:
        if current.context:
            _release(link, uri, selectors, current.context)
        raise


def _pull(link: Link, uri: str, selectors: Selectors, context: str, page: int) -> _Page:
    """The next page. Raises _Interrupted where the list has to be started again (wire R-06, column Pull)."""
    body = _context_body("Pull", context, page)
    empty, timed_out = 0, 0
    while True:
        try:
            return _Page(link.read(names.PULL, uri, body, selectors=selectors, attempts=1))
        except WSManFault as fault:
            if names.NO_DATA_YET in fault.codes and empty < EMPTY_PULLS:
                empty += 1
            elif fault.codes & names.TIMED_OUTS and not timed_out:
                timed_out = 1
            elif fault.codes & (names.ENUMERATION_LOST | names.RECONNECT | names.TIMED_OUTS | {names.NO_DATA_YET}):
                if not fault.codes & names.ENUMERATION_LOST:
                    _release(
                        link, uri, selectors, context
                    )  # an open enumeration counts against the user's quota (wire L-04)
                raise _Interrupted(fault) from fault
            else:
                raise
        except (CannotConnect, NotAuthenticated, NotExecuted, OutcomeUnknown) as problem:
            if not _worth_repeating(problem):
                raise
            raise _Interrupted(problem) from problem


def _release(link: Link, uri: str, selectors: Selectors, context: str) -> None:
    """Tell the service that nobody will pull again. What comes of it does not matter: it ends by itself after a minute."""
    try:
        link.read(names.RELEASE, uri, _context_body("Release", context), selectors=selectors, attempts=1)
    except ConfigMgrError:
        pass


def _enumerate(wql: str, page: int, references: bool = False) -> bytes:
    """wire E-01. MaxElements is in the w namespace here, in n for Pull; both have to be equal (E-07)."""
    request = Element(f"{{{names.ENUMERATION}}}Enumerate")
    if references:
        SubElement(request, f"{{{names.WSMAN}}}EnumerationMode").text = "EnumerateEPR"
    SubElement(request, f"{{{names.WSMAN}}}OptimizeEnumeration")
    SubElement(request, f"{{{names.WSMAN}}}MaxElements").text = str(page)
    SubElement(request, f"{{{names.WSMAN}}}Filter", {"Dialect": names.WQL_DIALECT}).text = wql
    return markup.serialise(request)


def _context_body(verb: str, context: str, page: int = 0) -> bytes:
    request = Element(f"{{{names.ENUMERATION}}}{verb}")
    SubElement(request, f"{{{names.ENUMERATION}}}EnumerationContext").text = context
    if page:
        SubElement(request, f"{{{names.ENUMERATION}}}MaxElements").text = str(page)
    return markup.serialise(request)
