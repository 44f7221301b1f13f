import { type ConsoleRule, type RuleHit, ruleLineLetters } from '../../../shared/consoles/consoleTools.schema.ts'
import type { CameraId } from '../../../shared/devices/ids.ts'
import { Cancelled, WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { createBell } from '../../../shared/lifecycle/bell.ts'
import type { Clock } from '../../../shared/lifecycle/clock.ts'
import { createLineCutter, type LineCutter } from '../../protocols/captureLines/plainLine.ts'
import { anyOf, openLineAt, plainSmall } from './plainPiece.ts'
import type { Patterns } from '../../../shared/consoles/patterns.ts'

/** Of all cameras; a flood of one does not grow without end. */
const maxHits = 2_000
const shownLetters = 300
/** What waits for the thread of patterns. A camera that is faster than that loses looks, never bytes. */
const maxWaitingLines = 4_096
const linesAtOnce = 64
/** Once can be the computer's fault. */
const maxStrikes = 2
const batchMs = 100

interface SeenLine { readonly cameraId: CameraId; readonly position: number; readonly atMs: number; readonly text: string }
/** What is no line has no place among them. */
type Event = Omit<SeenLine, 'position'> & Partial<Pick<SeenLine, 'position'>>
/** `kinds`: so many rules were met, `count` times in all. */
export interface Alarms { readonly count: number; readonly kinds: number; readonly words: string; readonly tone: RuleHit['tone']; readonly atMs: number }

export interface RuleWatchDeps {
  readonly clock: Clock
  readonly patterns: Patterns
  readonly log: (line: string) => void
  /** Does what a rule wishes, to its end; what it tells meanwhile and its last words are shown as hits. Never called more often than the rule says, and for one rule at a time on each camera. */
  readonly run: (cameraId: CameraId, rule: ConsoleRule, tell: (words: string) => void, signal: AbortSignal) => Promise<string>
  readonly onHit?: () => void
}

/** Looks at whole lines of every console, whether or not anybody else does. */
export interface RuleWatch {
  use(rules: readonly ConsoleRule[]): void
  /** `small` is that of `plainSmall`, where somebody has it already. */
  received(cameraId: CameraId, bytes: Uint8Array, position: number, small?: string): void
  /** Whether any rule is about boots and not about lines. */
  wantsBoots(): boolean
  /** A camera came to its login prompt. `isSlow` answers in words where it took so many per cent longer than usual. */
  booted(cameraId: CameraId, atMs: number, isSlow: (percent: number) => string | undefined): void
  /** Of one camera or of all, oldest first; waits until there are any after that sequence. */
  watch(wish: { readonly cameraId?: CameraId | undefined; readonly after: number }, signal: AbortSignal): AsyncGenerator<RuleHit[], void, void>
  alarms(cameraId: CameraId): Alarms | undefined
  clearAlarms(cameraId: CameraId): void
  /** Something about its power that is so until it is over: an alarm from its beginning to its end. `undefined`: it is over. */
  powerTrouble(cameraId: CameraId, words: string | undefined): void
  /** In words: rules that were stopped, lines that nobody looked at. */
  notes(): string[]
  close(): Promise<void>
}

/** What is looked for in small letters, made once: a rack says thousands of lines a second. */
interface RuleLook { readonly rule: ConsoleRule; readonly any: readonly string[]; readonly until: string }
const lookOf = (rule: ConsoleRule): RuleLook => ({
  rule, any: rule.on && rule.match.kind === 'words' ? rule.match.any.map((words) => words.toLowerCase()) : [], until: rule.times?.until?.toLowerCase() ?? '',
})

/** What one console says; `tail` is the end of what it said before, `undefined` where its open line has to be looked at. */
interface Heard { readonly cutter: LineCutter; tail: string | undefined }

export function createRuleWatch({ clock, patterns, log, run, onHit }: RuleWatchDeps): RuleWatch {
  const closing = new AbortController()
  const bell = createBell()
  const work = createBell()
  const heard = new Map<CameraId, Heard>()
  const counted = new Map<CameraId, Alarms>()
  const standing = new Map<CameraId, Alarms>()
  const metRules = new Map<CameraId, Set<string>>()
  /** Of both: the same object while nothing changed. */
  const alarms = new Map<CameraId, Alarms>()
  const seenAtMs = new Map<string, readonly number[]>()
  const ranAtMs = new Map<string, number>()
  const strikes = new Map<string, number>()
  /** Which rule is at work on which camera: two dumps of one camera would be in each other's way. */
  const running = new Map<CameraId, { readonly name: string; readonly ended: Promise<void> }>()
  let rules: readonly ConsoleRule[] = []
  let looks: readonly RuleLook[] = []
  let patternRules: readonly ConsoleRule[] = []
  let words = anyOf([])
  let longestWord = 0
  let hits: RuleHit[] = []
  let last = 0
  let waiting: SeenLine[] = []
  let missed = 0

  const keyOf = (rule: ConsoleRule, cameraId: CameraId): string => `${rule.id} ${cameraId}`
  const isStopped = (rule: ConsoleRule): boolean => (strikes.get(rule.id) ?? 0) >= maxStrikes
  const addUp = (cameraId: CameraId): void => {
    const [many, one] = [counted.get(cameraId), standing.get(cameraId)]
    const sum = one ? { ...one, count: one.count + (many?.count ?? 0), kinds: one.kinds + (many?.kinds ?? 0) } : many
    if (sum) alarms.set(cameraId, sum)
    else alarms.delete(cameraId)
    onHit?.()
  }
  const tellHit = (hit: Omit<RuleHit, 'sequence'>): void => {
    last += 1
    hits.push({ ...hit, sequence: last })
    if (hits.length > maxHits) hits = hits.slice(maxHits / 2)
    bell.ring()
  }
  const add = (rule: ConsoleRule, hit: Pick<RuleHit, 'cameraId' | 'line' | 'atMs'> & { readonly position?: number }): void => {
    tellHit({ ...hit, ruleId: rule.id, rule: rule.name, tone: rule.tone, notify: rule.notify })
    if (!rule.notify) return
    const { count = 0 } = counted.get(hit.cameraId) ?? {}
    const met = (metRules.get(hit.cameraId) ?? new Set()).add(rule.id)
    metRules.set(hit.cameraId, met)
    counted.set(hit.cameraId, { count: count + 1, kinds: met.size, words: `${rule.name}: ${hit.line}`, tone: rule.tone, atMs: hit.atMs })
    addUp(hit.cameraId)
  }
  const act = async (rule: ConsoleRule, cameraId: CameraId): Promise<void> => {
    const tell = (words: string): void => { add(rule, { cameraId, line: words.slice(0, shownLetters), atMs: clock.wallMs() }) }
    let words: string
    try {
      words = await run(cameraId, rule, tell, closing.signal)
    } catch (error) {
      if (closing.signal.aborted) return
      if (!(error instanceof WorkbenchError)) log(`rule ${rule.id}: ${String(error)}`)
      words = `not run: ${error instanceof WorkbenchError ? error.message : 'an unexpected error; the log has the details'}`
    }
    tell(words)
  }
  const met = (rule: ConsoleRule, line: Event): void => {
    const key = keyOf(rule, line.cameraId)
    if (rule.times) {
      const recent = [...(seenAtMs.get(key) ?? []), clock.nowMs()].filter((at) => clock.nowMs() - at <= (rule.times?.withinS ?? 0) * 1000)
      const isFull = recent.length >= rule.times.count
      // Counted anew after it was told, or each further line would be told again.
      seenAtMs.set(key, isFull ? [] : recent)
      if (!isFull) return
    }
    add(rule, { cameraId: line.cameraId, line: line.text.trim().slice(0, shownLetters), atMs: line.atMs, ...(line.position === undefined ? {} : { position: line.position }) })
    if (!rule.run) return
    const before = ranAtMs.get(key)
    if (before !== undefined && clock.nowMs() - before < rule.run.everyMinutes * 60_000) return
    ranAtMs.set(key, clock.nowMs())
    const other = running.get(line.cameraId)
    if (other) {
      add(rule, { cameraId: line.cameraId, line: `not run: the rule "${other.name}" is still at work on this camera`, atMs: clock.wallMs() })
      return
    }
    running.set(line.cameraId, { name: rule.name, ended: act(rule, line.cameraId).finally(() => { running.delete(line.cameraId) }) })
  }
  const hasPatterns = (): boolean => patternRules.some((rule) => !isStopped(rule))
  const look = (line: SeenLine): void => {
    const small = line.text.toLowerCase()
    for (const { rule, any, until } of looks) {
      if (until !== '' && small.includes(until)) seenAtMs.delete(keyOf(rule, line.cameraId))
      if (any.some((words) => small.includes(words))) met(rule, line)
    }
    if (!hasPatterns()) return
    if (waiting.length >= maxWaitingLines) { missed += 1; return }
    waiting.push(line)
    work.ring()
  }
  const tryPatterns = async (lines: readonly SeenLine[]): Promise<void> => {
    for (let attempt = 0; attempt <= rules.length * maxStrikes; attempt += 1) {
      const wanted = rules.flatMap((rule) => (rule.on && rule.match.kind === 'pattern' && !isStopped(rule) ? [{ rule, source: rule.match.source, ignoreCase: rule.match.ignoreCase }] : []))
      if (wanted.length === 0) return
      try {
        const found = await patterns.match(wanted.map(({ source, ignoreCase }) => ({ source, ignoreCase })), lines.map(({ text }) => text), closing.signal)
        for (const { pattern, text } of found) {
          const [rule, line] = [wanted[pattern]?.rule, lines[text]]
          if (rule && line) met(rule, line)
        }
        return
      } catch (error) {
        const guilty = error instanceof WorkbenchError && error.code === 'input/too-large' ? wanted[Number(error.context['pattern'])]?.rule : undefined
        if (!guilty) throw error
        strikes.set(guilty.id, (strikes.get(guilty.id) ?? 0) + 1)
        if (isStopped(guilty)) log(`rule ${guilty.name} is stopped: its pattern takes too long`)
      }
    }
  }
  const pump = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      const news = work.next(closing.signal)
      news.catch(() => undefined)
      const lines = waiting.slice(0, linesAtOnce)
      waiting = waiting.slice(linesAtOnce)
      if (lines.length === 0) { await news; continue }
      await tryPatterns(lines).catch((error: unknown) => { if (!closing.signal.aborted) log(`rules: ${String(error)}`) })
    }
  }
  const pumping = pump().catch(() => undefined)

  const heardOf = (cameraId: CameraId): Heard => {
    const known = heard.get(cameraId)
    if (known) return known
    const cutter = createLineCutter(({ offset, atMs, text }) => { look({ cameraId, position: offset, atMs, text }) }, ruleLineLetters)
    const made: Heard = { cutter, tail: '' }
    heard.set(cameraId, made)
    return made
  }
  /** No line that ends in it can meet a rule; of a line that has not ended it is not known yet. */
  const isQuiet = ({ cutter, tail = cutter.openOffset === undefined ? '' : undefined }: Heard, small: string): boolean =>
    small !== '' && tail !== undefined && !hasPatterns() && !words.test(tail + small)
  return {
    use: (next) => {
      // A rule that was changed gets another chance.
      for (const rule of next) if (JSON.stringify(rule) !== JSON.stringify(rules.find(({ id }) => id === rule.id))) strikes.delete(rule.id)
      rules = next
      looks = next.map(lookOf)
      patternRules = next.filter(({ on, match }) => on && match.kind === 'pattern')
      const wanted = looks.flatMap(({ any, until }) => (until === '' ? any : [...any, until]))
      words = anyOf(wanted)
      longestWord = Math.max(1, ...wanted.map((word) => word.length))
      // They were cut for shorter words.
      for (const each of heard.values()) each.tail = undefined
    },
    received: (cameraId, bytes, position, small = plainSmall(bytes)) => {
      const of = heardOf(cameraId)
      const open = openLineAt(small)
      if (isQuiet(of, small)) {
        if (open > 0) of.cutter.drop()
        of.cutter.push(bytes.subarray(open), position + open, clock.wallMs())
        of.tail = ((of.tail ?? '') + small).slice(-longestWord)
        return
      }
      of.cutter.push(bytes, position, clock.wallMs())
      // The line that is open may have a word in it already, and is cut as a line.
      of.tail = open === 0 || words.test(small.slice(open)) ? undefined : small.slice(open).slice(-longestWord)
    },
    wantsBoots: () => rules.some(({ on, match }) => on && match.kind === 'slow-boot'),
    booted: (cameraId, atMs, isSlow) => {
      for (const rule of rules) {
        const text = rule.on && rule.match.kind === 'slow-boot' ? isSlow(rule.match.percent) : undefined
        if (text !== undefined) met(rule, { cameraId, atMs, text })
      }
    },
    watch: async function* ({ cameraId, after }, signal) {
      // A count of an earlier run of this program means nothing here.
      for (let told = after > last ? 0 : after; ;) {
        const news = bell.next(signal)
        news.catch(() => undefined)
        const fresh = hits.filter((hit) => hit.sequence > told && (cameraId === undefined || hit.cameraId === cameraId))
        told = last
        if (fresh.length === 0) { await news; continue }
        yield fresh
        await clock.sleep(batchMs, signal)
      }
    },
    alarms: (cameraId) => alarms.get(cameraId),
    clearAlarms: (cameraId) => { counted.delete(cameraId); metRules.delete(cameraId); standing.delete(cameraId); addUp(cameraId) },
    powerTrouble: (cameraId, text) => {
      const atMs = clock.wallMs()
      const hit = { cameraId, ruleId: 'power', rule: 'Power', atMs }
      if (text === undefined) {
        standing.delete(cameraId)
        tellHit({ ...hit, line: 'The port is well again', tone: 'ok', notify: false, isOver: true })
      } else {
        standing.set(cameraId, { count: 1, kinds: 1, words: `Power: ${text}`, tone: 'bad', atMs })
        tellHit({ ...hit, line: text, tone: 'bad', notify: true })
      }
      addUp(cameraId)
    },
    notes: () => [
      ...rules.filter(isStopped).map(({ name }) => `The rule "${name}" is stopped: its pattern takes too long on a single line. Change it to start it again.`),
      ...(missed > 0 ? [`${missed} lines came too fast for the patterns of rules and were not looked at; words are always looked for.`] : []),
    ],
    close: async () => {
      closing.abort(new Cancelled('the rules end'))
      await pumping
      await Promise.allSettled([...running.values()].map(async ({ ended }) => ended))
    },
  }
}
