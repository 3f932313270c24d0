# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Headers, Get, Put, Create, Delete, Invoke, class metadata and values of the simulator's front (wire U to T, F, K)."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fake_front_site import FakeSite, token
from front_client import DMTF, NS, PACKAGE, SITE, Client, Fault, envelope, texts
from lxml import etree

from smsprovsim.clock import LogicalClock
from smsprovsim.model import CimDateTime
from smsprovsim.server import Server

GET = NS["x"] + "/Get"
KEY = {"PackageID": "PS100001"}
MI = [("__MI_CallbackRegistration", "11", "int")]
P = f"{{{PACKAGE}}}"
NIL = f"{{{NS['xsi']}}}nil"


def fault_of(call: Callable[..., Any], *arguments: Any, **more: Any) -> Fault:
    """The fault that a call ends in."""
    with pytest.raises(Fault) as caught:
        call(*arguments, **more)
    return caught.value


# Headers


@pytest.mark.parametrize(
    ("change", "code", "subcode"),
    [
        ({"leave_out": ("Action",)}, 2150858769, "a:MessageInformationHeaderRequired"),
        ({"leave_out": ("ReplyTo",)}, 2150858769, "a:MessageInformationHeaderRequired"),
        ({"leave_out": ("MessageID",)}, 2150858769, "a:MessageInformationHeaderRequired"),
        ({"leave_out": ("To",)}, 2150858769, "a:MessageInformationHeaderRequired"),
        ({"leave_out": ("ResourceURI",)}, 2150858811, "a:DestinationUnreachable"),
        ({"header": '<z:X xmlns:z="urn:z" s:mustUnderstand="true"/>'}, 2150858768, None),
        (
            {"leave_out": ("Locale",), "header": '<w:Locale xml:lang="de" s:mustUnderstand="true"/>'},
            2150858887,
            "w:UnsupportedFeature",
        ),
        ({"header": '<m:DataLocale xml:lang="de" s:mustUnderstand="true"/>'}, 2150858887, "w:UnsupportedFeature"),
        ({"header": "<a:FaultTo><a:Address>urn:me</a:Address></a:FaultTo>"}, 2150858887, "w:UnsupportedFeature"),
        (
            {"leave_out": ("ReplyTo",), "header": "<a:ReplyTo><a:Address>urn:me</a:Address></a:ReplyTo>"},
            2150858887,
            "w:UnsupportedFeature",
        ),
        ({"header": '<m:FragmentTransfer s:mustUnderstand="true">Name</m:FragmentTransfer>'}, 2150858768, None),
        ({"header": "<a:To>urn:again</a:To>"}, 2150858767, "a:InvalidMessageInformationHeader"),
        ({"leave_out": ("MessageID",), "header": "<a:MessageID/>"}, 2150858767, "a:InvalidMessageInformationHeader"),
        (
            {"leave_out": ("MessageID",), "header": f"<a:MessageID>{'x' * 2049}</a:MessageID>"},
            2150858767,
            "a:InvalidMessageInformationHeader",
        ),
        (
            {
                "leave_out": ("Locale",),
                "header": "<w:SelectorSet><w:Selector>x</w:Selector></w:SelectorSet>",
                "selectors": (),
            },
            2150858813,
            "w:InvalidSelectors",
        ),
        ({"size": 8191}, 2150858878, "w:EncodingLimit"),
        ({"size": "many"}, 2150858823, "w:EncodingLimit"),
        ({"timeout": "PT0.4S"}, 2150858764, "w:UnsupportedFeature"),
        ({"timeout": "60"}, 2150858881, "a:InvalidMessageInformationHeader"),
        ({"selectors": [("PackageID", "1"), ("packageid", "1")]}, 2150858847, "w:InvalidSelectors"),
        ({"options": [("wmi:A", "1", "string"), ("wmi:A", "2", "string")]}, 2150858809, "w:InvalidOptions"),
    ],
)
def test_headers_that_are_refused(
    client: Client, server: Server, change: dict[str, Any], code: int, subcode: str | None
) -> None:
    fault = fault_of(client.call, GET, PACKAGE, **{"selectors": KEY, **change})
    assert (fault.code, fault.subcode) == (code, subcode)
    assert server.journal[-1]["outcome"] == f"fault:{code}"
    assert server.journal[-1]["executed"] is False


def test_headers_that_are_taken(client: Client) -> None:
    assert client.get(header='<z:X xmlns:z="urn:z"/>', size=None, timeout=None) is not None
    assert client.get(timeout="P1DT1H1M60.000S", size=99999999) is not None


