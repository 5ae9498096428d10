(function () {
  var root = document.documentElement, theme = document.getElementById("theme");
  if (theme) {
    theme.hidden = false;
    theme.addEventListener("click", function () {
      var dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
      root.dataset.theme = dark ? "light" : "dark";
    });
  }
  var filters = document.getElementById("filters");
  if (filters) filters.addEventListener("change", function (event) { if (event.target.tagName === "SELECT") filters.submit(); });
  var compare = document.getElementById("compare");
  if (compare) {
    var button = compare.querySelector("button"), said = document.getElementById("chosen");
    var count = function () {
      var chosen = compare.querySelectorAll("input:checked").length;
      button.disabled = chosen !== 2;
      said.textContent = chosen === 2 ? "" : chosen > 2 ? "Two at a time." : "Choose two runs.";
    };
    compare.addEventListener("change", count);
    count();
  }
  var live = document.getElementById("live");
  if (!live || !window.EventSource) return;
  var SVG = "http://www.w3.org/2000/svg";
  function set(name, value) { var it = live.querySelector('[data-live="' + name + '"]'); if (it) it.textContent = typeof value === "number" ? value.toLocaleString("en") : value; }
  function list(id, items, none, fill) {
    var it = document.getElementById(id);
    it.replaceChildren.apply(it, (items.length ? items : [null]).map(function (item) {
      var li = document.createElement("li");
      if (item === null) li.textContent = none; else fill(li, item);
      return li;
    }));
  }
  function part(tag, text, name) { var it = document.createElement(tag); it.textContent = text; if (name) it.className = name; return it; }
  function show(now) {
    set("phase", now.phase); set("at", now.at); set("rate", now.rate);
    ["begun", "ok", "failed", "unknown"].forEach(function (name) { set(name, now.counts[name]); });
    var most = Math.max.apply(null, [0].concat(now.per_second));
    set("most", most);
    var rate = document.getElementById("rate");
    rate.setAttribute("viewBox", "0 0 " + Math.max(30, now.per_second.length) + " 100");
    rate.replaceChildren.apply(rate, now.per_second.map(function (count, place) {
      var bar = document.createElementNS(SVG, "rect"), height = most ? count / most * 100 : 0;
      bar.setAttribute("x", place); bar.setAttribute("y", 100 - height); bar.setAttribute("width", "0.8"); bar.setAttribute("height", height);
      return bar;
    }));
    list("nodes", now.nodes, "not known yet", function (li, node) { li.append(part("b", node.name), " ", part("span", node.glyph, "glyph"), " " + node.state); });
    list("faults", now.faults, "none", function (li, fault) { li.append(fault.what + " ", part("span", "for " + fault.at, "note")); });
    list("events", now.events, "nothing yet", function (li, event) { li.append(part("time", event.at), " " + event.what); });
  }
  var source = new EventSource(live.dataset.events), state = document.getElementById("state");
  source.addEventListener("snapshot", function (event) { state.textContent = ""; show(JSON.parse(event.data)); });
  source.addEventListener("done", function (event) { source.close(); location.href = event.data === "report" ? "report.html" : "./"; });
  source.onerror = function () { state.textContent = "The server does not answer; trying again."; };
})();
