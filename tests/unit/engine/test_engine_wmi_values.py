# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of any class, to the wire and back: every CIM type, its whole range, and nothing beyond it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._cim.instance import method_input
from ansible_collections.configmgr.content.plugins.module_utils._cim.types import Properties
from ansible_collections.configmgr.content.plugins.module_utils._engine.wmi_values import Reader, Writer, moment, near
from ansible_collections.configmgr.content.plugins.module_utils._provider.errors import Impossible
from ansible_collections.configmgr.content.plugins.module_utils._provider.schema import (
    DESCRIBED,
    UNKNOWN,
    ClassSchema,
    Member,
    PropertySchema,
)
from ansible_collections.configmgr.content.plugins.module_utils._wsman import markup
from ansible_collections.configmgr.content.plugins.module_utils._wsman.errors import BadValue
from hypothesis import given
from hypothesis import strategies as st

URI = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/sms/site_PS1/SMS_Thing"
TOKEN = ClassSchema(
    "SMS_Token",
    properties=(
        PropertySchema("Days", "uint32"),
        PropertySchema("Start", "datetime"),
        PropertySchema("Local", "boolean"),
        PropertySchema("Names", "string", array=True),
        PropertySchema("Inner", "object:SMS_Token"),
    ),
)


class Classes:
    """The classes of a site without a site."""

    def of(self, class_name: str) -> ClassSchema:
        return TOKEN if class_name.lower() == "sms_token" else ClassSchema(class_name, source=UNKNOWN)


def there_and_back(declared: Member, value: Any) -> tuple[Any, list[str]]:
    """What reading gives of what writing made of a value, over the wire, and what was untyped."""
    classes: Any = Classes()
    written = Writer(classes).value(declared, value, declared.name)
    answer = markup.parse(method_input(URI, "M", {declared.name: written}))
    reader = Reader(classes)
    schema = ClassSchema("SMS_Thing", properties=(PropertySchema(declared.name, declared.type, declared.array),))
    return reader.some(Properties(answer), schema, [declared.name])[declared.name], reader.untyped


