# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What bad input gets from both modules that declare images, as Ansible runs them: nothing is sent, and the error says what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.configmgr.content.plugins.modules import cm_boot_image, cm_image_package
from module_run import run

from smsprovsim.server import Server

from .conftest import READING, WRITES, ImageDeclaring

IMAGE, BOOT, ARM, DEFAULT = "PS100009", "PS100004", "PS100005", "PS100002"
MAINS = {"image": cm_image_package.main, "boot": cm_boot_image.main}
WIM = r"\\files01.contoso.test\images$\win11-22h2.wim"
WINPE = r"\\cm01.contoso.test\SMS_PS1\OSD\boot\x64\spare.wim"
HERE = {"image": {"package_id": IMAGE}, "boot": {"package_id": BOOT}}
NEW = {
    "image": {"name": "New", "source_path": WIM},
    "boot": {"name": "New", "image_path": WINPE, "architecture": "x64"},
}
TWINS = {"image": {"name": "Twin image"}, "boot": {"name": "Twin boot image"}}
WEEKLY = {"recurs": "weekly", "day": "monday", "start": "2026-11-23T22:00"}
SIXTEEN = [{**WEEKLY, "start": f"2026-11-{day:02}T22:00"} for day in range(1, 17)]

Row = tuple[str, dict[str, Any], str]


def _for_both(options: dict[str, Any], *told: str) -> list[Row]:
    """The same of an image that is there, for both modules."""
    return [(kind, {**HERE[kind], **options}, each) for kind in HERE for each in told]


def _schedule(told: str, **schedule: Any) -> list[Row]:
    return _for_both({"refresh_schedule": {"set": [schedule]}}, told)


