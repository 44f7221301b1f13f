import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import type { RestorePlan } from '../../../../shared/restore/restore.schema.ts'
import { askAgain, type UbootSession } from '../../uboot/ubootSession.ts'
import { hexText } from './layout.ts'
import { maxLoadBytes } from './tftpChoice.ts'

/** U-Boot's heap and stack lie below itself. */
const belowUbootBytes = 4 * 1024 * 1024

/**
 * What is larger than a usual load is held twice in RAM, and not every camera has that much. The figures are U-Boot's own; without them
 * nothing large is loaded, because it would run over U-Boot itself.
 */
export async function checkRam(session: UbootSession, plan: Pick<RestorePlan, 'partitions' | 'proofAddress'>, signal: AbortSignal): Promise<void> {
  const largestBytes = plan.partitions.reduce((most, { lengthBytes }) => Math.max(most, lengthBytes), 0)
  if (largestBytes <= maxLoadBytes) return
  const output = await askAgain(3, signal, async () => session.run('bdinfo', { limitMs: 10_000 }, signal))
  const endBytes = plan.proofAddress + largestBytes
  const uboot = Number(/^relocaddr *= *(0x[0-9a-f]{1,16})$/im.exec(output)?.[1] ?? Number.NaN)
  const heap = Number(/^malloc base *= *(0x[0-9a-f]{1,16})$/im.exec(output)?.[1] ?? uboot)
  const limit = Math.min(uboot, heap) - belowUbootBytes
  if (endBytes <= limit) return
  throw new WorkbenchError('input/too-large', Number.isNaN(uboot)
    ? `U-Boot does not tell how much RAM there is, and ${Math.ceil(largestBytes / 1048576)} MiB in one piece need to be held twice`
    : `The camera's RAM is too small: up to ${hexText(endBytes)} is needed, and U-Boot's own begins near ${hexText(limit)}`, { context: { largestBytes }, hint: 'A smaller volume fits; nothing was written' })
}