@pytest.mark.parametrize("body", [b"<nonsense", b"<!DOCTYPE x [<!ENTITY e 'y'>]><x>&e;</x>"])
def test_requests_that_are_no_xml(client: Client, body: bytes) -> None:
    assert fault_of(client.send, body).code == 2150858819


def test_encodings_that_are_refused(serve: Callable[..., Server]) -> None:
    """wire H-01: UTF-8 and UTF-16 only"""
    client = Client(serve())
    request = envelope(GET, PACKAGE, selectors=KEY)
    declared = '<?xml version="1.0" encoding="iso-8859-1"?>' + request
    assert fault_of(client.send, declared.encode("latin-1")).code == 2150858796
    assert client.send('<?xml version="1.0" encoding="utf-8"?>' + request) is not None
    other = Client(serve())
    other.transport.default_headers["Content-Type"] = "application/soap+xml;charset=iso-8859-1"
    assert fault_of(other.send, request).code == 2150858796


def test_answer_headers(client: Client) -> None:
    request = envelope(GET, PACKAGE, selectors=KEY)
    identifier = etree.fromstring(request).findtext(".//a:MessageID", None, NS)
    answer = client.send(request)
    assert answer.findtext(".//a:RelatesTo", None, NS) == identifier
    assert answer.findtext(".//a:Action", None, NS) == GET + "Response"
    assert answer.get("{http://www.w3.org/XML/1998/namespace}lang") == "en-US"


def test_utf16_request_and_answer(serve: Callable[..., Server]) -> None:
    server = serve(switches={"response_charset": "utf-16"})
    client = Client(server)
    client.transport.default_headers["Content-Type"] = "application/soap+xml;charset=UTF-16"
    request = envelope(GET, PACKAGE, selectors=KEY).encode("utf-16")
    answer = client.transport.send_message(request)
    assert answer[:2] == b"\xff\xfe"
    assert etree.fromstring(answer).findtext(f".//{P}PackageID") == "PS100001"


# Addresses


@pytest.mark.parametrize(
    ("uri", "selectors", "code"),
    [
        (SITE + "SMS_Nothing", KEY, 2150858752),
        ("http://schemas.microsoft.com/wbem/wsman/1/wmi/root/sms/site_XXX/SMS_Package", KEY, 2150858754),
        ("http://schemas.microsoft.com/wbem/wsman/1/wmi/SMS_Package", KEY, 2150858754),
        ("http://example.org/SMS_Package", KEY, 2150858754),
        (PACKAGE, (), 2150859002),
        (PACKAGE, {"Name": "x"}, 2150858843),
        (SITE + "SMS_Pair", {"A": "1"}, 2150858842),
        (SITE + "SMS_Pair", {"A": "one", "B": "x"}, 2150858844),
        (PACKAGE, {**KEY, "__cimnamespace": "root/cimv2"}, 2150859067),
        (DMTF + "SMS_Package", KEY, 2150858754),  # without __cimnamespace it is root/cimv2, which is not there
        (PACKAGE, {"PackageID": "PS199999"}, 2150858752),
    ],
)
def test_addresses_that_lead_nowhere(client: Client, uri: str, selectors: Any, code: int) -> None:
    assert fault_of(client.call, GET, uri, selectors=selectors).code == code


def test_uris_and_selectors_have_no_case(client: Client) -> None:
    answer = client.call(
        GET, PACKAGE.upper().replace("HTTP://SCHEMAS", "http://schemas"), selectors={"packageid": "ps100001"}
    )
    assert etree.QName(answer).localname == "SMS_Package"


def test_dmtf_uri(client: Client, server: Server) -> None:
    answer = client.call(GET, DMTF + "SMS_Package", selectors={**KEY, "__cimnamespace": "root\\sms\\site_PS1"})
    assert answer.tag == f"{{{DMTF}SMS_Package}}SMS_Package"
    assert server.journal[-1]["namespace"] == "root/sms/site_ps1"
    assert server.journal[-1]["key"] == "PS100001"


def test_microsoft_uri_refused_by_switch(serve: Callable[..., Server]) -> None:
    client = Client(serve(switches={"microsoft_uri": "refused", "microsoft_uri_code": "2150858754"}))
    assert fault_of(client.get).code == 2150858754
    assert client.call(GET, DMTF + "SMS_Package", selectors={**KEY, "__cimnamespace": "root/sms/site_PS1"}) is not None


# Get


