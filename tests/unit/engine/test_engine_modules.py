# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two modules from end to end in this process, on a site without a wire."""

from __future__ import annotations

import itertools
import json
import signal
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._engine import module as engine_module
from ansible_collections.configmgr.content.plugins.module_utils._engine.connection import OPTIONS, means_from
from ansible_collections.configmgr.content.plugins.module_utils._provider.errors import ProviderError
from ansible_collections.configmgr.content.plugins.module_utils._wsman.errors import (
    ConfigMgrError,
    ListBroken,
    OutcomeUnknown,
)
from ansible_collections.configmgr.content.plugins.modules import cm_package_info, cm_package_refresh
from fake_site import CountingClock, FakeSite, package_row
from module_run import run

SECRET = "S3cret-of-the-operator"
CONNECTION = {"provider": "cmprov.contoso.test", "username": "CONTOSO\\operator", "password": SECRET}


class Stage:
    """The modules, on one site."""

    def __init__(self, site: FakeSite, capsys: pytest.CaptureFixture[str], folder: Path) -> None:
        self.site = site
        self._capsys = capsys
        self._folder = folder

    def refresh(self, *, check_mode: bool = False, **options: Any) -> dict[str, Any]:
        return self._run(cm_package_refresh.main, check_mode, options)

    def info(self, *, check_mode: bool = False, **options: Any) -> dict[str, Any]:
        return self._run(cm_package_info.main, check_mode, options)

    def _run(self, main: Any, check_mode: bool, options: Mapping[str, Any]) -> dict[str, Any]:
        result = run(main, {**CONNECTION, **options}, self._capsys, check_mode=check_mode, remote_tmp=str(self._folder))
        assert SECRET not in json.dumps(result)
        return result

    @property
    def sent(self) -> list[str]:
        """PackageID of every call that went out, in order."""
        assert {method for _name, method, _keys in self.site.calls} <= {"RefreshPkgSource"}
        return [(keys or {})["PackageID"] for _name, _method, keys in self.site.calls]


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[Stage]:
    for option in OPTIONS:
        monkeypatch.delenv(option.variable, raising=False)
    site = FakeSite(
        {
            "SMS_PackageBaseclass": [
                package_row("PS100001", "Tools"),
                package_row("PS100002", "Drivers", 3),
                package_row("PS100003", "No source", PkgSourceFlag=1),
            ],
            "SMS_PackageStatusRootSummarizer": [{"PackageID": "PS100001", "Targeted": 2, "SourceSize": 1024}],
        }
    )
    monkeypatch.setattr(
        engine_module, "means_from", lambda *given: replace(means_from(*given), clock=CountingClock(site))
    )
    monkeypatch.setattr(engine_module, "open_site", lambda _means, _code: site)
    before = signal.getsignal(signal.SIGTERM)
    yield Stage(site, capsys, tmp_path)
    signal.signal(signal.SIGTERM, before)


