import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { type NandDone, type NandGeometry, parseBadBlocks, parseMtdTable, parseNandInfo, parseNandMoved } from '../../../protocols/uboot/nandAnswers.ts'
import { askAgain, type UbootSession } from '../../uboot/ubootSession.ts'
import { readVariable } from './cameraPhases.ts'
import type { MediumBench } from './flashMedium.ts'
import { hexText } from './layout.ts'
import type { NandFacts, Span } from './nandMap.ts'
import { lengthText, moveLimitMs, notConfirmed } from './poisoned.ts'

export async function nandGeometry(session: UbootSession, signal: AbortSignal): Promise<NandGeometry> {
  return askAgain(3, signal, async () => {
    const output = await session.run('nand info', { limitMs: 10_000 }, signal)
    const found = parseNandInfo(output)
    if (!found) throw notConfirmed('nand info', output)
    return found
  })
}

/** U-Boot's table, in RAM only: nothing of it is saved. */
export async function tellPartitions(session: UbootSession, mtd: MediumBench['plan']['mtd'], signal: AbortSignal): Promise<NandFacts['table']> {
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

export async function badBlocks(session: UbootSession, signal: AbortSignal): Promise<ReadonlySet<number>> {
  return askAgain(3, signal, async () => {
    const output = await session.run('nand bad', { limitMs: 20_000 }, signal)
    const offsets = parseBadBlocks(output)
    if (!offsets) throw notConfirmed('nand bad', output)
    return new Set(offsets)
  })
}

/** What U-Boot said of it: offset and length are those that were asked for. */
export async function nandMove(session: UbootSession, verb: 'read' | 'write', address: number, { offsetBytes, lengthBytes }: Span, signal: AbortSignal): Promise<NandDone> {
  const command = `nand ${verb} ${hexText(address)} ${hexText(offsetBytes)} ${lengthText(lengthBytes, `${verb} NAND`)}`
  const output = await session.run(command, { limitMs: moveLimitMs(lengthBytes), destructive: verb === 'write' }, signal)
  const done = parseNandMoved(output, verb)
  if (done?.offsetBytes !== offsetBytes || done.lengthBytes !== lengthBytes) throw notConfirmed(command, output)
  return done
}
