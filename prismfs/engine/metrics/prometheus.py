"""The figures in Prometheus' text format, for the textfile collector of node_exporter.

Everything is a gauge: a figure of a window goes down as well as up. What has no members has no sample, so that an
alert on it does not read a zero. Names and labels stand in docs/metrics.md.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, TypeAlias

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

_STATISTICS = ("mean", "median", "p90")
_TIMES = (
    ("detect", "mttd", "from the beginning of the impact to detection"),
    ("respond", "mtt_respond", "from detection to the first act of a responder"),
)
_RATIOS = (
    ("prismfs_incident_auto_resolve_ratio", "auto_resolve_rate", "resolved without escalation, of those resolved"),
    ("prismfs_incident_repeat_ratio", "repeat_rate", "with a root cause seen before, of those with a root cause"),
    ("prismfs_incident_review_on_time_ratio", "review_on_time_rate", "mandatory reviews that were stored in time"),
    ("prismfs_incident_action_item_closed_ratio", "action_item_closure_rate", "action items that are closed"),
)

_Labelled: TypeAlias = list[tuple[dict[str, str], dict[str, Any]]]
"""Figures, each with the labels that tell it from the others."""


def exposition(data: dict[str, Any]) -> str:
    """Return figures that were measured by severity in the text format (version 0.0.4)."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures(data))
    return generate_latest(registry).decode()


class _Figures(Collector):
    """Gives the gauges of one report."""

    def __init__(self, data: dict[str, Any]) -> None:
        self._data = data
        self._groups = {"all": data} | {group["severity"]: group for group in data["groups"]}

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Return every gauge."""
        yield from self._counts()
        for name, member, what in _TIMES:
            groups = [({"severity": severity}, group[member]) for severity, group in self._groups.items()]
            yield from self._times(name, what, groups)
        resolved = [
            ({"severity": severity, "among": among}, figures)
            for severity, group in self._groups.items()
            for among, figures in group["mtt_resolve"].items()
        ]
        yield from self._times("resolve", "from detection to resolution", resolved)
        for metric, member, what in _RATIOS:
            yield self._ratio(metric, what, [({}, self._data[member])])
        missed = [
            ({"target": target, "severity": severity}, rate)
            for target, rates in self._data["breach_rate"].items()
            for severity, rate in rates.items()
        ]
        yield self._ratio("prismfs_incident_target_missed_ratio", "judged against a target that missed it", missed)
        as_of = self._gauge("prismfs_metrics_as_of_timestamp_seconds", "time of the newest audit row")
        if self._data["as_of"] is not None:
            as_of.add_metric([self._data["pid"]], datetime.fromisoformat(self._data["as_of"]).timestamp())
        yield as_of

    def _counts(self) -> Iterator[GaugeMetricFamily]:
        counted = self._gauge("prismfs_incidents", "incidents of the window", "severity", "which")
        for which, label in (("sev_final", "final"), ("sev_max", "worst")):
            for severity, count in self._data["by_severity"][which].items():
                counted.add_metric([self._data["pid"], severity, label], count)
        yield counted
        still_open = self._gauge("prismfs_incidents_open", "incidents of the window that are open", "severity")
        for severity in self._data["by_severity"]["sev_final"]:
            group = self._groups.get(severity)
            still_open.add_metric([self._data["pid"], severity], 0 if group is None else group["open"])
        yield still_open
        left_out = self._gauge("prismfs_incidents_excluded", "incidents of the window that are not counted", "reason")
        for reason, count in self._data["excluded"].items():
            left_out.add_metric([self._data["pid"], reason], count)
        yield left_out

    def _times(self, name: str, what: str, groups: _Labelled) -> Iterator[GaugeMetricFamily]:
        seconds = self._gauge(f"prismfs_incident_{name}_seconds", f"seconds {what}", *groups[0][0], "statistic")
        number = self._gauge(f"prismfs_incident_{name}_measured", f"incidents measured {what}", *groups[0][0])
        for labels, figures in groups:
            number.add_metric([self._data["pid"], *labels.values()], figures["n"])
            for statistic in _STATISTICS:
                if figures[statistic] is not None:
                    seconds.add_metric([self._data["pid"], *labels.values(), statistic], figures[statistic])
        yield seconds
        yield number

    def _ratio(self, metric: str, what: str, rates: _Labelled) -> GaugeMetricFamily:
        gauge = self._gauge(metric, f"share, 0 to 1: {what}", *rates[0][0])
        for labels, rate in rates:
            if rate["n"]:
                gauge.add_metric([self._data["pid"], *labels.values()], rate["count"] / rate["n"])
        return gauge

    @staticmethod
    def _gauge(name: str, what: str, *labels: str) -> GaugeMetricFamily:
        return GaugeMetricFamily(name, f"{what[0].upper()}{what[1:]}.", labels=["pid", *labels])