def test_get(client: Client, server: Server) -> None:
    package = server.site.packages["PS100001"]
    package.update(ISVData=[0, 255], RefreshSchedule=[token(7), token(1)], Scopes=[])
    answer = client.get()
    names = [etree.QName(child).localname for child in answer]
    assert names == sorted(names, key=str.casefold)
    assert answer.get(f"{{{NS['xsi']}}}type") == "p:SMS_Package_Type"
    assert answer.find(f"{P}Description").get(NIL) == "true"
    assert answer.findtext(f"{P}Name") == "Package 1 <&>"
    assert answer.findtext(f"{P}PkgFlags") == "2147483648"
    assert [each.text for each in answer.findall(f"{P}ISVData")] == ["0", "255"]
    assert answer.find(f"{P}Scopes") is None
    assert answer.findtext(f"{P}LastRefreshTime/cim:Datetime", None, NS) == "2024-05-02T10:11:12.5Z"
    assert answer.findtext(f"{P}SourceDate/cim:Datetime", None, NS) == "2024-05-02T10:11:12+02:00"
    schedules = answer.findall(f"{P}RefreshSchedule")
    real = SITE + "SMS_ST_RecurInterval"
    assert [each.findtext(f"{{{real}}}DaySpan") for each in schedules] == ["7", "1"]
    prefix, _unused, name = schedules[0].get(f"{{{NS['xsi']}}}type").partition(":")
    assert (schedules[0].nsmap[prefix], name) == (real, "SMS_ST_RecurInterval_Type")


@pytest.mark.parametrize(
    ("answer", "child", "text"),
    [("none", "Datetime", "2024-05-02T10:11:12.5"), ("dmtf", "CIM_DateTime", "20240502101112.500000+***")],
)
def test_datetimes_without_zone(serve: Callable[..., Server], answer: str, child: str, text: str) -> None:
    client = Client(serve(switches={"datetime_without_zone": answer}))
    assert client.get().findtext(f"{P}LastRefreshTime/cim:{child}", None, NS) == text


def test_intervals(client: Client, server: Server) -> None:
    server.site.packages["PS100001"]["SourceDate"] = CimDateTime("00000001020304.500000:000")
    assert client.get().findtext(f"{P}SourceDate/cim:Interval", None, NS) == "P1DT2H3M4.5S"


def test_what_the_mi_client_gets(client: Client) -> None:
    options = [*MI, ("msftwinrm:UsePreciseArrays", "true", "boolean")]
    answer = client.call(
        GET, DMTF + "SMS_Package", selectors={**KEY, "__cimnamespace": "root/sms/site_PS1"}, options=options
    )
    uri = f"{{{DMTF}SMS_Package}}"
    assert answer.find(uri + "Name").get(f"{{{NS['xsi']}}}type") == "cim:cimString"
    assert answer.find(uri + "SourceVersion").get(f"{{{NS['xsi']}}}type") == "cim:cimUnsignedInt"
    assert answer.find(uri + "ISVData").get(f"{{{NS['m']}}}IsNullArray") == "true"


def test_control_characters(client: Client, server: Server, serve: Callable[..., Server]) -> None:
    server.site.packages["PS100001"]["Name"] = "a\x01b\rc\td"
    assert client.get().findtext(f"{P}Name") == "a?b\rc\td"
    other = serve(switches={"illegal_characters": "fault"})
    other.site.packages["PS100001"]["Name"] = "a\x01b"
    assert fault_of(Client(other).get).code == 2150859018


def test_options_reach_the_site_as_context(client: Client, server: Server, serve: Callable[..., Server]) -> None:
    options = [
        ("wmi:MachineName", "here", "string"),
        ("wmi:QueryQualifiers", "true", "boolean"),
        ("wmi:InstanceCount", "7", "int"),
        ("wmiarray:LimitToCollectionIDs", "A", "string"),
        ("wmiarray:LimitToCollectionIDs", "B", "string"),
    ]
    client.get(options=options)
    wanted = {"MachineName": "here", "QueryQualifiers": True, "InstanceCount": 7, "LimitToCollectionIDs": ["A", "B"]}
    assert server.site.contexts == [wanted]
    assert server.journal[-1]["options"] == wanted
    refusing = serve(switches={"context_options": "refused"})
    assert fault_of(Client(refusing).get, options=options).code == 2150858818
    assert refusing.site.contexts == []


# Fragments


def fragment(path: str, must: str = "true") -> str:
    return f'<w:FragmentTransfer s:mustUnderstand="{must}">{path}</w:FragmentTransfer>'


def test_fragment_get(client: Client, server: Server) -> None:
    server.site.packages["PS100001"]["ISVData"] = [4, 5]
    answer = client.get(header=fragment("ISVData"))
    assert answer.tag == f"{{{NS['w']}}}XmlFragment"
    assert [each.text for each in answer] == ["4", "5"]
    assert [each.text for each in client.get(header=fragment("ISVData[2]"))] == ["5"]
    assert client.get(header=fragment("Description"))[0].get(NIL) == "true"


