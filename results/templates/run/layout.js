// Where things are on the canvas of the operations: lanes of faults, latencies, a line for each client, the time.

const LANE = 11, LATENCY = 72, GAP = 22, AXIS = 24, HEAD = 16;
// The drawing above it in its own units (results/src/report/whole_run.rs), and the width below which it is wider than the page.
const MAP_WIDTH = 1240, MAP_LEFT = 64, MAP_RIGHT = 1206, MAP_TAGS = 33, NARROW = 860;

function lineHeight(lines) {
  if (lines <= 10) return 20;
  if (lines <= 20) return 16;
  return lines <= 45 ? 13 : Math.max(4, Math.floor(560 / lines));
}

function layoutOf({ scene }) {
  const height = lineHeight(scene.lines.length);
  const lanes = HEAD;
  const latency = lanes + scene.nodes.length * LANE + GAP;
  const lines = latency + LATENCY + GAP;
  const axis = lines + scene.lines.length * height;
  return {
    lanes, latency, lines, axis, height, all: axis + AXIS,
    lane: (place) => lanes + place * LANE,
    line: (place) => lines + place * height,
    // What a place on the canvas belongs to.
    laneAt: (y) => (y >= lanes && y < lanes + scene.nodes.length * LANE ? Math.floor((y - lanes) / LANE) : -1),
    lineAt: (y) => (y >= lines && y < axis ? Math.floor((y - lines) / height) : -1),
  };
}

// The logarithmic scale of latencies, in microseconds: as high as the slowest answer or the clients' patience.
function latencyScale({ scene, operations }) {
  let slowest = Math.max(1000, scene.timeout);
  for (let i = 0; i < operations.count; i++) if (operations.took[i] > slowest) slowest = operations.took[i];
  const low = 2, high = Math.log10(slowest) + 0.1;
  return {
    y: (us) => LATENCY - (LATENCY - 8) * Math.min(1, Math.max(0, (Math.log10(Math.max(1, us)) - low) / (high - low))),
    labels: [[1e3, "1 ms"], [1e4, "10 ms"], [1e5, "0.1 s"], [1e6, "1 s"], [1e7, "10 s"], [1e8, "100 s"]].filter(([us]) => Math.log10(us) <= high),
  };
}
