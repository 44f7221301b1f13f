import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { withDeadline } from '../../../../shared/lifecycle/clock.ts'
import type { ProbedFlash } from '../../../protocols/uboot/answers.ts'
import { loopBanners, readBoot } from '../../../protocols/uboot/bootProof.ts'
import { enterUboot } from '../../uboot/enterUboot.ts'
import { createSteadySession } from '../../uboot/steadySession.ts'
import type { UbootSession } from '../../uboot/ubootSession.ts'
import type { WorkConsole } from '../../uboot/workConsole.ts'
import { checkIdentity } from '../checkIdentity.ts'
import { type PhaseHost, runPhase } from '../phase.ts'
import { type Camera, type PartitionTrack, type RestoreBench, type RestoreContext, trackPartition } from './bench.ts'
import { bringUp, bringUpLimitMs } from './bringUp.ts'
import { fetchLimitMs, fetchLoad, identify, setNetwork } from './cameraPhases.ts'
import { probeAsPlanned } from './flashFound.ts'
import type { Medium } from './flashMedium.ts'
import type { Load } from './layout.ts'
import { createMedium } from './medium.ts'
import { createStager, type Stager } from './stager.ts'
import { writeLimitMs, writePartition } from './writePartition.ts'

/** A slow card with fsck and a DHCP wait takes a minute and a half. */
export const bootLimitMs = 180_000

export interface RestoreOutcome {
  readonly verdict: 'restored and booted' | 'restored, boot not seen'
  readonly error?: WorkbenchError
}

/** What an installation does besides writing partitions, each in phases of its own. */
export interface WritingHooks {
  /** U-Boot answers, and nothing was asked or set yet. */
  readonly atPrompt?: (camera: Camera) => Promise<void>
  /** U-Boot answers and the flash is the planned one; nothing was written yet. */
  readonly beforeWriting?: (camera: Camera, flash: ProbedFlash) => Promise<void>
  /** Every partition is proved; the new system has not been started. */
  readonly afterProof?: (camera: Camera, medium: Medium) => Promise<void>
  /** The system has asked for a login: what the console said since the reset. An error is what is wrong with this start. */
  readonly booted?: (consoleText: string) => WorkbenchError | undefined
}

/** Resolves only when every partition was read back right; anything else rejects, and the journal's partitions say how far it came. */
export async function runRestore(bench: RestoreBench, context: RestoreContext, hooks: WritingHooks = {}): Promise<RestoreOutcome> {
  const { plan, loads } = bench
  const host: PhaseHost = context
  const medium = createMedium(bench)
  const tracks = plan.partitions.map((planned) => trackPartition(planned, context.tell))
  const { console, stager } = await runPhase(host, {
    name: 'check', cancel: 'anytime', limitMs: 60_000, work: async (signal) => prepare(bench, context, signal),
  })
  context.cleanup.add('record the console', async () => { context.tell({ type: 'console-excerpt', text: console.tail() }) })
  const session = await runPhase(host, {
    name: 'u-boot', cancel: 'anytime', limitMs: bringUpLimitMs(bench), work: async (signal) => bringUp(bench, context, console, signal),
  })
  const camera = steadyCamera(bench, medium, context, console, session)
  stager.unblock()
  await hooks.atPrompt?.(camera)
  const { flash } = await runPhase(host, {
    name: 'identify', cancel: 'anytime', limitMs: 180_000,
    work: async (signal) => identify(camera.session, plan, context, signal, probeAsPlanned(plan.flash, medium.probe), async (found) => {
      await checkIdentity(bench.identity, camera.session, { ...found, kind: plan.flash?.kind }, context.tell, true, signal)
    }),
    note: ({ flash: { chipName, flashBytes } }) => `${chipName || 'flash'}, ${flashBytes / 1048576} MiB`,
  })
  await hooks.beforeWriting?.(camera, flash)
  await runPhase(host, {
    name: 'compare', cancel: 'anytime', limitMs: 120_000 + plan.input.totalBytes / 20,
    work: async (signal) => compare(bench, medium, camera, tracks, stager, signal),
    note: () => `${tracks.filter((track) => track.now().state === 'unchanged').length} of ${tracks.length} unchanged`,
  })
  const isNeeded = (index: number): boolean => tracks.some((track) => track.planned.load === index && track.now().state !== 'unchanged')
  if (loads.some((_, index) => isNeeded(index))) {
    await runPhase(host, { name: 'network', cancel: 'anytime', limitMs: 60_000, work: async (signal) => setNetwork(camera.session, plan.tftp, signal) })
  }
  for (const [index, load] of loads.entries()) {
    if (isNeeded(index)) await restoreLoad(bench, medium, context, camera, tracks, stager, load, index)
  }
  assertProved(tracks)
  await hooks.afterProof?.(camera, medium)
  await runPhase(host, { name: 'reset', cancel: 'anytime', limitMs: 15_000, work: async (signal) => reset(console, signal) })
  return runPhase(host, {
    name: 'boot-seen', cancel: 'anytime', limitMs: bootLimitMs + 30_000, work: async (signal) => seeBoot(bench, console, hooks, signal),
    note: ({ verdict, error }) => (verdict === 'restored and booted' ? 'login prompt seen' : error?.code === 'device/wrong-identity' ? 'started by another U-Boot' : error?.code === 'link/garbled' ? 'which U-Boot has started it was not read' : 'no login prompt seen'),
  })
}

