import { crc32, hexCrc } from '../../../../shared/bytes/crc32.ts'
import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import type { PlannedPartition } from '../../../../shared/restore/restore.schema.ts'
import type { ProbedFlash } from '../../../protocols/uboot/answers.ts'
import type { UbootSession } from '../../uboot/ubootSession.ts'
import type { Medium, MediumBench } from './flashMedium.ts'
import { hexText, roundUp } from './layout.ts'
import { nandErase } from './nandErase.ts'
import { behindPart, checkVolumesTogether, type NandFacts, placeInPartition } from './nandMap.ts'
import { badBlocks, nandGeometry, nandMove, tellPartitions } from './nandQuestions.ts'
import { padInRam, poisonedCrc } from './poisoned.ts'
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
    const geometry = await nandGeometry(session, signal)
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
      const crc = await poisonedCrc(session, { address: plan.proofAddress, lengthBytes, newPoison }, async () => { await nandMove(session, 'read', plan.proofAddress, span, signal) }, signal)
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
