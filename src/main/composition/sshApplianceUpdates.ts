import { join } from 'node:path'
import type { AuditLog } from '../core/audit/auditLog.ts'
import { versionsFolder } from '../core/ota/updater/appliance.ts'
import { applianceHolder } from '../core/ota/updater/applianceLock.ts'
import { readDeployJournal } from '../core/ota/updater/deployJournal.ts'
import { notBack, planGoBack, walkBack } from '../core/ota/updater/goBack.ts'
import { recoverDeployment } from '../core/ota/updater/recoverDeployment.ts'
import { createSnapshots } from '../core/ota/updater/snapshots.ts'
import type { UpdateParts } from '../core/workflows/update/updatePlan.ts'
import type { ToldVersion, UpdateStep, UpdateVoice } from '../core/workflows/update/updateWorkflow.ts'
import { createHostKeysFile } from '../drivers/storage/hostKeysFile.ts'
import { measurePackage } from '../drivers/updater/packageHost.ts'
import { openPackageZip } from '../drivers/updater/packageZip.ts'
import { versionOfFolder } from '../protocols/updater/version.ts'
import type { DeviceFs } from '../../shared/devices/deviceFs.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import type { Clock } from '../../shared/lifecycle/clock.ts'
import { isOverSsh, type NewUpdateDevice, type UpdateDevice, type UpdatePlan } from '../../shared/ota/deviceUpdate.schema.ts'
import { packagesIn, planPackage } from './applianceUpdates.ts'
import { applianceResource, deployFault, deployOrFail, type SshAppliance, type SshDevice, withSshAppliance, withSshFiles } from './deployOverSsh.ts'
import { phase, releaseFolder, type UpdateWay } from './updateWay.ts'

const installLimitMs = 30 * 60 * 1000

export interface SshWayDeps {
  readonly clock: Clock
  readonly dataFolder: string
  readonly audit: Pick<AuditLog, 'around'>
  /** What plays `/` of every appliance, and its systemctl, where those are not the real ones. */
  readonly layout?: Pick<SshAppliance, 'root' | 'systemctl'>
}

export interface SshAddress { readonly user: string; readonly host: string; readonly port: number }

/** `ssh://user@host`, with a port or without; nothing else belongs into it, and a password least of all. */
export function sshAddressOf(text: string): SshAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isPlain = url?.protocol === 'ssh:' && url.hostname !== '' && /^[\w.-]{1,64}$/.test(url.username) && url.password === '' && (url.pathname === '' || url.pathname === '/') && url.search === '' && url.hash === ''
  if (!url || !isPlain) throw new WorkbenchError('input/malformed', 'That is no address of an appliance over SSH', { hint: 'Such as ssh://root@192.168.1.20 or ssh://root@192.168.1.20:2222; its key is a file, and no password stands in an address' })
  return { user: url.username, host: url.hostname.replace(/^\[(.*)\]$/, '$1').toLowerCase(), port: url.port === '' ? 22 : Number(url.port) }
}

function checkSsh({ address, keyFile }: NewUpdateDevice): void {
  sshAddressOf(address)
  if (keyFile === undefined) throw new WorkbenchError('input/malformed', 'Which private key? Its file is missing', { hint: 'The public half belongs into authorized_keys of that user' })
}

/** An address says which of them it is. */
export function applianceWays(byUpdater: UpdateWay, overSsh: UpdateWay): UpdateWay {
  const of = ({ address }: Pick<UpdateDevice, 'address'>): UpdateWay => (isOverSsh(address) ? overSsh : byUpdater)
  return {
    check: (device) => { of(device).check(device) },
    read: async (device, signal) => of(device).read(device, signal),
    releases: async (device, signal) => of(device).releases(device, signal),
    plan: async (device, wish, told, signal) => of(device).plan(device, wish, told, signal),
    acceptKey: async (device, sha256, signal) => {
      const { acceptKey } = of(device)
      if (!acceptKey) throw new WorkbenchError('input/not-supported', `${device.name} has an updater, and is not told by a host key`)
      return acceptKey(device, sha256, signal)
    },
    resource: (device) => of(device).resource?.(device) ?? `update of ${device.address}`,
    bench: (device, plan) => of(device).bench(device, plan),
  }
}

