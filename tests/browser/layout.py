"""What is wrong with the layout of a page, found by scripts in it."""

from __future__ import annotations

from tests.browser.conftest import Browser

_WIDER = """
const width = window.innerWidth, found = [];
for (const one of document.querySelectorAll('body *')) {
  const box = one.getBoundingClientRect();
  if (box.right > width + 1 && !one.closest('.wide')) found.push(`${one.tagName}.${one.className}`);
}
return document.documentElement.scrollWidth > width ? found.slice(0, 3).concat('') : [];
"""
_CUT = """
return [...document.querySelectorAll('main *')].filter((one) => {
  const style = getComputedStyle(one);
  const showsIt = style.overflowX === 'visible' || style.textOverflow === 'ellipsis';
  const scrolls = one.matches('input, select, textarea, svg, svg *, .wide');
  return !showsIt && !scrolls && one.scrollWidth > one.clientWidth + 1;
}).slice(0, 3).map((one) => `${one.tagName}.${one.className}`);
"""
_GLUED = r"""
const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const boxes = (node) => {
  const range = document.createRange();
  range.selectNodeContents(node);
  return [...range.getClientRects()];
};
for (let before = null, node; (node = walker.nextNode()); before = node) {
  if (!before || !/[\w.,;:)]$/.test(before.data) || !/^[\w(]/.test(node.data)) continue;
  const left = boxes(before).pop(), right = boxes(node)[0];
  const beside = left && right && Math.abs(left.bottom - right.bottom) < 8;
  if (beside && Math.abs(right.left - left.right) < 2)
    found.push(`${before.data.slice(-20)}|${node.data.slice(0, 20)}`);
}
return found;
"""


def faults(browser: Browser) -> list[str]:
    """A line for each thing."""
    scripts = {"scrolls sideways": _WIDER, "hides text": _CUT, "words run together": _GLUED}
    return [
        f"{fault}: {found}"
        for fault, script in scripts.items()
        if (found := browser.script(script))
    ]
