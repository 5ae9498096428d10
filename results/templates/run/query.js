// The search: `key:147 f:propose type:unknown client:3 node:n4 value:42 t:31..32 lat:>100ms`, and free text over values,
// errors and functions. All terms have to hold; `a,b` is one of several; `-` before a term is its opposite; "two words".

const FIELDS = ["key", "f", "type", "client", "process", "node", "value", "t", "lat", "op"];

// Returns { holds, complaint }: a function of an operation's place, and what could not be understood, in words.
function parseQuery(text, run, words) {
  const terms = [];
  const complaints = [];
  for (const [, minus, field, quoted, bare] of text.matchAll(/(-?)(?:([a-z]+):)?(?:"([^"]*)"?|(\S+))/gi)) {
    const value = quoted ?? bare;
    const term = field === undefined ? freeText(value, run, words) : fieldTerm(field.toLowerCase(), value, run, words);
    if (typeof term === "string") complaints.push(term);
    else terms.push(minus ? (i) => !term(i) : term);
  }
  return { holds: (i) => terms.every((term) => term(i)), complaint: complaints.join("; "), isEmpty: terms.length === 0 };
}

function fieldTerm(field, text, { scene, operations }, words) {
  const wanted = text.split(",");
  const placesOf = (names) => new Set(names.flatMap((name, place) => (wanted.includes(name) ? [place] : [])));
  switch (field) {
    case "key": {
      const codes = codesOf(wanted, scene);
      const keys = new Set(scene.keys.flatMap((code, place) => (codes.has(code) ? [place] : [])));
      return (i) => keys.has(operations.key[i]);
    }
    case "value": {
      const codes = codesOf(wanted, scene);
      return (i) => codes.has(operations.output[i]) || codes.has(operations.input[i]);
    }
    case "f": {
      const functions = placesOf(scene.functions);
      return functions.size ? (i) => functions.has(operations.f[i]) : `no operation is called “${text}”: there are ${scene.functions.join(", ")}`;
    }
    case "node": {
      const nodes = placesOf(scene.nodes);
      return nodes.size ? (i) => nodes.has(operations.node[i]) : `no node is called “${text}”: there are ${scene.nodes.join(", ")}`;
    }
    case "type": {
      const names = { ok: 0, fail: 1, failed: 1, info: 2, unknown: 2 };
      const bad = wanted.find((name) => !Object.hasOwn(names, name));
      const outcomes = new Set(wanted.map((name) => names[name]));
      return bad === undefined ? (i) => outcomes.has(operations.outcome[i]) : `type is ok, failed or unknown, not “${bad}”`;
    }
    case "client": return (i) => wanted.includes(String(words.client(i)));
    case "process": return (i) => wanted.includes(String(operations.process[i]));
    case "op": return (i) => wanted.includes(String(operations.event[i]));
    case "t": {
      const range = rangeOf(text, "s");
      if (!range) return `t is a time or a range in seconds, as t:31..32, not “${text}”`;
      return (i) => operations.start[i] <= range[1] && operations.end[i] >= range[0];
    }
    case "lat": {
      const range = rangeOf(text, "ms");
      if (!range) return `lat is a duration or a range, as lat:>100ms or lat:1..20ms, not “${text}”`;
      return (i) => operations.took[i] >= range[0] && operations.took[i] <= range[1];
    }
    default: return `there is no “${field}:”; there are ${FIELDS.map((name) => name + ":").join(" ")}`;
  }
}

// The codes of values that are written like this: an integer, or a text with or without its quotes.
function codesOf(wanted, scene) {
  const codes = new Set();
  for (const word of wanted) {
    if (word === scene.nothing || word === "null") codes.add(0);
    if (/^-?\d{1,15}$/.test(word)) codes.add((word < 0 ? -word * 2 - 1 : word * 2) * 2 + 1);
    scene.texts.forEach((text, place) => {
      if (text === word || text === `"${word}"`) codes.add((place + 1) * 2);
    });
  }
  return codes;
}

function freeText(word, { scene, operations }, words) {
  const lower = word.toLowerCase();
  const has = (text) => text.toLowerCase().includes(lower);
  const texts = new Set(scene.texts.flatMap((text, place) => (has(text) ? [place] : [])));
  const functions = new Set(scene.functions.flatMap((name, place) => (has(name) ? [place] : [])));
  const codes = codesOf([word], scene);
  const isValue = (code) => codes.has(code) || (code % 2 === 0 && texts.has(code / 2 - 1));
  return (i) => isValue(operations.output[i]) || isValue(operations.input[i]) || functions.has(operations.f[i]) ||
    (operations.error[i] > 0 && texts.has(operations.error[i] - 1));
}

// `31..32`, `>100ms`, `<2s`, `5`: from and to in microseconds. One number is everything that is written like that.
function rangeOf(text, unit) {
  const scales = { us: 1, "µs": 1, ms: 1e3, s: 1e6 };
  const number = (part, other) => {
    const match = /^(\d+(?:\.\d*)?|\.\d+)(us|µs|ms|s)?$/.exec(part);
    return match ? parseFloat(match[1]) * scales[match[2] ?? other] : NaN;
  };
  let range;
  const between = text.split("..");
  if (between.length === 2) {
    const own = /(us|µs|ms|s)$/.exec(between[1])?.[1] ?? unit;
    range = [between[0] ? number(between[0], own) : 0, between[1] ? number(between[1], unit) : Infinity];
  } else if (/^>=?/.test(text)) range = [number(text.replace(/^>=?/, ""), unit), Infinity];
  else if (/^<=?/.test(text)) range = [0, number(text.replace(/^<=?/, ""), unit)];
  else range = [number(text, unit), number(text, unit)];
  return range.some(isNaN) ? null : range;
}
