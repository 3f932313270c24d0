# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading any class: typed by the site's own schema, lazy properties never mistaken, streamed, and never a write."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._engine.query import Query, Question
from ansible_collections.configmgr.content.plugins.module_utils._provider.errors import (
    Impossible,
    NotOnThisVersion,
    ProviderError,
)
from ansible_collections.configmgr.content.plugins.module_utils._provider.namespace import Namespace
from ansible_collections.configmgr.content.plugins.module_utils._wsman.errors import BadValue
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smsprovsim.schema import read_classes

from .conftest import MakePlace, Place

READING = {"Enumerate", "Pull", "Release", "Get"}
RELEASED = 2150858779  # n:InvalidEnumerationContext


def conditions(*each: tuple[Any, ...]) -> list[dict[str, Any]]:
    """Conditions from (property, operator, value)."""
    return [dict(zip(("property", "operator", "value"), one, strict=False)) for one in each]


def ids(result: dict[str, Any]) -> list[str]:
    """The PackageIDs of the rows, in order."""
    return sorted(row["PackageID"] for row in result["rows"])


def ids_at_the_site(place: Place, class_name: str, **properties: Any) -> list[str]:
    """The PackageIDs of a class at the site, asked without the client."""
    wanted = class_name.lower()
    return sorted(
        package.package_id
        for package in place.server.site.world.packages.values()
        if wanted in read_classes()[package.class_name.lower()].lineage
        and all(package.record.values.get(name) == value for name, value in properties.items())
    )


# -- types ---------------------------------------------------------------------------------------------------------


def test_values_have_the_types_that_the_site_declares(place: Place) -> None:
    result = place.query(class_name="SMS_Package", where=conditions(("PackageID", "=", "PS100001")))
    (row,) = result["rows"]
    declared = read_classes()["sms_package"].properties
    for name, value in row.items():
        if value is None:
            continue
        kind = declared[name].type
        wanted = "bool" if kind == "boolean" else "int" if "int" in kind else "str"
        assert isinstance(value, list) == declared[name].array, name
        for each in value if declared[name].array else [value]:
            assert type(each).__name__ == wanted, name
    assert (result["schema"], result["untyped"]) == ("described", [])
    assert row["PackageSize"] == 204800
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", row["LastRefreshTime"])


def test_a_number_of_64_bits_stays_a_number(place: Place) -> None:
    place.call("SMS_Package", "AddChangeNotification", key={"PackageID": "PS100001"})
    (row,) = place.query(class_name="SMS_StatusMessage")["rows"]
    assert isinstance(row["RecordID"], int)
    assert row["RecordID"] > 2**53  # what a reader with floating point would round
    assert row["MessageID"] == 30192


@pytest.mark.parametrize("qualifiers", ["present", "absent"])
def test_an_embedded_object_is_a_dictionary_with_typed_values(make_place: MakePlace, qualifiers: str) -> None:
    """Without qualifiers the site declares objects as text, and the form of the value tells (wire M-04)."""
    place = make_place(switches={"class_qualifiers": qualifiers})
    where = conditions(("PackageID", "=", "PS100011"))
    result = place.query(
        class_name="SMS_Package", properties=["RefreshSchedule"], where=where, lazy=True, key_properties=["PackageID"]
    )
    (row,) = result["rows"]
    assert result["untyped"] == []
    daily, fortnightly = row["RefreshSchedule"]
    assert (daily["__CLASS"], daily["DaySpan"], daily["IsGMT"]) == ("SMS_ST_RecurInterval", 1, False)
    assert daily["StartTime"] == "2022-01-03T02:00:00"
    assert (fortnightly["__CLASS"], fortnightly["Day"]) == ("SMS_ST_RecurWeekly", 7)


def test_an_array_of_one_entry_is_a_list(place: Place) -> None:
    (row,) = place.query(
        class_name="SMS_Package", properties=["SecuredScopeNames"], where=conditions(("PackageID", "=", "PS100001"))
    )["rows"]
    assert row["SecuredScopeNames"] == ["Default"]


