# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation shared by modules that take packages of any class."""

from __future__ import annotations


class ModuleDocFragment:
    """Which packages are meant."""

    DOCUMENTATION = r"""
options:
  package_ids:
    description:
      - Ids of the packages (C(PackageID)), of any class.
    type: list
    elements: str
    aliases: [package_id]
  names:
    description:
      - Names of the packages (C(Name)), in full; upper and lower case are the same.
      - For a refresh, a name that two packages have is an error that lists both.
    type: list
    elements: str
    aliases: [name]
  type:
    description:
      - Narrows O(names) to these kinds of package.
    type: list
    elements: str
    choices: &kinds
      - package
      - driver_package
      - image_package
      - boot_image
      - operating_system_upgrade_package
      - software_updates_package
      - vhd_package
      - application_content
      - task_sequence
  select:
    description:
      - Packages by what they are. All that is given has to match.
      - A refresh leaves out the packages that the site made for itself, such as the client package; name them by id.
    type: dict
    suboptions:
      type:
        description: Kinds of package.
        type: list
        elements: str
        choices: *kinds
      name:
        description: Pattern for the name, with V(*) for any characters and V(?) for one.
        type: str
      manufacturer:
        description: Manufacturer (C(Manufacturer)), in full.
        type: str
      source_path_prefix:
        description: Beginning of the source path (C(PkgSourcePath)), such as C(\\\\files\\packages\\).
        type: str
      folder:
        description: Console folder from the top of its node, such as V(/Servers/2025). Sub-folders are not included.
        type: str
"""
