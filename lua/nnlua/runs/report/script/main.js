// Puts the page together, then tells every part what is chosen.

function countStates() {
  const counts = new Map();
  for (const run of runs) counts.set(run.state, (counts.get(run.state) || 0) + 1);
  return counts.size === 1 && counts.has("finished") ? [] : [...counts].map(([state, count]) => count + " " + state);
}

document.getElementById("about").textContent =
  [...countStates(), plural(runs.reduce((sum, run) => sum + (run.rows || 0), 0), "row") + " of metrics",
    "written " + page.written].join(" \u00b7 ");
document.querySelector("footer").textContent = "nnlua " + page.version + "; this page needs no network and loads nothing.";

if (runs.length === 0) {
  document.querySelector("main").append(make("p", null, "There are no runs here."));
} else {
  addTable();
  addCurves();
  addConfig();
  addFailures();
  addPictures();
  addConfusion();
  addExamples();
  addHistograms();
  addTexts();
  addEnvironment();
  activeChanged();
}
document.documentElement.dataset.ready = "yes";