interface Prepared {
  readonly console: WorkConsole
  readonly stager: Stager
}

async function prepare(bench: RestoreBench, context: RestoreContext, signal: AbortSignal): Promise<Prepared> {
  const { cleanup } = context
  const lease = await bench.takeLease(signal)
  cleanup.add('free the camera for others', async () => lease.release())
  const console = await bench.openConsole(signal)
  cleanup.add('give the console back', async (undoSignal) => console.release(undoSignal))
  const opened = await bench.openBackend(signal)
  cleanup.add('close the TFTP server', async (undoSignal) => opened.close(undoSignal))
  // Before anything is staged: what an aborted run left behind would take the room.
  await opened.backend.clear(signal)
  const stager = createStager({ backend: opened.backend, loads: bench.loads, imageOf: bench.imageOf, clock: bench.clock, tell: context.tell })
  cleanup.add('drop the staged files', async (undoSignal) => stager.close(undoSignal))
  return { console, stager }
}

/** What the flash holds already is not written again; its CRC is the proof. */
async function compare(bench: RestoreBench, medium: Medium, camera: Camera, tracks: readonly PartitionTrack[], stager: Stager, signal: AbortSignal): Promise<void> {
  for (const track of tracks) {
    const { crc32 } = track.planned
    track.move('comparing')
    const found = await medium.currentCrc(camera.session, track.planned, signal)
    if (found === crc32 && !bench.plan.request.force) track.move('unchanged', { readBackCrc32: found, action: 'unchanged' })
    else track.move('different')
  }
  for (const index of bench.loads.keys()) {
    const members = tracks.filter((track) => track.planned.load === index)
    if (members.every((track) => track.now().state === 'unchanged')) await stager.drop(index, signal)
  }
}

async function restoreLoad(
  bench: RestoreBench, medium: Medium, context: RestoreContext, camera: Camera, tracks: readonly PartitionTrack[], stager: Stager, load: Load, index: number,
): Promise<void> {
  const { plan } = bench
  const needed = tracks.filter((track) => track.planned.load === index && track.now().state !== 'unchanged')
  await runPhase(context, {
    // Waiting for the upload over WiFi counts here: the slowest seen is 131 KB/s.
    name: `fetch:${index}`, cancel: 'anytime', limitMs: 300_000 + plan.input.totalBytes / 30 + fetchLimitMs(load.lengthBytes),
    work: async (signal) => {
      const file = await stager.ready(index, signal)
      needed.forEach((track) => { track.move('fetching') })
      await fetchLoad(camera.session, plan, file, context, signal)
      needed.forEach((track) => { track.move('in-ram') })
    },
  })
  for (const track of needed) {
    const { name, loadOffsetBytes, eraseBytes } = track.planned
    const image = load.parts.find((part) => part.name === name)?.bytes
    if (!image) throw new WorkbenchError('internal/bug', `The image of ${name} is not in its load`)
    await runPhase(context, {
      // Half a partition boots nothing: a cancel waits for the end of the one that is being written.
      name: `write:${name}`, cancel: 'at-end', writing: true, limitMs: 2 * writeLimitMs(eraseBytes) + 120_000,
      work: async (signal) => writePartition({
        ...(medium.steps ? { steps: medium.steps } : {}), camera, track, image, ramAddress: plan.loadAddress + loadOffsetBytes, proofAddress: plan.proofAddress, newPoison: bench.newPoison,
        progress: (step, doneBytes, totalBytes) => { context.tell({ type: 'phase-progressed', phase: `write:${name}`, step, doneBytes, totalBytes }) },
        note: (message) => { context.tell({ type: 'noted', level: 'warning', message }) },
      }, signal),
      note: () => `CRC ${track.now().readBackCrc32 ?? ''}`,
    })
  }
  // A file that cannot be dropped costs room, not the restore; the clean-up asks once more and says so if it stays.
  await stager.drop(index, context.signal).catch((error: unknown) => {
    if (!(error instanceof WorkbenchError)) throw error
    context.tell({ type: 'noted', level: 'warning', message: `${load.name} could not be dropped yet: ${error.message}` })
  })
}

