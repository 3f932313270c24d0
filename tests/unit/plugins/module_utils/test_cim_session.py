# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A WMI namespace in both styles of resource URI, and which one is found out (wire U-01 to U-08, Q-01)."""

from __future__ import annotations

import re
from typing import Any
from xml.etree.ElementTree import canonicalize

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._cim.instance import ObjectPath
from ansible_collections.configmgr.content.plugins.module_utils._cim.session import WmiSession
from ansible_collections.configmgr.content.plugins.module_utils._cim.types import (
    BOOLEAN,
    EMBEDDED,
    STRING,
    UINT32,
    Codec,
    array_of,
)
from ansible_collections.configmgr.content.plugins.module_utils._wsman import names
from ansible_collections.configmgr.content.plugins.module_utils._wsman.errors import (
    BadValue,
    ListBroken,
    OutcomeUnknown,
    WSManFault,
)
from ansible_collections.configmgr.content.tests.unit.plugins.module_utils.scripted_host import Host, Step, fault

SPACE = "root/sms/site_PS1"
MICROSOFT = f"http://schemas.microsoft.com/wbem/wsman/1/wmi/{SPACE}/"
DMTF = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/"
KEYS = {"PackageID": "PS100042"}
QUERY = "SELECT PackageID FROM SMS_Package"
ROWS = (
    "<n:EnumerateResponse><n:EnumerationContext/><w:Items><w:XmlFragment><PackageID>PS100001</PackageID></w:XmlFragment>"
    "<w:XmlFragment><PackageID>PS100002</PackageID></w:XmlFragment></w:Items><w:EndOfSequence/></n:EnumerateResponse>"
)
# What WMI says of an absent object (wire F-01): the URI was understood.
ABSENT = fault(2150858752).replace(
    "<f:Message></f:Message>",
    "<f:Message><f:ExtendedError><e xmlns='urn:e'><Operation>GetObject</Operation></e></f:ExtendedError></f:Message>",
)
NO_NAMESPACE = fault(2150858754, 0x8004100E)


def opened(*steps: Step, style: str = "microsoft") -> tuple[Host, WmiSession]:
    host = Host(*steps)
    return host, WmiSession(host.link, "root\\sms\\site_PS1", style)


def uri(host: Host, number: int = -1) -> str:
    found = re.search(rb"<w:ResourceURI[^>]*>(.*?)</w:ResourceURI>", host.sent[number])
    assert found
    return found.group(1).decode()


def selectors(host: Host, number: int = -1) -> dict[str, str]:
    found = re.findall(rb'<w:Selector Name="(.*?)">(.*?)</w:Selector>', host.sent[number])
    return {name.decode(): value.decode() for name, value in found}


def package(base: str, class_name: str = "SMS_Package") -> str:
    return (
        f'<p:{class_name} xmlns:p="{base}{class_name}" xmlns:xsi="{names.XSI}"><p:Name>Old</p:Name>'
        f"<p:PackageID>PS100042</p:PackageID></p:{class_name}>"
    )


