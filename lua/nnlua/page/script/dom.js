// Elements from texts: nothing here reads markup, so no text of a run can become any.

/** make("a", {class: "x", onclick: f}, "text", child, [more]) -> element. */
function make(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && typeof value !== "string") element[name] = value;
    else element.setAttribute(name === "className" ? "class" : name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter(c => c !== null && c !== undefined && c !== false));
  return element;
}

/** A section of the page with its heading; its link goes into the navigation. */
function addSection(id, title, short, ...children) {
  const body = make("div", {class: "body"}, ...children);
  const section = make("section", {id, "aria-label": title}, make("h2", null, title), body);
  section.body = body;
  section.link = make("a", {href: "#" + id, onclick: drawAll}, short);
  document.querySelector("nav").append(section.link);
  document.querySelector("main").append(section);
  return section;
}

function showSection(section, visible) {
  section.hidden = section.link.hidden = !visible;
}

/** A labelled control: select({label, options: [[value, text], ...], onchange}). */
function select(label, options, value, onchange) {
  const box = make("select", {onchange: () => onchange(box.value)},
    options.map(([key, text]) => make("option", {value: key}, text)));
  box.value = value;
  return make("label", {class: "field"}, label, box);
}

function checkbox(label, checked, onchange, id) {
  const box = make("input", {type: "checkbox", id, checked, onchange: () => onchange(box.checked)});
  return make("label", {class: "field check"}, box, label);
}

/** Calls draw(element) once, when the element comes near the screen, or is about to be printed. */
const pending = new Map();
const nearScreen = new IntersectionObserver(entries => {
  for (const entry of entries) if (entry.isIntersecting) drawNow(entry.target);
}, {rootMargin: "400px"});

function drawNow(element) {
  const draw = pending.get(element);
  pending.delete(element);
  nearScreen.unobserve(element);
  if (draw) draw(element);
}

function whenNear(element, draw) {
  pending.set(element, draw);
  nearScreen.observe(element);
}

/** Draws all that waits, so that nothing moves after a jump, and nothing is missing on paper. */
function drawAll() {
  [...pending.keys()].forEach(drawNow);
}

addEventListener("beforeprint", drawAll);

// Blocks of runs are long: the first ones, and the rest when asked for.
const FIRST_SHOWN = 8;

function fill(container, list, render) {
  container.replaceChildren();
  let shown = 0;
  const more = make("button", {type: "button", class: "more", onclick: add});
  function add() {
    const next = list.slice(shown, shown === 0 ? FIRST_SHOWN : list.length);
    shown += next.length;
    more.remove();
    container.append(...next.map(render));
    more.textContent = "Show " + (list.length - shown) + " more";
    if (shown < list.length) container.append(more);
  }
  add();
}
