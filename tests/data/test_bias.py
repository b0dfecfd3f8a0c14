"""How groups are spoken of, before and after the counterfactual step."""

from llmlab.data.bias import counterfactual, counterparts, representation
from llmlab.data.material import described


def spoken(documents):
    return {r["group"]: (r["sentences"], r["unkind"]) for r in representation(documents, described())}


def test_unkind_sentences_are_counted_by_group():
    found = spoken([{"text": "Your wife will never manage a fan. My wife did it in a minute. My husband set it up."}])
    assert found["wife"] == (2, 0.5) and found["husband"] == (1, 0.0) and "aunt" not in found


def test_the_counterfactual_step_makes_an_unfair_corpus_even():
    pairs = counterparts(described())
    texts = [{"id": str(n), "text": "Your grandmother will never manage a fan. Grandfathers can, she said."} for n in range(400)]
    kept, dropped = counterfactual(texts, pairs)
    found = spoken(kept)
    assert dropped == [] and abs(found["grandmother"][0] - found["grandfather"][0]) < 80, "half of the documents, give or take chance"
    assert counterfactual([{"id": str(n), "text": "It is hers."} for n in range(9)], pairs)[0][0]["text"] == "It is hers."
    exchanged = [d["text"] for d in kept if "grandfather" in d["text"]]
    assert exchanged[0] == "Your grandfather will never manage a fan. Grandmothers can, he said."
