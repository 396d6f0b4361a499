"""Lines on two logarithmic axes as SVG, with nothing but text; enough for time and memory against size.

.venv/bin/python -m benchmarks.plots benchmarks/results docs/images
"""

from __future__ import annotations

import argparse
import json
import math
from html import escape
from pathlib import Path

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 420, 70, 250, 40, 50
COLOURS = ("#0b6e99", "#c8553d", "#3a7d44", "#8e5ea2", "#d19a00", "#5c6b73", "#b0307a", "#1b998b")
Line = list[tuple[float, float]]


def log_plot(title: str, x_name: str, y_name: str, lines: dict[str, Line]) -> str:
    """An SVG document; every line is a list of (x, y), all of them above 0.

    Raises:
        ValueError: no points.
    """
    points = [point for line in lines.values() for point in line]
    if not points:
        raise ValueError("there is nothing to draw")
    low_x, high_x = (math.log10(bound(x for x, _ in points)) for bound in (min, max))
    low_y, high_y = math.floor(math.log10(min(y for _, y in points))), math.ceil(math.log10(max(y for _, y in points)))
    high_y = max(high_y, low_y + 1)
    high_x = max(high_x, low_x + 0.1)

    def at(x: float, y: float) -> tuple[float, float]:
        across = (math.log10(x) - low_x) / (high_x - low_x)
        up = (math.log10(y) - low_y) / (high_y - low_y)
        return LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM)

    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        f'font-size="12"><rect width="100%" height="100%" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="22" font-size="15" font-weight="bold">{escape(title)}</text>',
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 10}" text-anchor="middle">{escape(x_name)}</text>',
        f'<text x="16" y="{HEIGHT / 2}" text-anchor="middle" transform="rotate(-90 16 {HEIGHT / 2})">'
        f"{escape(y_name)}</text>",
    ]
    for exponent in range(low_y, high_y + 1):
        x, y = at(10**low_x, 10**exponent)
        drawn.append(f'<path d="M{x:.1f} {y:.1f}H{WIDTH - RIGHT}" stroke="#dddddd"/>')
        drawn.append(f'<text x="{x - 6:.1f}" y="{y + 4:.1f}" text-anchor="end">{10.0**exponent:g}</text>')
    for size in sorted({x for x, _ in points}):
        x, y = at(size, 10**low_y)
        drawn.append(f'<path d="M{x:.1f} {y:.1f}V{TOP}" stroke="#eeeeee"/>')
        drawn.append(f'<text x="{x:.1f}" y="{y + 18:.1f}" text-anchor="middle">{size:,.0f}</text>')
    for number, (name, line) in enumerate(lines.items()):
        colour = COLOURS[number % len(COLOURS)]
        places = [at(*point) for point in sorted(line)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        drawn.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        drawn += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
        row = TOP + 10 + 18 * number
        drawn.append(f'<rect x="{WIDTH - RIGHT + 14}" y="{row - 8}" width="10" height="10" fill="{colour}"/>')
        drawn.append(f'<text x="{WIDTH - RIGHT + 30}" y="{row + 1}">{escape(name)}</text>')
    return "\n".join([*drawn, "</svg>"]) + "\n"


def of_sizes(results: Path, folder: Path) -> list[Path]:
    """Draw the results of :mod:`benchmarks.bench_sizes` that lie in ``results``; gives the files written."""
    found = [json.loads(path.read_text()) for path in sorted(results.glob("sizes_*.json"))]
    if not found:
        return []
    seconds: dict[str, Line] = {}
    memory: dict[str, Line] = {}
    for result in found:
        for row in result["rows"]:
            seconds.setdefault(row["name"], []).append((result["products"], max(row["median"], 1e-3)))
            memory.setdefault(row["name"], []).append((result["products"], row["peak_mib"]))
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, title, y_name, lines in (
        ("sizes-seconds.svg", "Seconds against size, two cores", "seconds", seconds),
        ("sizes-memory.svg", "Peak memory by the end of each stage", "MiB", memory),
    ):
        (folder / name).write_text(log_plot(title, "products", y_name, lines))
        written.append(folder / name)
    return written


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    for path in of_sizes(arguments.results, arguments.folder):
        print(path)


if __name__ == "__main__":
    main()
