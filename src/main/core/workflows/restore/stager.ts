import { isStored } from '../../../../shared/bytes/storedBytes.ts'
import type { StagedFile, TftpBackend } from '../../../../shared/devices/tftpBackend.ts'
import { toWire, WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import type { JobNews } from '../../../../shared/jobs/jobEvent.ts'
import type { Clock } from '../../../../shared/lifecycle/clock.ts'
import { createDeferred, type Deferred, orAborted } from '../../../../shared/lifecycle/signals.ts'
import { type HeldLoad, holdLoad, type Load } from './layout.ts'

/**
 * Puts the loads where the camera can fetch them, beside everything else: while the boot ROM is fed and while the load before is fetched
 * and written. It may wait, for room or for a pod that does not serve just now; it never makes the restore fail before the file is needed.
 */
export interface Stager {
  /** The staged file, waiting for it if need be. Rejects with why it cannot be there. */
  ready(index: number, signal: AbortSignal): Promise<StagedFile>
  /** Not needed (any more): removed if it is there, not staged if it is not. */
  drop(index: number, signal: AbortSignal): Promise<void>
  /** The pod's UART is idle again: what was refused before is worth another try. */
  unblock(): void
  /** Stops staging and removes what it staged. */
  close(signal: AbortSignal): Promise<void>
}

export interface StagerDeps {
  readonly backend: TftpBackend
  readonly loads: readonly Load[]
  readonly imageOf: (load: HeldLoad) => Uint8Array
  readonly clock: Clock
  readonly tell: (news: JobNews) => void
}

const tries = 4
const retryMs = 2_000
const roomLimitMs = 600_000
/** Files beyond this are not allowed to fill the pod to its last byte. */
const roomReserveBytes = 64 * 1024

/** What comes from the disk because memory does not hold it is not gathered in memory: one is fetched, the next one waits. */
const storedAhead = 2

type Slot = { state: 'waiting' | 'staged' | 'dropped' | 'failed'; file?: StagedFile; error?: WorkbenchError; readonly done: Deferred<void> }

export function createStager({ backend, loads, imageOf, clock, tell }: StagerDeps): Stager {
  const stopping = new AbortController()
  const slots: Slot[] = loads.map(() => ({ state: 'waiting', done: createDeferred() }))
  const totalBytes = loads.reduce((sum, load) => sum + load.lengthBytes, 0)
  let stagedBytes = 0
  let isBootRomBusy = true
  let changed = createDeferred<void>()
  const wake = (): void => { changed.resolve(); changed = createDeferred() }

  const say = (state: 'waiting' | 'running' | 'done', file: string, doneBytes: number, note: string): void => {
    tell({ type: 'staging-progressed', state, file, doneBytes, totalBytes, note })
  }

  /** Until a file of that size fits beside those not used yet. */
  const waitForRoom = async (load: Load, signal: AbortSignal): Promise<void> => {
    while (load.parts.some(({ bytes }) => isStored(bytes)) && slots.filter((slot) => slot.state === 'staged').length >= storedAhead) {
      say('waiting', load.name, stagedBytes, 'stays on the disk until a file before it is used')
      await orAborted(changed.promise, signal)
    }
    const startedMs = clock.nowMs()
    for (;;) {
      const { maxFiles, maxFileBytes, largestFreeBytes } = await backend.capacity(signal)
      const mine = slots.filter((slot) => slot.state === 'staged').length
      if (mine < maxFiles && load.lengthBytes <= maxFileBytes && largestFreeBytes >= load.lengthBytes + (mine === 0 ? 0 : roomReserveBytes)) return
      const why = `${load.name} needs ${Math.ceil(load.lengthBytes / 1024)} KiB; free in one piece: ${Math.floor(largestFreeBytes / 1024)} KiB`
      // With nothing of ours staged, no file of ours will ever make room.
      if (mine === 0 || load.lengthBytes > maxFileBytes || clock.nowMs() - startedMs > roomLimitMs) {
        throw new WorkbenchError('pod/no-room', `There is no room: ${why}`, { context: { requestedBytes: load.lengthBytes, largestFreeBytes, maxFiles }, hint: 'Use --tftp-via host, or restart the pod' })
      }
      say('waiting', load.name, stagedBytes, `waiting until a file is used: ${why}`)
      await orAborted(changed.promise, signal)
    }
  }

  const stageOne = async (index: number, load: Load, signal: AbortSignal): Promise<void> => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await waitForRoom(load, signal)
        say('running', load.name, stagedBytes, '')
        const file = await backend.stage(load.name, imageOf(await holdLoad(load, signal)), signal, (done) => { say('running', load.name, stagedBytes + done, '') })
        const slot = slots[index]
        // Dropped while it was on its way: it goes again at once.
        if (slot?.state === 'dropped') return await file.remove(signal)
        if (slot) { slot.state = 'staged'; slot.file = file }
        stagedBytes += load.lengthBytes
        return
      } catch (error) {
        signal.throwIfAborted()
        if (!(error instanceof WorkbenchError)) throw error
        const message = error.message
        if (isBootRomBusy) {
          // Some pods serve nothing while they feed the boot ROM. That costs time and nothing else.
          say('waiting', load.name, stagedBytes, `the pod does not serve while it works on the UART (${message})`)
          attempt = 0
          await orAborted(changed.promise, signal)
        } else if (attempt >= tries || error.code === 'pod/no-room' || error.code === 'input/malformed') {
          throw error
        } else {
          say('waiting', load.name, stagedBytes, `trying again: ${message}`)
          await clock.sleep(retryMs, signal)
        }
      }
    }
  }

  const work = (async (): Promise<void> => {
    for (const [index, load] of loads.entries()) {
      const slot = slots[index]
      if (!slot || slot.state === 'dropped') continue
      try {
        await stageOne(index, load, stopping.signal)
      } catch (error) {
        if (stopping.signal.aborted) return
        const { code, message, context, hint } = toWire(error)
        slot.state = 'failed'
        slot.error = new WorkbenchError(code, message, { context, hint, cause: error })
      } finally {
        slot.done.resolve()
      }
    }
    say('done', '', stagedBytes, '')
  })()
  work.catch(() => undefined)

  const drop = async (index: number, signal: AbortSignal): Promise<void> => {
    const slot = slots[index]
    if (!slot || slot.state === 'dropped') return
    const file = slot.file
    slot.state = 'dropped'
    if (file) await file.remove(signal)
    wake()
  }

  return {
    ready: async (index, signal) => {
      const slot = slots[index]
      if (!slot) throw new WorkbenchError('internal/bug', `There is no load ${index}`)
      await orAborted(slot.done.promise, signal)
      if (slot.file && slot.state === 'staged') return slot.file
      throw slot.error ?? new WorkbenchError('internal/bug', `Load ${index} was dropped before it was used`)
    },
    drop,
    unblock: () => { isBootRomBusy = false; wake() },
    close: async (signal) => {
      stopping.abort()
      await orAborted(work.catch(() => undefined), signal)
      // The pod is asked to forget everything: also a file whose upload was cut off and that nobody here has a handle for.
      await backend.clear(signal)
    },
  }
}
