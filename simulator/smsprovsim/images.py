# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""WIM files on shares: the images inside, and what the provider says about them (behaviour 81, 98; SMS_ImagePackage)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from xml.sax.saxutils import escape, quoteattr

X86, X64, ARM64 = 0, 9, 12  # PROCESSOR_ARCHITECTURE, as the property Architecture has it
ARCHITECTURES = {"x86": X86, "x64": X64, "arm64": ARM64}
ARCHITECTURE_NAMES = {number: name for name, number in ARCHITECTURES.items()}


@dataclass(frozen=True)
class Edition:
    """One image of a WIM. `size` is in bytes, `updates` are those that offline servicing has put in."""

    index: int
    name: str = "Windows"
    description: str = ""
    architecture: int = X64
    os_version: str = "10.0.19041.1"
    language: str = "en-US"
    product_type: str = "WinNT"
    created: str = "2021-06-05T12:00:00Z"
    size: int = 4 * 1024**3
    updates: frozenset[int] = frozenset()

    @property
    def architecture_name(self) -> str:
        """The architecture as text: x86, x64 or arm64."""
        return ARCHITECTURE_NAMES[self.architecture]

    def properties(self) -> dict[str, str]:
        """The Property elements of the metadata."""
        # ASSUMED: the values inside the metadata, such as the number for the architecture; the reference has the names.
        return {
            "Image name": self.name,
            "Image description": self.description,
            "OS version": self.os_version,
            "Language": self.language,
            "Architecture": str(self.architecture),
            "Product type": self.product_type,
            "Creation date": self.created,
        }


@dataclass(frozen=True)
class Wim:
    """A WIM file. `kit`: version of the deployment kit whose Windows PE it is, empty for any other image.

    `edited`: somebody changed it by hand.
    """

    editions: tuple[Edition, ...]
    kit: str = ""
    edited: bool = False

    def edition(self, index: int | None) -> Edition | None:
        """The image with this index; the first one where none is named."""
        if index is None:
            return self.editions[0]
        return next((each for each in self.editions if each.index == index), None)

    def metadata(self) -> str:
        """The document that ImageProperty holds: one IMAGE for each index (SMS_ImagePackage.ImageProperty)."""
        images = "".join(
            f'<IMAGE index="{edition.index}">'
            + "".join(
                f"<Property Name={quoteattr(name)}>{escape(text)}</Property>"
                for name, text in edition.properties().items()
            )
            + "</IMAGE>"
            for edition in self.editions
        )
        return f"<WIM>{images}</WIM>"


def winpe_version(kit_version: str) -> str:
    """The version of the Windows PE of a kit: 10.1.19041.1 brings 10.0.19041.1."""
    # ASSUMED: the two numbers agree from the build on, as the versions named in the reference do.
    return "10.0." + kit_version.split(".", 2)[2]


def winpe(kit_version: str, architecture: int, version: str = "") -> Wim:
    """The Windows PE of a kit. `version`: that of an add-on which is not as new as the kit."""
    name = f"Microsoft Windows PE ({ARCHITECTURE_NAMES[architecture]})"
    edition = Edition(
        1,
        name=name,
        description=name,
        architecture=architecture,
        os_version=version or winpe_version(kit_version),
        product_type="WinNT",
        size=1_800_000_000,
    )
    return Wim((edition,), kit=kit_version)


def architecture_of_path(path: str) -> int:
    """The architecture that the folders of a path speak of, x64 where they are silent."""
    folders = path.lower().split("\\")
    if "arm64" in folders:
        return ARM64
    return X86 if "i386" in folders or "x86" in folders else X64


def supposed(path: str, kit_version: str, boot: bool) -> Wim:
    """What lies at a path nobody described: Windows PE of the kit for a boot image, else one edition of Windows."""
    architecture = architecture_of_path(path)
    if boot and kit_version:
        return winpe(kit_version, architecture)
    return Wim((Edition(1, architecture=architecture),))


def exported(wim: Wim, index: int) -> Wim | None:
    """A WIM with one of the images alone, under index 1."""
    edition = wim.edition(index)
    return None if edition is None else replace(wim, editions=(replace(edition, index=1),))
