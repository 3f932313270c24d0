# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of switches: every point that no public source settles, with both answers and the reason of the default.

The front registers its own below; the site adds those of its behaviour with `register(..., side="site")` when its
modules are imported. A place that depends on one says `# ASSUMED: <switch name>`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

NUMBER = "<number>"


class UnknownSwitch(ValueError):
    """No such switch, or no such value of it."""


@dataclass(frozen=True)
class Switch:
    """One open question: `values` are the answers offered, `(NUMBER,)` stands for any number of zero or more."""

    name: str
    values: tuple[str, ...]
    default: str
    fact: str  # number of the fact or question in the reference pages
    why: str
    side: str = "front"

    def accept(self, value: str) -> str:
        """The value in its own spelling; raises `UnknownSwitch` when it is none of this switch."""
        text = str(value).strip().lower()
        if self.values == (NUMBER,):
            if text.replace(".", "", 1).isdigit():
                return text
            raise UnknownSwitch(f"switch {self.name} takes a number, not {value!r}")
        for known in self.values:
            if known.lower() == text:
                return known
        raise UnknownSwitch(f"switch {self.name} is one of {', '.join(self.values)}, not {value!r}")


TABLE: dict[str, Switch] = {}


def register(name: str, values: tuple[str, ...], default: str, fact: str, why: str, *, side: str = "site") -> Switch:
    """Add a switch to the table. Registering the same one twice is harmless; two different ones are an error."""
    switch = Switch(name, tuple(values), default, fact, why, side)
    if TABLE.setdefault(name, switch) != switch:
        raise ValueError(f"switch {name} is registered twice with different contents")
    switch.accept(default)
    return switch


class Switches(Mapping[str, str]):
    """The switches in force: the defaults of the table, with those that were set laid over."""

    def __init__(self, chosen: Mapping[str, str] | None = None) -> None:
        self._chosen: dict[str, str] = {}
        for name, value in (chosen or {}).items():
            self.set(name, value)

    def set(self, name: str, value: str) -> None:
        """Set one switch; raises `UnknownSwitch`."""
        if name not in TABLE:
            raise UnknownSwitch(f"there is no switch {name!r}; known: {', '.join(sorted(TABLE))}")
        self._chosen[name] = TABLE[name].accept(value)

    def __getitem__(self, name: str) -> str:
        chosen = self._chosen.get(name)
        return TABLE[name].default if chosen is None else chosen

    def __iter__(self) -> Iterator[str]:
        return iter(TABLE)

    def __len__(self) -> int:
        return len(TABLE)

    def number(self, name: str) -> float:
        """The value of a switch that takes a number."""
        return float(self[name])

    def chosen(self, side: str | None = None) -> dict[str, str]:
        """Those set by somebody, of one side or of both."""
        return {name: value for name, value in self._chosen.items() if side in (None, TABLE[name].side)}


def parse(pairs: list[str]) -> dict[str, str]:
    """``["name=value", ...]`` as given on the command line; raises `UnknownSwitch` for a pair without ``=``."""
    chosen = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise UnknownSwitch(f"--switch takes name=value, not {pair!r}")
        chosen[name.strip()] = value.strip()
    return chosen


def _front(name: str, values: tuple[str, ...], default: str, fact: str, why: str) -> None:
    register(name, values, default, fact, why, side="front")


# Addresses
_front(
    "microsoft_uri",
    ("accepted", "refused"),
    "accepted",
    "wire Q-01, U-05",
    "The plug-in documents it for every namespace; nobody has shown it with SMS classes in public.",
)
_front(
    "microsoft_uri_code",
    ("2150858752", "2150858754", "2150858811"),
    "2150858752",
    "wire Q-01",
    "With which fault a host would refuse it: all three mean that the resource is not there.",
)
_front(
    "unknown_class_code",
    ("2150858752", "2150858811", "2147749904"),
    "2150858752",
    "wire F-06, codes",
    "Outer code of a class that does not exist; the inner one is 0x80041010 either way.",
)
_front(
    "unknown_namespace_code",
    ("2150858754", "2150858811", "2147749902"),
    "2150858754",
    "wire F-06, codes",
    "Outer code of a namespace that does not exist; the inner one is 0x8004100E either way.",
)
_front(
    "response_namespace_case",
    ("request", "lower"),
    "request",
    "wire U-11",
    "URIs compare without case; whether a host echoes the spelling of the request is not recorded.",
)

# Limits
_front("max_envelope_kb", (NUMBER,), "500", "wire L-01", "500 on 2012 and later, 150 before; administrators raise it.")
_front("max_timeout_ms", (NUMBER,), "60000", "wire L-02, H-07", "The documented default.")
_front("max_batch_items", (NUMBER,), "32000", "wire L-03", "20 on the oldest; a larger MaxElements is reduced.")
_front(
    "enumeration_timeout_ms",
    (NUMBER,),
    "60000",
    "wire L-06, Q-05",
    "The stricter one; 240000 is reported on 2012 and later.",
)
_front(
    "max_operations_per_user",
    (NUMBER,),
    "15",
    "wire L-04, U-12",
    "Open enumerations per user: the plug-in's own quota is 15, the service's 1500.",
)
_front("byte_accounting", ("two", "one"), "two", "wire E-08, Q-04", "Bytes charged for a character: captures fit two.")
_front(
    "first_batch",
    ("one", "full"),
    "one",
    "wire E-03, Q-04",
    "One item in the first answer on 2008 R2 and 2012; later versions unknown.",
)
_front(
    "winrm_config",
    ("denied", "readable"),
    "denied",
    "wire L-01 to L-14",
    "Whether an account that is no administrator of the host may read winrm/config.",
)
_front(
    "idle_connection_seconds",
    (NUMBER,),
    "0",
    "wire A-12",
    "Logical seconds after which an idle connection is dropped; HTTP.sys does it after 120. 0 is never.",
)
_front(
    "work_after_timeout",
    ("goes_on", "cancelled"),
    "goes_on",
    "wire S-11, I-09",
    "Whether the provider goes on when WinRM has answered that the call timed out.",
)

