# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The schema of the simulator has every class, property and method of the reference, and no others in those classes."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest
import yaml
from reference_schema import class_names, kept, of_reference, of_simulator, reference

from smsprovsim.behaviour.kit import COMPONENTS, always
from smsprovsim.images import ARCHITECTURES, ARM64, X64, X86
from smsprovsim.schema import read_classes

# The reference guesses that the token class of which it has no page hands its properties down as read-only; embedded
# objects are written as a whole, and its page of the same properties has them read-write.
_GUESSED = "SMS_ST_RecurMonthlyByWeekdayBase"
PAGES = reference()
needs_reference = pytest.mark.skipif(PAGES is None, reason="the reference is not beside this checkout")


def comparable(lines: Iterable[str], with_default: set[str] | None = None) -> set[str]:
    """The lines without guesses, and with the defaults of the named properties only, all by default."""
    found = set()
    for line in lines:
        plain = re.sub(r" read(?= |$)", " readwrite", line) if line.startswith(_GUESSED + ".") else line
        declared, told, _default = plain.partition(" = ")
        # Inherited defaults are on the page of the class above alone.
        dropped = told and with_default is not None and declared.split(" ")[0] not in with_default
        found.add(declared if dropped else plain)
    return found


def test_the_simulator_has_what_is_listed_and_no_more() -> None:
    listed = kept()
    assert len(listed) > 1400
    with_default = {line.split(" ")[0] for line in listed if " = " in line}
    simulated = list(of_simulator(read_classes(), class_names(listed)))
    assert len(simulated) == len(listed)
    assert comparable(simulated, with_default) == comparable(listed)


@needs_reference
def test_the_list_is_that_of_the_reference() -> None:
    assert PAGES is not None
    assert kept() == sorted(of_reference(PAGES))


@needs_reference
def test_components_are_those_of_the_reference() -> None:
    assert PAGES is not None
    page = yaml.safe_load((PAGES / "SMS_OSDeploymentKitWinPEOptionalComponent.yml").read_text(encoding="utf-8"))
    (values,) = (each["values"] for each in page["properties"] if each["name"] == "UniqueID")
    assert set(values) == set(COMPONENTS)
    for identity, text in values.items():
        names, architecture = re.fullmatch(r"(.*) \[(\w+)\]", text).groups()  # type: ignore[union-attr]
        spelled = {re.sub(r" \(.*\)", "", each) for each in names.split(" / ")}
        assert COMPONENTS[identity].name in spelled
        assert COMPONENTS[identity].architecture == ARCHITECTURES[architecture]


def test_four_components_are_in_every_boot_image() -> None:
    found = {architecture: sorted(always(architecture)) for architecture in (X86, X64, ARM64)}
    assert found == {X86: [18, 19, 24, 26], X64: [44, 45, 50, 52], ARM64: [75, 76, 80, 82]}


def test_members_that_only_a_live_site_has_can_be_left_out() -> None:
    counts = {
        which: sum(len(each.properties) + len(each.methods) for each in read_classes(which).values())
        for which in ("all", "2002", "sdk")
    }
    assert counts["all"] > counts["2002"] > counts["sdk"]
