"use strict";
// The page as a whole: tabs, keys, and what is shown anew when the state changes.

HYBRIDML.start = (() => {
  const { data, state, filter, facets, grid, card, correctionForm, corrections, thresholds } = HYBRIDML;
  const { el, byId, number, plural } = HYBRIDML.dom;
  const PANELS = {
    overview: "overview",
    gallery: "gallery",
    suspects: "gallery",
    changes: "gallery",
    corrections: "corrections",
  };
  const LIST_STATE = [...state.FILTERS, "tab", "sort", "way"];
  const KEYS = [
    ["j / → , k / ←", "next, previous row"],
    ["↓ , ↑", "next, previous line of rows"],
    ["Enter", "open the row"],
    ["/", "search"],
    ["1", "label wrong"],
    ["2", "value not in photo"],
    ["c", "type the right value"],
    ["u", "undo the last correction"],
    ["+ , − , 0", "larger, smaller, the whole photo"],
    ["Esc", "close, or leave a field"],
    ["?", "this help"],
  ];

  function start() {
    corrections.open();
    facets.build();
    card.build();
    thresholds.build();
    buildBar();
    buildTabs();
    buildHelp();
    corrections.listen(corrected);
    document.addEventListener("keydown", key);
    byId("skip").addEventListener("click", (event) => (event.preventDefault(), byId("main").focus()));
    state.read();
    state.listen(show);
    show(state.get(), null);
    correctionForm.list();
    document.documentElement.dataset.ready = "yes";
  }

  function show(current, before) {
    const listed = !before || state.differ(current, before, LIST_STATE);
    const turned = before && state.differ(current, before, ["tab"]);
    if (listed) showTab(current.tab);
    const closed = before?.card && !current.card;
    if (listed || (closed && current.marked)) showList(current);
    if (!before || state.differ(current, before, ["at"])) thresholds.show(current);
    card.show(current);
    if (turned) window.scrollTo(0, 0);
  }

  function showTab(asked) {
    const tab = PANELS[asked] ? asked : "overview";
    for (const button of document.querySelectorAll("[role=tab]")) {
      const chosen = button.dataset.tab === tab;
      button.setAttribute("aria-selected", String(chosen));
      button.tabIndex = chosen ? 0 : -1;
    }
    for (const panel of document.querySelectorAll("main > section")) panel.hidden = panel.id !== PANELS[tab];
    byId("gallery").setAttribute("aria-labelledby", `tab-${tab}`);
    for (const name of ["suspects", "changes"]) byId(`about-${name}`).hidden = name !== tab;
  }

  function showList(current) {
    const ids = filter.select(current);
    const order = filter.order(current);
    byId("sort").value = order.name;
    byId("direction").textContent = order.down ? "↓ largest first" : "↑ smallest first";
    if (byId("search") !== document.activeElement) byId("search").value = current.q;
    byId("shown").textContent = `${number(ids.length)} of ${plural(data.length, "row")}`;
    byId("none").hidden = ids.length > 0;
    facets.show(current);
    grid.show(ids);
  }

  function corrected() {
    const made = corrections.all().length;
    tabCount("corrections", made);
    correctionForm.refresh();
    correctionForm.list();
    // while a card is open its row stays in the list, so that there is a next one
    if (state.get().marked && card.shown() === null) showList(state.get());
    else grid.refresh();
    facets.show(state.get());
  }

  function buildBar() {
    for (const [name, { words }] of Object.entries(filter.ORDERS))
      if (name === "index" || data.columns[name].some((value) => value))
        byId("sort").append(el("option", { value: name }, words));
    byId("sort").addEventListener("change", (event) => state.set({ sort: event.target.value, way: "" }));
    byId("direction").addEventListener("click", () =>
      state.set({ way: filter.order(state.get()).down ? "up" : "down" }),
    );
    byId("search").addEventListener("input", (event) => state.set({ q: event.target.value }));
    byId("reset").addEventListener("click", facets.reset);
  }

  function buildTabs() {
    tabCount("gallery", data.length);
    tabCount("suspects", data.columns.suspect.filter((value) => value > 0).length);
    tabCount("corrections", corrections.all().length);
    const { change } = data.columns;
    if (data.compared) {
      const count = (name) => change.filter((value) => value === name).length;
      byId("tab-changes").hidden = false;
      tabCount("changes", data.length - count("same") - count(""));
      byId("changes-heading").textContent = `Rows that changed against ${data.otherName}`;
      byId("changes-counts").textContent =
        `${plural(count("better"), "row")} better, ${number(count("worse"))} worse, ` +
        `${number(count("flipped"))} flipped (another answer, neither better nor worse), ${number(count("same"))} the same.`;
    }
    const shown = [...document.querySelectorAll("[role=tab]:not([hidden])")];
    for (const [place, button] of shown.entries()) {
      button.addEventListener("click", () => openTab(button.dataset.tab));
      button.addEventListener("keydown", (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (!step) return;
        const next = shown[(place + step + shown.length) % shown.length];
        openTab(next.dataset.tab);
        next.focus();
      });
    }
  }

  // The order goes back to the tab's own; filters stay, but a change can be chosen only where changes are shown.
  const openTab = (tab) =>
    state.set(
      { tab, sort: "", way: "", change: tab === "changes" ? state.get().change : [] },
      { step: true },
    );

  const tabCount = (tab, count) =>
    (byId(`tab-${tab}`).querySelector(".count").textContent = count ? number(count) : "");

  function buildHelp() {
    const help = byId("help");
    const lines = KEYS.flatMap(([keys, text]) => [el("dt", {}, el("kbd", {}, keys)), el("dd", {}, text)]);
    help.append(
      el("h2", { id: "help-title" }, "Keys"),
      el("dl", {}, ...lines),
      el("button", { type: "button", onclick: () => help.close() }, "Close"),
    );
    byId("help-button").addEventListener("click", () => help.showModal());
  }

  const typing = (target) => target.matches("input:not([type=checkbox]), select, textarea");

  function key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || byId("help").open) return;
    if (typing(event.target)) {
      if (event.key === "Escape")
        (event.preventDefault(), event.target.blur(), byId("card").open || grid.focus());
      return;
    }
    if (event.target.closest("[role=tablist], summary") && event.key.startsWith("Arrow")) return;
    const act = keys(event)[event.key];
    if (act && act() !== false) event.preventDefault();
  }

  function keys(event) {
    const open = card.shown();
    const listing = PANELS[state.get().tab] === "gallery";
    const tile = event.target.closest?.("[data-id]");
    const row = open ?? (tile ? Number(tile.dataset.id) : null);
    const go =
      (steps, lines = 0) =>
      () => {
        if (open !== null) return lines ? false : card.step(steps);
        return listing ? grid.move(steps, lines) : false;
      };
    const correct = (kind) => () => (row === null ? false : correctionForm.toggle(row, kind));
    const zoom = (factor) => () => (open === null ? false : card.zoom(factor));
    return {
      j: go(1),
      ArrowRight: go(1),
      k: go(-1),
      ArrowLeft: go(-1),
      ArrowDown: go(0, 1),
      ArrowUp: go(0, -1),
      "/": search,
      "?": () => byId("help").showModal(),
      1: correct("label_wrong"),
      2: correct("not_in_photo"),
      c: () => edit(row),
      u: correctionForm.undo,
      "+": zoom(1.5),
      "=": zoom(1.5),
      "-": zoom(1 / 1.5),
      0: zoom(0),
    };
  }

  function edit(row) {
    if (row === null) return false;
    if (card.shown() === null) state.set({ card: String(row) }, { step: true });
    return correctionForm.edit();
  }

  function search() {
    state.set(PANELS[state.get().tab] === "gallery" ? { card: "" } : { card: "", tab: "gallery" });
    byId("search").focus();
    byId("search").select();
  }

  return start;
})();

/** Shows a message to the user for a while. */
HYBRIDML.notify = (() => {
  let waiting = 0;
  return (text) => {
    HYBRIDML.dom.byId("toast").textContent = text;
    clearTimeout(waiting);
    waiting = setTimeout(() => (HYBRIDML.dom.byId("toast").textContent = ""), 4000);
  };
})();

window.addEventListener("load", () => {
  if (!document.documentElement.dataset.ready)
    HYBRIDML.notify("data/rows.js cannot be loaded: is the folder complete?");
});
