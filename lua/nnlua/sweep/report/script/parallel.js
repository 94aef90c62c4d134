// Parallel coordinates: a line for each trial across one axis per parameter and one of the metric.
//
// A brush on an axis selects the trials whose lines pass through it, on the whole page. A trial
// without a parameter passes below its axis.

const NEEDED = 88; // pixels for an axis; on less the picture scrolls
const LEAST_BRUSH = 4;

class Parallel extends Panel {
  constructor() {
    super("parameters and " + page.metric);
    this.axes = [...parameters, metricAxis];
    this.focus = -1; // the axis that keys act on
    this.frame.style.minWidth = NEEDED * this.axes.length + "px";
    const at = event => {
      const box = this.over.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    this.over.addEventListener("pointermove", event => this.move(...at(event)));
    this.over.addEventListener("pointerdown", event => this.press(event, ...at(event)));
    this.over.addEventListener("pointerup", () => this.release());
    this.over.addEventListener("pointercancel", () => { this.drag = null; });
    this.over.addEventListener("pointerleave", () => { if (!this.drag) this.point(null); });
    this.over.addEventListener("keydown", event => this.key(event));
    this.over.addEventListener("focus", () => { if (this.focus < 0) this.focus = 0; this.drawOver(); });
    this.over.addEventListener("blur", () => { this.focus = -1; this.point(null); this.drawOver(); });
    on("selection", () => this.refresh());
    on("view", () => { this.pale = null; this.refresh(); });
    on("highlight", () => { if (this.visible) this.drawOver(); });
  }

  draw() {
    const paint = this.resize(), {width, height} = this, n = this.axes.length;
    const plot = {top: 34, bottom: height - 34, left: 46, right: width - 46};
    if (this.pale && (this.pale.width !== this.canvas.width || this.pale.height !== this.canvas.height)) this.pale = null;
    this.plot = plot;
    this.spacing = n > 1 ? (plot.right - plot.left) / (n - 1) : 0;
    this.places = this.axes.map((_, i) => plot.left + i * this.spacing);
    this.laid = this.axes.map(axis => layAxis(axis, plot.bottom, plot.top, 36, 0));
    this.y = this.axes.map((axis, i) => this.column(axis, this.laid[i].scale));
    if (!this.pale) this.drawPale(paint.font);
    paint.save();
    paint.setTransform(1, 0, 0, 1, 0, 0);
    paint.drawImage(this.pale, 0, 0);
    paint.restore();
    this.drawSelected(paint);
    this.drawAllAxes(paint);
    this.over.setAttribute("aria-label", "Parallel coordinates of " + plural(selectedCount, "selected trial")
      + ": left and right choose an axis, up and down move a brush on it, with Shift they stretch it, Delete clears it, Escape all");
    this.drawOver();
  }

  // Where each trial's line crosses an axis.
  column(axis, scale) {
    const {top, bottom} = this.plot, out = new Float32Array(trials.length);
    for (let i = 0; i < out.length; i++) {
      const x = axis.x[i];
      out[i] = Number.isNaN(x) || (scale.log && x <= 0) ? bottom + 18 : Math.max(top - 4, Math.min(bottom + 4, scale.at(x)));
    }
    return out;
  }

  trace(paint, i) {
    const {places, y} = this;
    paint.moveTo(places[0], y[0][i]);
    for (let k = 1; k < places.length; k++) paint.lineTo(places[k], y[k][i]);
  }

  isDrawn(trial) {
    return trial.state === "complete" || trial.state === "pruned";
  }

  // All trials, pale, once: what a brush leaves unselected.
  drawPale() {
    this.pale = document.createElement("canvas");
    this.pale.width = this.canvas.width;
    this.pale.height = this.canvas.height;
    const paint = this.pale.getContext("2d"), ratio = devicePixelRatio || 1;
    paint.setTransform(ratio, 0, 0, ratio, 0, 0);
    paint.strokeStyle = grey();
    paint.lineWidth = 1;
    paint.globalAlpha = trials.length > 1000 ? 0.05 : 0.15;
    const every = Math.ceil(trials.length / 2000);
    for (let i = 0; i < trials.length; i += every) {
      if (!this.isDrawn(trials[i])) continue;
      paint.beginPath();
      this.trace(paint, i);
      paint.stroke();
    }
  }

  // Shade by shade, the best last; pruned ones below all.
  drawSelected(paint) {
    const colours = shadeColours(), groups = Array.from({length: SHADES}, () => []), below = [];
    for (const trial of trials) {
      if (!selected[trial.index] || !this.isDrawn(trial)) continue;
      if (trial.state === "pruned") below.push(trial.index);
      else groups[shadeOf(goodness(trial.value))].push(trial.index);
    }
    const count = below.length + groups.reduce((sum, group) => sum + group.length, 0);
    const alpha = count > 2000 ? Math.max(0.04, 300 / count) : count > 800 ? 0.3 : count > 100 ? 0.65 : 0.85;
    paint.lineJoin = "round";
    const stroke = (list, colour, width, strength) => {
      paint.strokeStyle = colour;
      paint.lineWidth = width;
      paint.globalAlpha = strength;
      for (let first = 0; first < list.length; first += 50) {
        paint.beginPath();
        for (const i of list.slice(first, first + 50)) this.trace(paint, i);
        paint.stroke();
      }
    };
    stroke(below, grey(), 1, alpha * 0.5);
    groups.forEach((group, k) => {
      const good = k / (SHADES - 1);
      stroke(group, colours[isDark() ? k : SHADES - 1 - k], count > 800 ? 1 : 1.4, Math.min(1, alpha * (0.6 + 0.7 * good)));
    });
    paint.globalAlpha = 1;
  }

  drawAllAxes(paint) {
    const {top, bottom} = this.plot, ink = css("--ink"), muted = css("--muted"), ground = css("--ground");
    this.axes.forEach((axis, k) => {
      const x = Math.round(this.places[k]) + 0.5, {scale, ticks, text} = this.laid[k];
      paint.strokeStyle = muted;
      paint.lineWidth = 1;
      paint.beginPath();
      paint.moveTo(x, top);
      paint.lineTo(x, bottom);
      paint.stroke();
      const right = k === this.axes.length - 1;
      paint.textAlign = right ? "left" : "right";
      paint.textBaseline = "middle";
      const halo = (words, px, py, colour) => {
        paint.lineWidth = 3;
        paint.lineJoin = "round";
        paint.strokeStyle = ground;
        paint.strokeText(words, px, py);
        paint.fillStyle = colour;
        paint.fillText(words, px, py);
      };
      for (const value of ticks) {
        const y = scale.at(value);
        if (y < top - 1 || y > bottom + 1) continue;
        paint.fillStyle = muted;
        paint.fillRect(x - 3, Math.round(y), 6, 1);
        halo(shortened(text(value), Math.max(6, Math.floor(this.spacing / 8))), x + (right ? 6 : -6), y, muted);
      }
      if (axis.x.some(Number.isNaN) && axis !== metricAxis) halo("none", x - 6, bottom + 18, muted);
      paint.textAlign = k === 0 ? "left" : right ? "right" : "center";
      paint.font = "600 " + paint.font.replace(/^600 /, "");
      const most = Math.max(8, Math.floor(this.spacing / 7.5));
      halo(shortened(axis.name, most), k === 0 ? Math.max(2, x - 40) : right ? Math.min(this.width - 2, x + 40) : x, 12, ink);
      paint.font = paint.font.replace(/^(600|bold) /, "");
    });
  }

  drawOver() {
    if (!this.plot) return;
    const paint = this.over.getContext("2d"), accent = css("--accent");
    paint.clearRect(0, 0, this.width, this.height);
    const pending = this.drag && this.drag.moved ? [[this.axes[this.drag.axis], this.drag.range]] : [];
    for (const [axis, [low, high]] of [...brushes, ...pending]) {
      const k = this.axes.indexOf(axis), {scale} = this.laid[k];
      const [a, b] = [scale.at(high), scale.at(low)].map(y => Math.max(this.plot.top - 4, Math.min(this.plot.bottom + 4, y)));
      paint.fillStyle = accent;
      paint.globalAlpha = 0.28;
      paint.fillRect(this.places[k] - 9, a, 18, b - a);
      paint.globalAlpha = 1;
      paint.strokeStyle = accent;
      paint.lineWidth = 1.2;
      paint.strokeRect(this.places[k] - 9, a, 18, b - a);
    }
    if (this.focus >= 0) {
      paint.strokeStyle = accent;
      paint.lineWidth = 2;
      paint.beginPath();
      paint.moveTo(this.places[this.focus], this.plot.top);
      paint.lineTo(this.places[this.focus], this.plot.bottom);
      paint.stroke();
    }
    if (highlighted && this.isDrawn(highlighted)) {
      for (const [colour, width] of [[css("--ground"), 6], [css("--ink"), 2.4]]) {
        paint.strokeStyle = colour;
        paint.lineWidth = width;
        paint.beginPath();
        this.trace(paint, highlighted.index);
        paint.stroke();
      }
    }
  }

  // ---- Pointer ----

  axisAt(x) {
    return this.spacing === 0 ? 0 : Math.max(0, Math.min(this.axes.length - 1, Math.round((x - this.plot.left) / this.spacing)));
  }

  // The selected trial whose line is nearest at x.
  nearest(x, y) {
    const k = Math.max(0, Math.min(this.axes.length - 2, Math.floor((x - this.plot.left) / (this.spacing || 1))));
    const part = this.spacing ? (x - this.places[k]) / this.spacing : 0, from = this.y[k], to = this.y[k + 1] || from;
    let best = 14, near = null;
    for (const trial of trials) {
      const i = trial.index, distance = Math.abs(from[i] + part * (to[i] - from[i]) - y);
      if (distance < best && selected[i] && this.isDrawn(trial)) { best = distance; near = trial; }
    }
    return near;
  }

  point(trial, x = 0) {
    this.near = trial;
    highlight(trial);
    this.readout.hidden = !trial;
    if (!trial) return;
    this.readout.replaceChildren(...readoutOf(trial));
    this.place(x, this.plot.top);
  }

  press(event, x, y) {
    if (event.button !== 0 || !this.plot) return;
    const axis = this.axisAt(x), value = this.laid[axis].scale.of(y);
    if (Math.abs(x - this.places[axis]) > 22) {
      const trial = this.nearest(x, y);
      if (trial) showDetails(trial);
      return;
    }
    this.over.setPointerCapture(event.pointerId);
    this.drag = {axis, y, moved: false, range: [value, value]};
  }

  move(x, y) {
    if (!this.plot) return;
    if (!this.drag) {
      const axis = this.axisAt(x);
      this.over.style.cursor = Math.abs(x - this.places[axis]) <= 22 ? "ns-resize" : "pointer";
      return this.point(this.nearest(x, y), x);
    }
    const {drag} = this, {scale} = this.laid[drag.axis], {top, bottom} = this.plot;
    drag.moved = drag.moved || Math.abs(y - drag.y) >= LEAST_BRUSH;
    if (!drag.moved) return;
    const inside = v => Math.max(top - 3, Math.min(bottom + 3, v));
    drag.range = [scale.of(inside(Math.max(y, drag.y))), scale.of(inside(Math.min(y, drag.y)))];
    this.readout.hidden = true;
    this.drawOver();
  }

  release() {
    const {drag} = this;
    this.drag = null;
    if (drag) setBrush(this.axes[drag.axis], drag.moved ? drag.range : null);
  }

  // ---- Keys ----

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || this.focus < 0 || !this.plot) return;
    const turn = {ArrowLeft: -1, ArrowRight: 1}[event.key], step = {ArrowUp: -1, ArrowDown: 1}[event.key];
    const axis = this.axes[this.focus];
    if (turn) this.focus = Math.max(0, Math.min(this.axes.length - 1, this.focus + turn));
    else if (step) this.moveBrush(axis, step, event.shiftKey);
    else if (event.key === "Delete" || event.key === "Backspace") setBrush(axis, null);
    else if (event.key === "Escape") clearBrushes();
    else return;
    event.preventDefault();
    this.drawOver();
  }

  // By a step of the axis: a value of a choice, else a tenth. The first press puts it at that end.
  moveBrush(axis, step, stretch) {
    const {scale} = this.laid[this.focus], {top, bottom} = this.plot;
    const size = axis.kind === "choice" ? (bottom - top) / axis.values.length : (bottom - top) / 10;
    const brush = brushes.get(axis);
    let [a, b] = brush ? [scale.at(brush[1]), scale.at(brush[0])]
      : step < 0 ? [bottom - size, bottom] : [top, top + size];
    if (brush && stretch) b += step * size;
    else if (brush) [a, b] = [a + step * size, b + step * size];
    a = Math.max(top, Math.min(bottom - 2, a));
    b = Math.max(a + 2, Math.min(bottom, b));
    setBrush(axis, [scale.of(b + 0.5), scale.of(a - 0.5)]);
  }
}

