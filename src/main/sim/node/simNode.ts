import { createBell } from '../../../shared/lifecycle/bell.ts'
import type { Clock } from '../../../shared/lifecycle/clock.ts'
import type { NodeBehaviour } from './nodeBehaviours.ts'
import { type CheckEnd, checkForUpdate } from './nodeCheck.ts'
import { createNodeFlash, type NodeFlash, type NodeWriter } from './nodeFlash.ts'
import { nodeHttp, type NodeHttp } from './nodeHttp.ts'

const minUptimeMs = 300_000
const pollMs = 300_000
const confirmAfterMs = 30_000
const confirmWindowMs = 300_000
const restartAfterMs = 1_000
const mostTold = 500

export interface SimNodeOptions {
  readonly id: string
  readonly clock: Clock
  /** Of the registry, as `http://127.0.0.1:8080/api/v1/firmware`. */
  readonly base: string
  /** What it left the factory with. */
  readonly factory: Uint8Array
  /** 0 to 1; 0.5 is no jitter at all. */
  readonly random: () => number
  readonly http?: NodeHttp
  readonly behaviours?: readonly NodeBehaviour[]
  /** Nodes of the field tell nothing of themselves; ours may. */
  readonly tellsItself?: boolean
}

export type NodeTold = { readonly atMs: number; readonly uptimeMs: number } & (
  | { readonly kind: 'booted'; readonly version: string; readonly slot: 'A' | 'B' }
  | { readonly kind: 'checked'; readonly end: CheckEnd }
  | { readonly kind: 'radio-stopped' | 'confirmed' | 'not-confirmed' | 'restarting' }
  | { readonly kind: 'fell-back'; readonly from: string }
)

export interface SimNode {
  readonly id: string
  readonly flash: NodeFlash
  /** The last few hundred things that happened to it. */
  readonly told: readonly NodeTold[]
  uptimeMs(): number
  /** Powered until the signal aborts. */
  run(signal: AbortSignal): Promise<void>
  /** As a power cut does, now. */
  restart(): void
  /** Resolves once `holds`; looked at after everything that happens. */
  until(holds: (node: SimNode) => boolean, signal: AbortSignal): Promise<void>
  /** Of the push path: an image that somebody sends. Undefined while it fetches one by itself. */
  beginPush(): NodeWriter | undefined
  pushed(): void
}

type News<T> = T extends unknown ? Omit<T, 'atMs' | 'uptimeMs'> : never

export function createSimNode({ id, clock, base, factory, random, http = nodeHttp, behaviours = [], tellsItself = false }: SimNodeOptions): SimNode {
  const flash = createNodeFlash(factory)
  const told: NodeTold[] = []
  const news = createBell()
  const badSha256 = new Set<string>()
  let bootedMs = clock.nowMs()
  let session = new AbortController()
  let fellBackFrom: string | undefined
  let isChecking = false
  const uptimeMs = (): number => clock.nowMs() - bootedMs
  const tell = (what: News<NodeTold>): void => {
    told.push({ ...what, atMs: clock.nowMs(), uptimeMs: uptimeMs() })
    if (told.length > mostTold) told.splice(0, told.length - mostTold)
    news.ring()
  }
  const isPending = (): boolean => flash.slot(flash.running).state === 'pending'
  const headers = (): Record<string, string> => (tellsItself ? {
    'x-node-id': id, 'x-firmware-version': flash.version(), 'x-firmware-state': isPending() ? 'pending' : 'confirmed',
    ...(fellBackFrom === undefined ? {} : { 'x-firmware-fell-back-from': fellBackFrom }),
  } : {})
  const boot = (): void => {
    const { fellBack, badSha256: bad, badVersion } = flash.boot()
    bootedMs = clock.nowMs()
    session = new AbortController()
    // Or it would fetch the same image again at its next poll, and for ever.
    if (bad !== undefined) badSha256.add(bad)
    if (fellBack) { fellBackFrom = badVersion; tell({ kind: 'fell-back', from: badVersion ?? 'unknown' }) }
    tell({ kind: 'booted', version: flash.version(), slot: flash.running })
  }
  const check = async (signal: AbortSignal): Promise<void> => {
    isChecking = true
    try {
      const end = await checkForUpdate({ clock, http, flash, base, headers, behaviours, badSha256, stopRadio: () => { tell({ kind: 'radio-stopped' }) } }, signal)
      if (end === 'updated') fellBackFrom = undefined
      tell({ kind: 'checked', end })
      if (end === 'updated') await restartSoon(signal)
    } finally {
      isChecking = false
    }
  }
  const restartSoon = async (signal: AbortSignal): Promise<void> => {
    tell({ kind: 'restarting' })
    await clock.sleep(restartAfterMs, signal)
    session.abort()
  }
  /** Well means: this firmware answers, and the registry answers it. */
  const tryConfirm = async (signal: AbortSignal): Promise<boolean> => {
    if (behaviours.map((each) => each.confirms?.(flash.version())).find((each) => each !== undefined) === false) return false
    let isAnswered = false
    await http({ url: `${base}/latest`, headers: headers(), onHead: ({ status }) => { isAnswered = status === 200; return false }, onPiece: () => false }, signal).catch((error: unknown) => { if (signal.aborted) throw error })
    if (isAnswered) { flash.confirm(); tell({ kind: 'confirmed' }) }
    return isAnswered
  }
  const live = async (signal: AbortSignal): Promise<void> => {
    let nextPollMs = minUptimeMs
    let nextConfirmMs = confirmAfterMs
    while (!signal.aborted) {
      const dueMs = isPending() ? Math.min(nextConfirmMs, confirmWindowMs, nextPollMs) : nextPollMs
      await clock.sleep(dueMs - uptimeMs(), signal)
      if (isPending() && uptimeMs() >= confirmWindowMs) { tell({ kind: 'not-confirmed' }); return }
      if (isPending() && uptimeMs() >= nextConfirmMs) { nextConfirmMs += confirmAfterMs; await tryConfirm(signal); continue }
      if (uptimeMs() < nextPollMs) continue
      nextPollMs += pollMs * (0.9 + 0.2 * random())
      await check(signal)
    }
  }
  const node: SimNode = {
    id, flash, told, uptimeMs,
    run: async (signal) => {
      while (!signal.aborted) {
        boot()
        await live(AbortSignal.any([signal, session.signal])).catch((error: unknown) => { if (!signal.aborted && !session.signal.aborted) throw error })
      }
    },
    restart: () => { session.abort() },
    until: async (holds, signal) => {
      for (;;) {
        const next = news.next(signal)
        if (holds(node)) { next.catch(() => undefined); return }
        await next
      }
    },
    beginPush: () => (isChecking ? undefined : flash.begin()),
    pushed: () => { void restartSoon(session.signal).catch(() => undefined) },
  }
  return node
}
