# %% [markdown]
# # Typographical conventions, and a program that checks them
#
# The book marks kinds of text by four looks: italic, constant width, constant width
# bold, constant width italic. Markdown can write all four. Below, each is shown as an
# author types it, as HTML, and as a reader sees it; then a few lines of code read pages
# and report where a convention was forgotten.

# %% [markdown]
# ## Each convention, typed and rendered
#
# Markdown marks stress with stars (one: italic, two: bold) and constant width with
# backticks, and one mark can stand inside another. That is enough for all four looks.

# %%
from markdown_it import MarkdownIt

samples = {
    "new term": "An *embedding* is a list of numbers.",
    "URL": "Models are at *https://huggingface.co*.",
    "file name": "The versions are in *requirements.txt*.",
    "code": "The function `encode` returns an array.",
    "typed by the reader": "Enter **`python --version`** and read the answer.",
    "replaced by the reader": "Load your own model with *`MODEL_NAME`*.",
}
markdown = MarkdownIt()
for kind, text in samples.items():
    print(f"{kind}\n  Markdown  {text}\n  HTML      {markdown.renderInline(text)}\n")

# %% [markdown]
# The HTML says what a browser will show: `em` is drawn italic, `strong` bold, `code` in
# constant width. The parser's tokens hold the same facts in order, so a program can
# walk along them and know, for every piece of text, how the reader sees it.


# %%
looks = {"em": "italic", "strong": "bold", "a": "link"}


def pieces(page):
    """Yield line number, look and text of everything a reader sees on the page."""
    for block in markdown.parse(page):
        line, marks = (block.map or [0])[0] + 1, []
        if block.type == "fence":
            yield line, "code block", block.content
        for token in block.children or []:
            if token.nesting:
                look = looks.get(token.tag, token.tag)
                marks = [*marks, look] if token.nesting > 0 else marks[:-1]
            elif token.type == "softbreak":
                line += 1
            elif token.content:
                width = ["constant width"] if token.tag == "code" else []
                yield line, " ".join(width + marks) or "plain", token.content


# %%
import pandas as pd

rows = []
for kind, text in samples.items():
    rows += [(kind, seen, look) for _, look, seen in pieces(text) if look != "plain"]
print(pd.DataFrame(rows, columns=["kind", "text", "look"]).to_markdown(index=False))

# %% [markdown]
# ## A checker
#
# A breach is a kind of text that can be recognised by its form, in a look that is not
# its own. A file name may also stand in constant width, as a part of code, and in a
# code block anything goes; an address on the web is as well marked by being a link.
# What one rule has recognised is taken out of the text, so that the end of an address
# is not reported again as a file name.

# %%
import re

kinds = [
    ("placeholder", r"\b(?:YOUR|MODEL|MY)_[A-Z_]+\b", ["constant width italic"]),
    (
        "command",
        r"\b(?:pip install|python -m|conda create) \S+",
        ["constant width bold"],
    ),
    ("URL", r"https?://[^\s)]+\w", ["italic", "link"]),
    ("file name", r"\b[\w-]+\.(?:py|txt|md|toml|yml)\b", ["italic", "constant width"]),
    ("function", r"\b[a-z_]+\(\)", ["constant width"]),
]


def breaches(page):
    found = []
    for line, look, text in pieces(page):
        for kind, form, wanted in kinds:
            if look not in ["code block", *wanted]:
                for match in re.findall(form, text):
                    found.append((line, kind, match, look, " or ".join(wanted)))
            text = re.sub(form, "", text)
    return pd.DataFrame(found, columns=["line", "kind", "text", "look", "wanted"])


# %%
good_page = """Set up the book
===============

An *environment* keeps the packages of one project apart. Enter
**`python -m venv .venv`**, then install what *requirements.txt* lists:

```bash
pip install -r requirements.txt
```

Put your key in place of *`YOUR_API_KEY`*. The call `load()` is explained
at *https://docs.python.org/3*.
"""
bad_page = """Set up the book
===============

An environment keeps the packages of one project apart. Enter
python -m venv .venv, then install what requirements.txt lists:

pip install -r requirements.txt

Put your key in place of `YOUR_API_KEY`. The call load() is explained
at https://docs.python.org/3.
"""
print("Breaches on the good page:", len(breaches(good_page)))
print("Breaches on the bad page: ", len(breaches(bad_page)))

# %%
print(breaches(bad_page).to_markdown(index=False))

# %% [markdown]
# ## What such a checker cannot see
#
# The bad page also lacks the italics of its new term, and the table does not list it:
# no pattern says which word is new to a reader. Form can also mislead: below, a name
# that is no file is reported, and a placeholder of an unforeseen form is not. And in a
# code block Markdown has no italics at all, so there a placeholder can be told only by
# its capitals.

# %%
odd_page = "The library Three.py is a name here, and SOME_OTHER_KEY is a placeholder."
print(breaches(odd_page).to_markdown(index=False))
