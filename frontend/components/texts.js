/** The texts for scripts, from the page's data element: the catalogue's keys that begin with `script.` */

/** @type {Record<string, string | {one: string, other: string}>} */
const entries = JSON.parse(document.getElementById("texts")?.textContent ?? "{}");

/**
 * @param {string} key without its `script.`
 * @param {Record<string, string | number>} [values] filled in where the text says `{name}`; `count` picks the form
 * @returns {string}
 */
export function t(key, values = {}) {
  const entry = entries[`script.${key}`];
  if (entry === undefined) throw new Error(`The catalogue lacks script.${key}`);
  const text = typeof entry === "string" ? entry : entry[values.count === 1 ? "one" : "other"];
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}
