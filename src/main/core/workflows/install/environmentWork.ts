import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import type { InstallPlan } from '../../../../shared/install/install.schema.ts'
import { type EnvironmentListing, environmentLine, parseEnvironmentListing } from '../../../protocols/uboot/environmentListing.ts'
import { askAgain, type UbootSession } from '../../uboot/ubootSession.ts'
import { judgeBootCommand, sameTable } from './bootCommand.ts'
import { asExpanded, checkTypable, type IdentityPlan, planIdentity, type RandomBytes, type Setting } from './identity.ts'
import { bootSettingsFor, installLayouts } from './installLayout.ts'

const readings = 10

/**
 * All variables, as two readings agree on them. Its count finds a lost line, but not a digit that became another; and what is read here is
 * what is saved in the end.
 */
export async function readVariables(session: UbootSession, signal: AbortSignal): Promise<EnvironmentListing> {
  const seen = new Set<string>()
  return askAgain(readings, signal, async () => {
    const output = await session.run('printenv', { limitMs: 30_000, exact: true, dataLine: environmentLine }, signal)
    const listing = parseEnvironmentListing(output)
    const text = listing && JSON.stringify([...listing.variables])
    if (listing && text !== undefined && seen.has(text)) return listing
    if (text !== undefined) seen.add(text)
    throw new WorkbenchError('link/garbled', 'U-Boot\'s environment did not arrive whole', { context: { output: output.slice(-200) }, hint: 'The console drops or alters bytes: check the UART wiring and its ground' })
  })
}

export type EnvironmentWish = Pick<InstallPlan, 'layout' | 'release' | 'request' | 'partitions'> & {
  /** Read before anything was set, by us or for us. */
  readonly found: ReadonlyMap<string, string>
  readonly randomBytes: RandomBytes
  readonly warn: (message: string) => void
}

/**
 * What the camera's environment has to be, worked out and tried in its RAM before anything is written: a variable that this U-Boot lacks or
 * will not set is found while the old system is still there.
 */
export async function prepareEnvironment(session: UbootSession, wish: EnvironmentWish, signal: AbortSignal): Promise<IdentityPlan> {
  const { found } = wish
  const base = wish.request.wipeEnv ? await defaultsOf(session, signal) : found
  const identity = planIdentity({ found, base, wanted: settingsFor(wish, base), randomBytes: wish.randomBytes })
  await settle(session, identity, signal)
  return identity
}

/** Of this U-Boot build. In RAM only; the flash still holds what was there. */
async function defaultsOf(session: UbootSession, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
  await session.run('env default -a', { limitMs: 10_000 }, signal)
  return (await readVariables(session, signal)).variables
}

function settingsFor(wish: EnvironmentWish, base: ReadonlyMap<string, string>): readonly Setting[] {
  const { layout: { name, mtdparts }, release, request } = wish
  const { variables, mtdpartsMacro, needs } = bootSettingsFor(installLayouts[name], release.rootfsKind, base.get('osmem'))
  const missing = needs.find((each) => (base.get(each) ?? '') === '')
  if (missing !== undefined) {
    throw new WorkbenchError('device/refused', `This camera's U-Boot environment has no ${missing}, and the installed system would not start without it`, {
      context: { variable: missing }, hint: request.wipeEnv ? 'This U-Boot is not OpenIPC\'s; choose the one of this chip' : 'Its environment is of another system: install with the environment wiped (--wipe-env), or choose OpenIPC\'s U-Boot for this chip',
    })
  }
  const macroText = mtdpartsMacro === undefined ? undefined : base.get(mtdpartsMacro)
  const own = mtdpartsMacro === undefined || macroText === undefined ? undefined : tableOfMacro(mtdpartsMacro, macroText, mtdparts, request.wipeEnv)
  const settings = [...variables].map(([variable, typed]) => {
    const chosen = variable === 'mtdparts' && own !== undefined ? own : typed
    return { name: variable, typed: chosen, value: asExpanded(chosen, base) }
  })
  checkBootCommand(wish, needs, new Map([...base, ...settings.map((each) => [each.name, each.value] as const)]))
  return settings
}