@pytest.mark.parametrize(("style", "base"), [("microsoft", MICROSOFT), ("dmtf", DMTF)])
def test_every_verb_in_both_styles(style: str, base: str) -> None:
    created = (
        f'<x:ResourceCreated xmlns:x="{names.TRANSFER}"><a:Address/><a:ReferenceParameters><w:ResourceURI>{base}SMS_Package'
        '</w:ResourceURI><w:SelectorSet><w:Selector Name="__cimnamespace">root/sms/site_PS1</w:Selector>'
        '<w:Selector Name="PackageID">PS100043</w:Selector></w:SelectorSet></a:ReferenceParameters></x:ResourceCreated>'
    )
    output = f'<p:RefreshPkgSource_OUTPUT xmlns:p="{base}SMS_Package"><p:ReturnValue>0</p:ReturnValue></p:RefreshPkgSource_OUTPUT>'
    host, session = opened(package(base), package(base), created, "", output, output, ROWS, style=style)
    space = {"__cimnamespace": SPACE} if style == "dmtf" else {}

    instance = session.get("SMS_Package", KEYS)
    assert (uri(host), selectors(host)) == (base + "SMS_Package", {**space, **KEYS})
    assert instance.path == ObjectPath(SPACE, "SMS_Package", (("PackageID", "PS100042"),))

    stored = session.put(instance, {"Name": (STRING, "New")})
    assert stored is not None
    assert (uri(host), selectors(host)) == (base + "SMS_Package", {**space, **KEYS})
    assert host.body(-1) == host.body(-1).replace("Old", "")
    assert "New" in host.body(-1)

    path = session.create("SMS_Package", {"Name": (STRING, "New"), "Version": (STRING, None)})
    assert (uri(host), selectors(host)) == (base + "SMS_Package", space)
    assert path == ObjectPath(SPACE, "SMS_Package", (("PackageID", "PS100043"),))
    assert "Version" not in host.body(-1)

    session.delete(path)
    assert (uri(host), selectors(host)) == (base + "SMS_Package", {**space, "PackageID": "PS100043"})

    assert session.invoke("SMS_Package", "RefreshPkgSource", {}, KEYS) == {"ReturnValue": 0}
    assert (uri(host), selectors(host)) == (base + "SMS_Package", {**space, **KEYS})
    assert host.actions[-1] == "RefreshPkgSource"

    session.invoke("SMS_ScheduleMethods", "ReadFromString", {"StringData": (STRING, "x")})
    assert (uri(host), selectors(host)) == (base + "SMS_ScheduleMethods", space)

    assert [row["PackageID"] for row in session.rows(QUERY, {"PackageID": STRING})] == ["PS100001", "PS100002"]
    everything = MICROSOFT + "*" if style == "microsoft" else "http://schemas.dmtf.org/wbem/wscim/1/*"
    assert (uri(host), selectors(host)) == (everything, space)
    assert host.link.requests == 7


def test_the_class_that_answers_counts_from_then_on() -> None:
    """wire G-02"""
    host, session = opened(package(MICROSOFT, "SMS_BootImagePackage"), "")
    instance = session.get("SMS_PackageBaseclass", KEYS)
    assert instance.class_name == "SMS_BootImagePackage"
    assert session.put(instance, {}) is None
    assert uri(host) == MICROSOFT + "SMS_BootImagePackage"


def test_out_parameters() -> None:
    """wire I-03, V-08: whatever the output element is called"""
    answer = (
        f'<p:SMS_ScheduleMethods_OUTPUT xmlns:p="{MICROSOFT}SMS_ScheduleMethods" xmlns:xsi="{names.XSI}">'
        '<p:ReturnValue>0</p:ReturnValue><p:TokenData xmlns:q="urn:q" xsi:type="q:SMS_ST_RecurInterval_Type"><q:DaySpan>7</q:DaySpan></p:TokenData>'
        "</p:SMS_ScheduleMethods_OUTPUT>"
    )
    _unused, session = opened(answer)
    found = session.invoke(
        "SMS_ScheduleMethods", "ReadFromString", {}, outputs={"TokenData": array_of(EMBEDDED), "Done": BOOLEAN}
    )
    assert found["ReturnValue"] == 0
    assert [token.class_name for token in found["TokenData"]] == ["SMS_ST_RecurInterval"]
    assert found["Done"] is None


@pytest.mark.parametrize("answer", ["", "<p:M_OUTPUT xmlns:p='urn:p'/>", fault(names.UNREPORTABLE_SUCCESS)])
def test_a_method_that_tells_nothing(answer: str) -> None:
    _unused, session = opened(answer)
    assert session.invoke("C", "M", {}) == {"ReturnValue": None}


def test_an_answer_that_cannot_be_read_came_after_the_call() -> None:
    _unused, session = opened("<p:M_OUTPUT xmlns:p='urn:p'><p:ReturnValue>many</p:ReturnValue></p:M_OUTPUT>")
    with pytest.raises(OutcomeUnknown):
        session.invoke("C", "M", {})


def test_a_creation_that_names_no_key() -> None:
    """wire C-05"""
    _unused, session = opened("")
    assert session.create("SMS_Package", {}).keys == ()


# --- which style ---


