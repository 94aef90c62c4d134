// Everything about one trial, in a dialog; the command that repeats it.

const dialog = make("dialog", {class: "details", "aria-label": "Trial"});

/** A word as a shell takes it. */
function shellWord(word) {
  return /^[\w.,:=/@+-]+$/.test(word) ? word : "'" + word.replaceAll("'", "'\\''") + "'";
}

/** The command that runs a trial alone. */
function commandOf(trial) {
  const values = new Map(parameters.filter(axis => !Number.isNaN(axis.x[trial.index])).map(axis =>
    [axis.name, axis.kind === "choice" ? axis.values[axis.x[trial.index]] : String(axis.x[trial.index])]));
  for (const [name, text] of page.set) values.set(name, text);
  const words = ["nnlua", shellWord(page.file || "FILE")];
  [...values.keys()].sort((a, b) => a < b ? -1 : 1).forEach((name, i) => {
    if (i === 0) words.push("--set");
    words.push(shellWord(name + "=" + values.get(name)));
  });
  if (trial.repetition > 1) words.push("--repetition " + trial.repetition);
  return words.join(" ");
}

function pairsOf(list) {
  return make("dl", {class: "pairs"}, list.filter(([, text]) => text !== MISSING && text !== undefined && text !== "").map(([name, text]) =>
    make("div", null, make("dt", null, name), make("dd", null, text))));
}

function showDetails(trial) {
  const step = by => {
    const list = trials.filter(one => selected[one.index]), at = list.indexOf(trial) + by;
    return make("button", {type: "button", class: "more", disabled: at < 0 || at >= list.length,
      onclick: () => showDetails(list[at])}, by < 0 ? "\u2190 previous" : "next \u2192");
  };
  const count = reports.counts[trial.index];
  dialog.replaceChildren(
    make("h3", null, "Trial " + trial.number + " ", make("span", {class: "state " + trial.state}, trial.state)),
    pairsOf([[page.metric, formatValue(finite(trial.value))],
      ["configuration", page.seeds > 1 ? trial.configuration + ", repetition " + trial.repetition : undefined],
      ...parameters.map(axis => [axis.name, textOn(axis, trial.index)]), ...page.constants.map(([name, text]) => [name, text]),
      ["time", formatSeconds(trial.seconds)], ["started", clock(trial.started)],
      ["attempt", trial.attempt > 1 ? String(trial.attempt) : undefined],
      ["reports", count > 0 ? String(count) : undefined]]),
    trial.message !== undefined ? make("pre", {class: "message"}, trial.message) : "",
    make("h4", null, "Again"), make("pre", {class: "command"}, commandOf(trial)),
    make("p", {class: "buttons"}, step(-1), step(1),
      make("button", {type: "button", class: "more", autofocus: true, onclick: () => dialog.close()}, "Close")));
  if (!dialog.open) dialog.showModal();
}
