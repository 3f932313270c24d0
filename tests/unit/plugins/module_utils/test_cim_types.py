# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every codec both ways, and the forms that services send (wire T-01 to T-17, peers V-01 to V-04)."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._cim.types import (
    BOOLEAN,
    DATETIME,
    EMBEDDED,
    REAL64,
    SINT8,
    SINT16,
    SINT32,
    SINT64,
    STRING,
    UINT8,
    UINT16,
    UINT32,
    UINT64,
    CimInterval,
    CimTime,
    Codec,
    Embedded,
    array_of,
    is_plain_number,
)
from ansible_collections.configmgr.content.plugins.module_utils._wsman import markup, names
from ansible_collections.configmgr.content.plugins.module_utils._wsman.errors import BadValue

pytest.importorskip("hypothesis", reason="hypothesis is not installed")
from hypothesis import given
from hypothesis import strategies as st

URI = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/sms/site_PS1/SMS_Package"


def elements(inside: str) -> list[Element]:
    """Property elements as a service sends them."""
    text = f'<p:o xmlns:p="{URI}" xmlns:xsi="{names.XSI}" xmlns:cim="{names.CIM}">{inside}</p:o>'
    return list(markup.parse(text.encode()))


def there_and_back(codec: Codec, value: Any) -> Any:
    """Write a value, send it, parse it, read it."""
    root = Element(f"{{{URI}}}o")
    codec.write(root, f"{{{URI}}}x", value)
    return codec.read(list(markup.parse(markup.serialise(root))))


# What XML 1.0 can carry.
TEXT = st.text(
    st.characters(
        exclude_categories=["Cs"],
        exclude_characters=[chr(n) for n in (*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF)],
    )
)
WALLS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30))
TIMES = st.builds(CimTime, WALLS, st.none() | st.integers(-14 * 60, 14 * 60))
INTEGERS = {
    UINT8: (0, 255),
    UINT16: (0, 65535),
    UINT32: (0, 4294967295),
    UINT64: (0, 18446744073709551615),
    SINT8: (-128, 127),
    SINT16: (-32768, 32767),
    SINT32: (-2147483648, 2147483647),
    SINT64: (-9223372036854775808, 9223372036854775807),
}


@given(TEXT)
def test_strings_survive(value: str) -> None:
    assert there_and_back(STRING, value) == value


@pytest.mark.parametrize("value", ["", " ", "\r\n\t", "]]>", "'\"\\", "😀", "<a>&amp;</a>", "x" * 100_000])
def test_strings_that_have_broken_things(value: str) -> None:
    assert there_and_back(STRING, value) == value


@given(st.sampled_from(list(INTEGERS)).flatmap(lambda codec: st.tuples(st.just(codec), st.integers(*INTEGERS[codec]))))
def test_whole_numbers_survive(given_: tuple[Codec, int]) -> None:
    codec, value = given_
    assert there_and_back(codec, value) == value


@pytest.mark.parametrize("codec", INTEGERS, ids=repr)
def test_whole_numbers_have_bounds_both_ways(codec: Codec) -> None:
    low, high = INTEGERS[codec]
    for value in (low, high):
        assert there_and_back(codec, value) == value
    for value in (low - 1, high + 1):
        with pytest.raises(BadValue, match=f"x takes {low} to {high}"):
            there_and_back(codec, value)
        with pytest.raises(BadValue):
            codec.read(elements(f"<p:x>{value}</p:x>"))


@pytest.mark.parametrize("bad", [True, False, "7", 7.0, [7]])
def test_a_whole_number_is_an_int_and_no_bool(bad: Any) -> None:
    with pytest.raises(BadValue, match="whole number"):
        there_and_back(UINT32, bad)


def test_flag_words_are_not_sign_extended() -> None:
    """wire T-05"""
    assert UINT32.read(elements("<p:PkgFlags>2147483648</p:PkgFlags>")) == 2147483648


@given(st.booleans())
def test_booleans_survive(value: bool) -> None:
    assert there_and_back(BOOLEAN, value) is value


@pytest.mark.parametrize(
    ("text", "value"), [("true", True), ("TRUE", True), ("False", False), ("0", False), (" 1 ", True)]
)
def test_booleans_in_any_spelling(text: str, value: bool) -> None:
    """wire T-03"""
    assert BOOLEAN.read(elements(f"<p:x>{text}</p:x>")) is value


