# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No password, hash, key or ticket is to be seen: not printed at -vvvv, not logged, traced, in a diff, a file or a process list."""

from __future__ import annotations

import json
import re
import secrets
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from realm import Realm, User, keys_and_tickets, tool
from spnego._ntlm_raw.crypto import ntowfv1, ntowfv2

from smsprovsim.server import Server

from .conftest import BIN, LONGEST, Ansible
from .spy import Secret, Seen, Spy, secrets_of_text

PACKAGE = "PS100001"
# The method, how the client comes by its credential, and what the journal says of it.
WAYS = {
    "ntlm": "ntlm",
    "credssp": "ntlm",
    "credssp-kerberos": "kerberos",
    "kerberos-ticket": "kerberos",
    "kerberos-password": "kerberos",
    "certificate": "certificate",
    "basic": "basic",
}
TLS_ONLY = ("certificate", "basic")
EACH = [(way, True) for way in WAYS] + [(way, False) for way in WAYS if way not in TLS_ONLY]
# A program of MIT's that says who called it, and keeps the ticket that it got.
KINIT = """\
#!/bin/sh
cat /proc/$$/cmdline >{folder}/kinit.arguments
cat /proc/$$/environ >{folder}/kinit.environment
{kinit} "$@"
code=$?
for word; do case $word in FILE:*) cp "${{word#FILE:}}" {folder}/kinit.ticket ;; esac; done
exit $code
"""


