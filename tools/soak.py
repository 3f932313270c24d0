# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fault matrices at length. Trials take turns: a refresh in random weather, a cell of the fault matrix, and one of that
of the state modules.

A violation is printed when it is met, with the name by which `make test` has it again. Ends with 1 when there was one.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
REPORT = ROOT / "build" / "soak.json"
TELL_EVERY = 20.0  # seconds
KINDS = ("weather", "cell", "state")


@dataclass(frozen=True)
class Outcome:
    """What came of one trial: of which kind it was, its name, and everything that was wrong with it."""

    kind: str
    name: str
    wrong: tuple[str, ...]


def turn(number: int) -> tuple[str, int]:
    """The kind of the trial with this number, and which of its kind it is."""
    return KINDS[number % len(KINDS)], number // len(KINDS)


def outcomes(first: int, step: int, trials: int, seed: int) -> Iterator[Outcome]:
    """Carry out every trial whose number is `first` plus a multiple of `step`."""
    # Imported by each process for itself: the tests need the simulator, which not every command of these tools has.
    sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "wire")]
    from conftest import users
    from converge import states_matrix
    from realm import Realm, missing
    from refresh.matrix import KERBEROS, LISTENERS, all_cases, in_realm, judge_case
    from refresh.weather import Servers, judge, make_trial

    with contextlib.ExitStack() as stack:
        more: Any = {}
        if not missing():
            more = stack.enter_context(in_realm(stack.enter_context(Realm(users()))))
        listeners = (LISTENERS + KERBEROS,) if more else (LISTENERS,)
        cases, states = all_cases(*listeners), states_matrix.all_cases(*listeners)
        for each in (cases, states):
            random.Random(seed).shuffle(each)
        servers = Servers(more)
        stack.callback(servers.stop)
        for number in range(first, trials, step):
            kind, index = turn(number)
            if kind == "weather":
                trial = make_trial(seed, index)
                yield Outcome(kind, trial.name, tuple(judge(servers, trial)))
            elif kind == "cell":
                case = cases[index % len(cases)]
                yield Outcome(kind, f"CASES=100000 -k {case.name}", tuple(judge_case(servers, case)))
            else:
                state = states[index % len(states)]
                wrong = states_matrix.judge(servers, state)
                yield Outcome(kind, f"CASES=100000 -k {state.name}", tuple(wrong))


def work(queue: Any, first: int, step: int, trials: int, seed: int) -> None:
    """One process: its outcomes, then None, or the text of what stopped it."""
    try:
        for outcome in outcomes(first, step, trials, seed):
            queue.put(outcome)
        queue.put(None)
    except BaseException as problem:
        queue.put(f"{type(problem).__name__}: {problem}")
        raise


def soak(trials: int, seed: int, processes: int) -> int:
    """Run them, tell how it goes, and write the report; the number of violations."""
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    workers = [
        context.Process(target=work, args=(queue, first, processes, trials, seed), daemon=True)
        for first in range(processes)
    ]
    for worker in workers:
        worker.start()
    began = told = time.monotonic()
    counts: Counter[str] = Counter()
    violations: list[Outcome] = []
    running = len(workers)
    while running:
        outcome = queue.get(timeout=600)
        if isinstance(outcome, str):
            raise SystemExit(f"A process of the soak ended early: {outcome}")
        if outcome is None:
            running -= 1
            continue
        counts[outcome.kind] += 1
        if outcome.wrong:
            violations.append(outcome)
            print("\n  ".join([f"VIOLATION {outcome.name}", *outcome.wrong]), flush=True)
        if time.monotonic() - told > TELL_EVERY:
            told = time.monotonic()
            print(f"{counts.total()} of {trials} trials, {len(violations)} with violations", flush=True)
    seconds = time.monotonic() - began
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(
        json.dumps(
            {
                "seed": seed,
                "trials": dict(counts),
                "seconds": round(seconds, 1),
                "violations": [{"name": each.name, "wrong": each.wrong} for each in violations],
            },
            indent=1,
        )
        + "\n",
        encoding="utf-8",
    )
    print(
        f"{counts.total()} trials with SEED={seed}: {counts['weather']} refreshes in random weather, {counts['cell']} cells of the "
        f"fault matrix, {counts['state']} of that of the state modules; {len(violations)} with violations; {seconds:.0f} s. Report: {REPORT.relative_to(ROOT)}"
    )
    return len(violations)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    if options.trials < 1 or options.processes < 1:
        parser.error("at least one trial and one process")
    return 1 if soak(options.trials, options.seed, min(options.processes, options.trials)) else 0


if __name__ == "__main__":
    sys.exit(main())
