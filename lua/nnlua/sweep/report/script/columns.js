// What stands in a row of the table, in a read-out, in the CSV file: {key, label, value(trial), text(trial)}.

function column(key, label, value, text) {
  return {key, label, value, text: text || (trial => formatValue(value(trial)))};
}

function clock(seconds) {
  if (Number.isNaN(seconds)) return MISSING;
  const at = new Date(seconds * 1000), two = n => String(n).padStart(2, "0");
  return at.getFullYear() + "-" + two(at.getMonth() + 1) + "-" + two(at.getDate()) + " "
    + two(at.getHours()) + ":" + two(at.getMinutes()) + ":" + two(at.getSeconds());
}

const finite = value => Number.isNaN(value) ? undefined : value;

const columns = [column("trial", "trial", trial => trial.number)];
if (page.seeds > 1) {
  columns.push(column("configuration", "configuration", trial => trial.configuration),
    column("repetition", "repetition", trial => trial.repetition));
}
columns.push(column("state", "state", trial => trial.state));
columns.push(column("value", page.metric, trial => finite(trial.value)));
for (const axis of parameters) {
  const one = column(axis.name, axis.name, trial => valueOn(axis, trial.index), trial => textOn(axis, trial.index));
  one.axis = axis;
  columns.push(one);
}
columns.push(
  column("seconds", "time", trial => trial.seconds, trial => formatSeconds(trial.seconds)),
  column("attempt", "attempt", trial => trial.attempt || undefined),
  column("started", "started", trial => finite(trial.started), trial => clock(trial.started)));
if (page.trials.messages.length > 0) columns.push(
  column("message", "message", trial => trial.message === undefined ? undefined : trial.message.split("\n")[0]));

for (const one of columns) {
  one.numeric = one.key !== "started"
    && trials.some(trial => typeof one.value(trial) === "number")
    && trials.every(trial => ["number", "undefined"].includes(typeof one.value(trial)));
}

const parseFilter = filterOf(columns,
  trial => [trial.state, trial.message || "", ...parameters.map(axis => textOn(axis, trial.index))],
  {number: columns[0], id: columns[0]});

/** The lines of a read-out about a trial. */
function readoutOf(trial) {
  const line = (name, text) => make("div", {class: "entry"}, make("span", {class: "who"}, name),
    make("span", {class: "value"}, text));
  const swatch = make("span", {class: "swatch", "aria-hidden": "true"});
  swatch.style.background = trial.state === "complete" ? colourOfValue(trial.value) : grey();
  return [make("div", {class: "at"}, swatch, "trial " + trial.number, trial.state === "complete" ? "" : ", " + trial.state),
    make("div", {class: "entry nearest"}, make("span", {class: "who"}, page.metric),
      make("span", {class: "value"}, formatValue(finite(trial.value)))),
    ...parameters.filter(axis => !Number.isNaN(axis.x[trial.index])).slice(0, 12)
      .map(axis => line(axis.name, textOn(axis, trial.index)))];
}
