# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a refresh tells the playbook, and that a rerun can take up what it told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest
import yaml
from ansible_collections.configmgr.content.plugins.module_utils._cim.types import CimTime
from ansible_collections.configmgr.content.plugins.module_utils._content.boot_image import BOOT_IMAGE
from ansible_collections.configmgr.content.plugins.module_utils._content.package import PACKAGE
from ansible_collections.configmgr.content.plugins.module_utils._content.registry import RESOURCES
from ansible_collections.configmgr.content.plugins.module_utils._engine import refresh_module, report
from ansible_collections.configmgr.content.plugins.module_utils._engine.build import BuildStatus
from ansible_collections.configmgr.content.plugins.module_utils._engine.distribution import Point, Verdict, Watch
from ansible_collections.configmgr.content.plugins.module_utils._engine.operation import (
    Earlier,
    Fence,
    Phase,
    Target,
)
from ansible_collections.configmgr.content.plugins.module_utils._engine.resource import Resource
from fake_site import FakeSite, package
from hypothesis import given
from hypothesis import strategies as st
from module_run import RESUME_OPTIONS, checked_options

LATER = CimTime(datetime(2026, 11, 20, 8))
CONTEXT = "6F9619FF-8B86-D011-B42D-00C04FC964FF"


def target(package_id: str = "PS100001", resource: Resource = PACKAGE, **more: Any) -> Target:
    return Target(package(package_id, **more), resource, FakeSite(), Watch())  # type: ignore[arg-type]


def sent(package_id: str = "PS100001", *, proven: bool = True, **more: Any) -> Target:
    """A package whose call went out when its version was 7."""
    one = target(package_id, **more)
    one.fence = Fence(7, "2026-11-19T20:00:00", 0)
    one.sent, one.proven = True, proven
    return one


def refreshed(package_id: str = "PS100001", **more: Any) -> Target:
    one = sent(package_id, SourceVersion=8, StoredPkgVersion=8, LastRefreshTime=LATER, **more)
    one.end("refreshed", "asked for")
    return one


class TestRow:
    def test_a_refreshed_package(self) -> None:
        assert report.package_row(refreshed(), False) == {
            "package_id": "PS100001",
            "name": "Tools",
            "class": "SMS_Package",
            "status": "refreshed",
            "reason": "asked for",
            "source_version": {"before": 7, "after": 8},
            "distribution_points": {"targeted": None, "installed": None, "failed": None, "rows": []},
            "answer_lost": False,
            "context_id": None,
            "error": None,
        }

    def test_what_happened_besides_is_told(self) -> None:
        one = refreshed(resource=BOOT_IMAGE)
        one.source_unchanged = one.waited_for_action = one.answer_lost = True
        one.context_id = CONTEXT
        one.error = {"kind": "outcome_unknown"}
        one.build = BuildStatus(2, 3, 4, "Adding drivers", 5, "oem1.inf")
        one.progress = ["12:00:00 UTC 75 % Adding drivers"]
        row = report.package_row(one, False)
        assert row["class"] == "SMS_BootImagePackage"
        assert (row["source_unchanged"], row["waited_for_action"], row["answer_lost"]) == (True, True, True)
        assert (row["context_id"], row["error"]) == (CONTEXT, {"kind": "outcome_unknown"})
        assert row["build"]["status"] == "error"
        assert (row["build"]["percent"], row["build"]["error_info"]) == (75, "oem1.inf")
        assert row["build"]["progress"] == ["12:00:00 UTC 75 % Adding drivers"]
        json.dumps(row)

    @pytest.mark.parametrize(("verbose", "shown"), [(False, ["dp1"]), (True, ["dp1", "dp2"])])
    def test_failing_points_are_shown_and_all_of_them_if_asked(self, verbose: bool, shown: list[str]) -> None:
        bad, good = Point("dp1", "PS1", 3, 7, "new"), Point("dp2", "PS1", 0, 8, "new")
        one = refreshed()
        one.goal = 8
        one.verdict = Verdict(False, True, "1 of 2 failed", 2, 1, (bad,), (good, bad))
        points = report.package_row(one, verbose)["distribution_points"]
        assert (points["targeted"], points["installed"], points["failed"]) == (2, 1, 1)
        assert [row["name"] for row in points["rows"]] == shown
        assert points["rows"][0] == {
            "name": "dp1",
            "site_code": "PS1",
            "state": "failed",
            "source_version": 7,
            "installed": False,
        }

    def test_without_a_call_both_versions_are_the_present_one(self) -> None:
        one = target()
        one.end("skipped", "it is newer")
        assert report.package_row(one, False)["source_version"] == {"before": 7, "after": 7}


