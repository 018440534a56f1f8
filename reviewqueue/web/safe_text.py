"""What an AI or a stranger wrote is text, never HTML.

Limited Markdown through a sanitiser: images are never fetched, the words of a link are inert and only its host can
be clicked, invisible and bidirectional characters are made visible. The raw text stands beside the rendered one.
"""

import re
import unicodedata
from collections.abc import Sequence
from urllib.parse import urlsplit

import nh3
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

#: Longer texts are shown as they are: nobody reads them as Markdown, and the parser's time is bounded.
LONGEST_MARKDOWN = 60_000

_ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]+)?([/?#][\x21\x23-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7e]*)?")
#: Blank to the eye although Unicode counts them as letters or symbols.
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0\u034f\u17b4\u17b5\u00ad")
_JOINERS = frozenset("\u200d\ufe0e\ufe0f")
_PERHAPS_UNSEEN = re.compile("[^\t\n\x20-\x7e\u00a0-\u00ac\u00ae-\u02ff]")
_TAGS = frozenset(
    "p br hr strong em s code pre blockquote a span".split()  # noqa: SIM905 - words read better
    + "ul ol li h1 h2 h3 h4 h5 h6 table thead tbody tr th td".split()  # noqa: SIM905
)
_CLASSES = {"a": {"host"}, "span": {"host", "inert"}}


def markdown(text: str) -> SafeString:
    """Return a machine's text as limited, sanitised HTML."""
    if len(text) > LONGEST_MARKDOWN:
        return plain(text)
    html = nh3.clean(
        _markdown.render(text),
        tags=set(_TAGS),
        attributes={"a": {"href"}},
        allowed_classes=_CLASSES,
        url_schemes={"http", "https"},
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )
    return _show_unseen(html)


def plain(text: str) -> SafeString:
    """Return a person's text: nothing in it is markup; lines stay lines."""
    paragraphs = re.split(r"\n\s*\n", text.replace("\r\n", "\n").strip())
    return _show_unseen("".join(f"<p>{escape(one).replace(chr(10), '<br>')}</p>" for one in paragraphs))


def raw(text: str) -> SafeString:
    """Return a text exactly as it came, with what cannot be seen made visible; for a place that keeps spaces."""
    return _show_unseen(escape(text.replace("\r\n", "\n")))


def _show_unseen(html: str) -> SafeString:
    """Give unseen characters a mark; ``html`` is escaped or sanitised already, its attributes are ASCII."""
    return mark_safe(_PERHAPS_UNSEEN.sub(_mark, html))  # noqa: S308


def _mark(found: re.Match[str]) -> str:
    one = found[0]
    if not _is_unseen(one, found.string[found.start() - 1 : found.start()]):
        return one
    name = unicodedata.name(one, "unnamed")
    return format_html('<span class="unseen" title="{}">U+{}</span>', name, f"{ord(one):04X}")


def _is_unseen(one: str, before: str) -> bool:
    if one in _JOINERS:
        # part of an emoji when it follows one
        return unicodedata.category(before or " ") not in {"So", "Sk", "Mn"} and before not in _JOINERS
    return one in _BLANK or unicodedata.category(one) in {"Cf", "Cc", "Co", "Cs", "Zl", "Zp"}


# --- links and images -------------------------------------------------------------------------------------------


class _Renderer(RendererHTML):
    """Draws links with their host beside them, and images as words."""

    def link_open(self, tokens: Sequence[Token], index: int, options: object, env: object) -> str:
        return '<span class="inert">'

    def link_close(self, tokens: Sequence[Token], index: int, options: object, env: object) -> str:
        return f"</span> {_host(_opening(tokens, index))}"

    def image(self, tokens: Sequence[Token], index: int, options: object, env: object) -> str:
        token = tokens[index]
        return f'<span class="inert">{escape(token.content)}</span> {_host(str(token.attrGet("src") or ""))}'

    def fence(self, tokens: Sequence[Token], index: int, options: object, env: object) -> str:
        return f"<pre><code>{escape(tokens[index].content)}</code></pre>"


def _opening(tokens: Sequence[Token], index: int) -> str:
    """Return the address of the link that closes here (links never nest)."""
    return next(str(one.attrGet("href") or "") for one in reversed(tokens[:index]) if one.type == "link_open")


def _host(address: str) -> str:
    """Draw an address as its host: the one part of a link that can be clicked, and only when it is plain http."""
    if not _ADDRESS.fullmatch(address):
        return f'<span class="host">[{escape(address[:80])}]</span>'
    return format_html('<a class="host" href="{}">[{}]</a>', address, urlsplit(address).hostname)


_markdown = MarkdownIt("commonmark", {"html": False, "breaks": True}, renderer_cls=_Renderer)
_markdown.enable(["table", "strikethrough"])
