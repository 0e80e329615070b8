/** What every page has: times in the reader's zone, `/` for the search box, a menu that closes. */

import { free, singleKeys } from "./keys.js";
import { localise } from "./times.js";

localise();

document.addEventListener("keydown", (event) => {
  const find = document.getElementById("find");
  if (event.key !== "/" || !(find instanceof HTMLInputElement)) return;
  if (!free(event) && (event.target !== find || find.value)) return;
  event.preventDefault(); // where the box is empty and focused already, too
  find.focus();
  find.select();
});

const menu = document.querySelector("details.menu");
if (menu instanceof HTMLDetailsElement) {
  document.addEventListener("click", (event) => {
    if (event.target instanceof Node && !menu.contains(event.target)) menu.open = false;
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary")?.focus();
  });
}

const keys = document.getElementById("keys");
if (keys instanceof HTMLInputElement) {
  keys.checked = singleKeys.on;
  keys.addEventListener("change", () => (singleKeys.on = keys.checked));
}
