# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Break the client in the ways of `mutations.py`, one at a time, and see that the tests named there turn red.

Works on a copy. Ends with 1 if a test is red before anything is broken, or green after it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from mutations import MUTATIONS, SOURCES, Mutation
from results import read

ROOT = Path(__file__).resolve().parents[1]
LONGEST = 300.0  # seconds for the tests of one mutation; whoever hangs is found out, too
NOT_COPIED = shutil.ignore_patterns(".git", "build", "__pycache__", ".*_cache", "*.egg-info")


def broken(text: str, mutation: Mutation) -> str:
    """The source with the defect. Raises ValueError if its place is not there exactly once."""
    found = text.count(mutation.old)
    if found != 1:
        raise ValueError(f"{mutation.name}: its place is {found} times in {mutation.file}")
    return text.replace(mutation.old, mutation.new)


def green(content: Path, tests: Sequence[str]) -> set[str]:
    """Which of the tests pass: those of which every case does. Empty if they did not come to an end."""
    report = content / "mutants.xml"
    report.unlink(missing_ok=True)
    paths = [str(content.parents[2]), str(content / "simulator"), os.environ.get("PYTHONPATH", "")]
    variables = {
        **os.environ,
        "CASES": "100000",  # the named cells are there, whichever the seed would choose
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        "PYTHONDONTWRITEBYTECODE": "1",  # two versions of a file within one second
    }
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", *tests]
    try:
        subprocess.run(command, cwd=content, env=variables, capture_output=True, timeout=LONGEST, check=False)
    except subprocess.TimeoutExpired:
        return set()
    if not report.exists():
        return set()
    seen: dict[str, list[bool]] = {test: [] for test in tests}
    for outcome in read(report):
        for test in tests:
            file, _colons, name = test.partition("::")
            if outcome.file.endswith(file) and (outcome.name == name or outcome.name.startswith(f"{name}[")):
                seen[test].append(outcome.verdict == "passed")
    return {test for test, passed in seen.items() if passed and all(passed)}


def try_all(content: Path, mutations: Iterable[Mutation]) -> int:
    """Print a table; how many mutations were not found out by each of their tests."""
    mutations = list(mutations)
    every = sorted({test for mutation in mutations for test in mutation.tests})
    red = sorted(set(every) - green(content, every))
    if red:
        raise SystemExit("\n".join(["Red or missing before anything is broken:", *red]))
    print(f"{len(every)} tests are green on the client as it is.", flush=True)
    survived = 0
    for mutation in mutations:
        file = content / SOURCES / mutation.file
        sound = file.read_text(encoding="utf-8")
        file.write_text(broken(sound, mutation), encoding="utf-8")
        began = time.monotonic()
        try:
            still_green = sorted(green(content, mutation.tests))
        finally:
            file.write_text(sound, encoding="utf-8")
        survived += bool(still_green)
        word = "SURVIVED" if still_green else "found out"
        print(f"{word}  {mutation.name}: {mutation.what}  ({time.monotonic() - began:.0f} s)")
        for test in mutation.tests:
            print(f"    {'green' if test in still_green else 'red  '}  {test}", flush=True)
    print(f"{len(mutations) - survived} of {len(mutations)} mutations found out by every test named for them")
    return survived


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=[mutation.name for mutation in MUTATIONS])
    options = parser.parse_args()
    chosen = [mutation for mutation in MUTATIONS if not options.only or mutation.name in options.only]
    with tempfile.TemporaryDirectory() as folder:
        content = Path(folder) / "ansible_collections" / "configmgr" / "content"
        shutil.copytree(ROOT, content, ignore=NOT_COPIED)
        return 1 if try_all(content, chosen) else 0


if __name__ == "__main__":
    sys.exit(main())
