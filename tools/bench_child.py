# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A process of its own for part c: reads packages, and tells how much memory that took. The order comes on standard input.

`read` counts the packages as they come; `dest` is the module cm_package_info itself, which writes them into a file. Where
`whole` stands behind it, nothing is traced, and what the operating system saw of the whole process counts.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import sys
import tempfile
import tracemalloc
from collections.abc import Mapping
from typing import Any

from bench_reading import reader
from bench_site import SITE_CODE, Provider


def read(site: Provider, limit: int) -> int:
    """Count the packages, and keep none."""
    from ansible_collections.configmgr.content.plugins.module_utils._provider.site import open_site

    opened = open_site(site.means(), SITE_CODE)
    try:
        return sum(1 for _each in reader(opened, limit).iterate())
    finally:
        opened.close()


def dest(site: Provider, limit: int) -> int:
    """Run the module; the number of lines it wrote."""
    from ansible_collections.configmgr.content.plugins.modules import cm_package_info

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "packages.jsonl")
        options = {name[len("CONFIGMGR_") :].lower(): value for name, value in site.variables.items() if value}
        names = ("provider", "port", "scheme", "auth", "username", "password")
        arguments = {name: options[name] for name in names}
        run_module(cm_package_info, {**arguments, "site_code": SITE_CODE, "dest": path, "limit": limit})
        with open(path, "rb") as lines:
            return sum(1 for _each in lines)


def run_module(module: Any, arguments: Mapping[str, Any]) -> None:
    """Run a module as Ansible does, in this process."""
    from ansible.module_utils import basic

    said = io.StringIO()
    try:
        from ansible.module_utils.testing import patch_module_args

        patched: Any = patch_module_args(dict(arguments))
    except ImportError:  # before ansible-core 2.17
        basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": dict(arguments)}).encode()
        patched = contextlib.nullcontext()
    with patched, contextlib.redirect_stdout(said):
        try:
            module.main()
        except SystemExit as ended:
            if ended.code not in (None, 0):
                raise RuntimeError(said.getvalue()[:2000]) from None


def main() -> None:
    """One order, one line of JSON."""
    order = json.load(sys.stdin)
    found = order["variables"]
    site = Provider(found, found["CONFIGMGR_USERNAME"], found["CONFIGMGR_PASSWORD"])
    what, _comma, whole = order["what"].partition(", ")
    work = {"read": read, "dest": dest}[what]
    if not whole:
        work(site, 1)  # what is imported, and stays, is not what a package costs
        tracemalloc.start()
    count = work(site, order["limit"])
    traced = 0 if whole else tracemalloc.get_traced_memory()[1]
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"count": count, "traced": traced, "resident": resident}))


if __name__ == "__main__":
    main()
