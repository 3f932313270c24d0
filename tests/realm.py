# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Kerberos realm for tests: MIT's KDC on loopback, with a database, a keytab and a krb5.conf of its own.

MIT's library reads the environment when a context is made. A test therefore puts `Realm.environment` into its own
environment (fixture `in_realm`) before it logs in, and hands it to the processes it starts.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

NAME = "CONTOSO.TEST"
HOSTS = ("cm01.contoso.test", "localhost")
_SYSTEM = os.pathsep.join(("/usr/sbin", "/usr/local/sbin", "/sbin"))
_TOOLS = {
    "krb5kdc": "krb5-kdc", "kdb5_util": "krb5-kdc", "kadmin.local": "krb5-admin-server or krb5-kdc", "kinit": "krb5-user",
}  # fmt: skip

_REQUEST = re.compile(
    r"(AS_REQ|TGS_REQ) \(.*?\}\) 127\.0\.0\.1: ([^:]+): (?:authtime [^{]*\{[^}]*\},? )?([^ ]+) for ([^ ,]+)"
)

# A process with another clock: what MIT's library asks, with some seconds added.
_CLOCK = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
static long shift(void) { const char *by = getenv("REALM_CLOCK"); return by ? atol(by) : 0; }
int clock_gettime(clockid_t which, struct timespec *out) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int status = real(which, out);
    if (status == 0 && which == CLOCK_REALTIME) out->tv_sec += shift();
    return status;
}
int gettimeofday(struct timeval *restrict out, void *restrict zone) {
    struct timespec now;
    (void)zone;
    int status = clock_gettime(CLOCK_REALTIME, &now);
    out->tv_sec = now.tv_sec;
    out->tv_usec = now.tv_nsec / 1000;
    return status;
}
time_t time(time_t *out) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out) *out = now.tv_sec;
    return now.tv_sec;
}
"""


@dataclass(frozen=True)
class User:
    """A user of the realm. `options` are those of ``kadmin addprinc``."""

    name: str
    password: str
    options: tuple[str, ...] = ()


# Users that cannot log in, each for a reason of its own.
PASSWORD = "Secr3t \"of\" 'nobody' $x"
EXPIRED_PASSWORD = User("svc-oldpassword", PASSWORD, ("-pwexpire", "yesterday"))
MUST_CHANGE = User("svc-mustchange", PASSWORD, ("+needchange",))
EXPIRED_ACCOUNT = User("svc-expired", PASSWORD, ("-expire", "yesterday"))
DISABLED = User("svc-disabled", PASSWORD, ("-allow_tix",))
LOCKED = User("svc-locked", PASSWORD, ("-policy", "locks"))  # locked by one failed login, which `start` makes
REFUSED = (EXPIRED_PASSWORD, MUST_CHANGE, EXPIRED_ACCOUNT, DISABLED, LOCKED)


class RealmError(Exception):
    """A program of MIT's refused; what it said, with its name."""


def tool(name: str) -> str | None:
    """The path of a program of MIT's, also where only root finds it."""
    return shutil.which(name) or shutil.which(name, path=_SYSTEM)


def missing() -> str:
    """Why there can be no realm here, empty if there can."""
    for name, package in _TOOLS.items():
        if not tool(name):
            return f"{name} is not installed (Debian: {package})"
    try:
        import gssapi  # noqa: F401
    except ImportError as error:
        return f"gssapi cannot be imported: {error}"
    return ""


