# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a test run did, read from its JUnit file: counts, skips with their reasons, and whether the must-run tests ran."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from xml.etree import ElementTree


@dataclass(frozen=True)
class Outcome:
    """One test: its file, its name, what became of it, and why it was skipped."""

    file: str
    name: str
    verdict: str  # passed, failed, skipped
    reason: str = ""


def read(junit: Path) -> list[Outcome]:
    """All outcomes of a run; an expected failure counts as passed."""
    found = []
    for case in ElementTree.parse(junit).getroot().iter("testcase"):
        verdict, reason = "passed", ""
        skipped = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            verdict = "failed"
        elif skipped is not None and skipped.get("type") != "pytest.xfail":
            verdict, reason = "skipped", (skipped.get("message") or "").strip()
        file = case.get("file") or (case.get("classname") or "").replace(".", "/") + ".py"
        found.append(Outcome(file, case.get("name") or "", verdict, reason))
    return found


def closing_line(outcomes: Sequence[Outcome]) -> str:
    """Counts in plain words: 12 passed, 0 failed, 1 skipped."""
    count = Counter(outcome.verdict for outcome in outcomes)
    return f"{count['passed']} passed, {count['failed']} failed, {count['skipped']} skipped"


def skip_lines(outcomes: Sequence[Outcome]) -> list[str]:
    """Files with skipped tests, how many and why."""
    count = Counter((outcome.file, outcome.reason) for outcome in outcomes if outcome.verdict == "skipped")
    return [f"{file}: {number} skipped: {reason}" for (file, reason), number in sorted(count.items())]


def patterns(listing: Path, run: str = "") -> tuple[list[str], list[str]]:
    """The must-run patterns of a list file for a run, and those that lift the duty again (lines with `!`).

    A line that begins with names of runs, parted by commas, and a colon is for those runs only.
    """
    lines = [line.strip() for line in listing.read_text(encoding="utf-8").splitlines()]
    wanted, lifted = [], []
    for line in lines:
        only, colon, rest = line.partition(": ")
        text = rest.strip() if colon and not line.startswith("#") else line
        if not text or text.startswith("#") or (colon and run not in only.replace(",", " ").split()):
            continue
        if text.startswith("!"):
            lifted.append(text[1:].strip())
        else:
            wanted.append(text)
    return wanted, lifted


def must_run_violations(outcomes: Sequence[Outcome], listing: Path, run: str = "") -> list[str]:
    """What should have run and did not: a pattern without a test, and the skipped tests that a pattern names."""
    wanted, lifted = patterns(listing, run)
    wrong = []
    for pattern in wanted:
        if not any(_named(outcome, pattern) and outcome.verdict != "skipped" for outcome in outcomes):
            wrong.append(f"{pattern}: no test of this pattern ran")
    skipped = [outcome for outcome in outcomes if outcome.verdict == "skipped"]
    skipped = [outcome for outcome in skipped if any(_named(outcome, pattern) for pattern in wanted)]
    return wrong + skip_lines([one for one in skipped if not any(_named(one, pattern) for pattern in lifted)])


def _named(outcome: Outcome, pattern: str) -> bool:
    """Whether a pattern, of a file or of `file::test`, names a test."""
    return fnmatchcase(f"{outcome.file}::{outcome.name}" if "::" in pattern else outcome.file, pattern)
