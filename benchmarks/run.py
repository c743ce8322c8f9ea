"""Measure everything beside the other libraries, in one process, and write what was found.

    pip install '.[keras,oracle,bench]'
    python benchmarks/run.py [--quick] [--only upsampling png ...] [--results FILE]

Candidates take turns, with as many threads as the machine has cores. The numbers go to
benchmarks/results.json, and from there to docs/performance.md and its plots. --quick tells in a
few minutes whether all of it runs; what it measures is printed, and not kept unless FILE is given.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import convolution
import generators
import memory
import png
import processes
import report
import scale
import superresolution
import techniques
import upsampling
from machine import describe, limits
from timing import Row, ratios

PARTS: Mapping[str, Callable[..., Iterator[Row]]] = {
    "upsampling": upsampling.rows,
    "convolution": convolution.rows,
    "generators": generators.rows,
    "networks": superresolution.rows,
    "png": png.rows,
    "processes": processes.rows,
    "memory": memory.rows,
    "scale": scale.rows,
    "techniques": techniques.rows,
}
RESULTS = Path(__file__).with_name("results.json")


def measure(part: str, *, quick: bool) -> Iterator[Row]:
    """Yield the rows of a part, and show them as they come."""
    for timed in PARTS[part](quick=quick):
        found = [f"{name} {ratio:.2f}" for name, ratio in ratios(timed).items()]
        found += [f"{name} {size:.0f} MB" for name, size in timed.get("megabytes", {}).items()]
        print(f"{timed['group']}, {timed['case']}: {', '.join(found)}", file=sys.stderr)
        yield timed


def earlier(place: Path, machine: dict[str, str]) -> dict[str, list[Row]]:
    """Return the parts that were measured before by the same machine and libraries."""
    if not place.exists():
        return {}
    results: report.Results = json.loads(place.read_text(encoding="utf-8"))
    return results["parts"] if results["machine"] == machine else {}


def main() -> None:
    """Measure what is asked for, keep the rest, and write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a few cases, in few rounds")
    parser.add_argument("--only", nargs="+", choices=PARTS, metavar="PART", default=list(PARTS))
    parser.add_argument("--results", type=Path, help="the JSON file to keep, and to go on with")
    options = parser.parse_args()
    place = options.results or (None if options.quick else RESULTS)
    machine = describe()
    parts = earlier(place, machine) if place else {}
    found = limits(quick=options.quick)
    results: report.Results = {"machine": machine, "limits": found, "parts": parts}
    for part in options.only:
        parts[part] = list(measure(part, quick=options.quick))
        results["parts"] = {each: parts[each] for each in PARTS if each in parts}
        if place:  # at once, as the next part may fail
            place.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    if place is None:
        print(report.page(results))
    elif place == RESULTS:
        report.write(results)


if __name__ == "__main__":
    main()
