/**
 * One person hearing one call: opens the listen, gives the audio element its source, reports what was played.
 *
 * Nothing is fetched before `play`. What it reports are claims, so it only says what it saw: stretches of media time
 * between two changes (start, pause, jump, stall, rate), with the wall time they took.
 */

import { ask, Refused } from "./http.js";

const REPORT_EVERY = 10_000;
const REOPEN_AFTER = 5_000;

export class Listening extends EventTarget {
  /** @type {string | null} the open listen */
  #id = null;
  /** @type {string | null} the last one that ended */
  #ended = null;
  /** @type {{start: number, at: Date, since: number, rate: number} | null} the stretch being played */
  #stretch = null;
  /** @type {object[]} stretches not reported yet */
  #played = [];
  #last = 0;
  /** Whether it should sound: an element that fails pauses before it says so. */
  #wanted = false;
  #reopened = -Infinity;
  #timer = 0;

  /**
   * @param {HTMLAudioElement} audio
   * @param {string} call its id
   */
  constructor(audio, call) {
    super();
    this.audio = audio;
    this.call = call;
    for (const type of ["playing", "pause", "seeking", "seeked", "waiting", "ratechange", "volumechange", "ended"]) {
      audio.addEventListener(type, () => this.#turn(type));
    }
    audio.addEventListener("timeupdate", () => this.#move());
    audio.addEventListener("error", () => void this.#reopen());
    addEventListener("pagehide", () => this.#leave());
    document.addEventListener("visibilitychange", () => this.#cut());
  }

  get open() {
    return this.#id !== null;
  }

  /**
   * Hear the call from `at` seconds on; opens the listen first if none is. Throws `Refused`, or the browser's refusal.
   * @param {number} at
   * @param {string} [reason] why, where that is asked for; a listen that continues this one keeps it
   */
  async play(at, reason) {
    if (!this.#id) await this.#open(at, reason);
    this.#wanted = true;
    await this.audio.play();
  }

  /** Stop for good: what was played is reported, the listen closed. */
  async close() {
    this.audio.pause();
    await this.#close();
    this.audio.removeAttribute("src");
    this.audio.load();
  }

  /**
   * @param {number} at
   * @param {string} [reason]
   */
  async #open(at, reason) {
    const { id, audio_url } = await ask(`/api/v1/calls/${this.call}/listens`, {
      method: "POST",
      json: { ...(this.#ended ? { continues: this.#ended } : {}), ...(reason ? { reason } : {}) },
    });
    this.#id = id;
    this.#last = at;
    this.audio.src = audio_url;
    this.audio.currentTime = at;
  }

  /** The listen is over (too long idle, or its session ended): go on with another that continues it. */
  async #reopen() {
    if (!this.#id || !this.audio.hasAttribute("src")) return;
    const { playbackRate } = this.audio;
    await this.#close();
    if (performance.now() - this.#reopened < REOPEN_AFTER) return this.#tell("lost");
    this.#reopened = performance.now();
    try {
      await this.#open(this.#last);
      this.audio.playbackRate = playbackRate;
      if (this.#wanted) await this.audio.play();
    } catch (error) {
      this.#tell(error instanceof Refused && error.status < 500 ? "refused" : "lost");
    }
  }

  /** @param {string} type */
  #turn(type) {
    this.#cut();
    if (type === "pause" && !this.audio.error) this.#wanted = false;
    if (type === "pause" || type === "seeked" || type === "ratechange") void this.#report();
    if (type === "ended") void this.#close();
  }

  /** The sound moved on: that begins a stretch where no event did, as after a jump within what is loaded. */
  #move() {
    if (this.audio.seeking) return;
    this.#last = this.audio.currentTime;
    if (!this.#stretch) this.#begin();
  }

  #begin() {
    const { audio } = this;
    if (audio.paused || audio.seeking || audio.ended || audio.readyState <= HTMLMediaElement.HAVE_CURRENT_DATA) return;
    this.#stretch = { start: audio.currentTime, at: new Date(), since: performance.now(), rate: audio.playbackRate };
    this.#timer = setInterval(() => void this.#tick(), REPORT_EVERY);
  }

  /** End the stretch being played, and begin the next if the sound goes on. */
  #cut() {
    clearInterval(this.#timer);
    if (this.#stretch) this.#keep(this.#stretch);
    this.#stretch = null;
    this.#begin();
  }

  async #tick() {
    this.#cut();
    await this.#report();
  }

  /** @param {{start: number, at: Date, since: number, rate: number}} stretch */
  #keep({ start, at, since, rate }) {
    const end = this.audio.seeking ? this.#last : this.audio.currentTime;
    if (end <= start) return;
    const wall = (performance.now() - since) / 1000;
    const visible = document.visibilityState === "visible";
    this.#played.push({ start, end, at: at.toISOString(), wall, rate, muted: this.audio.muted, visible });
  }

  async #report() {
    if (!this.#id || !this.#played.length) return;
    const played = this.#played;
    this.#played = [];
    try {
      await ask(`/api/v1/listens/${this.#id}/progress`, { method: "POST", json: { played } });
    } catch (error) {
      if (!(error instanceof Refused)) this.#played.unshift(...played); // the network: tell it with the next
    }
  }

  #leave() {
    this.#cut();
    if (!this.#id || !this.#played.length) return;
    const body = new Blob([JSON.stringify({ played: this.#played })], { type: "application/json" });
    if (navigator.sendBeacon(`/api/v1/listens/${this.#id}/progress`, body)) this.#played = [];
  }

  async #close() {
    const id = this.#id;
    if (!id) return;
    this.#cut();
    await this.#report();
    this.#end();
    await ask(`/api/v1/listens/${id}`, { method: "DELETE" }).catch(() => undefined); // it closes by itself in time
  }

  #end() {
    this.#ended = this.#id;
    this.#id = null;
  }

  /** @param {"lost" | "refused"} type */
  #tell(type) {
    this.dispatchEvent(new Event(type));
  }
}
