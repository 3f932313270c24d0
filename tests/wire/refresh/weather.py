# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Weather: generated refreshes against generated faults, held against the simulated site's own state.

Each trial is a run in bad weather, sometimes a second one, and a rerun with `resume` in good weather. The site's count of
what it carried out is the judge, never the client's word.
"""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.configmgr.content.plugins.module_utils._engine import report
from ansible_collections.configmgr.content.plugins.module_utils._engine.distribution import Wanted
from ansible_collections.configmgr.content.plugins.module_utils._provider.errors import Interrupted
from ansible_collections.configmgr.content.plugins.module_utils._provider.site import Means, Site, open_site
from ansible_collections.configmgr.content.plugins.module_utils._wsman.errors import ConfigMgrError
from ansible_collections.configmgr.content.plugins.module_utils._wsman.transport import WinRMTransport

from smsprovsim.server import Server

from .lab import LONGEST, Lab, Result, build_threads

REFRESH_CALL = "RefreshPkgSource"
STATUS_CALL = "QueryOSDBinaryInjectionStatus"
FORGET_CALL = "DeleteContextID"
UNREPORTABLE = 2150858829

# Packages of each scenario that can be refreshed at all; boot images twice, because the most can go wrong with them.
PACKAGES = {
    "small": ("PS100001", "PS100002", "PS100004", "PS100004", "PS10000E", "PS10000B", "PS10000F", "PS100010", "PS100013"),
    "troubled": (
        "PS100001", "PS100002", "PS100003", "PS100004", "PS100005", "PS100006", "PS100007", "PS10000A", "PS10000D",
        "PS10000E", "PS10000F", "PS10000F",
    ),
}  # fmt: skip
# What cannot end well there, whatever the client does: the source cannot be read, a driver is not signed.
HOPELESS = {"small": frozenset[str](), "troubled": frozenset(("PS100005", "PS100006", "PS100007"))}
# Never on all their distribution points.
NEVER_EVERYWHERE = frozenset(("PS10000A",))
LOCKED = frozenset(("PS100004",))

LISTENERS = ((("ntlm",), False), (("ntlm",), False), (("credssp",), False), (("credssp",), True), (("basic",), True))

# Open questions about the site, in both answers. Where a lost answer cannot be settled, `may_repeat` says so.
SWITCHES = {
    "action_in_progress": ("until_stored", "until_taken"),
    "busy_refresh": ("once_more", "coalesce", "each"),
    "unchanged_source": ("raises", "stays"),
    "package_thread": ("until_distributed", "until_stored"),
    "boot_builds": ("parallel", "serial"),
    "work_after_timeout": ("goes_on", "goes_on", "goes_on", "cancelled"),
    "cancelled_build": ("stops", "goes_on"),
    "refresh_needs_lock": ("no", "yes"),
    "datetime_without_zone": ("z", "none", "dmtf"),
    "first_batch": ("one", "full"),
    "response_charset": ("utf-8", "utf-8", "utf-16"),
    "max_timeout_ms": ("60000", "30000", "600000"),
}

# Answers that may stand for a call that was carried out, or for one that was not (wire R-06, I-09).
SILENT = (
    {"action": "garbage"},
    {"action": "empty"},
    {"action": "http", "status": 500},
    {"action": "http", "status": 502},
    {"action": "fault", "code": 2150858793},
    {"action": "fault", "code": 2150858883},
    {"action": "fault", "code": 2150858825},
    {"action": "provider_error", "hresult": 0x80041069},
)
# Answers that prove that nothing was done.
REFUSALS = (
    {"action": "cut_before"},
    {"action": "stale_context"},
    {"action": "http", "status": 503},
    {"action": "http", "status": 400, "body": ""},
    {"action": "http", "status": 401, "body": ""},
    {"action": "http", "status": 404},
    {"action": "fault", "code": 2150858815},
    {"action": "fault", "code": 2150859174},
    {"action": "fault", "code": 5},
    {"action": "fault", "code": 2150858755},
    {"action": "fault", "code": 2150858772},
    {"action": "fault", "code": 2150858779},
    {"action": "fault", "code": 2150858780},
    {"action": "provider_error"},
    {"action": "provider_error", "hresult": 0x80041033},
    {"action": "provider_error", "error_code": 1078462258, "description": "User CONTOSO\\colleague has the lock"},
    {"action": "return_value", "value": 4},
    {"action": "refuse_writes", "times": 1},
)
CARRIED_OUT = (
    {"action": "cut_after"},
    {"action": "wrong_relates_to"},
    {"action": "fault", "code": UNREPORTABLE, "execute": True},
)


@dataclass(frozen=True)
class Weather:
    """One bad run: its options, its fault rules, and where it is told to stop, if at all."""

    options: dict[str, Any]
    faults: tuple[dict[str, Any], ...]
    stop_at: int | None = None  # the message of the main thread at which SIGTERM comes
    stop_after_sending: bool = False


@dataclass(frozen=True)
class Trial:
    """One generated case; `name` tells how to have it again."""

    name: str
    scenario: str
    auth: tuple[str, ...]
    tls: bool
    switches: dict[str, str]
    packages: tuple[str, ...]
    runs: tuple[Weather, ...]
    last: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        runs = "\n".join(f"  run: {run}" for run in self.runs)
        return (
            f"{self.name}\n  {self.scenario} {self.auth} tls={self.tls} {self.switches}\n"
            f"  packages: {self.packages}\n{runs}\n  last: {self.last}"
        )


def make_trial(seed: int, number: int) -> Trial:
    """The trial of this number among those of a seed."""
    chance = random.Random(f"{seed}:{number}")
    scenario = chance.choice(("small", "small", "troubled"))
    auth, tls = chance.choice(LISTENERS)
    switches = {name: chance.choice(values) for name, values in SWITCHES.items() if chance.random() < 0.25}
    chosen = [chance.choice(PACKAGES[scenario]) for _each in range(chance.choice((1, 1, 2, 3, 5)))]
    packages = tuple(dict.fromkeys(chosen))
    runs = tuple(make_weather(chance, packages) for _each in range(chance.choice((1, 1, 1, 2))))
    if any(fault.get("code") == UNREPORTABLE for run in runs for fault in run.faults):
        switches.pop("refresh_needs_lock", None)  # a host does not say so of a call that the lock refused
    return Trial(
        name=f"SEED={seed} -k trial-{number}-",
        scenario=scenario,
        auth=auth,
        tls=tls,
        switches=switches,
        packages=packages,
        runs=runs,
        last=last_options(chance),
    )


def make_weather(chance: random.Random, packages: tuple[str, ...]) -> Weather:
    """Options and faults of one run."""
    stop = chance.random() < 0.15
    return Weather(
        options=bad_options(chance),
        faults=tuple(make_fault(chance, packages) for _each in range(chance.choice((0, 1, 1, 2, 3, 5)))),
        stop_at=chance.randrange(1, 40) if stop else None,
        stop_after_sending=chance.random() < 0.5,
    )


def bad_options(chance: random.Random) -> dict[str, Any]:
    """Options of a run, tight ones among them."""
    wait_for = chance.choice(("source_version", "source_version", "distributed"))
    return {
        "wait": chance.random() < 0.75,
        "wait_for": wait_for,
        "wait_timeout": chance.choice((5.0, 60.0, 900.0, 1800.0)),
        "wait_interval": chance.choice((2.0, 10.0, 10.0, 45.0)),
        "grace": chance.choice((0.0, 30.0, 60.0, 300.0)),
        "build_timeout": chance.choice((30.0, 100.0, 900.0, 3600.0)),
        "when_busy": chance.choice(("wait", "wait", "wait", "join", "skip", "fail")),
        "in_flight": chance.choice((1, 2, 3, 10)),
        "sessions": chance.choice((1, 1, 2, 4)),
        "pause": chance.choice((0.0, 0.0, 0.0, 20.0)),
        "max_failed": chance.choice(((0.0, False), (1.0, False), (10.0, True), (100.0, True), (100.0, True))),
        "wanted": Wanted(min_percent=chance.choice((100.0, 100.0, 50.0))),
    }


def last_options(chance: random.Random) -> dict[str, Any]:
    """Options with which every rerun in good weather can end."""
    return {
        "wait_for": chance.choice(("source_version", "source_version", "distributed")),
        "wait_timeout": 3600.0,
        "wait_interval": chance.choice((5.0, 20.0)),
        "in_flight": chance.choice((1, 3, 10)),
        "sessions": chance.choice((1, 1, 3)),
        "max_failed": (100.0, True),
    }


def make_fault(chance: random.Random, packages: tuple[str, ...]) -> dict[str, Any]:
    """One fault rule that a real host could be guilty of: what refuses does not act, what is silent may."""
    verb, method = chance.choice(
        (
            ("Invoke", REFRESH_CALL), ("Invoke", REFRESH_CALL), ("Invoke", REFRESH_CALL), ("Invoke", STATUS_CALL),
            ("Invoke", FORGET_CALL), ("Enumerate", None), ("Enumerate", None), ("Pull", None), ("Get", None), (None, None),
        )
    )  # fmt: skip
    kind = chance.random()
    if kind < 0.1:
        fault: dict[str, Any] = {"action": "delay", "seconds": chance.choice((1.0, 20.0, 55.0))}
    elif kind < 0.4:
        fault = {**chance.choice(SILENT), "execute": chance.random() < 0.5}
    elif kind < 0.7:
        fault = dict(chance.choice(CARRIED_OUT))
    else:
        fault = dict(chance.choice(REFUSALS))
    if method in (REFRESH_CALL, None) and fault.get("code") == UNREPORTABLE:
        # The host says so when the work is done; the simulator would say it at the beginning of a build.
        fault = {"class": "SMS_Package", **fault}
    fault.setdefault("times", chance.choice((1, 1, 1, 2, 4, None)))
    if fault["times"] is None and method == STATUS_CALL:
        fault["times"] = 30  # a login for each of them takes its time
    fault["skip"] = chance.choice((0, 0, 0, 1, 2, 5, 12))
    if verb:
        fault["verb"] = verb
    if method:
        fault["method"] = method
    if method == REFRESH_CALL and chance.random() < 0.3:
        fault["key"] = chance.choice(packages)
    return fault


class Stage(Lab):
    """A site for one trial, and what came of the runs on it."""

    def __init__(self, server: Server, packages: tuple[str, ...]) -> None:
        super().__init__(server)
        self.packages = packages
        self.texts: list[str] = []
        self._countdown: int | None = None
        self._after = False

    def means(self, **changes: Any) -> Means:
        return replace(super().means(**changes), connect=self._connect)

    def _connect(self, endpoint: Any, address: str) -> WinRMTransport:
        stage = self

        class Stoppable(WinRMTransport):
            def send(self, envelope: bytes, timeout: float | None = None) -> bytes:
                hit = stage._tick()
                if hit and not stage._after:
                    raise Interrupted("the task was told to stop (SIGTERM)")
                answer = super().send(envelope, timeout)
                if hit:
                    raise Interrupted("the task was told to stop (SIGTERM)")
                return answer

        return Stoppable(endpoint, address)

    def _tick(self) -> bool:
        if self._countdown is None or threading.current_thread() is not threading.main_thread():
            return False
        self._countdown -= 1
        return self._countdown == 0

    def snapshot(self) -> dict[str, Any]:
        """The site's own state."""
        state: dict[str, Any] = self.server.site.snapshot()
        return state

    def count(self, method: str) -> Counter[str]:
        """How often the site carried out a method, by package."""
        return Counter(self.server.site.executions().get(method, {}))

    def run(self, weather: Weather, resume: list[dict[str, Any]]) -> tuple[Result | None, BaseException | None]:
        """One task; its result, or what ended it before there was one."""
        self.server.clear_faults()
        options = dict(weather.options)
        limit = options.pop("max_failed")
        site: Site | None = None
        task = None
        self._countdown, self._after = weather.stop_at, weather.stop_after_sending
        for fault in weather.faults:
            self.server.add_fault(**fault)
        with DelaysPass(self.server):
            try:
                site = open_site(self.means(), None)
                task = self.task(*self.packages, site=site, wish={"resume": earlier(resume)}, **options)
                task.allow_failures(limit)
                task.perform()
            except (ConfigMgrError, Interrupted) as problem:
                self.texts.append(str(problem))
                return None, problem
            finally:
                self._countdown = None
                if task is not None:
                    task.close()
        result = Result(task)
        self.texts.append(json.dumps(list(result.rows.values())))
        self.texts.append(report.failure_text(list(result.rows.values()), result.resume))
        self.texts += self.warnings + result.evidence
        return result, None


