// Pictures, confusion matrices, badly classified examples, texts: one block for each run.

/** A section with a block for each active run that has something; hidden when none has. */
function addBlocks(id, title, has, render, note) {
  if (!runs.some(has)) return;
  const content = make("div", {class: "blocks " + id});
  const line = make("p", {class: "hint"});
  const section = addSection(id, title, title, note && line, content);
  on("active", () => {
    const list = activeRuns().filter(has);
    showSection(section, list.length > 0);
    if (note) line.textContent = note(activeRuns());
    whenNear(section, () => fill(content, list, run => {
      const block = make("article", {class: "block"}, runs.length > 1 && make("h3", null, run.label));
      block.append(...[render(run)].flat());
      return block;
    }));
  });
}

// ---- Pictures ----

const dialog = make("dialog", {class: "picture", "aria-label": "Picture",
  onclick: () => dialog.close()});

function enlarge(src, caption) {
  dialog.replaceChildren(make("img", {src, alt: caption}), make("p", null, caption),
    make("button", {type: "button", autofocus: true}, "Close"));
  dialog.showModal();
}

function image(src, alt, className) {
  const element = make("img", {src, alt, loading: "lazy", decoding: "async", class: className});
  const sharpen = () => element.classList.toggle("pixels", element.naturalWidth > 0 && element.naturalWidth <= 64);
  element.addEventListener("load", sharpen);
  return element;
}

function pictureFigure(run, picture) {
  const steps = picture.steps || [{src: picture.src}];
  let now = steps.length - 1;
  const caption = () => picture.name + (steps[now].step !== undefined ? ", step " + steps[now].step : "");
  const shown = image(steps[now].src, run.label + ": " + caption());
  const text = make("span", null, caption());
  const button = make("button", {type: "button", class: "plain", "aria-label": "Enlarge " + picture.name,
    onclick: () => enlarge(steps[now].src, run.label + ": " + caption())}, shown);
  const slider = steps.length > 1 && make("input", {type: "range", min: "0", max: String(steps.length - 1),
    value: String(now), "aria-label": "Step of " + picture.name, oninput: () => {
      now = Number(slider.value);
      shown.src = steps[now].src;
      shown.alt = run.label + ": " + caption();
      text.textContent = caption();
    }});
  return make("figure", {class: "picture"}, button, make("figcaption", null, text, slider));
}

function leftOut(list) {
  const count = list.reduce((sum, run) => sum + (run.left_out || 0), 0);
  return count === 0 ? "" : plural(count, "picture") + " of these runs did not fit into the page; they are in the runs' folders.";
}

function addPictures() {
  addBlocks("pictures", "Pictures", run => run.pictures.length > 0 || run.left_out > 0,
    run => make("div", {class: "gallery"}, run.pictures.map(picture => pictureFigure(run, picture))), leftOut);
  document.body.append(dialog);
}

// ---- Confusion matrix ----

const SMALL_MATRIX = 16; // classes whose cells show per cent, too

function confusionTable({classes, matrix, step}) {
  const small = classes.length <= SMALL_MATRIX;
  let right = 0, total = 0;
  const rows = matrix.map((counts, i) => {
    const sum = counts.reduce((a, b) => a + b, 0);
    right += counts[i];
    total += sum;
    return make("tr", null, make("th", {scope: "row", title: classes[i]}, classes[i]), counts.map((count, j) => {
      const share = sum > 0 ? count / sum : 0, percent = formatPercent(share);
      const element = make("td", {title: classes[i] + " taken for " + classes[j] + ": " + count + " (" + percent + ")",
        class: (i === j ? "right" : "") + (count === 0 ? " zero" : "") + (share > 0.55 ? " deep" : "")},
        formatNumber(count), small && count > 0 && make("small", null, percent));
      element.style.setProperty("--share", (Math.pow(share, 0.6) * 100).toFixed(1) + "%");
      return element;
    }));
  });
  return [make("p", {class: "hint"}, (step !== undefined ? "step " + step + ", " : "") + formatNumber(right) + " of "
      + formatNumber(total) + " right" + (total > 0 ? " (" + Number((100 * right / total).toPrecision(4)) + "%)" : "")),
    make("div", {class: "scroll", tabindex: "0", role: "region", "aria-label": "Confusion matrix"},
      make("table", {class: small ? "confusion" : "confusion dense"},
        make("thead", null, make("tr", null, make("td"), classes.map(name => make("th", {scope: "col", title: name}, name)))),
        make("tbody", null, rows)))];
}

function addConfusion() {
  addBlocks("confusion", "Confusion matrix", run => run.confusion !== undefined, run => confusionTable(run.confusion),
    () => "Rows: the true class, columns: the predicted class; counts, and per cent of the row.");
}

// ---- Examples ----

function exampleFigure(example) {
  const text = formatValue(example.label) + " taken for " + formatValue(example.predicted);
  return make("figure", {class: "example"},
    example.src ? image(example.src, "Sample of class " + formatValue(example.label)) : make("div", {class: "nothing"}, "no picture"),
    make("figcaption", null, make("span", null, make("b", null, formatValue(example.label)), " \u2192 ",
      make("b", {class: example.label !== example.predicted && "wrong"}, formatValue(example.predicted))),
      example.probability !== undefined && make("span", {class: "aside"}, "p = " + formatNumber(example.probability, 3)),
      example.loss !== undefined && make("span", {class: "aside"}, "loss " + formatNumber(example.loss, 3)),
      make("span", {class: "unseen"}, text)));
}

function addExamples() {
  addBlocks("examples", "Worst classified", run => run.examples.length > 0,
    run => make("div", {class: "samples"}, run.examples.map(exampleFigure)),
    () => "True class \u2192 predicted class, and the probability that the network gave its answer.");
}

// ---- Texts ----

function addTexts() {
  addBlocks("texts", "Texts", run => run.texts.length > 0, run => run.texts.map(({tag, steps, all}) => {
    let now = steps.length - 1;
    const pre = make("pre", null, steps[now].text);
    const box = steps.length > 1 && select("step", steps.map((one, i) => [String(i), formatValue(one.step)]), String(now),
      value => { pre.textContent = steps[Number(value)].text; });
    return make("div", null, make("h4", null, tag, steps.length === 1 && steps[0].step !== undefined ? ", step " + steps[0].step : ""),
      box, all > steps.length && make("span", {class: "aside"}, "the last " + steps.length + " of " + all), pre);
  }));
}
