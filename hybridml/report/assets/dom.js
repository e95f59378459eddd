"use strict";
// Helpers: elements, CSV, and numbers and names as a person reads them. Text goes in as text, never as HTML.

HYBRIDML.dom = (() => {
  const SVG = "http://www.w3.org/2000/svg";

  function fill(element, properties, children) {
    for (const [name, value] of Object.entries(properties)) {
      if (value === undefined || value === null || value === false) continue;
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (name === "value" || name === "checked") element[name] = value;
      else element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
    return element;
  }

  /** An HTML element: el("p", {class: "note", onclick: f}, "text", child). */
  const el = (tag, properties = {}, ...children) => fill(document.createElement(tag), properties, children);

  /** An SVG element, in the same way. */
  const svg = (tag, properties = {}, ...children) =>
    fill(document.createElementNS(SVG, tag), properties, children);

  const byId = (id) => document.getElementById(id);
  const number = (value) => value.toLocaleString("en");
  const percent = (value) => (value * 100).toFixed(1) + " %";
  const confidenceText = (value) => (value === null || value === undefined ? "" : value.toFixed(2));
  /** An entity's name as words: item_weight is "item weight". */
  const words = (name) => name.replaceAll("_", " ");
  const plural = (count, one, many = one + "s") => `${number(count)} ${count === 1 ? one : many}`;

  /** Hands a text to the user as a file. */
  function download(name, text) {
    const address = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
    const link = el("a", { href: address, download: name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  }

  return { el, svg, byId, number, percent, confidenceText, words, plural, download };
})();

HYBRIDML.csv = (() => {
  const field = (value) => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);

  /** Lines of fields as CSV (RFC 4180, but with plain newlines). */
  const write = (lines) => lines.map((line) => line.map(String).map(field).join(",") + "\n").join("");

  /** The lines of a CSV text, each a list of fields; blank lines are left out. */
  function read(text) {
    const lines = [];
    let line = [];
    const pattern = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|\n|\r|$)/gy;
    pattern.lastIndex = text.charCodeAt(0) === 0xfeff ? 1 : 0;
    while (pattern.lastIndex < text.length) {
      const found = pattern.exec(text);
      if (!found) throw new Error(`line ${lines.length + 1} is not CSV: it has a quote too many or too few`);
      line.push(found[1] === undefined ? found[2] : found[1].replaceAll('""', '"'));
      if (found[3] !== "," || pattern.lastIndex >= text.length) {
        if (found[3] === ",") line.push("");
        if (line.length > 1 || line[0]) lines.push(line);
        line = [];
      }
    }
    return lines;
  }

  return { read, write };
})();
