/** Asking the API: answers as JSON, refusals as `Refused` with the server's own sentence. */

export class Refused extends Error {
  /**
   * @param {number} status
   * @param {string} detail
   * @param {string} code the problem's stable code
   */
  constructor(status, detail, code) {
    super(detail);
    this.status = status;
    this.code = code;
  }
}

/**
 * @param {string} address
 * @param {RequestInit & {json?: unknown}} [options] `json`: the body, as a value
 * @returns {Promise<any>} the decoded answer; undefined where it has no body
 */
export async function ask(address, { json, ...options } = {}) {
  const headers = { accept: "application/json", ...(json === undefined ? {} : { "content-type": "application/json" }) };
  const body = json === undefined ? options.body : JSON.stringify(json);
  const answer = await fetch(address, { ...options, body, headers });
  if (!answer.ok) throw refusal(answer.status, await answer.text());
  return answer.status === 204 ? undefined : answer.json();
}

/**
 * A problem document (RFC 9457), or whatever else came instead.
 * @param {number} status
 * @param {string} body
 */
export function refusal(status, body) {
  try {
    const problem = JSON.parse(body);
    return new Refused(status, problem.detail ?? problem.title, problem.code ?? "");
  } catch {
    return new Refused(status, `${status}`, "");
  }
}
