import { stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { type Flags, helpOf, oneOf, type ParsedFlags, parseFlags, usage, wholeNumber } from '../arguments.ts'
import { readGivenText } from '../../../composition/givenFile.ts'
import type { CliDeps } from '../cliWorkbench.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'
import { createTeller, isJson, outputFlag, type Teller } from '../output/events.ts'
import { countText, sizeText } from '../output/words.ts'
import { releasePackage } from './releasePackage.ts'

const flags: Flags = {
  version: { type: 'string', value: 'V', help: 'manifest, package: the name of the version' },
  include: { type: 'string', value: 'GLOB', multiple: true, help: 'manifest: take these files only; may be given several times' },
  exclude: { type: 'string', value: 'GLOB', multiple: true, help: 'manifest, package: but not these' },
  'file-list': { type: 'string', value: 'FILE', help: 'manifest: the files, one a line; # begins a remark' },
  deletes: { type: 'string', value: 'FILE', help: 'manifest: what boards are to delete, one a line' },
  'post-update': { type: 'string', value: 'MODULE', help: 'manifest: run on the board after the update' },
  key: { type: 'string', value: 'KEY', help: 'manifest: signs; others on this computer can see it. Better: --key-file, or RACKBENCH_MANIFEST_KEY' },
  'key-file': { type: 'string', value: 'FILE', help: 'manifest: the key is the first line of this file' },
  service: { type: 'string', value: 'UNIT=PATH', multiple: true, help: 'package: a service and its file, such as app.service=bin/app; they start in this order' },
  out: { type: 'string', short: 'o', value: 'FILE', help: 'delta, package: where to; manifest: elsewhere than in the folder' },
  port: { type: 'string', value: 'P', help: 'serve: the port (default 8090)' },
  host: { type: 'string', value: 'ADDRESS', help: 'serve: where boards reach it (default 127.0.0.1, this computer only)' },
  output: outputFlag,
  help: { type: 'boolean', short: 'h', help: 'this text' },
}
const verbs = ['manifest', 'delta', 'package', 'serve'] as const

/** Releases of MicroPython boards: what is in them, what changed, and where boards fetch them; and packages for appliances. */
export async function releaseCommand(argv: readonly string[], deps: CliDeps): Promise<ExitCode> {
  const given = parseFlags('release', flags, argv, 3)
  if (given.has('help')) {
    helpOf('release manifest DIR --version V | delta OLD NEW -o FILE | package DIR --version V -o FILE | package OLD.zip NEW.zip -o FILE | serve DIR [--port P]', 'Describes a version for MicroPython boards, makes deltas (of two files, or of two folders into .deltas of the new one), or serves versions in the shape of GitHub. Packages are for appliances: of a folder that holds what is to lie below /opt/tope, or, of two packages, only what changed.', flags).forEach(deps.out.line)
    return exitCodes.success
  }
  const [word, ...rest] = given.positionals
  const verb = oneOf('release', word ?? '', verbs)
  const teller = createTeller(deps.out, isJson(given))
  if (verb === 'manifest') return makeManifest(rest, given, deps, teller)
  if (verb === 'package') return releasePackage(rest, given, deps, teller)
  return verb === 'delta' ? makeDelta(rest, given, deps, teller) : serve(rest, given, deps, teller)
}

/** Exactly one of the three ways; the file and the environment keep it out of the list of processes. */
export async function keyOf(given: ParsedFlags, environment: CliDeps['environment']): Promise<string | undefined> {
  const file = given.text('key-file')
  if (file !== undefined && given.has('key')) throw usage('--key and --key-file are two keys')
  if (file === undefined) return given.text('key') ?? (environment['RACKBENCH_MANIFEST_KEY'] || undefined)
  const text = await readGivenText(file, 'The key is the first line of this file')
  const key = text.split(/\r?\n/)[0] ?? ''
  if (key === '') throw usage('The first line of the key file is empty')
  return key
}

async function makeManifest([folder, ...more]: readonly string[], given: ParsedFlags, deps: CliDeps, { done }: Teller): Promise<ExitCode> {
  const version = given.text('version')
  if (folder === undefined || more.length > 0 || version === undefined) throw usage('A folder and a version are needed', 'rackbench release manifest DIR --version V')
  const path = (name: string): string | undefined => { const text = given.text(name); return text === undefined ? undefined : resolve(text) }
  const facts = await deps.releases.makeManifest({
    folder: resolve(folder), version, include: given.texts('include'), exclude: given.texts('exclude'), fileListPath: path('file-list'), deletesPath: path('deletes'),
    postUpdate: given.text('post-update'), key: await keyOf(given, deps.environment), outPath: path('out'), generatedAt: `${new Date().toISOString().slice(0, 19)}Z`,
  }, deps.interrupt.signal)
  return done(exitCodes.success, facts, `${facts.path}: ${facts.version}, ${countText(facts.files.length, 'file')}, ${sizeText(facts.totalBytes)}, ${facts.signed ? 'signed' : 'not signed'}`)
}

async function makeDelta([older, newer]: readonly string[], given: ParsedFlags, deps: CliDeps, { done }: Teller): Promise<ExitCode> {
  if (older === undefined || newer === undefined) throw usage('An old and a new file are needed', 'rackbench release delta OLD NEW -o FILE')
  const [oldPath, newPath, out] = [resolve(older), resolve(newer), given.text('out')]
  const isFolder = async (path: string): Promise<boolean> => stat(path).then((found) => found.isDirectory(), () => false)
  if (await isFolder(oldPath) && await isFolder(newPath)) {
    if (out !== undefined) throw usage('Deltas of two folders go into the new one, so --out is not needed')
    const list = await deps.releases.makeDeltas({ oldFolder: oldPath, newFolder: newPath, oldRef: basename(oldPath), newRef: basename(newPath) }, deps.interrupt.signal)
    return done(exitCodes.success, { path: join(newPath, '.deltas'), ...list }, `${countText(list.deltas, 'delta')}, ${sizeText(list.total_delta_size)} instead of ${sizeText(list.total_new_size)}`)
  }
  if (out === undefined) throw usage('Where to?', 'rackbench release delta OLD NEW -o FILE')
  const facts = await deps.releases.makeDelta({ oldPath, newPath, outPath: resolve(out) }, deps.interrupt.signal)
  return done(exitCodes.success, facts, `${facts.path}: ${sizeText(facts.deltaBytes)} instead of ${sizeText(facts.newBytes)} (${facts.savedPercent > 0 ? `${String(facts.savedPercent)} % saved` : 'nothing saved: boards better fetch the file'}), applied once and proved`)
}

const noVersions = 'There is no version in this folder yet, and boards are told so: each is a folder that is named like it, or the folder holds one manifest.json. One that comes is served at once'
const shownVersions = (versions: readonly string[]): string => (versions.length <= 5 ? versions.join(', ') || 'nothing' : `${String(versions.length)} versions, the newest ${versions.at(-1) ?? ''},`)

async function serve([folder, ...more]: readonly string[], given: ParsedFlags, deps: CliDeps, { say, done }: Teller): Promise<ExitCode> {
  if (folder === undefined || more.length > 0) throw usage('A folder of versions is needed', 'rackbench release serve DIR')
  await deps.releases.serve({
    folder: resolve(folder), host: given.text('host') ?? '127.0.0.1', port: wholeNumber('--port', given.text('port') ?? '8090', 0, 65_535),
    ready: ({ url, port, versions }) => {
      say('serving', { url, port, versions }, `Serving ${shownVersions(versions)} on ${url}; Ctrl-C ends it`)
      if (versions.length === 0) say('note', { words: noVersions }, noVersions)
    }, log: (line) => { say('request', { line }, line) },
  }, deps.interrupt.signal)
  return done(exitCodes.success, {}, '')
}
