// The picture of the whole run: puts its parts together. Read next: decode.js for the data, plot.js for the drawing,
// query.js for the search, pointer.js and keys.js for what a reader does.

async function startRun(section) {
  const get = (name) => section.querySelector("#" + name);
  const elements = Object.fromEntries(["tools", "query", "found", "complaint", "colour", "legend", "window", "funnel", "operations",
    "stretch", "tip", "pinned", "table", "as-table", "help", "keys-on"].map((name) => [name.replace(/-(\w)/g, (_, c) => c.toUpperCase()), get(name)]));
  const data = get("data");
  const run = await decode(data.textContent.trim());
  data.remove();
  const { scene, operations, violations } = run;
  const words = wordsOf(run);
  const lines = linesOf(run);
  const view = viewOf(scene.span);
  const state = {
    query: violations[0]?.query ?? "", outcomes: [true, true, true], filters: { f: "", node: "", client: "", key: "" }, colour: violations[0]?.query ? "value" : "outcome",
    violation: 0, pinned: -1, hovered: -1, selection: null, mapSelection: null, marks: new Uint8Array(operations.count), found: 0,
  };
  elements.tools.hidden = elements.window.hidden = false;
  const canvas = elements.operations;
  const plot = plotOf(canvas, run, words, lines, view, state);
  const overview = overviewOf(section.querySelector(".frame"), elements.funnel, run, view, state);
  const keepLink = linkKeeper(state, view, run);
  const keep = () => isFollowing || keepLink();
  const details = detailsOf(elements, words, { zoom: () => fit(), unpin: () => pin(-1) });
  let frame = 0, tableTimer = 0, isFollowing = true, isAtViolation = false;
  // Which contradiction the page tells, where it tells several: they are chosen without this script too.
  const tabs = [...document.querySelectorAll("input[name=violation]")];

  const draw = () => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      plot.draw();
      overview.draw(plot.palette);
      say();
    });
  };
  const changed = () => {
    // A table takes longer than a frame: it follows when the view has come to rest.
    clearTimeout(tableTimer);
    if (!elements.table.hidden) tableTimer = setTimeout(() => elements.table.hidden || showTable(true), 150);
    keep();
    draw();
  };
  const searched = () => {
    applySearch(run, words, lines, state);
    controls.show();
    changed();
  };
  const controls = controlsOf(section, run, state, { searched, coloured, draw });

  const actions = {
    draw, changed,
    zoomIn: () => (view.zoom(0.6), changed()), zoomOut: () => (view.zoom(1 / 0.6), changed()),
    left: () => (view.pan(-0.2), changed()), right: () => (view.pan(0.2), changed()),
    whole: () => (view.show(...scene.span), changed()),
    fit, next: () => goTo(1), before: () => goTo(-1), walk, clear,
    violation: nextViolation,
    counterexample: () => document.getElementById("counterexample")?.scrollIntoView(),
    faultAfter: () => nextFault(1), faultBefore: () => nextFault(-1),
    theme: () => document.getElementById("theme").click(),
    search: () => (section.scrollIntoView({ block: "nearest" }), elements.query.focus(), elements.query.select()),
    help: () => elements.help.showModal(),
    point(x, y) {
      const id = plot.idAt(x, y);
      if (id !== state.hovered) draw();
      state.hovered = id;
      const beside = canvas.offsetTop;
      details.point(x, y + beside, id >= 0 ? words.facts(id).filter(([, value]) => value).map((pair) => pair.join("  ")).join("\n") : plot.laneSpanAt(x, y));
    },
    leave: () => (details.leave(), (state.hovered = -1), draw()),
    pinAt: (x, y) => (canvas.focus({ preventScroll: true }), pin(plot.idAt(x, y))),
    zoomAt(x, y) {
      if (plot.idAt(x, y) < 0) return;
      pin(plot.idAt(x, y));
      fit();
    },
  };

  // Everything that is pressed, turned or written.
  listenToPointer(canvas, overview, view, state, actions);
  listenToKeys(canvas, elements, actions);
  document.getElementById("jump")?.addEventListener("click", (event) => {
    event.preventDefault();
    isAtViolation = false;
    nextViolation();
  });
  tabs.forEach((tab, place) => tab.addEventListener("change", () => {
    isAtViolation = false;
    chooseViolation(place);
    showViolation();
  }));
  for (const [name, action] of [["to-whole", "whole"], ["to-violation", "violation"], ["to-help", "help"], ["zoom-in", "zoomIn"], ["zoom-out", "zoomOut"]]) {
    get(name)?.addEventListener("click", actions[action]);
  }
  elements.asTable.addEventListener("click", () => showTable(elements.table.hidden));
  elements.query.form.addEventListener("submit", (event) => {
    event.preventDefault();
    goTo(1);
  });
  window.addEventListener("hashchange", () => location.hash.includes("=") && follow());
  new ResizeObserver(() => {
    plot.resize();
    overview.resize();
    draw();
  }).observe(elements.window);
  const retheme = () => {
    plot.retheme();
    coloured();
  };
  new MutationObserver(retheme).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  for (const query of ["(prefers-color-scheme: dark)", "(prefers-contrast: more)"]) matchMedia(query).addEventListener("change", retheme);

  view.show(...scene.window);
  follow();
  plot.resize();
  overview.resize();
  section.dataset.ready = "yes";

  // Shows what the address says.
  function follow() {
    isFollowing = true;
    const isLinked = readLink(state, view, run), [hasTime, hasViolation] = ["t", "violation"].map((name) => new RegExp(`[#&]${name}=`).test(location.hash));
    chooseViolation(state.violation);
    if (state.pinned >= 0) {
      if (!hasTime) view.reveal(operations.start[state.pinned], operations.end[state.pinned]);
    } else if (hasViolation && violations.length && !hasTime) {
      showViolation();
    } else if (isLinked && !hasTime) {
      if (state.isNarrowed) fit();
      else view.show(...scene.span);
    }
    pin(state.pinned);
    if (isLinked) section.scrollIntoView();
    isFollowing = false;
  }

  function coloured() {
    state.colouring = colouring(state.colour, run, words, plot.core);
    controls.legend(state.colouring, plot.palette);
    keep();
    draw();
  }

  function pin(id) {
    state.pinned = id;
    details.pin(id);
    keep();
    draw();
  }

  // The pinned operation, or all that was found, with some air.
  function fit() {
    let from = Infinity, to = -Infinity;
    for (let i = 0; i < operations.count; i++) {
      if (state.pinned >= 0 ? i !== state.pinned : state.marks[i] !== FOUND) continue;
      from = Math.min(from, operations.start[i]);
      to = Math.max(to, operations.end[i]);
    }
    if (from > to) return;
    const air = Math.max((to - from) * 0.25, NARROWEST_US);
    view.show(from - air, to + air);
    changed();
  }

  function goTo(step) {
    const from = state.pinned >= 0 ? state.pinned : step > 0 ? firstOf(operations.start, view.from) - 1 : firstOf(operations.start, view.to);
    const id = nextFound(state, operations, from, step);
    if (id < 0) return;
    view.reveal(operations.start[id], operations.end[id]);
    pin(id);
    changed();
  }

  // From operation to operation on a line, or to the one beside it on another line.
  function walk(along, across) {
    if (state.pinned < 0) return goTo(along || across);
    const own = lines[operations.line[state.pinned]], { ids } = own;
    let id = -1;
    if (along) {
      let place = firstAt(own, operations.start[state.pinned]);
      while (ids[place] !== state.pinned && place < ids.length) place++;
      for (place += along; place >= 0 && place < ids.length && id < 0; place += along) if (state.marks[ids[place]] !== HIDDEN) id = ids[place];
    } else {
      for (let line = operations.line[state.pinned] + across; line >= 0 && line < lines.length && id < 0; line += across) {
        const place = firstAt(lines[line], operations.start[state.pinned]);
        const near = [lines[line].ids[place], lines[line].ids[place - 1]].filter((it) => it !== undefined && state.marks[it] !== HIDDEN);
        id = near[0] ?? -1;
      }
    }
    if (id < 0) return;
    view.reveal(operations.start[id], operations.end[id]);
    pin(id);
    changed();
  }

  // The contradiction that is looked at, then the next ones: those that the page tells in full come first.
  function nextViolation() {
    if (!violations.length) return;
    if (isAtViolation) chooseViolation((state.violation + 1) % violations.length);
    isAtViolation = true;
    showViolation();
    section.scrollIntoView();
  }

  // Its letters, its colours, its words above; its operations are found, unless something else was searched for.
  function chooseViolation(place) {
    const isOwn = violations.some((it) => it.query === state.query);
    if (place !== state.violation && isOwn) state.query = violations[place].query;
    state.violation = place;
    if (tabs[place]) tabs[place].checked = true;
    plot.core = violations[place]?.core() ?? [];
    coloured();
    searched();
  }

  function showViolation() {
    const { from, to } = violations[state.violation];
    const air = Math.max((to - from) / 2, 20000);
    if (state.violation === 0) view.show(...scene.window);
    else view.show(from - air, to + air);
    changed();
  }

  function nextFault(step) {
    const isWhole = view.from <= scene.span[0] && view.to >= scene.span[1];
    const middle = isWhole ? scene.span[step > 0 ? 0 : 1] - step * 2 : (view.from + view.to) / 2;
    const grace = isWhole ? 0 : (view.to - view.from) / 1000 + 1;
    const starts = scene.lanes.map((lane) => lane[2]).filter((start) => (start - middle) * step > grace);
    if (!starts.length) return;
    const start = step > 0 ? Math.min(...starts) : Math.max(...starts);
    // In the middle, and for that nearer where the run begins or ends.
    const whole = scene.span[1] - scene.span[0], width = view.to - view.from;
    const room = Math.max(whole / 100, Math.min(start - scene.span[0], scene.span[1] - start));
    const half = Math.min(room, isWhole ? whole / 20 : width / 2);
    view.show(start - half, start + half);
    changed();
  }

  // Undoes one thing at a time: the pin, then the search, then the filters.
  function clear() {
    if (state.pinned >= 0) return pin(-1);
    if (state.query) state.query = "";
    else {
      state.outcomes = [true, true, true];
      for (const field of FILTERS) state.filters[field] = "";
    }
    searched();
  }

  function showTable(isShown) {
    elements.table.hidden = !isShown;
    elements.asTable.setAttribute("aria-expanded", String(isShown));
    if (isShown) fillTable(elements.table, run, words, view, state);
    else elements.table.replaceChildren();
  }

  // The line above the canvas: what is in view.
  function say() {
    const first = firstOf(operations.start, view.from), after = firstOf(operations.start, view.to);
    const digits = view.to - view.from < 1e4 ? 6 : view.to - view.from < 1e6 ? 4 : 2;
    const every = plot.latencyEvery > 1 ? ` · latency shows one in ${plot.latencyEvery}` : "";
    elements.stretch.textContent = `${seconds(view.from, digits)} – ${seconds(view.to, digits)} s · ${counted(after - first, "operation")} begin here${every}`;
  }
}

startRun(document.getElementById("run")).catch((error) => {
  document.getElementById("data-problem").textContent = "The operations could not be drawn: " + error.message + ". The rest of this page is complete.";
});
