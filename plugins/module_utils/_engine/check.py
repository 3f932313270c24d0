# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checking a connection step by step: what a step is, in which order they run, and what a finding tells. Changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Callable

from .._provider.site import Location, Means, Site
from .._wsman.certificates import Shown
from .._wsman.endpoint import Endpoint
from .._wsman.errors import ConfigMgrError
from .._wsman.greeting import Greeting
from .._wsman.verbs import Link

OK, FAILED, WARNING, SKIPPED = "ok", "failed", "warning", "skipped"
STATUSES = (OK, FAILED, WARNING, SKIPPED)


@dataclass(frozen=True)
class Finding:
    """What came of a step: what was seen, why it is not well, and the one thing to do next."""

    status: str
    seen: str = ""
    detail: str = ""
    next_step: str = ""


def good(seen: str) -> Finding:
    """All is well."""
    return Finding(OK, seen)


def failed(detail: str, next_step: str, seen: str = "") -> Finding:
    """The modules cannot work until this is put right."""
    return Finding(FAILED, seen, detail, next_step)


def warned(detail: str, next_step: str, seen: str = "") -> Finding:
    """The modules work, within limits."""
    return Finding(WARNING, seen, detail, next_step)


def skipped(detail: str, next_step: str = "") -> Finding:
    """Not looked at, or it could not be told."""
    return Finding(SKIPPED, "", detail, next_step)


@dataclass
class Visit:
    """One check: what was asked for, and what the steps so far have found out."""

    means: Means
    site_code: str | None = None
    share_path: str | None = None
    try_all: bool = False
    report: str | None = None
    report_site_names: bool = False

    addresses: tuple[str, ...] = ()
    address: str = ""
    open_ports: tuple[int, ...] = ()
    shown: Shown = field(default_factory=Shown)
    greeting: Greeting | None = None
    offered: tuple[str, ...] | None = None
    methods: list[dict[str, Any]] = field(default_factory=list)
    link: Link | None = None
    other_requests: int = 0  # of sessions besides `link`
    locations: tuple[Location, ...] = ()
    denied: ConfigMgrError | None = None
    site: Site | None = None
    site_rows: tuple[dict[str, Any], ...] = ()
    settings: Mapping[str, str] | None = None

    @property
    def endpoint(self) -> Endpoint:
        """Where and as whom, as far as it is decided."""
        return self.means.endpoint

    @property
    def user(self) -> str:
        """The account, for messages."""
        return self.endpoint.who

    @property
    def open_link(self) -> Link:
        """The session; steps that use it need the step that made it."""
        if self.link is None:
            raise RuntimeError("a step uses the session without needing the login")
        return self.link

    @property
    def open_site(self) -> Site:
        """The site; steps that use it need the step that found it."""
        if self.site is None:
            raise RuntimeError("a step uses the site without needing it")
        return self.site

    @property
    def requests(self) -> int:
        """WS-Management requests so far."""
        return (self.link.requests if self.link else 0) + self.other_requests

    def close(self) -> None:
        """Give the session back."""
        if self.site is not None:
            self.site.close()
        if self.link is not None:
            self.link.end()


@dataclass(frozen=True)
class Step:
    """One thing to look at. It is skipped where a step that it `needs` failed, or was not come to."""

    name: str
    title: str
    needs: tuple[str, ...]
    look: Callable[[Visit], Finding]


@dataclass(frozen=True)
class Looked:
    """A step and its finding."""

    step: Step
    finding: Finding

    def as_result(self) -> dict[str, Any]:
        """The entry in `steps`."""
        found = self.finding
        return {
            "name": self.step.name,
            "title": self.step.title,
            "status": found.status,
            "seen": found.seen,
            "detail": found.detail,
            "next_step": found.next_step,
        }


def run(steps: Sequence[Step], visit: Visit) -> list[Looked]:
    """Look at everything that can be looked at, in order. One step's failure never hides what does not depend on it."""
    done: list[Looked] = []
    closed: set[str] = set()
    for step in steps:
        missing = [name for name in step.needs if name in closed]
        finding = skipped(f"it needs the step {missing[0]}") if missing else _looked(step, visit)
        if missing or finding.status == FAILED:
            closed.add(step.name)
        done.append(Looked(step, finding))
    return done


def _looked(step: Step, visit: Visit) -> Finding:
    try:
        return step.look(visit)
    except ConfigMgrError as problem:
        return of_error(problem)


def of_error(problem: ConfigMgrError) -> Finding:
    """The finding that an error amounts to: its words and its hint."""
    told, hint = str(problem).rstrip("."), problem.hint.rstrip(".")
    if hint and told.endswith(hint):
        told = told[: -len(hint)].rstrip(" .")
    return Finding(FAILED, "", told, problem.hint or "Run again with -vvv and look at the log of WinRM on the host")


def first_failure(looked: Sequence[Looked]) -> Looked | None:
    """The one to put right first."""
    return next((each for each in looked if each.finding.status == FAILED), None)


def message(looked: Sequence[Looked]) -> str:
    """What a failed check says: the first failure and what to do about it."""
    first = first_failure(looked)
    if first is None:
        return ""
    more = sum(each.finding.status == FAILED for each in looked) - 1
    rest = f" ({more} more failed, see steps)" if more else ""
    return f"{first.step.title}: {first.finding.detail.rstrip('.')}{rest}. Next: {first.finding.next_step}"


def result(visit: Visit, looked: Sequence[Looked]) -> dict[str, Any]:
    """What the module returns, but for Ansible's own keys."""
    first = first_failure(looked)
    return {
        "ok": first is None,
        "next_step": first.finding.next_step if first else "",
        "steps": [each.as_result() for each in looked],
        "auth": visit.endpoint.auth,
        "scheme": visit.endpoint.scheme,
        "port": visit.endpoint.port,
        "address": visit.address,
        "addresses": list(visit.addresses),
        "methods": visit.methods,
        "certificate": _certificate(visit),
        "site_code": visit.site.code if visit.site else "",
        "requests": visit.requests,
    }


def _certificate(visit: Visit) -> dict[str, Any] | None:
    found = visit.shown.certificate
    if found is None:
        return None
    return {
        "subject": found.subject,
        "names": list(found.names),
        "issuer": found.issuer,
        "self_signed": found.self_signed,
        "not_before": found.not_before.isoformat(),
        "not_after": found.not_after.isoformat(),
        "sha256": found.fingerprint,
        "trusted": visit.shown.problem is None and not visit.endpoint.skip_certificate_check,
    }
