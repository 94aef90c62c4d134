// A picture on two canvases: what it shows, and over it what the pointer shows; with a title, a
// read-out and a button that enlarges it.
//
// Who extends it has draw() and drawOver(). It is drawn when it comes near the screen, when its size
// or the colours change, and by refresh().

class Panel {
  constructor(title) {
    this.title = title;
    this.canvas = make("canvas", {class: "base", "aria-hidden": "true"});
    this.over = make("canvas", {class: "over", tabindex: "0", role: "img"});
    this.readout = make("div", {class: "readout", hidden: true, role: "status"});
    this.frame = make("div", {class: "frame"}, this.canvas, this.over, this.readout);
    this.tools = make("button", {type: "button", class: "icon", "aria-pressed": "false",
      "aria-label": "Enlarge " + title, title: "Enlarge", onclick: () => {
        this.tools.setAttribute("aria-pressed", String(this.element.classList.toggle("wide")));
      }}, "\u2922");
    this.element = make("figure", {class: "chart"},
      make("figcaption", null, make("span", {class: "title"}, title), this.tools), this.frame);
    this.visible = false;
    new IntersectionObserver(([entry]) => {
      this.visible = entry.isIntersecting;
      if (this.visible && this.stale) this.drawNow();
    }, {rootMargin: "300px"}).observe(this.frame);
    // what is drawn while the printer's page is laid out comes too late for the paper
    new ResizeObserver(() => { if (!printing) this.refresh(); }).observe(this.frame);
  }

  /** Draws now if the panel is on the screen, else when it gets there. */
  refresh() {
    this.stale = true;
    if (this.visible || printing) this.drawNow();
  }

  drawNow() {
    if (this.frame.clientWidth === 0) return;
    this.stale = false;
    this.draw();
  }

  /** Fits the canvases to the frame, empty. -> the context of the lower one. */
  resize() {
    this.width = this.frame.clientWidth;
    this.height = this.frame.clientHeight;
    const ratio = devicePixelRatio || 1;
    for (const canvas of [this.canvas, this.over]) {
      canvas.width = Math.round(this.width * ratio);
      canvas.height = Math.round(this.height * ratio);
      canvas.getContext("2d").setTransform(ratio, 0, 0, ratio, 0, 0);
    }
    const paint = this.canvas.getContext("2d");
    paint.font = "11px " + getComputedStyle(document.body).fontFamily;
    return paint;
  }

  /** Grid, ticks and the label of x: what this.x, .y, .xTicks, .yTicks and .plot say. */
  drawAxes(paint, {label, xText = tickText, yText = tickText}) {
    const style = getComputedStyle(document.body), {left, right, top, bottom} = this.plot;
    const ink = printing ? "#555" : style.getPropertyValue("--muted");
    paint.clearRect(0, 0, this.width, this.height);
    paint.fillStyle = ink;
    paint.strokeStyle = printing ? "#ddd" : style.getPropertyValue("--grid");
    paint.lineWidth = 1;
    paint.textAlign = "right";
    paint.textBaseline = "middle";
    for (const value of this.yTicks) {
      const y = Math.round(this.y.at(value)) + 0.5;
      if (y < top - 1 || y > bottom + 1) continue;
      paint.beginPath();
      paint.moveTo(left, y);
      paint.lineTo(right, y);
      paint.stroke();
      paint.fillText(yText(value), left - 6, y);
    }
    paint.textBaseline = "top";
    let free = -Infinity;
    for (const value of this.xTicks) {
      const x = this.x.at(value), text = xText(value), half = paint.measureText(text).width / 2;
      if (x < left - 1 || x > right + 1) continue;
      const place = Math.min(x, this.width - half - 1);
      if (place - half < free) continue;
      free = place + half + 8;
      paint.textAlign = "center";
      paint.fillText(text, place, bottom + 7);
      paint.fillRect(Math.round(x), bottom, 1, 4);
    }
    paint.textAlign = "center";
    paint.fillText(label, (left + right) / 2, bottom + 22);
  }

  /** A few words in the middle. */
  drawNote(paint, text) {
    const {left, right, top, bottom} = this.plot;
    paint.textAlign = "center";
    paint.fillText(text, (left + right) / 2, (top + bottom) / 2);
  }

  /** Puts the read-out beside x, where there is room. */
  place(x, top) {
    const width = this.readout.offsetWidth, gap = 14;
    const right = x + gap + width <= this.width || x < this.width / 2;
    const left = right ? Math.min(x + gap, this.width - width) : x - gap - width;
    this.readout.style.left = Math.max(0, left) + "px";
    this.readout.style.top = top + "px";
  }
}
