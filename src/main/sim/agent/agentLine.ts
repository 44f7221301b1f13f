import type { Transport } from '../../../shared/devices/transport.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { createBell } from '../../../shared/lifecycle/bell.ts'
import { type ByteQueue, createByteQueue } from '../../../shared/lifecycle/byteQueue.ts'
import type { Clock } from '../../../shared/lifecycle/clock.ts'

/** The agent's end of a UART. A camera that runs the agent as its payload gives it one of these. */
export interface SimAgentPort {
  /** At least one byte; `undefined` when nothing came within the limit. Rejects with the signal's reason. */
  receive(limitMs: number, signal: AbortSignal): Promise<Uint8Array | undefined>
  /** Resolves when the last bit has left, as a polled UART does. */
  send(bytes: Uint8Array, signal: AbortSignal): Promise<void>
  setBaudRate(baudRate: number): void
  readonly baudRate: number
}

export interface SimAgentLine {
  readonly host: Transport
  readonly port: SimAgentPort
  /** Bytes that left each end. */
  readonly counts: { readonly toAgent: number; readonly toHost: number }
}

export interface SimAgentLineOptions {
  readonly clock: Clock
  readonly random: () => number
  readonly baudRate?: number
  /** False: a bridge without rate control. */
  readonly canSetBaudRate?: boolean
}

const bitsInByte = 10
/** What a kernel holds for a serial port. */
const kernelBytes = 4096

interface Direction {
  /** Resolves when at most `leaveBytes` are still to be sent. */
  push(bytes: Uint8Array, baudRate: number, leaveBytes: number, signal: AbortSignal): Promise<void>
  readonly sentBytes: number
}

interface DirectionOptions {
  readonly clock: Clock
  readonly random: () => number
  readonly signal: AbortSignal
  readonly farBaudRate: () => number
  readonly into: ByteQueue
}

/** One direction at true byte times: what was pushed at once arrives at once, when its last bit is through. */
function createDirection({ clock, random, signal: life, farBaudRate, into }: DirectionOptions): Direction {
  const waiting: { readonly bytes: Uint8Array; readonly baudRate: number }[] = []
  const moved = createBell()
  let waitingBytes = 0
  let sentBytes = 0
  let pumping = false
  const pump = async (): Promise<void> => {
    for (let head = waiting[0]; head; head = waiting[0]) {
      await clock.sleep(head.bytes.length * bitsInByte * 1000 / head.baudRate, life)
      waiting.shift()
      waitingBytes -= head.bytes.length
      sentBytes += head.bytes.length
      // At the wrong rate every bit is sampled in the wrong place.
      into.push(head.baudRate === farBaudRate() ? head.bytes : head.bytes.map(() => Math.floor(random() * 256)))
      moved.ring()
    }
  }
  return {
    push: async (bytes, baudRate, leaveBytes, signal) => {
      signal.throwIfAborted()
      if (bytes.length === 0) return
      waiting.push({ bytes: bytes.slice(), baudRate })
      waitingBytes += bytes.length
      if (!pumping) {
        pumping = true
        // It rejects only when the line is closed, and what was on it is gone.
        void pump().catch(() => undefined).finally(() => { pumping = false })
      }
      while (waitingBytes > leaveBytes && !life.aborted) await moved.next(AbortSignal.any([signal, life]))
    },
    get sentBytes() { return sentBytes },
  }
}

/** `undefined` when nothing came within the limit. */
export async function receiveWithin(queue: ByteQueue, clock: Clock, limitMs: number, signal: AbortSignal): Promise<Uint8Array | undefined> {
  if (queue.waitingBytes > 0) return queue.read(signal)
  const over = new AbortController()
  const sleeping = clock.sleep(limitMs, AbortSignal.any([signal, over.signal])).then(() => { over.abort(new Error('nothing came')) })
  sleeping.catch(() => undefined)
  try {
    const bytes = await queue.read(AbortSignal.any([signal, over.signal]))
    if (!bytes) throw new Error('the line is closed')
    return bytes
  } catch (error) {
    if (signal.aborted || !over.signal.aborted) throw error
    return undefined
  } finally {
    over.abort(new Error('something came'))
  }
}

export function createSimAgentLine({ clock, random, baudRate = 115_200, canSetBaudRate = true }: SimAgentLineOptions): SimAgentLine {
  const life = new AbortController()
  const toAgent = createByteQueue()
  const toHost = createByteQueue()
  const rates = { host: baudRate, agent: baudRate }
  const down = createDirection({ clock, random, signal: life.signal, farBaudRate: () => rates.agent, into: toAgent })
  const up = createDirection({ clock, random, signal: life.signal, farBaudRate: () => rates.host, into: toHost })
  const host: Transport = {
    label: 'memory:agent',
    read: async (signal) => toHost.read(signal),
    write: async (bytes, signal) => {
      if (life.signal.aborted) throw new WorkbenchError('link/closed', 'memory:agent: the line is closed')
      await down.push(bytes, rates.host, kernelBytes, signal).catch((error: unknown) => {
        if (signal.aborted || !life.signal.aborted) throw error
        throw new WorkbenchError('link/closed', 'memory:agent: the line was closed', { cause: error })
      })
    },
    discardInput: async () => toHost.discard(),
    ...(canSetBaudRate ? { setBaudRate: async (rate: number) => { rates.host = rate } } : {}),
    close: async () => { life.abort(new Error('the line is closed')); toAgent.end(); toHost.end() },
  }
  const port: SimAgentPort = {
    receive: async (limitMs, signal) => receiveWithin(toAgent, clock, limitMs, signal),
    send: async (bytes, signal) => up.push(bytes, rates.agent, 0, signal),
    setBaudRate: (rate) => { rates.agent = rate },
    get baudRate() { return rates.agent },
  }
  return { host, port, counts: { get toAgent() { return down.sentBytes }, get toHost() { return up.sentBytes } } }
}
