import { computed, type ComputedRef, onScopeDispose, ref, type Ref, shallowRef, type ShallowRef } from 'vue'
import type { CapturePiece, CaptureSession, CaptureStretch } from '../../../shared/captures/captures.schema.ts'
import { Cancelled, type WireError, WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { WorkbenchClient } from '../../rpc/link.ts'
import { toProblem } from '../../rpc/problems.ts'

/** One reading, and what is held at once: a session of a gigabyte is looked at through a window of half a megabyte. */
const chunkBytes = 64 * 1024
const keptBytes = 8 * chunkBytes
const limitMs = 20_000
/** A stretch of single bytes comes in many answers. */
const mostAnswers = 64

export interface SessionWindow {
  readonly pieces: Readonly<ShallowRef<readonly CapturePiece[]>>
  /** Nothing is before, nothing is behind. */
  readonly atStart: ComputedRef<boolean>
  readonly atEnd: Readonly<Ref<boolean>>
  readonly busy: Readonly<Ref<boolean>>
  readonly problem: Readonly<ShallowRef<WireError | undefined>>
  /** Around that place; resolves when it can be shown. */
  openAt(offset: number): Promise<void>
  /** Resolves with the place that is shown. */
  openAtTime(atMs: number): Promise<number>
  more(where: 'before' | 'after'): Promise<void>
}

const endOf = (pieces: readonly CapturePiece[]): number => pieces.reduce((end, { offset, bytes }) => Math.max(end, offset + bytes.length), 0)

/** Marks at a border come with both stretches. */
function joined(before: readonly CapturePiece[], after: readonly CapturePiece[]): CapturePiece[] {
  const known = new Set(before.filter(({ bytes }) => bytes === '').map(({ kind, offset, atMs }) => `${kind} ${String(offset)} ${String(atMs)}`))
  return [...before, ...after.filter(({ kind, offset, atMs, bytes }) => bytes !== '' || !known.has(`${kind} ${String(offset)} ${String(atMs)}`))]
}

export function useSessionWindow(client: WorkbenchClient, session: () => CaptureSession): SessionWindow {
  const pieces = shallowRef<readonly CapturePiece[]>([])
  const range = shallowRef({ from: 0, until: 0 })
  const atEnd = ref(false)
  const busy = ref(false)
  const problem = shallowRef<WireError>()
  let asking = new AbortController()
  onScopeDispose(() => { asking.abort(new Cancelled('the reader was closed')) })

  const read = async (wish: { offset?: number; fromMs?: number; maxBytes?: number }, signal: AbortSignal): Promise<CaptureStretch> =>
    await client.captures.read({ session: session().session, maxBytes: chunkBytes, ...wish }, { signal })
  async function stretch(from: number, until: number, signal: AbortSignal): Promise<CapturePiece[]> {
    let got: CapturePiece[] = []
    let at = from
    for (let answers = 0; answers < mostAnswers && at < until; answers += 1) {
      const { pieces: some, next } = await read({ offset: at, maxBytes: until - at }, signal)
      got = joined(got, some)
      if (next === undefined || next <= at) break
      at = next
    }
    return got
  }

  /** One question at a time; a later one of another place ends the one under way. */
  async function ask(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    asking.abort(new Cancelled('another place was asked for'))
    const mine = asking = new AbortController()
    busy.value = true
    const late = setTimeout(() => { mine.abort(new WorkbenchError('link/timeout', 'The capture did not come in time', { hint: 'Is the disk of the workbench busy?' })) }, limitMs)
    try {
      await work(mine.signal)
      problem.value = undefined
    } catch (error) {
      if (asking === mine || !(mine.signal.reason instanceof Cancelled)) problem.value = toProblem(mine.signal.aborted ? mine.signal.reason : error)
    } finally {
      clearTimeout(late)
      if (asking === mine) busy.value = false
    }
  }
  const forward = async (from: number, signal: AbortSignal): Promise<{ got: CapturePiece[]; until: number; isLast: boolean }> => {
    const { pieces: got, next } = await read({ offset: from }, signal)
    // An answer that does not get on would be asked for without end.
    return { got, until: next ?? Math.max(from, endOf(got)), isLast: next === undefined || next <= from }
  }
  const openAt = async (offset: number): Promise<void> => ask(async (signal) => {
    const from = Math.max(session().startOffset, offset - chunkBytes / 2)
    const { got, until, isLast } = await forward(from, signal)
    signal.throwIfAborted()
    pieces.value = got
    range.value = { from, until }
    atEnd.value = isLast
  })
  return {
    pieces, atEnd, busy, problem, openAt,
    atStart: computed(() => range.value.from <= session().startOffset),
    openAtTime: async (fromMs) => {
      let place = session().endOffset
      await ask(async (signal) => { place = (await read({ offset: session().startOffset, fromMs, maxBytes: 1 }, signal)).pieces[0]?.offset ?? place })
      await openAt(place)
      return place
    },
    more: async (where) => {
      if (busy.value || (where === 'before' ? range.value.from <= session().startOffset : false)) return
      await ask(async (signal) => {
        if (where === 'after') {
          const { got, until, isLast } = await forward(range.value.until, signal)
          signal.throwIfAborted()
          atEnd.value = isLast
          if (got.length === 0) return
          const all = joined(pieces.value, got)
          const from = Math.max(range.value.from, until - keptBytes)
          pieces.value = from === range.value.from ? all : all.filter(({ offset, bytes }) => offset + bytes.length > from)
          range.value = { from: pieces.value[0]?.offset ?? from, until }
        } else {
          const from = Math.max(session().startOffset, range.value.from - chunkBytes)
          const all = joined(await stretch(from, range.value.from, signal), pieces.value)
          signal.throwIfAborted()
          const until = Math.min(range.value.until, from + keptBytes)
          if (until < range.value.until) atEnd.value = false
          pieces.value = until === range.value.until ? all : all.filter(({ offset }) => offset < until)
          range.value = { from, until: Math.min(range.value.until, Math.max(until, endOf(pieces.value))) }
        }
      })
    },
  }
}
