#!/usr/bin/python
# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read packages of any class."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cm_package_info
short_description: Read packages of any class
version_added: 0.1.0
description:
  - Reads packages, driver packages, operating system images, boot images, operating system upgrade packages, software updates packages,
    VHD packages, application content and task sequences, by id, by name, or by a selection. Without any of these, all of them.
  - Flags, schedules and dates come in the field's words.
  - Never changes anything at the site.
extends_documentation_fragment:
  - configmgr.content.connection
  - configmgr.content.packages
options:
  properties:
    description:
      - Properties to return, by their WMI names (such as V(PkgSourcePath)) or by the names in the result (such as V(source_path)).
        V(all) for all of them.
      - If not given, C(PackageID), C(Name), C(Version), C(Manufacturer), C(PackageType), C(SourceSite), C(SourceVersion), C(PkgSourcePath) and
        C(LastRefreshTime).
      - Properties that only one class has, and lazy ones such as C(RefreshSchedule), are not in a query's rows.
        If one is asked for, every package is read by itself, which costs one request a package.
    type: list
    elements: str
    default: []
  limit:
    description: Most packages to return.
    type: int
  dest:
    description:
      - File to write the packages to, one JSON object a line, instead of returning them. For large sites, since a result is held in memory.
      - The file appears when it is complete. In check mode it is not written.
    type: path
attributes:
  check_mode:
    description: Reads as always.
    support: full
  diff_mode:
    description: There is nothing to show.
    support: none
  action_group:
    description: Use C(group/configmgr.content.cm) in C(module_defaults) to set the connection options.
    support: full
    membership: [configmgr.content.cm]
seealso:
  - module: configmgr.content.cm_package_refresh
author:
  - configmgr.content contributors (@ansible-collections)
"""

EXAMPLES = r"""
- name: Read one package
  configmgr.content.cm_package_info:
    provider: cm01.contoso.com
    username: CONTOSO\cmadmin
    password: "{{ cm_password }}"
    package_ids: PS100001

- name: Read everything about a boot image
  configmgr.content.cm_package_info:
    package_ids: PS100004
    properties: all
  register: boot

- name: Where do the packages of a manufacturer take their source from?
  configmgr.content.cm_package_info:
    select:
      manufacturer: Notepad++ Team
    properties: [Name, PkgSourcePath, RefreshSchedule]

- name: List all driver packages and images
  configmgr.content.cm_package_info:
    select:
      type: [driver_package, image_package]

- name: Write all packages of a large site to a file
  configmgr.content.cm_package_info:
    dest: "{{ report_folder }}/packages.jsonl"
"""

RETURN = r"""
packages:
  description:
    - The packages. Each has the properties asked for under the field's names.
    - A flags property is a dictionary with C(value), C(set) (the names of the bits that are set) and C(unknown_bits).
      A date that stands for never is null. Dates have no zone where the site tells none. Bytes are in Base64.
  returned: when O(dest) is not given
  type: list
  elements: dict
  sample:
    - package_id: PS100001
      name: Contoso Reader
      version: '11.2'
      manufacturer: Notepad++ Team
      package_type: package
      source_site: PS1
      source_version: 7
      source_path: \\files.contoso.com\packages\reader
      last_refresh_time: '2026-11-19T20:00:00'
count:
  description: Number of packages read.
  returned: success
  type: int
  sample: 1
dest:
  description: The file.
  returned: when O(dest) is given
  type: str
  sample: /var/tmp/packages.jsonl
requests:
  description: WS-Management requests of this task.
  returned: success
  type: int
  sample: 2
site_code:
  description: The site.
  returned: success
  type: str
  sample: PS1
error:
  description: What failed, where, and what to do. Codes and texts of the provider are its own.
  returned: on failure
  type: dict
"""

from ansible_collections.configmgr.content.plugins.module_utils._content.package import PACKAGE_PROPERTIES
from ansible_collections.configmgr.content.plugins.module_utils._content.registry import RESOURCES
from ansible_collections.configmgr.content.plugins.module_utils._engine.info_module import run_package_info


def main() -> None:
    """Run the module."""
    run_package_info(RESOURCES, PACKAGE_PROPERTIES)


if __name__ == "__main__":
    main()