@pytest.mark.parametrize("source", ["read", "unknown"])
def test_without_a_description_values_are_as_they_came_and_are_named(place: Place, source: str) -> None:
    """A site that describes no class; in the second case it shows no object either."""
    place.server.add_fault(action="fault", code=2150858771, verb="Get")
    if source == "unknown":
        place.server.add_fault(action="fault", code=2150858755, verb="Enumerate", **{"class": "SMS_Package"})
    result = place.query(
        wql="SELECT PackageID, PackageType, SecuredScopeNames, LastRefreshTime FROM SMS_Package WHERE PackageID='PS100001'"
    )
    (row,) = result["rows"]
    assert result["schema"] == source
    assert (row["PackageID"], row["PackageType"], row["SecuredScopeNames"]) == ("PS100001", "0", "Default")
    assert row["LastRefreshTime"][10] == "T"
    assert sorted(result["untyped"]) == sorted(set(row) - {"LastRefreshTime"})


def test_names_are_found_without_case_and_returned_as_the_site_spells_them(place: Place) -> None:
    (row,) = place.query(
        class_name="SMS_Package", properties=["NAME", "packagetype"], where=conditions(("packageid", "=", "ps100001"))
    )["rows"]
    assert row == {"PackageID": "PS100001", "Name": "7-Zip", "PackageType": 0}


def test_a_count_is_a_number(place: Place) -> None:
    result = place.query(wql="SELECT COUNT(*) FROM SMS_PackageBaseclass")
    assert result["rows"] == [{"Count": len(place.server.site.world.packages)}]


def test_objects_of_derived_classes_are_typed_by_their_own_class(place: Place) -> None:
    result = place.query(wql="SELECT * FROM SMS_PackageBaseclass WHERE PackageID = 'PS100004'")
    (row,) = result["rows"]
    assert row["PackageType"] == 258
    assert row["DefaultImage"] is False  # only boot images have it


# -- lazy properties -----------------------------------------------------------------------------------------------


def test_a_lazy_property_is_never_shown_empty(place: Place) -> None:
    """What a query cannot fill is not among its rows, whatever the site sends there (behaviour 11)."""
    lazy = {name for name, each in read_classes()["sms_package"].properties.items() if each.lazy}
    assert {"RefreshSchedule", "IconSize"} <= lazy
    for options in ({"class_name": "SMS_Package"}, {"wql": "SELECT * FROM SMS_Package"}):
        result = place.query(**options)
        assert lazy <= set(result["left_out"])
        assert not any(set(result["left_out"]) & set(row) for row in result["rows"])
    assert "Get" not in {entry["verb"] for entry in place.server.journal if entry["key"]}


def test_a_lazy_property_that_is_asked_for_is_read_object_by_object(place: Place) -> None:
    where = conditions(("PackageID", "in", ["PS100001", "PS100011"]))
    result = place.query(class_name="SMS_Package", properties=["Name", "RefreshSchedule"], where=where)
    assert [len(row["RefreshSchedule"]) for row in sorted(result["rows"], key=lambda row: row["PackageID"])] == [0, 2]
    gets = [entry for entry in place.server.journal if entry["verb"] == "Get" and "PS1000" in str(entry["key"])]
    assert len(gets) == 2
    assert result["left_out"] == []


def test_a_lazy_property_cannot_be_asked_of_a_query_alone(place: Place) -> None:
    error = place.refusal(class_name="SMS_Package", properties=["RefreshSchedule"], lazy=False)
    assert str(error).startswith("A query never fills RefreshSchedule of SMS_Package")
    assert place.queries() == []


def test_all_of_an_object_is_read_on_request(place: Place) -> None:
    result = place.query(class_name="SMS_Package", lazy=True, where=conditions(("PackageID", "=", "PS100011")))
    (row,) = result["rows"]
    assert set(row) == set(read_classes()["sms_package"].properties)
    assert len(row["RefreshSchedule"]) == 2
    assert result["wql"] == "SELECT PackageID FROM SMS_Package WHERE PackageID = 'PS100011'"


