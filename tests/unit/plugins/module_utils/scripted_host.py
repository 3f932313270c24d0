# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A provider host that answers by a script, for tests without sockets."""

from __future__ import annotations

import re
from typing import Any
from xml.etree.ElementTree import canonicalize

from ansible_collections.configmgr.content.plugins.module_utils._wsman import markup, names
from ansible_collections.configmgr.content.plugins.module_utils._wsman.verbs import Link

# The body of an answer, an error to raise, or a function that makes the answer from the request.
Step = Any  # str, Exception or Callable[[bytes], bytes]


def soap(body: str, related: str) -> bytes:
    return (
        f'<s:Envelope xmlns:s="{names.SOAP}" xmlns:a="{names.ADDRESSING}" xmlns:n="{names.ENUMERATION}" '
        f'xmlns:w="{names.WSMAN}" xmlns:f="{names.WSMAN_FAULT}"><s:Header><a:RelatesTo>{related}</a:RelatesTo></s:Header>'
        f"<s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def fault(code: int, inner: int = 0) -> str:
    below = f'<f:ProviderFault><f:WSManFault Code="{inner}"/></f:ProviderFault>' if inner else ""
    return (
        "<s:Fault><s:Code><s:Value>s:Receiver</s:Value></s:Code><s:Reason><s:Text>refused</s:Text></s:Reason>"
        f'<s:Detail><f:WSManFault Code="{code}"><f:Message>{below}</f:Message></f:WSManFault></s:Detail></s:Fault>'
    )


class Host:
    """Answers by a script, and notes what was sent, over how many transports."""

    def __init__(self, *steps: Step) -> None:
        self.steps = list(steps)
        self.sent: list[bytes] = []
        self.timeouts: list[float | None] = []
        self.transports = 0
        self.closed = 0
        self.pauses: list[float] = []
        self.link = Link(self.connect, "https://cm01:5986/wsman", sleep=self.pauses.append)

    def connect(self) -> Host:
        self.transports += 1
        return self

    def close(self) -> None:
        self.closed += 1

    def send(self, envelope: bytes, timeout: float | None = None) -> bytes:
        self.sent.append(envelope)
        self.timeouts.append(timeout)
        step = self.steps.pop(0)
        if isinstance(step, Exception):
            raise step
        if callable(step):
            return step(envelope)
        related = re.search(rb"<a:MessageID>(.*?)</a:MessageID>", envelope)
        return soap(step, related.group(1).decode() if related else "")

    @property
    def actions(self) -> list[str]:
        found = [re.search(rb"<a:Action[^>]*>(.*?)</a:Action>", each) for each in self.sent]
        return [each.group(1).decode().rpartition("/")[2] if each else "" for each in found]

    def body(self, number: int) -> str:
        body = markup.parse(self.sent[number]).find(f"{{{names.SOAP}}}Body")
        assert body is not None
        return canonicalize("".join(markup.serialise(each).decode() for each in body), rewrite_prefixes=True)