/** What `bootcmd` leans on has to start the system that will be there. */
function checkBootCommand({ layout, partitions, request, warn }: EnvironmentWish, needs: readonly string[], variables: ReadonlyMap<string, string>): void {
  const [name = ''] = needs
  const text = variables.get(name) ?? ''
  const hint = request.wipeEnv ? 'This U-Boot is not OpenIPC\'s, or not for this layout; choose the one of this chip' : 'It is of another system or another layout: install with the environment wiped (--wipe-env), or set it right on the console'
  const refuse = (why: string): WorkbenchError => new WorkbenchError('device/refused', `${name} in this camera's environment ${why}; the installed system would not start with it`, { context: { variable: name }, hint })
  if (name === 'baseaddr') {
    if (!/^(?:0x)?[0-9a-f]{1,8}$/i.test(text)) throw refuse(`is no address: "${text.slice(0, 40)}"`)
    return
  }
  const kernelBytes = partitions.filter((each) => each.name === 'kernel' || each.name.startsWith('kernel.')).reduce((sum, each) => sum + each.lengthBytes, 0)
  const verdict = judgeBootCommand({ name, variables, layout: installLayouts[layout.name], kernelBytes })
  if (verdict.is === 'wrong') throw refuse(verdict.why)
  if (verdict.is === 'unknown') warn(`What ${name} in this camera's environment starts cannot be told from its text: "${text.slice(0, 120)}". Only the restart will show it`)
}

/** One command and one table; nothing that a shell would read further. */
const setsTable = /^\s*setenv mtdparts (?<table>[\w.,:()@-]{1,800})\s*;?\s*$/

/**
 * The build's own command knows the device's name. It is read and never run: whoever had this camera before may have written anything there.
 * Its table counts only when it is the layout's.
 */
function tableOfMacro(macro: string, text: string, wanted: string, isDefault: boolean): string | undefined {
  const table = setsTable.exec(text)?.groups?.['table']
  if (table === undefined) {
    throw new WorkbenchError('device/refused', `${macro} in this camera's environment does something else than set its partition table, and is not run: "${text.slice(0, 120)}"`, {
      context: { variable: macro }, hint: isDefault ? 'This U-Boot is not OpenIPC\'s; choose the one of this chip' : 'Look at it on the console, and set it right or delete it there; or install with the environment wiped (--wipe-env)',
    })
  }
  return sameTable(table, wanted) === true ? table : undefined
}

/** U-Boot sets these by itself and may refuse to let go of them. */
const ofUbootItself: ReadonlySet<string> = new Set(['stdin', 'stdout', 'stderr', 'ethact', 'ver'])
const rounds = 3

export interface Deviation {
  readonly name: string
  readonly found: string | undefined
  readonly wanted: string | undefined
}

export function deviationsOf(found: ReadonlyMap<string, string>, wanted: ReadonlyMap<string, string>): readonly Deviation[] {
  return [...new Set([...found.keys(), ...wanted.keys()])]
    .filter((name) => found.get(name) !== wanted.get(name) && !ofUbootItself.has(name))
    .map((name) => ({ name, found: found.get(name), wanted: wanted.get(name) }))
}

/**
 * Until U-Boot's variables are what they have to be: what a transfer left behind goes, what it changed comes back. Only in RAM. Values that
 * are set for the first time are typed as the plan says, since U-Boot reads them once more.
 */
export async function settle(session: UbootSession, { set, whole }: Pick<IdentityPlan, 'set' | 'whole'>, signal: AbortSignal): Promise<void> {
  for (let round = 1; ; round += 1) {
    const left = deviationsOf((await readVariables(session, signal)).variables, whole)
    const [first] = left
    if (!first) return
    if (round > rounds) throw new WorkbenchError('device/refused', `U-Boot does not keep its variable ${first.name} as it was set`, { context: { variables: left.map(({ name }) => name).join(', ').slice(0, 200) }, hint: 'Choose another U-Boot build, or install with the environment wiped' })
    for (const { name, wanted } of left) {
      const typed = set.find((each) => each.name === name)?.typed ?? (wanted === undefined ? '' : asTyped(wanted))
      checkTypable(name, typed === '' ? '-' : typed)
      await session.run(typed === '' ? `setenv ${name}` : `setenv ${name} ${typed}`, { limitMs: 5_000 }, signal)
    }
  }
}

/** So that the shell gives it back as it is. */
const asTyped = (value: string): string => value.replaceAll(/[\\;$&|#"']/g, (each) => `\\${each}`)
