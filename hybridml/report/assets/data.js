"use strict";
// The report's rows, all at once, and its cards, a hundred at a time: handed over by the scripts in data/.
// Plain scripts, no modules and no fetch: a page opened from a folder is allowed neither.

const HYBRIDML = {};

HYBRIDML.data = (() => {
  const CHUNK = 100;
  const data = { length: 0, columns: {}, units: {}, causes: {}, report: "", otherName: "", compared: false };
  const arrived = new Map(); // number of a cards file -> its cards
  const asked = new Map(); // number of a cards file -> promise of them

  data.take = (payload) => {
    data.columns = payload.columns;
    data.length = payload.columns.id.length;
    data.units = payload.units || {};
    data.causes = payload.causes || {}; // what each cause means
    data.report = payload.report || payload.title;
    data.otherName = payload.other_name || "the other run";
    data.compared = payload.columns.change?.some(Boolean) || false;
  };

  data.takeCards = (number, cards) => arrived.set(number, cards);

  /** The row at a position, or null. */
  data.row = (id) => {
    if (!(id >= 0 && id < data.length)) return null;
    return Object.fromEntries(Object.entries(data.columns).map(([name, column]) => [name, column[id]]));
  };

  /** A promise of the card at a position; fails with an Error that says which file is missing. */
  data.card = async (id) => {
    const number = Math.floor(id / CHUNK);
    if (!asked.has(number)) asked.set(number, load(number));
    return (await asked.get(number))[id % CHUNK];
  };

  function load(number) {
    const source = `data/cards-${String(number).padStart(4, "0")}.js`;
    return new Promise((resolve, reject) => {
      const element = document.createElement("script");
      element.src = source;
      element.onload = () => (arrived.has(number) ? resolve(arrived.get(number)) : element.onerror());
      element.onerror = () => {
        asked.delete(number);
        reject(new Error(`${source} cannot be loaded: is the folder complete?`));
      };
      document.head.append(element);
    });
  }

  return data;
})();

HYBRIDML.cards = (number, cards) => HYBRIDML.data.takeCards(number, cards);

HYBRIDML.rows = (payload) => {
  HYBRIDML.data.take(payload);
  HYBRIDML.start();
};
