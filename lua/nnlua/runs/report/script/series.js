// Which columns belong into one chart, and the lines of a chart: x, y, smoothed y.
//
// A line: {run, split, dash, x, y, smooth: {x, y} or null}; a chart: {title, members: [{column, split, dash}]}.

const SPLITS = ["train", "training", "test", "valid", "validation", "val", "dev", "eval"];

/** "train_cost" -> {metric: "cost", split: "train"}; without a split it is "". */
function splitName(name) {
  const parts = name.split(/([_/.\- ]+)/);
  for (const at of [0, parts.length - 1]) {
    if (parts.length > 2 && SPLITS.includes(parts[at].toLowerCase())) {
      const rest = at === 0 ? parts.slice(2) : parts.slice(0, -2);
      return {metric: rest.join(""), split: parts[at]};
    }
  }
  return {metric: name, split: ""};
}

/** The charts of all metrics but the x axes that every run counts up. */
function findCharts() {
  const charts = new Map();
  for (const name of metricNames) {
    if (!runs.some(run => run.curves[name]) || isCounter(name)) continue;
    const {metric, split} = splitName(name);
    if (!charts.has(metric)) charts.set(metric, {title: metric, members: []});
    charts.get(metric).members.push({column: name, split});
  }
  const place = member => (SPLITS.indexOf(member.split.toLowerCase()) + SPLITS.length + 1) % (SPLITS.length + 1);
  for (const chart of charts.values()) {
    chart.members.sort((a, b) => place(a) - place(b));
    // a metric without a split is drawn as the first one, unless one run has both
    const plain = chart.members.find(member => member.split === ""), [first] = chart.members;
    const shared = plain && !runs.some(run => run.curves[plain.column] && run.curves[first.column]);
    chart.members.forEach((member, i) => { member.dash = member === plain && shared ? 0 : i; });
  }
  return [...charts.values()];
}

// Epochs, steps, and times: x axes, and no charts.
function isCounter(name) {
  return counters.has(name) || /^(time|seconds|elapsed|wall_time)$/i.test(name);
}

/** Columns that never fall in any run that has them: what can be an x axis. */
function risingColumns() {
  return metricNames.filter(name => runs.some(run => run.curves[name])
    && runs.every(run => !run.curves[name] || run.curves[name].n < 2 || run.summary[name].rising));
}

function firstAxis() {
  return risingColumns().find(isCounter) || null;
}

// A moving average whose weights halve every `half` rows, over the means of a long curve; started
// without bias: the first value counts no more than its weight. What is no number is skipped.
function smoothed(one, half) {
  const {meanRows: rows, mean} = one, out = new Float64Array(mean.length);
  let sum = 0, weight = 0, before = rows[0];
  for (let i = 0; i < mean.length; i++) {
    const decay = Math.pow(0.5, (rows[i] - before) / half);
    if (Number.isFinite(mean[i])) {
      sum = sum * decay + mean[i] * (1 - Math.pow(0.5, 1 / half));
      weight = weight * decay + (1 - Math.pow(0.5, 1 / half));
      before = rows[i];
    }
    out[i] = Number.isFinite(mean[i]) ? sum / weight : NaN;
  }
  return out;
}

/** The lines of a chart for the runs; view: {x: column or null, half: rows or 0}. */
function linesOf(chart, list, view) {
  const lines = [];
  for (const run of list) {
    for (const {column: name, split, dash} of chart.members) {
      const one = curve(run, name);
      if (!one || one.y.length === 0 || (view.x !== null && !curve(run, view.x))) continue;
      const line = {run, split, dash, x: valuesAt(run, view.x, one.rows), y: one.y, smooth: null};
      if (view.half > 0 && one.y.length > 1) {
        line.smooth = {x: valuesAt(run, view.x, one.meanRows), y: smoothed(one, view.half)};
      }
      lines.push(line);
    }
  }
  return lines;
}

function longestRun() {
  return Math.max(2, ...runs.map(run => run.rows || 0));
}
