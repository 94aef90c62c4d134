// Points of trials between two axes.
//
// spec: {x(), y(): axes; colour(trial): of a complete one; under(paint), above(paint): what is drawn
// with the points; size: of a point}. What is not selected is pale; pruned trials are grey triangles.

const REACH = 28; // pixels from the pointer to a point that it reads

function shortened(text, most) {
  return text.length > most ? text.slice(0, most - 1) + "\u2026" : text;
}

/** {scale, ticks, text} of an axis between two pixels. */
function layAxis(axis, from, to, spacing, pad = 0.04) {
  if (axis.kind === "choice") {
    const most = Math.max(4, Math.floor(Math.abs(to - from) / axis.values.length / 6.5));
    return {scale: scaleOf(axis.low, axis.high, false, from, to), ticks: axis.values.map((_, i) => i),
            text: i => shortened(axis.values[i], spacing < 40 ? 14 : most)};
  }
  const log = Boolean(axis.log) && axis.low > 0;
  const [low, high] = padded(axis.low, axis.high, log, pad);
  const scale = scaleOf(low, high, log, from, to);
  let ticks = ticksOf(scale, Math.abs(to - from) / spacing);
  if (axis.kind === "integer") ticks = ticks.filter(Number.isInteger);
  return {scale, ticks, text: tickText};
}

