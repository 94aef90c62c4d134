// The trials, their parameters and what they reported.
//
// A trial: {index, number, configuration, repetition, state, value (NaN: none), started, ended,
// seconds, attempt, finished (0: it has not ended), message}. An axis: {name, kind: "float",
// "integer" or "choice", log, low, high, values (texts of a choice), x: a number for each trial}.

const STATES = ["waiting", "running", "complete", "pruned", "failed"];

const sign = page.goal === "maximize" ? -1 : 1;
const trials = (packed => {
  const of = (name, type) => numbersOf(packed[name], type);
  const state = of("state", Uint8Array), value = of("value", Float64Array);
  const started = of("started", Float64Array), ended = of("ended", Float64Array);
  const [configuration, repetition, attempt, finished, message] =
    ["configuration", "repetition", "attempt", "finished", "message"].map(name => of(name, Uint32Array));
  return Array.from({length: packed.n}, (_, index) => ({
    index, configuration: configuration[index], repetition: repetition[index],
    number: (configuration[index] - 1) * page.seeds + repetition[index],
    state: STATES[state[index]], value: value[index], started: started[index], ended: ended[index],
    seconds: Number.isNaN(ended[index] - started[index]) ? undefined : ended[index] - started[index],
    attempt: attempt[index], finished: finished[index],
    message: message[index] ? packed.messages[message[index] - 1] : undefined,
  }));
})(page.trials);

const parameters = page.parameters.map(given => Object.assign(given, {
  x: numbersOf(given.x, Float64Array),
  low: given.kind === "choice" ? -0.5 : number(given.min),
  high: given.kind === "choice" ? given.values.length - 0.5 : number(given.max),
}));

/** What a trial has on an axis, as a text; MISSING if nothing. */
function textOn(axis, index) {
  const x = axis.x[index];
  if (Number.isNaN(x)) return MISSING;
  return axis.kind === "choice" ? axis.values[x] : formatNumber(x);
}

/** The same as a value to sort and filter by: a number, a text or undefined. */
function valueOn(axis, index) {
  const x = axis.x[index];
  if (Number.isNaN(x)) return undefined;
  if (axis.kind !== "choice") return x;
  const text = axis.values[x], plain = Number(text);
  return text.trim() !== "" && !Number.isNaN(plain) ? plain : text;
}

function isComplete(trial) {
  return trial.state === "complete" && Number.isFinite(trial.value);
}

// ---- Reports ----

const reports = {
  counts: numbersOf(page.reports.counts, Uint32Array), steps: numbersOf(page.reports.steps, Uint32Array),
  values: numbersOf(page.reports.values, page.reports.wide ? Float64Array : Float32Array),
  starts: new Uint32Array(trials.length + 1),
};
reports.counts.forEach((count, i) => { reports.starts[i + 1] = reports.starts[i] + count; });

// ---- The metric as an axis ----

const valueView = {log: false, clip: false}; // what the reader chose

function sortedValues(list) {
  return Float64Array.from(list).filter(v => Number.isFinite(v) && !(valueView.log && v <= 0)).sort();
}

// From the lowest to the highest; where outliers are ignored, without the worst twentieth.
function rangeOf(sorted) {
  const n = sorted.length, cut = valueView.clip ? Math.floor(n * 0.05) : 0;
  if (n === 0) return [NaN, NaN];
  return sign > 0 ? [sorted[0], sorted[n - 1 - cut]] : [sorted[cut], sorted[n - 1]];
}

const completeTrials = trials.filter(isComplete);
const someLog = completeTrials.length > 0 && completeTrials.every(trial => trial.value > 0);
const metricAxis = {name: page.metric, kind: "float", log: false, metric: true,
                    x: Float64Array.from(trials, trial => trial.state === "complete" || trial.state === "pruned" ? trial.value : NaN)};

function updateMetricAxis() {
  const complete = completeTrials.length ? completeTrials : trials.filter(trial => trial.state === "pruned");
  [metricAxis.low, metricAxis.high] = rangeOf(sortedValues(complete.map(trial => trial.value)));
  metricAxis.log = valueView.log;
}

// A tail of bad trials that leaves the good ones no room is cut off at first.
valueView.clip = (sorted => {
  const n = sorted.length, at = part => sorted[sign > 0 ? Math.floor(part * (n - 1)) : n - 1 - Math.floor(part * (n - 1))];
  return n >= 20 && Math.abs(at(1) - at(0)) > 5 * Math.abs(at(0.9) - at(0));
})(sortedValues(completeTrials.map(trial => trial.value)));
updateMetricAxis();

/** How good a value is among the complete ones: 0 the worst, 1 the best. */
function goodness(value) {
  const {low, high, log} = metricAxis, f = log ? Math.log : v => v;
  if (!(high > low) || !Number.isFinite(value)) return 1;
  const part = Math.max(0, Math.min(1, (f(Math.max(value, log ? Number.MIN_VALUE : value)) - f(low)) / (f(high) - f(low))));
  return sign > 0 ? 1 - part : part;
}