@pytest.mark.parametrize("bad", [1, 0, "true", None])
def test_a_boolean_is_a_bool(bad: Any) -> None:
    with pytest.raises(BadValue):
        BOOLEAN.text(bad)


@given(st.floats(allow_nan=False) | st.integers(-(2**53), 2**53))
def test_reals_survive(value: float) -> None:
    assert there_and_back(REAL64, value) == value


def test_reals_beyond_numbers() -> None:
    assert math.isnan(there_and_back(REAL64, math.nan))
    assert REAL64.text(-math.inf) == "-INF"


@given(TIMES)
def test_dates_survive(value: CimTime) -> None:
    assert there_and_back(DATETIME, value) == value


@pytest.mark.parametrize(
    ("inside", "value"),
    [
        ("<cim:Datetime>2024-05-02T10:11:12Z</cim:Datetime>", CimTime(datetime(2024, 5, 2, 10, 11, 12), 0)),
        (
            "<cim:Datetime>2024-05-02T10:11:12.5+02:00</cim:Datetime>",
            CimTime(datetime(2024, 5, 2, 10, 11, 12, 500000), 120),
        ),
        (
            "<cim:Datetime>2024-05-02T10:11:12.1234567-03:30</cim:Datetime>",
            CimTime(datetime(2024, 5, 2, 10, 11, 12, 123456), -210),
        ),
        ("<Datetime>2024-05-02T10:11:12</Datetime>", CimTime(datetime(2024, 5, 2, 10, 11, 12))),  # in a projected row
        ("<cim:Date>2024-05-02</cim:Date>", CimTime(datetime(2024, 5, 2))),
        (
            "<cim:CIM_DateTime>20240502101112.000000+000</cim:CIM_DateTime>",
            CimTime(datetime(2024, 5, 2, 10, 11, 12), 0),
        ),
        ("20240502101112.500000-300", CimTime(datetime(2024, 5, 2, 10, 11, 12, 500000), -300)),
        ("20240502101112.000000+***", CimTime(datetime(2024, 5, 2, 10, 11, 12))),
        ("20240502******.******+***", CimTime(datetime(2024, 5, 2))),
        ("<cim:Time>10:11:12.5Z</cim:Time>", CimTime(datetime(1601, 1, 1, 10, 11, 12, 500000), 0)),
        ("********101112.000000+***", CimTime(datetime(1601, 1, 1, 10, 11, 12))),
        ("2024-05-02T24:00:00Z", CimTime(datetime(2024, 5, 3), 0)),
        ("<cim:Interval>P1DT2H0M0S</cim:Interval>", CimInterval("P1DT2H0M0S")),
        ("00000001020000.000000:000", CimInterval("00000001020000.000000:000")),
    ],
)
def test_dates_in_every_form(inside: str, value: Any) -> None:
    """wire T-08, peers V-04"""
    assert DATETIME.read(elements(f"<p:x>{inside}</p:x>")) == value


@pytest.mark.parametrize(
    "bad",
    [
        "tomorrow",
        "2024-13-01T00:00:00Z",
        "P",
        "2024",
        "99999999999999999999-01-01T00:00:00Z",
        "9999-12-31T24:00:00Z",
    ],
)
def test_what_is_no_date_is_told(bad: str) -> None:
    with pytest.raises(BadValue, match="not a datetime"):
        DATETIME.read(elements(f"<p:x>{bad}</p:x>"))


@pytest.mark.parametrize("value", [CimInterval("P1DT2H0M0S"), CimInterval("00000001020000.000000:000")])
def test_intervals_survive(value: CimInterval) -> None:
    assert there_and_back(DATETIME, value) == value


def test_a_date_without_zone_is_sent_in_the_form_that_can_say_so() -> None:
    """wire T-09"""
    root = Element("o")
    DATETIME.write(root, "x", CimTime(datetime(2024, 5, 2, 10, 11, 12)))
    DATETIME.write(root, "x", CimTime(datetime(2024, 5, 2, 10, 11, 12), 0))
    forms = [(each[0].tag, each[0].text) for each in root]
    assert forms == [
        (f"{{{names.CIM}}}CIM_DateTime", "20240502101112.000000+***"),
        (f"{{{names.CIM}}}Datetime", "2024-05-02T10:11:12Z"),
    ]