/** The line was lost, U-Boot perhaps was not: it goes on with its command and then shows its prompt. */
function steadyCamera(bench: RestoreBench, medium: Medium, context: RestoreContext, console: WorkConsole, first: UbootSession): Camera {
  const steady = createSteadySession({
    first,
    reconnect: async (signal) => {
      await console.attach(signal)
      const session = await enterUboot({ ...bench, console, limitMs: 60_000 }, signal)
      // Harmless for the U-Boot we know, and needed if it is another one by now.
      await medium.probe(session, signal)
      return session
    },
    onReconnected: (why) => { context.tell({ type: 'noted', level: 'warning', message: `${why.message}; connected again` }) },
  })
  return { console, session: steady, reconnect: steady.reconnect }
}

/** The one gate to success. */
export function assertProved(tracks: readonly PartitionTrack[]): void {
  for (const track of tracks) {
    const { state, name, crc32, readBackCrc32 } = track.now()
    if ((state === 'proved' || state === 'unchanged') && readBackCrc32 === crc32) continue
    throw new WorkbenchError('internal/bug', `${name} was not proved and must not pass as restored`, { context: { partition: name, state } })
  }
}

async function reset(console: WorkConsole, signal: AbortSignal): Promise<void> {
  await console.discardInput(signal)
  await console.write(new TextEncoder().encode('reset\r'), signal)
}

const keptText = 64 * 1024

async function seeBoot(bench: RestoreBench, console: WorkConsole, { booted }: WritingHooks, parent: AbortSignal): Promise<RestoreOutcome> {
  const text = new TextDecoder('latin1')
  let received = ''
  let first = ''
  const notSeen = (why: string): RestoreOutcome => ({
    verdict: 'restored, boot not seen',
    error: new WorkbenchError('device/not-booted', `Every byte is in flash, but the camera was not seen to boot: ${why}`, {
      context: { consoleTail: received.slice(-2000) },
      hint: bench.plan.partitions.some((part) => part.isBoot) ? 'Look at the console for what the system misses' : 'The boot partition was not part of this image',
    }),
  })
  try {
    return await withDeadline(bench.clock, bootLimitMs, 'login prompt', parent, async (signal) => {
      for (;;) {
        const chunk = await nextChunk(console, signal)
        if (chunk === undefined) {
          // The bridge may drop a client that only listens; the camera boots on.
          await bench.clock.sleep(500, signal)
          await console.attach(signal)
          continue
        }
        const said = text.decode(chunk)
        received = (received + said).slice(-keptText)
        first = (first + said).slice(0, keptText)
        const seen = readBoot(received)
        if (seen.login) {
          const error = booted?.(first)
          return error ? { verdict: 'restored, boot not seen', error } : { verdict: 'restored and booted' }
        }
        if (seen.panic) return notSeen('the kernel panicked')
        if (seen.banners >= loopBanners) return notSeen(`it restarted ${seen.banners} times without reaching a login`)
      }
    })
  } catch (error) {
    // Cancelling is the user's word; everything else only means that nobody saw it boot.
    if (parent.aborted || !(error instanceof WorkbenchError)) throw error
    if (error.code !== 'link/timeout') return notSeen(error.message)
    return notSeen(received === '' ? 'the console stayed silent after the reset' : `no login prompt within ${bootLimitMs / 1000} s`)
  }
}

async function nextChunk(console: WorkConsole, signal: AbortSignal): Promise<Uint8Array | undefined> {
  try {
    return await console.read(signal)
  } catch (error) {
    if (error instanceof WorkbenchError && error.code === 'link/closed') return undefined
    throw error
  }
}
