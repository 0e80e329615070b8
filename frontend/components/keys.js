/** Single keys: never while somebody types, and off for whoever switches them off (WCAG 2.1.4). */

const OFF = "single-keys-off";

export const singleKeys = {
  get on() {
    return localStorage.getItem(OFF) === null;
  },
  set on(on) {
    if (on) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "1");
  },
};

/**
 * Whether a key belongs to the page: no modifier, nobody typing.
 * @param {KeyboardEvent} event
 */
export function free(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return false;
  if (event.key.length === 1 && event.key !== " " && !singleKeys.on) return false;
  return !(event.target instanceof Element && event.target.closest("input, textarea, select, [contenteditable]"));
}

/**
 * Whether Space and Enter already mean something where the focus is.
 * @param {KeyboardEvent} event
 */
export function pressesSomething(event) {
  return event.target instanceof Element && event.target.closest("a, button, summary") !== null;
}