@pytest.mark.parametrize("code", [2150858752, 2150858754, 2150858811])
def test_the_style_is_probed_once_and_remembered(code: int) -> None:
    host, session = opened(fault(code), ROWS, package(DMTF), ROWS, style="auto")
    assert session.style == "auto"
    assert len(list(session.rows(QUERY, {"PackageID": STRING}))) == 2
    assert session.style == "dmtf"
    session.get("SMS_Package", KEYS)
    assert uri(host) == DMTF + "SMS_Package"
    other = session.with_namespace("root/sms")
    list(other.rows(QUERY, {"PackageID": STRING}))
    assert selectors(host) == {"__cimnamespace": "root/sms"}
    assert host.link.requests == 4


def test_the_first_success_settles_the_style() -> None:
    host, session = opened(ROWS, fault(2150858752), style="auto")
    list(session.rows(QUERY, {"PackageID": STRING}))
    assert session.style == "microsoft"
    with pytest.raises(WSManFault):
        session.get("SMS_Package", KEYS)
    assert host.link.requests == 2


@pytest.mark.parametrize("refusal", [ABSENT, NO_NAMESPACE, fault(5), fault(2150859042)])
def test_a_refusal_that_does_not_smell_of_the_uri_is_no_reason_to_probe(refusal: str) -> None:
    host, session = opened(refusal, style="auto")
    with pytest.raises(WSManFault):
        session.get("SMS_Package", KEYS)
    assert host.link.requests == 1
    assert session.style == "auto"


def test_if_both_are_refused_the_first_refusal_is_told() -> None:
    _unused, session = opened(fault(2150858754), fault(2150859065), style="auto")
    with pytest.raises(WSManFault) as caught:
        session.get("SMS_Package", KEYS)
    assert caught.value.code == 2150858754
    assert session.style == "auto"


@pytest.mark.parametrize("refusal", [ABSENT, fault(5)])
def test_if_the_second_refusal_is_about_the_object_that_one_is_told(refusal: str) -> None:
    _unused, session = opened(fault(2150858754), refusal, style="auto")
    with pytest.raises(WSManFault) as caught:
        session.get("SMS_Package", KEYS)
    assert caught.value.code != 2150858754


def test_a_write_is_never_a_probe() -> None:
    host, session = opened(fault(2150858754), style="auto")
    with pytest.raises(WSManFault):
        session.invoke("SMS_Package", "RefreshPkgSource", {}, KEYS)
    assert host.link.requests == 1


def test_a_style_nobody_knows() -> None:
    with pytest.raises(BadValue):
        opened(style="sideways")


# --- large objects ---

FRAGMENT = "<w:XmlFragment><p:{0} xmlns:p='{1}SMS_Package'>{2}</p:{0}></w:XmlFragment>"


def test_an_object_too_large_is_read_in_pieces_if_they_are_named() -> None:
    """wire G-06 to G-09, R-06"""
    host, session = opened(
        fault(2150858825), FRAGMENT.format("Name", MICROSOFT, "Old"), FRAGMENT.format("SourceVersion", MICROSOFT, 7)
    )
    instance = session.get("SMS_Package", KEYS, {"Name": STRING, "SourceVersion": UINT32})
    assert (instance.value("Name", STRING), instance.value("SourceVersion", UINT32)) == ("Old", 7)
    assert instance.partial
    sent = [re.search(rb"<w:FragmentTransfer[^>]*>(.*?)<", each) for each in host.sent]
    assert [each and each.group(1) for each in sent] == [None, b"Name", b"SourceVersion"]
    with pytest.raises(BadValue, match="cannot be written back"):
        session.put(instance, {"Name": (STRING, "New")})
    assert len(host.sent) == 3


def test_an_object_too_large_without_names_is_told() -> None:
    _unused, session = opened(fault(2150858824))
    with pytest.raises(WSManFault):
        session.get("SMS_Package", KEYS)


def test_one_property_by_itself() -> None:
    host, session = opened(FRAGMENT.format("Icon", MICROSOFT, 1))
    assert session.get_fragment("SMS_Package", KEYS, "Icon").names() == ("Icon",)
    assert len(host.sent) == 1


