/**
 * Search that follows the typing: it asks the server for the same page and takes over the parts that changed.
 * Arrows walk through the results, Enter opens, Space plays a moment in place.
 */

import { Refused } from "./http.js";
import { free } from "./keys.js";
import { Listening } from "./listening.js";
import { part } from "./parts.js";
import { t } from "./texts.js";
import { localise } from "./times.js";

const DEBOUNCE = 150;
const REST = 1500;

class CallSearch extends HTMLElement {
  box = part(document, "#find", HTMLInputElement);
  form = part(document, "#search", HTMLFormElement);
  #timer = 0;
  #rest = 0;
  #unsettled = "";
  /** @type {AbortController | null} */
  #asking = null;
  /** @type {{button: HTMLElement, listening: Listening} | null} */
  #preview = null;

  connectedCallback() {
    this.box.addEventListener("input", () => this.#soon());
    this.box.addEventListener("keydown", (event) => this.#boxKey(event));
    this.form.addEventListener("submit", (event) => this.#submit(event));
    this.form.addEventListener("change", (event) => event.target !== this.box && void this.#go(true));
    this.addEventListener("change", (event) => event.target !== this.box && void this.#go(true));
    this.addEventListener("keydown", (event) => this.#resultKey(event));
    this.addEventListener("click", (event) => this.#click(event));
    addEventListener("popstate", () => location.reload());
    if (this.box.value !== this.box.defaultValue) this.#soon(); // somebody was faster than this script
  }

  #soon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#go(false), DEBOUNCE);
  }

  /** @param {SubmitEvent} event */
  #submit(event) {
    event.preventDefault();
    clearTimeout(this.#timer);
    void this.#go(true);
  }

  /**
   * Ask for the page that the form describes. `settled`: this is a query, not a keystroke on the way to one.
   * @param {boolean} settled
   */
  async #go(settled) {
    this.#asking?.abort();
    clearTimeout(this.#rest);
    const asking = (this.#asking = new AbortController());
    const address = this.#address();
    this.#busy(true);
    try {
      const answer = await fetch(address, { signal: asking.signal, headers: settled ? [] : [["x-typing", "1"]] });
      const html = await answer.text();
      if (asking.signal.aborted) return;
      if (answer.redirected) return location.assign(answer.url); // the session is over
      if (!answer.ok) return this.#say(t("search_failed"));
      this.#take(new DOMParser().parseFromString(html, "text/html"));
      if (settled && location.search !== new URL(address, location.href).search) history.pushState(null, "", address);
      else history.replaceState(null, "", address);
      this.#unsettled = settled ? "" : address;
      if (!settled) this.#rest = setTimeout(() => this.#settle(), REST);
    } catch (error) {
      if (!asking.signal.aborted) this.#say(t("search_failed"));
    } finally {
      if (!asking.signal.aborted) this.#busy(false);
    }
  }

  /** Who rests on what the typing led to, or opens a result, meant this query: ask it once as one for the log. */
  #settle() {
    clearTimeout(this.#rest);
    if (this.#unsettled) void fetch(this.#unsettled, { keepalive: true }).catch(() => undefined);
    this.#unsettled = "";
  }

  #address() {
    const fields = new URLSearchParams();
    for (const [name, value] of new FormData(this.form)) if (value) fields.append(name, String(value));
    return fields.size ? `/?${fields}` : "/";
  }

  /** @param {Document} page */
  #take(page) {
    this.#stop();
    for (const part of page.querySelectorAll("[data-part]")) {
      const name = /** @type {HTMLElement} */ (part).dataset.part;
      this.querySelector(`[data-part="${name}"]`)?.replaceChildren(...part.childNodes);
    }
    document.title = page.title;
    document.documentElement.dataset.zone = page.documentElement.dataset.zone ?? "";
    localise();
  }

  /** @param {boolean} busy */
  #busy(busy) {
    this.querySelector(".results")?.setAttribute("aria-busy", String(busy));
  }

  /** @param {string} text */
  #say(text) {
    part(this, "#count", HTMLElement).textContent = text;
  }

  /** @returns {HTMLElement[]} what the arrows walk over: a call's moments, or its own link where it has none */
  get #stops() {
    return [...this.querySelectorAll(".hit")].flatMap((hit) => {
      const moments = [...hit.querySelectorAll(".moment-link")];
      return /** @type {HTMLElement[]} */ (moments.length ? moments : [...hit.querySelectorAll(".hit-link")]);
    });
  }

  /** @param {KeyboardEvent} event */
  #boxKey(event) {
    if (event.key === "Escape") this.box.blur();
    if (event.key !== "ArrowDown") return;
    event.preventDefault();
    this.#stops[0]?.focus();
  }

  /** @param {KeyboardEvent} event */
  #resultKey(event) {
    const link = event.target instanceof Element ? event.target.closest(".moment-link, .hit-link") : null;
    if (!(link instanceof HTMLElement) || !free(event)) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") this.#walk(event, link);
    else if (event.key === "Escape") this.box.focus();
    else if (event.key === " ") this.#playAt(event, link);
    else if (event.key.length === 1) this.box.focus(); // the key itself is typed there
  }

  /**
   * @param {KeyboardEvent} event
   * @param {HTMLElement} link
   */
  #walk(event, link) {
    event.preventDefault();
    const stops = this.#stops;
    const row = link.closest(".hit");
    const at = stops.indexOf(link) >= 0 ? stops.indexOf(link) : stops.findIndex((stop) => stop.closest(".hit") === row);
    const next = stops[at + (event.key === "ArrowDown" ? 1 : -1)];
    if (next) next.focus();
    else if (event.key === "ArrowUp") this.box.focus();
  }

  /**
   * @param {KeyboardEvent} event
   * @param {HTMLElement} link
   */
  #playAt(event, link) {
    const button = link.closest(".moment")?.querySelector(".preview");
    if (!(button instanceof HTMLElement)) return;
    event.preventDefault();
    void this.#toggle(button);
  }

  /** @param {MouseEvent} event */
  #click(event) {
    const target = event.target instanceof Element ? event.target.closest(".preview, .hit a") : null;
    if (target instanceof HTMLAnchorElement) this.#settle();
    else if (target instanceof HTMLElement) void this.#toggle(target);
  }

  /** @param {HTMLElement} button */
  async #toggle(button) {
    const again = this.#preview?.button === button;
    this.#settle();
    this.#stop();
    if (again) return;
    const call = /** @type {HTMLElement} */ (button.closest(".hit")).dataset.call ?? "";
    const listening = new Listening(new Audio(), call);
    this.#preview = { button, listening };
    button.setAttribute("aria-pressed", "true");
    listening.audio.addEventListener("ended", () => this.#preview?.listening === listening && this.#stop());
    try {
      await listening.play(Number(button.dataset.at));
    } catch (error) {
      if (this.#preview?.listening !== listening) return;
      this.#stop();
      if (error instanceof Refused && error.code === "reason_required") return this.#openAt(button);
      this.#say(error instanceof Refused ? t("no_listen", { reason: error.message }) : t("lost"));
    }
  }

  /** The call's own page asks for a reason, and stands at this moment. @param {HTMLElement} button */
  #openAt(button) {
    const link = button.closest(".moment")?.querySelector(".moment-link");
    if (link instanceof HTMLAnchorElement) location.assign(link.href);
  }

  #stop() {
    const preview = this.#preview;
    this.#preview = null;
    preview?.button.removeAttribute("aria-pressed");
    void preview?.listening.close();
  }
}

customElements.define("call-search", CallSearch);
