import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'

/** `OTADELTA`, then the version of the format. */
export const deltaMagic = Uint8Array.of(0x4f, 0x54, 0x41, 0x44, 0x45, 0x4c, 0x54, 0x41)
export const deltaVersion = 1
export const deltaHeaderBytes = 9
export const deltaCopy = 0x01
export const deltaInsert = 0x02
export const deltaEnd = 0xff
/** What a device refuses to take in one instruction. A generator that exceeds these makes files that nobody can apply. */
export const maxCopyBytes = 4096
export const maxInsertBytes = 2048
export const maxVarintBytes = 5

export const deltaFaults = {
  DELTA_TOO_SHORT: 'is shorter than its own header',
  DELTA_BAD_MAGIC: 'does not begin like a delta',
  DELTA_BAD_VERSION: 'is of a version that is not known',
  DELTA_EOF: 'is cut off',
  DELTA_COPY_TOO_LARGE: `copies more than ${maxCopyBytes} bytes in one instruction`,
  DELTA_INSERT_TOO_LARGE: `inserts more than ${maxInsertBytes} bytes in one instruction`,
  DELTA_OLD_EOF: 'copies from behind the end of the old file',
  DELTA_VARINT_TOO_LARGE: 'holds a number of more than 32 bits',
  DELTA_UNKNOWN_OPCODE: 'holds an instruction that is not known',
  DELTA_HASH_MISMATCH: 'leads to another file than the one that was promised',
  DELTA_OUTPUT_TOO_LARGE: 'leads to more bytes than were promised',
} as const
export type DeltaFault = keyof typeof deltaFaults

/** `offsetBytes` is a place in the delta. The reason is what devices and their logs call it. */
export function deltaError(reason: DeltaFault, offsetBytes: number): WorkbenchError {
  return new WorkbenchError('input/malformed', `The delta ${deltaFaults[reason]} (at byte ${offsetBytes})`, {
    context: { reason, offsetBytes }, hint: 'Take the whole file instead, or make the delta again from the same two files',
  })
}

export const deltaFaultOf = (error: unknown): DeltaFault | undefined => {
  const reason = error instanceof WorkbenchError ? error.context['reason'] : undefined
  return typeof reason === 'string' && Object.hasOwn(deltaFaults, reason) ? reason as DeltaFault : undefined
}
