# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""WinRM's own settings: read where allowed, never written (wire L-01 to L-12)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from front_client import NS, Client, Fault, texts

from smsprovsim.server import Server

CONFIG = "http://schemas.microsoft.com/wbem/wsman/1/config"


def test_they_are_read_as_they_are(serve: Callable[..., Server]) -> None:
    server = serve(switches={"winrm_config": "readable", "max_envelope_kb": "150", "max_operations_per_user": "7"})
    answer = Client(server).call(NS["x"] + "/Get", CONFIG)
    assert answer.tag == f"{{{CONFIG}}}Config"
    assert texts(answer)["MaxEnvelopeSizekb"] == "150"
    service = texts(answer.find(f"{{{CONFIG}}}Service"))
    assert (service["MaxConcurrentOperationsPerUser"], service["MaxConnections"]) == ("7", "300")


def test_they_may_be_out_of_reach(serve: Callable[..., Server]) -> None:
    with pytest.raises(Fault) as caught:
        Client(serve(switches={"winrm_config": "denied"})).call(NS["x"] + "/Get", CONFIG)
    assert caught.value.code == 5


@pytest.mark.parametrize("verb", ["Put", "Delete", "Create"])
def test_nobody_writes_them(serve: Callable[..., Server], verb: str) -> None:
    server = serve(switches={"winrm_config": "readable"})
    with pytest.raises(Fault) as caught:
        Client(server).call(f"{NS['x']}/{verb}", CONFIG, f'<c:Config xmlns:c="{CONFIG}"/>')
    assert caught.value.code == 5
    assert not server.journal[-1]["executed"]
