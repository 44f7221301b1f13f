import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import type { PlannedMedium, PlannedPartition } from '../../../../shared/restore/restore.schema.ts'
import { complaintIn, parseUbiRead, parseUbiVolumes, parseUbiWritten, ubiIsHopeless, type UbiListed } from '../../../protocols/uboot/nandAnswers.ts'
import { askAgain, type UbootSession } from '../../uboot/ubootSession.ts'
import { hexText } from './layout.ts'
import { nandErase } from './nandErase.ts'
import { hasPageForEach, type NandFacts, placeInPartition } from './nandMap.ts'
import { lengthText, moveLimitMs, notConfirmed, poisonedCrc } from './poisoned.ts'
import type { FlashSteps } from './writePartition.ts'

type UbiMedium = Extract<PlannedMedium, { kind: 'ubi' }>

export interface UbiBench {
  readonly proofAddress: number
  readonly newPoison: () => number
  readonly facts: () => NandFacts
}

/**
 * One volume at a time. Its partition is erased once, before the first of its volumes; each time UBI is attached for the work and
 * detached after it, because it keeps memory that the next fetch needs.
 */
export function createUbiSteps({ proofAddress, newPoison, facts }: UbiBench): FlashSteps {
  const erased = new Set<string>()
  return {
    put: async ({ camera: { session }, track, ramAddress }, attempt, signal) => {
      const { planned } = track
      const medium = ubiOf(planned)
      const { partition } = medium
      await detach(session, signal)
      if (!erased.has(partition.name)) {
        track.move('erasing', { writes: attempt })
        await nandErase(session, placeInPartition(planned, facts()).erase, signal)
        erased.add(partition.name)
      }
      track.move('writing', { writes: attempt })
      const volumes = await attach(session, medium, facts(), signal)
      // Half of an attempt before this one.
      if (volumes.some(({ name }) => name === medium.volume.name)) await run(session, `ubi remove ${medium.volume.name}`, signal)
      await create(session, medium, signal)
      const command = `ubi write ${hexText(ramAddress)} ${medium.volume.name} ${lengthText(planned.lengthBytes, 'write UBI')}`
      const output = await run(session, command, signal, planned.lengthBytes)
      const done = parseUbiWritten(output)
      if (done?.lengthBytes !== planned.lengthBytes || done.volume !== medium.volume.name) throw notConfirmed(command, output)
      await detach(session, signal)
    },
    found: async ({ camera: { session }, track: { planned } }, signal) => {
      const medium = ubiOf(planned)
      // Attached anew: what is read is what the next start will find, and not what UBI remembers.
      await detach(session, signal)
      await attach(session, medium, facts(), signal)
      const { lengthBytes } = planned
      const crc = await poisonedCrc(session, { address: proofAddress, lengthBytes, newPoison }, async () => {
        const command = `ubi read ${hexText(proofAddress)} ${medium.volume.name} ${lengthText(lengthBytes, 'read UBI')}`
        const output = await session.run(command, { limitMs: moveLimitMs(lengthBytes), hopeless: ubiIsHopeless }, signal)
        const done = parseUbiRead(output)
        if (done?.lengthBytes !== lengthBytes || done.volume !== medium.volume.name) throw notConfirmed(command, output)
      }, signal)
      await detach(session, signal)
      return crc
    },
  }
}

function ubiOf({ medium, name }: PlannedPartition): UbiMedium {
  if (medium?.kind !== 'ubi') throw new WorkbenchError('internal/bug', `${name} was not planned for UBI`)
  return medium
}

async function run(session: UbootSession, command: string, signal: AbortSignal, lengthBytes = 0): Promise<string> {
  const output = await session.run(command, { limitMs: moveLimitMs(lengthBytes) + 60_000, destructive: true, hopeless: ubiIsHopeless }, signal)
  const complaint = complaintIn(output)
  if (complaint !== undefined) throw new WorkbenchError('device/refused', `"${command}": ${complaint.slice(0, 200)}`, { context: { command } })
  return output
}

/** Older builds do not know it, and it refuses where nothing is attached. */
async function detach(session: UbootSession, signal: AbortSignal): Promise<void> {
  try {
    await session.run('ubi detach', { limitMs: 20_000, hopeless: ubiIsHopeless }, signal)
  } catch (error) {
    if (!(error instanceof WorkbenchError) || (error.code !== 'device/refused' && error.code !== 'device/unknown-command')) throw error
  }
}

/** Result: the volumes that are there. */
async function attach(session: UbootSession, { partition, lebBytes, blockBytes }: UbiMedium, { geometry }: NandFacts, signal: AbortSignal): Promise<readonly UbiListed[]> {
  // Two headers of a page each. With one page for both UBI finds the second one's place by itself.
  const pageForEach = hasPageForEach({ lebBytes, blockBytes }, geometry)
  await session.run(`ubi part ${partition.name}${pageForEach ? ` ${geometry.pageBytes}` : ''}`, { limitMs: 120_000, hopeless: ubiIsHopeless }, signal)
  const volumes = await list(session, signal)
  // Every volume tells it, UBI's own included; a file system made for other blocks would never be mounted.
  const other = volumes.find((volume) => volume.lebBytes !== lebBytes)
  if (other) {
    throw new WorkbenchError('device/wrong-identity', `UBI has blocks of ${other.lebBytes} bytes on ${partition.name}; the image was made for ${lebBytes}`, {
      context: { partition: partition.name, found: other.lebBytes, planned: lebBytes }, hint: 'The image was made for another NAND, or this U-Boot places UBI\'s headers elsewhere',
    })
  }
  return volumes
}

async function list(session: UbootSession, signal: AbortSignal): Promise<readonly UbiListed[]> {
  return askAgain(3, signal, async () => {
    const output = await session.run('ubi info l', { limitMs: 20_000 }, signal)
    const volumes = parseUbiVolumes(output)
    if (!volumes) throw notConfirmed('ubi info l', output)
    return volumes
  })
}

async function create(session: UbootSession, { volume }: UbiMedium, signal: AbortSignal): Promise<void> {
  const { name, type, id, sizeBytes } = volume
  const size = sizeBytes === undefined ? undefined : lengthText(sizeBytes, 'create a volume')
  const plain = size === undefined && type === 'dynamic' && id === undefined
  await run(session, `ubi create ${name}${plain ? '' : ` ${size ?? '-'} ${type}${id === undefined ? '' : ` ${hexText(id)}`}`}`, signal)
  const made = (await list(session, signal)).find((each) => each.name === name)
  if (!made || (id !== undefined && made.id !== id)) throw new WorkbenchError('link/garbled', `The volume ${name} was not made${made ? ` with the number ${id ?? ''}` : ''}`, { context: { volume: name } })
}
