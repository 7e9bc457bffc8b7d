"""Describe what accuracy, the data, the training and its gradients say of a cell."""

from __future__ import annotations

from snnbench.quantities import Better, Quantity, Scale

QUANTITIES = (
    Quantity(
        "accuracy.test",
        "Accuracy",
        "Fraction of the test split classified correctly, at the epoch chosen on validation. Its interval"
        " is for new seeds and new samples of the kind: it includes the sampling error of the test split.",
        unit="%",
        scale=Scale.FRACTION,
        better=Better.HIGHER,
        headline=True,
    ),
    Quantity(
        "accuracy.test_last",
        "Last-epoch accuracy",
        "Test accuracy after the last epoch.",
        unit="%",
        scale=Scale.FRACTION,
        better=Better.HIGHER,
    ),
    Quantity(
        "accuracy.validation",
        "Validation accuracy",
        "Validation accuracy at the chosen epoch.",
        unit="%",
        scale=Scale.FRACTION,
        better=Better.HIGHER,
    ),
    Quantity(
        "accuracy.train",
        "Training accuracy",
        "Accuracy on the training split during the chosen epoch, while the weights were changing.",
        unit="%",
        scale=Scale.FRACTION,
        better=Better.HIGHER,
    ),
    Quantity(
        "accuracy.repeat_check",
        "Repeat check",
        "1 where the same batch twice gave the same output, 0 where not.",
        unit="1",
        better=Better.HIGHER,
    ),
    Quantity(
        "accuracy.epoch",
        "Chosen epoch",
        "The epoch, from 0, with the best validation accuracy.",
        unit="epoch",
    ),
    Quantity(
        "data.balance",
        "Class balance",
        "Training samples of the rarest class over those of the most frequent one: 1 where all are alike.",
        unit="1",
    ),
    Quantity(
        "data.overlap",
        "Test in training",
        "Test samples that equal a training or validation sample, bit by bit.",
        unit="%",
        scale=Scale.FRACTION,
        better=Better.LOWER,
    ),
    Quantity(
        "data.duration",
        "Duration",
        "Median time from the first event of a recording to its last, of 100 training recordings.",
        unit="s",
    ),
    Quantity(
        "data.outside",
        "Events cut off",
        "Events that lie in none of the bins, of 100 training recordings.",
        unit="%",
        scale=Scale.FRACTION,
        better=Better.LOWER,
    ),
    Quantity(
        "data.padding",
        "Padding",
        "Bins that come after a recording's last event, of 100 training recordings.",
        unit="%",
        scale=Scale.FRACTION,
    ),
    Quantity(
        "data.test_samples",
        "Test samples",
        "Samples of the test split: the interval of an accuracy includes that they are a sample.",
        unit="samples",
    ),
    Quantity(
        "training.waiting",
        "Waiting",
        "Share of the training time until the next batch was fetched and encoded.",
        unit="%",
        scale=Scale.FRACTION,
        better=Better.LOWER,
    ),
)
