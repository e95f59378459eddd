"use strict";
// The photo of a card, with text lines, candidates and groups drawn on it. They differ in stroke and label, not in colour
// alone.

HYBRIDML.photo = (() => {
  const { el, svg, confidenceText, words } = HYBRIDML.dom;
  const MAX_LABELS = 6; // candidates that bear a label, besides the answer and the right one
  const MAX_NAMED = 3; // quantities that the label of a group names
  const MAX_ZOOM = 20; // times the whole photo
  const FONT = '600 12px system-ui, "Liberation Sans", sans-serif';
  const ruler = document.createElement("canvas").getContext("2d");
  const layers = { candidates: true, lines: true, quantities: false };

  /** A viewer: {element, show(card, row), point(box)}. */
  function viewer() {
    const drawing = svg("svg", { role: "img", preserveAspectRatio: "xMidYMid meet", class: "drawing" });
    let whole = [0, 0, 1, 1];
    let view = whole;
    let shown = null;
    let pointed = null;
    let held = null;

    const setView = (box) => {
      view = box;
      drawing.setAttribute("viewBox", box.join(" "));
      annotate();
    };
    // pixels of the photo for one on the screen
    const scale = () =>
      Math.max(view[2] / (drawing.clientWidth || 600), view[3] / (drawing.clientHeight || 600));

    function show(card, row) {
      shown = { card, row };
      pointed = null;
      whole = [0, 0, card.width || 1, card.height || 1];
      const { lines, candidates } = card;
      drawing.setAttribute(
        "aria-label",
        `Photo ${row.photo} with ${lines.length} text lines and ${candidates.length} candidates drawn on it`,
      );
      drawing.replaceChildren(
        svg("rect", { class: "paper", width: whole[2], height: whole[3] }),
        row.image
          ? svg("image", { href: row.image, width: whole[2], height: whole[3], preserveAspectRatio: "none" })
          : "",
        svg("g", { class: "drawn" }),
      );
      setView(whole);
    }

    function annotate() {
      if (!shown) return;
      const { card } = shown;
      const drawn = drawing.querySelector(".drawn");
      const taken = []; // where labels stand; those of candidates come first
      const named = layers.candidates ? labels(card.candidates, taken) : [];
      const parts = [];
      if (layers.lines) parts.push(...card.lines.map(textLine));
      if (layers.quantities) parts.push(...card.groups.flatMap((found) => group(found, taken)));
      if (layers.candidates) parts.push(...[...card.candidates].reverse().map(candidate), ...named);
      if (pointed) parts.push(outline(pointed, "pointed"));
      drawn.replaceChildren(...parts);
    }

    const textLine = (line) =>
      svg(
        "polygon",
        {
          class: `text-line${line.second_pass ? " second" : ""}`,
          points: line.polygon.map((p) => p.join(",")).join(" "),
        },
        svg("title", {}, `${line.text} (${confidenceText(line.confidence)}${line.second_pass ? ", second pass" : ""})`),
      );

    const candidate = (found) =>
      svg(
        "g",
        { class: `candidate ${kindOf(found)}` },
        outline(found.box, "halo"),
        outline(found.box, "stroke"),
        svg("title", {}, `${labelOf(found)} (${confidenceText(found.confidence)})`),
      );

    function group({ box, items }, taken) {
      const named = items.slice(0, MAX_NAMED).map((item) => `${words(item.entity)} ${item.text}`);
      if (items.length > MAX_NAMED) named.push(`${items.length - MAX_NAMED} more`);
      return [outline(box, "group-box"), tag(box, named.join("; "), "group", taken)];
    }

    function outline([left, top, right, bottom], name) {
      const margin = 2 * scale();
      return svg("rect", {
        class: name,
        x: left - margin,
        y: top - margin,
        rx: margin,
        width: right - left + 2 * margin,
        height: bottom - top + 2 * margin,
      });
    }

    // The strongest last, so that it lies on top; each moved down where it would cover another.
    function labels(candidates, taken) {
      const named = candidates.filter((found, place) => found.chosen || found.right || place < MAX_LABELS);
      return named.map((found) => tag(found.box, labelOf(found), kindOf(found), taken)).reverse();
    }

    function tag([left, top, , bottom], text, name, taken) {
      const size = 12 * scale();
      ruler.font = FONT;
      const width = (ruler.measureText(text).width + 10) * scale();
      const height = 1.5 * size;
      const x = Math.max(0, Math.min(left, whole[2] - width));
      const free = (y) =>
        taken.every((t) => x >= t.x + t.width || t.x >= x + width || y >= t.y + height || t.y >= y + height);
      const above = top - height - 3 * scale();
      let y = above >= 0 && free(above) ? above : bottom + 3 * scale();
      for (let tries = 0; tries < 2 * taken.length && !free(y); tries++) y += height;
      y = Math.min(y, whole[3] - height);
      taken.push({ x, y, width });
      return svg(
        "g",
        { class: `tag ${name}` },
        svg("rect", { x, y, width, height, rx: size / 4 }),
        svg("text", { x: x + 0.4 * size, y: y + 1.08 * size, "font-size": size }, text),
      );
    }

    function zoom(factor, at = [view[0] + view[2] / 2, view[1] + view[3] / 2]) {
      const times = Math.min(Math.max((whole[2] / view[2]) * factor, 1), MAX_ZOOM);
      if (times === 1) return setView(whole);
      const [width, height] = [whole[2] / times, whole[3] / times];
      const left = at[0] - ((at[0] - view[0]) / view[2]) * width;
      const top = at[1] - ((at[1] - view[1]) / view[3]) * height;
      setView(inside([left, top, width, height]));
    }

    const inside = ([left, top, width, height]) => [
      Math.max(0, Math.min(left, whole[2] - width)),
      Math.max(0, Math.min(top, whole[3] - height)),
      width,
      height,
    ];

    function spot(event) {
      const there = new DOMPoint(event.clientX, event.clientY).matrixTransform(
        drawing.getScreenCTM().inverse(),
      );
      return [there.x, there.y];
    }

    drawing.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        zoom(event.deltaY < 0 ? 1.25 : 0.8, spot(event));
      },
      { passive: false },
    );
    drawing.addEventListener("pointerdown", (event) => {
      held = spot(event);
      drawing.setPointerCapture(event.pointerId);
    });
    drawing.addEventListener("pointermove", (event) => {
      if (!held) return;
      const [x, y] = spot(event);
      setView(inside([view[0] + held[0] - x, view[1] + held[1] - y, view[2], view[3]]));
    });
    for (const name of ["pointerup", "pointercancel"]) drawing.addEventListener(name, () => (held = null));

    new ResizeObserver(annotate).observe(drawing);

    const point = (box) => {
      pointed = box;
      annotate();
    };
    const layer = (name, text) =>
      el(
        "label",
        {},
        el("input", {
          type: "checkbox",
          checked: layers[name],
          "data-layer": name,
          onchange: (event) => ((layers[name] = event.target.checked), annotate()),
        }),
        text,
      );
    const button = (text, label, act) =>
      el("button", { type: "button", "aria-label": label, title: label, onclick: act }, text);
    const element = el(
      "div",
      { class: "photo" },
      drawing,
      el(
        "div",
        { class: "bar" },
        button("+", "Larger", () => zoom(1.5)),
        button("−", "Smaller", () => zoom(1 / 1.5)),
        button("Whole", "The whole photo", () => setView(whole)),
        layer("candidates", "candidates"),
        layer("lines", "text lines"),
        layer("quantities", "all quantities"),
      ),
    );
    return { element, show, point, zoom, whole: () => setView(whole) };
  }

  const kindOf = (found) => (found.chosen ? "chosen" : found.right ? "right" : "other");
  const labelOf = ({ chosen, right, text }) =>
    `${chosen ? (right ? "answer ✓ " : "answer ") : right ? "right ✓ " : ""}${text}`;

  return { viewer, kindOf };
})();
