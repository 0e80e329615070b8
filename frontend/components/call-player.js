/**
 * The player of a call. It fetches no sound before Play, and says where it is by `call-time` events on the document
 * (`detail.at` in seconds, `detail.playing`); `call-seek` events on the document move it. Where a reason is asked for,
 * Play shows the form for it first.
 */

import { ask, Refused } from "./http.js";
import { free, pressesSomething } from "./keys.js";
import { Listening } from "./listening.js";
import { part } from "./parts.js";
import { t } from "./texts.js";
import { clock } from "./times.js";
import { Waveform } from "./waveform.js";

const STEP = 5;
const JUMP = 10;
const PAGE = 30;

class CallPlayer extends HTMLElement {
  audio = part(this, "audio", HTMLAudioElement);
  play = part(this, ".play", HTMLButtonElement);
  slider = part(this, ".wave", HTMLElement);
  now = part(this, ".now", HTMLElement);
  note = part(this, ".player-note", HTMLElement);
  rate = part(this, ".rate", HTMLSelectElement);
  /** @type {HTMLFormElement | null} asks for a reason, until one was accepted */
  why = this.querySelector("form.why");
  listening = new Listening(this.audio, this.dataset.call ?? "");
  wave = new Waveform(part(this, "canvas", HTMLCanvasElement), this.dataset.sides?.split(" ") ?? []);
  #duration = Number(this.dataset.duration);
  #position = Math.min(Number(this.dataset.start), this.#duration);
  #frame = 0;
  #opening = false;