# Found without asking the site: not one request is sent.
AT_ONCE: list[Row] = [
    # a path that is not UNC where UNC is needed
    ("image", {**HERE["image"], "source_path": r"D:\images\a.wim"}, r"source_path 'D:\images\a.wim' is not a UNC path"),
    ("image", {"name": "New", "source_path": "files01/images/a.wim"}, "source_path 'files01/images/a.wim' is not a"),
    ("image", {"name": "New", "source_path": r"\\files01"}, r"source_path '\\files01' is not a UNC path"),
    (
        "image",
        {**HERE["image"], "source_path": r"\files01\images\a.wim"},
        r"source_path '\files01\images\a.wim' is not",
    ),
    ("image", {**HERE["image"], "source_path": ""}, "source_path '' is not a UNC path"),
    ("boot", {**HERE["boot"], "source_path": "boot.wim"}, "source_path 'boot.wim' is not a UNC path"),
    ("boot", {"name": "New", "image_path": r"C:\boot.wim"}, r"image_path 'C:\boot.wim' is not a UNC path"),
    ("boot", {**HERE["boot"], "background_bitmap_path": "a.bmp"}, "background_bitmap_path 'a.bmp' is not a UNC path"),
    (
        "boot",
        {**HERE["boot"], "prestart_include_files_directory": "D:\\"},
        "prestart_include_files_directory 'D:\\' is",
    ),
    # a scratch space outside the list
    *[("boot", {**HERE["boot"], "scratch_space": each}, "one of: 32, 64, 128, 256, 512") for each in (0, 48, 1024)],
    # a schedule that cannot be expressed
    *_schedule("start '2026-11-23T22:00:30' is not a minute", **{**WEEKLY, "start": "2026-11-23T22:00:30"}),
    *_schedule("start '2034-01-01T00:00' is not a minute of the years", **{**WEEKLY, "start": "2034-01-01T00:00"}),
    *_schedule("start '2026-02-30T22:00' is not a minute", recurs="never", start="2026-02-30T22:00"),
    *_schedule("without a zone", recurs="never", start="2026-11-20T22:00+01:00"),
    *_schedule("start is missing", recurs="never"),
    *_schedule("day is sunday, monday, tuesday", **{**WEEKLY, "day": "Montag"}),
    *_schedule("day is missing", recurs="weekly", start="2026-11-23T22:00"),
    *_schedule("every_weeks is 1 to 4, not 5", **WEEKLY, every_weeks=5),
    *_schedule("day is 1 to 31 or last, not '32'", recurs="monthly_by_date", day="32", start="2026-11-23T22:00"),
    *_schedule("days is 1 to 31, not 40", recurs="interval", every={"days": 40}),
    *_schedule("every takes exactly one of", recurs="interval", every={"days": 1, "hours": 2}),
    *_schedule("value of recurs must be one of", recurs="daily"),
    *_schedule("week does not go with recurs: weekly", **WEEKLY, week="first"),
    # more than 15 schedule tokens
    *_for_both({"refresh_schedule": {"set": SIXTEEN}}, "refresh_schedule has 16 schedules"),
    # what no option takes
    *_for_both({"name": "  "}, "name is empty"),
    *_for_both({"description": "x" * 129}, "description has 129 characters. The site keeps 128 at most"),
    *_for_both({"description": "a\x07b"}, "description contains the character U+0007 at position 2"),
    *_for_both({"icon": "a picture"}, "icon is not Base64"),
    *_for_both({"refresh_schedule": [WEEKLY]}, "refresh_schedule takes set or add or remove below it, not a list"),
    *_for_both({"pkg_flags": ["0x10"]}, "pkg_flags takes add or remove below it, not a list by itself"),
    *_for_both({"package_id": "PS1"}, "Not a package id: 'PS1'"),
    (
        "boot",
        {**HERE["boot"], "drivers": ["16777401"]},
        "Write drivers: {add: [...]} to have these beside what is there",
    ),
    ("boot", {**HERE["boot"], "drivers": []}, "drivers takes set or add or remove below it"),
    ("boot", {**HERE["boot"], "optional_components": "HTA"}, "optional_components takes set or add or remove below it"),
]
# Found by reading: nothing is written, and no method is called that does something.
BY_READING: list[Row] = [
    # an unknown component (with near names), or one the architecture lacks
    ("boot", {**HERE["boot"], "optional_components": {"add": ["Powershel"]}}, "Near: WinPE-PowerShell"),
    ("boot", {"package_id": ARM, "optional_components": {"add": ["HTA"]}}, "component 'HTA' for arm64 boot images"),
    ("boot", {**NEW["boot"], "optional_components": {"add": ["No such"]}}, "component 'No such' for x64 boot images"),
    # an unknown driver
    ("boot", {**HERE["boot"], "drivers": {"add": ["No such driver"]}}, "There is no driver 'No such driver'"),
    ("boot", {**HERE["boot"], "drivers": {"add": ["4711"]}}, "There is no driver '4711'"),
    ("boot", {**NEW["boot"], "drivers": {"add": ["Two of one name"]}}, "2 drivers are named 'Two of one name'"),
    # a change of what is decided when an image is created
    ("boot", {**HERE["boot"], "architecture": "x86"}, "is for x64, not for x86"),
    ("boot", {"package_id": DEFAULT, "image_path": WINPE}, "and its image_path cannot be changed"),
    ("boot", {**NEW["boot"], "source_path": WINPE}, "source_path cannot be given for a new boot image"),
    # two objects of one name
    *[(kind, {**TWINS[kind], "description": "x"}, f"are named '{TWINS[kind]['name']}'") for kind in TWINS],
    *[(kind, {**TWINS[kind], "state": "absent"}, f"are named '{TWINS[kind]['name']}'") for kind in TWINS],
    # what is not there
    (
        "image",
        {"name": "No such", "version": "1"},
        "There is no operating system image 'No such' yet, and it cannot be",
    ),
    ("boot", {"name": "No such"}, "There is no boot image 'No such' yet, and it cannot be created without image_path"),
    *_for_both({"distribution_points": ["dp09.contoso.test"]}, "Did you mean", "no distribution point 'dp09.contoso"),
    *_for_both({"distribution_point_groups": ["Nowhere"]}, "there is no distribution point group 'Nowhere'"),
]
# The same at a site of a version before these properties.
OF_OLD_SITES: list[Row] = [
    *[(kind, {**of[kind], "driver_model": "x"}, "has no DriverModel") for of in (HERE, NEW) for kind in of],
    *[("boot", {**of["boot"], "input_locale": "de-de"}, "has no InputLocale") for of in (HERE, NEW)],
]


