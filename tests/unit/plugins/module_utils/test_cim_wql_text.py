# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""WQL of others: one SELECT or nothing, and values that stay values whatever they hold."""

from __future__ import annotations

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._cim import wql_text
from ansible_collections.configmgr.content.plugins.module_utils._wsman.errors import BadValue
from hypothesis import given
from hypothesis import strategies as st

SELECT = "SELECT Name FROM SMS_Package WHERE Name = :a AND Version <> :b"
TEXT = st.text(
    st.one_of(
        st.sampled_from("'\"\\%_();: OR=--/**/"),
        st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"),
    ),
    max_size=40,
)


@given(TEXT, TEXT)
def test_a_value_is_one_literal_and_changes_nothing_else(one: str, other: str) -> None:
    """What a value holds never becomes words of the query."""
    sent = wql_text.filled(SELECT, {"a": one, "b": other})
    wql_text.check_select(sent)
    words = [each.text for each in wql_text._tokens(sent)]
    plain = [each.text for each in wql_text._tokens(wql_text.filled(SELECT, {"a": "x", "b": "y"}))]
    literals = [place for place, word in enumerate(plain) if word in ("'x'", "'y'")]
    assert len(words) == len(plain)
    assert [word for place, word in enumerate(words) if place not in literals] == [
        word for place, word in enumerate(plain) if place not in literals
    ]
    said = [words[place][1:-1].replace("\\'", "'").replace("\\\\", "\\") for place in literals]
    assert len(said) == 2
    assert said[0].count("'") == one.count("'")


@given(st.lists(st.one_of(TEXT, st.integers(), st.booleans()), min_size=1, max_size=5))
def test_a_list_is_a_list_of_literals(values: list[object]) -> None:
    sent = wql_text.filled("SELECT Name FROM C WHERE Name IN :list", {"list": values})
    wql_text.check_select(sent)
    inside = [each.text for each in wql_text._tokens(sent) if each.depth == 1 and each.text not in ",-"]
    assert len(inside) == len(values)


@given(TEXT)
def test_a_literal_of_the_text_itself_is_not_looked_into(inside: str) -> None:
    quoted = "'" + inside.replace("\\", "\\\\").replace("'", "\\'") + "'"
    text = f"SELECT Name FROM SMS_Package WHERE Name = {quoted}"
    wql_text.check_select(text)
    assert wql_text.filled(text, {}) == text
    assert wql_text.source(text) == "SMS_Package"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("SELECT * FROM SMS_Package", "SMS_Package"),
        ("select a,b\nfrom\tSMS_Package where x=1", "SMS_Package"),
        ("SELECT p.Name FROM SMS_Package AS p WHERE p.Name = 'from SMS_Site'", "SMS_Package"),
        ("SELECT Name FROM SMS_Package ORDER BY Name", "SMS_Package"),
        ("SELECT Name FROM SMS_Package WHERE PackageID IN (SELECT PackageID FROM SMS_Program)", "SMS_Package"),
        ("SELECT p.Name FROM SMS_Package p JOIN SMS_Program q ON p.PackageID = q.PackageID", ""),
        ("SELECT p.Name FROM SMS_Package p, SMS_Program q", ""),
        ("SELECT p.Name FROM SMS_Package p LEFT JOIN SMS_Program q ON 1 = 1", ""),
        ("SELECT Name", ""),
    ],
)
def test_the_class_that_is_read(text: str, found: str) -> None:
    assert wql_text.source(text) == found


@pytest.mark.parametrize(
    ("text", "counts"),
    [("select count(*) from C", True), ("SELECT COUNT (*) FROM C", True), ("SELECT Count FROM C", False)],
)
def test_what_is_a_count(text: str, counts: bool) -> None:
    assert wql_text.counts(text) is counts


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "SELECT",
        "(SELECT Name FROM C)",
        "SELECT Name FROM C UNION SELECT Name FROM D",
        "SELECT Name FROM C ; ",
        'SELECT Name FROM C WHERE Name = "x',
        "SELECT Name FROM C WHERE Name = ')' )",
        "SELECT Name FROM C WHERE Name = 'a\x08'",
        "REFERENCES OF {C.ID=1}",
    ],
)
def test_what_is_not_one_select(text: str) -> None:
    with pytest.raises(BadValue):
        wql_text.check_select(text)
