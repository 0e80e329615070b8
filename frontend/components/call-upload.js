/** Uploading: files dropped or chosen, a row each, what is said about all of them once. */

import { part } from "./parts.js";
import { t } from "./texts.js";
import { size } from "./times.js";
import { Row, stem } from "./upload-row.js";

const TRANSCRIPT = /\.(vtt|srt|txt|json)$/i;
const AT_ONCE = 2;

class CallUpload extends HTMLElement {
  form = part(this, "form", HTMLFormElement);
  list = part(this, ".files", HTMLElement);
  input = part(this, "#files", HTMLInputElement);
  /** @type {Row[]} */
  #rows = [];
  /** @type {File[]} transcripts whose recording isn't here yet */
  #words = [];

  connectedCallback() {
    this.input.multiple = true;
    this.input.required = false;
    this.input.accept += ",.vtt,.srt,.txt,.json";
    this.input.addEventListener("change", () => {
      this.#add([...(this.input.files ?? [])]);
      this.input.value = "";
    });
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#send();
    });
    this.#recall();
    this.#takeDrops();
    addEventListener("beforeunload", (event) => {
      if (this.#rows.some(({ stage }) => stage === "sending")) event.preventDefault();
    });
  }

  #takeDrops() {
    this.addEventListener("dragover", (event) => {
      event.preventDefault();
      this.toggleAttribute("data-over", true);
    });
    this.addEventListener("dragleave", () => this.toggleAttribute("data-over", false));
    this.addEventListener("drop", (event) => {
      event.preventDefault();
      this.toggleAttribute("data-over", false);
      this.#add([...(event.dataTransfer?.files ?? [])]);
    });
  }

  /** @param {File[]} files */
  #add(files) {
    for (const file of files) {
      if (TRANSCRIPT.test(file.name)) this.#words.push(file);
      else this.#addRow(file);
    }
    this.#words = this.#words.filter((words) => {
      const row = this.#rows.find((one) => one.stage === "waiting" && one.stem === stem(words.name));
      row?.join(words);
      return !row;
    });
    this.#total();
  }

  /** @param {File} file */
  #addRow(file) {
    const made = document.importNode(part(this, "template", HTMLTemplateElement).content, true);
    const element = part(made, ".file", HTMLElement);
    const row = new Row(file, element);
    const most = Number(this.dataset.most);
    if (file.size === 0) row.refuse(t("empty"), true);
    if (file.size > most) row.refuse(t("too_large", { most: size(most) }), true);
    row.again.addEventListener("click", () => void row.send(this.#metadata()).then(() => this.#total()));
    row.remove.addEventListener("click", () => this.#drop(row));
    this.#rows.push(row);
    this.list.append(element);
  }

  /** @param {Row} row */
  #drop(row) {
    row.stop();
    row.element.remove();
    this.#rows = this.#rows.filter((one) => one !== row);
    this.#total();
  }

  async #send() {
    if (!this.#rows.some(({ stage }) => stage === "waiting")) return this.#say(t("no_files"));
    const metadata = this.#metadata();
    localStorage.setItem("upload-source", String(metadata.source ?? ""));
    const line = async () => {
      for (let row; (row = this.#rows.find(({ stage }) => stage === "waiting")); ) {
        if (!row.started.value) row.refuse(t("no_start"));
        else await row.send(metadata);
        this.#total();
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, line));
  }

  /** What the form says about all files; empty fields say nothing. */
  #metadata() {
    const data = new FormData(this.form);
    /** @param {string} name */
    const said = (name) => String(data.get(name) ?? "").trim() || undefined;
    /** @param {Record<string, string | undefined>} fields */
    const group = (fields) => (Object.values(fields).some(Boolean) ? fields : undefined);
    return {
      partner: said("partner"),
      client: group({ name: said("client_name"), phone: said("client_phone") }),
      agent: group({ name: said("agent_name"), email: said("agent_email") }),
      team: said("team"),
      kind: said("kind"),
      direction: said("direction"),
      language: said("language"),
      source: said("source"),
      note: said("note"),
      labels: said("labels")?.split(",").map((label) => label.trim()).filter(Boolean),
    };
  }

  #recall() {
    const source = this.form.elements.namedItem("source");
    if (source instanceof HTMLInputElement) source.value ||= localStorage.getItem("upload-source") ?? "";
  }

  #total() {
    const left = this.#rows.filter(({ stage }) => stage === "waiting" || stage === "sending").length;
    const done = this.#rows.filter(({ stage }) => stage === "done" || stage === "working").length;
    const total = left ? t("left", { count: left }) : done ? t("all_done", { count: done }) : "";
    const orphans = this.#words.map(({ name }) => t("no_twin", { name }));
    this.#say([total, ...orphans].filter(Boolean).join(" "));
  }

  /** @param {string} text */
  #say(text) {
    part(this, ".total", HTMLElement).textContent = text;
  }
}

customElements.define("call-upload", CallUpload);
