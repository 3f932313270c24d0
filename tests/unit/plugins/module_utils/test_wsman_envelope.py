# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests against envelopes written by hand from the specification's sections, and answers opened or refused."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import canonicalize

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._wsman import envelope, markup, names
from ansible_collections.configmgr.content.plugins.module_utils._wsman.envelope import Option
from ansible_collections.configmgr.content.plugins.module_utils._wsman.errors import (
    BadValue,
    OutcomeUnknown,
    WSManFault,
)

PACKAGE = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/sms/site_PS1/SMS_Package"
ID = "uuid:0B5D2C1E-7F1B-4B7C-9C53-1B6C3D2E4F50"
BASE: dict[str, Any] = {
    "to": "https://cmprov.corp.example:5986/wsman",
    "message_id": ID,
    "max_envelope_size": 512000,
    "operation_timeout": 60.0,
}

# wire H-02: the header set that works everywhere, with the selector of a Get (G-01)
GET = """
<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"
            xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" xmlns:m="http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd">
  <s:Header>
    <a:To>https://cmprov.corp.example:5986/wsman</a:To>
    <w:ResourceURI s:mustUnderstand="true">http://schemas.microsoft.com/wbem/wsman/1/wmi/root/sms/site_PS1/SMS_Package</w:ResourceURI>
    <a:ReplyTo><a:Address s:mustUnderstand="true">http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:Address></a:ReplyTo>
    <a:Action s:mustUnderstand="true">http://schemas.xmlsoap.org/ws/2004/09/transfer/Get</a:Action>
    <w:MaxEnvelopeSize s:mustUnderstand="true">512000</w:MaxEnvelopeSize>
    <a:MessageID>uuid:0B5D2C1E-7F1B-4B7C-9C53-1B6C3D2E4F50</a:MessageID>
    <w:Locale xml:lang="en-US" s:mustUnderstand="false"/>
    <m:DataLocale xml:lang="en-US" s:mustUnderstand="false"/>
    <w:OperationTimeout>PT60S</w:OperationTimeout>
    <w:SelectorSet><w:Selector Name="PackageID">PS100042</w:Selector></w:SelectorSet>
  </s:Header>
  <s:Body/>
</s:Envelope>"""

# wire G-06 (fragment), H-11 (options)
GET_FRAGMENT = GET.replace(
    "</s:Header>",
    '<w:OptionSet><w:Option Name="wmi:MachineName">WKS-7</w:Option>'
    '<w:Option Name="wmi:QueryQualifiers" Type="xs:boolean">true</w:Option></w:OptionSet>'
    '<w:FragmentTransfer s:mustUnderstand="true">RefreshSchedule</w:FragmentTransfer></s:Header>',
)

# wire A-01
IDENTIFY = """
<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"
            xmlns:wsmid="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd">
  <s:Header/><s:Body><wsmid:Identify/></s:Body>
</s:Envelope>"""


def same(written: bytes, golden: str) -> bool:
    return canonicalize(written.decode(), strip_text=True, rewrite_prefixes=True) == canonicalize(
        golden, strip_text=True, rewrite_prefixes=True
    )


def test_get_is_the_envelope_of_the_page() -> None:
    assert same(envelope.build(names.GET, PACKAGE, selectors=[("PackageID", "PS100042")], **BASE), GET)


def test_fragment_and_options() -> None:
    written = envelope.build(
        names.GET,
        PACKAGE,
        selectors=[("PackageID", "PS100042")],
        options=[("wmi:MachineName", "WKS-7"), Option("wmi:QueryQualifiers", "true", "xs:boolean")],
        fragment="RefreshSchedule",
        **BASE,
    )
    assert same(written, GET_FRAGMENT)


def test_identify() -> None:
    assert same(envelope.identify(), IDENTIFY)


def test_operation_id_is_never_sent() -> None:
    """wire H-10"""
    assert b"OperationID" not in envelope.build(names.GET, PACKAGE, **BASE)


@pytest.mark.parametrize(
    ("seconds", "text"), [(60, "PT60S"), (0.5, "PT0.5S"), (600.0, "PT600S"), (1.2345, "PT1.234S"), (100, "PT100S")]
)
def test_durations(seconds: float, text: str) -> None:
    assert envelope.duration(seconds) == text


def test_what_xml_would_break_is_escaped() -> None:
    hostile = "<&>\"']]>\r\n\t"
    written = envelope.build(names.GET, PACKAGE, selectors=[("A", hostile)], **BASE)
    found = markup.parse(written).find(f".//{{{names.WSMAN}}}Selector")
    assert found is not None
    assert found.text == hostile


