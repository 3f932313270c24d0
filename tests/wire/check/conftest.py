# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sites for the tests of the connection check."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from smsprovsim.server import Server

from .visitor import PLAIN_SITE, Visitor

MakeVisitor = Callable[..., Visitor]


@pytest.fixture
def visit(tmp_path: Path) -> Iterator[MakeVisitor]:
    """Start a simulated site, changed as the keywords say, and check it; what came of it is told by step."""
    visitors: list[Visitor] = []

    def make(site: dict[str, Any] | None = None, **options: Any) -> Visitor:
        file = tmp_path / f"site{len(visitors)}.yml"
        file.write_text(yaml.safe_dump({**PLAIN_SITE, **(site or {})}), encoding="utf-8")
        options.setdefault("auth", ("ntlm",))
        server = Server(str(file), speed=0.0, **options)
        server.start()
        visitors.append(Visitor(server))
        return visitors[-1]

    yield make
    defects = [text for visitor in visitors for text in visitor.server.errors]
    for visitor in visitors:
        visitor.server.stop()
    assert not defects, "the simulator itself failed:\n" + "\n".join(defects)
