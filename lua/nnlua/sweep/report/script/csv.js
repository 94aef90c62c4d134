// The selected trials as a CSV file, made in the page.

function csvCell(value) {
  if (value === undefined || value === null || Number.isNaN(value)) return "";
  const text = String(value);
  return /[",\r\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
}

/** The file's text: a row for each selected trial, in the table's order. */
function csvText() {
  const of = one => trial => one.axis && one.axis.kind === "choice" && !Number.isNaN(one.axis.x[trial.index])
    ? one.axis.values[one.axis.x[trial.index]] : one.key === "message" ? trial.message : one.value(trial);
  const lines = [columns.map(one => csvCell(one.key)), ...listed.map(trial => columns.map(one => csvCell(of(one)(trial))))];
  return lines.map(cells => cells.join(",")).join("\n") + "\n";
}

function csvButton() {
  return make("button", {type: "button", class: "chip", id: "csv", onclick: () => {
    const address = URL.createObjectURL(new Blob([csvText()], {type: "text/csv"}));
    const link = make("a", {href: address, download: page.name.replace(/[^\w.-]/g, "_") + ".csv"});
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(address), 60000);
  }}, "Download as CSV");
}
