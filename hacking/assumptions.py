# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the page "What could be different on your site".

From the collection's table of assumptions, the `ASSUMED:` notes in plugins and simulator, and the simulator's switches.

A note either names switches, separated by commas, or says in words what is assumed.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "docsite" / "rst" / "assumptions.rst"
TABLE = ROOT / "plugins" / "module_utils" / "_engine" / "assumptions.py"
MARK = "ASSUMED:"
HEAD = """\
..
  Copyright: (c) 2026, configmgr.content contributors
  GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
  SPDX-License-Identifier: GPL-3.0-or-later

.. Written by hacking/assumptions.py. A test fails when it is out of date.

.. _ansible_collections.configmgr.content.docsite.assumptions:

What could be different on your site
====================================

The collection and its simulator are built from public documentation, published schemas and recorded exchanges.
Where these say nothing, somebody had to decide. Every such decision is on this page.
Each is a switch of the :ref:`simulator <ansible_collections.configmgr.content.docsite.simulator>`, and the modules are tested under every answer.

If your site answers otherwise, please open an `issue <https://github.com/ansible-collections/configmgr.content/issues>`_ and attach a fidelity report.

.. contents::
   :local:
   :depth: 1

The fidelity report
-------------------

``cm_connection_check`` writes it. Nothing is changed at the site; it takes about eighty requests and one login more.

.. code-block:: yaml

   - name: Write a report about the site
     configmgr.content.cm_connection_check:
       report: "{{ report_folder }}/fidelity.json"

The file holds the classes that the collection uses, as the site describes them, and a verdict for each assumption.
It holds **no** names of servers, sites, accounts, packages or folders, no addresses, identifiers or paths: only shapes, counts, codes and versions.
With ``report_site_names: true`` it also has ``site``, which tells whose it is. Read it before you send it; it is plain text.

The form is JSON in UTF-8. ``format`` rises when the meaning of a field changes; fields may be added.

.. list-table:: Fields
   :header-rows: 1

   * - Field
     - Type
     - Meaning
"""
FIELDS = (
    ("format", "number", "Version of this form: 1."),
    ("collection", "text", "Version of the collection."),
    ("versions.site_version", "text, null", "Version of the site."),
    ("versions.site_build", "number, null", "Build of the site."),
    ("summary.classes", "number", "How many classes were looked at."),
    ("summary.confirmed", "number", "How many assumptions hold."),
    ("summary.refuted", "number", "How many do not."),
    ("summary.could_not_tell", "number", "How many could not be told by reading."),
    ("assumptions[].name", "text", "The name of the assumption, as on this page."),
    ("assumptions[].assumed", "text", "What is assumed."),
    ("assumptions[].verdict", "text", "confirmed, refuted or could not tell."),
    ("assumptions[].found", "text, null", "The answer of the site; null where it could not be told."),
    ("assumptions[].probed", "truth value", "Whether there is a probe at all."),
    (
        "assumptions[].evidence{}",
        "text, number, truth value",
        "What the probe saw: counts, codes, and words of its own.",
    ),
    ("classes[].name", "text", "The class."),
    ("classes[].namespace", "text", "site, or root for root/sms."),
    ("classes[].source", "text", "described by the host, read off an object, or unknown."),
    ("classes[].superclass", "text", "The class above it; empty where there is none or nothing tells it."),
    ("classes[].qualifiers", "truth value", "Whether qualifiers came."),
    ("classes[].properties[].name", "text", "The property, inherited ones included."),
    (
        "classes[].properties[].type",
        "text",
        "Its CIM type, such as uint32 or object:SMS_ScheduleToken; empty if unknown.",
    ),
    ("classes[].properties[].array", "truth value", "Whether it is an array."),
    ("classes[].properties[].key", "truth value, null", "Whether it is a key; null without qualifiers."),
    ("classes[].properties[].lazy", "truth value, null", "Whether only Get gives it; null without qualifiers."),
    ("classes[].properties[].read_only", "truth value, null", "Whether it cannot be written; null if nothing says."),
    ("classes[].methods[].name", "text", "The method."),
    ("classes[].methods[].static", "truth value, null", "Whether it is called on the class; null without qualifiers."),
    ("classes[].methods[].parameters[].name", "text", "The parameter."),
    ("classes[].methods[].parameters[].type", "text", "Its type, as of a property."),
    ("classes[].methods[].parameters[].array", "truth value", "Whether it is an array."),
    ("classes[].methods[].parameters[].in", "truth value, null", "Whether it goes in; null if nothing says."),
    ("classes[].methods[].parameters[].out", "truth value, null", "Whether it comes out; null if nothing says."),
    (
        "classes[].methods[].parameters[].optional",
        "truth value, null",
        "Whether it may be left out; null if nothing says.",
    ),
    ("site", "null", "Null without report_site_names."),
    ("site.site_code", "text", "With report_site_names: the site."),
    ("site.provider", "text", "With report_site_names: the host as the task names it."),
    ("site.user", "text", "With report_site_names: the account."),
    ("site.providers[].machine", "text", "With report_site_names: a host with a provider."),
    ("site.providers[].site_code", "text", "With report_site_names: its site."),
)
PROBED = """
What the report finds out
-------------------------

Each of these has a probe of the same name, which only reads.

"""
BY_HAND = """
What has to be looked at by hand
--------------------------------

"""
DETAILS = """
Details that nothing rests on
-----------------------------

Where the simulator has to say something and no source says what. The collection shows such words and codes, and decides nothing by them.

"""


