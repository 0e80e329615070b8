/** The form that gives access: says how many calls it comes to while it is filled in, so that one press gives it. */

import { ask, Refused } from "./http.js";

const REST = 250; // ms without a change

for (const form of document.querySelectorAll("form[data-count]")) if (form instanceof HTMLFormElement) follow(form);

/** @param {HTMLFormElement} form */
function follow(form) {
  let timer = 0;
  let asked = 0;
  form.addEventListener("input", (event) => {
    if (!(event.target instanceof HTMLElement) || !["what", "where", "name"].includes(named(event.target))) return;
    clearTimeout(timer);
    tell(form, "", "");
    const number = ++asked;
    timer = window.setTimeout(async () => {
      const [counted, count] = await counting(form);
      if (number === asked) tell(form, counted, count);
    }, REST);
  });
}

/** @param {HTMLElement} target */
function named(target) {
  return target.getAttribute("name") ?? "";
}

/**
 * What the choice comes to: the scope in words, and the sentence. Nothing for one that isn't finished.
 * @param {HTMLFormElement} form
 * @returns {Promise<[string, string]>}
 */
async function counting(form) {
  const chosen = new FormData(form);
  const [what, where, name] = ["what", "where", "name"].map((one) => String(chosen.get(one) ?? "").trim());
  const needs = where !== "all" && where !== "own" && what !== "auditor" && what !== "administrator";
  if (what === "nothing" || (needs && !name)) return ["", ""];
  try {
    const query = new URLSearchParams({ what: what ?? "", where: where ?? "", name: name ?? "" });
    const found = await ask(`${form.dataset.count}?${query}`);
    return [found.counted, found.count];
  } catch (error) {
    return ["", error instanceof Refused ? error.message : ""];
  }
}

/**
 * @param {HTMLFormElement} form
 * @param {string} counted
 * @param {string} count
 */
function tell(form, counted, count) {
  const field = form.elements.namedItem("counted");
  if (field instanceof HTMLInputElement) field.value = counted;
  const status = form.querySelector(".count");
  if (status) status.textContent = count;
}
