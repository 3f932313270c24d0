# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulator's answers beside those recorded from Windows hosts, and the requests of Windows' own client sent to it.

The recordings are not part of this repository. They are looked for beside the checkout, or where CONFIGMGR_REFERENCE
says; without them this file is skipped.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from front_client import DMTF, NS, Client, Fault, context_of, envelope
from lxml import etree

from smsprovsim.server import Server

GET = NS["x"] + "/Get"
CIM_XML = "http://schemas.dmtf.org/wbem/cim-xml/2/cim-schema/2/*"
MI = [("__MI_CallbackRegistration", "11", "int")]
XSI = f"{{{NS['xsi']}}}"


def recordings() -> Path | None:
    named = os.environ.get("CONFIGMGR_REFERENCE")
    places = [Path(named)] if named else [each / "shared" / "reference" for each in Path(__file__).resolve().parents]
    return next((each / "captures" / "windows" for each in places if (each / "captures" / "windows").is_dir()), None)


RECORDINGS = recordings()
pytestmark = pytest.mark.skipif(RECORDINGS is None, reason="the recordings are not here (CONFIGMGR_REFERENCE)")

Shape = tuple[Any, ...]


def recorded(name: str) -> Any:
    assert RECORDINGS is not None
    parser = etree.XMLParser(remove_blank_text=True, remove_comments=True)
    return etree.parse(str(RECORDINGS / name), parser).getroot()


