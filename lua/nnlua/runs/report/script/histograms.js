// Histograms over the steps of a run: one ridge for each step, the latest in front.

const RIDGE = {width: 300, height: 170, top: 46, bottom: 22, side: 10};

function paintRidges(canvas, steps) {
  const ratio = devicePixelRatio || 1, {width, height, top, bottom, side} = RIDGE;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  const paint = canvas.getContext("2d"), style = getComputedStyle(document.body);
  paint.setTransform(ratio, 0, 0, ratio, 0, 0);
  paint.clearRect(0, 0, width, height);
  const low = Math.min(...steps.map(s => number(s.edges[0])));
  const high = Math.max(...steps.map(s => number(s.edges[s.edges.length - 1])));
  const x = scaleOf(...(low < high ? [low, high] : padded(low, high, false, 0)), false, side, width - side);
  // densities, so that bins of different width compare
  const density = steps.map(s => s.counts.map((count, i) => {
    const span = number(s.edges[i + 1]) - number(s.edges[i]);
    return span > 0 ? count / span : 0;
  }));
  const peak = Math.max(...density.flat(), 1e-300);
  const room = height - bottom - top;
  steps.forEach((one, k) => {
    const base = steps.length === 1 ? height - bottom : top + room * k / (steps.length - 1);
    const tall = steps.length === 1 ? room + top - 8 : top - 6;
    const part = steps.length === 1 ? 1 : k / (steps.length - 1);
    paint.beginPath();
    paint.moveTo(x.at(number(one.edges[0])), base);
    density[k].forEach((value, i) => {
      const y = base - tall * value / peak;
      paint.lineTo(x.at(number(one.edges[i])), y);
      paint.lineTo(x.at(number(one.edges[i + 1])), y);
    });
    paint.lineTo(x.at(number(one.edges[one.edges.length - 1])), base);
    paint.fillStyle = ramp(0.25 + 0.5 * part);
    paint.globalAlpha = 0.85;
    paint.fill();
    paint.globalAlpha = 1;
    paint.strokeStyle = printing ? "#fff" : style.getPropertyValue("--ground");
    paint.lineWidth = 0.8;
    paint.stroke();
  });
  paint.font = "11px " + style.fontFamily;
  paint.fillStyle = printing ? "#555" : style.getPropertyValue("--muted");
  paint.textBaseline = "top";
  paint.textAlign = "center";
  for (const value of linearTicks(x.low, x.high, 5)) {
    const place = x.at(value), half = paint.measureText(tickText(value)).width / 2;
    if (place - half > 0 && place + half < width) paint.fillText(tickText(value), place, height - bottom + 7);
    paint.fillRect(Math.round(place), height - bottom + 1, 1, 4);
  }
}

const ridges = new Set(); // canvases with what they show, to be repainted with the colours

function ridgeFigure({tag, steps, all}) {
  const first = steps[0].step, last = steps[steps.length - 1].step;
  const canvas = make("canvas", {class: "ridge", role: "img",
    "aria-label": "Histogram of " + tag + " from step " + first + " to step " + last});
  ridges.add([canvas, steps]);
  paintRidges(canvas, steps);
  const span = steps.length === 1 ? "step " + formatValue(first)
    : "steps " + formatValue(first) + " (back) to " + formatValue(last) + (all > steps.length ? ", " + steps.length + " of " + all : "");
  return make("figure", {class: "ridge"}, make("figcaption", null, make("span", {class: "title"}, tag),
    make("span", {class: "aside"}, span)), canvas);
}

function addHistograms() {
  addBlocks("histograms", "Histograms", run => run.histograms.length > 0,
    run => make("div", {class: "gallery"}, run.histograms.map(ridgeFigure)));
  on("active", () => ridges.clear());
  on("view", () => { for (const [canvas, steps] of ridges) paintRidges(canvas, steps); });
}
