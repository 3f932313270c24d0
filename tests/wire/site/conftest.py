# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sites for the tests of reading a site and of the fidelity report."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sites import MakePlace, Place

from smsprovsim.server import Server


@pytest.fixture
def make_place() -> Iterator[MakePlace]:
    """Start simulated sites; they stop with the test."""
    places: list[Place] = []

    def make(scenario: str = "small", **options: Any) -> Place:
        options.setdefault("auth", ("ntlm",))
        options.setdefault("tls", False)
        server = Server(scenario, speed=0.0, **options)
        server.start()
        places.append(Place(server))
        return places[-1]

    yield make
    defects = [text for place in places for text in place.server.errors]
    for place in places:
        place.close()
    assert not defects, "the simulator itself failed:\n" + "\n".join(defects)


@pytest.fixture
def place(make_place: MakePlace) -> Place:
    """The scenario `small`."""
    return make_place()