class Scatter extends Panel {
  constructor(title, spec) {
    super(title);
    this.spec = spec;
    this.px = new Float32Array(trials.length).fill(NaN);
    this.py = new Float32Array(trials.length);
    const at = event => {
      const box = this.over.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    this.over.addEventListener("pointermove", event => this.point(this.nearest(...at(event))));
    this.over.addEventListener("pointerdown", event => this.point(this.nearest(...at(event))));
    this.over.addEventListener("pointerleave", () => this.point(null));
    this.over.addEventListener("click", () => { if (this.near) showDetails(this.near); });
    this.over.addEventListener("keydown", event => this.key(event));
    this.over.addEventListener("blur", () => this.point(null));
    on("selection", () => this.refresh());
    on("view", () => this.refresh());
    on("highlight", () => { if (this.visible) this.drawOver(); });
  }

  draw() {
    const {spec} = this, x = spec.x(), y = spec.y(), paint = this.resize();
    const plot = {top: 8, bottom: this.height - 38, right: this.width - 14};
    const vertical = layAxis(y, plot.bottom, plot.top, 36);
    this.yTicks = vertical.ticks;
    plot.left = 14 + Math.max(16, ...vertical.ticks.map(v => paint.measureText(vertical.text(v)).width));
    const level = layAxis(x, plot.left, plot.right, 64, 0.03);
    Object.assign(this, {plot, x: level.scale, y: vertical.scale, xTicks: level.ticks});
    this.drawAxes(paint, {label: x.label || x.name, xText: level.text, yText: vertical.text});
    paint.save();
    paint.beginPath();
    paint.rect(plot.left - 4, plot.top - 4, plot.right - plot.left + 8, plot.bottom - plot.top + 8);
    paint.clip();
    if (spec.under) spec.under(paint, this);
    const shown = this.drawPoints(paint, x, y);
    if (spec.above) spec.above(paint, this);
    paint.restore();
    if (shown === 0) this.drawNote(paint, trials.length === 0 ? "no trials yet" : "no trials with a value");
    this.over.setAttribute("aria-label", this.title + ", " + plural(shown, "trial")
      + ": arrow keys go from trial to trial, Enter shows one");
    this.drawOver();
  }

  drawPoints(paint, x, y) {
    const {px, py, plot} = this, size = this.spec.size || (trials.length > 3000 ? 1.6 : trials.length > 400 ? 2.2 : 3.2);
    const choice = x.kind === "choice", choiceY = y.kind === "choice";
    const jitter = i => ((i * 0.61803398875) % 1 - 0.5) * 0.5;
    const groups = [[], []];
    let shown = 0;
    for (const trial of trials) {
      const i = trial.index;
      px[i] = NaN;
      if (trial.state !== "complete" && trial.state !== "pruned" && !(trial.state === "failed" && this.spec.failed)) continue;
      const vx = x.x[i], vy = trial.state === "failed" ? NaN : y.x[i];
      if (Number.isNaN(vx) || (this.x.log && vx <= 0)) continue;
      if (trial.state === "failed") py[i] = plot.bottom - 2;
      else if (!Number.isFinite(vy) || (this.y.log && vy <= 0)) continue;
      else py[i] = Math.max(plot.top - 2, Math.min(plot.bottom + 2, this.y.at(vy + (choiceY ? jitter(i * 7 + 3) : 0))));
      px[i] = this.x.at(vx + (choice ? jitter(i) : 0));
      groups[selected[i]].push(trial);
      shown++;
    }
    paint.globalAlpha = 0.18;
    paint.fillStyle = paint.strokeStyle = grey();
    for (const trial of groups[0]) this.mark(paint, trial, size, null);
    paint.globalAlpha = trials.length > 1500 ? 0.7 : 0.9;
    for (const trial of groups[1]) if (trial.state !== "complete") this.mark(paint, trial, size, trial.state === "failed" ? css("--bad") : grey());
    for (const trial of groups[1]) if (trial.state === "complete") this.mark(paint, trial, size, this.spec.colour(trial));
    paint.globalAlpha = 1;
    return shown;
  }

  mark(paint, trial, size, colour) {
    const x = this.px[trial.index], y = this.py[trial.index];
    if (colour) paint.fillStyle = paint.strokeStyle = colour;
    paint.beginPath();
    if (trial.state === "complete") {
      paint.arc(x, y, size, 0, 7);
      paint.fill();
      return;
    }
    paint.lineWidth = 1.2;
    if (trial.state === "failed") {
      paint.moveTo(x - size, y - size);
      paint.lineTo(x + size, y + size);
      paint.moveTo(x - size, y + size);
      paint.lineTo(x + size, y - size);
    } else {
      paint.moveTo(x - size, y - size * 0.8);
      paint.lineTo(x + size, y - size * 0.8);
      paint.lineTo(x, y + size);
      paint.closePath();
    }
    paint.stroke();
  }

  drawOver() {
    if (!this.plot) return;
    const paint = this.over.getContext("2d");
    paint.clearRect(0, 0, this.width, this.height);
    if (!highlighted || Number.isNaN(this.px[highlighted.index])) return;
    paint.strokeStyle = css("--ink");
    paint.lineWidth = 2;
    paint.beginPath();
    paint.arc(this.px[highlighted.index], this.py[highlighted.index], 6, 0, 7);
    paint.stroke();
  }

  // ---- Pointer and keys ----

  nearest(x, y) {
    let best = REACH * REACH, near = null;
    for (const trial of trials) {
      const i = trial.index, dx = this.px[i] - x, dy = this.py[i] - y, distance = dx * dx + dy * dy;
      if (selected[i] && distance < best) { best = distance; near = trial; }
    }
    return near;
  }

  point(trial) {
    this.near = trial;
    highlight(trial);
    this.readout.hidden = !trial;
    if (!trial) return;
    this.readout.replaceChildren(...readoutOf(trial));
    this.place(this.px[trial.index], this.plot.top);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = {ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1}[event.key];
    if (event.key === "Enter" && this.near) showDetails(this.near);
    else if (event.key === "Escape") this.point(null);
    else if (step) {
      const list = trials.filter(trial => selected[trial.index] && !Number.isNaN(this.px[trial.index]))
        .sort((a, b) => this.px[a.index] - this.px[b.index] || a.index - b.index);
      if (list.length === 0) return;
      const now = this.near ? list.indexOf(this.near) : step > 0 ? -1 : list.length;
      this.point(list[Math.max(0, Math.min(list.length - 1, now + step * (event.shiftKey ? 10 : 1)))]);
    } else return;
    event.preventDefault();
  }
}