class Realm:
    """A running realm, as a context manager.

    `clock`: seconds by which the KDC's clock is ahead of ours. Clients of MIT bear with that, unless `follow` is false.
    """

    def __init__(self, users: Iterable[User] = (), *, clock: int = 0, follow: bool = True) -> None:
        self.name = NAME
        self.clock = clock
        self.follow = follow
        self.folder = Path(tempfile.mkdtemp(prefix="realm-"))
        self.config = self.folder / "krb5.conf"
        self.keytab = self.folder / "http.keytab"
        self._users = tuple(users)
        self._passwords: dict[str, str] = {}
        self._caches = 0
        self._kdc: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What a client needs to be in this realm; the default ticket cache is one that does not exist yet."""
        return {
            "KRB5_CONFIG": str(self.config),
            "KRB5_KDC_PROFILE": str(self.folder / "kdc.conf"),
            "KRB5CCNAME": f"FILE:{self.folder}/default.ccache",
            "KRB5_CLIENT_KTNAME": f"FILE:{self.folder}/no.keytab",
        }

    # Running

    def start(self) -> Realm:
        """Make the database and start the KDC; returns when it answers."""
        self._write_settings(0)
        self._run("kdb5_util", "create", "-r", NAME, "-s", "-P", "stash")
        self._admin("addpol", "-maxfailure", "1", "-lockoutduration", "1d", "locks")
        for user in (*self._users, *REFUSED):
            self.add_user(user)
        services = [f"{service}/{host}" for service in ("HTTP", "WSMAN") for host in HOSTS]
        for service in services:
            self._admin("addprinc", "-randkey", service)
        self._admin("ktadd", "-k", str(self.keytab), *services)
        self._serve()
        with suppress(RealmError):
            self.ticket(LOCKED.name, password="wrong")
        return self

    def stop(self) -> None:
        """End the KDC and remove the files."""
        self.stop_kdc()
        shutil.rmtree(self.folder, ignore_errors=True)

    def stop_kdc(self) -> None:
        """End the KDC, and leave tickets and keytab as they are: a realm whose KDC does not answer."""
        if self._kdc:
            self._kdc.terminate()
            self._kdc.wait(10)
            if self._reader:
                self._reader.join(10)
            if self._kdc.stderr:
                self._kdc.stderr.close()
            self._kdc = None

    def __enter__(self) -> Realm:
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _serve(self) -> None:
        """Start the KDC on a free port; another process may be quicker to take it, hence some attempts."""
        command = [tool("krb5kdc") or "krb5kdc", "-n", "-r", NAME]
        for _attempt in range(5):
            self._write_settings(_free_port())
            kdc = subprocess.Popen(
                command, env=self._environment(self._shifted()), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE, text=True, errors="replace",
            )  # fmt: skip
            assert kdc.stderr is not None
            if any("commencing operation" in line for line in iter(kdc.stderr.readline, "")):
                self._kdc = kdc
                self._reader = threading.Thread(target=kdc.stderr.read, daemon=True)  # so that the pipe never fills
                self._reader.start()
                return
            kdc.wait(10)
            kdc.stderr.close()
        raise RealmError("krb5kdc does not start: " + "".join(self.log()))

    def _shifted(self) -> dict[str, str]:
        """The variables that give a process the KDC's clock."""
        if not self.clock:
            return {}
        library = self.folder / "clock.so"
        if not library.exists():
            source = self.folder / "clock.c"
            source.write_text(_CLOCK, encoding="utf-8")
            _call([shutil.which("cc") or "gcc", "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"])
        return {"LD_PRELOAD": str(library), "REALM_CLOCK": str(self.clock)}

    def _write_settings(self, port: int) -> None:
        folder = self.folder
        self.config.write_text(
            f"""[libdefaults]
    default_realm = {NAME}
    dns_lookup_kdc = false
    dns_lookup_realm = false
    dns_canonicalize_hostname = false
    rdns = false
    udp_preference_limit = 1
    kdc_timesync = {int(self.follow)}
    default_rcache_name = file2:{folder}/replays
[realms]
    {NAME} = {{
        kdc = 127.0.0.1:{port}
    }}
[domain_realm]
    contoso.test = {NAME}
    .contoso.test = {NAME}
    localhost = {NAME}
[logging]
    kdc = STDERR
    kdc = FILE:{folder}/kdc.log
    default = STDERR
""",
            encoding="utf-8",
        )
        (folder / "kdc.conf").write_text(
            f"""[kdcdefaults]
    kdc_listen = 127.0.0.1:{port}
    kdc_tcp_listen = 127.0.0.1:{port}
[realms]
    {NAME} = {{
        database_name = {folder}/principals
        key_stash_file = {folder}/stash
        acl_file = {folder}/acl
        max_life = 10h
        max_renewable_life = 7d
        default_principal_flags = +preauth
        supported_enctypes = aes256-cts:normal aes128-cts:normal
    }}
""",
            encoding="utf-8",
        )

    # Users

    def add_user(self, user: User) -> None:
        """Add a user, unless it is there; the password goes over standard input."""
        if user.name not in self._passwords:
            self._admin("addprinc", *user.options, user.name, said=f"{user.password}\n{user.password}\n")
            self._passwords[user.name] = user.password

    def log(self) -> list[str]:
        """What the KDC wrote. Each request is there before its answer is sent."""
        path = self.folder / "kdc.log"
        return path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []

    def requests(self) -> list[tuple[str, str, str, str]]:
        """The requests for tickets: ``AS_REQ`` or ``TGS_REQ``, outcome (``ISSUE``, ``PREAUTH_FAILED``), user, service."""
        return [match.groups() for line in self.log() if (match := _REQUEST.search(line))]  # type: ignore[misc]

    # Ticket caches

    def ticket(
        self, user: str, *, password: str | None = None, forwardable: bool = False, path: Path | None = None
    ) -> Path:
        """A new ticket cache with a ticket of the user; raises `RealmError` with kinit's words."""
        self._caches += 1
        path = path or self.folder / f"{self._caches}.ccache"
        said = self._passwords[user] if password is None else password
        options = ("-f",) if forwardable else ("-F",)
        self._run("kinit", *options, "-c", f"FILE:{path}", f"{user}@{NAME}", said=said + "\n")
        return path

    def expired_ticket(self, user: str) -> Path:
        """A ticket cache whose tickets ended an hour ago."""
        path = self.ticket(user)
        path.write_bytes(_changed(path.read_bytes(), ended=int(time.time()) - 3600))
        return path

    def skewed_ticket(self, user: str, seconds: int = 3600) -> Path:
        """A ticket cache that makes the client believe the KDC's clock to be that much ahead: too far for everyone."""
        path = self.ticket(user)
        path.write_bytes(_changed(path.read_bytes(), offset=seconds))
        return path

    def _admin(self, *order: str, said: str = "") -> str:
        return self._run("kadmin.local", "-r", NAME, *order, said=said)

    def _run(self, name: str, *arguments: str, said: str = "") -> str:
        more = self._shifted() if name == "kadmin.local" else {}
        return _call([tool(name) or name, *arguments], said, self._environment(more))

    def _environment(self, more: Mapping[str, str]) -> dict[str, str]:
        return {**os.environ, **self.environment, "LC_ALL": "C", **more}