@pytest.mark.parametrize(
    ("path", "must", "code"),
    [
        ("/Name", "true", 2150858899),
        ("Nothing", "true", 2150858899),
        ("name", "true", 2150858899),
        ("Name[1]", "true", 2150858899),
        ("ISVData[1]", "true", 2150858899),
        ("Name", "false", 2150858767),
    ],
)
def test_fragments_that_are_refused(client: Client, path: str, must: str, code: int) -> None:
    assert fault_of(client.get, header=fragment(path, must)).code == code


@pytest.mark.parametrize("verb", ["Create", "Delete", "Invoke", "Enumerate", "class"])
def test_fragments_are_for_get_and_put_of_objects(client: Client, server: Server, verb: str) -> None:
    """wire U-12"""
    header = fragment("Name")
    if verb == "Invoke":
        fault = fault_of(client.invoke, "RefreshPkgSource", header=header)
    elif verb == "Enumerate":
        fault = fault_of(client.enumerate, "SELECT Name FROM SMS_Package", header=header)
    elif verb == "class":
        uri = "http://schemas.dmtf.org/wbem/cim-xml/2/cim-schema/2/*"
        selectors = {"__cimnamespace": "root/sms/site_PS1", "ClassName": "SMS_Package"}
        fault = fault_of(client.call, GET, uri, selectors=selectors, header=header)
    else:
        fault = fault_of(client.call, f"{NS['x']}/{verb}", PACKAGE, selectors=KEY, header=header)
    assert (fault.code, fault.detail) == (2150858871, "FragmentLevelAccess")
    assert server.site.calls == []
    assert len(server.site.packages) == 3


def test_fragment_dialects(client: Client) -> None:
    """wire G-06: XPath 1.0, which is the default, and nothing else"""
    header = '<w:FragmentTransfer s:mustUnderstand="true" Dialect="{}">Name</w:FragmentTransfer>'
    assert len(client.get(header=header.format("http://www.w3.org/TR/1999/REC-xpath-19991116"))) == 1
    assert fault_of(client.get, header=header.format("urn:other")).code == 2150858871


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("Name", "<p:Name>a</p:Name>", 2150858841),  # no XmlFragment around it
        ("Name", "<w:XmlFragment/>", 2150858841),
        ("Name", "<w:XmlFragment><p:Description>a</p:Description></w:XmlFragment>", 2150858838),
        ("Name", "<w:XmlFragment><p:Name>a</p:Name><p:Name>b</p:Name></w:XmlFragment>", 2150858838),
        ("PkgFlags", "<w:XmlFragment><p:PkgFlags>x</p:PkgFlags></w:XmlFragment>", 2150858838),
        ("PackageID", "<w:XmlFragment><p:PackageID>PS100002</p:PackageID></w:XmlFragment>", 2150858989),
        ("Scopes[2]", "<w:XmlFragment><p:Scopes>a</p:Scopes></w:XmlFragment>", 2150858841),
        ("/Name", "<w:XmlFragment><p:Name>a</p:Name></w:XmlFragment>", 2150858899),
    ],
)
def test_fragment_puts_that_are_refused(client: Client, server: Server, path: str, body: str, code: int) -> None:
    """wire P-02, P-07, G-07"""
    written = body.replace("<w:XmlFragment", f'<w:XmlFragment xmlns:p="{PACKAGE}"', 1)
    if not written.startswith("<w:"):
        written = written.replace("<p:Name", f'<p:Name xmlns:p="{PACKAGE}"', 1)
    assert fault_of(client.put, written, header=fragment(path)).code == code
    assert server.site.calls == []


def test_fragment_put(client: Client, server: Server) -> None:
    body = f'<w:XmlFragment><p:Name xmlns:p="{PACKAGE}">New</p:Name></w:XmlFragment>'
    assert client.put(body, header=fragment("Name"))[0].text == "New"
    assert server.site.packages["PS100001"]["Name"] == "New"
    body = f'<w:XmlFragment><p:Scopes xmlns:p="{PACKAGE}">Other</p:Scopes></w:XmlFragment>'
    client.put(body, header=fragment("Scopes[1]"))
    assert server.site.packages["PS100001"]["Scopes"] == ["Other"]


# Put


def document(answer: Any, **changes: str | None) -> str:
    """The document just read with some texts changed; None takes the property out."""
    for name, text in changes.items():
        for child in answer.findall(f"{P}{name}"):
            if text is None:
                answer.remove(child)
            else:
                child.attrib.pop(NIL, None)
                child.text = text
    return etree.tostring(answer).decode()


