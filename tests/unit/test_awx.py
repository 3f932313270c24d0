# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The definitions in awx/ against the rules by which AWX accepts or refuses them."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jinja2
import pytest
import yaml
from ansible_collections.configmgr.content.plugins.module_utils._engine.connection import OPTIONS
from jinja2.sandbox import ImmutableSandboxedEnvironment

ROOT = Path(__file__).resolve().parents[2]
AWX = ROOT / "awx"
# Variables that AWX sets for a job itself; a credential may not.
RESERVED = {
    "VIRTUAL_ENV",
    "PATH",
    "PYTHONPATH",
    "JOB_ID",
    "INVENTORY_ID",
    "INVENTORY_SOURCE_ID",
    "INVENTORY_UPDATE_ID",
    "AD_HOC_COMMAND_ID",
    "REST_API_URL",
    "REST_API_TOKEN",
    "MAX_EVENT_RES",
    "CALLBACK_QUEUE",
    "CALLBACK_CONNECTION",
    "CACHE",
    "JOB_CALLBACK_DEBUG",
    "INVENTORY_HOSTVARS",
    "AWX_HOST",
    "PROJECT_REVISION",
    "SUPERVISOR_CONFIG_PATH",
}
FIELD_KEYS = {
    "id",
    "label",
    "type",
    "help_text",
    "default",
    "secret",
    "multiline",
    "choices",
    "format",
    "ask_at_runtime",
}
FOR_STRINGS = {"secret", "multiline", "choices", "format"}
NO_FIELD = {"kerberos_ccache"}  # a ticket cache is a file of one machine; a job gets its ticket from the password
OF_OTHERS = {"KRB5_CONFIG"}
QUESTION_TYPES = {
    "text": str,
    "textarea": str,
    "password": str,
    "multiplechoice": str,
    "multiselect": str,
    "integer": int,
    "float": float,
}
# What the variables of a playbook begin with, and those of the role that it runs.
PREFIXES = {
    "connection_check": ("connection_check_", ""),
    "refresh": ("refresh_", "content_refresh"),
    "boot_image": ("boot_", "boot_image"),
    "image_rollout": ("rollout_", "image_rollout"),
}
# Answers of which the playbook of the role image_rollout makes an entry of its list.
ONE_IMAGE = {"package_id", "name", "source_path", "version"}
# A line that makes AWX offer a file as a playbook.
PLAYBOOK_LINE = re.compile(r"^\s*?-?\s*?(?:hosts|(ansible\.builtin\.)?import_playbook):\s*?.*?$", re.MULTILINE)


def load(name: str) -> Any:
    """A definition."""
    return yaml.safe_load((AWX / name).read_text(encoding="utf-8"))


CREDENTIAL = load("credential_type.yml")
FIELDS = {field["id"]: field for field in CREDENTIAL["inputs"]["fields"]}
SURVEYS = sorted(path.name for path in AWX.glob("survey_*.yml"))
TEMPLATES = sorted(path.name for path in AWX.glob("job_template_*.yml"))


def test_the_credential_type_has_the_keys_of_one() -> None:
    assert set(CREDENTIAL) == {"name", "description", "kind", "inputs", "injectors"}
    assert CREDENTIAL["kind"] in ("cloud", "net")
    assert set(CREDENTIAL["inputs"]) <= {"fields", "required"}
    assert set(CREDENTIAL["injectors"]) <= {"file", "env", "extra_vars"}
    assert set(CREDENTIAL["inputs"]["required"]) <= set(FIELDS)


