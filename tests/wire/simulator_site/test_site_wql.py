# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""WQL: what the provider takes, what it refuses, and what the answers are."""

from __future__ import annotations

import fnmatch
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smsprovsim import wql
from smsprovsim.model import CimDateTime, Property, WmiError

if TYPE_CHECKING:
    from .conftest import Desk

# No deadline: the machine may be busy. The same examples in every run.
calm = settings(deadline=None, database=None, derandomize=True)

PROPERTIES = {
    "name": Property("Name", "string"),
    "size": Property("Size", "uint32"),
    "enabled": Property("Enabled", "boolean"),
    "day": Property("Day", "datetime"),
    "tags": Property("Tags", "string", array=True),
    "token": Property("Token", "object:SMS_ScheduleToken"),
}


def column(name: str) -> Property:
    if name.lower() not in PROPERTIES:
        raise wql.WqlError(name)
    return PROPERTIES[name.lower()]


def truth(condition: str, **values: Any) -> bool | None:
    where = wql.parse(f"SELECT * FROM X WHERE {condition}").where
    assert where is not None
    return wql.compile_condition(where, column)(values)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("Name = 'ABC'", True),  # without case
        ('NAME = "abc"', True),
        ("'abc' = Name", True),
        ("Name <> 'abc'", False),
        ("Name != 'abd'", True),
        ("Name < 'abd'", True),
        ("Size >= 10 AND Size <= 10", True),
        ("9 < Size", True),
        ("Size = '10'", True),
        ("Size IN (1, 10)", True),
        ("Size NOT IN (1, 10)", False),
        ("NOT Size > 10", True),
        ("Enabled = TRUE AND Enabled <> 0", True),
        ("Enabled = 'false'", False),
        ("Name LIKE 'a%'", True),
        ("Name LIKE 'a_'", False),
        ("Name LIKE '[a-c]bc'", True),
        ("Name LIKE '[^a]bc'", False),
        ("Name NOT LIKE '%x%'", True),
        ("Size = 1 OR Size = 10 AND Enabled = FALSE", False),
        ("(Size = 1 OR Size = 10) AND Enabled = TRUE", True),
        ("Day > '20260101000000.000000+000'", True),
        ("Day = '20260302080000.000000+060'", True),
        ("Day = '2026-03-02 07:00:00'", True),
        ("Day < '2026/03/03'", True),
        ("Tags = 'Two'", True),
        ("Tags IN ('nine', 'one')", True),
        ("Tags <> 'three'", True),
        ("Token IS NULL", True),
        ("Name IS NOT NULL", True),
        ("Name = NULL", False),
        ("Name <> NULL", True),
    ],
)
def test_condition(condition: str, expected: bool) -> None:
    day = CimDateTime("20260302070000.000000+***")
    assert truth(condition, Name="abc", Size=10, Enabled=True, Day=day, Tags=["one", "two"]) is expected


def test_no_column_is_a_reserved_word(small: Desk) -> None:
    for definition in small.site.world.repository.classes.values():
        for name in definition.properties:
            assert wql.parse(f"SELECT {name} FROM X WHERE {name} = 1").columns == (name,)


@pytest.mark.parametrize("condition", ["Size = 1", "NOT Size = 1", "Size IN (1)", "Name LIKE '%'", "Tags = 'x'"])
def test_null_is_neither_true_nor_false(condition: str) -> None:
    assert truth(condition) is None


def test_null_gives_way_to_a_certain_side() -> None:
    assert truth("Size = 1 OR Name = 'a'", Name="a") is True
    assert truth("Size = 1 AND Name = 'b'", Name="a") is False
    assert truth("Size = 1 OR Name = 'b'", Name="a") is None


