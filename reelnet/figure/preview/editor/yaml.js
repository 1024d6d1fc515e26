// The colors of YAML, line by line, with the placeholders of the texts in templates.

const INDENT = 2;
const VALUE = /^(?:[-+]?(?:\d[\d_]*)?\.?\d+(?:e[-+]?\d+)?%?|true|false|null|~)$/i;

/**
 * @typedef {object} State
 * @property {number} depth of braces and brackets
 * @property {string} quote the sign that ends the text that has begun; empty if none has
 * @property {number} block the indentation of the key whose lines of text follow; -1 if none do
 * @property {number} indent of the current line
 * @property {boolean} opens whether the line so far ends with what is followed by a deeper line
 */

/**
 * A part of a quoted text.
 * @param {import("@codemirror/language").StringStream} stream
 * @param {State} state
 */
function readQuoted(stream, state) {
  if (stream.match(/^\{[^{}"']*\}/)) return "variableName";
  while (!stream.eol()) {
    const sign = stream.next();
    if (sign === state.quote) {
      state.quote = "";
      break;
    }
    if (sign === "\\" && state.quote === '"') stream.next();
    if (stream.peek() === "{") break;
  }
  return "string";
}

/** @type {import("@codemirror/language").StreamParser<State>} */
export const yaml = {
  name: "yaml",
  startState: () => ({ depth: 0, quote: "", block: -1, indent: 0, opens: false }),
  token(stream, state) {
    if (stream.sol()) {
      if (state.block >= 0 && stream.indentation() > state.block) {
        stream.skipToEnd();
        return "string";
      }
      state.block = -1;
      state.indent = stream.indentation();
      state.opens = false;
      if (stream.match(/^(?:---|\.\.\.)(?=\s|$)/)) return "meta";
    }
    if (state.quote) return readQuoted(stream, state);
    if (stream.eatSpace()) return null;
    if (stream.peek() === "#" && /^$|\s/.test(stream.string.charAt(stream.pos - 1))) {
      stream.skipToEnd();
      return "comment";
    }
    const isValue = state.opens;
    state.opens = false;
    if (stream.match(/^(?:"(?:[^"\\]|\\.)*"|'[^']*')(?=\s*:(?:\s|$))/)) return "atom";
    if (stream.match(/^["']/)) {
      state.quote = stream.current();
      return "string";
    }
    if (stream.match(/^-(?=\s|$)/)) {
      state.opens = true;
      return "meta";
    }
    if (stream.match(/^[{[]/)) {
      state.depth++;
      return "meta";
    }
    if (stream.match(/^[}\]]/)) {
      state.depth = Math.max(0, state.depth - 1);
      return "meta";
    }
    if (stream.match(/^:(?=\s|$)/)) {
      state.opens = !state.depth;
      return "meta";
    }
    if (isValue && stream.match(/^[|>][-+\d]*(?=\s*$)/)) {
      state.block = state.indent;
      state.opens = true;
      return "meta";
    }
    if (stream.match(/^[&*!][^\s,{}[\]]*/) || stream.match(",")) return "meta";
    if (stream.match(/^[^\s,{}[\]#:](?:[^,{}[\]#:]|:(?!\s|$))*?(?=\s*:(?:\s|$))/)) return "atom";
    stream.match(state.depth ? /^(?:[^,{}[\]:#]|:(?!\s|$)|(?<!\s)#)+/ : /^(?:[^#]|(?<!\s)#)+/) ||
      stream.next();
    return VALUE.test(stream.current().trim()) ? "number" : null;
  },
  indent: ({ indent, opens }) => indent + (opens ? INDENT : 0),
  languageData: { commentTokens: { line: "#" } },
};
