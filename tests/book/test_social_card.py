"""The picture that a link to a chapter shows has room for the chapter's title."""

import io

import numpy as np
import pytest
from PIL import Image

from cardbook.pages.lettering import draw_social
from cardbook.source.book import Chapter, read_book
from tests.conftest import ROOT

BOOK = read_book(ROOT)


@pytest.mark.parametrize("chapter", BOOK.chapters, ids=lambda chapter: chapter.id)
def test_title_fits_on_its_card(chapter: Chapter) -> None:
    image = Image.open(io.BytesIO(draw_social(BOOK.title, chapter.title)))
    assert image.size == (1200, 630)
    ink = np.argwhere(np.asarray(image.convert("L")) < 60)
    title = ink[ink[:, 0] > 200]
    assert len(title) > 1000
    (_, left), (bottom, right) = title.min(axis=0).tolist(), title.max(axis=0).tolist()
    assert left >= 120 and right <= 1090 and bottom <= 530
