// What the reader of the page has chosen: the trials that pass filter, states and brushes are
// selected, on the whole page; "selection" and "highlight" tell of changes, "view" of new scales.

const excludedStates = new Set();
const brushes = new Map(); // axis -> [low, high] on it
const selected = new Uint8Array(trials.length).fill(1);
let selectedCount = trials.length;
let passes = () => true; // the filter's test

function isSelected(trial) {
  if (excludedStates.has(trial.state) || !passes(trial)) return false;
  for (const [axis, [low, high]] of brushes) {
    const x = axis.x[trial.index];
    if (!(x >= low && x <= high)) return false;
  }
  return true;
}

function selectionChanged() {
  selectedCount = 0;
  for (const trial of trials) selectedCount += selected[trial.index] = isSelected(trial) ? 1 : 0;
  emit("selection");
}

function setBrush(axis, range) {
  if (range) brushes.set(axis, range);
  else brushes.delete(axis);
  selectionChanged();
}

function viewChanged() {
  updateMetricAxis();
  emit("view");
}

// ---- The trial under the pointer ----

let highlighted = null;

function highlight(trial) {
  if (trial === highlighted) return;
  highlighted = trial;
  emit("highlight");
}

// ---- Colours ----

const SHADES = 32; // lines of one shade are drawn at once
let shades = null, shadesDark = null;

/** The shade of a part 0..1 of the ramp, as a place in shadeColours(). */
function shadeOf(part) {
  return Math.round(Math.max(0, Math.min(1, part)) * (SHADES - 1));
}

function shadeColours() {
  if (shadesDark !== isDark()) {
    shadesDark = isDark();
    shades = Array.from({length: SHADES}, (_, i) => ramp(i / (SHADES - 1)));
  }
  return shades;
}

/** The part of the ramp for a value: the best ones stand out from the background. */
function partOf(value) {
  return isDark() ? goodness(value) : 1 - goodness(value);
}

function colourOfValue(value) {
  return shadeColours()[shadeOf(partOf(value))];
}

function css(name) {
  return getComputedStyle(document.body).getPropertyValue(name);
}

const grey = () => isDark() ? "#7c8694" : "#9aa3ae";
