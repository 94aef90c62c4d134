// What the reader of the page has chosen; who hears of a change: "active", "view", "highlight".
//
// A run is active if it is checked and passes the filter; all below the table shows the active runs.

const checked = new Set(runs);
let matching = new Set(runs);

function activeRuns() {
  return runs.filter(run => checked.has(run) && matching.has(run));
}

function setMatching(set) {
  matching = set;
  activeChanged();
}

// ---- Colours ----

// Each active run keeps its colour while it is active; a new one takes the first that is free.
const slots = new Map();

function assignSlots() {
  const active = new Set(activeRuns());
  for (const run of slots.keys()) if (!active.has(run)) slots.delete(run);
  const taken = new Set(slots.values());
  let next = 0;
  for (const run of active) {
    if (slots.has(run)) continue;
    while (taken.has(next)) next++;
    taken.add(next);
    slots.set(run, next);
  }
}

function activeChanged() {
  assignSlots();
  emit("active");
}

let colourKey = null; // a config key, or null: a colour for each run
let colourRanks = new Map();

function setColourKey(key) {
  colourKey = key;
  const values = inOrder(run => run.configMap.has(key) ? [run.configMap.get(key)] : []);
  const numeric = values.every(isNumber);
  values.sort((a, b) => numeric ? number(a) - number(b) : String(a) < String(b) ? -1 : 1);
  colourRanks = new Map(values.map((value, i) => [value, i]));
  colourRanks.numeric = numeric && values.length > 2;
  emit("view");
}

function colourOfRank(rank) {
  const palette = isDark() ? DARK : LIGHT;
  if (rank === undefined) return isDark() ? "#667" : "#aab";
  return colourRanks.numeric ? ramp(rank / (colourRanks.size - 1)) : palette[rank % palette.length];
}

// The second eight are the first ones, further from the background.
function colourOfSlot(slot) {
  const palette = isDark() ? DARK : LIGHT, colour = palette[slot % palette.length];
  return slot % (2 * palette.length) < palette.length ? colour : mix(colour, isDark() ? "#ffffff" : "#000000", 0.5);
}

function colourOf(run) {
  if (colourKey !== null) return colourOfRank(colourRanks.get(run.configMap.get(colourKey)));
  return colourOfSlot(slots.get(run) || 0);
}

/** The colour of a line of a chart: a run that is alone has one for each of its lines. */
function colourOfLine(line) {
  return slots.size === 1 && colourKey === null ? colourOfSlot(line.dash) : colourOf(line.run);
}

// ---- The run under the pointer ----

let highlighted = null;

function highlight(run) {
  if (run === highlighted) return;
  highlighted = run;
  emit("highlight", run);
}

assignSlots();
