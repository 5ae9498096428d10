// Operations, values and times in words, as in the rest of the page.

const OUTCOMES = ["ok", "failed", "unknown"];

function count(number) {
  return number.toString().replace(/\B(?=(\d{3})+$)/g, ",");
}

function counted(number, one) {
  return count(number) + " " + one + (number === 1 ? "" : "s");
}

function seconds(us, digits = 3) {
  return (us / 1e6).toFixed(digits);
}

function stretch(us) {
  if (us < 1000) return us + " µs";
  return us < 1e6 ? (us / 1e3).toPrecision(3) + " ms" : (us / 1e6).toFixed(2) + " s";
}

function wordsOf({ scene, operations }) {
  function value(code) {
    if (code === 0) return scene.nothing;
    return code % 2 ? String(signed((code - 1) / 2)) : scene.texts[code / 2 - 1];
  }
  function client(i) {
    const process = operations.process[i];
    return scene.clients ? process % scene.clients : process;
  }
  function call(i) {
    const argument = operations.input[i] ? "(" + value(operations.input[i]) + ")" : "";
    const answers = [" → " + value(operations.output[i]), " failed", " → ?"];
    return scene.functions[operations.f[i]] + argument + answers[operations.outcome[i]];
  }
  function node(i) {
    return scene.nodes[operations.node[i]] ?? "";
  }
  function error(i) {
    return operations.error[i] ? scene.texts[operations.error[i] - 1] : "";
  }
  function key(place) {
    return scene.keys[place] === 0 ? "" : value(scene.keys[place]);
  }
  // An operation in one line, for those who hear it.
  function sentence(i) {
    const where = node(i) && " at " + node(i);
    const took = isNaN(operations.took[i]) ? "never answered" : stretch(operations.took[i]);
    const of = key(operations.key[i]) && ", key " + key(operations.key[i]);
    return `client ${client(i)}${where}, ${seconds(operations.start[i], 6)} s: ${call(i)}, ` +
      `${OUTCOMES[operations.outcome[i]]}, ${took}${of}${error(i) && ": " + error(i)}`;
  }
  // An operation as name and value, for the panel and for the table.
  function facts(i) {
    return [
      ["Began", seconds(operations.start[i], 6) + " s"],
      ["Took", isNaN(operations.took[i]) ? "never answered" : stretch(operations.took[i])],
      ["Client", String(client(i))],
      ["Node", node(i)],
      ["Key", key(operations.key[i])],
      ["Operation", call(i)],
      ["Outcome", OUTCOMES[operations.outcome[i]]],
      ["Error", error(i)],
      ["Process", String(operations.process[i])],
      ["Event", String(operations.event[i])],
    ];
  }
  return { value, client, call, node, error, key, sentence, facts };
}
