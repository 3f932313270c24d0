# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calling any method: held against the site's schema first, at most once, honest about what came of it, and no secret told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._engine.wmi_method import METHOD_SPEC
from ansible_collections.configmgr.content.plugins.module_utils._provider.errors import Impossible, ProviderError
from ansible_collections.configmgr.content.plugins.module_utils._wsman.errors import BadValue, OutcomeUnknown

from .conftest import MakePlace, Place

WAKE = {"class_name": "SMS_Package", "method": "AddChangeNotification", "key": {"PackageID": "PS100001"}}
FOLDER = r"\\files01.contoso.test\drivers$\new package"
CHECK = {"class_name": "SMS_DriverPackage", "method": "CheckSourceFolder", "arguments": {"SourceFolder": FOLDER}}
MOVE = {"class_name": "SMS_ObjectContainerItem", "method": "MoveMembers"}


def woken(place: Place) -> int:
    """How often the site carried out AddChangeNotification of PS100001."""
    executed: dict[str, dict[str, int]] = place.server.site.snapshot()["executions"]
    return executed.get("AddChangeNotification", {}).get("PS100001", 0)


# -- what is called ------------------------------------------------------------------------------------------------


def test_a_method_of_an_object(place: Place) -> None:
    result = place.call(**WAKE)
    assert (result["changed"], result["return_value"], result["outputs"]) == (True, 0, {})
    assert woken(place) == 1
    (call,) = place.calls()
    assert (call["method"], call["key"]) == ("AddChangeNotification", "PS100001")


def test_a_static_method_and_its_out_parameters(place: Place) -> None:
    result = place.call(**CHECK, reading=True)
    assert result["changed"] is False
    assert result["return_value"] == 0
    assert result["outputs"] == {"Result": 2}
    (call,) = place.calls()
    assert call["key"] == ""


def test_names_in_any_case_go_out_as_the_site_spells_them(place: Place) -> None:
    result = place.call("sms_driverpackage", "checksourcefolder", arguments={"sourcefolder": FOLDER}, reading=True)
    assert result["outputs"] == {"Result": 2}
    (call,) = place.calls()
    assert (call["class"], call["method"]) == ("SMS_DriverPackage", "CheckSourceFolder")


def test_arrays_and_numbers_arrive(place: Place) -> None:
    (folder,) = place.query(
        class_name="SMS_ObjectContainerNode", where=[{"property": "Name", "operator": "=", "value": "Utilities"}]
    )["rows"]
    numbers = {"ContainerNodeID": "0", "TargetContainerNodeID": folder["ContainerNodeID"], "ObjectType": 2}
    place.call(**MOVE, arguments={"InstanceKeys": ["PS10000F", "PS100010"], **numbers})
    moved = place.query(class_name="SMS_Package", properties=["ObjectPath"])["rows"]
    assert {row["PackageID"] for row in moved if row["ObjectPath"] == "/Utilities"} >= {"PS10000F", "PS100010"}


def test_a_null_argument_is_left_out(place: Place) -> None:
    with pytest.raises(ProviderError, match="SourceFolder"):  # which the site misses
        place.call("SMS_DriverPackage", "CheckSourceFolder", arguments={"SourceFolder": None}, reading=True)
    assert len(place.calls()) == 1


def test_changed_is_what_the_playbook_says(place: Place) -> None:
    assert place.call(**WAKE, changes=False)["changed"] is False
    assert woken(place) == 1


# -- check mode ----------------------------------------------------------------------------------------------------


def test_check_mode_refuses_and_has_checked(place: Place) -> None:
    error = _refused(place, check=True, **WAKE)
    assert "Check mode does not call SMS_Package.AddChangeNotification" in str(error)
    assert all(each in str(error) for each in ("reading: true", "safe_in_check_mode: true", "ansible_check_mode"))
    assert "has no parameter" in str(_refused(place, check=True, **WAKE, arguments={"Force": True}))


