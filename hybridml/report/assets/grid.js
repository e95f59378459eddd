"use strict";
// The rows as tiles. Only the tiles in sight exist, so that 5,000 rows cost no more than 50.

HYBRIDML.grid = (() => {
  const { data, state, corrections } = HYBRIDML;
  const { OUTCOMES } = HYBRIDML.filter;
  const { el, byId, words, confidenceText } = HYBRIDML.dom;
  const MIN_TILE_WIDTH = 190; // in pixels, with its gap
  const TILE_HEIGHT = { gallery: 282, suspects: 330, changes: 306 };
  const EXTRA_LINES = 2; // lines of tiles kept above and below those in sight
  const tiles = new Map(); // id -> element
  let ids = [];
  let positions = new Map();
  let layout = { across: 1, height: TILE_HEIGHT.gallery };
  let current = null;
  let waiting = false;

  /** Shows these rows, in this order. */
  function show(shown) {
    ids = shown;
    positions = new Map(ids.map((id, position) => [id, position]));
    if (!positions.has(current)) current = ids[0] ?? null;
    refresh();
  }

  /** Draws all tiles anew, because their text has changed. */
  function refresh() {
    const focused = tiles.get(current)?.contains(document.activeElement);
    tiles.forEach((tile) => tile.remove());
    tiles.clear();
    draw();
    if (focused) focus();
  }

  function draw() {
    waiting = false;
    const grid = byId("grid");
    if (!grid.offsetParent) return;
    const across = Math.max(1, Math.floor(grid.clientWidth / MIN_TILE_WIDTH));
    const height = TILE_HEIGHT[state.get().tab] || TILE_HEIGHT.gallery;
    layout = { across, height };
    grid.style.height = `${Math.ceil(ids.length / across) * height}px`;
    const top = -grid.getBoundingClientRect().top;
    const first = Math.max(0, (Math.floor(top / height) - EXTRA_LINES) * across);
    const last = Math.min(ids.length, (Math.ceil((top + window.innerHeight) / height) + EXTRA_LINES) * across);
    const wanted = new Set(ids.slice(first, last));
    if (current !== null && positions.has(current)) wanted.add(current); // what has the focus stays
    for (const [id, tile] of tiles) if (!wanted.has(id)) (tile.remove(), tiles.delete(id));
    for (const id of wanted) {
      if (!tiles.has(id)) tiles.set(id, grid.appendChild(tileOf(id)));
      place(tiles.get(id), positions.get(id), across, height);
    }
  }

  function place(tile, position, across, height) {
    const line = Math.floor(position / across);
    tile.style.width = `${100 / across}%`;
    tile.style.transform = `translate(${(position % across) * 100}%, ${line * height}px)`;
    tile.style.height = `${height}px`;
  }

  const later = () => {
    if (!waiting) requestAnimationFrame(draw);
    waiting = true;
  };

  function tileOf(id) {
    const row = data.row(id);
    const outcome = OUTCOMES[row.outcome];
    const marked = corrections.of(id);
    const tab = state.get().tab;
    return el(
      "div",
      {
        role: "listitem",
        class: "tile-place",
        "aria-setsize": ids.length,
        "aria-posinset": positions.get(id) + 1,
      },
      el(
        "a",
        {
          class: `tile-row ${row.outcome.replace(" ", "-")}`,
          href: state.link({ card: String(id) }),
          tabindex: id === current ? 0 : -1,
          "data-id": id,
          onclick: (event) => follow(event, id),
          onfocus: () => choose(id),
        },
        el(
          "span",
          { class: "thumb" },
          row.thumb
            ? el("img", { src: row.thumb, alt: `Photo ${row.photo}`, loading: "lazy", decoding: "async" })
            : el("span", { class: "note" }, row.problem ? "photo not read" : "no photo"),
        ),
        el(
          "span",
          { class: "line" },
          el("span", { class: "verdict" }, `${outcome.mark} ${outcome.words}`),
          marked && el("span", { class: "marked", title: corrections.KINDS[marked.correction] }, "✎ marked"),
        ),
        el("span", { class: "entity" }, `${words(row.entity)} · ${row.index}`),
        el("b", {}, row.prediction || "—"),
        row.outcome !== "unlabelled" && el("span", { class: "label" }, `label: ${row.truth || "none"}`),
        tab === "changes" && el("span", { class: "label" }, `${row.change}; was: ${row.other || "blank"}`),
        el("span", { class: "sure" }, bar(row.confidence), confidenceText(row.confidence)),
        tab === "suspects" && el("span", { class: "why", title: row.suspect_why }, row.suspect_why),
      ),
    );
  }

  function bar(share) {
    const filled = el("span");
    filled.style.width = `${Math.max(0, Math.min(1, share || 0)) * 100}%`;
    return el("span", { class: "measure", "aria-hidden": "true" }, filled);
  }

  // A plain click opens the card here; with a modifier the browser does what it does with links.
  function follow(event, id) {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    state.set({ card: String(id) }, { step: true });
  }

  /** Makes a row the current one. */
  function choose(id) {
    if (id === current) return;
    tiles.get(current)?.firstChild.setAttribute("tabindex", "-1");
    current = id;
    tiles.get(current)?.firstChild.setAttribute("tabindex", "0");
  }

  /** Scrolls to the current row and gives it the focus. */
  function focus() {
    if (!positions.has(current)) return;
    const line = Math.floor(positions.get(current) / layout.across);
    const top = byId("grid").getBoundingClientRect().top + line * layout.height;
    const above = byId("grid").previousElementSibling.getBoundingClientRect().bottom;
    if (top < above) window.scrollBy(0, top - above);
    else if (top + layout.height > window.innerHeight)
      window.scrollBy(0, top + layout.height - window.innerHeight);
    draw();
    tiles.get(current)?.firstChild.focus({ preventScroll: true });
  }

  /** The id that stands so many tiles, or lines of tiles, from another; null beyond the ends. */
  function beside(id, steps, lines = 0) {
    const position = positions.get(id);
    return position === undefined
      ? (ids[0] ?? null)
      : (ids[position + steps + lines * layout.across] ?? null);
  }

  /** Moves to the tile so many steps, or lines, on. */
  function move(steps, lines = 0) {
    const next = tiles.get(current)?.contains(document.activeElement)
      ? beside(current, steps, lines)
      : current;
    if (next !== null) choose(next);
    focus();
  }

  window.addEventListener("scroll", later, { passive: true });
  window.addEventListener("resize", later, { passive: true });
  return {
    show,
    refresh,
    draw: later,
    choose,
    focus,
    move,
    beside,
    bar,
    current: () => current,
    position: (id) => positions.get(id),
    length: () => ids.length,
  };
})();
