# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fault matrix of whole tasks that declare something: every request they make, every fault, every way to log in, and when.

A case is a look in check mode, a run in bad weather, a rerun in good weather, and one more. The site's own state is the judge.
"""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any
from unittest import mock

from ansible_collections.configmgr.content.plugins.module_utils._engine import boot_write
from ansible_collections.configmgr.content.plugins.module_utils._engine import module as engine_module
from ansible_collections.configmgr.content.plugins.module_utils._engine.module import Task, connection_spec, failure_of
from ansible_collections.configmgr.content.plugins.module_utils._provider.errors import Interrupted
from ansible_collections.configmgr.content.plugins.module_utils._provider.site import open_site
from ansible_collections.configmgr.content.plugins.module_utils._wsman.errors import ConfigMgrError
from refresh.lab import LONGEST, SimulatedTime
from refresh.matrix import FAULTS, KERBEROS, LISTENERS, WHENS
from refresh.weather import DelaysPass, Servers

from smsprovsim.server import Server

from .states import ROWS, STATES, State, jobs, rows

# What is no change of this task: builds and runs of jobs end later, and a manager that is woken looks sooner, no more.
NO_CHANGE = ("BootImageBuild", "ServicingRun", "ImageServiced", "RunOfflineServicingManager")
# A colleague changes the object between our reading and our writing, at a site where the refused write keeps the lock.
OVERTAKEN = "overtaken"
RELOAD = "ReloadWinPeFromAdk"
ASKED_OFTEN = ("enumerate", "QueryOSDBinaryInjectionStatus")
WRITERS = ("build ", "change ", "create", "reload")  # names of threads that write
# Logical seconds until the rerun: at once, in the middle of what the site does, and long after it.
PAUSES = (0.0, 20.0, 100.0, 86400.0)


def writers() -> list[threading.Thread]:
    """The threads of writes that last, as far as they still run."""
    return [each for each in threading.enumerate() if each.name.startswith(WRITERS)]


class StandingTime(SimulatedTime):
    """Time that moves when the client sleeps, and not before every write under way has come to the site."""

    def __init__(self, server: Server) -> None:
        super().__init__(server)
        self._began: datetime = server.site.world.start.replace(tzinfo=timezone.utc)

    def settle(self) -> None:
        for _attempt in range(LONGEST * 50):
            calls = writers()
            if len(calls) <= self._waiting:
                return
            calls[0].join(0.002)

    def utc(self) -> datetime:
        return self._began + timedelta(seconds=self.now())


@dataclass(frozen=True)
class StateCase:
    """One cell of this matrix, at one moment."""

    task: str
    target: str
    fault: str
    auth: tuple[str, ...]
    tls: bool
    when: str

    @property
    def name(self) -> str:
        """What it is called in a test's id, and by which it can be had again."""
        scheme = "https" if self.tls else "http"
        return f"{self.task}.{self.target}-{self.fault}-{self.auth[0]}-{scheme}-{self.when}"

    @property
    def rule(self) -> dict[str, Any]:
        """The fault rule."""
        rule = {**STATES[self.task].targets[self.target], **FAULTS[self.fault], **WHENS[self.when]}
        if rule["times"] is None and self.target in ASKED_OFTEN:
            rule["times"] = 30  # a login for each of them takes its time
        return rule


def all_cases(listeners: tuple[tuple[tuple[str, ...], bool], ...] = LISTENERS + KERBEROS) -> list[StateCase]:
    """The whole matrix: `stale_context` needs messages that are encrypted, and what answers with a return value a method."""
    return [
        StateCase(task, target, fault, auth, tls, when)
        for task, state in STATES.items()
        for target, meets in state.targets.items()
        for fault in (*FAULTS, OVERTAKEN)
        for auth, tls in listeners
        for when in WHENS
        if fault != "stale_context" or not (tls or auth == ("basic",))
        if fault == OVERTAKEN or FAULTS[fault]["action"] != "return_value" or meets["verb"] == "Invoke"
        if fault != OVERTAKEN or (meets["verb"] == "Put" and "package_id" in state.options)
    ]