def test_a_site_that_tells_no_keys_is_asked_with_the_named_ones(make_place: MakePlace) -> None:
    place = make_place(switches={"class_qualifiers": "absent"})
    error = place.refusal(class_name="SMS_Package", lazy=True)
    assert "key_properties" in str(error)
    result = place.query(class_name="SMS_Package", lazy=True, key_properties=["packageid"], limit=2)
    assert all(isinstance(row["RefreshSchedule"], list) for row in result["rows"])
    assert result["count"] == 2


def test_an_object_that_is_deleted_meanwhile_is_not_in_the_list(place: Place) -> None:
    place.server.add_fault(
        action="provider_error", hresult=0x80041002, description="Not found", verb="Get", key="PS100001"
    )
    result = place.query(class_name="SMS_Package", lazy=True)
    assert ids(result) == [each for each in ids_at_the_site(place, "SMS_Package") if each != "PS100001"]


@pytest.mark.parametrize("answer", ["not_found", "derived"])
def test_a_lazy_property_of_a_base_class_is_read_through_the_class_of_each_object(
    make_place: MakePlace, answer: str
) -> None:
    """No object is lost because the site knows it under its own class only (behaviour 14)."""
    place = make_place(switches={"get_by_base_class": answer})
    place.server.add_fault(
        action="provider_error", hresult=0x80041002, description="Not found", verb="Get", key="PS100001", times=2
    )
    result = place.query(class_name="SMS_PackageBaseclass", properties=["Name", "RefreshSchedule"])
    assert ids(result) == [each for each in ids_at_the_site(place, "SMS_PackageBaseclass") if each != "PS100001"]
    scheduled = {row["PackageID"]: len(row["RefreshSchedule"]) for row in result["rows"] if row["RefreshSchedule"]}
    assert scheduled["PS100011"] == 2
    if answer == "not_found":
        gets = [entry for entry in place.server.journal if entry["verb"] == "Get" and entry["key"]]
        assert len([each for each in gets if each["class"] == "SMS_PackageBaseclass"]) == 1


# -- conditions ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "match", "found"),
    [
        ([("PackageType", "=", "0"), ("Manufacturer", "=", "Notepad++ Team")], "all", ["PS10000B", "PS10000C"]),
        ([("Name", "=", "7-Zip"), ("SourceVersion", "=", 21)], "any", ["PS100001", "PS100011"]),
        ([("Name", "matches", "Notepad++")], "all", ["PS10000B", "PS10000C"]),
        ([("Name", "matches", "?-Z*")], "all", ["PS100001"]),
        ([("Name", "starts with", "Configuration Manager")], "all", ["PS10000D"]),
        ([("Name", "like", "%BitLocker%")], "all", ["PS10000A"]),
        ([("SourceVersion", ">", 4), ("SourceVersion", "<=", 21)], "all", ["PS10000D", "PS100011"]),
        ([("PackageID", "not in", ["PS100001"]), ("Name", "=", "7-Zip")], "all", []),
        ([("IsPredefinedPackage", "=", "yes")], "all", ["PS10000D"]),
        ([("ISVString", "is not null")], "all", []),
    ],
)
def test_conditions_select(place: Place, where: list[tuple[Any, ...]], match: str, found: list[str]) -> None:
    result = place.query(class_name="SMS_Package", properties=["Name"], where=conditions(*where), match=match)
    assert ids(result) == found