def fault_of(call: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
    """The whole envelope of a fault."""
    with pytest.raises(Fault) as caught:
        call(*arguments, **more)
    return caught.value.root


def shape(element: Any) -> Shape:
    """Tags with their namespaces and the names of attributes, all the way down. Prefixes and texts do not count."""
    return (element.tag, tuple(sorted(element.attrib)), tuple(shape(each) for each in element))


def typed(element: Any) -> str:
    """xsi:type with its namespace in place of the prefix."""
    prefix, _unused, name = element.get(f"{XSI}type", "").rpartition(":")
    return f"{{{element.nsmap.get(prefix or None, '')}}}{name}" if name else ""


def types(element: Any) -> list[tuple[str, str]]:
    return [(each.tag, typed(each)) for each in element.iter() if typed(each)]


def text(element: Any, path: str) -> str | None:
    found: str | None = element.findtext(path, None, NS)
    return found


# Faults


def test_the_fault_of_a_missing_object(client: Client) -> None:
    """wire F-01"""
    windows = recorded("windows2012r2_get_notfound.response.xml")
    ours = fault_of(client.get, "PS199999")
    assert shape(ours) == shape(windows)
    assert types(ours) == types(windows)
    for path in ("s:Header/a:Action", "s:Header/a:To", ".//s:Code/s:Value", ".//s:Subcode/s:Value", ".//w:FaultDetail"):
        assert text(ours, path) == text(windows, path)
    for one, other in zip(ours.iterfind(".//f:*", NS), windows.iterfind(".//f:*", NS), strict=True):
        assert {**one.attrib, "Machine": ""} == {**other.attrib, "Machine": ""}
    empty = {each.tag for each in windows.iter() if each.get(f"{XSI}nil")}
    assert empty == {each.tag for each in ours.iter() if each.get(f"{XSI}nil")}


def test_the_error_for_windows_own_client(client: Client) -> None:
    """wire F-03"""
    windows = recorded("cimerror.xml")
    selectors = {"PackageID": "x", "__cimnamespace": "root/sms/site_PS1"}
    ours = fault_of(client.call, GET, DMTF + "test", selectors=selectors, options=MI)
    assert shape(ours) == shape(windows)
    assert types(ours) == types(windows)
    words = {"Message", "error_WindowsErrorMessage"}
    for one, other in zip(ours.find(".//s:Detail/*", NS), windows.find(".//s:Detail/*", NS), strict=True):
        assert one.get(f"{XSI}nil") == other.get(f"{XSI}nil")
        if etree.QName(one).localname not in words:
            assert one.text == other.text
    assert (text(ours, ".//s:Reason/s:Text") or "").strip() == (text(windows, ".//s:Reason/s:Text") or "").strip() == ""
    assert ours.find(".//s:Detail/*", NS).get(f"{{{NS['b']}}}IsCIM_Error") == "true"


def test_the_headers_of_newer_builds(serve: Callable[..., Server]) -> None:
    """wire H-09, F-02: an ActivityId, and a Reason without words"""
    windows = recorded("windows_powershell_plugin_fault.response.xml")
    ours = fault_of(Client(serve(switches={"activity_id": "present", "fault_reason": "empty"})).get, "PS199999")
    assert shape(ours.find("s:Header", NS)) == shape(windows.find("s:Header", NS))
    one, other = (each.find(".//s:Reason", NS) for each in (ours, windows))
    assert shape(one) == shape(other)
    assert (dict(one[0].attrib), one[0].text) == (dict(other[0].attrib), other[0].text)


# Objects


def test_an_object(client: Client, server: Server) -> None:
    """wire G-01 to G-04, T-01, T-02"""
    windows = recorded("Win32_Service.xml").find(".//n:Items", NS)
    server.site.packages["PS100001"].update(RefreshSchedule=None, Scopes=["Default", "Other"])
    first = client.enumerate("SELECT * FROM SMS_Package", count=32000)
    objects = [*first.find("w:Items", NS), client.get()]
    for each in [*objects, *windows]:
        name = etree.QName(each)
        assert list(each.attrib) == [f"{XSI}type"]
        assert typed(each) == f"{{{name.namespace}}}{name.localname}_Type"
        assert name.namespace.rpartition("/")[2] == name.localname
        below = [etree.QName(child) for child in each]
        assert {child.namespace for child in below} == {name.namespace}
        assert [child.localname for child in below] == sorted((child.localname for child in below), key=str.casefold)
    # What stands at a property, and that nothing but xsi:nil does
    allowed = {tuple(child.attrib.items()) for each in windows for child in each}
    assert (
        {tuple(child.attrib.items()) for each in objects for child in each} == allowed == {(), ((f"{XSI}nil", "true"),)}
    )
    assert all({"p", "xsi", "cim"} <= set(each.nsmap) for each in [*objects, *windows])


# Class metadata


def forms(element: Any) -> set[tuple[str, tuple[str, ...]]]:
    """Which elements there are, each with the names of its attributes in their order."""
    return {(each.tag, tuple(each.attrib)) for each in element.iter() if isinstance(each.tag, str)}


def test_class_metadata(client: Client) -> None:
    """wire M-02, peers V-07"""
    windows = recorded("cim_class_schema.xml").findall(".//CLASS")
    known = {form for each in windows for form in forms(each)}
    selectors = {"__cimnamespace": "root/sms/site_PS1", "ClassName": "SMS_Package"}
    options = [("IncludeInheritedElements", "true", "boolean")]
    request = envelope(GET, CIM_XML, selectors=selectors, options=options)
    answer = client.send(request)
    single = recorded("StdRegProv.xml")
    assert shape(answer.find("s:Header", NS)) == shape(single.find("s:Header", NS))
    assert text(answer, "s:Header/a:Action") == text(single, "s:Header/a:Action")
    ours = answer.find("s:Body/CLASS", NS)
    assert forms(ours) - known == set()
    for each in [ours, *windows]:
        members = [child.tag.partition(".")[0] for child in each]
        assert members == sorted(members, key=["PROPERTY", "METHOD"].index)
        properties = [child.get("NAME") for child in each if child.tag.startswith("PROPERTY")]
        assert properties == sorted(properties, key=str.casefold)


# Requests of Windows' own client


def replayed(name: str, *changes: tuple[str, str]) -> str:
    """A recorded request with our names in it; every change has to find its place."""
    assert RECORDINGS is not None
    request = (RECORDINGS / name).read_text(encoding="utf-8-sig")
    for old, new in changes:
        assert old in request
        request = request.replace(old, new)
    return request


def test_windows_asks_for_classes(client: Client, server: Server) -> None:
    """wire M-01, M-03"""
    listed = client.send(replayed("cimquery.xml", ("root/cimv2", "root/sms/site_PS1"))).find("s:Body/*", NS)
    assert listed.find("w:Items/CLASS", NS) is not None
    assert context_of(listed)
    changes = (("root/test", "root/sms/site_PS1"), ("CIM_Error", "SMS_Package"))
    answer = client.send(replayed("windows_client_getclass.request.xml", *changes))
    assert answer.find("s:Body/CLASS", NS).get("NAME") == "SMS_Package"
    assert answer.find(".//QUALIFIER") is not None
    assert [entry["outcome"] for entry in server.journal] == ["ok", "ok"]


def test_windows_queries_and_deletes(client: Client, server: Server) -> None:
    """wire E-10, T-01, C-07, H-12"""
    query = "SELECT * FROM MSFT_ScheduledTask WHERE ((TaskName LIKE &apos;test&apos;))"
    space = ("Root/Microsoft/Windows/TaskScheduler", "Root/SMS/Site_PS1")
    answer = client.send(replayed("wql.xml", space, (query, "SELECT * FROM SMS_Package")))
    item = answer.find("s:Body/n:EnumerateResponse/w:Items/w:Item", NS)
    assert [etree.QName(each).localname for each in item] == ["SMS_Package", "EndpointReference"]
    assert typed(item[0].find("{*}Name")) == f"{{{NS['cim']}}}cimString"
    chosen = {each.get("Name"): each.text for each in item.iterfind(".//w:Selector", NS)}
    assert chosen == {"PackageID": "PS100001", "__cimnamespace": "Root/SMS/Site_PS1"}
    key = '<w:Selector Name="TaskName">test</w:Selector>'
    changes = (
        space,
        ("MSFT_ScheduledTask", "SMS_Package"),
        (key, '<w:Selector Name="PackageID">PS100001</w:Selector>'),
        ('<w:Selector Name="TaskPath">\\</w:Selector>', ""),
    )
    gone = client.send(replayed("delete_scheduled_task.xml", *changes))
    assert len(gone.find("s:Body", NS)) == 0
    assert text(gone, "s:Header/a:Action") == NS["x"] + "/DeleteResponse"
    assert "PS100001" not in server.site.packages
    with pytest.raises(Fault):
        client.get()


def test_the_recordings_are_all_used() -> None:
    """One that is new has to be looked at: it may settle what is assumed here."""
    assert RECORDINGS is not None
    assert {each.name for each in RECORDINGS.glob("*.xml")} == {
        "StdRegProv.xml", "Win32_LogicalDisk.xml", "Win32_OperatingSystem.xml", "Win32_OperatingSystem_schema.xml",
        "Win32_Service.xml", "cim_class_schema.xml", "cimerror.xml", "cimquery.xml", "delete_scheduled_task.xml",
        "windows2012r2_get_notfound.response.xml", "windows_client_getclass.request.xml",
        "windows_powershell_plugin_fault.response.xml", "wql.xml",
    }  # fmt: skip
