import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { isMmcSelected, parseMmcInfo } from '../../../protocols/uboot/nandAnswers.ts'
import { askAgain, type UbootSession } from '../../uboot/ubootSession.ts'
import { createMmcMover, mmcBlockBytes, type MmcMover } from '../restore/mmcMover.ts'
import { notConfirmed, poison } from '../restore/poisoned.ts'
import type { DumpMedium, DumpMediumBench } from './dumpMedium.ts'
import { noBackup } from './dumpNand.ts'

/** eMMC in blocks of 512 bytes; its boot partitions, which are devices of their own, are left alone. */
export function createEmmcDump({ loadAddress, newPoison }: DumpMediumBench): DumpMedium {
  const mover = createMmcMover()
  const select = async (session: UbootSession, signal: AbortSignal): Promise<void> => askAgain(3, signal, async () => {
    const output = await session.run('mmc dev 0', { limitMs: 20_000 }, signal)
    if (!isMmcSelected(output)) throw notConfirmed('mmc dev 0', output)
  })
  return {
    kind: 'emmc', select, facts: () => ({ kind: 'emmc' }),
    probe: async (session, signal) => {
      await select(session, signal)
      const info = await askAgain(3, signal, async () => {
        const output = await session.run('mmc info', { limitMs: 10_000 }, signal)
        const found = parseMmcInfo(output)
        if (!found) throw notConfirmed('mmc info', output)
        return found
      })
      await mover.learnDialect(session, loadAddress, signal)
      return { chipName: info.name, flashBytes: await exactBytes(mover, session, info.flashBytes, loadAddress, signal), eraseBlockBytes: mmcBlockBytes }
    },
    layOut: (layout, form) => {
      if (form === 'ipctool') throw noBackup()
      const odd = layout.ranges.find(({ offsetBytes, lengthBytes }) => offsetBytes % mmcBlockBytes !== 0 || lengthBytes % mmcBlockBytes !== 0)
      if (odd) throw new WorkbenchError('input/conflict', `${odd.name} does not begin and end with a block of ${mmcBlockBytes} bytes`, { context: { partition: odd.name } })
      return layout
    },
    read: async (session, range, signal) => {
      await poison(session, { address: loadAddress, lengthBytes: range.lengthBytes, newPoison }, signal)
      await mover.move(session, 'read', loadAddress, range, signal)
    },
  }
}

/** `mmc info` tells one decimal place. The end is between the last block that is read and the next, which is refused. 0 where it tells nothing. */
async function exactBytes({ move }: MmcMover, session: UbootSession, mostBytes: number, address: number, signal: AbortSignal): Promise<number> {
  if (mostBytes <= 0) return 0
  const isThere = async (block: number): Promise<boolean> => askAgain(3, signal, async () => {
    try {
      await move(session, 'read', address, { offsetBytes: block * mmcBlockBytes, lengthBytes: mmcBlockBytes }, signal)
      return true
    } catch (error) {
      if (error instanceof WorkbenchError && error.code === 'device/refused') return false
      throw error
    }
  })
  let there = 0
  let behind = Math.ceil(mostBytes / mmcBlockBytes) + 1
  while (behind - there > 1) {
    const middle = there + Math.floor((behind - there) / 2)
    if (await isThere(middle)) there = middle
    else behind = middle
  }
  // One bad answer in between would have made the flash smaller than it is.
  if (await isThere(behind)) throw new WorkbenchError('link/garbled', 'U-Boot refuses a block of the eMMC and reads it the next time, so its size is not known', { hint: 'Dump again, or give a table with --mtdparts' })
  return behind * mmcBlockBytes
}
