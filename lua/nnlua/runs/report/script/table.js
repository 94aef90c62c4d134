// The table of runs: sorting, filtering, choosing columns and runs.

const visibleColumns = firstColumns();
const sorting = {column: null, descending: false};
const excludedStates = new Set();
const rowOf = new Map(); // run -> its tr
const parseFilter = filterOf(columns,
  run => [run.id, run.state, ...run.tags, ...run.config.map(pair => formatValue(pair[1]))],
  {id: columns[0], tag: columns.find(one => one.key === "tags")});

function shownColumns() {
  return columns.filter(one => visibleColumns.has(one.id));
}

function sortedRuns() {
  if (!sorting.column) return [...runs];
  return [...runs].sort(byValue(sorting.column.value, sorting.descending));
}

function sortBy(one) {
  const same = sorting.column === one;
  if (same && sorting.descending) sorting.column = null;
  else {
    sorting.descending = same;
    sorting.column = one;
  }
  orderRows();
}

// ---- Parts ----

const body = make("tbody");
const head = make("tr");
const all = make("input", {type: "checkbox", id: "all", "aria-label": "All runs that are listed",
  onchange: () => {
    for (const run of matching) all.checked ? checked.add(run) : checked.delete(run);
    activeChanged();
  }});
const filterBox = make("input", {type: "search", id: "filter", spellcheck: "false",
  autocomplete: "off", placeholder: "lr<0.1  state=failed  optimizer=adam  test_accuracy>=0.9",
  "aria-label": "Filter", "aria-describedby": "filter-problem", oninput: applyFilter});
const problemLine = make("span", {id: "filter-problem", role: "status"});
const countLine = make("span", {id: "count", role: "status"});

function headerCell(one) {
  const button = make("button", {type: "button", onclick: () => sortBy(one)}, one.label,
    make("span", {class: "arrow", "aria-hidden": "true"}));
  const cell = make("th", {scope: "col", class: one.numeric ? "number" : one.key === "name" ? "name" : ""},
    button);
  cell.column = one;
  cell.title = one.group === "run" ? "" : one.group + ": " + one.key;
  return cell;
}

function stateMark(state) {
  return make("span", {class: "state " + (/^[a-z]+$/.test(state) ? state : "")}, state || MISSING);
}

function only(run) {
  const alone = checked.size === 1 && checked.has(run);
  checked.clear();
  for (const one of alone ? runs : [run]) checked.add(one);
  activeChanged();
}

function cell(run, one) {
  if (one.key === "name") {
    const swatch = make("span", {class: "swatch", "aria-hidden": "true"});
    const button = make("button", {type: "button", class: "plain", onclick: () => only(run),
      title: run.id + "\nShow only this run; again: all"}, run.label);
    return make("th", {scope: "row", class: "name"}, swatch, button);
  }
  if (one.key === "state") return make("td", null, stateMark(run.state));
  const text = one.text(run);
  const element = make("td", {class: one.numeric ? "number" : "text",
    title: one.title ? one.title(run) : text.length > 24 ? text : ""}, text);
  if (text === MISSING) element.classList.add("missing");
  return element;
}

function buildRow(run) {
  const box = make("input", {type: "checkbox", "aria-label": "Show " + run.label, onchange: () => {
    box.checked ? checked.add(run) : checked.delete(run);
    activeChanged();
  }});
  const row = make("tr", {onpointerenter: () => highlight(run), onpointerleave: () => highlight(null)},
    make("td", {class: "box"}, box), shownColumns().map(one => cell(run, one)));
  row.box = box;
  rowOf.set(run, row);
  return row;
}

function buildTable() {
  head.replaceChildren(make("th", {class: "box", scope: "col"}, all), ...shownColumns().map(headerCell));
  for (const run of runs) buildRow(run);
  orderRows();
  applyFilter();
}

function orderRows() {
  body.replaceChildren(...sortedRuns().map(run => rowOf.get(run)));
  for (const one of head.cells) {
    const active = one.column !== undefined && one.column === sorting.column;
    if (active) one.setAttribute("aria-sort", sorting.descending ? "descending" : "ascending");
    else one.removeAttribute("aria-sort");
  }
}

// ---- Choosing runs ----

function applyFilter() {
  const filter = parseFilter(filterBox.value);
  problemLine.textContent = filter.problem;
  const set = new Set(runs.filter(run => !excludedStates.has(run.state) && filter.test(run)));
  for (const run of runs) rowOf.get(run).hidden = !set.has(run);
  setMatching(set);
}

function showChosen() {
  const active = activeRuns();
  for (const run of runs) {
    const row = rowOf.get(run);
    row.box.checked = checked.has(run);
    row.classList.toggle("off", !checked.has(run));
  }
  const ticked = [...matching].filter(run => checked.has(run)).length;
  all.checked = ticked > 0 && ticked === matching.size;
  all.indeterminate = ticked > 0 && ticked < matching.size;
  countLine.textContent = active.length + " of " + plural(runs.length, "run") + " shown";
}

function paintSwatches() {
  const active = new Set(activeRuns());
  for (const run of runs) {
    const swatch = rowOf.get(run).querySelector(".swatch");
    if (swatch) swatch.style.background = active.has(run) ? colourOf(run) : "transparent";
  }
}

// ---- Toolbar ----

function stateButtons() {
  const states = inOrder(run => [run.state]);
  if (states.length < 2) return [];
  return states.map(state => {
    const count = runs.filter(run => run.state === state).length;
    const button = make("button", {type: "button", class: "chip", "aria-pressed": "true", onclick: () => {
      excludedStates.has(state) ? excludedStates.delete(state) : excludedStates.add(state);
      button.setAttribute("aria-pressed", String(!excludedStates.has(state)));
      applyFilter();
    }}, stateMark(state), " " + count);
    return button;
  });
}

function columnChooser() {
  const groups = new Map();
  for (const one of columns) {
    if (one.key === "name") continue;
    if (!groups.has(one.group)) groups.set(one.group, []);
    groups.get(one.group).push(checkbox(one.label, visibleColumns.has(one.id), show => {
      show ? visibleColumns.add(one.id) : visibleColumns.delete(one.id);
      buildTable();
    }));
  }
  return make("details", {class: "chooser"}, make("summary", null, "Columns"),
    make("div", {class: "panel"}, [...groups].map(([group, boxes]) =>
      make("fieldset", null, make("legend", null, group), boxes))));
}

function addTable() {
  const section = addSection("runs", "Runs", "Runs",
    make("div", {class: "toolbar"}, filterBox, stateButtons(), columnChooser(), countLine, problemLine),
    make("div", {class: "scroll rows", tabindex: "0", role: "region", "aria-label": "Table of runs"},
      make("table", {class: "runs"}, make("thead", null, head), body)));
  on("active", () => { showChosen(); paintSwatches(); });
  on("view", paintSwatches);
  on("highlight", run => {
    for (const [one, row] of rowOf) row.classList.toggle("highlight", one === run);
  });
  buildTable();
  return section;
}
