# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Part c: every package of a large site read. Against the same pulls without parsing, and against pypsrp; and the memory it takes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from bench_measure import Measure, Side, take_turns, timed
from bench_site import SITE_CODE, Bench, Provider, Recording, bare_floor, provider
from steps import Failed

PART = "c"
# The most that reading ten thousand packages may cost, whatever they hold (half a megabyte an answer).
REQUESTS_PER_THOUSAND = 2.5
NO_SLOWER = 1.0
FLAT = 1.1  # ten times as many packages may take a tenth more

_ENUMERATION = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
_WSMAN = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"


def measure(bench: Bench) -> Iterator[Measure]:
    """Requests, time and memory of reading `bench.packages` packages with their usual columns."""
    count = bench.packages
    with provider(bench, bench.scenario("reading", count)) as site:
        yield from _time(bench, site, count)
        few = max(1, count // 10)
        for what in ("read", "dest"):
            yield _memory(site, f"peak memory of {what}", what, few, count, "traced", min(bench.repeats, 2))
        yield _memory(site, "the whole process of dest", "dest, whole", few, count, "resident", 1)


def _memory(site: Provider, name: str, what: str, few: int, count: int, kind: str, repeats: int) -> Measure:
    """Megabytes at the most, for many packages against few."""
    peaks = {limit: tuple(_peak(site, what, limit)[kind] / 2**20 for _each in range(repeats)) for limit in (few, count)}
    return Measure(PART, f"{name}, {count:,}", "MB", peaks[count], f"{few:,}", peaks[few], FLAT)


def _time(bench: Bench, site: Provider, count: int) -> Iterator[Measure]:
    recording = Recording()
    with _Ours(site, recording.connect) as ours:
        ours.read(count)
    messages = list(recording.messages)
    yield Measure(
        PART, f"requests for {count:,} packages", "", (len(messages),), goal=count * REQUESTS_PER_THOUSAND / 1000 + 5
    )
    floor = bare_floor(site)
    with _Ours(site) as ours, _Pypsrp(site, messages[0]) as pypsrp:
        ours.read(count)
        sides: dict[str, Side] = {
            "ours": lambda: timed(lambda: ours.read(count)),
            "the same pulls, not parsed": lambda: timed(lambda: floor.replay(messages)),
            "pypsrp, elements only": lambda: timed(lambda: pypsrp.read(count)),
        }
        pypsrp.read(count)
        found = take_turns(sides, bench.repeats)
    floor.close()
    mine = found.pop("ours")
    for against, values in found.items():
        goal = NO_SLOWER if against.startswith("pypsrp") else None
        yield Measure(PART, f"time for {count:,} packages", "s", mine, against, values, goal)


class _Ours:
    """Our client with an open session."""

    def __init__(self, site: Provider, connect: Any = None) -> None:
        from ansible_collections.configmgr.content.plugins.module_utils._provider.site import open_site

        self._site = open_site(site.means(connect=connect), SITE_CODE)

    def __enter__(self) -> _Ours:
        return self

    def __exit__(self, *_error: object) -> None:
        self._site.close()

    def read(self, count: int) -> None:
        """Every package, one at a time, in words."""
        found = sum(1 for _each in reader(self._site).iterate())
        if found != count:
            raise Failed(f"{found} packages were read, not {count}")


def reader(site: Any, limit: int | None = None) -> Any:
    """What cm_package_info reads with."""
    from ansible_collections.configmgr.content.plugins.module_utils._content.package import PACKAGE_PROPERTIES
    from ansible_collections.configmgr.content.plugins.module_utils._content.registry import RESOURCES
    from ansible_collections.configmgr.content.plugins.module_utils._engine.info import PackageReader, Reading

    return PackageReader(site, Reading(limit=limit), RESOURCES, PACKAGE_PROPERTIES)


class _Pypsrp:
    """pypsrp's WSMan with an open session, and the query of a recorded message."""

    def __init__(self, site: Provider, message: bytes) -> None:
        from pypsrp.wsman import WSMan

        text = message.decode()
        self._query = unescape(text.partition('WQL">')[2].partition("</")[0])
        self._uri = text.partition("<w:ResourceURI")[2].partition(">")[2].partition("<")[0]
        self._page = text.partition("<w:MaxElements>")[2].partition("<")[0]
        host, port = site.address.split(":")
        self._session = WSMan(
            host,
            port=int(port),
            username=site.user,
            password=site.password,
            ssl=False,
            auth="ntlm",
            encryption="always",
            no_proxy=True,
            max_envelope_size=int(text.partition("<w:MaxEnvelopeSize")[2].partition(">")[2].partition("<")[0]),
        )

    def __enter__(self) -> _Pypsrp:
        return self

    def __exit__(self, *_error: object) -> None:
        self._session.close()

    def read(self, count: int) -> None:
        """Every row as an element; nothing is taken out of it."""
        request = ElementTree.Element(f"{{{_ENUMERATION}}}Enumerate")
        ElementTree.SubElement(request, f"{{{_WSMAN}}}OptimizeEnumeration")
        ElementTree.SubElement(request, f"{{{_WSMAN}}}MaxElements").text = self._page
        dialect = "http://schemas.microsoft.com/wbem/wsman/1/WQL"
        ElementTree.SubElement(request, f"{{{_WSMAN}}}Filter", Dialect=dialect).text = self._query
        answer = self._session.enumerate(self._uri, request)[0]
        found = len(answer.findall(f"{{{_WSMAN}}}Items/*"))
        while all(answer.find(f"{{{space}}}EndOfSequence") is None for space in (_WSMAN, _ENUMERATION)):
            request = ElementTree.Element(f"{{{_ENUMERATION}}}Pull")
            name = f"{{{_ENUMERATION}}}EnumerationContext"
            ElementTree.SubElement(request, name).text = answer.findtext(name)
            ElementTree.SubElement(request, f"{{{_ENUMERATION}}}MaxElements").text = self._page
            answer = self._session.pull(self._uri, request)[0]
            found += len(answer.findall(f"{{{_ENUMERATION}}}Items/*"))
        if found != count:
            raise Failed(f"pypsrp read {found} rows, not {count}")


def _peak(site: Provider, what: str, limit: int) -> dict[str, int]:
    """Bytes at the most, of a child that reads `limit` packages."""
    order = {"variables": dict(site.variables), "what": what, "limit": limit}
    child = Path(__file__).with_name("bench_child.py")
    done = subprocess.run(
        [sys.executable, str(child)], input=json.dumps(order), capture_output=True, text=True, check=False, timeout=600
    )
    if done.returncode:
        raise Failed(f"The child that reads ended with {done.returncode}\n{done.stderr[-2000:]}")
    found: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    if found["count"] != limit:
        raise Failed(f"The child read {found['count']} packages, not {limit}")
    return found
