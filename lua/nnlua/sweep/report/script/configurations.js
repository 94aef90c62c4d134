// Several seeds per configuration: means with their 95% intervals, against a parameter or by rank.

const configurations = (packed => {
  const number = numbersOf(packed.number, Uint32Array), mean = numbersOf(packed.mean, Float64Array);
  const half = numbersOf(packed.half, Float64Array), count = numbersOf(packed.count, Uint32Array);
  const first = new Map();
  for (const trial of trials) if (!first.has(trial.configuration)) first.set(trial.configuration, trial);
  return Array.from(number, (n, i) => ({index: i, number: n, mean: mean[i], half: half[i], count: count[i], trial: first.get(n)}));
})(page.configurations);

class Intervals extends Panel {
  constructor(axis) {
    super("mean " + page.metric + " and 95% interval");
    this.axis = axis; // null: by rank
    this.near = null;
    const at = event => event.clientX - this.over.getBoundingClientRect().left;
    for (const name of ["pointermove", "pointerdown"]) this.over.addEventListener(name, event => this.point(this.nearest(at(event))));
    for (const name of ["pointerleave", "blur"]) this.over.addEventListener(name, () => this.point(null));
    this.over.addEventListener("keydown", event => this.key(event));
    on("selection", () => this.refresh());
    on("view", () => this.refresh());
  }

  // The configurations with a selected trial, from left to right.
  shown() {
    const live = new Set();
    for (const trial of trials) if (selected[trial.index]) live.add(trial.configuration);
    const list = configurations.filter(one => live.has(one.number) && !(valueView.log && one.mean <= 0)
      && (!this.axis || !Number.isNaN(this.axis.x[one.trial.index])));
    const place = one => this.axis ? this.axis.x[one.trial.index] : sign * one.mean;
    list.sort((a, b) => place(a) - place(b) || a.number - b.number);
    list.forEach((one, i) => { one.x = this.axis ? this.axis.x[one.trial.index] : i + 1; });
    return list;
  }

  draw() {
    const paint = this.resize(), list = this.list = this.shown();
    const plot = {top: 8, bottom: this.height - 38, right: this.width - 14};
    const ends = list.flatMap(one => Number.isNaN(one.half) ? [one.mean] : [one.mean - one.half, one.mean + one.half]);
    const sorted = sortedValues(ends);
    const vertical = layAxis({kind: "float", low: sorted[0], high: sorted[sorted.length - 1], log: valueView.log}, plot.bottom, plot.top, 36);
    plot.left = 14 + Math.max(16, ...vertical.ticks.map(v => paint.measureText(vertical.text(v)).width));
    const level = layAxis(this.axis || {kind: "integer", low: 1, high: Math.max(list.length, 1)}, plot.left, plot.right, 64, 0.03);
    Object.assign(this, {plot, x: level.scale, y: vertical.scale, xTicks: level.ticks, yTicks: vertical.ticks});
    this.drawAxes(paint, {label: this.axis ? this.axis.name : "rank", xText: level.text});
    if (list.length === 0) this.drawNote(paint, "no configurations");
    const low = v => valueView.log && v <= 0 ? plot.bottom : this.y.at(v);
    paint.strokeStyle = paint.fillStyle = css("--accent");
    const alone = this.axis && this.axis.kind !== "choice" && list.every((one, i) => i === 0 || one.x !== list[i - 1].x);
    if (alone && parameters.length === 1) {
      paint.globalAlpha = 0.45;
      paint.lineWidth = 1.5;
      paint.beginPath();
      for (const one of list) paint.lineTo(this.x.at(one.x), this.y.at(one.mean));
      paint.stroke();
      paint.globalAlpha = 1;
    }
    const many = list.length > 300, cap = many ? 0 : 4;
    for (const one of list) {
      const x = this.x.at(one.x), y = this.y.at(one.mean);
      paint.lineWidth = many ? 1 : 1.5;
      paint.globalAlpha = many ? 0.4 : 0.8;
      if (!Number.isNaN(one.half)) {
        const a = low(one.mean - one.half), b = this.y.at(one.mean + one.half);
        paint.beginPath();
        paint.moveTo(x, a);
        paint.lineTo(x, b);
        for (const end of cap ? [a, b] : []) { paint.moveTo(x - cap, end); paint.lineTo(x + cap, end); }
        paint.stroke();
      }
      paint.globalAlpha = 1;
      paint.beginPath();
      paint.arc(x, y, many ? 1.6 : 3.2, 0, 7);
      paint.fill();
    }
    this.over.setAttribute("aria-label", "Means of " + plural(list.length, "configuration") + ": arrow keys go from one to the next");
    this.drawOver();
  }

  drawOver() {
    if (!this.plot) return;
    const paint = this.over.getContext("2d");
    paint.clearRect(0, 0, this.width, this.height);
    if (!this.near) return;
    paint.strokeStyle = css("--ink");
    paint.lineWidth = 2;
    paint.beginPath();
    paint.arc(this.x.at(this.near.x), this.y.at(this.near.mean), 6, 0, 7);
    paint.stroke();
  }

  nearest(x) {
    let near = null;
    for (const one of this.list || []) if (!near || Math.abs(this.x.at(one.x) - x) < Math.abs(this.x.at(near.x) - x)) near = one;
    return near;
  }

  point(one) {
    this.near = one;
    this.readout.hidden = !one;
    this.drawOver();
    if (!one) return;
    const line = (name, text, more) => make("div", {class: "entry" + (more || "")}, make("span", {class: "who"}, name), make("span", {class: "value"}, text));
    this.readout.replaceChildren(make("div", {class: "at"}, "configuration " + one.number + ", " + plural(one.count, "complete trial")),
      line(page.metric, formatNumber(one.mean) + (Number.isNaN(one.half) ? "" : " \u00b1 " + formatNumber(one.half, 3)), " nearest"),
      ...parameters.filter(axis => !Number.isNaN(axis.x[one.trial.index])).slice(0, 12).map(axis => line(axis.name, textOn(axis, one.trial.index))));
    this.place(this.x.at(one.x), this.plot.top);
  }

  key(event) {
    const step = {ArrowLeft: -1, ArrowRight: 1}[event.key], list = this.list || [];
    if (event.key === "Escape") this.point(null);
    else if (step && list.length > 0) {
      const now = this.near ? list.indexOf(this.near) : step > 0 ? -1 : list.length;
      this.point(list[Math.max(0, Math.min(list.length - 1, now + step))]);
    } else return;
    event.preventDefault();
  }
}

function addConfigurations() {
  if (page.seeds === 1 || configurations.length === 0) return;
  const first = ((page.importance.shares || [])[0] || [])[0];
  const axis = parameters.find(one => one.name === first) || parameters[0] || null;
  const chart = new Intervals(axis);
  chart.element.classList.add("full");
  addSection("seeds", "Over " + page.seeds + " seeds", "Seeds",
    make("div", {class: "toolbar"}, select("x", [...parameters.map(one => [one.name, one.name]), ["", "rank"]], axis ? axis.name : "", name => {
      chart.axis = parameters.find(one => one.name === name) || null;
      chart.near = null;
      chart.refresh();
    })), chart.element,
    make("p", {class: "hint"}, "The mean of each configuration's complete trials; bars: 95% confidence interval of the mean, by Student\u2019s t."));
}