def test_early_years_keep_four_digits() -> None:
    assert CimTime(datetime(80, 1, 2)).dmtf == "00800102000000.000000+***"


@pytest.mark.parametrize("codec", [STRING, BOOLEAN, UINT32, REAL64, DATETIME, EMBEDDED], ids=repr)
@pytest.mark.parametrize("inside", ['<p:x xsi:nil="true"/>', '<p:x xsi:nil="1"/>', ""])
def test_null_and_absent_are_none(codec: Codec, inside: str) -> None:
    """wire T-02"""
    assert codec.read(elements(inside)) is None
    assert there_and_back(codec, None) is None


def test_empty_text_is_not_null() -> None:
    """wire T-02"""
    assert STRING.read(elements("<p:x/>")) == ""
    assert STRING.read(elements('<p:x xsi:nil="false"></p:x>')) == ""
    assert UINT32.read(elements("<p:x/>")) is None


@given(st.lists(st.integers(0, 255)))
def test_arrays_survive(values: list[int]) -> None:
    assert there_and_back(array_of(UINT8), values) == values


@pytest.mark.parametrize(
    "inside", ["", '<p:x xsi:nil="true"/>', f'<p:x xsi:nil="true" m:IsNullArray="true" xmlns:m="{names.MICROSOFT}"/>']
)
def test_absent_null_and_empty_arrays_are_one(inside: str) -> None:
    """wire T-07, peers V-01"""
    assert array_of(STRING).read(elements(inside)) == []


@pytest.mark.parametrize("item", [UINT8, UINT32, DATETIME, EMBEDDED], ids=repr)
def test_an_empty_element_is_no_entry_of_an_array(item: Codec) -> None:
    """Where no empty value exists; text has one."""
    assert array_of(item).read(elements("<p:x/>")) == []
    assert array_of(STRING).read(elements("<p:x/>")) == [""]


@pytest.mark.parametrize(
    ("text", "whole"),
    [("0", True), ("007", True), ("9" * 20, True), ("9" * 5000, False), ("\u00b2", False), ("\u0663", False)]
    + [("", False), ("-1", False), ("1.0", False), (" 1", False)],
)
def test_what_is_a_plain_number(text: str, whole: bool) -> None:
    assert is_plain_number(text) is whole
    if whole:
        int(text)


def test_an_array_of_one_is_an_array() -> None:
    """wire T-06"""
    assert array_of(STRING).read(elements("<p:x>a</p:x>")) == ["a"]


def test_clearing_an_array_takes_a_null_element() -> None:
    """wire P-09"""
    root = Element("o")
    array_of(STRING).write(root, "x", [])
    assert markup.serialise(root) == f'<o xmlns:xsi="{names.XSI}"><x xsi:nil="true"/></o>'.encode()


@pytest.mark.parametrize("bad", ["text", 7, {"a": 1}, [None], ["a", 7]])
def test_an_array_takes_a_list_of_its_own(bad: Any) -> None:
    with pytest.raises(BadValue):
        there_and_back(array_of(STRING), bad)


TOKEN = {
    "DaySpan": (UINT32, 7),
    "IsGMT": (BOOLEAN, False),
    "StartTime": (DATETIME, CimTime(datetime(2024, 5, 1), 0)),
}
TOKENS = st.builds(
    lambda name, span, gmt, start: Embedded.of(
        name, {"DaySpan": (UINT32, span), "IsGMT": (BOOLEAN, gmt), "StartTime": (DATETIME, start)}
    ),
    st.sampled_from(["SMS_ST_RecurInterval", "SMS_ST_RecurWeekly"]),
    st.integers(0, 31),
    st.booleans(),
    TIMES,
)


@given(st.lists(TOKENS))
def test_objects_inside_survive_with_their_classes(values: list[Embedded]) -> None:
    read = there_and_back(array_of(EMBEDDED), values)
    assert read == values
    assert [each.class_name for each in read] == [each.class_name for each in values]


