"""Audits of files, as tables, text, JSON and SARIF."""

from typing import Any
from urllib.parse import quote

from upsamp.cli.render.output import print_text
from upsamp.cli.render.tables import print_table, table_format, table_of
from upsamp.core.text import json_text, printable
from upsamp.models.audit.report import Reason, Report
from upsamp.models.audit.rules import RULES

FORMATS = ("table", "plain", "json", "sarif")
HEADINGS = ("Level", "Rule", "Where", "What")
SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def show_audit(report: Report, format_name: str | None = None, *, width: int | None = None) -> None:
    """Show an audit in one of `FORMATS`; by default a table on a terminal, otherwise plain text."""
    if format_name == "json":
        print_text(json_text(report.to_dict(), indent=2))
        return
    if format_name == "sarif":
        print_text(json_text(sarif_log(report), indent=2))
        return
    format_name = table_format(format_name, width, len(report.reasons) * len(HEADINGS))
    print_text(printable(f"{report.file}: {report.kind}"))
    rows = [_cells(reason) for reason in report.reasons]
    if rows and format_name == "table":
        print_table(table_of(HEADINGS, rows, "<<<<"), width=width)
    elif rows:
        lines = [f"{level}: {rule}: {place}: {what}" for level, rule, place, what in rows]
        print_text("\n".join(map(printable, lines)))
    for remedy in dict.fromkeys(RULES[reason.rule].remedy for reason in report.reasons):
        print_text(f"What to do: {remedy}")
    reports = dict.fromkeys(one for reason in report.reasons for one in RULES[reason.rule].reports)
    if reports:
        print_text(f"Attacks of these kinds: {', '.join(reports)}")
    for skipped in report.skipped:
        print_text(f"Not looked at: {printable(skipped)}")
    print_text(report.verdict)


def _cells(reason: Reason) -> tuple[str, str, str, str]:
    rule = RULES[reason.rule]
    return rule.level, reason.rule, reason.place, f"{rule.title}: {reason.message}"


# --- SARIF 2.1.0


def sarif_log(report: Report) -> dict[str, Any]:
    """Return an audit as a log of SARIF 2.1.0, of one run."""
    from importlib.metadata import version  # which takes a while

    used = list(dict.fromkeys(reason.rule for reason in report.reasons))
    notices = [
        {"level": "note", "message": {"text": f"Not looked at: {skipped}"}}
        for skipped in report.skipped
    ]
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "upsamp",
                        "version": version("upsamp"),
                        "rules": [_sarif_rule(name) for name in used],
                    }
                },
                "invocations": [
                    {
                        "executionSuccessful": True,
                        "exitCode": int(bool(report.reasons)),
                        "toolExecutionNotifications": notices,
                    }
                ],
                "artifacts": [
                    {"location": {"uri": _uri(report.file)}, "description": {"text": report.kind}}
                ],
                "results": [
                    _sarif_result(one, used.index(one.rule), report) for one in report.reasons
                ],
                "columnKind": "unicodeCodePoints",
            }
        ],
    }


def _sarif_rule(name: str) -> dict[str, Any]:
    rule = RULES[name]
    return {
        "id": name,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {"text": rule.remedy},
        "defaultConfiguration": {"level": rule.level},
        "properties": {"tags": ["security", *rule.reports]},
    }


def _uri(path: str) -> str:
    return quote(path.replace("\\", "/"), safe="/:~", errors="surrogateescape")


def _sarif_result(reason: Reason, index: int, report: Report) -> dict[str, Any]:
    """Return a reason as a result: the file, the member and the path in it, and the byte."""
    file = reason.member.partition(": ")[0] if report.in_folder else ""
    path = f"{report.file.rstrip('/')}/{file}" if file else report.file
    physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(path)}}
    if reason.offset is not None:
        physical["region"] = {"byteOffset": reason.offset}
    location: dict[str, Any] = {"physicalLocation": physical}
    name = ": ".join(filter(None, (reason.member, reason.path)))
    if name:
        location["logicalLocations"] = [{"fullyQualifiedName": name}]
    rule = RULES[reason.rule]
    return {
        "ruleId": reason.rule,
        "ruleIndex": index,
        "level": rule.level,
        "message": {"text": f"{rule.title}: {reason.message}"},
        "locations": [location],
    }
