import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import type { Clock } from '../../shared/lifecycle/clock.ts'
import { orAborted } from '../../shared/lifecycle/signals.ts'
import type { Behaviours } from './behaviours.ts'
import { parseBootBlob } from './blobParser.ts'
import { uploadToBootRom } from './bootRomUpload.ts'
import type { PodBridge } from './podBridge.ts'
import type { PodMemory } from './podStore.ts'
import type { SimCamera } from './simCamera.ts'
import { pause, type Timing } from './timing.ts'

/** What goes over HTTP: both faces of the pod are made from it. */
export interface PodAnswer {
  readonly status: number
  readonly body: object
}

export interface PodUpload {
  /** One piece that has arrived. */
  put(piece: Uint8Array): void
  finish(): PodAnswer
  /** Gives the memory back; does nothing after `finish`. */
  abandon(): void
}

export type Admission = { readonly upload: PodUpload } | { readonly refusal: PodAnswer }

/** One pod. Every method is what the firmware does after the request has arrived. */
export interface SimPod {
  /** The way of any request to the pod. */
  request(signal: AbortSignal): Promise<void>
  /** Bytes of a request's body on the shared WiFi. */
  carry(byteCount: number, signal: AbortSignal): Promise<void>
  power(action: 'on' | 'off' | 'cycle', signal: AbortSignal): Promise<PodAnswer>
  fastboot(blob: Uint8Array, signal: AbortSignal): Promise<PodAnswer>
  admit(name: string, lengthBytes: number): Admission
  unstage(name: string): PodAnswer
  clear(): PodAnswer
  store(): PodAnswer
  setBaudRate(rate: unknown, signal: AbortSignal): Promise<PodAnswer>
  readonly maxFileBytes: number
}

export interface SimPodOptions {
  readonly clock: Clock
  readonly timing: Timing
  readonly behaviours: Behaviours
  readonly random: () => number
  /** Ends with the rack. */
  readonly signal: AbortSignal
  readonly memory: PodMemory
  readonly bridge: PodBridge
  readonly camera: SimCamera
}

