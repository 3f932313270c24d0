# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is on this machine: Pythons for each series and for sanity, and what the tests of Kerberos and of other clients need."""

from __future__ import annotations

import argparse
import os
import shutil
from pathlib import Path

from environment import FIXED_PATH, kerberos_lacks
from interpreters import SERIES, choose, dotted, find
from sanity import checked_versions
from steps import Failed

SYSTEM_PROGRAMS = {  # what tests of Kerberos and of other clients use, by Debian package
    "krb5kdc": "krb5-kdc",
    "kadmin.local": "krb5-admin-server",
    "kinit": "krb5-user",
    "krb5-config": "libkrb5-dev",
    "gcc": "gcc",
    "curl": "curl",
}
NTLM_MECHANISM = ("usr/lib/*/gssntlmssp/gssntlmssp.so", "usr/lib*/gssntlmssp/gssntlmssp.so")


def doctor(_options: argparse.Namespace) -> None:
    """Which interpreter each series would get, which Pythons sanity can cover, and what Kerberos needs; CI needs all."""
    missing = []
    for core in SERIES:
        try:
            _core, interpreter = choose(core)
            lacks = kerberos_lacks(interpreter)
            print(
                f"ansible-core {core}: {interpreter}; Kerberos: "
                + (f"lacks {', '.join(lacks)}" if lacks else "can be compiled")
            )
        except Failed as failure:
            print(failure)
    for version in checked_versions(list(SERIES)[-1]):
        found, _passed = find(version)
        print(f"sanity on {dotted(version)}: {found or 'no interpreter'}")
        missing += [] if found else [f"an interpreter for Python {dotted(version)}"]
    for program, package in SYSTEM_PROGRAMS.items():
        place = shutil.which(program, path=FIXED_PATH)
        print(f"{program}: {place or f'missing; on Debian: apt-get install {package}'}")
        missing += [] if place else [program]
    mechanism = next((file for pattern in NTLM_MECHANISM for file in Path("/").glob(pattern)), None)
    print(f"NTLM for GSSAPI: {mechanism or 'missing; on Debian: apt-get install gss-ntlmssp'}")
    missing += [] if mechanism else ["gss-ntlmssp"]
    if missing and os.environ.get("CI"):
        raise Failed(f"Not found, neither on PATH nor where version managers keep Pythons: {', '.join(missing)}")
