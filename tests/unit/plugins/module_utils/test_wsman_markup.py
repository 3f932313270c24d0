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
def test_nesting_has_an_end_both_ways(more: str) -> None:
    levels = markup.DEEPEST - 1
    good = f"<a>{nested(levels)}{more}</a>".encode()
    assert markup._is_plain(good) is not bool(more)
    markup.parse(good)
    for too_many in (levels + 1, 100_000):
        with pytest.raises(ElementTree.ParseError, match="nested more than 100"):
            markup.parse(f"<a>{nested(too_many)}{more}</a>".encode())


def test_a_type_is_resolved_however_its_prefix_is_called() -> None:
    document = (
        '<r xmlns:i="http://www.w3.org/2001/XMLSchema-instance" xmlns:p="urn:1"><a i:type="p:A"/>'
        '<b xmlns:p="urn:2" i:type = "p:B"/></r>'
    )
    first, second = markup.parse(document.encode())
    assert first.get(names.TYPE) == "{urn:1}A"
    assert second.get(names.TYPE) == "{urn:2}B"


def test_text_that_looks_like_markup_is_text() -> None:
    for text in ("&lt;!DOCTYPE a>", "<![CDATA[<!DOCTYPE a>]]>", "a:type"):
        document = f"<a>{text}</a>".encode()
        assert markup.parse(document).text == ElementTree.fromstring(document).text
