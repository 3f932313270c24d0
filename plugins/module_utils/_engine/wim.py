# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The images inside a WIM, as a site tells them: ImageProperty, GetImageProperties, SMS_ImageInformation (behaviour 98)."""

from __future__ import annotations

import re
from typing import Any

from .._cim import wql
from .._cim.instance import Instance
from .._cim.types import SINT64, STRING, UINT32
from .._provider.errors import ProviderError
from .._provider.site import Site
from .boot_wim import architecture_word, images_in

_WORDS = {
    "name": "image name",
    "description": "image description",
    "os_version": "os version",
    "product_type": "product type",
    "created": "creation date",
}
_SIZES = {"Index": UINT32, "Language": STRING, "Name": STRING, "OSVersion": STRING, "Size": SINT64}


def same_metadata(one: str, other: str) -> bool:
    """Whether two documents say the same of the same images."""
    if one == other:
        return True
    images = images_in(one)
    return bool(images) and images == images_in(other)


def in_words(document: str) -> list[dict[str, Any]]:
    """The images by index, in the field's words. What a WIM does not say is an empty text, `size` (bytes) null."""
    return [_image(index, told) for index, told in sorted(images_in(document).items())]


def _image(index: int, told: dict[str, str]) -> dict[str, Any]:
    languages = re.split(r"[;,\s]+", told.get("languages") or told.get("language") or "")
    numbers = told.get("os version", "").split(".")
    return {
        "index": index,
        **{word: told.get(name, "") for word, name in _WORDS.items()},
        "edition": told.get("edition id") or told.get("edition") or told.get("image name", ""),
        "architecture": architecture_word(told.get("architecture")),
        "build": ".".join(numbers[2:]),
        "languages": [each for each in languages if each],
        "size": None,
    }


def told_images(site: Site, found: Instance | None, metadata: str) -> list[dict[str, Any]]:
    """The images of a package as it was read, with their sizes as far as the site tells them. One request."""
    images = in_words(found.value(metadata, STRING) or "") if found is not None else []
    package_id = found.value("PackageID", STRING) if found is not None else None
    if not images or not package_id:
        return images
    try:
        rows = site.list_of("SMS_ImageInformation", _SIZES, wql.equals("PackageID", package_id))
    except ProviderError:  # an old site, or a right that is missing: the rest stands
        return images
    for image in images:
        # The index is lazy, so a query may leave it out; then what is told of the image has to do, where it is the only such one.
        hits = [row for row in rows if row["Index"] == image["index"]] or [
            row
            for row in rows
            if (row["Name"], row["OSVersion"]) == (image["name"], image["os_version"])
            and row["Language"] in ("", None, *image["languages"])
        ]
        if len(hits) == 1:
            image["size"] = hits[0]["Size"]
    return images
