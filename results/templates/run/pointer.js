// Mouse, pen and fingers. On the operations: drag selects a stretch and zooms to it, Shift and drag moves, Ctrl and wheel
// zooms, a wheel that turns sideways moves, two fingers pinch; a click pins, two zoom. On the map above: drag selects.

const CLICK_PX = 4;

function listenToPointer(canvas, overview, view, state, actions) {
  const fingers = new Map();
  let drag = null;
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, place(event));
    const [x, y] = place(event);
    const isPan = event.shiftKey || event.pointerType === "touch";
    drag = { x, y, last: x, isPan, moved: false };
  });
  canvas.addEventListener("pointermove", (event) => {
    const [x, y] = place(event);
    if (fingers.size === 2 && fingers.has(event.pointerId)) {
      const others = [...fingers].find(([id]) => id !== event.pointerId)[1];
      const before = Math.abs(fingers.get(event.pointerId)[0] - others[0]), after = Math.abs(x - others[0]);
      if (before > 8 && after > 8) view.zoom(before / after, view.time((x + others[0]) / 2));
      fingers.set(event.pointerId, [x, y]);
      drag = null;
      actions.changed();
      return;
    }
    if (fingers.has(event.pointerId)) fingers.set(event.pointerId, [x, y]);
    if (!drag) return actions.point(x, y);
    drag.moved ||= Math.abs(x - drag.x) > CLICK_PX;
    if (!drag.moved) return;
    if (drag.isPan) {
      view.pan((drag.last - x) / (view.right - view.left));
      drag.last = x;
      actions.changed();
    } else {
      state.selection = [view.time(Math.min(x, drag.x)), view.time(Math.max(x, drag.x))];
      actions.draw();
    }
  });
  const end = (event) => {
    fingers.delete(event.pointerId);
    if (!drag) return;
    const { moved, isPan, x, y } = drag;
    drag = null;
    const selection = state.selection;
    state.selection = null;
    if (event.type === "pointercancel") return actions.draw();
    if (!moved) actions.pinAt(x, y);
    else if (!isPan && selection) {
      view.show(...selection);
      actions.changed();
    }
  };
  canvas.addEventListener("pointerup", end);
  canvas.addEventListener("pointercancel", end);
  canvas.addEventListener("pointerleave", () => actions.leave());
  canvas.addEventListener("dblclick", (event) => actions.zoomAt(...place(event)));
  canvas.addEventListener("wheel", (event) => {
    if (event.ctrlKey || event.metaKey) view.zoom(Math.exp(event.deltaY / 300), view.time(place(event)[0]));
    else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) view.pan((event.deltaX || event.deltaY) / 1000);
    else return;
    event.preventDefault();
    actions.changed();
  }, { passive: false });

  listenToMap(overview, view, state, actions);
}

// The map: a drag that begins on the frame moves it, any other selects; a click brings the frame there.
function listenToMap({ frame, x, time }, view, state, actions) {
  let drag = null;
  const at = (event) => event.clientX - frame.getBoundingClientRect().left;
  frame.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.pointerType === "touch") return;
    const here = at(event);
    const isFrame = here > x(view.from) && here < x(view.to) && x(view.to) - x(view.from) < 0.9 * frame.clientWidth;
    drag = { here, last: here, isFrame, moved: false };
    frame.setPointerCapture(event.pointerId);
  });
  frame.addEventListener("pointermove", (event) => {
    if (!drag) return;
    const here = at(event);
    drag.moved ||= Math.abs(here - drag.here) > CLICK_PX;
    if (!drag.moved) return;
    if (drag.isFrame) {
      const by = time(here) - time(drag.last);
      view.show(view.from + by, view.to + by);
      drag.last = here;
      actions.changed();
    } else {
      state.mapSelection = [drag.here, here];
      actions.draw();
    }
  });
  const end = (event) => {
    if (!drag) return;
    const { moved, isFrame, here } = drag;
    const selection = state.mapSelection;
    drag = state.mapSelection = null;
    if (event.type === "pointercancel") return actions.draw();
    if (!moved) view.show(...[view.from, view.to].map((edge) => edge + time(here) - (view.from + view.to) / 2));
    else if (!isFrame && selection) view.show(time(Math.min(...selection)), time(Math.max(...selection)));
    actions.changed();
  };
  frame.addEventListener("pointerup", end);
  frame.addEventListener("pointercancel", end);
}
