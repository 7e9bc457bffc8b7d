from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from results import HEADER, board_of, make_metrics, make_result, make_run, make_seeds
from snnbench.records import CellResult, Component, Metric, RunHeader, Status
from snnbench.report.leaderboard import page
from snnbench.settings import Budget

sync_api = pytest.importorskip("playwright.sync_api")
CHROMIUM = Path("/usr/bin/chromium")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no {CHROMIUM}"),
]

Open = Callable[..., Any]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=str(CHROMIUM),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield chromium
        chromium.close()


@pytest.fixture
def show(browser: Any, tmp_path: Path) -> Iterator[Open]:
    """Open the leaderboard of some results; at the end, nothing was requested and nothing went wrong."""
    troubles: list[str] = []
    contexts = []

    def open_page(
        *results: CellResult,
        title: str = "quick",
        header: RunHeader = HEADER,
        width: int = 1280,
        **options: Any,
    ) -> Any:
        file = tmp_path / "leaderboard.html"
        file.write_bytes(make_page(*results, title=title, header=header))
        context = browser.new_context(viewport={"width": width, "height": 900}, offline=True, **options)
        contexts.append(context)
        tab = context.new_page()
        tab.on("request", lambda request: request.url == file.as_uri() or troubles.append(request.url[:80]))
        tab.on("console", lambda message: troubles.append(message.text))
        tab.on("pageerror", lambda error: troubles.append(str(error)))
        tab.on("dialog", lambda dialog: (troubles.append(dialog.message), dialog.dismiss()))
        tab.goto(file.as_uri())
        return tab

    yield open_page
    for context in contexts:
        context.close()
    assert [trouble for trouble in troubles if not trouble.startswith("data:,")] == []


def make_page(*results: CellResult, title: str = "quick", header: RunHeader = HEADER) -> bytes:
    return page(title, board_of(results), [header])


def column(tab: Any, index: int, section: int = 0) -> list[str]:
    rows = tab.locator("section.board").nth(section).locator("tbody tr:visible")
    return [row.locator("td, th").nth(index).inner_text() for row in rows.all()]


def test_it_shows_every_row_with_its_interval_and_nothing_is_fetched(show: Open) -> None:
    tab = show(*make_run())
    assert tab.title() == "quick · snnbench"
    assert tab.locator("section.board h2").all_inner_texts() == ["digits", "yin_yang"]
    assert column(tab, 0) == ["1", "2 ≈", "3 ≈", "4 ≈", "5", "6 ?", "7", "–"]
    assert column(tab, 2)[0].split("\n") == ["96.50", "[93.85, 98.42]"]
    assert column(tab, 2)[-1] == "–"
    assert column(tab, 6)[6] == "−∞"
    assert "1 of 3 diverged" in column(tab, 10)[2]


def test_a_heading_sorts_and_what_is_missing_stays_last(show: Open) -> None:
    tab = show(*make_run())
    head = tab.locator("section.board").first.locator("thead")
    by_rank = column(tab, 1)

    inference = head.get_by_role("button", name=re.compile("Inference"))
    inference.click()
    fastest = [float(text.split()[0]) for text in column(tab, 4) if text != "–"]
    assert fastest == sorted(fastest, reverse=True)
    assert column(tab, 4)[-2:] == ["–", "–"]
    inference.click()
    assert [float(text.split()[0]) for text in column(tab, 4) if text != "–"] == fastest[::-1]
    assert column(tab, 4)[-2:] == ["–", "–"]

    head.get_by_role("button", name=re.compile("λ grad")).click()
    assert column(tab, 6)[0] == "−∞"
    assert head.locator("[aria-sort]").count() == 1
    head.get_by_role("button", name="neuron").click()
    names = [name.split("\n")[0] for name in column(tab, 1)]
    assert names == sorted(names)
    head.get_by_role("button", name="#").click()
    assert column(tab, 1) == by_rank


def test_the_filter_hides_rows_and_their_points(show: Open) -> None:
    tab = show(*make_run())
    points = tab.locator(".point:visible").count()
    tab.get_by_label("Filter rows").fill("LIF beta")
    assert [name.split("\n")[0] for name in column(tab, 1)] == ["lif[beta=0.9]", "lif[beta=0.5]"]
    assert column(tab, 1, section=1) == []
    assert tab.locator("#shown").inner_text() == "2 of 10 rows"
    assert tab.locator(".point:visible").count() == 2
    tab.get_by_label("Filter rows").fill("yin_yang")
    assert column(tab, 1) == []
    assert len(column(tab, 1, section=1)) == 2
    tab.get_by_label("Filter rows").fill("")
    assert len(column(tab, 1)) == 8
    assert tab.locator("#shown").inner_text() == ""
    assert tab.locator(".point:visible").count() == points


def test_a_row_and_its_point_light_up_together(show: Open) -> None:
    longer = [replace(one, cell=replace(one.cell, budget=Budget(epochs=50))) for one in make_run()]
    tab = show(*make_run(), *longer)
    tab.locator("section.board tbody tr").nth(3).hover()
    assert tab.locator(".point.lit text").all_text_contents() == ["4"]


def test_points_lie_where_their_numbers_are(show: Open) -> None:
    tab = show(*make_run())
    plot = tab.locator("svg").first
    places = {}
    for point in plot.locator(".point").all():
        circle = point.locator("circle")
        places[point.locator("text").text_content()] = [
            float(circle.get_attribute(name)) for name in ("cx", "cy")
        ]
    assert set(places) == {"1", "3", "4", "5", "6", "7"}  # rank 2 has no rate, the last row no number at all
    assert sorted(places, key=lambda rank: places[rank][1]) == ["1", "3", "4", "5", "6", "7"]
    rates = dict(zip(["1", "3", "4", "5", "6", "7"], [32.0, 47.9, 55.7, 31.0, 35.3, 11.1], strict=True))
    assert sorted(places, key=lambda rank: places[rank][0]) == sorted(rates, key=rates.__getitem__)
    assert plot.locator(".point path").count() == 1  # 31 % is below the axis, and says so
    assert "arrow: below the axis" in tab.locator("figcaption").first.inner_text()


