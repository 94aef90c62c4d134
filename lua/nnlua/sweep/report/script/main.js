// Puts the page together.

document.getElementById("about").textContent = [page.goal + " " + page.metric + " by " + page.method,
  ...STATES.filter(state => countOf(state) > 0).map(state => countOf(state) + " " + state), "written " + page.written].join(" \u00b7 ");
document.querySelector("footer").textContent = "nnlua " + page.version + "; this page needs no network and loads nothing.";
document.body.append(dialog);

addOverview();
if (trials.length > 0) {
  addToolbar();
  addHistory();
  addConfigurations();
  addParallel();
  addImportance();
  addSlices();
  addContour();
  addCurves();
  addTable();
}
document.documentElement.dataset.ready = "yes";