def test_a_date_is_compared(place: Place) -> None:
    times = {
        each.package_id: each.record.values["LastRefreshTime"].text[:14]
        for each in place.server.site.world.packages.values()
        if each.class_name == "SMS_Package"
    }
    edge = sorted(times.values())[len(times) // 2]
    text = f"{edge[:4]}-{edge[4:6]}-{edge[6:8]}T{edge[8:10]}:{edge[10:12]}:{edge[12:14]}"
    result = place.query(class_name="SMS_Package", where=conditions(("LastRefreshTime", ">=", text)))
    assert ids(result) == sorted(name for name, time in times.items() if time >= edge)


@pytest.mark.parametrize(
    ("where", "told"),
    [
        (("PackageType", "=", "many"), "takes a whole number, not 'many'"),
        (("PackageType", "=", -1), "takes 0 to 4294967295 (uint32), not -1"),
        (("PackageType", "=", 2**32), "takes 0 to 4294967295 (uint32)"),
        (("PackageType", "=", True), "takes a whole number"),
        (("Name", "=", 5), "takes text, not 5"),
        (("Name", "=", None), "= needs a value"),
        (("Name", "is null", "x"), "is null takes no value"),
        (("Name", "in", "x"), "in takes a list"),
        (("Name", "in", ["x", 5]), "takes text, not 5"),
        (("Name", "=", ["x"]), "takes one value (string)"),
        (("Name", "=", "bell \x07"), "U+0007"),
        (("SourceVersion", "like", 5), "like is for text"),
        (("LastRefreshTime", "=", "yesterday"), "takes a date"),
        (("ForcedDisconnectEnabled", "=", "perhaps"), "takes true or false"),
        (("RefreshSchedule", "=", "x"), "is an object"),
        (("Nam", "=", "x"), "SMS_Package has no property Nam. Near it: Name"),
    ],
)
def test_a_condition_that_does_not_fit_is_refused_before_the_query(
    place: Place, where: tuple[Any, ...], told: str
) -> None:
    error = place.refusal(class_name="SMS_Package", where=conditions(where))
    assert isinstance(error, (Impossible, BadValue))
    assert told in str(error)
    assert place.queries() == []


@pytest.mark.parametrize("name", ["SMS_Package WHERE 1=1", "", "SMS_Package; x", "a.b.c"])
def test_what_is_no_name_of_a_class_is_refused(place: Place, name: str) -> None:
    with pytest.raises(BadValue):
        place.query(class_name=name, properties=["Name"])
    assert place.queries() == []


def test_a_class_that_is_not_there_is_named_by_the_site(place: Place) -> None:
    error = place.refusal(class_name="SMS_Pakage")
    assert isinstance(error, NotOnThisVersion)
    assert "SMS_Pakage" in str(error)


# -- queries as they are -------------------------------------------------------------------------------------------


def test_wql_is_sent_as_it_is(place: Place) -> None:
    text = "select   PackageID,Name\nfrom SMS_Package where Name like '%Zip%' or Name=\"Notepad++\""
    result = place.query(wql=text)
    assert ids(result) == ["PS100001", "PS10000B", "PS10000C"]
    assert place.queries() == [text]
    assert result["wql"] == text


def test_parameters_are_put_in_as_literals(place: Place) -> None:
    result = place.query(
        wql="SELECT PackageID FROM SMS_Package WHERE Name IN :names AND IsPredefinedPackage = :own AND SourceVersion > :least",
        parameters={"names": ["7-Zip", "Notepad++"], "own": False, "least": 1},
    )
    assert ids(result) == ["PS100001", "PS10000C"]
    assert place.queries() == [
        "SELECT PackageID FROM SMS_Package WHERE Name IN ('7-Zip', 'Notepad++') AND IsPredefinedPackage = FALSE AND SourceVersion > 1"
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("DELETE FROM SMS_Package", "does not begin with SELECT"),
        ("SELECT Name", "has no FROM"),
        ("SELECT Name FROM SMS_Package; SELECT Name FROM SMS_Site", "second SELECT"),
        ("SELECT Name FROM SMS_Package;", "semicolon"),
        ("SELECT Name FROM SMS_Package WHERE Name = 'x", "the quote at position 43 is not closed"),
        ("SELECT Name FROM SMS_Package WHERE Name = 'x\\'", "is not closed"),
        ("SELECT Name FROM SMS_Package WHERE (Name = 'x'", "parenthesis is not closed"),
        ("SELECT Name FROM SMS_Package WHERE Name = 'x')", "closes nothing"),
        ("ASSOCIATORS OF {SMS_Package.PackageID='PS100001'}", "does not begin with SELECT"),
        ("", "does not begin with SELECT"),
        ("SELECT Name FROM SMS_Package WHERE Name = '\x00'", "U+0000"),
    ],
)
def test_what_is_not_one_select_is_refused_before_anything_is_sent(place: Place, text: str, told: str) -> None:
    if not text:
        return  # an empty option is none: Ansible asks for one of the two
    error = place.refusal(wql=text)
    assert told in str(error)
    assert place.server.journal == []


