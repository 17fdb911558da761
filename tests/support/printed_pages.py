"""A page as Chromium prints it: what is cut or broken on the paper, and on which sheet an element begins."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.browser import opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, ViewportSize

# A4 without the margins that the style sheet gives it, in pixels of CSS.
PAPER: "ViewportSize" = {"width": 703, "height": 1009}

# Texts that reach beyond the paper, or that a box hides a part of.
CUT = """
() => {
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const range = document.createRange();
    range.selectNodeContents(texts.currentNode);
    const box = range.getBoundingClientRect();
    if (box.width === 0 || texts.currentNode.data.trim() === '') continue;
    let isCut = box.left < -1 || box.right > innerWidth + 1;
    for (let around = texts.currentNode.parentElement; around; around = around.parentElement) {
      if (around instanceof SVGElement || getComputedStyle(around).overflowX === 'visible') continue;
      const edge = around.getBoundingClientRect();
      isCut ||= box.right > edge.right + 1 || box.left < edge.left - 1 || box.bottom > edge.bottom + 3;
    }
    if (isCut) found.push(texts.currentNode.data.trim());
  }
  return found;
}
"""
# Words that are on several lines, with the letters that a line has of them on average. Chinese may break anywhere.
BROKEN = """
() => {
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    for (const word of texts.currentNode.data.matchAll(/\\p{Script=Han}{4,}|[^\\p{Script=Han}\\s()]+/gu)) {
      const range = document.createRange();
      range.setStart(texts.currentNode, word.index);
      range.setEnd(texts.currentNode, word.index + word[0].length);
      const tops = [...range.getClientRects()].filter(({ width }) => width > 0).map(({ top }) => Math.round(top));
      const lines = new Set(tops).size;
      if (lines > 1) found.push([word[0], word[0].length / lines]);
    }
  }
  return found;
}
"""
# Names each heading and the first thing below it, and links to both: Chromium writes the place of what is linked to.
NAMED = """
() => {
  const isShown = (element) => element.getClientRects().length > 0;
  const isBelow = (element) => element.childElementCount === 0 || element.tagName === 'svg';
  const name = (element) => (element.id ||= `named-${document.querySelectorAll('[id]').length}`);
  const everything = [...document.querySelectorAll('main *')].filter(
    (element) => isShown(element) && !element.parentElement.closest('svg'));
  const found = [];
  everything.forEach((heading, position) => {
    if (!heading.matches('h2, h3, h4, .group > summary')) return;
    const below = everything.slice(position + 1).find((element) => isBelow(element) && !heading.contains(element) &&
      !element.closest('.note, .caption, .legend, .kind'));
    if (below) found.push([heading.textContent, name(heading), name(below)]);
  });
  const others = [...document.querySelectorAll('.findings li, .map, .map li:last-child')].map(name);
  const links = document.createElement('p');
  for (const id of new Set([...found.flatMap(([, ...ids]) => ids), ...others])) {
    const link = document.createElement('a');
    link.href = `#${id}`;
    link.textContent = '.';
    links.append(link);
  }
  document.body.append(links);
  return found;
}
"""
_OBJECT = re.compile(rb"^(\d+) 0 obj\n(.*?)\nendobj", re.DOTALL | re.MULTILINE)
_REFERENCE = re.compile(rb"(\d+) 0 R")
_PLACE = re.compile(rb"/([\w.-]+) \[(\d+) 0 R /XYZ ([\d.]+) ([\d.]+) 0\]")


@dataclass(frozen=True)
class Sheets:
    """On which sheet of paper, from 0, elements with an id begin, and how far above its end in points."""

    places: dict[str, tuple[int, float]]
    # The text of each heading with the ids of itself and of the first thing below it.
    headings: list[tuple[str, str, str]]

    def lonely_headings(self) -> list[str]:
        """Return the headings that are on another sheet than what they are above."""
        return [text for text, heading, below in self.headings if self.places[heading][0] != self.places[below][0]]


@contextmanager
def on_paper(chromium: "Browser", html: str) -> Iterator["Page"]:
    """Open a page as wide as paper, in the style of print."""
    with opened(chromium, html, PAPER) as page:
        page.emulate_media(media="print")
        yield page


def printed(page: "Page") -> Sheets:
    """Print a page, and find its headings, its findings and its heat map on the sheets."""
    headings = [tuple(heading) for heading in page.evaluate(NAMED)]
    pdf = page.pdf(prefer_css_page_size=True)
    objects = {int(number): body for number, body in _OBJECT.findall(pdf)}
    (root,) = (body for body in objects.values() if b"/Type /Catalog" in body)
    order = list(_leaves(objects, int(re.search(rb"/Pages (\d+) 0 R", root)[1])))
    places = {
        name.decode(): (order.index(int(sheet)), float(y))
        for body in objects.values()
        for name, sheet, _, y in _PLACE.findall(body)
    }
    return Sheets(places, headings)


def _leaves(objects: dict[int, bytes], number: int) -> Iterator[int]:
    """Yield the numbers of the sheets below a node of the tree of pages, in their order."""
    kids = re.search(rb"/Kids \[(.*?)\]", objects[number], re.DOTALL)
    if kids is None:
        yield number
        return
    for kid in _REFERENCE.findall(kids[1]):
        yield from _leaves(objects, int(kid))
