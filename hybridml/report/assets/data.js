"use strict";
// The report's data: its rows, all at once, and its cards, a hundred at a time, both from the scripts in data/.
// Plain scripts, no modules and no fetch: a page opened from a folder is allowed neither.

const HYBRIDML = {};

HYBRIDML.data = (() => {
  const CARDS_A_FILE = 100;
  const data = { length: 0, columns: {}, units: {}, causes: {}, report: "", otherName: "", compared: false };
  const loaded = new Map(); // number of a cards file -> its cards
  const loading = new Map(); // number of a cards file -> promise of them

  data.setRows = (payload) => {
    data.columns = payload.columns;
    data.length = payload.columns.id.length;
    data.units = payload.units || {};
    data.causes = payload.causes || {}; // what each cause means
    data.report = payload.report || payload.title;
    data.otherName = payload.other_name || "the other run";
    data.compared = payload.columns.change?.some(Boolean) || false;
  };

  data.setCards = (number, cards) => loaded.set(number, cards);

  /** The row at a position, or null. */
  data.row = (id) => {
    if (!(id >= 0 && id < data.length)) return null;
    return Object.fromEntries(Object.entries(data.columns).map(([name, column]) => [name, column[id]]));
  };

  /** A promise of the card at a position; fails with an Error that says which file is missing. */
  data.card = async (id) => {
    const number = Math.floor(id / CARDS_A_FILE);
    if (!loading.has(number)) loading.set(number, load(number));
    return (await loading.get(number))[id % CARDS_A_FILE];
  };

  function load(number) {
    const source = `data/cards-${String(number).padStart(4, "0")}.js`;
    return new Promise((resolve, reject) => {
      const element = document.createElement("script");
      element.src = source;
      element.onload = () => (loaded.has(number) ? resolve(loaded.get(number)) : element.onerror());
      element.onerror = () => {
        loading.delete(number);
        reject(new Error(`${source} cannot be loaded: is the folder complete?`));
      };
      document.head.append(element);
    });
  }

  return data;
})();

HYBRIDML.cards = (number, cards) => HYBRIDML.data.setCards(number, cards);

HYBRIDML.rows = (payload) => {
  HYBRIDML.data.setRows(payload);
  HYBRIDML.start();
};
