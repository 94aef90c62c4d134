// What the reader of the page has chosen, and who must hear of a change.
//
// A run is active if it is checked and passes the filter; all below the table shows the active runs.

const listeners = {active: [], view: [], highlight: []};

function on(event, listener) {
  listeners[event].push(listener);
}

function emit(event, ...values) {
  for (const listener of listeners[event]) listener(...values);
}

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

// Okabe and Ito's colours for every colour vision, darker or lighter where paper or screen need it.
const LIGHT = ["#0072b2", "#d55e00", "#009e73", "#b84d8f", "#3fa0dc", "#c98a00", "#5b4bb0", "#6b6b6b"];
const DARK = ["#4ca6e0", "#ff8a3d", "#2ec79a", "#e58cc0", "#9fd6f7", "#f0bd3a", "#a89af0", "#b0b0b0"];
// Viridis without the end that the background swallows.
const RAMP_LIGHT = ["#440154", "#443a83", "#31688e", "#21918c", "#35b779", "#8fc31f"];
const RAMP_DARK = ["#6f62c4", "#4f86c6", "#26a5a0", "#35b779", "#9bd93c", "#fde725"];

const darkScheme = matchMedia("(prefers-color-scheme: dark)");
let printing = false;

function isDark() {
  return darkScheme.matches && !printing;
}

darkScheme.addEventListener("change", () => emit("view"));
addEventListener("beforeprint", () => { printing = true; emit("view"); });
addEventListener("afterprint", () => { printing = false; emit("view"); });

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

function mix(a, b, part) {
  const channel = (text, i) => parseInt(text.slice(1 + 2 * i, 3 + 2 * i), 16);
  return "rgb(" + [0, 1, 2].map(i =>
    Math.round(channel(a, i) + part * (channel(b, i) - channel(a, i)))).join(",") + ")";
}

function ramp(part) {
  const stops = isDark() ? RAMP_DARK : RAMP_LIGHT;
  const at = part * (stops.length - 1), i = Math.min(Math.floor(at), stops.length - 2);
  return mix(stops[i], stops[i + 1], at - i);
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
