// The block of the page as operations: the other end of results/src/report/operations.rs, where the format is described.
// Whatever is in it is data; texts of the system under test reach the page as text only (textContent, fillText).

// Resolves to { scene, operations, violations }: the JSON, an array of numbers for each property of an operation, and
// the contradictions in the order of the page.
async function decode(base64) {
  const block = await inflated(fromBase64(base64));
  const length = new DataView(block.buffer).getUint32(0, true);
  const scene = JSON.parse(new TextDecoder().decode(block.subarray(4, 4 + length)));
  const columns = {};
  let at = 4 + length;
  for (const [name, bytes] of scene.columns) {
    columns[name] = numbers(block.subarray(at, at + bytes), scene.operations);
    at += bytes;
  }
  const operations = operationsOf(columns, scene);
  return { scene, operations, violations: scene.violations.map((it) => violationOf(it, operations)) };
}

// When it is, what finds the operations on its object, and its own operations, which are looked for when they are asked for.
function violationOf([from, to, query, core], operations) {
  const found = () => core.map(([letter, event]) => ({ letter, id: operations.event.indexOf(event) })).filter(({ id }) => id >= 0);
  let known = null;
  return { from, to, query, core: () => (known ??= found()) };
}

function fromBase64(base64) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

async function inflated(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// LEB128. Larger numbers than 32 bits are the reason for arithmetic instead of shifts.
function numbers(bytes, count) {
  const column = new Float64Array(count);
  let at = 0;
  for (let i = 0; i < count; i++) {
    let number = bytes[at++];
    if (number >= 0x80) {
      let byte, scale = 0x80;
      number &= 0x7f;
      do {
        byte = bytes[at++];
        number += (byte & 0x7f) * scale;
        scale *= 0x80;
      } while (byte >= 0x80);
    }
    column[i] = number;
  }
  return column;
}

// 0, 1, 2, 3 are 0, -1, 1, -2.
function signed(number) {
  return number % 2 ? -(number + 1) / 2 : number / 2;
}

// Undoes the differences. Times are in microseconds; `end` of an operation that was never answered is that of the next
// one on its line, `took` then NaN.
function operationsOf(columns, scene) {
  const count = scene.operations;
  const all = {
    count, start: new Float64Array(count), end: new Float64Array(count), took: new Float64Array(count),
    line: new Uint16Array(count), process: new Float64Array(count), node: new Int32Array(count), f: new Uint8Array(count),
    outcome: new Uint8Array(count), key: new Uint32Array(count), input: columns.input, output: columns.output,
    event: new Float64Array(count), error: columns.error,
  };
  const process = new Float64Array(scene.lines.length), node = new Float64Array(scene.lines.length);
  const answers = new Float64Array(scene.keys.length);
  let start = 0, key = 0, event = 0;
  for (let i = 0; i < count; i++) {
    const line = columns.line[i], took = columns.took[i], kind = columns.kind[i], output = columns.output[i];
    all.start[i] = start += columns.start[i];
    all.took[i] = took ? took - 1 : NaN;
    all.end[i] = took ? start + took - 1 : Infinity;
    all.line[i] = line;
    all.process[i] = process[line] += signed(columns.process[i]);
    all.node[i] = (node[line] += signed(columns.node[i])) - 1;
    all.f[i] = kind / 3;
    all.outcome[i] = kind % 3;
    all.key[i] = key += signed(columns.key[i]);
    all.output[i] = answers[key] = output === 0 ? answers[key] : output === 1 ? all.input[i] : output - 2;
    all.event[i] = event += signed(columns.event[i]);
  }
  return all;
}
