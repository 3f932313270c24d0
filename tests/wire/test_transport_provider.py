# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two lowest layers together against the simulated SMS Provider: logins, both URI styles, weather, and counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._cim import wql
from ansible_collections.configmgr.content.plugins.module_utils._cim.session import WmiSession
from ansible_collections.configmgr.content.plugins.module_utils._cim.types import (
    BOOLEAN,
    DATETIME,
    EMBEDDED,
    STRING,
    UINT8,
    UINT32,
    Embedded,
    array_of,
)
from ansible_collections.configmgr.content.plugins.module_utils._wsman import verbs
from ansible_collections.configmgr.content.plugins.module_utils._wsman.errors import (
    NotAuthenticated,
    NotExecuted,
    OutcomeUnknown,
    WSManFault,
)
from ansible_collections.configmgr.content.plugins.module_utils._wsman.transport import (
    Endpoint,
    WinRMTransport,
    resolve,
)
from ansible_collections.configmgr.content.plugins.module_utils._wsman.verbs import Link

from smsprovsim.server import Server

SITE = "root/sms/site_PS1"
KEYS = {"PackageID": "PS100001"}
LOGINS = [("credssp", True), ("credssp", False), ("ntlm", True), ("ntlm", False), ("basic", True)]

Start = Callable[..., Server]
Open = Callable[..., WmiSession]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a simulated provider whose clock stands still; a defect of its own fails the test."""
    servers: list[Server] = []

    def begin(scenario: str = "small", **options: Any) -> Server:
        server = Server(scenario, **{"speed": 0.0, "auth": ("ntlm",), "tls": False, **options})
        server.start()
        servers.append(server)
        return server

    yield begin
    defects = [each for server in servers for each in server.errors]
    for server in servers:
        server.stop()
    assert not defects, "\n".join(defects)


@pytest.fixture
def open_session() -> Iterator[Open]:
    """Open a session on a provider, at the namespace of its site."""
    links: list[Link] = []

    def begin(server: Server, style: str = "microsoft", **more: Any) -> WmiSession:
        given = server.env
        endpoint = Endpoint(
            given["CONFIGMGR_PROVIDER"],
            int(given["CONFIGMGR_PORT"]),
            given["CONFIGMGR_SCHEME"],
            given["CONFIGMGR_AUTH"],
            given["CONFIGMGR_USERNAME"],
            more.pop("password", given["CONFIGMGR_PASSWORD"]),
            ca_cert=given["CONFIGMGR_CA_CERT"] or None,
            **more,
        )
        address = resolve(endpoint)
        link = Link(
            lambda: WinRMTransport(endpoint, address),
            endpoint.url,
            max_envelope_size=endpoint.max_envelope_size,
            sleep=lambda seconds: None,
        )
        links.append(link)
        return WmiSession(link, SITE, style)

    yield begin
    for link in links:
        link.close()


def calls(server: Server, verb: str = "Invoke") -> list[dict[str, Any]]:
    return [entry for entry in server.journal if entry["verb"] == verb]


@pytest.mark.parametrize(("auth", "tls"), LOGINS)
def test_every_login_reads_and_calls(start: Start, open_session: Open, auth: str, tls: bool) -> None:
    server = start(auth=(auth,), tls=tls)
    session = open_session(server)
    version = session.get("SMS_Package", KEYS).value("SourceVersion", UINT32)
    assert version >= 1
    assert session.invoke("SMS_Package", "RefreshPkgSource", {}, KEYS) == {"ReturnValue": 0}
    (call,) = calls(server)
    assert (call["class"], call["method"], call["key"]) == ("SMS_Package", "RefreshPkgSource", "PS100001")
    scheme = "negotiate" if auth == "ntlm" else auth  # what WWW-Authenticate calls it
    assert (call["auth"], call["tls"], call["encrypted"]) == (scheme, tls, not tls)
    assert session.link.requests == len(server.journal) == 2
    assert {entry["session"] for entry in server.journal} == {server.journal[0]["session"]}


def test_a_host_that_checks_the_trailer_of_credssp_takes_us(start: Start, open_session: Open) -> None:
    """peers V-14"""
    server = start(auth=("credssp",), switches={"credssp_trailer": "strict"})
    session = open_session(server)
    for size in (1, 40_000):
        where = wql.equals("Name", "x" * size)
        assert list(session.rows(wql.select(["PackageID"], "SMS_Package", where), {"PackageID": STRING})) == []


@pytest.mark.parametrize("auth", ["ntlm"])
def test_a_host_that_insists_on_channel_binding_takes_us(start: Start, open_session: Open, auth: str) -> None:
    """peers V-16"""
    server = start(auth=(auth,), tls=True, switches={"channel_binding": "strict"})
    assert open_session(server).get("SMS_Package", KEYS).class_name == "SMS_Package"


@pytest.mark.parametrize("tls", [True, False])
@pytest.mark.parametrize(("auth", "words"), [("credssp", r"0x8009030C"), ("ntlm", "user name or password is wrong")])
def test_a_wrong_password_is_told_with_what_the_host_said(
    start: Start, open_session: Open, auth: str, words: str, tls: bool
) -> None:
    """peers V-13"""
    server = start(auth=(auth,), tls=tls)
    session = open_session(server, password="wrong")
    with pytest.raises(NotAuthenticated, match=words) as caught:
        session.get("SMS_Package", KEYS)
    assert "password" in str(caught.value)
    assert session.link.requests == 0
    assert server.journal == []


FORMS = [
    {},
    {"embedded_wrapper": "present"},
    {"null_array": "nil"},
    {"datetime_without_zone": "none"},
    {"datetime_without_zone": "dmtf"},
    {"put_absent_property": "null", "put_absent_array": "null"},
    {"put_absent_property": "unchanged", "put_response": "empty"},
    {"put_read_only": "refused"},
    {"response_charset": "utf-16"},
    {"response_namespace_case": "lower"},
]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: ",".join(f"{name}={form[name]}" for name in form) or "default")
@pytest.mark.parametrize("style", ["microsoft", "dmtf"])
def test_a_package_with_a_schedule_goes_back_whole(
    start: Start, open_session: Open, style: str, form: dict[str, str]
) -> None:
    """wire P-03, P-08, T-13, Q-03: in every form that a host may use, what was read goes back as it was"""
    session = open_session(start(switches=form), style)
    token = Embedded.of(
        "SMS_ST_RecurInterval", {"DaySpan": (UINT32, 7), "IsGMT": (BOOLEAN, False), "HourSpan": (UINT32, 0)}
    )
    session.put(session.get("SMS_Package", KEYS), {"RefreshSchedule": (array_of(EMBEDDED), [token])})
    before = session.get("SMS_Package", KEYS)
    session.put(before, {"Description": (STRING, "<&> ']]>\r\n\u00e4\U0001f600")})
    after = session.get("SMS_Package", KEYS)
    assert after.value("Description", STRING) == "<&> ']]>\r\n\u00e4\U0001f600"
    (read,) = after.value("RefreshSchedule", array_of(EMBEDDED))
    assert (read.class_name, read.value("DaySpan", UINT32)) == ("SMS_ST_RecurInterval", 7)
    changed = {name for name in after.names() if after.guess(name) != before.guess(name)}
    assert changed == {"Description", "SedoObjectVersion"}  # the latter is the site's own mark of a change
    assert after.names() == before.names()
    session.put(after, {"RefreshSchedule": (array_of(EMBEDDED), [read, token])})
    both = session.get("SMS_Package", KEYS).value("RefreshSchedule", array_of(EMBEDDED))
    assert [each.value("DaySpan", UINT32) for each in both] == [7, 7]
    session.put(session.get("SMS_Package", KEYS), {"RefreshSchedule": (array_of(EMBEDDED), [])})  # wire P-09
    assert session.get("SMS_Package", KEYS).value("RefreshSchedule", array_of(EMBEDDED)) == []


@pytest.mark.parametrize("style", ["microsoft", "dmtf"])
def test_a_package_too_large_for_the_envelope_is_changed_by_property(
    start: Start, open_session: Open, style: str
) -> None:
    """wire G-09, P-07, Q-10: written in a fragment, and read back to be sure"""
    server = start()
    whole = open_session(server, style)
    whole.put(whole.get("SMS_Package", KEYS), {"Icon": (array_of(UINT8), [255] * 2000)})
    session = open_session(server, style, max_envelope_size=16384)
    with pytest.raises(WSManFault) as caught:
        session.get("SMS_Package", KEYS)
    assert caught.value.code == 2150858824
    token = Embedded.of("SMS_ST_RecurInterval", {"DaySpan": (UINT32, 7), "IsGMT": (BOOLEAN, True)})
    for name, codec, value in (
        ("Description", STRING, "new <&>"),
        ("RefreshSchedule", array_of(EMBEDDED), [token]),
        ("Description", STRING, None),
        ("RefreshSchedule", array_of(EMBEDDED), []),
    ):
        stored = session.put_fragment("SMS_Package", KEYS, name, codec, value)
        assert stored is not None
        for seen in (stored, session.get_fragment("SMS_Package", KEYS, name)):
            read = seen.value(name, codec)
            if value == [token]:
                assert [each.value("DaySpan", UINT32) for each in read] == [7]
            else:
                assert read == value
    assert len(whole.get("SMS_Package", KEYS).value("Icon", array_of(UINT8))) == 2000
    with pytest.raises(WSManFault) as caught:
        session.put_fragment("SMS_Package", KEYS, "PackageID", STRING, "PS100002")
    assert caught.value.code == 2150858989


def test_create_and_delete(start: Start, open_session: Open) -> None:
    server = start()
    session = open_session(server)
    path = session.create("SMS_Package", {"Name": (STRING, "Made by a test"), "PkgSourceFlag": (UINT32, 1)})
    keys = dict(path.keys)
    assert session.get("SMS_Package", keys).value("Name", STRING) == "Made by a test"
    session.delete(path)
    server.move_clock({"advance": 3600.0})  # the site removes a package in its own time
    with pytest.raises(WSManFault) as caught:
        session.get("SMS_Package", keys)
    assert caught.value.code == 2150858752


@pytest.mark.parametrize("code", ["2150858752", "2150858754", "2150858811"])
def test_a_host_that_refuses_microsofts_uris_is_probed_once(start: Start, open_session: Open, code: str) -> None:
    """wire Q-01"""
    server = start(switches={"microsoft_uri": "refused", "microsoft_uri_code": code})
    session = open_session(server, "auto")
    for _unused in range(2):
        session.get("SMS_Package", KEYS)
    assert session.style == "dmtf"
    assert session.link.requests == 3
    session.invoke("SMS_Package", "RefreshPkgSource", {}, KEYS)
    assert len(calls(server)) == 1


def test_what_is_absent_costs_no_probe(start: Start, open_session: Open) -> None:
    server = start()
    refusals: list[Callable[[WmiSession], Any]] = [
        lambda session: session.get("SMS_Package", {"PackageID": "PS1FFFFF"}),
        lambda session: session.get("SMS_NoSuchClass", KEYS),
        lambda session: session.with_namespace("root/sms/site_XYZ").get("SMS_Package", KEYS),
    ]
    for refused in refusals:
        session = open_session(server, "auto")
        with pytest.raises(WSManFault):
            refused(session)
        assert session.link.requests == 1


def test_a_stale_session_is_made_anew_and_the_call_carried_out_once(start: Start, open_session: Open) -> None:
    """wire W-12, F-22"""
    server = start()
    session = open_session(server)
    session.get("SMS_Package", KEYS)
    server.add_fault(action="stale_context", verb="Invoke")
    assert session.invoke("SMS_Package", "RefreshPkgSource", {}, KEYS)["ReturnValue"] == 0
    assert [entry["executed"] for entry in calls(server)] == [False, True]


@pytest.mark.parametrize("action", ["cut_before", "cut_after", "garbage", "empty", "wrong_relates_to"])
def test_a_lost_answer_is_never_followed_by_a_second_call(start: Start, open_session: Open, action: str) -> None:
    server = start()
    session = open_session(server)
    server.add_fault(action=action, verb="Invoke")
    with pytest.raises(OutcomeUnknown):
        session.invoke("SMS_Package", "RefreshPkgSource", {}, KEYS)
    assert len(calls(server)) == 1
    assert session.get("SMS_Package", KEYS) is not None  # on a new session


@pytest.mark.parametrize("action", ["cut_before", "cut_after", "garbage", "empty", "wrong_relates_to", "stale_context"])
def test_reading_goes_on_in_the_same_weather(start: Start, open_session: Open, action: str) -> None:
    server = start()
    session = open_session(server)
    server.add_fault(action=action, verb="Get")
    assert session.get("SMS_Package", KEYS).class_name == "SMS_Package"
    assert len(calls(server, "Get")) == 2


def test_a_busy_host_is_asked_once_more_and_then_told(start: Start, open_session: Open) -> None:
    server = start()
    session = open_session(server)
    server.add_fault(action="fault", verb="Invoke", code=2150859174, times=2)
    with pytest.raises(NotExecuted) as caught:
        session.invoke("SMS_Package", "RefreshPkgSource", {}, KEYS)
    assert caught.value.fault is not None
    assert len(calls(server)) == 2


def test_a_list_that_is_left_early_leaves_no_enumeration_open(start: Start, open_session: Open) -> None:
    """wire E-17, L-04"""
    server = start()
    session = open_session(server)
    query = wql.select(["PackageID"], "SMS_PackageBaseclass")
    for _unused in range(3):
        rows: Any = session.rows(query, {"PackageID": STRING})
        next(rows)
        rows.close()
    assert not any(server.state()["enumerations"].values())


COLUMNS = {
    "PackageID": STRING,
    "Name": STRING,
    "Version": STRING,
    "Manufacturer": STRING,
    "PackageType": UINT32,
    "SourceSite": STRING,
    "SourceVersion": UINT32,
    "PkgSourcePath": STRING,
    "LastRefreshTime": DATETIME,
}


def test_ten_thousand_packages_take_few_requests(start: Start, open_session: Open) -> None:
    """One item in the first answer (wire E-03), two bytes charged for a character (E-08)."""
    server = start("large")
    session = open_session(server)
    count = sum(1 for _unused in session.rows(wql.select(list(COLUMNS), "SMS_PackageBaseclass"), COLUMNS))
    assert count >= 10_000
    assert session.link.requests <= 25
    assert session.link.requests == len(server.journal)


def test_identify(start: Start, open_session: Open) -> None:
    said = verbs.identify(open_session(start()).link)
    assert said["ProductVendor"] == "Microsoft Corporation"
