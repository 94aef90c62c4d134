// What the trials came to, in the order of their ends or over time, and the best so far.

function bestSoFar(axis) {
  const list = trials.filter(trial => isComplete(trial)).sort((a, b) => a.finished - b.finished);
  const steps = [];
  let best = null;
  for (const trial of list) {
    if (best !== null && sign * trial.value >= sign * best) continue;
    best = trial.value;
    steps.push([axis.x[trial.index], best]);
  }
  return steps;
}

const TIMES = [[3 * 86400, 86400, "days"], [3 * 3600, 3600, "hours"], [180, 60, "minutes"], [0, 1, "seconds"]];

function historyAxes() {
  const ended = trials.filter(trial => trial.finished > 0);
  const order = {name: "order", label: "trials ended", kind: "integer", low: 1, high: Math.max(1, ended.length),
                 x: Float64Array.from(trials, trial => trial.finished || NaN)};
  const first = Math.min(...chunked(trials.map(trial => trial.started).filter(Number.isFinite), Math.min));
  const span = Math.max(0, ...chunked(ended.map(trial => trial.ended - first), Math.max));
  const [, unit, name] = TIMES.find(([least]) => span >= least);
  const time = {name: "time", label: name + " since the start", kind: "float", low: 0, high: span / unit || 1,
                x: Float64Array.from(trials, trial => (trial.ended - first) / unit)};
  return {order, time};
}

// Lists of thousands do not fit the arguments of one call.
function chunked(list, of) {
  const parts = [];
  for (let i = 0; i < list.length; i += 5000) parts.push(of(...list.slice(i, i + 5000)));
  return parts;
}

function addHistory() {
  const axes = historyAxes();
  let x = axes.order;
  const chart = new Scatter("best so far, and every trial", {
    x: () => x, y: () => metricAxis, failed: true, colour: trial => colourOfValue(trial.value),
    above: (paint, panel) => {
      const steps = bestSoFar(x).filter(([, value]) => !(panel.y.log && value <= 0));
      if (steps.length === 0) return;
      const height = value => Math.min(panel.plot.bottom + 2, panel.y.at(value));
      paint.strokeStyle = css("--ink");
      paint.lineWidth = 1.8;
      paint.beginPath();
      paint.moveTo(panel.x.at(steps[0][0]), height(steps[0][1]));
      steps.forEach(([at, value], i) => {
        if (i > 0) paint.lineTo(panel.x.at(at), height(steps[i - 1][1]));
        paint.lineTo(panel.x.at(at), height(value));
      });
      paint.lineTo(panel.x.at(x.high), height(steps[steps.length - 1][1]));
      paint.stroke();
    }});
  chart.element.classList.add("full");
  addSection("history", "History", "History",
    make("div", {class: "toolbar"},
      select("x", [["order", "trials ended"], ["time", "time"]], "order", value => {
        x = axes[value];
        chart.refresh();
      }), keyOfMarks()), chart.element);
}

function keyOfMarks() {
  const count = state => trials.filter(trial => trial.state === state).length;
  const mark = (text, name) => make("span", {class: "key"}, make("b", {"aria-hidden": "true"}, text), name);
  return make("span", {class: "keys"}, mark("\u2014", "best so far"), mark("\u25cf", "complete"),
    count("pruned") > 0 && mark("\u25bd", "pruned, at its last report"), count("failed") > 0 && mark("\u00d7", "failed"));
}
