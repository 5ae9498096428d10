// What is in view: a stretch of time, and where it is on the canvas. Times are in microseconds, places in CSS pixels.

const NARROWEST_US = 20;

function viewOf(span) {
  const view = {
    from: span[0], to: span[1], left: 0, right: 1,
    x: (time) => view.left + ((time - view.from) / (view.to - view.from)) * (view.right - view.left),
    time: (x) => view.from + ((x - view.left) / (view.right - view.left)) * (view.to - view.from),
    // Shows a stretch of time, within the run and not narrower than can be told apart.
    show(from, to) {
      const whole = span[1] - span[0];
      const width = Math.min(whole, Math.max(NARROWEST_US, to - from));
      const middle = (from + to) / 2;
      view.from = Math.max(span[0], Math.min(span[1] - width, middle - width / 2));
      view.to = view.from + width;
    },
    // Zooms by a factor around a moment, which stays where it is.
    zoom(factor, around = (view.from + view.to) / 2) {
      const width = (view.to - view.from) * factor;
      const whole = span[1] - span[0];
      const kept = Math.min(whole, Math.max(NARROWEST_US, width)) / (view.to - view.from);
      view.show(around - (around - view.from) * kept, around + (view.to - around) * kept);
    },
    // Moves by a share of what is in view.
    pan(share) {
      const by = (view.to - view.from) * share;
      view.show(view.from + by, view.to + by);
    },
    // Moves as little as it takes to have a stretch in view.
    reveal(from, to) {
      if (from >= view.from && to <= view.to) return;
      const width = Math.max(view.to - view.from, (to - from) * 1.5);
      view.show((from + to - width) / 2, (from + to + width) / 2);
    },
  };
  return view;
}

// Round moments to label, about `every` pixels apart, and with how many digits.
function ticksOf(view, every) {
  const raw = ((view.to - view.from) * every) / (view.right - view.left);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = Math.max(1, power * [1, 2, 5, 10].find((times) => times * power >= raw));
  const ticks = [];
  for (let time = Math.ceil(view.from / step) * step; time <= view.to; time += step) ticks.push(time);
  return { ticks, digits: Math.max(0, Math.min(6, 6 - Math.floor(Math.log10(step)))) };
}
