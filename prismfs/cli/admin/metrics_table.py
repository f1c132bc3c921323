"""The figures of incident response as tables for people."""

from typing import Any

from prismfs.cli import output
from prismfs.engine.metrics.spans import format_seconds

_TIMES = {
    "mttd": "to detect (MTTD)",
    "mtt_respond": "to respond",
    "mtt_resolve.all": "to resolve, all",
    "mtt_resolve.escalated_only": "to resolve, escalated only",
}
_RATES = {
    "auto_resolve_rate": "resolved without escalation, of those resolved",
    "repeat_rate": "same root cause again, of those with one",
    "review_on_time_rate": "mandatory reviews on time",
    "action_item_closure_rate": "action items closed",
}
_SHORT = {
    "mttd": "DETECT",
    "mtt_respond": "RESPOND",
    "mtt_resolve.all": "RESOLVE",
    "mtt_resolve.escalated_only": "ESCALATED",
}
_WEEKS = 12


def table_of(data: dict[str, Any]) -> str:
    """Return the figures as lines for people; times are means of what is named, `-` where there is nothing."""
    left_out = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in data["excluded"].items() if count)
    parts = [
        f"{data['pid']}, {_window(data)}: {data['incidents']} incidents, {data['open']} open"
        + (f" (not counted: {left_out})" if left_out else ""),
        _times(data),
        _rates(data),
        _severities(data),
    ]
    if data["weeks"]:
        parts.append(_weeks(data["weeks"]))
    if "by" in data:
        parts.append(_groups(data))
    return "\n\n".join(parts) + "\n"


def _window(data: dict[str, Any]) -> str:
    start, end = data["from"], data["to"]
    if start is None and end is None:
        return "all time"
    return " ".join(filter(None, (start and f"from {start}", end and f"to {end}")))


def _member(data: dict[str, Any], place: str) -> dict[str, Any]:
    for name in place.split("."):
        data = data[name]
    return data


def _times(data: dict[str, Any]) -> str:
    rows = []
    for place, label in _TIMES.items():
        values = _member(data, place)
        rows.append(
            {"what": label, "n": values["n"]} | {name: _span(values[name]) for name in ("mean", "median", "p90")}
        )
    return output.table(rows, {"what": "TIME", "n": "N", "mean": "MEAN", "median": "MEDIAN", "p90": "P90"})


def _rates(data: dict[str, Any]) -> str:
    rates = {label: data[name] for name, label in _RATES.items()}
    for target in ("respond", "resolve"):
        rates[f"target to {target} missed"] = data["breach_rate"][target]["all"]
    rows = [
        {"what": label, "percent": _share(rate), "of": f"{rate['count']}/{rate['n']}"} for label, rate in rates.items()
    ]
    return output.table(rows, {"what": "RATE", "percent": "PER CENT", "of": "OF"})


def _severities(data: dict[str, Any]) -> str:
    rows = []
    for rank in range(4):
        label = f"P{rank}"
        rows.append(
            {
                "severity": output.severity_style(rank, label),
                "final": data["by_severity"]["sev_final"][label],
                "worst": data["by_severity"]["sev_max"][label],
                "respond": _missed(data["breach_rate"]["respond"][label]),
                "resolve": _missed(data["breach_rate"]["resolve"][label]),
            }
        )
    columns = {"severity": "SEVERITY", "final": "LAST", "worst": "WORST"}
    return output.table(rows, columns | {"respond": "RESPONSE MISSED", "resolve": "RESOLUTION MISSED"})


def _weeks(weeks: list[dict[str, Any]]) -> str:
    rows = [{"week": week["week"], **week["sev_final"], "all": sum(week["sev_final"].values())} for week in weeks]
    shown = output.table(
        rows[-_WEEKS:], {"week": "WEEK", **{f"P{rank}": f"P{rank}" for rank in range(4)}, "all": "ALL"}
    )
    return shown if len(rows) <= _WEEKS else f"{shown}\n{len(rows) - _WEEKS} earlier weeks; --json has them"


def _groups(data: dict[str, Any]) -> str:
    name = data["by"]
    rows = [
        {name: group[name], "incidents": group["incidents"]}
        | {place: _span(_member(group, place)["mean"]) for place in _SHORT}
        | {"auto": _share(group["auto_resolve_rate"]), "repeat": _share(group["repeat_rate"])}
        for group in data["groups"]
    ]
    columns = {name: name.upper(), "incidents": "N", **_SHORT, "auto": "AUTO %", "repeat": "REPEAT %"}
    return output.table(rows, columns) if rows else f"no {name} has an incident"


def _span(seconds: float | None) -> str:
    return "-" if seconds is None else format_seconds(seconds)


def _share(rate: dict[str, Any]) -> str:
    return "-" if rate["percent"] is None else f"{rate['percent']:.1f}"


def _missed(rate: dict[str, Any]) -> str:
    return "-" if rate["percent"] is None else f"{rate['percent']:.1f} % of {rate['n']}"
