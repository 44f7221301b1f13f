import { isMmcSelected, parseMmcInfo } from '../../../protocols/uboot/nandAnswers.ts'
import { askAgain, type UbootSession } from '../../uboot/ubootSession.ts'
import type { Medium, MediumBench } from './flashMedium.ts'
import { createMmcMover, mmcBlockBytes as blockBytes } from './mmcMover.ts'
import { notConfirmed, padInRam, poisonedCrc } from './poisoned.ts'

/**
 * eMMC in blocks of 512 bytes. Nothing is erased: a write replaces, and `mmc erase` would widen its range to whole erase groups, over
 * what lies beside.
 */
export function createEmmcMedium({ plan, newPoison }: MediumBench): Medium {
  const { move, learnDialect } = createMmcMover()
  let flashBytes = 0
  const found = async (session: UbootSession, range: { readonly offsetBytes: number; readonly lengthBytes: number }, signal: AbortSignal): Promise<string> =>
    poisonedCrc(session, { address: plan.proofAddress, lengthBytes: range.lengthBytes, newPoison }, async () => move(session, 'read', plan.proofAddress, range, signal), signal)

  return {
    probe: async (session, signal) => askAgain(3, signal, async () => {
      const selected = await session.run('mmc dev 0', { limitMs: 20_000 }, signal)
      if (!isMmcSelected(selected)) throw notConfirmed('mmc dev 0', selected)
      const output = await session.run('mmc info', { limitMs: 10_000 }, signal)
      const info = parseMmcInfo(output)
      if (!info) throw notConfirmed('mmc info', output)
      await learnDialect(session, plan.proofAddress, signal)
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
