// The lines of the drawing: which operations are on each, in order, and what was found of them. Where there are many, what
// is in each small stretch of time is known beforehand, at several widths: a pixel that stands for thousands of operations
// then costs as much as one that stands for one.

const HIDDEN = 0, DIMMED = 1, FOUND = 2;
// What there is among several operations, as bits: some that were not found, and by outcome some that were.
const SOME_DIMMED = 1, SOME_OK = 2, SOME_FAILED = 4, SOME_UNKNOWN = 8, SOME_FOUND = 14;
// A line with fewer operations is drawn one by one; with more of them a stretch has about two, in at most so many stretches.
const MANY_ON_A_LINE = 4096, STRETCHES_MAX = 32768, STRETCHES_MIN = 512;

// An operation on a line begins when the one before has ended, so starts and ends are both in order. Each line has its own
// copy of them: what is next to each other in time is then so in memory, which is most of what looking for a pixel costs.
function linesOf({ scene, operations }) {
  const sizes = new Uint32Array(scene.lines.length);
  for (let i = 0; i < operations.count; i++) sizes[operations.line[i]]++;
  const lines = scene.lines.map(([name, node], place) => ({
    name, node, ids: new Uint32Array(sizes[place]), starts: new Float64Array(sizes[place]), ends: new Float64Array(sizes[place]),
    found: new Uint8Array(sizes[place]), stretches: [],
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
    if (line.ids.length > MANY_ON_A_LINE) line.stretches = stretchesOf(line, scene.span);
  }
  return lines;
}

// The time of a line in equal stretches, from the narrowest to the widest, each twice as wide as those before: which
// operation is the first to begin in each, what was found there, and how long the longest takes.
function stretchesOf(line, [from, to]) {
  let count = STRETCHES_MIN;
  while (count < STRETCHES_MAX && count < line.ids.length / 2) count *= 2;
  const width = (to - from) / count;
  const narrowest = { from, width, first: new Uint32Array(count + 1), found: new Uint8Array(count), longest: new Float64Array(count) };
  let stretch = 0;
  line.starts.forEach((start, place) => {
    const own = Math.max(0, Math.min(count - 1, Math.floor((start - from) / width)));
    while (stretch < own) narrowest.first[++stretch] = place;
    narrowest.longest[own] = Math.max(narrowest.longest[own], line.ends[place] - start);
  });
  narrowest.first.fill(line.ids.length, stretch + 1);
  const all = [narrowest];
  for (let below = narrowest; below.found.length > STRETCHES_MIN; below = all.at(-1)) {
    const half = below.found.length / 2;
    all.push({
      from, width: 2 * below.width, found: new Uint8Array(half),
      first: Uint32Array.from({ length: half + 1 }, (_, place) => below.first[2 * place]),
      longest: Float64Array.from({ length: half }, (_, place) => Math.max(below.longest[2 * place], below.longest[2 * place + 1])),
    });
  }
  return all;
}

// Says on each line what was found. Done when a search or a filter changes, not when the view does.
function tellFound(lines, marks, operations) {
  for (const line of lines) {
    line.ids.forEach((id, place) => {
      line.found[place] = marks[id] === FOUND ? SOME_OK << operations.outcome[id] : marks[id] === DIMMED ? SOME_DIMMED : 0;
    });
    line.stretches.forEach(({ found, first }, level) => {
      const below = line.stretches[level - 1];
      for (let place = 0; place < found.length; place++) {
        found[place] = below ? below.found[2 * place] | below.found[2 * place + 1] : foundAmong(line, first[place], first[place + 1]);
      }
    });
  }
}

// What there is among the operations of a line from one place to before another.
function foundAmong({ found }, first, after) {
  let all = 0;
  for (let place = first; place < after; place++) all |= found[place];
  return all;
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

// From this many pixels on an operation is drawn from its beginning to its end.
const WIDE = 2;

// Calls `one(id, left, right)` for operations that are wide enough to be seen, and `several(found, first, after, pixel)`
// for those that share a pixel, with what there is among them.
function alongLine(line, view, one, several) {
  // The widest stretches of which a pixel has at least two.
  const pixel = view.time(1) - view.time(0);
  const stretches = line.stretches.findLast(({ width }) => 2 * width <= pixel);
  if (stretches) alongStretches(line, stretches, view, one, several);
  else alongOperations(line, view, one, several);
}

function alongOperations(line, view, one, several) {
  const { ids, starts, ends } = line;
  let place = Math.max(0, firstAt(line, view.from) - 1);
  while (place < ids.length && starts[place] <= view.to) {
    const left = view.x(starts[place]), right = view.x(ends[place]);
    if (right - left >= WIDE) {
      if (right >= view.left) one(ids[place], left, right);
      place++;
      continue;
    }
    const pixel = Math.floor(left);
    let after = Math.max(place + 1, firstAt(line, view.time(pixel + 1), place));
    if (after - place > 1 && view.x(ends[after - 1]) - view.x(starts[after - 1]) >= WIDE) after--;
    if (pixel >= view.left - 1) several(foundAmong(line, place, after), place, after, pixel);
    place = after;
  }
}

// The same from what is known of stretches of time: an operation may be drawn half a pixel from where it began.
function alongStretches(line, { from, width, first, found, longest }, view, one, several) {
  const { ids, starts, ends } = line;
  const stretchAt = (time) => Math.max(0, Math.min(found.length, Math.round((time - from) / width)));
  const widest = WIDE * (view.time(1) - view.time(0));
  const isWide = (place) => ends[place] - starts[place] >= widest;
  const alone = (place) => one(ids[place], view.x(starts[place]), view.x(ends[place]));
  let begin = stretchAt(view.from);
  const before = first[begin] - 1;
  if (before >= 0 && isWide(before) && ends[before] >= view.from) alone(before);
  for (let pixel = Math.floor(view.left); pixel < view.right; pixel++) {
    const end = stretchAt(view.time(pixel + 1));
    let all = 0, slowest = 0;
    for (let stretch = begin; stretch < end; stretch++) {
      all |= found[stretch];
      if (longest[stretch] > slowest) slowest = longest[stretch];
    }
    if (all) {
      // What is wide ends after all others of its pixel.
      const after = first[end], isLastWide = slowest >= widest && isWide(after - 1);
      if (!isLastWide) several(all, first[begin], after, pixel);
      else if (after - 1 > first[begin]) several(foundAmong(line, first[begin], after - 1), first[begin], after - 1, pixel);
      if (isLastWide) alone(after - 1);
    }
    begin = Math.max(begin, end);
  }
}