def test_check_mode_calls_what_only_reads(place: Place) -> None:
    assert place.call(**CHECK, check=True, reading=True)["outputs"] == {"Result": 2}


def test_check_mode_calls_what_is_safe(place: Place) -> None:
    assert place.call(**WAKE, check=True, safe_in_check_mode=True)["changed"] is True
    assert woken(place) == 1


def _refused(place: Place, **options: Any) -> Impossible | BadValue:
    with pytest.raises((Impossible, BadValue)) as caught:
        place.call(**options)
    assert place.calls() == []
    return caught.value


# -- what does not fit ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"method": "AddChangeNotifications"}, "has no method AddChangeNotifications. Near it: AddChangeNotification"),
        ({"key": {}}, "belongs to an object, and there is no key. Give key, with PackageID"),
        ({"key": {"Name": "7-Zip"}}, "Name is no key of SMS_Package. Known: PackageID"),
        ({"key": {"PackageId": ["x"]}}, "key, PackageId takes one value (string)"),
        ({"key": {"PackageID": 5}}, "key, PackageID takes text, not 5"),
        ({"key": {"PackageID": None}}, "key, PackageID is null"),
        ({"key": {"PackageID": "a\x01"}}, "U+0001"),
        ({"arguments": {"Anything": 1}}, "has no parameter Anything. It has none"),
        (
            {"class_name": "SMS_PackageToContent", "method": "IsContentValid"},
            "key has no ContentID. SMS_PackageToContent needs ContentID, PackageID",
        ),
        ({"class_name": "SMS_Package x"}, "is not the name of a property or class"),
        ({"method": "a/b"}, "is not the name of a property or class"),
        ({**CHECK, "key": {"PackageID": "PS100002"}}, "belongs to the class, not to an object"),
        (
            {**CHECK, "key": {}, "arguments": {"SourceFoldr": "x"}},
            "has no parameter SourceFoldr. Near it: SourceFolder",
        ),
        ({**CHECK, "key": {}, "arguments": {"Result": 1}}, "Result comes out, and cannot be given"),
        ({**CHECK, "key": {}, "arguments": {"SourceFolder": 5}}, "takes text, not 5"),
        ({**CHECK, "key": {}, "arguments": {"SourceFolder": ["x"]}}, "takes one value (string), not ['x']"),
        (
            {**CHECK, "key": {}, "arguments": {"SourceFolder": "x"}, "secret_arguments": {"sourcefolder": "y"}},
            "The argument sourcefolder is given twice",
        ),
        ({**MOVE, "key": {}, "arguments": {"InstanceKeys": "PS100001"}}, "takes a list, not 'PS100001'"),
        ({**MOVE, "key": {}, "arguments": {"InstanceKeys": ["x", None]}}, "InstanceKeys, entry 2 is null"),
        ({**MOVE, "key": {}, "arguments": {"ObjectType": 2**32}}, "takes 0 to 4294967295 (uint32), not 4294967296"),
        ({**MOVE, "key": {}, "arguments": {"ObjectType": "two"}}, "takes a whole number, not 'two'"),
        ({**MOVE, "key": {}, "arguments": {"ObjectType": True}}, "takes a whole number"),
    ],
)
def test_what_does_not_fit_is_refused_before_the_call(place: Place, options: dict[str, Any], told: str) -> None:
    assert told in str(_refused(place, **{**WAKE, **options}))


SCHEDULES = {"class_name": "SMS_ScheduleMethods", "method": "WriteToString"}


