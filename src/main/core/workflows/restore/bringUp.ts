import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import type { PowerController } from '../../../../shared/devices/power.ts'
import { fastbootPhases } from '../../../../shared/devices/rackPod.ts'
import { startPowerCycle } from '../../bootrom/bootPower.ts'
import { enterUboot } from '../../uboot/enterUboot.ts'
import type { UbootSession } from '../../uboot/ubootSession.ts'
import type { WorkConsole } from '../../uboot/workConsole.ts'
import type { BringUpBench, RestoreContext } from './bench.ts'

/** From the end of the upload to the prompt: unpacking, DDR and flash set-up, then the autoboot second. */
const promptLimitMs = 30_000
/** A person has to find the right plug. */
const manualLimitMs = 600_000
const uploads = 2
/** As for the boot ROM: drains the capacitors of a camera. */
const offMs = 3_000
/** From the order to the switch to the prompt: a PoE switch needs some ten seconds until it gives power again. */
const switchedLimitMs = 90_000
const starts = 3

export function bringUpLimitMs({ starter }: BringUpBench): number {
  if (starter.method === 'pod') return uploads * (200_000 + promptLimitMs)
  return starter.method === 'boot-rom' ? uploads * (starter.limitMs + promptLimitMs) : manualLimitMs + 60_000
}

/** U-Boot in RAM and at its prompt. */
export async function bringUp(bench: BringUpBench, context: RestoreContext, console: WorkConsole, signal: AbortSignal): Promise<UbootSession> {
  if (bench.starter.method === 'manual') {
    // The hub may have lost the line just now, and opens nothing while a job holds it.
    await console.attach(signal)
    // A camera that is at its prompt already needs nobody's hands.
    const there = await enterUboot({ ...bench, console, limitMs: 2_000 }, signal).catch((error: unknown) => {
      if (error instanceof WorkbenchError && error.code === 'device/no-answer') return undefined
      throw error
    })
    if (there) return there
    const { ask, power } = bench.starter
    if (power) return stopOwn(bench, power, context, console, signal)
    const asked = new AbortController()
    const asking = ask('Switch the camera off and on now', AbortSignal.any([signal, asked.signal])).catch(() => undefined)
    try {
      return await enterUboot({ ...bench, console, limitMs: manualLimitMs }, signal)
    } finally {
      asked.abort()
      await asking
    }
  }
  for (let upload = 1; ; upload += 1) {
    const started = await uploadOnce(bench, context, console, signal)
    try {
      return await enterUboot({ ...bench, console: started, limitMs: promptLimitMs }, signal)
    } catch (error) {
      // The window to stop autoboot is a second long and the line is a WiFi bridge: once is bad luck.
      if (!isMissed(error) || upload >= uploads) throw error
      context.tell({ type: 'noted', level: 'warning', message: 'Autoboot was not stopped in time; loading U-Boot once more' })
    }
  }
}

/** Its own U-Boot, while a switch takes the power away and gives it back. */
async function stopOwn(bench: BringUpBench, power: PowerController, context: RestoreContext, console: WorkConsole, signal: AbortSignal): Promise<UbootSession> {
  for (let start = 1; ; start += 1) {
    context.tell({ type: 'phase-progressed', phase: 'u-boot', step: 'power_cycle', doneBytes: 0, totalBytes: 0 })
    const cycle = startPowerCycle({ power, offMs, clock: bench.clock, onLateFailure: (message) => { context.tell({ type: 'noted', level: 'warning', message }) } }, signal)
    try {
      const session = await enterUboot({ ...bench, console, limitMs: switchedLimitMs }, cycle.signal)
      cycle.caught()
      return session
    } catch (error) {
      if (!isMissed(error) || start >= starts) throw error
      context.tell({ type: 'noted', level: 'warning', message: 'Autoboot was not stopped in time; switching the power once more' })
    } finally {
      await cycle.end()
    }
  }
}

const isMissed = (error: unknown): boolean => error instanceof WorkbenchError && error.context['autobootMissed'] === true

/** Into RAM, whatever the starter holds; it starts by itself. Result: the console on which it is heard from its first byte. */
export async function uploadOnce({ starter }: Pick<BringUpBench, 'starter'>, context: RestoreContext, console: WorkConsole, signal: AbortSignal, phase = 'u-boot'): Promise<WorkConsole> {
  if (starter.method === 'manual') return console
  if (starter.method === 'boot-rom') {
    const { console: started, load } = await starter.load(console, ({ stage, sentBytes, totalBytes }) => {
      context.tell({ type: 'phase-progressed', phase, step: stage, doneBytes: sentBytes, totalBytes })
    }, signal).catch((error: unknown): never => {
      // It sits in its boot ROM, half loaded, until its power is cut.
      if (starter.powerCycle) context.cleanup.add('power the camera again after the broken-off upload', starter.powerCycle)
      throw error
    })
    for (const message of load.warnings) context.tell({ type: 'noted', level: 'warning', message })
    return started
  }
  // The pod takes the UART for itself; a connected client would make it fail.
  await console.detach(signal)
  // Only a broken-off upload leaves something to put right; afterwards the camera runs what it was given.
  const powerAgain = (): void => { context.cleanup.add('power the camera again after the broken-off upload', starter.powerCycle) }
  const result = await starter.fastboot(starter.blob, signal).catch((error: unknown): never => { powerAgain(); throw error })
  if (!result.success) {
    powerAgain()
    throw bootFailure(result)
  }
  await console.attach(signal)
  return console
}

const hints: Readonly<Record<string, string>> = {
  handshake: 'The camera never entered its boot ROM: check its power and that its UART is the one wired to this pod',
  ddr: 'The DDR steps do not fit this board: the same chip comes with other memories; try another profile',
  upload: 'The upload broke off: check the UART wiring and its ground',
}

function bootFailure(result: { readonly failedPhase?: string | undefined; readonly lastPhase: string; readonly error?: string | undefined; readonly handshakeMarkers: number }): WorkbenchError {
  const failed = result.failedPhase ?? result.lastPhase
  const reached = (fastbootPhases as readonly string[]).indexOf(failed)
  const kind = result.handshakeMarkers === 0 ? 'handshake' : reached >= 0 && reached <= 3 ? 'ddr' : 'upload'
  return new WorkbenchError('pod/boot-failed', `The boot ROM upload failed at ${failed.slice(0, 40)}${result.error === undefined ? '' : `: ${result.error.slice(0, 200)}`}`, {
    context: { failedPhase: failed.slice(0, 40), handshakeMarkers: result.handshakeMarkers }, hint: hints[kind],
  })
}
