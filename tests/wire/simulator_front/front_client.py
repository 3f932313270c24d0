# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Envelopes written out by hand and pywinrm's Transport: a client that shares nothing with the collection's own."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar
from xml.sax.saxutils import escape, quoteattr

from lxml import etree
from winrm.exceptions import WinRMTransportError
from winrm.transport import Transport

NS = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "a": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    "x": "http://schemas.xmlsoap.org/ws/2004/09/transfer",
    "n": "http://schemas.xmlsoap.org/ws/2004/09/enumeration",
    "w": "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd",
    "b": "http://schemas.dmtf.org/wbem/wsman/1/cimbinding.xsd",
    "m": "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd",
    "f": "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault",
    "cim": "http://schemas.dmtf.org/wbem/wscim/1/common",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "wsmid": "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd",
}
SITE = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/sms/site_PS1/"
PACKAGE = SITE + "SMS_Package"
DMTF = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/"
ANONYMOUS = NS["a"] + "/role/anonymous"
WQL = "http://schemas.microsoft.com/wbem/wsman/1/WQL"
IDENTIFY = (
    f'<s:Envelope xmlns:s="{NS["s"]}"><s:Header/><s:Body><i:Identify xmlns:i="{NS["wsmid"]}"/></s:Body></s:Envelope>'
)


def envelope(
    action: str,
    uri: str | None,
    body: str = "",
    *,
    selectors: Any = (),
    options: Any = (),
    size: int | str | None = 512000,
    timeout: str | None = "PT60S",
    header: str = "",
    leave_out: tuple[str, ...] = (),
) -> str:
    """A request; `header` is put in as it is, `leave_out` names headers to leave out."""
    pairs = list(selectors.items() if isinstance(selectors, dict) else selectors)
    parts = {
        "To": "<a:To>https://localhost/wsman</a:To>",
        "ResourceURI": f'<w:ResourceURI s:mustUnderstand="true">{uri}</w:ResourceURI>' if uri else "",
        "ReplyTo": f'<a:ReplyTo><a:Address s:mustUnderstand="true">{ANONYMOUS}</a:Address></a:ReplyTo>',
        "Action": f'<a:Action s:mustUnderstand="true">{action}</a:Action>',
        "Size": f'<w:MaxEnvelopeSize s:mustUnderstand="true">{size}</w:MaxEnvelopeSize>' if size else "",
        "MessageID": f"<a:MessageID>uuid:{uuid.uuid4()}</a:MessageID>",
        "Locale": '<w:Locale xml:lang="en-US" s:mustUnderstand="false"/>',
        "Timeout": f"<w:OperationTimeout>{timeout}</w:OperationTimeout>" if timeout else "",
    }
    for name in leave_out:
        parts[name] = ""
    chosen = "".join(f"<w:Selector Name={quoteattr(name)}>{escape(value)}</w:Selector>" for name, value in pairs)
    if chosen:
        parts["SelectorSet"] = f"<w:SelectorSet>{chosen}</w:SelectorSet>"
    given = "".join(
        f"<w:Option Name={quoteattr(name)} Type={quoteattr('xs:' + kind)}>{escape(value)}</w:Option>"
        for name, value, kind in options
    )
    if given:
        parts["OptionSet"] = f"<w:OptionSet>{given}</w:OptionSet>"
    spaces = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NS.items())
    return f"<s:Envelope {spaces}><s:Header>{''.join(parts.values())}{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>"