@dataclass(frozen=True)
class Note:
    """One `ASSUMED:` note: its file, and its text in one line."""

    file: str
    text: str


def notes(root: Path = ROOT) -> list[Note]:
    """Every note in the Python files of plugins and simulator, by file and place."""
    files = [path for folder in ("plugins", "simulator") for path in sorted((root / folder).rglob("*.py"))]
    return [Note(str(path.relative_to(root)), text) for path in files for text in _texts(path)]


def _texts(path: Path) -> Iterator[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        before, mark, text = line.partition(MARK)
        if not mark or text.strip().startswith("<"):  # what explains the mark is no note
            continue
        comment = "#" in before
        alone = before.strip().startswith("#") or not comment
        for follower in lines[number + 1 :] if alone else ():
            ended = not follower.strip() or MARK in follower
            if ended or (not follower.lstrip().startswith("#") if comment else '"""' in text):
                break
            text += " " + follower.strip().lstrip("#")
        yield " ".join(text.partition('"""')[0].replace("`", "").split()).rstrip(".")


def switch_table() -> dict[str, tuple[tuple[str, ...], str]]:
    """Every switch of the simulator: its answers, the default first, and why that one, with the fact it is about."""
    sys.path.insert(0, str(ROOT / "simulator"))
    try:
        from smsprovsim import switches
        from smsprovsim.behaviour import questions  # registers the switches of the site
    finally:
        sys.path.remove(str(ROOT / "simulator"))
    if not questions.SWITCHES:
        raise SystemExit("The simulator registered no switches of the site.")
    return {
        switch.name: (
            (switch.default, *(value for value in switch.values if value != switch.default)),
            f"{switch.why} ({switch.fact})",
        )
        for switch in switches.TABLE.values()
    }


def named_in(note: Note, switches: dict[str, tuple[tuple[str, ...], str]]) -> list[str]:
    """The switches that a note names, at its beginning or after the word switch; none if it speaks in words only."""
    first = [word.strip() for word in note.text.split(".")[0].split(",")]
    found = [word for word in first if word in switches] if first[0] in switches else []
    return found + [word for word in re.findall(r"\bswitch (\w+)", note.text) if word in switches]


def assumptions() -> list[Any]:
    """The table of the collection, read from its file alone."""
    spec = importlib.util.spec_from_file_location("assumptions_of_the_collection", TABLE)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{TABLE} cannot be read")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return list(module.ASSUMPTIONS)


def render(found: list[Note], switches: dict[str, tuple[tuple[str, ...], str]]) -> str:
    """The page."""
    places: dict[str, set[str]] = {}
    for note in found:
        for name in named_in(note, switches):
            places.setdefault(name, set()).add(note.file)
    table = assumptions()
    missing = sorted(set(switches) - {each.name for each in table})
    if missing:
        raise SystemExit(f"{TABLE.relative_to(ROOT)} says nothing about {', '.join(missing)}")
    page = HEAD + "".join(f"   * - ``{name}``\n     - {kind}\n     - {text}\n" for name, kind, text in FIELDS)
    for head, by_hand in ((PROBED, False), (BY_HAND, True)):
        page += head
        for each in table:
            if bool(each.steps) is by_hand:
                page += _entry(
                    each, switches[each.name][1] if each.name in switches else "", places.get(each.name, set())
                )
    said = [f"* ``{note.file}``: {_text(note.text)}." for note in found if not named_in(note, switches)]
    return page + DETAILS + "\n".join(said) + "\n"


def _entry(each: Any, why: str, files: set[str]) -> str:
    others = ", ".join(f"``{answer}``" for answer in each.answers[1:])
    lines = [
        f"``{each.name}``",
        f"    {_text(each.question)}",
        "",
        f"    * Assumed: ``{each.assumed}``. It could be {others}.",
        f"    * Where it matters: {_text(each.matters)}",
    ]
    if each.steps:
        lines.append(f"    * How to find out: {_text(each.steps)}")
    if why:
        lines.append(f"    * What is known: {_text(why)}")
    lines.append(f"    * In the code: {', '.join(f'``{file}``' for file in sorted(files)) or 'nowhere'}")
    return "\n".join(lines) + "\n\n"


def _text(text: str) -> str:
    """Plain text in reStructuredText: nothing in it marks anything up."""
    return re.sub(r"([*`|\\]|_(?=\s|$|[.,;:)]))", r"\\\1", re.sub(r"\s+", " ", text))


def main() -> int:
    """Write the page; with `--check`, only say whether it is up to date."""
    page = render(notes(), switch_table())
    if "--check" in sys.argv[1:]:
        current = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
        if current != page:
            print(
                "docs/docsite/rst/assumptions.rst is out of date; run python3 hacking/assumptions.py", file=sys.stderr
            )
            return 1
        return 0
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
