# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One request under way, with all that the verbs need of it and of the world."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from .codec import Reader, Style, Writer
from .model import Caller, CimClass, Site, WmiError
from .soap import Envelope
from .switches import Switches
from .target import Options, Target

# A Reader, Writer or verb never sees more of the server than this.


@dataclass
class Answer:
    """Body and action of a good answer; `header` holds further header blocks."""

    action: str
    body: str
    header: str = ""


@dataclass
class Operation:
    """A request that was understood: who asks what of which target, and the site to ask it of."""

    verb: str
    method: str
    envelope: Envelope
    options: Options
    target: Target
    caller: Caller
    site: Site
    site_lock: AbstractContextManager[Any]
    switches: Switches
    stopping: threading.Event
    wait: bool = True  # false: do not wait for the end of a method's work, because nobody will hear of it
    executed: bool = field(default=False)
    lasting: bool = field(default=False)  # executed although the answer is a fault

    @property
    def style(self) -> Style:
        """How to speak in the answer."""
        return self.target.style

    @contextmanager
    def asking_site(self) -> Iterator[Site]:
        """The site, for one thread at a time."""
        with self.site_lock:
            yield self.site

    def lookup(self, name: str) -> CimClass | None:
        """A class of the target's namespace."""
        with self.asking_site() as site:
            return site.cim_class(self.target.namespace, name)

    def writer(self) -> Writer:
        """A writer in the style of the request."""
        return Writer(self.style, self.switches, self.lookup)

    def reader(self) -> Reader:
        """A reader in the style of the request."""
        return Reader(self.style, self.switches, self.lookup)

    def require_namespace(self) -> None:
        """Raise the WMI error of a namespace that does not exist."""
        with self.asking_site() as site:
            if not site.namespace_exists(self.target.namespace):
                raise WmiError(0x8004100E, f"The CIM namespace {self.target.namespace} is not valid.")

    def cim_class(self) -> CimClass:
        """The class addressed; raises the WMI error of one that does not exist."""
        self.require_namespace()
        found = self.lookup(self.target.class_name)
        if found is None:
            raise WmiError(
                0x80041010,
                f"The class {self.target.class_name} does not exist in the {self.target.namespace} namespace.",
            )
        return found

    @property
    def server_limit(self) -> int:
        """MaxEnvelopeSizekb in bytes. ASSUMED: max_envelope_kb"""
        return int(self.switches.number("max_envelope_kb") * 1024)

    @property
    def limit(self) -> int:
        """Bytes that the answer may have (wire H-08)."""
        return min(self.envelope.max_envelope or self.server_limit, self.server_limit)

    def charge(self, characters: int) -> int:
        """Bytes charged for so many characters. ASSUMED: byte_accounting, for single objects as for batches."""
        return characters * (2 if self.switches["byte_accounting"] == "two" else 1)

    @property
    def too_large(self) -> int:
        """The code that says whose limit was passed (wire, code table)."""
        return 2150858824 if self.limit < self.server_limit else 2150858825

    @property
    def allowed_seconds(self) -> float:
        """The time a call may take: OperationTimeout, capped by MaxTimeoutms (wire H-07, L-02)."""
        cap = self.switches.number("max_timeout_ms") / 1000  # ASSUMED: max_timeout_ms
        return min(self.envelope.timeout or cap, cap)

    def fields(self) -> dict[str, Any]:
        """What the journal notes."""
        return {
            "verb": self.verb,
            "method": self.method,
            "namespace": self.target.namespace,
            "class": self.target.class_name,
        }
