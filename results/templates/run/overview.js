// The drawing of the whole run as a map: what is in view as a frame on it, what was found as marks under it, and the
// funnel that leads from the frame to the canvas of the operations.

function overviewOf(frame, funnel, run, view, state) {
  const { scene, operations } = run;
  const box = frame.querySelector("svg").viewBox.baseVal;
  const map = document.createElement("canvas");
  map.setAttribute("aria-hidden", "true");
  frame.append(map);
  const context = map.getContext("2d");
  const pen = funnel.getContext("2d");
  // Beneath the legend, and beneath the word of the violation, which stands over its lines.
  const top = scene.violations.length ? MAP_TAGS + 8 : 17;
  const left = () => (MAP_LEFT / MAP_WIDTH) * frame.clientWidth, right = () => (MAP_RIGHT / MAP_WIDTH) * frame.clientWidth;
  const x = (time) => left() + ((time - scene.span[0]) / (scene.span[1] - scene.span[0])) * (right() - left());
  const time = (place) => scene.span[0] + ((place - left()) / (right() - left())) * (scene.span[1] - scene.span[0]);
  let counts = null, countsOf = null;
  return { draw, resize, x, time, frame };

  function resize() {
    const ratio = window.devicePixelRatio || 1;
    for (const [canvas, brush, width, height] of [[map, context, frame.clientWidth, frame.clientHeight], [funnel, pen, funnel.clientWidth, funnel.clientHeight]]) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      brush.setTransform(ratio, 0, 0, ratio, 0, 0);
    }
  }

  function draw(palette) {
    const height = frame.clientHeight;
    const bottom = height - (26 / box.height) * height;
    context.clearRect(0, 0, frame.clientWidth, height);
    if (state.isNarrowed) drawFound(palette, bottom);
    const isWhole = view.from <= scene.span[0] && view.to >= scene.span[1];
    if (!isWhole) {
      const from = x(view.from), to = Math.max(from + 2, x(view.to));
      context.fillStyle = palette.ink;
      context.globalAlpha = 0.07;
      context.fillRect(from, top, to - from, bottom - top);
      context.globalAlpha = 1;
      context.strokeStyle = palette.ink;
      context.lineWidth = 1.5;
      context.strokeRect(from - 0.5, top, to - from + 1, bottom - top);
    }
    if (state.mapSelection) {
      const [from, to] = state.mapSelection;
      context.fillStyle = palette.ink;
      context.globalAlpha = 0.2;
      context.fillRect(Math.min(from, to), top, Math.abs(to - from), bottom - top);
      context.globalAlpha = 1;
    }
    drawFunnel(palette, isWhole);
  }

  // How many were found in each pixel, as the height of a mark; counted again when something else is found.
  function drawFound(palette, bottom) {
    const first = Math.floor(left());
    const key = state.found + "/" + frame.clientWidth;
    if (countsOf !== state.search || counts.key !== key) {
      counts = new Uint32Array(Math.ceil(right()) - first + 1);
      counts.key = key;
      countsOf = state.search;
      const perTime = (right() - left()) / (scene.span[1] - scene.span[0]), offset = left() - first;
      for (let i = 0; i < operations.count; i++) {
        if (state.marks[i] === FOUND) counts[Math.max(0, Math.min(counts.length - 1, Math.floor(offset + (operations.start[i] - scene.span[0]) * perTime)))]++;
      }
    }
    const most = Math.max(1, ...counts);
    context.fillStyle = palette.ink;
    counts.forEach((number, place) => {
      const height = number && 3 + (7 * number) / most;
      context.fillRect(first + place, bottom - height, 1, height);
    });
  }

  function drawFunnel(palette, isWhole) {
    const width = funnel.clientWidth, height = funnel.clientHeight;
    pen.clearRect(0, 0, width, height);
    // Beside a drawing that is wider than the page it would point to the wrong places.
    if (isWhole || frame.clientWidth > width + 1) return;
    const from = x(view.from), to = Math.max(from + 2, x(view.to));
    pen.beginPath();
    pen.moveTo(from, 0);
    pen.bezierCurveTo(from, height * 0.7, view.left, height * 0.3, view.left, height);
    pen.lineTo(view.right, height);
    pen.bezierCurveTo(view.right, height * 0.3, to, height * 0.7, to, 0);
    pen.closePath();
    pen.fillStyle = palette.ink;
    pen.globalAlpha = 0.07;
    pen.fill();
    pen.globalAlpha = 1;
  }
}