class TestPrediction:
    MOVES: Mapping[str, tuple[int, int]] = {"PS100001": (3, 2048)}

    def test_what_would_be_refreshed_and_what_would_move(self) -> None:
        one = target()
        one.reason = "asked for"
        row = report.predicted_row(one, self.MOVES, "wait")
        assert (row["status"], row["reason"]) == ("refreshed", "would be refreshed: asked for")
        assert row["source_version"] == {"before": 7, "after": "at least 8"}
        assert row["would_move"] == {"distribution_points": 3, "megabytes": 6.0}
        assert row["distribution_points"]["targeted"] == 3

    def test_a_package_without_points_moves_nothing(self) -> None:
        assert report.predicted_row(target("PS100002"), self.MOVES, "wait")["would_move"] == {
            "distribution_points": 0,
            "megabytes": 0.0,
        }

    @pytest.mark.parametrize(
        ("when_busy", "status", "reason"),
        [
            ("wait", "refreshed", "after the action that is running on it"),
            ("join", "joined", "nothing would be sent"),
            ("skip", "skipped", "nothing would be sent"),
        ],
    )
    def test_a_busy_package(self, when_busy: str, status: str, reason: str) -> None:
        row = report.predicted_row(target(ActionInProgress=1), self.MOVES, when_busy)
        assert row["status"] == status
        assert reason in row["reason"]
        assert ("would_move" in row) is (status == "refreshed")

    def test_what_an_earlier_run_sent_would_be_joined(self) -> None:
        one = sent()
        one.reason = "sent by the earlier run"
        one.enter(Phase.VERSIONING, 0)
        row = report.predicted_row(one, self.MOVES, "wait")
        assert (row["status"], row["reason"]) == ("joined", "sent by the earlier run")

    def test_a_decision_that_stands_is_told_as_it_is(self) -> None:
        one = target()
        one.end("skipped", "it is newer")
        row = report.predicted_row(one, self.MOVES, "wait")
        assert (row["status"], row["reason"]) == ("skipped", "it is newer")
        assert "would_move" not in row


def test_the_summary_has_every_status_and_the_total() -> None:
    rows = [{"status": status} for status in ("refreshed", "refreshed", "failed", "not_attempted")]
    assert report.summary(rows) == {
        "refreshed": 2,
        "accepted": 0,
        "joined": 0,
        "skipped": 0,
        "failed": 1,
        "not_attempted": 1,
        "total": 4,
    }


class TestEvidence:
    def test_an_answer_and_what_moved(self) -> None:
        assert report.evidence([refreshed()]) == ['PS100001 ("Tools"): answer 0; source version 7 -> 8']

    def test_an_answer_alone(self) -> None:
        assert report.evidence([sent()]) == ['PS100001 ("Tools"): answer 0']

    def test_a_lost_answer_is_no_evidence(self) -> None:
        one = refreshed()
        one.answer_lost = True
        assert report.evidence([one]) == ['PS100001 ("Tools"): source version 7 -> 8']

    def test_a_boot_image_goes_by_its_build(self) -> None:
        one = sent(resource=BOOT_IMAGE)
        assert report.evidence([one]) == ['PS100001 ("Tools"): the provider has it under way']
        one.build = BuildStatus(0, 4, 4, "", 0, "")
        assert report.evidence([one]) == ['PS100001 ("Tools"): build 100 %']

    def test_points_and_an_unchanged_source(self) -> None:
        one = sent(LastRefreshTime=LATER)
        one.source_unchanged = True
        one.goal = 7
        one.verdict = Verdict(True, False, "", 2, 2, (), ())
        assert report.evidence([one]) == [
            'PS100001 ("Tools"): answer 0; last refresh 2026-11-19T20:00:00 -> 2026-11-20T08:00:00; '
            "the source is unchanged; 2 of 2 distribution points have version 7"
        ]

    def test_only_changes_of_this_task_have_one(self) -> None:
        skipped, lost, resumed = target(), sent(proven=False), refreshed()
        skipped.end("skipped", "it is newer")
        resumed.resumed = True
        assert report.evidence([skipped, lost, resumed]) == []


