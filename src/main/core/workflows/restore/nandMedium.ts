import { crc32, hexCrc } from '../../../../shared/bytes/crc32.ts'
import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import type { PlannedPartition } from '../../../../shared/restore/restore.schema.ts'
import type { ProbedFlash } from '../../../protocols/uboot/answers.ts'
import { parseBadBlocks, parseMtdTable, parseNandInfo, parseNandMoved } from '../../../protocols/uboot/nandAnswers.ts'
import { askAgain, type UbootSession } from '../../uboot/ubootSession.ts'
import { readVariable } from './cameraPhases.ts'
import type { Medium, MediumBench } from './flashMedium.ts'
import { hexText, roundUp } from './layout.ts'
import { nandErase } from './nandErase.ts'
import { behindPart, checkVolumesTogether, type NandFacts, placeInPartition, type Span } from './nandMap.ts'
import { lengthText, moveLimitMs, notConfirmed, padInRam, poisonedCrc } from './poisoned.ts'
import { checkRam } from './ramRoom.ts'
import { maxLoadBytes } from './tftpChoice.ts'
import { createUbiSteps } from './ubiSteps.ts'
import type { FlashSteps, WriteJob } from './writePartition.ts'

/** NAND: raw partitions by `nand`, which skips bad blocks and corrects bits; UBI's through UBI and in no other way. */
export function createNandMedium({ plan, newPoison }: MediumBench): Medium {
  let facts: NandFacts | undefined
  const known = (): NandFacts => {
    if (!facts) throw new WorkbenchError('internal/bug', 'The NAND was not probed')
    return facts
  }

  const learn = async (session: UbootSession, signal: AbortSignal): Promise<ProbedFlash> => {
    const geometry = await askAgain(3, signal, async () => {
      const output = await session.run('nand info', { limitMs: 10_000 }, signal)
      const found = parseNandInfo(output)
      if (!found) throw notConfirmed('nand info', output)
      return found
    })
    const table = await tellPartitions(session, plan.mtd, signal)
    facts = { geometry, table, bad: await badBlocks(session, signal) }
    // Everything that was planned, before the first byte is written.
    for (const planned of plan.partitions) {
      if (planned.medium?.kind === 'ubi' && !table) throw new WorkbenchError('device/unknown-command', 'This U-Boot has no "mtdparts", and UBI cannot do without', { hint: 'Load another U-Boot build' })
      placeInPartition(planned, facts)
    }
    checkVolumesTogether(plan.partitions, facts)
    await checkRam(session, plan, signal)
    const rows = table ?? []
    const endBytes = Math.max(geometry.flashBytes, ...rows.map((row) => row.offsetBytes + row.lengthBytes), ...plan.partitions.map((part) => part.offsetBytes + part.eraseBytes))
    return { chipName: 'NAND', flashBytes: geometry.flashBytes > 0 ? geometry.flashBytes : endBytes, eraseBlockBytes: geometry.blockBytes }
  }

  const found = async (session: UbootSession, planned: PlannedPartition, signal: AbortSignal): Promise<string> => {
    const { erase } = placeInPartition(planned, known())
    const { lengthBytes } = planned
    return poisonedCrc(session, { address: plan.proofAddress, lengthBytes, newPoison }, async () => {
      await nandMove(session, 'read', plan.proofAddress, { offsetBytes: erase.offsetBytes, lengthBytes }, signal)
    }, signal)
  }

  /** Rejects with the place that is not. What was read before says nothing about it: its own pages are. */
  const checkErasedBehind = async (session: UbootSession, planned: PlannedPartition, signal: AbortSignal): Promise<void> => {
    if (planned.medium?.kind !== 'nand' || planned.medium.erasedBehind !== true) return
    for (const span of behindPart(planned, known(), maxLoadBytes)) {
      const { offsetBytes, lengthBytes } = span
      const crc = await poisonedCrc(session, { address: plan.proofAddress, lengthBytes, newPoison }, async () => nandMove(session, 'read', plan.proofAddress, span, signal), signal)
      if (crc === erasedCrc(lengthBytes)) continue
      throw new WorkbenchError('device/wrong-content', `${planned.name} is not erased behind its data, between ${hexText(offsetBytes)} and the end of its partition`, {
        context: { partition: planned.name, offsetBytes }, hint: 'The flash chip is at fault if this is so after an erase',
      })
    }
  }

  const raw: FlashSteps = {
    put: async ({ camera, track, ramAddress, note }, attempt, signal) => {
      const { geometry } = known()
      const { erase, badBlocks: skipped } = placeInPartition(track.planned, known())
      track.move('erasing', { writes: attempt })
      await nandErase(camera.session, erase, signal)
      track.move('writing')
      const lengthBytes = roundUp(track.planned.lengthBytes, geometry.pageBytes)
      await nandMove(camera.session, 'write', ramAddress, { offsetBytes: erase.offsetBytes, lengthBytes }, signal)
      if (skipped > 0) note(`${track.planned.name}: ${skipped} bad ${skipped === 1 ? 'block' : 'blocks'} in its partition, which still has room`)
    },
    found: async ({ camera, track }, signal) => {
      const crc = await found(camera.session, track.planned, signal)
      if (crc === track.planned.crc32) await checkErasedBehind(camera.session, track.planned, signal)
      return crc
    },
  }
  /** Data that is right in a partition that holds more than the image is not what was asked for. */
  const current = async (session: UbootSession, planned: PlannedPartition, signal: AbortSignal): Promise<string | undefined> => {
    const crc = await found(session, planned, signal)
    if (crc !== planned.crc32) return crc
    try {
      await checkErasedBehind(session, planned, signal)
      return crc
    } catch (error) {
      if (error instanceof WorkbenchError && error.code === 'device/wrong-content') return undefined
      throw error
    }
  }
  const ubi = createUbiSteps({ proofAddress: plan.proofAddress, newPoison, facts: known })
  const stepsOf = ({ track }: WriteJob): FlashSteps => (track.planned.medium?.kind === 'ubi' ? ubi : raw)

  return {
    probe: learn,
    // Attaching UBI formats an empty partition, moves worn blocks and takes memory: no way to look without touching.
    currentCrc: async (session, planned, signal) => (planned.medium?.kind === 'ubi' ? undefined : current(session, planned, signal)),
    readRaw: async (session, { offsetBytes, lengthBytes }, signal) => {
      await poisonedCrc(session, { address: plan.proofAddress, lengthBytes, newPoison }, async () => {
        await nandMove(session, 'read', plan.proofAddress, { offsetBytes, lengthBytes }, signal)
      }, signal)
    },
    steps: {
      prepare: async (job, signal) => {
        const { camera, track, ramAddress } = job
        // A block may have gone bad since the last look.
        facts = { ...known(), bad: await badBlocks(camera.session, signal) }
        placeInPartition(track.planned, facts)
        if (track.planned.medium?.kind !== 'ubi') await padInRam(camera.session, ramAddress, track.planned.lengthBytes, facts.geometry.pageBytes, signal)
      },
      put: async (job, attempt, signal) => stepsOf(job).put(job, attempt, signal),
      found: async (job, signal) => stepsOf(job).found(job, signal),
    },
  }
}

