"use strict";
// The filter: which rows a state shows, and in which order. Rows are positions in the table (ids).

HYBRIDML.filter = (() => {
  const data = HYBRIDML.data;
  const OUTCOMES = {
    right: { mark: "✓", words: "right" },
    "other unit": { mark: "≈", words: "other unit" },
    wrong: { mark: "✗", words: "wrong" },
    blank: { mark: "○", words: "blank" },
    unlabelled: { mark: "·", words: "no label" },
  };
  const ORDERS = {
    index: { words: "index", down: false },
    confidence: { words: "confidence", down: true },
    loss: { words: "loss", down: true },
    suspect: { words: "suspicion of the label", down: true },
  };
  const searchTexts = [];
  const ranks = {};

  const column = (name) => data.columns[name] || [];

  /** The text of a row that is searched, in lower case. */
  function searchText(id) {
    searchTexts[id] ??= ["text", "index", "photo", "group", "entity", "truth", "prediction", "other"]
      .map((name) => column(name)[id] ?? "")
      .join("\n")
      .toLowerCase();
    return searchTexts[id];
  }

  const TESTS = {
    entity: (state) => oneOf("entity", state.entity),
    outcome: (state) => oneOf("outcome", state.outcome),
    cause: (state) => oneOf("cause", state.cause),
    change: (state) => oneOf("change", state.change),
    group: (state) => state.group && ((id) => column("group")[id] === state.group),
    trained: (state) => state.trained && ((id) => column("trained")[id] === (state.trained === "yes")),
    marked: (state) =>
      state.marked && ((id) => Boolean(HYBRIDML.corrections.of(id)) === (state.marked === "yes")),
    min: (state) => state.min !== "" && ((id) => column("confidence")[id] >= Number(state.min)),
    max: (state) => state.max !== "" && ((id) => column("confidence")[id] <= Number(state.max)),
    q: (state) => {
      const terms = state.q.toLowerCase().split(/\s+/).filter(Boolean);
      return terms.length > 0 && ((id) => terms.every((term) => searchText(id).includes(term)));
    },
    tab: (state) => {
      if (state.tab === "suspects") return (id) => column("suspect")[id] > 0;
      return state.tab === "changes" && ((id) => !["", "same"].includes(column("change")[id]));
    },
  };

  const oneOf = (name, values) => values.length > 0 && ((id) => values.includes(column(name)[id]));

  /** The ids that pass every filter of the state but those left out. */
  function passing(state, without = []) {
    const tests = Object.entries(TESTS)
      .filter(([name]) => !without.includes(name))
      .map(([, test]) => test(state))
      .filter(Boolean);
    const ids = [];
    for (let id = 0; id < data.length; id++) if (tests.every((test) => test(id))) ids.push(id);
    return ids;
  }

  /** How many rows each value of a column would show, were no value of it chosen. */
  function counts(state, name) {
    const found = new Map();
    for (const id of passing(state, [name])) {
      const value = column(name)[id];
      found.set(value, (found.get(value) || 0) + 1);
    }
    return found;
  }

  /** The order a state asks for: its column, and whether the largest come first. */
  function order(state) {
    const name = ORDERS[state.sort] ? state.sort : state.tab === "suspects" ? "suspect" : "index";
    return { name, down: state.way ? state.way === "down" : ORDERS[name].down };
  }

  /** The ids a state shows, in its order; rows without a value come last. */
  function select(state) {
    const { name, down } = order(state);
    const key = name === "index" ? indexRanks() : column(name);
    const sign = down ? -1 : 1;
    return passing(state).sort((a, b) => {
      const [left, right] = [key[a] ?? null, key[b] ?? null];
      if (left === null || right === null) return (left === null) - (right === null) || a - b;
      return sign * (left - right) || a - b;
    });
  }

  // An index can be any text; "9" comes before "10".
  function indexRanks() {
    if (!ranks.index) {
      const compare = new Intl.Collator("en", { numeric: true }).compare;
      const sorted = [...column("id")].sort((a, b) => compare(column("index")[a], column("index")[b]));
      ranks.index = [];
      sorted.forEach((id, rank) => (ranks.index[id] = rank));
    }
    return ranks.index;
  }

  return { OUTCOMES, ORDERS, counts, order, select };
})();