  connectedCallback() {
    this.#listenTo();
    this.#fold();
    this.#show();
    void this.#draw();
    if (this.#position > 0) this.play.focus({ preventScroll: true });
  }

  #listenTo() {
    const { audio } = this;
    this.play.addEventListener("click", () => void this.toggle());
    this.rate.addEventListener("change", () => this.#setRate());
    for (const jump of this.querySelectorAll(".jump")) {
      jump.addEventListener("click", () => this.seek(this.#position + Number(/** @type {HTMLElement} */ (jump).dataset.by)));
    }
    for (const type of ["play", "playing", "pause", "ended", "seeked"]) audio.addEventListener(type, () => this.#moved());
    audio.addEventListener("loadedmetadata", () => this.#setRate());
    this.listening.addEventListener("lost", () => this.#tell(t("lost"), true));
    this.listening.addEventListener("refused", () => this.#tell(t("ended"), true));
    this.slider.addEventListener("pointerdown", (event) => this.#drag(event));
    this.slider.addEventListener("pointermove", (event) => this.#drag(event));
    this.slider.addEventListener("keydown", (event) => this.#sliderKey(event));
    document.addEventListener("keydown", (event) => this.#pageKey(event));
    document.addEventListener("call-seek", (event) => this.seek(/** @type {CustomEvent} */ (event).detail.at));
  }

  async #draw() {
    try {
      this.wave.show(await ask(`/api/v1/calls/${this.dataset.call}/waveform`));
    } catch (error) {
      if (!(error instanceof Refused)) throw error; // without its drawing the strip still moves and seeks
    }
  }

  async toggle() {
    if (!this.audio.paused) return this.audio.pause();
    if (this.why) return this.#ask();
    await this.#start();
  }

  /** @param {string} [reason] why, where that is asked for */
  async #start(reason) {
    if (this.#opening) return;
    this.#opening = true;
    this.#tell(this.listening.open ? "" : t("opening"));
    try {
      await this.listening.play(this.#position >= this.#duration - 0.2 ? 0 : this.#position, reason);
      this.#tell("");
    } catch (error) {
      this.#explain(error);
    } finally {
      this.#opening = false;
    }
  }

  /** The form for the reason waits behind Play; it is unfolded where the page came back with something wrong in it. */
  #fold() {
    if (!this.why) return;
    this.why.hidden = !this.why.querySelector("[aria-invalid]");
    this.why.addEventListener("submit", (event) => this.#say(event));
  }

  #ask() {
    if (!this.why) return;
    this.why.hidden = false;
    part(this.why, "input[name=reason]", HTMLInputElement).focus();
  }

  /** Where the words wait for a reason too, the form goes the page's way, which shows them. @param {SubmitEvent} event */
  async #say(event) {
    const { why } = this;
    if (!why || document.querySelector(".words form.why")) return;
    event.preventDefault();
    const field = part(why, "input[name=reason]", HTMLInputElement);
    this.#wrong(field, "");
    await this.#start(field.value);
    if (this.listening.open) this.#said();
  }

  #said() {
    if (!this.why) return;
    const { why } = this;
    this.why = null;
    if (why.contains(document.activeElement)) this.play.focus({ preventScroll: true });
    why.remove();
  }

  /**
   * @param {HTMLInputElement} field
   * @param {string} problem nothing: none
   */
  #wrong(field, problem) {
    part(this, ".why-problem", HTMLElement).textContent = problem;
    if (problem) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
  }

  /** @param {number} at seconds */
  seek(at) {
    this.#position = Math.min(Math.max(0, at), this.#duration);
    if (this.listening.open) this.audio.currentTime = this.#position;
    else this.play.focus({ preventScroll: true });
    this.#show();
  }

  #setRate() {
    this.audio.playbackRate = Number(this.rate.value);
  }

  #moved() {
    const playing = !this.audio.paused && !this.audio.ended;
    this.toggleAttribute("data-playing", playing);
    this.play.setAttribute("aria-label", playing ? t("pause") : t("play"));
    cancelAnimationFrame(this.#frame);
    if (playing) this.#frame = requestAnimationFrame(() => this.#step());
    else this.#follow();
  }

  #step() {
    this.#follow();
    this.#frame = requestAnimationFrame(() => this.#step());
  }

  #follow() {
    if (this.listening.open && this.audio.readyState > 0 && !this.audio.seeking) this.#position = this.audio.currentTime;
    this.#show();
  }

  #show() {
    this.wave.move(this.#duration ? this.#position / this.#duration : 0);
    const text = clock(this.#position);
    if (this.now.textContent !== text) {
      this.now.textContent = text;
      this.slider.setAttribute("aria-valuenow", String(Math.round(this.#position)));
      this.slider.setAttribute("aria-valuetext", t("at", { now: text, duration: clock(this.#duration) }));
    }
    const detail = { at: this.#position, playing: !this.audio.paused };
    document.dispatchEvent(new CustomEvent("call-time", { detail }));
  }

  /** @param {PointerEvent} event */
  #drag(event) {
    if (event.type === "pointerdown") this.slider.setPointerCapture(event.pointerId);
    else if (!this.slider.hasPointerCapture(event.pointerId)) return;
    const { left, width } = this.slider.getBoundingClientRect();
    this.#position = Math.min(Math.max(0, (event.clientX - left) / width), 1) * this.#duration;
    if (this.listening.open) this.audio.currentTime = this.#position;
    this.#show();
  }

  /** @param {KeyboardEvent} event */
  #sliderKey(event) {
    const to = {
      ArrowRight: this.#position + STEP,
      ArrowUp: this.#position + STEP,
      ArrowLeft: this.#position - STEP,
      ArrowDown: this.#position - STEP,
      PageUp: this.#position + PAGE,
      PageDown: this.#position - PAGE,
      Home: 0,
      End: this.#duration,
    }[event.key];
    if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.#position = Math.min(Math.max(0, to), this.#duration);
    if (this.listening.open) this.audio.currentTime = this.#position;
    this.#show();
  }

  /** @param {KeyboardEvent} event */
  #pageKey(event) {
    if (!free(event) || (event.key === " " && pressesSomething(event))) return;
    const act = {
      " ": () => void this.toggle(),
      k: () => void this.toggle(),
      j: () => this.seek(this.#position - JUMP),
      l: () => this.seek(this.#position + JUMP),
      ArrowLeft: () => this.seek(this.#position - STEP),
      ArrowRight: () => this.seek(this.#position + STEP),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  /** @param {unknown} error */
  #explain(error) {
    const blocked = error instanceof DOMException && error.name === "NotAllowedError";
    const handled = error instanceof DOMException && ["AbortError", "NotSupportedError"].includes(error.name);
    if (blocked) this.#tell(t("press_again"), true);
    else if (error instanceof Refused && error.status === 422 && this.why) this.#refuse(this.why, error.message);
    else if (error instanceof Refused) this.#tell(t("no_listen", { reason: error.message }), true);
    else if (!handled) this.#tell(t("lost"), true); // paused meanwhile, or being continued
  }

  /**
   * @param {HTMLFormElement} why
   * @param {string} problem
   */
  #refuse(why, problem) {
    const field = part(why, "input[name=reason]", HTMLInputElement);
    this.#tell("");
    this.#wrong(field, problem);
    field.focus();
  }

  /**
   * @param {string} text
   * @param {boolean} [bad]
   */
  #tell(text, bad = false) {
    this.note.textContent = text;
    this.note.classList.toggle("bad", bad);
  }
}

customElements.define("call-player", CallPlayer);
