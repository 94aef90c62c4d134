// What the study is and what it has come to; the toolbar that selects trials.

function rangeText(axis) {
  if (axis.kind === "choice") return axis.values.join("  ");
  const range = formatNumber(axis.min) + " \u2026 " + formatNumber(axis.max);
  return range + (axis.log ? ", log" : "") + (axis.kind === "integer" ? ", integer" : "") + (axis.step ? ", step " + formatNumber(axis.step) : "");
}

function countOf(state) {
  return trials.filter(trial => trial.state === state).length;
}

function bestBlock() {
  const {best} = page;
  if (!best) return make("div", {class: "best"}, make("p", {class: "hint"}, "No trial is complete yet."));
  const trial = trials.find(one => one.configuration === best.configuration);
  const several = page.seeds > 1;
  return make("div", {class: "best"},
    make("h3", null, several ? "Best configuration, over its seeds" : "Best trial"),
    make("p", {class: "figure"}, formatNumber(best.mean),
      best.half !== undefined ? make("span", {class: "aside"}, " \u00b1 " + formatNumber(best.half, 3)) : "",
      make("span", {class: "aside"}, " " + page.metric + ", " + (several ? "configuration " : "trial ")
        + (several ? best.configuration + ", " + plural(best.count, "trial") : trial.number))),
    pairsOf(parameters.map(axis => [axis.name, textOn(axis, trial.index)])),
    make("pre", {class: "command", "aria-label": "The command that repeats it"}, best.command));
}

function addOverview() {
  const pruner = page.pruner && page.pruner.name + (page.pruner.options.length > 0
    ? " (" + page.pruner.options.map(([name, text]) => name + " " + text).join(", ") + ")" : "");
  const section = addSection("overview", "The study", "Study", make("div", {class: "columns"}, bestBlock(),
    make("div", null, make("h3", null, "Definition"), pairsOf([
      [page.goal, page.metric], ["method", page.method], ["pruner", pruner || MISSING], ["seed", String(page.seed)],
      ["seeds", page.seeds > 1 ? page.seeds + " per configuration" : MISSING], ["file", page.file],
      ...parameters.map(axis => [axis.name, rangeText(axis) + (axis.conditional ? ", in some trials" : "")]),
      ...page.constants.map(([name, text]) => [name, "= " + text])]))));
  section.querySelector("h2").classList.add("unseen");
}

// ---- Toolbar ----

const filterBox = make("input", {type: "search", id: "filter", spellcheck: "false", autocomplete: "off",
  placeholder: parameters.filter(axis => axis.kind !== "choice").slice(0, 1).map(axis => axis.name + "<" + Number(((axis.low + axis.high) / 2).toPrecision(2))).join("")
    + "  state=complete  " + page.metric + (sign > 0 ? "<" : ">") + "0.9",
  "aria-label": "Filter trials", "aria-describedby": "filter-problem", oninput: () => {
    const filter = parseFilter(filterBox.value);
    problemLine.textContent = filter.problem;
    passes = filter.test;
    selectionChanged();
  }});
const problemLine = make("span", {id: "filter-problem", role: "status"});
const countLine = make("span", {id: "count", role: "status"});

function stateButtons() {
  const states = STATES.filter(state => countOf(state) > 0);
  if (states.length < 2) return [];
  return states.map(state => {
    const button = make("button", {type: "button", class: "chip", "aria-pressed": "true", onclick: () => {
      excludedStates.has(state) ? excludedStates.delete(state) : excludedStates.add(state);
      button.setAttribute("aria-pressed", String(!excludedStates.has(state)));
      selectionChanged();
    }}, make("span", {class: "state " + state}, state), " " + countOf(state));
    return button;
  });
}

function addToolbar() {
  const log = checkbox("log " + page.metric, false, checked => { valueView.log = checked; viewChanged(); }, "log");
  log.title = someLog ? "" : "Some values are not above 0";
  log.firstChild.disabled = !someLog;
  const clear = make("button", {type: "button", class: "chip", id: "clear", hidden: true, onclick: clearBrushes}, "Clear brushes");
  const bar = make("div", {class: "toolbar selection", role: "search"}, filterBox, stateButtons(), log,
    checkbox("ignore outliers", valueView.clip, checked => { valueView.clip = checked; viewChanged(); }, "clip"), clear, countLine, problemLine);
  document.querySelector("main").append(bar);
  const show = () => {
    countLine.textContent = selectedCount + " of " + plural(trials.length, "trial") + " selected";
    clear.hidden = brushes.size === 0;
  };
  on("selection", show);
  show();
}
