import type { Transport } from '../../src/shared/devices/transport.ts'
import type { Clock } from '../../src/shared/lifecycle/clock.ts'
import { withDeadline } from '../../src/shared/lifecycle/clock.ts'

export interface Typist {
  /** Everything received so far. */
  text(): string
  type(text: string): Promise<void>
  /** Waits until the pattern occurs in what came after the last call; gives that text. */
  see(pattern: RegExp, limitMs?: number): Promise<string>
  /** Types one command and gives what came before the next prompt. */
  command(line: string, limitMs?: number): Promise<string>
}

const never = new AbortController().signal

/** A person at a console: types, and reads until something is there. */
export function createTypist(console: Transport, clock: Clock): Typist {
  let all = ''
  let readTo = 0
  const decoder = new TextDecoder('latin1')
  const type = async (text: string): Promise<void> => console.write(new TextEncoder().encode(text), never)
  const see = async (pattern: RegExp, limitMs = 60_000): Promise<string> =>
    withDeadline(clock, limitMs, `waiting for ${String(pattern)} after ${JSON.stringify(all.slice(-300))}`, never, async (signal) => {
      for (;;) {
        const found = pattern.exec(all.slice(readTo))
        if (found) {
          const seen = all.slice(readTo, readTo + found.index + found[0].length)
          readTo += seen.length
          return seen
        }
        const chunk = await console.read(signal)
        if (!chunk) throw new Error(`the console closed after ${JSON.stringify(all.slice(-300))}`)
        all += decoder.decode(chunk, { stream: true })
      }
    })
  return {
    text: () => all,
    type,
    see,
    command: async (line, limitMs) => {
      await type(`${line}\r`)
      return see(/\r\nOpenIPC # /, limitMs)
    },
  }
}