def test_put_what_was_read(client: Client, server: Server) -> None:
    server.site.packages["PS100001"].update(RefreshSchedule=[token(7), token(1)], ISVData=[1])
    before = dict(server.site.packages["PS100001"])
    answer = client.put(document(client.get(), Description="new"))
    assert answer.findtext(f"{P}Description") == "new"
    after = server.site.packages["PS100001"]
    zoned = {"LastRefreshTime": CimDateTime("20240502101112.500000+000")}
    assert {**after, "RefreshSchedule": None} == {**before, **zoned, "Description": "new", "RefreshSchedule": None}
    assert [each.values["DaySpan"] for each in after["RefreshSchedule"]] == [7, 1]
    assert [each.class_name for each in after["RefreshSchedule"]] == ["SMS_ST_RecurInterval"] * 2


@pytest.mark.parametrize(
    ("changes", "code", "detail"),
    [
        ({"Description": None}, 2150858839, "MissingValues"),
        ({"PackageID": "PS100002"}, 2150858989, "InvalidValues"),
        ({"SourceVersion": "one"}, 2150858838, "InvalidValues"),
        ({"SourceVersion": "-1"}, 2150858838, "InvalidValues"),
        ({"SourceVersion": "4294967296"}, 2150858838, "InvalidValues"),
    ],
)
def test_puts_that_are_refused(client: Client, server: Server, changes: dict[str, Any], code: int, detail: str) -> None:
    fault = fault_of(client.put, document(client.get(), **changes))
    assert (fault.code, fault.detail) == (code, detail)
    assert server.site.calls == []


def test_put_in_the_wrong_namespace_or_case(client: Client) -> None:
    text = document(client.get())
    assert fault_of(client.put, text.replace(PACKAGE, DMTF + "SMS_Package")).code == 2150858840
    assert fault_of(client.put, text.replace("p:Description", "p:description")).code == 2150858838
    assert (
        fault_of(
            client.put, text.replace("p:SMS_Package ", "p:SMS_package ").replace("/p:SMS_Package>", "/p:SMS_package>")
        ).code
        == 2150858773
    )


def test_put_switches(serve: Callable[..., Server]) -> None:
    server = serve(switches={"put_absent_property": "null", "put_absent_array": "null", "put_response": "empty"})
    client = Client(server)
    assert client.put(f'<p:SMS_Package xmlns:p="{PACKAGE}"><p:Name>n</p:Name></p:SMS_Package>') is None
    package = server.site.packages["PS100001"]
    assert (package["Name"], package["PkgFlags"], package["Scopes"], package["PackageID"]) == (
        "n",
        None,
        None,
        "PS100001",
    )
    server.reset(switches={"put_absent_property": "unchanged", "put_absent_array": "unchanged"})
    client.put(f'<p:SMS_Package xmlns:p="{PACKAGE}"><p:Description>d</p:Description></p:SMS_Package>')
    assert package["Name"] == "n"


def test_put_as_the_mi_client_does(client: Client, server: Server) -> None:
    uri = DMTF + "SMS_Package"
    body = (
        f'<p:SMS_Package xmlns:p="{uri}"><p:Name xsi:type="cim:cimString">mi</p:Name>'
        '<p:Description xsi:type="cim:cimString">ignored</p:Description></p:SMS_Package>'
    )
    listed = ("wmiarray:__MIInstanceModifiedPropertiesList", "Name", "string")
    selectors = {**KEY, "__cimnamespace": "root/sms/site_PS1"}
    client.call(NS["x"] + "/Put", uri, body, selectors=selectors, options=[*MI, listed])
    assert server.site.calls == [("put", {"Name": "mi"})]
    assert server.site.packages["PS100001"]["Description"] is None


def test_clearing_an_array(client: Client, server: Server) -> None:
    client.put(document(client.get()).replace("<p:Scopes>Default</p:Scopes>", '<p:Scopes xsi:nil="true"/>'))
    assert server.site.packages["PS100001"]["Scopes"] is None


@pytest.mark.parametrize(
    "schedule",
    [
        "<p:RefreshSchedule/>",  # no xsi:type
        f'<p:RefreshSchedule xmlns:e="{SITE}SMS_Pair" xsi:type="e:SMS_Pair_Type"/>',
        f'<p:RefreshSchedule xmlns:e="{SITE}SMS_ScheduleToken" xsi:type="e:SMS_ScheduleToken_Type"/>',  # abstract
        f'<p:RefreshSchedule xmlns:e="{SITE}SMS_ST_RecurInterval" xsi:type="e:SMS_ST_RecurInterval"/>',
        f'<p:RefreshSchedule xmlns:e="{SITE}SMS_ST_RecurInterval" xsi:type="e:SMS_ST_RecurInterval_Type"><p:DaySpan>1</p:DaySpan></p:RefreshSchedule>',
    ],
)
def test_embedded_objects_that_are_refused(client: Client, server: Server, schedule: str) -> None:
    text = document(client.get()).replace("</p:SMS_Package>", schedule + "</p:SMS_Package>")
    assert fault_of(client.put, text).code in (2150858838, 2150858840)
    assert server.site.calls == []


