import { Cancelled, WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { createBell } from '../../../../shared/lifecycle/bell.ts'
import { type Clock, withDeadline } from '../../../../shared/lifecycle/clock.ts'
import { type QuietProcess, startQuietProcess } from '../../host/quietProcess.ts'
import { startThread } from '../../host/workerThread.ts'
import { checkPattern, createPatternRunner } from '../../patterns/patternRunner.ts'
import type { Part } from '../captures/partFile.ts'
import { removeIndexFile } from './indexFile.ts'
import type { PartToIndex } from './indexLines.ts'
import type { IndexAnswer, IndexRequest } from './indexWorker.ts'
import type { BootSearch, FoundBoot } from './bootTable.ts'
import type { FoundPage, KindQuery, LineQuery, NewKind } from './searchLines.ts'
import type { SearchAnswer, SearchRequest } from './searchWorker.ts'

/** A round costs much of what ten times as many lines in it cost; whoever asks for the newest does not wait for it. */
const lookEveryMs = 3_000
const leastPauseMs = 500
const retryEveryMs = 10_000
const forgetEveryMs = 60_000
/** After its own limit a search is given so long to say what it has; then its thread is ended. */
const lateMs = 500
/** Of a search without a pattern, and of lists: the index is on a slow disk. */
const plainLimitMs = 15_000
/** As many consoles as one rack has. An index that is made anew is behind by more, and says so. */
const mostTailParts = 512

export interface CaptureIndex {
  /** All that was on disk when this was called can be found. */
  caughtUp(signal: AbortSignal): Promise<void>
  search(query: LineQuery, signal: AbortSignal): Promise<FoundPage>
  newKinds(query: KindQuery, signal: AbortSignal): Promise<readonly NewKind[]>
  boots(query: BootSearch, signal: AbortSignal): Promise<readonly FoundBoot[]>
  /** In words, when not all can be found. */
  note(): string
  close(): Promise<void>
}

export interface CaptureIndexDeps {
  readonly file: string
  readonly parts: () => Promise<readonly Part[]>
  /** False while another process writes it; its lines are found all the same. */
  readonly mayWrite?: () => boolean
  /** What was captured before the program started (wall, ms): only that could have been in an index. */
  readonly startedAtMs?: number
  readonly clock: Clock
  readonly tell: (message: string) => void
}

type IndexProcess = QuietProcess<IndexRequest, IndexAnswer>

/** Reads the logs in a process of its own and searches in a thread. What is in the index can always be made again from the logs. */
export function openCaptureIndex({ file, parts, mayWrite = () => true, startedAtMs = Infinity, clock, tell }: CaptureIndexDeps): CaptureIndex {
  const closing = new AbortController()
  const bell = createBell()
  const hurry = createBell()
  const told = new Map<string, string>()
  const searcher = createPatternRunner<SearchRequest, SearchAnswer>({
    clock,
    start: () => startThread(import.meta.url, './searchWorker.ts', 'capture-search', { file }),
    tooLong: (request) => ('lines' in request && request.lines.pattern !== undefined ? { words: 'This pattern takes too long on a single line and was stopped' } : undefined),
  })
  let rounds = 0
  let wantedRounds = 0
  let isBehind = true
  let isReader = false
  let failure = ''
  let forgetDueMs = 0

  const indexAll = async (): Promise<void> => {
    const worker: IndexProcess = startQuietProcess({ clock, caller: import.meta.url, source: './indexWorker.ts', built: 'capture-index', argument: file })
    try {
      const opened = await worker.next(closing.signal)
      if (opened.kind === 'failed') throw failedBy(opened)
      const known = await parts()
      if (opened.kind === 'opened' && (opened.wasDamaged || opened.isNew) && known.some(({ header }) => header.startedAtMs < startedAtMs)) {
        tell(`The search index of captures ${opened.wasDamaged ? 'was damaged or of an older version' : 'was not there'} and is made again from the captures in the background; until then older lines are not found`)
      }
      told.clear()
      forgetDueMs = 0
      for (;;) {
        const beganMs = clock.nowMs()
        await indexOnce(worker)
        failure = ''
        rounds += 1
        isBehind = false
        bell.ring()
        if (wantedRounds > rounds) continue
        const pause = new AbortController()
        await Promise.race([hurry.next(closing.signal), clock.sleep(Math.max(leastPauseMs, beganMs + lookEveryMs - clock.nowMs()), AbortSignal.any([closing.signal, pause.signal]))]).finally(() => { pause.abort() })
      }
    } finally {
      await worker.end()
    }
  }
  const indexOnce = async (worker: IndexProcess): Promise<void> => {
    const all = await parts()
    const news = all.filter((part) => told.get(part.base) !== stateOf(part))
    const isForgetting = clock.nowMs() >= forgetDueMs
    if (news.length === 0 && !isForgetting) return
    const states = news.map((part) => [part.base, stateOf(part)] as const)
    if (isForgetting) forgetDueMs = clock.nowMs() + forgetEveryMs
    worker.send({ parts: news.map(partToIndex), ...(isForgetting ? { all: all.map(({ base }) => base) } : {}) })
    const answer = await worker.next(closing.signal)
    if (answer.kind === 'failed') throw failedBy(answer)
    for (const [base, state] of states) told.set(base, state)
  }
  const run = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      try {
        isReader = !mayWrite()
        if (!isReader) await indexAll()
        else {
          rounds += 2
          isBehind = false
          bell.ring()
          await clock.sleep(retryEveryMs, closing.signal)
        }
      } catch (error) {
        if (closing.signal.aborted) return
        const isDamaged = error instanceof WorkbenchError && error.context['isDamaged'] === true
        const words = `The search index of captures ${isDamaged ? 'is damaged and is made again' : 'cannot be written; it is tried again'}: ${error instanceof Error ? error.message : String(error)}`
        // Once, and not at every attempt.
        if (failure !== words) tell(words)
        failure = words
        await searcher.end()
        // What is in it can all be had from the logs again; on a full disk it stays, for it could not be made again there.
        if (isDamaged) removeQuietly(file)
        isBehind = true
        await clock.sleep(retryEveryMs, closing.signal).catch(() => undefined)
      }
    }
  }
  const running = run()

  const ask = async (request: SearchRequest, limitMs: number, parent: AbortSignal): Promise<SearchAnswer> => {
    if (failure !== '') throw new WorkbenchError('host/io', failure, { hint: 'The captures themselves are kept apart from it and lose nothing' })
    const either = AbortSignal.any([parent, closing.signal])
    // The first search of a new index waits until there is one.
    if (rounds === 0) await withDeadline(clock, plainLimitMs, 'opening the search index', either, async (signal) => { while (rounds === 0) await bell.next(signal) })
    return searcher.ask(request, limitMs, either)
  }
  /** What was said since the last round, and lines that have not ended: nothing of it is in the index yet. */
  const tailParts = async (): Promise<PartToIndex[]> => (await parts()).filter((part) => !part.isClosed || told.get(part.base) !== stateOf(part)).slice(-mostTailParts).map(partToIndex)
  const answered = (answer: SearchAnswer): Exclude<SearchAnswer, { readonly failed: string }> => {
    if ('failed' in answer) throw new WorkbenchError('host/io', 'The search index could not be read', { cause: answer.failed, hint: 'Search again in a moment' })
    return answer
  }

  const caughtUp = async (signal: AbortSignal): Promise<void> => {
    // The round that runs may have looked before the call.
    const wanted = rounds + 2
    wantedRounds = Math.max(wantedRounds, wanted)
    hurry.ring()
    while (!isReader && rounds < wanted) await bell.next(AbortSignal.any([signal, closing.signal]))
  }
  const searchOnce = async (query: LineQuery, tail: readonly PartToIndex[], signal: AbortSignal): Promise<FoundPage> => {
    const answer = answered(await ask({ lines: query, tail }, (query.pattern === undefined ? plainLimitMs : query.limitMs) + lateMs, signal))
    return 'page' in answer ? answer.page : { lines: [], next: undefined, isStopped: true }
  }

  return {
    caughtUp,
    search: async (query, signal) => {
      if (query.pattern !== undefined) checkPattern(query.pattern)
      // The pages behind the first one are of older lines.
      const page = await searchOnce(query, query.before === undefined ? await tailParts() : [], signal)
      if (page.isTailOnly !== true || isReader) return page
      // A flood: pages are cut well only where the index is.
      const isThere = await withDeadline(clock, plainLimitMs, 'reading on', signal, caughtUp).then(() => true, (error: unknown) => { signal.throwIfAborted(); if (closing.signal.aborted) throw error; return false })
      return isThere ? searchOnce(query, [], signal) : page
    },
    newKinds: async (query, signal) => {
      const answer = answered(await ask({ kinds: query }, plainLimitMs, signal))
      return 'kinds' in answer ? answer.kinds : []
    },
    boots: async (query, signal) => {
      const answer = answered(await ask({ boots: query }, plainLimitMs, signal))
      return 'boots' in answer ? answer.boots : []
    },
    note: () => failure || (isBehind ? 'The search index is still being made; older lines may be missing' : ''),
    close: async () => {
      closing.abort(new Cancelled('the index is closed'))
      await searcher.end()
      await running
    },
  }
}

const failedBy = ({ message, isDamaged }: Extract<IndexAnswer, { readonly kind: 'failed' }>): WorkbenchError => new WorkbenchError('host/io', message, { context: { isDamaged } })
const stateOf = (part: Part): string => `${part.rawBytes} ${part.indexBytes} ${String(part.isClosed)}`
const partToIndex = ({ base, header, rawBytes, isClosed }: Part): PartToIndex =>
  ({ base, camera: header.camera, session: header.session, startOffset: header.startOffset, rawBytes, isClosed })

function removeQuietly(file: string): void {
  try {
    removeIndexFile(file)
  } catch {
    // A disk that refuses this refuses the next attempt, too, and that one says so.
  }
}
