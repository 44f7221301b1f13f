import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import type { CapturePage, CaptureSession, CaptureStatus, SessionId } from '../../shared/captures/captures.schema.ts'
import type { CameraId } from '../../shared/devices/ids.ts'
import { Cancelled, type WireError, WorkbenchError } from '../../shared/errors/workbenchError.ts'
import { toProblem } from '../rpc/problems.ts'
import { useWorkbench } from '../rpc/useWorkbench.ts'

export interface CaptureWish { readonly text: string; readonly isPattern: boolean; readonly ignoreCase: boolean; readonly cameras: readonly CameraId[]; readonly sinceMs?: number | undefined; readonly untilMs?: number | undefined }
export type FoundLine = CapturePage['lines'][number]
const pageLines = 200
const limitMs = 45_000

/** What is looked for in the captures and what is open of them; stays while other views are looked at. */
export const useCapturesStore = defineStore('captures', () => {
  const { client } = useWorkbench()
  const sessions = shallowRef<readonly CaptureSession[]>()
  const status = shallowRef<CaptureStatus>()
  const problem = shallowRef<WireError>()
  const searchProblem = shallowRef<WireError>()
  /** What the lines below were found by. */
  const asked = shallowRef<CaptureWish>()
  const lines = shallowRef<readonly FoundLine[]>([])
  const end = shallowRef<Pick<CapturePage, 'next' | 'isStopped' | 'note'>>({ isStopped: false, note: '' })
  const busy = ref(false)
  const opened = shallowRef<{ readonly session: SessionId; readonly offset?: number; readonly wish?: CaptureWish }>()
  const tab = ref<'search' | 'sessions' | 'boots' | 'new'>('search')
  let asking = new AbortController()

  const bySession = computed(() => new Map((sessions.value ?? []).map((each) => [each.session, each])))
  const cameras = computed(() => [...new Map((sessions.value ?? []).map(({ camera, cameraName }) => [camera, cameraName])).entries()].map(([id, name]) => ({ id, name })).sort((a, b) => a.name.localeCompare(b.name)))
  const nameOf = (camera: CameraId): string => cameras.value.find(({ id }) => id === camera)?.name ?? camera

  async function refresh(): Promise<void> {
    try {
      const [list, state] = await Promise.all([client.captures.sessions({}), client.captures.status({})])
      sessions.value = list
      status.value = state
      problem.value = undefined
    } catch (error) {
      problem.value = toProblem(error)
    }
  }
  /** The state alone, for views that show no list; a link that is away says so itself. */
  async function look(): Promise<void> {
    try {
      status.value = await client.captures.status({})
    } catch {
      // What was known stays; the lists say what is wrong.
    }
  }
  /** What a camera said at some time, as far as it is kept; `false`: no session of it is. */
  async function openAt(camera: CameraId, atMs: number): Promise<boolean> {
    await refresh()
    const session = (sessions.value ?? []).filter((each) => each.camera === camera && each.startedAtMs <= atMs).sort((a, b) => b.startedAtMs - a.startedAtMs)[0]
    if (!session) return false
    const { pieces } = await client.captures.read({ session: session.session, offset: session.startOffset, fromMs: atMs, maxBytes: 1 }, { signal: AbortSignal.timeout(limitMs) })
    tab.value = 'sessions'
    opened.value = { session: session.session, offset: pieces[0]?.offset ?? session.endOffset }
    return true
  }
  /** The last of what is kept of a camera, also from before this program was started. */
  const newestOf = (camera: CameraId): CaptureSession | undefined =>
    (sessions.value ?? []).filter((each) => each.camera === camera && each.endOffset > each.startOffset).sort((a, b) => b.endedAtMs - a.endedAtMs)[0]
  /** What a camera said last; `false`: nothing of it is kept. */
  async function openNewest(camera: CameraId): Promise<boolean> {
    await refresh()
    const newest = newestOf(camera)
    if (!newest) return false
    tab.value = 'sessions'
    opened.value = { session: newest.session, offset: newest.endOffset }
    return true
  }
  async function page(wish: CaptureWish, before: number | undefined): Promise<void> {
    asking.abort(new Cancelled('another search'))
    const mine = asking = new AbortController()
    busy.value = true
    searchProblem.value = undefined
    const late = setTimeout(() => { mine.abort(new WorkbenchError('link/timeout', 'The search was not over in time', { hint: 'Choose a camera or a shorter time, and search again' })) }, limitMs)
    try {
      const { text, isPattern, ignoreCase, cameras: of, sinceMs, untilMs } = wish
      const got = await client.captures.search({
        ...(isPattern ? { pattern: text } : { words: text }), ignoreCase, cameras: [...of], limit: pageLines,
        ...(sinceMs === undefined ? {} : { sinceMs }), ...(untilMs === undefined ? {} : { untilMs }), ...(before === undefined ? {} : { before }),
      }, { signal: mine.signal })
      if (asking !== mine) return
      lines.value = before === undefined ? got.lines : [...lines.value, ...got.lines]
      end.value = got
    } catch (error) {
      if (asking === mine) searchProblem.value = toProblem(mine.signal.aborted ? mine.signal.reason : error)
    } finally {
      clearTimeout(late)
      if (asking === mine) busy.value = false
    }
  }
  async function search(wish: CaptureWish): Promise<void> {
    asked.value = wish
    lines.value = []
    end.value = { isStopped: false, note: '' }
    await page(wish, undefined)
  }
  async function more(): Promise<void> {
    if (!busy.value && asked.value && end.value.next !== undefined) await page(asked.value, end.value.next)
  }
  const stop = (): void => { asking.abort(new Cancelled('the search was stopped')); asking = new AbortController(); busy.value = false }
  return { sessions, status, problem, searchProblem, asked, lines, end, busy, opened, tab, bySession, cameras, nameOf, refresh, look, openAt, newestOf, openNewest, search, more, stop }
})
