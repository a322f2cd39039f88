"""The captions of Flickr8k, cleaned as the papers clean them, have the words that the papers count."""

from seesay.data import read_dataset
from seesay.text import Learned, Vocabulary
from seesay.text.learned import clean_tutorial
from seesay.training.config import load_config


def test_tutorial_cleaning():
    text = "A man , in black-and-white , throws 2 Frisbees to the dog 's mouth ."
    assert clean_tutorial(text) == ["man", "in", "blackandwhite", "throws", "frisbees", "to", "the", "dog", "mouth"]
    assert Learned(clean="tutorial").words("The dog is a dog") == ["the", "dog", "is", "dog"]
    assert Learned(clean="tutorial", remove_stop_words=True).words("The dog is a dog") == ["dog", "dog"]
    assert Learned(clean="whitespace").words("A dog .") == ["A", "dog", "."]


def test_the_counts_of_lstm_and_gru_of_the_tutorial_and_of_lstm_and_blstm(data_root):
    texts: dict[str, list[str]] = {}
    for line in (data_root / "flickr8k" / "Flickr8k.token.txt").read_text("utf-8").splitlines():
        name, text = line.split("\t")
        texts.setdefault(name.split("#")[0], []).append(text)
    train = (data_root / "flickr8k" / "Flickr_8k.trainImages.txt").read_text("utf-8").split()
    learned = load_config("inceptionv3_lstm_glove").text.learned
    everything = [learned.words(text) for captions in texts.values() for text in captions]
    assert len({word for words in everything for word in words}) == 8763
    captions = [learned.words(text) for name in train for text in texts[name]]
    assert len(Vocabulary.build(captions, 10)) - 4 == 1649  # + startseq, endseq and padding: 1,652
    assert max(map(len, captions)) + 2 == 34
    assert len({word for words in captions for word in words}) + 3 == 7579  # the tutorial's
    asis = load_config("mobilenet_lstm").text.learned
    assert len({word for name in train for text in texts[name] for word in asis.words(text)}) + 2 == 8256
    # What the paper's own caption says can be said.
    known = Vocabulary.build(captions, 10)
    assert all(word in known for word in ["brown", "dog", "is", "running", "on", "the", "grass"])


def test_the_recipes_read_a_data_set_so(tiny_flickr8k):
    learned = load_config("vgg16_lstm").text.learned
    for sample in read_dataset(f"flickr8k:{tiny_flickr8k}").samples:
        words = [word for text in sample.references for word in learned.words(text)]
        assert all(word.isalpha() and len(word) > 1 for word in words)
