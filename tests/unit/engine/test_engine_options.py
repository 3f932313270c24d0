# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of the modules: what they are, where else they come from, and which ones cannot go together."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import yaml
from ansible.module_utils.errors import AnsibleFallbackNotFound
from ansible_collections.configmgr.content.plugins.doc_fragments.connection import ModuleDocFragment
from ansible_collections.configmgr.content.plugins.module_utils._content.registry import RESOURCES
from ansible_collections.configmgr.content.plugins.module_utils._engine import (
    check_module,
    info_module,
    module,
    refresh_module,
)
from ansible_collections.configmgr.content.plugins.module_utils._engine.connection import (
    LEAST_ENVELOPE,
    OPTIONS,
    means_from,
)
from ansible_collections.configmgr.content.plugins.module_utils._engine.distribution import Wanted
from ansible_collections.configmgr.content.plugins.module_utils._engine.selection import Asked
from ansible_collections.configmgr.content.plugins.module_utils._provider.errors import Impossible
from module_run import RESUME_OPTIONS, checked_options

SPECS = {
    "cm_connection_check": check_module.connection_check_spec(),
    "cm_package_refresh": refresh_module.refresh_spec(RESOURCES),
    "cm_package_info": info_module.info_spec(RESOURCES),
}
CONNECTION = {"provider": "cmprov.contoso.test", "username": "CONTOSO\\operator", "password": "S3cret!"}


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for option in OPTIONS:
        monkeypatch.delenv(option.variable, raising=False)


def params(**given: Any) -> dict[str, Any]:
    """The options of a refresh as the module gets them."""
    return checked_options(SPECS["cm_package_refresh"], {**CONNECTION, "package_ids": ["PS100001"], **given})


