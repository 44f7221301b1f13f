import type { Typing } from '../../../shared/consoles/consoles.schema.ts'
import type { Transport } from '../../../shared/devices/transport.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { createBell } from '../../../shared/lifecycle/bell.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'
import type { ScriptPart, ScriptStep, ScriptWanted } from '../../protocols/consoleScript/frame.ts'
import { quotedText, scriptLine } from '../../protocols/consoleScript/writer.ts'
import type { Patterns } from '../../../shared/consoles/patterns.ts'
import { typedBytes } from './typedBytes.ts'

/** Of what came and was not expected yet; older letters are forgotten. */
const keptLetters = 16 * 1024
/** Patterns are tried again only so often while bytes pour in. */
const lookEveryMs = 50
const writeLimitMs = 10_000
const shownLetters = 200
const ends: Readonly<Record<Typing['lineEnd'], string>> = { CR: '\r', LF: '\n', CRLF: '\r\n', none: '' }

export interface ScriptBench {
  readonly line: Pick<Transport, 'read' | 'write'>
  readonly clock: Clock
  readonly patterns: Patterns
  readonly typing: Typing
  readonly camera: string
  /** What happens, for whoever watches. */
  readonly tell: (line: number, text: string) => void
}

/** Step by step; ends with the first that fails. `device/no-answer` where what was expected did not come. */
export async function runScript(steps: readonly ScriptStep[], bench: ScriptBench, signal: AbortSignal): Promise<void> {
  const stop = new AbortController()
  const within = AbortSignal.any([signal, stop.signal])
  const heard = listen(bench, within)
  const variables = new Map<string, string>([['camera', bench.camera]])
  try {
    for (const step of steps) {
      bench.tell(step.line, scriptLine(step).slice(0, shownLetters))
      await runStep(step, { ...bench, heard, variables }, within)
    }
  } finally {
    stop.abort()
    await heard.over
  }
}

interface Scene extends ScriptBench { readonly heard: Heard; readonly variables: Map<string, string> }

async function runStep(step: ScriptStep, scene: Scene, signal: AbortSignal): Promise<void> {
  const { clock, line, typing, heard, variables, patterns, tell } = scene
  switch (step.kind) {
    case 'wait': await clock.sleep(step.durationMs, signal); return
    case 'send': case 'type': {
      heard.sent()
      const bytes = typedBytes(textOf(step.text, variables) + (step.kind === 'send' ? ends[typing.lineEnd] : ''), typing.encoding)
      await withDeadline(clock, writeLimitMs, `Line ${step.line}: sending`, signal, async (within) => line.write(bytes, within))
      return
    }
    case 'set': {
      const [hit] = await patterns.match([{ source: step.pattern, ignoreCase: step.ignoreCase }], [heard.sinceSent()], signal)
      if (!hit) throw new WorkbenchError('device/no-answer', `Line ${step.line}: nothing that was heard since the last send fits /${step.pattern}/`, { context: { line: step.line } })
      const value = (hit.groups[1] ?? hit.groups[0] ?? '').slice(0, 1_024)
      variables.set(step.name, value)
      tell(step.line, `${step.name} is ${JSON.stringify(value.slice(0, shownLetters))}`)
      return
    }
    case 'expect': await expectStep(step, scene, signal)
  }
}

async function expectStep(step: ScriptStep & { readonly kind: 'expect' }, { clock, heard, variables, patterns }: Scene, signal: AbortSignal): Promise<void> {
  try {
    await withDeadline(clock, step.withinMs, `Line ${step.line}`, signal, async (within) => {
      for (;;) {
        const news = heard.more(within)
        news.catch(() => undefined)
        const end = await placeOf(step.wanted, heard.unread(), variables, patterns, within)
        if (end !== undefined) { heard.take(end); return }
        heard.mustGoOn()
        await news
        await clock.sleep(lookEveryMs, within)
      }
    })
  } catch (error) {
    if (!(error instanceof WorkbenchError) || error.code !== 'link/timeout') throw error
    const wanted = 'words' in step.wanted ? quotedText(step.wanted.words) : `/${step.wanted.pattern}/`
    const words = step.otherwise ? textOf(step.otherwise, variables) : `${wanted} did not come within ${step.withinMs} ms`
    throw new WorkbenchError('device/no-answer', `Line ${step.line}: ${words}`, { cause: error, context: { line: step.line }, hint: 'The console shows what came instead' })
  }
}

/** Where what was wanted ends, in letters. */
async function placeOf(wanted: ScriptWanted, text: string, variables: ReadonlyMap<string, string>, patterns: Patterns, signal: AbortSignal): Promise<number | undefined> {
  if ('words' in wanted) {
    const words = textOf(wanted.words, variables)
    const at = text.indexOf(words)
    return at < 0 ? undefined : at + words.length
  }
  const [hit] = await patterns.match([{ source: wanted.pattern, ignoreCase: wanted.ignoreCase }], [text], signal)
  return hit?.end
}

const textOf = (parts: readonly ScriptPart[], variables: ReadonlyMap<string, string>): string => parts.map((part) => (typeof part === 'string' ? part : variables.get(part.variable) ?? '')).join('')

interface Heard {
  unread(): string
  take(letters: number): void
  sent(): void
  sinceSent(): string
  more(signal: AbortSignal): Promise<void>
  /** Rejects when the line is gone: nothing more will come. */
  mustGoOn(): void
  readonly over: Promise<void>
}

function listen({ line, typing }: Pick<ScriptBench, 'line' | 'typing'>, signal: AbortSignal): Heard {
  const bell = createBell()
  const decoder = new TextDecoder(typing.encoding === 'latin-1' ? 'latin1' : 'utf-8')
  let unread = ''
  let since = ''
  let failure: unknown
  let ended = false
  const readAll = async (): Promise<void> => {
    try {
      for (let bytes = await line.read(signal); bytes; bytes = await line.read(signal)) {
        const text = decoder.decode(bytes, { stream: true })
        unread = (unread + text).slice(-keptLetters)
        since = (since + text).slice(-keptLetters)
        bell.ring()
      }
    } catch (error) {
      failure = error
    } finally {
      ended = true
      bell.ring()
    }
  }
  return {
    unread: () => unread,
    take: (letters) => { unread = unread.slice(letters) },
    sent: () => { since = '' },
    sinceSent: () => since,
    more: async (within) => bell.next(within),
    mustGoOn: () => {
      if (failure instanceof Error) throw failure
      if (ended) throw new WorkbenchError('link/closed', 'The console line is closed')
    },
    over: readAll(),
  }
}
