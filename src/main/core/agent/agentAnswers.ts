import { hexCrc } from '../../../shared/bytes/crc32.ts'
import { type ErrorContext, WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { ackStatus, type AgentAnswer, type AgentCapability, type AgentInfo } from '../../protocols/agent/frame.ts'

export type Ack = Extract<AgentAnswer, { kind: 'ack' }>

export const hexAddress = (address: number): string => `0x${hexCrc(address)}`

/** An ACK that says yes; `what` begins the sentence of the error that everything else is. */
export function expectOk(answer: AgentAnswer, what: string, context: ErrorContext = {}): void {
  if (answer.kind !== 'ack') throw unexpected(answer, what, context)
  if (answer.status !== ackStatus.ok) throw refused(answer, what, context)
}

export function refused(ack: Ack, what: string, context: ErrorContext = {}): WorkbenchError {
  const more = {
    ...context, status: ack.status,
    ...(ack.receivedBytes === undefined ? {} : { receivedBytes: ack.receivedBytes }),
    ...(ack.crc32 === undefined ? {} : { agentCrc32: hexCrc(ack.crc32) }),
  }
  if (ack.status === ackStatus.flashError) {
    return new WorkbenchError('device/refused', `${what}: the flash agent reports a flash error, or the address is not allowed`, {
      context: more, hint: 'Scan the flash for bad sectors, and check that it is not write-protected',
    })
  }
  const said = ack.status === ackStatus.refusedOrDamaged ? 'a wrong CRC, length or command' : `the unknown status ${ack.status}`
  return new WorkbenchError('device/refused', `${what}: the flash agent reports ${said}`, { context: more })
}

export function unexpected(answer: AgentAnswer, what: string, context: ErrorContext = {}): WorkbenchError {
  const seen = answer.kind === 'malformed' ? `a damaged answer (code ${answer.code}, ${answer.reason})` : `an answer of another command ("${answer.kind}")`
  return new WorkbenchError('link/garbled', `${what}: ${seen} came`, { context: { ...context, answer: answer.kind } })
}

export function needs(info: AgentInfo, capabilities: readonly AgentCapability[], what: string): void {
  const missing = capabilities.filter((capability) => !info.capabilities.has(capability))
  if (missing.length === 0) return
  throw new WorkbenchError('input/not-supported', `This flash agent (version ${info.version}) cannot ${what}`, {
    context: { missing: missing.join(', '), version: info.version }, hint: 'Load a newer agent for this chip',
  })
}

export interface FlashGeometry {
  readonly flashBytes: number
  readonly sectorBytes: number
  readonly sectorCount: number
  readonly flashWindow: number
}

/** What everything that erases divides by; a wrong figure here would erase something else. */
export function geometryOf(info: AgentInfo, changes: boolean): FlashGeometry {
  const { flashBytes, sectorBytes, flashWindow, flashKind } = info
  if (changes && flashKind !== 'nor' && flashKind !== 'nand') {
    throw new WorkbenchError('input/not-supported', `The flash agent reads ${flashKind} flash, but cannot change it`, {
      context: { flashKind }, hint: 'Write this flash from U-Boot or from the running system',
    })
  }
  const isPowerOfTwo = Number.isInteger(Math.log2(sectorBytes))
  const fits = flashWindow + flashBytes <= 2 ** 32
  const isChip = flashBytes > 0 && isPowerOfTwo && sectorBytes >= 512 && sectorBytes <= 4 * 1024 * 1024 && flashBytes % sectorBytes === 0 && fits
  if (!isChip) {
    throw new WorkbenchError('device/wrong-identity', `The flash agent describes a flash that cannot be: ${flashBytes} bytes in sectors of ${sectorBytes}`, {
      context: { flashBytes, sectorBytes, jedecId: info.jedecId }, hint: 'The chip did not answer: check that the agent belongs to this camera, and the flash its solder joints',
    })
  }
  return { flashBytes, sectorBytes, flashWindow, sectorCount: flashBytes / sectorBytes }
}

/** `mustAlign`: erasing takes whole sectors, whatever else stands in them. */
export function checkRange(flash: FlashGeometry, offsetBytes: number, lengthBytes: number, mustAlign: boolean): void {
  const isWhole = Number.isInteger(offsetBytes) && Number.isInteger(lengthBytes) && offsetBytes >= 0 && lengthBytes > 0
  const context = { offsetBytes, lengthBytes, flashBytes: flash.flashBytes, sectorBytes: flash.sectorBytes }
  if (!isWhole) throw new WorkbenchError('input/malformed', 'A flash range is a whole offset and a whole length above zero', { context })
  if (offsetBytes + lengthBytes > flash.flashBytes) {
    throw new WorkbenchError('input/too-large', `${lengthBytes} bytes at ${hexAddress(offsetBytes)} do not fit a flash of ${flash.flashBytes} bytes`, { context, hint: `It ends at ${hexAddress(flash.flashBytes)}: give a smaller --offset or --size` })
  }
  if (mustAlign && (offsetBytes % flash.sectorBytes !== 0 || lengthBytes % flash.sectorBytes !== 0)) {
    throw new WorkbenchError('input/malformed', `The range does not begin and end at a sector of ${flash.sectorBytes} bytes`, { context })
  }
}
