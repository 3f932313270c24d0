# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests written and answers opened: names in, bytes out; bytes in, an element or an error out. No I/O."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from . import markup, names
from .errors import OutcomeUnknown
from .faults import read_fault

Selectors = Iterable["tuple[str, str]"]
# Each an Option, or a plain (name, value) or (name, value, type).
Options = Iterable["tuple[str, ...]"]


class Option(NamedTuple):
    """A w:Option: `wmi:X` becomes value X of the WMI call's context object (wire H-11). `type`: for instance xs:boolean."""

    name: str
    value: str
    type: str = ""


_OPEN = (
    f'<s:Envelope xmlns:s="{names.SOAP}" xmlns:a="{names.ADDRESSING}" xmlns:w="{names.WSMAN}" xmlns:m="{names.MICROSOFT}">'
    "<s:Header>"
)


def build(
    action: str,
    resource_uri: str,
    body: bytes | None = None,
    *,
    to: str,
    message_id: str,
    max_envelope_size: int,
    operation_timeout: float,
    selectors: Selectors = (),
    options: Options = (),
    fragment: str | None = None,
) -> bytes:
    """A request with the header set that works everywhere (wire H-02). Never m:OperationID, which changes the protocol (H-10).

    `body` is complete XML as `markup.serialise` gives it; `operation_timeout` is in seconds. Raises BadValue.
    """
    escape = markup.escape
    parts = [
        _OPEN,
        f"<a:To>{escape(to)}</a:To>",
        f'<w:ResourceURI s:mustUnderstand="true">{escape(resource_uri, "resource URI")}</w:ResourceURI>',
        f'<a:ReplyTo><a:Address s:mustUnderstand="true">{names.ANONYMOUS}</a:Address></a:ReplyTo>',
        f'<a:Action s:mustUnderstand="true">{escape(action)}</a:Action>',
        f'<w:MaxEnvelopeSize s:mustUnderstand="true">{int(max_envelope_size)}</w:MaxEnvelopeSize>',
        f"<a:MessageID>{escape(message_id)}</a:MessageID>",
        '<w:Locale xml:lang="en-US" s:mustUnderstand="false"/>',
        '<m:DataLocale xml:lang="en-US" s:mustUnderstand="false"/>',
        f"<w:OperationTimeout>{duration(operation_timeout)}</w:OperationTimeout>",
    ]
    selected = [
        f'<w:Selector Name="{escape(name)}">{escape(value, f"key {name}")}</w:Selector>' for name, value in selectors
    ]
    if selected:
        parts.append(f"<w:SelectorSet>{''.join(selected)}</w:SelectorSet>")
    chosen = [_option(Option(*option)) for option in options]
    if chosen:
        parts.append(f'<w:OptionSet xmlns:xs="{names.XS}">{"".join(chosen)}</w:OptionSet>')
    if fragment is not None:  # wire G-06: mustUnderstand has to be true; G-07: the bare name, no leading slash
        parts.append(f'<w:FragmentTransfer s:mustUnderstand="true">{escape(fragment)}</w:FragmentTransfer>')
    parts.append("</s:Header><s:Body>")
    return "".join(parts).encode("utf-8") + (body or b"") + b"</s:Body></s:Envelope>"


def _option(option: Option) -> str:
    typed = f' Type="{markup.escape(option.type)}"' if option.type else ""
    value = markup.escape(option.value, f"option {option.name}")
    return f'<w:Option Name="{markup.escape(option.name)}"{typed}>{value}</w:Option>'


def identify() -> bytes:
    """The Identify request, which has no headers (wire A-01)."""
    return (
        f'<s:Envelope xmlns:s="{names.SOAP}" xmlns:wsmid="{names.IDENTITY}">'
        "<s:Header/><s:Body><wsmid:Identify/></s:Body></s:Envelope>"
    ).encode()


def duration(seconds: float) -> str:
    """Seconds as xs:duration, to the millisecond (wire H-07)."""
    return f"PT{seconds:.3f}".rstrip("0").rstrip(".") + "S"


def open_answer(document: bytes, message_id: str | None) -> Element | None:
    """The body's element, None for an empty body. Raises WSManFault, or OutcomeUnknown if this is not the answer to `message_id`.

    `message_id` None is for Identify, whose answer has no headers.
    """
    try:
        envelope = markup.parse(document)
    except ElementTree.ParseError as problem:
        raise OutcomeUnknown(
            f"The answer is not XML we can read ({problem})",
            hint="Is this a WinRM service, and is there a proxy in between?",
        ) from None
    if envelope.tag != f"{{{names.SOAP}}}Envelope":
        raise OutcomeUnknown(
            "The answer is not a SOAP 1.2 envelope", hint="Is this a WinRM service, and is there a proxy in between?"
        )
    body = envelope.find(f"{{{names.SOAP}}}Body")
    if body is None:
        raise OutcomeUnknown("The answer is a SOAP envelope without a body")
    answer = next(iter(body), None)
    is_fault = answer is not None and answer.tag == f"{{{names.SOAP}}}Fault"
    related = envelope.findtext(f"{{{names.SOAP}}}Header/{{{names.ADDRESSING}}}RelatesTo")
    # A service that could not read our header cannot repeat its MessageID: only faults may lack RelatesTo.
    excused = message_id is None or (is_fault and related is None)
    if not excused and (related or "").strip().lower() != str(message_id).lower():
        raise OutcomeUnknown(
            "The answer belongs to another request",
            hint="The session is discarded, because its other answers may be mixed up too.",
        )
    if is_fault and answer is not None:
        raise read_fault(answer)
    return answer