@pytest.mark.parametrize("qualifiers", ["present", "absent"])
def test_objects_go_in_and_come_out(make_place: MakePlace, qualifiers: str) -> None:
    """Seven days, and the second Tuesday every two months, as the site itself writes and reads them (wire I-06, T-13)."""
    place = make_place(switches={"class_qualifiers": qualifiers})
    tokens = [
        {"__CLASS": "SMS_ST_RecurInterval", "DaySpan": 7, "StartTime": "1970-02-01T00:00"},
        {
            "__CLASS": "SMS_ST_RecurMonthlyByWeekday",
            "Day": "3",
            "WeekOrder": 2,
            "ForNumberOfMonths": 2,
            "HourDuration": 1,
            "StartTime": "2021-02-01T00:00:00",
        },
    ]
    written = place.call(**SCHEDULES, arguments={"TokenData": tokens}, reading=True)
    assert written["outputs"] == {"StringData": "000120000010003800012CC008232400"}
    read = place.call(
        "SMS_ScheduleMethods",
        "ReadFromString",
        arguments={"StringData": written["outputs"]["StringData"]},
        reading=True,
    )
    assert read["untyped"] == []
    weekly, monthly = read["outputs"]["TokenData"]
    assert (weekly["__CLASS"], weekly["DaySpan"], weekly["IsGMT"]) == ("SMS_ST_RecurInterval", 7, False)
    assert (monthly["Day"], monthly["WeekOrder"], monthly["StartTime"]) == (3, 2, "2021-02-01T00:00:00")


@pytest.mark.parametrize(
    ("token", "told"),
    [
        ("daily", "takes a dictionary of properties, not 'daily'"),
        (
            {"__CLASS": "SMS_ST_RecurInterval", "DaySpn": 1},
            "SMS_ST_RecurInterval has no property DaySpn. Near it: DaySpan",
        ),
        ({"__CLASS": "SMS_ST_RecurInterval", "DaySpan": -1}, "DaySpan takes 0 to 4294967295"),
        ({"DayDuration": "x"}, "DayDuration takes a whole number"),
        ({"StartTime": "soon"}, "StartTime takes a date"),
    ],
)
def test_an_object_that_does_not_fit_is_refused(place: Place, token: Any, told: str) -> None:
    assert told in str(_refused(place, **SCHEDULES, arguments={"TokenData": [token]}))


def test_other_namespaces_are_none_of_ours(place: Place) -> None:
    error = _refused(place, class_name="Win32_Process", method="Create", namespace="root/cimv2")
    assert "none of the SMS Provider's" in str(error)


# -- once ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["cut_after", "garbage", "empty"])
def test_a_lost_answer_is_told_and_the_call_not_repeated(place: Place, action: str) -> None:
    more = {} if action == "cut_after" else {"execute": True}
    place.server.add_fault(action=action, verb="Invoke", times=None, **more)
    with pytest.raises(OutcomeUnknown):
        place.call(**WAKE)
    assert woken(place) == 1
    assert len(place.calls()) == 1


def test_a_lost_answer_of_what_only_reads_is_asked_for_again(place: Place) -> None:
    place.server.add_fault(action="cut_after", verb="Invoke")
    assert place.call(**CHECK, reading=True)["outputs"] == {"Result": 2}
    assert len(place.calls()) == 2


def test_a_call_that_was_refused_unread_is_sent_again(place: Place) -> None:
    place.server.add_fault(action="http", status=503, verb="Invoke")
    assert place.call(**WAKE)["return_value"] == 0
    assert woken(place) == 1


def test_the_form_of_the_address_is_found_out_by_reading(make_place: MakePlace) -> None:
    """A host that takes the other form only must not refuse the one call."""
    place = make_place(switches={"microsoft_uri": "refused"})
    place.site_code = "PS1"  # so that nothing else is read before
    assert place.call(**WAKE)["return_value"] == 0
    assert woken(place) == 1
    assert [entry["outcome"] for entry in place.calls()] == ["ok"]


# -- what comes back -----------------------------------------------------------------------------------------------


def test_an_unexpected_return_value_is_a_failure_that_shows_everything(place: Place) -> None:
    place.server.add_fault(action="return_value", value=1078, verb="Invoke")
    result = place.call(**CHECK)
    assert result["failed"] is True
    assert result["return_value"] == 1078
    assert "SMS_DriverPackage.CheckSourceFolder answered 1078" in result["msg"]
    assert "expected is [0]" in result["msg"]
    assert result["error"]["return_value"] == 1078
    place.server.add_fault(action="return_value", value=1078, verb="Invoke")
    assert "failed" not in place.call(**CHECK, expected=[0, 1078])