@pytest.mark.parametrize(
    "statement",
    [
        "",
        "SELECT",
        "SELECT * FROM",
        "SELECT Name Size FROM X",
        "SELECT * FROM X WHERE",
        "SELECT * FROM X WHERE Name",
        "SELECT * FROM X WHERE Name = abc",
        "SELECT * FROM X WHERE Name = 'abc",
        r"SELECT * FROM X WHERE Name = '\\srv\share'",
        "SELECT * FROM X WHERE Name LIKE 5",
        "SELECT * FROM X WHERE Name IN ()",
        "SELECT * FROM X WHERE (Name = 'a'",
        "SELECT * FROM X WHERE Size < NULL",
        "SELECT * FROM X ORDER Name",
        "SELECT * FROM X; DELETE",
        "SELECT __PATH FROM X",
        "SELECT * FROM X WHERE __CLASS = 'X'",
        "SELECT COUNT(Name) FROM X",
        "SELECT DISTINCT * FROM X",
        "SELECT * FROM X WHERE Name = 'a' 'b'",
    ],
)
def test_refused(statement: str) -> None:
    with pytest.raises(wql.WqlError):
        wql.parse(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM X RIGHT JOIN Y ON X.A = Y.A",
        "SELECT * FROM X WHERE A ISA 'Y'",
        "SELECT * FROM X GROUP BY A",
        "SELECT * FROM X WHERE A > GetDate()",
        "ASSOCIATORS OF {X}",
    ],
)
def test_real_but_not_claimed(statement: str) -> None:
    with pytest.raises(wql.WqlError) as caught:
        wql.parse(statement)
    assert caught.value.unsupported


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM X JOIN Y",
        "SELECT * FROM X JOIN Y ON X.A",
        "SELECT * FROM X JOIN Y ON X.A < Y.A",
        "SELECT y.Name FROM X x",
        "SELECT * FROM X WHERE Y.A = 1",
        "SELECT * FROM X WHERE A IN (SELECT A FROM Y",
    ],
)
def test_a_join_that_is_none(statement: str) -> None:
    with pytest.raises(wql.WqlError):
        wql.parse(statement)


def test_an_alias_of_one_class_is_a_name_for_it() -> None:
    plain = wql.parse("SELECT Name FROM X WHERE Size = 1 AND Name IN ('a') ORDER BY Name")
    for text in ("FROM X AS y", "FROM X y"):
        named = wql.parse(f"SELECT y.Name {text} WHERE y.Size = 1 AND Name IN ('a') ORDER BY y.Name")
        assert (named.columns, named.where, named.order_by) == (plain.columns, plain.where, plain.order_by)
    assert wql.parse("SELECT y.* FROM X y").columns is None


@pytest.mark.parametrize(
    "condition",
    [
        "Size = 'ten'",
        "Enabled = 2",
        "Day = 'tomorrow'",
        "Name = 5",
        "Name LIKE '[abc'",
        "Tags < 'x'",
        "Token = 'x'",
        "Size LIKE 'x'",
        "Nothing = 1",
    ],
)
def test_types_are_checked(condition: str) -> None:
    with pytest.raises(wql.WqlError):
        truth(condition)


@calm
@given(st.text())
def test_an_escaped_string_finds_itself(text: str) -> None:
    for quote in "'\"":
        literal = text.replace("\\", "\\\\").replace(quote, "\\" + quote)
        where = wql.parse(f"SELECT * FROM X WHERE Name = {quote}{literal}{quote}").where
        assert where == wql.Compare("Name", "=", text)


@calm
@given(st.text(alphabet="ab%_[]^-\\", max_size=8), st.text(alphabet="ab%_[]^-\\", max_size=8))
def test_bracketed_text_matches_only_itself(text: str, other: str) -> None:
    bracketed = "".join(f"[{char}]" if char in "%_[" else char for char in text)
    pattern = wql.like_pattern(bracketed)
    assert pattern.fullmatch(text)
    assert bool(pattern.fullmatch(other)) == (text == other)


@calm
@given(st.text(alphabet="ab*?", max_size=6), st.text(alphabet="ab", max_size=6))
def test_wildcards_match_as_elsewhere(pattern: str, text: str) -> None:
    like = pattern.replace("*", "%").replace("?", "_")
    assert bool(wql.like_pattern(like).fullmatch(text)) == fnmatch.fnmatchcase(text, pattern)


@calm
@given(st.text(max_size=40))
def test_nonsense_is_refused_and_nothing_else_happens(text: str) -> None:
    try:
        wql.parse(text)
    except wql.WqlError:
        pass


# The index must never lose a row: whatever the condition, narrowing by a column keeps every row that fulfils it.
_names = st.sampled_from(["a", "B", "c"])
_conditions = st.recursive(
    st.one_of(
        st.builds("Name = '{}'".format, _names),
        st.builds("Name <> '{}'".format, _names),
        st.builds("Name IN ('{}', '{}')".format, _names, _names),
        st.builds("Size = {}".format, st.integers(0, 2)),
    ),
    lambda inner: st.one_of(
        st.builds("({} AND {})".format, inner, inner),
        st.builds("({} OR {})".format, inner, inner),
        st.builds("NOT {}".format, inner),
    ),
    max_leaves=6,
)


