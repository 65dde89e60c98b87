"use strict";
const SECONDS = { s: 1, min: 60, h: 3600 };
// The number that a cell begins with, as in "0.871 [0.840, 0.899]", "< 0.001" or "3 min 05 s"; else not a number.
const numberIn = (text) => {
  const parts = /^[\d.]+ (s|min|h)\b/.test(text) ? [...text.matchAll(/([\d.]+) (s|min|h)\b/g)] : [];
  if (parts.length) return parts.reduce((sum, [, count, unit]) => sum + count * SECONDS[unit], 0);
  const first = text.match(/^(?:< )?([-+]?[\d,]*\.?\d+(?:e[-+]?\d+)?)(?=$| )/i);
  return first ? Number(first[1].replaceAll(",", "")) : NaN;
};
for (const head of document.querySelectorAll("table.sortable thead th")) {
  head.tabIndex = 0;
  const sort = () => {
    const table = head.closest("table");
    const body = table.tBodies[0];
    const column = head.cellIndex;
    const rising = head.getAttribute("aria-sort") !== "ascending";
    for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", rising ? "ascending" : "descending");
    const key = (row) => row.cells[column].firstChild?.textContent.trim() ?? "";
    const rows = [...body.rows].sort((a, b) => {
      const [x, y] = [key(a), key(b)];
      const [p, q] = [numberIn(x), numberIn(y)];
      if (x === "" || y === "") return (x === "") - (y === "");
      if (Number.isNaN(p) !== Number.isNaN(q)) return Number.isNaN(p) - Number.isNaN(q); // words after numbers
      const order = Number.isNaN(p) ? x.localeCompare(y, undefined, { numeric: true }) : p - q;
      return rising ? order : -order;
    });
    body.append(...rows);
  };
  head.addEventListener("click", sort);
  head.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      sort();
    }
  });
}
