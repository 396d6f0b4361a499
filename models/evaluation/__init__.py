"""Honest evaluation: pairs held out before anything is counted, the same split and candidates for every model."""

from models.evaluation.compare import compare
from models.evaluation.split import LeakError, Split, assert_no_leak, split_by_time, split_pairs, split_products

__all__ = ["LeakError", "Split", "assert_no_leak", "compare", "split_by_time", "split_pairs", "split_products"]
