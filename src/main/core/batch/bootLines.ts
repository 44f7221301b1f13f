import { maxExcerptChars, type PhaseTime } from '../../../shared/batch/batchEvent.ts'
import type { BatchChecks } from '../../../shared/batch/batchPlan.schema.ts'
import { usualRules } from '../../../shared/captures/bundle.schema.ts'
import { createBell } from '../../../shared/lifecycle/bell.ts'
import type { Clock } from '../../../shared/lifecycle/clock.ts'
import { type BootSeen, startBootWatch, watchBoot } from '../consoles/bootWatch.ts'
import type { CameraConsole } from '../consoles/cameraConsole.ts'
import { plainText } from '../consoles/consoleText.ts'
import { createRedactor, newStreamMemory } from '../../protocols/redaction/redactor.ts'

/** What one attempt heard on the camera's console. */
export interface BootLines {
  /** When each stage was first seen, monotonic; `login` only after something before it, because the old system may still be asking. */
  readonly seenAtMs: ReadonlyMap<BootSeen, number>
  hasPanicked(): boolean
  missing(): readonly string[]
  refused(): string | undefined
  /** The newest reading, in degrees. */
  temperature(): number | undefined
  excerpt(): string
  /** At the next piece. */
  more(signal: AbortSignal): Promise<void>
  stop(): void
}

/** A line longer than this is noise on the cable. */
const maxLineChars = 2_048

const stageNames: Readonly<Partial<Record<BootSeen, string>>> = { 'boot rom': 'boot ROM', 'u-boot': 'U-Boot', 'kernel': 'kernel' }

export function listenToBoot(console: Pick<CameraConsole, 'subscribe' | 'end'>, checks: BatchChecks, clock: Clock): BootLines {
  const bell = createBell()
  const letters = new TextDecoder('latin1')
  const seenAtMs = new Map<BootSeen, number>()
  const missing = new Set(checks.expect)
  let [watch, rest, tail] = [startBootWatch(clock.nowMs()), '', '']
  let isCut = false
  let panicked = false
  let refused: string | undefined
  let temperature: number | undefined

  const look = (line: string): void => {
    for (const words of missing) if (line.includes(words)) missing.delete(words)
    if (refused === undefined && checks.refuse.some((words) => line.includes(words))) refused = line.trim().slice(0, 160)
    const { temperature: wish } = checks
    const at = wish ? line.indexOf(wish.after) : -1
    const reading = wish && at >= 0 ? /-?\d{1,4}(?:\.\d{1,4})?/.exec(line.slice(at + wish.after.length)) : null
    if (reading) temperature = Number(reading[0])
  }
  const stop = console.subscribe(console.end, ({ bytes }) => {
    const nowMs = clock.nowMs()
    watch = watchBoot(watch, bytes, nowMs)
    panicked ||= watch.panicked
    if (watch.seen !== 'nothing' && !seenAtMs.has(watch.seen) && (watch.seen !== 'login' || seenAtMs.size > 0)) seenAtMs.set(watch.seen, nowMs)
    const all = tail + letters.decode(bytes)
    isCut ||= all.length > 2 * maxExcerptChars
    tail = all.slice(-2 * maxExcerptChars)
    const lines = (rest + letters.decode(bytes)).split(/[\r\n]/)
    rest = (lines.pop() ?? '').slice(0, maxLineChars)
    for (const line of lines) look(line.slice(0, maxLineChars))
    bell.ring()
  })
  return {
    seenAtMs, stop,
    hasPanicked: () => panicked,
    missing: () => [...missing],
    refused: () => refused,
    temperature: () => temperature,
    excerpt: () => shownText(plainText(Uint8Array.from(tail, (letter) => letter.charCodeAt(0))), isCut),
    more: async (signal) => bell.next(signal),
  }
}

/** Reports are passed on: what a boot says of passwords and keys does not go with them. */
function shownText(text: string, isCut: boolean): string {
  const redactor = createRedactor({ rules: [...usualRules], words: [], patterns: [] })
  const memory = newStreamMemory()
  // Half a line may hide from a rule what the whole one is.
  const whole = isCut || text.length > maxExcerptChars ? text.slice(-maxExcerptChars).replace(/^[^\n]*\n/, '') : text
  return whole.split('\n').flatMap((line) => redactor.line({ text: line }, memory)).join('\n').slice(-maxExcerptChars)
}

/** How long each stage took, of a boot that came to its login prompt. */
export function bootPhases(seenAtMs: ReadonlyMap<BootSeen, number>): PhaseTime[] {
  const seen = (['boot rom', 'u-boot', 'kernel', 'login'] as const).flatMap((stage) => { const atMs = seenAtMs.get(stage); return atMs === undefined ? [] : [{ stage, atMs }] })
  return seen.slice(0, -1).map(({ stage, atMs }, index) => ({ name: stageNames[stage] ?? stage, ms: Math.max(0, (seen[index + 1]?.atMs ?? atMs) - atMs) }))
}
