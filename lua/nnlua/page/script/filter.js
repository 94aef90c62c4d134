// The filter box: words that must all hold for a row of a table.
//
//   lr<0.1   optimizer=adam|sgd   test_accuracy.max >= 0.95   state!=failed   name~xor   baseline
//
// FIELDs are those of `nnlua runs --filter`, and its filters mean the same here.
// A word without an operator is looked for in the row's texts. `=` compares numbers as numbers,
// else whole texts; `~` looks for a part; letters' case does not matter; quotes keep blanks.

const TEST = /^("[^"]*"|'[^']*'|[^"'<>=!~]+)(<=|>=|!=|==|<|>|=|~)(.*)$/;

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

/** filterOf(columns, textsOf, aliases) -> parse(text) -> {test(row), problem}: problem names what is
 *  not understood, or is "". columns: {key, label, value(row)}; textsOf(row): where words without an
 *  operator are looked for; aliases: {name: column}. */
function filterOf(columns, textsOf, aliases) {
  const named = new Map(Object.entries(aliases));
  for (const one of columns) {
    for (const name of [one.label, one.key]) {
      if (!named.has(name.toLowerCase())) named.set(name.toLowerCase(), one);
    }
  }
  const mentions = (row, word) => textsOf(row).some(text => String(text).toLowerCase().includes(word));
  return text => {
    const tests = [];
    let problem = "";
    for (const word of words(text)) {
      const match = TEST.exec(word);
      if (!match) {
        const part = unquote(word).toLowerCase();
        tests.push(row => mentions(row, part));
        continue;
      }
      const [, quoted, operator, rest] = match;
      const name = unquote(quoted), one = named.get(name.toLowerCase());
      const wanted = unquote(rest);
      if (!one) problem = problem || "no column is called \u201c" + name + "\u201d";
      else if (/[<>]/.test(operator) && wanted !== "" && Number.isNaN(Number(wanted))) {
        problem = problem || "\u201c" + wanted + "\u201d is not a number";
      } else if (wanted !== "") tests.push(row => compare(one.value(row), operator, wanted));
    }
    return {test: row => tests.every(test => test(row)), problem};
  };
}
