import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { PackageMade } from '../../../../shared/ota/packageBuild.schema.ts'
import { type ParsedFlags, quoted, usage } from '../arguments.ts'
import type { CliDeps } from '../cliWorkbench.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'
import type { Teller } from '../output/events.ts'
import { countText, sizeText } from '../output/words.ts'

const wholeHint = 'rackbench release package DIR --version V -o FILE'
const changesHint = 'rackbench release package OLD.zip NEW.zip -o FILE'

/** A package for appliances: of a folder whole, of two packages what changed. */
export async function releasePackage([first, second]: readonly string[], given: ParsedFlags, deps: CliDeps, { done }: Teller): Promise<ExitCode> {
  const out = given.text('out')
  if (first === undefined) throw usage('A folder is needed, or two packages', `${wholeHint}, or ${changesHint}`)
  if (out === undefined) throw usage('Where to? -o is missing', second === undefined ? wholeHint : changesHint)
  const made = second === undefined ? await ofFolder(resolve(first), resolve(out), given, deps) : await ofChanges(resolve(first), resolve(second), resolve(out), given, deps)
  return done(exitCodes.success, { ...made }, wordsOf(made))
}

async function ofFolder(folder: string, outPath: string, given: ParsedFlags, deps: CliDeps): Promise<PackageMade> {
  if (await stat(folder).then((found) => found.isFile(), () => false)) throw usage('One package alone has no changes', `${changesHint}, or a folder: ${wholeHint}`)
  const version = given.text('version')
  if (version === undefined) throw usage('Which version is it?', wholeHint)
  const services = given.texts('service').map((text) => {
    const at = text.indexOf('=')
    if (at < 1 || at === text.length - 1) throw usage(`--service ${quoted(text)} is not UNIT=PATH`, 'Such as app.service=bin/app')
    return { unit: text.slice(0, at), path: text.slice(at + 1) }
  })
  return deps.releases.makePackage({ folder, version, services, exclude: given.texts('exclude'), outPath }, deps.interrupt.signal)
}

async function ofChanges(oldPath: string, newPath: string, outPath: string, given: ParsedFlags, deps: CliDeps): Promise<PackageMade> {
  const [unused] = ['version', 'service', 'exclude'].filter((name) => given.has(name))
  if (unused !== undefined) throw usage(`--${unused} stands in the newer package already`)
  return deps.releases.makePackageOfChanges({ oldPath, newPath, outPath }, deps.interrupt.signal)
}

function wordsOf({ path, version, base, files, keptFiles, deleted, units, sizeBytes, md5, sha256, wholeBytes }: PackageMade): string {
  const services = units.length === 0 ? 'no services' : `services ${units.join(', ')}`
  const holds = base === undefined
    ? `${path}: ${version}, ${countText(files, 'file')}, ${sizeText(wholeBytes)} unpacked, ${services}`
    : `${path}: ${base} to ${version}, ${countText(files, 'file')} brought, ${keptFiles} kept, ${deleted.length} deleted; only an appliance that runs ${base} takes it`
  return `${holds}\n${sizeBytes} bytes, MD5 ${md5}, SHA-256 ${sha256}`
}
