// Tables of what runs are: differences of their configs, environments, failures.

const SIDE_BY_SIDE = 12; // runs that stand side by side

function comparison(list, rows) {
  return make("div", {class: "scroll", tabindex: "0", role: "region", "aria-label": "Runs side by side"},
    make("table", {class: "sides"},
      runs.length > 1 && make("thead", null, make("tr", null, make("td"), list.map(run => make("th", {scope: "col"},
        swatchOf(colourOf(run)), run.label)))),
      make("tbody", null, rows.map(([label, values, title]) => make("tr", null,
        make("th", {scope: "row", title}, label),
        values.map(value => make("td", {class: isNumber(value) ? "number" : value === undefined ? "missing" : ""},
          formatValue(value))))))));
}

// ---- Config ----

function differingKeys(list) {
  return configKeys.filter(key => new Set(list.map(run =>
    run.configMap.has(key) ? typeof run.configMap.get(key) + formatValue(run.configMap.get(key)) : "")).size > 1);
}

// For many runs: each key's values, and how many runs have them.
function distribution(list, keys) {
  const rows = keys.map(key => {
    const counts = new Map();
    for (const run of list) {
      const value = run.configMap.get(key);
      counts.set(value, (counts.get(value) || 0) + 1);
    }
    const values = [...counts].sort(([a], [b]) => isNumber(a) && isNumber(b) ? number(a) - number(b)
      : formatValue(a).localeCompare(formatValue(b)));
    const shown = values.slice(0, 24).map(([value, count]) => make("button", {type: "button", class: "pick",
      title: "Filter by this value", onclick: () => {
        const text = formatValue(value).replace(MINUS, "-");
        filterBox.value = quoteWord(configLabels.get(key)) + "=" + quoteWord(text);
        applyFilter();
      }}, formatValue(value), make("small", null, "\u00d7" + count)));
    return make("tr", null, make("th", {scope: "row", title: key}, configLabels.get(key)),
      make("td", {class: "values"}, shown, values.length > 24 ? " and " + (values.length - 24) + " more" : ""));
  });
  return make("div", {class: "scroll"}, make("table", {class: "sides"}, make("tbody", null, rows)));
}

