import html
from dataclasses import replace

from cardbook.pages.corrections import make_corrections_page
from cardbook.source.book import read_book
from tests.conftest import ROOT


def test_page_has_every_correction_with_its_source_and_quotation() -> None:
    book = read_book(ROOT)
    page = make_corrections_page(book)
    corrections = [item for entry in book.entries for item in entry.corrections]
    assert page.count('<div class="correction">') == len(corrections)
    assert all(f'href="{item.source}"' in page for item in corrections)
    assert page.count("“") >= sum(bool(item.quote) for item in corrections)
    assert page.count("(not read by us)") == sum(item.unread for item in corrections)
    for chapter in book.chapters:
        for entry in chapter.entries:
            assert (f"(../chapters/{chapter.id}.md#{entry.id})" in page) == bool(entry.corrections)


def test_words_of_a_quotation_are_not_markup() -> None:
    book = read_book(ROOT)
    chapter = book.chapters[0]
    entry = chapter.entries[0]
    item = replace(entry.corrections[0], quote="4 *times* X (e.g. <b> {x})")
    entry = replace(entry, corrections=(item,))
    page = make_corrections_page(replace(book, chapters=(replace(chapter, entries=(entry,)),)))
    assert "“4 *times* X (e.g. <b> {x})”" in html.unescape(page)
    assert "<em>" not in page
    assert "<b>" not in page
