import re
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snnbench.errors import UsageError
from snnbench.matrix.read import load, packaged
from snnbench.matrix.seeds import seed_indices
from snnbench.matrix.spec import Matrix
from snnbench.plugin.host import Host
from snnbench.settings import Budget, Measure, Regulariser

AXES = """
datasets = ["digits"]
encoders = ["rate"]
networks = ["dense"]
neurons = ["lif(beta=[0.9,0.95])", "relu"]
surrogates = ["atan"]
"""

FULL = f"""
summary = "All there is"
{AXES}
seeds = "1-2,5"
measurements = ["energy"]
[train]
epochs = 3
learning_rate = 1
[measure]
throughput_seconds = 2
stability = false
[[also]]
neurons = ["rlif"]
surrogates = ["sigmoid", "atan"]
[[exclude]]
when = "relu and rate"
reason = "no"
[[override]]
when = "beta=0.9"
train = {{ epochs = 30 }}
"""


def read(folder: Path, text: str | bytes) -> Matrix:
    path = folder / "my.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load(str(path))


def refusal(folder: Path, text: str | bytes) -> tuple[str, str]:
    with pytest.raises(UsageError) as caught:
        read(folder, text)
    message = caught.value.message.replace(str(folder / "my.toml"), "my.toml")
    assert "\n" not in message + caught.value.hint
    return message, caught.value.hint


def test_a_full_file_is_read(tmp_path: Path) -> None:
    matrix = read(tmp_path, FULL)
    assert matrix.name == "my"
    assert matrix.summary == "All there is"
    axes = {
        "dataset": ("digits",),
        "encoder": ("rate",),
        "network": ("dense",),
        "neuron": ("lif(beta=[0.9,0.95])", "relu"),
        "surrogate": ("atan",),
    }
    assert matrix.blocks == (axes, {**axes, "neuron": ("rlif",), "surrogate": ("sigmoid", "atan")})
    assert matrix.seeds == (1, 2, 5)
    assert matrix.measurements == ("energy",)
    assert matrix.train == Budget(epochs=3, learning_rate=1.0)
    assert type(matrix.train.learning_rate) is float
    assert matrix.measure == Measure(throughput_seconds=2.0, stability=False)
    assert [asdict(one) for one in matrix.exclude] == [{"when": "relu and rate", "reason": "no"}]
    assert [asdict(one) for one in matrix.override] == [{"when": "beta=0.9", "train": {"epochs": 30}}]


def test_what_a_file_leaves_out_has_defaults(tmp_path: Path) -> None:
    matrix = read(tmp_path, AXES)
    assert (matrix.seeds, matrix.train, matrix.measure) == ((0, 1, 2), Budget(), Measure())
    assert (matrix.summary, matrix.measurements, matrix.exclude, matrix.override) == ("", (), (), ())


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    assert read(tmp_path, b"\xef\xbb\xbf" + AXES.encode()) == read(tmp_path, AXES)


KEY_ERRORS = [
    ("[train]\nepohcs = 3", "unknown key train.epohcs", "did you mean epochs?"),
    ("nuerons = ['lif']", "unknown key nuerons", "did you mean neurons?"),
    ("[measure]\nmemry = true", "unknown key measure.memry", "did you mean memory?"),
    ("name = 'x'", "unknown key name", "known: also, datasets, "),
    ("base = 1", "unknown key base", "known: also, datasets, "),
    ("epochs = 3", "unknown key epochs", "epochs belongs under [train]"),
    ("[train]\nseeds = 3", "unknown key train.seeds", "seeds belongs above the first [table]"),
    ("[train]\nmemory = true", "unknown key train.memory", "memory belongs under [measure]"),
    ("[[exclude]]\nwhen='a'\nreson='b'", "unknown key exclude[0].reson (and 1 more)", "did you mean reason?"),
    ("[[override]]\nwhen='a'\ntrain={epohcs=3}", "unknown key override[0].train.epohcs", "epochs?"),
    ("[[exclude]]\nwhen='lif'", "exclude[0].reason is missing", "required: when, reason"),
    ("[[override]]\ntrain={epochs=1}", "override[0].when is missing", "required: when, train"),
]

