// The search field, the filters and the legend: shows the state in them, and changes it when a reader does.

function controlsOf(section, run, state, actions) {
  const { scene } = run;
  const get = (name) => section.querySelector("#" + name);
  const query = get("query"), found = get("found"), complaint = get("complaint"), colour = get("colour"), legend = get("legend");
  const fields = Object.fromEntries(FILTERS.map((field) => [field, get("by-" + field)]));
  const outcomes = [...section.querySelectorAll("[data-outcome]")];
  options(fields.f, scene.functions);
  options(fields.node, scene.nodes);
  options(fields.client, Array.from({ length: Math.min(scene.clients, 1000) }, (_, place) => String(place)));
  fields.client.hidden = !scene.clients;
  fields.node.hidden = !scene.nodes.length;

  let timer = 0;
  query.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      state.query = query.value;
      actions.searched();
    }, 120);
  });
  for (const field of FILTERS) {
    fields[field].addEventListener("input", () => {
      state.filters[field] = fields[field].value.trim();
      actions.searched();
    });
  }
  outcomes.forEach((toggle, place) => toggle.addEventListener("click", () => {
    state.outcomes[place] = !state.outcomes[place];
    actions.searched();
  }));
  colour.addEventListener("input", () => {
    state.colour = colour.value;
    actions.coloured();
  });
  return { show, legend: showLegend };

  function options(select, names) {
    for (const name of names) select.append(new Option(name, name));
  }

  function show() {
    if (query.value !== state.query) query.value = state.query;
    for (const field of FILTERS) fields[field].value = state.filters[field];
    outcomes.forEach((toggle, place) => toggle.setAttribute("aria-pressed", String(state.outcomes[place])));
    colour.value = state.colour;
    if (colour.selectedIndex < 0) colour.value = state.colour = "outcome";
    found.textContent = state.isNarrowed ? `${count(state.found)} of ${count(run.operations.count)}` : counted(run.operations.count, "operation");
    complaint.textContent = state.complaint;
  }

  function showLegend(colouring, palette) {
    const colours = colouring.colours(palette);
    legend.replaceChildren(...colouring.legend().map(([name, place]) => {
      const item = element("span", name);
      const swatch = document.createElement("i");
      swatch.style.background = colours[place];
      if (colouring.isOutcome) swatch.className = OUTCOMES[place];
      item.prepend(swatch);
      return item;
    }));
  }
}
