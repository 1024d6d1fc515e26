// Icons, 16 by 16, in the color of the text around them.

import { makeSvg } from "../../items.js";

const PATHS = {
  undo: "M5 3 2 6l3 3M2 6h7.5a4 4 0 0 1 0 8H6",
  redo: "m11 3 3 3-3 3m3-3H6.5a4 4 0 0 0 0 8H10",
  reset: "M2.5 8a5.5 5.5 0 1 1 1.9 4.2M2.5 3.5V8H7",
  up: "M8 13V3M4 7l4-4 4 4",
  down: "M8 3v10m-4-4 4 4 4-4",
  remove: "m4 4 8 8m0-8-8 8",
  less: "M4 8h8",
  more: "M4 8h8M8 4v8",
};

/** @param {keyof typeof PATHS} name */
export function makeIcon(name) {
  const icon = makeSvg("svg", {
    viewBox: "0 0 16 16",
    width: 16,
    height: 16,
    class: "icon",
    "aria-hidden": "true",
  });
  icon.append(makeSvg("path", { d: PATHS[name] }));
  return icon;
}