function clearBrushes() {
  brushes.clear();
  selectionChanged();
}

function addParallel() {
  if (parameters.length === 0) return;
  const chart = new Parallel();
  chart.element.classList.add("full", "parallel");
  const scroll = make("div", {class: "scroll"}, chart.frame);
  chart.element.append(scroll);
  addSection("parallel", "Parallel coordinates", "Parallel", chart.element, scaleOfColours(),
    make("p", {class: "hint"}, "Drag along an axis to select trials on the whole page; press on it to clear. Colours: "
      + page.metric + "; grey: pruned."));
}

/** What the colours of values mean. */
function scaleOfColours() {
  const bar = make("span", {class: "ramp", "aria-hidden": "true"}), low = make("span"), high = make("span");
  const element = make("p", {class: "ramps"}, low, bar, high);
  const show = () => {
    const [worst, best] = sign > 0 ? [metricAxis.high, metricAxis.low] : [metricAxis.low, metricAxis.high];
    element.hidden = Number.isNaN(best);
    low.textContent = (valueView.clip ? "worse than " : "worst ") + formatNumber(worst, 4);
    high.textContent = "best " + formatNumber(best, 4);
    const colours = shadeColours();
    bar.style.background = "linear-gradient(to right," + (isDark() ? colours : [...colours].reverse()).join(",") + ")";
  };
  on("view", show);
  show();
  return element;
}
