import type { BootProfile, Soc } from '../../../shared/devices/deviceProfile.schema.ts'
import { toWire, type WireError, WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { checkSteps } from '../bootrom/standardParts.ts'
import { needsProfile } from './chipCatalogue.ts'
import { aliasTarget, checkSplBlob, parseProfileFile, type ParsedProfileFile, type ResolvedProfile } from './profileFile.ts'

/** A file of the source. `path` is where it lies there, for messages and to tell folders apart; it never becomes a path of ours. */
export interface ProfileSourceFile {
  readonly path: string
  readonly bytes: Uint8Array
}

/** Ready to be stored: complete, without aliases, under names of our own. */
export interface ImportedProfile {
  readonly chip: string
  readonly variants: readonly string[]
  /** The public format; `SPL_BLOB` names the files of `blobs`. */
  readonly json: string
  readonly blobs: readonly { readonly name: string; readonly bytes: Uint8Array }[]
  /** False when the addresses are not those of the catalogue: starting the chip with it is refused then. */
  readonly usable: boolean
}

export interface ProfileImport {
  readonly profiles: readonly ImportedProfile[]
  readonly refused: readonly { readonly file: string; readonly error: WireError }[]
  readonly warnings: readonly string[]
}

const maxAliasHops = 23
const chipOf = (path: string): string | undefined => /(?:^|\/)([A-Za-z0-9_-]{2,32})\.json$/.exec(path)?.[1]?.toLowerCase()
const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/') + 1)

/**
 * Profiles out of whatever a person pointed at: a folder, one file, a whole repository. Files that belong to no chip of the catalogue
 * are passed over. A file that is wrong is refused and named; the others are taken all the same. Nothing at all is `input/not-found`.
 */
export function importProfiles(files: readonly ProfileSourceFile[], socs: ReadonlyMap<string, Soc>): ProfileImport {
  const warnings: string[] = []
  const chosen = chooseFolder(files, socs, warnings)
  if (chosen.texts.size === 0) {
    throw new WorkbenchError('input/not-found', 'There is no boot profile of a known chip here', { context: { files: files.length }, hint: 'A profile is called CHIP.json, such as hi3516ev200.json' })
  }
  const profiles: ImportedProfile[] = []
  const refused: { file: string; error: WireError }[] = []
  for (const chip of [...chosen.texts.keys()].sort()) {
    const file = `${chip}.json`
    try {
      const soc = socs.get(chip)
      if (soc) profiles.push(importOne(soc, chosen, warnings))
    } catch (error) {
      if (!(error instanceof WorkbenchError)) throw error
      refused.push({ file, error: toWire(error) })
    }
  }
  return { profiles, refused, warnings }
}

interface ChosenFolder {
  readonly path: string
  /** Content by chip. */
  readonly texts: ReadonlyMap<string, string>
  readonly blobs: ReadonlyMap<string, Uint8Array>
}

/** A repository has many folders with JSON in them; profiles lie together, so the folder with the most of them is meant. */
function chooseFolder(files: readonly ProfileSourceFile[], socs: ReadonlyMap<string, Soc>, warnings: string[]): ChosenFolder {
  const folders = new Map<string, ProfileSourceFile[]>()
  for (const file of files) {
    const chip = chipOf(file.path)
    const soc = chip === undefined ? undefined : socs.get(chip)
    if (!soc) continue
    if (!needsProfile(soc)) warnings.push(`${file.path} is not used: ${soc.name} needs no profile`)
    else folders.set(folderOf(file.path), [...(folders.get(folderOf(file.path)) ?? []), file])
  }
  const [best, ...others] = [...folders].sort(([a, aFiles], [b, bFiles]) => bFiles.length - aFiles.length || (a < b ? -1 : 1))
  for (const [path, left] of others) warnings.push(`${left.length} profiles in ${path === '' ? 'the top folder' : path} are not used; those in ${best?.[0] ?? ''} are`)
  const texts = new Map<string, string>()
  for (const { path, bytes } of best?.[1] ?? []) {
    const chip = chipOf(path) ?? ''
    // Two files that differ in capitals only.
    if (texts.has(chip)) throw new WorkbenchError('input/conflict', `There are two profiles for ${chip}`, { context: { chip } })
    texts.set(chip, new TextDecoder().decode(bytes))
  }
  const beside = files.filter(({ path }) => folderOf(path) === best?.[0])
  return { path: best?.[0] ?? '', texts, blobs: new Map(beside.map(({ path, bytes }) => [path.slice(folderOf(path).length), bytes])) }
}

function followAliases(chip: string, texts: ReadonlyMap<string, string>): { readonly text: string; readonly file: string } {
  const file = `${chip}.json`
  let current = chip
  for (let hops = 0; hops <= maxAliasHops; hops += 1) {
    const text = texts.get(current)
    if (text === undefined) throw new WorkbenchError('input/not-found', `${file} stands for ${current}.json, which is not there`, { context: { file, missing: `${current}.json` }, hint: 'Import the folder that holds both' })
    const next = aliasTarget(text)
    if (next === undefined) return { text, file: current === chip ? file : `${current}.json` }
    current = next
  }
  throw new WorkbenchError('input/malformed', `${file} stands for another file, which stands for another, without end`, { context: { file } })
}

function importOne(soc: Soc, { texts, blobs }: ChosenFolder, warnings: string[]): ImportedProfile {
  const { text, file } = followAliases(soc.name, texts)
  const parsed = parseProfileFile(text, file)
  for (const { variant, profile } of [parsed.base, ...parsed.variants]) checkSteps(profile, soc, `${file}${variant === undefined ? '' : `, variant ${variant}`}`)
  const stored: { name: string; bytes: Uint8Array }[] = []
  const own = (each: ResolvedProfile): string | undefined => {
    if (each.splBlobName === undefined) return undefined
    const bytes = blobs.get(each.splBlobName)
    if (!bytes) throw new WorkbenchError('input/missing-file', `${file}: SPL_BLOB names ${each.splBlobName}, which is not there`, { context: { file, field: 'SPL_BLOB' }, hint: 'Import the folder that holds both' })
    checkSplBlob(bytes, file, each.splBlobName)
    const name = `${soc.name}${each.variant === undefined ? '' : `.${each.variant}`}.spl`
    stored.push({ name, bytes })
    return name
  }
  const differences = [parsed.base, ...parsed.variants].flatMap((each) => differencesOf(each.profile, soc).map((what) => `${soc.name}${each.variant === undefined ? '' : `:${each.variant}`}: ${what}`))
  warnings.push(...differences)
  return {
    chip: soc.name, variants: parsed.variants.flatMap(({ variant }) => variant ?? []), json: `${JSON.stringify(withOwnNames(parsed, own))}\n`, blobs: stored,
    usable: hasAddressesOf(parsed.base.profile, soc),
  }
}

function withOwnNames({ base, variants, json }: ParsedProfileFile, own: (each: ResolvedProfile) => string | undefined): unknown {
  const { SPL_BLOB: _blob, variants: given, ...rest } = json as Readonly<Record<string, unknown>> & { variants?: Readonly<Record<string, Readonly<Record<string, unknown>>>> }
  const baseName = own(base)
  const renamed = variants.map((each) => {
    const name = own(each)
    const { SPL_BLOB: _own, ...overrides } = given?.[each.variant ?? ''] ?? {}
    return [each.variant ?? '', { ...overrides, ...(name === undefined ? {} : { SPL_BLOB: name }) }] as const
  })
  return { ...rest, ...(baseName === undefined ? {} : { SPL_BLOB: baseName }), ...(renamed.length === 0 ? {} : { variants: Object.fromEntries(renamed) }) }
}

export const hasAddressesOf = ({ ADDRESS: [step, spl, payload] }: BootProfile, soc: Soc): boolean =>
  step === soc.stepAddress && spl === soc.splAddress && payload === soc.payloadAddress

const hex = (value: number): string => `0x${value.toString(16).padStart(8, '0')}`

function differencesOf(profile: BootProfile, soc: Soc): readonly string[] {
  const found: string[] = []
  if (!hasAddressesOf(profile, soc)) {
    found.push(`the addresses are ${profile.ADDRESS.map(hex).join(', ')} and should be ${[soc.stepAddress, soc.splAddress, soc.payloadAddress].map(hex).join(', ')}; the profile will not be used`)
  }
  const lengths = [
    ['PRESTEP0', profile.PRESTEP0?.length ?? 0, soc.prestep0Bytes], ['DDRSTEP0', profile.DDRSTEP0.length, soc.ddrstep0Bytes], ['PRESTEP1', profile.PRESTEP1?.length ?? 0, soc.prestep1Bytes],
    ['FILELEN', profile.FILELEN[1], soc.splWindowBytes], ['SRAMLIMIT', profile.SRAMLIMIT ?? 0, soc.sramLimitBytes ?? 0],
  ] as const
  for (const [field, has, known] of lengths) if (has !== known) found.push(`${field} is ${has} bytes and ${known} are known`)
  return found
}
