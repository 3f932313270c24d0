#!/usr/bin/python
# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say which site owns a package."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cm_content_ownership
short_description: Say which site owns a package
version_added: 0.1.0
description:
  - Brings a package of any class to its owner, the site that alone may change and refresh it.
  - Against a provider of the present owner, or of the central site above it, the package is handed over (C(SetSourceSite)).
  - Against a provider of the new owner, it is taken (C(Unlock)). The present owner is not asked, so O(confirm_source_site) has to name it.
    This is for packages of a site that is lost. It has nothing to do with edit locks.
  - Neither moves files. The source path has to be reachable from the new owner.
extends_documentation_fragment:
  - configmgr.content.connection
options:
  package_id:
    description: Id of the package.
    type: str
    required: true
  source_site:
    description: Code of the site that should own it.
    type: str
    required: true
  confirm_source_site:
    description:
      - Code of the site that owns it now. Needed to take a package, and checked wherever it is given.
      - If another site owns it, nothing is sent.
    type: str
  grace:
    description: Seconds to look until the site shows the new owner.
    type: float
    default: 60.0
attributes:
  check_mode:
    description: Calls nothing. Tells which method would be called, and the owner before and after, as in the real run.
    support: full
  diff_mode:
    description: Shows the owner before and after.
    support: full
  action_group:
    description: Use C(group/configmgr.content.cm) in C(module_defaults) to set the connection options.
    support: full
    membership: [configmgr.content.cm]
notes:
  - A package that O(source_site) owns already is left alone.
seealso:
  - module: configmgr.content.cm_package_refresh
author:
  - configmgr.content contributors (@ansible-collections)
"""

EXAMPLES = r"""
- name: Hand a package over to another site
  configmgr.content.cm_content_ownership:
    provider: cm01.contoso.com
    username: CONTOSO\cmadmin
    password: "{{ cm_password }}"
    package_id: PS100003
    source_site: PS2

- name: Take a package of a site that is lost
  configmgr.content.cm_content_ownership:
    provider: cm02.contoso.com
    package_id: PS100003
    source_site: PS2
    confirm_source_site: PS1
"""

RETURN = r"""
package_id:
  description: Id of the package.
  returned: success
  type: str
  sample: PS100003
name:
  description: Name of the package.
  returned: success
  type: str
  sample: Windows 11 Enterprise
method:
  description: What was called, or would be in check mode, V(SetSourceSite) or V(Unlock). Empty where nothing was to be done.
  returned: success
  type: str
  sample: SetSourceSite
source_site:
  description: The owner, after the run.
  returned: success
  type: str
  sample: PS2
requests:
  description: WS-Management requests of this task.
  returned: success
  type: int
  sample: 4
site_code:
  description: The site of the connection.
  returned: success
  type: str
  sample: PS1
error:
  description: What failed, where, and what to do. Codes and texts of the provider are its own.
  returned: on failure
  type: dict
"""

from ansible_collections.configmgr.content.plugins.module_utils._content.registry import RESOURCES
from ansible_collections.configmgr.content.plugins.module_utils._engine.ownership import run_ownership


def main() -> None:
    """Run the module."""
    run_ownership(RESOURCES)


if __name__ == "__main__":
    main()
