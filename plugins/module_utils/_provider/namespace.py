# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Any class of the SMS Provider, in the site's namespace or another one below root\\sms, without a declaration."""

from __future__ import annotations

from collections.abc import Generator, Mapping

from .._cim import wql
from .._cim.instance import Changes, Instance, ObjectPath
from .._cim.session import AUTO
from .._cim.types import STRING, Properties
from .._wsman.errors import ListBroken
from .errors import Impossible
from .schema import Schemas
from .site import LIST_ATTEMPTS, ROOT, Site


class Namespace:
    """What a namespace answers, with its refusals explained. Raises what `Site` raises."""

    def __init__(self, site: Site, name: str | None = None) -> None:
        """`name` with slashes of either kind. Raises Impossible for a namespace that is not the SMS Provider's."""
        self.site = site
        self._session = site._session
        if name:
            self._session = self._session.with_namespace(name)
            if not f"{self._session.namespace.lower()}/".startswith(f"{ROOT}/"):
                raise Impossible(
                    f"namespace {name} is none of the SMS Provider's", hint=f"It serves {ROOT} and what is below it"
                )
        self.schemas = Schemas(self._session)

    @property
    def name(self) -> str:
        """With forward slashes."""
        return self._session.namespace

    def instances(self, query: str) -> Generator[Instance, None, None]:
        """The rows of a query in constant memory, whatever they are. Complete only if it ends without an error."""
        with self.site._explained(f"Cannot carry out the query {query}"):
            yield from self._session.instances(query)

    def paths(self, query: str) -> list[ObjectPath]:
        """Where the objects of a query are: their real classes and their keys."""
        with self.site._explained(f"Cannot carry out the query {query}"):
            return list(self._session.paths(query))

    def get(self, class_name: str, keys: Mapping[str, str], parts: tuple[str, ...] = ()) -> Instance:
        """One object by its keys, lazy properties included; `parts` one by one if it is too large for the envelope (wire R-06)."""
        path = ObjectPath(self.name, class_name, tuple(keys.items()))
        with self.site._explained(f"Cannot read {path}"):
            return self._session.get(class_name, keys, parts or None)

    def all_of(self, query: str) -> list[Instance]:
        """The rows of a query at once; a list that breaks off half-way is asked for again from the start (wire R-06)."""
        for _attempt in range(LIST_ATTEMPTS - 1):
            try:
                return list(self.instances(query))
            except ListBroken:
                continue
        return list(self.instances(query))

    def create(self, class_name: str, values: Changes) -> dict[str, str]:
        """Make an object; its keys, as far as the answer tells them (wire C-05). Raises OutcomeUnknown for a lost answer."""
        self._settle()
        with self.site.writing(f"creation of {class_name}"), self.site._explained(f"Cannot create {class_name}"):
            return dict(self._session.create(class_name, values).keys)

    def call(
        self, class_name: str, method: str, keys: Mapping[str, str], arguments: Changes, reading: bool = False
    ) -> Properties:
        """Call a method, of an object or without keys of the class; what came out, ReturnValue included and not judged.

        `reading`: it changes nothing, so a lost call is repeated. Raises OutcomeUnknown for any other that was lost.
        """
        path = ObjectPath(self.name, class_name, tuple(keys.items()))
        if not reading:
            self._settle()
        what = "" if reading else f"{method} of {path}"
        with self.site.writing(what), self.site._explained(f"{method} of {path} failed"):
            answer = self._session.answer_of(class_name, method, arguments, keys, reading=reading)
        return Properties(answer)

    def _settle(self) -> None:
        """Find out which form of resource URI the host takes, by reading: what is sent once must not be refused for that (wire Q-01)."""
        if self._session.style == AUTO:
            with self.site._explained("Cannot read SMS_Site"):
                list(self.site._session.rows(wql.select(("SiteCode",), "SMS_Site"), {"SiteCode": STRING}))
