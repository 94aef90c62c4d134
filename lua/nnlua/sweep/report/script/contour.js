// The metric over two parameters: at each place the mean of the complete trials around it.

const CELL = 6; // pixels
const WIDTH = 0.06; // of the bell around a place, in parts of an axis
const MOST_AVERAGED = 1500; // trials

// Trials as points of the plane, each axis from 0 to 1; a choice's places are integers.
function planePoints(ax, ay) {
  const place = axis => {
    if (axis.kind === "choice") return x => x;
    const scale = scaleOf(...padded(axis.low, axis.high, axis.log, 0), axis.log, 0, 1);
    return x => scale.at(x);
  };
  const px = place(ax), py = place(ay);
  const list = completeTrials.filter(trial => selected[trial.index]
    && !Number.isNaN(ax.x[trial.index]) && !Number.isNaN(ay.x[trial.index]));
  const every = Math.ceil(list.length / MOST_AVERAGED);
  return list.filter((_, i) => i % every === 0).map(trial =>
    ({x: px(ax.x[trial.index]), y: py(ay.x[trial.index]), value: trial.value}));
}

function drawField(paint, panel, ax, ay) {
  const points = planePoints(ax, ay), {left, right, top, bottom} = panel.plot;
  if (points.length === 0) return;
  const cells = (axis, from, to) => axis.kind === "choice"
    ? axis.values.map((_, i) => ({at: i, from: from + (to - from) * i / axis.values.length, to: from + (to - from) * (i + 1) / axis.values.length}))
    : Array.from({length: Math.ceil(Math.abs(to - from) / CELL)}, (_, i) => {
      const a = from + Math.sign(to - from) * i * CELL, b = a + Math.sign(to - from) * CELL;
      const scale = axis === ax ? panel.x : panel.y, unit = scaleOf(...padded(axis.low, axis.high, axis.log, 0), axis.log, 0, 1);
      return {at: unit.at(scale.of((a + b) / 2)), from: a, to: Math.sign(to - from) > 0 ? Math.min(b, to) : Math.max(b, to)};
    });
  const weight = (axis, list, name) => list.map(cell => points.map(point => axis.kind === "choice"
    ? (point[name] === cell.at ? 1 : 0) : Math.exp(-0.5 * ((point[name] - cell.at) / WIDTH) ** 2)));
  const columns = cells(ax, left, right), rows = cells(ay, bottom, top);
  const wx = weight(ax, columns, "x"), wy = weight(ay, rows, "y");
  columns.forEach((column, i) => rows.forEach((row, j) => {
    let sum = 0, mass = 0;
    for (let k = 0; k < points.length; k++) {
      const w = wx[i][k] * wy[j][k];
      mass += w;
      sum += w * points[k].value;
    }
    if (mass < 0.02) return;
    paint.globalAlpha = Math.min(0.85, mass * 1.2);
    paint.fillStyle = colourOfValue(sum / mass);
    const x0 = Math.round(column.from), y0 = Math.round(row.to);
    paint.fillRect(x0, y0, Math.round(column.to) - x0, Math.round(row.from) - y0);
  }));
  paint.globalAlpha = 1;
}

function addContour() {
  if (parameters.length < 2) return;
  const order = (page.importance.shares || []).map(([name]) => name);
  const ranked = [...parameters].sort((a, b) => {
    const place = axis => { const at = order.indexOf(axis.name); return at < 0 ? order.length : at; };
    return place(a) - place(b);
  });
  let [ax, ay] = ranked;
  const chart = new Scatter(page.metric + " over two parameters", {
    x: () => ax, y: () => ay, size: trials.length > 2000 ? 1 : 2,
    colour: () => isDark() ? "#fff" : "#111",
    under: (paint, panel) => drawField(paint, panel, ax, ay)});
  const caption = () => chart.element.querySelector(".title").replaceChildren(ay.name + " against " + ax.name);
  caption();
  chart.element.classList.add("full");
  const names = parameters.map(axis => [axis.name, axis.name]), byName = name => parameters.find(axis => axis.name === name);
  addSection("contour", "Two parameters", "Two parameters",
    make("div", {class: "toolbar"},
      select("x", names, ax.name, name => { ax = byName(name); caption(); chart.refresh(); }),
      select("y", names, ay.name, name => { ay = byName(name); caption(); chart.refresh(); })),
    chart.element, scaleOfColours(),
    make("p", {class: "hint"}, "Colours: mean " + page.metric + " of the selected complete trials nearby, paler where there are few."));
}
