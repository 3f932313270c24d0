# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fidelity report: true under every answer, the same classes as the site has, in the documented form, and nobody's."""

from __future__ import annotations

import ast
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.configmgr.content.plugins.module_utils._engine import fidelity
from ansible_collections.configmgr.content.plugins.module_utils._engine.assumptions import ASSUMPTIONS, NUMBER
from ansible_collections.configmgr.content.plugins.module_utils._engine.probes import PROBES
from ansible_collections.configmgr.content.plugins.module_utils._provider.errors import Impossible
from sites import MakePlace, Place

from smsprovsim import interval_strings, scenario, switches
from smsprovsim.model import CimDateTime, Embedded
from smsprovsim.schema import ClassDefinition, read_classes

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "docsite" / "rst" / "assumptions.rst"
TABLE = {each.name: each for each in ASSUMPTIONS}
SEED = 20_261_121
assert scenario.SWITCHES  # registers the switches of the site

# Numbers to try, and what has to be so for a probe to see anything.
NUMBERS = {
    "max_envelope_kb": "2048",
    "max_timeout_ms": "1800000",
    "max_batch_items": "20",
    "enumeration_timeout_ms": "240000",
}
NEEDS = {
    **{name: {"winrm_config": "readable"} for name in (*NUMBERS, "channel_binding")},
    "datetime_zone": {"datetime_without_zone": "dmtf"},
    "microsoft_uri_code": {"microsoft_uri": "refused"},
}
SCENARIOS = {"message_state_error": "troubled", "recurring_state": "images"}


def _somebody_was_here(place: Place) -> None:
    place.server.change(put="PS100001", values={"Description": "x"})


def _a_job_has_run(place: Place) -> None:
    """Each day at noon, since yesterday."""
    start = place.server.site.world.start
    daily = Embedded(
        "SMS_ST_RecurInterval",
        {"DaySpan": 1, "IsGMT": True, "StartTime": CimDateTime(f"{start:%Y%m%d}120000.000000+***")},
    )
    servicing = place.server.site.servicing
    job = servicing.create("SMS_ImageServicingSchedule", {"Action": 1, "Schedule": interval_strings.encode([daily])})
    servicing.create(
        "SMS_ImageServicingScheduledImage", {"ScheduleID": job.values["ScheduleID"], "ImagePackageID": "PS100009"}
    )
    servicing.wake()
    for _hour in range(30):
        place.server.site.clock.advance(3600)
        place.server.site.world.settle()
    assert servicing.running is None


# What has to have happened at a site before it can tell.
BEFORE = {"audit_component": _somebody_was_here, "audit_strings": _somebody_was_here, "recurring_state": _a_job_has_run}


def answers(name: str) -> list[str]:
    """The answers that a probe has to tell apart."""
    found = [NUMBERS[name] if each == NUMBER else each for each in TABLE[name].answers]
    return [each for each in found if (name, each) != ("channel_binding", "strict")]


# -- the table and the switches ------------------------------------------------------------------------------------


def test_every_switch_is_an_assumption_with_the_same_answers() -> None:
    """A new switch of the simulator needs an entry, with its question and how to find out."""
    expected = {
        each.name: (each.default, *(value for value in each.values if value != each.default))
        for each in switches.TABLE.values()
    }
    assert {each.name: each.answers for each in ASSUMPTIONS} == expected


def test_every_assumption_has_a_probe_or_says_how_else_to_find_out() -> None:
    assert {each.name for each in ASSUMPTIONS if not each.steps} == set(PROBES)
    assert [each.name for each in ASSUMPTIONS if not each.question.endswith(".") or not each.matters] == []


def test_assumptions_are_in_order_and_named_once() -> None:
    names = [each.name for each in ASSUMPTIONS]
    assert names == sorted(set(names))


