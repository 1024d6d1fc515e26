// Makes reelnet/figure/preview/editor/codemirror.js, the editor of the preview, and the file of its licences.
// With --check it writes nothing, and fails if the files in the package are others.

import { build } from "esbuild";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
const TARGET = join(HERE, "../../reelnet/figure/preview/editor");

/** The parts that the preview uses, as one module. */
async function bundle() {
  const result = await build({
    stdin: {
      contents: readFileSync(join(TARGET, "codemirror.d.ts"), "utf-8"),
      loader: "js",
      resolveDir: HERE,
    },
    absWorkingDir: HERE,
    bundle: true,
    format: "esm",
    legalComments: "none",
    metafile: true,
    minify: true,
    target: "es2022",
    write: false,
    banner: { js: "// CodeMirror 6, made by tests/figure/build_codemirror.js. Licences: codemirror.LICENSE.txt" },
  });
  return { script: result.outputFiles[0].text, inputs: Object.keys(result.metafile.inputs) };
}

/**
 * The packages of a bundle, whose licences are alike but for the line of the copyright.
 * @param {string[]} inputs
 */
function writeLicenses(inputs) {
  const names = inputs.map((input) => input.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1]);
  /** @type {Map<string, string[]>} */
  const packages = new Map();
  for (const name of [...new Set(names)].sort()) {
    if (!name) continue;
    const folder = join(HERE, "node_modules", name);
    const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf-8"));
    const [, copyright, text] =
      readFileSync(join(folder, "LICENSE"), "utf-8").match(/^(?:MIT License)?\s*(Copyright .*)\n\s*(Permission [^]*)$/) ?? [];
    if (!text) throw new Error(`${name}: its licence is not MIT`);
    const terms = text.replaceAll(/\s+/g, " ").trim();
    packages.set(terms, [...(packages.get(terms) ?? []), `${name} ${version}: ${copyright}`]);
  }
  if (packages.size !== 1) throw new Error("the licences differ");
  const [[terms, lines]] = packages;
  const wrapped = terms.replaceAll(/(.{1,110})(?: |$)/g, "$1\n");
  return `codemirror.js contains these packages, under the MIT License:\n\n${lines.join("\n")}\n\n${wrapped}`;
}

const { script, inputs } = await bundle();
const isCheck = process.argv.includes("--check");
for (const [name, text] of Object.entries({
  "codemirror.js": script,
  "codemirror.LICENSE.txt": writeLicenses(inputs),
})) {
  const file = join(TARGET, name);
  if (!isCheck) writeFileSync(file, text);
  else if (readFileSync(file, "utf-8") !== text) {
    console.error(`${file} is out of date: npm --prefix tests/figure run codemirror`);
    process.exitCode = 1;
  }
}
