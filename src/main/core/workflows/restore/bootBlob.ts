import { bootProfileSchema, type BootProfile, type Soc } from '../../../../shared/devices/deviceProfile.schema.ts'
import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { detectSplBytes, encodeFastbootBlob, withoutLongFfRuns } from '../../../protocols/fastboot/writer.ts'

/** Smaller than any U-Boot: an error page that was saved as a file, usually. */
const smallestUbootBytes = 1024

export function parseBootProfile(text: string, path: string): BootProfile {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new WorkbenchError('input/malformed', `The boot profile ${path} is not JSON`, { cause })
  }
  const parsed = bootProfileSchema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new WorkbenchError('input/malformed', `The boot profile ${path} is not usable: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`, {
    hint: 'A profile is the JSON file CHIP.json of the public recovery tool',
  })
}

/**
 * `readySpl`: for boards on which the one in U-Boot does not bring up the memory.
 * What a pod uploads to the boot ROM. The SPL is cut from the U-Boot image itself (never from another payload), padded when the image is
 * short, and long runs of ff are blanked in both parts.
 */
export function buildBootBlob(soc: Soc, profile: BootProfile | undefined, uboot: Uint8Array, readySpl?: Uint8Array): Uint8Array {
  if (soc.protocol !== 'standard') {
    throw new WorkbenchError('input/not-supported', `${soc.name} speaks the ${soc.protocol.toUpperCase()} boot protocol, which rack pods cannot`, { context: { chip: soc.name } })
  }
  if (!profile) throw new WorkbenchError('input/missing-file', `The boot profile of ${soc.name} is missing`, { context: { chip: soc.name } })
  const [stepAddress, splAddress, payloadAddress] = profile.ADDRESS
  if (stepAddress !== soc.stepAddress || splAddress !== soc.splAddress || payloadAddress !== soc.payloadAddress) {
    throw new WorkbenchError('input/conflict', `The boot profile "${profile.name}" is for other addresses than ${soc.name} has`, {
      context: { chip: soc.name, profile: profile.name }, hint: 'Take the profile of this very chip: a wrong one can hang it',
    })
  }
  if (uboot.length < smallestUbootBytes) {
    throw new WorkbenchError('input/malformed', `The U-Boot image has ${uboot.length} bytes; that is no U-Boot`, { hint: 'A failed download looks like this' })
  }
  const splBytes = detectSplBytes(uboot, profile.FILELEN[1], profile.SRAMLIMIT)
  const spl = new Uint8Array(splBytes)
  spl.set(uboot.subarray(0, splBytes))
  return encodeFastbootBlob({
    stepAddress, splAddress, payloadAddress,
    prestep0: profile.PRESTEP0 ?? new Uint8Array(), ddrstep0: profile.DDRSTEP0, prestep1: profile.PRESTEP1 ?? new Uint8Array(),
    spl: withoutLongFfRuns(readySpl ?? spl), payload: withoutLongFfRuns(uboot),
  })
}
