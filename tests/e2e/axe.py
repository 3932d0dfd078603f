"""axe-core: checks a page as it is drawn against the Web Content Accessibility Guidelines, version 2.2, level AA."""

from functools import cache
from importlib.resources import files
from typing import Any

from playwright.sync_api import Page

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

# axe does not judge text on a gradient: for the check it lies on the end of ours that is worse to read on.
_RUN = """async (tags) => {
  document.body.style.background = "var(--eg-glow)";
  const { violations } = await axe.run({ runOnly: tags, rules: { "target-size": { enabled: true } } });
  document.body.style.background = "";
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => [id, node.target.join(" "), node.failureSummary]));
}"""


@cache
def _script() -> str:
    return (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


def violations(page: Page) -> list[str]:
    """What is wrong, where, and how to mend it. Run from outside the page, so its policy stays as strict as it is."""
    page.evaluate(_script())
    found: list[list[Any]] = page.evaluate(_RUN, RULES)
    return [" | ".join(str(part) for part in violation) for violation in found]