def test_field_ids_are_unique_identifiers() -> None:
    ids = [field["id"] for field in CREDENTIAL["inputs"]["fields"]]
    labels = [field["label"] for field in CREDENTIAL["inputs"]["fields"]]
    assert len(set(ids)) == len(ids)
    assert len(set(labels)) == len(labels)
    assert all(re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", each) for each in ids)
    assert "tower" not in ids


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_is_one_that_awx_accepts(name: str) -> None:
    field = FIELDS[name]
    assert set(field) <= FIELD_KEYS
    assert field["type"] in ("string", "boolean")
    if field["type"] == "boolean":
        assert not FOR_STRINGS & set(field)
        # One that is missing is False, whatever its default says: so False has to be the safe answer, and no other is written.
        assert "default" not in field
    assert field.get("format", "url") in ("ssh_private_key", "url")
    if "choices" in field:
        assert field["choices"]
        assert all(isinstance(choice, str) for choice in field["choices"])
        assert not field.get("secret")
        assert field.get("default", field["choices"][0]) in field["choices"]
    if "default" in field:
        assert isinstance(field["default"], str)


def templates() -> dict[str, str]:
    """Every template of the injectors, by its place."""
    return {f"{kind}.{name}": text for kind, parts in CREDENTIAL["injectors"].items() for name, text in parts.items()}


@pytest.mark.parametrize("place", templates())
def test_a_template_knows_all_it_names(place: str) -> None:
    text = templates()[place]
    assert text.isascii()
    environment = ImmutableSandboxedEnvironment(undefined=jinja2.StrictUndefined)
    files = {name.split(".")[1]: "/somewhere" for name in CREDENTIAL["injectors"]["file"]}
    known: dict[str, Any] = dict.fromkeys(FIELDS, "EXAMPLE")
    environment.from_string(text).render(tower=SimpleNamespace(filename=SimpleNamespace(**files)), **known)


def test_files_are_named_as_several_files_have_to_be() -> None:
    assert all(re.fullmatch(r"template\.[a-zA-Z_][a-zA-Z0-9_]*", name) for name in CREDENTIAL["injectors"]["file"])


def test_variables_are_ones_that_a_credential_may_set() -> None:
    names = set(CREDENTIAL["injectors"]["env"])
    assert all(re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", name) for name in names)
    assert not [name for name in names if name.startswith("ANSIBLE_")]
    assert not names & RESERVED


def test_every_connection_option_has_a_field_and_a_variable() -> None:
    options = {option.name for option in OPTIONS} - NO_FIELD
    assert options <= set(FIELDS)
    assert {option.variable for option in OPTIONS} - {f"CONFIGMGR_{name.upper()}" for name in NO_FIELD} == (
        set(CREDENTIAL["injectors"]["env"]) - OF_OTHERS
    )


def test_fields_offer_what_the_options_take() -> None:
    for option in OPTIONS:
        if option.name in FIELDS:
            field = FIELDS[option.name]
            assert tuple(field.get("choices", ())) == option.choices, option.name
            assert (field["type"] == "boolean") == (option.type == "bool"), option.name
            assert field.get("default") in (None, option.default), option.name
            assert bool(field.get("secret")) >= option.no_log, option.name


@pytest.mark.parametrize("name", SURVEYS)
def test_a_survey_is_one_that_awx_accepts(name: str) -> None:
    survey = load(name)
    assert {"name", "description", "spec"} == set(survey)
    assert isinstance(survey["name"], str)
    assert isinstance(survey["description"], str)
    assert survey["spec"]
    variables = [question["variable"] for question in survey["spec"]]
    assert len(set(variables)) == len(variables)
    for question in survey["spec"]:
        check_question(question)


def check_question(question: dict[str, Any]) -> None:
    """One question of a survey, by AWX's rules."""
    kind, default = question["type"], question.get("default", "")
    assert kind in QUESTION_TYPES
    assert isinstance(question["question_name"], str)
    assert isinstance(question["required"], bool)
    assert re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", question["variable"])
    if default != "":
        assert isinstance(default, QUESTION_TYPES[kind])
    for limit in ("min", "max"):
        assert isinstance(question.get(limit, 0), int)
    assert not [value for value in question.values() if isinstance(value, bool)][1:]  # only `required` is one
    if kind in ("multiplechoice", "multiselect"):
        choices = question["choices"]
        assert all(isinstance(choice, str) for choice in choices)
        assert len(set(choices)) == len(choices)
        wanted = default.splitlines()
        assert set(wanted) <= set(choices)
        assert kind == "multiselect" or len(wanted) <= 1
    else:
        assert "choices" not in question


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_job_template_names_a_playbook_that_awx_offers(name: str) -> None:
    template = load(name)
    text = (ROOT / template["playbook"]).read_text(encoding="utf-8")
    assert PLAYBOOK_LINE.search(text)
    assert template["job_type"] in ("run", "check")
    assert template["credentials"] == [CREDENTIAL["name"]]


def playbook_variables(text: str, prefix: str) -> set[str]:
    """The variables with this prefix that a playbook reads."""
    return set(re.findall(rf"\b({prefix}\w+) \|", text))


@pytest.mark.parametrize("name", SURVEYS)
def test_the_playbook_reads_what_the_survey_asks(name: str) -> None:
    template = load(name.replace("survey_", "job_template_"))
    assert template["survey_enabled"] is True
    text = (ROOT / template["playbook"]).read_text(encoding="utf-8")
    asked = {question["variable"] for question in load(name)["spec"]}
    prefix, _role = PREFIXES[Path(template["playbook"]).stem]
    assert asked <= playbook_variables(text, prefix)


def role_options(role: str) -> dict[str, Any]:
    """The variables of a role, by its argument spec."""
    specification = ROOT / "roles" / role / "meta" / "argument_specs.yml"
    told = yaml.safe_load(specification.read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
    return {name.removeprefix(f"{role}_"): entry for name, entry in told.items()}


@pytest.mark.parametrize("playbook", [name for name, (_prefix, role) in PREFIXES.items() if role])
def test_the_survey_offers_what_the_role_takes(playbook: str) -> None:
    prefix, role = PREFIXES[playbook]
    options = role_options(role)
    if "images" in options:
        options.update(options["images"]["options"])
    asked = {question["variable"].removeprefix(prefix): question for question in load(f"survey_{playbook}.yml")["spec"]}
    for name, question in asked.items():
        option = options[name]
        if "choices" in option:
            assert sorted(question["choices"]) == sorted(option["choices"]), name
        if question.get("default", "") != "":
            told = option["default"]
            assert question["default"] == (str(told).lower() if option["type"] == "bool" else told), name
        # A text area is a text, whatever it stands for, so the role has to take one.
        if question["type"] == "textarea":
            assert option["type"] == "raw", name
    assert "images" not in options or set(asked) >= ONE_IMAGE


def test_every_role_has_a_job_template_with_a_survey() -> None:
    roles = {path.name for path in (ROOT / "roles").iterdir() if path.is_dir()}
    assert roles == {role for _prefix, role in PREFIXES.values() if role}
    assert {f"survey_{playbook}.yml" for playbook in PREFIXES} == set(SURVEYS)
    assert {f"job_template_{playbook}.yml" for playbook in PREFIXES} == set(TEMPLATES)


def test_there_are_definitions_to_check() -> None:
    assert SURVEYS
    assert len(TEMPLATES) >= len(SURVEYS)
    assert "survey_enabled" in load(TEMPLATES[0])


def test_the_repository_is_a_project() -> None:
    wanted = yaml.safe_load((ROOT / "collections" / "requirements.yml").read_text(encoding="utf-8"))
    assert wanted == {"collections": [{"source": ".", "type": "dir"}]}


def test_the_readme_tells_of_every_definition() -> None:
    text = (AWX / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in sorted(AWX.iterdir()) if path.name not in text and path.name != "README.md"] == []
