import { crc32, hexCrc } from '../../../../shared/bytes/crc32.ts'
import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import type { InstallPlan } from '../../../../shared/install/install.schema.ts'
import { parseEnvironmentBlock } from '../../../protocols/uboot/environmentBlock.ts'
import { parseSaved } from '../../../protocols/uboot/environmentListing.ts'
import { parseMemoryDump } from '../../../protocols/uboot/memoryDump.ts'
import { askAgain, type UbootSession } from '../../uboot/ubootSession.ts'
import type { Medium } from '../restore/flashMedium.ts'
import { ramCrc } from '../restore/flashProof.ts'
import { hexText } from '../restore/layout.ts'
import { deviationsOf, readVariables } from './environmentWork.ts'

export interface SaveBench {
  readonly session: UbootSession
  readonly medium: Medium
  readonly plan: Pick<InstallPlan, 'layout' | 'proofAddress' | 'request'>
  readonly whole: ReadonlyMap<string, string>
  readonly note: (message: string) => void
}

const saves = 2

/**
 * Saves U-Boot's variables and reads the flash back: the place that the layout has for them must hold a block with a right CRC and with
 * just these variables. `saveenv` alone proves nothing, and it may have gone somewhere else. Result: the block's CRC.
 */
export async function saveEnvironment(bench: SaveBench, signal: AbortSignal): Promise<string> {
  const listing = await readVariables(bench.session, signal)
  for (let attempt = 1; ; attempt += 1) {
    await save(bench, signal)
    const seen = await readBack(bench, listing.usedBytes, listing.capacityBytes, signal)
    if (!(seen instanceof WorkbenchError)) return seen
    if (attempt >= saves) throw seen
    bench.note(`${seen.message}; saving it once more`)
  }
}

async function save({ session, plan: { request: { flashType } } }: SaveBench, signal: AbortSignal): Promise<void> {
  const output = await session.run('saveenv', { limitMs: 60_000, destructive: true }, signal)
  const place = parseSaved(output)
  if (place === undefined) throw new WorkbenchError('link/garbled', '"saveenv" was not confirmed', { context: { output: output.slice(0, 300) } })
  if (place === flashType) return
  throw new WorkbenchError('device/wrong-content', `This U-Boot keeps its environment somewhere else than in the ${flashType.toUpperCase()} flash of this layout`, {
    context: { output: output.slice(0, 300) }, hint: 'Choose the U-Boot build for this kind of flash',
  })
}

const crcBytes = 4
/** Small enough to arrive whole over a poor line. */
const printedBytes = 256

/** The CRC of what is there, or why it is not what was saved. */
async function readBack(bench: SaveBench, usedBytes: number, capacityBytes: number, signal: AbortSignal): Promise<string | WorkbenchError> {
  const { session, medium, plan: { layout: { environment }, proofAddress }, whole } = bench
  if (!medium.readRaw) throw new WorkbenchError('internal/bug', 'This kind of flash cannot be read back raw')
  // A block is as long as U-Boot was built for: its room for variables, the CRC, and the flag where there are two of them.
  const headBytes = (capacityBytes + crcBytes) % 0x1000 === 0 ? crcBytes : crcBytes + 1
  const lengthBytes = capacityBytes + headBytes
  if (lengthBytes > environment.lengthBytes || usedBytes > capacityBytes) {
    return new WorkbenchError('device/wrong-content', `This U-Boot's environment has ${lengthBytes} bytes and the layout has ${environment.lengthBytes} for it`, { hint: 'Choose the U-Boot build for this layout' })
  }
  await medium.readRaw(session, { offsetBytes: environment.offsetBytes, lengthBytes }, signal)
  const filled = await printed(session, proofAddress, Math.min(lengthBytes, headBytes + usedBytes + 1), signal)
  const block = new Uint8Array(lengthBytes)
  block.set(filled)
  const stored = new DataView(filled.buffer).getUint32(0, true)
  const elsewhere = (why: string): WorkbenchError => new WorkbenchError('device/wrong-content', `U-Boot says that its environment is saved, but at ${hexText(environment.offsetBytes)} ${why}`, {
    context: { offset: environment.offsetBytes }, hint: 'This U-Boot keeps it at another place, or the flash failed; choose the build for this layout',
  })
  const found = await ramCrc(session, proofAddress + headBytes, lengthBytes - headBytes, signal)
  if (found !== hexCrc(stored)) return elsewhere(`there is none: its CRC is ${found} and ${hexCrc(stored)} stands before it`)
  const parsed = parseEnvironmentBlock(block)
  if (typeof parsed === 'string') return elsewhere('stands something that cannot be read')
  const [wrong] = deviationsOf(parsed.variables, whole)
  return wrong ? elsewhere(`${wrong.name} is not what was set`) : found
}

/** RAM as text, each piece compared with the CRC that the camera computes over it. */
async function printed(session: UbootSession, address: number, lengthBytes: number, signal: AbortSignal): Promise<Uint8Array> {
  const whole = new Uint8Array(lengthBytes)
  for (let at = 0; at < lengthBytes; at += printedBytes) {
    const pieceBytes = Math.min(printedBytes, lengthBytes - at)
    whole.set(await askAgain(8, signal, async () => {
      const wanted = await ramCrc(session, address + at, pieceBytes, signal)
      const output = await session.run(`md.b ${hexText(address + at)} ${hexText(pieceBytes)}`, { limitMs: 15_000, dataLine: /^[0-9a-f]{8,16}: /i }, signal)
      const bytes = parseMemoryDump(output, address + at, pieceBytes)
      if (bytes && hexCrc(crc32(bytes)) === wanted) return bytes
      throw new WorkbenchError('link/garbled', 'The environment did not arrive whole when it was read back', { context: { output: output.slice(0, 200) } })
    }), at)
  }
  return whole
}
