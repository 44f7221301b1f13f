import { randomUUID } from 'node:crypto'
import { access, constants, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { makeFolders } from '../drivers/files/makeFolders.ts'
import { createAppliance, versionsFolder } from '../core/ota/updater/appliance.ts'
import { checkFactory, entryFolders, pinnedEntryLinks } from '../core/ota/updater/checkVersions.ts'
import { createUpdater } from '../core/ota/updater/updater.ts'
import { readAlsoAllowed } from '../protocols/updater/manifest.ts'
import { serviceFacts } from '../protocols/updater/answers.ts'
import { openLocalFs } from '../drivers/deviceFs/localFs.ts'
import { errnoOf, reasonOf } from '../drivers/errors/reasonOf.ts'
import { newDigest } from '../drivers/host/digest.ts'
import { isOnPath } from '../drivers/host/programPath.ts'
import { keepMemorySmall } from '../drivers/host/smallMemory.ts'
import { createSystemClock } from '../drivers/host/systemClock.ts'
import { createSystemctlServices, defaultSystemctl, isSystemdRunning } from '../drivers/services/systemctl.ts'
import { createHttpReporter, silentReporter } from '../drivers/updater/httpReporter.ts'
import { createPackageShelf, stateName } from '../drivers/updater/packageShelf.ts'
import { openPackageZip } from '../drivers/updater/packageZip.ts'
import { createRotatingLog } from '../drivers/updater/rotatingLog.ts'
import { createStateFile } from '../drivers/updater/stateFile.ts'
import { openUpdaterDoor } from '../drivers/updater/updaterDoor.ts'
import { applianceRoot, turnHere } from './applianceVersions.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import type { Clock } from '../../shared/lifecycle/clock.ts'
import { whenAborted } from '../../shared/lifecycle/signals.ts'

export interface UpdaterServiceOptions {
  /** What plays `/` of the appliance: versions lie in `opt/tope/versions` below it. */
  readonly root: string
  /** `tmp`, `logs` and `backups`; absent: below the root. */
  readonly work?: string | undefined
  readonly host: string
  readonly port: number
  /** Where progress is told; `none` for nowhere. */
  readonly report: string
  /** Another program with systemctl's arguments. */
  readonly systemctl?: string | undefined
  readonly lab: boolean
  readonly allowsCommands: boolean
  /** As `/usr/local/bin`: folders outside of the versions that are opened to packages. */
  readonly also?: readonly string[] | undefined
  readonly clock?: Clock | undefined
  readonly ready: (facts: { readonly url: string; readonly services: string }) => void
  readonly log: (line: string) => void
}

/** Where the root is that of the system itself. */
const workOfSystem = '/var/lib/rackbench-updater'

/** The updater takes away what it does not know in its `tmp`, so that must be nobody else's. */
async function ownFolders(given: string): Promise<string> {
  const work = resolve(given)
  for (const name of ['tmp', 'logs', 'backups']) {
    await makeFolders(join(work, name), 0o755).catch((cause: unknown) => {
      throw new WorkbenchError(errnoOf(cause) === 'EACCES' ? 'host/no-permission' : 'host/io', `The folder ${join(work, name)} cannot be made: ${reasonOf(cause)}`, { cause, hint: 'Choose another folder with --work, or run it as the user that owns this one' })
    })
    const { mode } = await stat(join(work, name))
    if ((mode & 0o1002) !== 0) throw new WorkbenchError('input/conflict', `${join(work, name)} is everybody's, and the updater needs one of its own`, { hint: 'Choose another folder with --work' })
  }
  return work
}

const isProgram = async (name: string): Promise<boolean> => (name.includes('/') ? access(name, constants.X_OK).then(() => true, () => false) : isOnPath(name))

/** The same for a process that does nothing else. */
export async function runUpdaterProcess(options: UpdaterServiceOptions, fetch: typeof globalThis.fetch, signal: AbortSignal): Promise<void> {
  keepMemorySmall(signal)
  await runUpdater(options, fetch, signal)
}

/** The updater of a Linux appliance, until the signal aborts; then the present step is finished and the rest left to the next start. */
export async function runUpdater(options: UpdaterServiceOptions, fetch: typeof globalThis.fetch, signal: AbortSignal): Promise<void> {
  const clock = options.clock ?? createSystemClock()
  const root = await applianceRoot(options.root)
  const also = readAlsoAllowed(options.also ?? [])
  const program = options.systemctl ?? defaultSystemctl
  if (options.systemctl === undefined && !isSystemdRunning()) {
    throw new WorkbenchError('input/not-supported', 'systemd does not run on this computer, so no service could be stopped or started', { hint: 'Name a stand-in for systemctl with --systemctl PROGRAM' })
  }
  if (options.systemctl !== undefined && !await isProgram(options.systemctl)) throw new WorkbenchError('input/not-found', `There is no program ${options.systemctl}`, { hint: 'A stand-in takes the arguments of systemctl, and may be executed' })
  if (options.report !== 'none' && !/^https?:$/.test(URL.parse(options.report)?.protocol ?? '')) throw new WorkbenchError('input/malformed', `"${options.report.slice(0, 200)}" is no address that progress could be told to`, { hint: 'As in http://127.0.0.1:9080/api/v1.0/ota/report, or none' })
  const work = await ownFolders(options.work ?? (root === '/' ? workOfSystem : root))
  const file = createRotatingLog(join(work, 'logs', 'updater.log'), () => clock.wallMs())
  const log = (line: string): void => { file.line(line); options.log(line) }
  const fs = await openLocalFs(root)
  const services = createSystemctlServices({ program, clock })
  const device = createAppliance({ fs, services, clock, newDigest, newId: randomUUID, allowsCommands: options.allowsCommands, also })
  const reporter = options.report === 'none' ? silentReporter : createHttpReporter({ url: options.report, clock, fetch, log })
  const tmp = join(work, 'tmp')
  const updater = createUpdater({
    clock, reporter, log, lab: options.lab, openPackage: openPackageZip, device,
    store: createStateFile(join(tmp, stateName), clock.wallMs), shelf: createPackageShelf({ folder: tmp, clock, fetch }),
  })
  const serve = async (): Promise<void> => {
    // The door first: a port that is taken is somebody else's updater, and its files are not ours to mend.
    const door = await openUpdaterDoor({ host: options.host, port: options.port, updater, log, facts: { ...serviceFacts, features: ['download', 'resume', 'sha256', 'snapshots', 'rollback', 'self-healing'] } })
    const stopped = whenAborted(signal)
    try {
      log(`updater starts; services are those of ${services.label}`)
      options.ready({ url: `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${door.port}/`, services: services.label })
      const starting = updater.start().then(async () => {
        for (const { path, to } of await pinnedEntryLinks(fs, versionsFolder, entryFolders, signal)) log(`warning: /${path} is pinned to ${to}; it has to lead through current`)
        for (const problem of (await checkFactory(fs, device.snapshots, signal)).problems) log(`warning: ${problem}`)
      })
      starting.catch((error: unknown) => { log(error instanceof Error ? error.stack ?? error.message : String(error)) })
      await stopped.promise.catch(() => undefined)
      log('updater ends after the present step')
    } finally {
      stopped.stop()
      await door.close()
      await updater.close()
    }
  }
  // Before anything is mended: two of them would each take the other's work for an interrupted one.
  const lock = await turnHere('the updater', fs, clock, log, signal)
  try { await serve() } finally { await lock.release() }
}
