"use strict";
// The user's corrections of labels: kept in the browser under the report's id, undone, written as CSV and read from it.

HYBRIDML.corrections = (() => {
  const { csv, data } = HYBRIDML;
  const CSV_HEAD = ["index", "entity_name", "correction", "value"];
  const KINDS = { label_wrong: "label wrong", not_in_photo: "value not in photo", value: "right value" };
  const listeners = [];
  const past = [];
  let made = new Map(); // key of a row -> {correction, value}
  let ids = new Map(); // key of a row -> its position
  let stored = true; // whether the browser keeps them

  const keyOf = (id) => JSON.stringify([data.columns.index[id], data.columns.entity[id]]);
  const storageKey = () => `hybridml.corrections.${data.report}`;

  /** Loads the corrections that the browser kept; call when the rows are there. */
  function open() {
    ids = new Map(data.columns.id.map((id) => [keyOf(id), id]));
    try {
      const earlier = JSON.parse(localStorage.getItem(storageKey()) || "[]");
      made = new Map(earlier.filter(([key, made]) => ids.has(key) && !problem(ids.get(key), made)));
    } catch {
      stored = false;
    }
  }

  function store() {
    try {
      localStorage.setItem(storageKey(), JSON.stringify([...made]));
      stored = true;
    } catch {
      stored = false;
    }
    listeners.forEach((listener) => listener());
  }

  const tidy = (text) => text.trim().replace(/\s+/g, " ").toLowerCase();

  /** What is wrong with a typed value of an entity; "" when nothing is. */
  function fault(entity, text) {
    const units = data.units[entity] || [];
    const [, amount, unit] = /^(\S+)(?: (.*))?$/.exec(tidy(text)) || [];
    const example = `write it like "2.5 ${units[0] || "gram"}"`;
    if (!amount) return `expected a number and a unit: ${example}`;
    if (!/^\d+(\.\d+)?$/.test(amount)) return `"${amount}" is not a plain number: ${example}`;
    if (!(Number(amount) > 0)) return `the number must be above zero: ${example}`;
    if (!unit) return `which unit? Expected one of ${units.join(", ")}`;
    if (units.length && !units.includes(unit))
      return `"${unit}" is not a unit of ${entity}; expected one of ${units.join(", ")}`;
    return "";
  }

  // What is wrong with a correction; "" when nothing is.
  function problem(id, { correction, value }) {
    if (!Object.hasOwn(KINDS, correction))
      return `correction "${correction}" is not one of ${Object.keys(KINDS).join(", ")}`;
    if (correction !== "value") return value ? `a value stands beside "${correction}"` : "";
    return fault(data.columns.entity[id], value);
  }

  function put(changes) {
    past.push(changes.map(([key]) => [key, made.get(key) || null]));
    apply(changes);
  }

  function apply(changes) {
    for (const [key, given] of changes) given ? made.set(key, given) : made.delete(key);
    store();
  }

  /** Corrects the label of a row: a kind, and a value where the kind is "value". Returns what is wrong with it, or "". */
  function mark(id, correction, value = "") {
    const given = { correction, value: correction === "value" ? tidy(value) : "" };
    const wrong = problem(id, given);
    if (!wrong) put([[keyOf(id), given]]);
    return wrong;
  }

  /** Takes back the last change, whatever it was; false when there is none. */
  function undo() {
    const last = past.pop();
    if (last) apply(last);
    return Boolean(last);
  }

  const remove = (id) => made.has(keyOf(id)) && put([[keyOf(id), null]]);
  const clear = () => made.size && put([...made.keys()].map((key) => [key, null]));
  const of = (id) => made.get(keyOf(id)) || null;
  /** All corrections in the order of the rows: [id, {correction, value}]. */
  const all = () => [...made].map(([key, given]) => [ids.get(key), given]).sort((a, b) => a[0] - b[0]);

  /** All corrections as CSV. */
  const write = () =>
    csv.write([
      CSV_HEAD,
      ...all().map(([id, given]) => [
        data.columns.index[id],
        data.columns.entity[id],
        given.correction,
        given.value,
      ]),
    ]);

  /** Takes corrections from a CSV text; returns how many, and what was wrong with the other lines. */
  function read(text) {
    const [head, ...lines] = csv.read(text);
    const at = CSV_HEAD.map((name) => (head || []).indexOf(name));
    if (at.includes(-1)) throw new Error(`the first line must name the columns ${CSV_HEAD.join(", ")}`);
    const changes = new Map();
    const faults = [];
    lines.forEach((line, number) => {
      const [index, entity, correction, value] = at.map((i) => (line[i] ?? "").trim());
      const key = JSON.stringify([index, entity]);
      const given = { correction, value: tidy(value) };
      const wrong = ids.has(key)
        ? problem(ids.get(key), given)
        : `the report has no row with index "${index}" and entity "${entity}"`;
      if (wrong) faults.push(`line ${number + 2}: ${wrong}`);
      else changes.set(key, given);
    });
    if (changes.size) put([...changes]);
    return { taken: changes.size, faults };
  }

  const listen = (listener) => listeners.push(listener);
  const undoable = () => past.length > 0;
  return {
    KINDS,
    open,
    mark,
    undo,
    undoable,
    remove,
    clear,
    of,
    all,
    write,
    read,
    listen,
    stored: () => stored,
  };
})();
