import { computed, type ComputedRef, onScopeDispose, ref, type Ref, shallowRef, type ShallowRef } from 'vue'
import type { CaptureSession } from '../../../shared/captures/captures.schema.ts'
import { Cancelled, type WireError } from '../../../shared/errors/workbenchError.ts'
import type { WorkbenchClient } from '../../rpc/link.ts'
import { toProblem } from '../../rpc/problems.ts'
import { hitSpans, type Wanted } from './visibleText.ts'

const mostLines = 1000
const limitMs = 45_000

export interface FindInSession {
  /** By the place of the line, in order: what was found in it. */
  readonly hits: Readonly<ShallowRef<ReadonlyMap<number, readonly string[]>>>
  readonly places: ComputedRef<readonly number[]>
  readonly words: Readonly<Ref<string>>
  readonly problem: Readonly<ShallowRef<WireError | undefined>>
  find(wanted: Wanted): Promise<void>
}

/** Through the index of everything, so that a gigabyte is not read for a word. */
export function useFindInSession(client: WorkbenchClient, session: () => CaptureSession): FindInSession {
  const hits = shallowRef<ReadonlyMap<number, readonly string[]>>(new Map())
  const words = ref('')
  const problem = shallowRef<WireError>()
  const places = computed(() => [...hits.value.keys()])
  let asking = new AbortController()
  onScopeDispose(() => { asking.abort(new Cancelled('the reader was closed')) })

  async function find(wanted: Wanted): Promise<void> {
    asking.abort(new Cancelled('another search'))
    const mine = asking = new AbortController()
    hits.value = new Map()
    problem.value = undefined
    if (wanted.text.trim() === '') { words.value = ''; return }
    words.value = 'searching'
    const { camera, session: id, startedAtMs, endedAtMs, isOpen } = session()
    try {
      const { lines, next, isStopped, note } = await client.captures.search({
        ...(wanted.isPattern ? { pattern: wanted.text } : { words: wanted.text }), ignoreCase: wanted.ignoreCase, cameras: [camera], limit: mostLines,
        sinceMs: startedAtMs, ...(isOpen ? {} : { untilMs: endedAtMs + 1 }),
      }, { signal: AbortSignal.any([mine.signal, AbortSignal.timeout(limitMs)]) })
      if (asking !== mine) return
      // Two programs may have had the same console at the same time.
      const own = lines.filter((line) => line.session === id).sort((a, b) => a.offset - b.offset)
      hits.value = new Map(own.map(({ offset, line }) => [offset, hitSpans(line, wanted).map(([from, until]) => line.slice(from, until))]))
      const more = isStopped ? ', stopped by the time limit' : next !== undefined ? ', the newest' : ''
      words.value = own.length === 0 && more === '' ? (note === '' ? 'not found' : 'not found yet') : `${String(own.length)} ${own.length === 1 ? 'line' : 'lines'}${more}`
    } catch (error) {
      if (asking !== mine) return
      problem.value = toProblem(error)
      words.value = ''
    }
  }
  return { hits, places, words, problem, find }
}