class Case:
    """A site with an account nobody else has, somebody who logs in to it, and a spy beside him."""

    def __init__(self, ansible: Ansible, server: Server, way: str, folder: Path, realm: Realm | None) -> None:
        self.ansible, self.server, self.way, self.realm = ansible, server, way, realm
        self.given = folder / "given"  # what the command gets
        self.private = folder / "private"  # all that it may write to
        self.user, self.password = server.account.user, server.account.password
        self.token = self.password.rpartition(" ")[2]
        self.key_password = f'k3y "of" \'{secrets.token_hex(8)}'
        self.options: dict[str, Any] = {}

    def choose(self) -> None:
        """The options of the way."""
        env, way = self.server.env, self.way
        options: dict[str, Any] = {
            "provider": "localhost",
            "port": int(env["CONFIGMGR_PORT"]),
            "scheme": env["CONFIGMGR_SCHEME"],
            "ca_cert": env["CONFIGMGR_CA_CERT"],
            "auth": way.partition("-")[0],
            "username": self.server.account.principal,
            "password": self.password,
        }
        if self.realm is not None:
            options["username"] = f"{self.user}@{self.realm.name}"
        if way == "credssp-kerberos":
            options["credssp_mechanism"] = "kerberos"
        elif way == "kerberos-ticket":
            assert self.realm is not None
            ticket = self.realm.ticket(self.user, path=self.given / "ticket")
            options.update(username="", password="", kerberos_ccache=f"FILE:{ticket}")
        elif way == "certificate":
            shown = self.server.client_certificate(password=self.key_password)
            options.update(username="", password="", client_key_password=self.key_password)
            options.update(client_cert=shown.cert, client_key=shown.key)
        self.options = {name: value for name, value in options.items() if value != ""}

    def run(self, *, as_variables: bool, module: str = "cm_package_refresh", **arguments: Any) -> Seen:
        """Refresh one package, as loudly as it can be done."""
        arguments = arguments or {"package_ids": PACKAGE, "wait_interval": 0.2}
        for name in ("home", "tmp", "local", "remote", "trace"):
            (self.private / name).mkdir(parents=True, exist_ok=True)
        env = {
            "HOME": str(self.private / "home"),
            "TMPDIR": str(self.private / "tmp"),
            "ANSIBLE_HOME": str(self.private / "home" / ".ansible"),
            "ANSIBLE_LOCAL_TEMP": str(self.private / "local"),
            "ANSIBLE_REMOTE_TEMP": str(self.private / "remote"),
            "ANSIBLE_LOG_PATH": str(self.private / "ansible.log"),
            "ANSIBLE_INJECT_INVOCATION": "true",  # newer versions of Ansible show the options only when asked
            "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
            "CONFIGMGR_TRACE": f"{self.private / 'trace'}/",
        }
        more: list[str] = []
        if as_variables:
            env.update({f"CONFIGMGR_{name.upper()}": str(value) for name, value in self.options.items()})
        else:
            file = self.given / "options.json"
            file.write_text(json.dumps({f"my_{name}": value for name, value in self.options.items()}))
            arguments.update({name: f"{{{{ my_{name} }}}}" for name in self.options})
            more = ["-e", f"@{file}"]
        command = [str(BIN / "ansible"), "localhost", "-m", f"configmgr.content.{module}"]
        command += ["-a", json.dumps(arguments), *more, "-vvvv", "--diff"]
        full = self.ansible.variables(None, env)
        if self.way == "kerberos-password":
            full["PATH"] = f"{self._own_kinit()}:{full['PATH']}"
        return Spy(self.private).run(command, full, timeout=LONGEST)

    def _own_kinit(self) -> Path:
        folder = self.given / "bin"
        folder.mkdir()
        (folder / "kinit").write_text(KINIT.format(folder=self.given, kinit=tool("kinit")))
        (folder / "kinit").chmod(0o700)
        return folder

    def of_kinit(self) -> list[bytes]:
        """Arguments and environment of kinit."""
        return [(self.given / f"kinit.{name}").read_bytes() for name in ("arguments", "environment")]

    def tickets(self) -> list[Secret]:
        """Session keys and tickets that the client had."""
        caches = [file for name in ("ticket", "kinit.ticket") if (file := self.given / name).exists()]
        found = [each for file in caches for each in keys_and_tickets(file.read_bytes())]
        return [Secret(f"session key or ticket {number}", each) for number, each in enumerate(found)]

    def secrets(self) -> list[Secret]:
        """All that nobody may see, tickets aside."""
        found = secrets_of_text("password", self.token)
        nt_hash = ntowfv1(self.password)
        found += [
            Secret("NT hash", nt_hash),
            Secret("NTLMv2 key", ntowfv2(self.user, nt_hash, self.server.account.domain)),
        ]
        if self.realm is not None:
            found.append(Secret("Kerberos key", self._long_term_key(self.realm)))
        if self.way == "certificate":
            found += secrets_of_text("password of the key", self.key_password.rpartition("'")[2])
            key = serialization.load_pem_private_key(
                Path(self.options["client_key"]).read_bytes(), self.key_password.encode()
            )
            assert isinstance(key, ec.EllipticCurvePrivateKey)
            value = key.private_numbers().private_value.to_bytes(32, "big")
            found.append(Secret("private key", value))
        return found

    def _long_term_key(self, realm: Realm) -> bytes:
        """What a KDC has of the password (RFC 3962), with the salt of MIT."""
        import krb5

        context = krb5.init_context()
        kind = krb5.string_to_enctype(context, "aes256-cts")
        salt = f"{realm.name}{self.user}".encode()
        return bytes(krb5.c_string_to_key(context, kind, self.password.encode(), salt).data)


MakeCase = Callable[..., Case]


