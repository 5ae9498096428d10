// The operations in view as a table: for screen readers, for copying, and for whoever prefers text.

const ROWS_MAX = 1000;
const COLUMNS = ["Began", "Took", "Client", "Node", "Key", "Operation", "Outcome", "Error"];

function fillTable(place, run, words, view, state) {
  const { operations } = run;
  const table = document.createElement("table");
  table.className = "rows operations";
  const body = document.createElement("tbody");
  let rows = 0, all = 0;
  for (let i = 0; i < operations.count && operations.start[i] <= view.to; i++) {
    if (state.marks[i] !== FOUND || operations.end[i] < view.from) continue;
    if (++all > ROWS_MAX) continue;
    rows++;
    const row = document.createElement("tr");
    const facts = new Map(words.facts(i));
    for (const name of COLUMNS) row.append(element("td", facts.get(name)));
    body.append(row);
  }
  const head = document.createElement("tr");
  for (const name of COLUMNS) {
    const cell = element("th", name);
    cell.scope = "col";
    head.append(cell);
  }
  const header = document.createElement("thead");
  header.append(head);
  const left = all - rows;
  const caption = `${counted(rows, "operation")} between ${seconds(view.from)} and ${seconds(view.to)} s` +
    (left ? `; ${count(left)} more are in view and not listed.` : ".");
  table.append(element("caption", caption), header, body);
  place.replaceChildren(table);
}
