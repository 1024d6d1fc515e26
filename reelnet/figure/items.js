// Elements of the page, and the items of a panel as elements of SVG.

const SVG = "http://www.w3.org/2000/svg";
/** @type {Record<string, string>} */
const TAGS = { t: "text", r: "rect", l: "path", p: "path", d: "circle", i: "image" };

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string>} [attributes]
 * @param {...(Node | string)} children
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/**
 * @param {string} tag
 * @param {Record<string, string | number>} [attributes]
 */
export function makeSvg(tag, attributes = {}) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}

/** @param {number} color */
const toPaint = (color) => `var(--c${color})`;

/**
 * Points of a shared list, and those that follow it, as the data of an SVG path. NaN lifts the pen.
 * @param {number[]} points
 * @param {number | [number, number]} part number of the first points; or the first one, and the one after the last
 * @param {number[]} tail
 */
function toPath(points, part, tail) {
  const [from, to] = Array.isArray(part) ? part : [0, part];
  let path = "";
  let command = "M";
  for (const values of [points.slice(2 * from, 2 * to), tail]) {
    for (let i = 0; i < values.length; i += 2) {
      if (values[i] === null) {
        command = "M";
      } else {
        path += command + values[i] + " " + values[i + 1];
        command = "L";
      }
    }
  }
  return path;
}

/**
 * The attributes and styles of an item's element.
 * @param {import("./scene.js").Item} item
 * @param {number[][]} points
 * @returns {{attributes: Record<string, string | number>, fill: string, stroke: string, clip?: number[]}}
 */
function describeItem(item, points) {
  const none = "none";
  switch (item[0]) {
    case "t": {
      const [, , x, y, width, size, weight, color, angle] = item;
      /** @type {Record<string, string | number>} */
      const attributes = {
        x,
        y,
        textLength: width,
        lengthAdjust: "spacingAndGlyphs",
        "font-size": size,
        "font-weight": weight,
      };
      if (angle) attributes.transform = `rotate(${-angle} ${x} ${y})`;
      return { attributes, fill: toPaint(color), stroke: none };
    }
    case "r": {
      const [, x, y, width, height, color] = item;
      return { attributes: { x, y, width, height }, fill: toPaint(color), stroke: none };
    }
    case "l": {
      const [, list, part, tail, width, color, clip, dash, isRound] = item;
      /** @type {Record<string, string | number>} */
      const attributes = { d: toPath(points[list], part, tail ?? []), "stroke-width": width };
      if (dash) attributes["stroke-dasharray"] = dash.join(" ");
      if (isRound) attributes["stroke-linecap"] = "round";
      return { attributes, fill: none, stroke: toPaint(color), clip };
    }
    case "p": {
      const [, list, color] = item;
      return {
        attributes: { d: toPath(points[list], Infinity, []) + "z" },
        fill: toPaint(color),
        stroke: none,
      };
    }
    case "d": {
      const [, cx, cy, r, color, stroke] = item;
      if (stroke)
        return { attributes: { cx, cy, r, "stroke-width": stroke }, fill: none, stroke: toPaint(color) };
      return { attributes: { cx, cy, r }, fill: toPaint(color), stroke: none };
    }
    default: {
      const [, x, y, width, height, href, sharp, scheme] = item;
      const attributes = {
        x,
        y,
        width,
        height,
        href,
        preserveAspectRatio: none,
        "data-sharp": sharp,
        class: scheme ?? "",
      };
      return { attributes, fill: "", stroke: "" };
    }
  }
}

/**
 * Give a group the elements of some items. Elements of the same kind are kept, and only changes are written.
 * @param {Element} group
 * @param {import("./scene.js").Item[]} items
 * @param {number[][]} points
 */
export function showItems(group, items, points) {
  items.forEach((item, index) => {
    const { attributes, fill, stroke, clip } = describeItem(item, points);
    const tag = TAGS[item[0]];
    let element = findChild(group, index, clip ? "svg" : tag);
    if (clip) {
      // What is inside an SVG element is clipped to its box.
      const [x, y, width, height] = clip;
      setAttributes(element, { x, y, width, height, viewBox: clip.join(" ") });
      element = findChild(element, 0, tag);
    }
    setAttributes(element, attributes);
    if (element.style.fill !== fill) element.style.fill = fill;
    if (element.style.stroke !== stroke) element.style.stroke = stroke;
    if (item[0] === "t" && element.textContent !== item[1]) element.textContent = item[1];
  });
  while (group.children.length > items.length) group.lastElementChild?.remove();
}

/**
 * The child of a group with a number, made anew unless it has this tag.
 * @param {Element} group
 * @param {number} index
 * @param {string} tag
 */
function findChild(group, index, tag) {
  const known = /** @type {SVGElement | undefined} */ (group.children[index]);
  if (known?.tagName === tag) return known;
  const made = /** @type {SVGElement} */ (makeSvg(tag));
  if (known) known.replaceWith(made);
  else group.append(made);
  return made;
}

/**
 * @param {SVGElement} element
 * @param {Record<string, string | number>} attributes
 */
function setAttributes(element, attributes) {
  for (const name of element.getAttributeNames()) {
    if (name !== "style" && !(name in attributes)) element.removeAttribute(name);
  }
  for (const [name, value] of Object.entries(attributes)) {
    if (element.getAttribute(name) !== String(value)) element.setAttribute(name, String(value));
  }
}