# Create, Delete


def test_create_and_delete(client: Client, server: Server) -> None:
    body = f'<p:SMS_Package xmlns:p="{PACKAGE}"><p:Name>made</p:Name></p:SMS_Package>'
    created = client.call(NS["x"] + "/Create", PACKAGE, body)
    assert created.findtext(".//w:ResourceURI", None, NS) == PACKAGE
    selectors = created.findall(".//w:Selector", NS)
    assert [(each.get("Name"), each.text) for each in selectors] == [("PackageID", "PS100004")]
    assert server.site.packages["PS100004"]["Name"] == "made"
    assert client.call(NS["x"] + "/Delete", PACKAGE, selectors={"PackageID": "PS100004"}) is None
    fault = fault_of(client.call, NS["x"] + "/Delete", PACKAGE, selectors={"PackageID": "PS100004"})
    assert (fault.code, fault.subcode, fault.detail) == (2150858752, "a:DestinationUnreachable", "InvalidResourceURI")
    assert fault_of(client.call, NS["x"] + "/Create", PACKAGE, body, selectors=KEY).code == 2150858843


def test_create_names_the_namespace_for_dmtf_only(client: Client) -> None:
    uri = DMTF + "SMS_Package"
    body = f'<p:SMS_Package xmlns:p="{uri}"><p:Name>made</p:Name></p:SMS_Package>'
    created = client.call(NS["x"] + "/Create", uri, body, selectors={"__cimnamespace": "root/sms/site_PS1"})
    chosen = {each.get("Name"): each.text for each in created.findall(".//w:Selector", NS)}
    assert chosen == {"PackageID": "PS100004", "__cimnamespace": "root/sms/site_PS1"}


# Invoke


def echo(inner: str, uri: str = PACKAGE) -> str:
    return f'<p:Echo_INPUT xmlns:p="{uri}">{inner}</p:Echo_INPUT>'


def test_invoke(client: Client, server: Server) -> None:
    answer = client.invoke("RefreshPkgSource")
    assert answer.tag == P + "RefreshPkgSource_OUTPUT"
    assert answer.findtext(P + "ReturnValue") == "0"
    entry = server.journal[-1]
    assert (entry["verb"], entry["class"], entry["method"], entry["key"]) == (
        "Invoke",
        "SMS_Package",
        "RefreshPkgSource",
        "PS100001",
    )
    assert (entry["outcome"], entry["executed"]) == ("ok", True)
    assert server.site.packages["PS100001"]["SourceVersion"] == 2


def test_arguments_and_outputs(client: Client, server: Server) -> None:
    uri = SITE + "SMS_ST_RecurInterval"
    tokens = "".join(
        f'<p:Tokens xmlns:e="{uri}" xsi:type="e:SMS_ST_RecurInterval_Type"><e:DaySpan>{days}</e:DaySpan>'
        "<e:StartTime><cim:Datetime>2024-05-01T00:00:00</cim:Datetime></e:StartTime></p:Tokens>"
        for days in (2, 3)
    )
    answer = client.invoke(
        "Echo", echo("<p:Text> a &lt; b </p:Text><p:Numbers>-5</p:Numbers><p:Numbers>7</p:Numbers>" + tokens), None
    )
    method, keys, arguments = server.site.calls[0]
    assert (method, keys, arguments["Text"], arguments["Numbers"]) == ("Echo", {}, " a < b ", [-5, 7])
    assert arguments["Tokens"][0].values == {"DaySpan": 2, "StartTime": CimDateTime("20240501000000.000000+***")}
    assert [each.text for each in answer.findall(P + "Numbers")] == ["-5", "7"]
    assert [each.findtext(f"{{{uri}}}DaySpan") for each in answer.findall(P + "Tokens")] == ["2", "3"]
    assert answer.findtext(P + "Text") == " a < b "


