import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { isMmcSelected, parseMmcInfo, parseMmcMoved } from '../../../protocols/uboot/nandAnswers.ts'
import { askAgain, type UbootSession } from '../../uboot/ubootSession.ts'
import type { Medium, MediumBench } from './flashMedium.ts'
import { hexText, roundUp } from './layout.ts'
import { lengthText, moveLimitMs, notConfirmed, padInRam, poisonedCrc } from './poisoned.ts'

const blockBytes = 512

/**
 * eMMC in blocks of 512 bytes. Nothing is erased: a write replaces, and `mmc erase` would widen its range to whole erase groups, over
 * what lies beside.
 */
export function createEmmcMedium({ plan, newPoison }: MediumBench): Medium {
  /** The vendor's 2016.11 wants the device in each line, mainline does not allow it. */
  let device = ''
  let flashBytes = 0

  const move = async (session: UbootSession, verb: 'read' | 'write', address: number, range: { readonly offsetBytes: number; readonly lengthBytes: number }, signal: AbortSignal): Promise<void> => {
    const block = range.offsetBytes / blockBytes
    const count = roundUp(range.lengthBytes, blockBytes) / blockBytes
    const command = `mmc ${verb} ${device}${hexText(address)} ${hexText(block)} ${lengthText(count, `${verb} eMMC`)}`
    const output = await session.run(command, { limitMs: moveLimitMs(range.lengthBytes), destructive: verb === 'write' }, signal)
    const done = parseMmcMoved(output, verb)
    if (done?.block !== block || done.count !== count) throw notConfirmed(command, output)
  }
  const found = async (session: UbootSession, range: { readonly offsetBytes: number; readonly lengthBytes: number }, signal: AbortSignal): Promise<string> =>
    poisonedCrc(session, { address: plan.proofAddress, lengthBytes: range.lengthBytes, newPoison }, async () => move(session, 'read', plan.proofAddress, range, signal), signal)

  const learnDialect = async (session: UbootSession, signal: AbortSignal): Promise<void> => {
    try {
      await move(session, 'read', plan.proofAddress, { offsetBytes: 0, lengthBytes: blockBytes }, signal)
    } catch (error) {
      if (!(error instanceof WorkbenchError) || error.code !== 'device/refused' || device !== '') throw error
      device = '0 '
      await move(session, 'read', plan.proofAddress, { offsetBytes: 0, lengthBytes: blockBytes }, signal)
    }
  }

  return {
    probe: async (session, signal) => askAgain(3, signal, async () => {
      const selected = await session.run('mmc dev 0', { limitMs: 20_000 }, signal)
      if (!isMmcSelected(selected)) throw notConfirmed('mmc dev 0', selected)
      const output = await session.run('mmc info', { limitMs: 10_000 }, signal)
      const info = parseMmcInfo(output)
      if (!info) throw notConfirmed('mmc info', output)
      await learnDialect(session, signal)
      flashBytes = info.flashBytes > 0 ? info.flashBytes : 0
      const endBytes = plan.partitions.reduce((most, part) => Math.max(most, part.offsetBytes + part.eraseBytes), 0)
      // Where a build does not tell its size, the last block that will be written must be readable.
      if (flashBytes === 0) await move(session, 'read', plan.proofAddress, { offsetBytes: endBytes - blockBytes, lengthBytes: blockBytes }, signal)
      return { chipName: info.name, flashBytes: flashBytes > 0 ? flashBytes : endBytes, eraseBlockBytes: blockBytes }
    }),
    currentCrc: async (session, planned, signal) => found(session, planned, signal),
    steps: {
      prepare: async ({ camera, track, ramAddress }, signal) => { await padInRam(camera.session, ramAddress, track.planned.lengthBytes, blockBytes, signal) },
      put: async ({ camera, track, ramAddress }, attempt, signal) => {
        track.move('writing', { writes: attempt })
        await move(camera.session, 'write', ramAddress, track.planned, signal)
      },
      found: async ({ camera, track }, signal) => found(camera.session, track.planned, signal),
    },
  }
}
