// What stands out on the operations: the letters of the contradiction, the pinned one, the one under the pointer, and the
// stretch that is being selected.

function drawCore({ context, run, core, view, layout, palette, text }) {
  for (const { letter, id } of core) {
    const y = layout.line(run.operations.line[id]);
    const left = view.x(run.operations.start[id]), right = Math.max(left + 3, view.x(run.operations.end[id]));
    if (right < view.left || left > view.right) continue;
    context.strokeStyle = context.fillStyle = palette.violation;
    context.lineWidth = 2;
    context.strokeRect(left - 1, y, right - left + 2, layout.height);
    context.lineWidth = 1;
    // The letter stands before its operation, or, where there is no room, behind it.
    const chip = left - 18 >= view.left ? left - 17 : Math.min(right + 2, view.right - 15);
    context.fillRect(chip, y + layout.height / 2 - 7, 15, 14);
    text(letter, chip + 7.5, y + layout.height / 2 + 4, { colour: palette.surface, weight: "700", size: 11, align: "center" });
  }
}

function drawChosen({ context, run, state, view, layout, palette }) {
  context.strokeStyle = palette.ink;
  for (const [id, width] of [[state.hovered, 1.5], [state.pinned, 2.5]]) {
    if (id < 0) continue;
    const left = view.x(run.operations.start[id]), right = Math.max(left + 3, view.x(run.operations.end[id]));
    context.lineWidth = width;
    context.strokeRect(left - 1.5, layout.line(run.operations.line[id]), right - left + 3, layout.height);
  }
  context.lineWidth = 1;
  if (!state.selection) return;
  const [from, to] = state.selection.map(view.x);
  context.fillStyle = palette.ink;
  context.globalAlpha = 0.12;
  context.fillRect(from, 0, to - from, layout.axis);
  context.globalAlpha = 1;
}