class TestResume:
    def test_what_was_sent_carries_the_state_before_the_call(self) -> None:
        assert report.resume_items([refreshed()]) == [
            {
                "package_id": "PS100001",
                "version_before": 7,
                "last_refresh_before": "2026-11-19T20:00:00",
                "context_id": None,
                "sent": True,
            }
        ]

    def test_a_lost_answer_without_an_effect_is_marked(self) -> None:
        one = sent(proven=False)
        one.answer_lost = True
        one.end("failed", "no effect was seen")
        assert report.resume_items([one])[0]["answer_lost"] is True

    def test_a_lost_answer_whose_effect_was_seen_is_settled(self) -> None:
        one = refreshed()
        one.answer_lost = True
        assert "answer_lost" not in report.resume_items([one])[0]

    def test_what_was_not_sent_may_go_out(self) -> None:
        one = target(resource=BOOT_IMAGE)
        one.context_id = CONTEXT  # of a call that was refused
        one.end("not_attempted", "too much failed")
        item = report.resume_items([one])[0]
        assert (item["sent"], item["context_id"], item["version_before"]) == (False, None, 7)

    def test_a_build_carries_its_context(self) -> None:
        one = sent(resource=BOOT_IMAGE)
        one.context_id = CONTEXT
        assert report.resume_items([one])[0]["context_id"] == CONTEXT

    def test_what_was_skipped_is_left_out(self) -> None:
        one = target()
        one.end("skipped", "it is newer")
        assert report.resume_items([one]) == []

    @pytest.mark.parametrize("never", [None, CimTime(datetime(1970, 4, 10, 6, 35))])
    def test_a_package_that_was_never_refreshed(self, never: CimTime | None) -> None:
        before = never.text if never else ""
        assert report.resume_items([target(LastRefreshTime=never)])[0]["last_refresh_before"] == before


def read_back(items: list[dict[str, Any]]) -> list[Earlier]:
    """The items through the option `resume` of the module, as a rerun takes them."""
    params = checked_options(refresh_module.refresh_spec(RESOURCES), {"provider": "p", "resume": items})
    return refresh_module._resume(params["resume"])


class TestRoundTrip:
    def targets(self) -> list[Target]:
        lost, boot, left, fresh = (
            sent("PS100002", proven=False),
            sent("PS100003", resource=BOOT_IMAGE),
            target("PS100004", Name='Déjà "vu": #1'),
            target("PS100005", LastRefreshTime=None),
        )
        lost.answer_lost = True
        lost.end("failed", "no effect was seen within 60 s")
        boot.context_id = CONTEXT
        boot.end("failed", "no end of the build within 3600 s")
        for one in (left, fresh):
            one.end("not_attempted", "too much failed")
        return [refreshed(), lost, boot, left, fresh]

    EXPECTED = (
        Earlier("PS100001", True, 7, "2026-11-19T20:00:00"),
        Earlier("PS100002", True, 7, "2026-11-19T20:00:00", answer_lost=True),
        Earlier("PS100003", True, 7, "2026-11-19T20:00:00", CONTEXT),
        Earlier("PS100004", False, 7, "2026-11-19T20:00:00"),
        Earlier("PS100005", False, 7, ""),
    )

    def test_the_result_is_taken_by_the_option(self) -> None:
        items = report.resume_items(self.targets())
        assert tuple(read_back(items)) == self.EXPECTED
        assert tuple(read_back(json.loads(json.dumps(items)))) == self.EXPECTED

    def test_every_key_of_an_item_is_an_option(self) -> None:
        keys = {key for item in report.resume_items(self.targets()) for key in item}
        assert keys == RESUME_OPTIONS

    def test_the_lines_of_the_message_are_taken_by_the_option(self) -> None:
        targets = self.targets()
        rows = [report.package_row(one, False) for one in targets]
        text = report.failure_text(rows, report.resume_items(targets))
        head, _unused, lines = text.partition("with these lines:\n")
        assert "2 of 5 packages failed, 2 were not attempted (too much failed)" in head
        assert "PS100002 (Tools): no effect was seen within 60 s" in head
        items = yaml.safe_load(lines)["resume"]
        assert tuple(read_back(items)) == self.EXPECTED

    def test_the_lines_fit_under_a_module(self) -> None:
        """Pasted as they are below the module's name, they are one more option of it."""
        targets = self.targets()
        text = report.failure_text([report.package_row(one, False) for one in targets], report.resume_items(targets))
        lines = text.partition("with these lines:\n")[2]
        play = yaml.safe_load(f"configmgr.content.cm_package_refresh:\n  provider: p\n{lines}\n")
        options = play["configmgr.content.cm_package_refresh"]
        assert (options["provider"], len(options["resume"])) == ("p", 5)