export const maxBlobBytes = 1024 * 1024
const usableName = /^[!-~]{1,64}$/
const unusableCharacters = /[/\\?#%]/
const done: PodAnswer = { status: 200, body: { ok: true } }

export function createSimPod(options: SimPodOptions): SimPod {
  const { clock, timing, behaviours, memory, bridge, camera } = options
  // Uploads under way hold a slot too.
  const arriving = new Map<string, number>()
  let fastbootRuns = false
  let switchings = 0
  let airFreeAtMs = 0

  const switchPower = (state: 'on' | 'off'): void => {
    switchings += 1
    if (state === 'off') camera.powerOff()
    else camera.powerOn('boots-from-flash')
  }
  const busy = (): PodAnswer | undefined =>
    (behaviours.ask('onStoreRequest', fastbootRuns) === 'busy' ? { status: 503, body: { error: 'busy' } } : undefined)

  const carry = async (byteCount: number, signal: AbortSignal): Promise<void> => {
    // One radio: whoever comes later waits for the bytes before, so that uploads share the rate.
    airFreeAtMs = Math.max(airFreeAtMs, clock.nowMs()) + byteCount / timing.wifiBytesPerMs
    await pause(clock, airFreeAtMs - clock.nowMs(), signal)
  }
  const restart = (): never => {
    memory.clear()
    switchPower('off')
    throw new WorkbenchError('link/closed', 'The pod has restarted')
  }
  const upload = async (bytes: Uint8Array): Promise<PodAnswer> => {
    const parsed = parseBootBlob(bytes)
    if (!parsed.ok) return { status: 400, body: { error: `bad blob: ${parsed.reason}` } }
    if (fastbootRuns || bridge.connected()) {
      const error = fastbootRuns ? 'another upload is running' : 'uart in use by a bridge client'
      return { status: 409, body: { success: false, last_phase: 'frame_for_start', failed_phase: 'frame_for_start', error, elapsed_ms: 0, handshake_markers: 0 } }
    }
    fastbootRuns = true
    bridge.setExclusive(true)
    let own = 0
    try {
      const report = await uploadToBootRom(parsed.blob, {
        clock, timing, behaviours, random: options.random, signal: options.signal,
        powerOff: () => { camera.powerOff() },
        powerOn: () => { own = switchings; camera.powerOn('held-by-boot-rom') },
        stillPowered: () => own === switchings && camera.view.power === 'on',
      })
      if (behaviours.ask('onFastboot') === 'restarts') return restart()
      if (report.success) camera.runPayload(parsed.blob.payload)
      return { status: report.success ? 200 : 500, body: report }
    } finally {
      fastbootRuns = false
      bridge.setExclusive(false)
    }
  }
  const admit = (name: string, lengthBytes: number): Admission => {
    const refusal = refuse(name, lengthBytes)
    if (refusal) return { refusal }
    const requested = { requested: lengthBytes, psram_largest_free: memory.largestFreeBytes() }
    const reservation = behaviours.ask('onStage', lengthBytes) === 'oom' ? undefined : memory.reserve(lengthBytes)
    if (!reservation) return { refusal: { status: 503, body: { error: 'oom', ...requested } } }
    // Owned from here on, and never copied again: the pod has no room for two.
    const bytes = new Uint8Array(lengthBytes)
    let filled = 0
    let open = true
    arriving.set(name, (arriving.get(name) ?? 0) + 1)
    const leave = (): void => {
      open = false
      const others = (arriving.get(name) ?? 1) - 1
      if (others > 0) arriving.set(name, others)
      else arriving.delete(name)
    }
    return { upload: {
      put: (piece) => {
        bytes.set(piece.subarray(0, lengthBytes - filled), filled)
        filled += piece.length
      },
      finish: () => {
        leave()
        if (filled === lengthBytes) {
          reservation.commit(name, bytes)
          return { status: 200, body: { name, size: lengthBytes } }
        }
        reservation.release()
        return { status: 400, body: { error: 'short body', expected: lengthBytes, received: filled } }
      },
      abandon: () => {
        if (!open) return
        leave()
        reservation.release()
      },
    } }
  }
  const refuse = (name: string, lengthBytes: number): PodAnswer | undefined => {
    const notNow = busy()
    if (notNow) return notNow
    if (!usableName.test(name) || unusableCharacters.test(name)) return { status: 400, body: { error: 'bad name' } }
    if (lengthBytes <= 0) return { status: 400, body: { error: 'empty file' } }
    if (lengthBytes > memory.maxFileBytes) return { status: 413, body: { error: 'too large', requested: lengthBytes, max_size_bytes: memory.maxFileBytes } }
    const taken = new Set([...memory.list().map((entry) => entry.name), ...arriving.keys()])
    if (!taken.has(name) && taken.size >= memory.maxFiles) {
      return { status: 503, body: { error: 'no slot', max_slots: memory.maxFiles, requested: lengthBytes, psram_largest_free: memory.largestFreeBytes() } }
    }
    return undefined
  }
  return {
    maxFileBytes: memory.maxFileBytes,
    request: async (signal) => pause(clock, timing.httpRequestMs + (behaviours.ask('onHttpRequest') ?? 0), signal),
    carry,
    power: async (action, signal) => {
      if (action === 'cycle') {
        switchPower('off')
        // The pod finishes on its own, whether or not somebody still waits for the answer.
        const cycling = pause(clock, timing.powerOffMs, options.signal).then(() => { switchPower('on') })
        await orAborted(cycling, signal)
      } else {
        switchPower(action)
      }
      return done
    },
    // A host that goes away does not stop it: the firmware has no way to abort.
    fastboot: async (blob, signal) => orAborted(upload(blob), signal),
    admit,
    unstage: (name) => busy() ?? (memory.remove(name) ? done : { status: 404, body: { error: 'no such file' } }),
    clear: () => {
      const taken = busy()
      if (!taken) memory.clear()
      return taken ?? done
    },
    store: () => busy() ?? { status: 200, body: {
      files: memory.list().map(({ name, lengthBytes, reads }) => ({ name, size: lengthBytes, reads })),
      max_size_bytes: memory.maxFileBytes,
      max_slots: memory.maxFiles,
      psram_free_bytes: memory.freeBytes(),
      psram_largest_free_block: memory.largestFreeBytes(),
    } },
    setBaudRate: async (rate, signal) => {
      if (typeof rate !== 'number' || !Number.isInteger(rate) || rate < 1200 || rate > 4_000_000) return { status: 400, body: { error: 'bad rate' } }
      await pause(clock, timing.baudSwitchMs, signal)
      bridge.setBaudRate(rate)
      return { status: 200, body: { rate } }
    },
  }
}
