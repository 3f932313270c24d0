# Copyright: (c) 2026, configmgr.content contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a SOAP request to its answer: read it, note it, ask the fault rules, carry it out, write what came of it."""

from __future__ import annotations

import sys
import threading
import traceback
from typing import Any

from . import configuration, soap, verbs
from .codec import BadValue
from .enumeration import Enumerations, from_class, read_context, read_wql
from .faults import READS, Rule, Rules
from .journal import Journal
from .listener import Reply, Request
from .model import Caller, Site, WmiError
from .operation import Answer, Operation
from .switches import Switches
from .target import key_of_journal, read_options, read_target, read_verb
from .wsmanfault import WSManFault, from_wmi

# What SMS_ExtendedStatus.Operation says for each verb.
_OPERATIONS = {
    "Get": "GetObject", "Put": "PutInstance", "Create": "PutInstance", "Delete": "DeleteInstance", "Invoke": "ExecMethod",
    "Enumerate": "ExecQuery", "Pull": "ExecQuery",
}  # fmt: skip


class Dispatcher:
    """Answers SOAP requests for one site at a time."""

    def __init__(self, site: Site, switches: Switches, *, address: str, tls: bool) -> None:
        self.site = site
        self.switches = switches
        self.journal = Journal()
        self.rules = Rules()
        self.enumerations = Enumerations()
        self.per_request = 0.0  # logical seconds that each request takes
        self.stopping = threading.Event()
        self.errors: list[str] = []  # tracebacks of faults of the simulator itself; a test that finds one here fails
        self._address = address
        self._tls = tls
        self._site_lock = threading.RLock()

    def attach(self, site: Site, switches: Switches) -> None:
        """Begin anew with another site."""
        with self._site_lock:
            self.site = site
            self.switches = switches
            self.enumerations.clear()

    def answer(self, request: Request) -> Reply:
        """Answer one request. The journal entry is complete before the answer leaves."""
        clock = self.site.clock
        if self.per_request:
            clock.advance(self.per_request)
        entry = self.journal.open(
            user=request.user, auth=request.auth, mechanism=request.mechanism, delegated=request.delegated, encrypted=request.encrypted,
            tls=request.tls, session=request.connection, time=round(clock.now(), 3),
        )  # fmt: skip
        operation: Operation | None = None
        envelope: soap.Envelope | None = None
        try:
            envelope = soap.parse(request.body, request.charset)
            if envelope.is_identify:
                entry["verb"] = "Identify"
            elif request.anonymous_identify:
                entry["outcome"] = "http:401"
                return Reply(401)
            else:
                operation = self._understand(envelope, request, entry)
        except WSManFault as fault:
            return self._fault(fault, entry, envelope, operation)
        delay, rule = self.rules.take(entry)
        if delay:
            clock.wait_until(clock.now() + delay, self.stopping)
        if rule is not None:
            reply = self._by_rule(rule, entry, envelope, operation, request)
            if reply is not None:
                return reply
        return self._carry_out(entry, envelope, operation, request)

    # Understanding

    def _understand(self, envelope: soap.Envelope, request: Request, entry: dict[str, Any]) -> Operation:
        soap.read_headers(envelope)
        verb, method = read_verb(envelope)
        entry.update(verb=verb, method=method)
        options = read_options(envelope)
        entry["options"] = dict(options.context)
        target = read_target(envelope, options, self.switches)
        entry.update({"namespace": target.namespace, "class": target.class_name})
        if target.kind != "cim_xml":
            entry["key"] = key_of_journal(target.keys)
        operation = Operation(
            verb,
            method,
            envelope,
            options,
            target,
            Caller(request.user, options.context, request.delegated),
            self.site,
            self._site_lock,
            self.switches,
            self.stopping,
        )
        if verb == "Enumerate":
            entry["wql"] = read_wql(operation)
            entry["class"] = from_class(entry["wql"]) or target.class_name
        elif verb in ("Pull", "Release"):
            enumeration = self.enumerations.find(read_context(operation))
            if enumeration is not None:
                entry.update({"wql": enumeration.wql, "class": enumeration.class_name})
        if not request.remote_access:
            raise WSManFault(5)  # wire H-14
        if envelope.fragment is not None and (verb not in ("Get", "Put") or target.kind != "class"):
            raise WSManFault(2150858871)  # wire U-12: Get and Put of objects only
        refusal = self.switches["context_options"]  # ASSUMED: context_options
        if options.context and refusal != "accepted":
            raise WSManFault({"refused": 2150858818, "invalid": 2150858809}[refusal])
        return operation

    # Carrying out

    def _execute(self, operation: Operation) -> Answer:
        verb = operation.verb
        if verb == "Enumerate":
            return self.enumerations.enumerate(operation)
        if verb == "Pull":
            return self.enumerations.pull(operation)
        if verb == "Release":
            return self.enumerations.release(operation)
        if operation.target.kind == "cim_xml" and verb != "Get":
            raise WSManFault(2150858771)
        if operation.target.kind == "config":
            return configuration.get(operation)
        known = {
            "Get": verbs.get,
            "Put": verbs.put,
            "Create": verbs.create,
            "Delete": verbs.delete,
            "Invoke": verbs.invoke,
        }
        return known[verb](operation)

    def _carry_out(
        self,
        entry: dict[str, Any],
        envelope: soap.Envelope,
        operation: Operation | None,
        request: Request,
        *,
        outcome: str = "ok",
        relates_to: str | None = None,
    ) -> Reply:
        if operation is None:
            entry.update(outcome=outcome, executed=True)
            return self._soap(200, soap.write_identify(anonymous=request.anonymous_identify))
        try:
            answer = self._execute(operation)
            text = self._write(answer, envelope, relates_to)
            if operation.charge(len(text)) > operation.limit:
                # A write that was done cannot be undone because its answer is too long (wire, 2150858829).
                operation.lasting = operation.verb not in READS
                raise WSManFault(operation.too_large if operation.verb in READS else 2150858829)
        except (WSManFault, WmiError, BadValue) as error:
            return self._fault(self._as_fault(error, operation), entry, envelope, operation)
        except Exception:  # a defect of the simulator: the client sees a failed plug-in, the test sees the traceback
            self.errors.append(traceback.format_exc())
            print(self.errors[-1], file=sys.stderr)
            return self._fault(
                WSManFault(2150858883, "The simulated SMS Provider failed; see its log."), entry, envelope, operation
            )
        entry.update(outcome=outcome, executed=True)
        return self._soap(200, text)

    def _write(self, answer: Answer, envelope: soap.Envelope, relates_to: str | None = None) -> str:
        # ASSUMED: activity_id
        return soap.write(
            answer.action,
            envelope.message_id if relates_to is None else relates_to,
            answer.body,
            extra_header=answer.header,
            activity=self.switches["activity_id"] == "present",
        )

    def _soap(self, status: int, text: str) -> Reply:
        if self.switches["response_charset"] == "utf-16":  # ASSUMED: response_charset
            return Reply(status, text.encode("utf-16"), "UTF-16")
        return Reply(status, text.encode("utf-8"))

    # Faults

    def _as_fault(self, error: WSManFault | WmiError | BadValue, operation: Operation) -> WSManFault:
        if isinstance(error, BadValue):
            return verbs.bad_value(operation.verb, error)
        if isinstance(error, WmiError):
            return from_wmi(self._complete(error, operation), self.switches)
        return error

    def _complete(self, error: WmiError, operation: Operation) -> WmiError:
        """The status object with the fields that WMI fills in itself."""
        extended = dict(error.extended)
        extended.setdefault("Operation", _OPERATIONS.get(operation.verb))
        keys = ",".join(f'{name}="{value}"' for name, value in operation.target.keys)
        path = f"{operation.target.class_name}.{keys}" if keys else operation.target.class_name
        extended.setdefault("ParameterInfo", read_wql(operation) or path if operation.verb == "Enumerate" else path)
        extended.setdefault("ProviderName", "WinMgmt")
        if error.extended_class != "__ExtendedStatus":
            extended.setdefault("StatusCode", error.hresult & 0xFFFFFFFF)
        return WmiError(error.hresult, error.message, error.extended_class, extended)

    def _fault(
        self, fault: WSManFault, entry: dict[str, Any], envelope: soap.Envelope | None, operation: Operation | None
    ) -> Reply:
        entry.update(outcome=f"fault:{fault.code}", executed=bool(operation and operation.lasting))
        style = self.switches["wmi_error"]  # ASSUMED: wmi_error
        dmtf = bool(operation and operation.style.dmtf)
        mi_error = dmtf and (
            style == "dmtf" or (style == "mi_client" and bool(operation and operation.options.mi_client))
        )
        body = soap.write_fault(fault, self.switches, address=self._address, mi_error=mi_error)
        text = soap.write(
            fault.action,
            envelope.message_id if envelope else "",
            body,
            activity=self.switches["activity_id"] == "present",
        )
        return self._soap(500, text)

    # Fault rules

    def _by_rule(
        self, rule: Rule, entry: dict[str, Any], envelope: soap.Envelope, operation: Operation | None, request: Request
    ) -> Reply | None:
        """The answer a rule wants; None when the rule has nothing to say to this verb."""
        action, given = rule.action, rule.parameters
        if action == "cut_before":
            entry["outcome"] = action
            return Reply(cut=True)
        if action == "stale_context":
            entry["outcome"] = action
            return Reply(400, forget_login=True)
        if action == "wrong_relates_to":
            return self._carry_out(
                entry,
                envelope,
                operation,
                request,
                outcome=action,
                relates_to="uuid:00000000-0000-0000-0000-000000000000",
            )
        if action == "return_value":
            return self._return_value(rule, entry, envelope, operation)
        executed = self._execute_unheard(operation) if rule.executes else False
        if action in ("fault", "provider_error", "refuse_writes"):
            error = rule.error()
            if isinstance(error, WmiError):
                fault = from_wmi(self._complete(error, operation) if operation else error, self.switches)
            else:
                fault = error
            reply = self._fault(fault, entry, envelope, operation)
            entry["executed"] = executed
            return reply
        entry["executed"] = executed
        if action == "cut_after":
            entry["outcome"] = action
            return Reply(cut=True)
        if action == "garbage":
            entry["outcome"] = action
            return Reply(200, str(given["body"]).encode())
        if action == "empty":
            entry["outcome"] = action
            return Reply(500)
        status = int(given["status"])
        entry["outcome"] = f"http:{status}"
        return Reply(status, raw=str(given["body"] or "").encode(), content_type=given["content_type"])

    def _execute_unheard(self, operation: Operation | None) -> bool:
        """Do the work of which the client will not hear; whether it was done."""
        if operation is None:
            return True
        operation.wait = False
        try:
            self._execute(operation)
        except (WSManFault, WmiError, BadValue):
            return operation.lasting
        return True

    def _return_value(
        self, rule: Rule, entry: dict[str, Any], envelope: soap.Envelope, operation: Operation | None
    ) -> Reply | None:
        if operation is None:
            return None
        try:
            cim_class = operation.cim_class()
            method = verbs.find_method(operation, cim_class)
        except (WSManFault, WmiError) as error:
            return self._fault(self._as_fault(error, operation), entry, envelope, operation)
        value = int(rule.parameters["value"])
        entry["outcome"] = f"return_value:{value}"
        answer = verbs.output(operation, cim_class, method, {}, value)
        return self._soap(200, self._write(answer, envelope, rule.parameters["relates_to"]))
