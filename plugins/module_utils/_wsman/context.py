# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Context values that go with every request of a task, until a host refuses them (wire H-11, Q-07)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from .envelope import Options
from .errors import WSManFault

# w:InvalidOptions and w:UnsupportedFeature: the service looks at the headers before it carries anything out (wire section 10).
REFUSALS = frozenset((2150858809, 2150858818))


def _unheard(_reason: str) -> None:
    """Nobody wants to know."""


class ContextValues:
    """What all sessions of one task send along. Once a host has refused it, none of them sends it any more."""

    def __init__(self, options: Options = (), on_refusal: Callable[[str], Any] = _unheard) -> None:
        self._options = tuple(options)
        self._on_refusal = on_refusal
        self._refused = False

    @property
    def options(self) -> Options:
        """The options of the next request."""
        return self._options

    @contextmanager
    def with_values(self, values: Mapping[str, str]) -> Iterator[None]:
        """Send these values, too, or instead of those of the same name, within the block. Not for sessions in parallel."""
        kept = self._options
        self.add(values)
        try:
            yield
        finally:
            self._options = () if self._refused else kept

    def value(self, name: str) -> str:
        """The value of a name, empty if none is sent."""
        return next((str(text) for each, text in self._options if each.lower() == name.lower()), "")

    def add(self, values: Mapping[str, str]) -> None:
        """Send these values from now on, instead of those of the same name."""
        if not self._refused:
            taken = {name.lower() for name in values}
            kept = (each for each in self._options if each[0].lower() not in taken)
            self._options = (*kept, *values.items())

    def refused_by(self, fault: WSManFault) -> bool:
        """Whether the fault is about them. They are then gone, and the request may be sent again: it was not carried out."""
        if not fault.codes & REFUSALS:
            return False
        options, self._options = self._options, ()
        self._refused = True
        if options:  # the first session to hear of it
            self._on_refusal(fault.reason or str(fault.code))
        return True
