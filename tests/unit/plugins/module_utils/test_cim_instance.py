# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects read, and put back without loss; rows of queries."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._cim.instance import (
    Instance,
    ObjectPath,
    RowReader,
    method_input,
    new_instance,
)
from ansible_collections.configmgr.content.plugins.module_utils._cim.types import (
    BOOLEAN,
    DATETIME,
    EMBEDDED,
    STRING,
    UINT32,
    Embedded,
    array_of,
)
from ansible_collections.configmgr.content.plugins.module_utils._wsman import markup, names

pytest.importorskip("hypothesis", reason="hypothesis is not installed")
from hypothesis import given
from hypothesis import strategies as st

etree = pytest.importorskip("lxml.etree", reason="lxml is not installed")

MICROSOFT = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/sms/site_PS1/"
DMTF = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/"

# An invented SMS_Package as wire G-01, T-02, T-08 and T-13 say: two schedule tokens of different classes that use one
# prefix for two namespaces, only inside xsi:type; a null, an empty text, an array.
PACKAGE = """
<p:SMS_Package xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:p="{uri}SMS_Package"
    xmlns:cim="http://schemas.dmtf.org/wbem/wscim/1/common" xsi:type="p:SMS_Package_Type">
  <p:Description xsi:nil="true"/>
  <p:Icon>1</p:Icon><p:Icon>255</p:Icon>
  <p:LastRefreshTime><cim:Datetime>2024-05-02T10:11:12Z</cim:Datetime></p:LastRefreshTime>
  <p:Manufacturer></p:Manufacturer>
  <p:Name>Contoso &lt;Reader&gt;</p:Name>
  <p:PackageID>PS100042</p:PackageID>
  <p:PkgFlags>2147483648</p:PkgFlags>
  <p:RefreshSchedule xmlns:e="{uri}SMS_ST_RecurInterval" xsi:type="e:SMS_ST_RecurInterval_Type"><e:DaySpan>7</e:DaySpan></p:RefreshSchedule>
  <p:RefreshSchedule xmlns:e="{uri}SMS_ST_RecurWeekly" xsi:type="e:SMS_ST_RecurWeekly_Type"><e:Day>3</e:Day><e:StartTime xsi:nil="true"/></p:RefreshSchedule>
  <p:Unknown xsi:type="cim:cimString">kept</p:Unknown>
</p:SMS_Package>"""


def package(uri: str = MICROSOFT) -> Instance:
    element = markup.parse(PACKAGE.format(uri=uri).encode())
    return Instance(
        element, "root/sms/site_PS1", ObjectPath("root/sms/site_PS1", "SMS_Package", (("PackageID", "PS100042"),))
    )


def canonical(document: bytes | str) -> Any:
    """Expanded names, values and order, read by another XML library; the standard one forgets what a prefix meant."""

    def said(element: Any) -> Any:
        attributes = dict(element.attrib)
        if names.TYPE in attributes:
            prefix, _unused, local = attributes[names.TYPE].rpartition(":")
            attributes[names.TYPE] = (element.nsmap[prefix or None], local)
        return element.tag, sorted(attributes.items()), (element.text or "").strip(), [said(each) for each in element]

    return said(etree.fromstring(document))


@pytest.mark.parametrize("uri", [MICROSOFT, DMTF])
def test_nothing_changed_goes_back_as_it_came(uri: str) -> None:
    """Same expanded names, values, nulls and order; two subclasses that only a type attribute names."""
    assert canonical(package(uri).changed({})) == canonical(PACKAGE.format(uri=uri))


@pytest.mark.parametrize("uri", [MICROSOFT, DMTF])
def test_a_change_leaves_the_rest_alone(uri: str) -> None:
    body = package(uri).changed(
        {"Name": (STRING, "New"), "Description": (STRING, "now set"), "Manufacturer": (STRING, None)}
    )
    expected = (
        PACKAGE.format(uri=uri)
        .replace("Contoso &lt;Reader&gt;", "New")
        .replace('<p:Description xsi:nil="true"/>', "<p:Description>now set</p:Description>")
        .replace("<p:Manufacturer></p:Manufacturer>", '<p:Manufacturer xsi:nil="true"/>')
    )
    assert canonical(body) == canonical(expected)


