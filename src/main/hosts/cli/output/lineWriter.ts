import type { LineWriter } from '../cliWorkbench.ts'

interface TextStream {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
  on(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown
}

/** A reader that went away (`| head`) ends the printing and never the job: half a restore is worse than an unread one. */
export function createLineWriter(stream: TextStream): LineWriter {
  let gone = false
  let shown = ''
  stream.on('error', () => { gone = true })
  const write = (text: string): void => { if (!gone) stream.write(text) }
  const isTerminal = stream.isTTY === true
  const clear = (): void => { if (shown !== '') { write('\r\u001b[K'); shown = '' } }
  return {
    isTerminal,
    get columns() { return stream.columns ?? 100 },
    line: (text) => { clear(); write(`${text}\n`) },
    status: (text) => {
      if (!isTerminal || text === shown) return
      clear()
      shown = text.slice(0, (stream.columns ?? 100) - 1)
      write(shown)
    },
  }
}

/** Text that came over a wire, for a terminal: one line, nothing that moves a cursor or changes a title. */
export const plainText = (text: string, length = 400): string =>
  // eslint-disable-next-line no-control-regex -- control characters are what is replaced
  text.replaceAll(/[\s\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]+/g, ' ').trim().slice(0, length)
