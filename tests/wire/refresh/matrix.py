# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fault matrix: every verb, every fault, every way to log in, and when it happens. The site's own state is the judge.

Where a module uses a verb, the case is a whole task with its rerun (`weather.judge`); the other verbs are used as they are.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.configmgr.content.plugins.module_utils._cim.instance import ObjectPath
from ansible_collections.configmgr.content.plugins.module_utils._cim.types import STRING, UINT32
from ansible_collections.configmgr.content.plugins.module_utils._provider.site import Site, open_site
from ansible_collections.configmgr.content.plugins.module_utils._wsman import verbs
from ansible_collections.configmgr.content.plugins.module_utils._wsman.errors import ConfigMgrError, OutcomeUnknown

from .weather import (
    FORGET_CALL,
    REFRESH_CALL,
    STATUS_CALL,
    DelaysPass,
    Servers,
    Stage,
    Trial,
    Wanted,
    Weather,
    judge,
)

# What log in how; Kerberos where there is a realm.
LISTENERS = ((("ntlm",), False), (("credssp",), False), (("credssp",), True), (("basic",), True))
KERBEROS = ((("kerberos",), False), (("kerberos",), True))

# Rows of the wire page's retry table and its list of codes (wire R-06, section 10), answers that are none, and refusals.
NEVER_DONE: dict[str, dict[str, Any]] = {
    "cut_before": {"action": "cut_before"},
    "stale_context": {"action": "stale_context"},
    "http_400_empty": {"action": "http", "status": 400, "body": ""},
    "http_400": {"action": "http", "status": 400},
    "http_401": {"action": "http", "status": 401, "body": ""},
    "http_403": {"action": "http", "status": 403},
    "http_503": {"action": "http", "status": 503},
    **{
        f"fault_{code}": {"action": "fault", "code": code}
        for code in (
            2150858815, 2150859174, 2150859175, 2150859176, 2150859237, 2150859239, 2150859240, 2150859242, 2150858802,
            2150858752, 2150858755, 2150858772, 2150858778, 2150858779, 2150858884, 2150858780, 2150859177, 5,
        )
    },
    "failed": {"action": "provider_error"},
    **{
        name: {"action": "provider_error", "hresult": hresult}
        for name, hresult in (
            ("not_found", 0x80041002), ("access_denied", 0x80041003), ("no_namespace", 0x8004100E), ("no_class", 0x80041010),
            ("bad_query", 0x80041017), ("no_method", 0x8004102E), ("shutting_down", 0x80041033), ("quota", 0x8004106C),
        )
    },
    "locked": {"action": "provider_error", "error_code": 1078462258, "description": "User CONTOSO\\colleague has the lock"},
    "returned_4": {"action": "return_value", "value": 4},
    "lacks_right": {"action": "provider_error", "error_code": 1112017920, "description": "The user lacks the right"},
}  # fmt: skip
# Answers that say nothing: the work may be done or not.
SILENT: dict[str, dict[str, Any]] = {
    "http_500": {"action": "http", "status": 500},
    "empty": {"action": "empty"},
    "garbage": {"action": "garbage"},
    "timed_out": {"action": "fault", "code": 2150858793},
    "plugin_failed": {"action": "fault", "code": 2150858883},
    "too_large_824": {"action": "fault", "code": 2150858824},
    "too_large_825": {"action": "fault", "code": 2150858825},
    "wmi_timed_out": {"action": "provider_error", "hresult": 0x80041069},
}
# Well-formed, successful, and to a call of somebody else; this one was not carried out.
NOT_OURS: dict[str, dict[str, Any]] = {
    "answer_to_another": {
        "action": "return_value",
        "value": 0,
        "relates_to": "uuid:00000000-0000-0000-0000-000000000000",
    }
}
ALL_DONE: dict[str, dict[str, Any]] = {
    "cut_after": {"action": "cut_after"},
    "wrong_relates_to": {"action": "wrong_relates_to"},
    "delay": {"action": "delay", "seconds": 20.0},
    "long_delay": {"action": "delay", "seconds": 55.0},
}
FAULTS = {
    **NEVER_DONE,
    **SILENT,
    **{f"{name}_done": {**rule, "execute": True} for name, rule in SILENT.items()},
    **NOT_OURS,
    **ALL_DONE,
}
WHENS: dict[str, dict[str, Any]] = {
    "first": {"skip": 0, "times": 1},
    "second": {"skip": 1, "times": 1},
    "twice": {"skip": 0, "times": 2},
    "always": {"skip": 0, "times": None},
}

