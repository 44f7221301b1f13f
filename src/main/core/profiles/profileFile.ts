import { type BootProfile, bootProfileSchema, profileFileSchema, splBlobNameSchema } from '../../../shared/devices/deviceProfile.schema.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'

/** A step goes to the boot ROM in one frame. */
const maxStepBytes = 1024
/** More than the SRAM of any chip of the family. */
const maxSplBytes = 128 * 1024

const malformed = (file: string, field: string, why: string): WorkbenchError =>
  new WorkbenchError('input/malformed', `${file}: ${field === '' ? '' : `${field} `}${why}`, { context: { file, field }, hint: 'A profile is the JSON file CHIP.json of the public recovery tool' })

/** One way to start a chip: the profile itself, or a variant of it. */
export interface ResolvedProfile {
  /** `undefined` for the profile without a variant. */
  readonly variant: string | undefined
  readonly profile: BootProfile
  /** Name of a file with a ready SPL, beside the profile. */
  readonly splBlobName: string | undefined
}

export interface ParsedProfileFile {
  readonly base: ResolvedProfile
  readonly variants: readonly ResolvedProfile[]
  /** As it was read, for storing. */
  readonly json: Readonly<Record<string, unknown>>
}

/**
 * The whole content of an alias file is the name of another one. `undefined`: it is no alias.
 * Only names of chips are taken, so that it never points anywhere.
 */
export const aliasTarget = (text: string): string | undefined => /^\s*([a-z0-9_-]{2,32})\.json\s*$/i.exec(text)?.[1]?.toLowerCase()

/** Names the file and the field in what it throws: `input/malformed`. */
export function parseProfileFile(text: string, file: string): ParsedProfileFile {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new WorkbenchError('input/malformed', `${file} is not JSON`, { context: { file }, cause })
  }
  const parsed = profileFileSchema.safeParse(withoutNulls(value))
  if (!parsed.success) throw issueIn(file, '', parsed.error)
  const { variants = {}, ...base } = parsed.data
  return {
    base: resolve(file, undefined, base),
    variants: Object.entries(variants).map(([name, own]) => resolve(file, name, { ...base, ...own })),
    json: parsed.data,
  }
}

/** `null` means absent in files that were written by a program, here and inside variants. */
function withoutNulls(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || depth > 2) return value
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== null).map(([key, each]) => [key, withoutNulls(each, depth + 1)]))
}

function resolve(file: string, variant: string | undefined, value: Readonly<Record<string, unknown>>): ResolvedProfile {
  const where = variant === undefined ? '' : `variants.${variant}.`
  const parsed = bootProfileSchema.safeParse(value)
  if (!parsed.success) throw issueIn(file, where, parsed.error)
  const blob = splBlobNameSchema.optional().safeParse(value['SPL_BLOB'])
  if (!blob.success) throw malformed(file, `${where}SPL_BLOB`, 'is not the name of a file in the same folder')
  const { data: profile } = parsed
  for (const field of ['PRESTEP0', 'DDRSTEP0', 'PRESTEP1'] as const) {
    const step = profile[field]
    // An optional step may be there and empty, which means that there is none.
    if (step?.length === 0 && field === 'DDRSTEP0') throw malformed(file, where + field, 'is empty')
    if (step && step.length > maxStepBytes) throw malformed(file, where + field, `has ${step.length} bytes; a step has at most ${maxStepBytes}`)
  }
  const window = profile.FILELEN[1]
  if (window === 0 || window > maxSplBytes) throw malformed(file, `${where}FILELEN`, `gives the SPL ${window} bytes`)
  return { variant, profile, splBlobName: blob.data }
}

function issueIn(file: string, where: string, error: { readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[] }): WorkbenchError {
  const [issue] = error.issues
  return malformed(file, where + (issue?.path.join('.') ?? ''), `is not usable: ${issue?.message ?? ''}`)
}

/** A blob that is no SPL, or more than fits, is refused: it goes to the chip as it is. */
export function checkSplBlob(bytes: Uint8Array, file: string, name: string): void {
  if (bytes.length >= 1024 && bytes.length <= maxSplBytes) return
  throw malformed(file, 'SPL_BLOB', `names ${name}, which has ${bytes.length} bytes; an SPL has 1024 to ${maxSplBytes}`)
}

/** `chip:variant`, split at the first colon, in small letters; an empty variant is none. */
export function splitChipName(given: string): { readonly chip: string; readonly variant: string | undefined } {
  const text = given.trim().toLowerCase()
  const colon = text.indexOf(':')
  const variant = colon < 0 ? '' : text.slice(colon + 1)
  return { chip: colon < 0 ? text : text.slice(0, colon), variant: variant === '' ? undefined : variant }
}

/** `input/not-found` for a variant that the profile does not have; it names those that there are. */
export function chooseVariant({ base, variants }: ParsedProfileFile, chip: string, variant: string | undefined): ResolvedProfile {
  if (variant === undefined) return base
  const found = variants.find((each) => each.variant === variant)
  if (found) return found
  const known = variants.map((each) => each.variant ?? '').sort().join(', ')
  throw new WorkbenchError('input/not-found', `The profile of ${chip} has no variant "${variant.slice(0, 32)}"; it has ${known === '' ? 'none' : known}`, { context: { chip } })
}
