// What is said of an operation: beside the pointer, and, when it is pinned, in a panel that is read aloud.

function detailsOf(elements, words, actions) {
  const { tip, pinned } = elements;
  return { point, leave, pin };

  function point(x, y, text) {
    tip.textContent = text;
    tip.hidden = text === "";
    if (tip.hidden) return;
    const room = tip.offsetParent.clientWidth - tip.offsetWidth - 4;
    tip.style.left = Math.max(0, Math.min(room, x + 14)) + "px";
    tip.style.top = y + 18 + "px";
  }

  function leave() {
    tip.hidden = true;
  }

  function pin(id) {
    pinned.replaceChildren();
    if (id < 0) return;
    const list = document.createElement("dl");
    for (const [name, value] of words.facts(id).filter(([, value]) => value !== "")) {
      const pair = document.createElement("div");
      pair.append(element("dt", name), element("dd", value));
      list.append(pair);
    }
    pinned.append(list, button("Zoom to it", actions.zoom), button("Unpin", actions.unpin));
  }
}

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

function button(text, action) {
  const made = element("button", text);
  made.type = "button";
  made.addEventListener("click", action);
  return made;
}
