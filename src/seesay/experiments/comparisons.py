"""Published comparisons: the systems, the table that was printed, and how its figures are computed here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Comparison:
    """A published comparison.

    Attributes:
        title: of the table.
        recipes: system to the recipe that is it.
        paper: system to figure to what was printed; figures are those that `experiments.reproduce` computes.
        how: how the figures are computed, and what the publication leaves open.
        score: the usual score that tells the systems apart, for significance.
    """

    title: str
    recipes: Mapping[str, str]
    paper: Mapping[str, Mapping[str, float]]
    how: tuple[str, ...]
    score: str = "CIDEr-D"

    @property
    def figures(self) -> list[str]:
        """Names of the figures printed, in order."""
        return list(dict.fromkeys(name for figures in self.paper.values() for name in figures))


_LOSS = (
    "loss: mean cross-entropy of a word in nats, over the training captions, with dropout, in the epoch whose weights "
    "are scored."
)
_USUAL = "By the COCO caption tools, against the references as people wrote them."

COMPARISONS: dict[str, Comparison] = {
    "lstm-vs-gru": Comparison(
        'Table 1 of "Image Captioning using LSTM and GRU"',
        {"LSTM": "inceptionv3_lstm_glove", "GRU": "inceptionv3_gru_glove"},
        {
            "LSTM": {"loss": 3.3268, "BLEU": 0.01695, "ROUGE": 0.19144},
            "GRU": {"loss": 3.225, "BLEU": 0.01569, "ROUGE": 0.17871},
        },
        (
            _LOSS,
            "BLEU: BLEU-4 of the whole test split, n-gram counts pooled, no smoothing, closest reference length (what "
            "NLTK's corpus_bleu gives); in brackets the mean of the photos' own BLEU-4 (NLTK's sentence_bleu), 0 where "
            "no four words in a row match.",
            "ROUGE: ROUGE-L, F-measure with beta 1.2, best precision and recall over a photo's references, mean of "
            "photos.",
            "Both over captions and references cleaned as the paper cleans them, words that the model does not know "
            "removed. The paper does not say which variants of BLEU and ROUGE its are, nor how many references it "
            "takes; here all five are taken.",
        ),
    ),
    "inceptionv3-vs-mobilenet": Comparison(
        "LSTM and BLSTM over InceptionV3 and MobileNet (Tiwari, Mistry and Negi 2018)",
        {
            "InceptionV3 LSTM": "inceptionv3_lstm",
            "InceptionV3 BLSTM": "inceptionv3_blstm",
            "MobileNet LSTM": "mobilenet_lstm",
            "MobileNet BLSTM": "mobilenet_blstm",
        },
        {
            "InceptionV3 LSTM": {"BLEU-1 of sentences": 0.576},
            "InceptionV3 BLSTM": {"BLEU-1 of sentences": 0.572},
            "MobileNet LSTM": {},
            "MobileNet BLSTM": {},
        },
        (
            "BLEU-1 of sentences: the mean over photos of NLTK's sentence_bleu with weights (1, 0, 0, 0): clipped "
            "precision of single words against five references, brevity penalty by the closest length. Corpus BLEU-1 "
            "stands below, as Bleu_1. The authors judge capitals too, here all is lower case.",
            "The authors' figure for MobileNet's BLSTM (0.586) comes from their LSTM's function, and is left out.",
        ),
    ),
    "where-to-put-the-image": Comparison(
        'Tanti et al. 2018, "Where to put the image in an image caption generator", Flickr8k',
        {place: f"tanti_{place}" for place in ("init", "pre", "par", "merge")},
        {
            "init": {"CIDEr-D": 0.481, "Bleu_4": 0.191, "METEOR": 0.194, "ROUGE_L": 0.445},
            "pre": {"CIDEr-D": 0.469, "Bleu_4": 0.190, "METEOR": 0.191, "ROUGE_L": 0.444},
            "par": {"CIDEr-D": 0.475, "Bleu_4": 0.191, "METEOR": 0.193, "ROUGE_L": 0.448},
            "merge": {"CIDEr-D": 0.469, "Bleu_4": 0.178, "METEOR": 0.193, "ROUGE_L": 0.443},
        },
        (_USUAL, "The paper's figures are means of three runs."),
    ),
    "lrcn-activity": Comparison(
        "LRCN for activities (Donahue et al. 2015), RGB, all of UCF101",
        {"single frame": "frame_average", "LRCN": "lrcn_activity"},
        {"single frame": {}, "LRCN": {"top-1": 0.682}},
        ("top-1: share of test clips whose likeliest label is right. The paper's: 101 classes, mean of three lists.",),
        "top-1",
    ),
}
