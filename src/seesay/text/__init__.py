"""Captions as tokens, tokens as ids."""

from seesay.text.learned import Learned
from seesay.text.tokenizer import detokenize, tokenize
from seesay.text.vocabulary import SPECIALS, STOP_WORDS, Vocabulary

__all__ = ["SPECIALS", "STOP_WORDS", "Learned", "Vocabulary", "detokenize", "tokenize"]