class Bench:
    """Runs modules against a site, and says what it was sent."""

    def __init__(self, server: Server, capsys: pytest.CaptureFixture[str], folder: Path) -> None:
        self.server = server
        self._capsys = capsys
        self._folder = folder
        self._seen = len(server.journal)

    def __call__(self, kind: str, options: dict[str, Any], *, check: bool = False) -> dict[str, Any]:
        names = ("provider", "port", "scheme", "auth", "username", "password")
        connection = {name: self.server.env[f"CONFIGMGR_{name.upper()}"] for name in names}
        return run(MAINS[kind], {**connection, **options}, self._capsys, check_mode=check, remote_tmp=str(self._folder))

    @property
    def requests(self) -> list[dict[str, Any]]:
        """The requests since the test began."""
        return self.server.journal[self._seen :]

    @property
    def written(self) -> list[dict[str, Any]]:
        """Those of them that are more than reading."""
        return [
            each
            for each in self.requests
            if each["verb"] in WRITES or (each["verb"] == "Invoke" and each["method"] not in READING)
        ]


def _site(**switches: str) -> Iterator[Server]:
    server = Server("images", speed=0.0, auth=("ntlm",), tls=False, switches=switches)
    server.start()
    yield server
    errors = list(server.errors)
    server.stop()
    assert not errors, "the simulator itself failed:\n" + "\n".join(errors)


@pytest.fixture(scope="module")
def site() -> Iterator[Server]:
    """One site for all of the tests, which change nothing."""
    for server in _site():
        ImageDeclaring(server)(**TWINS["image"], source_path=WIM, wait=False)
        for twin, kind in ((IMAGE, "image"), ("PS100007", "boot"), ("PS100008", "boot")):
            server.change(put=twin, values={"Name": TWINS[kind]["name"]})
        yield server


@pytest.fixture(scope="module")
def old_site() -> Iterator[Server]:
    """A site whose classes are those of the SDK."""
    yield from _site(members="sdk")


