# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""XML in and out without loss: no DTD, no prefix lost that only a type attribute uses, no character that XML forbids.

A value of xsi:type is held as `{namespace}Name` in memory, because ElementTree forgets the prefixes that the text form
needs; `serialise` gives it a prefix again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from . import names
from .errors import BadValue

# wire T-10: what XML 1.0 cannot carry, lone surrogates included
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# Objects in objects are a few levels deep (wire T-14). What copies and writes a tree calls itself, a level for a level.
DEEPEST = 100
_TOO_DEEP = f"elements are nested more than {DEEPEST} levels deep"
_DECLARATION = re.compile(rb"""\sxmlns(?::([^\s=]+))?\s*=\s*(?:"([^"&<\s]*)"|'([^'&<\s]*)')""")
# UTF-8 that says so, or says nothing. Any other encoding could hide markup from a look at the bytes. Then the first
# element, at once.
_PLAIN_START = re.compile(
    rb"""(?:\xef\xbb\xbf)?(?:<\?xml\s+version=["']1\.0["'](?:\s+encoding=["'][Uu][Tt][Ff]-8["'])?\s*\?>\s*)?<[^?!\x00]"""
)


class _Builder(ElementTree.TreeBuilder):
    """Builds the tree, refuses a DOCTYPE and endless nesting, and resolves the prefix in xsi:type while it is in scope."""

    def __init__(self) -> None:
        super().__init__()
        self._scopes: dict[str, list[str]] = {}
        self._depth = 0

    def start_ns(self, prefix: str, uri: str) -> None:
        self._scopes.setdefault(prefix or "", []).append(uri)

    def end_ns(self, prefix: str) -> None:
        self._scopes[prefix or ""].pop()

    def start(self, tag: Any, attrs: dict[Any, Any], /) -> Element:
        self._depth += 1
        if self._depth > DEEPEST:
            raise ElementTree.ParseError(_TOO_DEEP)
        named = attrs.get(names.TYPE)
        if named:
            prefix, _unused, local = named.strip().rpartition(":")
            scope = self._scopes.get(prefix)
            if scope and scope[-1]:
                attrs[names.TYPE] = f"{{{scope[-1]}}}{local}"
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> Element:
        self._depth -= 1
        return super().end(tag)

    def doctype(self, name: str, pubid: str, system: str) -> None:
        raise ElementTree.ParseError("a document type declaration is not accepted")


def parse(document: bytes) -> Element:
    """Read a document in UTF-8 or UTF-16. Raises xml.etree.ElementTree.ParseError."""
    if not _is_plain(document):
        return _parse_any(document)
    if b":type" not in document:
        return _parse_plain(document)
    namespaces = _declared(document)
    return _parse_any(document) if namespaces is None else _with_types(_parse_plain(document), namespaces)


def _is_plain(document: bytes) -> bool:
    """Whether its bytes show that it has no DOCTYPE: it is UTF-8, where markup looks as it is, and begins with its root element.

    A DOCTYPE after that is not well-formed, and refused for it.
    """
    return _PLAIN_START.match(document) is not None


def _declared(document: bytes) -> dict[str, str] | None:
    """The namespace of each prefix; None unless the bytes show that each means the same in the whole document."""
    found = _DECLARATION.findall(document)
    namespaces: dict[str, str] = {}
    for prefix, quoted, quoted_otherwise in found:
        uri = (quoted or quoted_otherwise).decode("utf-8", "replace")
        if namespaces.setdefault(prefix.decode("utf-8", "replace"), uri) != uri:
            return None
    return namespaces if len(found) == document.count(b"xmlns") else None


def _parse_plain(document: bytes) -> Element:
    """Read it by the library's own builder, which takes half the time."""
    parser = ElementTree.XMLParser()
    parser.feed(document)
    root: Element = parser.close()
    level = [root]
    for _depth in range(DEEPEST):
        below: list[Element] = []
        for each in level:
            if len(each):
                below += each[:]
        if not below:
            return root
        level = below
    raise ElementTree.ParseError(_TOO_DEEP)


