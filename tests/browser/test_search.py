"""Search in a real browser: what people type, what they see, and what is fetched for it."""

import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import Locator, Page, expect

from tests.browser.chromium import VIEWS, Opener, View
from tests.browser.places import BOOK

# What people type, and the cards of which one must come first: the card itself or a part of its example.
QUERIES = {
    "what is attention?": {"illustrated-transformer"},
    "how do I get an openai key?": {"openai-api-key"},
    "tokenizer": {"tokenization-and-embeddings"},
    "tokeniser": {"tokenization-and-embeddings"},
    "top-p": {"text-generation"},
    "top p sampling": {"text-generation"},
    "temperature": {"text-generation"},
    "quantization": {"hardware-requirements"},
    "quantisation": {"hardware-requirements"},
    "int8": {"hardware-requirements"},
    "how much vram do I need": {"hardware-requirements"},
    "gpu": {"hardware-requirements"},
    "rag": {"semantic-search"},
    "retrieval augmented generation": {"semantic-search"},
    "lora": {"fine-tuning-generation", "training-and-fine-tuning"},
    "bertopic": {"text-clustering"},
    "topic modeling": {"text-clustering"},
    "topic modelling": {"text-clustering"},
    "clustering": {"text-clustering"},
    "vector search": {"semantic-search"},
    "what are embeddings?": {"tokenization-and-embeddings", "embedding-model-training"},
    "word embeddings": {"tokenization-and-embeddings"},
    "bert": {"fine-tuning-bert"},
    "difference between bert and gpt": {"overview-of-language-models"},
    "encoder vs decoder": {"overview-of-language-models", "illustrated-transformer"},
    "fine tune bert": {"fine-tuning-bert"},
    "finetuning": {"training-and-fine-tuning", "fine-tuning-bert", "fine-tuning-generation"},
    "rate limit exceeded": {"rate-limits"},
    "429 error": {"rate-limits"},
    "too many requests": {"rate-limits"},
    "cohere api key": {"cohere-api-key"},
    "llama 2 access": {"llama-2-access"},
    "gated model": {"llama-2-access"},
    "hugging face token": {"llama-2-access"},
    "ollama": {"local-alternatives"},
    "run llm locally": {"local-alternatives"},
    "install python": {"local-environment"},
    "virtual environment": {"local-environment"},
    "conda": {"local-environment"},
    "image captioning": {"visual-domain"},
    "clip": {"visual-domain"},
    "multimodal": {"visual-domain"},
    "sentiment analysis": {"supervised-classification"},
    "zero-shot classification": {"pretrained-language-models", "supervised-classification"},
    "contrastive learning": {"embedding-model-training"},
    "positional encoding": {"illustrated-transformer"},
    "what does bold text mean": {"typographical-conventions"},
    "greedy decoding": {"text-generation"},
    "next token prediction": {"text-generation"},
    "transfer learning": {"training-and-fine-tuning"},
    "text classification": {"supervised-classification"},
    "self-attention": {"illustrated-transformer"},
    "temprature": {"text-generation"},
    "what is a generative model": {"overview-of-language-models"},
    "semantic serch": {"semantic-search"},
    "free account limits": {"rate-limits"},
    "where do I put my api key": {"openai-api-key", "cohere-api-key"},
}


def ask(page: Page, query: str) -> None:
    page.locator(".md-search__input").fill(query)
    # Material looks when a key is let go.
    page.keyboard.press("End")


def open_search(open_page: Opener, view: View = VIEWS[0]) -> Page:
    page = open_page("about/", view)
    page.keyboard.press("/")
    page.locator(".md-search__input:focus").wait_for()
    return page


def first_hit(page: Page) -> Locator:
    return page.locator(".md-search-result__item").first.locator("a[href*='#']").first


def cards_by_place(site: Path) -> dict[str, str]:
    """The card that each address in a chapter belongs to."""
    places = {}
    for chapter in BOOK.chapters:
        page = BeautifulSoup((site / "chapters" / chapter.id / "index.html").read_text(), "html.parser")
        card = ""
        ids = {entry.id for entry in chapter.entries}
        for heading in page.select("article [id]"):
            card = str(heading["id"]) if heading["id"] in ids else card
            places[f"chapters/{chapter.id}/#{heading['id']}"] = card
    return places


