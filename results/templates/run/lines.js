// The lines of the drawing: which operations are on each, in order, and how many of them were found up to each place.
// With that, a pixel that stands for thousands of operations costs as much as one that stands for one.

const HIDDEN = 0, DIMMED = 1, FOUND = 2;

// An operation on a line begins when the one before has ended, so starts and ends are both in order. Each line has its own
// copy of them: what is next to each other in time is then so in memory, which is most of what looking for a pixel costs.
function linesOf({ scene, operations }) {
  const sizes = new Uint32Array(scene.lines.length);
  for (let i = 0; i < operations.count; i++) sizes[operations.line[i]]++;
  const lines = scene.lines.map(([name, node], place) => ({
    name, node, ids: new Uint32Array(sizes[place]), starts: new Float64Array(sizes[place]), ends: new Float64Array(sizes[place]),
    shown: new Uint32Array(sizes[place] + 1), found: new Uint32Array(sizes[place] + 1),
    failed: new Uint32Array(sizes[place] + 1), unknown: new Uint32Array(sizes[place] + 1),
  }));
  const filled = new Uint32Array(scene.lines.length);
  for (let i = 0; i < operations.count; i++) lines[operations.line[i]].ids[filled[operations.line[i]]++] = i;
  for (const line of lines) {
    line.ids.forEach((id, place) => {
      if (operations.end[id] !== Infinity) return;
      const next = place + 1 < line.ids.length ? operations.start[line.ids[place + 1]] : scene.span[1];
      operations.end[id] = Math.max(operations.start[id], Math.min(next, scene.span[1]));
    });
    line.ids.forEach((id, place) => {
      line.starts[place] = operations.start[id];
      line.ends[place] = operations.end[id];
    });
  }
  return lines;
}

// Counts marks along each line. Done when a search or a filter changes, not when the view does.
function countMarks(lines, marks, operations) {
  for (const { ids, shown, found, failed, unknown } of lines) {
    for (let place = 0; place < ids.length; place++) {
      const id = ids[place];
      const isFound = marks[id] === FOUND;
      shown[place + 1] = shown[place] + (marks[id] !== HIDDEN);
      found[place + 1] = found[place] + isFound;
      failed[place + 1] = failed[place] + (isFound && operations.outcome[id] === 1);
      unknown[place + 1] = unknown[place] + (isFound && operations.outcome[id] === 2);
    }
  }
}

// The first place of a line, from `from` on, whose operation begins at `time` or later.
function firstAt({ starts }, time, from = 0) {
  let low = from, step = 1;
  while (low + step < starts.length && starts[low + step] < time) {
    low += step;
    step *= 2;
  }
  let high = Math.min(starts.length, low + step);
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (starts[middle] < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

// The same over all operations, which are in the order of their starts.
function firstOf(starts, time) {
  let low = 0, high = starts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (starts[middle] < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

// Calls `one(id, left, right)` for operations that are wide enough to be seen, and `several(first, after, left)`
// for those that share a pixel.
function alongLine(line, view, one, several) {
  const { ids, starts, ends } = line;
  let place = Math.max(0, firstAt(line, view.from) - 1);
  while (place < ids.length && starts[place] <= view.to) {
    const left = view.x(starts[place]), right = view.x(ends[place]);
    if (right - left >= 2) {
      if (right >= view.left) one(ids[place], left, right);
      place++;
      continue;
    }
    const pixel = Math.floor(left);
    let after = Math.max(place + 1, firstAt(line, view.time(pixel + 1), place));
    if (after - place > 1 && view.x(ends[after - 1]) - view.x(starts[after - 1]) >= 2) after--;
    if (pixel >= view.left - 1) several(place, after, pixel);
    place = after;
  }
}