def some_cases(number: int, seed: int) -> list[StateCase]:
    """So many cases by chance: the faults take turns, and so does what they can meet."""
    chance = random.Random(seed)
    rest: dict[str, dict[tuple[str, str], list[StateCase]]] = {}
    for case in chance.sample(every := all_cases(), len(every)):
        rest.setdefault(case.fault, {}).setdefault((case.task, case.target), []).append(case)
    met: Counter[tuple[str, str]] = Counter()
    chosen: list[StateCase] = []
    while rest and len(chosen) < number:
        for fault in list(rest):
            least = min(rest[fault], key=lambda meets: met[meets])
            chosen.append(rest[fault][least].pop())
            met[least] += 1
            if not rest[fault][least]:
                del rest[fault][least]
            if not rest[fault]:
                del rest[fault]
    return sorted(chosen[:number], key=lambda case: (case.auth, case.tls, case.name))


@dataclass(frozen=True)
class Outcome:
    """What a run says of itself."""

    changed: bool
    failed: bool
    result: Mapping[str, Any]

    @property
    def admits(self) -> bool:
        """Whether it says that something was carried out, or may have been."""
        error = self.result.get("error") or {}
        told = error.get("carried_out") or error.get("perhaps_carried_out")
        return self.changed or bool(told) or error.get("kind") == "outcome_unknown" or self.restored

    @property
    def restored(self) -> bool:
        """Whether it says that it wrote, and then put back what it had found."""
        return bool((self.result.get("build") or {}).get("restored"))


