// What is seen as the fragment of the address, so that a link shows it:
// #t=31.2,32.2&q=key:147&op=4711&type=ok,failed&f=read&node=n1&client=3&key=147&colour=value&violation=2

function readLink(state, view, run) {
  const fragment = location.hash.slice(1);
  if (!fragment.includes("=")) return false;
  const link = new URLSearchParams(fragment);
  const [from, to] = (link.get("t") ?? "").split(",").map((text) => parseFloat(text) * 1e6);
  if (from < to) view.show(from, to);
  state.query = link.get("q") ?? "";
  for (const field of FILTERS) state.filters[field] = link.get(field) ?? "";
  const types = link.get("type");
  state.outcomes = OUTCOMES.map((name) => types === null || types.split(",").includes(name));
  state.colour = link.get("colour") ?? "outcome";
  const violation = Number(link.get("violation") ?? 1) - 1;
  state.violation = run.violations[violation] ? violation : 0;
  state.pinned = link.has("op") ? run.operations.event.indexOf(Number(link.get("op"))) : -1;
  return true;
}

function linkOf(state, view, run) {
  const { scene, operations, violations } = run;
  const parts = [];
  const say = (name, value) => parts.push(name + "=" + encodeURIComponent(value).replace(/%(2C|3A|3E|3C)/g, decodeURIComponent));
  const isWhole = view.from <= scene.span[0] && view.to >= scene.span[1];
  // A link with a search and without a time goes to all that is found.
  if (!isWhole || state.isNarrowed) say("t", seconds(view.from, 6) + "," + seconds(view.to, 6));
  if (state.query) say("q", state.query);
  for (const field of FILTERS) if (state.filters[field]) say(field, state.filters[field]);
  if (state.outcomes.includes(false)) say("type", OUTCOMES.filter((_, place) => state.outcomes[place]).join(","));
  if (state.colour !== "outcome") say("colour", state.colour);
  if (state.violation > 0) say("violation", state.violation + 1);
  if (state.pinned >= 0) say("op", operations.event[state.pinned]);
  // Without any fragment the page opens on the contradiction, if there is one.
  if (!parts.length && violations[0]?.query) say("q", "");
  return parts.length ? "#" + parts.join("&") : "";
}

// Writes the address a little later: browsers refuse when it is changed with every frame.
function linkKeeper(state, view, run) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const link = linkOf(state, view, run);
      if (link || location.hash.includes("=")) history.replaceState(null, "", link || location.pathname + location.search);
    }, 200);
  };
}
