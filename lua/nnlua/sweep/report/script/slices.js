// The metric against each parameter, the later trials in stronger colours.

function addSlices() {
  if (parameters.length === 0) return;
  const part = trial => (trial.number - 1) / Math.max(1, trials.length - 1);
  const charts = parameters.map(axis => new Scatter(axis.name, {
    x: () => axis, y: () => metricAxis, size: trials.length > 3000 ? 1.3 : trials.length > 400 ? 1.8 : 2.6,
    colour: trial => shadeColours()[shadeOf(isDark() ? part(trial) : 1 - part(trial))]}));
  const bar = make("span", {class: "ramp", "aria-hidden": "true"});
  const show = () => {
    const colours = shadeColours();
    bar.style.background = "linear-gradient(to right," + (isDark() ? colours : [...colours].reverse()).join(",") + ")";
  };
  on("view", show);
  show();
  addSection("slices", "Slices", "Slices", make("p", {class: "ramps"}, "trial 1", bar, "trial " + trials.length),
    make("div", {class: "charts small"}, charts.map(chart => chart.element)));
}