@pytest.mark.parametrize(
    ("method", "body", "package", "code"),
    [
        ("Nothing", None, "PS100001", 2150858771),
        ("Echo", echo("<p:text>x</p:text>"), None, 2150858837),
        ("Echo", echo("<p:Numbers>x</p:Numbers>"), None, 2150858836),
        ("Echo", echo("<p:Text>a</p:Text><p:Text>b</p:Text>"), None, 2150858836),
        ("Echo", echo("", DMTF + "SMS_Package"), None, 2150858840),
        ("Echo", echo("").replace("Echo_INPUT", "echo_INPUT"), None, 2150858817),
        ("Echo", "", None, 2150858791),
        ("Echo", None, "PS100001", 2150858843),
        ("RefreshPkgSource", None, None, 2150859002),
        ("Build", None, "PS100001", 2150858810),
    ],
)
def test_invokes_that_are_refused(
    client: Client, server: Server, method: str, body: str | None, package: str | None, code: int
) -> None:
    assert fault_of(client.invoke, method, body, package).code == code
    assert server.site.calls == []
    assert server.journal[-1]["executed"] is False


def test_action_of_another_class(client: Client) -> None:
    fault = fault_of(client.call, SITE + "SMS_Other/Echo", PACKAGE, echo(""))
    assert (fault.code, fault.subcode) == (2150858753, "a:ActionNotSupported")


def build(seconds: int) -> str:
    return f'<p:Build_INPUT xmlns:p="{PACKAGE}"><p:Seconds>{seconds}</p:Seconds></p:Build_INPUT>'


def test_work_within_the_time(client: Client, server: Server) -> None:
    assert client.invoke("Build", build(59)).findtext(P + "Log") == "built"
    assert server.site.clock.now() == 59


@pytest.mark.parametrize(("timeout", "after"), [("PT600S", 60), ("PT10S", 10), (None, 60)])
def test_work_that_outlives_the_call(client: Client, server: Server, timeout: str | None, after: float) -> None:
    fault = fault_of(client.invoke, "Build", build(300), timeout=timeout)
    assert (fault.code, fault.subcode) == (2150858793, "w:TimedOut")
    assert server.site.clock.now() == after
    assert server.site.cancelled == 0
    assert server.journal[-1]["executed"] is True


def test_work_that_is_cancelled_with_the_call(serve: Callable[..., Server]) -> None:
    server = serve(switches={"work_after_timeout": "cancelled", "max_timeout_ms": "30000"})
    assert fault_of(Client(server).invoke, "Build", build(31)).code == 2150858793
    assert server.site.cancelled == 1
    assert server.journal[-1]["executed"] is False


def test_others_are_served_while_a_method_works() -> None:
    site = FakeSite()
    site.clock = LogicalClock(speed=0)
    with Server(site=site) as server, ThreadPoolExecutor(1) as pool:
        builder, reader = Client(server), Client(server)
        working = pool.submit(builder.invoke, "Build", build(30))
        while not any(entry["executed"] is False and entry["outcome"] == "running" for entry in server.journal):
            assert not working.done()
        assert reader.get().findtext(f"{P}PackageID") == "PS100001"
        assert not working.done()
        server.move_clock({"advance": 30})
        assert working.result(30).findtext(P + "Log") == "built"


# Limits


def test_answers_that_are_too_large(client: Client, server: Server) -> None:
    server.site.packages["PS100001"]["ISVData"] = [255] * 2000
    assert fault_of(client.get, size=20000).code == 2150858824
    server.site.packages["PS100001"]["ISVData"] = [255] * 20000
    assert fault_of(client.get, size=99999999).code == 2150858825
    assert len(client.get(header=fragment("ISVData[1]"), size=20000)) == 1


def test_a_method_that_was_done_though_its_answer_is_too_large(client: Client, server: Server) -> None:
    fault = fault_of(client.invoke, "Echo", echo(f"<p:Text>{'x' * 9000}</p:Text>"), None, size=8192)
    assert fault.code == 2150858829
    assert server.journal[-1]["executed"] is True


# Faults


def test_nesting_of_a_missing_object(client: Client) -> None:
    fault = fault_of(client.get, "PS199999")
    path = "s:Body/s:Fault/s:Detail/f:WSManFault/f:Message/f:ProviderFault"
    provider = fault.root.find(path, NS)
    assert provider.get("provider") == "WMI Provider"
    assert provider.find("f:WSManFault/f:Message", NS).text == fault.reason
    assert "found no resource" in (fault.reason or "")
    status = provider.find("f:ExtendedError", NS)[0]
    assert status.tag == f"{{{DMTF}__ExtendedStatus}}__ExtendedStatus"
    assert texts(status) == {
        "Description": None,
        "Operation": "GetObject",
        "ParameterInfo": 'SMS_Package.PackageID="PS199999"',
        "ProviderName": "WinMgmt",
        "StatusCode": None,
    }
    assert fault.codes == [2150858752, 2150858752]
    assert fault.action == NS["a"] + "/fault"