@pytest.mark.parametrize("bad", ["\x00", "\x0b", "\x1f", "\ufffe", "\ud800"])
def test_what_xml_cannot_carry_is_refused(bad: str) -> None:
    """wire T-10"""
    with pytest.raises(BadValue, match=r"key A contains the character U\+.{4} at position 3"):
        envelope.build(names.GET, PACKAGE, selectors=[("A", f"xy{bad}")], **BASE)


def answer(body: str, related: str | None = ID, encoding: str = "utf-8") -> bytes:
    header = f"<a:RelatesTo>{related}</a:RelatesTo>" if related else ""
    text = (
        f'<?xml version="1.0" encoding="{encoding}"?>'
        f'<s:Envelope xmlns:s="{names.SOAP}" xmlns:a="{names.ADDRESSING}">'
        f"<s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    )
    return text.encode(encoding)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig"])
def test_an_answer_in_any_encoding(encoding: str) -> None:
    document = answer("<Ä>ö</Ä>", encoding=encoding).replace(b"utf-8-sig", b"utf-8")
    element = envelope.open_answer(document, ID)
    assert element is not None
    assert (element.tag, element.text) == ("Ä", "ö")


def test_utf16_without_mark() -> None:
    element = envelope.open_answer(answer("<A/>", encoding="utf-16").decode("utf-16").encode("utf-16-le"), ID)
    assert element is not None


def test_an_empty_body_is_none() -> None:
    assert envelope.open_answer(answer(""), ID) is None


@pytest.mark.parametrize("related", ["uuid:ANOTHER", None])
def test_the_answer_to_another_request_is_refused(related: str | None) -> None:
    with pytest.raises(OutcomeUnknown, match="another request"):
        envelope.open_answer(answer("<A/>", related), ID)


def test_the_case_of_the_message_id_does_not_matter() -> None:
    assert envelope.open_answer(answer("<A/>", ID.lower()), ID) is not None


FAULT = "<s:Fault><s:Code><s:Value>s:Sender</s:Value></s:Code><s:Reason><s:Text>no</s:Text></s:Reason></s:Fault>"


def test_a_fault_may_lack_relates_to_but_not_have_another() -> None:
    with pytest.raises(WSManFault):
        envelope.open_answer(answer(FAULT, None), ID)
    with pytest.raises(OutcomeUnknown):
        envelope.open_answer(answer(FAULT, "uuid:ANOTHER"), ID)


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"<html><body>Service Unavailable</body></html>",
        b"<unclosed>",
        b"\x00\x01\x02",
        b'<?xml version="1.0" encoding="klingon"?><a/>',
        b'<Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/"><Body/></Envelope>',
        f'<s:Envelope xmlns:s="{names.SOAP}"/>'.encode(),
        b'<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>',
        b'<!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "&b;&b;&b;"><!ENTITY d "&c;&c;&c;">]><a>&d;</a>',
        answer("<A>" * 200 + "</A>" * 200),
        answer("<A/>").replace(b"?>", b'?><!DOCTYPE x SYSTEM "http://elsewhere.example/x.dtd">', 1),
    ],
)
def test_nonsense_leaves_the_outcome_unknown(document: bytes) -> None:
    with pytest.raises(OutcomeUnknown):
        envelope.open_answer(document, ID)


def test_a_prefix_only_a_type_uses_survives() -> None:
    """ElementTree drops it. The same letter may stand for two namespaces in one document."""
    text = (
        f'<r xmlns:xsi="{names.XSI}" xmlns="urn:default"><a xmlns:e="urn:one" xsi:type="e:A_Type"/>'
        '<a xmlns:e="urn:two" xsi:type="e:B_Type"/><a xsi:type="C_Type"/><a xsi:type="zz:D_Type"/></r>'
    )
    root = markup.parse(text.encode())
    types = [each.get(names.TYPE) for each in root]
    assert types == ["{urn:one}A_Type", "{urn:two}B_Type", "{urn:default}C_Type", "zz:D_Type"]
    again = markup.parse(markup.serialise(root))
    assert [each.get(names.TYPE) for each in again] == types


def test_what_xml_allows_besides_elements_changes_nothing() -> None:
    """Comments, processing instructions, CDATA and references, wherever they stand."""
    inside = "<A><!-- 1 -->a<!-- 2 -->b<?pi ?><![CDATA[<c>]]>&#x41;<B/><!-- 3 --></A><!-- 4 -->"
    found = envelope.open_answer(answer("<!-- 0 -->" + inside), ID)
    assert found is not None
    assert (found.tag, found.text, [each.tag for each in found]) == ("A", "ab<c>A", ["B"])


def test_a_tree_may_be_as_deep_as_objects_in_objects_are() -> None:
    assert envelope.open_answer(answer("<A>" * 60 + "</A>" * 60), ID) is not None
