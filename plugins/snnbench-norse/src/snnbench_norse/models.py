"""Define what norse calls to step each of its neurons, and what it takes and gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeAlias

import norse.torch as norse
from norse.torch.functional.lif_adex_refrac import (
    LIFAdExRefracFeedForwardState,
    lif_adex_refrac_feed_forward_step,
    lif_adex_refrac_step,
)
from norse.torch.functional.reset import reset_subtract, reset_value
from norse.torch.module.snn import SNNRecurrentCell
from torch import Tensor, nn

Values: TypeAlias = Mapping[str, Any]
Start: TypeAlias = Callable[[Values], Mapping[str, float]]


def _at_leak(values: Values) -> Mapping[str, float]:
    return {"v": values["v_leak"]}


def _at_threshold(values: Values) -> Mapping[str, float]:
    """Norse's LSNN starts its adaptation at the threshold."""
    return {"v": values["v_leak"], "b": values["v_th"]}


def _as_behaviour(values: Values) -> Mapping[str, float]:
    start = getattr(norse, values["behavior"]).s
    return {"v": start.v.item(), "recovery": start.u.item()}


def _unknown(values: Values) -> None:
    return None


def _of_box(values: Values) -> Sequence[float] | None:
    """A membrane that is wiped at a spike has no closed form."""
    return None if values["reset_method"] == "value" else [values["tau_mem_inv"]]


def _cell(width: int) -> nn.Module:
    """All of norse's recurrent cells draw their weights so."""
    cell: nn.Module = SNNRecurrentCell(None, None, width, width, None)
    return cell


def _coupled_cell(width: int) -> nn.Module:
    return norse.LIFMCRecurrentCell(width, width)  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Model:
    """One neuron of norse.

    Attributes:
        step: ``step(x_t, state, *weights, p, dt) -> (output, state)``.
        parameters: Makes ``p`` of the parameters by name, ``method`` and ``alpha`` among them.
        state: Norse's named tuple.
        inner: Of its first field, where that is a named tuple too.
        start: Where a state starts that does not start at 0.
        leaks: The rates at which its state decays while spikes are frozen, 1/s; None if not known.
        weights: Names of the weights that the step takes.
        cell: Makes norse's cell of H neurons, for its initial weights.
    """

    step: Callable[..., tuple[Tensor, Any]]
    parameters: Callable[..., Any]
    state: Any
    inner: Any = None
    start: Start = _at_leak
    leaks: Callable[[Values], Sequence[float] | None] = _unknown
    weights: tuple[str, ...] = ()
    cell: Callable[[int], nn.Module] = _cell

    @property
    def states(self) -> tuple[str, ...]:
        """Names of the state tensors, in order: norse's, but for u, which elsewhere is a membrane."""
        fields = (*self.inner._fields, *self.state._fields[1:]) if self.inner else self.state._fields
        return tuple("recovery" if name == "u" else name for name in fields)

    def pack(self, state: Sequence[Tensor]) -> Any:
        """Norse's state of these tensors."""
        if not self.inner:
            return self.state(*state)
        width = len(self.inner._fields)
        return self.state(self.inner(*state[:width]), *state[width:])

    def unpack(self, state: Any) -> tuple[Tensor, ...]:
        """The tensors of norse's state."""
        return (*state[0], *state[1:]) if self.inner else tuple(state)


def _box(reset_method: str, **values: Any) -> Any:
    reset = {"value": reset_value, "subtract": reset_subtract}[reset_method]
    return norse.LIFBoxParameters(**values, reset_method=reset)


def _refractory(outer: Any, inner: Any, rho_reset: Tensor, **values: Any) -> Any:
    return outer(inner(**values), rho_reset)


def _izhikevich(behavior: str, **spiking: Any) -> Any:
    return getattr(norse, behavior).p._replace(**spiking)