# Whole tasks: the package, and what the fault meets.
TASKS: dict[str, tuple[str, dict[str, str]]] = {
    "refresh_enumerate": ("PS100001", {"verb": "Enumerate"}),
    "refresh_pull": ("PS100001", {"verb": "Pull"}),
    "refresh_call": ("PS100001", {"verb": "Invoke", "method": REFRESH_CALL}),
    "build_enumerate": ("PS100004", {"verb": "Enumerate"}),
    "build_call": ("PS100004", {"verb": "Invoke", "method": REFRESH_CALL}),
    "build_status": ("PS100004", {"verb": "Invoke", "method": STATUS_CALL}),
    "build_forget": ("PS100004", {"verb": "Invoke", "method": FORGET_CALL}),
}
COLUMNS = {"PackageID": STRING, "Name": STRING, "SourceVersion": UINT32}
ACCOUNT = "cmadmin"  # of the scenario small
IMAGE, PACKAGE = "PS100003", "PS100001"


@dataclass(frozen=True)
class Use:
    """One verb as it is. `prepare` reads what it needs in good weather; `writes` is the site's name for its effect."""

    verb: str
    act: Callable[[Site, Any], Any]
    prepare: Callable[[Site], Any] = lambda _site: None
    writes: str = ""


def _beginning(site: Site, _prepared: Any) -> Any:
    """The first row of a list, which is then let go of (Release)."""
    rows = site.rows("SMS_PackageBaseclass", COLUMNS)
    try:
        return next(rows)["PackageID"]
    finally:
        rows.close()  # type: ignore[attr-defined]


def _list(site: Site, _prepared: Any) -> Any:
    return sorted((row["PackageID"], row["SourceVersion"]) for row in site.rows("SMS_PackageBaseclass", COLUMNS))


def _lock(site: Site, _prepared: Any) -> Any:
    path = {"ObjectRelPath": (STRING, f'SMS_Package.PackageID="{PACKAGE}"')}
    outputs = {"LockState": UINT32}
    return site.call("SMS_ObjectLock", "GetLockInformation", arguments=path, outputs=outputs, reading=True)["LockState"]


def _whole(site: Site) -> Any:
    return site.get("SMS_ImagePackage", IMAGE)


def _path(site: Site) -> ObjectPath:
    return ObjectPath(site._session.namespace, "SMS_Package", (("PackageID", PACKAGE),))