def test_search_finds_what_people_type(open_page: Opener, site: Path) -> None:
    places = cards_by_place(site)
    page = open_search(open_page)
    wrong = {}
    for query, cards in QUERIES.items():
        allowed = "|".join(re.escape(place) for place, card in places.items() if card in cards)
        ask(page, query)
        try:
            expect(first_hit(page)).to_have_attribute(
                "href", re.compile(rf"({allowed})$".replace("/\\#", "/(\\?[^#]*)?\\#"))
            )
        except AssertionError:
            wrong[query] = first_hit(page).get_attribute("href") if first_hit(page).count() else "nothing"
    assert wrong == {}
    assert len(QUERIES) >= 40


def test_index_is_fetched_when_somebody_searches_and_once(open_page: Opener) -> None:
    page = open_page("about/")
    asked: list[str] = []
    page.context.on("request", lambda request: asked.append(request.url))
    page.reload(wait_until="networkidle")
    assert not any("book.json" in address for address in asked)
    page.keyboard.press("/")
    ask(page, "attention")
    first_hit(page).wait_for()
    ask(page, "tokenizer")
    expect(first_hit(page)).to_have_attribute("href", re.compile("tokenization"))
    assert sum("book.json" in address for address in asked) == 1


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_matches_are_seen_in_the_list(open_page: Opener, view: View) -> None:
    page = open_search(open_page, view)
    ask(page, "attention")
    mark = page.locator(".md-search-result mark").first
    mark.wait_for()
    own, around = (
        page.locator(f".md-search-result {place}").first.evaluate(
            "one => getComputedStyle(one).backgroundColor"
        )
        for place in ("mark", "article")
    )
    assert own not in (around, "rgba(0, 0, 0, 0)")


def test_closed_answer_is_open_on_arrival(open_page: Opener) -> None:
    page = open_search(open_page)
    ask(page, "T4")
    first_hit(page).click()
    page.wait_for_url("**/chapters/**")
    mark = page.locator("article mark").first
    expect(mark).to_be_visible()
    assert mark.inner_text() == "T4"
    # What was not searched for still waits to be recalled.
    assert page.locator("details.card-answer:not([open])").count() > 0


def test_correction_stands_beside_what_it_corrects(open_page: Opener) -> None:
    page = open_search(open_page)
    ask(page, "VRAM")
    hit = first_hit(page)
    expect(hit.locator(".search-correction")).to_contain_text("Correction")
    expect(hit.locator(".search-correction")).to_be_visible()


def test_other_name_that_was_found_is_named(open_page: Opener) -> None:
    page = open_search(open_page)
    ask(page, "nucleus")
    expect(first_hit(page).locator(".md-tag")).to_have_text("nucleus sampling")


def test_nothing_found_and_no_index_are_said(open_page: Opener) -> None:
    page = open_search(open_page)
    ask(page, "zzqx")
    expect(page.locator(".md-search-result__meta")).to_have_text("No matching documents")
    other = open_search(open_page)
    expect(other.locator(".md-search-result__meta")).to_have_text("Type to start searching")
    other.context.set_offline(True)
    ask(other, "attention")
    expect(other.locator(".md-search-result")).to_contain_text("could not be loaded")
    other.context.set_offline(False)
    ask(other, "attention ")
    expect(first_hit(other)).to_have_attribute("href", re.compile("illustrated-transformer"))
    open_page.trouble.errors.clear()


def test_query_is_text_and_half_a_word_is_enough(open_page: Opener) -> None:
    page = open_search(open_page)
    for query in (
        '<img src=x onerror="alert(1)">',
        '+-~^:*"',
        "a" * 5000,
        "ATTENTION",
        "attentio",
        "atention",
    ):
        ask(page, query)
    expect(first_hit(page)).to_have_attribute("href", re.compile("illustrated-transformer"))
    assert page.locator(".md-search-result img").count() == 0


def test_search_for_a_title_finds_its_card_first(open_page: Opener) -> None:
    page = open_search(open_page)
    first = first_hit(page)
    for entry in BOOK.entries:
        ask(page, entry.card.title)
        expect(first).to_have_attribute("href", re.compile(f"#{entry.id}$"), timeout=20_000)
        expect(first).to_be_visible()