@calm
@given(_conditions, _names, st.integers(0, 2))
def test_narrowing_keeps_every_match(condition: str, name: str, size: int) -> None:
    where = wql.parse(f"SELECT * FROM X WHERE {condition}").where
    limit = wql.narrowed(where, "name")
    if truth(condition, Name=name, Size=size):
        assert limit is None or name.lower() in limit


# --- at a site ---


def test_base_class_finds_every_type(small: Desk) -> None:
    types = {row["PackageType"] for row in small.rows("SELECT PackageID, PackageType FROM SMS_PackageBaseclass")}
    assert types == {0, 3, 4, 5, 8, 257, 258, 259, 260}


def test_siblings_are_not_found(small: Desk) -> None:
    assert small.rows("SELECT PackageID FROM SMS_Package WHERE PackageID = 'PS100004'") == []  # behaviour 15
    assert len(small.rows("SELECT PackageID FROM sms_bootimagepackage WHERE packageid = 'ps100004'")) == 1


def test_projected_rows_have_the_spelling_of_the_schema(small: Desk) -> None:
    (row,) = small.rows("SELECT PACKAGEID, name FROM SMS_Package WHERE PackageID = 'PS100001'")
    assert row == {"PackageID": "PS100001", "Name": "7-Zip"}


def test_whole_objects_are_of_their_own_class(small: Desk) -> None:
    statement = "SELECT * FROM SMS_PackageBaseclass WHERE PackageID IN ('PS100001', 'PS100004')"
    found = list(small.site.query(small.caller, small.namespace, statement))
    assert [instance.cim_class.name for instance in found] == ["SMS_Package", "SMS_BootImagePackage"]  # type: ignore[union-attr]


def test_count_order_and_distinct(small: Desk) -> None:
    assert small.rows("SELECT COUNT(*) FROM SMS_BootImagePackage") == [{"Count": 2}]
    names = [r["Name"] for r in small.rows("SELECT Name FROM SMS_Package WHERE Name LIKE 'No%' ORDER BY Version DESC")]
    assert names == ["Notepad++", "Notepad++"]
    assert small.rows("SELECT DISTINCT Name FROM SMS_Package WHERE Name LIKE 'No%'") == [{"Name": "Notepad++"}]
    versions = [r["SourceVersion"] for r in small.rows("SELECT SourceVersion FROM SMS_Package ORDER BY SourceVersion")]
    assert versions == sorted(versions)


JOINED = (
    "SELECT p.PackageID, p.Name, s.ServerNALPath, s.State FROM SMS_Package p "
    "INNER JOIN SMS_PackageStatusDistPointsSummarizer AS s ON s.PackageID = p.PackageID "
    "WHERE p.Name LIKE 'N%' AND s.State = 0 ORDER BY p.PackageID DESC"
)


def test_a_join_has_an_object_for_each_alias(small: Desk) -> None:
    """behaviour 17"""
    found = list(small.site.query(small.caller, small.namespace, JOINED))
    assert {each.cim_class.name for each in found} == {"__Generic"}  # type: ignore[union-attr]
    rows = [each.values for each in found]
    assert {(row["p"].class_name, row["s"].class_name) for row in rows} == {
        ("SMS_Package", "SMS_PackageStatusDistPointsSummarizer")
    }
    told = [(row["p"].values["PackageID"], row["s"].values["ServerNALPath"]) for row in rows]
    one_by_one = [
        (package["PackageID"], row["ServerNALPath"])
        for package in small.rows("SELECT PackageID FROM SMS_Package WHERE Name LIKE 'N%' ORDER BY PackageID DESC")
        for row in small.rows(
            "SELECT ServerNALPath FROM SMS_PackageStatusDistPointsSummarizer "
            f"WHERE State = 0 AND PackageID = '{package['PackageID']}'"
        )
    ]
    assert sorted(told) == sorted(one_by_one)
    assert [each for each, _point in told] == [each for each, _point in one_by_one]
    assert set(rows[0]["p"].values) == {"PackageID", "Name"}


def test_a_left_join_keeps_what_has_no_match(small: Desk) -> None:
    text = "FROM SMS_Package p {} JOIN SMS_Program q ON p.PackageID = q.PackageID"
    packages = small.rows("SELECT COUNT(*) FROM SMS_Package")[0]["Count"]
    inner = small.rows(f"SELECT * {text.format('')}")
    outer = small.rows(f"SELECT * {text.format('LEFT OUTER')}")
    assert len({row["p"].values["PackageID"] for row in outer}) == packages
    assert [row for row in outer if row["q"] is not None] == inner
    assert small.rows(f"SELECT COUNT(*) {text.format('LEFT')}") == [{"Count": len(outer)}]