def _call(command: list[str], said: str = "", environment: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(
        command, input=said, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    if done.returncode:
        raise RealmError(f"{Path(command[0]).name} ended with {done.returncode}: {done.stdout.strip()}")
    return done.stdout


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


def _changed(cache: bytes, *, ended: int | None = None, offset: int = 0) -> bytes:
    """A file cache (format 4) with another end of all tickets, and another difference between the clocks."""
    if cache[:2] != b"\x05\x04":
        raise RealmError("this is no ticket cache of format 4")
    at = 4 + struct.unpack_from(">H", cache, 2)[0]
    difference = struct.pack(">HHii", 1, 8, offset, 0)  # tag 1: seconds and microseconds
    head = cache[:2] + struct.pack(">H", len(difference)) + difference
    body = bytearray(cache[at:])
    for begun, times, _key, _ticket in _credentials(body):
        if ended is not None and begun:  # the cache's own notes are entries without times
            struct.pack_into(">IIII", body, times, begun - 86400, begun - 86400, ended, ended)
    return head + bytes(body)


def keys_and_tickets(cache: bytes) -> list[bytes]:
    """What nobody may see of a file cache (format 4): the session keys, and the tickets."""
    body = cache[4 + struct.unpack_from(">H", cache, 2)[0] :]
    return [each for begun, _at, key, ticket in _credentials(body) if begun for each in (key, ticket)]


def _credentials(body: bytes | bytearray) -> Iterator[tuple[int, int, bytes, bytes]]:
    """The entries of a cache without its head: begin, where the four times stand, session key, ticket."""
    at = _after_principal(body, 0)
    while at < len(body):
        at = _after_principal(body, _after_principal(body, at)) + 2  # the key's type
        times = _after_counted(body, at)
        key = bytes(body[at + 4 : times])
        at = times + 16 + 1 + 4  # four times, is_skey, flags
        for _list in ("addresses", "authorization data"):
            (count,) = struct.unpack_from(">I", body, at)
            at += 4
            for _each in range(count):
                at = _after_counted(body, at + 2)
        ticket = bytes(body[at + 4 : _after_counted(body, at)])
        at = _after_counted(body, _after_counted(body, at))  # ticket, second ticket
        yield struct.unpack_from(">I", body, times)[0], times, key, ticket


def _after_counted(body: bytes | bytearray, at: int) -> int:
    return at + 4 + int(struct.unpack_from(">I", body, at)[0])


def _after_principal(body: bytes | bytearray, at: int) -> int:
    _kind, components = struct.unpack_from(">II", body, at)
    at = _after_counted(body, at + 8)  # realm
    for _each in range(components):
        at = _after_counted(body, at)
    return at
