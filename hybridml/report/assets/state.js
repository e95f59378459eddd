"use strict";
// The state of the page: tab, filters, order, search, card and thresholds. All of it stands in the address after "#",
// so that a link or a bookmark shows the same.

HYBRIDML.state = (() => {
  const LISTS = ["entity", "outcome", "cause", "change", "at"];
  const SINGLES = {
    tab: "overview",
    min: "",
    max: "",
    group: "",
    trained: "",
    marked: "",
    q: "",
    sort: "",
    way: "",
    card: "",
  };
  const FILTERS = ["entity", "outcome", "cause", "change", "min", "max", "group", "trained", "marked", "q"];
  const listeners = [];
  let current = parse("");
  let writing = 0;

  /** The state that an address's "#..." stands for. */
  function parse(hash) {
    const given = new URLSearchParams(hash.replace(/^#/, ""));
    const state = {};
    for (const name of LISTS) state[name] = given.getAll(name);
    for (const [name, initial] of Object.entries(SINGLES)) state[name] = given.get(name) ?? initial;
    return state;
  }

  /** The "#..." of a state, without the defaults. */
  function write(state) {
    const given = new URLSearchParams();
    for (const [name, initial] of Object.entries(SINGLES))
      if (state[name] !== initial) given.set(name, state[name]);
    for (const name of LISTS) for (const value of state[name]) given.append(name, value);
    return "#" + given.toString();
  }

  /** The "#..." of the current state with some of it changed. */
  const link = (changes) => write({ ...current, ...changes });

  /** Changes the state and shows it. With step, the browser's "back" returns to what was before. */
  function set(changes, { step = false } = {}) {
    const before = current;
    current = { ...current, ...changes };
    clearTimeout(writing);
    if (step) {
      history.replaceState(null, "", write(before)); // a change still to be written
      history.pushState(null, "", write(current));
    }
    // browsers allow a page only so many changes of its address in a while
    else writing = setTimeout(() => history.replaceState(null, "", write(current)), 150);
    notify(before);
  }

  function read() {
    clearTimeout(writing);
    const before = current;
    current = parse(location.hash);
    notify(before);
  }

  const notify = (before) => listeners.forEach((listener) => listener(current, before));

  /** Calls listener(state, stateBefore) at each change. */
  const listen = (listener) => listeners.push(listener);

  const none = () => ({ ...Object.fromEntries(FILTERS.map((n) => [n, LISTS.includes(n) ? [] : ""])) });

  /** Whether two states differ in any of these names. */
  const differ = (a, b, names) => names.some((name) => String(a[name]) !== String(b[name]));

  window.addEventListener("popstate", read);
  return { parse, write, link, set, read, listen, none, differ, FILTERS, get: () => current };
})();
