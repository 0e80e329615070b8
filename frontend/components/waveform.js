/** The strip of a call's sound on a canvas: a lane a side, what was played in full colour. */

/** @typedef {{channels: number, length: number, bits: number, data: number[]}} Peaks audiowaveform's JSON */

const BAR = 2;
const GAP = 1;

export class Waveform {
  /** @type {Float32Array[]} loudness 0 to 1 by lane, one a bar */
  #bars = [];
  /** @type {Peaks | null} */
  #peaks = null;
  #share = 0;
  #drawn = -1;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {string[]} sides the side that each channel carries; colours follow
   */
  constructor(canvas, sides) {
    this.canvas = canvas;
    this.sides = sides;
    new ResizeObserver(() => this.#fit()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#draw());
  }

  /** @param {Peaks} peaks */
  show(peaks) {
    this.#peaks = peaks;
    this.#fit();
  }

  /** @param {number} share of the call that lies behind, 0 to 1 */
  move(share) {
    this.#share = share;
    const column = Math.round(share * this.canvas.width);
    if (column !== this.#drawn) this.#draw();
  }

  #fit() {
    const scale = devicePixelRatio || 1;
    this.canvas.width = Math.max(1, Math.round(this.canvas.clientWidth * scale));
    this.canvas.height = Math.max(1, Math.round(this.canvas.clientHeight * scale));
    const count = Math.floor(this.canvas.clientWidth / (BAR + GAP));
    this.#bars = this.#peaks ? lanes(this.#peaks, count) : [];
    this.#draw();
  }

  #draw() {
    const pen = this.canvas.getContext("2d");
    if (!pen) return;
    const { width, height } = this.canvas;
    const scale = devicePixelRatio || 1;
    const style = getComputedStyle(this.canvas);
    this.#drawn = Math.round(this.#share * width);
    pen.clearRect(0, 0, width, height);
    const laneHeight = height / Math.max(1, this.#bars.length);
    this.#bars.forEach((bars, lane) => {
      pen.fillStyle = colour(style, this.sides[lane]);
      bars.forEach((loudness, at) => {
        const x = at * (BAR + GAP) * scale;
        const tall = Math.max(scale, loudness * (laneHeight - 4 * scale));
        pen.globalAlpha = x < this.#drawn ? 1 : 0.42;
        pen.fillRect(x, lane * laneHeight + (laneHeight - tall) / 2, BAR * scale, tall);
      });
    });
    pen.globalAlpha = 1;
    pen.fillStyle = colour(style, "");
    pen.fillRect(Math.min(width - 2 * scale, this.#drawn), 0, 2 * scale, height);
  }
}

/**
 * @param {CSSStyleDeclaration} style
 * @param {string | undefined} side
 */
function colour(style, side) {
  return style.getPropertyValue(side === "agent" || side === "client" ? `--${side}` : "--ink");
}

/**
 * The loudest peak under each bar, by channel; its square root, since ears hear ratios.
 * @param {Peaks} peaks
 * @param {number} count bars
 */
function lanes({ channels, length, bits, data }, count) {
  const top = 2 ** (bits - 1);
  return Array.from({ length: channels }, (_, channel) =>
    Float32Array.from({ length: Math.max(0, count) }, (_, bar) => {
      const [from, to] = [Math.floor((bar * length) / count), Math.ceil(((bar + 1) * length) / count)];
      let peak = 0;
      for (let at = from; at < to; at++) {
        const place = (at * channels + channel) * 2;
        peak = Math.max(peak, -(data[place] ?? 0), data[place + 1] ?? 0);
      }
      return Math.min(1, Math.sqrt(peak / top));
    }),
  );
}