def test_a_refusal_of_the_provider_keeps_its_words(place: Place) -> None:
    with pytest.raises(ProviderError) as caught:
        place.call("SMS_Package", "AddChangeNotification", key={"PackageID": "PS1FFFFF"})
    assert "AddChangeNotification of SMS_Package.PackageID" in str(caught.value)
    arguments = {"InstanceKeys": ["PS10000F"], "ContainerNodeID": 0, "TargetContainerNodeID": 5, "ObjectType": 2}
    with pytest.raises(ProviderError, match="Folder 5 is none for object type 2") as caught:
        place.call(**MOVE, arguments=arguments)
    assert caught.value.error_code != 0


def test_a_site_that_does_not_describe_its_classes_is_called_with_a_warning(place: Place) -> None:
    place.server.add_fault(action="fault", code=2150858771, verb="Get")
    place.server.add_fault(action="fault", code=2150858755, verb="Enumerate", **{"class": "SMS_DriverPackage"})
    result = place.call(**CHECK, reading=True)
    assert result["schema"] == "unknown"
    assert result["outputs"] == {"Result": "2"}
    assert result["untyped"] == ["Result"]
    (warning,) = place.warnings
    assert "the site does not describe SMS_DriverPackage" in warning


def test_without_qualifiers_the_types_are_checked_all_the_same(make_place: MakePlace) -> None:
    place = make_place(switches={"class_qualifiers": "absent"})
    assert "takes text" in str(_refused(place, **{**CHECK, "arguments": {"SourceFolder": 5}}))
    result = place.call(**CHECK, reading=True)
    assert result["outputs"] == {"Result": 2}  # not the argument that went in


# -- secrets -------------------------------------------------------------------------------------------------------

SECRET = 'Gr33n & <tree>\' "of" secrets'


def test_a_secret_argument_is_nowhere_but_at_the_site(place: Place, tmp_path: Path) -> None:
    trace = tmp_path / "trace.jsonl"
    options = {**CHECK, "arguments": {}, "secret_arguments": {"SourceFolder": SECRET}, "reading": True}
    result = place.module("cm_wmi_method", options, env={"CONFIGMGR_TRACE": str(trace)})
    assert (result["rc"], result["return_value"]) == (0, 0)
    assert "Gr33n" not in result["printed"]
    told = trace.read_text(encoding="utf-8")
    assert "CheckSourceFolder_INPUT" in told
    assert "Gr33n" not in told


def test_a_secret_that_does_not_fit_is_not_told(place: Place) -> None:
    options = {**MOVE, "arguments": {}, "secret_arguments": {"ObjectType": SECRET}}
    result = place.module("cm_wmi_method", options)
    assert result["rc"] == 1
    assert "secret_arguments, ObjectType does not fit a uint32" in result["msg"]
    assert "Gr33n" not in result["printed"]


def test_only_secret_arguments_are_kept_out_of_logs() -> None:
    assert [name for name, entry in METHOD_SPEC.items() if entry.get("no_log")] == ["secret_arguments"]


# -- the module ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("check", [False, True])
def test_the_module(place: Place, check: bool) -> None:
    result = place.module("cm_wmi_method", WAKE, check=check)
    assert (result["rc"], woken(place)) == ((1, 0) if check else (0, 1))
    if check:
        assert result["error"]["kind"] == "impossible"


def test_the_module_fails_with_the_return_value(place: Place) -> None:
    place.server.add_fault(action="return_value", value=3, verb="Invoke")
    result = place.module("cm_wmi_method", WAKE)
    assert (result["rc"], result["failed"], result["return_value"], result["changed"]) == (1, True, 3, True)
