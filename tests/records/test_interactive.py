"""Interactive outputs are data of a known form: anything else is refused, however it is made."""

import json
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode

from cardbook.base.json_file import parse_json
from cardbook.records.comparison import EXACT, Tolerance, compare_outputs, outputs_of_cell
from cardbook.records.interactive import CELL_BYTES, SCHEMA_FILE, canonical_json, find_fault, kind_of, kinds
from cardbook.records.outputs import OutputError, check_outputs, reduce_outputs
from cardbook.records.store import hash_outputs, is_notebook, to_node

SAMPLING: dict[str, Any] = {"prompt": "a", "tokens": ["b"], "logits": [2.5, 1.5], "groups": [[0.5, 7]]}
GOOD: dict[str, dict[str, Any]] = {
    "sampling": SAMPLING,
    "attention": {
        "sentences": [{"title": "a", "tokens": ["b", "c"], "weights": [[1, 0], [0.25, 0.75]], "start": 1}]
    },
    "map": {"groups": ["a", "b"], "points": [[1.5, -2, 0, "x"], [0, 0, 1, "y"]]},
    "tokens": {"tokenizers": [{"name": "a", "lines": [[["b", 1], [" c", 2]], []]}]},
}


def nested(depth: int) -> Any:  # noqa: ANN401
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def media(kind: str) -> str:
    return f"application/vnd.cardbook.{kind}+json"


def show(kind: str, data: object, text: object = "It has numbers.", **more: str) -> NotebookNode:
    return nbformat.v4.new_output("display_data", {media(kind): data, "text/plain": text, **more})


HOSTILE: dict[str, tuple[object, str]] = {
    "a list": ([], r"\$: type"),
    "nothing": (None, r"\$: type"),
    "a text": ("<script>alert(1)</script>", r"\$: type"),
    "a key more": ({**SAMPLING, "html": "<b>"}, r"\$: additionalProperties"),
    "the name of a prototype": ({**SAMPLING, "__proto__": {"x": 1}}, r"\$: additionalProperties"),
    "a constructor": ({**SAMPLING, "constructor": 1}, r"\$: additionalProperties"),
    "a key less": ({"prompt": "a"}, r"\$: required"),
    "a text for a number": ({**SAMPLING, "logits": ["1"]}, r"\$.logits\[0\]: type"),
    "truth for a number": ({**SAMPLING, "logits": [True]}, r"\$.logits\[0\]: type"),
    "an object in a list": ({**SAMPLING, "tokens": [{"toString": "x"}]}, r"\$.tokens\[0\]: type"),
    "a huge number": ({**SAMPLING, "logits": [1e300]}, r"\$.logits\[0\]: maximum"),
    "a long integer": ({**SAMPLING, "logits": [10**18]}, r"\$.logits\[0\]: maximum"),
    "not a number": ({**SAMPLING, "logits": [float("nan")]}, "not finite"),
    "infinity": ({**SAMPLING, "groups": [[float("-inf"), 1]]}, "not finite"),
    "a long text": ({**SAMPLING, "prompt": "x" * 201}, r"\$.prompt: maxLength"),
    "a pair of three": ({**SAMPLING, "groups": [[1, 2, 3]]}, r"\$.groups\[0\]: "),
    "part of a token": ({**SAMPLING, "groups": [[1, 2.5]]}, r"\$.groups\[0\]\[1\]: type"),
    "too many": ({**SAMPLING, "tokens": ["x"] * 101}, r"\$.tokens: maxItems"),
    "none": ({**SAMPLING, "logits": []}, r"\$.logits: minItems"),
    "too large": ({**SAMPLING, "groups": [[1.0000001, 1000000]] * 5001}, "more than 100,000"),
    "deep": (nested(50), r"\$: type"),
    "deeper than Python goes": (nested(100_000), "nested too deeply"),
}