class TestMessage:
    def test_many_packages_are_counted_and_the_first_ones_named(self) -> None:
        targets = [sent(f"PS1{n:05X}", proven=False) for n in range(12)]
        for one in targets:
            one.end("failed", "no effect")
        text = report.failure_text([report.package_row(one, False) for one in targets], report.resume_items(targets))
        assert "12 of 12 packages failed" in text
        assert "and 7 more, see packages" in text
        lines = text.partition("with these lines:\n")[2]
        assert len(yaml.safe_load(lines)["resume"]) == 12

    def test_a_part_of_the_resume_is_never_offered_for_pasting(self) -> None:
        targets = [sent(f"PS1{n:05X}", proven=False) for n in range(report.MOST_LINES + 1)]
        for one in targets:
            one.end("failed", "no effect")
        text = report.failure_text([report.package_row(one, False) for one in targets], report.resume_items(targets))
        assert "with these lines" not in text
        assert f"it has {report.MOST_LINES + 1} entries" in text

    def test_nothing_failed_but_something_was_left(self) -> None:
        one = target()
        one.end("not_attempted", "the task was told to stop (SIGTERM).")
        text = report.failure_text([report.package_row(one, False)], report.resume_items([one]))
        assert text.startswith("0 of 1 packages failed, 1 were not attempted (the task was told to stop (SIGTERM).). ")


class TestDiff:
    def test_packages_that_changed_before_and_after(self) -> None:
        unchanged, skipped = sent("PS100002"), target("PS100003")
        skipped.end("skipped", "it is newer")
        rows = [report.package_row(one, False) for one in (refreshed(), unchanged, skipped)]
        assert report.diff(rows) == {
            "before": {"PS100001": {"source_version": 7}},
            "after": {"PS100001": {"source_version": 8}},
        }

    def test_a_prediction(self) -> None:
        assert report.diff([report.predicted_row(target(), {}, "wait")]) == {
            "before": {"PS100001": {"source_version": 7}},
            "after": {"PS100001": {"source_version": "at least 8"}},
        }


@given(
    st.lists(
        st.tuples(
            st.booleans(), st.booleans(), st.integers(0, 2**32 - 1), st.sampled_from(["", "2026-11-19T20:00:00"])
        ),
        max_size=5,
    )
)
def test_a_rerun_never_sends_what_was_sent_and_answered(shapes: list[tuple[bool, bool, int, str]]) -> None:
    targets = []
    for number, (was_sent, proven, version, before) in enumerate(shapes):
        one = target(f"PS1{number:05X}")
        one.sent, one.proven = was_sent, was_sent and proven
        one.fence = Fence(version, before, 0) if was_sent else None
        targets.append(one)
    params = checked_options(
        refresh_module.refresh_spec(RESOURCES), {"provider": "p", "resume": report.resume_items(targets)}
    )
    for one, earlier in zip(targets, refresh_module._resume(params["resume"] or []), strict=True):
        assert earlier.package_id == one.package.package_id
        assert earlier.sent is one.sent
        assert earlier.answer_lost is (one.sent and not one.proven)
        if one.fence:
            assert (earlier.version_before, earlier.last_refresh_before) == (one.fence.version, one.fence.refreshed)
