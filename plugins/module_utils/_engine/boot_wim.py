# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a WIM says of its images: the document that ImageProperty and GetImageProperties hold (SMS_ImagePackage.ImageProperty)."""

from __future__ import annotations

import re
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from .._cim.types import STRING, is_plain_number
from .._provider.errors import Impossible
from .._provider.site import Site
from .._wsman import markup

# PROCESSOR_ARCHITECTURE, and the names that the SDK has (behaviour: both are seen).
ARCHITECTURES = {"0": "x86", "x86": "x86", "i386": "x86", "9": "x64", "x64": "x64", "amd64": "x64", "12": "arm64"}
_DECLARATION = re.compile(r"\A\s*<\?xml[^>]*\?>")


def document(text: str) -> Element | None:
    """A document out of a property, None if it is none. Its declaration names an encoding that the text has no more."""
    try:
        return markup.parse(_DECLARATION.sub("", text).encode("utf-8"))
    except (ParseError, UnicodeError):
        return None


def architecture_word(value: Any) -> str:
    """The architecture in one spelling, whichever the site has; as it is if it is none of them."""
    text = str(value or "").strip()
    return ARCHITECTURES.get(text.lower(), text.lower())


def images_in(text: str) -> dict[int, dict[str, str]]:
    """The properties of each image by its index, names in lower case; empty if the document cannot be read."""
    root = document(text)
    found: dict[int, dict[str, str]] = {}
    for image in root.iter() if root is not None else ():
        if markup.local(image.tag).upper() != "IMAGE":
            continue
        attributes = {name.lower(): value for name, value in image.attrib.items()}
        index = attributes.get("index", "")
        if is_plain_number(index):
            found[int(index)] = {
                (each.get("Name") or markup.local(each.tag)).lower(): (each.text or "").strip() for each in image
            }
    return found


def read_metadata(site: Site, class_name: str, path: str) -> str:
    """What the provider reads in a WIM on a share. Changes nothing. Raises ProviderError where it cannot."""
    answer = site.call(
        class_name,
        "GetImageProperties",
        arguments={"SourceImagePath": (STRING, path)},
        outputs={"ImageProperty": STRING},
        reading=True,
    )
    return answer["ImageProperty"] or ""


def read_images(site: Site, class_name: str, path: str) -> dict[int, dict[str, str]]:
    """The same by index, empty where it cannot be understood."""
    return images_in(read_metadata(site, class_name, path))


def architecture_of(images: dict[int, dict[str, str]], index: int, path: str) -> str:
    """The architecture of one image of a WIM. Raises Impossible if there is no such image, or it does not say."""
    if images and index not in images:
        raise Impossible(
            f"{path} has no image {index}", hint=f"It has {', '.join(str(each) for each in sorted(images))}"
        )
    told = architecture_word(images.get(index, {}).get("architecture"))
    if not told:
        raise Impossible(
            f"{path} does not say for which architecture image {index} is",
            hint="Create the boot image first, and give optional_components and drivers in a second task",
        )
    return told
