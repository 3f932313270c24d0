# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One WMI namespace over one link: resource URIs in both styles, objects and rows (wire sections 1 to 7)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar
from xml.etree.ElementTree import Element

from .._wsman import markup, names, verbs
from .._wsman.errors import BadValue, OutcomeUnknown, WSManFault
from .._wsman.verbs import Link
from .instance import (
    Changes,
    Instance,
    ObjectPath,
    RowReader,
    method_input,
    new_instance,
    property_alone,
    with_plain_dates,
)
from .types import SINT64, Codec
from .wql import select

MICROSOFT, DMTF, AUTO = "microsoft", "dmtf", "auto"

Result = TypeVar("Result")
_RETURN_VALUE = RowReader({"ReturnValue": SINT64})
_NAME = re.compile(r"[A-Za-z_]\w*\Z", re.ASCII)


class WmiSession:
    """Reads and writes the objects of one namespace. Raises what the verbs raise: WSManFault, NotExecuted, OutcomeUnknown, ..."""

    def __init__(self, link: Link, namespace: str, uri_style: str = AUTO) -> None:
        if uri_style not in (MICROSOFT, DMTF, AUTO):
            raise BadValue(f"uri_style is microsoft, dmtf or auto, not {uri_style!r}")
        self.link = link
        self.namespace = namespace.replace("\\", "/").strip("/")
        self._asked_style = uri_style

    @property
    def style(self) -> str:
        """The form of resource URI in use; auto until the first answer has settled it."""
        return self._asked_style if self._asked_style != AUTO else self.link.uri_style or AUTO

    def with_namespace(self, namespace: str) -> WmiSession:
        """The same link, another namespace."""
        return WmiSession(self.link, namespace, self._asked_style)

    def get(
        self, class_name: str, keys: Mapping[str, str], properties: Mapping[str, Codec] | tuple[str, ...] | None = None
    ) -> Instance:
        """One object by its keys, lazy properties included (wire G-05).

        Where it is too large for the envelope and `properties` names what is wanted, those are read one by one; the
        instance is then `partial` (wire R-06).
        """

        def whole(style: str) -> Instance:
            element = verbs.get(self.link, self._uri(class_name, style), self._selectors(keys, style))
            path = ObjectPath(self.namespace, markup.local(element.tag), tuple(keys.items()))
            return Instance(element, self.namespace, path)

        try:
            return self._read(whole)
        except WSManFault as fault:
            if not properties or not fault.codes & names.TOO_LARGE:
                raise
        return self._in_fragments(class_name, keys, tuple(properties))

    def get_fragment(self, class_name: str, keys: Mapping[str, str], name: str) -> Instance:
        """One property of an object, as an instance that has no other (wire G-06)."""
        return self._in_fragments(class_name, keys, (name,))

    def _in_fragments(self, class_name: str, keys: Mapping[str, str], wanted: tuple[str, ...]) -> Instance:
        def parts(style: str) -> Instance:
            uri, selectors = self._uri(class_name, style), self._selectors(keys, style)
            whole = Element(f"{{{uri}}}{class_name}")
            for name in wanted:
                whole.extend(list(verbs.get(self.link, uri, selectors, fragment=_bare(name))))
            path = ObjectPath(self.namespace, class_name, tuple(keys.items()))
            return Instance(whole, self.namespace, path, partial=True)

        return self._read(parts)

    def rows(self, wql: str, codecs: Mapping[str, Codec]) -> Iterator[dict[str, Any]]:
        """The rows of a query, each with every name in `codecs`. Complete only if it ends without an error."""
        read = RowReader(codecs)
        return (read(element) for element in self._walk(wql))

    def instances(self, wql: str) -> Iterator[Instance]:
        """Whole objects (SELECT *). Lazy properties are not there."""
        return (Instance(element, self.namespace) for element in self._walk(wql))

    def first_object(self, class_name: str) -> Element | None:
        """The first object of a class as it stands in the answer, None if there is none. Asks for one row, not for all."""
        found = self._walk(select(("*",), class_name), page=1)
        try:
            return next(found, None)
        finally:
            found.close()  # type: ignore[attr-defined]

    def paths(self, wql: str) -> Iterator[ObjectPath]:
        """Where the objects of a query are (SELECT *): each with its real class, which may be a derived one, and its keys (wire E-11)."""
        for reference in self._walk(wql, references=True):
            uri = next((each.text or "" for each in reference.iter(f"{{{names.WSMAN}}}ResourceURI")), "")
            yield ObjectPath(self.namespace, uri.rpartition("/")[2], _keys_in(reference))

    def _walk(self, query: str, page: int = verbs.PAGE, references: bool = False) -> Iterator[Element]:
        def first(style: str) -> tuple[Element | None, Iterator[Element]]:
            selectors = self._selectors({}, style)
            uri = names.DMTF_ALL if style == DMTF else f"{names.MICROSOFT_CLASS}{self.namespace}/*"
            walked = verbs.walk(self.link, uri, query, selectors=selectors, page=page, references=references)
            return next(walked, None), walked

        element, rest = self._read(first)
        try:
            if element is not None:
                yield element
                yield from rest
        finally:
            rest.close()  # type: ignore[attr-defined]

    def put(self, instance: Instance, changes: Changes) -> Instance | None:
        """Write the object back with these changes. The answer is the object as stored, if the service sends it (wire P-05)."""
        if instance.path is None or instance.partial:
            raise BadValue(
                f"{instance!r} was not read as a whole and cannot be written back",
                hint="Raise max_envelope_size here and MaxEnvelopeSizekb on the provider host.",
            )
        style = self._style_to_write()
        keys = dict(instance.path.keys)
        uri, selectors = self._uri(instance.class_name, style), self._selectors(keys, style)
        answer = self._sent(instance.changed(changes), lambda body: verbs.put(self.link, uri, selectors, body))
        return None if answer is None else Instance(answer, self.namespace, instance.path)

    def put_fragment(
        self, class_name: str, keys: Mapping[str, str], name: str, codec: Codec, value: Any
    ) -> Instance | None:
        """Write one property of an object that is too large for the envelope; where `put` works, use that.

        No public record shows the SMS Provider taking it (wire P-07, Q-10): read the property back with `get_fragment`
        and compare, also after an answer. Each call is a write of its own, so two properties are two messages at the
        site. The answer is an instance with that property alone, or None. Raises BadValue for what is no property name.
        """
        style = self._style_to_write()
        uri = self._uri(class_name, style)
        bare, selectors = _bare(name), self._selectors(keys, style)
        answer = self._sent(
            property_alone(uri, name, codec, value),
            lambda body: verbs.put_fragment(self.link, uri, selectors, bare, body),
        )
        if answer is None:
            return None
        path = ObjectPath(self.namespace, class_name, tuple(keys.items()))
        return Instance(answer, self.namespace, path, partial=True)

    def create(self, class_name: str, values: Changes) -> ObjectPath:
        """Make an object. A key the answer does not name is missing in the path: then ask for it (wire C-05)."""
        style = self._style_to_write()
        uri = self._uri(class_name, style)
        answer = self._sent(
            new_instance(uri, class_name, values),
            lambda body: verbs.create(self.link, uri, body, self._selectors({}, style)),
        )
        return ObjectPath(self.namespace, class_name, () if answer is None else _keys_in(answer))

    def delete(self, path: ObjectPath) -> None:
        """Delete an object. One that is gone already raises the fault that says so (wire C-08)."""
        style = self._style_to_write()
        verbs.delete(self.link, self._uri(path.class_name, style), self._selectors(dict(path.keys), style))

    def invoke(
        self,
        class_name: str,
        method: str,
        arguments: Changes,
        keys: Mapping[str, str] | None = None,
        outputs: Mapping[str, Codec] | None = None,
        timeout: float | None = None,
        reading: bool = False,
    ) -> dict[str, Any]:
        """Call a method on an object, or without keys on the class. `ReturnValue` is in the result, None if it was not told.

        `reading`: the method changes nothing, so a lost call is repeated.
        """
        answer = self.answer_of(class_name, method, arguments, keys, timeout=timeout, reading=reading)
        read = RowReader({"ReturnValue": SINT64, **outputs}) if outputs else _RETURN_VALUE
        try:
            return read(answer)
        except BadValue as problem:
            # The method was carried out, and what it says cannot be read.
            raise OutcomeUnknown(f"The answer of {method} cannot be read: {problem}", where=self.link.to) from problem

    def answer_of(
        self,
        class_name: str,
        method: str,
        arguments: Changes,
        keys: Mapping[str, str] | None = None,
        timeout: float | None = None,
        reading: bool = False,
    ) -> Element:
        """What a method answers, as it stands there; an element without content where it tells nothing."""
        style = self._style_to_write()
        uri = self._uri(class_name, style)
        selectors = self._selectors(keys or {}, style)
        answer = self._sent(
            method_input(uri, method, arguments),
            lambda body: verbs.invoke(self.link, uri, method, body, selectors, timeout=timeout, reading=reading),
        )
        return Element("nothing") if answer is None else answer

    def _sent(self, body: bytes, send: Callable[[bytes], Result]) -> Result:
        """Send a body; where the host refuses dates without a zone in the form of WMI, once more as xs:dateTime (wire T-09).

        Such a refusal comes before execution.
        """
        if self.link.plain_dates:
            return send(with_plain_dates(body))
        try:
            return send(body)
        except WSManFault as refused:
            plain = with_plain_dates(body)
            if plain == body or not refused.codes & names.BAD_VALUES:
                raise
            try:
                answer = send(plain)
            except WSManFault:
                raise refused from None
        self.link.plain_dates = True
        return answer

    def _uri(self, class_name: str, style: str) -> str:
        if style == DMTF:
            return names.DMTF_CLASS + class_name
        return f"{names.MICROSOFT_CLASS}{self.namespace}/{class_name}"

    def _selectors(self, keys: Mapping[str, str], style: str) -> list[tuple[str, str]]:
        """The namespace is a selector only in the DMTF style; in the other it may be refused (wire U-03, U-04)."""
        space = [(names.NAMESPACE_SELECTOR, self.namespace)] if style == DMTF else []
        return space + list(keys.items())

    def _style_to_write(self) -> str:
        return MICROSOFT if self.style == AUTO else self.style

    def _read(self, ask: Callable[[str], Result]) -> Result:
        """Ask in the style in use; while it is not settled, once more in the other if the refusal smells of the URI (wire Q-01)."""
        if self.style != AUTO:
            return ask(self.style)
        try:
            result = ask(MICROSOFT)
        except WSManFault as refused:
            if not _smells_of_uri(refused):
                raise
            try:
                result = ask(DMTF)
            except WSManFault as second:
                raise (second if _came_to_wmi(second) else refused) from None
            self.link.uri_style = DMTF
            return result
        self.link.uri_style = MICROSOFT
        return result


def _keys_in(reference: Element) -> tuple[tuple[str, str], ...]:
    """The selectors of an endpoint reference, without the namespace (wire C-04)."""
    found = ((each.get("Name", ""), each.text or "") for each in reference.iter(f"{{{names.WSMAN}}}Selector"))
    return tuple((name, text) for name, text in found if name != names.NAMESPACE_SELECTOR and text)


def _bare(name: str) -> str:
    """A property name as a fragment path: Windows refuses a slash before it (wire G-07)."""
    if not _NAME.match(name):
        raise BadValue(f"{name!r} is not the name of a property", hint="Nothing was sent.")
    return name


def _smells_of_uri(fault: WSManFault) -> bool:
    """Whether the service did not take the URI. Where WMI itself speaks, it did: an absent object reads alike otherwise."""
    return not _came_to_wmi(fault) and bool(fault.codes & (names.INVALID_URIS | {names.RESOURCE_NOT_FOUND}))


def _came_to_wmi(fault: WSManFault) -> bool:
    """Whether the service took the URI: WMI itself answered, or the account may not ask (code 5)."""
    return bool(fault.extended) or 5 in fault.codes or any(code >> 16 == 0x8004 for code in fault.codes)
