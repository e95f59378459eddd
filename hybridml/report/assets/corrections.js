"use strict";
// What the user says of labels: kept in the browser under the report's id, undone, written as CSV, read back from it.

HYBRIDML.corrections = (() => {
  const { csv, data } = HYBRIDML;
  const HEAD = ["index", "entity_name", "correction", "value"];
  const KINDS = { label_wrong: "label wrong", not_in_photo: "value not in photo", value: "right value" };
  const listeners = [];
  const past = [];
  let made = new Map(); // key of a row -> {correction, value}
  let ids = new Map(); // key of a row -> its position
  let kept = true;

  const keyOf = (id) => JSON.stringify([data.columns.index[id], data.columns.entity[id]]);
  const place = () => `hybridml.datasets.corrections.${data.report}`;

  /** Takes up what was kept of this report; call when the rows are there. */
  function open() {
    ids = new Map(data.columns.id.map((id) => [keyOf(id), id]));
    try {
      const stored = JSON.parse(localStorage.getItem(place()) || "[]");
      made = new Map(stored.filter(([key, made]) => ids.has(key) && !problem(ids.get(key), made)));
    } catch {
      kept = false;
    }
  }

  function keep() {
    try {
      localStorage.setItem(place(), JSON.stringify([...made]));
      kept = true;
    } catch {
      kept = false;
    }
    listeners.forEach((listener) => listener());
  }

  const tidy = (text) => text.trim().replace(/\s+/g, " ").toLowerCase();

  /** What is wrong with a typed value of an entity; "" when nothing is. */
  function fault(entity, text) {
    const units = data.units[entity] || [];
    const [, amount, unit] = /^(\S+)(?: (.*))?$/.exec(tidy(text)) || [];
    const example = `write it like "2.5 ${units[0] || "gram"}"`;
    if (!amount) return `a number and a unit, please: ${example}`;
    if (!/^\d+(\.\d+)?$/.test(amount)) return `"${amount}" is no plain number: ${example}`;
    if (!(Number(amount) > 0)) return `the number must be above zero: ${example}`;
    if (!unit) return `which unit? One of ${units.join(", ")}`;
    if (units.length && !units.includes(unit))
      return `"${unit}" is no unit of ${entity}; one of ${units.join(", ")}`;
    return "";
  }

  // What is wrong with a correction, in words; "" when nothing is.
  function problem(id, { correction, value }) {
    if (!Object.hasOwn(KINDS, correction))
      return `correction "${correction}" is none of ${Object.keys(KINDS).join(", ")}`;
    if (correction !== "value") return value ? `a value stands beside "${correction}"` : "";
    return fault(data.columns.entity[id], value);
  }

  function put(changes) {
    past.push(changes.map(([key]) => [key, made.get(key) || null]));
    apply(changes);
  }

  function apply(changes) {
    for (const [key, made_] of changes) made_ ? made.set(key, made_) : made.delete(key);
    keep();
  }

  /** Says something of a row: a kind, and the value where the kind is "value". Returns what is wrong with it, or "". */
  function mark(id, correction, value = "") {
    const said = { correction, value: correction === "value" ? tidy(value) : "" };
    const wrong = problem(id, said);
    if (!wrong) put([[keyOf(id), said]]);
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
  const all = () => [...made].map(([key, said]) => [ids.get(key), said]).sort((a, b) => a[0] - b[0]);

  /** All corrections as CSV. */
  const write = () =>
    csv.write([
      HEAD,
      ...all().map(([id, said]) => [
        data.columns.index[id],
        data.columns.entity[id],
        said.correction,
        said.value,
      ]),
    ]);

  /** Takes corrections from a CSV text; returns how many, and what was wrong with the other lines. */
  function read(text) {
    const [head, ...lines] = csv.read(text);
    const at = HEAD.map((name) => (head || []).indexOf(name));
    if (at.includes(-1)) throw new Error(`the first line must name the columns ${HEAD.join(", ")}`);
    const changes = new Map();
    const faults = [];
    lines.forEach((line, number) => {
      const [index, entity, correction, value] = at.map((i) => (line[i] ?? "").trim());
      const key = JSON.stringify([index, entity]);
      const said = { correction, value: tidy(value) };
      const wrong = ids.has(key)
        ? problem(ids.get(key), said)
        : `the report has no row with index "${index}" and entity "${entity}"`;
      if (wrong) faults.push(`line ${number + 2}: ${wrong}`);
      else changes.set(key, said);
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
    fault,
    write,
    read,
    listen,
    kept: () => kept,
  };
})();