# -- probes tell the truth -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "answer"), [(name, answer) for name in sorted(PROBES) for answer in answers(name)])
def test_a_probe_finds_the_answer_of_the_site(make_place: MakePlace, name: str, answer: str) -> None:
    chosen = {**NEEDS.get(name, {}), name: answer}
    place = make_place(SCENARIOS.get(name, "small"), switches=chosen)
    BEFORE.get(name, lambda _place: None)(place)
    told = place.verdicts()[name]
    assert told["found"] == answer
    assert told["verdict"] == ("confirmed" if answer == TABLE[name].assumed else "refuted")
    assert place.changes() == []


@pytest.mark.parametrize("number", range(8))
def test_no_probe_is_fooled_by_other_answers(make_place: MakePlace, number: int) -> None:
    """In a mixture it may not be able to tell, but what it tells is so."""
    chance = random.Random(SEED + number)
    chosen = {
        name: chance.choice(NUMBERS.get(name, each.default) if each.values == (switches.NUMBER,) else each.values)
        if each.values != (switches.NUMBER,)
        else chance.choice((each.default, NUMBERS.get(name, each.default)))
        for name, each in sorted(switches.TABLE.items())
    }
    told = make_place(switches=chosen).verdicts()
    wrong = {
        name: (each["found"], chosen[name]) for name, each in told.items() if each["found"] not in (None, chosen[name])
    }
    assert wrong == {}


def test_what_cannot_be_told_is_not_guessed(place: Place) -> None:
    told = place.verdicts()
    assert {name for name in TABLE if name not in PROBES} <= {
        name for name, each in told.items() if each["verdict"] == "could not tell" and each["found"] is None
    }
    assert told["datetime_zone"]["verdict"] == "could not tell"
    assert told["max_envelope_kb"]["verdict"] == "could not tell"


def test_a_site_without_packages_tells_less_and_nothing_wrong(make_place: MakePlace, tmp_path: Path) -> None:
    file = tmp_path / "empty.yml"
    account = {"domain": "CONTOSO", "user": "cmadmin", "password": "Str0ng-pass", "rights": "all"}
    file.write_text(
        yaml.safe_dump(
            {"sites": [{"code": "PS1", "name": "Empty", "server": "cm01.contoso.test"}], "accounts": [account]}
        )
    )
    told = make_place(str(file)).verdicts()
    assert not [name for name, each in told.items() if each["verdict"] == "refuted"]


# -- classes -------------------------------------------------------------------------------------------------------


def of_the_site(definition: ClassDefinition, qualified: bool) -> dict[str, Any]:
    """A class of the simulator's own schema, as a report would tell it."""

    def member(each: Any) -> dict[str, Any]:
        plain = not qualified and each.type.startswith("object")
        return {"name": each.name, "type": "string" if plain else each.type, "array": each.array}

    def read_only(each: Any) -> bool | None:
        return each.read_only if qualified else None

    properties = [
        {
            **member(each),
            "key": each.key if qualified else None,
            "lazy": each.lazy if qualified else None,
            "read_only": read_only(each),
        }
        for each in sorted(definition.properties.values(), key=lambda each: each.name.lower())
    ]
    methods = []
    for method in sorted(definition.methods.values(), key=lambda each: each.name.lower()):
        into, out = {each.name for each in method.inputs}, {each.name for each in method.outputs}
        every = {each.name: each for each in (*method.outputs, *method.inputs)}
        optional = {each.name for each in every.values() if each.optional}
        parameters = {
            name: {
                **member(each),
                "in": name in into if qualified else None,
                "out": name in out if qualified else None,
                "optional": name in optional if qualified else None,
            }
            for name, each in every.items()
        }
        methods.append({"name": method.name, "static": method.static if qualified else None, "parameters": parameters})
    return {"properties": properties, "methods": methods}