@pytest.fixture
def make_case(request: pytest.FixtureRequest, ansible: Ansible) -> Iterator[MakeCase]:
    """Open a site for one way of logging in."""
    servers = []
    # pytest's own folder has too long a name for the sockets of Ansible.
    folder = Path(tempfile.mkdtemp(prefix="secrets-"))

    def make(way: str, tls: bool, *auth: str) -> Case:
        number = secrets.token_hex(8)
        small = resources.files("smsprovsim").joinpath("scenarios", "small.yml").read_text(encoding="utf-8")
        scenario = yaml.safe_load(small)
        # What the token stands in is hostile to shells, XML, YAML and JSON; the token itself is the same in all of them.
        scenario["accounts"][0].update(user=f"svc-{number[:8]}", password=f'Sh\'ell "ho$t" &<\\ {number}')
        (folder / "given").mkdir()
        file = folder / "given" / "scenario.yml"
        file.write_text(yaml.safe_dump(scenario), encoding="utf-8")
        realm, more = None, {}
        if "kerberos" in way:
            realm = request.getfixturevalue("in_realm")
            more = {"keytab": realm.keytab}
        server = Server(str(file), tls=tls, auth=auth or (way.partition("-")[0],), speed=600.0, **more)
        if realm is not None:
            realm.add_user(User(server.account.user, server.account.password))
        server.start()
        servers.append(server)
        case = Case(ansible, server, way, folder, realm)
        case.choose()
        return case

    yield make
    for server in servers:
        server.stop()
    shutil.rmtree(folder)


def looked_everywhere(case: Case, seen: Seen) -> None:
    """The module, its log and its trace were really seen, or finding nothing would mean nothing."""
    assert any("AnsiballZ_cm_" in each for each in seen.commands())
    stayed = {path: b"".join(contents) for (path, stays), contents in seen.files.items() if stays}
    assert b"AnsiballZ_cm_" in stayed["ansible.log"]
    assert '"module_args"' in seen.text
    assert any("AnsiballZ" in path for path, stays in seen.files if not stays)
    if case.server.journal:
        assert b"SMS_ProviderLocation" in b"".join(stayed[path] for path in stayed if path.startswith("trace/"))
    if case.way == "kerberos-password":
        assert b"svc-" in case.of_kinit()[0]


def carried_by_ansible(found: str) -> bool:
    """Ansible itself carries the options of a module in the file that it runs, which only the account may read."""
    return bool(re.search(r": (local/ansible-local-|remote/ansible-tmp-[^/]*/AnsiballZ_).*, for a moment$", found))


def nothing_seen(case: Case, seen: Seen, *, as_variables: bool) -> None:
    """No secret is anywhere; a ticket is in its cache, for its owner and for as long as the task takes."""
    looked_everywhere(case, seen)
    assert [each for each in seen.finds(case.secrets()) if as_variables or not carried_by_ansible(each)] == []
    tickets = case.tickets()
    assert bool(tickets) == (case.way == "kerberos-ticket" or (case.given / "kinit.ticket").exists())
    found = seen.finds(tickets)
    assert [each for each in found if "tmp/cm-krb5-" not in each or not each.endswith("/ticket, for a moment")] == []
    assert not [path for path in seen.too_open if "cm-krb5-" in path]
    if case.way == "kerberos-password":
        assert Seen(output=b"".join(case.of_kinit())).finds(case.secrets()) == []


@pytest.mark.parametrize(("way", "tls"), EACH, ids=[f"{way}-{'https' if tls else 'http'}" for way, tls in EACH])
def test_of_a_login_nothing_is_seen(make_case: MakeCase, way: str, tls: bool) -> None:
    case = make_case(way, tls)
    seen = case.run(as_variables=False)
    assert seen.rc == 0, seen.text
    (call,) = [entry for entry in case.server.journal if entry["method"] == "RefreshPkgSource"]
    assert (call["mechanism"], call["encrypted"], call["tls"]) == (WAYS[way], not tls, tls)
    nothing_seen(case, seen, as_variables=False)


@pytest.mark.parametrize("way", [way for way in WAYS if way != "kerberos-ticket"])
def test_of_variables_nothing_is_seen_elsewhere(make_case: MakeCase, way: str) -> None:
    case = make_case(way, True)
    seen = case.run(as_variables=True)
    assert seen.rc == 0, seen.text
    nothing_seen(case, seen, as_variables=True)


