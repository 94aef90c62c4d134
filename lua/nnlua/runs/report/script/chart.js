// One chart on two canvases: the lines, and over them what the pointer shows.
//
// A view (shared by all charts): {x, half, logX, logY, range: [low, high] of x or null, clip}.

const DASHES = [[], [5, 3], [1.5, 2.5], [8, 3, 2, 3]];
const DRAG = 6; // pixels before a press is a drag
const READ_OUT = 8; // lines in a read-out
const MANY = 24; // lines from which on each is drawn thin

class Chart extends Panel {
  constructor(spec, view, zoomX) {
    super(spec.title);
    Object.assign(this, {spec, view, zoomX, lines: [], yRange: null, near: null, drag: null});
    this.reset = make("button", {type: "button", class: "icon", hidden: true, title: "Reset the zoom",
      "aria-label": "Reset the zoom of " + spec.title, onclick: () => this.unzoom()}, "\u21ba");
    this.splits = make("span", {class: "splits"});
    this.tools.before(this.splits, this.reset);
    this.listen();
  }

  /** The key to the dashes, if there is more than one kind of line. */
  keyToLines() {
    if (this.spec.members.length < 2) return [];
    return this.spec.members.map(({column: name, split, dash}) => {
      const sample = make("canvas", {width: 44, height: 12, "aria-hidden": "true"});
      const paint = sample.getContext("2d");
      paint.strokeStyle = this.runs.length === 1 ? colourOfLine({run: this.runs[0], dash}) : "#888";
      paint.lineWidth = 3;
      paint.setLineDash(DASHES[dash % DASHES.length].map(n => n * 2));
      paint.moveTo(0, 6);
      paint.lineTo(44, 6);
      paint.stroke();
      return make("span", {class: "split"}, sample, split || name);
    });
  }

  setRuns(list) {
    this.runs = list;
    this.lines = null;
    this.near = null;
    this.refresh();
  }

  // ---- Geometry ----

  xLimits() {
    if (this.view.range) return this.view.range;
    let low = Infinity, high = -Infinity;
    for (const {x} of this.lines) {
      for (let i = 0; i < x.length; i++) {
        if (this.view.logX && x[i] <= 0) continue;
        if (x[i] < low) low = x[i];
        if (x[i] > high) high = x[i];
      }
    }
    return low === high ? padded(low, high, this.view.logX, 0.02)
      : low < high ? [low, high] : padded(low, high, this.view.logX, 0);
  }

  yLimits([from, to]) {
    if (this.yRange) return this.yRange;
    const values = [];
    for (const line of this.lines) {
      for (const {x, y} of line.smooth && this.view.clip ? [line.smooth] : [line]) {
        const start = Math.max(0, lowerBound(x, from) - 1);
        for (let i = start; i < x.length && (i === start || x[i - 1] <= to); i++) {
          if (Number.isFinite(y[i]) && !(this.view.logY && y[i] <= 0)) values.push(y[i]);
        }
      }
    }
    const sorted = Float64Array.from(values).sort();
    const cut = this.view.clip ? Math.floor(sorted.length * 0.02) : 0;
    return padded(sorted[cut], sorted[sorted.length - 1 - cut], this.view.logY, 0.04);
  }

  layout() {
    const xs = this.xLimits(), ys = this.yLimits(xs);
    const paint = this.resize();
    const plot = {top: 8, bottom: this.height - 38, right: this.width - 14};
    this.y = scaleOf(ys[0], ys[1], this.view.logY, plot.bottom, plot.top);
    this.yTicks = ticksOf(this.y, (plot.bottom - plot.top) / 36);
    plot.left = 14 + Math.max(...this.yTicks.map(v => paint.measureText(tickText(v)).width), 16);
    this.x = scaleOf(xs[0], xs[1], this.view.logX, plot.left, plot.right);
    this.xTicks = ticksOf(this.x, (plot.right - plot.left) / 64)
      .filter(value => Number.isInteger(value) || !(this.view.x === null || counters.has(this.view.x)));
    this.plot = plot;
    return paint;
  }

  // ---- Drawing ----

