// What a chart does under pointer and keys: the read-out of the nearest values, and zooming.

// The point of a line nearest to x, as {line, x, y}, or null where it has none.
function pointNear(line, x) {
  const at = lowerBound(line.x, x);
  let best = null;
  for (let i = Math.max(0, at - 2); i < Math.min(line.x.length, at + 2); i++) {
    if (!Number.isFinite(line.y[i])) continue;
    if (best === null || Math.abs(line.x[i] - x) < Math.abs(line.x[best] - x)) best = i;
  }
  return best === null ? null : {line, index: best, x: line.x[best], y: line.y[best]};
}

/** The smoothed value at x, or null. */
function smoothNear(line, x) {
  if (!line.smooth) return null;
  const {x: xs, y} = line.smooth, at = Math.min(lowerBound(xs, x), xs.length - 1);
  return at > 0 && x - xs[at - 1] < xs[at] - x ? y[at - 1] : y[at];
}

Object.assign(Chart.prototype, {
  listen() {
    const over = this.over, at = event => {
      const box = over.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    over.addEventListener("pointermove", event => this.move(...at(event)));
    over.addEventListener("pointerdown", event => {
      if (event.button !== 0 || !this.plot) return;
      const [x, y] = at(event);
      this.drag = {x, y, moved: false};
      over.setPointerCapture(event.pointerId);
      this.move(x, y);
    });
    over.addEventListener("pointerup", () => this.release());
    over.addEventListener("pointercancel", () => { this.drag = null; this.leave(); });
    over.addEventListener("pointerleave", () => { if (!this.drag) this.leave(); });
    over.addEventListener("dblclick", () => this.unzoom());
    over.addEventListener("keydown", event => this.key(event));
    over.addEventListener("blur", () => this.leave());
  },

  // ---- Read-out ----

  move(x, y) {
    if (!this.plot || !this.lines) return;
    if (this.drag) return this.dragTo(x, y);
    const value = this.x.of(Math.max(this.plot.left, Math.min(this.plot.right, x)));
    let best = Infinity, near = null;
    for (const line of this.lines) {
      const point = pointNear(line, value);
      if (!point) continue;
      const dx = this.x.at(point.x) - x, dy = this.y.at(point.y) - y;
      const distance = Math.abs(dy) + 2 * Math.abs(dx);
      if (distance < best) { best = distance; near = point; }
    }
    this.show(near);
  },

  show(near) {
    this.near = near;
    highlight(near ? near.line.run : null);
    this.drawOver();
    this.readout.hidden = !near;
    if (!near) return;
    const points = this.lines.map(line => pointNear(line, near.x)).filter(point => point !== null);
    points.sort((a, b) => (b.line === near.line) - (a.line === near.line)
      || Math.abs(this.y.at(a.y) - this.y.at(near.y)) - Math.abs(this.y.at(b.y) - this.y.at(near.y)));
    const shown = points.slice(0, READ_OUT).sort((a, b) => b.y - a.y);
    this.readout.replaceChildren(
      make("div", {class: "at"}, (this.view.x === null ? "row" : this.view.x) + " " + formatNumber(near.x)),
      ...shown.map(point => this.readoutLine(point, near)),
      points.length > shown.length ? make("div", {class: "rest"}, "and " + plural(points.length - shown.length, "more line")) : "");
    this.place(this.x.at(near.x), this.plot.top);
  },

  readoutLine(point, near) {
    const {line} = point, smooth = smoothNear(line, point.x);
    const swatch = make("span", {class: "swatch", "aria-hidden": "true"});
    swatch.style.background = colourOfLine(line);
    return make("div", {class: line === near.line ? "entry nearest" : "entry"}, swatch,
      make("span", {class: "who"}, line.run.label + (line.split ? " " + line.split : "")),
      make("span", {class: "value"}, formatNumber(point.y)),
      smooth !== null && make("span", {class: "aside"}, "\u2248 " + formatNumber(smooth, 4)),
      point.x !== near.x && make("span", {class: "aside"}, "at " + formatNumber(point.x)));
  },

  leave() {
    this.show(null);
  },

  // ---- Zoom ----

  dragTo(x, y) {
    const {left, right, top, bottom} = this.plot, drag = this.drag;
    const inX = v => Math.max(left, Math.min(right, v)), inY = v => Math.max(top, Math.min(bottom, v));
    drag.moved = drag.moved || Math.hypot(x - drag.x, y - drag.y) > DRAG;
    if (!drag.moved) return;
    const flat = Math.abs(y - drag.y) < 16, thin = Math.abs(x - drag.x) < 16;
    drag.box = {
      x0: thin && !flat ? left : Math.min(inX(drag.x), inX(x)), x1: thin && !flat ? right : Math.max(inX(drag.x), inX(x)),
      y0: flat ? top : Math.min(inY(drag.y), inY(y)), y1: flat ? bottom : Math.max(inY(drag.y), inY(y)),
      flat, thin,
    };
    this.show(null); // draws the box
  },

  release() {
    const drag = this.drag;
    this.drag = null;
    if (!drag || !drag.moved || !drag.box || (drag.box.flat && drag.box.thin)) return this.drawOver();
    const {box} = drag, range = [this.x.of(box.x0), this.x.of(box.x1)];
    if (!box.flat) this.yRange = [this.y.of(box.y1), this.y.of(box.y0)];
    if (box.flat || !box.thin) this.zoomX(range);
    else this.refresh();
  },

  unzoom() {
    this.yRange = null;
    this.zoomX(null);
  },

  // Makes the x range `factor` times as wide around the point that is read, or the middle.
  scaleX(factor) {
    const {left, right} = this.plot, centre = this.near ? this.x.at(this.near.x) : (left + right) / 2;
    this.zoomX([this.x.of(centre + (left - centre) * factor), this.x.of(centre + (right - centre) * factor)]);
  },

  // ---- Keys ----

  key(event) {
    if (!this.plot || !this.lines || this.lines.length === 0) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = {ArrowLeft: -1, ArrowRight: 1}[event.key], turn = {ArrowUp: -1, ArrowDown: 1}[event.key];
    if (step || turn) {
      const near = this.near || pointNear(this.lines[0], this.x.low);
      let next = near;
      if (near && turn) {
        const i = this.lines.indexOf(near.line), count = this.lines.length;
        next = pointNear(this.lines[(i + turn + count) % count], near.x) || near;
      } else if (near && this.near) {
        const {x, y} = near.line;
        let i = near.index + step * (event.shiftKey ? 10 : 1);
        while (i > 0 && i < x.length - 1 && !Number.isFinite(y[i])) i += step;
        i = Math.max(0, Math.min(x.length - 1, i));
        if (Number.isFinite(y[i])) next = {line: near.line, index: i, x: x[i], y: y[i]};
      }
      if (next) this.show(next);
    } else if (event.key === "+" || event.key === "=") this.scaleX(0.5);
    else if (event.key === "-") this.scaleX(2);
    else if (event.key === "0" || event.key === "Escape") this.unzoom();
    else return;
    event.preventDefault();
  },
});
