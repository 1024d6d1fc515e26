// The only script that the page contains as text. It unpacks the others, which the page's policy knows by their hash.

const text = document.getElementById("figure-script")?.textContent ?? "";
const packed = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
const script = document.createElement("script");
script.type = "module";
script.textContent = await new Response(stream).text();
document.head.append(script);