  draw() {
    if (this.lines === null) this.lines = linesOf(this.spec, this.runs, this.view);
    this.splits.replaceChildren(...this.keyToLines());
    const paint = this.layout();
    this.drawAxes(paint, {label: this.view.x === null ? "row" : this.view.x});
    if (this.lines.length === 0) this.drawNote(paint, "no values");
    paint.save();
    paint.beginPath();
    paint.rect(this.plot.left, this.plot.top - 1, this.plot.right - this.plot.left,
      this.plot.bottom - this.plot.top + 2);
    paint.clip();
    const many = this.lines.length > MANY;
    for (const line of this.lines) this.drawLine(paint, line, many ? 1 : 1.6, many ? Math.max(0.35, 0.8 - this.lines.length / 500) : 1);
    paint.restore();
    this.over.setAttribute("aria-label", this.spec.title + " of " + plural(this.runs.length, "run")
      + ": arrow keys read values, + and \u2212 zoom, 0 resets");
    this.reset.hidden = !this.yRange && !this.view.range;
    this.drawOver();
  }

  drawLine(paint, line, width, alpha) {
    paint.strokeStyle = paint.fillStyle = colourOfLine(line);
    paint.lineJoin = "round";
    paint.setLineDash(DASHES[line.dash % DASHES.length]);
    if (line.smooth) {
      paint.globalAlpha = alpha * 0.22;
      paint.lineWidth = 1;
      paint.setLineDash([]);
      this.trace(paint, line.x, line.y, false);
      paint.setLineDash(DASHES[line.dash % DASHES.length]);
    }
    paint.globalAlpha = alpha;
    paint.lineWidth = width;
    const main = line.smooth || line;
    this.trace(paint, main.x, main.y, true);
    paint.setLineDash([]);
    paint.globalAlpha = 1;
  }

  // A curve with gaps where there is nothing to draw; dots where it has few points.
  trace(paint, x, y, dotted) {
    const {low, high} = this.x, first = Math.max(0, lowerBound(x, low) - 1);
    const dots = [];
    let open = false;
    paint.beginPath();
    for (let i = first; i < x.length; i++) {
      const drawable = Number.isFinite(y[i]) && !(this.y.log && y[i] <= 0) && !(this.x.log && x[i] <= 0);
      if (drawable) {
        const px = this.x.at(x[i]), py = Math.max(-1e5, Math.min(1e5, this.y.at(y[i])));
        if (open) paint.lineTo(px, py); else paint.moveTo(px, py);
        dots.push(px, py);
      }
      open = drawable;
      if (x[i] > high) break;
    }
    paint.stroke();
    const few = dotted && dots.length / 2 <= 30 && this.lines.length <= MANY;
    if (!few && dots.length > 2) return;
    for (let i = 0; i < dots.length; i += 2) {
      paint.beginPath();
      paint.arc(dots[i], dots[i + 1], dots.length > 2 ? 2 : 3, 0, 7);
      paint.fill();
    }
  }

  drawOver() {
    const paint = this.over.getContext("2d");
    if (!this.plot) return;
    paint.clearRect(0, 0, this.width, this.height);
    const {left, right, top, bottom} = this.plot;
    paint.save();
    paint.beginPath();
    paint.rect(left, top - 1, right - left, bottom - top + 2);
    paint.clip();
    if (highlighted && this.lines && this.lines.some(line => line.run === highlighted)) {
      const style = getComputedStyle(document.body);
      paint.globalAlpha = 0.6;
      paint.fillStyle = style.getPropertyValue("--ground");
      if (this.lines.length > 2) paint.fillRect(0, 0, this.width, this.height);
      for (const line of this.lines) if (line.run === highlighted) this.drawLine(paint, line, 2.2, 1);
    }
    if (this.near) {
      const x = this.x.at(this.near.x), y = this.y.at(this.near.y);
      paint.strokeStyle = getComputedStyle(document.body).getPropertyValue("--muted");
      paint.setLineDash([2, 3]);
      paint.beginPath();
      paint.moveTo(Math.round(x) + 0.5, top);
      paint.lineTo(Math.round(x) + 0.5, bottom);
      paint.stroke();
      paint.setLineDash([]);
      paint.fillStyle = colourOfLine(this.near.line);
      paint.beginPath();
      paint.arc(x, y, 4, 0, 7);
      paint.fill();
    }
    if (this.drag && this.drag.moved) {
      const {box} = this.drag;
      paint.fillStyle = isDark() ? "rgba(255,255,255,.12)" : "rgba(0,60,140,.10)";
      paint.fillRect(box.x0, box.y0, box.x1 - box.x0, box.y1 - box.y0);
    }
    paint.restore();
  }
}