class Stage:
    """A site for one case."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.clock = StandingTime(server)
        self.texts: list[str] = []
        self.wrong: list[str] = []

    def run(self, state: State, check: bool = False) -> Outcome:
        """One task, as its module carries it out."""
        task = Task(self._params(state), check, self.texts.append)

        def opened(means: Any, code: str | None) -> Any:
            return open_site(replace(means, clock=self.clock), code)

        with (
            mock.patch.object(engine_module, "open_site", opened),
            mock.patch.object(boot_write, "AT_ONCE", 0.1),
            DelaysPass(self.server),
        ):
            try:
                result = dict(state.work(task))
            except (ConfigMgrError, Interrupted) as problem:
                result = {"failed": True, **failure_of(problem, task.written)}
            except Exception as defect:
                self.wrong.append(f"{defect!r} reached the module")
                result = {"failed": True, "error": {"kind": "outcome_unknown"}}
            finally:
                task.close()
        self.texts.append(json.dumps(result, default=str))
        return Outcome(bool(result.get("changed")), bool(result.get("failed")), result)

    @contextmanager
    def bad_weather(self, case: StateCase) -> Iterator[None]:
        """The fault of a case is in force."""
        if case.fault != OVERTAKEN:
            self.server.add_fault(**case.rule)
            yield
            self.server.clear_faults()
            return
        seen, when, take = 0, WHENS[case.when], self.server.rules.take
        first, times = when["skip"], when["times"] or 1000

        def overtake(entry: Any) -> Any:
            nonlocal seen
            if entry["verb"] == "Put":
                if first <= seen < first + times:
                    values = self.server.site.world.package(STATES[case.task].options["package_id"]).record.values
                    values.update(SedoObjectVersion=f"colleague {seen}", MIFName=f"colleague {seen}")
                seen += 1
            return take(entry)

        with mock.patch.object(self.server.rules, "take", overtake):
            yield

    def _params(self, state: State) -> dict[str, Any]:
        env = self.server.env
        unknown = sorted(set(state.options) - set(state.spec))
        assert not unknown, f"no such options: {unknown}"
        params = {name: entry.get("default") for name, entry in {**connection_spec(), **state.spec}.items()}
        params.update(
            provider=env["CONFIGMGR_PROVIDER"],
            port=int(env["CONFIGMGR_PORT"]),
            scheme=env["CONFIGMGR_SCHEME"],
            auth=env["CONFIGMGR_AUTH"],
            username=env["CONFIGMGR_USERNAME"],
            password=env["CONFIGMGR_PASSWORD"],
            ca_cert=env["CONFIGMGR_CA_CERT"] or None,
            **state.options,
        )
        if params["auth"] == "kerberos":  # with the ticket of this process
            params.update(username=None, password=None, kerberos_hostname="cm01.contoso.test")
        return params

    def done(self) -> Counter[str]:
        """How often the site carried out what."""
        executions = self.server.site.snapshot()["executions"]
        counts = Counter({what: sum(keys.values()) for what, keys in executions.items()})
        counts.update({each: len(rows(self.server.site, each)) for each in ROWS})
        return +counts

    def settle(self, seconds: float = 7 * 86400.0) -> None:
        """Let the site finish what it is at."""
        self.clock.sleep(seconds)
        self.server.site.snapshot()


def hold(stage: Stage, state: State, outcome: Outcome, before: Counter[str], weather: str) -> list[str]:
    """What a run says of itself, held against what the site did meanwhile."""
    wrong: list[str] = []
    now = stage.done()
    done = Counter({what: number for what, number in (now - before).items() if what not in NO_CHANGE})
    if outcome.changed and not done:
        wrong.append(f"{weather}: changed, and the site did nothing: {outcome.result.get('msg')}")
    if done and not outcome.admits:
        wrong.append(f"{weather}: {dict(done)} was carried out, and nothing is told of it: {outcome.result}")
    wrong += [f"{weather}: the lock of {path} is left" for path in stage.server.site.snapshot()["locks"]]
    if outcome.failed and not outcome.result.get("msg"):
        wrong.append(f"{weather}: failed without a message")
    if not state.alike:
        wrong += [f"{weather}: {what} {done[what]} times" for what, most in state.most.items() if done[what] > most]
    return wrong


def unknowable(stage: Stage) -> Counter[str]:
    """What a rerun has to do again, because nobody can tell by now that it was begun."""
    excused: Counter[str] = Counter()
    site = stage.server.site
    if any(each["executed"] for each in stage.server.journal if each["method"] == RELOAD) and not stage.done()[RELOAD]:
        excused[RELOAD] += 1  # under way: no property shows that
    for job in jobs(site):
        if job["State"] in (3, 4) and job["updates"] < 2:  # the site has worked off what there was of it
            excused.update({"ServicingSchedule": 1, ROWS[0]: 1, ROWS[1]: job["images"], ROWS[2]: job["updates"]})
            excused["ImageServiced"] += 1
    return excused


def judge(servers: Servers, case: StateCase) -> list[str]:
    """Carry a case out; everything that was wrong with it."""
    state = STATES[case.task]
    switches = {**state.switches, **({"failed_put_lock": "stays"} if case.fault == OVERTAKEN else {})}
    server = servers(case.auth, case.tls, state.scenario, switches)
    stage = Stage(server)
    try:
        _judge(stage, state, case)
        stage.wrong += server.errors
    finally:
        server.clear_faults()
        server.errors.clear()
        server.site.clock.advance(1e7)  # whoever still waits there goes home
    return list(dict.fromkeys(stage.wrong))


def _judge(stage: Stage, state: State, case: StateCase) -> None:
    server, wrong = stage.server, stage.wrong
    for each in state.before:
        stage.run(STATES[each])
    begun = stage.done()
    looked = stage.run(state, check=True)
    if stage.done() != begun or not looked.changed or looked.failed:
        wrong.append(f"check mode: {dict(stage.done() - begun)} was carried out: {looked.result}")
    before = stage.done()
    with stage.bad_weather(case):
        outcome = stage.run(state)
    wrong += hold(stage, state, outcome, before, "bad weather")
    most = Counter(state.most)
    if outcome.restored:
        most["Put"] += 2  # there and back
    if "The reload of the metadata" in outcome.result.get("msg", ""):
        most["Put"] += 1  # it saved what the site had read, as far as that had read anything (behaviour 88)
    pause = random.Random(case.name).choice(PAUSES)
    if sum(server.state()["enumerations"].values()) > 8:
        pause += 120.0  # lists whose answers were lost count against the quota until they expire (wire L-04)
    stage.clock.sleep(pause)
    before = stage.done()
    most += unknowable(stage)
    outcome = stage.run(state)
    wrong += hold(stage, state, outcome, before, "rerun")
    if outcome.failed:
        wrong.append(f"the rerun in good weather failed: {outcome.result.get('msg')}")
    stage.settle()
    wrong += [f"after the rerun: {each}" for each in state.holds(server.site)]
    before = stage.done()
    outcome = stage.run(state)
    wrong += hold(stage, state, outcome, before, "last run")
    if state.alike and (outcome.changed or outcome.failed):
        wrong.append(f"the last run is not unchanged: {outcome.result}")
    stage.settle()
    done = stage.done() - begun
    if state.alike:
        wrong += [f"{what} was carried out {done[what]} times" for what in most if done[what] > most[what]]
    if writers():
        wrong.append(f"threads are left: {writers()}")
    if server.state()["logins"]["failed"]:
        wrong.append(f"failed logins: {server.state()['logins']}")
    password = server.account.password
    for text in stage.texts:
        if password in text or json.dumps(password)[1:-1] in text or "Traceback" in text:
            wrong.append(f"a secret or a traceback in: {text[:300]}")
