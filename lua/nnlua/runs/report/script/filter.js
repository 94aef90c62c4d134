// The filter box: words that must all hold for a run.
//
//   lr<0.1   optimizer=adam|sgd   test_accuracy.max >= 0.95   state!=failed   name~xor   baseline
//
// FIELDs are those of `nnlua runs --filter`, and its filters mean the same here.
// A word without an operator is looked for in id, tags, state and config. `=` compares numbers as
// numbers, else whole texts; `~` looks for a part; letters' case does not matter; quotes keep blanks.

const TEST = /^("[^"]*"|'[^']*'|[^"'<>=!~]+)(<=|>=|!=|==|<|>|=|~)(.*)$/;

const FILTER_NAMES = new Map();
for (const one of columns) {
  for (const name of [one.label, one.key]) {
    if (!FILTER_NAMES.has(name.toLowerCase())) FILTER_NAMES.set(name.toLowerCase(), one);
  }
}
FILTER_NAMES.set("id", columns[0]);
FILTER_NAMES.set("tag", columns.find(one => one.key === "tags"));

function words(text) {
  const tight = text.replace(/("[^"]*"?|'[^']*'?)|\s*(<=|>=|!=|==|[<>=~])\s*/g,
    (all, quoted, operator) => quoted || operator);
  return tight.match(/(?:"[^"]*"?|'[^']*'?|[^\s"'])+/g) || [];
}

function unquote(text) {
  return text.replace(/^(["'])(.*?)\1?$/, "$2");
}

function equal(value, wanted) {
  const a = number(value), b = Number(wanted);
  if (typeof a === "number" && wanted.trim() !== "" && !Number.isNaN(b)) return a === b;
  return formatValue(value).toLowerCase() === wanted.toLowerCase();
}

function compare(value, operator, wanted) {
  const alternatives = wanted.split("|");
  if (operator === "=" || operator === "==") return alternatives.some(w => equal(value, w));
  if (operator === "!=") return !alternatives.some(w => equal(value, w));
  if (value === undefined || value === null) return false;
  if (operator === "~") {
    const text = formatValue(value).toLowerCase();
    return alternatives.some(w => text.includes(w.toLowerCase()));
  }
  const a = number(value), b = Number(wanted);
  if (typeof a !== "number" || Number.isNaN(b)) return false;
  return operator === "<" ? a < b : operator === ">" ? a > b : operator === "<=" ? a <= b : a >= b;
}

function mentions(run, word) {
  const texts = [run.id, run.state, ...run.tags, ...run.config.map(pair => formatValue(pair[1]))];
  return texts.some(text => String(text).toLowerCase().includes(word));
}

/** parseFilter(text) -> {test(run), problem}: problem names what is not understood, or is "". */
function parseFilter(text) {
  const tests = [];
  let problem = "";
  for (const word of words(text)) {
    const match = TEST.exec(word);
    if (!match) {
      const part = unquote(word).toLowerCase();
      tests.push(run => mentions(run, part));
      continue;
    }
    const [, quoted, operator, rest] = match;
    const name = unquote(quoted), one = FILTER_NAMES.get(name.toLowerCase());
    const wanted = unquote(rest);
    if (!one) problem = problem || "no column is called \u201c" + name + "\u201d";
    else if (/[<>]/.test(operator) && wanted !== "" && Number.isNaN(Number(wanted))) {
      problem = problem || "\u201c" + wanted + "\u201d is not a number";
    } else if (wanted !== "") tests.push(run => compare(one.value(run), operator, wanted));
  }
  return {test: run => tests.every(test => test(run)), problem};
}
