// What the page and its preview say to each other, as types. Nothing imports this file while it runs.

/**
 * @typedef {object} View What is shown.
 * @property {string} template its name
 * @property {string | null} text of the editor; null for the text on disk
 * @property {string | null} layer null for the one that the template or the run chooses
 *
 * @typedef {object} Diagnostic A mistake in a template.
 * @property {string} file
 * @property {number} line from 1; 0 if it has no position
 * @property {number} column from 1
 * @property {string} key
 * @property {string} message
 * @property {boolean} here whether it lies in the edited text
 *
 * @typedef {object} RunInfo
 * @property {string} name
 * @property {number[]} steps
 * @property {{name: string, shape: number[]}[]} layers
 * @property {number} samples
 * @property {string[] | null} labels
 * @property {boolean} growing whether it is still being recorded
 *
 * @typedef {object} TemplateInfo
 * @property {string} name
 * @property {string} about
 * @property {string} file
 * @property {boolean} writable
 * @property {boolean} valid
 *
 * @typedef {object} PlatformInfo
 * @property {string} name
 * @property {string[]} formats suffixes
 * @property {number | null} cap bytes
 *
 * @typedef {object} Opened
 * @property {string} version
 * @property {RunInfo} run
 * @property {TemplateInfo[]} templates
 * @property {Place & {template: string, text?: string | null}} start with the text of an editor that was left, if there is one
 * @property {PlatformInfo[]} platforms
 * @property {string[]} formats suffixes
 * @property {string} folder of renders
 *
 * @typedef {object} PanelBox
 * @property {string} name
 * @property {string} kind
 * @property {[number, number, number, number]} box x, y, width and height in CSS pixels of the picture
 *
 * @typedef {object} Layout
 * @property {string} layer
 * @property {[number, number]} size in CSS pixels
 * @property {number} density
 * @property {number} step
 * @property {number[]} steps recorded ones
 * @property {number} frames
 * @property {number} seconds
 * @property {PanelBox[]} panels
 * @property {string} background
 * @property {string[]} notes
 * @property {Diagnostic[]} diagnostics
 *
 * @typedef {object} Forecast
 * @property {string} suffix
 * @property {number | null} bytes null if its codec is too slow for an estimate
 * @property {boolean} is_exact
 * @property {number | null} cap
 * @property {boolean} fits
 * @property {string[]} words what the file trades for its size
 *
 * @typedef {object} Job
 * @property {string} job
 * @property {"running" | "done" | "failed" | "cancelled"} state
 * @property {number} done
 * @property {number} total
 * @property {string} words
 * @property {string[]} lines the report
 * @property {{path: string, opens: boolean}[]} files and whether each can be opened
 *
 * @typedef {object} Saved
 * @property {string} template
 * @property {string} file
 * @property {string} text
 * @property {string} sha256
 * @property {boolean} writable
 * @property {boolean} exists whether the file is still there
 *
 * @typedef {object} Place What a reader looks at; null for what the preview chooses.
 * @property {string | null} template
 * @property {string | null} layer
 * @property {number | null} step
 *
 * @typedef {{answer: any, buffers: Uint8Array<ArrayBuffer>[]}} Answer
 *
 * @typedef {object} Connection What the page asks its preview through.
 * @property {(method: string, parameters: object) => Promise<Answer>} call rejects with the preview's own words
 * @property {((job: string, number: number) => string) | null} findRender the address of a file that a job has written; null where files have none
 * @property {(event: string, handler: (data: any) => void) => void} on events of the preview, and "lost" and "back"
 */

export {};
