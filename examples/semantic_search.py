# %% [markdown]
# # Finding text by what it means
#
# The 21 questions of this deck are the documents. For each, we wrote one query that
# asks for the same thing in other words, and search twice: by meaning, with the vectors
# of a language model, and by shared words. The right answer is known, so both searches
# can be scored.

# %% tags=["parameters"]
checkpoint = "sentence-transformers/all-MiniLM-L6-v2"
revision = "c9745ed1d9f207416be6d2e6f8de32d1f16199bf"

# %%
import matplotlib.pyplot as plt
import pandas as pd
from scipy.stats import rankdata
from sentence_transformers import SentenceTransformer
from sklearn.feature_extraction.text import TfidfVectorizer

model = SentenceTransformer(checkpoint, revision=revision)

# %% [markdown]
# Each query is followed by the card it should find. The queries were written once,
# before any search was run, and none was changed afterwards.

# %%
text = """
How do networks that write prose differ from ones that only encode it?
  What is the difference between representation and generative language models?
How is a sentence chopped into pieces and turned into numbers?
  What are tokenization and embeddings?
What do those drawings of attention blocks teach?
  What does the Illustrated Transformer do?
What can I do with an off-the-shelf network, as it is?
  What are some common use cases for pretrained language models?
Can it learn from labelled reviews to tell good from bad?
  How are language models used in supervised classification?
Show me how to sort a pile of articles into themes.
  What is an example of text clustering with a language model?
How can I look things up by sense rather than by matching words?
  How does semantic search work using language models?
Ways to make a computer continue a sentence
  What are some methods for generating text with language models?
Can a chatbot describe a photo?
  How can language models generate text related to visuals?
What does it mean to adapt a network to my own data?
  What is fine-tuning in the context of language models?
Why teach a network to place similar sentences near each other?
  What is the purpose of training an embedding model?
Adapting Google's encoder so that it assigns labels
  How do you fine-tune BERT for a classification task?
Teaching T5 to summarise or translate better
  What is fine-tuning a generation model?
Which graphics card should I buy, and with how much memory?
  What are the hardware requirements for running generative models?
How can I install everything on my laptop?
  How do you set up the local environment for this book?
Where are credentials for ChatGPT's maker issued?
  How do I get an API key for OpenAI?
I want to sign up with Cohere and receive a secret token.
  How do I get an API key for Cohere?
How often may I call the service before it refuses?
  What are rate limits in the context of API keys?
Can I avoid online services and use my own computer?
  What are local alternatives in the context of model access?
Where can Meta's open weights be downloaded?
  How do I get access to the Llama 2 model?
What do italics and monospace mean on these pages?
  What are the typographical conventions described in the book?
"""
lines = [line.strip() for line in text.strip().splitlines()]
queries, cards = lines[::2], lines[1::2]
print(len(queries), "queries,", len(cards), "cards")

# %% [markdown]
# ## One search
#
# Every text becomes one vector. The similarity of two texts is the cosine of the angle
# between their vectors, and the search result is the cards sorted by it.

# %%
card_vectors = model.encode_document(cards)
query_vectors = model.encode_query(queries)
by_meaning = model.similarity(query_vectors, card_vectors)
print("each text is now", card_vectors.shape[1], "numbers")

# %%
example = queries.index("Which graphics card should I buy, and with how much memory?")
hits = pd.DataFrame({"cosine": by_meaning[example], "card": cards})
print(queries[example], "\n")
print(hits.nlargest(3, "cosine").to_markdown(index=False, floatfmt=".2f"))

# %% [markdown]
# ## All searches, scored
#
# The rival counts shared words, and weights rare words more (TF-IDF), so that "Cohere"
# says more than "the". Cards with equal scores share the mean of their ranks: a query
# without a single word of any card puts all 21 at rank 11.

# %%
tfidf = TfidfVectorizer().fit(cards)
by_words = (tfidf.transform(queries) @ tfidf.transform(cards).T).toarray()
print(len(tfidf.vocabulary_), "different words on the cards")


# %%
def rank_of_right_card(scores):
    return [rankdata(-row.round(6))[i] for i, row in enumerate(scores)]


ranks = pd.DataFrame({"query": queries})
ranks["rank by meaning"] = rank_of_right_card(by_meaning.numpy())
ranks["rank by words"] = rank_of_right_card(by_words)
print(ranks.to_markdown(index=False, floatfmt="g"))

# %% [markdown]
# To sum this up: **hits at 1** and **at 3** say how often the right card came first, or
# among the first three. The **mean reciprocal rank** is the average of 1/rank, which
# gives some credit for every place.

# %%
rank_columns = ranks.drop(columns="query")
print(f"Of {len(ranks)} queries:\n")
summary = pd.DataFrame(
    {
        "hits at 1": (rank_columns == 1).sum(),
        "hits at 3": (rank_columns <= 3).sum(),
        "mean reciprocal rank": (1 / rank_columns).mean(),
    }
)
print(summary.to_markdown(floatfmt=("", "g", "g", ".2f")))

# %% [markdown]
# The mistakes teach more than the hits. Where meaning did not put the right card first,
# this came first instead.

# %%
best = by_meaning.argmax(dim=1).tolist()
misses = [(queries[i], cards[best[i]]) for i in range(len(best)) if best[i] != i]
print(len(misses), "misses:\n")
table = pd.DataFrame(misses, columns=["query", "came first instead"])
print(table.to_markdown(index=False))

# %% alt="Line chart: the share of the 21 queries whose right card is among the first k results, for k from 1 to 21, for search by meaning, search by words, and guessing."
cutoffs = range(1, 22)
figure, panel = plt.subplots(figsize=(6, 3.4), layout="constrained")
for name, column in rank_columns.items():
    panel.plot(cutoffs, [(column <= k).mean() for k in cutoffs], label=name[5:])
panel.plot(cutoffs, [k / 21 for k in cutoffs], "--", color="grey", label="by chance")
panel.set(xlabel="first k results", ylabel="share with the right card among them")
panel.set(title="How far down the list is the right card?", ylim=(0, 1.02))
panel.set_xticks(range(1, 22, 4))
panel.legend()
plt.show()

# %% [markdown]
# Most of these queries were made to share only everyday words with their card, which is
# hard on search by words; a query that repeats the card's own terms would suit it.
# Search by meaning is not magic either: a short question gives the model little to go
# on, and it falls for a neighbouring topic. A larger system would index the answers as
# well, and often combine both scores (hybrid search).
#
# ## When there are millions of documents
#
# Here every query was compared with every card, which is exact and, for 21 cards,
# instant. The cost grows with the number of documents, so large systems compare with
# only some of them. **IVF** sorts the vectors into clusters beforehand and looks only
# into the few clusters nearest to the query. **HNSW** links each vector to some near
# neighbours and walks along the links towards the query. Both are *approximate*: the
# ranks above would mostly stay the same, but now and then the right card would be
# missed because nobody looked at it. That loss is measured as recall against the exact
# search, and bought down with more time or memory.
#
# A **filter** ("only cards about API keys") changes which cards may be found, not how
# similar they are. Filtering before the search keeps the result exact; filtering
# afterwards may leave too few results; and a filter inside an approximate index needs
# care, since the walk may pass only through cards that the filter forbids.
