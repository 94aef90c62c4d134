// The section of charts: their controls, the legend, and one zoom of x for all of them.

const MOST_LEGEND = 40;
const MOST_COLOURED = 16; // runs that at first have colours of their own

const chartView = {x: firstAxis(), half: 0, logX: false, logY: false, range: null, clip: false};

/** Half-life in rows for a slider's position 0..100: 0, then 1 to a quarter of the longest run. */
function halfLife(position) {
  return position === 0 ? 0 : Math.pow(Math.max(longestRun() / 4, 2), (position - 1) / 99);
}

function addCurves() {
  const specs = findCharts();
  if (specs.length === 0) return null;
  const charts = [];
  const refresh = rebuild => {
    for (const chart of charts) {
      if (rebuild) chart.lines = null;
      chart.refresh();
    }
  };
  const zoomX = range => {
    chartView.range = range;
    refresh(false);
  };
  for (const spec of specs) charts.push(new Chart(spec, chartView, zoomX));

  const axes = [["", "row"], ...risingColumns().map(name => [name, name])];
  const smoothText = make("output", {class: "smooth"}, "off");
  const slider = make("input", {type: "range", id: "smoothing", min: "0", max: "100", value: "0", oninput: () => {
    chartView.half = halfLife(Number(slider.value));
    smoothText.textContent = chartView.half === 0 ? "off"
      : "half-life " + plural(Number(chartView.half.toPrecision(2)), "row");
    refresh(true);
  }});
  const again = name => value => {
    chartView[name] = value;
    chartView.range = name === "logX" ? null : chartView.range;
    for (const chart of charts) if (name !== "logX") chart.yRange = null;
    refresh(false);
  };
  const varying = configKeys.filter(key => varies(columns.find(one => one.group === "config" && one.key === key)));
  // colours that repeat say nothing: of many runs they tell a setting of few values
  const count = key => new Set(runs.map(run => run.configMap.get(key))).size;
  const telling = runs.length > MOST_COLOURED
    && varying.filter(key => count(key) <= LIGHT.length).sort((a, b) => count(b) - count(a))[0];
  const legend = make("div", {class: "legend", id: "legend"});
  const toolbar = make("div", {class: "toolbar"},
    axes.length > 1 && select("x", axes, chartView.x || "", value => {
      chartView.x = value || null;
      chartView.range = null;
      refresh(true);
    }),
    make("label", {class: "field"}, "smoothing", slider, smoothText),
    checkbox("log y", false, again("logY"), "log-y"),
    checkbox("log x", false, again("logX"), "log-x"),
    checkbox("ignore outliers", false, again("clip"), "clip"),
    varying.length > 0 && select("colour by", [["", "run"], ...varying.map(key => [key, configLabels.get(key)])], telling || "",
      value => setColourKey(value || null)));
  const thinned = runs.some(run => Object.values(run.curves).some(packed => packed.k));
  addSection("curves", "Curves", "Curves", toolbar, legend, make("div", {class: "charts"}, charts.map(chart => chart.element)),
    make("p", {class: "hint"}, "Point to read values, drag to zoom (flat: x only, for all charts), double-click to reset. "
      + (thinned ? "Of runs with more than " + 2 * page.bins + " rows the curves show the lowest and highest value of "
        + page.bins + " stretches of rows, and smoothing works on their means; first, last and best values in the table are exact." : "")));

  const show = () => {
    const active = activeRuns();
    for (const chart of charts) chart.setRuns(active);
    drawLegend(legend, active);
  };
  on("active", show);
  on("view", () => { refresh(false); drawLegend(legend, activeRuns()); });
  if (telling) setColourKey(telling);
  on("highlight", () => { for (const chart of charts) if (chart.visible) chart.drawOver(); });
  return charts;
}

// ---- Legend ----

function swatchOf(colour) {
  const swatch = make("span", {class: "swatch", "aria-hidden": "true"});
  swatch.style.background = colour;
  return swatch;
}

function valueLegend(active) {
  const values = [...colourRanks.keys()].filter(value => active.some(run => run.configMap.get(colourKey) === value));
  return [make("span", {class: "entry"}, configLabels.get(colourKey) + ":"),
    ...values.slice(0, MOST_LEGEND).map(value => make("span", {class: "entry"},
      swatchOf(colourOfRank(colourRanks.get(value))), formatValue(value)))];
}

function runLegend(active) {
  const entries = active.slice(0, MOST_LEGEND).map(run => make("button", {
    type: "button", class: "entry", title: "Hide this run", onclick: () => {
      checked.delete(run);
      activeChanged();
      highlight(null);
    }, onpointerenter: () => highlight(run), onpointerleave: () => highlight(null),
    onfocus: () => highlight(run), onblur: () => highlight(null)}, swatchOf(colourOf(run)), make("span", {class: "who", title: run.id}, run.label)));
  if (active.length > MOST_LEGEND) {
    entries.push(make("span", {class: "entry"}, "and " + plural(active.length - MOST_LEGEND, "more run")));
  }
  return entries;
}

function drawLegend(legend, active) {
  legend.replaceChildren(...(colourKey === null ? runLegend(active) : valueLegend(active)));
}
