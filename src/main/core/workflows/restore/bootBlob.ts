import { bootProfileSchema, type BootProfile, type Soc } from '../../../../shared/devices/deviceProfile.schema.ts'
import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { buildStandardParts } from '../../bootrom/standardParts.ts'
import { encodeFastbootBlob } from '../../../protocols/fastboot/writer.ts'

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
 * What a pod uploads to the boot ROM: the very parts that we would upload ourselves. `readySpl` is for boards on which the SPL in U-Boot
 * does not bring up the memory; `payload` is loaded instead of U-Boot.
 */
export function buildBootBlob(soc: Soc, profile: BootProfile | undefined, uboot: Uint8Array, readySpl?: Uint8Array, payload?: Uint8Array): Uint8Array {
  if (soc.protocol !== 'standard') {
    throw new WorkbenchError('input/not-supported', `${soc.name} speaks the ${soc.protocol.toUpperCase()} boot protocol, which rack pods cannot`, { context: { chip: soc.name }, hint: 'Reach its UART without a pod: over a serial adapter, RFC 2217 or TCP' })
  }
  return encodeFastbootBlob(buildStandardParts({ soc, profile, image: uboot, spl: readySpl, payload }))
}
