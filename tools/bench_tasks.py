# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Part a: a task that finds nothing to do, against a task of ansible.builtin.uri that gets one page from the same server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench_measure import Measure
from bench_site import SITE_CODE, Bench, Provider, provider
from steps import Failed

PART = "a"
OURS, URI = "nothing to refresh", "one page"
LIMIT = 1800.0  # seconds
PACKAGE = "PS100001"


def measure(bench: Bench) -> Iterator[Measure]:
    """Both tasks in turn, `bench.tasks` times each in one run of ansible-playbook; the first of each is not counted."""
    with provider(bench, "small", "--no-tls", "--auth", "ntlm") as site:
        times = _run(bench, site)
    ours = [each for each in times if each["name"] == OURS][1:]
    uri = [each for each in times if each["name"] == URI][1:]
    wrong = [each["message"] for each in times if each["failed"] or each["changed"]]
    if wrong or len(ours) != bench.tasks or len(uri) != bench.tasks:
        raise Failed(f"{len(ours)} and {len(uri)} tasks were timed, not {bench.tasks}. {' '.join(wrong[:1])}")
    seconds = [tuple(each["seconds"] for each in kind) for kind in (ours, uri)]
    name = "cm_package_refresh, up to date"
    yield Measure(PART, name, "s", seconds[0], "ansible.builtin.uri", seconds[1], requests=ours[0]["requests"])


def _run(bench: Bench, site: Provider) -> list[dict[str, Any]]:
    """Run the playbook; what the callback wrote."""
    import ansible_collections.configmgr.content.plugins.module_utils as inside

    tree = str(Path(next(iter(inside.__path__))).absolute().parents[4])
    plugins = bench.folder / "callbacks"
    plugins.mkdir(exist_ok=True)
    shutil.copy(Path(__file__).with_name("bench_callback.py"), plugins)
    times = bench.folder / "times.jsonl"
    playbook = bench.folder / "tasks.yml"
    playbook.write_text(json.dumps(_play(site, bench.tasks + 1)), encoding="utf-8")
    done = subprocess.run(
        [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "localhost,", str(playbook)],
        env={
            **os.environ,
            **{name: value for name, value in site.variables.items() if value},
            "CONFIGMGR_SITE_CODE": SITE_CODE,
            "ANSIBLE_COLLECTIONS_PATH": tree,
            "ANSIBLE_CALLBACK_PLUGINS": str(plugins),
            "ANSIBLE_CALLBACKS_ENABLED": "bench_callback",
            "ANSIBLE_LOCALHOST_WARNING": "False",
            "BENCH_TIMES": str(times),
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    if not times.exists():
        raise Failed(f"ansible-playbook ended with {done.returncode}\n{done.stdout[-2000:]}")
    return [json.loads(line) for line in times.read_text(encoding="utf-8").splitlines()]


def _play(site: Provider, count: int) -> list[dict[str, Any]]:
    """The package was refreshed after the moment that is asked for, so nothing has to be sent: no check mode is needed."""
    ours = {
        "name": OURS,
        "configmgr.content.cm_package_refresh": {"package_ids": [PACKAGE], "source_modified": "1999-12-31T00:00:00Z"},
    }
    uri = {
        "name": URI,
        "ansible.builtin.uri": {"url": f"http://{site.address}/wsman", "status_code": [405]},
    }
    return [
        {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "vars": {"ansible_python_interpreter": sys.executable},
            "tasks": [task for _each in range(count) for task in (ours, uri)],
        }
    ]