def earlier(items: list[dict[str, Any]]) -> Any:
    """The option `resume`."""
    from ansible_collections.configmgr.content.plugins.module_utils._engine.operation import Earlier

    return {item["package_id"]: Earlier(**item) for item in items}


# Seconds after which every call has its answer: the host's limit (wire H-07), twice.
CALL_ENDS = 120.0


class DelaysPass:
    """A delayed answer lets the logical time go by instead of waiting for somebody to move it."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._take = server.rules.take

    def __enter__(self) -> None:
        def take(entry: Any) -> Any:
            delay, rule = self._take(entry)
            if delay:
                self._server.site.clock.advance(delay)
            return 0.0, rule

        self._server.rules.take = take  # type: ignore[method-assign]

    def __exit__(self, *_problem: object) -> None:
        self._server.rules.take = self._take  # type: ignore[method-assign]


class Servers:
    """One server a kind of listener, set back for each trial. `more`: what a server needs beside (a keytab)."""

    def __init__(self, more: Mapping[tuple[str, ...], Mapping[str, Any]] | None = None) -> None:
        self._more = more or {}
        self._running: dict[tuple[tuple[str, ...], bool], Server] = {}

    def __call__(self, auth: tuple[str, ...], tls: bool, scenario: str, switches: Mapping[str, str]) -> Server:
        """The server for such a listener, with a new site."""
        kind = (auth, tls)
        if kind not in self._running:
            self._running[kind] = Server("small", auth=auth, tls=tls, speed=0.0, **self._more.get(auth, {}))
            self._running[kind].start()
        self._running[kind].reset(scenario=scenario, switches=dict(switches))
        return self._running[kind]

    def stop(self) -> None:
        """Stop them all."""
        for server in self._running.values():
            server.stop()


def check_run(
    stage: Stage, trial: Trial, result: Result | None, problem: BaseException | None, before: Counter[str], began: float
) -> list[str]:
    """What a run says of itself, held against what the site did meanwhile."""
    wrong: list[str] = []
    state = stage.snapshot()
    done = stage.count(REFRESH_CALL) - before
    failed_builds = {build["package_id"] for build in state["builds"] if build["error"]}
    if result is None:
        if done:
            wrong.append(f"{problem!r} escaped after {dict(done)} was carried out")
        return wrong
    items = {item["package_id"]: item for item in result.resume}
    for target in result.targets:
        package_id = target.package.package_id
        row = result[package_id]
        if row["status"] in ("refreshed", "accepted") and not done[package_id]:
            wrong.append(f"{package_id} is {row['status']}, and the site did nothing")
        if row["status"] in ("joined", "skipped", "not_attempted") and done[package_id]:
            wrong.append(f"{package_id} is {row['status']}, and the site carried it out")
        if target.changed and not done[package_id]:
            wrong.append(f"{package_id} is changed, and the site did nothing")
        if row["status"] in ("refreshed", "accepted") and not target.changed:
            wrong.append(f"{package_id} is {row['status']} and not changed")
        if done[package_id] and not target.changed and package_id not in failed_builds:
            if not items.get(package_id, {}).get("sent"):
                wrong.append(f"{package_id} was carried out, and neither changed nor in resume as sent: {row}")
        if row["status"] == "refreshed" and row["source_version"]["after"] <= row["source_version"]["before"]:
            if not row.get("source_unchanged"):
                wrong.append(f"{package_id} is refreshed, and its version did not rise: {row}")
        if row["status"] == "failed" and not row["reason"]:
            wrong.append(f"{package_id} failed without a reason")
        if row["status"] not in report.STATUSES or target.open:
            wrong.append(f"{package_id} did not end: {row['status']} {target.phase}")
    if build_threads():  # a task that was stopped leaves its calls to their answers, which take time at the site
        stage.clock.sleep(CALL_ENDS)
    for each in build_threads():
        each.join(LONGEST / 10)
    if build_threads():
        wrong.append(f"threads are left: {build_threads()}")
    rounds = (stage.clock.now() - began) / 1.0 + 1
    if result.requests > 60 + 20 * len(trial.packages) + 12 * rounds:
        wrong.append(f"{result.requests} requests in {rounds} seconds")
    return wrong


def may_repeat(stage: Stage, trial: Trial, items: list[dict[str, Any]]) -> set[str]:
    """Packages whose lost call left no trace in the site: nobody could tell that it was carried out.

    Where the source cannot be read, what is under way now will leave none, and may have ended by the time of the next look.
    """
    state = stage.snapshot()
    found = set()
    for item in items:
        package = state["packages"][item["package_id"]]
        if (
            item.get("answer_lost")
            and package["source_version"] == item["version_before"]
            and (package["action_in_progress"] == 0 or item["package_id"] in HOPELESS[trial.scenario])
            and (item["context_id"] or "").lower() not in {known.lower() for known in state["contexts"]}
        ):
            found.add(item["package_id"])
    return found


def check_end(
    stage: Stage, trial: Trial, result: Result | None, problem: BaseException | None, repeated: Counter[str]
) -> list[str]:
    """After the rerun in good weather everything is done, as far as the scenario lets it."""
    if result is None:
        return [f"the rerun in good weather ended by {problem!r}"]
    wrong: list[str] = []
    state = stage.snapshot()
    hopeless = set(HOPELESS[trial.scenario])
    if trial.last["wait_for"] == "distributed":
        hopeless |= NEVER_EVERYWHERE
    if trial.scenario == "troubled" and trial.switches.get("refresh_needs_lock") == "yes":
        hopeless |= LOCKED
    if trial.switches.get("work_after_timeout") == "cancelled":
        hopeless |= {key for key, item in state["packages"].items() if item["class"] == "SMS_BootImagePackage"}
    for package_id, row in result.rows.items():
        if row["status"] not in ("refreshed", "joined", "skipped") and package_id not in hopeless:
            wrong.append(f"after the rerun {package_id} is {row['status']}: {row['reason']}")
        package = state["packages"][package_id]
        if row["status"] in ("refreshed", "joined"):
            if row["source_version"]["after"] != package["source_version"] and not repeated[package_id]:
                wrong.append(f"{package_id} has version {package['source_version']}, said was {row['source_version']}")
            points = package["distribution_points"].values()
            if trial.last["wait_for"] == "distributed" and any(
                (point["state"], point["version"]) != (0, package["source_version"]) for point in points
            ):
                wrong.append(f"{package_id} is {row['status']} and not distributed: {package}")
    if any(number > 1 for number in state["most_at_a_time"]["builds"].values()):
        wrong.append("two builds at a time on one host")
    return wrong


def judge(servers: Servers, trial: Trial) -> list[str]:
    """Carry a trial out; everything that was wrong with it."""
    server = servers(trial.auth, trial.tls, trial.scenario, trial.switches)
    stage = Stage(server, trial.packages)
    wrong: list[str] = []
    resume: list[dict[str, Any]] = []
    repeated: Counter[str] = Counter()
    excused: set[str] = set()
    good = {"when_busy": "wait", "grace": 60.0, "build_timeout": 7200.0, **trial.last}
    try:
        for weather in (*trial.runs, Weather(good, ())):
            if sum(server.state()["enumerations"].values()) > 8:
                stage.clock.sleep(
                    120.0
                )  # lists whose answers were lost count against the quota until they expire (wire L-04)
            before, began = stage.count(REFRESH_CALL), stage.clock.now()
            excused |= may_repeat(stage, trial, resume)
            result, problem = stage.run(weather, resume)
            wrong += check_run(stage, trial, result, problem, before, began)
            for package_id, times in (stage.count(REFRESH_CALL) - before).items():
                if package_id in excused:
                    repeated[package_id] += times
            if result is not None:
                resume = result.resume
        wrong += check_end(stage, trial, result, problem, repeated)
        failed = Counter(build["package_id"] for build in stage.snapshot()["builds"] if build["error"])
        for package_id, times in stage.count(REFRESH_CALL).items():
            if times > 1 + failed[package_id] + repeated[package_id]:
                wrong.append(f"{package_id} was carried out {times} times")
        for text in stage.texts:
            if server.account.password in text or "Traceback" in text:
                wrong.append(f"a secret or a traceback in: {text[:300]}")
        wrong += server.errors
    finally:
        server.clear_faults()
        server.errors.clear()
        server.site.clock.advance(1e7)  # whoever still waits there goes home
    return list(dict.fromkeys(wrong))
