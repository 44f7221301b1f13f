import type { DeviceFs, DevicePath } from '../../../../shared/devices/deviceFs.ts'
import { joined } from '../../../../shared/devices/devicePath.ts'
import type { Services } from '../../../../shared/devices/services.ts'
import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { type Clock, withDeadline } from '../../../../shared/lifecycle/clock.ts'
import { applianceLockSchema, type ApplianceLockText, type ProcessMark } from '../../../../shared/ota/applianceLock.schema.ts'
import { wallText } from '../../report/reportText.ts'
import { ensureFoldersAbove, linkAt } from '../deviceFiles.ts'

/** Beside the versions, so that everybody who changes them meets it: the updater there, and workbenches over SSH. */
export const applianceLockName = '.lock'
const beatName = `${applianceLockName}.beat`
/** Whoever works from elsewhere shows every five seconds that it lives; nine signs that did not come are its end. */
export const lockLimits = { beatMs: 5_000, lookMs: 1_000, staleMs: 45_000, unseenMs: 20_000, releaseMs: 20_000 } as const
const mostAttempts = 5

export interface ApplianceLockDeps {
  readonly fs: DeviceFs
  /** `opt/tope/versions`. */
  readonly folder: DevicePath
  readonly clock: Clock
  readonly newId: () => string
  readonly who: string
  /** Of a holder on the appliance itself. Its life is asked of the system, and no sign of it wears the flash. */
  readonly process?: ProcessMark | undefined
  /** `undefined`: from here nobody can tell. */
  readonly isRunning: (mark: ProcessMark, signal: AbortSignal) => Promise<boolean | undefined>
  readonly tell: (words: string) => void
}

export interface ApplianceLock {
  /** Still ours. A computer that slept may find that it is not, and must then change nothing more. */
  demand(signal: AbortSignal): Promise<void>
  /** Never fails: what cannot be taken away is told, and found dead by whoever comes next. */
  release(): Promise<void>
}

interface Found { readonly text: string; readonly lock: ApplianceLockText | undefined }

/** `pod/busy` says who has it and since when. One whose holder is gone is taken over, and that is told. */
export async function takeApplianceLock(deps: ApplianceLockDeps, signal: AbortSignal): Promise<ApplianceLock> {
  const { fs, folder, clock, newId, who, process } = deps
  const at = joined(folder, applianceLockName)
  const lock: ApplianceLockText = { v: 1, id: newId(), who: who.slice(0, 300), since: Math.floor(clock.wallMs()), ...(process ? { process } : {}) }
  const text = JSON.stringify(lock)
  const made = await ensureFoldersAbove(fs, at, signal)
  try {
    for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
      const isTaken = await fs.symlink(text, at, signal).then(() => true, (error: unknown) => { if (error instanceof WorkbenchError && error.code === 'device/exists') return false; throw error })
      if (isTaken) return await held({ text, at, made }, deps, signal)
      const found = await foundAt(fs, at, signal)
      if (found === undefined || !await isDead(found, at, deps, signal)) continue
      deps.tell(`${found.lock?.who ?? 'Somebody'} had this appliance${sinceOf(found)} and is gone; it is taken over`)
      await putAside(found, at, deps, signal)
    }
    throw new WorkbenchError('pod/busy', `${fs.label} is in use by somebody else again and again`, { hint: 'Try again in a minute' })
  } catch (error) {
    await unmake(fs, made)
    throw error
  }
}

/** What can be changed only while it is ours. */
export function underLock(fs: DeviceFs, lock: ApplianceLock): DeviceFs {
  return {
    ...fs,
    write: async (path, content, signal, more) => { await lock.demand(signal); return fs.write(path, content, signal, more) },
    rename: async (from, to, signal) => { await lock.demand(signal); return fs.rename(from, to, signal) },
    remove: async (path, signal) => { await lock.demand(signal); return fs.remove(path, signal) },
    mkdir: async (path, signal) => { await lock.demand(signal); return fs.mkdir(path, signal) },
    symlink: async (target, path, signal) => { await lock.demand(signal); return fs.symlink(target, path, signal) },
    chmod: async (path, mode, signal) => { await lock.demand(signal); return fs.chmod(path, mode, signal) },
  }
}

export const servicesUnderLock = (services: Services, lock: ApplianceLock): Services => ({
  ...services,
  stop: async (unit, signal) => { await lock.demand(signal); return services.stop(unit, signal) },
  start: async (unit, signal) => { await lock.demand(signal); return services.start(unit, signal) },
  runCommand: async (command, signal) => { await lock.demand(signal); return services.runCommand(command, signal) },
})

/** For a plan: `undefined` when nobody has it, or nobody can tell. */
export async function applianceHolder(fs: DeviceFs, folder: DevicePath, signal: AbortSignal): Promise<string | undefined> {
  const found = await foundAt(fs, joined(folder, applianceLockName), signal)
  return found && `${found.lock?.who ?? 'somebody'}${sinceOf(found)}`
}