def test_text_from_plugins_and_journals_stays_text(show: Open) -> None:
    evil = "<script>alert('x')</script><img src=http://example.org/x onerror=alert(1)>\"'><b>"
    results = [
        replace(
            make_result(one.cell, 0.9 + 0.01 * one.cell.seed),
            cell=replace(one.cell, neuron=Component(evil), dataset=Component(evil)),
            labels={"spike": evil, evil: str(one.cell.seed)},
            metrics={
                **make_metrics(0.9),
                "plugin": Metric(1.0, evil, flags=(evil,)),
                evil: Metric(2.0, evil),
            },
            device=evil,
        )
        for one in make_seeds([0.9, 0.9])
    ]
    other = [replace(one, cell=replace(one.cell, neuron=Component("lif"))) for one in results]
    lost = make_result(results[0].cell, None, status=Status.FAILED, reason=evil, environment="")
    header = replace(
        HEADER, matrix=evil, command=evil, commit=evil, plugins={evil: evil}, content={evil: evil}
    )
    header = replace(header, environments={evil: {"cpu.model": evil, evil: evil}}, started=evil, version=evil)
    tab = show(*results, *other, replace(lost, cell=replace(lost.cell, seed=9)), title=evil, header=header)
    assert tab.locator("h1").inner_text() == evil
    assert tab.locator("tbody th.neuron").first.inner_text().startswith(evil)
    assert tab.locator("img, b:text-is('')").count() == 0
    assert tab.locator("script").count() == 1


def test_the_pages_own_policy_stops_a_script_and_a_request(browser: Any, tmp_path: Path) -> None:
    html = make_page(*make_run()).decode()
    hole = "<script>document.title = 'broken'</script><img src='http://127.0.0.1:9/x.png'>"
    (tmp_path / "page.html").write_text(html.replace("<main>", f"<main>{hole}"))
    tab = browser.new_page()
    refused: list[str] = []
    tab.on("console", lambda message: refused.append(message.text))
    tab.goto((tmp_path / "page.html").as_uri())
    assert tab.title() == "quick · snnbench"
    assert len([text for text in refused if "Content Security Policy" in text]) == 2
    tab.close()


def test_without_script_everything_is_still_there(show: Open) -> None:
    tab = show(*make_run(), java_script_enabled=False)
    assert tab.locator("section.board tbody tr:visible").count() == 10


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_the_page_never_scrolls_sideways_and_the_neuron_stays_in_sight(show: Open, width: int) -> None:
    tab = show(*make_run(), width=width)
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    scroller = tab.locator("section.board .scroll").first
    scroller.evaluate("element => { element.scrollLeft = 10000; }")
    neuron = tab.locator("tbody th.neuron").first.bounding_box()
    assert neuron["x"] >= scroller.bounding_box()["x"]
    assert neuron["x"] + neuron["width"] <= width


def test_dark_and_light(show: Open) -> None:
    tab = show(*make_run(), color_scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = tab.evaluate(ground)
    tab.get_by_role("button", name="Dark / light").click()
    light = tab.evaluate(ground)
    assert sum(map(int, re.findall(r"\d+", dark))) < 150
    assert sum(map(int, re.findall(r"\d+", light))) > 600
    tab.get_by_role("button", name="Dark / light").click()
    assert tab.evaluate(ground) == dark


def test_the_reader_is_told_what_columns_and_marks_mean(show: Open) -> None:
    tab = show(*make_run())
    reading = tab.locator(".reading")
    terms = [text.split("\n")[0] for text in reading.locator("dt").all_inner_texts()]
    for heading in tab.locator("section.board").first.locator("thead th.number button").all_inner_texts():
        title = heading.split("\n")[0]
        assert title == "seeds" or any(title in term for term in terms)
    assert {"few seeds", "unstable", "finite-time", "graded", "infinite", "identical"} <= set(terms)
    assert "busy" not in terms
    assert reading.locator("dt").count() == reading.locator("dd").count()


def test_what_was_not_measured_is_listed_with_its_cells(show: Open) -> None:
    tab = show(*make_run())
    entry = tab.locator("details", has_text="loss is nan in epoch 3")
    assert "4 cells" in entry.locator("summary").inner_text()
    entry.locator("summary").click()
    assert entry.locator("li:visible").count() == 4


def test_a_run_without_results_says_so(show: Open) -> None:
    tab = show()
    assert "No cell has been measured yet." in tab.locator("main").inner_text()
    assert tab.locator("section.board").count() == 0


def test_a_row_and_its_lines_light_up_together_and_the_filter_hides_both(show: Open) -> None:
    along = {"stability.epochs": (0.0, 5.0), "stability.lambda_grad": (0.1, 0.2)}
    tab = show(*(replace(one, series={**one.series, **along}) for one in make_run()))
    charts = tab.locator("section.stability").first.locator("figure.curve")
    assert charts.locator("h3").all_inner_texts() == [
        "Growth of a disturbance of size δ, after training",
        "λ grad along training",
    ]
    tab.locator("section.board").first.locator("tbody tr").nth(2).hover()
    assert charts.locator(".line.lit text").all_text_contents() == ["3", "3"]
    tab.get_by_label("Filter rows").fill("LIF beta")
    assert charts.first.locator(".line:visible").count() == 2
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