def test_wmi_error_for_the_mi_client(client: Client, serve: Callable[..., Server]) -> None:
    selectors = {"ClassName": "SMS_Nothing", "PackageID": "x", "__cimnamespace": "root/sms/site_PS1"}
    uri = DMTF + "SMS_Nothing"
    fault = fault_of(client.call, GET, uri, selectors=selectors, options=MI)
    error = fault.root.find(".//s:Detail", NS)[0]
    assert etree.QName(error).localname == "MSFT_WmiError"
    assert error.get(f"{{{NS['b']}}}IsCIM_Error") == "true"
    values = texts(error)
    assert (values["error_Code"], values["MessageID"], values["CIMStatusCode"]) == (
        "2147749904",
        "HRESULT 0x80041010",
        "5",
    )
    assert (fault.reason or "", fault.subcode) == ("", "w:InternalError")
    assert fault_of(client.call, GET, uri, selectors=selectors).code == 2150858752
    always = Client(serve(switches={"wmi_error": "dmtf"}))
    assert fault_of(always.call, GET, uri, selectors=selectors).code == 0


def test_empty_reason(serve: Callable[..., Server]) -> None:
    fault = fault_of(Client(serve(switches={"fault_reason": "empty"})).get, "PS199999")
    text = fault.root.find(".//s:Reason/s:Text", NS)
    assert text.text is None
    assert text.get("{http://www.w3.org/XML/1998/namespace}lang") == ""


def test_unknown_codes_by_switch(serve: Callable[..., Server]) -> None:
    client = Client(serve(switches={"unknown_class_code": "2147749904", "unknown_namespace_code": "2150858811"}))
    assert fault_of(client.get, uri=SITE + "SMS_Nothing").codes == [2147749904, 2147749904]
    nowhere = PACKAGE.replace("PS1", "XX1")
    assert fault_of(client.get, uri=nowhere).codes == [2150858811, 2147749902]


# Class metadata


def class_of(client: Client, **options: str) -> Any:
    return client.call(
        GET,
        "http://schemas.dmtf.org/wbem/cim-xml/2/cim-schema/2/*",
        selectors={"__cimnamespace": "root/sms/site_PS1", "ClassName": "sms_package"},
        options=[(name, value, "boolean") for name, value in options.items()],
    )


def test_class_metadata(client: Client, server: Server) -> None:
    answer = class_of(client, IncludeInheritedElements="true", IncludeQualifiers="true")
    assert (answer.tag, answer.get("NAME"), answer.get("SUPERCLASS")) == (
        "CLASS",
        "SMS_Package",
        "SMS_PackageBaseclass",
    )
    key = answer.find("PROPERTY[@NAME='PackageID']")
    assert (key.get("TYPE"), key.get("CLASSORIGIN"), key.get("PROPAGATED")) == (
        "string",
        "SMS_PackageBaseclass",
        "true",
    )
    assert key.find("QUALIFIER[@NAME='key']") is not None
    schedule = answer.find("PROPERTY.ARRAY[@NAME='RefreshSchedule']")
    assert schedule.findtext("QUALIFIER[@NAME='EmbeddedInstance']/VALUE") == "SMS_ScheduleToken"
    assert answer.find("METHOD[@NAME='Echo']/PARAMETER.ARRAY[@NAME='Numbers']").get("TYPE") == "sint32"
    assert (server.journal[-1]["class"], server.journal[-1]["verb"]) == ("sms_package", "Get")
    assert dict(answer.find("METHOD[@NAME='RefreshPkgSource']").attrib) == {
        "NAME": "RefreshPkgSource",
        "TYPE": "uint32",
        "CLASSORIGIN": "SMS_PackageBaseclass",
    }
    own = class_of(client)
    assert own.find("PROPERTY[@NAME='PackageID']") is None
    assert own.find(".//QUALIFIER") is None
    assert own.find("PROPERTY[@NAME='Description']").get("PROPAGATED") is None


def test_list_of_classes(client: Client) -> None:
    uri = "http://schemas.dmtf.org/wbem/cim-xml/2/cim-schema/2/*"
    selectors = {"__cimnamespace": "root/sms/site_PS1", "ClassName": ""}
    first = client.enumerate(None, uri=uri, selectors=selectors)
    rest = client.pull(first.findtext("n:EnumerationContext", None, NS), uri=uri, selectors=selectors)
    names = [each.get("NAME") for each in [*first.find("w:Items", NS), *rest.find("n:Items", NS)]]
    assert names == sorted(names, key=str.casefold)
    assert "SMS_Package" in names
