# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The authentication methods as a table: what each needs here, what the host calls it, and whether it is all installed.

Packages: pywinrm 0.5 needs `pykerberos` for Kerberos (wire W-04); requests-credssp brings Kerberos by `gssapi` and `krb5`.
"""

from __future__ import annotations

import importlib
import os
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from .errors import LibraryMissing

# Where programs lie that are not always on the PATH of an Ansible run.
_PROGRAM_PATHS = ("/usr/bin", "/usr/local/bin", "/usr/lib/mit/bin", "/opt/homebrew/opt/krb5/bin")


@dataclass(frozen=True)
class Part:
    """Something a method needs on this machine: a Python library, or a program.

    `debian`, `rhel`: system packages to install (RHEL: with EPEL where it has none); empty where pip alone has it new enough.
    `beneath`: what pip needs before it can build the library.
    """

    name: str
    module: str = ""
    least: tuple[int, ...] = ()
    pip: str = ""
    debian: tuple[str, ...] = ()
    rhel: tuple[str, ...] = ()
    beneath: bool = False

    @property
    def is_program(self) -> bool:
        """Whether it is a program, not a library."""
        return not self.module


_DEBIAN_BUILD = ("gcc", "python3-dev", "libkrb5-dev")
_RHEL_BUILD = ("gcc", "python3-devel", "krb5-devel")

PYWINRM = Part("pywinrm", "winrm", (0, 5), "pywinrm>=0.5")
REQUESTS_NTLM = Part("requests_ntlm", "requests_ntlm", (1, 1), "requests_ntlm>=1.1")
REQUESTS_CREDSSP = Part("requests-credssp", "requests_credssp", (2, 0), "requests-credssp>=2.0")
PYKERBEROS = Part("pykerberos", "kerberos", (1, 2), "pywinrm[kerberos]>=0.5", _DEBIAN_BUILD, _RHEL_BUILD, True)
GSSAPI = Part("gssapi", "gssapi", (1, 6), "requests-credssp[kerberos]>=2.0", _DEBIAN_BUILD, _RHEL_BUILD, True)
KRB5 = Part("krb5", "krb5", (0, 3), "requests-credssp[kerberos]>=2.0", _DEBIAN_BUILD, _RHEL_BUILD, True)
KINIT = Part("kinit", debian=("krb5-user",), rhel=("krb5-workstation",))


@dataclass(frozen=True)
class Method:
    """An authentication method.

    `parts`: what it always needs; `offered_as`: its names in WWW-Authenticate, the preferred one first; `encrypts`: whether it
    encrypts messages over http; `login_per_connection`: whether the login belongs to one connection (wire A-03);
    `username`, `password`: whether they must be given; `schemes`: where it may be used; `gives_away`: whether the host gets
    to know the password, so that `auth: auto` never takes it.
    """

    name: str
    parts: tuple[Part, ...]
    offered_as: tuple[str, ...]
    encrypts: bool
    login_per_connection: bool
    username: bool = True
    password: bool = True
    client_certificate: bool = False
    gives_away: bool = False

    @property
    def schemes(self) -> tuple[str, ...]:
        """Over http only what encrypts every message by itself."""
        return ("https", "http") if self.encrypts else ("https",)


METHODS: Mapping[str, Method] = {
    method.name: method
    for method in (
        Method(
            "kerberos",
            (PYWINRM, PYKERBEROS),
            ("Negotiate", "Kerberos"),
            encrypts=True,
            login_per_connection=True,
            username=False,
            password=False,
        ),
        Method("ntlm", (PYWINRM, REQUESTS_NTLM), ("Negotiate", "NTLM"), encrypts=True, login_per_connection=True),
        Method(
            "credssp",
            (PYWINRM, REQUESTS_CREDSSP),
            ("CredSSP",),
            encrypts=True,
            login_per_connection=True,
            gives_away=True,
        ),
        Method(
            "certificate",
            (PYWINRM,),
            (),  # TLS asks for the certificate; WWW-Authenticate does not name it
            encrypts=False,
            login_per_connection=False,
            username=False,
            password=False,
            client_certificate=True,
        ),
        Method("basic", (PYWINRM,), ("Basic",), encrypts=False, login_per_connection=False, gives_away=True),
    )
}


@dataclass(frozen=True)
class Status:
    """What of a method is there on this machine.

    `installed`: name and version; `missing`, `too_old`: names (the latter with the version found); `remedies`: one command for
    each way to install what is missing (`pip`, `debian`, `rhel`), only where there is something to install that way.
    """

    installed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    too_old: tuple[str, ...] = ()
    remedies: Mapping[str, str] = None  # type: ignore[assignment]

    @property
    def complete(self) -> bool:
        """Whether the method can be used."""
        return not self.missing and not self.too_old


def parts_of(auth: str, *, with_password: bool = False, inside: str = "") -> tuple[Part, ...]:
    """What a method needs. `with_password`: Kerberos then gets the ticket itself; `inside`: mechanism within CredSSP."""
    parts = METHODS[auth].parts
    if auth == "kerberos" and with_password:
        return (*parts, KINIT)
    if auth == "credssp" and inside == "kerberos":
        return (*parts, GSSAPI, KRB5)
    return parts


def status(auth: str, *, with_password: bool = False, inside: str = "") -> Status:
    """What of a method is installed, what is missing, and how to install it. Sends nothing, changes nothing."""
    installed, missing, too_old, wanted = [], [], [], []
    for part in parts_of(auth, with_password=with_password, inside=inside):
        version = _found(part)
        if version is None:
            missing.append(part.name)
            wanted.append(part)
        elif _older(version, part.least):
            too_old.append(f"{part.name} {version}")
            wanted.append(part)
        else:
            installed.append(f"{part.name} {version}".strip())
    return Status(tuple(installed), tuple(missing), tuple(too_old), _remedies(wanted))


def require(auth: str, *, with_password: bool = False, inside: str = "") -> None:
    """Raise LibraryMissing, in words, unless everything the method needs is there and new enough."""
    found = status(auth, with_password=with_password, inside=inside)
    if found.complete:
        return
    programs = [part.name for part in (KINIT,) if part.name in found.missing]
    libraries = [name for name in found.missing if name not in programs]
    ways = "; ".join(f"{_WAYS[way]}: {command}" for way, command in found.remedies.items() if way != "pip")
    pip = found.remedies.get("pip", "")
    hint = f"Install it where this runs ({sys.executable}): {pip or ways}."
    if pip and ways:
        hint += f" That needs, before it, {ways}."
    elif pip:
        names = " or ".join(libraries or [each.split()[0] for each in found.too_old])
        hint += f" Debian has no package of {names} that is new enough."
    if libraries:
        raise LibraryMissing(
            f"The Python library {' and '.join(libraries)} is missing, which auth {auth} needs", hint=hint
        )
    if programs:
        raise LibraryMissing(
            f"The program {' and '.join(programs)} is missing, which turns the password into a Kerberos ticket",
            hint=f"{hint} Or give a ticket (kerberos_ccache) instead of the password.",
        )
    raise LibraryMissing(f"The Python library {' and '.join(found.too_old)} is too old for auth {auth}", hint=hint)


_WAYS = {"debian": "on Debian or Ubuntu", "rhel": "on RHEL or Fedora"}


def program(name: str) -> str | None:
    """The path of a program, also where the PATH lacks its folder."""
    return shutil.which(name) or shutil.which(name, path=os.pathsep.join(_PROGRAM_PATHS))


def _found(part: Part) -> str | None:
    """The version of what is there; empty if it cannot be told, None if it is not there."""
    from importlib import metadata

    if part.is_program:
        return "" if program(part.name) else None
    try:
        importlib.import_module(part.module)
    except ImportError:
        return None
    try:
        return metadata.version(part.name)
    except metadata.PackageNotFoundError:  # it is there, however it came
        return ""


def _remedies(parts: list[Part]) -> dict[str, str]:
    """The commands that install these."""
    found = {}
    pip = list(dict.fromkeys(part.pip for part in parts if part.pip))
    if pip:
        found["pip"] = "python3 -m pip install " + " ".join(f"'{each}'" for each in pip)
    for way, install, names in (
        ("debian", "apt-get install", [name for part in parts for name in part.debian]),
        ("rhel", "dnf install", [name for part in parts for name in part.rhel]),
    ):
        if names:
            found[way] = f"{install} {' '.join(dict.fromkeys(names))}"
    return found


def _older(version: str, least: tuple[int, ...]) -> bool:
    """Whether a version is below another; one that cannot be read is taken for good."""
    numbers = re.match(r"(\d+)\.(\d+)", version)
    return numbers is not None and tuple(map(int, numbers.groups())) < least
