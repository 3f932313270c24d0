# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation shared by all modules: how to reach the SMS Provider."""

from __future__ import annotations


class ModuleDocFragment:
    """The connection options. Held against the table in the engine by a test."""

    DOCUMENTATION = r"""
options:
  provider:
    description:
      - Host that runs the SMS Provider, as its certificate and the domain name it.
      - The variable E(CONFIGMGR_PROVIDER) stands in for it.
        For every connection option, an empty variable counts as unset.
    type: str
    required: true
  site_code:
    description:
      - Site to work on. If not given, the provider host is asked (C(SMS_ProviderLocation)), which costs one request.
      - The variable E(CONFIGMGR_SITE_CODE) stands in for it.
    type: str
  scheme:
    description:
      - Whether WinRM is reached over HTTPS, or over HTTP with every message encrypted.
      - Nothing is ever sent unencrypted.
      - If not given, the port decides (5985 and 80 stand for HTTP).
        Without that, it is HTTPS, unless O(auth=auto) finds that nothing accepts a connection at 5986.
      - The variable E(CONFIGMGR_SCHEME) stands in for it.
    type: str
    choices: [https, http]
  port:
    description:
      - Port of WinRM. If not given, 5986 for HTTPS and 5985 for HTTP.
      - The variable E(CONFIGMGR_PORT) stands in for it.
    type: int
  auth:
    description:
      - How to sign in.
      - With V(auto), what the host offers and what is installed here decide, once a task and before any credential is sent.
        It is V(kerberos) if a ticket is there or can be had for the password (then O(username) is V(user@REALM)), else V(ntlm).
        It is never one of the others.
      - V(kerberos) uses a ticket. A password is turned into one with C(kinit), in a cache of its own that ends with the task.
      - V(certificate) shows a client certificate, over HTTPS only. The host maps it to a local account.
      - V(credssp) hands the password to the provider host, which can then reach other hosts such as a source share.
        It has to be switched on there.
      - V(ntlm) works wherever the domain allows it, without a second hop.
      - V(basic) is for local accounts, over HTTPS only.
      - The variable E(CONFIGMGR_AUTH) stands in for it.
    type: str
    choices: [auto, kerberos, ntlm, credssp, certificate, basic]
    default: auto
  username:
    description:
      - Account, as V(DOMAIN\\user) or V(user@domain). Kerberos takes the latter only.
      - The variable E(CONFIGMGR_USERNAME) stands in for it.
    type: str
  password:
    description:
      - Password of the account.
      - The variable E(CONFIGMGR_PASSWORD) stands in for it.
    type: str
  kerberos_delegation:
    description:
      - Whether to hand the host a forwardable ticket, so that it can reach other hosts in your name.
        The domain has to allow that for the account and the host.
      - The variable E(CONFIGMGR_KERBEROS_DELEGATION) stands in for it.
    type: bool
    default: false
  kerberos_service:
    description:
      - First part of the service principal, such as V(HTTP) or V(WSMAN).
      - The variable E(CONFIGMGR_KERBEROS_SERVICE) stands in for it.
    type: str
    default: HTTP
  kerberos_hostname:
    description:
      - Name of the host in its service principal, where it is not O(provider).
      - The variable E(CONFIGMGR_KERBEROS_HOSTNAME) stands in for it.
    type: str
  kerberos_ccache:
    description:
      - Ticket cache to use, as a path or as C(TYPE:name). It is then used even if there is a password.
        If not given, without a password, the one that C(KRB5CCNAME) or C(krb5.conf) names.
      - The variable E(CONFIGMGR_KERBEROS_CCACHE) stands in for it.
    type: str
  client_cert:
    description:
      - File with the client certificate, in PEM form, for O(auth=certificate).
      - The variable E(CONFIGMGR_CLIENT_CERT) stands in for it.
    type: path
  client_key:
    description:
      - File with its key, in PEM form. If not given, it is in the same file.
      - The variable E(CONFIGMGR_CLIENT_KEY) stands in for it.
    type: path
  client_key_password:
    description:
      - Password of an encrypted key.
      - The variable E(CONFIGMGR_CLIENT_KEY_PASSWORD) stands in for it.
    type: str
  credssp_mechanism:
    description:
      - How to sign in within CredSSP. V(auto) is V(ntlm), so that a wrong password is tried once only.
      - The variable E(CONFIGMGR_CREDSSP_MECHANISM) stands in for it.
    type: str
    choices: [auto, kerberos, ntlm]
    default: auto
  credssp_minimum_version:
    description:
      - Lowest version of CredSSP to speak. V(5) refuses hosts without the update for CVE-2018-0886.
      - The variable E(CONFIGMGR_CREDSSP_MINIMUM_VERSION) stands in for it.
    type: int
    default: 2
  ca_cert:
    description:
      - File with the certificates to trust, in PEM form. If not given, those of the system.
      - The variable E(CONFIGMGR_CA_CERT) stands in for it.
    type: path
  skip_certificate_check:
    description:
      - Whether to accept any certificate. For a test laboratory only, since anybody on the way could then read the password.
      - The variable E(CONFIGMGR_SKIP_CERTIFICATE_CHECK) stands in for it.
    type: bool
    default: false
  operation_timeout:
    description:
      - Seconds the provider host may take to answer one request.
      - The host lowers it to its own C(MaxTimeoutms), which is 60 seconds by default.
      - The variable E(CONFIGMGR_OPERATION_TIMEOUT) stands in for it.
    type: int
    default: 60
  connect_timeout:
    description:
      - Seconds to wait for a connection.
      - The variable E(CONFIGMGR_CONNECT_TIMEOUT) stands in for it.
    type: int
    default: 30
  max_envelope_size:
    description:
      - Largest answer to ask for, in bytes. The host lowers it to its own C(MaxEnvelopeSizekb).
      - The variable E(CONFIGMGR_MAX_ENVELOPE_SIZE) stands in for it.
    type: int
    default: 512000
  uri_style:
    description:
      - How WMI classes are named on the wire.
      - V(microsoft) is the documented form, V(dmtf) the one Microsoft's own CIM cmdlets use.
      - With V(auto), the first one is used, and the second one if the host refuses it.
      - The variable E(CONFIGMGR_URI_STYLE) stands in for it.
    type: str
    choices: [auto, microsoft, dmtf]
    default: auto
  proxy:
    description:
      - URL of an HTTP proxy. Proxies named in the environment are not used.
      - The variable E(CONFIGMGR_PROXY) stands in for it.
    type: str
  audit_name:
    description:
      - Name of this program for the site's audit status messages, which show V(Unknown) without one.
        If not given, C(configmgr.content/) and the version. In a job of AWX, the number of the job is added.
        V(none) sends nothing.
      - The name of this machine goes along, or of the AWX controller, but never a container's.
      - A host that refuses these values is asked once more without them, and the task warns.
      - The variable E(CONFIGMGR_AUDIT_NAME) stands in for it.
    type: str
requirements:
  - python >= 3.9
  - pywinrm >= 0.5.0
  - requests-credssp >= 2.0.0 (for O(auth=credssp))
  - pykerberos, by way of C(pywinrm[kerberos]) (for O(auth=kerberos)); C(kinit) where it is given a password
notes:
  - The module runs where Python and pywinrm are, usually C(localhost) or an execution environment, never on the provider host.
    Nothing is installed on the provider host, and no PowerShell is started there.
  - Set the connection options once for all modules with C(module_defaults) and the group C(configmgr.content.cm), or by environment variables.
"""
