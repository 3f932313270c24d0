# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of a provider host as they stand on the wire, for probes that look at their form. Reads only."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from .._cim import wql
from .._cim.types import STRING, UINT32
from .._provider.schema import Schemas, schemas_of
from .._provider.site import ROOT, Site
from .._wsman import envelope, markup, names, settings
from .._wsman.errors import ConfigMgrError, NotExecuted, WSManFault
from .._wsman.verbs import Link

if TYPE_CHECKING:
    from .._wsman.transport import Transport

BASE = "SMS_PackageBaseclass"
# Whole packages that are read to see how values look; one request each.
MOST_SAMPLES = 20
# Bytes; the least that WinRM takes as MaxEnvelopeSize (wire H-08), so that a short list needs several answers.
SMALL_ENVELOPE = 8192
MICROSOFT, DMTF = "microsoft", "dmtf"


@dataclass(frozen=True)
class Reply:
    """One answer: its bytes, what is in the body, and the fault if that is what came."""

    document: bytes
    body: Element | None = None
    fault: WSManFault | None = None

    @property
    def root(self) -> Element | None:
        """The whole envelope, None if it is no XML."""
        try:
            return markup.parse(self.document)
        except ElementTree.ParseError:
            return None

    @property
    def characters(self) -> int:
        """Its length in characters, whatever the encoding."""
        return len(self.document.decode("utf-16" if self.is_utf16 else "utf-8", "replace"))

    @property
    def is_utf16(self) -> bool:
        """Whether the bytes are UTF-16 (wire H-01)."""
        return self.document[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in self.document[:4]

    @property
    def items(self) -> list[Element]:
        """The rows of an answer to Enumerate or Pull."""
        found = markup.child(self.body, "Items")
        return list(found) if found is not None else []

    @property
    def context(self) -> str:
        """Where the list goes on; empty at its end."""
        if self.body is None or markup.child(self.body, "EndOfSequence") is not None:
            return ""
        found = markup.child(self.body, "EnumerationContext")
        return (found.text or "").strip() if found is not None else ""


class _Recorder:
    """A transport that keeps the last answer."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner
        self.last = b""

    def send(self, message: bytes, timeout: float | None = None) -> bytes:
        self.last = b""
        self.last = self._inner.send(message, timeout)
        return self.last

    def close(self) -> None:
        self._inner.close()


class Look:
    """A session of its own on the site, that shows answers as they came. One login more than the site's own."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.schemas: Schemas = schemas_of(site)
        self._recorders: list[_Recorder] = []
        self._own = Site(replace(site.means, connect=self._connect(site)), site.address, site.code)
        self._link: Link = self._own._link
        self._settings: Mapping[str, str] | None = None
        self._settings_read = False
        self._samples: list[Element] | None = None
        self.style = self._settle()

    def _connect(self, site: Site) -> Callable[[Any, str], Transport]:
        def connect(endpoint: Any, address: str) -> Transport:
            recorder = _Recorder(site.means.connect(endpoint, address))
            self._recorders.append(recorder)
            return recorder

        return connect

    @property
    def requests(self) -> int:
        """WS-Management requests of this session."""
        return self._own.requests

    def close(self) -> None:
        """End the session."""
        self._own.close()

    def _settle(self) -> str:
        """The form of resource URI that this host takes (wire Q-01)."""
        reply = self.query("SELECT SiteCode FROM SMS_Site", style=MICROSOFT)
        if reply.context:
            self.release(reply.context, style=MICROSOFT)
        taken = reply.fault is None or reply.fault.extended or any(code >> 16 == 0x8004 for code in reply.fault.codes)
        return MICROSOFT if taken else DMTF

    # -- requests --------------------------------------------------------------------------------------------------

    def uri(self, class_name: str, style: str = "", namespace: str = "") -> str:
        """The address of a class, or of all for `*`."""
        if (style or self.style) == DMTF:
            return names.DMTF_ALL if class_name == "*" else names.DMTF_CLASS + class_name
        return f"{names.MICROSOFT_CLASS}{namespace or self.namespace}/{class_name}"

    @property
    def namespace(self) -> str:
        """The namespace of the site."""
        return f"{ROOT}/site_{self.site.code}"

    def ask(
        self,
        action: str,
        uri: str,
        body: bytes | None = None,
        *,
        keys: Mapping[str, str] | None = None,
        options: envelope.Options = (),
        style: str = "",
        namespace: str = "",
        max_envelope: int = 0,
    ) -> Reply:
        """One request, never repeated; a fault is an answer too. Raises what stands for no answer at all."""
        space = [(names.NAMESPACE_SELECTOR, namespace or self.namespace)] if (style or self.style) == DMTF else []
        message_id = f"uuid:{str(uuid.uuid4()).upper()}"
        message = envelope.build(
            action,
            uri,
            body,
            to=self._link.to,
            message_id=message_id,
            max_envelope_size=max_envelope or self._link.max_envelope_size,
            operation_timeout=self._link.operation_timeout,
            selectors=[*space, *(keys or {}).items()],
            options=options,
        )
        try:
            answer = self._link.exchange(message, message_id)
        except WSManFault as fault:
            return Reply(self._last(), fault=fault)
        except NotExecuted as refused:
            if refused.fault is None:
                raise
            return Reply(self._last(), fault=refused.fault)
        return Reply(self._last(), answer)

    def _last(self) -> bytes:
        return self._recorders[-1].last if self._recorders else b""

    def query(
        self,
        text: str,
        *,
        style: str = "",
        namespace: str = "",
        options: envelope.Options = (),
        max_envelope: int = 0,
    ) -> Reply:
        """The first answer to a query. Whatever is left of the list is not given back: see `release`."""
        request = Element(f"{{{names.ENUMERATION}}}Enumerate")
        SubElement(request, f"{{{names.WSMAN}}}OptimizeEnumeration")
        SubElement(request, f"{{{names.WSMAN}}}MaxElements").text = "32000"
        SubElement(request, f"{{{names.WSMAN}}}Filter", {"Dialect": names.WQL_DIALECT}).text = text
        return self.ask(
            names.ENUMERATE,
            self.uri("*", style, namespace),
            markup.serialise(request),
            style=style,
            namespace=namespace,
            options=options,
            max_envelope=max_envelope,
        )

    def pull(self, context: str, *, max_envelope: int = 0) -> Reply:
        """The next answer of a list."""
        request = Element(f"{{{names.ENUMERATION}}}Pull")
        SubElement(request, f"{{{names.ENUMERATION}}}EnumerationContext").text = context
        SubElement(request, f"{{{names.ENUMERATION}}}MaxElements").text = "32000"
        return self.ask(names.PULL, self.uri("*"), markup.serialise(request), max_envelope=max_envelope)

    def release(self, context: str, *, style: str = "") -> None:
        """Give the rest of a list back."""
        if not context:
            return
        request = Element(f"{{{names.ENUMERATION}}}Release")
        SubElement(request, f"{{{names.ENUMERATION}}}EnumerationContext").text = context
        try:
            self.ask(names.RELEASE, self.uri("*", style), markup.serialise(request), style=style)
        except ConfigMgrError:
            pass  # it ends by itself after a minute

    def peek(self, text: str, **how: Any) -> Reply:
        """The first answer to a query, the rest given back."""
        reply = self.query(text, **how)
        if reply.context:
            self.release(reply.context, style=how.get("style", ""))
        return reply

    def get(self, class_name: str, keys: Mapping[str, str]) -> Reply:
        """One object by its keys."""
        return self.ask(names.GET, self.uri(class_name), keys=keys)

    # -- what several probes look at -------------------------------------------------------------------------------

    def settings(self) -> Mapping[str, str] | None:
        """WinRM's own settings, None where this account may not read them."""
        if not self._settings_read:
            self._settings, self._settings_read = settings.read(self._link), True
        return self._settings

    def samples(self) -> list[Element]:
        """Some whole packages, as they stand in the answers."""
        if self._samples is None:
            self._samples = list(self._read_samples())
        return self._samples

    def _read_samples(self) -> Iterator[Element]:
        rows = self.site.rows(
            "SMS_Package", {"PackageID": STRING, "PackageType": UINT32}, wql.equals("PkgSourceFlag", 2)
        )
        found = []
        try:
            for row in rows:
                found.append(row["PackageID"] or "")
                if len(found) == MOST_SAMPLES:
                    break
        finally:
            rows.close()  # type: ignore[attr-defined]
        for package_id in found:
            body = self.get("SMS_Package", {"PackageID": package_id}).body
            if body is not None:
                yield body

    def package_id(self) -> str:
        """The id of any package that is visible, empty if none is."""
        for sample in self.samples():
            found = markup.child(sample, "PackageID")
            if found is not None and found.text:
                return found.text
        return ""
