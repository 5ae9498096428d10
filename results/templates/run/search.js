// What is found and what is hidden: the search and the filters, applied to all operations at once.

const FILTERS = ["f", "node", "client", "key"];

// Sets state.marks, state.found and state.complaint from state.query, state.outcomes and state.filters.
function applySearch(run, words, lines, state) {
  const { operations } = run;
  const query = parseQuery(state.query, run, words);
  const filters = FILTERS.filter((field) => state.filters[field] !== "")
    .map((field) => fieldTerm(field, state.filters[field], run, words));
  const complaints = filters.filter((filter) => typeof filter === "string");
  const terms = filters.filter((filter) => typeof filter !== "string");
  state.complaint = [query.complaint, ...complaints].filter(Boolean).join("; ");
  state.isNarrowed = !query.isEmpty || terms.length > 0 || state.outcomes.includes(false);
  state.found = 0;
  for (let i = 0; i < operations.count; i++) {
    let mark = HIDDEN;
    if (state.outcomes[operations.outcome[i]] && terms.every((term) => term(i))) mark = query.holds(i) ? FOUND : DIMMED;
    state.found += mark === FOUND;
    state.marks[i] = mark;
  }
  state.search = {};
  tellFound(lines, state.marks, operations);
}

// The next operation that was found after a place, or before it; around the end, to the other one.
function nextFound(state, operations, from, step) {
  const count = operations.count;
  for (let tries = 1; tries <= count; tries++) {
    const i = (((from + step * tries) % count) + count) % count;
    if (state.marks[i] === FOUND) return i;
  }
  return -1;
}

// Which of the found ones an operation is, from 1.
function rankOf(state, i) {
  let rank = 0;
  for (let place = 0; place <= i; place++) rank += state.marks[place] === FOUND;
  return rank;
}
