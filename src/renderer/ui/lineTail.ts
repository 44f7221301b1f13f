// Colours and cursor moves say nothing in a thumbnail; an unfinished sequence at the end is dropped too.
// eslint-disable-next-line no-control-regex -- the escape character is what is looked for
const escapes = /\u001b(?:\[[0-?]*[ -/]*(?:[@-~]|$)|\][^\u0007\u001b]*(?:\u0007|\u001b\\|$)|[@-Z\\-_]|$)/g
// eslint-disable-next-line no-control-regex -- controls have no place in a line of text
const controls = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g

/** A line as it stands on the screen after carriage returns. */
function settled(raw: string): string {
  const parts = raw.replace(escapes, '').split('\r')
  return (parts.findLast((part) => part.length > 0) ?? '').replace(controls, '').trimEnd()
}

/** The last lines of a console. Bounded: a console without line ends cannot fill the memory. */
export class LineTail {
  readonly #decoder = new TextDecoder('utf-8', { fatal: false })
  readonly #keep: number
  #lines: string[] = []
  #open = ''

  constructor(keep: number) {
    this.#keep = keep
  }

  push(bytes: Uint8Array): void {
    const parts = (this.#open + this.#decoder.decode(bytes, { stream: true })).split('\n')
    this.#open = (parts.pop() ?? '').slice(-1024)
    this.#lines = [...this.#lines, ...parts.slice(-this.#keep * 2).map(settled).filter(Boolean)].slice(-this.#keep)
  }

  note(text: string): void {
    this.#lines = [...this.#lines, text].slice(-this.#keep)
  }

  get lines(): readonly string[] {
    const open = settled(this.#open)
    return open ? [...this.#lines, open].slice(-this.#keep) : this.#lines
  }
}