VALUE_ERRORS = [
    ("[train]\nepochs = '20'", 'train.epochs should be an integer, got "20"'),
    ("[train]\nepochs = 20.0", "train.epochs should be an integer, got 20.0"),
    ("[train]\nepochs = true", "train.epochs should be an integer, got true"),
    ("[train]\nepochs = -1", "train.epochs should be greater than or equal to 0, got -1"),
    ("[train]\nsteps = 0", "train.steps should be greater than or equal to 1, got 0"),
    ("[train]\nlearning_rate = 0", "train.learning_rate should be greater than 0, got 0"),
    ("[train]\nlearning_rate = 1e30", "train.learning_rate should be less than or equal to 10000, got 1e+30"),
    (
        "[train]\nlearning_rate = 1e300",
        "train.learning_rate should be less than or equal to 10000, got 1e+300",
    ),
    ("[train]\nweight_decay = 1e300", "train.weight_decay should be less than or equal to 10000, got 1e+300"),
    ("[train]\nlearning_rate = nan", "train.learning_rate should be a finite number, got NaN"),
    ("[train]\nweight_decay = inf", "train.weight_decay should be a finite number, got Infinity"),
    ("train = 3", "train should be a table, got 3"),
    ("[measure]\nmemory = 1", "measure.memory should be a boolean, got 1"),
    ("[measure]\nthroughput_seconds = 0", "measure.throughput_seconds should be greater than 0, got 0"),
    ("summary = 1", "summary should be a string, got 1"),
    ("measurements = 'x'", 'measurements should be a list, got "x"'),
    ("exclude = 'x'", "exclude is not a list of tables"),
    ("[exclude]\nwhen='a'\nreason='b'", "exclude is not a list of tables"),
    ("[[exclude]]\nwhen='a'\nreason=''", "exclude[0].reason is empty"),
    (
        "[[exclude]]\nwhen='a and'\nreason='b'",
        "exclude[0].when: selection 'a and', column 6: expected a term",
    ),
    ("[[override]]\nwhen='(a'\ntrain={}", "override[0].when: selection '(a', column 3: expected ')'"),
    ("[[override]]\nwhen='a'\ntrain={epochs='3'}", 'override[0].train.epochs should be an integer, got "3"'),
    (
        "[[override]]\nwhen='a'\ntrain={steps=0}",
        "override[0].train.steps should be greater than or equal to 1",
    ),
    ("measurements = ['ok', 'a(b=)']", "measurements[1]: component 'a(b=)', column 5: "),
    ("seeds = 0", "seeds: 0 is not a choice of seeds"),
    ("seeds = -1", "seeds: -1 is not a choice of seeds"),
    ("seeds = true", "seeds: true is not a choice of seeds"),
    ("seeds = 1.5", "seeds: 1.5 is not a choice of seeds"),
    ("seeds = []", "seeds: [] is not a choice of seeds"),
    ("seeds = [0, -1]", "seeds: [0, -1] is not a choice of seeds"),
    ("seeds = '4-1'", 'seeds: "4-1" is not a choice of seeds'),
    ("seeds = '0-999999999'", 'seeds: "0-999999999" is not a choice of seeds'),
    ("seeds = 9999999999", "seeds: 9999999999 is not a choice of seeds"),
    ("seeds = [9223372036854775807]", "seeds: [9223372036854775807] is not a choice of seeds"),
]


@pytest.mark.parametrize(("text", "message", "hint"), KEY_ERRORS)
def test_a_wrong_key_is_named_with_its_table(tmp_path: Path, text: str, message: str, hint: str) -> None:
    said, hinted = refusal(tmp_path, AXES + text)
    assert said == f"matrix my.toml: {message}"
    assert hint in hinted