/** Appliances without an updater: the same deployment and the same folders, driven from here over SFTP and commands. */
export function createSshWay({ clock, dataFolder, audit, layout = { root: '/' } }: SshWayDeps): UpdateWay {
  const keys = createHostKeysFile(join(dataFolder, 'hostkeys.json'))
  const placeOf = ({ host, port }: SshAddress): string => `${host}:${String(port)}`
  const applianceOf = async ({ address, keyFile = '' }: UpdateDevice): Promise<SshAppliance> => {
    const at = sshAddressOf(address)
    return { ...at, keyFile, hostKeySha256: await keys.get(placeOf(at)), ...layout }
  }
  const read: UpdateWay['read'] = async (device, signal) => withSshFiles(await applianceOf(device), clock, signal, async (fs) => versionsOn(fs, signal))
  const whole = async <T>(device: UpdateDevice, voice: UpdateVoice, signal: AbortSignal, work: (on: SshDevice) => Promise<T>): Promise<T> =>
    withSshAppliance(await applianceOf(device), { clock, allowsCommands: false, tell: (percent, message) => { if (percent >= 0) voice.progress(message, percent, 100); voice.note(message) } }, signal, work)
  return {
    check: checkSsh, read,
    releases: async (device, signal) => packagesIn(await releaseFolder(device), signal),
    plan: async (device, { act, version }, told, signal) => {
      const parts = act === 'rollback' ? rollbackParts() : await planPackage(device, version, phasesOf('install', 'Copy, verify and switch'), ({ commands, outside }) => ({ refusals: [
        ...commands === 0 ? [] : [new WorkbenchError('input/not-supported', `The package brings ${String(commands)} commands, and over SSH none is run from here`, { hint: 'rackbench deploy --ssh runs them when it is told to' })],
        ...outside === 0 ? [] : [new WorkbenchError('input/not-supported', `The package puts ${String(outside)} files outside of /opt/tope, and over SSH none is put there from here`, { hint: 'rackbench deploy --ssh does, into the folders that --also names' })],
      ] }), told.version, signal)
      const { holder, isInterrupted } = await withSshFiles(await applianceOf(device), clock, signal, async (fs) => ({ holder: await applianceHolder(fs, versionsFolder, signal), isInterrupted: await readDeployJournal(fs, versionsFolder, signal) !== undefined }))
      if (holder !== undefined) return { ...parts, warnings: [`It is in use by ${holder}; while that one lives, this update is refused`, ...parts.warnings] }
      return isInterrupted ? { ...parts, warnings: ['A deployment there was interrupted, or one is under way; it is cleared up first, and the version may be another one then', ...parts.warnings] } : parts
    },
    acceptKey: async (device, sha256, signal) => {
      const at = sshAddressOf(device.address)
      const known = await keys.get(placeOf(at))
      // Only a login with exactly this key shows that it is the appliance's.
      await withSshFiles({ ...await applianceOf(device), hostKeySha256: sha256 }, clock, signal, async () => Promise.resolve())
      if (known !== sha256) await audit.around({ what: 'accept host key', subject: placeOf(at), details: { sha256, instead: known ?? 'none' } }, async () => keys.put(placeOf(at), sha256))
    },
    resource: ({ address }) => applianceResource(sshAddressOf(address)),
    bench: (device, plan) => ({
      ask: async (voice, signal) => whole(device, voice, signal, async (on) => {
        const { mended, deployment } = await recoverDeployment(on, signal)
        mended.forEach((words) => { voice.note(words, 'warning') })
        if (!deployment) voice.note('Nothing had been under way on it')
        return { ...await versionsOn(on.fs, signal), ...(deployment ? { recovered: 'An earlier deployment had been interrupted; it is cleared up' } : {}) }
      }),
      read: async (signal) => read(device, signal),
      steps: [stepOf(device, plan, whole)],
    }),
  }
}

const phasesOf = (name: string, title: string): UpdateParts['phases'] => [
  phase('ask', 'Look at the appliance, and clear up', 1_500), phase(name, title, 12_000, 'at-end'), phase('read-back', 'Read the version back', 1_000, 'at-end'),
]
const rollbackParts = (): UpdateParts => ({ units: [], files: 0, deletes: [], refusals: [], warnings: ['The version that runs now is taken off the device; a package brings it again'], phases: phasesOf('go-back', 'Go back') })

/** By its links and nothing else; a look changes nothing there. */
async function versionsOn(fs: DeviceFs, signal: AbortSignal): Promise<ToldVersion> {
  const { links } = createSnapshots({ fs, folder: versionsFolder, transact: async () => Promise.reject(new TypeError('a look changes nothing')), settle: async () => Promise.resolve() })
  const { current, previous } = await links(signal)
  const [version, before] = [versionOfFolder(current ?? ''), versionOfFolder(previous ?? '')]
  return { ...(version === undefined ? {} : { version }), ...(before === undefined ? {} : { previous: before }) }
}

type Whole = <T>(device: UpdateDevice, voice: UpdateVoice, signal: AbortSignal, work: (on: SshDevice) => Promise<T>) => Promise<T>

/** Half of it would leave services stopped, so a cancel waits for its end. */
const stepOf = (device: UpdateDevice, { request, to, release, sha256 }: UpdatePlan, whole: Whole): UpdateStep => ({
  name: request.act === 'rollback' ? 'go-back' : 'install', cancel: 'at-end', writing: true, limitMs: installLimitMs,
  work: async (voice, signal) => {
    if (request.act === 'rollback') {
      await whole(device, voice, signal, async (on) => {
        const { isThere, said, ...end } = await walkBack(to, await planGoBack(to, { device: on }, signal), on, signal)
        if (!isThere) throw deployFault([notBack(to), ...said].join('; '), end)
      })
      return
    }
    const path = join(await releaseFolder(device), release?.file ?? '')
    const contents = await openPackageZip(path, signal)
    try {
      // Of the file as it is open now.
      if ((await measurePackage(path, signal)).sha256 !== sha256) throw new WorkbenchError('input/conflict', 'The package has changed since this plan was made', { hint: 'Make the plan again and look at it' })
      await whole(device, voice, signal, async (on) => deployOrFail(contents, to, on, signal))
    } finally { await contents.close() }
  },
})
