# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""WQL: what is quoted stays one literal, whatever it holds (wire E-21)."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._cim import wql
from ansible_collections.configmgr.content.plugins.module_utils._cim.types import CimTime
from ansible_collections.configmgr.content.plugins.module_utils._wsman.errors import BadValue

pytest.importorskip("hypothesis", reason="hypothesis is not installed")
from hypothesis import given
from hypothesis import strategies as st

HOSTILE = st.text(
    st.sampled_from("'\"\\%_[]^-*? a\n;)(") | st.characters(min_codepoint=32, max_codepoint=0x2FFF), max_size=30
)


def read_literal(text: str) -> tuple[str, str]:
    """A quoted string as a WQL parser reads it: a backslash guards the next character. The value, and what follows."""
    assert text[0] == "'"
    value, place = "", 1
    while text[place] != "'":
        place += text[place] == "\\"
        value += text[place]
        place += 1
    return value, text[place + 1 :]


def like_to_regex(pattern: str) -> str:
    """A LIKE pattern as a site reads it."""
    parts = re.findall(r"\[[^\]]\]|.", pattern, re.DOTALL)
    special = {"%": ".*", "_": "."}
    return "".join(re.escape(each[1]) if len(each) == 3 else special.get(each, re.escape(each)) for each in parts)


@given(HOSTILE)
def test_a_literal_is_read_back_whole(value: str) -> None:
    assert read_literal(wql.literal(value)) == (value, "")


@given(HOSTILE)
def test_a_condition_cannot_be_broken_out_of(value: str) -> None:
    text = str(wql.equals("Name", value))
    assert text.startswith("Name = ")
    assert read_literal(text[len("Name = ") :]) == (value, "")


@given(HOSTILE, HOSTILE)
def test_starts_with_takes_its_text_literally(prefix: str, rest: str) -> None:
    text = str(wql.starts_with("Name", prefix))
    pattern, after = read_literal(text[len("Name LIKE ") :])
    assert after == ""
    assert re.fullmatch(like_to_regex(pattern), prefix + rest, re.DOTALL)
    if prefix and not prefix.startswith("z"):
        assert not re.fullmatch(like_to_regex(pattern), "z" + prefix[1:] + rest, re.DOTALL)


@given(HOSTILE)
def test_a_pattern_means_what_it_says(glob: str) -> None:
    text = str(wql.matches("Name", glob))
    if "*" not in glob and "?" not in glob:
        assert text == str(wql.equals("Name", glob))
        return
    pattern, _unused = read_literal(text[len("Name LIKE ") :])
    assert re.fullmatch(like_to_regex(pattern), glob.replace("*", "any text").replace("?", "x"), re.DOTALL)
    assert pattern.count("%") == glob.count("*") + glob.count("%")


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        (wql.equals("PkgSourcePath", "\\\\srv\\src"), r"PkgSourcePath = '\\\\srv\\src'"),
        (wql.equals("Name", "O'Neil"), r"Name = 'O\'Neil'"),
        (wql.equals("PackageType", 258), "PackageType = 258"),
        (wql.equals("DefaultImage", True), "DefaultImage = TRUE"),
        (wql.equals("Language", None), "Language IS NULL"),
        (wql.compare("Language", "<>", None), "Language IS NOT NULL"),
        (wql.compare("SourceVersion", ">=", 2), "SourceVersion >= 2"),
        (
            wql.compare("LastRefreshTime", ">", CimTime(datetime(2024, 5, 2, 10, 11, 12))),
            "LastRefreshTime > '20240502101112.000000+***'",
        ),
        (wql.in_list("PackageID", ["PS100001", "PS100002"]), "PackageID IN ('PS100001', 'PS100002')"),
        (wql.in_list("PackageID", ["PS100001"]), "PackageID = 'PS100001'"),
        (wql.starts_with("Name", "50%_[x]"), "Name LIKE '50[%][_][[]x]%'"),
        (wql.matches("Name", "Contoso*"), "Name LIKE 'Contoso%'"),
        (
            wql.and_(wql.equals("A", 1), None, wql.or_(wql.equals("B", 2), wql.equals("C", 3))),
            "(A = 1) AND ((B = 2) OR (C = 3))",
        ),
        (wql.and_(None, wql.equals("A", 1)), "A = 1"),
        (wql.not_(wql.equals("A", 1)), "NOT (A = 1)"),
    ],
)
def test_conditions(condition: wql.Condition, text: str) -> None:
    assert str(condition) == text


def test_no_condition_is_none() -> None:
    assert wql.and_() is None
    assert wql.or_(None) is None


def test_select() -> None:
    assert wql.select(["PackageID", "Name"], "SMS_Package") == "SELECT PackageID, Name FROM SMS_Package"
    assert (
        wql.select(("*",), "SMS_Site", wql.equals("SiteCode", "PS1")) == "SELECT * FROM SMS_Site WHERE SiteCode = 'PS1'"
    )


@pytest.mark.parametrize("name", ["", "Name; DROP", "Name = 1 OR 1", "a b", "1a", "a.b.c", "x'", "Ä", "Name\n"])
def test_names_are_names(name: str) -> None:
    with pytest.raises(BadValue):
        wql.equals(name, 1)
    with pytest.raises(BadValue):
        wql.select([name], "SMS_Package")
    with pytest.raises(BadValue):
        wql.select(["Name"], name)


@pytest.mark.parametrize("value", [1.5, b"x", ["a"], object(), "\x00", "\ud800"])
def test_other_values_are_refused(value: Any) -> None:
    with pytest.raises(BadValue):
        wql.literal(value)


def test_what_would_find_nothing_or_all_is_refused() -> None:
    with pytest.raises(BadValue):
        wql.in_list("PackageID", [])
    with pytest.raises(BadValue):
        wql.select([], "SMS_Package")
    with pytest.raises(BadValue):
        wql.compare("A", "LIKE", "x")
    with pytest.raises(BadValue):
        wql.compare("A", "<", None)
