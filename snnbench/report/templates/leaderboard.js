"use strict";
const value = (row, column) => {
  const { value } = row.cells[column].dataset;
  if (value === undefined) return row.cells[column].textContent.trim();
  return value === "" ? null : Number(value.replace("inf", "Infinity"));
};

const compare = (a, b) => typeof a === "string" ? a.localeCompare(b, "en", { numeric: true }) : a - b;

for (const button of document.querySelectorAll("th button")) {
  button.addEventListener("click", () => {
    const head = button.closest("th"), body = head.closest("table").tBodies[0];
    const old = head.getAttribute("aria-sort"), other = { ascending: "descending", descending: "ascending" };
    const order = other[old] ?? button.dataset.first ?? "ascending", sign = order === "ascending" ? 1 : -1;
    for (const sibling of head.parentNode.cells) sibling.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", order);
    const rows = [...body.rows].map(row => [value(row, head.cellIndex), row]);
    // What is missing comes last in either order.
    rows.sort(([a], [b]) => a === null || b === null ? (a === null) - (b === null) : sign * compare(a, b));
    body.append(...rows.map(([, row]) => row));
  });
}

const linked = [...document.querySelectorAll("[data-row]")];

const filter = document.getElementById("filter");
filter?.addEventListener("input", () => {
  const terms = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0, all = 0;
  for (const section of document.querySelectorAll("section.board")) {
    const common = section.querySelector("h2").textContent + section.querySelector(".facts").textContent;
    for (const row of section.querySelectorAll("tbody tr")) {
      const text = (common + row.textContent).toLowerCase(), hidden = !terms.every(term => text.includes(term));
      for (const item of linked) if (item.dataset.row === row.dataset.row) item.classList.toggle("hidden", hidden);
      all += 1;
      shown += !hidden;
    }
  }
  document.getElementById("shown").value = terms.length ? `${shown} of ${all} rows` : "";
});

for (const item of linked) {
  const mark = on => linked.forEach(other => other.classList.toggle("lit", on && other.dataset.row === item.dataset.row));
  item.addEventListener("mouseenter", () => mark(true));
  item.addEventListener("mouseleave", () => mark(false));
}

document.getElementById("theme").addEventListener("click", () => {
  const { style } = document.documentElement;
  const dark = style.colorScheme ? style.colorScheme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  style.colorScheme = dark ? "light" : "dark";
});