@pytest.mark.parametrize(("text", "message"), VALUE_ERRORS)
def test_a_wrong_value_is_named_with_what_was_expected(tmp_path: Path, text: str, message: str) -> None:
    said, _ = refusal(tmp_path, AXES + text)
    assert said.startswith(f"matrix my.toml: {message}")
    assert "more)" not in said


@pytest.mark.parametrize(
    ("axis", "message"),
    [
        ("neurons = []", "neurons is empty"),
        ("neurons = 'lif'", 'neurons should be a list, got "lif"'),
        ("neurons = [1]", "neurons[0] should be a string, got 1"),
        ("neurons = ['relu', 'lif(beta=)']", "neurons[1]: component 'lif(beta=)', column 10: invalid syntax"),
        ("", "neurons is missing"),
        ("nuerons = ['lif']", "unknown key nuerons (and 1 more)"),
    ],
)
def test_a_wrong_axis_is_named(tmp_path: Path, axis: str, message: str) -> None:
    text = AXES.replace('neurons = ["lif(beta=[0.9,0.95])", "relu"]', axis)
    assert refusal(tmp_path, text)[0] == f"matrix my.toml: {message}"


def test_several_problems_are_counted(tmp_path: Path) -> None:
    said, _ = refusal(tmp_path, AXES + "[train]\nsteps = 0\nepochs = '3'\n[measure]\nmemory = 1")
    assert said == "matrix my.toml: train.steps should be greater than or equal to 1, got 0 (and 2 more)"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = 1\nb == 2", "Invalid value (at line 2, column 4)"),
        ("a = 1\na = 2", "Cannot overwrite a value (at line 2, column 6)"),
        ("a = 1\n[b", "Expected ']' at the end of a table declaration (at line 2, column 3)"),
        ("a = 1\nb = '''c", "Expected \"'''\" (at line 2, column 9)"),
        ("a = 1\nb = [" + "[" * 5000, "(at line 2, column 5006)"),
    ],
)
def test_a_syntax_error_has_line_and_column(tmp_path: Path, text: str, message: str) -> None:
    said, _ = refusal(tmp_path, text)
    assert said.startswith("matrix my.toml: ")
    assert message in said


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, b"a = '\xff'")[0] == "matrix my.toml is not UTF-8 at byte 5"


def test_an_unknown_matrix_suggests_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.toml").write_text(AXES)
    for reference, hint in {"quikc": "did you mean quick?", "mine.tml": "did you mean mine.toml?"}.items():
        with pytest.raises(UsageError, match=f"there is no matrix '{reference}'") as caught:
            load(reference)
        assert caught.value.hint == hint
    with pytest.raises(UsageError, match="cannot be read"):
        load(".")


@pytest.mark.parametrize("name", packaged())
def test_packaged_matrices_are_valid(name: str) -> None:
    matrix = load(name)
    assert matrix.name == name
    assert matrix.summary


@pytest.mark.parametrize(
    ("value", "seeds"),
    [
        (3, (0, 1, 2)),
        ("0-4", (0, 1, 2, 3, 4)),
        ("0,2,5", (0, 2, 5)),
        (" 5 - 6 , 2", (2, 5, 6)),
        ("3", (3,)),
        ([4, 2, 2], (2, 4)),
    ],
)
def test_seeds_are_read(value: object, seeds: tuple[int, ...]) -> None:
    assert seed_indices(value) == seeds


@pytest.mark.parametrize("value", ["", "a", "1-", "-1", "1,,2", "0-2-4", "1.0", "٣", "2-1", None, {}])
def test_what_are_no_seeds_is_refused(value: object) -> None:
    with pytest.raises(UsageError, match="is not a choice of seeds"):
        seed_indices(value)


@given(st.lists(st.integers(0, 999), min_size=1, max_size=20))
def test_a_list_of_seeds_reads_the_same_as_text(seeds: list[int]) -> None:
    assert seed_indices(seeds) == seed_indices(",".join(map(str, seeds))) == tuple(sorted(set(seeds)))


