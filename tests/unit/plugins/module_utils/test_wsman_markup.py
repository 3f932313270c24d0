# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two ways to read a document: the short one is taken only where the long one would find the same."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._wsman import markup, names

SOME_ROWS = (
    '<s:Envelope xmlns:s="urn:s"><s:Body><w:Items xmlns:w="urn:w"><w:XmlFragment><Name>a &lt;&#xE9;&gt; b</Name>'
    '<Nothing xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/><Text>  </Text></w:XmlFragment>'
    "<w:XmlFragment><Name><![CDATA[c]]></Name><!-- d --></w:XmlFragment></w:Items></s:Body></s:Envelope>"
)
DECLARATION = '<?xml version="1.0" encoding="{}"?>'
DOCTYPE = '<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>'


def nested(levels: int) -> str:
    return "<a>" * levels + "</a>" * levels


@pytest.mark.parametrize("start", ["", "\ufeff", DECLARATION.format("utf-8"), "<?xml version='1.0'?>\n"])
def test_rows_take_the_short_way_and_read_the_same(start: str) -> None:
    document = (start + SOME_ROWS).encode()
    assert markup._is_plain(document)
    assert ElementTree.tostring(markup.parse(document)) == ElementTree.tostring(markup._parse_any(document))


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be", "cp037", "utf-7", "iso-8859-1"])
def test_another_encoding_takes_the_long_way(codec: str) -> None:
    """In these a DOCTYPE need not look like one."""
    declared = DECLARATION.format(codec)
    for document in ((declared + "<a/>").encode(codec), declared.encode("ascii") + "<a/>".encode(codec)):
        assert not markup._is_plain(document)


@pytest.mark.parametrize("start", ["", "\ufeff", DECLARATION.format("utf-8"), "<!-- x -->", "\n", "<?x y?>"])
def test_a_document_type_is_refused_wherever_it_stands(start: str) -> None:
    with pytest.raises(ElementTree.ParseError, match="document type"):
        markup.parse((start + DOCTYPE).encode())


def test_a_document_type_inside_is_no_document() -> None:
    for document in (b"<a>" + DOCTYPE.encode() + b"</a>", b"<a/>" + DOCTYPE.encode()):
        assert markup._is_plain(document)
        with pytest.raises(ElementTree.ParseError):
            markup.parse(document)


@pytest.mark.parametrize("codec", ["utf-16", "iso-8859-1", "cp037"])
def test_a_document_type_is_refused_in_any_encoding(codec: str) -> None:
    body = DOCTYPE.encode(codec)
    document = (DECLARATION.format(codec) + DOCTYPE).encode(codec) if codec == "utf-16" else b""
    with pytest.raises(ElementTree.ParseError):
        markup.parse(document or DECLARATION.format(codec).encode("ascii") + body)


@pytest.mark.parametrize("more", ["", '<b xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="c"/>'])
@pytest.mark.parametrize("start", ["", DECLARATION.format("iso-8859-1")])
def test_nesting_has_an_end_both_ways(start: str, more: str) -> None:
    levels = markup.DEEPEST - 1
    markup.parse(f"{start}<a>{nested(levels)}{more}</a>".encode())
    for too_many in (levels + 1, 100_000):
        with pytest.raises(ElementTree.ParseError, match="nested more than 100"):
            markup.parse(f"{start}<a>{nested(too_many)}{more}</a>".encode())


ROOT = '<r xmlns:i="http://www.w3.org/2001/XMLSchema-instance"{}>{}</r>'


@pytest.mark.parametrize(
    ("document", "short", "types"),
    [
        (ROOT.format(' xmlns:p="urn:1"', '<a i:type="p:A"/><b i:type = " p:B "/>'), True, ["{urn:1}A", "{urn:1}B"]),
        (ROOT.format("", '<p:a xmlns:p="urn:1" i:type="p:A"/>' * 2), True, ["{urn:1}A", "{urn:1}A"]),
        (ROOT.format("", "<p:a xmlns:p = 'urn:1' i:type='p:A'/>"), True, ["{urn:1}A"]),
        (ROOT.format(' xmlns="urn:0"', '<a i:type="A"/><b i:type="q:B"/>'), True, ["{urn:0}A", "q:B"]),
        # A prefix with two meanings, a character reference in one, and what only looks like one.
        (ROOT.format(' xmlns:p="urn:1"', '<a i:type="p:A"/><b xmlns:p="urn:2" i:type="p:B"/>'), False, ["{urn:1}A", "{urn:2}B"]),
        (ROOT.format(' xmlns:p="urn:&#x31;"', '<a i:type="p:A"/>'), False, ["{urn:1}A"]),
        (ROOT.format(' xmlns:p="urn:1"', '<a i:type="p:A">xmlns</a>'), False, ["{urn:1}A"]),
        (ROOT.format(' xmlns:p="urn:1"', '<a i:type="p:A"><![CDATA[ xmlns:p="urn:2"]]></a>'), False, ["{urn:1}A"]),
        (ROOT.format(' xmlns="urn:0"', '<a xmlns="" i:type="A"/>'), False, ["A"]),
    ],
)  # fmt: skip
def test_types_are_resolved_however_their_prefix_is_declared(document: str, short: bool, types: list[str]) -> None:
    assert (markup._declared(document.encode()) is not None) is short
    found = markup.parse(document.encode())
    assert [each.get(names.TYPE) for each in found] == types
    assert ElementTree.tostring(found) == ElementTree.tostring(markup._parse_any(document.encode()))


def test_text_that_looks_like_markup_is_text() -> None:
    for text in ("&lt;!DOCTYPE a>", "<![CDATA[<!DOCTYPE a>]]>", "a:type"):
        document = f"<a>{text}</a>".encode()
        assert markup.parse(document).text == ElementTree.fromstring(document).text
