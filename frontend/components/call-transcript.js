/**
 * The words of a call: they follow the sound, lead to it, and can be searched. The text itself is never changed;
 * words and hits are shown by the CSS Custom Highlight API.
 */

import { free } from "./keys.js";
import { part } from "./parts.js";
import { t } from "./texts.js";

/** @typedef {{element: HTMLElement, text: Text, start: number, words: {from: number, at: number}[]}} Segment */

class CallTranscript extends HTMLElement {
  pane = part(this, ".pane", HTMLElement);
  field = part(this, ".find-in input", HTMLInputElement);
  button = part(this, ".follow", HTMLButtonElement);
  #segments = [...this.querySelectorAll(".segment")].map(read);
  /** @type {Range[]} */
  #hits = [];
  #hit = -1;
  #current = -1;
  #word = -1;
  #following = true;
  #playing = false;

  connectedCallback() {
    this.#listenTo(this.pane);
    this.field.value = this.dataset.query ?? "";
    this.#find();
    this.#current = this.#segments.findIndex(({ element }) => element.ariaCurrent === "true");
    this.#scrollTo(this.#segments[this.#current]?.element);
  }

  /** @param {HTMLElement} pane */
  #listenTo(pane) {
    document.addEventListener("call-time", (event) => this.#follow(/** @type {CustomEvent} */ (event).detail));
    document.addEventListener("keydown", (event) => this.#key(event));
    pane.addEventListener("click", (event) => this.#click(event));
    for (const type of ["wheel", "touchmove", "keydown"]) {
      pane.addEventListener(type, () => this.#pauseFollowing(), { passive: true });
    }
    pane.addEventListener("pointerdown", (event) => {
      if (event.target === pane) this.#pauseFollowing(); // the scroll bar
    });
    this.button.addEventListener("click", () => this.#resumeFollowing());
    this.field.addEventListener("input", () => this.#find());
    this.field.form?.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#go(1);
    });
    for (const go of this.querySelectorAll("[data-go]")) {
      go.addEventListener("click", () => this.#go(Number(/** @type {HTMLElement} */ (go).dataset.go)));
    }
  }

  /** @param {{at: number, playing: boolean}} time */
  #follow({ at, playing }) {
    this.#playing = playing;
    const index = lastBefore(this.#segments, (segment) => segment.start, at);
    if (index !== this.#current) this.#enter(index);
    this.#markWord(this.#segments[index], at);
    this.button.hidden = this.#following || !playing;
  }

  /** @param {number} index */
  #enter(index) {
    this.#segments[this.#current]?.element.removeAttribute("aria-current");
    this.#current = index;
    this.#word = -1;
    const element = this.#segments[index]?.element;
    element?.setAttribute("aria-current", "true");
    if (this.#following) this.#scrollTo(element);
  }

  /**
   * @param {Segment | undefined} segment
   * @param {number} at seconds
   */
  #markWord(segment, at) {
    const index = segment && this.#playing ? lastBefore(segment.words, (word) => word.at, at) : -1;
    if (index === this.#word) return;
    this.#word = index;
    const from = segment?.words[index]?.from;
    if (!segment || from === undefined) return mark("word", []);
    mark("word", [range(segment.text, from, endOfWord(segment.text.data, from))]);
  }

  #pauseFollowing() {
    this.#following = false;
    this.button.hidden = !this.#playing;
  }

  #resumeFollowing() {
    this.#following = true;
    this.button.hidden = true;
    this.#scrollTo(this.#segments[this.#current]?.element);
  }

  /**
   * Scrolls the pane, never the page.
   * @param {HTMLElement | undefined} element
   */
  #scrollTo(element) {
    if (!element) return;
    const top = element.offsetTop - this.pane.clientHeight * 0.3;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.pane.scrollTo({ top, behavior: still || !this.#playing ? "instant" : "smooth" });
  }

  /** @param {MouseEvent} event */
  #click(event) {
    const element = event.target instanceof Element ? event.target.closest(".segment") : null;
    const segment = this.#segments.find((one) => one.element === element);
    if (!segment || event.ctrlKey || event.metaKey || event.shiftKey || String(getSelection())) return;
    const onTime = event.target instanceof Element && event.target.closest(".at");
    if (onTime) event.preventDefault();
    this.#following = true;
    const at = onTime ? segment.start : wordAt(segment, event);
    document.dispatchEvent(new CustomEvent("call-seek", { detail: { at } }));
  }

  #find() {
    const pattern = wanted(this.field.value);
    this.#hits = pattern ? this.#segments.flatMap(({ text }) => matches(text, pattern)) : [];
    this.#hit = -1;
    mark("hit", this.#hits);
    mark("hit-now", []);
    this.#count();
  }

  /** @param {number} by */
  #go(by) {
    if (!this.#hits.length) return;
    this.#hit = (this.#hit + by + this.#hits.length) % this.#hits.length;
    const hit = /** @type {Range} */ (this.#hits[this.#hit]);
    mark("hit-now", [hit]);
    this.#pauseFollowing();
    this.#scrollTo(hit.startContainer.parentElement?.closest("li") ?? undefined);
    this.#count();
  }

  #count() {
    const count = this.#hits.length;
    part(this, ".hits-count", HTMLElement).textContent = !this.field.value.trim()
      ? ""
      : hitText(this.#hit, count);
    for (const go of this.querySelectorAll("[data-go]")) go.toggleAttribute("disabled", !count);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (!free(event)) return;
    const act = { f: () => this.field.focus(), n: () => this.#go(1), N: () => this.#go(-1) }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }
}

/**
 * @param {number} hit -1 before the first was gone to
 * @param {number} count
 */
function hitText(hit, count) {
  if (!count) return t("no_hits");
  return hit < 0 ? t("hits", { count }) : t("hit_of", { number: hit + 1, count });
}

/**
 * @param {Element} element
 * @returns {Segment}
 */
function read(element) {
  const line = /** @type {HTMLElement} */ (element);
  const paragraph = /** @type {HTMLElement} */ (line.querySelector("p"));
  const words = (line.dataset.words ?? "").split(" ").filter(Boolean).map((pair) => {
    const [from = 0, at = 0] = pair.split(":").map(Number);
    return { from, at };
  });
  return { element: line, text: /** @type {Text} */ (paragraph.firstChild), start: Number(line.dataset.start), words };
}

/**
 * Index of the last item whose key is at or before `at`; -1 if none is. Items rise by their key.
 * @template T
 * @param {T[]} items
 * @param {(item: T) => number} key
 * @param {number} at
 */
function lastBefore(items, key, at) {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (key(/** @type {T} */ (items[middle])) <= at + 0.01) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/**
 * The second of the word under the pointer; of the segment where words have no times.
 * @param {Segment} segment
 * @param {MouseEvent} event
 */
function wordAt(segment, event) {
  const caret = document.caretPositionFromPoint?.(event.clientX, event.clientY);
  if (!caret || caret.offsetNode !== segment.text) return segment.start;
  const word = segment.words[lastBefore(segment.words, ({ from }) => from, caret.offset)];
  return word ? word.at : segment.start;
}

/**
 * Any of the words typed, at the beginning of a word; what stands in quotes as it is. Null: nothing typed.
 * @param {string} typed
 */
function wanted(typed) {
  const parts = [...typed.matchAll(/"([^"]+)"|([\p{L}\p{N}']+)/gu)].map(([, quoted, word]) => fold(quoted ?? word ?? ""));
  const escaped = parts.filter(Boolean).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return escaped.length ? new RegExp(`(?<![\\p{L}\\p{N}])(?:${escaped.join("|")})[\\p{L}\\p{N}]*`, "giu") : null;
}

/** Without accents, letter for letter, so that places stay places. @param {string} text */
function fold(text) {
  return [...text].map((letter) => (letter.length > 1 ? letter : letter.normalize("NFD").charAt(0))).join("");
}

/**
 * @param {Text} text
 * @param {RegExp} pattern
 */
function matches(text, pattern) {
  return [...fold(text.data).matchAll(pattern)].map((match) => range(text, match.index, match.index + match[0].length));
}

/**
 * @param {Text} text
 * @param {number} from
 * @param {number} to
 */
function range(text, from, to) {
  const made = document.createRange();
  made.setStart(text, Math.min(from, text.length));
  made.setEnd(text, Math.min(to, text.length));
  return made;
}

/**
 * @param {string} text
 * @param {number} from
 */
function endOfWord(text, from) {
  const space = text.indexOf(" ", from + 1);
  return space < 0 ? text.length : space;
}

/**
 * @param {string} name
 * @param {Range[]} ranges
 */
function mark(name, ranges) {
  if ("highlights" in CSS) CSS.highlights.set(name, new Highlight(...ranges));
}

customElements.define("call-transcript", CallTranscript);
