import { type ClientContext, type ClientLink, createORPCClient } from '@orpc/client'
import type { ContractRouterClient } from '@orpc/contract'
import { shallowRef, type ShallowRef, watch } from 'vue'
import type { WorkbenchContract } from '../../shared/contracts/workbench.contract.ts'
import { mostLaneRequests } from '../../shared/rpc/byteLane.ts'
import { Cancelled, WorkbenchError } from '../../shared/errors/workbenchError.ts'
import { ConsoleLane, type LaneWire } from './consoleLane.ts'
import { PictureLane } from './pictureLane.ts'
import { asWorkbenchError } from './problems.ts'

export type WorkbenchClient = ContractRouterClient<WorkbenchContract>

/** One connection, proved to be answered. `closed` resolves when it is over. */
export interface OpenWire {
  readonly rpc: ClientLink<ClientContext>
  readonly lane: LaneWire
  readonly closed: Promise<void>
  close(): void
}

export type LinkPhase = 'connecting' | 'connected' | 'lost' | 'refused'
export interface LinkState {
  readonly phase: LinkPhase
  /** Counts the connections; a stream that was opened in another epoch is dead. */
  readonly epoch: number
  readonly note: string
}

/** Everything the page knows of the workbench; components cannot tell which host is behind it. */
export interface WorkbenchLink {
  readonly client: WorkbenchClient
  readonly lane: ConsoleLane
  readonly pictures: PictureLane
  readonly state: Readonly<ShallowRef<LinkState>>
  /** Resolves at once when connected; rejects with the signal's reason. */
  connected(signal: AbortSignal): Promise<void>
  retryNow(): void
  close(): void
}

/** The host said no to the token; trying again would not change that. */
export class Refused extends Error {
  override readonly name = 'Refused'
}

export interface LinkOptions {
  readonly open: (signal: AbortSignal) => Promise<OpenWire>
  /** Waits between two tries; grows to the last value. */
  readonly backOffMs?: readonly number[]
}

const defaultBackOffMs = [250, 500, 1000, 2000, 4000] as const

const notConnected = (): WorkbenchError =>
  new WorkbenchError('link/closed', 'The connection to the workbench is lost', { hint: 'The window is trying again by itself; jobs go on meanwhile.' })

/** Errors of a stream come out of its steps, not out of the call. */
function withMappedErrors(value: unknown, map: (error: unknown) => Error): unknown {
  if (typeof value !== 'object' || value === null || !(Symbol.asyncIterator in value)) return value
  const source = value as AsyncIterableIterator<unknown>
  const wrapped: AsyncIterableIterator<unknown> = {
    next: async () => {
      try { return await source.next() } catch (error) { throw map(error) }
    },
    return: async () => (await source.return?.()) ?? { done: true, value: undefined },
    [Symbol.asyncIterator]: () => wrapped,
  }
  return wrapped
}

/** A carrier answers each frame it hands over, so it is listened to once, whoever wants the frames. A rack asks for a hundred consoles in one go. */
function shareLane(wire: LaneWire): LaneWire {
  const listeners: ((frame: Uint8Array) => void)[] = []
  let asked: string[] = []
  const flush = (): void => {
    for (let at = 0; at < asked.length; at += mostLaneRequests) wire.send(asked.slice(at, at + mostLaneRequests).join('\n'))
    asked = []
  }
  wire.onFrame((frame) => { for (const listener of listeners) listener(frame) })
  return { send: (message) => { if (asked.push(message) === 1) queueMicrotask(flush) }, onFrame: (listener) => { listeners.push(listener) } }
}

async function pause(durationMs: number, signal: AbortSignal, wake: (go: () => void) => void): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, durationMs)
    const end = (): void => { clearTimeout(timer); resolve() }
    wake(end)
    signal.addEventListener('abort', end, { once: true })
  })
}

export function openLink({ open, backOffMs = defaultBackOffMs }: LinkOptions): WorkbenchLink {
  const closing = new AbortController()
  const state = shallowRef<LinkState>({ phase: 'connecting', epoch: 0, note: '' })
  const lane = new ConsoleLane()
  const pictures = new PictureLane()
  let wire: OpenWire | undefined
  let wake = (): void => undefined

  const link: ClientLink<ClientContext> = {
    call: async (path, input, options) => {
      const present = wire
      if (!present) throw notConnected()
      const map = (error: unknown): Error => {
        if (options.signal?.aborted) return new Cancelled('the call was given up')
        return wire === present ? asWorkbenchError(error) : notConnected()
      }
      try {
        return withMappedErrors(await present.rpc.call(path, input, options), map)
      } catch (error) {
        throw map(error)
      }
    },
  }

  async function serveOne(): Promise<boolean> {
    const opened = await open(closing.signal)
    if (closing.signal.aborted) { opened.close(); return false }
    wire = opened
    const shared = shareLane(opened.lane)
    lane.attach(shared)
    pictures.attach(shared)
    state.value = { phase: 'connected', epoch: state.value.epoch + 1, note: '' }
    await opened.closed
    wire = undefined
    lane.detach()
    pictures.detach()
    return true
  }

  async function run(): Promise<void> {
    let tries = 0
    while (!closing.signal.aborted) {
      try {
        if (await serveOne()) tries = 0
      } catch (error) {
        if (error instanceof Refused) {
          state.value = { ...state.value, phase: 'refused', note: error.message }
          return
        }
        // Any other failure to connect has the same cure: try again, and say so.
      }
      if (closing.signal.aborted) return
      state.value = { ...state.value, phase: 'lost', note: 'connection lost, trying again' }
      await pause(backOffMs[Math.min(tries, backOffMs.length - 1)] ?? 1000, closing.signal, (go) => { wake = go })
      tries += 1
    }
  }

  async function connected(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (state.value.phase === 'connected') return
    await new Promise<void>((resolve, reject) => {
      const stop = watch(state, ({ phase }) => { if (phase === 'connected') end(resolve) }, { flush: 'sync' })
      const aborted = (): void => { end(() => { reject(signal.reason as Error) }) }
      const end = (settle: () => void): void => { stop(); signal.removeEventListener('abort', aborted); settle() }
      signal.addEventListener('abort', aborted, { once: true })
    })
  }

  void run()
  return {
    client: createORPCClient<WorkbenchClient>(link),
    lane,
    pictures,
    state,
    connected,
    retryNow: () => { wake() },
    close: () => { closing.abort(new Cancelled('the window closed')); wire?.close() },
  }
}