function quoteWord(text) {
  return /[\s"<>=!~|]/.test(text) ? '"' + text + '"' : text;
}

function configBlock(list) {
  if (list.length === 0) return make("p", {class: "hint"}, "No run is chosen.");
  const keys = list.length === 1 ? configKeys.filter(key => list[0].configMap.has(key)) : differingKeys(list);
  const same = configKeys.filter(key => !keys.includes(key) && list.some(run => run.configMap.has(key)));
  const parts = [];
  if (keys.length === 0) {
    parts.push(make("p", {class: "hint"}, same.length ? "The configs of these runs are the same." : "No config was kept."));
  } else if (list.length > SIDE_BY_SIDE) parts.push(distribution(list, keys));
  else parts.push(comparison(list, keys.map(key => [configLabels.get(key), list.map(run => run.configMap.get(key)), key])));
  if (same.length > 0) {
    parts.push(make("details", null, make("summary", null, plural(same.length, "setting") + " in common"),
      make("dl", {class: "pairs"}, same.map(key => make("div", null, make("dt", null, key),
        make("dd", null, formatValue(list[0].configMap.get(key))))))));
  }
  return make("div", null, parts);
}

function addConfig() {
  if (configKeys.length === 0) return;
  const section = addSection("config", runs.length === 1 ? "Configuration" : "Configuration: differences", "Configuration");
  const show = () => section.body.replaceChildren(configBlock(activeRuns()));
  on("active", show);
  on("view", show);
}

// ---- Environment ----

function shell(words) {
  if (typeof words === "string") return words;
  return words.map(word => /^[\w@%+=:,./-]+$/.test(word) ? word : "'" + String(word).replaceAll("'", "'\\''") + "'").join(" ");
}

const ENVIRONMENT = [
  ["started", run => formatTime(run.created_text)],
  ["time", run => run.seconds === undefined ? undefined : formatSeconds(run.seconds)],
  ["command", run => Array.isArray(run.command) || typeof run.command === "string" ? shell(run.command) : undefined],
  ["script", run => run.script],
  ["directory", run => run.cwd],
  ["run's folder", run => run.dir],
  ["seed", run => run.seed],
  ["git commit", run => run.git && run.git.commit ? String(run.git.commit).slice(0, 12) + (run.git.dirty ? " + changes" : "") : undefined],
  ["git branch", run => run.git ? run.git.branch : undefined],
  ["host", run => run.host ? run.host.name : undefined],
  ["system", run => run.host ? run.host.system : undefined],
  ["processor", run => run.host ? run.host.cpu : undefined],
  ["processors", run => run.host ? run.host.processors : undefined],
  ["memory", run => run.host && run.host.memory !== undefined
    ? typeof run.host.memory === "number" ? formatBytes(run.host.memory) : run.host.memory : undefined],
];

// Rows with more than one value stand side by side, the others once.
function environmentBlock(list) {
  const versions = [...new Set(list.flatMap(run => Object.keys(run.versions || {})))]
    .map(name => [name, run => run.versions ? run.versions[name] : undefined]);
  const rows = [...ENVIRONMENT, ...versions].map(([label, of]) => [label, list.map(of)])
    .filter(([, values]) => values.some(value => value !== undefined && value !== null && value !== MISSING));
  const same = ([, values]) => values.every(value => formatValue(value) === formatValue(values[0]));
  const common = rows.filter(same), different = rows.filter(row => !same(row));
  const parts = [];
  if (common.length > 0) {
    parts.push(make("dl", {class: "pairs"}, common.map(([label, values]) =>
      make("div", null, make("dt", null, label), make("dd", null, formatValue(values[0]))))));
  }
  if (different.length > 0 && list.length <= SIDE_BY_SIDE) parts.push(comparison(list, different));
  else if (different.length > 0) {
    parts.push(make("div", {class: "scroll rows", tabindex: "0", role: "region", "aria-label": "Environments"},
      make("table", {class: "runs"}, make("thead", null, make("tr", null, make("th", {class: "name"}, "run"),
        different.map(([label]) => make("th", null, label)))),
      make("tbody", null, list.map((run, i) => make("tr", null, make("th", {scope: "row", class: "name"}, run.label),
        different.map(([, values]) => make("td", {class: "text"}, formatValue(values[i])))))))));
  }
  return make("div", null, parts);
}

function addEnvironment() {
  const section = addSection("environment", "Environment", "Environment");
  on("active", () => whenNear(section, () => section.body.replaceChildren(environmentBlock(activeRuns()))));
  on("view", () => { if (activeRuns().length > 0) whenNear(section, () => section.body.replaceChildren(environmentBlock(activeRuns()))); });
}

// ---- Failures ----

function isTrouble(run) {
  return run.message !== undefined || run.problems.length > 0 || run.log !== undefined
    || ["failed", "killed", "interrupted"].includes(run.state);
}

function failureBlock(run) {
  return make("article", {class: "failure"},
    make("h3", null, stateMark(run.state), " ", run.label),
    run.message !== undefined && make("pre", {class: "message"}, formatValue(run.message)),
    run.problems.map(line => make("p", {class: "hint"}, line)),
    run.log !== undefined && make("details", null, make("summary", null, "end of its output"), make("pre", null, run.log)),
    run.message === undefined && run.problems.length === 0 && run.log === undefined
      && make("p", {class: "hint"}, "Nothing was recorded after " + plural(run.rows || 0, "row") + "."));
}

function addFailures() {
  if (!runs.some(isTrouble)) return;
  const section = addSection("failures", "Failures", "Failures");
  on("active", () => {
    const list = activeRuns().filter(isTrouble);
    showSection(section, list.length > 0);
    fill(section.body, list, failureBlock);
  });
}