const erasedCrc = (lengthBytes: number): string => hexCrc(crc32(new Uint8Array(lengthBytes).fill(0xff)))

/** U-Boot's table, in RAM only: nothing of it is saved. */
async function tellPartitions(session: UbootSession, mtd: MediumBench['plan']['mtd'], signal: AbortSignal): Promise<NandFacts['table']> {
  if (!mtd) return undefined
  for (const [name, value] of [['mtdids', mtd.ids], ['mtdparts', mtd.parts]] as const) {
    await askAgain(3, signal, async () => {
      await session.run(`setenv ${name} ${value}`, { limitMs: 5_000 }, signal)
      const now = await readVariable(session, name, signal)
      if (now !== value) throw new WorkbenchError('link/garbled', `U-Boot's ${name} is "${now?.slice(0, 80) ?? ''}" after it was set to ${value.slice(0, 80)}`)
    })
  }
  try {
    return await askAgain(3, signal, async () => {
      const output = await session.run('mtdparts', { limitMs: 10_000 }, signal)
      const table = parseMtdTable(output)
      if (!table) throw notConfirmed('mtdparts', output)
      return table
    })
  } catch (error) {
    if (error instanceof WorkbenchError && error.code === 'device/unknown-command') return undefined
    throw error
  }
}

async function badBlocks(session: UbootSession, signal: AbortSignal): Promise<ReadonlySet<number>> {
  return askAgain(3, signal, async () => {
    const output = await session.run('nand bad', { limitMs: 20_000 }, signal)
    const offsets = parseBadBlocks(output)
    if (!offsets) throw notConfirmed('nand bad', output)
    return new Set(offsets)
  })
}

async function nandMove(session: UbootSession, verb: 'read' | 'write', address: number, { offsetBytes, lengthBytes }: Span, signal: AbortSignal): Promise<void> {
  const command = `nand ${verb} ${hexText(address)} ${hexText(offsetBytes)} ${lengthText(lengthBytes, `${verb} NAND`)}`
  const output = await session.run(command, { limitMs: moveLimitMs(lengthBytes), destructive: verb === 'write' }, signal)
  const done = parseNandMoved(output, verb)
  if (done?.offsetBytes !== offsetBytes || done.lengthBytes !== lengthBytes) throw notConfirmed(command, output)
}