@pytest.mark.parametrize("answer", ["generic", "fragment"])
def test_a_join_has_a_typed_object_for_each_alias(make_place: MakePlace, answer: str) -> None:
    """behaviour 17; wire T-15"""
    place = make_place(switches={"join_rows": answer})
    result = place.query(
        wql="SELECT p.*, s.ServerNALPath, s.SourceVersion FROM SMS_Package AS p INNER JOIN SMS_PackageStatusDistPointsSummarizer AS s "
        "ON p.PackageID = s.PackageID WHERE p.PackageID = :package",
        parameters={"package": "PS100011"},
    )
    assert (result["schema"], result["untyped"]) == ("unknown", [])
    (row,) = result["rows"]
    assert set(row) == {"p", "s"}
    assert (row["p"]["__CLASS"], row["s"]["__CLASS"]) == ("SMS_Package", "SMS_PackageStatusDistPointsSummarizer")
    assert (row["p"]["SourceVersion"], row["p"]["IsPredefinedPackage"]) == (21, False)
    assert row["s"]["SourceVersion"] == 21
    assert "RefreshSchedule" not in row["p"]  # the package has one; no query tells it
    assert {"p.RefreshSchedule", "p.IconSize"} <= set(result["left_out"])


def test_a_left_join_has_null_where_nothing_matches(place: Place) -> None:
    result = place.query(
        wql="SELECT p.Name, q.ProgramName FROM SMS_Package p LEFT JOIN SMS_Program q ON q.PackageID = p.PackageID WHERE p.PackageID = 'PS100011'"
    )
    (row,) = result["rows"]
    assert (row["p"]["Name"], row["q"]) == ("Refreshed by schedule", None)


def test_a_join_that_the_site_does_not_take_is_told(place: Place) -> None:
    with pytest.raises(ProviderError, match="PackageId2"):
        place.query(wql="SELECT p.Name FROM SMS_Package p JOIN SMS_Program q ON q.PackageID = p.PackageId2")


def test_a_sub_query_is_answered(place: Place) -> None:
    result = place.query(
        wql="SELECT PackageID FROM SMS_Package WHERE PackageID IN (SELECT PackageID FROM SMS_DistributionPoint)"
    )
    assert "PS100011" in ids(result)
    assert "PS10000A" not in ids(result)


def test_words_within_quotes_are_no_words(place: Place) -> None:
    result = place.query(wql="SELECT PackageID FROM SMS_Package WHERE Name = 'select ; ( from :x'")
    assert result["rows"] == []


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({}, None),
        ({"other": 1}, "The query has :name, and parameters has no name"),
        ({"name": "x", "other": 1}, "The query has no :other for the parameter other"),
        ({"name": None}, "The parameter name is null"),
        ({"name": []}, "The parameter name is an empty list"),
        ({"name": {"a": 1}}, "A query cannot hold"),
        ({"name": 1.5}, "A query cannot hold 1.5"),
    ],
)
def test_parameters_that_do_not_fit_are_refused(place: Place, parameters: dict[str, Any], told: str | None) -> None:
    text = "SELECT PackageID FROM SMS_Package WHERE Name = :name"
    if told is None:  # without parameters the text is the user's own
        with pytest.raises(ProviderError, match="Cannot carry out the query"):
            place.query(wql=text, parameters=parameters)
        return
    assert told in str(place.refusal(wql=text, parameters=parameters))
    assert place.server.journal == []