def test_every_kind_has_data_that_pass_and_data_that_fail() -> None:
    assert set(GOOD) == set(kinds())
    for kind, data in GOOD.items():
        assert find_fault(kind, data) == ""
        assert find_fault(kind, {**data, "more": 1})
        for key in data:
            assert find_fault(kind, {name: value for name, value in data.items() if name != key})
            assert find_fault(kind, {**data, key: {}})
            assert find_fault(kind, {**data, key: nested(50)})
        check_outputs([[show(kind, data)]])


@pytest.mark.parametrize("case", HOSTILE)
def test_data_of_another_form_are_refused(case: str) -> None:
    data, reason = HOSTILE[case]
    output = show("sampling", SAMPLING)
    output.data[media("sampling")] = data
    with pytest.raises(OutputError, match=reason):
        check_outputs([[output]])


@pytest.mark.parametrize(
    ("kind", "part", "reason"),
    [
        ("attention", {"weights": [[1.5]]}, r"weights\[0\]\[0\]: maximum"),
        ("attention", {"weights": [[0.5] * 101]}, r"weights\[0\]: maxItems"),
        ("attention", {"weights": [[[0.5]]]}, r"weights\[0\]\[0\]: type"),
        ("attention", {"start": -1}, "start: minimum"),
        ("attention", {"toString": "x"}, "additionalProperties"),
        ("map", {"points": [[0, 0, 0, "x" * 201]]}, r"points\[0\]\[3\]: maxLength"),
        ("map", {"points": [[0, 0, 0, {"html": "x"}]]}, r"points\[0\]\[3\]: type"),
        ("map", {"points": [[0, 0, 0, "x"]] * 1001}, r"points: maxItems"),
        ("map", {"groups": ["x"] * 9}, r"groups: maxItems"),
        ("tokens", {"lines": [[["x", "1"]]]}, r"lines\[0\]\[0\]\[1\]: type"),
        ("tokens", {"lines": [[["x", 1, 2]]]}, r"lines\[0\]\[0\]: maxItems"),
        ("tokens", {"lines": [[["x", 1]] * 201]}, r"lines\[0\]: maxItems"),
    ],
)
def test_data_of_other_kinds_are_as_strict(kind: str, part: dict[str, Any], reason: str) -> None:
    data = json.loads(json.dumps(GOOD[kind]))
    inside = data if kind == "map" else next(iter(data.values()))[0]
    inside.update(part)
    with pytest.raises(OutputError, match=f"break the schema of {kind}: .*{reason}"):
        check_outputs([[show(kind, data)]])


def test_schema_leaves_nothing_open() -> None:
    """Every object names all its keys, every list and text has a limit, every number too."""

    def check(part: Any) -> None:  # noqa: ANN401
        if isinstance(part, list):
            for item in part:
                check(item)
            return
        if not isinstance(part, dict):
            return
        limits = {
            "object": ["additionalProperties", "required"],
            "array": ["maxItems"],
            "string": ["maxLength"],
            "number": ["minimum", "maximum"],
            "integer": ["minimum", "maximum"],
        }
        if isinstance(part.get("type"), str):
            assert not [limit for limit in limits[part["type"]] if limit not in part], part
            assert part.get("additionalProperties") in (None, False)
        for item in part.values():
            check(item)

    schema = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    check([*schema["properties"].values(), *schema["$defs"].values()])


@pytest.mark.parametrize("kind", ["video", "Sampling", "../sampling", "", "__proto__"])
def test_unknown_kind_is_kept_to_be_refused(kind: str) -> None:
    assert kind_of(media(kind)) == kind_of(media("sampling") + "\n") == ""
    kept = reduce_outputs([show(kind, SAMPLING)])
    assert media(kind) in kept[0].data
    with pytest.raises(OutputError, match="of an unknown kind") as refused:
        check_outputs([kept])
    assert refused.value.remedy == f"use one of {', '.join(kinds())}"


@pytest.mark.parametrize("text", ["", "two\nlines", "x" * 301, ["a list"]])
def test_text_is_one_line(text: object) -> None:
    with pytest.raises(OutputError, match="not one line"):
        check_outputs([[show("sampling", SAMPLING, text)]])


