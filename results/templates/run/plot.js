// The canvas of the operations: what is in view, drawn from the bottom layer to the top one, and what is at a place of it.
// Each layer is a function of the plot, and changes nothing but the canvas. Read next: ground.js, faults.js, bars.js.

const SANS = "Inter, ui-sans-serif, system-ui, sans-serif", MONO = '"JetBrains Mono", ui-monospace, Menlo, Consolas, monospace';

function plotOf(canvas, run, words, lines, view, state) {
  const { scene, operations } = run;
  const context = canvas.getContext("2d");
  const layout = layoutOf(run);
  const plot = {
    context, run, words, lines, view, state, layout, core: [], latency: latencyScale(run), latencyEvery: 1,
    palette: null, hatches: null, cells: cellsOf(context, lines), text, draw, resize, retheme, idAt, laneSpanAt,
  };
  retheme();
  return plot;

  function retheme() {
    plot.palette = paletteOf(canvas);
    plot.hatches = hatchesOf(context, plot.palette);
  }

  // Follows the width of the page; the margins are those of the drawing above while both have the same width.
  function resize() {
    const ratio = window.devicePixelRatio || 1;
    const width = canvas.clientWidth;
    canvas.style.height = layout.all + "px";
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(layout.all * ratio);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const isNarrow = width < NARROW;
    view.left = isNarrow ? 46 : (MAP_LEFT / MAP_WIDTH) * width;
    view.right = isNarrow ? width - 8 : (MAP_RIGHT / MAP_WIDTH) * width;
  }

  function draw() {
    context.clearRect(0, 0, canvas.clientWidth, layout.all);
    context.lineWidth = 1;
    drawGrounds(plot);
    context.save();
    context.beginPath();
    context.rect(view.left, 0, view.right - view.left, layout.all);
    context.clip();
    drawQuorum(plot);
    drawViolation(plot);
    drawFaults(plot);
    drawLatencies(plot);
    drawLines(plot);
    drawCore(plot);
    drawChosen(plot);
    context.restore();
    drawTitles(plot);
    drawAxis(plot);
  }

  function text(words, x, y, { colour = plot.palette.ink_3, size = 10.5, align = "left", weight = "", font = SANS } = {}) {
    context.font = `${weight} ${size}px ${font}`;
    context.textAlign = align;
    context.fillStyle = colour;
    context.fillText(words, x, y);
  }

  // The operation at a place, or -1. Two pixels of grace, so that short ones can be hit.
  function idAt(x, y) {
    const place = layout.lineAt(y);
    if (place < 0 || x < view.left || x > view.right) return -1;
    const { ids, ends } = lines[place];
    const from = view.time(x - 2), to = view.time(x + 2);
    for (let at = firstAt(lines[place], to) - 1, tries = 0; at >= 0 && tries < 64; at--, tries++) {
      if (ends[at] < from) break;
      if (state.marks[ids[at]] !== HIDDEN) return ids[at];
    }
    return -1;
  }

  // What is in force on the lane at a place, in words.
  function laneSpanAt(x, y) {
    const node = layout.laneAt(y);
    const time = view.time(x), grace = view.time(x + 2) - time;
    if (node < 0) return "";
    const here = scene.lanes.filter((lane) => lane[0] === node && lane[2] <= time + grace && lane[3] >= time - grace);
    return here.map((lane) => `${lane[4]}, ${seconds(lane[2])} – ${seconds(lane[3])} s`).join("\n");
  }
}
