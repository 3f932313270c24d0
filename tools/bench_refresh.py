# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Part b: many refreshes in one task. Ours against the same messages sent again, and against the calls alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bench_measure import Measure, Side, take_turns, timed
from bench_site import SITE_CODE, Bench, Floor, Provider, Recording, bare_floor, provider, pywinrm_floor
from steps import Failed

PART = "b"
CALL = b"/RefreshPkgSource</a:Action>"
# What a task may ask besides its calls: which packages there are, and who owns them.
QUESTIONS = 12
LIMIT = 1.2


def measure(bench: Bench) -> Iterator[Measure]:
    """Requests and time of a task of `bench.refreshes` refreshes without a wait."""
    count = bench.refreshes
    with provider(bench, bench.scenario("refreshes", count + count // 2)) as site:
        ids = _refreshable(site, count)
        recording = Recording()
        _refresh(site, ids, recording.connect)  # also imports everything
        messages = list(recording.messages)
        calls = [message for message in messages if CALL in message]
        yield Measure(PART, f"requests for {count} refreshes", "", (len(messages),), goal=count + QUESTIONS)

        def ours() -> float:
            _fresh(site)
            return timed(lambda: _refresh(site, ids))

        def floor(make: Any, sent: list[bytes]) -> Side:
            def side() -> float:
                _fresh(site)

                def work() -> None:
                    client: Floor = make(site)
                    client.replay(sent)
                    client.close()

                seconds = timed(work)
                _check(site, ids)
                return seconds

            return side

        sides: dict[str, Side] = {
            "ours": ours,
            "pywinrm, prebuilt messages": floor(pywinrm_floor, messages),
            "bare HTTP, prebuilt messages": floor(bare_floor, messages),
            "bare HTTP, the calls alone": floor(bare_floor, calls),
        }
        found = take_turns(sides, bench.repeats)
        mine = found.pop("ours")
        for against, values in found.items():
            yield Measure(PART, f"time for {count} refreshes", "s", mine, against, values, LIMIT)


def _fresh(site: Provider) -> None:
    """The site as it was at the start."""
    site.control("reset", {})


def _refreshable(site: Provider, count: int) -> list[str]:
    packages = site.control("state")["site"]["packages"]
    found = [
        key for key, item in sorted(packages.items()) if item["class"] == "SMS_Package" and item["distribution_points"]
    ]
    if len(found) < count:
        raise Failed(f"The scenario has {len(found)} packages to refresh, not {count}")
    return found[:count]


def _check(site: Provider, ids: list[str]) -> None:
    """A side that does not do the work is not measured."""
    done = site.control("state")["site"]["executions"].get("RefreshPkgSource", {})
    if done != dict.fromkeys(ids, 1):
        raise Failed(f"{len(done)} of {len(ids)} packages were refreshed once")


def _refresh(site: Provider, ids: list[str], connect: Any = None) -> None:
    """What cm_package_refresh does between its options and its result, login included."""
    from ansible_collections.configmgr.content.plugins.module_utils._content.operations import REFRESH
    from ansible_collections.configmgr.content.plugins.module_utils._content.registry import RESOURCES
    from ansible_collections.configmgr.content.plugins.module_utils._engine import report
    from ansible_collections.configmgr.content.plugins.module_utils._engine.distribution import Wanted
    from ansible_collections.configmgr.content.plugins.module_utils._engine.operation import Rules
    from ansible_collections.configmgr.content.plugins.module_utils._engine.refresh import Refresh, Wish
    from ansible_collections.configmgr.content.plugins.module_utils._engine.selection import Asked
    from ansible_collections.configmgr.content.plugins.module_utils._provider.site import open_site

    means = site.means(connect=connect)
    wish = Wish(asked=Asked(package_ids=tuple(ids)))
    rules = Rules(wanted=Wanted(), wait=False)
    task = Refresh(REFRESH, RESOURCES, open_site(means, SITE_CODE), wish, rules, means.clock, print)
    try:
        task.plan()
        task.allow_failures((0, False))
        task.perform()
        rows = [report.package_row(target, False) for target in task.targets]
    finally:
        task.close()
    report.summary(rows)
    report.evidence(task.targets)
    if [row["status"] for row in rows] != ["accepted"] * len(ids):
        raise Failed("The task did not refresh every package")