def test_data_stand_alone_with_their_text() -> None:
    bare = nbformat.v4.new_output("display_data", {media("sampling"): SAMPLING})
    doubled = show("sampling", SAMPLING, **{media("other"): "x"})
    pictured = show("sampling", SAMPLING, **{"image/png": "x"})
    for output in (bare, doubled, pictured):
        with pytest.raises(OutputError, match="not just its data and text/plain"):
            check_outputs([[output]])


def test_what_a_kernel_sends_is_reduced_to_data_and_text() -> None:
    sent = nbformat.v4.new_output(
        "execute_result",
        {media("sampling"): SAMPLING, "text/plain": "It has.", "text/html": "<script>"},
        metadata={"x": 1},
        execution_count=3,
    )
    assert reduce_outputs([sent]) == [show("sampling", SAMPLING, "It has.")]


def test_data_of_a_cell_are_bounded_together() -> None:
    large = {**SAMPLING, "groups": [[1.0000001, 1000000]] * 2600}
    assert CELL_BYTES / 2 < len(canonical_json(large)) < CELL_BYTES
    check_outputs([[show("sampling", large)], [show("sampling", large)]])
    with pytest.raises(OutputError, match="more than 100,000 bytes of interactive outputs"):
        check_outputs([[show("sampling", large), show("sampling", large)]])


def test_hash_stays_through_a_file() -> None:
    data = {**SAMPLING, "tokens": ["one\ntwo", "</script>", "\u2028", "constructor"], "logits": [1 / 3, -0.0]}
    cell = nbformat.v4.new_code_cell("x", outputs=[show("sampling", data)])
    notebook = nbformat.v4.new_notebook(cells=[cell])
    found = parse_json(nbformat.writes(notebook).encode(), 10_000)
    assert is_notebook(found)
    assert hash_outputs(to_node(found)) == hash_outputs(notebook)
    assert to_node(found).cells[0].outputs[0].data[media("sampling")] == data


def differences(before: object, now: object, tolerance: Tolerance) -> list[tuple[str, ...]]:
    """What differs between two interactive outputs, each as a cell's only output."""
    shown = [outputs_of_cell([show("sampling", data)] if data else []) for data in (before, now)]
    found = [item for item in compare_outputs(shown[0], shown[1], tolerance) if item.kind != "text"]
    assert {item.kind for item in found} <= {"data"}
    return [item.lines for item in found]


def test_decimals_may_differ_by_a_share_of_the_largest() -> None:
    close, far = ({**SAMPLING, "logits": [2.5, number]} for number in (1.502, 1.503))
    assert differences(SAMPLING, close, Tolerance()) == []
    assert differences(SAMPLING, far, Tolerance()) == [("interactive output 1:", "$.logits[1]: 1.5 → 1.503")]
    assert differences(SAMPLING, close, EXACT) == [("interactive output 1:", "$.logits[1]: 1.5 → 1.502")]
    assert differences(SAMPLING, SAMPLING, EXACT) == []


def test_texts_integers_and_lengths_must_be_equal() -> None:
    for changed, line in (
        ({"prompt": "b"}, '$.prompt: "a" → "b"'),
        ({"groups": [[0.5, 8]]}, "$.groups[0][1]: 7 → 8"),
        ({"groups": []}, "$.groups[0][0]: 0.5 → nothing"),
        ({"tokens": ["b", "c"]}, '$.tokens[1]: nothing → "c"'),
        ({"logits": [2.5, 1]}, "$.logits[1]: 1.5 → 1"),
    ):
        ((_, found, *_),) = differences(SAMPLING, {**SAMPLING, **changed}, Tolerance())
        assert found == line
    assert differences(None, SAMPLING, Tolerance()) == [("interactive output 1:", "is new")]
    assert differences(SAMPLING, None, Tolerance()) == [("interactive output 1:", "is gone")]
