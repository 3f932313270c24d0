# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sites that are logged in to in every way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._provider.site import Means
from realm import Realm, User
from refresh.lab import Lab

from smsprovsim.server import Server

NAME = "cm01.contoso.test"  # in the certificate and in the keytab of the realm
# Method, and whether a password or a ticket is given for it.
WAYS = ("ntlm", "credssp", "credssp-kerberos", "kerberos-ticket", "kerberos-password", "certificate", "basic")


class Door(Lab):
    """A site, and somebody who logs in to it by one way."""

    def __init__(self, server: Server, way: str, realm: Realm | None) -> None:
        super().__init__(server)
        self.way = way
        self.realm = realm

    @property
    def auth(self) -> str:
        """The option `auth` of the way."""
        return self.way.partition("-")[0]

    @property
    def upn(self) -> str:
        """The account as Kerberos names it."""
        return f"{self.server.account.user}@CONTOSO.TEST"

    def means(self, **changes: Any) -> Means:
        """How to reach the site by this way, with a credential that is right."""
        given: dict[str, Any] = {"auth": self.auth, "provider": NAME, "kerberos_ccache": "", "kerberos_hostname": ""}
        given.update(username=self.server.account.principal, password=self.server.account.password)
        if self.way == "kerberos-ticket":
            assert self.realm is not None
            given.update(username="", password="", kerberos_ccache="")
            if "kerberos_ccache" not in changes:
                given["kerberos_ccache"] = f"FILE:{self.realm.ticket(self.server.account.user)}"
        elif self.way == "kerberos-password":
            given["username"] = self.upn
        elif self.way == "credssp-kerberos":
            given.update(username=self.upn, credssp_mechanism="kerberos")
        elif self.way == "certificate":
            shown = self.server.client_certificate()
            given.update(username="", password="", client_cert=shown.cert, client_key=shown.key)
        given.update(changes)
        return replace(super().means(**given), find_address=lambda _endpoint: "127.0.0.1")


MakeDoor = Callable[..., Door]


@pytest.fixture
def door(request: pytest.FixtureRequest) -> Iterator[MakeDoor]:
    """Open a site that takes one way of logging in; time stands still unless the client sleeps."""
    servers: list[Server] = []

    def make(way: str, tls: bool | str = True, *, realm: Realm | None = None, **options: Any) -> Door:
        auth = way.partition("-")[0]
        if "kerberos" in way:
            pytest.importorskip("kerberos", reason="pykerberos is not installed")
            realm = realm or request.getfixturevalue("in_realm")
            options["keytab"] = realm.keytab
        server = Server("small", tls=tls, auth=options.pop("auth", (auth,)), speed=0.0, **options)
        if realm is not None:
            realm.add_user(User(server.account.user, server.account.password))
        server.start()
        servers.append(server)
        return Door(server, way, realm)

    yield make
    defects = [text for server in servers for text in server.errors]
    for server in servers:
        server.stop()
    assert not defects, "the simulator itself failed:\n" + "\n".join(defects)
