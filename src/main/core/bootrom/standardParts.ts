import type { BootProfile, Soc } from '../../../shared/devices/deviceProfile.schema.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { detectSplBytes, withoutLongFfRuns } from '../../protocols/fastboot/writer.ts'

/** Smaller than any U-Boot: an error page that was saved as a file, usually. */
const smallestUbootBytes = 1024
/** More than the SRAM of any chip of the family. */
const largestSplBytes = 128 * 1024
/** An hour of line time is a wrong file. */
const largestPayloadBytes = 16 * 1024 * 1024

/** What the Standard family is given, in order. Absent steps are empty. */
export interface StandardParts {
  readonly stepAddress: number
  readonly splAddress: number
  readonly payloadAddress: number
  readonly prestep0: Uint8Array
  readonly ddrstep0: Uint8Array
  readonly prestep1: Uint8Array
  readonly spl: Uint8Array
  readonly payload: Uint8Array
}

export interface StandardInput {
  readonly soc: Soc
  readonly profile?: BootProfile | undefined
  /** U-Boot. */
  readonly image: Uint8Array
  /** Loaded instead of U-Boot; the SPL is cut from `image` all the same. */
  readonly payload?: Uint8Array | undefined
  /** A ready SPL for boards on which the one in the image does not bring up the memory. */
  readonly spl?: Uint8Array | undefined
}

/**
 * The SPL is cut where the compressed U-Boot begins and padded when the image is short; long runs of ff are blanked in SPL and payload.
 * `input/malformed`, `input/missing-file`, `input/conflict`, `input/too-large`.
 */
export function buildStandardParts({ soc, profile, image, payload = image, spl }: StandardInput): StandardParts {
  if (!profile) {
    throw new WorkbenchError('input/missing-file', `The boot profile of ${soc.name} is missing`, { context: { chip: soc.name }, hint: 'It is the file CHIP.json of the public recovery tool: it holds the DDR steps' })
  }
  const [stepAddress, splAddress, payloadAddress] = profile.ADDRESS
  if (stepAddress !== soc.stepAddress || splAddress !== soc.splAddress || payloadAddress !== soc.payloadAddress) {
    throw new WorkbenchError('input/conflict', `The boot profile "${profile.name}" is for other addresses than ${soc.name} has`, {
      context: { chip: soc.name, profile: profile.name }, hint: 'Take the profile of this very chip: a wrong one can hang it',
    })
  }
  checkSteps(profile, soc, `The boot profile "${profile.name}"`)
  if (profile.DDRSTEP0.length === 0) throw new WorkbenchError('input/malformed', `The boot profile "${profile.name}" has an empty DDRSTEP0`, { context: { profile: profile.name } })
  if (image.length < smallestUbootBytes) {
    throw new WorkbenchError('input/malformed', `The U-Boot image has ${image.length} bytes; that is no U-Boot`, { hint: 'A failed download looks like this' })
  }
  if (payload.length === 0) throw new WorkbenchError('input/malformed', 'The payload for the boot ROM is empty')
  if (payload.length > largestPayloadBytes) throw new WorkbenchError('input/too-large', `The payload for the boot ROM has ${payload.length} bytes; that is no U-Boot`, { context: { limitBytes: largestPayloadBytes } })
  return {
    stepAddress, splAddress, payloadAddress,
    prestep0: profile.PRESTEP0 ?? new Uint8Array(), ddrstep0: profile.DDRSTEP0, prestep1: profile.PRESTEP1 ?? new Uint8Array(),
    spl: withoutLongFfRuns(spl ?? cutSpl(image, profile, soc)), payload: withoutLongFfRuns(payload),
  }
}

function cutSpl(image: Uint8Array, profile: BootProfile, soc: Soc): Uint8Array {
  const splBytes = detectSplBytes(image, profile.FILELEN[1], profile.SRAMLIMIT ?? soc.sramLimitBytes)
  if (splBytes === 0 || splBytes > largestSplBytes) {
    throw new WorkbenchError('input/malformed', `The boot profile "${profile.name}" wants an SPL of ${splBytes} bytes`, { context: { profile: profile.name, splBytes } })
  }
  const spl = new Uint8Array(splBytes)
  spl.set(image.subarray(0, splBytes))
  return spl
}

/** Steps are code: half of one runs on into whatever lies behind it. Other lengths than the known ones may be a newer profile. `input/malformed` begins with `what`. */
export function checkSteps(profile: BootProfile, soc: Soc, what: string): void {
  const steps = [['PRESTEP0', profile.PRESTEP0, soc.prestep0Bytes], ['DDRSTEP0', profile.DDRSTEP0, soc.ddrstep0Bytes], ['PRESTEP1', profile.PRESTEP1, soc.prestep1Bytes]] as const
  for (const [field, bytes, known] of steps) {
    if (bytes === undefined || bytes.length === 0 || (bytes.length >= known && bytes.length % 4 === 0)) continue
    throw new WorkbenchError('input/malformed', `${what} has a ${field} of ${bytes.length} bytes, and that of ${soc.name} has ${known}: it was cut off, and would hang the chip`, {
      context: { chip: soc.name, field, bytes: bytes.length, known }, hint: 'Take the file of the public recovery tool as it is',
    })
  }
}
