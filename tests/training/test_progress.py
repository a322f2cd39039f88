"""Which epoch is the best: the score on dev decides, and the loss where scores are equal."""

from seesay.training.progress import Progress


def test_the_loss_decides_between_equal_scores():
    progress = Progress()
    assert progress.is_best(0.0, 5.0)
    progress.best, progress.best_loss = 0.9, 2.0
    assert progress.is_best(0.91, 3.0)
    assert progress.is_best(0.9, 1.9)
    assert not progress.is_best(0.9, 2.0)
    assert not progress.is_best(0.89, 0.1)


def test_a_checkpoint_of_before_there_was_a_loss():
    assert Progress(best=0.5, best_epoch=3).is_best(0.5, 1.0)
