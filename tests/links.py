"""Every relative link of the Markdown files must lead somewhere, headings included. ``make check`` runs this.

Addresses of other sites are not asked: this check needs no network.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)


def anchors(text: str) -> set[str]:
    """The anchors that a Markdown file's headings get."""
    found = set()
    for heading in re.findall(r"^#{1,6}\s+(.*)$", FENCE.sub("", text), flags=re.MULTILINE):
        plain = re.sub(r"[^\w\- ]", "", re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower())
        found.add(plain.strip().replace(" ", "-"))
    return found


def dead_links(files: list[Path]) -> list[str]:
    """One line a link that leads nowhere: file, line, target."""
    dead = []
    for file in files:
        text = file.read_text(encoding="utf-8")
        blanked = FENCE.sub(lambda match: "\n" * match.group().count("\n"), text)
        for match in LINK.finditer(blanked):
            target = match.group(1)
            if re.match(r"[a-z][a-z0-9+.-]*:", target):
                continue
            path, _, anchor = target.partition("#")
            there = (file.parent / path).resolve() if path else file
            line = blanked.count("\n", 0, match.start()) + 1
            missing_anchor = (
                anchor and there.suffix == ".md" and there.exists() and anchor not in anchors(there.read_text())
            )
            if not there.exists() or missing_anchor:
                dead.append(f"{file.relative_to(ROOT)}:{line}: {target}")
    return dead


def main() -> int:
    """Print dead links; 1 where there are any."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    dead = dead_links([ROOT / name for name in listed if (ROOT / name).exists()])
    print("\n".join(dead) if dead else f"links: all of {len(listed)} Markdown files lead somewhere")
    return 1 if dead else 0


if __name__ == "__main__":
    sys.exit(main())