async function held({ text, at, made }: { readonly text: string; readonly at: DevicePath; readonly made: readonly DevicePath[] }, deps: ApplianceLockDeps, signal: AbortSignal): Promise<ApplianceLock> {
  const { fs, folder, clock, tell } = deps
  const beat = joined(folder, beatName)
  const over = new AbortController()
  let [seenMs, count, isLost] = [clock.wallMs(), 0, false]
  const lost = (): WorkbenchError => new WorkbenchError('link/closed', `The turn on ${fs.label} is over: this computer gave no sign for ${String(lockLimits.staleMs / 1000)} s, and somebody else took over`, { hint: 'Nothing more was changed; look at the appliance again' })
  const look = async (within: AbortSignal): Promise<void> => {
    if ((await foundAt(fs, at, within))?.text !== text) isLost = true
    if (isLost) throw lost()
    seenMs = clock.wallMs()
  }
  const release = async (): Promise<void> => {
    over.abort(new Error('the turn is over'))
    await beating
    await withDeadline(clock, lockLimits.releaseMs, 'giving the appliance back', new AbortController().signal, async (within) => {
      if ((await foundAt(fs, at, within))?.text !== text) return
      // The sign first: the next one makes its own.
      if (!deps.process && await fs.stat(beat, within)) await fs.remove(beat, within)
      await fs.remove(at, within)
      await unmake(fs, made)
    }).catch((error: unknown) => { tell(`${at} stays for now: ${error instanceof Error ? error.message : String(error)}`) })
  }
  const beats = async (): Promise<void> => {
    while (!over.signal.aborted && !isLost) {
      try {
        await clock.sleep(lockLimits.beatMs, over.signal)
        await look(over.signal)
        // A change of rights needs no room on a full disk.
        await fs.chmod(beat, 0o600 | (count += 1) & 0o77, over.signal)
      } catch { /* Asked again, or over; what changes something looks for itself. */ }
    }
  }
  let beating: Promise<void> = Promise.resolve()
  try {
    if (!deps.process) { await fs.write(beat, [], signal, { mode: 0o600 }); beating = beats() }
  } catch (error) {
    await release()
    throw error
  }
  return {
    demand: async (within) => {
      if (isLost) throw lost()
      // By the wall clock: the other one stands still while a computer sleeps.
      if (!deps.process && Math.abs(clock.wallMs() - seenMs) > lockLimits.unseenMs) await look(within)
    },
    release,
  }
}

/** False: it changed meanwhile, so that everything is looked at anew. */
async function isDead(found: Found, at: DevicePath, { fs, folder, clock, isRunning, tell }: ApplianceLockDeps, signal: AbortSignal): Promise<boolean> {
  const mark = found.lock?.process
  if (mark) {
    const isThere = await isRunning(mark, signal)
    if (isThere === false) return true
    throw busy(found, at, fs.label, isThere === true ? 'Wait for it to end, or end it' : `Wait for it to end, or end it. If process ${String(mark.pid)} does not run there any more, start the updater once or take away /${at}`)
  }
  const sign = async (): Promise<number | undefined> => (await fs.stat(joined(folder, beatName), signal))?.mode
  const before = await sign()
  tell(`${fs.label} is in use by ${found.lock?.who ?? 'somebody'}${sinceOf(found)}; looking whether that is still alive`)
  for (const endMs = clock.nowMs() + lockLimits.staleMs; clock.nowMs() < endMs;) {
    await clock.sleep(lockLimits.lookMs, signal)
    const now = await sign()
    if ((await foundAt(fs, at, signal))?.text !== found.text) return false
    if (now !== before) throw busy(found, at, fs.label, 'Wait for it to end, or cancel it there')
  }
  return true
}

const busy = (found: Found, at: DevicePath, label: string, hint: string): WorkbenchError =>
  new WorkbenchError('pod/busy', `${label} is in use by ${found.lock?.who ?? 'somebody'}${sinceOf(found)}`, { hint, context: { lock: at, ...(found.lock ? { holder: found.lock.who, sinceMs: found.lock.since } : {}) } })

const sinceOf = ({ lock }: Found): string => (lock ? ` since ${wallText(lock.since)}` : '')

/** Under a name that only this one has: two who come at once move it once. */
async function putAside(found: Found, at: DevicePath, { fs, newId }: ApplianceLockDeps, signal: AbortSignal): Promise<void> {
  const aside = `${at}.${newId()}`
  try {
    await fs.rename(at, aside, signal)
  } catch (error) {
    if (error instanceof WorkbenchError && error.code === 'device/not-found') return
    throw error
  }
  const moved = await linkAt(fs, aside, signal)
  // Somebody was quicker, and this is already theirs.
  if (moved !== null && moved !== found.text) await fs.symlink(moved, at, signal).catch(() => undefined)
  await fs.remove(aside, signal)
}

async function foundAt(fs: DeviceFs, at: DevicePath, signal: AbortSignal): Promise<Found | undefined> {
  const kind = (await fs.stat(at, signal))?.kind
  if (kind === undefined) return undefined
  if (kind !== 'link') throw new WorkbenchError('device/refused', `/${at} is a ${kind} and no lock of ours`, { context: { path: at }, hint: 'Take it away by hand if nothing works with the appliance' })
  let text: string
  try {
    text = await fs.readlink(at, signal)
  } catch (error) {
    if (error instanceof WorkbenchError && error.code.startsWith('device/') && !await fs.stat(at, signal)) return undefined
    throw error
  }
  return { text, lock: readLock(text) }
}

function readLock(text: string): ApplianceLockText | undefined {
  try { return applianceLockSchema.parse(JSON.parse(text)) } catch { return undefined }
}

/** Folders of ours that nothing was put into. */
async function unmake(fs: DeviceFs, made: readonly DevicePath[]): Promise<void> {
  const { signal } = new AbortController()
  for (const folder of made.toReversed()) await fs.remove(folder, signal).catch(() => undefined)
}