class TestVariables:
    def test_an_option_comes_from_its_variable_in_its_type(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CONFIGMGR_PROVIDER", "from.env")
        monkeypatch.setenv("CONFIGMGR_PORT", "15986")
        monkeypatch.setenv("CONFIGMGR_SKIP_CERTIFICATE_CHECK", "true")
        found = checked_options(SPECS["cm_package_info"], {})
        assert (found["provider"], found["port"], found["skip_certificate_check"]) == ("from.env", 15986, True)

    def test_an_option_that_is_given_wins(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CONFIGMGR_PROVIDER", "from.env")
        assert checked_options(SPECS["cm_package_info"], {"provider": "given"})["provider"] == "given"

    @pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
    def test_an_empty_variable_counts_as_unset(self, option: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        assert option.variable == f"CONFIGMGR_{option.name.upper()}"
        monkeypatch.setenv(option.variable, "")
        with pytest.raises(AnsibleFallbackNotFound):
            module.filled_variable(option.variable)
        given = {} if option.name == "provider" else {"provider": "p"}
        if option.required:
            with pytest.raises(AssertionError, match="missing required arguments: provider"):
                checked_options(SPECS["cm_package_info"], given)
        else:
            assert checked_options(SPECS["cm_package_info"], given)[option.name] == option.default

    def test_an_absent_variable_is_no_value(self) -> None:
        with pytest.raises(AnsibleFallbackNotFound):
            module.filled_variable("CONFIGMGR_PROVIDER")


class TestSpecs:
    @pytest.mark.parametrize("name", sorted(SPECS))
    def test_every_module_has_the_connection_options_as_documented(self, name: str) -> None:
        documented = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]
        assert set(documented) == {option.name for option in OPTIONS}
        for option in OPTIONS:
            told, taken = documented[option.name], SPECS[name][option.name]
            assert told["type"] == taken["type"], option.name
            assert told.get("default") == taken.get("default"), option.name
            assert told.get("choices") == taken.get("choices"), option.name
            assert told.get("required", False) is taken.get("required", False), option.name
            assert f"E({option.variable})" in " ".join(told["description"]), option.name

    @pytest.mark.parametrize("name", sorted(SPECS))
    def test_defaults_are_among_the_choices_and_of_their_type(self, name: str) -> None:
        kinds = {"str": str, "int": int, "float": float, "bool": bool, "list": list}
        for option, entry in SPECS[name].items():
            if "default" in entry:
                assert isinstance(entry["default"], kinds[entry["type"]]), option
                assert entry["default"] in entry.get("choices", [entry["default"]]), option
            assert ("elements" in entry) is (entry["type"] == "list"), option

    def test_secrets_are_marked(self) -> None:
        assert [name for name, entry in SPECS["cm_package_refresh"].items() if entry.get("no_log")] == [
            "password",
            "client_key_password",
            "proxy",
        ]

    def test_the_option_resume_takes_what_a_result_has(self) -> None:
        assert set(SPECS["cm_package_refresh"]["resume"]["options"]) == RESUME_OPTIONS

    def test_every_kind_of_package_can_be_named(self) -> None:
        kinds = [item.option for item in RESOURCES]
        for name in ("cm_package_info", "cm_package_refresh"):
            spec = SPECS[name]
            assert spec["type"]["choices"] == spec["select"]["options"]["type"]["choices"] == kinds


class TestConnection:
    @pytest.mark.parametrize(
        ("given", "port", "url"),
        [
            ({"scheme": "https"}, 5986, "https://cmprov.contoso.test:5986/wsman"),
            ({"scheme": "http"}, 5985, "http://cmprov.contoso.test:5985/wsman"),
            ({"scheme": "http", "port": 80}, 80, "http://cmprov.contoso.test:80/wsman"),
            ({"scheme": "https", "port": 65535}, 65535, "https://cmprov.contoso.test:65535/wsman"),
        ],
    )
    def test_the_port_goes_by_the_scheme(self, given: dict[str, Any], port: int, url: str) -> None:
        endpoint = means_from(params(**given)).endpoint
        assert (endpoint.port, endpoint.url) == (port, url)

    def test_everything_reaches_the_endpoint(self) -> None:
        given: dict[str, Any] = {
            "auth": "ntlm",
            "ca_cert": "/etc/ca.pem",
            "operation_timeout": 45,
            "connect_timeout": 5,
            "max_envelope_size": 153600,
            "proxy": "http://proxy:3128",
            "skip_certificate_check": True,
            "uri_style": "dmtf",
            "scheme": "https",
            "port": 5999,
            "kerberos_delegation": True,
            "kerberos_service": "WSMAN",
            "kerberos_hostname": "cm01.contoso.test",
            "kerberos_ccache": "/tmp/cache",
            "client_cert": "/etc/me.pem",
            "client_key": "/etc/me.key",
            "client_key_password": "hidden",
            "credssp_mechanism": "kerberos",
            "credssp_minimum_version": 5,
        }
        means = means_from(params(**given))
        for name, value in {**CONNECTION, **given}.items():
            assert getattr(means if name == "uri_style" else means.endpoint, name) == value

    @pytest.mark.parametrize(
        ("given", "said", "hint"),
        [
            ({"username": None}, "password but no username", "CONFIGMGR_USERNAME"),
            ({"username": "", "auth": "credssp"}, "auth credssp needs username", "CONFIGMGR_USERNAME"),
            ({"username": None, "auth": "kerberos"}, "auth kerberos needs username", "CONFIGMGR_USERNAME"),
            ({"auth": "certificate"}, "auth certificate needs client_cert", "CONFIGMGR_CLIENT_CERT"),
            ({"auth": "certificate", "client_cert": "/c", "port": 5985}, "works over https only", "https"),
            ({"auth": "credssp", "credssp_minimum_version": 7}, "credssp_minimum_version 7", "5"),
            ({"auth": "basic", "port": 5985}, "auth basic over http", "kerberos"),
            ({"password": None, "auth": "ntlm"}, "auth ntlm needs password", "CONFIGMGR_PASSWORD"),
            ({"auth": "basic", "scheme": "http"}, "auth basic over http", "ntlm or credssp"),
            ({"port": 0}, "port 0 is not between 1 and 65535", ""),
            ({"port": 65536}, "port 65536", ""),
            ({"port": -1}, "port -1", ""),
            ({"provider": " "}, "provider is empty", "SMS Provider"),
            ({"max_envelope_size": LEAST_ENVELOPE - 1}, "max_envelope_size 8191 is less than 8192", ""),
            ({"operation_timeout": 0}, "operation_timeout 0 is less than a second", ""),
            ({"connect_timeout": -5}, "connect_timeout -5 is less than a second", ""),
        ],
    )
    def test_what_cannot_go_together_is_refused(self, given: dict[str, Any], said: str, hint: str) -> None:
        with pytest.raises(Impossible) as refused:
            means_from(params(**given))
        assert said in str(refused.value)
        assert hint in refused.value.hint
        assert CONNECTION["password"] not in str(refused.value)

    def test_basic_over_https_is_fine(self) -> None:
        assert means_from(params(auth="basic")).endpoint.auth == "basic"

    def test_the_least_envelope_is_fine(self) -> None:
        assert means_from(params(max_envelope_size=LEAST_ENVELOPE)).endpoint.max_envelope_size == LEAST_ENVELOPE


class TestMoment:
    PLUS_ONE = timezone(timedelta(hours=1))

    @pytest.mark.parametrize(
        ("text", "moment"),
        [
            ("2026-11-20T18:00:00+01:00", datetime(2026, 11, 20, 18, tzinfo=PLUS_ONE)),
            ("2026-11-20 18:00:00+01:00", datetime(2026, 11, 20, 18, tzinfo=PLUS_ONE)),
            ("2026-11-20T17:00:00Z", datetime(2026, 11, 20, 17, tzinfo=timezone.utc)),
            (" 2026-11-20T17:00:00z ", datetime(2026, 11, 20, 17, tzinfo=timezone.utc)),
            ("2026-11-20T17:00:00.250000-00:00", datetime(2026, 11, 20, 17, 0, 0, 250000, tzinfo=timezone.utc)),
            ("", None),
            (None, None),
        ],
    )
    def test_a_time_with_an_offset_is_taken(self, text: str | None, moment: datetime | None) -> None:
        assert refresh_module._moment(text) == moment

    @pytest.mark.parametrize(
        "text", ["2026-11-20T18:00:00", "2026-11-20", "yesterday", "1763658000", "2026-13-01T00:00:00Z"]
    )
    def test_any_other_is_refused(self, text: str) -> None:
        with pytest.raises(Impossible) as refused:
            refresh_module._moment(text)
        assert f"source_modified {text!r} is not a time with an offset" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "limit"),
    [("10%", (10.0, True)), ("0", (0.0, False)), ("5", (5.0, False)), (" 2.5 % ", (2.5, True)), ("100%", (100.0, True)), ("250", (250.0, False))],
)  # fmt: skip
def test_a_stop_rule_is_a_count_or_a_percentage(text: str, limit: tuple[float, bool]) -> None:
    assert refresh_module._failure_limit(text) == limit