# Authentication and encryption
_front(
    "channel_binding",
    ("relaxed", "strict", "none"),
    "relaxed",
    "wire L-12, A-11; peers V-16",
    "CbtHardeningLevel, default Relaxed.",
)
_front(
    "credssp_trailer",
    ("relaxed", "strict"),
    "relaxed",
    "peers V-14",
    "Some Windows versions refuse a wrong trailer length.",
)
_front(
    "credssp_error_code",
    ("logon_denied", "reason"),
    "logon_denied",
    "peers V-13",
    "errorCode of a refused login (CredSSP 3, 4, 6): always SEC_E_LOGON_DENIED, or the NTSTATUS of the reason (MS-CSSP 2.2.1).",
)
_front(
    "credssp_version",
    ("6", "5", "3", "2"),
    "6",
    "wire A-08",
    "The newest version a host speaks (MS-CSSP 2.2.1); those of before the patches of 2018 stop at 2 or 3.",
)
_front(
    "credssp_minimum_version",
    ("2", "5"),
    "2",
    "wire A-08",
    "The oldest version a host takes: 5 under the policy Force Updated Clients.",
)
_front(
    "certificate_refusal",
    ("403", "401"),
    "403",
    "wire F-20, F-21",
    "How a client certificate that is expired or signed by a stranger is refused; one without an account gets 401.",
)
_front(
    "plain_refusal",
    ("500", "400", "401"),
    "500",
    "wire K-02, L-10",
    "How an unencrypted request is refused with AllowUnencrypted=false: that it fails is known, the status is not.",
)

# Values
_front(
    "datetime_without_zone",
    ("z", "none", "dmtf"),
    "z",
    "wire T-09, Q-06; behaviour 21",
    "A value with +*** as wall time with Z, without a zone, or as cim:CIM_DateTime in DMTF form.",
)
_front(
    "datetime_dmtf",
    ("accepted", "refused"),
    "accepted",
    "wire T-08, T-09, Q-06",
    "A datetime sent as cim:CIM_DateTime, by a host that does not send them so: only that form says that there is no zone.",
)
_front(
    "datetime_bare_text",
    ("refused", "accepted"),
    "refused",
    "wire T-08; peers V-04",
    "A datetime sent without a child element.",
)
_front(
    "null_array",
    ("absent", "nil"),
    "absent",
    "wire T-07",
    "Captures leave it out; the specification has one nil element.",
)
_front(
    "embedded_wrapper",
    ("absent", "present"),
    "absent",
    "wire T-13, Q-03",
    "Whether the embedded instance has one more element around its properties, named after its class.",
)
_front(
    "embedded_without_type",
    ("refused", "declared"),
    "refused",
    "peers V-02",
    "An embedded instance without xsi:type: refused, or of the declared class.",
)
_front(
    "illegal_characters",
    ("question_mark", "fault"),
    "question_mark",
    "wire T-10",
    "Control characters in a value: replaced by ?, or fault 2150859018.",
)
_front(
    "class_qualifiers",
    ("present", "absent"),
    "present",
    "peers V-07; wire M-02",
    "Whether key, lazy and read come along when qualifiers are asked for.",
)
_front(
    "output_type",
    ("present", "absent"),
    "present",
    "wire I-03",
    "xsi:type on METHOD_OUTPUT; the specification's example has none.",
)

# Verbs
_front(
    "put_absent_property",
    ("refused", "null", "unchanged"),
    "refused",
    "wire P-01, Q-02",
    "A non-array property missing from a full Put: MissingValues, written as null, or left alone.",
)
_front(
    "put_absent_array",
    ("unchanged", "null"),
    "unchanged",
    "wire P-09, Q-02",
    "An array missing from a full Put: left alone, or cleared.",
)
_front("put_response", ("instance", "empty"), "instance", "wire P-05", "What PutResponse carries.")
_front(
    "context_options",
    ("accepted", "refused", "invalid"),
    "accepted",
    "wire Q-07, H-11, section 10",
    "Whether wmi: options are taken, and as what they are refused.",
)

# Faults
_front(
    "wmi_outer_code",
    ("provider_failure", "hresult"),
    "provider_failure",
    "wire F-06",
    "Outer code around an HRESULT that has no WSMan code of its own.",
)
_front("access_denied_code", ("5", "2150859013", "2147749891"), "5", "wire S-06, H-14", "Outer code around 0x80041003.")
_front(
    "wmi_error",
    ("mi_client", "dmtf", "never"),
    "mi_client",
    "wire F-03",
    "When the detail is MSFT_WmiError: DMTF URI with MI options, every DMTF URI, never.",
)
_front("fault_reason", ("text", "empty"), "text", "wire F-02", "Both are captured.")
_front(
    "activity_id", ("absent", "present"), "absent", "wire H-09", "An m:ActivityId header in answers of newer builds."
)
_front(
    "response_charset", ("utf-8", "utf-16"), "utf-8", "wire H-01, W-08", "UTF-16 answers are legal, and break pywinrm."
)
