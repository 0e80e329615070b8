/**
 * The part of a server-rendered element that its script works with. Scripts are modules, so an element's parts are
 * there before its class is; a missing part is a mistake in the template, and said so.
 * @template {Element} T
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => T} type
 * @returns {T}
 */
export function part(root, selector, type) {
  const found = root.querySelector(selector);
  if (!(found instanceof type)) throw new Error(`The page has no ${selector}`);
  return found;
}
