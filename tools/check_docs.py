"""Docs that cannot go stale unnoticed: relative links lead somewhere, and both READMEs have the same commands.

python tools/check_docs.py
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.M | re.S)


def dead_links(page: Path) -> list[str]:
    """Relative links of a page whose file or heading does not exist."""
    found = []
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        path, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", path):
            continue
        file = (page.parent / path).resolve() if path else page
        if not file.exists():
            found.append(f"{page.relative_to(ROOT)}: {target}")
        elif anchor and file.suffix == ".md" and anchor not in anchors(file):
            found.append(f"{page.relative_to(ROOT)}: {target} (no such heading)")
    return found


def anchors(page: Path) -> set[str]:
    """Heading anchors as GitHub makes them, and explicit `<a id>` ones."""
    text = page.read_text(encoding="utf-8")
    heads = re.findall(r"^#+\s+(.*)$", text, re.M)
    made = {re.sub(r"[^\w\- ]", "", h.lower()).strip().replace(" ", "-") for h in heads}
    return made | set(re.findall(r'<a id="([^"]+)"', text))


def commands(page: Path) -> list[str]:
    """Every line of the shell and Python blocks, comments left out."""
    blocks = FENCE.findall(page.read_text(encoding="utf-8"))
    lines = [line for kind, body in blocks if kind in ("bash", "python") for line in body.splitlines()]
    return [bare for line in lines if (bare := re.sub(r"\s*#.*$", "", line).strip())]


def main() -> int:
    pages = [p for p in ROOT.rglob("*.md") if not any(part.startswith((".", "venv")) for part in p.parts[1:])]
    problems = [link for page in sorted(pages) for link in dead_links(page)]
    english, chinese = ROOT / "README.md", ROOT / "README.zh-CN.md"
    if commands(english) != commands(chinese):
        problems.append("README.md and README.zh-CN.md differ in their commands")
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{len(pages)} pages, {len(problems)} problems")
    return bool(problems)


if __name__ == "__main__":
    raise SystemExit(main())