def _with_types(root: Element, namespaces: dict[str, str]) -> Element:
    """Resolve the prefixes in xsi:type, as `_Builder` does."""
    for each in root.iter():
        named = each.get(names.TYPE)
        if named:
            prefix, _unused, local = named.strip().rpartition(":")
            if namespaces.get(prefix):
                each.set(names.TYPE, f"{{{namespaces[prefix]}}}{local}")
    return root


def _parse_any(document: bytes) -> Element:
    parser = ElementTree.XMLParser(target=_Builder())
    try:
        parser.feed(document)
        root: Element = parser.close()
    except (LookupError, ValueError) as problem:  # an encoding nobody knows
        raise ElementTree.ParseError(str(problem)) from None
    return root


def local(tag: str) -> str:
    """The name without its namespace."""
    return tag.rpartition("}")[2]


def namespace(tag: str) -> str:
    """The namespace of a tag, empty if it has none."""
    return tag[1:].partition("}")[0] if tag.startswith("{") else ""


def child(element: Element | None, name: str) -> Element | None:
    """The first child of that local name, in whatever namespace."""
    if element is None:
        return None
    return next((each for each in element if local(each.tag) == name), None)


def leaves(element: Element) -> Iterator[tuple[str, str]]:
    """Local name and text of everything below that begins with text; a fault's message may hold elements as well (wire F-02)."""
    for each in element.iter():
        if each is not element and each.text and each.text.strip():
            yield local(each.tag), each.text.strip()


def check_text(text: str, label: str = "text") -> str:
    """The text, if XML 1.0 can carry it; BadValue otherwise (wire T-10)."""
    found = _FORBIDDEN.search(text)
    if found:
        raise BadValue(
            f"{label} contains the character U+{ord(found.group()):04X} at position {found.start() + 1}, which XML cannot carry",
            hint="Remove it; nothing was sent.",
        )
    return text


def escape(text: str, label: str = "text") -> str:
    """Text for element content and attribute values. A carriage return is written as a reference, else parsers turn it into a line feed."""
    check_text(text, label)
    for plain, written in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("\r", "&#xD;")):
        if plain in text:
            text = text.replace(plain, written)
    return text


def _attribute(text: str, label: str) -> str:
    return escape(text, label).replace("\n", "&#xA;").replace("\t", "&#x9;")


def serialise(element: Element) -> bytes:
    """The element as UTF-8, complete in itself: every prefix it uses is declared on its root."""
    prefixes: dict[str, str] = {}

    def prefixed(name: str) -> str:
        uri = namespace(name)
        if not uri:
            return name
        if uri not in prefixes:
            known = names.PREFIXES.get(uri)
            # The first unknown namespace is that of the object in hand, which the wire page calls p.
            count = sum(1 for used in prefixes if used not in names.PREFIXES)
            prefixes[uri] = known or ("p" if count == 0 else f"p{count}")
        return f"{prefixes[uri]}:{local(name)}"

    def written(each: Element) -> str:
        tag = prefixed(each.tag)
        parts = [tag]
        for name, value in each.attrib.items():
            said = prefixed(value) if name == names.TYPE and value.startswith("{") else value
            parts.append(f'{prefixed(name)}="{_attribute(said, name)}"')
        start = " ".join(parts)
        inside = escape(each.text or "", local(each.tag))
        for below in each:
            inside += written(below)
            inside += escape(below.tail or "", local(each.tag))
        return f"<{start}>{inside}</{tag}>" if inside else f"<{start}/>"

    body = written(element)
    declared = "".join(
        f' xmlns:{prefix}="{_attribute(uri, "namespace")}"' for uri, prefix in prefixes.items() if prefix != "xml"
    )
    end_of_name = re.match(r"<[^\s/>]+", body)
    cut = end_of_name.end() if end_of_name else 0
    return (body[:cut] + declared + body[cut:]).encode("utf-8")
