# What a maintainer needs. `just` is installed by `pip install rust-just`; each recipe is also a plain command.

bin := if os_family() == "windows" { ".venv/Scripts" } else { ".venv/bin" }
fast := "tests/unit tests/store tests/matrix tests/plugin tests/factory tests/session"

# List the recipes.
default:
    @just --list

# Make the virtual environment with all that the tests need, and install the commit hooks.
setup:
    {{ if os_family() == "windows" { "python" } else { "python3" } }} -m venv .venv
    {{ bin }}/python -m pip install -r tests/requirements.txt pre-commit
    {{ bin }}/pre-commit install

# Check style, types, import contract and the fast tests: under two minutes on two cores.
quick: check fast

# Run the fast tests, which need no library that the suite is compared with.
fast:
    {{ bin }}/python -m pytest -q -n 2 --dist worksteal {{ fast }}

# Check style, types and import contract.
check:
    {{ bin }}/ruff check .
    {{ bin }}/ruff format --check .
    {{ bin }}/mypy
    {{ bin }}/lint-imports

# Run the tests of the README.
test:
    {{ bin }}/python -m pytest -n 2 --dist worksteal

# Write the lists of docs/architecture.md anew, and check that the pages are true.
docs:
    {{ bin }}/python docs/modules.py --write
    {{ bin }}/python -m pytest -q tests/unit/test_docs.py tests/unit/test_architecture.py

# Take the README's picture of the board of results/reference/quick.
picture:
    {{ bin }}/python docs/picture.py
