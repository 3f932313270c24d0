# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated SMS Provider inside this process, as a context manager: for tests, and for the command line."""

from __future__ import annotations

import importlib
import shutil
import tempfile
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from . import gss
from .auth import DEFAULT_ACCOUNT, SCHEMES, Account, Accounts, Logins, Means, SecurityContext, credssp_tls_context
from .control import Control
from .dispatch import Dispatcher
from .faults import Rules
from .listener import Listener
from .model import Site
from .switches import Switches, UnknownSwitch
from .tls import ClientCertificate, make_identity

DEFAULT_AUTH = ("credssp", "ntlm", "basic")
NTLM_ACCEPTORS = ("spnego", "gss")  # pyspnego's own, or gss-ntlmssp
ADDRESS = "127.0.0.1"  # an address the certificate names


def _load(scenario: str, speed: float, switches: Mapping[str, str]) -> Site:
    """A site from the scenarios; the site side is imported only when it is needed."""
    module = importlib.import_module(".scenario", __package__)
    site: Site = module.load(scenario, speed=speed, switches=Switches(switches).chosen("site"))
    return site


def _accounts(site: Site) -> list[Account]:
    """The accounts a scenario defines: mappings or objects with domain, user, password."""
    accounts = []
    for each in getattr(site, "accounts", None) or ():
        fields = (
            each
            if isinstance(each, Mapping)
            else {name: getattr(each, name, None) for name in ("domain", "user", "password", "remote_access", "state")}
        )
        accounts.append(
            Account(
                str(fields["domain"]),
                str(fields["user"]),
                str(fields["password"]),
                fields.get("remote_access") is not False,
                str(fields.get("state") or ""),
            )
        )
    return accounts


