"""What the benchmarks print and write: lines of medians and their ratios."""

import argparse
import datetime
import json
import os
import statistics
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks import databases
from dev.paths import make_state_directory

VARIANTS = ("stock", "ours")


@dataclass
class Line:
    """One line of the table: what was measured, how both did, what is aimed at."""

    name: str
    unit: str
    stock: float | None
    ours: float
    ratio: float
    target: str
    raw: dict[str, list[float]]


def compare(name: str, unit: str, rates: dict[str, list[float]], target: str) -> Line:
    """Return the line of medians."""
    stock, ours = (statistics.median(rates[variant]) for variant in VARIANTS)
    return Line(name, unit, stock, ours, stock / ours, target, rates)


class Report:
    """One run's table, printed line by line, and its file."""

    def __init__(self, kind: str, title: str, options: argparse.Namespace) -> None:
        self._kind = kind
        self._options = options
        self._started = datetime.datetime.now(datetime.timezone.utc)
        self._lines: list[Line] = []
        print(f"{title:36} {'unit':7} {'stock':>9} {'ours':>9}   ratio   target")

    def show(self, lines: Iterable[Line]) -> None:
        """Print lines of the table, and keep them."""
        for line in lines:
            self._lines.append(line)
            stock = "" if line.stock is None else f"{line.stock:9.1f}"
            print(
                f"{line.name:36} {line.unit:7} {stock:>9} {line.ours:9.1f}"
                f" {line.ratio:7.2f}   {line.target}",
                flush=True,
            )

    def write(self) -> Path:
        """Write all of it as JSON and return the file."""
        folder = make_state_directory() / "benchmarks"
        folder.mkdir(exist_ok=True)
        path = folder / f"{self._kind}-{self._started:%Y%m%d-%H%M%S}.json"
        result = {
            "started": self._started.isoformat(),
            "messages": self._options.messages,
            "rounds": self._options.rounds,
            "partners": databases.PARTNERS,
            "cores": os.cpu_count(),
            "load": os.getloadavg(),
            "lines": [asdict(line) for line in self._lines],
        }
        path.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
        return path
