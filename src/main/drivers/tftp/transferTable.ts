import type { DatagramSocket, Endpoint } from '../../../shared/devices/datagram.ts'
import type { Clock } from '../../../shared/lifecycle/clock.ts'
import { Cancelled } from '../../../shared/errors/workbenchError.ts'
import { errorNumbers, type TftpRequest } from '../../protocols/tftp/frame.ts'
import type { TftpEvent, TftpLimits, TransferFacts } from './tftpTypes.ts'
import type { Transfer, TransferRoom } from './transfer.ts'

interface Entry {
  readonly transfer: Transfer
  readonly request: TftpRequest
  /** What it reads or fills: an offer or a slot, told apart by identity. */
  readonly subject: object
  readonly ownSocket: DatagramSocket | undefined
  lingersUntilMs: number | undefined
  reportedBytes: number
  reportedAtMs: number
}

/** All transfers under way, by client. Those that are over linger for a while: late packets must not look like strangers. */
export interface TransferTable {
  find(key: string): Transfer | undefined
  isSameRequest(key: string, request: TftpRequest): boolean
  add(
    request: TftpRequest, subject: object, from: Endpoint, lane: DatagramSocket, ownSocket: DatagramSocket | undefined,
    onFinished: () => void, create: (room: TransferRoom) => Transfer,
  ): void
  /** Ends it without a word to the client and forgets it. */
  drop(key: string, reason: string): void
  stopAllOf(subject: object, reason: string): void
  activeCount(): number
  close(reason: string): Promise<void>
}

/** One timer for all transfers. It looks again at least this often, which is sooner than any first wait ends. */
const lookAgainMs = 50
const maxLingering = 256

export const keyOf = (endpoint: Endpoint): string => `${endpoint.address}|${endpoint.port}`

export function createTransferTable(options: { clock: Clock; limits: TftpLimits; onEvent: (event: TftpEvent) => void }): TransferTable {
  const { clock, limits, onEvent } = options
  const entries = new Map<string, Entry>()
  const closing = new AbortController()
  const socketsClosing = new Set<Promise<void>>()
  let active = 0
  let watching = false

  const factsOf = (transfer: Transfer): TransferFacts => {
    const { direction, name, peer, totalBytes } = transfer
    return { direction, name, peer, totalBytes, doneBytes: transfer.doneBytes() }
  }
  const forget = (key: string): void => {
    const entry = entries.get(key)
    entries.delete(key)
    if (!entry?.ownSocket) return
    const done = entry.ownSocket.close().catch(() => undefined).finally(() => { socketsClosing.delete(done) })
    socketsClosing.add(done)
  }
  /** Oldest first, as Map keeps them. */
  const limitLingering = (): void => {
    let surplus = entries.size - active - maxLingering
    for (const [key, entry] of entries) {
      if (surplus <= 0) return
      if (entry.lingersUntilMs !== undefined) { forget(key); surplus -= 1 }
    }
  }

  const look = (nowMs: number): void => {
    for (const [key, entry] of [...entries]) {
      if (entry.lingersUntilMs !== undefined) { if (nowMs >= entry.lingersUntilMs) forget(key); continue }
      entry.transfer.onTime(nowMs)
      const doneBytes = entry.transfer.doneBytes()
      if (entry.lingersUntilMs === undefined && doneBytes !== entry.reportedBytes && nowMs - entry.reportedAtMs >= limits.progressEveryMs) {
        entry.reportedBytes = doneBytes
        entry.reportedAtMs = nowMs
        onEvent({ kind: 'progressed', ...factsOf(entry.transfer) })
      }
    }
  }
  const nextLookMs = (nowMs: number): number => {
    let nextMs = nowMs + lookAgainMs
    for (const { transfer, lingersUntilMs } of entries.values()) nextMs = Math.min(nextMs, lingersUntilMs ?? transfer.nextDueMs())
    return Math.max(1, nextMs - nowMs)
  }
  const watch = async (): Promise<void> => {
    if (watching) return
    watching = true
    try {
      while (entries.size > 0) {
        await clock.sleep(nextLookMs(clock.nowMs()), closing.signal)
        look(clock.nowMs())
      }
    } finally {
      watching = false
    }
  }

  return {
    find: (key) => entries.get(key)?.transfer,
    isSameRequest: (key, request) => {
      const before = entries.get(key)?.request
      return before !== undefined && JSON.stringify(before) === JSON.stringify(request)
    },
    add: (request, subject, from, lane, ownSocket, onFinished, create) => {
      const key = keyOf(from)
      const to = { address: from.address, port: from.port }
      const transfer = create({
        nowMs: () => clock.nowMs(),
        send: (packet) => { lane.send(packet, to) },
        onOver: (outcome) => {
          active -= 1
          entry.lingersUntilMs = clock.nowMs() + limits.lingerMs
          limitLingering()
          if (outcome.ok) onFinished()
          onEvent(outcome.ok ? { kind: 'finished', ...factsOf(transfer) } : { kind: 'failed', ...factsOf(transfer), reason: outcome.reason })
        },
      })
      const entry: Entry = { transfer, request, subject, ownSocket, lingersUntilMs: undefined, reportedBytes: 0, reportedAtMs: clock.nowMs() }
      entries.set(key, entry)
      active += 1
      onEvent({ kind: 'started', ...factsOf(transfer) })
      transfer.begin()
      // Ends with `close`, whose reason is no news.
      watch().catch((error: unknown) => { if (!(error instanceof Cancelled)) throw error })
    },
    drop: (key, reason) => {
      entries.get(key)?.transfer.drop(reason)
      forget(key)
    },
    stopAllOf: (subject, reason) => {
      for (const entry of entries.values()) if (entry.subject === subject) entry.transfer.stop(errorNumbers.fileNotFound, reason)
    },
    activeCount: () => active,
    close: async (reason) => {
      for (const { transfer } of entries.values()) transfer.stop(errorNumbers.inWords, reason)
      closing.abort(new Cancelled('the TFTP server was closed'))
      for (const key of [...entries.keys()]) forget(key)
      await Promise.all(socketsClosing)
    },
  }
}
