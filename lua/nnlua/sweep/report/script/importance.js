// Which parameters matter: their shares of the variance of the results.

function addImportance() {
  const {shares, message, learned, complete} = page.importance;
  const section = addSection("importance", "Importance", "Importance");
  if (!shares) {
    section.body.append(make("p", {class: "hint"}, "Not known: " + formatValue(message) + "."));
    return;
  }
  const left = parameters.filter(axis => axis.conditional).map(axis => axis.name);
  section.body.append(make("dl", {class: "bars"}, shares.map(([name, share]) => {
    const bar = make("span", {class: "bar", "aria-hidden": "true"});
    bar.style.width = 100 * share / shares[0][1] + "%";
    return make("div", null, make("dt", {title: name}, name), make("dd", null,
      make("span", {class: "track"}, bar), make("span", {class: "share"}, formatPercent(share))));
  })), make("p", {class: "hint"}, "The share of the variance of " + page.metric + " that each parameter explains (fANOVA, from "
    + (learned < complete ? learned + " of the " : "") + plural(complete, "complete trial") + ")."
    + (complete < 20 ? " With so few trials it is a rough guess." : "")
    + (left.length > 0 ? " Without " + left.join(", ") + ", which not every trial has." : "")));
}
