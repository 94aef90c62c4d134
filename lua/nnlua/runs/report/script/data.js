// The runs, and their curves, which are decoded when they are first drawn.
//
// A curve here is {rows, y, meanRows, mean}: the kept rows (1-based) with their values; for a
// long curve the mean of each stretch of rows and the row in its middle, else the values themselves.

const runs = page.runs;

// Without what is no number: the values of a sparse column are joined.
function joined(one) {
  const some = [...one.y.keys()].filter(i => Number.isFinite(one.y[i]));
  const means = [...one.mean.keys()].filter(i => Number.isFinite(one.mean[i]));
  const pick = (list, places) => Float64Array.from(places, i => list[i]);
  return {rows: pick(one.rows, some), y: pick(one.y, some), meanRows: pick(one.meanRows, means),
          mean: pick(one.mean, means)};
}

function decode(packed) {
  return packed.s ? joined(decodeAll(packed)) : decodeAll(packed);
}

function decodeAll(packed) {
  const type = packed.f === 8 ? Float64Array : Float32Array;
  const y = numbersOf(packed.v, type), rows = new Float64Array(y.length);
  if (packed.r === undefined) {
    for (let i = 0; i < rows.length; i++) rows[i] = i + 1;
    return {rows, y, meanRows: rows, mean: y};
  }
  const width = {1: Uint8Array, 2: Uint16Array, 4: Uint32Array}[packed.w];
  let row = 0;
  numbersOf(packed.r, width).forEach((distance, i) => { rows[i] = row += distance; });
  const mean = numbersOf(packed.m, type), meanRows = new Float64Array(mean.length);
  for (let i = 0; i < mean.length; i++) {
    const last = Math.min((i + 1) * packed.k, packed.n);
    meanRows[i] = (i * packed.k + 1 + last) / 2;
  }
  return {rows, y, meanRows, mean};
}

const decoded = runs.map(() => new Map());

/** The curve of a run's column, or null. */
function curve(run, column) {
  const known = decoded[run.index];
  if (!known.has(column)) {
    const packed = run.curves[column];
    known.set(column, packed ? decode(packed) : null);
  }
  return known.get(column);
}

/** The values of a rising column at the given rows; between kept rows it is taken as straight. */
function valuesAt(run, column, rows) {
  if (column === null) return rows;
  const {rows: known, y} = curve(run, column);
  const out = new Float64Array(rows.length);
  for (let i = 0; i < rows.length; i++) {
    const at = Math.min(lowerBound(known, rows[i]), known.length - 1);
    if (known[at] === rows[i] || at === 0) { out[i] = y[at]; continue; }
    const part = (rows[i] - known[at - 1]) / (known[at] - known[at - 1]);
    out[i] = y[at - 1] + part * (y[at] - y[at - 1]);
  }
  return out;
}

// Runs of one name are told apart by the rest of their ids.
const shared = runs.length > 1 && runs.every(run => run.id.startsWith(runs[0].name + "/"))
  ? runs[0].name.length + 1 : 0;

runs.forEach((run, index) => {
  run.index = index;
  run.label = run.id.slice(shared);
  run.configMap = new Map(run.config);
});

/** All different values of make(run), in the order of their first appearance. */
function inOrder(make) {
  const seen = new Set();
  for (const run of runs) for (const value of make(run)) seen.add(value);
  return [...seen];
}

const counters = new Set(page.metrics.filter(one => one.counter).map(one => one.name));
const metricNames = inOrder(run => run.columns);
const configKeys = inOrder(run => run.config.map(([key]) => key));

// What the table calls things that no config has.
const RESERVED = ["run", "id", "name", "state", "started", "created", "time", "seconds", "rows", "tags", "seed"];

// The shortest ending of a dotted key that no other key has.
const configLabels = new Map(configKeys.map(key => {
  const parts = key.split(".");
  for (let i = parts.length - 1; i > 0; i--) {
    const ending = parts.slice(i).join(".");
    const clashes = configKeys.filter(k => k === ending || k.endsWith("." + ending)).length > 1;
    if (!clashes && !RESERVED.includes(ending) && !metricNames.includes(ending)) return [key, ending];
  }
  return [key, key];
}));
