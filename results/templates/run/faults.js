// What was broken, and when: faults on the lane of each node and over the lines of its clients, times without a quorum,
// the time of the contradiction. Told apart by hatching, not only by colour.

function drawQuorum({ context, run, view, layout, hatches, palette }) {
  context.globalAlpha = 0.75;
  for (const [spans, ground] of [[run.scene.noQuorum, palette.no_quorum], [run.scene.onAndOff, hatches.onAndOff]]) {
    context.fillStyle = ground;
    for (const [from, to] of spans) {
      if (to < view.from || from > view.to) continue;
      const left = Math.max(view.left, view.x(from));
      context.fillRect(left, layout.latency, Math.max(1, Math.min(view.right, view.x(to)) - left), layout.axis - layout.latency);
    }
  }
  context.globalAlpha = 1;
}

function drawViolation({ context, run, core, view, layout, palette }) {
  if (!core.length) return;
  const { start, end } = run.operations;
  const left = Math.max(view.left - 9, view.x(Math.min(...core.map(({ id }) => start[id]))));
  const right = Math.min(view.right + 9, Math.max(left + 2, view.x(Math.max(...core.map(({ id }) => end[id])))));
  context.globalAlpha = 0.6;
  context.fillStyle = palette.violation_soft;
  context.fillRect(left, layout.lanes, right - left, layout.axis - layout.lanes);
  context.globalAlpha = 1;
  context.strokeStyle = palette.violation;
  context.setLineDash([5, 3]);
  context.strokeRect(left + 0.5, layout.lanes + 0.5, right - left - 1, layout.axis - layout.lanes - 1);
  context.setLineDash([]);
}

function drawFaults(plot) {
  const { context, run, view, layout, palette } = plot;
  for (const [node, kind, from, to, , flaps] of run.scene.lanes) {
    if (to < view.from || from > view.to) continue;
    const left = Math.max(view.left - 2, view.x(from));
    const width = Math.max(2, Math.min(view.right + 2, view.x(to)) - left);
    const y = layout.lane(node) + 1;
    if (kind === "disturbed") {
      context.fillStyle = palette.partition;
      context.fillRect(left, y + LANE - 5, width, 3);
      continue;
    }
    context.fillStyle = { "cut-minority": palette.partition, "cut-majority": palette.partition_soft, down: palette.down, paused: palette.down_2 }[kind];
    context.globalAlpha = kind === "paused" ? 0.4 : 1;
    context.fillRect(left, y, width, LANE - 2);
    context.globalAlpha = 1;
    if (kind === "down") {
      context.fillStyle = plot.hatches.down;
      context.fillRect(left, y, width, LANE - 2);
    } else if (kind !== "cut-minority") {
      context.strokeStyle = kind === "paused" ? palette.down : palette.partition;
      context.setLineDash(kind === "paused" ? [3, 2] : []);
      context.strokeRect(left + 0.5, y + 0.5, width - 1, LANE - 3);
      context.setLineDash([]);
    }
    if (flaps) {
      context.fillStyle = plot.hatches.turns;
      context.fillRect(left, y, width, LANE - 2);
    }
    shadeLines(plot, node, kind, left, width);
  }
}

// A node that is down or cut off is so on the lines of its clients too.
function shadeLines({ context, lines, layout, hatches }, node, kind, left, width) {
  const first = lines.findIndex((line) => line.node === node);
  if (first < 0) return;
  const after = lines.findLastIndex((line) => line.node === node) + 1;
  context.fillStyle = hatches[kind === "down" || kind === "paused" ? "stopped" : kind === "cut-minority" ? "small" : "large"];
  context.fillRect(left, layout.line(first), width, (after - first) * layout.height);
}

function hatchesOf(context, palette) {
  const hatch = (colour, alpha, isFalling, gap) => {
    const tile = document.createElement("canvas");
    tile.width = tile.height = gap;
    const pen = tile.getContext("2d");
    pen.strokeStyle = colour;
    pen.globalAlpha = alpha;
    pen.beginPath();
    for (const shift of [-gap, 0, gap]) {
      pen.moveTo(shift, isFalling ? 0 : gap);
      pen.lineTo(shift + gap, isFalling ? gap : 0);
    }
    pen.stroke();
    return context.createPattern(tile, "repeat");
  };
  // What comes and goes: every other stripe of it is left out.
  const stripes = (colour, alpha, gap) => {
    const tile = document.createElement("canvas");
    tile.width = tile.height = gap;
    const pen = tile.getContext("2d");
    pen.fillStyle = colour;
    pen.globalAlpha = alpha;
    pen.fillRect(gap / 2, 0, gap / 2, gap);
    return context.createPattern(tile, "repeat");
  };
  return {
    turns: stripes(palette.surface, 0.7, 6),
    onAndOff: stripes(palette.no_quorum, 1, 8),
    down: hatch(palette.down_2, 1, false, 6),
    stopped: hatch(palette.ink, 0.28, false, 6),
    small: hatch(palette.partition, 0.42, false, 7),
    large: hatch(palette.partition, 0.25, true, 9),
  };
}