def test_a_placeholder_within_quotes_is_plain_text(place: Place) -> None:
    error = place.refusal(wql="SELECT PackageID FROM SMS_Package WHERE Name = ':name'", parameters={"name": "7-Zip"})
    assert "Quotes around a placeholder make it plain text" in str(error)


HOSTILE = st.text(
    st.one_of(
        st.sampled_from("'\"\\%_[]();:-*?<>&{}= \t\n\r"),
        st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"),
    ),
    min_size=1,
    max_size=30,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=HOSTILE)
def test_whatever_a_value_holds_it_is_found_and_nothing_else(place: Place, name: str) -> None:
    """The same object, whether by a condition or by a parameter; and a value cannot widen the query."""
    record = place.server.site.world.package("PS100001").record
    record.values["Name"] = name
    same = [
        each.package_id
        for each in place.server.site.world.packages.values()
        if each.class_name == "SMS_Package" and each.record.values["Name"].casefold() == name.casefold()
    ]
    by_condition = place.query(class_name="SMS_Package", properties=["Name"], where=conditions(("Name", "=", name)))
    by_parameter = place.query(wql="SELECT PackageID, Name FROM SMS_Package WHERE Name = :n", parameters={"n": name})
    assert by_condition["rows"] == by_parameter["rows"]
    assert "PS100001" in same
    assert ids(by_condition) == sorted(same)
    assert next(row["Name"] for row in by_condition["rows"] if row["PackageID"] == "PS100001") == name
    literal = by_parameter["wql"].partition("Name = ")[2]
    assert place.queries()[-1].endswith(literal)


# -- limits and files ----------------------------------------------------------------------------------------------


def test_a_limit_stops_asking_and_gives_the_rest_back(make_place: MakePlace) -> None:
    place = make_place("large")
    result = place.query(class_name="SMS_PackageBaseclass", properties=["Name"], limit=5)
    assert (result["count"], len(result["rows"])) == (5, 5)
    listed = [entry["verb"] for entry in place.server.journal if entry["class"] == "SMS_PackageBaseclass"]
    assert listed.count("Pull") <= 1
    assert listed[-1] == "Release"


@pytest.mark.parametrize("limit", [0, -3])
def test_a_limit_of_nothing_is_refused(place: Place, limit: int) -> None:
    assert "is less than 1" in str(place.refusal(class_name="SMS_Package", limit=limit))
    assert place.server.journal == []


def test_rows_are_handed_on_as_they_come(make_place: MakePlace) -> None:
    """Constant memory: the second page is asked for when the first one is used up."""
    place = make_place("large")
    task_rows = []
    site = _site(place)
    question = Question(class_name="SMS_PackageBaseclass", properties=("Name",))
    rows = Query(Namespace(site), question).rows()
    for _each in range(3):
        task_rows.append(next(rows))
    pulls = place.server.journal[-1]["n"]
    for row in rows:
        task_rows.append(row)
    assert place.server.journal[-1]["n"] > pulls + 1
    assert len({row["PackageID"] for row in task_rows}) == len(place.server.site.world.packages)
    site.close()


def _site(place: Place) -> Any:
    from ansible_collections.configmgr.content.plugins.module_utils._provider.site import Means, open_site
    from ansible_collections.configmgr.content.plugins.module_utils._wsman.endpoint import Endpoint

    env = place.server.env
    return open_site(
        Means(
            Endpoint(
                provider=env["CONFIGMGR_PROVIDER"],
                port=int(env["CONFIGMGR_PORT"]),
                scheme=env["CONFIGMGR_SCHEME"],
                auth=env["CONFIGMGR_AUTH"],
                username=env["CONFIGMGR_USERNAME"],
                password=env["CONFIGMGR_PASSWORD"],
            )
        )
    )