@pytest.mark.parametrize("qualifiers", ["present", "absent"])
@pytest.mark.parametrize("members", ["all", "2002", "sdk"])
def test_the_classes_are_those_of_the_site_property_by_property(
    make_place: MakePlace, members: str, qualifiers: str
) -> None:
    """The two share no code: one reads the wire, the other its own text files."""
    told = make_place(switches={"members": members, "class_qualifiers": qualifiers}).report()["classes"]
    schema = read_classes(members)
    assert len(told) == len(fidelity.SITE_CLASSES) + len(fidelity.ROOT_CLASSES)
    for each in told:
        own = of_the_site(schema[each["name"].lower()], qualifiers == "present")
        assert each["source"] == "described"
        assert each["superclass"] == (schema[each["name"].lower()].superclass or "")
        assert each["properties"] == own["properties"], each["name"]
        by_name = [
            {**method, "parameters": {one["name"]: one for one in method["parameters"]}} for method in each["methods"]
        ]
        assert by_name == own["methods"], each["name"]


def test_where_the_host_describes_no_class_its_objects_do(place: Place) -> None:
    place.server.rules.add({"action": "fault", "verb": "Get", "code": 2150858754, "class": "SMS_Package", "times": 1})
    told = {each["name"]: each for each in place.report()["classes"]}
    read = told["SMS_Package"]
    assert read["source"] == "read"
    schema = read_classes()["sms_package"].properties
    names = {each["name"] for each in read["properties"]}
    assert names <= set(schema)
    assert {name for name, each in schema.items() if not each.array} <= names
    assert {each["key"] for each in read["properties"]} == {None}
    assert told["SMS_BootImagePackage"]["source"] == "described"
    assert place.changes() == []


def test_every_class_that_the_collection_names_in_a_query_or_a_declaration_is_looked_at() -> None:
    plugins = ROOT / "plugins" / "module_utils"
    schema = read_classes()
    named = set()
    for folder in ("_engine", "_content", "_provider"):
        for file in (plugins / folder).glob("*.py"):
            if file.name in ("probes.py", "assumptions.py", "fidelity.py") or file.name.startswith("check"):
                continue
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if (
                    isinstance(node, ast.Constant)
                    and isinstance(node.value, str)
                    and re.fullmatch(r"SMS_\w+", node.value)
                ):
                    named.add(node.value)
    known = {name for name in named if name.lower() in schema and not schema[name.lower()].embedded}
    assert known - {*fidelity.SITE_CLASSES, *fidelity.ROOT_CLASSES} == set()


# -- the form ------------------------------------------------------------------------------------------------------


def documented() -> dict[str, set[str]]:
    """The fields on the page, with the kinds a value may have."""
    table = (
        PAGE.read_text(encoding="utf-8").partition(".. list-table:: Fields")[2].partition("What the report finds")[0]
    )
    rows = re.findall(r"\* - ``(\S+)``\n     - (.+)\n", table)
    return {name: {kind.strip() for kind in kinds.split(",")} for name, kinds in rows}