def test_the_instance_itself_is_not_changed() -> None:
    instance = package()
    before = instance.changed({})
    instance.changed({"Name": (STRING, "New"), "Icon": (array_of(UINT32), [])})
    assert instance.changed({}) == before
    assert instance.value("Name", STRING) == "Contoso <Reader>"


def test_an_array_is_replaced_where_it_stood_and_an_absent_property_is_put_in_order() -> None:
    """wire G-02: alphabetical without regard to case; T-07: a null array is absent"""
    body = markup.parse(
        package().changed({"Icon": (array_of(UINT32), [9]), "altSources": (array_of(STRING), ["a", "b"])})
    )
    assert [markup.local(each.tag) for each in body][:4] == ["altSources", "altSources", "Description", "Icon"]
    assert [each.text for each in body if markup.local(each.tag) == "Icon"] == ["9"]


def test_a_schedule_is_replaced() -> None:
    token = Embedded.of("SMS_ST_NonRecurring", {"DayDuration": (UINT32, 1)})
    body = markup.parse(package().changed({"RefreshSchedule": (array_of(EMBEDDED), [token])}))
    read = Instance(body, "n").value("RefreshSchedule", array_of(EMBEDDED))
    assert read == [token]
    assert read[0].element.get(names.TYPE) == f"{{{MICROSOFT}SMS_ST_NonRecurring}}SMS_ST_NonRecurring_Type"


def test_a_token_that_was_read_can_be_written_to_another_object() -> None:
    tokens = package().value("RefreshSchedule", array_of(EMBEDDED))
    assert [each.class_name for each in tokens] == ["SMS_ST_RecurInterval", "SMS_ST_RecurWeekly"]
    body = markup.parse(
        new_instance(MICROSOFT + "SMS_Package", "SMS_Package", {"RefreshSchedule": (array_of(EMBEDDED), tokens)})
    )
    assert Instance(body, "n").value("RefreshSchedule", array_of(EMBEDDED)) == tokens


def test_the_leading_location_of_old_services_is_left_out() -> None:
    """wire G-03"""
    text = PACKAGE.format(uri=MICROSOFT).replace("<p:Description", "<cim:Location xsi:nil='true'/><p:Description", 1)
    instance = Instance(markup.parse(text.encode()), "n")
    assert "Location" not in instance.names()
    assert canonical(instance.changed({})) == canonical(PACKAGE.format(uri=MICROSOFT))


def test_reading() -> None:
    instance = package()
    assert instance.class_name == "SMS_Package"
    assert instance.names()[:3] == ("Description", "Icon", "LastRefreshTime")
    assert instance.value("PkgFlags", UINT32) == 2147483648
    assert instance.value("LastRefreshTime", DATETIME).text == "2024-05-02T10:11:12Z"
    assert instance.value("Description", STRING) is None
    assert instance.value("Manufacturer", STRING) == ""
    assert instance.value("Absent", BOOLEAN) is None
    assert str(instance.path) == 'SMS_Package.PackageID="PS100042"'


def test_undeclared_properties_are_read_as_they_stand() -> None:
    instance = package()
    assert {name: instance.guess(name) for name in instance.names()} == {
        "Description": None,
        "Icon": ["1", "255"],
        "LastRefreshTime": "2024-05-02T10:11:12Z",
        "Manufacturer": "",
        "Name": "Contoso <Reader>",
        "PackageID": "PS100042",
        "PkgFlags": "2147483648",
        "RefreshSchedule": [
            {"__CLASS": "SMS_ST_RecurInterval", "DaySpan": "7"},
            {"__CLASS": "SMS_ST_RecurWeekly", "Day": "3", "StartTime": None},
        ],
        "Unknown": "kept",
    }
    assert instance.guess("Absent") is None


NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,8}", fullmatch=True)
VALUES = st.text(
    st.characters(min_codepoint=32, exclude_categories=["Cs"], exclude_characters="\ufffe\uffff"), max_size=20
)


