"""Printed text and tables, also of a hostile example."""

import pytest

from cardbook.records.text import Table, read_table, split_tables


@pytest.mark.parametrize("rule", ["|-|", "|:--|--:|", "| - | :-: |", "|-||"])
def test_rule_of_dashes_makes_a_table(rule: str) -> None:
    header = "|" + "a|" * (rule.count("|") - 1)
    table, end = read_table([header, rule], 0)
    assert table is not None and end == 2


@pytest.mark.parametrize("line", ["||", "|:|", "| |", "-", "|-", "-|", "|-x|", "|a|", "--", ""])
def test_line_that_is_not_a_rule_makes_no_table(line: str) -> None:
    assert read_table(["|a|", line], 0) == (None, 0)


def test_long_line_that_is_almost_a_rule_is_read_in_linear_time() -> None:
    # Backtracking would take days.
    text = "|a|\n|" + "-" * 5_000_000 + "x|"
    assert not any(isinstance(part, Table) for part in split_tables(text))
