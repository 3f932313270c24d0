# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CONFIGMGR_TRACE: a recorded task can be played back without the site, and holds no secret."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.configmgr.content.plugins.module_utils._engine.connection import OPTIONS, means_from
from ansible_collections.configmgr.content.plugins.module_utils._provider.site import Means, open_site
from ansible_collections.configmgr.content.plugins.module_utils._wsman.trace import REMOVED, Trace

from smsprovsim.server import Server

from .lab import Lab, Result
from .replay import Recording, Replay

PASSWORD_ENDINGS = ("P@ss", "w0rd", "$HOME")


@pytest.fixture
def lab() -> Iterator[Lab]:
    server = Server("small", speed=0.0, auth=("ntlm",), tls=False)
    server.start()
    yield Lab(server)
    server.stop()


def options(lab: Lab) -> dict[str, Any]:
    """Module options, as the environment of the simulator gives them."""
    given = {option.name: lab.server.env.get(option.variable) or option.default for option in OPTIONS}
    given["port"] = int(given["port"])
    given["skip_certificate_check"] = False
    return given


Record = Callable[..., "tuple[Any, Path]"]


@pytest.fixture
def record(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Record:
    """Carry something out with a trace; what came of it, and the file."""

    def recorded(act: Callable[[Means], Any]) -> tuple[Any, Path]:
        monkeypatch.setenv("CONFIGMGR_TRACE", f"{tmp_path}/")
        result = act(replace(means_from(options(lab)), clock=lab.clock))
        (path,) = tmp_path.iterdir()
        return result, path

    return recorded


def refreshed(lab: Lab, means: Means, *package_ids: str, **given: Any) -> Result:
    return lab.refresh(*package_ids, site=open_site(means), **given)


def played_back(lab: Lab, path: Path, *package_ids: str, **given: Any) -> Result:
    """The same task against the recording; the simulator serves as a clock only."""
    recording = Recording(path)
    means = replace(
        means_from({**options(lab), "provider": lab.server.env["CONFIGMGR_PROVIDER"]}),
        connect=recording.connect,
        find_address=lambda _endpoint: "192.0.2.1",
        clock=lab.clock,
    )
    result = refreshed(lab, means, *package_ids, **given)
    assert recording.finished
    return result


@pytest.mark.parametrize("package_ids", [("PS100001",), ("PS100001", "PS100003")])
def test_a_recorded_refresh_plays_back_to_the_same_result(
    lab: Lab, record: Record, package_ids: tuple[str, ...]
) -> None:
    first, path = record(lambda means: refreshed(lab, means, *package_ids))
    calls = len(lab.server.journal)
    again = played_back(lab, path, *package_ids)
    assert [row["status"] for row in first.rows.values()] == ["refreshed"] * len(package_ids)
    assert again.rows == first.rows
    assert again.requests == first.requests
    assert len(lab.server.journal) == calls


def test_a_lost_answer_is_in_the_recording(lab: Lab, record: Record) -> None:
    lab.server.add_fault(verb="Invoke", method="RefreshPkgSource", action="cut_after")
    first, path = record(lambda means: refreshed(lab, means, "PS100001"))
    assert played_back(lab, path, "PS100001").only["status"] == first.only["status"] == "refreshed"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    (lost,) = [line["in"]["error"] for line in lines if "error" in line.get("in", {})]
    assert lost["kind"] == "outcome_unknown"


def test_each_session_of_a_build_is_recorded_by_itself(lab: Lab, record: Record) -> None:
    """A build is watched from a second session; how often depends on the moment, so it is not compared with a replay."""
    _first, path = record(lambda means: refreshed(lab, means, "PS100004"))
    actions = {
        number: {each["action"].rpartition("/")[2] for each in exchanges}
        for number, exchanges in Recording(path).sessions.items()
    }
    assert "RefreshPkgSource" in actions[2]
    assert "QueryOSDBinaryInjectionStatus" in actions[1]


def test_the_file_is_for_its_owner_only_and_has_no_secret(lab: Lab, record: Record) -> None:
    _result, path = record(lambda means: refreshed(lab, means, "PS100001"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text()
    assert "RefreshPkgSource" in text
    assert not [each for each in PASSWORD_ENDINGS if each in text]
    assert "Authorization" not in text


def test_a_file_is_appended_to_and_a_folder_gets_a_file_a_task(tmp_path: Path) -> None:
    warned: list[str] = []
    one = tmp_path / "trace.jsonl"
    for _task in range(2):
        Trace(str(one), (), warned.append).write({"in": {}})
        Trace(str(tmp_path), (), warned.append).write({"in": {}})
    assert len(one.read_text().splitlines()) == 4
    assert len(list(tmp_path.iterdir())) == 3
    assert warned == []


def test_a_trace_that_cannot_be_written_does_not_fail_the_task(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    warned: list[str] = []
    monkeypatch.setenv("CONFIGMGR_TRACE", str(tmp_path / "no" / "such" / "file"))
    means = replace(means_from(options(lab), warned.append), clock=lab.clock)
    assert refreshed(lab, means, "PS100001").only["status"] == "refreshed"
    assert len(warned) == 1
    assert "The trace cannot be written to" in warned[0]


SECRET = "P@ss \"w0rd\" <&> 'x'"


class Echo:
    """Answers with what it was sent."""

    def send(self, envelope: bytes, timeout: float | None = None) -> bytes:
        return envelope

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    "envelope",
    [
        f"<a>{SECRET}</a>",
        "<a>P@ss \"w0rd\" &lt;&amp;&gt; 'x'</a>",
        "<a b=\"P@ss &quot;w0rd&quot; &lt;&amp;&gt; 'x'\"/>",
        "<a>P@ss &quot;w0rd&quot; &lt;&amp;&gt; &apos;x&apos;</a>",
        "<p:Sequence xsi:nil='false'>&lt;step w0rd=</p:Sequence>",
        "<NetworkAccountPassword>w0rd</NetworkAccountPassword>",
        "<x:AdminPasswordPlain a='b'>w0rd</x:AdminPasswordPlain>",
    ],
)
@pytest.mark.parametrize("codec", ["utf-8", "utf-16"])
def test_secrets_are_cut_out_in_every_spelling(tmp_path: Path, envelope: str, codec: str) -> None:
    path = tmp_path / "trace.jsonl"
    Trace(str(path), [SECRET], print).session(Echo()).send(envelope.encode(codec))
    text = path.read_text()
    assert "w0rd" not in text
    assert text.count(REMOVED) == 2


@pytest.mark.parametrize("envelope", ["<SequenceNumber>7</SequenceNumber>", "<Sequence/>", "<a>Sequence</a>"])
def test_nothing_else_is_cut_out(tmp_path: Path, envelope: str) -> None:
    path = tmp_path / "trace.jsonl"
    Trace(str(path), [""], print).session(Echo()).send(envelope.encode())
    assert json.loads(path.read_text().splitlines()[1])["out"]["envelope"] == envelope


def test_a_replay_takes_no_other_request(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    Trace(str(path), (), print).session(Echo()).send(b"<a>one</a>")
    replay = Recording(path).connect(None, "")
    assert isinstance(replay, Replay)
    with pytest.raises(AssertionError):
        replay.send(b"<a>two</a>")