@pytest.mark.parametrize("text", ["", "ten", "-1", "101%", "5%%", "5 of 10", "%", "1e3", "nan"])
def test_any_other_stop_rule_is_refused(text: str) -> None:
    with pytest.raises(Impossible) as refused:
        refresh_module._failure_limit(text)
    assert f"max_failed {text!r}" in str(refused.value)


class TestRules:
    def test_the_defaults(self) -> None:
        rules = refresh_module._rules(params())
        assert rules.wanted == Wanted()
        assert (rules.wait, rules.wait_for, rules.wait_timeout, rules.wait_interval) == (
            True,
            "source_version",
            900.0,
            10.0,
        )
        assert (rules.grace, rules.build_timeout, rules.when_busy, rules.in_flight) == (60.0, 3600.0, "wait", 3)
        assert (rules.sessions, rules.pause) == (1, 0.0)

    def test_waiting_for_the_points_takes_longer(self) -> None:
        assert refresh_module._rules(params(wait_for="distributed")).wait_timeout == 4 * 3600
        assert refresh_module._rules(params(wait_for="distributed", wait_timeout=5)).wait_timeout == 5
        assert refresh_module._rules(params(wait_timeout=0)).wait_timeout == 0

    def test_the_names_of_points_are_compared_without_case(self) -> None:
        wanted = refresh_module._rules(
            params(required_distribution_points=[" DP1.Contoso.test"], ignored_distribution_points=["dp2", "DP2"])
        ).wanted
        assert (wanted.required, wanted.ignored) == (frozenset({"dp1.contoso.test"}), frozenset({"dp2"}))

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            *[
                ({name: -0.5}, f"{name} -0.5 is negative")
                for name in ("wait_interval", "wait_timeout", "grace", "build_timeout", "pause", "retrying_longer_than")
            ],
            *[
                ({name: value}, f"{name} {value:g} is no number of seconds")
                for name in ("wait_timeout", "pause")
                for value in (float("nan"), float("inf"), 1e12)
            ],
            (
                {"required_distribution_points": ["DP1"], "ignored_distribution_points": ["dp1"]},
                "Both required and ignored: dp1",
            ),
            ({"in_flight": 0}, "in_flight 0 is less than 1"),
            ({"min_success_percent": 100.5}, "min_success_percent 100.5 is not between 0 and 100"),
            ({"min_success_percent": -1}, "min_success_percent -1 is not between"),
            ({"min_success_percent": "nan"}, "min_success_percent nan is not between"),
        ],
    )
    def test_what_is_out_of_range_is_refused(self, given: dict[str, Any], said: str) -> None:
        with pytest.raises(Impossible) as refused:
            refresh_module._rules(params(**given))
        assert said in str(refused.value)


