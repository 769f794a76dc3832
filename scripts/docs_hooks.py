"""What mkdocs does not do by itself: equations as MathML, and docstrings' Sphinx marks as plain text.

MathML is drawn by the browser itself, so that the built pages need no script and no network for equations.
"""

from __future__ import annotations

import html
import re

from latex2mathml.converter import convert

_INLINE = re.compile(r'<span class="arithmatex">\\\((.+?)\\\)</span>', re.DOTALL)
_BLOCK = re.compile(r'<div class="arithmatex">\s*\\\[(.+?)\\\]\s*</div>', re.DOTALL)
_ROLE = re.compile(r":(?:class|data|func|meth|mod):(?=<code>|<span|<a )")
_LITERAL_NEXT = re.compile(r"::</p>")
_TABLE = re.compile(r"<p>(={3,} .*?)</p>", re.DOTALL)


def on_page_content(content: str, **_: object) -> str:
    """Rewrite the HTML of one page."""
    content = _BLOCK.sub(lambda found: convert(html.unescape(found[1].strip()), display="block"), content)
    content = _INLINE.sub(lambda found: convert(html.unescape(found[1].strip())), content)
    content = _TABLE.sub(r"<pre>\1</pre>", content)
    return _LITERAL_NEXT.sub(":</p>", _ROLE.sub("", content))
