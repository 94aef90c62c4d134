// What the trials reported, step by step; the curves of pruned trials end early.

class Curves extends Panel {
  constructor() {
    super(page.metric + " by step");
    this.near = null;
    const at = event => {
      const box = this.over.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    this.over.addEventListener("pointermove", event => this.point(...this.nearest(...at(event))));
    this.over.addEventListener("pointerdown", event => this.point(...this.nearest(...at(event))));
    this.over.addEventListener("pointerleave", () => this.point(null));
    this.over.addEventListener("blur", () => this.point(null));
    this.over.addEventListener("click", () => { if (this.near) showDetails(this.near); });
    this.over.addEventListener("keydown", event => this.key(event));
    on("selection", () => this.refresh());
    on("view", () => this.refresh());
    on("highlight", () => { if (this.visible) this.drawOver(); });
  }

  draw() {
    const paint = this.resize(), {starts, steps, values} = reports;
    const plot = {top: 8, bottom: this.height - 38, right: this.width - 14};
    let low = Infinity, high = 0;
    for (const step of steps) {
      if (step < low) low = step;
      if (step > high) high = step;
    }
    const sorted = sortedValues(values);
    const [from, to] = rangeOf(sorted);
    const vertical = layAxis({kind: "float", low: from, high: to, log: valueView.log}, plot.bottom, plot.top, 36);
    plot.left = 14 + Math.max(16, ...vertical.ticks.map(v => paint.measureText(vertical.text(v)).width));
    const level = layAxis({kind: "integer", low: Math.min(low, high), high}, plot.left, plot.right, 64, 0);
    Object.assign(this, {plot, x: level.scale, y: vertical.scale, xTicks: level.ticks, yTicks: vertical.ticks});
    this.drawAxes(paint, {label: "step"});
    paint.save();
    paint.beginPath();
    paint.rect(plot.left - 3, plot.top - 1, plot.right - plot.left + 6, plot.bottom - plot.top + 2);
    paint.clip();
    const groups = Array.from({length: SHADES}, () => []), others = [], pale = [];
    for (const trial of trials) {
      if (starts[trial.index] === starts[trial.index + 1]) continue;
      if (!selected[trial.index]) pale.push(trial.index);
      else if (trial.state === "complete") groups[shadeOf(goodness(trial.value))].push(trial.index);
      else others.push(trial.index);
    }
    const count = trials.length, alpha = count > 2000 ? 0.25 : count > 300 ? 0.45 : count > 50 ? 0.7 : 0.9;
    const every = Math.ceil(pale.length / 1000);
    this.stroke(paint, pale.filter((_, i) => i % every === 0), grey(), 0.1);
    this.stroke(paint, others, grey(), alpha * 0.7);
    if (count <= 2000) for (const i of others) this.end(paint, i);
    const colours = shadeColours();
    groups.forEach((group, k) => this.stroke(paint, group, colours[isDark() ? k : SHADES - 1 - k], alpha));
    paint.restore();
    paint.globalAlpha = 1;
    this.over.setAttribute("aria-label", "Reports of " + plural(selectedCount, "trial") + ": arrow keys go from trial to trial, Enter shows one");
    this.drawOver();
  }

  trace(paint, i) {
    const {starts, steps, values} = reports, {top, bottom} = this.plot;
    let open = false;
    for (let k = starts[i]; k < starts[i + 1]; k++) {
      const drawable = Number.isFinite(values[k]) && !(this.y.log && values[k] <= 0);
      if (drawable) {
        const x = this.x.at(steps[k]), y = Math.max(top - 50, Math.min(bottom + 50, this.y.at(values[k])));
        if (open) paint.lineTo(x, y);
        else { paint.moveTo(x, y); paint.lineTo(x + 0.1, y); }
      }
      open = drawable;
    }
  }

  stroke(paint, list, colour, alpha) {
    paint.strokeStyle = colour;
    paint.lineWidth = 1.2;
    paint.globalAlpha = alpha;
    for (let first = 0; first < list.length; first += 20) {
      paint.beginPath();
      for (const i of list.slice(first, first + 20)) this.trace(paint, i);
      paint.stroke();
    }
  }

  // A mark where a curve stops short.
  end(paint, i) {
    const last = reports.starts[i + 1] - 1, value = reports.values[last];
    if (!Number.isFinite(value) || (this.y.log && value <= 0)) return;
    paint.fillStyle = grey();
    paint.beginPath();
    paint.arc(this.x.at(reports.steps[last]), this.y.at(value), 2, 0, 7);
    paint.fill();
  }

  drawOver() {
    if (!this.plot) return;
    const paint = this.over.getContext("2d");
    paint.clearRect(0, 0, this.width, this.height);
    if (!highlighted) return;
    for (const [colour, width] of [[css("--ground"), 5], [css("--ink"), 2.2]]) {
      paint.strokeStyle = colour;
      paint.lineWidth = width;
      paint.beginPath();
      this.trace(paint, highlighted.index);
      paint.stroke();
    }
  }

  // ---- Pointer and keys ----

  // The selected trial whose report is nearest, and the place of the report.
  nearest(x, y) {
    if (!this.plot) return [null];
    const {starts, steps, values} = reports, step = this.x.of(x);
    let best = REACH, near = null, place = 0;
    for (const trial of trials) {
      const from = starts[trial.index], to = starts[trial.index + 1];
      if (from === to || !selected[trial.index]) continue;
      let a = from, b = to;
      while (a < b) {
        const middle = (a + b) >> 1;
        if (steps[middle] < step) a = middle + 1; else b = middle;
      }
      for (const k of [a - 1, a]) {
        if (k < from || k >= to) continue;
        const distance = Math.hypot(this.x.at(steps[k]) - x, this.y.at(values[k]) - y);
        if (distance < best) { best = distance; near = trial; place = k; }
      }
    }
    return [near, place];
  }

  point(trial, place) {
    this.near = trial;
    highlight(trial);
    this.readout.hidden = !trial;
    if (!trial) return;
    this.readout.replaceChildren(make("div", {class: "at"}, "step " + formatNumber(reports.steps[place]) + ": "
      + formatNumber(reports.values[place])), ...readoutOf(trial));
    this.place(this.x.at(reports.steps[place]), this.plot.top);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = {ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1}[event.key], {starts} = reports;
    if (event.key === "Enter" && this.near) showDetails(this.near);
    else if (event.key === "Escape") this.point(null);
    else if (step) {
      const list = trials.filter(trial => selected[trial.index] && starts[trial.index] < starts[trial.index + 1]);
      if (list.length === 0) return;
      const now = this.near ? list.indexOf(this.near) : step > 0 ? -1 : list.length;
      const next = list[Math.max(0, Math.min(list.length - 1, now + step))];
      this.point(next, starts[next.index + 1] - 1);
    } else return;
    event.preventDefault();
  }
}

function addCurves() {
  if (reports.values.length === 0) return;
  const chart = new Curves();
  chart.element.classList.add("full");
  addSection("curves", "Reports", "Reports", chart.element, scaleOfColours(),
    make("p", {class: "hint"}, "Colours: the value a trial came to in the end; grey: pruned, failed or still running."
      + (page.reports.thinned ? " Long curves show at most about " + page.reports.most + " of their reports, the extremes among them." : "")));
}
