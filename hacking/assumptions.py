# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write docs/develop/assumptions.md from the `ASSUMED:` notes in plugins and simulator, and from the simulator's switches.

A note either names switches, separated by commas, or says in words what is assumed.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "develop" / "assumptions.md"
MARK = "ASSUMED:"
HEAD = """\
<!-- Written by hacking/assumptions.py. A test fails when it is out of date. -->
# Assumptions: what could be different on your site

The collection and its simulator are built from public documentation, published schemas and recorded exchanges.
Where these say nothing, somebody had to decide. Every such decision is on this page.

If you know how a real site behaves, please open an
[issue](https://github.com/ansible-collections/configmgr.content/issues) that names the line, the version of the site, and what you saw.

## Questions that the simulator can answer either way

Each is a switch of the simulator: `python -m smsprovsim serve --switch NAME=VALUE`. The first answer is the default.
What stands in brackets numbers the fact in the project's reference notes.

"""
BETWEEN = """
## Decisions without a switch

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


def render(found: list[Note], switches: dict[str, tuple[tuple[str, ...], str]]) -> str:
    """The page."""
    places: dict[str, set[str]] = {}
    for note in found:
        for name in named_in(note, switches):
            places.setdefault(name, set()).add(note.file)
    lines = ["| Question | Answers | What it is about | Where |", "| --- | --- | --- | --- |"]
    for name in sorted(switches):
        answers, why = switches[name]
        where = ", ".join(f"`{file}`" for file in sorted(places.get(name, ())))
        lines.append(f"| `{name}` | {', '.join(f'`{answer}`' for answer in answers)} | {_cell(why)} | {where} |")
    said = [f"* `{note.file}`: {note.text}." for note in found if not named_in(note, switches)]
    return HEAD + "\n".join(lines) + "\n" + BETWEEN + "\n".join(said) + "\n"


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|")


def main() -> int:
    """Write the page; with `--check`, only say whether it is up to date."""
    page = render(notes(), switch_table())
    if "--check" in sys.argv[1:]:
        current = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
        if current != page:
            print("docs/develop/assumptions.md is out of date; run python3 hacking/assumptions.py", file=sys.stderr)
            return 1
        return 0
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
