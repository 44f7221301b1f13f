import { appendFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { makeFoldersSync } from '../files/makeFolders.ts'

const mostBytes = 10 * 1024 * 1024
/** The one that is written and two older ones. */
const mostFiles = 3
const mostLineLetters = 4_000

export interface RotatingLog { line(text: string): void }

/** One line each, with its time. Written at once: a log that is lost with the process says nothing about its end. */
export function createRotatingLog(path: string, wallMs: () => number, limits: { readonly bytes?: number } = {}): RotatingLog {
  const limitBytes = limits.bytes ?? mostBytes
  makeFoldersSync(dirname(path), 0o755)
  let bytes = sizeOf(path)
  return {
    line: (text) => {
      // eslint-disable-next-line no-control-regex -- a stranger's text must not begin a line of its own
      const whole = `${new Date(wallMs()).toISOString()} ${text.slice(0, mostLineLetters).replaceAll(/[\x00-\x1f\x7f]+/g, ' ')}\n`
      try {
        if (bytes > 0 && bytes + Buffer.byteLength(whole) > limitBytes) { turn(path); bytes = 0 }
        appendFileSync(path, whole, { mode: 0o644 })
        bytes += Buffer.byteLength(whole)
      } catch {
        // A full disk must not stop an update, least of all the one that makes room.
      }
    },
  }
}

function sizeOf(path: string): number {
  try { return statSync(path).size } catch { return 0 /* there is none yet */ }
}

function turn(path: string): void {
  rmSync(`${path}.${mostFiles - 1}`, { force: true })
  for (let index = mostFiles - 2; index >= 0; index -= 1) {
    const from = index === 0 ? path : `${path}.${index}`
    if (sizeOf(from) > 0) renameSync(from, `${path}.${index + 1}`)
  }
}