NEW = {"Name": (STRING, "made by the matrix")}
CHANGE = {"Description": (STRING, "written by the matrix")}
USES: dict[str, Use] = {
    "identify": Use("Identify", lambda site, _given: verbs.identify(site._session.link)["ProductVendor"]),
    "get": Use("Get", lambda site, _given: site.get("SMS_Package", PACKAGE).value("Name", STRING)),
    "get_fragment": Use(
        "Get",
        lambda site, _given: site._session.get_fragment("SMS_Package", {"PackageID": PACKAGE}, "Name").value(
            "Name", STRING
        ),
    ),
    "enumerate": Use("Enumerate", _list),
    "pull": Use("Pull", _list),
    "release": Use("Release", _beginning),
    "read_by_method": Use("Invoke", _lock),
    "put": Use("Put", lambda site, read: site._session.put(read, CHANGE), _whole, "Put"),
    "put_fragment": Use(
        "Put",
        lambda site, _given: site._session.put_fragment(
            "SMS_ImagePackage", {"PackageID": IMAGE}, "Description", *CHANGE["Description"]
        ),
        writes="Put",
    ),
    "create": Use("Create", lambda site, _given: site._session.create("SMS_Package", NEW), writes="Create"),
    "delete": Use("Delete", lambda site, path: site._session.delete(path), _path, "Delete"),
    "call": Use(
        "Invoke", lambda site, _given: site.call("SMS_Package", REFRESH_CALL, {"PackageID": PACKAGE}), writes=REFRESH_CALL
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One cell of the matrix, at one moment."""

    subject: str
    fault: str
    auth: tuple[str, ...]
    tls: bool
    when: str

    @property
    def name(self) -> str:
        """What it is called in a test's id, and by which it can be had again."""
        scheme = "https" if self.tls else "http"
        return f"{self.subject}-{self.fault}-{self.auth[0]}-{scheme}-{self.when}"

    @property
    def rule(self) -> dict[str, Any]:
        """The fault rule."""
        target = TASKS[self.subject][1] if self.subject in TASKS else {"verb": verb_of(self.subject)}
        rule = {**target, **FAULTS[self.fault], **WHENS[self.when]}
        if self.subject == "build_status" and rule["times"] is None:
            rule["times"] = 30  # a login for each of them takes its time
        return rule


def verb_of(subject: str) -> str:
    """The verb that the fault meets."""
    return TASKS[subject][1]["verb"] if subject in TASKS else USES[subject].verb


def all_cases(listeners: tuple[tuple[tuple[str, ...], bool], ...] = LISTENERS + KERBEROS) -> list[Case]:
    """The whole matrix: `stale_context` needs messages that are encrypted, and what answers with a return value a method."""
    return [
        Case(subject, fault, auth, tls, when)
        for subject in (*TASKS, *USES)
        for fault in FAULTS
        for auth, tls in listeners
        for when in WHENS
        if fault != "stale_context" or not (tls or auth == ("basic",))
        if FAULTS[fault]["action"] != "return_value" or verb_of(subject) == "Invoke"
    ]


def some_cases(number: int, seed: int) -> list[Case]:
    """So many cases: each cell at one moment, by chance; only when every cell had its turn, the other moments."""
    chance = random.Random(seed)
    cells: dict[tuple[Any, ...], list[Case]] = {}
    for case in all_cases():
        cells.setdefault((case.subject, case.fault, case.auth, case.tls), []).append(case)
    for cell in cells.values():
        chance.shuffle(cell)
    turns = [[cell[turn] for cell in cells.values()] for turn in range(len(WHENS))]
    for turn in turns:
        chance.shuffle(turn)
    chosen = [case for turn in turns for case in turn]
    return sorted(chosen[:number], key=lambda case: (case.auth, case.tls, case.name))


def judge_case(servers: Servers, case: Case) -> list[str]:
    """Carry a case out; everything that was wrong with it."""
    return _judge_task(servers, case) if case.subject in TASKS else _judge_use(servers, case)


def _judge_task(servers: Servers, case: Case) -> list[str]:
    calm = {
        "wait": True, "wait_for": "source_version", "wait_timeout": 900.0, "wait_interval": 10.0, "grace": 60.0,
        "build_timeout": 900.0, "when_busy": "wait", "in_flight": 3, "sessions": 1, "pause": 0.0,
        "max_failed": (100.0, True), "wanted": Wanted(),
    }  # fmt: skip
    good = {"wait_for": "source_version", "wait_timeout": 3600.0, "wait_interval": 5.0, "max_failed": (100.0, True)}
    trial = Trial(
        name=case.name,
        scenario="small",
        auth=case.auth,
        tls=case.tls,
        switches={},
        packages=(TASKS[case.subject][0],),
        runs=(Weather(calm, (case.rule,)),),
        last=good,
    )
    return judge(servers, trial)


def _judge_use(servers: Servers, case: Case) -> list[str]:
    """A verb by itself. What a caller is told has to fit what the site did, and a list is whole or an error."""
    server = servers(case.auth, case.tls, "small", {"max_batch_items": "3"})  # lists of several pages
    stage = Stage(server, ())
    use = USES[case.subject]
    wrong: list[str] = []
    site = open_site(stage.means(), "PS1")
    fair = None if use.writes else use.act(site, use.prepare(site))
    prepared = use.prepare(site)
    before = sum(stage.count(use.writes).values())
    problem: Exception | None = None
    server.add_fault(**case.rule)
    with DelaysPass(server):
        try:
            answer = use.act(site, prepared)
        except ConfigMgrError as told:
            problem = told
        except Exception as defect:
            wrong.append(f"{defect!r} reached the caller")
        finally:
            server.clear_faults()
            site.close()
    done = sum(stage.count(use.writes).values()) - before if use.writes else 0
    if problem is None and not wrong and (done != 1 if use.writes else answer != fair):
        wrong.append(
            f"told to be done, and the site did it {done} times" if use.writes else f"{answer!r} is not {fair!r}"
        )
    if problem is not None and done and not isinstance(problem, OutcomeUnknown):
        wrong.append(f"told not to be done ({problem}), and the site did it")
    if done > 1:
        wrong.append(f"carried out {done} times")
    if problem is not None and (server.account.password in str(problem) or "Traceback" in str(problem)):
        wrong.append("a secret or a traceback in the message")
    failed = server.state()["logins"]["failed"]
    if failed:
        wrong.append(f"{failed} failed logins")
    wrong += server.errors
    server.errors.clear()
    server.site.clock.advance(1e7)
    return wrong


@contextmanager
def in_realm(realm: Any) -> Iterator[Mapping[tuple[str, ...], Mapping[str, Any]]]:
    """This process with a ticket of the scenario's account; what servers need for Kerberos."""
    before = {name: os.environ.get(name) for name in ("KRB5CCNAME", "KRB5_KTNAME", *realm.environment)}
    ticket: Path = realm.ticket(ACCOUNT)
    os.environ.pop("KRB5_KTNAME", None)
    os.environ.update({**realm.environment, "KRB5CCNAME": f"FILE:{ticket}"})
    try:
        yield {("kerberos",): {"keytab": realm.keytab}}
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