RANGES = {
    **{f"uint{bits}": (0, 2**bits - 1) for bits in (8, 16, 32, 64)},
    **{f"sint{bits}": (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32, 64)},
    "char16": (0, 2**16 - 1),
}
TEXT = st.text(
    st.one_of(
        st.sampled_from("]]>&<\"'\\\r\n\t "),
        st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"),
    )
)
NUMBERS = st.sampled_from(sorted(RANGES)).flatmap(
    lambda kind: st.tuples(
        st.just(kind), st.one_of(st.integers(*RANGES[kind]), st.sampled_from([*RANGES[kind], 0, RANGES[kind][1] // 2]))
    )
)
SINGLE = st.one_of(
    NUMBERS,
    st.tuples(st.just("string"), TEXT),
    st.tuples(st.just("boolean"), st.booleans()),
    st.tuples(st.sampled_from(["real32", "real64"]), st.floats(allow_nan=False, allow_infinity=False)),
)


@given(SINGLE)
def test_every_value_of_every_type_goes_there_and_back(given_value: tuple[str, Any]) -> None:
    kind, value = given_value
    assert there_and_back(Member("Thing", kind), value) == (value, [])


@given(SINGLE.flatmap(lambda each: st.tuples(st.just(each[0]), st.lists(st.just(each[1]), min_size=0, max_size=3))))
def test_every_list_goes_there_and_back(given_values: tuple[str, list[Any]]) -> None:
    kind, values = given_values
    assert there_and_back(Member("Thing", kind, True), values) == (values, [])


@given(NUMBERS)
def test_a_number_may_come_as_text(given_value: tuple[str, int]) -> None:
    """What a template makes of a number."""
    kind, value = given_value
    assert there_and_back(Member("Thing", kind), str(value)) == (value, [])


@given(st.sampled_from(sorted(RANGES)), st.integers(min_value=1))
def test_a_number_beyond_its_type_is_refused(kind: str, more: int) -> None:
    low, high = RANGES[kind]
    for value in (low - more, high + more, str(high + more)):
        with pytest.raises(BadValue, match="Thing takes"):
            there_and_back(Member("Thing", kind), value)


@given(
    st.datetimes(min_value=datetime(1601, 1, 1), max_value=datetime(9999, 12, 31)),
    st.one_of(st.none(), st.integers(-720, 840)),
)
def test_a_date_goes_there_and_back(wall: datetime, minutes: int | None) -> None:
    zone = None if minutes is None else timezone(timedelta(minutes=minutes))
    text = wall.replace(tzinfo=zone).isoformat()
    found, untyped = there_and_back(Member("Thing", "datetime"), text)
    wanted = wall.isoformat() if not minutes else text  # nobody vouches for a Z
    assert (found, untyped) == (wanted, [])


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ("2026-11-20T22:00", "2026-11-20T22:00:00"),
        ("2026-11-20", "2026-11-20T00:00:00"),
        ("2026-11-20 22:00:00", "2026-11-20T22:00:00"),
        ("2026-11-20T22:00:00Z", "2026-11-20T22:00:00Z"),
        ("20261120220000.000000+***", "2026-11-20T22:00:00"),
        ("20261120220000.000000+060", "2026-11-20T22:00:00+01:00"),
        ("00000001020000.000000:000", "00000001020000.000000:000"),
        ("P1DT2H", "P1DT2H"),
    ],
)
def test_forms_of_dates(asked: str, text: str) -> None:
    assert str(moment(asked, "Thing")) == text


@pytest.mark.parametrize("asked", ["tomorrow", "", 5, 20261120, "2026-13-01", "2026-11-20T25:00", True, 1.5])
def test_what_is_no_date(asked: Any) -> None:
    with pytest.raises(Impossible, match="Thing takes a date"):
        moment(asked, "Thing")


def test_an_object_in_an_object() -> None:
    value = {
        "__CLASS": "SMS_Token",
        "Days": 4294967295,
        "Start": "2026-11-20T22:00:00",
        "Local": True,
        "Names": ["a"],
        "Inner": {"Days": "1", "Names": []},
    }
    found, untyped = there_and_back(Member("Thing", "object:SMS_Token"), value)
    assert found == {
        **value,
        "Inner": {"__CLASS": "SMS_Token", "Days": 1, "Start": None, "Local": None, "Names": [], "Inner": None},
    }
    assert untyped == []


def test_objects_in_a_list_are_of_the_class_that_each_names() -> None:
    values = [{"Days": 1}, {"__CLASS": "SMS_Other", "Count": 2, "On": True, "Names": ["x", "y"]}]
    found, untyped = there_and_back(Member("Thing", "object:SMS_Token", True), values)
    assert found[0]["Days"] == 1
    assert found[1] == {"__CLASS": "SMS_Other", "Count": "2", "On": "true", "Names": ["x", "y"]}
    assert untyped == ["Count", "On", "Names"]


@pytest.mark.parametrize(
    ("declared", "value", "told"),
    [
        (Member("Thing", "string"), "a\x00", "U+0000"),
        (Member("Thing", "string"), "\ud800", "U+D800"),
        (Member("Thing", "string"), None, "is null"),
        (Member("Thing", "string", True), ["a", 1], "entry 2 takes text"),
        (Member("Thing", "uint8"), 1.5, "takes a whole number"),
        (Member("Thing", "uint8"), "1 000", "takes a whole number"),
        (Member("Thing", "boolean"), 1, "takes true or false"),
        (Member("Thing", "real64"), "x", "takes a number"),
        (Member("Thing", "reference"), "x", "is of the type reference"),
        (Member("Thing", "object:SMS_Token"), {"Dayz": 1}, "SMS_Token has no property Dayz"),
        (Member("Thing", "object"), {"Days": 1}, "does not say of which class it is"),
        (Member("Thing", "object:SMS_Token"), {"Inner": {"Days": -1}}, "Thing, Inner, Days takes 0 to"),
        (Member("Thing"), [1, "x"], "a list of values of one kind"),
        (Member("Thing"), [], "a list of values of one kind"),
        (Member("Thing"), None, "is null"),
        (Member("Thing"), {"Days": 1}, "does not say of which class it is"),
    ],
)
def test_what_does_not_fit(declared: Member, value: Any, told: str) -> None:
    with pytest.raises((BadValue, Impossible)) as caught:
        there_and_back(declared, value)
    assert told in str(caught.value)
    assert str(caught.value).startswith("Thing")


@pytest.mark.parametrize(
    ("value", "found"),
    [("x", "x"), (5, "5"), (2**64 - 1, str(2**64 - 1)), (True, "true"), (1.5, "1.5"), (["a", "b"], ["a", "b"])],
)
def test_without_a_type_a_value_says_by_itself_what_it_is(value: Any, found: Any) -> None:
    assert there_and_back(Member("Thing"), value) == (found, ["Thing"])


@pytest.mark.parametrize(("text", "found"), [("NaN", "nan"), ("INF", "inf"), ("-INF", "-inf")])
def test_what_json_has_no_number_for_is_text(text: str, found: str) -> None:
    answer = markup.parse(f'<T xmlns="{URI}"><Thing>{text}</Thing></T>'.encode())
    reader = Reader(Classes())  # type: ignore[arg-type]
    value = reader.one(Properties(answer), "Thing", Member("Thing", "real64"))
    assert value == found
    json.dumps(value, allow_nan=False)


def test_the_objects_of_a_join_are_typed_by_their_own_classes() -> None:
    """A row of no class, with an object for each alias (wire T-15)."""
    answer = markup.parse(
        b"""<g:__Generic xmlns:g="urn:g" xmlns:t="urn:t" xmlns:cim="http://schemas.dmtf.org/wbem/wscim/1/common"
            xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
          <g:a xsi:type="t:SMS_Token_Type"><t:Days>7</t:Days><t:Names>x</t:Names></g:a>
          <g:b xsi:type="t:SMS_Other_Type"><t:Days>7</t:Days></g:b>
          <g:At><cim:Datetime>2026-11-20T22:00:00Z</cim:Datetime></g:At>
        </g:__Generic>"""
    )
    reader = Reader(Classes())  # type: ignore[arg-type]
    row = reader.every(Properties(answer), ClassSchema("__Generic", source=UNKNOWN))
    assert (row["a"]["__CLASS"], row["a"]["Days"], row["a"]["Names"]) == ("SMS_Token", 7, ["x"])
    assert row["b"] == {"__CLASS": "SMS_Other", "Days": "7"}
    assert row["At"] == "2026-11-20T22:00:00"
    assert reader.untyped == ["Days"]


def test_a_value_that_does_not_keep_to_its_type_is_told_as_it_came() -> None:
    answer = markup.parse(f'<T xmlns="{URI}"><Thing>many</Thing></T>'.encode())
    reader = Reader(Classes())  # type: ignore[arg-type]
    schema = ClassSchema("SMS_Thing", source=DESCRIBED, properties=(PropertySchema("Thing", "uint32"),))
    assert reader.every(Properties(answer), schema) == {"Thing": "many"}
    assert reader.untyped == ["Thing"]


@pytest.mark.parametrize(
    ("name", "told"),
    [("packageid", "Near it: PackageID"), ("Nam", "Near it: Name"), ("zzz", "Known: Name, PackageID")],
)
def test_near_names(name: str, told: str) -> None:
    assert near(name, ["PackageID", "Name"]) == told
    assert near(name, []) == "It has none"
