// Sorts a table by the column whose heading is pressed, the second time the other way round. Numbers come
// from data-value; what has none stays at the end either way, and equals keep their order.
for (const table of document.querySelectorAll("table.sortable")) {
  const headings = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
  const body = table.tBodies[0];
  const isNumber = (heading) => heading.classList.contains("number");

  function value(row, column) {
    const cell = row.cells[column];
    if (!cell) return null;
    if (!isNumber(headings[column])) return cell.textContent || null;
    return cell.dataset.value ? Number(cell.dataset.value) : null;
  }

  function sort(column, isDescending) {
    const compare = isNumber(headings[column])
      ? (a, b) => a - b
      : new Intl.Collator("en", { numeric: true }).compare;
    const rows = [...body.rows].map((row) => ({ row, value: value(row, column) }));
    rows.sort((a, b) => {
      if (a.value === null || b.value === null) return (a.value === null) - (b.value === null);
      return isDescending ? compare(b.value, a.value) : compare(a.value, b.value);
    });
    body.append(...rows.map((item) => item.row));
  }

  headings.forEach((heading, column) => {
    heading.querySelector("button").addEventListener("click", () => {
      const isDescending = heading.getAttribute("aria-sort") === "ascending";
      for (const other of headings) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", isDescending ? "descending" : "ascending");
      sort(column, isDescending);
    });
  });
}

// On paper everything is shown.
const closed = () => document.querySelectorAll("details:not([open])");
addEventListener("beforeprint", () => {
  for (const part of closed()) {
    part.open = true;
    part.dataset.printed = "";
  }
});
addEventListener("afterprint", () => {
  for (const part of document.querySelectorAll("details[data-printed]")) {
    part.open = false;
    delete part.dataset.printed;
  }
});
