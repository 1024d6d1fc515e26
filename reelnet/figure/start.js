// The only script that the page contains as text. It unpacks the style and the other scripts, which the page's policy
// knows by their hashes.

/**
 * @param {"style" | "script"} tag
 * @param {string} type
 */
async function unpack(tag, type) {
  const text = document.getElementById(`figure-${tag}`)?.textContent ?? "";
  const packed = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const element = document.createElement(tag);
  element.type = type;
  element.textContent = await new Response(stream).text();
  document.head.append(element);
}

await unpack("style", "text/css");
await unpack("script", "module");
