// What lies under the operations: lanes and lines in two shades, names, scales, titles, and the time at the bottom.

function drawGrounds({ context, run, lines, view, layout, latency, palette, text }) {
  const { scene } = run;
  const width = view.right - view.left;
  scene.nodes.forEach((name, place) => {
    context.fillStyle = palette.sunk;
    context.fillRect(view.left, layout.lane(place) + 1, width, LANE - 2);
    text(name.slice(0, 7), view.left - 7, layout.lane(place) + 9, { align: "right", size: 10 });
  });
  for (const [us, label] of latency.labels) {
    const y = Math.round(layout.latency + latency.y(us));
    context.fillStyle = palette.line;
    context.fillRect(view.left, y, width, 1);
    text(label, view.left - 7, y + 4, { align: "right", size: 10 });
  }
  let isShaded = false;
  lines.forEach((line, place) => {
    const isFirst = place === 0 || line.node !== lines[place - 1].node || line.node === null;
    const y = layout.line(place);
    isShaded = isFirst ? !isShaded : isShaded;
    if (isShaded) {
      context.fillStyle = palette.sunk;
      context.fillRect(view.left, y, width, layout.height);
    }
    if (isFirst && line.node !== null) {
      text(scene.nodes[line.node].slice(0, 5), 0, y + Math.max(10, layout.height / 2 + 4), { colour: palette.ink, weight: "700", size: 11.5 });
    }
    if (layout.height >= 9) text(line.name.replace("client ", ""), view.left - 7, y + layout.height / 2 + 3.5, { align: "right", size: Math.min(10, layout.height) });
  });
}

function drawTitles({ context, lines, core, layout, palette, text }) {
  const title = (words, y, note) => {
    text(words, 0, y, { colour: palette.ink, size: 12, weight: "600" });
    text(note, context.measureText(words).width + 12, y, { size: 11 });
  };
  const isShared = lines.length > 0 && lines[0].name === "";
  title("Faults", layout.lanes - 5, "");
  title("Latency", layout.latency - 5, "a mark for each operation, log scale; at the top: no answer");
  const ofCore = core.length ? "; with a letter, framed: the operations of the contradiction" : "";
  title("Operations", layout.lines - 6, (isShared ? "processes share lines" : "a line for each client") + ofCore);
}

function drawAxis({ context, view, layout, palette, text }) {
  const { ticks, digits } = ticksOf(view, view.right - view.left < 400 ? 60 : 90);
  for (const time of ticks) {
    const x = Math.round(view.x(time));
    context.fillStyle = palette.ink_3;
    context.fillRect(x, layout.axis, 1, 4);
    const isAtEdge = x > view.right - 30;
    text(seconds(time, digits) + " s", isAtEdge ? view.right + 6 : x, layout.axis + 16, { align: isAtEdge ? "right" : "center" });
  }
}
