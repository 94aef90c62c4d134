// The columns of the table: what they are called, what a run has in them, which are shown first.
//
// A column: {key (what filters call it), id (as no other), label, group, value(run), text(run)}; value is a number, a text or undefined.

const MOST_CONFIG = 5, MOST_METRICS = 4; // columns shown at first

function column(key, label, group, value, text) {
  return {key, id: group + ":" + key, label, group, value, text: text || (run => formatValue(value(run)))};
}

const columns = [
  column("name", "run", "run", run => run.id),
  column("state", "state", "run", run => run.state),
];

for (const key of configKeys) {
  columns.push(column(key, configLabels.get(key), "config", run => run.configMap.get(key)));
}

for (const name of metricNames) {
  const of = (run, field) => run.summary[name] && run.summary[name][field];
  const last = column(name, name, "last value", run => of(run, "last"));
  last.title = run => of(run, "gaps") ? plural(of(run, "gaps"), "row") + " without a number" : "";
  columns.push(last);
  for (const field of ["min", "max"]) {
    const one = column(name + "." + field, field + " " + name, "extreme value", run => of(run, field));
    one.title = run => of(run, field) === undefined ? "" : "in row " + of(run, field + "_row");
    columns.push(one);
  }
}

columns.push(
  column("tags", "tags", "run", run => run.tags.length ? run.tags.join(", ") : undefined),
  column("seed", "seed", "run", run => run.seed),
  column("rows", "rows", "run", run => run.rows),
  column("seconds", "time", "run", run => run.seconds, run => formatSeconds(run.seconds)),
  column("created", "started", "run", run => run.created, run => formatTime(run.created_text)));

for (const one of columns) {
  one.numeric = runs.some(run => typeof number(one.value(run)) === "number") && runs.every(run => {
    const value = number(one.value(run));
    return value === undefined || value === null || typeof value === "number";
  });
}

function varies(one) {
  return new Set(runs.map(run => formatValue(one.value(run)))).size > 1;
}

function presence(one) {
  return runs.filter(run => one.value(run) !== undefined).length / runs.length;
}

function firstColumns() {
  const chosen = new Set(["name", "state", "created", "seconds", "rows"].map(key => "run:" + key));
  const take = (group, most) => columns.filter(one => one.group === group && varies(one))
    .sort((a, b) => presence(b) - presence(a)).slice(0, most).forEach(one => chosen.add(one.id));
  take("config", MOST_CONFIG);
  if (runs.some(run => run.tags.length)) chosen.add("run:tags");
  const byId = new Map(columns.map(one => [one.id, one]));
  const common = one => presence(byId.get("last value:" + one.name)) >= 0.5;
  const results = page.metrics.filter(one => one.best).sort((a, b) => common(b) - common(a));
  results.slice(0, MOST_METRICS).forEach(one => chosen.add("last value:" + one.name));
  results.slice(0, 1).forEach(one => chosen.add("extreme value:" + one.name + "." + one.best));
  return chosen;
}
