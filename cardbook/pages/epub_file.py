"""Writes the files of an EPUB 3: package document, navigation, XHTML pages; equal parts give equal bytes."""

import html
import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from uuid import NAMESPACE_URL, uuid5

from cardbook.pages.html import UNPRINTABLE

STYLE = Path(__file__).with_name("epub.css")
CONTAINER = """\
<?xml version="1.0" encoding="UTF-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="EPUB/package.opf" media-type="application/oebps-package+xml"/></rootfiles>
</container>
"""
PAGE = """\
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" lang="en" xml:lang="en">
<head><title>{title}</title><link rel="stylesheet" href="{style}"/></head>
<body>
{body}
</body>
</html>
"""
PACKAGE = """\
<?xml version="1.0" encoding="UTF-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id" xml:lang="en">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:identifier id="id">urn:uuid:{identifier}</dc:identifier>
<dc:title>{title}</dc:title>
<dc:language>en</dc:language>
{optional}<meta property="dcterms:modified">{modified}</meta>
<meta property="schema:accessMode">textual</meta>
<meta property="schema:accessMode">visual</meta>
<meta property="schema:accessModeSufficient">textual</meta>
<meta property="schema:accessibilityFeature">alternativeText</meta>
<meta property="schema:accessibilityFeature">MathML</meta>
<meta property="schema:accessibilityFeature">structuralNavigation</meta>
<meta property="schema:accessibilityFeature">tableOfContents</meta>
<meta property="schema:accessibilityHazard">none</meta>
</metadata>
<manifest>
{manifest}
</manifest>
<spine>
{spine}
</spine>
</package>
"""
TYPES = {".xhtml": "application/xhtml+xml", ".css": "text/css", ".png": "image/png"}
MATH = re.compile(r'<math data-tex="')
TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True)
class Document:
    """One page of the book: its path in the EPUB, its title as HTML, its body as XHTML.

    `parts` are the fragments and the titles, as HTML, of the entries below it in the navigation.
    """

    path: str
    title: str
    body: str
    parts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class BookFacts:
    """What the package document says of the book; `description` and `source` (an address) may be ""."""

    name: str
    title: str
    description: str
    source: str
    modified: datetime


def write_epub(
    facts: BookFacts, documents: Sequence[Document], cover: bytes, figures: Mapping[str, bytes]
) -> bytes:
    """Return the EPUB; `documents` are in reading order, `figures` are PNG files by their path in the EPUB.

    The navigation comes after the first document.
    """
    first, *others = documents
    pages = [first, _navigation(documents), *others]
    files: dict[str, bytes] = {page.path: _xhtml(page).encode() for page in pages}
    manifest = "\n".join(_item(path, content) for path, content in files.items())
    files |= {STYLE.name: STYLE.read_bytes(), "cover.png": cover, **figures}
    items = [_item(path, b"") for path in list(files)[len(pages) :]]
    package = PACKAGE.format(
        identifier=uuid5(NAMESPACE_URL, facts.name),
        title=html.escape(facts.title),
        optional="".join(
            f"<dc:{name}>{html.escape(value)}</dc:{name}>\n"
            for name, value in (("description", facts.description), ("source", facts.source))
            if value
        ),
        modified=facts.modified.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        manifest="\n".join([manifest, *items]),
        spine="\n".join(f'<itemref idref="{_id(page.path)}"/>' for page in pages),
    )
    members = {"META-INF/container.xml": CONTAINER.encode(), "EPUB/package.opf": _clean(package).encode()}
    return _zip(members | {f"EPUB/{path}": content for path, content in files.items()})


def _navigation(documents: Sequence[Document]) -> Document:
    lines = ['<nav epub:type="toc" role="doc-toc">', "<h1>Contents</h1>", "<ol>"]
    for document in documents:
        below = "".join(
            f'<li><a href="{document.path}#{part}">{title}</a></li>\n' for part, title in document.parts
        )
        inner = f"\n<ol>\n{below}</ol>\n" if below else ""
        lines.append(f'<li><a href="{document.path}">{document.title}</a>{inner}</li>')
    return Document("nav.xhtml", "Contents", "\n".join([*lines, "</ol>", "</nav>"]))


def _xhtml(document: Document) -> str:
    style = "../" * document.path.count("/") + STYLE.name
    page = PAGE.format(title=TAG.sub("", document.title), style=style, body=document.body)
    # TeX is what a reading system without MathML shows.
    return _clean(MATH.sub('<math xmlns="http://www.w3.org/1998/Math/MathML" alttext="', page))


def _clean(text: str) -> str:
    """Return text without the characters that XML forbids."""
    return UNPRINTABLE.sub("\ufffd", text)


def _item(path: str, content: bytes) -> str:
    properties = {"nav.xhtml": ["nav"], "cover.png": ["cover-image"]}.get(path, [])
    properties += ["mathml"] if b"<math " in content else []
    marked = f' properties="{" ".join(properties)}"' if properties else ""
    kind = TYPES[PurePosixPath(path).suffix]
    return f'<item id="{_id(path)}" href="{path}" media-type="{kind}"{marked}/>'


def _id(path: str) -> str:
    """Return the id of a file in the package document."""
    return "file-" + path.replace("/", "-")


def _zip(members: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        # Readers look for this file at the beginning, not compressed. Each ZipInfo has the date 1980-01-01.
        archive.writestr(zipfile.ZipInfo("mimetype"), b"application/epub+zip")
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_STORED if name.endswith(".png") else zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return stream.getvalue()
