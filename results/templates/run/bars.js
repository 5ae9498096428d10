// The operations themselves: a bar for each on its line, or a cell (cells.js) for all that share a pixel; and a mark for the latency.

const MARKS_MAX = 3000;
// From this many pixels on an operation has a form of its own, from this many on there is room for words in it.
const FORMED = 6, NAMED = 44;
// With more of them than this, outlines are not dashed: dashes are slow to draw, and too small to be seen.
const CROWDED = 400;

function drawLatencies(plot) {
  const { context, run, view, state, layout, latency, palette } = plot;
  const { start, took, outcome } = run.operations;
  const colour = state.colouring;
  const batches = batchesOf();
  const first = firstOf(start, view.from), after = firstOf(start, view.to);
  // The same ones whatever is in view, so that marks do not dance while the view moves.
  const every = 2 ** Math.max(0, Math.ceil(Math.log2((after - first) / MARKS_MAX)));
  plot.latencyEvery = every;
  for (let i = Math.ceil(first / every) * every; i < after; i += every) {
    if (state.marks[i] === HIDDEN || outcome[i] === 1) continue;
    const isOpen = outcome[i] === 2;
    const y = layout.latency + (isOpen ? 1 : latency.y(took[i]) - 1);
    batches.add(state.marks[i] === FOUND ? colour.of(i) : outcome[i], state.marks[i], view.x(start[i]) - 1, y, 2, isOpen ? 3 : 2);
  }
  batches.fill(context, colour.colours(palette), palette.outcomes);
}

function drawLines(plot) {
  const { context, run, lines, view, state, layout, palette, cells } = plot;
  const { outcome } = run.operations;
  const colours = state.colouring.colours(palette);
  const batches = batchesOf();
  cells.begin(view, palette, colours);
  const formed = [];
  // Whole pixels where there are enough: edges between them are drawn much more slowly.
  const inset = layout.height >= 12 ? 2 : layout.height >= 6 ? 1 : 0.5;
  const height = layout.height - 2 * inset;
  // Bars that touch and look alike are one: far fewer rectangles than pixels.
  const bar = { colour: -1, mark: HIDDEN, left: 0, right: -Infinity, y: 0 };
  const end = () => {
    if (bar.mark !== HIDDEN) batches.add(bar.colour, bar.mark, bar.left, bar.y, bar.right - bar.left, height);
    bar.mark = HIDDEN;
  };
  const add = (colour, mark, left, right) => {
    if (bar.mark === mark && bar.colour === colour && left <= bar.right + 0.8) {
      bar.right = Math.max(right, bar.right);
      return;
    }
    end();
    Object.assign(bar, { colour, mark, left, right });
  };
  lines.forEach((line, place) => {
    bar.y = layout.line(place) + inset;
    const one = (id, left, right) => {
      const mark = state.marks[id];
      if (mark === HIDDEN) return;
      if (right - left > FORMED) formed.push({ id, left, y: bar.y, width: right - left });
      else add(mark === FOUND ? state.colouring.of(id) : outcome[id], mark, left, right);
    };
    const several = (found, first, after, pixel) => {
      if (found & SOME_FOUND) cells.add(place, colourOfMany(line, found, first, after, state), FOUND, pixel);
      else if (found) cells.add(place, 0, DIMMED, pixel);
    };
    alongLine(line, view, one, several);
    end();
  });
  cells.draw(layout, inset);
  batches.fill(context, colours, palette.outcomes);
  const colourOf = (id) => (state.marks[id] === FOUND ? colours[state.colouring.of(id)] : palette.outcomes[outcome[id]]);
  const isCrowded = formed.length > CROWDED;
  for (const bar of formed) drawFormed(plot, bar, height, colourOf(bar.id), isCrowded);
}

// What stands for several operations in one pixel: the worst of what was found, or the first; of latencies, the worst of
// a sample.
function colourOfMany(line, found, first, after, { colouring }) {
  if (colouring.isOutcome) return found & SOME_UNKNOWN ? 2 : found & SOME_FAILED ? 1 : 0;
  const every = colouring.isWorst ? Math.max(1, Math.floor((after - first) / 16)) : 1;
  let worst = 0;
  for (let place = first; place < after; place += every) {
    if (!(line.found[place] & SOME_FOUND)) continue;
    const colour = colouring.of(line.ids[place]);
    if (!colouring.isWorst) return colour;
    worst = Math.max(worst, colour);
  }
  return worst;
}

// An operation that is wide enough to have a form: struck through if it failed, dashed and open if nobody knows.
function drawFormed({ context, run, words, view, state, layout, core, palette, text }, { id, left, y, width }, height, colour, isCrowded) {
  const outcome = run.operations.outcome[id];
  const from = Math.max(left, view.left - 3), to = Math.min(left + width, view.right + 3);
  const isNamed = to - from > NAMED && layout.height >= 11;
  const isCore = core.some((member) => member.id === id);
  // An operation of the contradiction is filled, as it is in the drawing above, also where there is room for words.
  const isFilled = outcome !== 2 && (isCore || !isNamed);
  context.globalAlpha = state.marks[id] === FOUND ? 1 : 0.3;
  context.fillStyle = isFilled ? colour : palette.surface;
  context.fillRect(from, y, to - from, height);
  context.strokeStyle = context.fillStyle = colour;
  if (outcome === 2 && isCrowded) {
    for (const edge of [y, y + height - 1]) context.fillRect(from, edge, to - from, 1);
    context.fillRect(from, y, 1, height);
  } else if (outcome === 2) {
    context.setLineDash([4, 3]);
    context.beginPath();
    context.moveTo(to, y + 0.5);
    context.lineTo(from + 0.5, y + 0.5);
    context.lineTo(from + 0.5, y + height - 0.5);
    context.lineTo(to, y + height - 0.5);
    context.stroke();
    context.setLineDash([]);
  } else if (isNamed) {
    context.strokeRect(from + 0.5, y + 0.5, to - from - 1, height - 1);
    context.fillRect(from, y, 3, height);
  }
  if (isNamed) {
    const call = words.call(id);
    const room = Math.floor((to - from - 9) / 6);
    text(call.length > room ? call.slice(0, Math.max(0, room - 1)) + "…" : call, from + 6, y + height / 2 + 3.3,
      { colour: isFilled ? palette.surface : isCore ? palette.ink : palette.ink_2, weight: isCore ? "700" : "", size: Math.min(10, height), font: MONO });
  }
  if (outcome === 1) {
    context.fillStyle = isFilled ? palette.surface : palette.ink_3;
    context.fillRect(from, y + height / 2 - 0.5, to - from, 1);
  }
  context.globalAlpha = 1;
}

// Rectangles by colour, dimmed ones (in the colour of their outcome) under found ones, so that the canvas changes its
// colour a few times only.
function batchesOf() {
  const found = [], dimmed = [];
  return {
    add(colour, mark, x, y, width, height) {
      const batches = mark === FOUND ? found : dimmed;
      (batches[colour] ??= []).push(x, y, width, height);
    },
    fill(context, colours, dimmedColours) {
      for (const [batches, alpha, colourOf] of [[dimmed, 0.3, dimmedColours], [found, 1, colours]]) {
        context.globalAlpha = alpha;
        batches.forEach((batch, colour) => {
          context.fillStyle = colourOf[colour];
          for (let at = 0; at < batch.length; at += 4) context.fillRect(batch[at], batch[at + 1], batch[at + 2], batch[at + 3]);
        });
      }
      context.globalAlpha = 1;
    },
  };
}
