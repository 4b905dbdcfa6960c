# %% [markdown]
# # Four looks, and what each of them says
#
# Books by O'Reilly, [*Hands-On Large Language
# Models*](https://github.com/HandsOnLLM/Hands-On-Large-Language-Models) among
# them, tell kinds of text apart by four looks. Markdown can write all four:
# one star makes italic, two make bold, backticks make constant width.

# %%
meanings = [
    "Italic: a new term, a file name, an address",
    "Constant width: code",
    "Constant width bold: type it as it stands",
    "Constant width italic: put your own in its place",
]
samples = [
    "An *embedding* is explained in *chapter2.md*.",
    "The function `encode()` returns `ids`.",
    "Enter **`python --version`** and read.",
    "Then load *`MODEL_NAME`*.",
]

# %% [markdown]
# The parser `markdown-it` says where `em` (italic) and `strong` (bold) open
# and close, and which piece of a line is code. That is all it takes to draw
# the line.

# %%
from markdown_it import MarkdownIt


def pieces(text):
    """Return each piece of a line with its look."""
    found, style, weight = [], "normal", "normal"
    for token in MarkdownIt().parseInline(text)[0].children:
        if token.tag == "em":
            style = "italic" if token.nesting == 1 else "normal"
        elif token.tag == "strong":
            weight = "bold" if token.nesting == 1 else "normal"
        elif token.content:
            family = "monospace" if token.tag == "code" else "serif"
            look = {"family": family, "style": style, "weight": weight}
            found.append((token.content, look))
    return found


for text in samples:
    for piece, look in pieces(text):
        if set(look.values()) != {"serif", "normal"}:
            print(f"{piece:16}", *look.values())

# %% alt="Four lines of text. Italic: embedding and chapter2.md stand in italics. Constant width: encode() and ids look typed. Constant width bold: so does python --version, and it is bold. Constant width italic: so does MODEL_NAME, and it is slanted. Under each line, the Markdown that makes it."
import matplotlib.pyplot as plt
from matplotlib.offsetbox import AnnotationBbox, HPacker, TextArea

figure, axes = plt.subplots(figsize=(6.4, 5), layout="constrained")
axes.set(xlim=(0, 1), ylim=(len(samples), 0))
axes.axis("off")
for row, text in enumerate(samples):
    areas = []
    for piece, look in pieces(text):
        areas.append(TextArea(piece, textprops=look | {"size": 16}))
    line = HPacker(children=areas, pad=0, sep=0, align="baseline")
    place = {"box_alignment": (0, 0.5), "frameon": False, "pad": 0}
    axes.text(0, row + 0.2, meanings[row], weight="bold", color="C0")
    axes.add_artist(AnnotationBbox(line, (0, row + 0.45), **place))
    axes.text(0, row + 0.75, text, size=10, family="monospace", alpha=0.7)
plt.show()

# %% [markdown]
# This site has conventions of its own, listed on its page *Conventions*. They agree
# in italics for new terms and constant width for code. What you replace stands in
# capitals there, and in constant width italic in O'Reilly's books.
