"""Probe whether a neuron resets as it says.

A neuron runs twice: under the strongest input that leaves it silent and under the next float, which
makes it fire. Whatever then differs between the two by more than rounding, the spike has done.
"""

from __future__ import annotations

from typing import Final

from snnbench.errors import UsageError
from snnbench.testing.casebook import Probe
from snnbench.testing.neurons.aftermath import Aftermath
from snnbench.testing.neurons.subject import Subject
from snnbench.testing.outcomes import Undecided, Violation

SMALL: Final = 1e-6


def reset(subject: Subject) -> None:
    """Return what a spike does to the membrane."""
    after = Aftermath(subject)
    found, why = after.kind()
    said = subject.claims.reset
    if found is None:
        raise Undecided(why)
    if said == "value" and found == {"zero"} and _follows_a_parameter(subject):
        return
    if said == "other" and not found:
        return
    if said not in found:
        true = f"reset={next(iter(found))!r} would be true" if found else "no kind of reset does that"
        raise Violation(f"it says reset={said!r}, but {why}", smallest=after.input, hint=true)


def _follows_a_parameter(subject: Subject) -> bool:
    """Return whether the value that a spike resets to, 0, is that of a parameter."""
    for name, param in subject.spec.params.items():
        if type(param.default) is float and param.default == 0:
            moved = Subject(subject.spec, (*subject.params, (name, -0.25)), subject.beside)
            try:
                if Aftermath(moved).kind()[0] == {"value"}:
                    return True
            except (Undecided, UsageError):
                continue
    return False


def reset_delay(subject: Subject) -> None:
    """Check whether the reset acts in the step after the spike."""
    after = _resetting(subject)
    if after.lag is None:
        raise Undecided("its membrane was not seen to be reset within two steps of a spike")
    if bool(after.lag) != subject.claims.reset_delay:
        when = "in the step after the spike" if after.lag else "in the step of the spike"
        raise Violation(
            f"it says reset_delay={subject.claims.reset_delay}, but the membrane is reset {when}",
            smallest=after.input,
            hint=f"reset_delay={bool(after.lag)} would be true",
        )


def reset_detached(subject: Subject) -> None:
    """Check whether a gradient flows through the reset."""
    after = _resetting(subject)
    if after.lag is None:
        raise Undecided("its membrane was not seen to be reset within two steps of a spike")
    gradient, frozen = after.gradients()
    detached = abs(gradient - frozen) <= 1e-3 * max(abs(gradient), abs(frozen), SMALL)
    if not detached and after.adapts:
        raise Undecided("a gradient flows from the spike, but that may be through its adaptation")
    if detached != subject.claims.reset_detached:
        raise Violation(
            f"it says reset_detached={subject.claims.reset_detached}, but d(membrane after the reset)/dx is "
            f"{gradient:.6g} by autograd and {frozen:.6g} with the spike held fixed",
            smallest=after.input,
            hint=f"reset_detached={detached} would be true",
        )


def _resetting(subject: Subject) -> Aftermath:
    """Return the aftermath of a spike, of a neuron that says it resets."""
    if subject.claims.reset == "none":
        subject.need_crossing()
        raise Undecided("it says that nothing is reset")
    return Aftermath(subject)


PROBES: Final = (
    Probe("claim[reset]", "what a spike does to the membrane by its spec", reset),
    Probe("claim[reset_delay]", "when the reset acts by its spec", reset_delay),
    Probe("claim[reset_detached]", "whether gradients flow through the reset by its spec", reset_detached),
)