def test_a_join_shows_no_lazy_value(small: Desk) -> None:
    (row,) = small.rows(
        "SELECT p.* FROM SMS_Package p JOIN SMS_PackageBaseclass b ON p.PackageID = b.PackageID "
        "WHERE p.PackageID = 'PS100011'"
    )
    assert list(row) == ["p"]
    assert row["p"].values["RefreshSchedule"] is None
    assert row["p"].values["SourceVersion"] == 21


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT Name FROM SMS_Package p JOIN SMS_Program q ON p.PackageID = q.PackageID",
        "SELECT p.Nothing FROM SMS_Package p JOIN SMS_Program q ON p.PackageID = q.PackageID",
        "SELECT p.Name FROM SMS_Package p JOIN SMS_Program q ON p.PackageID = p.PackageID",
        "SELECT p.Name FROM SMS_Package p JOIN SMS_Program p ON p.PackageID = p.PackageID",
        "SELECT p.Name FROM SMS_Package p JOIN SMS_Program q ON p.PackageID = q.PackageID WHERE p.IconSize = 0",
        "SELECT DISTINCT p.Name FROM SMS_Package p JOIN SMS_Program q ON p.PackageID = q.PackageID",
        "SELECT p.Name FROM SMS_Package p JOIN SMS_ScheduleToken q ON p.PackageID = q.PackageID",
    ],
)
def test_a_join_that_the_site_refuses(small: Desk, statement: str) -> None:
    with pytest.raises(WmiError) as caught:
        small.rows(statement)
    assert caught.value.hresult == 0x80041017


def test_a_sub_query(small: Desk) -> None:
    on_points = "SELECT PackageID FROM SMS_DistributionPoint WHERE SiteCode = 'PS1'"
    targeted = {row["PackageID"] for row in small.rows(on_points)}
    every = small.column("SELECT PackageID FROM SMS_Package")
    inside = small.column(f"SELECT PackageID FROM SMS_Package WHERE PackageID IN ({on_points})")
    outside = small.column(f"SELECT PackageID FROM SMS_Package WHERE PackageID NOT IN ({on_points})")
    assert inside == [each for each in every if each in targeted]
    assert sorted(inside + outside) == every
    assert small.rows("SELECT PackageID FROM SMS_Package WHERE Name IN (SELECT SiteName FROM SMS_Site)") == []


def test_array_property_contains(small: Desk) -> None:
    all_of_them = small.rows("SELECT PackageID FROM SMS_Package")
    assert small.rows("SELECT PackageID FROM SMS_Package WHERE SecuredScopeNames = 'default'") == all_of_them


@pytest.mark.parametrize(
    ("statement", "hresult", "code"),
    [
        ("SELECT * FROM SMS_Nothing", 0x80041010, None),
        ("SELECT Nothing FROM SMS_Package", 0x80041017, 1078464256),
        ("SELECT ImagePath FROM SMS_PackageBaseclass", 0x80041017, 1078464256),
        ("SELECT PackageID FROM SMS_Package WHERE Nothing = 1", 0x80041017, 1078464256),
        ("SELECT * FROM SMS_Package WHERE IconSize = 0", 0x80041017, 1078464256),
        ("SELECT * FROM SMS_ScheduleToken", 0x80041017, 1078464256),
        ("SELECT PackageID FROM SMS_Package WHERE LastRefreshTime > GetDate()", 0x80041017, 1078464276),
    ],
)
def test_error_of_a_bad_query(small: Desk, statement: str, hresult: int, code: int | None) -> None:
    with pytest.raises(WmiError) as caught:
        small.rows(statement)
    assert caught.value.hresult == hresult
    assert caught.value.extended.get("ErrorCode") == code


def test_namespaces(small: Desk) -> None:
    assert small.site.namespace_exists("ROOT\\SMS\\Site_ps1")
    assert not small.site.namespace_exists("root/sms/site_XYZ")
    with pytest.raises(WmiError) as caught:
        small.site.query(small.caller, "root/sms/site_XYZ", "SELECT * FROM SMS_Package")
    assert caught.value.hresult == 0x8004100E
    assert small.site.cim_class("root/sms", "SMS_Package") is None
    assert small.site.cim_class(small.namespace, "SMS_ProviderLocation") is None


def test_instance_count_limits_the_answer(small: Desk) -> None:
    few = small.as_user("CONTOSO\\cmadmin", InstanceCount="2")
    assert len(few.rows("SELECT PackageID FROM SMS_Package")) == 2
