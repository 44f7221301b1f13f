import { randomUUID } from 'node:crypto'
import { createAppliance, versionsFolder } from '../core/ota/updater/appliance.ts'
import { servicesUnderLock, takeApplianceLock, underLock } from '../core/ota/updater/applianceLock.ts'
import { leftWith } from '../core/ota/updater/installPackage.ts'
import { deploy, type DeployDeps, planDeployment } from '../core/ota/updater/deploy.ts'
import { recoverDeployment } from '../core/ota/updater/recoverDeployment.ts'
import type { RollbackEnd } from '../core/ota/updater/rollback.ts'
import type { UpdaterDeps } from '../core/ota/updater/updaterDesk.ts'
import { openSftpFs, type SftpFs } from '../drivers/deviceFs/sftpFs.ts'
import { newDigest } from '../drivers/host/digest.ts'
import { isFarProcessRunning, type Proc, whoIsHere } from '../drivers/host/processMark.ts'
import { createSystemClock } from '../drivers/host/systemClock.ts'
import { openSshServices } from '../drivers/services/sshServices.ts'
import { defaultSystemctl } from '../drivers/services/systemctl.ts'
import type { SshPlace } from '../drivers/ssh/sshConnection.ts'
import { readAlsoAllowed } from '../protocols/updater/manifest.ts'
import { shellWords } from '../protocols/updater/shellWords.ts'
import { openPackageZip } from '../drivers/updater/packageZip.ts'
import type { Clock } from '../../shared/lifecycle/clock.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import type { ProcessMark } from '../../shared/ota/applianceLock.schema.ts'
import type { OpenPackage } from '../../shared/ota/openPackage.ts'
import type { Services } from '../../shared/devices/services.ts'
import type { Deployed } from './deployPackage.ts'
import { readGivenFile } from './givenFile.ts'
import { withLease } from './lineLease.ts'

/** An appliance that is reached with a key, and how it is laid out. */
export interface SshAppliance {
  readonly host: string
  readonly port?: number | undefined
  readonly user: string
  readonly keyFile: string
  /** Absent: the first use fails and shows it. */
  readonly hostKeySha256: string | undefined
  /** What plays `/` of the appliance. */
  readonly root: string
  readonly systemctl?: string | undefined
}

export interface SshDeployRequest extends SshAppliance {
  readonly path: string
  readonly allowsCommands: boolean
  /** As `/usr/local/bin`: folders outside of the versions that are opened to the package. */
  readonly also?: readonly string[] | undefined
  readonly clock?: Clock | undefined
  /** Of the workbench whose jobs are not to be disturbed. */
  readonly dataFolder?: string | undefined
  readonly tell: (percent: number, message: string) => void
}

export type SshDevice = UpdaterDeps['device'] & DeployDeps

/** Its files alone, for a look at it: no command is run there. */
export async function withSshFiles<T>({ host, port, user, keyFile, hostKeySha256, root }: SshAppliance, clock: Clock, signal: AbortSignal, work: (fs: SftpFs, place: SshPlace) => Promise<T>): Promise<T> {
  const place: SshPlace = { host, port, user, hostKeySha256, secret: { privateKey: await readKey(keyFile) } }
  const fs = await openSftpFs(place, root, clock, signal)
  try { return await work(fs, place) } finally { await fs.close() }
}

