"""Captions as tokens, tokens as ids."""

from seesay.text.tokenizer import detokenize, tokenize
from seesay.text.vocabulary import STOP_WORDS, Vocabulary

__all__ = ["STOP_WORDS", "Vocabulary", "detokenize", "tokenize"]
