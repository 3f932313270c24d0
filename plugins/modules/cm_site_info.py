#!/usr/bin/python
# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read what a site says of itself."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cm_site_info
short_description: Read what a site says of itself
version_added: 0.1.0
description:
  - Reads the site, its hierarchy, versions, providers, deployment kits and boot images, and what the account may see.
  - What the account may not read, or what this version of the site does not have, is null; a warning says so. It is not a failure.
  - Takes about a dozen requests, whatever the size of the site. Never changes anything.
extends_documentation_fragment:
  - configmgr.content.connection
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
  - module: configmgr.content.cm_connection_check
  - module: configmgr.content.cm_package_info
author:
  - configmgr.content contributors (@ansible-collections)
"""

EXAMPLES = r"""
- name: Read what the site says of itself
  configmgr.content.cm_site_info:
    provider: cm01.contoso.com
    username: CONTOSO\cmadmin
    password: "{{ cm_password }}"
  register: cm

- name: Read another site whose provider runs on the same host
  configmgr.content.cm_site_info:
    site_code: PS1
"""

RETURN = r"""
site:
  description: The site of the provider.
  returned: success
  type: dict
  contains:
    site_code:
      description: Its code.
      type: str
    site_name:
      description: Its name.
      type: str
    type:
      description: V(primary), V(secondary) or V(central_administration_site).
      type: str
    server:
      description: The site server.
      type: str
    parent_site_code:
      description: The site it reports to; null if it has none.
      type: str
    status:
      description: V(active), V(pending), V(failed), V(deleted), V(upgrade), or of a secondary site what went wrong with it.
      type: str
    mode:
      description: V(normal), or the state of the site in which it may refuse work, such as V(upgrade) or V(recovery).
      type: str
    version:
      description: Version of the site.
      type: str
    build_number:
      description: Its build.
      type: int
    release:
      description: The release of the current branch, year and month.
      type: int
    provider_version:
      description: Version of the SMS Provider.
      type: str
    console_version:
      description: Version of the console that the site offers.
      type: str
    least_console_build:
      description: The oldest build of a console that the site takes.
      type: int
    licensed:
      description: Whether it is more than an evaluation.
      type: bool
    locale_id:
      description: Language of the site, as a Windows locale.
      type: int
    install_folder:
      description: Where the site is installed on its server.
      type: str
  sample:
    site_code: PS1
    site_name: Contoso Primary
    type: primary
    server: cm01.contoso.com
    parent_site_code: null
    status: active
    mode: normal
    version: 5.00.8968.1000
    build_number: 8968
    release: 2002
    provider_version: 5.0.8968.1000
    console_version: 5.2002.1083.2000
    least_console_build: 8968
    licensed: true
    locale_id: 1033
    install_folder: C:\Program Files\Microsoft Configuration Manager
hierarchy:
  description:
    - Every site that the account sees, by code, with C(site_code), C(site_name), C(type), C(parent_site_code), C(server),
      C(status), C(version) and C(build_number).
  returned: success
  type: list
  elements: dict
  sample:
    - site_code: PS1
      site_name: Contoso Primary
      type: primary
      parent_site_code: null
      server: cm01.contoso.com
      status: active
      version: 5.00.8968.1000
      build_number: 8968
providers:
  description: Every SMS Provider that the host knows, with C(machine), C(site_code) and C(for_local_site).
  returned: success
  type: list
  elements: dict
  sample:
    - machine: cm01.contoso.com
      site_code: PS1
      for_local_site: true
kits:
  description: The Windows deployment kit on site server and providers, with C(server) and C(version). Without one, boot images cannot be built there.
  returned: success
  type: list
  elements: dict
  sample:
    - server: cm01.contoso.com
      version: 10.1.19041.1
boot_images:
  description:
    - The boot images, with C(package_id), C(name), C(architecture), C(winpe_version), C(default) and C(client_version), which is that of the
      Configuration Manager client in it. At most 200.
  returned: success
  type: list
  elements: dict
  sample:
    - package_id: PS100004
      name: Contoso boot image (x64)
      architecture: x64
      winpe_version: 10.0.19041.1
      default: false
      client_version: 5.00.8968.1000
client_versions:
  description: The client versions in the boot images, each once.
  returned: success
  type: list
  elements: str
  sample: [5.00.8968.1000]
visible:
  description:
    - What the account may see. An account without a role sees nothing, and no error says so.
    - The roles themselves are not told by the classes that this collection knows.
  returned: success
  type: dict
  contains:
    user:
      description: The account, as the provider names it.
      type: str
    security_scopes:
      description: Names of the security scopes it may see.
      type: list
      elements: str
    packages:
      description: How many packages of all classes it sees.
      type: int
    distribution_points:
      description: How many distribution points it sees.
      type: int
  sample:
    user: CONTOSO\cmadmin
    security_scopes: [All, Default]
    packages: 19
    distribution_points: 4
notes:
  description: What could not be read, and why. Each is a warning too.
  returned: success
  type: list
  elements: str
  sample: []
requests:
  description: WS-Management requests of this task.
  returned: success
  type: int
  sample: 15
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

from ansible_collections.configmgr.content.plugins.module_utils._engine.info_module import run_site_info


def main() -> None:
    """Run the module."""
    run_site_info()


if __name__ == "__main__":
    main()