_REFRAC: Final = partial(_refractory, norse.LIFRefracParameters, norse.LIFParameters)
_ADEX_REFRAC: Final = partial(_refractory, norse.LIFAdExRefracParameters, norse.LIFAdExParameters)
_WEIGHTS: Final = ("input_weights", "recurrent_weights")
_recurrent = partial(Model, weights=_WEIGHTS)
_coupled = partial(Model, weights=(*_WEIGHTS, "g_coupling"), cell=_coupled_cell)

MODELS: Final = {
    "lif_box": Model(norse.lif_box_feed_forward_step, _box, norse.LIFBoxFeedForwardState, leaks=_of_box),
    "lif": Model(norse.lif_feed_forward_step, norse.LIFParameters, norse.LIFFeedForwardState),
    "iaf": Model(
        norse.iaf_feed_forward_step,
        norse.IAFParameters,
        norse.IAFFeedForwardState,
        start=lambda values: {"v": values["v_reset"]},
    ),
    "lif_ex": Model(norse.lif_ex_feed_forward_step, norse.LIFExParameters, norse.LIFExFeedForwardState),
    "lif_adex": Model(
        norse.lif_adex_feed_forward_step, norse.LIFAdExParameters, norse.LIFAdExFeedForwardState
    ),
    "lif_refrac": Model(
        norse.lif_refrac_feed_forward_step,
        _REFRAC,
        norse.LIFRefracFeedForwardState,
        norse.LIFFeedForwardState,
    ),
    "lif_adex_refrac": Model(
        lif_adex_refrac_feed_forward_step,
        _ADEX_REFRAC,
        LIFAdExRefracFeedForwardState,
        norse.LIFAdExFeedForwardState,
    ),
    "lsnn": Model(
        norse.lsnn_feed_forward_step, norse.LSNNParameters, norse.LSNNFeedForwardState, start=_at_threshold
    ),
    "izhikevich": Model(
        norse.izhikevich_feed_forward_step, _izhikevich, norse.IzhikevichState, start=_as_behaviour
    ),
    "coba_lif": Model(
        norse.coba_lif_feed_forward_step,
        norse.CobaLIFParameters,
        norse.CobaLIFFeedForwardState,
        start=lambda values: {"v": values["v_rest"]},
    ),
    "li": Model(
        norse.li_feed_forward_step,
        norse.LIParameters,
        norse.LIState,
        leaks=lambda values: [values["tau_mem_inv"], values["tau_syn_inv"]],
    ),
    "li_box": Model(
        norse.li_box_feed_forward_step,
        norse.LIBoxParameters,
        norse.LIBoxState,
        leaks=lambda values: [values["tau_mem_inv"]],
    ),
    "lif_recurrent": _recurrent(norse.lif_step, norse.LIFParameters, norse.LIFState),
    "lif_ex_recurrent": _recurrent(norse.lif_ex_step, norse.LIFExParameters, norse.LIFExState),
    "lif_adex_recurrent": _recurrent(norse.lif_adex_step, norse.LIFAdExParameters, norse.LIFAdExState),
    "lif_refrac_recurrent": _recurrent(norse.lif_refrac_step, _REFRAC, norse.LIFRefracState, norse.LIFState),
    "lif_adex_refrac_recurrent": _recurrent(
        lif_adex_refrac_step, _ADEX_REFRAC, norse.LIFAdExRefracState, norse.LIFAdExState
    ),
    "lif_mc_recurrent": _coupled(norse.lif_mc_step, norse.LIFParameters, norse.LIFState),
    "lif_mc_refrac_recurrent": _coupled(
        norse.lif_mc_refrac_step, _REFRAC, norse.LIFRefracState, norse.LIFState
    ),
    "lsnn_recurrent": _recurrent(norse.lsnn_step, norse.LSNNParameters, norse.LSNNState, start=_at_threshold),
    "izhikevich_recurrent": _recurrent(
        norse.izhikevich_recurrent_step, _izhikevich, norse.IzhikevichRecurrentState, start=_as_behaviour
    ),
}