class Server:
    """A running provider. `site` given: no scenario is loaded, and `reset` keeps that site.

    `tls`: false, true, or what is wrong with the certificate (`tls.CERTIFICATES`). `accounts` come after the site's own;
    the site knows nothing of them. `keytab`: file with the keys of the services for Kerberos.

    `stopped` is set when somebody asked it to stop, by the control address for instance.
    """

    def __init__(
        self,
        scenario: str = "small",
        tls: bool | str = True,
        auth: Iterable[str] = DEFAULT_AUTH,
        speed: float = 1.0,
        switches: Mapping[str, str] | None = None,
        site: Site | None = None,
        port: int = 0,
        keytab: str | Path | None = None,
        ntlm_acceptor: str = "spnego",
        accounts: Iterable[Account] = (),
    ) -> None:
        self.scenario = scenario
        self.tls = bool(tls)
        self.auth = tuple(each.strip().lower() for each in auth)
        unknown = set(self.auth) - set(SCHEMES)
        if unknown or not self.auth:
            raise ValueError(
                f"authentication is one or more of {', '.join(SCHEMES)}, not {', '.join(sorted(unknown)) or 'none'}"
            )
        if not tls and set(self.auth) == {"basic"}:
            raise ValueError("basic is served over TLS only")
        if not tls and "certificate" in self.auth:
            raise ValueError("certificates of clients need TLS")
        if "kerberos" in self.auth and keytab is None:
            raise ValueError("kerberos needs the keytab of the service, HTTP/ and the host's name")
        if keytab is not None:
            gss.load()
            if not Path(keytab).is_file():
                raise ValueError(f"the keytab {keytab} does not exist")
        if ntlm_acceptor not in NTLM_ACCEPTORS:
            raise ValueError(f"the NTLM acceptor is one of {', '.join(NTLM_ACCEPTORS)}, not {ntlm_acceptor!r}")
        if ntlm_acceptor == "gss":
            gss.load_ntlm()
        self.speed = speed
        self.stopped = threading.Event()
        self._given_site = site
        self._switches = dict(switches or {})
        if site is None:
            importlib.import_module(".scenario", __package__)  # its switches must be known before they are checked
        chosen = Switches(self._switches)
        self._dispatcher = Dispatcher(
            site or _load(scenario, speed, self._switches), chosen, address=ADDRESS, tls=self.tls
        )
        self._logins = Logins()
        self._directory = Path(tempfile.mkdtemp(prefix="smsprovsim-"))
        known = _accounts(self.site) or [DEFAULT_ACCOUNT]
        self._accounts = Accounts([*known, *accounts], self._directory / "accounts")
        self._means = Means(self._accounts, Path(keytab) if keytab is not None else None, ntlm_acceptor == "gss")
        kind = tls if isinstance(tls, str) else "good"
        identity = make_identity(kind, ask_clients="certificate" in self.auth) if tls else None
        self._clients = identity.clients if identity else None
        self._client: ClientCertificate | None = None
        self.ca_pem = identity.ca_pem if identity else b""
        self.ca_cert = ""
        if identity:
            self.ca_cert = str(self._directory / "ca.pem")
            Path(self.ca_cert).write_bytes(identity.ca_pem)
        self._binding = identity.channel_binding if identity else None
        self._listener = Listener(
            port=port,
            tls=identity.context if identity else None,
            new_context=self._new_context,
            answer=self._dispatcher.answer,
            switches=lambda: self._dispatcher.switches,
            now=self._now,
        )
        self._control = Control(self)

    def _now(self) -> float:
        """The logical time of the site that is behind the front now; a reset puts another there."""
        moment: float = self.site.clock.now()
        return moment

    def _new_context(self, certificate: bytes | None) -> SecurityContext:
        return SecurityContext(
            self._means,
            self.auth,
            self._logins,
            self._dispatcher.switches,
            self._binding,
            certificate,
            self._clients,
        )

    # Running

    def start(self) -> None:
        """Begin to serve."""
        self._listener.start()
        self._control.start()
        if "credssp" in self.auth:
            threading.Thread(target=credssp_tls_context, name="credssp key", daemon=True).start()

    def request_stop(self) -> None:
        """Ask whoever runs the server to stop it."""
        self.stopped.set()

    def stop(self) -> None:
        """Close every socket and remove the files."""
        self._dispatcher.stopping.set()
        self._listener.stop()
        self._control.stop()
        shutil.rmtree(self._directory, ignore_errors=True)
        self.stopped.set()

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # Where and who

    @property
    def port(self) -> int:
        """The port of the WinRM listener."""
        return self._listener.port

    @property
    def url(self) -> str:
        """The address of the WinRM listener."""
        return f"{'https' if self.tls else 'http'}://{ADDRESS}:{self.port}/wsman"

    @property
    def control_url(self) -> str:
        """The address of the control server."""
        return self._control.url

    @property
    def account(self) -> Account:
        """The first account of the scenario."""
        return self._accounts.all[0]

    @property
    def accounts(self) -> tuple[Account, ...]:
        """All accounts."""
        return self._accounts.all

    def client_certificate(
        self, account: Account | None = None, kind: str = "good", password: str = ""
    ) -> ClientCertificate:
        """A new certificate of a client, mapped to an account; `kind` is one of `tls.CLIENT_CERTIFICATES` (wire A-10)."""
        if self._clients is None:
            raise ValueError("certificates of clients need TLS")
        return self._clients.issue(self._directory, (account or self.account).logon_names[2], kind, password)

    @property
    def env(self) -> dict[str, str]:
        """What a client needs, as environment variables."""
        more = {}
        if "certificate" in self.auth:
            self._client = self._client or self.client_certificate()
            more = {"CONFIGMGR_CLIENT_CERT": self._client.cert, "CONFIGMGR_CLIENT_KEY": self._client.key}
        return {
            **more,
            "CONFIGMGR_PROVIDER": ADDRESS,
            "CONFIGMGR_PORT": str(self.port),
            "CONFIGMGR_SCHEME": "https" if self.tls else "http",
            "CONFIGMGR_AUTH": self.auth[0],
            "CONFIGMGR_USERNAME": self.account.principal,
            "CONFIGMGR_PASSWORD": self.account.password,
            "CONFIGMGR_CA_CERT": self.ca_cert,
        }

    # What happens in it

    @property
    def site(self) -> Any:
        """The site behind the front: a `Site`, untyped so that tests reach what lies behind the protocol."""
        return self._dispatcher.site

    @property
    def switches(self) -> Switches:
        """The switches in force."""
        return self._dispatcher.switches

    @property
    def rules(self) -> Rules:
        """The fault rules."""
        return self._dispatcher.rules

    @property
    def journal(self) -> list[dict[str, Any]]:
        """A copy of the journal."""
        return self._dispatcher.journal.entries()

    @property
    def errors(self) -> list[str]:
        """Tracebacks of defects of the simulator itself."""
        return self._dispatcher.errors

    @property
    def logins(self) -> dict[str, Any]:
        """Successful and failed logins by user."""
        return self._logins.as_dict()

    def add_fault(self, **rule: Any) -> None:
        """Add a fault rule; `class_` and `class` mean the same."""
        if "class_" in rule:
            rule["class"] = rule.pop("class_")
        self.rules.add(rule)

    def clear_faults(self) -> None:
        """Remove all fault rules."""
        self.rules.clear()

    def set_switch(self, name: str, value: str) -> None:
        """Set a switch of the front while the server runs. Those of the site need `reset`."""
        self.switches.set(name, value)

    def change(self, **order: Any) -> None:
        """Change something at the site that no client asked for; the orders are listed in README.md."""
        make = getattr(getattr(self.site, "changes", None), "make", None)
        if make is None:
            raise ValueError("this site takes no changes")
        make(order)

    def state(self) -> dict[str, Any]:
        """What `GET /state` shows."""
        return {
            "site": self.site.snapshot(),
            "logins": self.logins,
            "switches": dict(self.switches),
            "clock": self.move_clock({}),
            "scenario": self.scenario,
            "enumerations": self._dispatcher.enumerations.open_by_user(),
            "errors": list(self.errors),
        }

    def move_clock(self, order: dict[str, Any]) -> dict[str, Any]:
        """Carry out ``{"advance": s}``, ``{"speed": x}``, ``{"per_request": s}``; answers how the clock stands."""
        unknown = set(order) - {"advance", "speed", "per_request"}
        if unknown:
            raise ValueError(f"the clock takes advance, speed and per_request, not {', '.join(sorted(unknown))}")
        clock = self.site.clock
        if "speed" in order:
            clock.set_speed(float(order["speed"]))
        if "per_request" in order:
            seconds = float(order["per_request"])
            if seconds < 0:
                raise ValueError("per_request is 0 or more")
            self._dispatcher.per_request = seconds
        if "advance" in order:
            clock.advance(float(order["advance"]))
        return {"now": clock.now(), "speed": getattr(clock, "speed", None), "per_request": self._dispatcher.per_request}

    def reset(
        self,
        *,
        scenario: str | None = None,
        switches: Mapping[str, str] | None = None,
        clear: Iterable[str] | None = None,
    ) -> None:
        """Begin anew: scenario, journal, fault rules, logins and the switches of the start with `switches` laid over.

        `clear` alone names what is cleared (journal, faults, logins, enumerations), and the site stays as it is.
        The accounts stay those of the start.
        """
        clearing = {
            "journal": self._dispatcher.journal.clear,
            "faults": self.rules.clear,
            "logins": self._logins.clear,
            "enumerations": self._dispatcher.enumerations.clear,
        }
        wanted = list(clearing if clear is None else clear)
        unknown = set(wanted) - set(clearing)
        if unknown:
            raise ValueError(f"clear names {', '.join(clearing)}, not {', '.join(sorted(unknown))}")
        if clear is None or scenario or switches:
            self._reload(scenario or self.scenario, {**self._switches, **(switches or {})})
        for name in wanted:
            clearing[name]()

    def _reload(self, scenario: str, switches: dict[str, str]) -> None:
        chosen = Switches(switches)
        if self._given_site is not None:
            if scenario != self.scenario or chosen.chosen("site"):
                raise UnknownSwitch("this server was started with a site of its own; it loads no scenario")
            site = self._given_site
        else:
            speed = getattr(self.site.clock, "speed", self.speed)
            site = _load(scenario, speed, switches)
        self._dispatcher.attach(site, chosen)
        self._dispatcher.per_request = 0.0
        self.scenario = scenario
