# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulated sites, and the modules that reach any class of them, as Ansible runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import ansible_collections
import pytest
from ansible_collections.configmgr.content.plugins.module_utils._engine import query, wmi_method
from ansible_collections.configmgr.content.plugins.module_utils._engine.module import Task, connection_spec
from ansible_collections.configmgr.content.plugins.module_utils._wsman.errors import ConfigMgrError

from smsprovsim.server import Server

COLLECTIONS = str(Path(next(iter(ansible_collections.__path__))).parent)


class Place:
    """One simulated site, and what is asked of it."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.warnings: list[str] = []
        self.site_code: str | None = None

    def query(self, check: bool = False, **options: Any) -> dict[str, Any]:
        """What cm_wmi_query returns. Raises what it fails with."""
        return self._work(query.work, query.QUERY_SPEC, check, options)

    def call(self, class_name: str, method: str, check: bool = False, **options: Any) -> dict[str, Any]:
        """What cm_wmi_method returns. Raises what it fails with."""
        return self._work(
            wmi_method.work, wmi_method.METHOD_SPEC, check, {"class_name": class_name, "method": method, **options}
        )

    def _work(
        self, work: Callable[[Task], dict[str, Any]], spec: Mapping[str, Any], check: bool, options: dict[str, Any]
    ) -> dict[str, Any]:
        env = self.server.env
        unknown = sorted(set(options) - set(spec))
        assert not unknown, f"no such options: {unknown}"
        params = {name: entry.get("default") for name, entry in {**connection_spec(), **spec}.items()}
        params.update(
            provider=env["CONFIGMGR_PROVIDER"],
            port=int(env["CONFIGMGR_PORT"]),
            scheme=env["CONFIGMGR_SCHEME"],
            auth=env["CONFIGMGR_AUTH"],
            username=env["CONFIGMGR_USERNAME"],
            password=env["CONFIGMGR_PASSWORD"],
            audit_name="none",
            site_code=self.site_code,
        )
        for name, value in options.items():
            below = spec[name].get("options")
            params[name] = [_with_defaults(below, each) for each in value] if below else value
        task = Task(params, check, self.warnings.append)
        try:
            return work(task)
        finally:
            task.close()

    def refusal(self, **options: Any) -> ConfigMgrError:
        """The error of a query or, with `method`, of a call, before which nothing but reading was asked of the site."""
        with pytest.raises(ConfigMgrError) as caught:
            self.call(**options) if "method" in options else self.query(**options)
        assert self.calls() == []
        return caught.value

    def calls(self, method: str | None = None) -> list[dict[str, Any]]:
        """Journal entries of method calls."""
        return [
            entry
            for entry in self.server.journal
            if entry["verb"] == "Invoke" and (method is None or entry["method"] == method)
        ]

    def verbs(self) -> set[str]:
        """What was asked of it."""
        return {entry["verb"] for entry in self.server.journal}

    def queries(self) -> list[str]:
        """The WQL of every list, in order, those about the site itself left out."""
        return [
            each["wql"]
            for each in self.server.journal
            if each["verb"] == "Enumerate" and "SMS_ProviderLocation" not in each["wql"]
        ]

    def module(
        self, name: str, options: Mapping[str, Any], *, check: bool = False, env: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """A module in a process of its own; its result with `rc`, and all it printed as `printed`."""
        arguments = {"provider": "127.0.0.1", **options, "_ansible_check_mode": check}
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("CONFIGMGR_", "ANSIBLE_"))}
        done = subprocess.run(
            [sys.executable, "-m", f"ansible_collections.configmgr.content.plugins.modules.{name}"],
            input=json.dumps({"ANSIBLE_MODULE_ARGS": arguments}),
            env={**clean, **self.server.env, "PYTHONPATH": COLLECTIONS, **(env or {})},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert self.server.account.password not in done.stdout + done.stderr
        result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return {**result, "rc": done.returncode, "printed": done.stdout + done.stderr}


def _with_defaults(spec: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    unknown = sorted(set(given) - set(spec))
    assert not unknown, f"no such options: {unknown}"
    return {**{name: entry.get("default") for name, entry in spec.items()}, **given}


MakePlace = Callable[..., Place]


@pytest.fixture
def make_place(begin_quietly: Callable[..., Server]) -> MakePlace:
    """Start simulated sites; they stop with the test. Time stands still."""
    return lambda scenario="small", **options: Place(begin_quietly(scenario, **options))


@pytest.fixture
def place(make_place: MakePlace) -> Place:
    """The scenario `small`."""
    return make_place()
