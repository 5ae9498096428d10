// Colours, taken from the page's style so that they follow its theme, and what they stand for. Outcomes are told apart
// without them: failed operations are struck through, unknown ones are dashed and open.

const MANY = 8, OTHERS = 6;
// The place of no value among the colours of values.
const NOTHING = 4;

function paletteOf(element) {
  const style = getComputedStyle(element);
  const get = (name) => style.getPropertyValue("--" + name).trim();
  const names = ["surface", "sunk", "line", "ink", "ink-2", "ink-3", "violation", "violation-soft", "partition",
    "partition-soft", "down", "down-2", "no-quorum", "ok", "failed", "unknown"];
  const palette = Object.fromEntries(names.map((name) => [name.replace("-", "_"), get(name)]));
  palette.outcomes = [palette.ok, palette.failed, palette.unknown];
  palette.many = Array.from({ length: MANY }, (_, place) => get("many-" + place));
  palette.values = Array.from({ length: NOTHING }, (_, place) => get("value-" + place));
  palette.slow = Array.from({ length: 5 }, (_, place) => get("slow-" + place));
  return palette;
}

// Under 1 ms, 10 ms, 100 ms, 1 s, and longer: five steps.
function slowness(us) {
  return isNaN(us) ? 4 : Math.max(0, Math.min(4, Math.floor(Math.log10(us + 1)) - 2));
}

// For a way to colour: the colour of an operation as a place in `colours(palette)`, and the legend.
function colouring(by, { scene, operations }, words, core) {
  const valueOf = (i) => (operations.outcome[i] === 0 ? operations.output[i] : operations.input[i]);
  const coreValues = [];
  for (const { id } of core) if (valueOf(id) !== 0 && !coreValues.includes(valueOf(id))) coreValues.push(valueOf(id));
  switch (by) {
    case "value": return {
      // The values of the contradiction have their colours to themselves, and so has having none.
      of: (i) => {
        const value = valueOf(i), core = coreValues.indexOf(value);
        if (value === 0) return NOTHING;
        return core >= 0 ? core % NOTHING : NOTHING + 1 + (Math.floor(value / 2) % OTHERS);
      },
      colours: (palette) => [...palette.values, palette.ink_3, ...palette.many.slice(MANY - OTHERS)],
      legend: () => [...coreValues.map((code, place) => [words.value(code), place % NOTHING]), [words.value(0), NOTHING],
        [coreValues.length ? "other values share six colours" : "values share six colours", NOTHING + 1]],
    };
    case "node": return {
      of: (i) => (operations.node[i] + MANY) % MANY,
      colours: (palette) => palette.many,
      legend: () => scene.nodes.slice(0, 12).map((name, place) => [name, place % MANY]),
    };
    case "key": return {
      of: (i) => operations.key[i] % MANY,
      colours: (palette) => palette.many,
      legend: () => [["keys share eight colours", 0]],
    };
    case "latency": return {
      of: (i) => slowness(operations.took[i]),
      isWorst: true,
      colours: (palette) => palette.slow,
      legend: () => [["under 1 ms", 0], ["under 10 ms", 1], ["under 0.1 s", 2], ["under 1 s", 3], ["longer, or never", 4]],
    };
    default: return {
      of: (i) => operations.outcome[i],
      isOutcome: true,
      colours: (palette) => palette.outcomes,
      legend: () => OUTCOMES.map((name, place) => [name, place]),
    };
  }
}
