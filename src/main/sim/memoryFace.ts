import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import type { FastbootResult, PodStore, RackPod } from '../../shared/devices/rackPod.ts'
import type { OpenTransport } from '../../shared/devices/transport.ts'
import { createByteQueue } from '../../shared/lifecycle/byteQueue.ts'
import type { Clock } from '../../shared/lifecycle/clock.ts'
import type { PodBridge } from './podBridge.ts'
import { maxBlobBytes, type PodAnswer, type SimPod } from './simPod.ts'
import { pause, type Timing } from './timing.ts'

const pieceBytes = 64 * 1024

/** The pod without a socket: same behaviour, same times, contract errors instead of status codes. */
export function createMemoryPod(pod: SimPod, label: string): RackPod {
  const call = async (what: string, signal: AbortSignal, work: () => Promise<PodAnswer>): Promise<object> => {
    await pod.request(signal)
    const answer = await work()
    if (answer.status >= 300) throw errorOf(answer, what, label)
    return answer.body
  }
  return {
    label,
    power: async (action, signal) => { await call(`switch power ${action}`, signal, async () => pod.power(action, signal)) },
    fastboot: async (blob, signal) => {
      if (blob.length > maxBlobBytes) throw new WorkbenchError('input/too-large', `The boot blob has ${blob.length} bytes; ${label} takes ${maxBlobBytes}`)
      await pod.request(signal)
      await pod.carry(blob.length, signal)
      const answer = await pod.fastboot(blob, signal)
      // Any answer that is JSON is a result, a refusal too: so do clients of the HTTP face see it.
      return resultOf(answer.body as Readonly<Record<string, unknown>>)
    },
    stage: async (name, bytes, signal, onProgress) => {
      await call(`stage ${name}`, signal, async () => {
        const admission = pod.admit(name, bytes.length)
        if ('refusal' in admission) return admission.refusal
        try {
          for (let at = 0; at < bytes.length; at += pieceBytes) {
            const piece = bytes.subarray(at, at + pieceBytes)
            await pod.carry(piece.length, signal)
            admission.upload.put(piece)
            onProgress?.(at + piece.length)
          }
          return admission.upload.finish()
        } finally {
          admission.upload.abandon()
        }
      })
    },
    unstage: async (name, signal) => { await call(`drop ${name}`, signal, async () => pod.unstage(name)) },
    clear: async (signal) => { await call('drop the staged files', signal, async () => pod.clear()) },
    store: async (signal) => storeOf(await call('list the staged files', signal, async () => pod.store()) as Readonly<Record<string, unknown>>),
    setBaudRate: async (baudRate, signal) => { await call('change the baud rate', signal, async () => pod.setBaudRate(baudRate, signal)) },
  }
}

function errorOf({ status, body }: PodAnswer, what: string, label: string): WorkbenchError {
  const { error = '', requested = 0, psram_largest_free: largest = 0 } = body as { error?: string; requested?: number; psram_largest_free?: number }
  const context = { status, pod: label }
  if (error === 'oom') {
    return new WorkbenchError('pod/no-room', `${label} has no room to ${what}`, { context: { ...context, requestedBytes: requested, largestFreeBytes: largest } })
  }
  return new WorkbenchError('pod/refused', `${label} refused to ${what}: HTTP ${status}, ${error}`, { context })
}

function resultOf(body: Readonly<Record<string, unknown>>): FastbootResult {
  const text = (name: string): string | undefined => (typeof body[name] === 'string' ? body[name] : undefined)
  return {
    success: body['success'] === true, lastPhase: text('last_phase') ?? 'unknown', failedPhase: text('failed_phase'), error: text('error'),
    elapsedMs: Number(body['elapsed_ms'] ?? 0), handshakeMarkers: Number(body['handshake_markers'] ?? 0),
  }
}

function storeOf(body: Readonly<Record<string, unknown>>): PodStore {
  const files = body['files'] as readonly { readonly name: string; readonly size: number; readonly reads: number }[]
  return {
    files: files.map(({ name, size, reads }) => ({ name, lengthBytes: size, reads })),
    maxFileBytes: Number(body['max_size_bytes']), maxFiles: Number(body['max_slots']),
    freeBytes: Number(body['psram_free_bytes']), largestFreeBytes: Number(body['psram_largest_free_block']),
  }
}

export interface MemoryConsoleOptions {
  readonly bridge: PodBridge
  readonly clock: Clock
  readonly timing: Timing
  readonly label: string
}

/** A refused connection opens and is closed at once, as a TCP accept would be. */
export function createMemoryConsole({ bridge, clock, timing, label }: MemoryConsoleOptions): OpenTransport {
  return async (openSignal) => {
    await pause(clock, 2 * timing.bridgeLatencyMs, openSignal)
    const input = createByteQueue()
    let open = true
    const link = bridge.connect({ deliver: (bytes) => { input.push(bytes) }, closed: () => { open = false; input.end() } })
    if (!link) { open = false; input.end() }
    return {
      label,
      read: async (signal) => input.read(signal),
      write: async (bytes, signal) => {
        signal.throwIfAborted()
        if (!open) throw new WorkbenchError('link/closed', `${label} was closed by the pod`)
        link?.send(bytes)
      },
      discardInput: async (signal) => {
        let dropped = 0
        for (let quiet = false; !quiet;) {
          dropped += input.discard()
          await clock.sleep(20, signal)
          quiet = input.waitingBytes === 0
        }
        return dropped
      },
      close: async () => {
        open = false
        link?.close()
        input.end()
      },
    }
  }
}
