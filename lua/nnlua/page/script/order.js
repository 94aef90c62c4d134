// How tables are sorted.

/** Orders two things, which have an index, by value(thing); what is missing or no number comes last either way. */
function byValue(of, descending) {
  const sign = descending ? -1 : 1;
  const lacks = value => value === undefined || value === null || value === "" || Number.isNaN(value);
  return (a, b) => {
    const x = number(of(a)), y = number(of(b));
    if (lacks(x) || lacks(y)) return lacks(x) - lacks(y) || a.index - b.index;
    const order = typeof x === "number" && typeof y === "number" ? x - y
      : String(x).localeCompare(String(y), undefined, {numeric: true});
    return sign * order || a.index - b.index;
  };
}