def test_replacing_an_axis_remembers_the_file(tmp_path: Path) -> None:
    matrix = read(tmp_path, AXES)
    assert matrix.replaced({"neuron": ()}) is matrix
    other = matrix.replaced({"neuron": ("relu",), "dataset": ()}, (7,))
    assert (other.neurons, other.datasets, other.seeds) == (("relu",), ("digits",), (7,))
    assert other.base is matrix


# Stability in the loss


def test_a_setting_of_the_other_estimator_is_refused() -> None:
    with pytest.raises(UsageError, match="exponents is not for lambda_delta"):
        Regulariser(0.5, estimator="lambda_delta", exponents=2)
    with pytest.raises(UsageError, match="delta is not for lambda_grad"):
        Regulariser(0.5, delta=0.3)


TERM = 'stability = { weight = 0.5, target = -0.1, estimator = "lambda_delta", every = 2, delta = 0.3 }'


@pytest.mark.parametrize(
    "where", ["[train]\n{}", "[[override]]\nwhen = 'relu'\ntrain = {{ {} }}", "[[also]]\ntrain = {{ {} }}"]
)
def test_stability_in_the_loss_is_read(tmp_path: Path, where: str) -> None:
    matrix = read(tmp_path, AXES + where.format(TERM))
    known = Regulariser(0.5, -0.1, "lambda_delta", 2, delta=0.3)
    found = [
        matrix.train.stability,
        *(one.train.get("stability") for one in (*matrix.override, *matrix.also)),
    ]
    assert [one for one in found if one] == [known]


@pytest.mark.parametrize(
    ("term", "message"),
    [
        ("weight = 0", "train.stability.weight"),
        ("weight = 1, every = 0", "train.stability.every"),
        ("weight = 1, exponents = 9", "train.stability.exponents"),
        ("weight = 1, estimator = 'lambda_true'", "train.stability.estimator"),
        ("target = 1", "train.stability.weight is missing"),
        ("weight = 1, wight = 2", "unknown key train.stability.wight"),
    ],
)
def test_a_wrong_term_of_the_loss_is_refused(tmp_path: Path, term: str, message: str) -> None:
    assert message in refusal(tmp_path, f"{AXES}[train]\nstability = {{ {term} }}")[0]


NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
KINDS_SAID = ("neuron", "surrogate", "encoder", "dataset", "network")


def names_in(matrix: Matrix, kind: str) -> set[str]:
    texts = {text for block in matrix.blocks for text in block[kind]}
    return {text.partition("(")[0] for text in texts}


@pytest.mark.parametrize("name", packaged())
def test_the_summary_of_a_packaged_matrix_is_true(name: str) -> None:
    matrix, host = load(name), Host.load()
    said = matrix.summary.lower()
    claims = re.search(r"every built-in ((?:\w+, )*\w+ and \w+)", said)
    for kind in re.findall(r"\w+", claims[1]) if claims else ():
        if kind in KINDS_SAID:
            built_in = {one.spec.name for one in host.all(kind) if one.distribution == "snnbench"}
            assert built_in <= names_in(matrix, kind), kind
    for number, what in re.findall(rf"({'|'.join(NUMBERS)}) (?:small )?(\w+?)s?\b", said):
        counts = {kind: len(names_in(matrix, kind)) for kind in KINDS_SAID} | {
            "seed": len(matrix.seeds),
            "epoch": matrix.train.epochs,
            "librarie": len({one.partition(":")[0] for one in names_in(matrix, "neuron") if ":" in one}),
        }
        if what in counts:
            assert counts[what] == NUMBERS[number], what
    assert ("no training" in said) == (matrix.train.epochs == 0)
    assert {*re.findall(r"\bon (digits|yin_yang)", said)} <= names_in(matrix, "dataset")
