"""The report: one static HTML page that opens from disk, and the board beside it."""

from sectow_benchmarks.report.build import build_report

__all__ = ["build_report"]