class TestRefresh:
    def test_a_package_is_refreshed_and_the_proof_is_told(self, stage: Stage) -> None:
        result = stage.refresh(package_ids=["PS100001"])
        assert (result["rc"], result["changed"], stage.sent) == (0, True, ["PS100001"])
        assert result["packages"][0]["status"] == "refreshed"
        assert result["packages"][0]["source_version"] == {"before": 7, "after": 8}
        assert result["evidence"] == ['PS100001 ("Tools"): answer 0; source version 7 -> 8']
        assert (result["summary"]["refreshed"], result["summary"]["total"]) == (1, 1)
        assert result["diff"]["after"] == {"PS100001": {"source_version": 8}}
        assert (result["requests"], result["site_code"]) == (stage.site.requests, "PS1")
        assert stage.site.closed

    def test_check_mode_sends_nothing_and_predicts(self, stage: Stage) -> None:
        result = stage.refresh(package_ids=["PS100001"], check_mode=True)
        assert (result["rc"], result["changed"], stage.sent) == (0, True, [])
        row = result["packages"][0]
        assert row["source_version"] == {"before": 7, "after": "at least 8"}
        assert row["would_move"] == {"distribution_points": 2, "megabytes": 2.0}
        assert result["resume"] == []

    def test_check_mode_says_so_when_nothing_is_needed(self, stage: Stage) -> None:
        result = stage.refresh(package_ids=["PS100001"], source_modified="2026-11-01T00:00:00+00:00", check_mode=True)
        assert (result["changed"], result["packages"][0]["status"]) == (False, "skipped")

    def test_what_is_new_enough_is_skipped_with_the_reason(self, stage: Stage) -> None:
        result = stage.refresh(package_ids=["PS100001"], source_modified="2026-11-01T00:00:00+00:00")
        assert (result["rc"], result["changed"], stage.sent) == (0, False, [])
        assert "is newer than" in result["packages"][0]["reason"]

    def test_without_a_wait_the_answer_is_the_end(self, stage: Stage) -> None:
        result = stage.refresh(package_ids=["PS100001", "PS100002"], wait=False)
        assert [row["status"] for row in result["packages"]] == ["accepted", "accepted"]
        assert stage.sent == ["PS100001", "PS100002"]
        assert result["requests"] == 3

    def test_a_package_without_source_stops_the_task_before_anything_is_sent(self, stage: Stage) -> None:
        result = stage.refresh(package_ids=["PS100001", "PS100003"])
        assert (result["rc"], stage.sent) == (1, [])
        assert "PS100003" in result["msg"]
        assert "STORAGE_NO_SOURCE" in result["msg"]
        assert "changed" not in result or not result["changed"]
        assert stage.site.closed

    def test_or_is_left_out_if_that_is_asked(self, stage: Stage) -> None:
        result = stage.refresh(package_ids=["PS100003", "PS100001"], ignore_unrefreshable=True)
        assert [row["status"] for row in result["packages"]] == ["skipped", "refreshed"]
        assert stage.sent == ["PS100001"]

    def test_a_refusal_is_told_in_the_words_of_the_provider_and_taken_up_later(self, stage: Stage) -> None:
        stage.site.refusals = [ProviderError("RefreshPkgSource of SMS_Package PS100001 failed", return_value=5)]
        first = stage.refresh(package_ids=["PS100001", "PS100002"], max_failed="0")
        assert (first["rc"], first["changed"]) == (1, False)
        assert [row["status"] for row in first["packages"]] == ["failed", "not_attempted"]
        assert "return value 5" in first["msg"]
        assert "- {" in first["msg"]
        stage.site.refusals = []
        second = stage.refresh(resume=first["resume"])
        assert (second["rc"], stage.sent) == (0, ["PS100001", "PS100002"])

    def test_what_was_sent_is_never_sent_again(self, stage: Stage) -> None:
        first = stage.refresh(package_ids=["PS100001"], wait_timeout=0, wait=False)
        second = stage.refresh(package_ids=["PS100001"], resume=first["resume"])
        assert (second["rc"], second["changed"], stage.sent) == (0, False, ["PS100001"])
        assert second["packages"][0]["status"] == "joined"

    def test_a_task_that_is_told_to_stop_leaves_a_result(self, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        """The signal may come while an answer is outstanding: that call counts as sent, with an unknown outcome."""
        call = stage.site.call

        def stopped(*arguments: Any, **more: Any) -> dict[str, Any]:
            answer = call(*arguments, **more)
            signal.raise_signal(signal.SIGTERM)
            return answer

        monkeypatch.setattr(stage.site, "call", stopped)
        first = stage.refresh(package_ids=["PS100001", "PS100002"])
        assert (first["rc"], stage.sent) == (1, ["PS100001"])
        assert [row["status"] for row in first["packages"]] == ["failed", "not_attempted"]
        assert "told to stop" in first["msg"]
        assert [(item["sent"], item.get("answer_lost", False)) for item in first["resume"]] == [
            (True, True),
            (False, False),
        ]
        monkeypatch.setattr(stage.site, "call", call)
        stage.site.work()
        second = stage.refresh(package_ids=["PS100001", "PS100002"], resume=first["resume"])
        assert (second["rc"], stage.sent) == (0, ["PS100001", "PS100002"])

    @pytest.mark.parametrize("stopped_before", [False, True])
    def test_a_stop_at_the_very_end_does_not_cost_the_result(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch, stopped_before: bool
    ) -> None:
        """While the sessions are being closed, alone or as the second signal."""
        call = stage.site.call

        def stopped(*arguments: Any, **more: Any) -> dict[str, Any]:
            answer = call(*arguments, **more)
            if stopped_before:
                signal.raise_signal(signal.SIGTERM)
            return answer

        monkeypatch.setattr(stage.site, "call", stopped)
        monkeypatch.setattr(stage.site, "close", lambda: signal.raise_signal(signal.SIGTERM))
        result = stage.refresh(package_ids=["PS100001"])
        assert result["packages"][0]["status"] == ("failed" if stopped_before else "refreshed")
        assert result["resume"][0]["sent"] is True

    def test_a_lost_answer_without_an_effect_fails_after_the_grace(self, stage: Stage) -> None:
        stage.site.refusals = [OutcomeUnknown("The connection broke")]
        first = stage.refresh(package_ids=["PS100001"], grace=30)
        assert (first["rc"], first["changed"]) == (1, False)
        assert "no effect was seen within 30 s" in first["msg"]
        assert first["resume"][0]["answer_lost"] is True
        stage.site.refusals = []
        assert stage.refresh(package_ids=["PS100001"], resume=first["resume"])["rc"] == 0
        assert stage.sent == ["PS100001"]

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            ({}, "one of the following is required: package_ids, names, select, resume"),
            ({"package_ids": ["PS100001"], "names": ["Tools"]}, "mutually exclusive: package_ids|names|select"),
            ({"package_ids": ["PS100001"], "when_busy": "never"}, "value of when_busy must be one of: wait, join, skip, fail"),
            ({"package_ids": ["PS1000FF"]}, "or outside the scopes of CONTOSO\\operator"),
            ({"package_ids": ["PS100001"], "max_age": -1}, "max_age -1 is negative"),
            ({"package_ids": ["PS100001"], "max_failed": "many"}, "max_failed 'many'"),
            ({"package_ids": ["PS100001"], "auth": "basic", "scheme": "http"}, "auth basic over http"),
        ],
    )  # fmt: skip
    def test_bad_options_are_refused_and_nothing_is_sent(
        self, stage: Stage, options: dict[str, Any], said: str
    ) -> None:
        result = stage.refresh(**options)
        assert (result["rc"], stage.sent) == (1, [])
        assert said in result["msg"]
        assert "Traceback" not in result["msg"]

    def test_a_selection_without_packages_is_said(self, stage: Stage) -> None:
        result = stage.refresh(select={"name": "Nothing*"})
        assert (result["rc"], result["changed"], result["packages"]) == (0, False, [])
        assert "matches no package that CONTOSO" in json.dumps(result["warnings"])

    def test_the_provider_may_come_from_its_variable(self, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CONFIGMGR_PROVIDER", "cmprov.contoso.test")
        monkeypatch.delitem(CONNECTION, "provider")
        assert stage.refresh(package_ids=["PS100001"], wait=False)["rc"] == 0
        monkeypatch.setenv("CONFIGMGR_PROVIDER", "")
        assert "missing required arguments: provider" in stage.refresh(package_ids=["PS100001"])["msg"]

    def test_what_nobody_thought_of_is_called_a_defect(self, stage: Stage) -> None:
        stage.site.refusals = [KeyError("surprise")]
        result = stage.refresh(package_ids=["PS100001"])
        assert result["rc"] == 1
        assert result["msg"].startswith("This is a defect in configmgr.content (KeyError: 'surprise').")
        assert "Traceback" not in result["msg"]


class TestInfo:
    def test_packages_are_told_in_words(self, stage: Stage) -> None:
        result = stage.info(package_ids=["PS100002"])
        assert (result["rc"], result["changed"], result["count"], result["requests"]) == (0, False, 1, 1)
        assert result["packages"][0]["package_type"] == "driver_package"
        assert stage.site.closed

    def test_dest_takes_one_object_a_line_and_the_result_stays_small(self, stage: Stage, tmp_path: Path) -> None:
        dest = tmp_path / "packages.jsonl"
        result = stage.info(properties=["Name"], dest=str(dest))
        assert (result["count"], result["dest"]) == (3, str(dest))
        assert "packages" not in result
        lines = [json.loads(line) for line in dest.read_text("utf-8").splitlines()]
        assert lines[0] == {"package_id": "PS100001", "name": "Tools"}
        assert len(lines) == 3

    def test_check_mode_writes_nothing(self, stage: Stage, tmp_path: Path) -> None:
        dest = tmp_path / "packages.jsonl"
        result = stage.info(dest=str(dest), check_mode=True)
        assert (result["rc"], result["count"], dest.exists()) == (0, 3, False)

    def test_a_file_is_whole_or_not_there(self, stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        dest = tmp_path / "packages.jsonl"
        dest.write_text("old\n")
        rows = stage.site.rows

        def broken(*arguments: Any, **more: Any) -> Iterator[dict[str, Any]]:
            yield from itertools.islice(rows(*arguments, **more), 1)
            raise ConfigMgrError("The host went away")

        monkeypatch.setattr(stage.site, "rows", broken)
        assert "The host went away" in stage.info(dest=str(dest))["msg"]
        assert dest.read_text() == "old\n"
        assert not [each for each in tmp_path.rglob("*") if each.is_file() and each != dest]

    @pytest.mark.parametrize(("breaks", "rc"), [(1, 0), (2, 0), (3, 1)])
    def test_a_list_that_broke_off_is_read_again(
        self, stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, breaks: int, rc: int
    ) -> None:
        rows = stage.site.rows
        attempts: list[int] = []

        def breaking(*arguments: Any, **more: Any) -> Iterator[dict[str, Any]]:
            attempts.append(1)
            for row in rows(*arguments, **more):
                yield row
                if len(attempts) <= breaks:
                    raise ListBroken("The list broke off")

        monkeypatch.setattr(stage.site, "rows", breaking)
        dest = tmp_path / "packages.jsonl"
        result = stage.info(dest=str(dest))
        assert result["rc"] == rc
        assert dest.exists() is (rc == 0)
        if rc == 0:
            assert (result["count"], len(dest.read_text().splitlines())) == (3, 3)

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            ({"limit": 0}, "limit 0 is less than 1"),
            ({"properties": ["Nmae"]}, "No package class has a property 'Nmae'"),
            ({"package_ids": ["PS1"]}, "Not a package id: 'PS1'"),
            ({"dest": "/no/such/folder/file"}, "The folder of dest does not exist: /no/such/folder"),
            ({"names": ["a"], "select": {"name": "b"}}, "mutually exclusive"),
        ],
    )
    def test_bad_options_are_refused(self, stage: Stage, options: dict[str, Any], said: str) -> None:
        result = stage.info(**options)
        assert result["rc"] == 1
        assert said in result["msg"]