@pytest.mark.parametrize("way", [way for way in WAYS if way != "kerberos-ticket"])
def test_of_a_refused_login_nothing_is_seen(make_case: MakeCase, way: str) -> None:
    """What failed is told at length; the credential that failed is still a secret."""
    case = make_case(way, way in TLS_ONLY)
    if way == "certificate":
        case.options["client_key_password"] = wrong = f"wr0ng {secrets.token_hex(8)}"
    else:
        case.options["password"] = wrong = f"wr0ng {secrets.token_hex(8)}"
    seen = case.run(as_variables=way not in TLS_ONLY)
    assert seen.rc != 0
    assert "RefreshPkgSource" not in {entry["method"] for entry in case.server.journal}
    assert "FAILED" in seen.text
    nothing_seen(case, seen, as_variables=way not in TLS_ONLY)
    found = seen.finds([*secrets_of_text("wrong password", wrong), Secret("its NT hash", ntowfv1(wrong))])
    assert [each for each in found if not carried_by_ansible(each)] == []


def test_of_a_check_that_tries_every_method_nothing_is_seen(make_case: MakeCase) -> None:
    case = make_case("kerberos-password", True, "kerberos", "ntlm", "credssp", "basic")
    report = case.private / "report.json"
    seen = case.run(as_variables=False, module="cm_connection_check", try_all=True, fail=False, report=str(report))
    assert seen.rc == 0, seen.text
    assert len({entry["mechanism"] for entry in case.server.journal}) > 1
    assert report.exists()
    nothing_seen(case, seen, as_variables=False)


LEAKS = """
import base64, os, pathlib, subprocess, sys, tempfile
secret = pathlib.Path(sys.argv[1]).read_bytes()
print("Authorization: Basic", base64.b64encode(b"CONTOSO\\\\someone:" + secret + b"!").decode())
print("key", secret.hex().upper(), repr(b"\\0" + secret.decode().encode("utf-16-le")))
with tempfile.NamedTemporaryFile() as file:
    file.write(secret)
    file.flush()
    pathlib.Path("stays").write_bytes(secret.decode().encode("utf-16-le"))
    wait = [sys.executable, "-c", "import time; time.sleep(0.5)"]
    subprocess.run([*wait, secret], env={"LEFT": "x" + secret.decode()}, check=True)
"""


def test_a_spy_finds_what_is_planted(tmp_path: Path) -> None:
    """Every place, and every spelling: a search that finds nothing has to be one that could."""
    folder = tmp_path / "seen"
    folder.mkdir()
    secret = secrets.token_hex(8)
    (tmp_path / "secret").write_text(secret)
    env = {"TMPDIR": str(folder), "GIVEN": secret}
    seen = Spy(folder).run([sys.executable, "-c", LEAKS, str(tmp_path / "secret")], env, timeout=LONGEST)
    assert seen.rc == 0, seen.text
    found = seen.finds(secrets_of_text("it", secret))
    base64_found = [each for each in found if each.startswith("it as base64") and each.endswith(": output")]
    assert len(base64_found) == 1
    # Python itself probes the folder with a file of its own, which may be seen, too.
    moments = {path for path, stays in seen.files if not stays and path != "stays"}
    (moment,) = (path for path in moments if f"it as it is: {path}, for a moment" in found)
    assert set(found) - set(base64_found) == {
        "it as hex: output",
        "it in UTF-16 as Python writes octets: output",
        "it as it is: arguments of a process",
        "it as it is: environment of a process",
        f"it as it is: {moment}, for a moment",
        "it in UTF-16 as it is: stays",
        "it in UTF-16 as it is: stays, for a moment",
    }


@pytest.mark.parametrize("before", [b"", b"a", b"ab", b"abc"])
@pytest.mark.parametrize("after", [b"", b"z", b"zy"])
def test_a_secret_is_found_within_base64(before: bytes, after: bytes) -> None:
    import base64

    secret = Secret("it", secrets.token_bytes(16))
    seen = Seen(output=base64.b64encode(before + secret.octets + after))
    assert len(seen.finds([secret])) == 1
