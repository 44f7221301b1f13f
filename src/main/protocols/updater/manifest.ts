import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { updaterFault } from '../../../shared/ota/updaterFault.ts'
import { moduleSchema, manifestSchema } from '../../../shared/ota/packageManifest.schema.ts'
import { readAs } from '../../../shared/ota/readAs.ts'

/** A manifest that is longer describes something else. */
export const mostManifestBytes = 1024 * 1024
/** Where the targets of a package lie; what is left of them after it is the place in a version's folder. */
export const targetRoot = '/opt/tope/'
export const defaultOrder = 1000

/** One file of a package: where it stands in the archive and where it goes. */
export interface PackageModule {
  readonly name: string
  readonly src: string
  readonly dst: string
  /** In the folder of the version; of one outside its place below the root of the device, too. */
  readonly path: string
  readonly isOutside: boolean
  readonly unit: string | undefined
  readonly order: number
  readonly postCommands: readonly string[]
  readonly md5: string | undefined
  readonly sha256: string | undefined
  readonly sizeBytes: number | undefined
}

export interface PackageManifest {
  readonly version: string
  /** In the order of the file. */
  readonly modules: readonly PackageModule[]
}

const refuse = (what: string): Error => updaterFault('INVALID_MANIFEST', what, { hint: 'The package has to be made anew' })

/** The whole of `manifest.json`, checked; every refusal is `INVALID_MANIFEST` and says which module and which field. */
export function parsePackageManifest(text: string, also: AlsoAllowed = []): PackageManifest {
  const raw = parsed(text)
  const whole = readAs(manifestSchema, raw, (wrong) => refuse(`manifest.json: ${wrong}`))
  const modules = whole.modules.map((each, index) => moduleOf(each, index + 1, also))
  refuseDoubles(modules)
  return { version: whole.version, modules }
}

function parsed(text: string): unknown {
  try {
    // A Windows editor begins a file with a mark that is no part of it.
    return JSON.parse(text.replace(/^\ufeff/, ''))
  } catch {
    throw refuse('manifest.json is not JSON')
  }
}

function moduleOf(raw: unknown, number: number, also: AlsoAllowed): PackageModule {
  if (typeof raw === 'object' && raw !== null && !('dst' in raw) && 'dest' in raw) {
    throw refuse(`module ${number} has no "dst"; it has "dest", which is not the name of that field`)
  }
  const given = readAs(moduleSchema, raw, (wrong) => refuse(`module ${number}: ${wrong}`))
  const called = `module ${number} (${given.name})`
  if (given.src.startsWith('/') || !isPlainPath(given.src)) throw refuse(`${called}: "src" must be a path inside the archive without "." or ".."`)
  return {
    name: given.name, src: given.src, dst: given.dst, ...placeOf(given.dst, `${called}: "dst"`, also), unit: given.process_name, order: given.restart_order ?? defaultOrder,
    postCommands: given.post_cmds ?? [], md5: given.md5, sha256: given.sha256, sizeBytes: given.size,
  }
}

/** Folders beside the root of versions that the owner of the device opened to packages, as `usr/local/bin`; `any` where the device itself decides. */
export type AlsoAllowed = readonly string[] | 'any'

/** Where a target goes: what is left of it below its root is the place in the folder of a version. */
export function placeOf(dst: string, called: string, also: AlsoAllowed, refused: (what: string) => Error = refuse): { readonly path: string; readonly isOutside: boolean } {
  if (!dst.startsWith('/')) throw refused(`${called} must be an absolute path`)
  if (!isPlainPath(dst.slice(1))) throw refused(`${called} must be a path without "." or ".."`)
  // With its slash: /opt/topevil is somebody else's.
  const isOutside = !dst.startsWith(targetRoot)
  const path = isOutside ? dst.slice(1) : dst.slice(targetRoot.length)
  if (isOutside && also !== 'any' && !also.some((root) => path.startsWith(`${root}/`))) throw refused(`${called} ${dst} does not lie in ${[targetRoot, ...also.map((root) => `/${root}/`)].join(' or ')}, and only that is taken`)
  const [first = ''] = path.split('/')
  if (first.startsWith('.') || (!isOutside && first.toLowerCase() === 'versions')) throw refused(`${called} ${dst} lies in the updater's own folders`)
  return { path, isOutside }
}

/** As somebody names them: `/usr/local/bin`. Neither the root of everything nor anything that holds or lies in the versions. */
export function readAlsoAllowed(given: readonly string[]): readonly string[] {
  return given.map((text) => {
    const path = text.replace(/\/+$/, '').slice(1)
    const own = targetRoot.slice(1)
    if (!text.startsWith('/') || !isPlainPath(path) || path.startsWith('.') || own.startsWith(`${path}/`) || `${path}/`.startsWith(own)) {
      throw new WorkbenchError('input/malformed', `${JSON.stringify(text.slice(0, 200))} cannot be opened to packages`, { hint: `A whole path such as /usr/local/bin, outside of ${targetRoot} and not above it` })
    }
    return path
  })
}

/** Parts between slashes, none empty, none `.` or `..`, nothing that a name cannot hold. */
// eslint-disable-next-line no-control-regex -- control characters in a name are what is refused
export const isPlainPath = (path: string): boolean => !/[\x00-\x1f\x7f\\]/.test(path) && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..' && part.length <= 255)

function refuseDoubles(modules: readonly PackageModule[]): void {
  const names = new Set<string>()
  const places = new Map<string, PackageModule>()
  for (const module of modules) {
    if (names.has(module.name)) throw refuse(`two modules are called ${module.name}`)
    names.add(module.name)
    // Also of names that differ only in case: a package means one of them, and not every disk tells them apart.
    const key = module.path.toLowerCase()
    const other = places.get(key)
    if (other) throw refuse(`${module.name} and ${other.name} have the same "dst" ${module.dst}`)
    places.set(key, module)
  }
  for (const module of modules) {
    const parts = module.path.toLowerCase().split('/')
    for (let count = 1; count < parts.length; count += 1) {
      const above = places.get(parts.slice(0, count).join('/'))
      if (above) throw refuse(`${module.name} would lie inside of ${above.name}, which is a file`)
    }
  }
}

/** Units in the order of their start; each once, at its earliest place. */
export function unitsInOrder(manifest: PackageManifest): readonly string[] {
  const sorted = [...manifest.modules].sort((a, b) => a.order - b.order)
  return [...new Set(sorted.map(({ unit }) => unit).filter((unit) => unit !== undefined))]
}
