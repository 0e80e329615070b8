/** Times as `archive/http/pages/times.py` writes them, in the reader's own zone. */

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** @param {number} number */
const two = (number) => String(number).padStart(2, "0");

/** @param {number} seconds */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, two(whole % 60)];
  return hours ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`;
}

/** @param {number} bytes */
export function size(bytes) {
  for (const [unit, factor] of /** @type {const} */ ([["GB", 1e9], ["MB", 1e6], ["kB", 1e3]])) {
    if (bytes >= factor) return `${(bytes / factor).toFixed(bytes / factor < 10 ? 1 : 0)} ${unit}`;
  }
  return `${bytes} B`;
}

/** @param {Date} local */
function offset(local) {
  const minutes = -local.getTimezoneOffset();
  if (minutes === 0) return "UTC";
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return `UTC${minutes > 0 ? "+" : "-"}${hours}${rest ? `:${two(rest)}` : ""}`;
}

/**
 * @param {Date} time
 * @param {string} form
 */
function shown(time, form) {
  const day = `${time.getDate()} ${MONTHS[time.getMonth()]}`;
  const minutes = `${two(time.getHours())}:${two(time.getMinutes())}`;
  if (form === "clock") return `${minutes}:${two(time.getSeconds())}`;
  if (form === "day") return `${day} ${time.getFullYear()}`;
  if (form === "full") return `${day} ${time.getFullYear()}, ${minutes} ${offset(time)}`;
  return `${day}${time.getFullYear() === new Date().getFullYear() ? "" : ` ${time.getFullYear()}`} ${minutes}`;
}

/**
 * Write each time in the browser's zone, unless the server did already.
 * The zone is left in a cookie, so that from the next page on it did.
 */
export function localise() {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  if (document.documentElement.dataset.zone === timeZone) return;
  document.cookie = `zone=${encodeURIComponent(timeZone)}; path=/; max-age=31536000; samesite=lax`;
  for (const element of document.querySelectorAll("time[data-form]")) {
    const { dateTime, dataset } = /** @type {HTMLTimeElement} */ (element);
    if (dataset.form && dataset.form !== "utc") element.textContent = shown(new Date(dateTime), dataset.form);
  }
}
