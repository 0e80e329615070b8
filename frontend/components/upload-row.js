/** One recording on its way in: its bytes, then the call's steps, in the row that shows it. */

import { ask, refusal, Refused } from "./http.js";
import { part } from "./parts.js";
import { t } from "./texts.js";
import { size } from "./times.js";

const LOOK_EVERY = 1500;
const WORKING = ["received", "normalising", "transcribing", "indexing"];

/** @typedef {"waiting" | "sending" | "working" | "done" | "refused"} Stage */

export class Row {
  /** @type {File | null} */
  transcript = null;
  /** @type {Stage} */
  stage = "waiting";
  /** @type {XMLHttpRequest | null} */
  #request = null;

  /**
   * @param {File} file
   * @param {HTMLElement} element
   */
  constructor(file, element) {
    this.file = file;
    this.element = element;
    this.started = part(this.element, "input", HTMLInputElement);
    part(this.element, "strong", HTMLElement).textContent = file.name;
    part(this.element, ".size", HTMLElement).textContent = size(file.size);
    this.started.value = local(new Date(file.lastModified));
    this.say(t("waiting"));
  }

  get stem() {
    return stem(this.file.name);
  }

  get again() {
    return part(this.element, ".again", HTMLButtonElement);
  }

  get remove() {
    return part(this.element, ".remove", HTMLButtonElement);
  }

  /** @param {File} transcript */
  join(transcript) {
    this.transcript = transcript;
    part(this.element, ".words", HTMLElement).textContent = t("twin", { name: transcript.name });
  }

  /** @param {string} text */
  say(text) {
    part(this.element, ".state", HTMLElement).textContent = text;
  }

  /**
   * @param {string} reason
   * @param {boolean} [final] sending it again would not help
   */
  refuse(reason, final = false) {
    this.stage = "refused";
    this.element.className = "file bad";
    part(this.element, "progress", HTMLProgressElement).hidden = true;
    this.again.hidden = final;
    this.remove.hidden = false;
    this.say(reason);
  }

  stop() {
    this.#request?.abort();
  }

  /**
   * Send it and follow it until it is ready.
   * @param {Record<string, unknown>} metadata what holds for all files
   */
  async send(metadata) {
    this.stage = "sending";
    this.element.className = "file";
    this.again.hidden = true;
    this.started.disabled = true;
    try {
      const { call, known } = await this.#post({ ...metadata, started_at: new Date(this.started.value).toISOString() });
      this.#arrived(call, known);
      await this.#follow(call.id);
    } catch (error) {
      this.started.disabled = false;
      this.refuse(error instanceof Refused ? error.message : t("offline"));
    }
  }

  /**
   * `fetch` can't say how far an upload is; XMLHttpRequest can.
   * @param {Record<string, unknown>} metadata
   * @returns {Promise<{call: {id: string, url: string}, known: boolean}>}
   */
  #post(metadata) {
    const body = new FormData();
    body.append("metadata", new Blob([JSON.stringify(metadata)], { type: "application/json" }));
    if (this.transcript) body.append("transcript", this.transcript, this.transcript.name);
    body.append("audio", this.file, this.file.name);
    const request = (this.#request = new XMLHttpRequest());
    const bar = part(this.element, "progress", HTMLProgressElement);
    bar.hidden = false;
    request.upload.addEventListener("progress", ({ loaded, total }) => {
      bar.value = loaded / total;
      this.say(loaded < total ? t("sending", { sent: size(loaded), size: size(total) }) : t("checking"));
    });
    return new Promise((resolve, reject) => {
      request.addEventListener("load", () => {
        const { status, responseText } = request;
        if (status >= 400) reject(refusal(status, responseText));
        else resolve({ call: JSON.parse(responseText), known: status === 200 });
      });
      for (const type of ["error", "abort", "timeout"]) request.addEventListener(type, () => reject(new Error(type)));
      request.open("POST", "/api/v1/calls");
      request.setRequestHeader("accept", "application/json");
      request.send(body);
    });
  }

  /**
   * @param {{id: string, url: string}} call
   * @param {boolean} known
   */
  #arrived(call, known) {
    this.stage = "working";
    const open = part(this.element, "a", HTMLAnchorElement);
    open.href = `/calls/${call.id}`;
    open.hidden = false;
    part(this.element, "progress", HTMLProgressElement).hidden = true;
    this.remove.hidden = true;
    this.say(known ? t("known") : t("state.received"));
  }

  /** @param {string} id */
  async #follow(id) {
    for (;;) {
      const now = await ask(`/calls/${id}/state`).catch(() => null);
      if (now && !WORKING.includes(now.state)) return this.#finish(now);
      if (now) this.say(t(`state.${now.state}`));
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
    }
  }

  /** @param {{state: string, reason: string | null}} now */
  #finish(now) {
    this.stage = "done";
    this.element.className = now.state === "ready" ? "file good" : "file bad";
    this.say(t(`state.${now.state}`, { reason: now.reason ?? "" }));
  }
}

/** @param {string} name */
export const stem = (name) => name.replace(/\.[^.]+$/, "").toLowerCase();

/**
 * As a `datetime-local` field writes it, in the browser's zone.
 * @param {Date} time
 */
function local(time) {
  return new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}
