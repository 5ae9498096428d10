// The keyboard. Letters work anywhere on the page but where text is typed, and can be turned off in the list of keys;
// arrows walk from operation to operation while the canvas has the focus.

function listenToKeys(canvas, elements, actions) {
  const letters = {
    w: actions.zoomIn, s: actions.zoomOut, a: actions.left, d: actions.right, f: actions.fit, "0": actions.whole,
    v: actions.violation, c: actions.counterexample, "[": actions.faultBefore, "]": actions.faultAfter,
    n: actions.next, N: actions.before, t: actions.theme, "/": actions.search, "?": actions.help, Escape: actions.clear,
  };
  const arrows = {
    ArrowLeft: () => actions.walk(-1, 0), ArrowRight: () => actions.walk(1, 0),
    ArrowUp: () => actions.walk(0, -1), ArrowDown: () => actions.walk(0, 1), Enter: actions.fit,
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || elements.help.open) return;
    const isTyped = event.target.closest("input:not([type=radio], [type=checkbox]), select, textarea");
    if (isTyped) {
      if (event.key !== "Escape" || event.target !== elements.query) return;
      // Leaves the field; what is in it stays, which browsers would clear.
      event.preventDefault();
      canvas.focus({ preventScroll: true });
      return;
    }
    const action = event.target === canvas && arrows[event.key] ? arrows[event.key] : letters[event.key];
    if (!action || (action === letters[event.key] && event.key.length === 1 && !elements.keysOn.checked)) return;
    event.preventDefault();
    action();
  });
}
