"""What MkDocs calls while it builds the site: a policy for what a page may do, and a search that finds cards.

Without this hook the site has the same content: it only takes away, and forbids.
"""

import base64
import hashlib
import json
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.pages import Page

INLINE = re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>(.*?)</script>", re.DOTALL)
BUNDLE = re.compile(r'<script (src="[^"]*assets/javascripts/bundle)')
SPACE = re.compile(r"\s*\n\s*")
BOOST = 8
DIALOG = 'data-md-component="search" role="dialog"'
POLICY = (
    "default-src 'none'; script-src 'self'{hashes}; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " font-src 'self'; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'"
)


def on_post_page(output: str, page: Page, config: MkDocsConfig, **_: object) -> str:
    """Return the page with a lighter frame, allowed to run the theme's own scripts only."""
    # The theme's are those of the frame around the content: a script in the content is never allowed.
    before, content, after = output.partition(page.content) if page.content else (output, "", "")
    before, after = minify_frame(before), minify_frame(after)
    return add_csp(before + content + after, before + after, config)


def on_post_template(output: str, template_name: str, config: MkDocsConfig, **_: object) -> str:
    """Return the page for missing pages treated like the others."""
    return (
        add_csp(frame := minify_frame(output), frame, config) if template_name.endswith(".html") else output
    )


def on_post_build(config: MkDocsConfig, **_: object) -> None:
    """Let a search for a card's title find the card before all that is written about it."""
    site = Path(config.site_dir)
    index = site / "search" / "search_index.json"
    content = json.loads(index.read_text(encoding="utf-8"))
    for entry in content["docs"]:
        page, _, anchor = entry["location"].partition("#")
        if anchor and f'data-card="{anchor}"' in (site / page / "index.html").read_text(encoding="utf-8"):
            entry["boost"] = BOOST
    index.write_text(json.dumps(content), encoding="utf-8")


def minify_frame(frame: str) -> str:
    """Return the theme's HTML without indentation and empty lines; it has no preformatted text."""
    return SPACE.sub("\n", frame)


def add_csp(output: str, frame: str, config: MkDocsConfig) -> str:
    """Return a page whose search dialog has a name, and that runs no inline script but those of `frame`."""
    named = output.replace(DIALOG, f'{DIALOG} aria-label="Search"')
    # The page is shown before the theme's script has come; what follows it waits in order.
    named = BUNDLE.sub(r"<script defer \1", named)
    if (config.site_url or "").startswith("http://"):
        # A preview: each build gives its pages another inline script, which reloads them.
        return named
    hashes = "".join(
        f" 'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in sorted(set(INLINE.findall(frame)))
    )
    policy = f'<meta http-equiv="Content-Security-Policy" content="{POLICY.format(hashes=hashes)}">'
    return named.replace('<meta charset="utf-8">', f'<meta charset="utf-8">{policy}', 1)