@pytest.mark.parametrize(
    ("codec", "value", "inside"),
    [
        (STRING, "<New>", "<p:Name>&lt;New&gt;</p:Name>"),
        (STRING, None, '<p:Name xsi:nil="true"/>'),
        (array_of(STRING), ["a", "b"], "<p:Name>a</p:Name><p:Name>b</p:Name>"),
        (array_of(STRING), [], '<p:Name xsi:nil="true"/>'),
    ],
)
@pytest.mark.parametrize("style", ["microsoft", "dmtf"])
def test_one_property_is_written(style: str, codec: Codec, value: Any, inside: str) -> None:
    """wire G-06 to G-08, P-07"""
    base = DMTF if style == "dmtf" else MICROSOFT
    host, session = opened(FRAGMENT.format("Name", base, "stored"), style=style)
    stored = session.put_fragment("SMS_Package", KEYS, "Name", codec, value)
    assert stored is not None
    assert stored.value("Name", STRING) == "stored"
    assert (stored.partial, stored.class_name) == (True, "SMS_Package")
    assert host.actions == ["Put"]
    assert b'<w:FragmentTransfer s:mustUnderstand="true">Name</w:FragmentTransfer>' in host.sent[0]
    spaces = f'xmlns:w="{names.WSMAN}" xmlns:p="{base}SMS_Package" xmlns:xsi="{names.XSI}"'
    assert host.body(0) == canonicalize(f"<w:XmlFragment {spaces}>{inside}</w:XmlFragment>", rewrite_prefixes=True)
    with pytest.raises(BadValue, match="cannot be written back"):
        session.put(stored, {})


def test_a_fragment_that_was_written_without_an_answer() -> None:
    """wire P-05"""
    _unused, session = opened("")
    assert session.put_fragment("SMS_Package", KEYS, "Name", STRING, "New") is None


@pytest.mark.parametrize("name", ["/Name", "Name[1]", "", "Name Other", "Na<me"])
def test_a_fragment_is_a_bare_name(name: str) -> None:
    """wire G-07"""
    host, session = opened()
    with pytest.raises(BadValue, match="not the name of a property"):
        session.put_fragment("SMS_Package", KEYS, name, STRING, "New")
    with pytest.raises(BadValue, match="not the name of a property"):
        session.get_fragment("SMS_Package", KEYS, name)
    assert host.sent == []


# --- rows ---


def test_rows_are_asked_for_when_they_are_wanted_and_given_up_when_they_are_not() -> None:
    context = ROWS.replace("<n:EnumerationContext/>", "<n:EnumerationContext>c1</n:EnumerationContext>").replace(
        "<w:EndOfSequence/>", ""
    )
    host, session = opened(
        context, "<n:PullResponse><n:EnumerationContext>c2</n:EnumerationContext></n:PullResponse>", ""
    )
    rows: Any = session.rows(QUERY, {"PackageID": STRING})
    assert host.sent == []
    assert next(rows) == {"PackageID": "PS100001"}
    rows.close()
    assert host.actions == ["Enumerate", "Pull", "Release"]


def test_a_broken_list_is_no_list() -> None:
    context = ROWS.replace("<n:EnumerationContext/>", "<n:EnumerationContext>c1</n:EnumerationContext>").replace(
        "<w:EndOfSequence/>", ""
    )
    _unused, session = opened(
        context,
        "<n:PullResponse><n:EnumerationContext>c2</n:EnumerationContext></n:PullResponse>",
        OutcomeUnknown("cut"),
    )
    with pytest.raises(ListBroken):
        list(session.rows(QUERY, {"PackageID": STRING}))


def test_whole_objects() -> None:
    _unused, session = opened(
        f"<n:EnumerateResponse><w:Items>{package(MICROSOFT)}</w:Items><w:EndOfSequence/></n:EnumerateResponse>"
    )
    (instance,) = session.instances("SELECT * FROM SMS_Package")
    assert instance.value("Name", STRING) == "Old"
    with pytest.raises(BadValue):
        session.put(instance, {})


def test_no_rows() -> None:
    _unused, session = opened("<n:EnumerateResponse><w:Items/><w:EndOfSequence/></n:EnumerateResponse>", style="auto")
    assert list(session.rows(QUERY, {"PackageID": STRING})) == []
    assert session.style == "microsoft"
