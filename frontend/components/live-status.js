/** Follows a call through its steps. When it is ready the page shows it; never under somebody who is listening. */

import { ask } from "./http.js";
import { t } from "./texts.js";

const SOONEST = 1500;
const LATEST = 10_000;

class LiveStatus extends HTMLElement {
  #wait = SOONEST;

  connectedCallback() {
    this.#again();
  }

  #again() {
    setTimeout(() => void this.#look(), this.#wait);
    this.#wait = Math.min(LATEST, this.#wait * 1.2);
  }

  async #look() {
    if (!this.isConnected) return;
    const now = await ask(`/calls/${this.dataset.call}/state`).catch(() => null);
    if (now && (now.state === "ready" || now.state === "failed")) return this.#arrive(now.state);
    if (now && now.state !== this.dataset.state) this.#show(now.state);
    if (now) this.#tell(now.share);
    this.#again();
  }

  /** @param {string} state */
  #show(state) {
    this.dataset.state = state;
    this.#wait = SOONEST;
    const steps = [...this.querySelectorAll("[data-step]")];
    const now = steps.findIndex((step) => /** @type {HTMLElement} */ (step).dataset.step === state);
    steps.forEach((step, at) => {
      step.className = at < now ? "past" : at === now ? "now" : "later";
      step.toggleAttribute("aria-current", at === now);
    });
  }

  /** @param {number | undefined} share of the step that is being done, 0 to 1 */
  #tell(share) {
    for (const step of this.querySelectorAll("[data-step]")) step.removeAttribute("data-share");
    if (share === undefined) return;
    this.querySelector(".now")?.setAttribute("data-share", `${Math.floor(share * 100)} %`);
  }

  /** @param {"ready" | "failed"} state */
  #arrive(state) {
    if (!document.querySelector("call-player[data-playing]")) return location.reload();
    const status = this.querySelector("[role=status]");
    if (status) status.textContent = state === "ready" ? t("now_ready") : t("stopped");
  }
}

customElements.define("live-status", LiveStatus);
