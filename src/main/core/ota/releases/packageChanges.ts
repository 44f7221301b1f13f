import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { parseIncremental } from '../../../protocols/updater/incremental.ts'
import { type PackageManifest, type PackageModule, parsePackageManifest, targetRoot, unitsInOrder } from '../../../protocols/updater/manifest.ts'
import { writeIncremental, writePackageManifest } from '../../../protocols/updater/writeManifest.ts'
import { filesThatStay, unitsWithBase } from '../updater/incremental.ts'

/** What an updater writes for one module. */
export interface PackedFile { readonly path: string; readonly sha256: string; readonly sizeBytes: number; readonly mode: number }
/** Modules with what the archive really holds for each, in their order. */
export interface WholePackage { readonly manifest: PackageManifest; readonly files: readonly PackedFile[] }

export interface ServiceWish { readonly unit: string; readonly path: string }
/** A manifest has no more modules. */
const mostModules = 2000

/** The package of a folder that holds what is to lie below the root of versions; services start in the order in which they are named. */
export function wholePackageOf(version: string, files: readonly PackedFile[], services: readonly ServiceWish[]): WholePackage {
  if (files.length === 0) throw new WorkbenchError('input/not-found', 'No file is left for the package')
  if (files.length > mostModules) throw new WorkbenchError('input/too-large', `The package would have ${files.length} files, and an updater takes ${mostModules}`, { hint: 'Leave some out with --exclude' })
  const units = new Map<string, { readonly unit: string; readonly order: number }>()
  for (const [order, { unit, path }] of services.entries()) {
    if (!files.some((file) => file.path === path)) throw new WorkbenchError('input/not-found', `${unit} is said to be ${path}, and there is no such file in the package`)
    if (units.has(path)) throw new WorkbenchError('input/conflict', `${path} has two services, ${units.get(path)?.unit ?? ''} and ${unit}`, { hint: 'Give the second one another file of its own' })
    units.set(path, { unit, order })
  }
  const modules = files.map(({ path, sha256, sizeBytes }) => ({ name: path, src: `files/${path}`, dst: `${targetRoot}${path}`, process_name: units.get(path)?.unit, restart_order: units.get(path)?.order, sha256, size: sizeBytes }))
  return { manifest: parsePackageManifest(JSON.stringify({ version, modules })), files }
}

export interface PackageChanges {
  readonly brought: readonly PackageModule[]
  readonly keptFiles: number
  readonly deleted: readonly string[]
  readonly manifestText: string
  readonly incrementalText: string
}

/** What of the newer one a device with the older one lacks. */
export function changesBetween(older: WholePackage, newer: WholePackage): PackageChanges {
  const [base, head] = [older.manifest.version, newer.manifest.version]
  if (base === head) throw new WorkbenchError('input/conflict', `Both packages are version ${head}`, { hint: 'A version that is there is never installed over' })
  const before = new Map(older.files.map((file, index) => [file.path, { ...file, unit: older.manifest.modules[index]?.unit, dst: older.manifest.modules[index]?.dst ?? '' }]))
  const isSame = (module: PackageModule, file: PackedFile): boolean => {
    const was = before.get(module.path)
    // Commands are run for what is brought, and a service is known by the file that it comes with.
    return was?.sha256 === file.sha256 && was.mode === file.mode && was.unit === module.unit && was.dst === module.dst && module.postCommands.length === 0
  }
  const changed = newer.manifest.modules.filter((module, index) => { const file = newer.files[index]; return !file || !isSame(module, file) })
  const brought = changed.length > 0 ? changed : [smallest(newer)]
  const places = new Set(newer.manifest.modules.map(({ dst }) => dst))
  const deleted = older.manifest.modules.map(({ dst }) => dst).filter((dst) => !places.has(dst))
  refuseOtherServices(older, newer, brought)
  return { brought, deleted, keptFiles: newer.files.length - brought.length, manifestText: writePackageManifest({ version: head, modules: brought }), incrementalText: writeIncremental(base, head, deleted) }
}

/** A manifest without a module is none, also where files only go. */
function smallest({ manifest, files }: WholePackage): PackageModule {
  const [least] = manifest.modules.map((module, index) => ({ module, sizeBytes: files[index]?.sizeBytes ?? 0 })).sort((a, b) => a.sizeBytes - b.sizeBytes)
  if (!least) throw new WorkbenchError('internal/bug', 'A manifest without modules was read')
  return least.module
}

/** The services of the base go on, so a package of changes can add some and neither leave one out nor put them in another order. */
function refuseOtherServices(older: WholePackage, newer: WholePackage, brought: readonly PackageModule[]): void {
  const [before, wanted] = [unitsInOrder(older.manifest), unitsInOrder(newer.manifest)]
  const after = unitsWithBase({ units: before }, unitsInOrder({ version: newer.manifest.version, modules: brought }))
  if (JSON.stringify(after) === JSON.stringify(wanted)) return
  const gone = before.filter((unit) => !wanted.includes(unit))
  const why = gone.length > 0 ? `no longer has ${gone.join(', ')}` : `starts its services in the order ${wanted.join(', ')}`
  throw new WorkbenchError('input/not-supported', `Version ${newer.manifest.version} ${why}, and a package of changes cannot say that`, { hint: 'Install the whole package on these appliances' })
}

/** Follows what a device does with the package that was made; fails unless exactly the newer version comes out. */
export function proveChanges(older: WholePackage, newer: WholePackage, made: { readonly incrementalText: string | undefined } & WholePackage): void {
  const incremental = parseIncremental(made.incrementalText ?? '', made.manifest.version, 'any')
  const stay = filesThatStay(incremental, new Set(made.files.map(({ path }) => path)), older.files)
  if (incremental.base !== older.manifest.version) throw notProved('it does not build on the older one')
  proveFiles(newer.files, [...stay, ...made.files])
}

export function proveFiles(wanted: readonly PackedFile[], found: readonly PackedFile[]): void {
  const text = (files: readonly PackedFile[]): string => files.map(({ path, sha256, mode }) => `${path} ${sha256} ${mode.toString(8)}`).sort().join('\n')
  if (text(wanted) !== text(found)) throw notProved('it does not hold what was chosen')
}

const notProved = (why: string): WorkbenchError => new WorkbenchError('input/conflict', `The package was read back, and ${why}`, { hint: 'Have its files been changed meanwhile? Build it once more' })