def test_a_list_that_broke_off_is_asked_for_again(make_place: MakePlace) -> None:
    place = make_place("large")
    place.server.add_fault(action="fault", code=RELEASED, verb="Pull", skip=2)
    result = place.query(class_name="SMS_PackageBaseclass", properties=["Name"])
    assert sorted(row["PackageID"] for row in result["rows"]) == sorted(
        each.package_id for each in place.server.site.world.packages.values()
    )


@pytest.mark.parametrize("check", [False, True])
def test_the_module_writes_lines(place: Place, tmp_path: Path, check: bool) -> None:
    dest = tmp_path / "rows.jsonl"
    options = {"class_name": "SMS_Package", "properties": ["Name"], "dest": str(dest)}
    result = place.module("cm_wmi_query", options, check=check)
    assert (result["rc"], result["changed"], result["dest"]) == (0, False, str(dest))
    assert "rows" not in result
    assert result["count"] == len(ids_at_the_site(place, "SMS_Package"))
    assert dest.exists() is not check
    if not check:
        rows = [json.loads(line) for line in dest.read_text(encoding="utf-8").splitlines()]
        assert sorted(row["PackageID"] for row in rows) == ids_at_the_site(place, "SMS_Package")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, "one of the following is required: class_name, wql"),
        ({"class_name": "SMS_Site", "wql": "SELECT * FROM SMS_Site"}, "mutually exclusive: class_name|wql"),
        ({"class_name": "SMS_Site", "parameters": {"a": 1}}, "parameters"),
    ],
)
def test_the_module_takes_one_question(place: Place, options: dict[str, Any], told: str) -> None:
    result = place.module("cm_wmi_query", options)
    assert result["rc"] == 1
    assert told in result["msg"]
    assert place.server.journal == []


# -- namespaces ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["root/sms", "root\\sms", "ROOT\\SMS"])
def test_the_namespace_above_the_sites_can_be_read(place: Place, name: str) -> None:
    result = place.query(class_name="SMS_ProviderLocation", namespace=name)
    assert [row["SiteCode"] for row in result["rows"]] == ["PS1"]
    assert result["rows"][0]["ProviderForLocalSite"] is True


@pytest.mark.parametrize("name", ["root/cimv2", "root", "root/smsx", "cimv2"])
def test_other_namespaces_are_none_of_ours(place: Place, name: str) -> None:
    error = place.refusal(class_name="Win32_Service", namespace=name)
    assert isinstance(error, Impossible)


# -- never a write -------------------------------------------------------------------------------------------------


def test_nothing_that_it_does_is_a_write(place: Place) -> None:
    place.server.add_fault(action="refuse_writes")
    for options in (
        {"class_name": "SMS_Package", "lazy": True},
        {"wql": "SELECT * FROM SMS_DistributionPoint"},
        {"class_name": "SMS_ProviderLocation", "namespace": "root/sms"},
    ):
        assert place.query(**options)["changed"] is False
        assert place.query(check=True, **options)["changed"] is False
    assert place.verbs() <= READING


@pytest.mark.parametrize("name", sorted(each.name for each in read_classes().values() if not each.embedded))
def test_every_class_of_the_site_can_be_read(place: Place, name: str) -> None:
    """Whatever it declares: each row has exactly what the result promises, and each value the declared form."""
    cim_class = read_classes()[name.lower()]
    options = {"namespace": cim_class.namespace} if cim_class.namespace else {}
    try:
        result = place.query(class_name=name, limit=3, **options)
    except ProviderError:
        assert cim_class.abstract  # there are no objects of it
        return
    assert result["schema"] == "described"
    for row in result["rows"]:
        if cim_class.properties:  # a class without any shows what its derived ones have
            assert set(row) | set(result["left_out"]) == set(cim_class.properties)
        json.dumps(row, allow_nan=False)