@given(st.dictionaries(NAMES, VALUES | st.none() | st.lists(VALUES, min_size=2), max_size=6), st.data())
def test_whatever_it_holds_it_goes_back_the_same(properties: dict[str, Any], data: Any) -> None:
    uri = MICROSOFT + "X"
    declared = {
        name: ((array_of(STRING) if isinstance(value, list) else STRING), value) for name, value in properties.items()
    }
    root = Element(f"{{{uri}}}X")
    for name, (codec, value) in declared.items():
        codec.write(root, f"{{{uri}}}{name}", value)
    token = Embedded.of("Sub", {"A": (STRING, "a")})
    EMBEDDED.write(root, f"{{{uri}}}zz_token", token)
    instance = Instance(markup.parse(markup.serialise(root)), "n")
    touched = data.draw(st.sampled_from(sorted(properties))) if properties else "fresh"
    again = Instance(markup.parse(instance.changed({touched: (STRING, "touched")})), "n")
    assert again.value(touched, STRING) == "touched"
    assert again.value("zz_token", EMBEDDED) == token
    for name, (codec, value) in declared.items():
        if name != touched:
            assert again.value(name, codec) == value
    assert set(again.names()) == {*instance.names(), touched}


def test_method_input_leaves_out_what_is_none() -> None:
    """wire I-02, I-05"""
    uri = MICROSOFT + "SMS_BootImagePackage"
    assert canonical(method_input(uri, "RefreshPkgSource", {"ContextID": (STRING, None)})) == canonical(
        f'<p:RefreshPkgSource_INPUT xmlns:p="{uri}"/>'
    )
    assert canonical(
        method_input(uri, "RefreshPkgSource", {"ContextID": (STRING, "c"), "N": (array_of(UINT32), [1, 2])})
    ) == canonical(
        f'<p:RefreshPkgSource_INPUT xmlns:p="{uri}"><p:ContextID>c</p:ContextID><p:N>1</p:N><p:N>2</p:N></p:RefreshPkgSource_INPUT>'
    )


COLUMNS = {
    "PackageID": STRING,
    "SourceVersion": UINT32,
    "LastRefreshTime": DATETIME,
    "Scopes": array_of(STRING),
    "Missing": STRING,
}


@pytest.mark.parametrize("typed", [False, True], ids=["projection", "typed"])
def test_rows_of_both_kinds(typed: bool) -> None:
    """wire E-13"""
    inside = (
        "<{0}LastRefreshTime><{1}Datetime>2024-05-02T10:11:12Z</{1}Datetime></{0}LastRefreshTime><{0}Other>x</{0}Other>"
        "<{0}PackageID>PS100042</{0}PackageID><{0}Scopes>a</{0}Scopes><{0}Scopes>b</{0}Scopes>"
        '<{0}SourceVersion xsi:nil="true"/>'
    )
    if typed:
        text = f'<p:SMS_Package xmlns:p="{MICROSOFT}SMS_Package" xmlns:cim="{names.CIM}" xmlns:xsi="{names.XSI}">{inside.format("p:", "cim:")}</p:SMS_Package>'
    else:
        text = f'<w:XmlFragment xmlns:w="{names.WSMAN}" xmlns:xsi="{names.XSI}">{inside.format("", "")}</w:XmlFragment>'
    row = RowReader(COLUMNS)(markup.parse(text.encode()))
    assert list(row) == list(COLUMNS)
    assert row.pop("LastRefreshTime").text == "2024-05-02T10:11:12Z"
    assert row == {"PackageID": "PS100042", "SourceVersion": None, "Scopes": ["a", "b"], "Missing": None}


def test_a_row_with_a_single_scope_and_one_without() -> None:
    row = RowReader(COLUMNS)(markup.parse(b"<r><Scopes>a</Scopes></r>"))
    assert row["Scopes"] == ["a"]
    assert RowReader(COLUMNS)(markup.parse(b"<r/>"))["Scopes"] == []


def test_rows_of_one_reader_may_differ() -> None:
    """A row's elements are found out once, for as long as the rows are alike."""
    read = RowReader({"A": STRING, "B": STRING})
    rows = ["<r><A>1</A><B>2</B></r>", "<r><B>4</B><A>3</A></r>", "<r/>", "<r><A>5</A></r>"]
    rows += ["<r><A>6</A><C>0</C><B>7</B></r>", "<r><A>8</A><A>9</A></r>", '<r xmlns="urn:x"><A>1</A><B>2</B></r>']
    found = [tuple(read(markup.parse(row.encode())).values()) for row in rows]
    assert found == [("1", "2"), ("3", "4"), (None, None), ("5", None), ("6", "7"), ("8", None), ("1", "2")]