/** The whole appliance, as the updater on it would have it; what is cancelled is undone, because nobody there would go on. */
export async function withSshAppliance<T>(at: SshAppliance, { clock, allowsCommands, also, tell }: Pick<SshDeployRequest, 'allowsCommands' | 'also' | 'tell'> & { readonly clock: Clock }, signal: AbortSignal, work: (device: SshDevice) => Promise<T>): Promise<T> {
  return withSshFiles(at, clock, signal, async (fs, place) => {
    // Without these two nothing there could be switched in one step and stay.
    if (!fs.abilities.replaces || !fs.abilities.syncs) throw new WorkbenchError('input/not-supported', `${fs.label} cannot replace and sync files over SFTP`, { hint: 'OpenSSH can; another server cannot be trusted with a power cut' })
    const services = await openSshServices(place, at.systemctl ?? defaultSystemctl, clock, signal)
    const say = (line: string): void => { tell(-1, line) }
    try {
      const isRunning = async (mark: ProcessMark, within: AbortSignal): Promise<boolean | undefined> => isFarProcessRunning(mark, farProc(services, within), at.root === '/')
      const lock = await takeApplianceLock({ fs, folder: versionsFolder, clock, newId: randomUUID, who: whoIsHere(), isRunning, tell: say }, signal)
      try {
        const device = createAppliance({ fs: underLock(fs, lock), services: servicesUnderLock(services, lock), clock, newDigest, newId: randomUUID, allowsCommands, also: readAlsoAllowed(also ?? []) })
        return await work({ ...device, onCancel: 'undo', progress: tell, tell: say })
      } finally { await lock.release() }
    } finally { await services.close() }
  })
}

/** By commands: what SFTP shows may be locked into a folder that has no /proc. */
function farProc(services: Services, signal: AbortSignal): Proc {
  const said = async (program: string, path: string): Promise<string | undefined> => {
    const ended = await services.runCommand(shellWords([program, `/proc/${path}`]), signal)
    return ended.exitCode === 0 ? ended.said : undefined
  }
  return { text: async (path) => said('cat', path), link: async (path) => said('readlink', path) }
}

/** One name for one appliance in the leases of a workbench, whoever asks and however its address is written. */
export const applianceResource = ({ host, port }: Pick<SshAppliance, 'host' | 'port'>): string => `update of ssh://${host.toLowerCase()}:${String(port ?? 22)}`

/** What did not end in the new version is an error, in the words of the deployment. */
export async function deployOrFail(contents: OpenPackage, version: string | undefined, device: SshDevice, signal: AbortSignal): Promise<void> {
  const end = await deploy(contents, version, device, signal)
  if (end.kind === 'failed') throw deployFault(end.error, end)
}

export const deployFault = (error: string, { level, running }: Pick<RollbackEnd, 'level'> & { readonly running: string | undefined }): WorkbenchError =>
  new WorkbenchError('device/refused', error, { context: { level, running: running ?? '' }, hint: sentence(leftWith({ level, running })) })
const sentence = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1)

/** The same deployment as the updater's, driven from here over SFTP and commands, for appliances that have no updater. */
export async function deployOverSsh({ path, allowsCommands, also = [], clock = createSystemClock(), dataFolder, tell, ...at }: SshDeployRequest, signal: AbortSignal): Promise<Deployed> {
  const contents = await openPackageZip(path, signal)
  try {
    const { manifest, units, commands } = planDeployment(contents, undefined, readAlsoAllowed(also))
    const run = async (): Promise<void> => withSshAppliance(at, { clock, allowsCommands, also, tell }, signal, async (device) => {
      const { mended } = await recoverDeployment(device, signal)
      mended.forEach(device.tell)
      await deployOrFail(contents, undefined, device, signal).catch((error: unknown) => {
        // After the switch it is a way back, and it was told; whoever cancelled has what they wanted.
        if (signal.aborted && error instanceof WorkbenchError && error.context['level'] === 1) throw signal.reason as Error
        throw error
      })
    })
    await (dataFolder === undefined ? run() : withLease({ resource: applianceResource(at), dataFolder, holder: `rackbench deploy ${at.host}` }, signal, run))
    return { version: manifest.version, modules: manifest.modules.length, units, commands }
  } finally { await contents.close() }
}

const mostKeyBytes = 64 * 1024

async function readKey(path: string): Promise<string> {
  return new TextDecoder().decode(await readGivenFile(path, mostKeyBytes, 'It is the private key of that user, as ssh-keygen makes it'))
}