def fields(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every leaf of a report: its field and its kind."""
    if isinstance(value, dict):
        for name, below in value.items():
            free = path.endswith(".evidence")
            yield from fields(below, path + "{}" if free else f"{path}.{name}".lstrip("."))
    elif isinstance(value, list):
        for below in value:
            yield from fields(below, path + "[]")
    else:
        kinds = {bool: "truth value", int: "number", str: "text", type(None): "null"}
        yield path, kinds[type(value)]


@pytest.mark.parametrize("names", [False, True])
def test_a_report_has_the_documented_form(make_place: MakePlace, names: bool) -> None:
    table = documented()
    reports = [
        make_place().report(names),
        make_place(switches={"class_qualifiers": "absent", "winrm_config": "readable"}).report(names),
    ]
    seen: dict[str, set[str]] = {}
    for report in reports:
        for path, kind in fields(report):
            seen.setdefault(path, set()).add(kind)
    assert {
        path: kinds - table.get(path, set()) for path, kinds in seen.items() if kinds - table.get(path, set())
    } == {}
    missing = {path for path in table if path not in seen}
    assert missing == ({"site"} if names else {path for path in table if path.startswith("site.")})
    assert reports[0]["format"] == 1


def test_a_report_counts_its_own_verdicts_and_is_the_same_twice(place: Place) -> None:
    first, second = place.report(), place.report()
    verdicts = [each["verdict"] for each in first["assumptions"]]
    assert set(verdicts) <= {"confirmed", "refuted", "could not tell"}
    assert first["summary"]["confirmed"] == verdicts.count("confirmed")
    assert sum(first["summary"][name] for name in ("confirmed", "refuted", "could_not_tell")) == len(ASSUMPTIONS)
    assert fidelity.as_text(first) == fidelity.as_text(second)


def test_a_report_appears_whole_or_not_at_all(place: Place, tmp_path: Path) -> None:
    told = fidelity.write_report(place.site(), str(tmp_path / "fidelity.json"))
    assert [file.name for file in tmp_path.iterdir()] == ["fidelity.json"]
    assert (
        json.loads((tmp_path / "fidelity.json").read_text(encoding="ascii"))["summary"]["confirmed"]
        == told["confirmed"]
    )
    before = len(place.server.journal)
    with pytest.raises(Impossible, match="The folder of report does not exist"):
        fidelity.write_report(place.site("PS1"), str(tmp_path / "nowhere" / "fidelity.json"))
    assert len(place.server.journal) == before


# -- nobody's ------------------------------------------------------------------------------------------------------

SECRETS = (
    "Zanzibar",
    "QX7",
    "zq-server",
    "zq-share",
    "Wolpertinger",
    "zq-admin",
    "Zq-password-7",
    "zq.example",
    "Quokka",
)


def telling_site(folder: Path) -> str:
    """A scenario in which everything that somebody made up can be recognised."""
    site = {
        "sites": [{"code": "QX7", "name": "Zanzibar", "server": "zq-server.zq.example", "utc_offset": 60}],
        "accounts": [{"domain": "WOLPERTINGER", "user": "zq-admin", "password": "Zq-password-7", "rights": "all"}],
        "distribution_points": [{"name": "dp", "server": "zq-server-dp.zq.example", "site": "QX7", "description": "Quokka"}],
        "groups": [{"name": "Quokka", "members": ["dp"]}],
        "folders": [{"name": "Quokka", "class": "SMS_Package"}],
        "packages": [
            {
                "id": "QX70000A",
                "class": "SMS_Package",
                "name": "Zanzibar Quokka",
                "source": "\\\\zq-server\\zq-share\\Quokka",
                "targets": ["dp"],
                "folder": "Quokka",
                "properties": {
                    "Manufacturer": "Wolpertinger",
                    "Version": "Quokka",
                    "RefreshSchedule": [{"class": "SMS_ST_RecurInterval", "DaySpan": 1, "StartTime": "20220103020000.000000+***"}],
                },
            },
            *({"id": f"QX7000{n:02X}", "class": "SMS_Package", "name": f"Zanzibar {n}", "source": f"\\\\zq-server\\zq-share\\{n}"} for n in range(16, 40)),
        ],
    }  # fmt: skip
    file = folder / "telling.yml"
    file.write_text(yaml.safe_dump(site), encoding="utf-8")
    return str(file)


@pytest.mark.parametrize("number", range(4))
def test_nothing_in_a_report_identifies_the_site(make_place: MakePlace, tmp_path: Path, number: int) -> None:
    chance = random.Random(SEED + 100 + number)
    chosen = {name: chance.choice(each.values) for name, each in sorted(switches.TABLE.items()) if len(each.values) > 1}
    place = make_place(telling_site(tmp_path), switches=chosen if number else {})
    text = fidelity.as_text(place.report()).lower()
    assert [secret for secret in (*SECRETS, "127.0.0.1", str(tmp_path)) if secret.lower() in text] == []


def test_the_names_are_there_for_whoever_asks(make_place: MakePlace, tmp_path: Path) -> None:
    place = make_place(telling_site(tmp_path))
    named = place.report(names=True)["site"]
    assert (named["site_code"], named["user"]) == ("QX7", "WOLPERTINGER\\zq-admin")
    assert "Zq-password-7" not in json.dumps(place.report(names=True))
