"""A matrix file says what is combined with what, how long each cell trains, and what is measured.

A file is checked as a whole before anything else happens: its syntax, its keys, the types and
ranges of its values, and the grammar of every component and selection in it. Whether its components
exist is for ``plan``, which knows the plugins.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, ClassVar, TypeAlias, get_type_hints

from annotated_types import MinLen
from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    GetPydanticSchema,
)
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from snnbench.axes import Axis
from snnbench.errors import UsageError
from snnbench.matrix import grammar, select
from snnbench.matrix.seeds import seed_indices
from snnbench.settings import Budget, Measure


def _read_by(read: Callable[[Any], object]) -> Callable[[Any], Any]:
    """Return ``read`` with its UsageError turned into pydantic's kind."""

    def reader(value: Any) -> object:
        try:
            return read(value)
        except UsageError as error:
            raise PydanticCustomError(
                "usage", "{message}", {"message": error.message, "hint": error.hint}
            ) from None

    return reader


def _component(text: str) -> str:
    grammar.parse(text)
    return text


def _selection(text: str) -> str:
    select.parse(text)
    return text


ComponentText: TypeAlias = Annotated[str, AfterValidator(_read_by(_component))]
SelectionText: TypeAlias = Annotated[str, AfterValidator(_read_by(_selection))]
ComponentTexts: TypeAlias = Annotated[tuple[ComponentText, ...], MinLen(1)]
Seeds: TypeAlias = Annotated[tuple[int, ...], BeforeValidator(_read_by(seed_indices))]
_PartOfBudget: Any = TypedDict("_PartOfBudget", get_type_hints(Budget, include_extras=True), total=False)  # type: ignore[misc]
PartOfBudget: TypeAlias = Annotated[
    Mapping[str, Any], GetPydanticSchema(lambda _, handler: handler(_PartOfBudget))
]


Texts: TypeAlias = dict[str, tuple[str, ...]]
"""Kind of component to the texts on its axis."""


@dataclass(frozen=True)
class Exclude:
    """Cells that are not to run.

    Attributes:
        when: Selection of the cells.
        reason: Shown wherever they are missing.
    """

    when: SelectionText
    reason: Annotated[str, MinLen(1)]


@dataclass(frozen=True)
class Override:
    """An override gives some cells another training budget.

    Attributes:
        when: Selection of the cells, by component and never by seed.
        train: The fields of the budget that change.
    """

    when: SelectionText
    train: PartOfBudget


@dataclass(frozen=True, kw_only=True)
class Also:
    """An ``also`` adds combinations: the axes of the matrix, but for those given here.

    Attributes:
        reference: The neuron that theirs are compared with, if not ``measure.reference``.
        train: The fields of the budget that change in them.
    """

    datasets: ComponentTexts | None = None
    encoders: ComponentTexts | None = None
    networks: ComponentTexts | None = None
    neurons: ComponentTexts | None = None
    surrogates: ComponentTexts | None = None
    reference: ComponentText | None = None
    train: PartOfBudget = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Content:
    """This says what a matrix file says. Components and selections are texts that follow their grammars.

    Attributes:
        surrogates: May be empty if no neuron spikes.
        also: Each adds the combinations of other axes; what they have in common runs once.
        optional: Distributions whose components, written ``distribution:name``, are left out where the
            distribution is not installed.
        seeds: Indices of the repetitions, ascending.
        measurements: Extra measurement components.
        train: The budget of every cell no override names.
        override: Applied in order: the last one that names a field of a cell's budget sets it.
    """

    __pydantic_config__: ClassVar = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)

    summary: str = ""
    datasets: ComponentTexts
    encoders: ComponentTexts
    networks: ComponentTexts
    neurons: ComponentTexts
    surrogates: tuple[ComponentText, ...] = ()
    also: tuple[Also, ...] = ()
    optional: tuple[str, ...] = ()
    seeds: Seeds = (0, 1, 2)
    measurements: tuple[ComponentText, ...] = ()
    train: Budget = field(default_factory=Budget)
    measure: Measure = field(default_factory=Measure)
    exclude: tuple[Exclude, ...] = ()
    override: tuple[Override, ...] = ()

    @property
    def blocks(self) -> tuple[Texts, ...]:
        """Return the axes of the matrix, then those of each ``also``: all combinations of each are meant."""
        own = {axis.value: getattr(self, axis.plural) for axis in Axis}
        others = [
            {axis.value: getattr(also, axis.plural) or own[axis] for axis in Axis} for also in self.also
        ]
        return own, *others


@dataclass(frozen=True, kw_only=True)
class Matrix(Content):
    """A matrix is the content of a file with its name.

    Attributes:
        name: Stem of its file.
        base: The matrix before its axes were replaced: its terms stay known to ``exclude`` and ``override``.
    """

    name: str
    base: Matrix | None = None

    def replaced(self, axes: Mapping[str, tuple[str, ...]], seeds: tuple[int, ...] = ()) -> Matrix:
        """Return this matrix with other axes, by kind; an empty axis or no seeds leave what there is."""
        given: dict[str, Any] = {axis.plural: axes[axis] for axis in Axis if axes.get(axis)}
        changes = {**given, "seeds": seeds} if seeds else given
        none: dict[str, Any] = dict.fromkeys(given)
        also = tuple(replace(one, **none) for one in self.also)
        return replace(self, **changes, also=also, base=self) if changes else self

    def without(self, distributions: Collection[str]) -> Matrix:
        """This matrix less the components of ``distributions``, and less what is then empty."""

        def remaining(axes: object) -> dict[str, Any]:
            given = {axis.plural: getattr(axes, axis.plural) for axis in Axis}
            return {
                name: tuple(text for text in texts if grammar.parse(text).distribution not in distributions)
                for name, texts in given.items()
                if texts
            }

        others = [(one, remaining(one)) for one in self.also]
        also = tuple(replace(one, **axes) for one, axes in others if all(axes.values()))
        return replace(self, **remaining(self), also=also, base=self) if distributions else self
