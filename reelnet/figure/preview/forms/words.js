// The words of the documentation.

import { make } from "../../items.js";

/**
 * What stands between backticks is code.
 * @param {string} text
 */
export const makeWords = (text) =>
  text.split("`").map((part, index) => (index % 2 ? make("code", {}, part) : part));