class TestAsked:
    @pytest.mark.parametrize(
        ("given", "asked"),
        [
            ({"package_ids": ["ps100001", "PS100001"]}, Asked(package_ids=("PS100001",))),
            ({"package_ids": None, "names": ["Tools", ""]}, Asked(names=("Tools",))),
            ({"package_ids": None, "names": ["Tools"], "type": ["boot_image"]}, Asked(names=("Tools",), package_types=(258,))),
            ({"package_ids": None, "resume": [{"package_id": "ps100002", "sent": True}]}, Asked(package_ids=("PS100002",))),
            ({"max_packages": 7}, Asked(package_ids=("PS100001",), max_packages=7)),
        ],
    )  # fmt: skip
    def test_which_packages(self, given: dict[str, Any], asked: Asked) -> None:
        options = params(**given)
        resume = {item.package_id: item for item in refresh_module._resume(options["resume"] or [])}
        assert refresh_module._asked(options, RESOURCES, resume) == asked

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ({"package_ids": []}, "package_ids is empty"),
            ({"package_ids": None, "names": []}, "names is empty"),
            ({"package_ids": None, "names": [""]}, "names is empty"),
            ({"package_ids": None, "resume": []}, "package_ids is empty"),
            ({"package_ids": ["nonsense"]}, "Not a package id: 'NONSENSE'"),
        ],
    )
    def test_an_empty_list_is_not_everything(self, given: dict[str, Any], said: str) -> None:
        with pytest.raises(Impossible) as refused:
            refresh_module._asked(params(**given), RESOURCES, {})
        assert said in str(refused.value)

    def test_a_malformed_id_in_resume_is_refused(self) -> None:
        with pytest.raises(Impossible, match="Not a package id"):
            refresh_module._resume(params(resume=[{"package_id": "PS1", "sent": False}])["resume"])

    @pytest.mark.parametrize(
        "item", [{"package_id": "PS100001"}, {"sent": True}, {"package_id": "PS100001", "sent": True, "x": 1}]
    )
    def test_an_item_of_resume_that_is_not_one_is_refused(self, item: dict[str, Any]) -> None:
        with pytest.raises(AssertionError, match="resume"):
            params(resume=[item])