class Fault(Exception):
    """A SOAP fault, with what the tests look at."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self.code = next((int(each.get("Code")) for each in root.iterfind(".//f:WSManFault", NS)), 0)
        self.codes = [int(each.get("Code")) for each in root.iterfind(".//f:WSManFault", NS)]
        self.subcode = root.findtext(".//s:Subcode/s:Value", None, NS)
        self.reason = root.findtext(".//s:Reason/s:Text", None, NS)
        self.detail = (root.findtext(".//w:FaultDetail", None, NS) or "").rpartition("/")[2]
        self.action = root.findtext(".//a:Action", None, NS)
        super().__init__(f"{self.code} {self.subcode} {self.reason}")


class Client:
    """Sends envelopes through pywinrm to a `smsprovsim.server.Server`."""

    made: ClassVar[list[Client]] = []  # closed after each test

    def __init__(
        self, server: Any, auth: str = "basic", user: str | None = None, password: str | None = None, **more: Any
    ) -> None:
        self.transport = Transport(
            endpoint=f"{'https' if server.tls else 'http'}://localhost:{server.port}/wsman",
            username=server.account.principal if user is None else user,
            password=server.account.password if password is None else password,
            auth_method=auth,
            ca_trust_path=server.ca_cert or None,
            read_timeout_sec=30,
            proxy=None,
            **more,
        )
        self.made.append(self)

    def send(self, request: str | bytes) -> Any:
        """The answer's root; raises `Fault`."""
        try:
            answer = self.transport.send_message(request)
        except WinRMTransportError as error:
            if error.code == 500 and "Envelope" in error.response_text:
                raise Fault(etree.fromstring(error.response_text.encode())) from None
            raise
        return etree.fromstring(answer)

    def call(self, *arguments: Any, **more: Any) -> Any:
        """Send an envelope, and return the body's element, or None."""
        root = self.send(envelope(*arguments, **more))
        body = root.find("s:Body", NS)
        return body[0] if len(body) else None

    # Verbs

    def get(self, package: str = "PS100001", **more: Any) -> Any:
        return self.call(NS["x"] + "/Get", more.pop("uri", PACKAGE), selectors={"PackageID": package}, **more)

    def put(self, body: str, package: str = "PS100001", **more: Any) -> Any:
        return self.call(NS["x"] + "/Put", more.pop("uri", PACKAGE), body, selectors={"PackageID": package}, **more)

    def invoke(self, method: str, body: str | None = None, package: str | None = "PS100001", **more: Any) -> Any:
        uri = more.pop("uri", PACKAGE)
        content = body if body is not None else f'<p:{method}_INPUT xmlns:p="{uri}"/>'
        more.setdefault("selectors", {"PackageID": package} if package else ())
        return self.call(f"{uri}/{method}", uri, content, **more)

    def enumerate(
        self, wql: str | None, count: int | None = 32000, *, optimize: bool = True, inner: str = "", **more: Any
    ) -> Any:
        body = "<n:Enumerate>"
        body += "<w:OptimizeEnumeration/>" if optimize else ""
        body += f"<w:MaxElements>{count}</w:MaxElements>" if count else ""
        body += inner
        body += f'<w:Filter Dialect="{WQL}">{escape(wql)}</w:Filter>' if wql else ""
        return self.call(NS["n"] + "/Enumerate", more.pop("uri", SITE + "*"), body + "</n:Enumerate>", **more)

    def pull(self, context: str, count: int | None = 32000, **more: Any) -> Any:
        elements = f"<n:MaxElements>{count}</n:MaxElements>" if count else ""
        body = f"<n:Pull><n:EnumerationContext>{context}</n:EnumerationContext>{elements}</n:Pull>"
        return self.call(NS["n"] + "/Pull", more.pop("uri", SITE + "*"), body, **more)

    def release(self, context: str, **more: Any) -> Any:
        body = f"<n:Release><n:EnumerationContext>{context}</n:EnumerationContext></n:Release>"
        return self.call(NS["n"] + "/Release", more.pop("uri", SITE + "*"), body, **more)

    def rows(self, wql: str, **more: Any) -> list[Any]:
        """All items of a query."""
        answer = self.enumerate(wql, **more)
        items = list(answer.find("w:Items", NS))
        while answer.find("w:EndOfSequence", NS) is None and answer.find("n:EndOfSequence", NS) is None:
            answer = self.pull(context_of(answer), **more)
            items += answer.find("n:Items", NS)
        return items


def context_of(answer: Any) -> str:
    """The enumeration context of an answer."""
    return answer.findtext("n:EnumerationContext", None, NS) or ""


def texts(element: Any) -> dict[str, str | None]:
    """Children by local name; nil and embedded ones as None."""
    return {etree.QName(child).localname: child.text for child in element}