@pytest.fixture
def bench(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[[Server], Bench]:
    """Makes a bench at a site."""
    return lambda server: Bench(server, capsys, tmp_path)


MakeBench = Callable[[Server], Bench]


def _refused(result: dict[str, Any], told: str) -> None:
    """The task failed with these words, and without a traceback."""
    assert result["rc"] == 1
    assert told in result["msg"]
    assert not result.get("changed")
    if "error" in result:  # Ansible's own refusals have none
        assert result["error"]["kind"] == "impossible"
        assert result["error"]["message"] == result["msg"]


@pytest.mark.parametrize("check", [True, False], ids=["check", "real"])
@pytest.mark.parametrize(("kind", "asked", "told"), AT_ONCE)
def test_what_the_options_cannot_mean_costs_no_request(
    bench: MakeBench, site: Server, kind: str, asked: dict[str, Any], told: str, check: bool
) -> None:
    here = bench(site)
    _refused(here(kind, asked, check=check), told)
    assert here.requests == []


@pytest.mark.parametrize("check", [True, False], ids=["check", "real"])
@pytest.mark.parametrize(("kind", "asked", "told"), BY_READING)
def test_what_cannot_be_at_this_site_is_found_by_reading(
    bench: MakeBench, site: Server, kind: str, asked: dict[str, Any], told: str, check: bool
) -> None:
    here = bench(site)
    _refused(here(kind, asked, check=check), told)
    assert here.requests
    assert here.written == []


@pytest.mark.parametrize("check", [True, False], ids=["check", "real"])
@pytest.mark.parametrize(("kind", "asked", "told"), OF_OLD_SITES)
def test_a_property_that_the_version_of_the_site_lacks(
    bench: MakeBench, old_site: Server, kind: str, asked: dict[str, Any], told: str, check: bool
) -> None:
    here = bench(old_site)
    _refused(here(kind, asked, check=check), told)
    assert here.written == []


@pytest.mark.parametrize("check", [True, False], ids=["check", "real"])
@pytest.mark.parametrize(
    ("kind", "asked", "told"),
    [
        (
            "image",
            {"package_id": BOOT, "description": "x"},
            "PS100004 is of the kind boot_image, and not image_package",
        ),
        (
            "boot",
            {"package_id": IMAGE, "description": "x"},
            "PS100009 is of the kind image_package, and not boot_image",
        ),
        ("boot", {"package_id": "PS100001", "state": "absent"}, "PS100001 is of the kind package, and not boot_image"),
    ],
)
def test_an_id_of_another_kind_names_the_kind(
    bench: MakeBench, site: Server, kind: str, asked: dict[str, Any], told: str, check: bool
) -> None:
    here = bench(site)
    _refused(here(kind, asked, check=check), told)
    assert here.written == []


@pytest.mark.parametrize("kind", ["image", "boot"])
def test_more_schedules_than_a_site_keeps_are_not_added_to_those_that_are_there(
    bench: MakeBench, site: Server, kind: str
) -> None:
    tokens = {"refresh_schedule": {"set": SIXTEEN[:15]}}
    first = bench(site)
    assert first(kind, {**HERE[kind], **tokens})["changed"]
    here = bench(site)
    _refused(here(kind, {**HERE[kind], "refresh_schedule": {"add": SIXTEEN}}), "refresh_schedule has 16 schedules")
    assert here.written == []


# A site tells nobody beforehand what an account may: the provider judges, and nothing is carried out.
@pytest.mark.parametrize(
    ("kind", "asked"),
    [(kind, {**of[kind], "description": "y"}) for of in (HERE, NEW) for kind in of]
    + [("boot", {"package_id": ARM, "state": "absent"})],
)
def test_a_user_without_the_right(bench: MakeBench, site: Server, kind: str, asked: dict[str, Any]) -> None:
    here = bench(site)
    executions = site.site.snapshot()["executions"]
    result = here(kind, {**asked, "username": "CONTOSO\\reader", "password": "Read-0nly-pass"})
    assert (result["rc"], result["error"]["kind"]) == (1, "access_denied")
    assert "CONTOSO\\reader" in result["msg"]
    assert "Give CONTOSO\\reader a Configuration Manager role with this right" in result["msg"]
    assert site.site.snapshot()["executions"] == executions


@pytest.mark.parametrize(
    ("verb", "kind", "asked"),
    [(verb, kind, of[kind]) for verb, of in (("Put", HERE), ("Create", NEW)) for kind in of]
    + [("Delete", "boot", {"package_id": ARM, "state": "absent"})],
)
def test_a_refusal_of_the_provider_keeps_its_words(
    bench: MakeBench, site: Server, verb: str, kind: str, asked: dict[str, Any]
) -> None:
    fault = {"hresult": 0x80041001, "error_code": 2147942487, "description": "No, not that", "object_info": "Here"}
    site.add_fault(verb=verb, action="provider_error", times=1, **fault)
    result = bench(site)(kind, {**asked, **({} if "state" in asked else {"description": "z"})})
    assert result["rc"] == 1
    told = result["error"]
    assert (told["error_code"], told["description"], told["object_info"]) == (2147942487, "No, not that", "Here")
    assert "No, not that" in result["msg"]
    assert "SMSProv.log on the provider host" in result["msg"]
    assert sum(each["executed"] for each in site.journal if each["verb"] == verb and each["outcome"] != "ok") == 0
