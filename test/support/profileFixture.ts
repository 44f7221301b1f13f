import type { Soc } from '../../src/shared/devices/deviceProfile.schema.ts'

/** A profile in the public format with the catalogue's own figures and harmless step bytes. */
export function profileJson(soc: Soc, more: Readonly<Record<string, unknown>> = {}): string {
  const hex = (value: number): string => `0x${value.toString(16)}`
  const step = (lengthBytes: number): number[] => Array.from({ length: lengthBytes }, (_, index) => (index * 5 + 1) & 0xff)
  return JSON.stringify({
    name: soc.name, DDRSTEP0: step(soc.ddrstep0Bytes),
    ...(soc.prestep0Bytes > 0 ? { PRESTEP0: step(soc.prestep0Bytes) } : {}), ...(soc.prestep1Bytes > 0 ? { PRESTEP1: step(soc.prestep1Bytes) } : {}),
    ADDRESS: [soc.stepAddress, soc.splAddress, soc.payloadAddress].map(hex), FILELEN: ['0x40', hex(soc.splWindowBytes)], STEPLEN: ['0x40', '0x40'],
    ...(soc.sramLimitBytes === undefined ? {} : { SRAMLIMIT: hex(soc.sramLimitBytes) }), ...more,
  })
}

export const splBytes = (lengthBytes = 20_480): Uint8Array => Uint8Array.from({ length: lengthBytes }, (_, index) => (index * 3) & 0xff)
