// The table of the selected trials. Only the rows on the screen are elements, so that thousands are
// no burden.

const ROW = 29; // pixels
const MOST_WIDTH = 220, SAMPLES = 300;
const sorting = {column: null, descending: false};
let listed = [];

const tableBody = make("tbody");
const tableHead = make("tr");
const tableBox = make("div", {class: "scroll rows", tabindex: "0", role: "region", "aria-label": "Table of trials"});
const tableCount = make("p", {class: "hint"});

function sortedTrials() {
  const list = trials.filter(trial => selected[trial.index]);
  return sorting.column ? list.sort(byValue(sorting.column.value, sorting.descending)) : list;
}

function sortBy(one) {
  const same = sorting.column === one;
  if (same && sorting.descending) sorting.column = null;
  else Object.assign(sorting, {column: one, descending: same});
  for (const cell of tableHead.cells) {
    if (cell.column === sorting.column) cell.setAttribute("aria-sort", sorting.descending ? "descending" : "ascending");
    else cell.removeAttribute("aria-sort");
  }
  listTrials();
}

// Widths from the texts, so that columns stay as they are while rows come and go.
function widthOf(one, paint) {
  let width = paint.measureText(one.label).width + 22;
  const every = Math.ceil(trials.length / SAMPLES);
  for (let i = 0; i < trials.length; i += every) width = Math.max(width, paint.measureText(one.text(trials[i])).width + (one.key === "state" ? 18 : 2));
  return Math.ceil(Math.min(width, one.key === "message" ? 420 : MOST_WIDTH)) + 18;
}

function headerCell(one) {
  const cell = make("th", {scope: "col", class: one.numeric ? "number" : "", title: one.label}, make("button", {type: "button", onclick: () => sortBy(one)},
    one.label, make("span", {class: "arrow", "aria-hidden": "true"})));
  cell.column = one;
  return cell;
}

function cellOf(trial, one) {
  if (one.key === "trial") {
    return make("th", {scope: "row", class: "number"}, make("button", {type: "button", class: "plain", title: "Everything about this trial",
      onclick: () => showDetails(trial)}, String(trial.number)));
  }
  if (one.key === "state") return make("td", null, make("span", {class: "state " + trial.state}, trial.state));
  const text = one.text(trial);
  const cell = make("td", {class: one.numeric ? "number" : "text", title: text.length > 24 ? text : ""}, text);
  if (text === MISSING) cell.classList.add("missing");
  return cell;
}

function spacer(rows) {
  const cell = make("td", {colSpan: columns.length});
  cell.style.height = rows * ROW + "px";
  return make("tr", {class: "spacer", "aria-hidden": "true"}, cell);
}

function showRows() {
  const first = Math.max(0, Math.floor(tableBox.scrollTop / ROW) - 10);
  const last = Math.min(listed.length, Math.ceil((tableBox.scrollTop + Math.max(tableBox.clientHeight, 640)) / ROW) + 10);
  if (tableBody.first === first && tableBody.last === last && tableBody.of === listed) return;
  Object.assign(tableBody, {first, last, of: listed});
  tableBody.replaceChildren(...first > 0 ? [spacer(first)] : [], ...listed.slice(first, last).map((trial, i) => {
    const row = make("tr", {"aria-rowindex": String(first + i + 2), onpointerenter: () => highlight(trial), onpointerleave: () => highlight(null)},
      columns.map(one => cellOf(trial, one)));
    row.trial = trial;
    return row;
  }), ...last < listed.length ? [spacer(listed.length - last)] : []);
}

function listTrials() {
  listed = sortedTrials();
  tableBox.scrollTop = 0;
  tableBox.firstChild.setAttribute("aria-rowcount", String(listed.length + 1));
  tableCount.textContent = listed.length === 0 ? "No trial is selected." : "";
  showRows();
}

function addTable() {
  const paint = document.createElement("canvas").getContext("2d");
  paint.font = "13px " + getComputedStyle(document.body).fontFamily;
  const widths = columns.map(one => widthOf(one, paint));
  const table = make("table", {class: "runs trials"}, make("colgroup", null, widths.map(width => {
    const col = make("col");
    col.style.width = width + "px";
    return col;
  })), make("thead", null, tableHead), tableBody);
  table.style.width = widths.reduce((sum, width) => sum + width, 0) + "px";
  tableHead.append(...columns.map(headerCell));
  tableBox.append(table);
  tableBox.addEventListener("scroll", showRows);
  addSection("trials", "Trials", "Trials", make("div", {class: "toolbar"}, csvButton()), tableBox, tableCount);
  on("selection", listTrials);
  on("highlight", () => {
    for (const row of tableBody.rows) row.classList.toggle("highlight", row.trial !== undefined && row.trial === highlighted);
  });
  listTrials();
}