def test_an_object_inside_is_written_as_the_page_says() -> None:
    """wire T-13, peers V-02"""
    root = Element(f"{{{URI}}}SMS_Package")
    EMBEDDED.write(root, f"{{{URI}}}RefreshSchedule", Embedded.of("SMS_ST_RecurInterval", TOKEN))
    token = markup.parse(markup.serialise(root))[0]
    own = URI.replace("SMS_Package", "SMS_ST_RecurInterval")
    assert token.get(names.TYPE) == f"{{{own}}}SMS_ST_RecurInterval_Type"
    assert [each.tag for each in token] == [f"{{{own}}}{name}" for name in TOKEN]
    assert token[2][0].tag == f"{{{names.CIM}}}Datetime"


def test_an_object_inside_an_object_survives() -> None:
    inner = Embedded.of("Inner", {"A": (STRING, "a")})
    outer = Embedded.of("Outer", {"B": (EMBEDDED, inner), "C": (array_of(STRING), ["x", "y"])})
    read = there_and_back(EMBEDDED, outer)
    assert read == outer
    assert read.value("B", EMBEDDED).class_name == "Inner"
    assert read.value("C", array_of(STRING)) == ["x", "y"]


@pytest.mark.parametrize(
    "inside",
    [
        '<p:x xmlns:e="urn:anything/SMS_ST_RecurInterval" xsi:type="e:SMS_ST_RecurInterval_Type"><e:DaySpan>7</e:DaySpan></p:x>',
        '<p:x xsi:type="SMS_ST_RecurInterval_Type"><DaySpan>7</DaySpan></p:x>',
        '<p:x xmlns:e="urn:e" xsi:type="e:SMS_ST_RecurInterval_Type"><e:SMS_ST_RecurInterval><e:DaySpan>7</e:DaySpan>'
        "</e:SMS_ST_RecurInterval></p:x>",
        '<p:x><e:SMS_ST_RecurInterval xmlns:e="urn:e"><e:DaySpan>7</e:DaySpan></e:SMS_ST_RecurInterval></p:x>',
        '<p:x><e:Token xmlns:e="urn:e" xsi:type="e:SMS_ST_RecurInterval_Type"><e:DaySpan>7</e:DaySpan></e:Token></p:x>',
    ],
)
def test_objects_inside_are_read_in_every_form(inside: str) -> None:
    """wire T-13: any namespace, and a wrapping element named after the class"""
    read = EMBEDDED.read(elements(inside))
    assert read.class_name == "SMS_ST_RecurInterval"
    assert read.value("DaySpan", UINT32) == 7


def test_an_object_that_was_read_goes_back_in_the_form_it_came_in() -> None:
    """wire Q-03: echo the form the server used"""
    (came,) = elements('<p:x xmlns:e="urn:odd/Token" xsi:type="e:Token_Type"><e:DaySpan>7</e:DaySpan></p:x>')
    root = Element(f"{{{URI}}}o")
    EMBEDDED.write(root, f"{{{URI}}}x", EMBEDDED.read([came]))
    assert root[0].get(names.TYPE) == "{urn:odd/Token}Token_Type"
    assert root[0][0].tag == "{urn:odd/Token}DaySpan"
    inside = "<e:Token><e:DaySpan>7</e:DaySpan></e:Token>"
    (wrapped,) = elements(f'<p:x xmlns:e="urn:odd/Token" xsi:type="e:Token_Type">{inside}</p:x>')
    assert EMBEDDED.read([wrapped]) == EMBEDDED.read([came])
    EMBEDDED.write(root, f"{{{URI}}}y", EMBEDDED.read([wrapped]))
    assert [each.tag for each in root[1].iter()][1:] == ["{urn:odd/Token}Token", "{urn:odd/Token}DaySpan"]


def test_the_wrong_thing_for_an_object() -> None:
    with pytest.raises(BadValue, match="object"):
        there_and_back(EMBEDDED, {"DaySpan": 7})


def test_unequal_objects() -> None:
    one = Embedded.of("A", {"x": (UINT32, 1)})
    assert one != Embedded.of("B", {"x": (UINT32, 1)})
    assert one != Embedded.of("A", {"x": (UINT32, 2)})
    assert one != Embedded.of("A", {"x": (UINT32, None)})
    assert hash(one) == hash(Embedded.of("A", {"x": (UINT32, 1)}))


def test_characters_xml_cannot_carry_name_the_property() -> None:
    with pytest.raises(BadValue, match=r"x contains the character U\+0007"):
        there_and_back(STRING, "bell\a")
