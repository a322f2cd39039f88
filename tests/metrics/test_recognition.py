import numpy as np
import pytest

from seesay.errors import DataError, UsageError
from seesay.metrics import recognition

CLASSES = ("run", "walk", "wave")


def test_scores_by_hand():
    probabilities = np.array([[0.7, 0.2, 0.1], [0.4, 0.5, 0.1], [0.2, 0.7, 0.1], [0.1, 0.6, 0.3], [0.6, 0.3, 0.1]])
    found = recognition(["run", "run", "walk", "wave", "wave"], probabilities, CLASSES, k=2)
    assert found.top_1 == pytest.approx(2 / 5)
    assert found.top_k == pytest.approx(4 / 5)
    assert found.per_class == {"run": 0.5, "walk": 1.0, "wave": 0.0}
    assert found.confusion.tolist() == [[1, 1, 0], [0, 1, 0], [1, 1, 0]]
    # f1: run 2·(1/2·1/2)/(1/2+1/2), walk 2·(1/3·1)/(1/3+1), wave 0
    assert found.macro_f1 == pytest.approx((0.5 + 0.5 + 0) / 3)
    assert recognition(["run"], probabilities[:1], CLASSES, k=9).top_k == 1.0


def test_what_does_not_fit_is_refused():
    with pytest.raises(DataError, match="'swim' is not among the classes run, walk, wave"):
        recognition(["swim"], np.ones((1, 3)) / 3, CLASSES)
    with pytest.raises(DataError, match=r"shape \(1, 2\)"):
        recognition(["run"], np.ones((1, 2)) / 2, CLASSES)
    with pytest.raises(DataError, match="not numbers"):
        recognition(["run"], np.full((1, 3), np.nan), CLASSES)
    with pytest.raises(UsageError, match="k is 0"):
        recognition(["run"], np.ones((1, 3)) / 3, CLASSES, k=0)
    with pytest.raises(UsageError, match="classes"):
        recognition(["a"], np.ones((1, 2)) / 2, ["a", "a"])
    with pytest.raises(DataError, match="one clip or more"):
        recognition([], np.ones((0, 3)), CLASSES)


@pytest.mark.parametrize("classes", [2, 3, 9])
def test_equal_to_scikit_learn(classes):
    sklearn = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(classes)
    names = [f"class {i}" for i in range(classes)]
    probabilities, right = rng.random((40, classes)), rng.integers(0, classes - 1, 40)  # of the last class none
    found = recognition([names[i] for i in right], probabilities, names, k=4)
    best, every = probabilities.argmax(1), np.arange(classes)
    assert (found.confusion == sklearn.confusion_matrix(right, best, labels=every)).all()
    recalls = sklearn.recall_score(right, best, labels=every, average=None, zero_division=0)
    assert list(found.per_class.values()) == pytest.approx(recalls.tolist())
    f1 = sklearn.f1_score(right, best, labels=every, average="macro", zero_division=0)
    assert found.macro_f1 == pytest.approx(f1)
    if classes > 4:
        assert found.top_k == pytest.approx(sklearn.top_k_accuracy_score(right, probabilities, k=4, labels=every))
